//! Commands on strings.

use super::options::{Options, Ttl};
use super::row::*;
use super::{Call, CommandError, Outcome, expiry};
use crate::clock::UnixMillis;
use crate::keyspace::{Value, event};
use crate::part::Part;
use crate::resp::integer;
use crate::resp::queue::Args;
use crate::small_bytes::SmallBytes;
use std::ops::Range;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("append", 3, append, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("2.0.0", "Appends to a string."),
    CH0.read("get", 2, get, FAST | BRIEF, RO | ACCESS)
        .about("1.0.0", "Gives the value of a key."),
    CH1.write("getdel", 2, getdel, FAST | BRIEF, TAKE)
        .about("6.2.0", "Gives a value, and removes its key."),
    CH0.write("getex", -2, getex, FAST, MODIFY)
        .notes("RW and UPDATE because it changes the TTL")
        .about("6.2.0", "Gives a value, and changes when it expires."),
    CH1.read("getrange", 4, getrange, SLOW, RO | ACCESS)
        .about("2.4.0", "Gives a part of a string."),
    CH0.write("getset", 3, getset, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Sets a key, and gives its old value."),
    CH0.read("mget", -2, mget, FAST | BRIEF, RO | ACCESS)
        .to(-1)
        .tips(&["request_policy:multi_shard"])
        .about("1.0.0", "Gives the values of several keys."),
    CH0.write("mset", -3, mset, DENYOOM | BRIEF, OW | UPDATE)
        .every(2)
        .tips(&[
            "request_policy:multi_shard",
            "response_policy:all_succeeded",
        ])
        .about("1.0.1", "Makes several keys hold values."),
    CH1.write("msetnx", -3, msetnx, DENYOOM | BRIEF, OW | INSERT)
        .every(2)
        .tips(&["request_policy:multi_shard", "response_policy:agg_min"])
        .about("1.0.1", "Sets several keys, none of which exists."),
    CH1.write("psetex", 4, PSETEX, DENYOOM | BRIEF, OW | UPDATE)
        .about("2.6.0", "Sets a key that expires after milliseconds."),
    CH0.write("set", -3, set, DENYOOM | BRIEF, MODIFY | VARIABLE_FLAGS)
        .notes("RW and ACCESS due to the optional `GET` argument")
        .find_keys(keys_of_set)
        .about("1.0.0", "Makes a key hold a value."),
    CH1.write("setex", 4, SETEX, DENYOOM | BRIEF, OW | UPDATE)
        .about("2.0.0", "Sets a key that expires after seconds."),
    CH0.write("setnx", 3, setnx, DENYOOM | FAST | BRIEF, OW | INSERT)
        .about("1.0.0", "Sets a key that does not exist."),
    CH1.write("setrange", 4, setrange, DENYOOM, RW | UPDATE)
        .about("2.2.0", "Replaces a part of a string."),
    CH0.read("strlen", 2, strlen, FAST | BRIEF, RO)
        .about("2.2.0", "Gives the length of a string."),
    CH1.read("substr", 4, getrange, SLOW, RO | ACCESS)
        .about("1.0.0", "Gives a part of a string."),
];

const OFFSET_OUT_OF_RANGE: CommandError = CommandError::new("ERR offset is out of range");

/// Without GET the old value does not matter.
fn keys_of_set(args: Args<'_>) -> [Option<Places>; MAX_SPECS] {
    let mut options = args.from(3);
    let reads = options.any(|option| option.eq_ignore_ascii_case(b"get"));
    only(1, if reads { MODIFY } else { OW | UPDATE })
}

/// `GET key`: the value, or null. <https://redis.io/docs/latest/commands/get/>
pub fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    reply_with_value(call, key).map(drop)
}

/// Whether there is one.
#[inline]
fn reply_with_value(call: &mut Call<'_>, key: &[u8]) -> Result<bool, CommandError> {
    let value = call.server.db(call.db).read::<SmallBytes>(key)?;
    match value {
        Some(value) => call.reply.bulk_by_reference(value, || value.shared()),
        None => call.reply.null(),
    }
    Ok(value.is_some())
}

/// A string value of its own from the bytes of a request.
fn string(bytes: &[u8]) -> Value {
    Value::String(bytes.into())
}

/// `SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`.
/// <https://redis.io/docs/latest/commands/set/>
pub fn set(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1)?, call.arg(2)?);
    if call.args.len() == 3 {
        let mut key = call.server.db(call.db).for_write(key);
        key.set(string(value), None);
        key.changed(event::SET, 1);
        call.reply.simple("OK");
        return Ok(());
    }
    let options = Options::of_set(call)?;
    let deadline = options.ttl.deadline(call)?;
    set_with(call, (key, value), &options, deadline)
}

