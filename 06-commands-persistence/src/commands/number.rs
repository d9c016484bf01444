//! Commands on strings that are numbers.

use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::{SmallBytes, Value, event};
use crate::long_double::LongDouble;
use crate::resp::integer;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("decr", 2, DECR, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer one less."),
    CH0.write("decrby", 3, decrby, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer less."),
    CH0.write("incr", 2, INCR, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer one more."),
    CH0.write("incrby", 3, incrby, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.0.0", "Makes an integer more."),
    CH1.write("incrbyfloat", 3, incrbyfloat, DENYOOM | FAST, MODIFY)
        .about("2.6.0", "Makes a number more."),
];

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
    key.put(Value::String(SmallBytes::result(sum.as_bytes())));
    key.changed(event::INCRBYFLOAT, 1);
    call.reply.bulk(sum.as_bytes());
    // Whoever replays it may add otherwise.
    let effect = [b"SET", name, sum.as_bytes(), b"KEEPTTL"];
    call.effect.instead(effect);
    Ok(())
}
