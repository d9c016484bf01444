//! Commands on lists.

use super::call::Then;
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::event::{self, Event};
use crate::keyspace::list::List;
use crate::resp::{integer, reply::Reply};
use crate::server::blocked::Blocked;
use std::ops::Range;
use std::time::Duration;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH2.write("blpop", -3, BLPOP, NOSCRIPT | BLOCKING, TAKE)
        .to(-2)
        .about("2.0.0", "Takes the first element of a list, or waits."),
    CH2.write("brpop", -3, BRPOP, NOSCRIPT | BLOCKING, TAKE)
        .to(-2)
        .about("2.0.0", "Takes the last element of a list, or waits."),
    CH0.read("lindex", 3, lindex, SLOW, RO | ACCESS)
        .about("1.0.0", "Gives an element of a list."),
    CH0.read("llen", 2, llen, FAST | BRIEF, RO)
        .about("1.0.0", "Counts the elements of a list."),
    CH0.write("lpop", -2, LPOP, FAST | BRIEF, TAKE)
        .about("1.0.0", "Takes elements from the head of a list."),
    CH0.write("lpush", -3, LPUSH, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("1.0.0", "Adds elements to the head of a list."),
    CH0.read("lrange", 4, lrange, SLOW, RO | ACCESS)
        .about("1.0.0", "Gives a part of a list."),
    CH0.write("lrem", 4, lrem, SLOW, RW | DELETE)
        .about("1.0.0", "Removes equal elements from a list."),
    CH0.write("lset", 4, lset, DENYOOM, RW | UPDATE)
        .about("1.0.0", "Replaces an element of a list."),
    CH0.write("ltrim", 4, ltrim, SLOW, RW | DELETE)
        .about("1.0.0", "Keeps a part of a list."),
    CH0.write("rpop", -2, RPOP, FAST | BRIEF, TAKE)
        .about("1.0.0", "Takes elements from the tail of a list."),
    CH0.write("rpush", -3, RPUSH, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("1.0.0", "Adds elements to the tail of a list."),
];

/// One of the two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Head,
    Tail,
}

impl End {
    fn push(self, list: &mut List, element: &[u8]) {
        match self {
            Self::Head => list.push_front(element),
            Self::Tail => list.push_back(element),
        }
    }

    /// The element at this end.
    fn of(self, list: &List) -> Option<&[u8]> {
        match self {
            Self::Head => list.front(),
            Self::Tail => list.back(),
        }
    }

    /// Where the `count` elements at this end lie.
    fn range(self, list: &List, count: usize) -> Range<usize> {
        let count = count.min(list.len());
        match self {
            Self::Head => 0..count,
            Self::Tail => list.len() - count..list.len(),
        }
    }

    /// Takes the element at this end. A list that a key holds has one.
    fn pop(self, list: &mut List, reply: &mut Reply) {
        reply.bulk(self.of(list).unwrap_or_default());
        list.remove_range(self.range(list, 1));
    }

    /// The events of a push and of a pop, and the command that pops.
    fn names(self) -> (Event, Event, &'static [u8]) {
        match self {
            Self::Head => (event::LPUSH, event::LPOP, b"LPOP"),
            Self::Tail => (event::RPUSH, event::RPOP, b"RPOP"),
        }
    }
}

/// `LPUSH key element [element ...]`: its new length. <https://redis.io/docs/latest/commands/lpush/>
const LPUSH: Handler = |call| push(call, End::Head);
/// `RPUSH key element [element ...]`: its new length. <https://redis.io/docs/latest/commands/rpush/>
const RPUSH: Handler = |call| push(call, End::Tail);

fn push(call: &mut Call<'_>, end: End) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let list: &mut List = key.get_or_create()?;
    for element in call.args.from(2) {
        end.push(list, element);
    }
    let length = list.len();
    let (pushed, ..) = end.names();
    key.changed(pushed, call.args.len() - 2);
    call.reply.count(length);
    Ok(())
}

/// `LPOP key [count]`: the first element, or the first ones. <https://redis.io/docs/latest/commands/lpop/>
const LPOP: Handler = |call| pop(call, End::Head);
/// `RPOP key [count]`: the last element, or the last ones. <https://redis.io/docs/latest/commands/rpop/>
const RPOP: Handler = |call| pop(call, End::Tail);

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    match call.args.len() {
        2 => pop_one(call, end),
        3 => pop_many(call, end),
        _ => Err(CommandError::wrong_arity(call.command.name)),
    }
}

