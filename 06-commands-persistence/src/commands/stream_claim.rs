//! XCLAIM and XAUTOCLAIM: entries that one consumer has got are given to another.

use super::row::*;
use super::stream::at_least_zero;
use super::stream_group::{announce, no_group, write_down_claim, write_down_last_id};
use super::stream_id::{self, reply_id};
use super::{Call, CommandError, Effect, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::stream::Stream;
use crate::keyspace::stream::group::{Group, Pending};
use crate::keyspace::stream::id::StreamId;
use crate::resp::integer;
use crate::resp::reply::Reply;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH13.write("xautoclaim", -6, xautoclaim, FAST, RW | DELETE)
        .tips(&["nondeterministic_output"])
        .about("6.2.0", "Takes over entries that are pending for long."),
    CH13.write("xclaim", -6, xclaim, FAST, RW | UPDATE)
        .tips(&["nondeterministic_output"])
        .about("5.0.0", "Takes over entries that another consumer has."),
];

const INVALID_COUNT: CommandError = CommandError::new("ERR COUNT must be > 0");

/// An argument that XCLAIM or XAUTOCLAIM wants as a number.
fn invalid(argument: &str, call: &Call<'_>) -> CommandError {
    let command = call.command.name.to_ascii_uppercase();
    CommandError::text(format!("ERR Invalid {argument} argument for {command}"))
}

/// The fifth argument: for how long nobody must have asked for an entry.
fn parse_min_idle(call: &Call<'_>) -> Result<i64, CommandError> {
    let idle = integer::parse(call.arg(4)?);
    Ok(idle.ok_or_else(|| invalid("min-idle-time", call))?.max(0))
}

/// How entries are claimed.
struct Claim<'a> {
    group: &'a [u8],
    consumer: &'a [u8],
    /// For so many milliseconds nobody must have asked for them.
    min_idle: i64,
    now: UnixMillis,
    /// When they count as delivered.
    delivered_at: UnixMillis,
    /// How often they count as delivered, where it is said.
    deliveries: Option<u64>,
    /// `FORCE`: also those that nobody has.
    force: bool,
    /// `JUSTID`: the reply has ids only, and the entries do not count as delivered once more.
    just_id: bool,
}

impl Claim<'_> {
    /// Gives an entry that is there to the consumer, if it is pending for long enough. Whether it was, and then whether the
    /// consumer is new.
    fn take(&self, group: &mut Group, id: StreamId) -> Option<bool> {
        let deliveries = match group.pending().get(id) {
            Some(held) => {
                let idle = self.now.0.wrapping_sub(held.delivered_at.0);
                if self.min_idle > 0 && idle < self.min_idle {
                    return None;
                }
                held.deliveries
            }
            None if self.force => 1,
            None => return None,
        };
        let is_new = group.see(self.consumer, self.now);
        let once_more = deliveries.saturating_add(u64::from(!self.just_id));
        let pending = Pending {
            consumer: self.consumer.into(),
            delivered_at: self.delivered_at,
            deliveries: self.deliveries.unwrap_or(once_more),
        };
        group.assign(id, pending);
        Some(is_new)
    }

    /// Replies with an entry that was taken.
    fn reply(&self, reply: &mut Reply, stream: &Stream, id: StreamId) {
        match stream.get(id) {
            Some(entry) if !self.just_id => stream_id::reply_entry(reply, entry),
            _ => reply_id(reply, id),
        }
    }
}

/// What became of an entry that was to be claimed.
enum Claimed {
    /// It is the consumer's now, who may be new.
    Taken(bool),
    /// It was deleted from the stream, and is not pending any more.
    Gone,
    /// Nothing.
    Left,
}

