//! Commands on strings.

use super::options::{Options, Ttl};
use super::row::*;
use super::{Call, CommandError, Outcome, expiry};
use crate::clock::UnixMillis;
use crate::keyspace::{Value, event};
use crate::long_double::LongDouble;
use crate::resp::integer;
use crate::resp::queue::Args;
use crate::small_bytes::SmallBytes;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("append", 3, append, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("2.0.0", "Appends to a string."),
    CH0.write("decr", 2, DECR, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer one less."),
    CH0.write("decrby", 3, decrby, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer less."),
    CH0.read("get", 2, get, FAST | BRIEF, RO | ACCESS)
        .about("1.0.0", "Gives the value of a key."),
    CH0.write("getex", -2, getex, FAST, MODIFY)
        .notes("RW and UPDATE because it changes the TTL")
        .about("6.2.0", "Gives a value, and changes when it expires."),
    CH0.write("getset", 3, getset, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Sets a key, and gives its old value."),
    CH0.write("incr", 2, INCR, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer one more."),
    CH0.write("incrby", 3, incrby, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer more."),
    CH1.write("incrbyfloat", 3, incrbyfloat, DENYOOM | FAST, MODIFY)
        .about("2.6.0", "Makes a number more."),
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
    CH0.write("set", -3, set, DENYOOM | BRIEF, MODIFY | VARIABLE_FLAGS)
        .notes("RW and ACCESS due to the optional `GET` argument")
        .find_keys(keys_of_set)
        .about("1.0.0", "Makes a key hold a value."),
    CH0.write("setnx", 3, setnx, DENYOOM | FAST | BRIEF, OW | INSERT)
        .about("1.0.0", "Sets a key that does not exist."),
    CH0.read("strlen", 2, strlen, FAST | BRIEF, RO)
        .about("2.2.0", "Gives the length of a string."),
];

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
    if let Some(deadline) = deadline {
        slot.changed(event::EXPIRE, 0);
        // A time to live is written down as the point in time at which it ends.
        let mut text = [0; integer::MAX_TEXT];
        let deadline = integer::format(&mut text, deadline.0);
        call.effect.instead([b"SET", key, value, b"PXAT", deadline]);
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
    if call.args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(call.command.name));
    }
    for index in (1..call.args.len()).step_by(2) {
        let (key, value) = (call.arg(index)?, call.arg(index + 1)?);
        let mut slot = call.server.db(call.db).for_write(key);
        slot.set(string(value), None);
        slot.changed(event::SET, 1);
    }
    call.reply.simple("OK");
    Ok(())
}

/// `INCR key`: one more. <https://redis.io/docs/latest/commands/incr/>
const INCR: Handler = |call| add(call, 1);
/// `DECR key`: one less. <https://redis.io/docs/latest/commands/decr/>
const DECR: Handler = |call| add(call, -1);

/// `INCRBY key increment`. <https://redis.io/docs/latest/commands/incrby/>
pub fn incrby(call: &mut Call<'_>) -> Outcome {
    let increment = call.integer(2)?;
    add(call, increment)
}

/// `DECRBY key decrement`. <https://redis.io/docs/latest/commands/decrby/>
pub fn decrby(call: &mut Call<'_>) -> Outcome {
    let decrement = call.integer(2)?;
    // One number has no negative twin.
    let overflow = CommandError::new("ERR decrement would overflow");
    let increment = decrement.checked_neg().ok_or(overflow)?;
    add(call, increment)
}

/// A missing key counts as 0.
fn add(call: &mut Call<'_>, increment: i64) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let held = key.get::<SmallBytes>()?;
    let number = match &held {
        Some(text) => integer::parse(text).ok_or(CommandError::NOT_AN_INTEGER)?,
        None => 0,
    };
    let sum = number.checked_add(increment);
    let sum = sum.ok_or(CommandError::OVERFLOW)?;
    let text = SmallBytes::from(integer::format(&mut [0; integer::MAX_TEXT], sum));
    match held {
        Some(held) => *held = text,
        None => key.put(Value::String(text)),
    }
    key.changed(event::INCRBY, 1);
    call.reply.integer(sum);
    Ok(())
}

/// `INCRBYFLOAT key increment`: the sum, in decimal. <https://redis.io/docs/latest/commands/incrbyfloat/>
pub fn incrbyfloat(call: &mut Call<'_>) -> Outcome {
    let (name, increment) = (call.arg(1)?, call.arg(2)?);
    let mut key = call.server.db(call.db).for_write(name);
    let held = key.get::<SmallBytes>()?;
    let number = held.map_or(Some(LongDouble::ZERO), |text| LongDouble::parse(text));
    let number = number.ok_or(CommandError::NOT_A_FLOAT)?;
    let increment = LongDouble::parse(increment).ok_or(CommandError::NOT_A_FLOAT)?;
    let sum = number.plus(increment);
    let sum = sum.ok_or(CommandError::NAN_OR_INFINITY)?.to_string();
    key.put(string(sum.as_bytes()));
    key.changed(event::INCRBYFLOAT, 1);
    call.reply.bulk(sum.as_bytes());
    // Whoever replays it may add otherwise.
    let effect = [b"SET", name, sum.as_bytes(), b"KEEPTTL"];
    call.effect.instead(effect);
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