fn pop_one(call: &mut Call<'_>, end: End) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let Some(list) = key.get::<List>()? else {
        call.reply.null();
        return Ok(());
    };
    end.pop(list, call.reply);
    key.changed(end.names().1, 1);
    Ok(())
}

/// The array holds the elements in the order in which they are popped. Nothing to pop is an array without
/// elements, no key no array.
fn pop_many(call: &mut Call<'_>, end: End) -> Outcome {
    let count = usize::try_from(call.integer(2).map_err(|_| CommandError::NOT_POSITIVE)?)
        .map_err(|_| CommandError::NOT_POSITIVE)?;
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let Some(list) = key.get::<List>()? else {
        call.reply.null_array();
        return Ok(());
    };
    let range = end.range(list, count);
    let popped = range.len();
    call.reply.array(popped);
    let elements = list.range(range.start, range.end);
    match end {
        End::Head => write_all(call.reply, elements),
        End::Tail => write_all(call.reply, elements.rev()),
    }
    if popped > 0 {
        list.remove_range(range);
        key.changed(end.names().1, popped);
    }
    Ok(())
}

fn write_all<'a>(reply: &mut Reply, elements: impl Iterator<Item = &'a [u8]>) {
    elements.for_each(|element| reply.bulk(element));
}

/// `BLPOP key [key ...] timeout`: the first element of the first of these lists that has any, with its key; if none has,
/// it waits. <https://redis.io/docs/latest/commands/blpop/>
const BLPOP: Handler = |call| blocking_pop(call, End::Head);
/// `BRPOP key [key ...] timeout`: as BLPOP, for last elements. <https://redis.io/docs/latest/commands/brpop/>
const BRPOP: Handler = |call| blocking_pop(call, End::Tail);

fn blocking_pop(call: &mut Call<'_>, end: End) -> Outcome {
    let last = call.args.len() - 1;
    let timeout = parse_timeout(call.arg(last)?)?;
    let args = call.args;
    let keys = || args.from(1).take(last - 1);
    // Served from the key that has become ready, whatever the others hold.
    let ready = call.ready;
    for name in keys().filter(|key| ready.is_none_or(|ready| *key == ready)) {
        let mut key = call.server.db(call.db).for_write(name);
        let Some(list) = key.get::<List>()? else {
            continue;
        };
        call.reply.array(2);
        call.reply.bulk(name);
        end.pop(list, call.reply);
        let (_, popped, command) = end.names();
        key.changed(popped, 1);
        call.effect.instead([command, name]);
        return Ok(());
    }
    call.then = Then::Block(Blocked::on_keys(keys(), "list", timeout, |_, _, reply| {
        reply.null_array();
    }));
    Ok(())
}

const NOT_A_TIMEOUT: CommandError = CommandError::new("ERR timeout is not a float or out of range");
const NEGATIVE_TIMEOUT: CommandError = CommandError::new("ERR timeout is negative");

/// A time-out in seconds, with a fraction; 0 is for ever.
pub fn parse_timeout(text: &[u8]) -> Result<Duration, CommandError> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    if seconds.is_nan() {
        return Err(NOT_A_TIMEOUT);
    }
    let millis = (seconds * 1000.0).ceil();
    // What does not fit into 64 bits is negative to Redis, which does not look before it converts.
    if millis < 0.0 || millis >= i64::MAX as f64 {
        return Err(NEGATIVE_TIMEOUT);
    }
    Ok(Duration::from_millis(millis as u64))
}

/// `LLEN key`. <https://redis.io/docs/latest/commands/llen/>
pub fn llen(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let list = call.server.db(call.db).read::<List>(name)?;
    call.reply.count(list.map_or(0, List::len));
    Ok(())
}

/// `LRANGE key start stop`: the elements from `start` to `stop`, both included; negative ones count from the
/// end. <https://redis.io/docs/latest/commands/lrange/>
pub fn lrange(call: &mut Call<'_>) -> Outcome {
    let (name, start, stop) = (call.arg(1)?, call.integer(2)?, call.integer(3)?);
    let Some(list) = call.server.db(call.db).read::<List>(name)? else {
        call.reply.array(0);
        return Ok(());
    };
    let range = resolve_range(start, stop, list.len());
    call.reply.array(range.len());
    write_all(call.reply, list.range(range.start, range.end));
    Ok(())
}

