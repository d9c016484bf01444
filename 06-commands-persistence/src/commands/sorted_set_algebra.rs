//! Commands on sorted sets: unions, intersections and differences.

use super::algebra::{self, Aggregate, Members, Nothing, Source, Visit};
use super::row::*;
use super::sorted_set::parse_score;
use super::sorted_set_range::{store, write_members};
use super::{Call, CommandError, Outcome};
use crate::keyspace::db::DbMut;
use crate::keyspace::event::{self, Event};
use crate::keyspace::set::Set;
use crate::keyspace::sorted_set::{SortedSet, order};
use crate::small_bytes::SmallBytes;
use std::ops::ControlFlow::{self, Continue};

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH4.read("zdiff", -3, ZDIFF, SLOW, NO_KEY)
        .keys(counted(1, RO | ACCESS))
        .about("6.2.0", "Gives what is in the first sorted set only."),
    CH4.write("zdiffstore", -4, ZDIFFSTORE, DENYOOM, OW | UPDATE)
        .keys(counted(2, RO | ACCESS))
        .about("6.2.0", "Keeps what is in the first sorted set only."),
    CH4.read("zinter", -3, ZINTER, SLOW, NO_KEY)
        .keys(counted(1, RO | ACCESS))
        .about("6.2.0", "Gives what is in all of several sorted sets."),
    CH4.read("zintercard", -3, zintercard, SLOW, NO_KEY)
        .keys(counted(1, RO | ACCESS))
        .about("7.0.0", "Counts what is in all of several sorted sets."),
    CH4.write("zinterstore", -4, ZINTERSTORE, DENYOOM, OW | UPDATE)
        .keys(counted(2, RO | ACCESS))
        .about("2.0.0", "Keeps what is in all of several sorted sets."),
    CH4.read("zunion", -3, ZUNION, SLOW, NO_KEY)
        .keys(counted(1, RO | ACCESS))
        .about("6.2.0", "Gives what is in any of several sorted sets."),
    CH4.write("zunionstore", -4, ZUNIONSTORE, DENYOOM, OW | UPDATE)
        .keys(counted(2, RO | ACCESS))
        .about("2.0.0", "Keeps what is in any of several sorted sets."),
];

const NOT_A_WEIGHT: CommandError = CommandError::new("ERR weight value is not a float");

impl Members for SortedSet {
    fn len(&self) -> usize {
        self.len()
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        self.score(member)
    }