fn set_with(
    call: &mut Call<'_>,
    (key, value): (&[u8], &[u8]),
    options: &Options<'_>,
    deadline: Option<UnixMillis>,
) -> Outcome {
    // With GET the reply is the old value, whether or not it is replaced.
    if options.get {
        reply_with_value(call, key)?;
    }
    let mut slot = call.server.db(call.db).for_write(key);
    let refused = options.exists.is_some_and(|wanted| wanted != slot.exists());
    match (options.get, refused) {
        (true, _) => {}
        (false, true) => call.reply.null(),
        (false, false) => call.reply.simple("OK"),
    }
    if refused {
        return Ok(());
    }
    slot.put(string(value));
    if options.ttl != Ttl::Keep {
        slot.set_deadline(deadline);
    }
    slot.changed(event::SET, 1);
    if deadline.is_some() {
        slot.changed(event::EXPIRE, 0);
    }
    drop(slot);
    write_down_set(call, (key, value), options, deadline);
    Ok(())
}

/// A time to live is written down as the point in time at which it ends, and what was only asked for the reply is left out.
fn write_down_set(
    call: &mut Call<'_>,
    (key, value): (&[u8], &[u8]),
    options: &Options<'_>,
    deadline: Option<UnixMillis>,
) {
    if let Some(deadline) = deadline {
        let mut text = [0; integer::MAX_TEXT];
        let deadline = integer::format(&mut text, deadline.0);
        call.effect.instead([b"SET", key, value, b"PXAT", deadline]);
    } else if options.get {
        let others = call
            .args
            .from(3)
            .filter(|option| !option.eq_ignore_ascii_case(b"get"));
        let args: Vec<&[u8]> = call.args.from(0).take(3).chain(others).collect();
        call.effect.instead_all(args.into_iter());
    }
}

/// `SETEX key seconds value`. <https://redis.io/docs/latest/commands/setex/>
const SETEX: Handler = |call| set_until(call, expiry::SECONDS_FROM_NOW);
/// `PSETEX key milliseconds value`. <https://redis.io/docs/latest/commands/psetex/>
const PSETEX: Handler = |call| set_until(call, expiry::MILLIS_FROM_NOW);

/// As SET with `EX` or `PX`.
fn set_until(call: &mut Call<'_>, unit: expiry::Unit) -> Outcome {
    let (key, value) = (call.arg(1)?, call.arg(3)?);
    let options = Options {
        ttl: Ttl::Set(unit, call.arg(2)?),
        ..Options::default()
    };
    let deadline = options.ttl.deadline(call)?;
    set_with(call, (key, value), &options, deadline)
}

/// `GETDEL key`: the value, and then the key is gone. <https://redis.io/docs/latest/commands/getdel/>
pub fn getdel(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    reply_with_value(call, key)?;
    let mut slot = call.server.db(call.db).for_write(key);
    if slot.remove() {
        slot.changed(event::DEL, 1);
        call.effect.instead([b"DEL", key]);
    }
    Ok(())
}

/// `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`: the value, and another deadline for it.
/// <https://redis.io/docs/latest/commands/getex/>
pub fn getex(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    let ttl = Options::of_getex(call)?;
    if !reply_with_value(call, key)? {
        // Redis looks at the time only when there is a key.
        return Ok(());
    }
    let deadline = ttl.deadline(call)?;
    let slot = call.server.db(call.db).for_write(key);
    if let Some(deadline) = deadline {
        expiry::change_deadline(slot, deadline, call.now, &mut call.effect);
    } else if ttl == Ttl::Remove {
        expiry::remove_deadline(slot, &mut call.effect);
    }
    Ok(())
}

/// `SETNX key value`: sets it where there is no such key; 1 if so. <https://redis.io/docs/latest/commands/setnx/>
pub fn setnx(call: &mut Call<'_>) -> Outcome {
    let (name, value) = (call.arg(1)?, call.arg(2)?);
    let mut key = call.server.db(call.db).for_write(name);
    let sets = !key.exists();
    if sets {
        key.set(string(value), None);
        key.changed(event::SET, 1);
    }
    call.reply.integer(i64::from(sets));
    Ok(())
}

/// `GETSET key value`: sets it, and gives the old value. <https://redis.io/docs/latest/commands/getset/>
pub fn getset(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1)?, call.arg(2)?);
    reply_with_value(call, key)?;
    let mut slot = call.server.db(call.db).for_write(key);
    slot.set(string(value), None);
    slot.changed(event::SET, 1);
    call.effect.instead([b"SET", key, value]);
    Ok(())
}

/// `MGET key [key ...]`: a value or null for each; null for other types. <https://redis.io/docs/latest/commands/mget/>
pub fn mget(call: &mut Call<'_>) -> Outcome {
    call.reply.array(call.args.len() - 1);
    for key in call.args.from(1) {
        if reply_with_value(call, key).is_err() {
            call.reply.null();
        }
    }
    Ok(())
}

