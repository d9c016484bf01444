//! Commands on sorted sets: members taken from either end, at once or when there are some.

use super::call::Then;
use super::list_pop::parse_timeout;
use super::row::*;
use super::sorted_set_range::write_pairs;
use super::{Call, CommandError, Outcome};
use crate::keyspace::event;
use crate::keyspace::sorted_set::SortedSet;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{integer, queue::Args};
use crate::server::blocked::Blocked;
use std::ops::Range;
use std::time::Duration;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH4.write("bzmpop", -5, bzmpop, BLOCKING, NO_KEY)
        .keys(counted(2, TAKE))
        .about("7.0.0", "Takes members of a sorted set, or waits."),
    CH4.write("bzpopmax", -3, BZPOPMAX, NOSCRIPT | FAST | BLOCKING, TAKE)
        .to(-2)
        .about("5.0.0", "Takes the highest member, or waits."),
    CH4.write("bzpopmin", -3, BZPOPMIN, NOSCRIPT | FAST | BLOCKING, TAKE)
        .to(-2)
        .about("5.0.0", "Takes the lowest member, or waits."),
    CH4.write("zmpop", -4, zmpop, SLOW, NO_KEY)
        .keys(counted(1, TAKE))
        .about("7.0.0", "Takes members of one of several sorted sets."),
    CH4.write("zpopmax", -2, ZPOPMAX, FAST, TAKE)
        .about("5.0.0", "Takes the highest members."),
    CH4.write("zpopmin", -2, ZPOPMIN, FAST, TAKE)
        .about("5.0.0", "Takes the lowest members."),
];

/// What is taken, and how that is answered.
#[derive(Clone, Copy, Debug)]
struct Pop {
    from_highest: bool,
    count: usize,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Members and scores in turn.
    Flat,
    /// An array for each member with its score.
    Pairs,
    /// The key, a member, and its score.
    KeyAndOne,
    /// The key, and pairs.
    KeyAndPairs,
}

impl Pop {
    /// Takes members of a sorted set, and answers with them. How many; `None` where there is no such set.
    fn take(self, call: &mut Call<'_>, name: &[u8]) -> Result<Option<usize>, CommandError> {
        let mut key = call.server.db(call.db).for_write(name);
        let Some(set) = key.get::<SortedSet>()? else {
            return Ok(None);
        };
        let length = set.len();
        let count = self.count.min(length);
        let (ranks, event) = if self.from_highest {
            (length - count..length, event::ZPOPMAX)
        } else {
            (0..count, event::ZPOPMIN)
        };
        self.shape.write_head(call.reply, name, count);
        let nested = matches!(self.shape, Shape::Pairs | Shape::KeyAndPairs);
        write_pairs(
            call.reply,
            set.walk(ranks.clone(), self.from_highest),
            nested,
        );
        set.remove_range(ranks);
        if count > 0 {
            key.changed(event, count);
        }
        Ok(Some(count))
    }

