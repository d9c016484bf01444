//! The options of SET and GETEX.

use super::expiry::{MILLIS_FROM_NOW, SECONDS_FROM_NOW, UNIX_MILLIS, UNIX_SECONDS, Unit};
use super::{Call, CommandError};
use crate::clock::UnixMillis;
use crate::resp::integer;

/// What is to become of the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// `EX`, `PX`, `EXAT`, `PXAT`: it is another one.
    Set(Unit),
    /// `KEEPTTL`: it stays.
    Keep,
    /// `PERSIST`: it goes.
    Remove,
}

/// What stands behind the key, and the value, of SET and GETEX.
#[derive(Default)]
pub struct Options<'a> {
    /// `XX`: only where there is such a key; `NX`: only where there is none.
    pub exists: Option<bool>,
    /// `GET`: reply with the value there was.
    pub get: bool,
    /// What is to become of the deadline.
    pub ttl: Option<Ttl>,
    /// The argument of `EX`, `PX`, `EXAT` or `PXAT`, which is not looked at yet.
    amount: &'a [u8],
}

impl<'a> Options<'a> {
    /// The options of SET.
    ///
    /// # Errors
    /// [`CommandError::Syntax`].
    pub fn of_set(call: &Call<'a>) -> Result<Self, CommandError> {
        let options = Self::parse(call, 3)?;
        let foreign = options.ttl == Some(Ttl::Remove);
        (!foreign).then_some(options).ok_or(CommandError::Syntax)
    }

    /// The options of GETEX.
    ///
    /// # Errors
    /// [`CommandError::Syntax`].
    pub fn of_getex(call: &Call<'a>) -> Result<Self, CommandError> {
        let options = Self::parse(call, 2)?;
        let foreign = options.exists.is_some() || options.get || options.ttl == Some(Ttl::Keep);
        (!foreign).then_some(options).ok_or(CommandError::Syntax)
    }

    fn parse(call: &Call<'a>, first: usize) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut args = call.args.iter().skip(first);
        while let Some(name) = args.next() {
            match name.to_ascii_lowercase().as_slice() {
                b"nx" => put(&mut options.exists, false)?,
                b"xx" => put(&mut options.exists, true)?,
                b"get" => options.get = true,
                b"keepttl" => put(&mut options.ttl, Ttl::Keep)?,
                b"persist" => put(&mut options.ttl, Ttl::Remove)?,
                name => {
                    let unit = unit_of(name).ok_or(CommandError::Syntax)?;
                    options.amount = args.next().ok_or(CommandError::Syntax)?;
                    put(&mut options.ttl, Ttl::Set(unit))?;
                }
            }
        }
        Ok(options)
    }

    /// The deadline that an option names, if one does.
    ///
    /// # Errors
    /// [`CommandError::NotAnInteger`], and [`CommandError::InvalidExpireTime`] for a time that is not
    /// positive or that 64 bits of milliseconds can't hold.
    pub fn deadline(&self, call: &Call<'_>) -> Result<Option<UnixMillis>, CommandError> {
        let Some(Ttl::Set(unit)) = self.ttl else {
            return Ok(None);
        };
        let amount = integer::parse(self.amount).ok_or(CommandError::NotAnInteger)?;
        let deadline = unit.deadline(amount, call.now).filter(|_| amount > 0);
        let invalid = CommandError::InvalidExpireTime(call.name);
        deadline.map(Some).ok_or(invalid)
    }
}

/// Notes an option. It may be repeated, and its last argument counts; two different ones contradict each
/// other.
fn put<T: PartialEq>(place: &mut Option<T>, option: T) -> Result<(), CommandError> {
    if place.as_ref().is_some_and(|before| *before != option) {
        return Err(CommandError::Syntax);
    }
    *place = Some(option);
    Ok(())
}

fn unit_of(option: &[u8]) -> Option<Unit> {
    match option {
        b"ex" => Some(SECONDS_FROM_NOW),
        b"px" => Some(MILLIS_FROM_NOW),
        b"exat" => Some(UNIX_SECONDS),
        b"pxat" => Some(UNIX_MILLIS),
        _ => None,
    }
}
