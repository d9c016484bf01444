//! Commands on the time that keys have to live.

use super::row::*;
use super::{Call, CommandError, Effect, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::event;
use crate::keyspace::key::KeyMut;
use crate::resp::integer;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("expire", -3, EXPIRE, FAST | BRIEF, RW | UPDATE)
        .about("1.0.0", "Lets a key expire after seconds."),
    CH0.write("expireat", -3, EXPIREAT, FAST, RW | UPDATE)
        .about("1.2.0", "Lets a key expire at a Unix time in seconds."),
    CH0.read("expiretime", 2, EXPIRETIME, FAST, RO | ACCESS)
        .about("7.0.0", "Gives the second at which a key expires."),
    CH0.write("persist", 2, persist, FAST, RW | UPDATE)
        .about("2.2.0", "Lets a key live for ever."),
    CH0.write("pexpire", -3, PEXPIRE, FAST | BRIEF, RW | UPDATE)
        .about("2.6.0", "Lets a key expire after milliseconds."),
    CH0.write("pexpireat", -3, PEXPIREAT, FAST, RW | UPDATE)
        .about("2.6.0", "Lets a key expire at a Unix time in ms."),
    CH0.read("pexpiretime", 2, PEXPIRETIME, FAST, RO | ACCESS)
        .about("7.0.0", "Gives the millisecond at which a key expires."),
    CH0.read("pttl", 2, PTTL, FAST | BRIEF, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("2.6.0", "Gives the milliseconds a key has left."),
    CH0.read("ttl", 2, TTL, FAST | BRIEF, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("1.0.0", "Gives the seconds a key has left."),
];

/// How a command counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// 1000 for seconds, 1 for milliseconds.
    pub millis: i64,
    /// Whether the time counts from now, and not from 1970.
    pub relative: bool,
}

/// `EX`, `EXPIRE`
pub const SECONDS_FROM_NOW: Unit = unit(1000, true);
/// `PX`, `PEXPIRE`
pub const MILLIS_FROM_NOW: Unit = unit(1, true);
/// `EXAT`, `EXPIREAT`
pub const UNIX_SECONDS: Unit = unit(1000, false);
/// `PXAT`, `PEXPIREAT`
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
        millis / self.millis + (millis % self.millis + self.millis / 2) / self.millis
    }
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`. <https://redis.io/docs/latest/commands/expire/>
const EXPIRE: Handler = |call| set_deadline(call, SECONDS_FROM_NOW);
/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`. <https://redis.io/docs/latest/commands/pexpire/>
const PEXPIRE: Handler = |call| set_deadline(call, MILLIS_FROM_NOW);
/// `EXPIREAT key unix-seconds [NX | XX | GT | LT]`. <https://redis.io/docs/latest/commands/expireat/>
const EXPIREAT: Handler = |call| set_deadline(call, UNIX_SECONDS);
/// `PEXPIREAT key unix-milliseconds [NX | XX | GT | LT]`. <https://redis.io/docs/latest/commands/pexpireat/>
const PEXPIREAT: Handler = |call| set_deadline(call, UNIX_MILLIS);

/// Replies 1 where the deadline was changed, else 0.
fn set_deadline(call: &mut Call<'_>, unit: Unit) -> Outcome {
    let key = call.arg(1)?;
    let conditions = Conditions::parse(call)?;
    let deadline = unit.deadline(call.integer(2)?, call.now);
    let deadline = deadline.ok_or_else(|| CommandError::invalid_expire_time(call.command.name))?;
    let slot = call.server.db(call.db).for_write(key);
    let changes = slot.exists() && conditions.allow(slot.deadline(), deadline);
    if changes {
        change_deadline(slot, deadline, call.now, &mut call.effect);
    }
    call.reply.integer(i64::from(changes));
    Ok(())
}

/// Gives a key another deadline. One that has passed removes the key at once. Either is written down in a way that
/// does not depend on when it is read.
pub fn change_deadline(
    mut slot: KeyMut<'_>,
    deadline: UnixMillis,
    now: UnixMillis,
    effect: &mut Effect,
) {
    if deadline <= now {
        slot.remove();
        slot.changed(event::DEL, 1);
        effect.instead([b"DEL", slot.key()]);
    } else {
        slot.set_deadline(Some(deadline));
        slot.changed(event::EXPIRE, 1);
        let mut text = [0; integer::MAX_TEXT];
        let deadline = integer::format(&mut text, deadline.0);
        effect.instead([b"PEXPIREAT", slot.key(), deadline]);
    }
}

/// Lets a key live for ever. Whether it had a deadline.
pub fn remove_deadline(mut slot: KeyMut<'_>, effect: &mut Effect) -> bool {
    if slot.deadline().is_none() {
        return false;
    }
    slot.set_deadline(None);
    slot.changed(event::PERSIST, 1);
    effect.instead([b"PERSIST", slot.key()]);
    true
}

/// On which deadlines an EXPIRE may put its own.
#[derive(Default)]
struct Conditions {
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
    fn parse(call: &Call<'_>) -> Result<Self, CommandError> {
        let mut wanted = Self::default();
        for option in call.args.from(3) {
            match option.to_ascii_lowercase().as_slice() {
                b"nx" => wanted.none = true,
                b"xx" => wanted.some = true,
                b"gt" => wanted.later = true,
                b"lt" => wanted.earlier = true,
                _ => return Err(CommandError::unsupported_option(option)),
            }
        }
        if wanted.none && (wanted.some || wanted.later || wanted.earlier) {
            return Err(CommandError::NX_WITH_OTHERS);
        }
        if wanted.later && wanted.earlier {
            return Err(CommandError::GT_WITH_LT);
        }
        Ok(wanted)
    }

    /// A key without a deadline counts as one that expires later than any.
    fn allow(&self, held: Option<UnixMillis>, new: UnixMillis) -> bool {
        !(self.none && held.is_some()
            || self.some && held.is_none()
            || self.later && held.is_none_or(|held| new <= held)
            || self.earlier && held.is_some_and(|held| new >= held))
    }
}

/// `TTL key`. <https://redis.io/docs/latest/commands/ttl/>
const TTL: Handler = |call| reply_with_deadline(call, SECONDS_FROM_NOW);
/// `PTTL key`. <https://redis.io/docs/latest/commands/pttl/>
const PTTL: Handler = |call| reply_with_deadline(call, MILLIS_FROM_NOW);
/// `EXPIRETIME key`. <https://redis.io/docs/latest/commands/expiretime/>
const EXPIRETIME: Handler = |call| reply_with_deadline(call, UNIX_SECONDS);
/// `PEXPIRETIME key`. <https://redis.io/docs/latest/commands/pexpiretime/>
const PEXPIRETIME: Handler = |call| reply_with_deadline(call, UNIX_MILLIS);

/// Replies -2 where there is no such key, and -1 where it lives for ever.
fn reply_with_deadline(call: &mut Call<'_>, unit: Unit) -> Outcome {
    let key = call.arg(1)?;
    let answer = match call.server.db(call.db).deadline(key) {
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
    let slot = call.server.db(call.db).for_write(key);
    let had_one = remove_deadline(slot, &mut call.effect);
    call.reply.integer(i64::from(had_one));
    Ok(())
}
