//! Commands on groups of consumers: to make them, and to see and acknowledge what they have got.

use super::error::quoted;
use super::help::{container, help};
use super::row::*;
use super::stream::at_least_zero;
use super::stream_id::{self, reply_id};
use super::{Call, CommandError, Effect, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::event;
use crate::keyspace::key::KeyMut;
use crate::keyspace::stream::Stream;
use crate::keyspace::stream::group::{Consumer, Group, Pending};
use crate::keyspace::stream::id::StreamId;
use crate::resp::integer;
use crate::resp::queue::Args;
use crate::resp::reply::Reply;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH13.write("xack", -4, xack, FAST, RW | UPDATE)
        .about("5.0.0", "Acknowledges entries: they are done."),
    CH13.plain("xgroup", -2, container, CONTAINER)
        .about("5.0.0", "Makes and changes groups of consumers."),
    CH13.write("xgroup|create", -5, create, DENYOOM, NO_KEY)
        .keys(key(2, RW | INSERT))
        .about("5.0.0", "Makes a group."),
    CH13.write("xgroup|createconsumer", 5, create_consumer, DENYOOM, NO_KEY)
        .keys(key(2, RW | INSERT))
        .about("6.2.0", "Adds a consumer to a group."),
    CH13.write("xgroup|delconsumer", 5, delete_consumer, SLOW, NO_KEY)
        .keys(key(2, RW | DELETE))
        .about("5.0.0", "Removes a consumer from a group."),
    CH13.write("xgroup|destroy", 4, destroy, SLOW, NO_KEY)
        .keys(key(2, RW | DELETE))
        .about("5.0.0", "Removes a group."),
    CH13.plain("xgroup|help", 2, help, ANYTIME)
        .acl(acl::STREAM)
        .about("5.0.0", "Prints this help."),
    CH13.write("xgroup|setid", -5, set_id, SLOW, NO_KEY)
        .keys(key(2, RW | UPDATE))
        .about("5.0.0", "Says which entry a group has got last."),
    CH13.read("xpending", -3, xpending, SLOW, RO | ACCESS)
        .tips(&["nondeterministic_output"])
        .about("5.0.0", "Tells what a group has got and not acknowledged."),
];

const NO_SUCH_STREAM: CommandError = CommandError::new(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
    option to create an empty stream automatically.",
);
const GROUP_EXISTS: CommandError =
    CommandError::new("BUSYGROUP Consumer Group name already exists");
const NEGATIVE_READ: CommandError =
    CommandError::new("ERR value for ENTRIESREAD must be positive or -1");

/// There is no such key, or no such group.
pub fn no_group(name: &[u8], group: &[u8], where_: &str) -> CommandError {
    let (name, group) = (quoted(name, usize::MAX), quoted(group, usize::MAX));
    let parts = [
        b"NOGROUP No such key '",
        name,
        b"' or consumer group '",
        group,
        b"'",
        where_.as_bytes(),
    ];
    CommandError::text(parts.concat())
}

/// Says that a group was changed, in so many ways, and whether it has got a consumer.
pub fn announce(key: &mut KeyMut<'_>, has_new_consumer: bool, changes: usize) {
    let event = has_new_consumer.then_some(event::XGROUP_CREATECONSUMER);
    key.changed_aside(event, changes);
}

/// Writes down who has an entry, of a key's group: the same request gives it to the same consumer, wherever it is executed.
pub fn write_down_claim(
    effect: &mut Effect,
    (name, group): (&[u8], &[u8]),
    last_id: StreamId,
    (id, pending): (StreamId, &Pending),
) {
    if !effect.is_wanted() {
        return;
    }
    effect.instead([
        b"XCLAIM",
        name,
        group,
        &pending.consumer,
        b"0",
        &id.text(),
        b"TIME",
        pending.delivered_at.0.to_string().as_bytes(),
        b"RETRYCOUNT",
        pending.deliveries.to_string().as_bytes(),
        b"FORCE",
        b"JUSTID",
        b"LASTID",
        &last_id.text(),
    ]);
}

/// Writes down what a key's group has got last.
pub fn write_down_last_id(effect: &mut Effect, (name, group_name): (&[u8], &[u8]), group: &Group) {
    let read = group.entries_read.unwrap_or(-1).to_string();
    let (last_id, read) = (group.last_id.text(), read.as_bytes());
    effect.instead([
        b"XGROUP",
        b"SETID",
        name,
        group_name,
        &last_id,
        b"ENTRIESREAD",
        read,
    ]);
}

/// The options behind the fifth argument of XGROUP: whether to make the stream, and how many entries were read.
fn parse_options(call: &Call<'_>, may_make: bool) -> Result<(bool, Option<i64>), CommandError> {
    let (mut make, mut read) = (false, None);
    let mut args = call.args.from(5);
    while let Some(option) = args.next() {
        match option.to_ascii_lowercase().as_slice() {
            b"mkstream" if may_make => make = true,
            b"entriesread" if args.len() > 0 => {
                let number = args.next().and_then(integer::parse);
                read = Some(number.ok_or(CommandError::NOT_AN_INTEGER)?);
                if read.is_some_and(|read| read < -1) {
                    return Err(NEGATIVE_READ);
                }
            }
            _ => return Err(wrong_subcommand(call.args)),
        }
    }
    Ok((make, read.filter(|read| *read >= 0)))
}

