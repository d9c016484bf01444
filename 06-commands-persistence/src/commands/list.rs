//! Commands on lists.

use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::event::{self, Event};
use crate::keyspace::list::List;
use crate::resp::{integer, reply::Reply};
use std::ops::Range;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.read("lindex", 3, lindex, SLOW, RO | ACCESS)
        .about("1.0.0", "Gives an element of a list."),
    CH2.write("linsert", 5, linsert, DENYOOM, RW | INSERT)
        .about("2.2.0", "Adds an element beside another one."),
    CH0.read("llen", 2, llen, FAST | BRIEF, RO)
        .about("1.0.0", "Counts the elements of a list."),
    CH2.read("lpos", -3, lpos, SLOW, RO | ACCESS)
        .about("6.0.6", "Tells where equal elements lie in a list."),
    CH0.write("lpush", -3, LPUSH, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("1.0.0", "Adds elements to the head of a list."),
    CH2.write("lpushx", -3, LPUSHX, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about(
            "2.2.0",
            "Adds elements to the head of a list that there is.",
        ),
    CH0.read("lrange", 4, lrange, SLOW, RO | ACCESS)
        .about("1.0.0", "Gives a part of a list."),
    CH0.write("lrem", 4, lrem, SLOW, RW | DELETE)
        .about("1.0.0", "Removes equal elements from a list."),
    CH0.write("lset", 4, lset, DENYOOM, RW | UPDATE)
        .about("1.0.0", "Replaces an element of a list."),
    CH0.write("ltrim", 4, ltrim, SLOW, RW | DELETE)
        .about("1.0.0", "Keeps a part of a list."),
    CH0.write("rpush", -3, RPUSH, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("1.0.0", "Adds elements to the tail of a list."),
    CH2.write("rpushx", -3, RPUSHX, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about(
            "2.2.0",
            "Adds elements to the tail of a list that there is.",
        ),
];

/// One of the two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Head,
    Tail,
}

impl End {
    /// The end that an argument means, `LEFT` or `RIGHT`.
    pub fn named(name: &[u8]) -> Option<Self> {
        match name.to_ascii_lowercase().as_slice() {
            b"left" => Some(Self::Head),
            b"right" => Some(Self::Tail),
            _ => None,
        }
    }

    /// Adds an element at this end.
    pub fn push(self, list: &mut List, element: &[u8]) {
        match self {
            Self::Head => list.push_front(element),
            Self::Tail => list.push_back(element),
        }
    }

    /// The element at this end.
    pub fn of(self, list: &List) -> Option<&[u8]> {
        match self {
            Self::Head => list.front(),
            Self::Tail => list.back(),
        }
    }

    /// Removes the `count` elements at this end, as far as there are so many.
    pub fn remove(self, list: &mut List, count: usize) {
        list.remove_range(self.range(list, count));
    }

    /// Takes the element at this end. A list that a key holds has one.
    pub fn pop(self, list: &mut List, reply: &mut Reply) {
        reply.bulk(self.of(list).unwrap_or_default());
        self.remove(list, 1);
    }

    /// Takes the `count` elements at this end, as an array in the order in which they are popped. How many there were.
    pub fn pop_many(self, list: &mut List, count: usize, reply: &mut Reply) -> usize {
        let range = self.range(list, count);
        let count = range.len();
        reply.array(count);
        let elements = list.range(range.start, range.end);
        match self {
            Self::Head => write_all(reply, elements),
            Self::Tail => write_all(reply, elements.rev()),
        }
        list.remove_range(range);
        count
    }

    /// Where the `count` elements at this end lie.
    fn range(self, list: &List, count: usize) -> Range<usize> {
        let count = count.min(list.len());
        match self {
            Self::Head => 0..count,
            Self::Tail => list.len() - count..list.len(),
        }
    }

    /// The event of a push.
    pub fn pushed(self) -> Event {
        match self {
            Self::Head => event::LPUSH,
            Self::Tail => event::RPUSH,
        }
    }

    /// The event of a pop.
    pub fn popped(self) -> Event {
        match self {
            Self::Head => event::LPOP,
            Self::Tail => event::RPOP,
        }
    }

    /// The command that pops.
    pub fn pop_command(self) -> &'static [u8] {
        match self {
            Self::Head => b"LPOP",
            Self::Tail => b"RPOP",
        }
    }
}

fn write_all<'a>(reply: &mut Reply, elements: impl Iterator<Item = &'a [u8]>) {
    elements.for_each(|element| reply.bulk(element));
}

/// `LPUSH key element [element ...]`: its new length. <https://redis.io/docs/latest/commands/lpush/>
const LPUSH: Handler = |call| push(call, End::Head);
/// `RPUSH key element [element ...]`: its new length. <https://redis.io/docs/latest/commands/rpush/>
const RPUSH: Handler = |call| push(call, End::Tail);

fn push(call: &mut Call<'_>, end: End) -> Outcome {
    let (name, limits) = (call.arg(1)?, call.server.limits);
    let mut key = call.server.db(call.db).for_write(name);
    let list: &mut List = key.get_or_create()?;
    list.begin(&limits);
    for element in call.args.from(2) {
        end.push(list, element);
    }
    let length = list.len();
    key.changed(end.pushed(), call.args.len() - 2);
    call.reply.count(length);
    Ok(())
}

