//! Commands on sets.

use super::row::*;
use super::{Call, Outcome};
use crate::keyspace::event;
use crate::keyspace::set::Set;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("sadd", -3, sadd, DENYOOM | FAST | BRIEF, RW | INSERT)
        .about("1.0.0", "Adds members to a set."),
    CH0.read("scard", 2, scard, FAST | BRIEF, RO)
        .about("1.0.0", "Counts the members of a set."),
    CH0.read("sismember", 3, sismember, FAST | BRIEF, RO)
        .about("1.0.0", "Tells whether something is a member of a set."),
    CH0.read("smembers", 2, smembers, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output_order"])
        .about("1.0.0", "Gives all members of a set."),
    CH0.write("srem", -3, srem, FAST | BRIEF, RW | DELETE)
        .about("1.0.0", "Removes members from a set."),
];

/// `SADD key member [member ...]`: how many are new. <https://redis.io/docs/latest/commands/sadd/>
pub fn sadd(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let set: &mut Set = key.get_or_create()?;
    let members = call.args.from(2);
    let added = members.filter(|member| set.insert(member)).count();
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
    call.reply.set(set.map_or(0, Set::len));
    for member in set.into_iter().flat_map(Set::iter) {
        call.reply.bulk(member);
    }
    Ok(())
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
