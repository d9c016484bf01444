//! XREAD and XREADGROUP: entries of several streams, as they come.

use super::call::{Effect, Then};
use super::row::*;
use super::stream::at_least_zero;
use super::stream_group::{announce, no_group, write_down_claim, write_down_last_id};
use super::stream_id;
use super::{Call, CommandError, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::stream::Stream;
use crate::keyspace::stream::group::Pending;
use crate::keyspace::stream::id::StreamId;
use crate::resp::integer;
use crate::resp::queue::Request;
use crate::resp::reply::{Protocol, Reply};
use crate::server::blocked::{self, Blocked};
use std::time::Duration;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH13.read("xread", -4, xread, BLOCKING, NO_KEY)
        .keys(key_behind("STREAMS", 1, RO | ACCESS))
        .half()
        .about("5.0.0", "Gives new entries of streams, or waits for them."),
    CH13.write("xreadgroup", -7, xreadgroup, BLOCKING, NO_KEY)
        .keys(key_behind("STREAMS", 4, RO | ACCESS))
        .half()
        .about("5.0.0", "Hands new entries to a consumer of a group."),
];

const UNBALANCED: CommandError = CommandError::new(
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
);
const NO_GROUP_OPTION: CommandError = CommandError::new(
    "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
);
const NO_NOACK_OPTION: CommandError = CommandError::new(
    "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
);
const GROUP_IS_MISSING: CommandError = CommandError::new("ERR Missing GROUP option for XREADGROUP");
const DOLLAR_IN_GROUP: CommandError = CommandError::new(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
    specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
);
const NEW_WITHOUT_GROUP: CommandError = CommandError::new(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);
const GROUP_HAS_GONE: CommandError =
    CommandError::new("NOGROUP the consumer group this client was blocked on no longer exists");
const STREAM_HAS_GONE: CommandError =
    CommandError::new("UNBLOCKED the stream key no longer exists");
const NOT_A_TIMEOUT: CommandError =
    CommandError::new("ERR timeout is not an integer or out of range");
const NEGATIVE_TIMEOUT: CommandError = CommandError::new("ERR timeout is negative");

/// What a request asks for.
struct Options<'a> {
    /// The most entries of each stream.
    count: usize,
    /// For how long to wait, if at all; zero is for ever.
    timeout: Option<Duration>,
    /// The group, and the consumer.
    group: Option<(&'a [u8], &'a [u8])>,
    /// `NOACK`: what is read is taken as acknowledged.
    no_ack: bool,
    /// The place of the first key, and how many there are.
    first: usize,
    streams: usize,
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a>, with_group: bool) -> Result<Self, CommandError> {
        let mut options = Self {
            count: usize::MAX,
            timeout: None,
            group: None,
            no_ack: false,
            first: 0,
            streams: 0,
        };
        let mut place = 1;
        while options.first == 0 {
            let option = call.args.get(place).ok_or(CommandError::SYNTAX)?;
            let more = call.args.len() - place - 1;
            match option.to_ascii_lowercase().as_slice() {
                b"block" if more > 0 => {
                    options.timeout = Some(parse_timeout(call.arg(place + 1)?)?);
                    place += 1;
                }
                b"count" if more > 0 => {
                    let count = at_least_zero(call.integer(place + 1)?);
                    options.count = if count == 0 { usize::MAX } else { count };
                    place += 1;
                }
                b"streams" if more > 0 => {
                    options.first = place + 1;
                    options.streams = more / 2;
                    if !more.is_multiple_of(2) {
                        return Err(UNBALANCED);
                    }
                }
                b"group" if more > 1 => {
                    if !with_group {
                        return Err(NO_GROUP_OPTION);
                    }
                    options.group = Some((call.arg(place + 1)?, call.arg(place + 2)?));
                    place += 2;
                }
                b"noack" if !with_group => return Err(NO_NOACK_OPTION),
                b"noack" => options.no_ack = true,
                _ => return Err(CommandError::SYNTAX),
            }
            place += 1;
        }
        if with_group && options.group.is_none() {
            return Err(GROUP_IS_MISSING);
        }
        Ok(options)
    }

    /// The streams of a request: each key, with what stands in the place of its id.
    fn streams(&self, call: &Call<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let keys = call.args.from(self.first).take(self.streams);
        keys.zip(call.args.from(self.first + self.streams))
    }
}

/// A time-out in milliseconds.
fn parse_timeout(text: &[u8]) -> Result<Duration, CommandError> {
    let millis = integer::parse(text).ok_or(NOT_A_TIMEOUT)?;
    let timeout = u64::try_from(millis).map_err(|_| NEGATIVE_TIMEOUT)?;
    Ok(Duration::from_millis(timeout))
}

