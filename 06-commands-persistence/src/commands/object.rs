//! OBJECT and MEMORY: how what a key holds is kept. <https://redis.io/docs/latest/commands/object/>

use super::help::{container, help};
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::{SmallBytes, Value};
use crate::resp::integer;

/// The rows of OBJECT.
pub const COMMANDS: &[Row] = &[
    CH5.plain("object", -2, container, CONTAINER)
        .about("2.2.3", "Commands about how a value is kept."),
    CH5.read("object|encoding", 3, encoding, SLOW, NO_KEY)
        .keys(key(2, RO))
        .tips(&["nondeterministic_output"])
        .about("2.2.3", "Names the form in which a value is kept."),
    CH5.read("object|freq", 3, freq, SLOW, NO_KEY)
        .keys(key(2, RO))
        .tips(&["nondeterministic_output"])
        .about("4.0.0", "Tells how often a key is used."),
    CH5.read("object|idletime", 3, idletime, SLOW, NO_KEY)
        .keys(key(2, RO))
        .tips(&["nondeterministic_output"])
        .about("2.2.3", "Tells for how long a key was not used."),
    CH5.read("object|refcount", 3, refcount, SLOW, NO_KEY)
        .keys(key(2, RO))
        .tips(&["nondeterministic_output"])
        .about("2.2.3", "Counts who refers to a value."),
    CH5.plain("object|help", 2, help, ANYTIME)
        .about("6.2.0", "Prints this help."),
];

/// The rows of MEMORY.
pub const MEMORY: &[Row] = &[
    CH5.plain("memory", -2, container, CONTAINER)
        .about("4.0.0", "Commands about memory."),
    CH5.read("memory|usage", -3, usage, SLOW, NO_KEY)
        .keys(key(2, RO))
        .about("4.0.0", "Tells how much memory a key takes."),
    CH5.plain("memory|help", 2, help, ANYTIME)
        .about("4.0.0", "Prints this help."),
];

const NO_FREQUENCY: CommandError = CommandError::new(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between \
    policies at runtime LRU and LFU data will take some time to adjust.",
);
const NO_IDLE_TIME: CommandError = CommandError::new(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at \
    runtime LRU and LFU data will take some time to adjust.",
);

/// Up to here Redis has one object for each number, which all values share.
const SHARED_INTEGERS: i64 = 10_000;

/// What a key and its place in the table take, beside what is behind pointers.
const ENTRY: usize = 60;

/// `OBJECT ENCODING key`: in the words of Redis, which keeps small collections in other forms than large ones.
pub fn encoding(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(2)?;
    match call.server.db(call.db).get(key) {
        Some(value) => call.reply.bulk(value.encoding().as_bytes()),
        None => call.reply.null(),
    }
    Ok(())
}

/// `OBJECT REFCOUNT key`: see [`references`].
pub fn refcount(call: &mut Call<'_>) -> Outcome {
    reply_with_number(call, |value| Ok(references(value)))
}

/// How many refer to a value in Redis: one, but small integers are shared by all, and as if by that many.
pub fn references(value: &Value) -> i64 {
    let number = match value {
        Value::String(bytes) if value.encoding() == "int" => integer::parse(bytes),
        _ => None,
    };
    let is_shared = number.is_some_and(|number| (0..SHARED_INTEGERS).contains(&number));
    if is_shared { i32::MAX.into() } else { 1 }
}

/// `OBJECT FREQ key`: only where keys are evicted by how often they are used.
pub fn freq(call: &mut Call<'_>) -> Outcome {
    let is_counted = call.server.config.maxmemory_policy.is_lfu();
    reply_with_number(call, |_| if is_counted { Ok(0) } else { Err(NO_FREQUENCY) })
}

/// `OBJECT IDLETIME key`: in seconds. Nobody notes yet when a key is used, so that each counts as just used.
pub fn idletime(call: &mut Call<'_>) -> Outcome {
    let is_counted = call.server.config.maxmemory_policy.is_lfu();
    reply_with_number(call, |_| if is_counted { Err(NO_IDLE_TIME) } else { Ok(0) })
}

/// `MEMORY USAGE key [SAMPLES count]`: bytes, about. Nothing has to be sampled: each value knows its size.
pub fn usage(call: &mut Call<'_>) -> Outcome {
    let mut index = 3;
    while let Some(option) = call.args.get(index) {
        if !option.eq_ignore_ascii_case(b"samples") || index + 1 >= call.args.len() {
            return Err(CommandError::SYNTAX);
        }
        if call.integer(index + 1)? < 0 {
            return Err(CommandError::SYNTAX);
        }
        index += 2;
    }
    let key = SmallBytes::from(call.arg(2)?).allocated();
    reply_with_number(call, |value| Ok((ENTRY + key + value.size()) as i64))
}

/// Replies with a number for the value of the key, or with null where there is none.
fn reply_with_number(
    call: &mut Call<'_>,
    number: impl FnOnce(&Value) -> Result<i64, CommandError>,
) -> Outcome {
    let key = call.arg(2)?;
    match call.server.db(call.db).get(key) {
        Some(value) => call.reply.integer(number(value)?),
        None => call.reply.null(),
    }
    Ok(())
}