    /// Takes from the first of these keys that has a sorted set. Whether there is one.
    fn take_first(self, call: &mut Call<'_>, keys: Range<usize>) -> Result<bool, CommandError> {
        // Served from the key that has become ready, whatever the others hold.
        let ready = call.ready;
        let names = call.args.from(keys.start).take(keys.len());
        for name in names.filter(|key| ready.is_none_or(|ready| *key == ready)) {
            if let Some(count) = self.take(call, name)? {
                self.write_down(call, name, count);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whoever follows knows which key it was, and how many members there were.
    fn write_down(self, call: &mut Call<'_>, name: &[u8], count: usize) {
        let command: &[u8] = if self.from_highest {
            b"ZPOPMAX"
        } else {
            b"ZPOPMIN"
        };
        match self.shape {
            Shape::KeyAndOne => call.effect.instead([command, name]),
            _ => {
                let count = count.to_string();
                call.effect.instead([command, name, count.as_bytes()]);
            }
        }
    }

    /// Takes from the first of these keys that has a sorted set, or waits until one has.
    fn take_or_wait(self, call: &mut Call<'_>, keys: Range<usize>, timeout: Duration) -> Outcome {
        if !self.take_first(call, keys.clone())? {
            let names = call.args.from(keys.start).take(keys.len());
            call.then = Then::Block(Blocked::on_keys(names, "zset", timeout, |_, _, reply| {
                reply.null_array();
            }));
        }
        Ok(())
    }

    /// What ZMPOP and BZMPOP have from argument `first` on: `numkeys key [key ...] MIN | MAX [COUNT count]`. Where the keys
    /// are, too.
    fn parse(args: Args<'_>, first: usize) -> Result<(Self, Range<usize>), CommandError> {
        let count = at_least_one(args.get(first), NO_KEYS)?;
        let keys = first + 1..count.saturating_add(first + 1);
        let end = args.get(keys.end).ok_or(CommandError::SYNTAX)?;
        let from_highest = end.eq_ignore_ascii_case(b"max");
        if !from_highest && !end.eq_ignore_ascii_case(b"min") {
            return Err(CommandError::SYNTAX);
        }
        let mut options = args.from(keys.end + 1);
        let count = match (options.next(), options.next()) {
            (None, _) => 1,
            (Some(name), count @ Some(_)) if name.eq_ignore_ascii_case(b"count") => {
                at_least_one(count, NO_COUNT)?
            }
            _ => return Err(CommandError::SYNTAX),
        };
        if options.len() > 0 {
            return Err(CommandError::SYNTAX);
        }
        let shape = Shape::KeyAndPairs;
        Ok((
            Self {
                from_highest,
                count,
                shape,
            },
            keys,
        ))
    }
}

impl Shape {
    /// What comes before so many members.
    fn write_head(self, reply: &mut Reply, key: &[u8], count: usize) {
        match self {
            Self::Flat => reply.array(2 * count),
            Self::Pairs => reply.array(count),
            Self::KeyAndOne => {
                reply.array(1 + 2 * count);
                reply.bulk(key);
            }
            Self::KeyAndPairs => {
                reply.array(2);
                reply.bulk(key);
                reply.array(count);
            }
        }
    }
}

const NO_KEYS: CommandError = CommandError::new("ERR numkeys should be greater than 0");
const NO_COUNT: CommandError = CommandError::new("ERR count should be greater than 0");

fn at_least_one(text: Option<&[u8]>, error: CommandError) -> Result<usize, CommandError> {
    let number = text.and_then(integer::parse);
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number > 0).ok_or(error)
}

/// `ZPOPMIN key [count]`: the lowest member, or the lowest ones. <https://redis.io/docs/latest/commands/zpopmin/>
const ZPOPMIN: Handler = |call| pop(call, false);
/// `ZPOPMAX key [count]`: the highest member, or the highest ones. <https://redis.io/docs/latest/commands/zpopmax/>
const ZPOPMAX: Handler = |call| pop(call, true);

fn pop(call: &mut Call<'_>, from_highest: bool) -> Outcome {
    let (count, shape) = match (call.args.len(), call.reply.protocol()) {
        (2, _) => (1, Shape::Flat),
        (3, Protocol::Resp2) => (count(call)?, Shape::Flat),
        (3, Protocol::Resp3) => (count(call)?, Shape::Pairs),
        _ => return Err(CommandError::SYNTAX),
    };
    let pop = Pop {
        from_highest,
        count,
        shape,
    };
    let name = call.arg(1)?;
    if pop.take(call, name)?.is_none() {
        call.reply.array(0);
    }
    Ok(())
}

fn count(call: &Call<'_>) -> Result<usize, CommandError> {
    let count = integer::parse(call.arg(2)?).and_then(|count| usize::try_from(count).ok());
    count.ok_or(CommandError::NOT_POSITIVE)
}

/// `ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]`. <https://redis.io/docs/latest/commands/zmpop/>
pub fn zmpop(call: &mut Call<'_>) -> Outcome {
    let (pop, keys) = Pop::parse(call.args, 1)?;
    if !pop.take_first(call, keys)? {
        call.reply.null_array();
    }
    Ok(())
}

/// `BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]`. <https://redis.io/docs/latest/commands/bzmpop/>
pub fn bzmpop(call: &mut Call<'_>) -> Outcome {
    let (pop, keys) = Pop::parse(call.args, 2)?;
    let timeout = parse_timeout(call.arg(1)?)?;
    pop.take_or_wait(call, keys, timeout)
}

/// `BZPOPMIN key [key ...] timeout`: the lowest member of the first of these sorted sets that has any, with its key and its
/// score; if none has, it waits. <https://redis.io/docs/latest/commands/bzpopmin/>
const BZPOPMIN: Handler = |call| blocking_pop(call, false);
/// `BZPOPMAX key [key ...] timeout`: as BZPOPMIN, for the highest. <https://redis.io/docs/latest/commands/bzpopmax/>
const BZPOPMAX: Handler = |call| blocking_pop(call, true);

fn blocking_pop(call: &mut Call<'_>, from_highest: bool) -> Outcome {
    let last = call.args.len() - 1;
    let timeout = parse_timeout(call.arg(last)?)?;
    let (count, shape) = (1, Shape::KeyAndOne);
    let pop = Pop {
        from_highest,
        count,
        shape,
    };
    pop.take_or_wait(call, 1..last, timeout)
}
