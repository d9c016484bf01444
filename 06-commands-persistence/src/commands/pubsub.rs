//! Publish and subscribe: messages to whoever listens at the moment.

use super::row::*;
use super::{Call, Outcome};
use crate::config::value::Events;
use crate::keyspace::event::Event;
use crate::resp::reply::Reply;
use crate::server::Server;
use crate::small_bytes::SmallBytes;

/// What these have in common that change to what a client listens.
const LISTENING: u32 = PUBSUB | NOSCRIPT | ANYTIME | WHILE_SUBSCRIBED;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH7.plain("publish", 3, publish, PUBSUB | ANYTIME | FAST)
        .about("2.0.0", "Sends a message to who listens to a channel."),
    CH7.plain("subscribe", -2, subscribe, LISTENING)
        .about("2.0.0", "Listens to channels."),
    CH7.plain("unsubscribe", -1, unsubscribe, LISTENING)
        .about("2.0.0", "Listens to channels no more."),
];

/// `SUBSCRIBE channel [channel ...]`: listens to these, too. One answer for each of them.
/// <https://redis.io/docs/latest/commands/subscribe/>
pub fn subscribe(call: &mut Call<'_>) -> Outcome {
    for channel in call.args.from(1) {
        let channel = SmallBytes::from(channel);
        call.server.channels.subscribe(&channel, call.client);
        let channels = &mut call.me()?.channels;
        channels.insert(channel.clone());
        let count = channels.len();
        answer(call.reply, b"subscribe", Some(&channel), count);
    }
    Ok(())
}

/// `UNSUBSCRIBE [channel ...]`: listens to these no more, or to none. One answer for each.
/// <https://redis.io/docs/latest/commands/unsubscribe/>
pub fn unsubscribe(call: &mut Call<'_>) -> Outcome {
    let channels: Vec<SmallBytes> = if call.args.len() > 1 {
        call.args.from(1).map(Into::into).collect()
    } else {
        call.me()?.channels.iter().cloned().collect()
    };
    for channel in &channels {
        call.server.channels.unsubscribe(channel, call.client);
        let left = &mut call.me()?.channels;
        left.remove(channel);
        let count = left.len();
        answer(call.reply, b"unsubscribe", Some(channel), count);
    }
    if channels.is_empty() {
        answer(call.reply, b"unsubscribe", None, 0);
    }
    Ok(())
}

/// What was done, to which channel, and how many channels the client listens to now.
fn answer(reply: &mut Reply, done: &[u8], channel: Option<&[u8]>, count: usize) {
    reply.push(3);
    reply.bulk(done);
    match channel {
        Some(channel) => reply.bulk(channel),
        None => reply.null(),
    }
    reply.count(count);
}

/// `PUBLISH channel message`: how many clients it was sent to. <https://redis.io/docs/latest/commands/publish/>
pub fn publish(call: &mut Call<'_>) -> Outcome {
    let (channel, message) = (call.arg(1)?, call.arg(2)?);
    let receivers = call.server.publish(channel, message);
    call.reply.count(receivers);
    Ok(())
}

/// Publishes what has happened to a key, if notify-keyspace-events asks for it.
/// <https://redis.io/docs/latest/develop/use/keyspace-notifications/>
pub fn notify(server: &mut Server, db: usize, key: &[u8], event: Event) {
    let wanted = server.journal.published;
    if !wanted.contains(event.class) {
        return;
    }
    let name = event.name;
    if wanted.contains(Events::KEYSPACE) {
        let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
        server.publish(&channel, name.as_bytes());
    }
    if wanted.contains(Events::KEYEVENT) {
        let channel = format!("__keyevent@{db}__:{name}");
        server.publish(channel.as_bytes(), key);
    }
}