/// Claims an entry, replies with it, and writes it down.
fn claim(
    claim: &Claim<'_>,
    stream: &mut Stream,
    id: StreamId,
    (reply, effect, name): (&mut Reply, &mut Effect, &[u8]),
) -> Claimed {
    let exists = stream.get(id).is_some();
    let Some(group) = stream.group_mut(claim.group) else {
        return Claimed::Left;
    };
    let (names, last_id) = ((name, claim.group), group.last_id);
    if !exists {
        return match group.acknowledge(id) {
            Some(pending) => {
                write_down_claim(effect, names, last_id, (id, &pending));
                Claimed::Gone
            }
            None => Claimed::Left,
        };
    }
    let Some(is_new) = claim.take(group, id) else {
        return Claimed::Left;
    };
    if let Some(pending) = group.pending().get(id) {
        write_down_claim(effect, names, last_id, (id, pending));
    }
    claim.reply(reply, stream, id);
    Claimed::Taken(is_new)
}

/// `XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-ms] [RETRYCOUNT count] [FORCE] [JUSTID]
/// [LASTID id]`: those that it got. <https://redis.io/docs/latest/commands/xclaim/>
pub fn xclaim(call: &mut Call<'_>) -> Outcome {
    let (name, group) = (call.arg(1)?, call.arg(2)?);
    let mut key = call.server.db(call.db).for_write(name);
    let has_group = key
        .get::<Stream>()?
        .is_some_and(|stream| stream.group(group).is_some());
    drop(key);
    if !has_group {
        return Err(no_group(name, group, ""));
    }
    let (request, ids, last_id) = parse_xclaim(call)?;
    call.effect.nothing();
    let mut key = call.server.db(call.db).for_write(name);
    let Some(stream) = key.get::<Stream>()? else {
        return Ok(());
    };
    let mut must_tell = false;
    if let Some(group) = stream
        .group_mut(group)
        .filter(|group| last_id > group.last_id)
    {
        group.last_id = last_id;
        must_tell = true;
    }
    let (mut changes, mut has_new) = (0, false);
    let effect = &mut call.effect;
    stream_id::reply_counted(call.reply, |reply| {
        let mut taken = 0;
        for id in ids {
            match claim(&request, stream, id, (&mut *reply, &mut *effect, name)) {
                Claimed::Taken(is_new) => {
                    taken += 1;
                    has_new |= is_new;
                }
                Claimed::Gone => {}
                Claimed::Left => continue,
            }
            changes += 1;
        }
        Ok::<usize, CommandError>(taken)
    })?;
    if let (true, 0, Some(held)) = (must_tell, changes, stream.group(group)) {
        write_down_last_id(effect, (name, group), held);
        changes = 1;
    }
    if changes > 0 {
        announce(&mut key, has_new, changes);
    }
    Ok(())
}

/// How to claim, which entries, and the id up to which the group has got entries at least.
fn parse_xclaim<'a>(call: &Call<'a>) -> Result<(Claim<'a>, Vec<StreamId>, StreamId), CommandError> {
    let mut claim = Claim {
        group: call.arg(2)?,
        consumer: call.arg(3)?,
        min_idle: parse_min_idle(call)?,
        now: call.now,
        delivered_at: call.now,
        deliveries: None,
        force: false,
        just_id: false,
    };
    let mut args = call.args.from(5);
    let parsed = args.clone().map_while(|arg| stream_id::parse(arg, 0).ok());
    let ids: Vec<StreamId> = parsed.collect();
    let mut last_id = StreamId::MIN;
    if let Some(last) = ids.len().checked_sub(1) {
        args.nth(last);
    }
    while let Some(option) = args.next() {
        let name = option.to_ascii_uppercase();
        match name.as_slice() {
            b"FORCE" => claim.force = true,
            b"JUSTID" => claim.just_id = true,
            b"IDLE" | b"TIME" | b"RETRYCOUNT" if args.len() > 0 => {
                let number = args.next().and_then(integer::parse);
                let name = String::from_utf8_lossy(&name);
                let number = number.ok_or_else(|| invalid(&format!("{name} option"), call))?;
                match &*name {
                    "RETRYCOUNT" => claim.deliveries = u64::try_from(number).ok(),
                    "IDLE" => claim.delivered_at = sane(call.now.0.wrapping_sub(number), call.now),
                    _ => claim.delivered_at = sane(number, call.now),
                }
            }
            b"LASTID" if args.len() > 0 => {
                last_id = stream_id::parse(args.next().unwrap_or_default(), 0)?;
            }
            _ => {
                let option = super::error::quoted(option, usize::MAX);
                let text = [b"ERR Unrecognized XCLAIM option '", option, b"'"].concat();
                return Err(CommandError::text(text));
            }
        }
    }
    Ok((claim, ids, last_id))
}

