//! Commands on sorted sets: ranges of members.

use super::row::*;
use super::sorted_set_bounds::{Bounds, By};
use super::{Call, CommandError, Outcome};
use crate::keyspace::event::{self, Event};
use crate::keyspace::sorted_set::SortedSet;
use crate::resp::integer;
use crate::resp::queue::Args;
use crate::resp::reply::{Protocol, Reply};
use std::ops::Range;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH4.read("zcount", 4, ZCOUNT, FAST | BRIEF, RO | ACCESS)
        .about("2.0.0", "Counts members by their score."),
    CH4.read("zlexcount", 4, ZLEXCOUNT, FAST | BRIEF, RO | ACCESS)
        .about("2.8.9", "Counts members by their bytes."),
    CH4.read("zrange", -4, ZRANGE, SLOW, RO | ACCESS)
        .about("1.2.0", "Gives a range of members."),
    CH4.read("zrangebylex", -4, ZRANGEBYLEX, SLOW, RO | ACCESS)
        .about("2.8.9", "Gives members by their bytes."),
    CH4.read("zrangebyscore", -4, ZRANGEBYSCORE, SLOW, RO | ACCESS)
        .about("1.0.5", "Gives members by their score."),
    CH4.write("zrangestore", -5, zrangestore, DENYOOM, OW | UPDATE)
        .keys(key(2, RO | ACCESS))
        .about("6.2.0", "Stores a range of members."),
    CH4.write("zremrangebylex", 4, ZREMRANGEBYLEX, SLOW, RW | DELETE)
        .about("2.8.9", "Removes members by their bytes."),
    CH4.write("zremrangebyrank", 4, ZREMRANGEBYRANK, SLOW, RW | DELETE)
        .about("2.0.0", "Removes members by their place."),
    CH4.write("zremrangebyscore", 4, ZREMRANGEBYSCORE, SLOW, RW | DELETE)
        .about("1.2.0", "Removes members by their score."),
    CH4.read("zrevrange", -4, ZREVRANGE, SLOW, RO | ACCESS)
        .about("1.2.0", "Gives a range of members, from the highest."),
    CH4.read("zrevrangebylex", -4, ZREVRANGEBYLEX, SLOW, RO | ACCESS)
        .about("2.8.9", "Gives members by their bytes, from the last."),
    CH4.read("zrevrangebyscore", -4, ZREVRANGEBYSCORE, SLOW, RO | ACCESS)
        .about("2.2.0", "Gives members by their score, from the highest."),
];

const LIMIT_BY_RANK: CommandError = CommandError::new(
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
);
const SCORES_BY_LEX: CommandError =
    CommandError::new("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

/// A request for a range of members.
#[derive(Clone, Copy, Debug)]
struct Query<'a> {
    bounds: Bounds<'a>,
    from_highest: bool,
    /// How many members are left out first, and how many follow at most. A negative offset leaves out all, a negative count
    /// is none.
    offset: i64,
    count: i64,
    with_scores: bool,
}

/// What the name of a command says already of by what members are chosen, and from which end.
type Said = (Option<By>, Option<bool>);

