//! Commands on sorted sets: members and their scores.

use super::random::{self, Picks};
use super::row::*;
use super::scan::{self, Scan};
use super::{Call, CommandError, Outcome};
use crate::keyspace::data_type::DataType;
use crate::keyspace::event::{self, Event};
use crate::keyspace::sorted_set::SortedSet;
use crate::resp::queue::Args;
use crate::resp::{double, integer};
use std::cmp::Ordering;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH4.write("zadd", -4, zadd, DENYOOM | FAST | BRIEF, RW | UPDATE)
        .about("1.2.0", "Gives members of a sorted set a score."),
    CH4.read("zcard", 2, zcard, FAST | BRIEF, RO)
        .about("1.2.0", "Counts the members of a sorted set."),
    CH4.write("zincrby", 4, zincrby, DENYOOM | FAST | BRIEF, MODIFY)
        .about("1.2.0", "Adds to the score of a member."),
    CH4.read("zmscore", -3, zmscore, FAST | BRIEF, RO | ACCESS)
        .about("6.2.0", "Gives the scores of several members."),
    CH4.read("zrandmember", -2, zrandmember, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("6.2.0", "Gives random members of a sorted set."),
    CH4.read("zrank", 3, ZRANK, FAST | BRIEF, RO | ACCESS)
        .about("2.0.0", "Gives the place of a member, from the lowest."),
    CH4.write("zrem", -3, zrem, FAST | BRIEF, RW | DELETE)
        .about("1.2.0", "Removes members from a sorted set."),
    CH4.read("zrevrank", 3, ZREVRANK, FAST | BRIEF, RO | ACCESS)
        .about("2.0.0", "Gives the place of a member, from the highest."),
    CH4.read("zscan", -3, zscan, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("2.8.0", "Gives members and their scores in steps."),
    CH4.read("zscore", 3, zscore, FAST | BRIEF, RO | ACCESS)
        .about("1.2.0", "Gives the score of a member."),
];

/// What a sum of opposite infinities is.
pub const NOT_A_NUMBER: CommandError =
    CommandError::new("ERR resulting score is not a number (NaN)");
const NX_WITH_XX: CommandError =
    CommandError::new("ERR XX and NX options at the same time are not compatible");
const GT_WITH_OTHERS: CommandError =
    CommandError::new("ERR GT, LT, and/or NX options at the same time are not compatible");
const ONE_INCREMENT: CommandError =
    CommandError::new("ERR INCR option supports a single increment-element pair");

/// Which members ZADD changes, and what it answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// `NX`: only members that are not there. `XX`: only those that are.
    pub(super) nx: bool,
    pub(super) xx: bool,
    /// `GT`, `LT`: a score only becomes greater, or less.
    gt: bool,
    lt: bool,
    /// `CH`: members that have changed are counted, too.
    pub(super) ch: bool,
    /// `INCR`: the score is added to the present one.
    incr: bool,
}

impl Options {
    /// The options of a request, and where its first score stands.
    fn parse(args: Args<'_>) -> (Self, usize) {
        let mut options = Self::default();
        let mut first = 2;
        while let Some(arg) = args.get(first)
            && let Some(option) = options.named(arg)
        {
            *option = true;
            first += 1;
        }
        (options, first)
    }

    fn named(&mut self, name: &[u8]) -> Option<&mut bool> {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        match name.len() {
            2 if is(b"nx") => Some(&mut self.nx),
            2 if is(b"xx") => Some(&mut self.xx),
            2 if is(b"gt") => Some(&mut self.gt),
            2 if is(b"lt") => Some(&mut self.lt),
            2 if is(b"ch") => Some(&mut self.ch),
            4 if is(b"incr") => Some(&mut self.incr),
            _ => None,
        }
    }