/// A time that lies in the past. Clocks differ, so that another one is no error: it is now.
fn sane(millis: i64, now: UnixMillis) -> UnixMillis {
    if (0..=now.0).contains(&millis) {
        UnixMillis(millis)
    } else {
        now
    }
}

/// `XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]`: where to go on, what it got, and what was
/// deleted meanwhile. <https://redis.io/docs/latest/commands/xautoclaim/>
pub fn xautoclaim(call: &mut Call<'_>) -> Outcome {
    let (name, group, consumer) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let min_idle = parse_min_idle(call)?;
    let start = stream_id::parse_start(call.arg(5)?)?;
    let (mut count, just_id) = parse_autoclaim(call)?;
    let mut key = call.server.db(call.db).for_write(name);
    let stream = key
        .get::<Stream>()?
        .filter(|stream| stream.group(group).is_some());
    let stream = stream.ok_or_else(|| no_group(name, group, ""))?;
    let request = Claim {
        group,
        consumer,
        min_idle,
        now: call.now,
        delivered_at: call.now,
        deliveries: None,
        force: false,
        just_id,
    };
    call.effect.nothing();
    let effect = &mut call.effect;
    let attempts = count.saturating_mul(ATTEMPTS);
    let (mut changes, mut has_new) = (0, false);
    let (mut next, mut gone) = (Some(start), Vec::new());
    let mut found = Reply::new(call.reply.protocol());
    stream_id::reply_counted(&mut found, |reply| {
        let mut taken = 0;
        for _ in 0..attempts {
            let id = next.and_then(|next| first_pending(stream, group, next));
            let Some(id) = id.filter(|_| count > 0) else {
                break;
            };
            next = id.next();
            match claim(&request, stream, id, (&mut *reply, &mut *effect, name)) {
                Claimed::Taken(is_new) => {
                    taken += 1;
                    has_new |= is_new;
                }
                Claimed::Gone => gone.push(id),
                Claimed::Left => continue,
            }
            (changes, count) = (changes + 1, count - 1);
        }
        Ok::<usize, CommandError>(taken)
    })?;
    call.reply.array(3);
    let next = next.and_then(|next| first_pending(stream, group, next));
    reply_id(call.reply, next.unwrap_or(StreamId::MIN));
    call.reply.append(&found);
    call.reply.array(gone.len());
    gone.into_iter().for_each(|id| reply_id(call.reply, id));
    if changes > 0 {
        announce(&mut key, has_new, changes);
    }
    Ok(())
}

/// XAUTOCLAIM looks at so many entries for each that it may claim.
const ATTEMPTS: usize = 10;

/// The first entry that is pending in a group from this id on.
fn first_pending(stream: &Stream, group: &[u8], from: StreamId) -> Option<StreamId> {
    let mut pending = stream.group(group)?.pending().range(from, StreamId::MAX);
    pending.next().map(|(id, _)| id)
}

/// The options of XAUTOCLAIM: the most entries, and `JUSTID`.
fn parse_autoclaim(call: &Call<'_>) -> Result<(usize, bool), CommandError> {
    // What Redis can multiply by the size of an id.
    const MAX_COUNT: i64 = i64::MAX / 16;
    let (mut count, mut just_id) = (100, false);
    let mut args = call.args.from(6);
    while let Some(option) = args.next() {
        match option.to_ascii_lowercase().as_slice() {
            b"count" if args.len() > 0 => {
                let number = args.next().and_then(integer::parse);
                let number = number.filter(|count| (1..=MAX_COUNT).contains(count));
                count = at_least_zero(number.ok_or(INVALID_COUNT)?);
            }
            b"justid" => just_id = true,
            _ => return Err(CommandError::SYNTAX),
        }
    }
    Ok((count, just_id))
}