/// `LPUSHX key element [element ...]`: LPUSH, if there is such a list. <https://redis.io/docs/latest/commands/lpushx/>
const LPUSHX: Handler = |call| push_if_exists(call, LPUSH);
/// `RPUSHX key element [element ...]`: RPUSH, if there is such a list. <https://redis.io/docs/latest/commands/rpushx/>
const RPUSHX: Handler = |call| push_if_exists(call, RPUSH);

fn push_if_exists(call: &mut Call<'_>, push: Handler) -> Outcome {
    let name = call.arg(1)?;
    if call.server.db(call.db).for_write(name).exists() {
        return push(call);
    }
    call.reply.integer(0);
    Ok(())
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

/// `LINSERT key BEFORE|AFTER pivot element`: the new length; 0 where there is no list, -1 where it has no such pivot.
/// <https://redis.io/docs/latest/commands/linsert/>
pub fn linsert(call: &mut Call<'_>) -> Outcome {
    let behind = match call.arg(2)?.to_ascii_lowercase().as_slice() {
        b"before" => 0,
        b"after" => 1,
        _ => return Err(CommandError::SYNTAX),
    };
    let (name, pivot, element) = (call.arg(1)?, call.arg(3)?, call.arg(4)?);
    let mut key = call.server.db(call.db).for_write(name);
    let Some(list) = key.get::<List>()? else {
        call.reply.integer(0);
        return Ok(());
    };
    let Some(place) = list.iter().position(|other| other == pivot) else {
        call.reply.integer(-1);
        return Ok(());
    };
    list.insert(place + behind, element);
    let length = list.len();
    key.changed(event::LINSERT, 1);
    call.reply.count(length);
    Ok(())
}

/// `LPOS key element [RANK rank] [COUNT count] [MAXLEN length]`: where equal elements lie; with a count in an array.
/// <https://redis.io/docs/latest/commands/lpos/>
pub fn lpos(call: &mut Call<'_>) -> Outcome {
    let search = Search::parse(call)?;
    let (name, element) = (call.arg(1)?, call.arg(2)?);
    let list = call.server.db(call.db).read::<List>(name)?;
    let found = list.map_or(Vec::new(), |list| search.run(list, element));
    if search.count.is_some() {
        call.reply.array(found.len());
    } else if found.is_empty() {
        call.reply.null();
    }
    found.iter().for_each(|place| call.reply.count(*place));
    Ok(())
}

/// The options of LPOS.
struct Search {
    /// With which match to begin, from 1; from the end if it is negative.
    rank: i64,
    /// How many matches to find; 0 for all.
    count: Option<usize>,
    /// How many elements to look at; 0 for all.
    max_length: usize,
}

impl Search {
    fn parse(call: &Call<'_>) -> Result<Self, CommandError> {
        const NO_RANK: CommandError = CommandError::new(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to \
            start from the end of the list",
        );
        const COUNT_RANGE: CommandError = CommandError::new("ERR COUNT can't be negative");
        const LENGTH_RANGE: CommandError = CommandError::new("ERR MAXLEN can't be negative");
        let (rank, count, max_length) = (1, None, 0);
        let mut search = Self {
            rank,
            count,
            max_length,
        };
        let mut args = call.args.from(3);
        while let Some(name) = args.next() {
            let value = args.next().ok_or(CommandError::SYNTAX)?;
            match name.to_ascii_lowercase().as_slice() {
                b"rank" => {
                    search.rank = integer::parse(value).ok_or(CommandError::NOT_AN_INTEGER)?
                }
                b"count" => search.count = Some(at_least(0, value, COUNT_RANGE)?),
                b"maxlen" => search.max_length = at_least(0, value, LENGTH_RANGE)?,
                _ => return Err(CommandError::SYNTAX),
            }
            if search.rank == 0 {
                return Err(NO_RANK);
            }
        }
        Ok(search)
    }

    fn run(&self, list: &List, element: &[u8]) -> Vec<usize> {
        if self.rank < 0 {
            let found = self.pick(list.iter().rev(), element);
            found.map(|place| list.len() - 1 - place).collect()
        } else {
            self.pick(list.iter(), element).collect()
        }
    }

    /// How many elements lie before each match.
    fn pick<'a>(
        &self,
        elements: impl Iterator<Item = &'a [u8]>,
        wanted: &[u8],
    ) -> impl Iterator<Item = usize> {
        let or_all = |number| if number == 0 { usize::MAX } else { number };
        // The lowest number has no opposite: to Redis it is the same as -1.
        let before = self.rank.checked_abs().map_or(0, |rank| rank - 1);
        let skipped = usize::try_from(before).unwrap_or(usize::MAX);
        let elements = elements.take(or_all(self.max_length)).enumerate();
        let matches = elements.filter(move |(_, element)| *element == wanted);
        let matches = matches.map(|(place, _)| place).skip(skipped);
        matches.take(or_all(self.count.unwrap_or(1)))
    }
}

/// A number that is this at the least.
pub fn at_least(least: i64, text: &[u8], error: CommandError) -> Result<usize, CommandError> {
    let number = integer::parse(text).filter(|number| *number >= least);
    number.map_or(Err(error), |number| {
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    })
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
}
