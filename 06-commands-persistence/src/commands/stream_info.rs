//! XINFO: what there is to know of a stream, its groups and their consumers.

use super::help::{container, help};
use super::row::*;
use super::stream::at_least_zero;
use super::stream_group::{group_of_key, wrong_subcommand};
use super::stream_id::{reply_entries, reply_entry, reply_id};
use super::{Call, CommandError, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::stream::Stream;
use crate::keyspace::stream::group::{Consumer, Group, Pending};
use crate::keyspace::stream::id::StreamId;
use crate::keyspace::stream::node::Entry;
use crate::resp::reply::Reply;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH13.plain("xinfo", -2, container, CONTAINER)
        .about("5.0.0", "Tells what is known of streams."),
    CH13.read("xinfo|consumers", 4, consumers, SLOW, NO_KEY)
        .keys(key(2, RO | ACCESS))
        .tips(&["nondeterministic_output"])
        .about("5.0.0", "Lists the consumers of a group."),
    CH13.read("xinfo|groups", 3, groups, SLOW, NO_KEY)
        .keys(key(2, RO | ACCESS))
        .about("5.0.0", "Lists the groups of a stream."),
    CH13.plain("xinfo|help", 2, help, ANYTIME)
        .acl(acl::STREAM)
        .about("5.0.0", "Prints this help."),
    CH13.read("xinfo|stream", -3, stream, SLOW, NO_KEY)
        .keys(key(2, RO | ACCESS))
        .about("5.0.0", "Tells what is known of a stream."),
];

/// So many entries XINFO STREAM FULL lists of each kind, unless another number is given.
const USUAL_COUNT: usize = 10;

/// `XINFO STREAM key [FULL [COUNT count]]`. <https://redis.io/docs/latest/commands/xinfo-stream/>
fn stream(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(2)?;
    let found = call.server.db(call.db).read::<Stream>(name)?;
    // Not found is told before what is wrong with the options.
    if found.is_none() {
        return Err(CommandError::NO_SUCH_KEY);
    }
    let count = parse_full(call)?;
    let found = call.server.db(call.db);
    let stream = found
        .peek::<Stream>(name)?
        .ok_or(CommandError::NO_SUCH_KEY)?;
    let reply = &mut *call.reply;
    reply.map(if count.is_some() { 9 } else { 10 });
    reply.named_integer("length", stream.len() as i64);
    reply.named_integer("radix-tree-keys", stream.nodes() as i64);
    reply.named_integer("radix-tree-nodes", stream.radix_tree_nodes() as i64);
    named_id(reply, "last-generated-id", stream.last_id());
    named_id(reply, "max-deleted-entry-id", stream.max_deleted_id);
    reply.named_integer("entries-added", stream.entries_added.cast_signed());
    named_id(reply, "recorded-first-entry-id", stream.first_id());
    match count {
        Some(count) => {
            reply.bulk(b"entries");
            reply_entries(reply, stream.range(StreamId::MIN, StreamId::MAX), count)?;
            reply.bulk(b"groups");
            reply.array(stream.groups().len());
            for (name, group) in stream.groups() {
                reply_group(reply, name, group, stream.lag(group), count);
            }
        }
        None => {
            reply.named_integer("groups", stream.groups().len() as i64);
            named_entry(reply, "first-entry", stream.first());
            named_entry(reply, "last-entry", stream.last());
        }
    }
    Ok(())
}

/// With FULL, the most entries to list.
fn parse_full(call: &Call<'_>) -> Result<Option<usize>, CommandError> {
    let is = |index, word: &[u8]| {
        let arg = call.args.get(index);
        arg.is_some_and(|arg| arg.eq_ignore_ascii_case(word))
    };
    match call.args.len() {
        3 => Ok(None),
        4 if is(3, b"full") => Ok(Some(USUAL_COUNT)),
        6 if is(3, b"full") && is(4, b"count") => Ok(Some(match call.integer(5)? {
            ..0 => USUAL_COUNT,
            0 => usize::MAX,
            count => at_least_zero(count),
        })),
        _ => Err(wrong_subcommand(call.args)),
    }
}

