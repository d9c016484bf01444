//! Commands on sets.

use super::algebra::{self, Nothing, Source};
use super::random::{self, Picks};
use super::row::*;
use super::scan::{self, Scan};
use super::{Call, CommandError, Outcome};
use crate::keyspace::db::DbMut;
use crate::keyspace::event::{self, Event};
use crate::keyspace::set::Set;
use crate::resp::{integer, queue::Args, reply::Reply};
use crate::small_bytes::SmallBytes;
use std::ops::ControlFlow::Continue;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("sadd", -3, sadd, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("1.0.0", "Adds members to a set."),
    CH0.read("scard", 2, scard, FAST | BRIEF, RO)
        .about("1.0.0", "Counts the members of a set."),
    CH3.read("sdiff", -2, sdiff, SLOW, RO | ACCESS)
        .to(-1)
        .tips(&["nondeterministic_output_order"])
        .about("1.0.0", "Gives what is in the first set only."),
    CH3.write("sdiffstore", -3, sdiffstore, DENYOOM, OW | UPDATE)
        .keys(key(2, RO | ACCESS))
        .to(-1)
        .about("1.0.0", "Keeps what is in the first set only."),
    CH3.read("sinter", -2, sinter, SLOW, RO | ACCESS)
        .to(-1)
        .tips(&["nondeterministic_output_order"])
        .about("1.0.0", "Gives what is in all of several sets."),
    CH3.read("sintercard", -3, sintercard, SLOW, NO_KEY)
        .keys(counted(1, RO | ACCESS))
        .about("7.0.0", "Counts what is in all of several sets."),
    CH3.write("sinterstore", -3, sinterstore, DENYOOM, RW | UPDATE)
        .keys(key(2, RO | ACCESS))
        .to(-1)
        .about("1.0.0", "Keeps what is in all of several sets."),
    CH0.read("sismember", 3, sismember, FAST | BRIEF, RO)
        .about("1.0.0", "Tells whether something is a member of a set."),
    CH0.read("smembers", 2, smembers, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output_order"])
        .about("1.0.0", "Gives all members of a set."),
    CH3.read("smismember", -3, smismember, FAST | BRIEF, RO | ACCESS)
        .about("6.2.0", "Tells of several things whether they are members."),
    CH3.write("smove", 4, smove, FAST | BRIEF, TAKE)
        .keys(key(2, RW | INSERT))
        .about("1.0.0", "Moves a member from one set to another."),
    CH3.write("spop", -2, spop, FAST, TAKE)
        .tips(&["nondeterministic_output"])
        .about("1.0.0", "Takes random members out of a set."),
    CH3.read("srandmember", -2, srandmember, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("1.0.0", "Gives random members of a set."),
    CH0.write("srem", -3, srem, FAST | BRIEF, RW | DELETE)
        .about("1.0.0", "Removes members from a set."),
    CH3.read("sscan", -3, sscan, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("2.8.0", "Gives the members of a set in steps."),
    CH3.read("sunion", -2, sunion, SLOW, RO | ACCESS)
        .to(-1)
        .tips(&["nondeterministic_output_order"])
        .about("1.0.0", "Gives what is in any of several sets."),
    CH3.write("sunionstore", -3, sunionstore, DENYOOM, OW | UPDATE)
        .keys(key(2, RO | ACCESS))
        .to(-1)
        .about("1.0.0", "Keeps what is in any of several sets."),
];

/// `SADD key member [member ...]`: how many are new. <https://redis.io/docs/latest/commands/sadd/>
pub fn sadd(call: &mut Call<'_>) -> Outcome {
    let (name, limits) = (call.arg(1)?, call.server.limits);
    let mut key = call.server.db(call.db).for_write(name);
    let set: &mut Set = key.get_or_create()?;
    let members = call.args.from(2);
    let added = members.filter(|member| set.insert(member, &limits)).count();
    if added > 0 {
        key.changed(event::SADD, added);
    }
    call.reply.count(added);
    Ok(())
}

/// `SREM key member [member ...]`: how many there were. <https://redis.io/docs/latest/commands/srem/>
pub fn srem(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let members = call.args.from(2);
    let removed = match key.get::<Set>()? {
        Some(set) => members.filter(|member| set.remove(member)).count(),
        None => 0,
    };
    if removed > 0 {
        key.changed(event::SREM, removed);
    }
    call.reply.count(removed);
    Ok(())
}

/// `SMEMBERS key`: all members, in no order. <https://redis.io/docs/latest/commands/smembers/>
pub fn smembers(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<Set>(name)?;
    write_all(call.reply, set);
    Ok(())
}

fn write_all(reply: &mut Reply, set: Option<&Set>) {
    reply.set(set.map_or(0, Set::len));
    for member in set.into_iter().flat_map(Set::iter) {
        reply.bulk(&member);
    }
}

/// `SISMEMBER key member`: 1 or 0. <https://redis.io/docs/latest/commands/sismember/>
pub fn sismember(call: &mut Call<'_>) -> Outcome {
    let (name, member) = (call.arg(1)?, call.arg(2)?);
    let set = call.server.db(call.db).read::<Set>(name)?;
    let is_member = set.is_some_and(|set| set.contains(member));
    call.reply.integer(i64::from(is_member));
    Ok(())
}

/// `SCARD key`: how many members. <https://redis.io/docs/latest/commands/scard/>
pub fn scard(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<Set>(name)?;
    call.reply.count(set.map_or(0, Set::len));
    Ok(())
}

/// `SMISMEMBER key member [member ...]`: 1 or 0 for each. <https://redis.io/docs/latest/commands/smismember/>
pub fn smismember(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<Set>(name)?;
    call.reply.array(call.args.len() - 2);
    for member in call.args.from(2) {
        let is_member = set.is_some_and(|set| set.contains(member));
        call.reply.integer(i64::from(is_member));
    }
    Ok(())
}

/// `SMOVE source destination member`: 1 if it was in the source. <https://redis.io/docs/latest/commands/smove/>
pub fn smove(call: &mut Call<'_>) -> Outcome {
    let (from, to, member) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let mut source = call.server.db(call.db).for_write(from);
    let is_member = source.get::<Set>()?.map(|set| set.contains(member));
    drop(source);
    // Without a source nobody asks what the destination is.
    if is_member.is_some() {
        call.server.db(call.db).for_write(to).get::<Set>()?;
    }
    let moves = is_member.unwrap_or(false);
    if moves && from != to {
        take_from(call, from, member)?;
        add_to(call, to, member)?;
    }
    call.reply.integer(i64::from(moves));
    Ok(())
}

fn take_from(call: &mut Call<'_>, name: &[u8], member: &[u8]) -> Outcome {
    let mut key = call.server.db(call.db).for_write(name);
    key.get::<Set>()?.map(|set| set.remove(member));
    key.changed(event::SREM, 1);
    Ok(())
}

fn add_to(call: &mut Call<'_>, name: &[u8], member: &[u8]) -> Outcome {
    let limits = call.server.limits;
    let mut key = call.server.db(call.db).for_write(name);
    if key.get_or_create::<Set>()?.insert(member, &limits) {
        key.changed(event::SADD, 1);
    }
    Ok(())
}

/// `SPOP key [count]`: takes one random member, or up to so many. <https://redis.io/docs/latest/commands/spop/>
pub fn spop(call: &mut Call<'_>) -> Outcome {
    match call.args.len() {
        2 => pop_one(call),
        3 => pop_many(call),
        _ => Err(CommandError::SYNTAX),
    }
}

fn pop_one(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let popped = key.get::<Set>()?.and_then(|set| {
        let member = set.nth(random::one(set.len()))?.to_vec();
        set.remove(&member).then_some(member)
    });
    let Some(member) = popped else {
        call.reply.null();
        return Ok(());
    };
    key.changed(event::SPOP, 1);
    call.reply.bulk(&member);
    call.effect.instead([b"SREM", name, &member]);
    Ok(())
}

fn pop_many(call: &mut Call<'_>) -> Outcome {
    let count = integer::parse(call.arg(2)?).filter(|count| *count >= 0);
    let count = count.ok_or(CommandError::NOT_POSITIVE)?;
    let (name, limits) = (call.arg(1)?, call.server.limits);
    let mut key = call.server.db(call.db).for_write(name);
    let Some(set) = key.get::<Set>()? else {
        call.reply.set(0);
        return Ok(());
    };
    let picks = Picks::new(count, set.len());
    let takes_all = matches!(picks, Picks::All);
    let members = picks.of(set.iter(), |number| set.nth(number));
    let members: Vec<SmallBytes> = members.map(|member| (*member).into()).collect();
    call.reply.set(members.len());
    members.iter().for_each(|member| call.reply.bulk(member));
    if !members.is_empty() {
        key.changed(event::SPOP, members.len());
    }
    if takes_all {
        key.remove();
        key.changed(event::DEL, 0);
        call.effect.instead([b"DEL", name]);
        return Ok(());
    }
    if let Some(set) = key.get::<Set>()? {
        set.remove_all(&members, &limits);
    }
    for member in &members {
        call.effect.instead([b"SREM", name, member]);
    }
    Ok(())
}

/// `SRANDMEMBER key [count]`: a random member, or up to so many; of a negative count as many as it says, among which some may
/// be the same. <https://redis.io/docs/latest/commands/srandmember/>
pub fn srandmember(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 3 {
        return Err(CommandError::SYNTAX);
    }
    let name = call.arg(1)?;
    let count = call.args.get(2).map(|_| random::count(call, 2));
    let count = count.transpose()?;
    let set = call.server.db(call.db).read::<Set>(name)?;
    let Some(count) = count else {
        match set.and_then(|set| set.nth(random::one(set.len()))) {
            Some(member) => call.reply.bulk(&member),
            None => call.reply.null(),
        }
        return Ok(());
    };
    let length = set.map_or(0, Set::len);
    let picks = Picks::new(count, length);
    let size = (picks.len(length), false);
    let all = set.into_iter().flat_map(Set::iter);
    let members = picks.of(all, |number| set?.nth(number));
    random::reply(call.reply, size, members, |reply, member| {
        reply.bulk(&member);
    })
}

/// `SSCAN key cursor [MATCH pattern] [COUNT count]`. <https://redis.io/docs/latest/commands/sscan/>
pub fn sscan(call: &mut Call<'_>) -> Outcome {
    let (name, cursor) = (call.arg(1)?, scan::cursor(call.arg(2)?)?);
    let Some(set) = call.server.db(call.db).read::<Set>(name)? else {
        scan::nothing(call.reply);
        return Ok(());
    };
    Scan::parse(call.args, 3, false)?.step(call.reply, |limit, visit| {
        set.scan(cursor, limit, |member| visit(&[member]))
    });
    Ok(())
}

/// `SINTER key [key ...]`: what is in all of these sets. <https://redis.io/docs/latest/commands/sinter/>
pub fn sinter(call: &mut Call<'_>) -> Outcome {
    give(call, intersect)
}

/// `SDIFF key [key ...]`: what is in the first set and in no other. <https://redis.io/docs/latest/commands/sdiff/>
pub fn sdiff(call: &mut Call<'_>) -> Outcome {
    give(call, subtract)
}

/// `SUNION key [key ...]`: what is in any of these sets. <https://redis.io/docs/latest/commands/sunion/>
pub fn sunion(call: &mut Call<'_>) -> Outcome {
    let union = collect(call, 1, unite)?;
    write_all(call.reply, Some(&union));
    Ok(())
}

/// `SINTERSTORE destination key [key ...]`: how many members. <https://redis.io/docs/latest/commands/sinterstore/>
pub fn sinterstore(call: &mut Call<'_>) -> Outcome {
    store(call, intersect, event::SINTERSTORE)
}

/// `SDIFFSTORE destination key [key ...]`: how many members. <https://redis.io/docs/latest/commands/sdiffstore/>
pub fn sdiffstore(call: &mut Call<'_>) -> Outcome {
    store(call, subtract, event::SDIFFSTORE)
}

/// `SUNIONSTORE destination key [key ...]`: how many members. <https://redis.io/docs/latest/commands/sunionstore/>
pub fn sunionstore(call: &mut Call<'_>) -> Outcome {
    store(call, unite, event::SUNIONSTORE)
}

/// `SINTERCARD numkeys key [key ...] [LIMIT limit]`: how many members are in all of these sets, counted up to the limit.
/// <https://redis.io/docs/latest/commands/sintercard/>
pub fn sintercard(call: &mut Call<'_>) -> Outcome {
    let keys = algebra::count_of_keys(call, 1)?;
    let limit = algebra::limit(call, 2 + keys)?;
    let mut db = call.server.db(call.db);
    let mut sets = sources(&mut db, call.args.from(2).take(keys))?;
    let size = algebra::intersection_size(&mut sets, limit);
    call.reply.count(size);
    Ok(())
}

/// Shows what is in some of the sets of these keys, for some operation; maybe more than once.
type Combine = fn(&mut DbMut<'_>, Args<'_>, &mut dyn FnMut(&[u8])) -> Outcome;

fn intersect(db: &mut DbMut<'_>, keys: Args<'_>, show: &mut dyn FnMut(&[u8])) -> Outcome {
    let mut sets = sources(db, keys.from(0))?;
    algebra::intersection(&mut sets, algebra::sum, &mut |member, _| {
        show(member);
        Continue(())
    });
    Ok(())
}

fn subtract(db: &mut DbMut<'_>, keys: Args<'_>, show: &mut dyn FnMut(&[u8])) -> Outcome {
    algebra::difference(&sources(db, keys.from(0))?, |member, _| show(member));
    Ok(())
}

fn unite(db: &mut DbMut<'_>, keys: Args<'_>, show: &mut dyn FnMut(&[u8])) -> Outcome {
    for source in sources(db, keys.from(0))? {
        let _ = source.members.each(&mut |member, _| {
            show(member);
            Continue(())
        });
    }
    Ok(())
}

/// The sets of these keys. All of them count as looked up.
fn sources<'d, 'k>(
    db: &'d mut DbMut<'_>,
    keys: impl Iterator<Item = &'k [u8]> + Clone,
) -> Result<Vec<Source<'d>>, CommandError> {
    db.touch(keys.clone());
    let db = &*db;
    let source = |key| match db.peek::<Set>(key)? {
        Some(set) => Ok(Source::new(set)),
        None => Ok(Source::new(&Nothing)),
    };
    keys.map(source).collect()
}

/// Replies with what the operation shows, once each, of the sets that the arguments name.
fn give(call: &mut Call<'_>, combine: Combine) -> Outcome {
    let start = call.reply.mark();
    let mut count = 0;
    let mut db = call.server.db(call.db);
    combine(&mut db, call.args.skip(1), &mut |member| {
        call.reply.bulk(member);
        count += 1;
    })?;
    call.reply.put_before(start, |head| head.set(count));
    Ok(())
}

/// What comes of the sets that the arguments from `first` on name.
fn collect(call: &mut Call<'_>, first: usize, combine: Combine) -> Result<Set, CommandError> {
    let (mut result, limits) = (Set::default(), call.server.limits);
    let mut db = call.server.db(call.db);
    combine(&mut db, call.args.skip(first), &mut |member| {
        result.insert(member, &limits);
    })?;
    Ok(result)
}

/// Keeps what comes of the sets under the first key, which goes if nothing does.
fn store(call: &mut Call<'_>, combine: Combine, event: Event) -> Outcome {
    let name = call.arg(1)?;
    let result = collect(call, 2, combine)?;
    call.reply.count(result.len());
    let mut key = call.server.db(call.db).for_write(name);
    if !result.is_empty() {
        key.set(result.into(), None);
        key.changed(event, 1);
    } else if key.remove() {
        key.changed(event::DEL, 1);
    }
    Ok(())
}