    fn check(self, args: usize) -> Outcome {
        if args == 0 || !args.is_multiple_of(2) {
            return Err(CommandError::SYNTAX);
        }
        if self.nx && self.xx {
            return Err(NX_WITH_XX);
        }
        if self.gt && self.lt || self.nx && (self.gt || self.lt) {
            return Err(GT_WITH_OTHERS);
        }
        let is_one = !self.incr || args == 2;
        is_one.then_some(()).ok_or(ONE_INCREMENT)
    }

    /// The score that a member with this one is to have, if it is to have another.
    fn choose(self, old: Option<f64>, score: f64) -> Result<Option<f64>, CommandError> {
        let Some(old) = old else {
            return Ok((!self.xx).then_some(score));
        };
        if self.nx {
            return Ok(None);
        }
        let score = if self.incr { old + score } else { score };
        let order = score.partial_cmp(&old).ok_or(NOT_A_NUMBER)?;
        let refused = self.gt && order != Ordering::Greater || self.lt && order != Ordering::Less;
        Ok((!refused).then_some(score))
    }
}

/// `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]`: how many members are new; with CH, how many are
/// new or have another score; with INCR, the new score. <https://redis.io/docs/latest/commands/zadd/>
pub fn zadd(call: &mut Call<'_>) -> Outcome {
    let (options, first) = Options::parse(call.args);
    options.check(call.args.len() - first)?;
    add(call, options, first)
}

/// `ZINCRBY key increment member`: the new score. <https://redis.io/docs/latest/commands/zincrby/>
pub fn zincrby(call: &mut Call<'_>) -> Outcome {
    let incr = true;
    let options = Options {
        incr,
        ..Options::default()
    };
    add(call, options, 2)
}

/// Adds the pairs of score and member from `first` on. All scores are read before anything is changed.
fn add(call: &mut Call<'_>, options: Options, first: usize) -> Outcome {
    let scores = call.args.from(first).step_by(2).map(parse_score);
    let scores = scores.collect::<Result<Vec<_>, _>>()?;
    let members = call.args.from(first + 1).step_by(2);
    add_scored(call, options, scores.into_iter().zip(members))
}

/// Adds these scores and members to the first key.
pub(super) fn add_scored<'m>(
    call: &mut Call<'_>,
    options: Options,
    scored: impl Iterator<Item = (f64, &'m [u8])>,
) -> Outcome {
    let (name, limits) = (call.arg(1)?, call.server.limits.sorted_set);
    let mut key = call.server.db(call.db).for_write(name);
    let set: &mut SortedSet = key.get_or_create()?;
    let (mut added, mut updated, mut last) = (0, 0, None);
    for (score, member) in scored {
        let mut chosen = Ok(None);
        let old = set.update(member, limits, |old| {
            chosen = options.choose(old, score);
            chosen.clone().ok().flatten()
        });
        last = chosen?;
        added += usize::from(old.is_none() && last.is_some());
        updated += usize::from(old.is_some() && last.is_some() && last != old);
    }
    if added + updated > 0 {
        key.changed(event_of(options), added + updated);
    }
    match last {
        _ if !options.incr => call
            .reply
            .count(if options.ch { added + updated } else { added }),
        Some(score) => call.reply.double(score),
        None => call.reply.null(),
    }
    Ok(())
}

fn event_of(options: Options) -> Event {
    if options.incr {
        event::ZINCR
    } else {
        event::ZADD
    }
}

/// A score as a request has it.
///
/// # Errors
/// [`CommandError::NOT_A_FLOAT`].
pub fn parse_score(text: &[u8]) -> Result<f64, CommandError> {
    double::parse_in_range(text).ok_or(CommandError::NOT_A_FLOAT)
}

/// `ZREM key member [member ...]`: how many there were. <https://redis.io/docs/latest/commands/zrem/>
pub fn zrem(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let members = call.args.from(2);
    let removed = match key.get::<SortedSet>()? {
        Some(set) => members.filter_map(|member| set.remove(member)).count(),
        None => 0,
    };
    if removed > 0 {
        key.changed(event::ZREM, removed);
    }
    call.reply.count(removed);
    Ok(())
}