/// Whether there is something behind an id. Whoever has waited is answered when an entry came, even if it has gone since.
fn has_more(stream: &Stream, after: StreamId, has_waited: bool) -> bool {
    if has_waited {
        return stream.last_id() > after;
    }
    stream.last().is_some_and(|last| last.id > after)
}

/// Writes an element of the reply for each stream that has something, by `write`, which tells whether it has. False, and
/// nothing is written, where none has.
fn reply_streams<T>(
    reply: &mut Reply,
    streams: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Reply, T) -> Result<bool, CommandError>,
) -> Result<bool, CommandError> {
    let mark = reply.mark();
    let mut served = 0;
    for stream in streams {
        served += usize::from(write(reply, stream)?);
    }
    let mut head = Reply::new(reply.protocol());
    match (served, head.protocol()) {
        (0, _) => return Ok(false),
        (_, Protocol::Resp2) => head.array(served),
        (_, Protocol::Resp3) => head.map(served),
    }
    reply.insert(mark, &mut head);
    Ok(true)
}

/// Begins the element of a stream: in RESP2 a pair, in RESP3 a key of the map.
fn reply_name(reply: &mut Reply, name: &[u8]) {
    if reply.protocol() == Protocol::Resp2 {
        reply.array(2);
    }
    reply.bulk(name);
}

/// `XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]`: entries behind these ids.
/// <https://redis.io/docs/latest/commands/xread/>
pub fn xread(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call, false)?;
    let mut wanted = Vec::with_capacity(options.streams);
    for (name, id) in options.streams(call) {
        let stream = call.server.db(call.db).read::<Stream>(name)?;
        let after = match id {
            b"$" => stream.map_or(StreamId::MIN, Stream::last_id),
            b">" => return Err(NEW_WITHOUT_GROUP),
            id => stream_id::parse(id, 0)?,
        };
        wanted.push((name, after));
    }
    // One that has waited is served from the stream that has got something.
    let ready = call.ready;
    let ready = wanted
        .iter()
        .filter(|(name, _)| ready.is_none_or(|ready| *name == ready));
    let has_waited = call.ready.is_some();
    let most = if has_waited { 1 } else { usize::MAX };
    let db = call.server.db(call.db);
    let is_served = reply_streams(call.reply, ready.take(most), |reply, (name, after)| {
        let stream = db.peek::<Stream>(name)?;
        let stream = stream.filter(|stream| has_more(stream, *after, has_waited));
        let (Some(stream), Some(from)) = (stream, after.next()) else {
            return Ok(false);
        };
        reply_name(reply, name);
        let entries = stream.range(from, StreamId::MAX);
        stream_id::reply_entries(reply, entries, options.count)?;
        Ok(true)
    })?;
    if !is_served {
        let ids = wanted.iter().map(|(_, after)| after.text());
        block(call, &options, "stream", ids.collect());
    }
    Ok(())
}

/// Lets the client wait until one of the streams has something, if it asked for that. `ids` stand in place of those
/// that it gave then: `$` is what was the last one when it came.
fn block(call: &mut Call<'_>, options: &Options<'_>, value_type: &'static str, ids: Vec<Vec<u8>>) {
    let Some(timeout) = options.timeout else {
        return call.reply.null_array();
    };
    let keys = options.streams(call).map(|(name, _)| name);
    let mut blocked = Blocked::on_keys(keys, value_type, timeout, |_, _, reply| {
        reply.null_array();
    });
    if !ids.is_empty() {
        let before = call.args.from(0).take(options.first + options.streams);
        blocked.request = Some(Request::new(before.chain(ids.iter().map(Vec::as_slice))));
    }
    call.then = Then::Block(blocked);
}

/// What XREADGROUP wants of a stream.
#[derive(Clone, Copy)]
enum Wanted {
    /// What nobody has got yet.
    New,
    /// What this consumer has got behind this id, and did not acknowledge.
    History(StreamId),
}

/// `XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]`: new
/// entries for a consumer, or its own. <https://redis.io/docs/latest/commands/xreadgroup/>
pub fn xreadgroup(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call, true)?;
    if let Some(ready) = call.ready {
        return serve_blocked(call, &options, ready);
    }
    let (group, _) = options.group.ok_or(GROUP_IS_MISSING)?;
    let mut wanted = Vec::with_capacity(options.streams);
    for (name, id) in options.streams(call) {
        let stream = call.server.db(call.db).read::<Stream>(name)?;
        if stream.is_none_or(|stream| stream.group(group).is_none()) {
            return Err(no_group(name, group, " in XREADGROUP with GROUP option"));
        }
        let what = match id {
            b"$" => return Err(DOLLAR_IN_GROUP),
            b">" => Wanted::New,
            id => match stream_id::parse(id, 0)? {
                // How Redis notes `>`.
                StreamId::MAX => Wanted::New,
                id => Wanted::History(id),
            },
        };
        wanted.push((name, what));
    }
    let is_served = read_for_group(call, &options, &wanted)?;
    if !is_served {
        block(call, &options, blocked::ANY, Vec::new());
    }
    Ok(())
}