fn named_id(reply: &mut Reply, name: &str, id: StreamId) {
    reply.bulk(name.as_bytes());
    reply_id(reply, id);
}

fn named_entry(reply: &mut Reply, name: &str, entry: Option<Entry<'_>>) {
    reply.bulk(name.as_bytes());
    match entry {
        Some(entry) => reply_entry(reply, entry),
        None => reply.null(),
    }
}

fn named_number(reply: &mut Reply, name: &str, number: Option<i64>) {
    reply.bulk(name.as_bytes());
    match number {
        Some(number) => reply.integer(number),
        None => reply.null(),
    }
}

/// All that is known of a group, with `count` of the pending entries.
fn reply_group(reply: &mut Reply, name: &[u8], group: &Group, lag: Option<i64>, count: usize) {
    let pending = group.pending();
    reply.map(7);
    reply.bulk(b"name");
    reply.bulk(name);
    named_id(reply, "last-delivered-id", group.last_id);
    named_number(reply, "entries-read", group.entries_read);
    named_number(reply, "lag", lag);
    reply.named_integer("pel-count", pending.len() as i64);
    reply.bulk(b"pending");
    reply.array(pending.len().min(count));
    for (id, pending) in pending.iter().take(count) {
        reply.array(4);
        reply_id(reply, id);
        reply.bulk(&pending.consumer);
        reply_delivery(reply, pending);
    }
    reply.bulk(b"consumers");
    reply.array(group.consumers().len());
    for (name, consumer) in group.consumers() {
        reply_consumer(reply, group, (name, consumer), count);
    }
}

fn reply_consumer(
    reply: &mut Reply,
    group: &Group,
    (name, consumer): (&[u8], &Consumer),
    count: usize,
) {
    let ids = consumer.pending();
    reply.map(4);
    reply.bulk(b"name");
    reply.bulk(name);
    reply.named_integer("seen-time", consumer.seen_at.0);
    reply.named_integer("pel-count", ids.len() as i64);
    reply.bulk(b"pending");
    let pending = ids.iter().take(count);
    let pending = pending.filter_map(|(id, ())| Some((id, group.pending().get(id)?)));
    reply.array(ids.len().min(count));
    for (id, pending) in pending {
        reply.array(3);
        reply_id(reply, id);
        reply_delivery(reply, pending);
    }
}

fn reply_delivery(reply: &mut Reply, pending: &Pending) {
    reply.integer(pending.delivered_at.0);
    reply.integer(pending.deliveries.cast_signed());
}

/// `XINFO GROUPS key`. <https://redis.io/docs/latest/commands/xinfo-groups/>
fn groups(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(2)?;
    let stream = call.server.db(call.db).read::<Stream>(name)?;
    let stream = stream.ok_or(CommandError::NO_SUCH_KEY)?;
    let reply = &mut *call.reply;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        reply.named_integer("consumers", group.consumers().len() as i64);
        reply.named_integer("pending", group.pending().len() as i64);
        named_id(reply, "last-delivered-id", group.last_id);
        named_number(reply, "entries-read", group.entries_read);
        named_number(reply, "lag", stream.lag(group));
    }
    Ok(())
}

/// `XINFO CONSUMERS key group`. <https://redis.io/docs/latest/commands/xinfo-consumers/>
fn consumers(call: &mut Call<'_>) -> Outcome {
    let (name, group) = (call.arg(2)?, call.arg(3)?);
    let stream = call.server.db(call.db).read::<Stream>(name)?;
    let stream = stream.ok_or(CommandError::NO_SUCH_KEY)?;
    let group = stream
        .group(group)
        .ok_or_else(|| group_of_key(group, name))?;
    let reply = &mut *call.reply;
    reply.array(group.consumers().len());
    for (name, consumer) in group.consumers() {
        reply.map(3);
        reply.bulk(b"name");
        reply.bulk(name);
        reply.named_integer("pending", consumer.pending().len() as i64);
        reply.named_integer("idle", idle(consumer.seen_at, call.now));
    }
    Ok(())
}

fn idle(seen_at: UnixMillis, now: UnixMillis) -> i64 {
    now.0.saturating_sub(seen_at.0).max(0)
}
