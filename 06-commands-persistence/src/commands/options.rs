//! The options of SET and GETEX.

use super::expiry::{MILLIS_FROM_NOW, SECONDS_FROM_NOW, UNIX_MILLIS, UNIX_SECONDS, Unit};
use super::{Call, CommandError, Outcome};
use crate::clock::UnixMillis;
use crate::resp::integer;

/// What is to become of the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ttl<'a> {
    /// Nothing is said of it: SET removes it, GETEX lets it be.
    #[default]
    Unsaid,
    /// `EX`, `PX`, `EXAT` or `PXAT` with their argument, which is not looked at yet.
    Set(Unit, &'a [u8]),
    /// `KEEPTTL`: it stays.
    Keep,
    /// `PERSIST`: it goes.
    Remove,
}

impl Ttl<'_> {
    /// The deadline that the option names, if it names one.
    ///
    /// # Errors
    /// [`CommandError::NOT_AN_INTEGER`], and [`CommandError::invalid_expire_time`] for a time that is not
    /// positive or that 64 bits of milliseconds can't hold.
    pub fn deadline(self, call: &Call<'_>) -> Result<Option<UnixMillis>, CommandError> {
        let Self::Set(unit, amount) = self else {
            return Ok(None);
        };
        let amount = integer::parse(amount).ok_or(CommandError::NOT_AN_INTEGER)?;
        match unit.deadline(amount, call.now) {
            Some(deadline) if amount > 0 => Ok(Some(deadline)),
            _ => Err(CommandError::invalid_expire_time(call.command.name)),
        }
    }
}

/// What stands behind the key, and the value, of SET and GETEX.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// Whether there must be such a key: `XX` says yes, `NX` says no.
    pub exists: Option<bool>,
    /// `GET`: reply with the value there was.
    pub get: bool,
    /// What is to become of the deadline.
    pub ttl: Ttl<'a>,
}

impl<'a> Options<'a> {
    /// The options of SET.
    ///
    /// # Errors
    /// [`CommandError::SYNTAX`].
    pub fn of_set(call: &Call<'a>) -> Result<Self, CommandError> {
        let options = Self::parse(call, 3)?;
        match options.ttl {
            Ttl::Remove => Err(CommandError::SYNTAX),
            _ => Ok(options),
        }
    }

    /// The option of GETEX.
    ///
    /// # Errors
    /// [`CommandError::SYNTAX`].
    pub fn of_getex(call: &Call<'a>) -> Result<Ttl<'a>, CommandError> {
        let options = Self::parse(call, 2)?;
        if options.get || options.exists.is_some() || options.ttl == Ttl::Keep {
            return Err(CommandError::SYNTAX);
        }
        Ok(options.ttl)
    }

    fn parse(call: &Call<'a>, first: usize) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut args = call.args.from(first);
        while let Some(name) = args.next() {
            match name.to_ascii_lowercase().as_slice() {
                b"nx" => options.set_exists(false)?,
                b"xx" => options.set_exists(true)?,
                b"get" => options.get = true,
                b"keepttl" => options.set_ttl(Ttl::Keep)?,
                b"persist" => options.set_ttl(Ttl::Remove)?,
                name => {
                    let unit = unit_of(name).ok_or(CommandError::SYNTAX)?;
                    let amount = args.next().ok_or(CommandError::SYNTAX)?;
                    options.set_ttl(Ttl::Set(unit, amount))?;
                }
            }
        }
        Ok(options)
    }

    fn set_exists(&mut self, exists: bool) -> Outcome {
        match self.exists.replace(exists) {
            Some(other) if other != exists => Err(CommandError::SYNTAX),
            _ => Ok(()),
        }
    }

    /// An option may be repeated, and the last one counts; two different ones contradict each other.
    fn set_ttl(&mut self, ttl: Ttl<'a>) -> Outcome {
        match (std::mem::replace(&mut self.ttl, ttl), ttl) {
            (Ttl::Unsaid, _) => Ok(()),
            (Ttl::Set(before, _), Ttl::Set(unit, _)) if before == unit => Ok(()),
            (before, ttl) if before == ttl => Ok(()),
            _ => Err(CommandError::SYNTAX),
        }
    }
}

/// Refuses all that may stand behind the command's name, but for one of these words.
pub fn at_most_one_of(words: &[&[u8]], call: &Call<'_>) -> Outcome {
    let mut options = call.args.from(1);
    let is_known = |option: &[u8]| words.iter().any(|word| option.eq_ignore_ascii_case(word));
    if call.args.len() > 2 || !options.all(is_known) {
        return Err(CommandError::SYNTAX);
    }
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