/// A subcommand has arguments that it does not understand.
pub fn wrong_subcommand(args: Args<'_>) -> CommandError {
    let arg = |index| args.get(index).unwrap_or_default();
    let container = String::from_utf8_lossy(arg(0)).to_ascii_uppercase();
    let advice = format!("'. Try {container} HELP.");
    let text = b"ERR unknown subcommand or wrong number of arguments for '";
    CommandError::text([text, quoted(arg(1), 128), advice.as_bytes()].concat())
}

/// `XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD count]`.
/// <https://redis.io/docs/latest/commands/xgroup-create/>
fn create(call: &mut Call<'_>) -> Outcome {
    let (name, group, id) = (call.arg(2)?, call.arg(3)?, call.arg(4)?);
    let (make, read) = parse_options(call, true)?;
    let mut key = call.server.db(call.db).for_write(name);
    let stream = key.get::<Stream>()?;
    if stream.is_none() && !make {
        return Err(NO_SUCH_STREAM);
    }
    if call.args.len() > 8 {
        return Err(wrong_subcommand(call.args));
    }
    // Here `-` and `+` are no ids, unlike in SETID.
    let last_id = match id {
        b"$" => stream.map_or(StreamId::MIN, |stream| stream.last_id()),
        id => stream_id::parse(id, 0)?,
    };
    let stream: &mut Stream = key.get_or_create()?;
    if !stream.add_group(group, Group::new(last_id, read)) {
        return Err(GROUP_EXISTS);
    }
    key.changed(event::XGROUP_CREATE, 1);
    call.reply.simple("OK");
    Ok(())
}

/// The stream of a key that has this group.
fn stream_with_group<'k>(
    key: &'k mut KeyMut<'_>,
    group: &[u8],
) -> Result<&'k mut Stream, CommandError> {
    let name = key.key();
    let stream = key.get::<Stream>()?.ok_or(NO_SUCH_STREAM)?;
    if stream.group(group).is_none() {
        return Err(group_of_key(group, name));
    }
    Ok(stream)
}

/// The key has no such group.
pub fn group_of_key(group: &[u8], name: &[u8]) -> CommandError {
    let (group, name) = (quoted(group, usize::MAX), quoted(name, usize::MAX));
    let parts = [
        b"NOGROUP No such consumer group '",
        group,
        b"' for key name '",
        name,
        b"'",
    ];
    CommandError::text(parts.concat())
}

/// `XGROUP SETID key group id | $ [ENTRIESREAD count]`. <https://redis.io/docs/latest/commands/xgroup-setid/>
fn set_id(call: &mut Call<'_>) -> Outcome {
    let (name, group, id) = (call.arg(2)?, call.arg(3)?, call.arg(4)?);
    let (_, read) = parse_options(call, false)?;
    let mut key = call.server.db(call.db).for_write(name);
    let stream = stream_with_group(&mut key, group)?;
    if call.args.len() > 7 {
        return Err(wrong_subcommand(call.args));
    }
    let last_id = match id {
        b"$" => stream.last_id(),
        id => stream_id::parse_or_edge(id, 0)?,
    };
    if let Some(group) = stream.group_mut(group) {
        (group.last_id, group.entries_read) = (last_id, read);
    }
    key.changed_aside(Some(event::XGROUP_SETID), 1);
    call.reply.simple("OK");
    Ok(())
}

/// `XGROUP DESTROY key group`: 1 if there was one. <https://redis.io/docs/latest/commands/xgroup-destroy/>
fn destroy(call: &mut Call<'_>) -> Outcome {
    let (name, group) = (call.arg(2)?, call.arg(3)?);
    let mut key = call.server.db(call.db).for_write(name);
    let stream = key.get::<Stream>()?.ok_or(NO_SUCH_STREAM)?;
    let existed = stream.remove_group(group);
    if existed {
        // Who waits for its entries is told by that.
        key.changed(event::XGROUP_DESTROY, 1);
    }
    call.reply.integer(existed.into());
    Ok(())
}

/// `XGROUP CREATECONSUMER key group consumer`: 1 if it is new.
/// <https://redis.io/docs/latest/commands/xgroup-createconsumer/>
fn create_consumer(call: &mut Call<'_>) -> Outcome {
    let (name, group, consumer) = (call.arg(2)?, call.arg(3)?, call.arg(4)?);
    let mut key = call.server.db(call.db).for_write(name);
    let group = stream_with_group(&mut key, group)?.group_mut(group);
    let new = Consumer::new(call.now);
    let is_new = group.is_some_and(|group| group.add_consumer(consumer, new));
    if is_new {
        announce(&mut key, true, 1);
    }
    call.reply.integer(is_new.into());
    Ok(())
}

