//! Commands on hashes.

use super::random::{self, Picks};
use super::row::*;
use super::scan::{self, Scan};
use super::{Call, CommandError, Outcome};
use crate::keyspace::event;
use crate::keyspace::hash::Hash;
use crate::long_double::LongDouble;
use crate::resp::integer;
use crate::resp::reply::Reply;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH3.write("hdel", -3, hdel, FAST | BRIEF, RW | DELETE)
        .about("2.0.0", "Removes fields of a hash."),
    CH3.read("hexists", 3, hexists, FAST | BRIEF, RO)
        .about("2.0.0", "Tells whether a hash has a field."),
    CH3.read("hget", 3, hget, FAST | BRIEF, RO | ACCESS)
        .about("2.0.0", "Gives the value of a field."),
    CH3.read("hgetall", 2, hgetall, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output_order"])
        .about("2.0.0", "Gives all fields of a hash with their values."),
    CH3.write("hincrby", 4, hincrby, DENYOOM | FAST | BRIEF, MODIFY)
        .about("2.0.0", "Makes the integer in a field more."),
    CH3.write("hincrbyfloat", 4, hincrbyfloat, DENYOOM | FAST, MODIFY)
        .about("2.6.0", "Makes the number in a field more."),
    CH3.read("hkeys", 2, HKEYS, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output_order"])
        .about("2.0.0", "Gives all fields of a hash."),
    CH3.read("hlen", 2, hlen, FAST | BRIEF, RO)
        .about("2.0.0", "Counts the fields of a hash."),
    CH3.read("hmget", -3, hmget, FAST | BRIEF, RO | ACCESS)
        .about("2.0.0", "Gives the values of several fields."),
    CH3.write("hmset", -4, hmset, DENYOOM | FAST | BRIEF, RW | UPDATE)
        .about("2.0.0", "Gives several fields their values."),
    CH3.read("hrandfield", -2, hrandfield, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("6.2.0", "Gives random fields of a hash."),
    CH3.read("hscan", -3, hscan, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("2.8.0", "Gives fields and values of a hash in steps."),
    CH3.write("hset", -4, hset, DENYOOM | FAST | BRIEF, RW | UPDATE)
        .about("2.0.0", "Gives fields their values."),
    CH3.write("hsetnx", 4, hsetnx, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("2.0.0", "Gives a field that does not exist its value."),
    CH3.read("hstrlen", 3, hstrlen, FAST | BRIEF, RO)
        .about("3.2.0", "Gives the length of a field's value."),
    CH3.read("hvals", 2, HVALS, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output_order"])
        .about("2.0.0", "Gives all values of a hash."),
];

/// `HSET key field value [field value ...]`: how many fields are new. <https://redis.io/docs/latest/commands/hset/>
pub fn hset(call: &mut Call<'_>) -> Outcome {
    let created = set_fields(call)?;
    call.reply.count(created);
    Ok(())
}

/// `HMSET key field value [field value ...]`: as HSET, with another reply. <https://redis.io/docs/latest/commands/hmset/>
pub fn hmset(call: &mut Call<'_>) -> Outcome {
    set_fields(call)?;
    call.reply.simple("OK");
    Ok(())
}

/// How many fields are new.
fn set_fields(call: &mut Call<'_>) -> Result<usize, CommandError> {
    let (name, limits) = (call.arg(1)?, call.server.limits);
    if !call.args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(call.command.name));
    }
    let mut key = call.server.db(call.db).for_write(name);
    let hash: &mut Hash = key.get_or_create()?;
    let (mut created, mut args) = (0, call.args.from(2));
    if hash.is_empty() {
        hash.reserve(args.clone());
    }
    while let (Some(field), Some(value)) = (args.next(), args.next()) {
        created += usize::from(hash.set(field, value, &limits));
    }
    key.changed(event::HSET, call.args.len() / 2 - 1);
    Ok(created)
}

/// `HSETNX key field value`: 1 if the field was not there. <https://redis.io/docs/latest/commands/hsetnx/>
pub fn hsetnx(call: &mut Call<'_>) -> Outcome {
    let (name, field, value) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let limits = call.server.limits;
    let mut key = call.server.db(call.db).for_write(name);
    let hash: &mut Hash = key.get_or_create()?;
    let sets = hash.get(field).is_none();
    if sets {
        hash.set(field, value, &limits);
        key.changed(event::HSET, 1);
    }
    call.reply.integer(i64::from(sets));
    Ok(())
}

/// `HGET key field`: its value, or null. <https://redis.io/docs/latest/commands/hget/>
pub fn hget(call: &mut Call<'_>) -> Outcome {
    let (name, field) = (call.arg(1)?, call.arg(2)?);
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    write_value(call.reply, hash, field);
    Ok(())
}

/// `HMGET key field [field ...]`: a value or null for each. <https://redis.io/docs/latest/commands/hmget/>
pub fn hmget(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    call.reply.array(call.args.len() - 2);
    for field in call.args.from(2) {
        write_value(call.reply, hash, field);
    }
    Ok(())
}

fn write_value(reply: &mut Reply, hash: Option<&Hash>, field: &[u8]) {
    match hash.and_then(|hash| Some((hash, hash.get(field)?))) {
        Some((hash, value)) => reply.bulk_by_reference(value, || hash.shared(field)),
        None => reply.null(),
    }
}

/// `HGETALL key`: all fields with their values. <https://redis.io/docs/latest/commands/hgetall/>
pub fn hgetall(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    call.reply.map(hash.map_or(0, Hash::len));
    for (field, value) in hash.into_iter().flat_map(Hash::iter) {
        call.reply.bulk(field);
        call.reply.bulk(value);
    }
    Ok(())
}

/// `HKEYS key`: all fields. <https://redis.io/docs/latest/commands/hkeys/>
const HKEYS: Handler = |call| write_all(call, |field, _| field);
/// `HVALS key`: all values. <https://redis.io/docs/latest/commands/hvals/>
const HVALS: Handler = |call| write_all(call, |_, value| value);

/// One of a field and its value.
type Part = for<'p> fn(&'p [u8], &'p [u8]) -> &'p [u8];

fn write_all(call: &mut Call<'_>, part: Part) -> Outcome {
    let name = call.arg(1)?;
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    call.reply.array(hash.map_or(0, Hash::len));
    for (field, value) in hash.into_iter().flat_map(Hash::iter) {
        call.reply.bulk(part(field, value));
    }
    Ok(())
}

/// `HDEL key field [field ...]`: how many there were. <https://redis.io/docs/latest/commands/hdel/>
pub fn hdel(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let fields = call.args.from(2);
    let removed = match key.get::<Hash>()? {
        Some(hash) => fields.filter(|field| hash.remove(field)).count(),
        None => 0,
    };
    if removed > 0 {
        key.changed(event::HDEL, removed);
    }
    call.reply.count(removed);
    Ok(())
}

/// `HEXISTS key field`: 1 or 0. <https://redis.io/docs/latest/commands/hexists/>
pub fn hexists(call: &mut Call<'_>) -> Outcome {
    let length = length_of_value(call)?;
    call.reply.integer(i64::from(length.is_some()));
    Ok(())
}

/// `HSTRLEN key field`: the length of its value, 0 if there is none. <https://redis.io/docs/latest/commands/hstrlen/>
pub fn hstrlen(call: &mut Call<'_>) -> Outcome {
    let length = length_of_value(call)?;
    call.reply.count(length.unwrap_or(0));
    Ok(())
}

fn length_of_value(call: &mut Call<'_>) -> Result<Option<usize>, CommandError> {
    let (name, field) = (call.arg(1)?, call.arg(2)?);
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    Ok(hash.and_then(|hash| hash.get(field)).map(<[u8]>::len))
}

/// `HLEN key`: how many fields. <https://redis.io/docs/latest/commands/hlen/>
pub fn hlen(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    call.reply.count(hash.map_or(0, Hash::len));
    Ok(())
}

const VALUE_IS_NO_INTEGER: CommandError = CommandError::new("ERR hash value is not an integer");
const VALUE_IS_NO_FLOAT: CommandError = CommandError::new("ERR hash value is not a float");
const NOT_FINITE: CommandError = CommandError::new("ERR value is NaN or Infinity");

/// `HINCRBY key field increment`: the sum. A missing field counts as 0. <https://redis.io/docs/latest/commands/hincrby/>
pub fn hincrby(call: &mut Call<'_>) -> Outcome {
    let (name, field, increment) = (call.arg(1)?, call.arg(2)?, call.integer(3)?);
    let limits = call.server.limits;
    let mut key = call.server.db(call.db).for_write(name);
    let hash: &mut Hash = key.get_or_create()?;
    let number = hash.get(field).map_or(Some(0), integer::parse);
    let sum = number.ok_or(VALUE_IS_NO_INTEGER)?.checked_add(increment);
    let sum = sum.ok_or(CommandError::OVERFLOW)?;
    let mut text = [0; integer::MAX_TEXT];
    hash.set(field, integer::format(&mut text, sum), &limits);
    key.changed(event::HINCRBY, 1);
    call.reply.integer(sum);
    Ok(())
}

/// `HINCRBYFLOAT key field increment`: the sum. A missing field counts as 0.
/// <https://redis.io/docs/latest/commands/hincrbyfloat/>
pub fn hincrbyfloat(call: &mut Call<'_>) -> Outcome {
    let (name, field) = (call.arg(1)?, call.arg(2)?);
    let increment = LongDouble::parse(call.arg(3)?).ok_or(CommandError::NOT_A_FLOAT)?;
    if !increment.is_finite() {
        return Err(NOT_FINITE);
    }
    let limits = call.server.limits;
    let mut key = call.server.db(call.db).for_write(name);
    let hash: &mut Hash = key.get_or_create()?;
    let number = hash
        .get(field)
        .map_or(Some(LongDouble::ZERO), LongDouble::parse);
    let sum = number.ok_or(VALUE_IS_NO_FLOAT)?.plus(increment);
    let sum = sum.ok_or(CommandError::NAN_OR_INFINITY)?.to_string();
    hash.set(field, sum.as_bytes(), &limits);
    key.changed(event::HINCRBYFLOAT, 1);
    call.reply.bulk(sum.as_bytes());
    // Whoever replays it may add otherwise.
    call.effect.instead([b"HSET", name, field, sum.as_bytes()]);
    Ok(())
}

/// `HRANDFIELD key [count [WITHVALUES]]`: a random field, or up to so many; of a negative count as many as it says, among
/// which some may be the same. <https://redis.io/docs/latest/commands/hrandfield/>
pub fn hrandfield(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    if call.args.len() == 2 {
        let hash = call.server.db(call.db).read::<Hash>(name)?;
        match hash.and_then(|hash| hash.nth(random::one(hash.len()))) {
            Some((field, _)) => call.reply.bulk(field),
            None => call.reply.null(),
        }
        return Ok(());
    }
    let (count, with_values) = random::count_and_word(call, b"withvalues")?;
    let hash = call.server.db(call.db).read::<Hash>(name)?;
    let length = hash.map_or(0, Hash::len);
    let picks = Picks::new(count, length);
    let size = (picks.len(length), with_values);
    let all = hash.into_iter().flat_map(Hash::iter);
    let pairs = picks.of(all, |number| hash?.nth(number));
    random::reply(call.reply, size, pairs, |reply, (field, value)| {
        reply.bulk(field);
        if with_values {
            reply.bulk(value);
        }
    })
}

/// `HSCAN key cursor [MATCH pattern] [COUNT count]`. <https://redis.io/docs/latest/commands/hscan/>
pub fn hscan(call: &mut Call<'_>) -> Outcome {
    let (name, cursor) = (call.arg(1)?, scan::cursor(call.arg(2)?)?);
    let Some(hash) = call.server.db(call.db).read::<Hash>(name)? else {
        scan::nothing(call.reply);
        return Ok(());
    };
    Scan::parse(call.args, 3, false)?.step(call.reply, |limit, visit| {
        hash.scan(cursor, limit, |field, value| visit(&[field, value]))
    });
    Ok(())
}