/// `ZCARD key`. <https://redis.io/docs/latest/commands/zcard/>
pub fn zcard(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    call.reply.count(set.map_or(0, SortedSet::len));
    Ok(())
}

/// `ZSCORE key member`. <https://redis.io/docs/latest/commands/zscore/>
pub fn zscore(call: &mut Call<'_>) -> Outcome {
    let (name, member) = (call.arg(1)?, call.arg(2)?);
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    match set.and_then(|set| set.score(member)) {
        Some(score) => call.reply.double(score),
        None => call.reply.null(),
    }
    Ok(())
}

/// `ZMSCORE key member [member ...]`. <https://redis.io/docs/latest/commands/zmscore/>
pub fn zmscore(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    let members = call.args.from(2);
    call.reply.array(members.len());
    for member in members {
        match set.and_then(|set| set.score(member)) {
            Some(score) => call.reply.double(score),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// `ZRANK key member`: how many have a lower place. <https://redis.io/docs/latest/commands/zrank/>
const ZRANK: Handler = |call| rank(call, false);
/// `ZREVRANK key member`: how many have a higher place. <https://redis.io/docs/latest/commands/zrevrank/>
const ZREVRANK: Handler = |call| rank(call, true);

fn rank(call: &mut Call<'_>, from_highest: bool) -> Outcome {
    let (name, member) = (call.arg(1)?, call.arg(2)?);
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    match set.and_then(|set| Some((set.rank(member)?, set.len()))) {
        Some((rank, length)) if from_highest => call.reply.count(length - 1 - rank),
        Some((rank, _)) => call.reply.count(rank),
        None => call.reply.null(),
    }
    Ok(())
}

/// `ZRANDMEMBER key [count [WITHSCORES]]`: a random member, or up to so many; of a negative count as many as it says, among
/// which some may be the same. <https://redis.io/docs/latest/commands/zrandmember/>
pub fn zrandmember(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    if call.args.len() > 2 {
        return random_members(call, name);
    }
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    match set.and_then(|set| set.nth(random::one(set.len()))) {
        Some((member, _)) => call.reply.bulk(member),
        None => call.reply.null(),
    }
    Ok(())
}

fn random_members(call: &mut Call<'_>, name: &[u8]) -> Outcome {
    let (count, with_scores) = random::count_and_word(call, b"withscores")?;
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    let length = set.map_or(0, SortedSet::len);
    let picks = Picks::new(count, length);
    let size = (picks.len(length), with_scores);
    let all = set.into_iter().flat_map(SortedSet::iter);
    let members = picks.of(all, |number| set?.nth(number));
    random::reply(call.reply, size, members, |reply, (member, score)| {
        reply.bulk(member);
        if with_scores {
            reply.double(score);
        }
    })
}

/// `ZSCAN key cursor [MATCH pattern] [COUNT count]`. <https://redis.io/docs/latest/commands/zscan/>
pub fn zscan(call: &mut Call<'_>) -> Outcome {
    let (name, cursor) = (call.arg(1)?, scan::cursor(call.arg(2)?)?);
    let Some(set) = call.server.db(call.db).read::<SortedSet>(name)? else {
        scan::nothing(call.reply);
        return Ok(());
    };
    let is_packed = set.encoding() == "listpack";
    Scan::parse(call.args, 3, false)?.step(call.reply, |limit, visit| {
        set.scan(cursor, limit, |member, score| {
            let (mut whole, mut text) = ([0; integer::MAX_TEXT], [0; double::MAX_TEXT]);
            let score = match as_packed(score).filter(|_| is_packed) {
                Some(number) => integer::format(&mut whole, number),
                None => double::format(&mut text, score),
            };
            visit(&[member, score]);
        })
    });
    Ok(())
}

/// The score as an integer, where Redis packs it as one: ZSCAN shows what is packed as it is.
fn as_packed(score: f64) -> Option<i64> {
    const MOST: f64 = (i64::MAX / 2) as f64;
    let is_whole = score.abs() <= MOST && score.fract() == 0.0;
    is_whole.then_some(score as i64)
}
