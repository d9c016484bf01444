//! DUMP and RESTORE: what a key holds as bytes, which any server can take. The form is in [`rdb::dump`](crate::rdb::dump).

use super::row::*;
use super::{Call, CommandError, Effect, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::event;
use crate::keyspace::limits::Limits;
use crate::keyspace::value::Value;
use crate::rdb::dump as payload;
use crate::resp::integer;
use crate::resp::queue::Args;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH5.read("dump", 2, dump, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("2.6.0", "Gives what a key holds in the form of a snapshot."),
    CH5.write("restore", -4, restore, DENYOOM, OW | UPDATE)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .about("2.6.0", "Makes a key of what DUMP gave."),
];

const BUSY_KEY: CommandError = CommandError::new("BUSYKEY Target key name already exists.");
const INVALID_TTL: CommandError = CommandError::new("ERR Invalid TTL value, must be >= 0");
const INVALID_IDLE_TIME: CommandError =
    CommandError::new("ERR Invalid IDLETIME value, must be >= 0");
const INVALID_FREQUENCY: CommandError =
    CommandError::new("ERR Invalid FREQ value, must be >= 0 and <= 255");
const WRONG_SEAL: CommandError =
    CommandError::new("ERR DUMP payload version or checksum are wrong");
const BROKEN: CommandError = CommandError::new("ERR Bad data format");

/// `DUMP key`: what it holds, without its deadline; null where there is no such key.
/// <https://redis.io/docs/latest/commands/dump/>
pub fn dump(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    match call.server.db(call.db).get(key) {
        Some(value) => {
            let payload = payload::write(value.form(), |encoder| value.save(encoder));
            call.reply.bulk(&payload);
        }
        None => call.reply.null(),
    }
    Ok(())
}

/// `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]`: the key holds what was dumped, for
/// `ttl` milliseconds, or for ever where that is 0. <https://redis.io/docs/latest/commands/restore/>
pub fn restore(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    let options = Options::parse(call)?;
    if !options.replaces && call.server.db(call.db).for_write(key).exists() {
        return Err(BUSY_KEY);
    }
    let deadline = options.deadline(call)?;
    let value = load(call.arg(3)?, &call.server.limits)?;
    let mut slot = call.server.db(call.db).for_write(key);
    if deadline.is_some_and(|deadline| deadline <= call.now) {
        if slot.remove() {
            slot.changed(event::DEL, 1);
            call.effect.instead([b"DEL", key]);
        }
    } else {
        slot.set(value, deadline);
        slot.changed(event::RESTORE, 1);
        if let (Some(deadline), false) = (deadline, options.is_absolute) {
            write_down(call.args, deadline, &mut call.effect);
        }
    }
    call.reply.simple("OK");
    Ok(())
}

fn load(payload: &[u8], limits: &Limits) -> Result<Value, CommandError> {
    let content = payload::unseal(payload).map_err(|_| WRONG_SEAL)?;
    let value = payload::read(content, |source, form| Value::load(source, form, limits));
    let value = value.ok().filter(|value| !value.is_empty_collection());
    value.ok_or(BROKEN)
}

/// The same request, with the deadline in place of the time that was left.
fn write_down(args: Args<'_>, deadline: UnixMillis, effect: &mut Effect) {
    let mut text = [0; integer::MAX_TEXT];
    let deadline = integer::format(&mut text, deadline.0);
    let mut args: Vec<&[u8]> = args.from(0).collect();
    args.splice(2..3, [deadline]);
    args.push(b"ABSTTL");
    effect.instead_all(args.into_iter());
}

/// What stands behind the payload.
#[derive(Default)]
struct Options {
    /// REPLACE: whatever the key holds.
    replaces: bool,
    /// ABSTTL: the time to live is a point in time.
    is_absolute: bool,
    /// IDLETIME and FREQ, which must make sense, and say nothing to this server.
    idle_time: Option<i64>,
    frequency: Option<i64>,
}

impl Options {
    fn parse(call: &Call<'_>) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 4;
        while let Some(option) = call.args.get(index) {
            let has_value = index + 1 < call.args.len();
            match option.to_ascii_lowercase().as_slice() {
                b"replace" => options.replaces = true,
                b"absttl" => options.is_absolute = true,
                b"idletime" if has_value && options.frequency.is_none() => {
                    index += 1;
                    let seconds = call.integer(index)?;
                    if seconds < 0 {
                        return Err(INVALID_IDLE_TIME);
                    }
                    options.idle_time = Some(seconds);
                }
                b"freq" if has_value && options.idle_time.is_none() => {
                    index += 1;
                    let frequency = call.integer(index)?;
                    if !(0..=255).contains(&frequency) {
                        return Err(INVALID_FREQUENCY);
                    }
                    options.frequency = Some(frequency);
                }
                _ => return Err(CommandError::SYNTAX),
            }
            index += 1;
        }
        Ok(options)
    }

    fn deadline(&self, call: &Call<'_>) -> Result<Option<UnixMillis>, CommandError> {
        match call.integer(2)? {
            ..0 => Err(INVALID_TTL),
            0 => Ok(None),
            ttl if self.is_absolute => Ok(Some(UnixMillis(ttl))),
            // Beyond what 64 bits hold Redis counts on from the other end, long ago.
            ttl => Ok(Some(UnixMillis(ttl.wrapping_add(call.now.0)))),
        }
    }
}