/// `XGROUP DELCONSUMER key group consumer`: how many entries it had.
/// <https://redis.io/docs/latest/commands/xgroup-delconsumer/>
fn delete_consumer(call: &mut Call<'_>) -> Outcome {
    let (name, group, consumer) = (call.arg(2)?, call.arg(3)?, call.arg(4)?);
    let mut key = call.server.db(call.db).for_write(name);
    let group = stream_with_group(&mut key, group)?.group_mut(group);
    let had = group.and_then(|group| group.remove_consumer(consumer));
    if had.is_some() {
        key.changed_aside(Some(event::XGROUP_DELCONSUMER), 1);
    }
    call.reply.count(had.unwrap_or(0));
    Ok(())
}

/// `XACK key group id [id ...]`: how many of them somebody had. <https://redis.io/docs/latest/commands/xack/>
fn xack(call: &mut Call<'_>) -> Outcome {
    let (name, group) = (call.arg(1)?, call.arg(2)?);
    let mut key = call.server.db(call.db).for_write(name);
    let stream = key.get::<Stream>()?;
    let Some(group) = stream.and_then(|stream| stream.group_mut(group)) else {
        call.reply.integer(0);
        return Ok(());
    };
    // A wrong one is told before any is acknowledged.
    let ids: Result<Vec<_>, _> = call
        .args
        .from(3)
        .map(|id| stream_id::parse(id, 0))
        .collect();
    let had = ids?
        .into_iter()
        .filter(|id| group.acknowledge(*id).is_some());
    let acknowledged = had.count();
    key.changed_aside(None, acknowledged);
    call.reply.count(acknowledged);
    Ok(())
}

/// Which pending entries XPENDING is to list.
struct Listed<'a> {
    from: StreamId,
    to: StreamId,
    count: usize,
    /// For at least so many milliseconds nobody has asked for them.
    idle: i64,
    consumer: Option<&'a [u8]>,
}

impl<'a> Listed<'a> {
    fn parse(call: &Call<'a>) -> Result<Self, CommandError> {
        let has_idle = call.arg(3)?.eq_ignore_ascii_case(b"idle");
        let idle = if has_idle { call.integer(4)? } else { 0 };
        if has_idle && call.args.len() < 8 {
            return Err(CommandError::SYNTAX);
        }
        let start = if has_idle { 5 } else { 3 };
        Ok(Self {
            count: at_least_zero(call.integer(start + 2)?),
            from: stream_id::parse_start(call.arg(start)?)?,
            to: stream_id::parse_end(call.arg(start + 1)?)?,
            idle,
            consumer: call.args.get(start + 3),
        })
    }
}

/// `XPENDING key group [[IDLE milliseconds] start end count [consumer]]`: a summary, or a list.
/// <https://redis.io/docs/latest/commands/xpending/>
fn xpending(call: &mut Call<'_>) -> Outcome {
    let (name, group) = (call.arg(1)?, call.arg(2)?);
    let listed = match call.args.len() {
        3 => None,
        6..=9 => Some(Listed::parse(call)?),
        _ => return Err(CommandError::SYNTAX),
    };
    let stream = call.server.db(call.db).read::<Stream>(name)?;
    let found = stream.and_then(|stream| stream.group(group));
    let group = found.ok_or_else(|| no_group(name, group, ""))?;
    match listed {
        Some(listed) => list_pending(call.reply, group, &listed, call.now),
        None => summarize(call.reply, group),
    }
    Ok(())
}

/// How many entries are pending, the first and the last one, and how many each consumer has.
fn summarize(reply: &mut Reply, group: &Group) {
    let pending = group.pending();
    reply.array(4);
    reply.count(pending.len());
    let (Some((first, _)), Some((last, _))) = (pending.first(), pending.last()) else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    reply_id(reply, first);
    reply_id(reply, last);
    let with_some = || {
        group
            .consumers()
            .filter(|(_, consumer)| !consumer.pending().is_empty())
    };
    reply.array(with_some().count());
    for (name, consumer) in with_some() {
        reply.array(2);
        reply.bulk(name);
        reply.bulk(consumer.pending().len().to_string().as_bytes());
    }
}

fn list_pending(reply: &mut Reply, group: &Group, listed: &Listed<'_>, now: UnixMillis) {
    let consumer = listed.consumer.map(|name| group.consumer(name));
    let idle = |pending: &Pending| now.0.wrapping_sub(pending.delivered_at.0);
    let is_listed =
        |(_, pending): &(StreamId, &Pending)| listed.idle == 0 || idle(pending) >= listed.idle;
    let all = consumer
        .is_none()
        .then(|| group.pending().range(listed.from, listed.to));
    let own = consumer
        .flatten()
        .map(|consumer| consumer.pending().range(listed.from, listed.to));
    let own = own.into_iter().flatten();
    let own = own.filter_map(|(id, ())| Some((id, group.pending().get(id)?)));
    let found: Vec<_> = all
        .into_iter()
        .flatten()
        .chain(own)
        .filter(is_listed)
        .take(listed.count)
        .collect();
    reply.array(found.len());
    for (id, pending) in found {
        reply.array(4);
        reply_id(reply, id);
        reply.bulk(&pending.consumer);
        reply.integer(idle(pending).max(0));
        reply.integer(pending.deliveries.cast_signed());
    }
}
