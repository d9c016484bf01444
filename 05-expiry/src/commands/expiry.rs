//! Commands on the time that keys have to live.

use super::{Call, CommandError, Outcome};
use crate::clock::UnixMillis;

/// How a command counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// 1000 for seconds, 1 for milliseconds.
    millis: i64,
    /// Whether the time counts from now, and not from 1970.
    relative: bool,
}

/// `EX`, `EXPIRE`, `TTL`
pub const SECONDS_FROM_NOW: Unit = unit(1000, true);
/// `PX`, `PEXPIRE`, `PTTL`
pub const MILLIS_FROM_NOW: Unit = unit(1, true);
/// `EXAT`, `EXPIREAT`, `EXPIRETIME`
pub const UNIX_SECONDS: Unit = unit(1000, false);
/// `PXAT`, `PEXPIREAT`, `PEXPIRETIME`
pub const UNIX_MILLIS: Unit = unit(1, false);

const fn unit(millis: i64, relative: bool) -> Unit {
    Unit { millis, relative }
}

impl Unit {
    /// The point in time that `amount` names, where 64 bits of milliseconds hold it.
    pub fn deadline(self, amount: i64, now: UnixMillis) -> Option<UnixMillis> {
        let millis = amount.checked_mul(self.millis)?;
        let base = if self.relative { now.0 } else { 0 };
        millis.checked_add(base).map(UnixMillis)
    }

    /// What `deadline` is in this unit, rounded as Redis rounds.
    fn amount(self, deadline: UnixMillis, now: UnixMillis) -> i64 {
        let base = if self.relative { now.0 } else { 0 };
        let millis = deadline.0.saturating_sub(base);
        millis.saturating_add(self.millis / 2) / self.millis
    }
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`, and PEXPIRE, EXPIREAT, PEXPIREAT, which count in other units:
/// 1 where the deadline was changed, else 0. <https://redis.io/docs/latest/commands/expire/>
pub fn expire(call: &mut Call<'_>, unit: Unit) -> Outcome {
    let key = call.arg(1)?;
    let conditions = Conditions::parse(call)?;
    let amount = call.integer(2)?;
    let invalid = CommandError::InvalidExpireTime(call.name);
    let deadline = unit.deadline(amount, call.now).ok_or(invalid)?;
    let held = call.keyspace.deadline(key, call.now);
    let changes = held.is_some_and(|held| conditions.allow(held, deadline));
    if changes {
        change_deadline(call, key, Some(deadline));
    }
    call.reply.integer(i64::from(changes));
    Ok(())
}

/// Gives a key another deadline. One that has passed removes the key at once.
pub fn change_deadline(call: &mut Call<'_>, key: &[u8], deadline: Option<UnixMillis>) {
    if deadline.is_some_and(|deadline| deadline <= call.now) {
        call.keyspace.remove(key, call.now);
    } else {
        call.keyspace.set_deadline(key, deadline);
    }
}

/// `TTL key`, and PTTL, EXPIRETIME, PEXPIRETIME, which count in other units: -2 where there is no such
/// key, and -1 where it lives for ever. <https://redis.io/docs/latest/commands/ttl/>
pub fn ttl(call: &mut Call<'_>, unit: Unit) -> Outcome {
    let key = call.arg(1)?;
    let answer = match call.keyspace.deadline(key, call.now) {
        None => -2,
        Some(None) => -1,
        Some(Some(deadline)) => unit.amount(deadline, call.now),
    };
    call.reply.integer(answer);
    Ok(())
}

/// `PERSIST key`: 1 where it had a deadline. <https://redis.io/docs/latest/commands/persist/>
pub fn persist(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    let had_one = call.keyspace.deadline(key, call.now).flatten().is_some();
    if had_one {
        call.keyspace.set_deadline(key, None);
    }
    call.reply.integer(i64::from(had_one));
    Ok(())
}

/// The options of the EXPIRE family: on which deadlines one may put its own.
#[derive(Default)]
pub struct Conditions {
    /// NX: where there is none.
    none: bool,
    /// XX: where there is one.
    some: bool,
    /// GT: where its own is later.
    later: bool,
    /// LT: where its own is earlier.
    earlier: bool,
}

impl Conditions {
    /// The options behind the key and the time.
    ///
    /// # Errors
    /// [`CommandError::UnsupportedOption`] and [`CommandError::Incompatible`].
    pub fn parse(call: &Call<'_>) -> Result<Self, CommandError> {
        let mut these = Self::default();
        for option in call.args.iter().skip(3) {
            match option.to_ascii_lowercase().as_slice() {
                b"nx" => these.none = true,
                b"xx" => these.some = true,
                b"gt" => these.later = true,
                b"lt" => these.earlier = true,
                _ => return Err(CommandError::UnsupportedOption(option.to_vec())),
            }
        }
        if these.none && (these.some || these.later || these.earlier) {
            return Err(CommandError::Incompatible("NX and XX, GT or LT"));
        }
        if these.later && these.earlier {
            return Err(CommandError::Incompatible("GT and LT"));
        }
        Ok(these)
    }

    /// Whether the deadline `new` may take the place of the one that is held. A key without a deadline
    /// counts as one that expires later than any.
    pub fn allow(&self, held: Option<UnixMillis>, new: UnixMillis) -> bool {
        !(self.none && held.is_some()
            || self.some && held.is_none()
            || self.later && held.is_none_or(|held| new <= held)
            || self.earlier && held.is_some_and(|held| new >= held))
    }
}