/// What a client is answered that has waited for new entries, when something has happened to one of its keys.
fn serve_blocked(call: &mut Call<'_>, options: &Options<'_>, ready: &[u8]) -> Outcome {
    let (group, _) = options.group.ok_or(GROUP_IS_MISSING)?;
    let db = call.server.db(call.db);
    let Ok(Some(stream)) = db.peek::<Stream>(ready) else {
        return Err(STREAM_HAS_GONE);
    };
    stream.group(group).ok_or(GROUP_HAS_GONE)?;
    if !read_for_group(call, options, &[(ready, Wanted::New)])? {
        block(call, options, blocked::ANY, Vec::new());
    }
    Ok(())
}

/// Replies with what a consumer is to get of these streams. False where there is nothing, and then it has no reply.
fn read_for_group(
    call: &mut Call<'_>,
    options: &Options<'_>,
    wanted: &[(&[u8], Wanted)],
) -> Result<bool, CommandError> {
    let (group, consumer) = options.group.ok_or(GROUP_IS_MISSING)?;
    // What was done is said below. To read one's own history changes nothing worth writing down.
    call.effect.nothing();
    let effect = &mut call.effect;
    let (now, has_waited) = (call.now, call.ready.is_some());
    reply_streams(call.reply, wanted, |reply, (name, what)| {
        let mut key = call.server.db(call.db).for_write(name);
        let Some(stream) = key.get::<Stream>()? else {
            return Ok(false);
        };
        let Some(held) = stream.group(group) else {
            return Ok(false);
        };
        if matches!(what, Wanted::New) && !has_more(stream, held.last_id, has_waited) {
            return Ok(false);
        }
        reply_name(reply, name);
        let names = [name, group, consumer];
        let is_new = stream
            .group_mut(group)
            .is_some_and(|group| group.see(consumer, now));
        if is_new && options.no_ack {
            effect.instead([b"XGROUP", b"CREATECONSUMER", name, group, consumer]);
        }
        match what {
            Wanted::New => read_new(reply, effect, stream, (names, now), options)?,
            Wanted::History(after) => read_history(reply, stream, (names, now), *after, options)?,
        }
        announce(&mut key, is_new, 1);
        Ok(true)
    })
}

/// Replies with new entries, and hands them out. `names` are those of the key, the group and the consumer.
fn read_new(
    reply: &mut Reply,
    effect: &mut Effect,
    stream: &mut Stream,
    (names, now): ([&[u8]; 3], UnixMillis),
    options: &Options<'_>,
) -> Outcome {
    let [name, group_name, consumer] = names;
    let last_id = stream
        .group(group_name)
        .map_or(StreamId::MAX, |group| group.last_id);
    let mut ids = Vec::new();
    let entries = stream.range(last_id.next().unwrap_or(StreamId::MAX), StreamId::MAX);
    let entries = entries.inspect(|entry| ids.push(entry.id));
    stream_id::reply_entries(reply, entries, options.count)?;
    for id in ids {
        stream.advance(group_name, id);
        let Some(group) = stream.group_mut(group_name).filter(|_| !options.no_ack) else {
            continue;
        };
        let pending = Pending {
            consumer: consumer.into(),
            delivered_at: now,
            deliveries: 1,
        };
        write_down_claim(effect, (name, group_name), group.last_id, (id, &pending));
        group.assign(id, pending);
    }
    if let Some(group) = stream.group(group_name).filter(|_| options.no_ack) {
        write_down_last_id(effect, (name, group_name), group);
    }
    Ok(())
}

/// Replies with what the consumer has. What was deleted meanwhile is null.
fn read_history(
    reply: &mut Reply,
    stream: &mut Stream,
    (names, now): ([&[u8]; 3], UnixMillis),
    after: StreamId,
    options: &Options<'_>,
) -> Outcome {
    let [_, group, consumer] = names;
    let held = stream
        .group(group)
        .and_then(|group| group.consumer(consumer));
    // Behind the largest id there is nothing; Redis goes on from the smallest one.
    let from = after.next().unwrap_or(StreamId::MIN);
    let pending = held
        .into_iter()
        .flat_map(|held| held.pending().range(from, StreamId::MAX));
    let ids: Vec<_> = pending.map(|(id, ())| id).take(options.count).collect();
    reply.array(ids.len());
    for id in ids {
        if let Some(entry) = stream.get(id) {
            stream_id::reply_entry(reply, entry);
            stream
                .group_mut(group)
                .into_iter()
                .for_each(|group| group.deliver_again(id, now));
        } else {
            reply.array(2);
            stream_id::reply_id(reply, id);
            reply.null_array();
        }
    }
    Ok(())
}