impl<'a> Query<'a> {
    /// Reads the bounds at `first`, and the options behind them.
    fn parse(args: Args<'a>, first: usize, (by, reversed): Said) -> Result<Self, CommandError> {
        let stores = first == 3;
        let (mut said_by, mut said_reversed) = (by, reversed);
        let (mut offset, mut count, mut with_scores) = (0, -1, false);
        let mut options = args.from(first + 2);
        while let Some(option) = options.next() {
            let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
            if is(b"withscores") && !stores {
                with_scores = true;
            } else if is(b"limit") && options.len() >= 2 {
                offset = parse_limit(options.next())?;
                count = parse_limit(options.next())?;
            } else if is(b"rev") && said_reversed.is_none() {
                said_reversed = Some(true);
            } else if is(b"bylex") && said_by.is_none() {
                said_by = Some(By::Lex);
            } else if is(b"byscore") && said_by.is_none() {
                said_by = Some(By::Score);
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        let by = said_by.unwrap_or(By::Rank);
        if count != -1 && by == By::Rank {
            return Err(LIMIT_BY_RANK);
        }
        if with_scores && by == By::Lex {
            return Err(SCORES_BY_LEX);
        }
        let from_highest = said_reversed.unwrap_or(false);
        let (start, stop) = (args.get(first), args.get(first + 1));
        let (start, stop) = (start.unwrap_or_default(), stop.unwrap_or_default());
        // From the highest, that comes first.
        let bounds = if from_highest && by != By::Rank {
            Bounds::parse(by, stop, start)?
        } else {
            Bounds::parse(by, start, stop)?
        };
        Ok(Self {
            bounds,
            from_highest,
            offset,
            count,
            with_scores,
        })
    }

    fn is_by_rank(&self) -> bool {
        matches!(self.bounds, Bounds::Rank(..))
    }

    /// The ranks of the members that are meant.
    fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let Range { start, end } = self.bounds.ranks(set, self.from_highest);
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        if self.is_by_rank() {
            start..end
        } else if self.from_highest {
            let end = end.saturating_sub(offset).max(start);
            end.saturating_sub(count).max(start)..end
        } else {
            let start = start.saturating_add(offset).min(end);
            start..start.saturating_add(count).min(end)
        }
    }
}

fn parse_limit(text: Option<&[u8]>) -> Result<i64, CommandError> {
    integer::parse(text.unwrap_or_default()).ok_or(CommandError::NOT_AN_INTEGER)
}

/// `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`.
/// <https://redis.io/docs/latest/commands/zrange/>
const ZRANGE: Handler = |call| range(call, (None, None));
/// `ZREVRANGE key start stop [WITHSCORES]`. <https://redis.io/docs/latest/commands/zrevrange/>
const ZREVRANGE: Handler = |call| range(call, (Some(By::Rank), Some(true)));
/// `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]`. <https://redis.io/docs/latest/commands/zrangebyscore/>
const ZRANGEBYSCORE: Handler = |call| range(call, (Some(By::Score), Some(false)));
/// `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`.
/// <https://redis.io/docs/latest/commands/zrevrangebyscore/>
const ZREVRANGEBYSCORE: Handler = |call| range(call, (Some(By::Score), Some(true)));
/// `ZRANGEBYLEX key min max [LIMIT offset count]`. <https://redis.io/docs/latest/commands/zrangebylex/>
const ZRANGEBYLEX: Handler = |call| range(call, (Some(By::Lex), Some(false)));
/// `ZREVRANGEBYLEX key max min [LIMIT offset count]`. <https://redis.io/docs/latest/commands/zrevrangebylex/>
const ZREVRANGEBYLEX: Handler = |call| range(call, (Some(By::Lex), Some(true)));

fn range(call: &mut Call<'_>, said: Said) -> Outcome {
    let name = call.arg(1)?;
    let query = Query::parse(call.args, 2, said)?;
    let Some(set) = call.server.db(call.db).read::<SortedSet>(name)? else {
        call.reply.array(0);
        return Ok(());
    };
    let ranks = query.ranks(set);
    let members = set.walk(ranks.clone(), query.from_highest);
    write_members(call.reply, ranks.len(), members, query.with_scores);
    Ok(())
}

/// Replies with so many members, with or without their scores. RESP3 has an array for each pair.
pub fn write_members<'a>(
    reply: &mut Reply,
    length: usize,
    members: impl Iterator<Item = (&'a [u8], f64)>,
    with_scores: bool,
) {
    if !with_scores {
        reply.array(length);
        members.for_each(|(member, _)| reply.bulk(member));
        return;
    }
    let nested = reply.protocol() == Protocol::Resp3;
    reply.array(if nested { length } else { 2 * length });
    write_pairs(reply, members, nested);
}

/// Writes members with their scores, each pair as an array where `nested`.
pub fn write_pairs<'a>(
    reply: &mut Reply,
    members: impl Iterator<Item = (&'a [u8], f64)>,
    nested: bool,
) {
    for (member, score) in members {
        if nested {
            reply.array(2);
        }
        reply.bulk(member);
        reply.double(score);
    }
}

/// `ZRANGESTORE dst src start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count]`: how many members were stored.
/// <https://redis.io/docs/latest/commands/zrangestore/>
pub fn zrangestore(call: &mut Call<'_>) -> Outcome {
    let (to, from) = (call.arg(1)?, call.arg(2)?);
    let query = Query::parse(call.args, 3, (None, None))?;
    let limits = call.server.limits.sorted_set;
    let mut stored = SortedSet::default();
    if let Some(set) = call.server.db(call.db).read::<SortedSet>(from)? {
        let ranks = query.ranks(set);
        // Only of ranks does Redis know beforehand how many there are.
        if query.is_by_rank() {
            stored = SortedSet::sized(ranks.len(), 0, limits);
        }
        for (member, score) in set.range(ranks) {
            stored.insert(member, score, limits);
        }
    }
    store(call, to, stored, event::ZRANGESTORE)
}

/// Makes a key hold what was computed, or removes it where that is nothing. How many members there are.
pub fn store(call: &mut Call<'_>, name: &[u8], set: SortedSet, event: Event) -> Outcome {
    let length = set.len();
    let mut key = call.server.db(call.db).for_write(name);
    if length > 0 {
        key.set(set.into(), None);
        key.changed(event, 1);
    } else if key.remove() {
        key.changed(event::DEL, 1);
    }
    call.reply.count(length);
    Ok(())
}

/// `ZCOUNT key min max`. <https://redis.io/docs/latest/commands/zcount/>
const ZCOUNT: Handler = |call| count(call, By::Score);
/// `ZLEXCOUNT key min max`. <https://redis.io/docs/latest/commands/zlexcount/>
const ZLEXCOUNT: Handler = |call| count(call, By::Lex);

fn count(call: &mut Call<'_>, by: By) -> Outcome {
    let (name, min, max) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let bounds = Bounds::parse(by, min, max)?;
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    let count = set.map_or(0, |set| bounds.ranks(set, false).len());
    call.reply.count(count);
    Ok(())
}

/// `ZREMRANGEBYRANK key start stop`: how many there were. <https://redis.io/docs/latest/commands/zremrangebyrank/>
const ZREMRANGEBYRANK: Handler = |call| remove(call, By::Rank, event::ZREMRANGEBYRANK);
/// `ZREMRANGEBYSCORE key min max`: how many there were. <https://redis.io/docs/latest/commands/zremrangebyscore/>
const ZREMRANGEBYSCORE: Handler = |call| remove(call, By::Score, event::ZREMRANGEBYSCORE);
/// `ZREMRANGEBYLEX key min max`: how many there were. <https://redis.io/docs/latest/commands/zremrangebylex/>
const ZREMRANGEBYLEX: Handler = |call| remove(call, By::Lex, event::ZREMRANGEBYLEX);

fn remove(call: &mut Call<'_>, by: By, event: Event) -> Outcome {
    let (name, min, max) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let bounds = Bounds::parse(by, min, max)?;
    let mut key = call.server.db(call.db).for_write(name);
    let mut removed = 0;
    if let Some(set) = key.get::<SortedSet>()? {
        let ranks = bounds.ranks(set, false);
        removed = ranks.len();
        set.remove_range(ranks);
    }
    if removed > 0 {
        key.changed(event, removed);
    }
    call.reply.count(removed);
    Ok(())
}