    fn each(&self, visit: &mut Visit<'_>) -> ControlFlow<()> {
        self.iter()
            .try_for_each(|(member, score)| visit(member, score))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// `ZUNION numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`.
/// <https://redis.io/docs/latest/commands/zunion/>
const ZUNION: Handler = |call| give(call, Operation::Union);
/// `ZINTER numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`.
/// <https://redis.io/docs/latest/commands/zinter/>
const ZINTER: Handler = |call| give(call, Operation::Intersection);
/// `ZDIFF numkeys key [key ...] [WITHSCORES]`. <https://redis.io/docs/latest/commands/zdiff/>
const ZDIFF: Handler = |call| give(call, Operation::Difference);

fn give(call: &mut Call<'_>, operation: Operation) -> Outcome {
    let (mut result, with_scores) = combine(call, 1, operation)?;
    result.sort_unstable_by(|one, other| order((one.0, &one.1), (other.0, &other.1)));
    let members = result.iter().map(|(score, member)| (&**member, *score));
    write_members(call.reply, result.len(), members, with_scores);
    Ok(())
}

/// `ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]`: how many members.
/// <https://redis.io/docs/latest/commands/zunionstore/>
const ZUNIONSTORE: Handler = |call| keep(call, Operation::Union, event::ZUNIONSTORE);
/// `ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]`: how many members.
/// <https://redis.io/docs/latest/commands/zinterstore/>
const ZINTERSTORE: Handler = |call| keep(call, Operation::Intersection, event::ZINTERSTORE);
/// `ZDIFFSTORE destination numkeys key [key ...]`: how many members.
/// <https://redis.io/docs/latest/commands/zdiffstore/>
const ZDIFFSTORE: Handler = |call| keep(call, Operation::Difference, event::ZDIFFSTORE);

fn keep(call: &mut Call<'_>, operation: Operation, event: Event) -> Outcome {
    let (result, _) = combine(call, 2, operation)?;
    let (name, limits) = (call.arg(1)?, call.server.limits.sorted_set);
    let longest = result.iter().map(|(_, member)| member.len()).max();
    let mut set = SortedSet::sized(result.len(), longest.unwrap_or(0), limits);
    for (score, member) in result {
        set.insert(&member, score, limits);
    }
    store(call, name, set, event)
}

/// Members with their scores, in no order.
type Scored = Vec<(f64, SmallBytes)>;

/// What comes of the sorted sets of which the number stands at `first`, and whether it is to be shown with scores.
fn combine(
    call: &mut Call<'_>,
    first: usize,
    operation: Operation,
) -> Result<(Scored, bool), CommandError> {
    let keys = count_of_keys(call, first)?;
    let mut db = call.server.db(call.db);
    let mut sources = sources(&mut db, call.args.from(first + 1).take(keys))?;
    let options = call.args.from(first + 1 + keys);
    let options = Options::parse(options, operation, first == 2, &mut sources)?;
    let result = operation.of(&mut sources, options.aggregate);
    Ok((result, options.with_scores))
}

impl Operation {
    fn of(self, sources: &mut [Source<'_>], aggregate: Aggregate) -> Scored {
        let mut result = Scored::new();
        match self {
            Self::Union => {
                let union = algebra::union(sources, aggregate);
                result.extend(union.iter().map(|(member, score)| (*score, member.into())));
            }
            Self::Intersection => {
                algebra::intersection(sources, aggregate, &mut |member, score| {
                    result.push((score, member.into()));
                    Continue(())
                });
            }
            Self::Difference => algebra::difference(sources, |member, score| {
                result.push((score, member.into()));
            }),
        }
        result
    }
}

/// What stands behind the keys.
struct Options {
    aggregate: Aggregate,
    with_scores: bool,
}

impl Options {
    /// Weights go to the sources. A difference has none, and what is stored is not shown.
    fn parse<'a>(
        mut args: impl ExactSizeIterator<Item = &'a [u8]>,
        operation: Operation,
        stores: bool,
        sources: &mut [Source<'_>],
    ) -> Result<Self, CommandError> {
        let (mut aggregate, mut with_scores): (Aggregate, _) = (algebra::sum, false);
        let combines = operation != Operation::Difference;
        while let Some(option) = args.next() {
            let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
            if is(b"weights") && combines && args.len() >= sources.len() {
                for (source, weight) in sources.iter_mut().zip(args.by_ref()) {
                    source.weight = parse_score(weight).map_err(|_| NOT_A_WEIGHT)?;
                }
            } else if is(b"aggregate") && combines {
                aggregate = args.next().and_then(named).ok_or(CommandError::SYNTAX)?;
            } else if is(b"withscores") && !stores {
                with_scores = true;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(Self {
            aggregate,
            with_scores,
        })
    }
}

/// The function by which two scores become one. The first of equal ones stays: it may be a 0 with another sign.
fn named(name: &[u8]) -> Option<Aggregate> {
    match name.to_ascii_lowercase().as_slice() {
        b"sum" => Some(algebra::sum),
        b"min" => Some(|one, other| if other < one { other } else { one }),
        b"max" => Some(|one, other| if other > one { other } else { one }),
        _ => None,
    }
}

/// `ZINTERCARD numkeys key [key ...] [LIMIT limit]`: how many members are in all of these sorted sets, counted up to the
/// limit. <https://redis.io/docs/latest/commands/zintercard/>
pub fn zintercard(call: &mut Call<'_>) -> Outcome {
    let keys = count_of_keys(call, 1)?;
    let limit = algebra::limit(call, 2 + keys);
    let mut db = call.server.db(call.db);
    // What keys hold is looked at before the options.
    let mut sources = sources(&mut db, call.args.from(2).take(keys))?;
    let size = algebra::intersection_size(&mut sources, limit?);
    call.reply.count(size);
    Ok(())
}

/// The argument at `index` as the number of the keys that follow it, of which all must be there.
fn count_of_keys(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    let keys = call.integer(index)?;
    if keys < 1 {
        let name = call.command.name;
        let text = format!("ERR at least 1 input key is needed for '{name}' command");
        return Err(CommandError::text(text));
    }
    let keys = usize::try_from(keys).unwrap_or(usize::MAX);
    let are_there = keys < call.args.len() - index;
    are_there.then_some(keys).ok_or(CommandError::SYNTAX)
}

/// What these keys hold: sorted sets, or sets, whose members all have the score 1. All of them count as looked up.
fn sources<'d, 'k>(
    db: &'d mut DbMut<'_>,
    keys: impl Iterator<Item = &'k [u8]> + Clone,
) -> Result<Vec<Source<'d>>, CommandError> {
    db.touch(keys.clone());
    let db = &*db;
    let source = |key| match db.peek::<SortedSet>(key) {
        Ok(Some(set)) => Ok(Source::new(set)),
        Ok(None) => Ok(Source::new(&Nothing)),
        Err(_) => match db.peek::<Set>(key)? {
            Some(set) => Ok(Source::new(set)),
            None => Ok(Source::new(&Nothing)),
        },
    };
    keys.map(source).collect()
}