/// `MSET key value [key value ...]`. <https://redis.io/docs/latest/commands/mset/>
pub fn mset(call: &mut Call<'_>) -> Outcome {
    check_pairs(call)?;
    set_pairs(call)?;
    call.reply.simple("OK");
    Ok(())
}

/// `MSETNX key value [key value ...]`: sets all, or none if one of them exists; 1 if so.
/// <https://redis.io/docs/latest/commands/msetnx/>
pub fn msetnx(call: &mut Call<'_>) -> Outcome {
    check_pairs(call)?;
    let mut keys = call.args.from(1).step_by(2);
    let sets = !keys.any(|key| call.server.db(call.db).for_write(key).exists());
    if sets {
        set_pairs(call)?;
    }
    call.reply.integer(i64::from(sets));
    Ok(())
}

fn check_pairs(call: &Call<'_>) -> Outcome {
    if call.args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(call.command.name));
    }
    Ok(())
}

fn set_pairs(call: &mut Call<'_>) -> Outcome {
    for index in (1..call.args.len()).step_by(2) {
        let (key, value) = (call.arg(index)?, call.arg(index + 1)?);
        let mut slot = call.server.db(call.db).for_write(key);
        slot.set(string(value), None);
        slot.changed(event::SET, 1);
    }
    Ok(())
}

/// `APPEND key value`: its new length. <https://redis.io/docs/latest/commands/append/>
pub fn append(call: &mut Call<'_>) -> Outcome {
    let (name, more) = (call.arg(1)?, call.arg(2)?);
    let limit = call.server.config.proto_max_bulk_len.0;
    let mut key = call.server.db(call.db).for_write(name);
    let length = match key.get::<SmallBytes>()? {
        Some(held) => {
            let length = held.len() + more.len();
            if length > limit {
                return Err(CommandError::TOO_LONG);
            }
            held.append(more);
            length
        }
        None => {
            key.put(string(more));
            more.len()
        }
    };
    key.changed(event::APPEND, 1);
    call.reply.count(length);
    Ok(())
}

/// `STRLEN key`: how many bytes. <https://redis.io/docs/latest/commands/strlen/>
pub fn strlen(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let value = call.server.db(call.db).read::<SmallBytes>(name)?;
    call.reply.count(value.map_or(0, |value| value.len()));
    Ok(())
}

/// `GETRANGE key start end`: the bytes from `start` to `end`. SUBSTR is its older name.
/// <https://redis.io/docs/latest/commands/getrange/>
pub fn getrange(call: &mut Call<'_>) -> Outcome {
    let (name, start, end) = (call.arg(1)?, call.integer(2)?, call.integer(3)?);
    let value = call.server.db(call.db).read::<SmallBytes>(name)?;
    let value: &[u8] = value.map_or(&[], |value| value);
    let range = if is_backward(start, end) {
        0..0
    } else {
        resolve_range(start, end, value.len())
    };
    call.reply.bulk(value.part(range));
    Ok(())
}

/// Whether both count from the end, and the second one comes first: GETRANGE and BITCOUNT look no further then.
pub fn is_backward(start: i64, end: i64) -> bool {
    start < 0 && end < 0 && start > end
}

/// The places that `start` and `end` mean, both included, negative ones counted from the end. Unlike in a list, what lies
/// before the first place means the first one, be it the start or the end.
pub fn resolve_range(start: i64, end: i64, length: usize) -> Range<usize> {
    let from_front = |index: i64| {
        let from = if index < 0 { length as u64 } else { 0 };
        usize::try_from(index.saturating_add_unsigned(from)).unwrap_or(0)
    };
    let end = from_front(end).saturating_add(1).min(length);
    from_front(start).min(end)..end
}

/// `SETRANGE key offset value`: writes over what lies there, with zeros between the old end and the new part; the length.
/// <https://redis.io/docs/latest/commands/setrange/>
pub fn setrange(call: &mut Call<'_>) -> Outcome {
    let (name, offset, part) = (call.arg(1)?, call.integer(2)?, call.arg(3)?);
    let offset = usize::try_from(offset).map_err(|_| OFFSET_OUT_OF_RANGE)?;
    let limit = call.server.config.proto_max_bulk_len.0;
    let mut key = call.server.db(call.db).for_write(name);
    let length = key.get::<SmallBytes>()?.map_or(0, |value| value.len());
    if part.is_empty() {
        call.reply.count(length);
        return Ok(());
    }
    let end = offset.saturating_add(part.len());
    if end > limit {
        return Err(CommandError::TOO_LONG);
    }
    let value = key.get_or_create::<SmallBytes>()?;
    value.grow_to(end);
    value.to_mut().part_mut(offset..end).copy_from_slice(part);
    key.changed(event::SETRANGE, 1);
    call.reply.count(length.max(end));
    Ok(())
}