/// `LINDEX key index`. <https://redis.io/docs/latest/commands/lindex/>
pub fn lindex(call: &mut Call<'_>) -> Outcome {
    let (name, index) = (call.arg(1)?, call.arg(2)?);
    // A missing list is answered before the index is looked at.
    let element = match call.server.db(call.db).read::<List>(name)? {
        Some(list) => resolve_index(index, list.len())?.and_then(|index| list.get(index)),
        None => None,
    };
    match element {
        Some(element) => call.reply.bulk(element),
        None => call.reply.null(),
    }
    Ok(())
}

/// `LSET key index element`. <https://redis.io/docs/latest/commands/lset/>
pub fn lset(call: &mut Call<'_>) -> Outcome {
    let (name, index, element) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let mut key = call.server.db(call.db).for_write(name);
    let list = key.get::<List>()?.ok_or(CommandError::NO_SUCH_KEY)?;
    let index = resolve_index(index, list.len())?.ok_or(CommandError::INDEX_OUT_OF_RANGE)?;
    list.set(index, element);
    key.changed(event::LSET, 1);
    call.reply.simple("OK");
    Ok(())
}

/// `LTRIM key start stop`: keeps these elements only. <https://redis.io/docs/latest/commands/ltrim/>
pub fn ltrim(call: &mut Call<'_>) -> Outcome {
    let (name, start, stop) = (call.arg(1)?, call.integer(2)?, call.integer(3)?);
    let mut key = call.server.db(call.db).for_write(name);
    if let Some(list) = key.get::<List>()? {
        let keep = resolve_range(start, stop, list.len());
        let removed = list.len() - keep.len();
        list.remove_range(keep.end..list.len());
        list.remove_range(0..keep.start);
        key.changed(event::LTRIM, removed);
    }
    call.reply.simple("OK");
    Ok(())
}

/// `LREM key count element`: removes elements that are equal to this one, the first `count` of them, or the last ones if it
/// is negative, or all if it is 0. <https://redis.io/docs/latest/commands/lrem/>
pub fn lrem(call: &mut Call<'_>) -> Outcome {
    let (name, count, element) = (call.arg(1)?, call.integer(2)?, call.arg(3)?);
    let mut key = call.server.db(call.db).for_write(name);
    let limit = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let removed = match key.get::<List>()? {
        Some(list) => list.remove_matching(element, limit, count < 0),
        None => 0,
    };
    if removed > 0 {
        key.changed(event::LREM, removed);
    }
    call.reply.count(removed);
    Ok(())
}

/// The place that an index means, if there is one; a negative one counts from the end.
fn resolve_index(index: &[u8], length: usize) -> Result<Option<usize>, CommandError> {
    let index = integer::parse(index).ok_or(CommandError::NOT_AN_INTEGER)?;
    let place = usize::try_from(from_front(index, length)).ok();
    Ok(place.filter(|place| *place < length))
}

/// The places that `start` and `stop` mean, both included, negative ones counted from the end. What lies
/// outside is left out.
pub fn resolve_range(start: i64, stop: i64, length: usize) -> Range<usize> {
    let start = usize::try_from(from_front(start, length).max(0)).unwrap_or(usize::MAX);
    let end = usize::try_from(from_front(stop, length).saturating_add(1)).unwrap_or(0);
    let end = end.min(length);
    start.min(end)..end
}

/// An index that counts from the front. It may be outside, on either side.
fn from_front(index: i64, length: usize) -> i64 {
    let from = if index < 0 { length as u64 } else { 0 };
    index.saturating_add_unsigned(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_what_there_is() {
        for (start, stop, expected) in [
            (0, -1, 0..5),
            (-2, -1, 3..5),
            (-100, 100, 0..5),
            (3, 1, 2..2),
            (5, 10, 5..5),
            (0, -6, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (i64::MAX, i64::MIN, 0..0),
        ] {
            assert_eq!(resolve_range(start, stop, 5), expected, "{start} {stop}");
        }
        assert_eq!(resolve_range(0, -1, 0), 0..0);
    }

    #[test]
    fn time_outs_are_rounded_up() {
        let millis = |text: &str| parse_timeout(text.as_bytes()).map(|timeout| timeout.as_millis());
        assert_eq!(millis("0"), Ok(0));
        assert_eq!(millis("0.1"), Ok(100));
        assert_eq!(millis("0.0001"), Ok(1));
        assert_eq!(millis("-1"), Err(NEGATIVE_TIMEOUT));
        assert_eq!(millis("1e300"), Err(NEGATIVE_TIMEOUT));
        assert!(millis("x").is_err() && millis("nan").is_err());
    }
}
