//! Set algebra: unions, intersections and differences of sets, and of sorted sets with their scores.

use super::{Call, CommandError};
use crate::keyspace::set::Set;
use crate::keyspace::table::Table;
use crate::resp::integer;
use std::ops::ControlFlow::{self, Break, Continue};

/// A collection of members, each with a score. All members of a set have 1.
pub trait Members {
    /// How many there are.
    fn len(&self) -> usize;

    /// The score of a member; `None` where there is no such member.
    fn score(&self, member: &[u8]) -> Option<f64>;

    /// Shows all members to `visit`, in any order, until it says that it has seen enough.
    fn each(&self, visit: &mut Visit<'_>) -> ControlFlow<()>;
}

/// What is shown the members of a collection with their scores.
pub type Visit<'v> = dyn FnMut(&[u8], f64) -> ControlFlow<()> + 'v;

impl Members for Set {
    fn len(&self) -> usize {
        self.len()
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        self.contains(member).then_some(1.0)
    }

    fn each(&self, visit: &mut Visit<'_>) -> ControlFlow<()> {
        self.iter().try_for_each(|member| visit(&member, 1.0))
    }
}

/// What a key holds that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Members for Nothing {
    fn len(&self) -> usize {
        0
    }

    fn score(&self, _: &[u8]) -> Option<f64> {
        None
    }

    fn each(&self, _: &mut Visit<'_>) -> ControlFlow<()> {
        Continue(())
    }
}

/// One of the collections that an operation is about.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub members: &'a dyn Members,
    /// By what its scores are multiplied.
    pub weight: f64,
}

impl<'a> Source<'a> {
    /// A collection whose scores are taken as they are.
    pub fn new(members: &'a dyn Members) -> Self {
        let weight = 1.0;
        Self { members, weight }
    }
}

/// Makes one score of two.
pub type Aggregate = fn(f64, f64) -> f64;

/// The sum of two scores. Infinity and its opposite are 0 together.
pub fn sum(one: f64, other: f64) -> f64 {
    or_zero(one + other)
}

fn or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// Sorts the collections by size, the smallest first. Redis aggregates scores in this order, and sums of floating point
/// numbers depend on it.
fn by_size(sources: &mut [Source<'_>]) {
    sources.sort_by_key(|source| source.members.len());
}

/// Shows to `visit` each member that is in all of the collections, with its score.
pub fn intersection(sources: &mut [Source<'_>], aggregate: Aggregate, visit: &mut Visit<'_>) {
    by_size(sources);
    let Some((smallest, others)) = sources.split_first() else {
        return;
    };
    let _ = smallest.members.each(&mut |member, own| {
        let mut score = or_zero(smallest.weight * own);
        for other in others {
            // One key may be named many times; nothing has to be looked up in itself.
            let is_same = std::ptr::addr_eq(other.members, smallest.members);
            let found = is_same.then_some(own);
            match found.or_else(|| other.members.score(member)) {
                Some(value) => score = aggregate(score, other.weight * value),
                None => return Continue(()),
            }
        }
        visit(member, score)
    });
}

/// How many members are in all of the collections. It ends at the limit.
pub fn intersection_size(sources: &mut [Source<'_>], limit: usize) -> usize {
    let mut size = 0;
    intersection(sources, sum, &mut |_, _| {
        size += 1;
        if size < limit {
            Continue(())
        } else {
            Break(())
        }
    });
    size
}

/// All members of all of the collections, with their scores.
pub fn union(sources: &mut [Source<'_>], aggregate: Aggregate) -> Table<f64> {
    by_size(sources);
    let mut union = Table::default();
    for source in sources {
        let _ = source.members.each(&mut |member, score| {
            let score = or_zero(source.weight * score);
            let mut place = union.locate(member);
            match union.at_mut(place) {
                Some(held) => *held = aggregate(*held, score),
                None => union.add_at(&mut place, member.into(), score),
            }
            Continue(())
        });
    }
    union
}

/// Shows to `visit` each member of the first collection that is in none of the others, with its score.
pub fn difference(sources: &[Source<'_>], mut visit: impl FnMut(&[u8], f64)) {
    let Some((first, others)) = sources.split_first() else {
        return;
    };
    let _ = first.members.each(&mut |member, score| {
        let is_in = |other: &Source<'_>| other.members.score(member).is_some();
        if !others.iter().any(is_in) {
            visit(member, score);
        }
        Continue(())
    });
}

const NO_KEYS: CommandError = CommandError::new("ERR numkeys should be greater than 0");
const TOO_MANY_KEYS: CommandError =
    CommandError::new("ERR Number of keys can't be greater than number of args");
const NEGATIVE_LIMIT: CommandError = CommandError::new("ERR LIMIT can't be negative");

/// The argument at `index` as the number of the keys that follow it, of which all must be there.
///
/// # Errors
/// It is none.
pub fn count_of_keys(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    let count = integer::parse(call.arg(index)?).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0).ok_or(NO_KEYS)?;
    let behind = call.args.len() - index - 1;
    (count <= behind).then_some(count).ok_or(TOO_MANY_KEYS)
}

/// `LIMIT limit`, from argument `first` on; `usize::MAX` where nothing or 0 is said. It may be said more than once.
///
/// # Errors
/// [`CommandError::SYNTAX`], and an own one for what is no limit.
pub fn limit(call: &Call<'_>, first: usize) -> Result<usize, CommandError> {
    let mut args = call.args.from(first);
    let mut limit = 0;
    while let Some(option) = args.next() {
        let value = args
            .next()
            .filter(|_| option.eq_ignore_ascii_case(b"limit"));
        let value = integer::parse(value.ok_or(CommandError::SYNTAX)?);
        let value = value.and_then(|value| usize::try_from(value).ok());
        limit = value.ok_or(NEGATIVE_LIMIT)?;
    }
    Ok(if limit == 0 { usize::MAX } else { limit })
}
