//! Publish and subscribe: messages to whoever listens at the moment.

use super::row::*;
use super::{Call, Outcome};
use crate::config::value::Events;
use crate::server::Server;
use crate::server::client::Client;
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
        call.server.channels.subscribe(&channel, call.client.id);
        call.client.channels.insert(channel.clone());
        answer(call.client, b"subscribe", Some(&channel));
    }
    Ok(())
}

/// `UNSUBSCRIBE [channel ...]`: listens to these no more, or to none. One answer for each.
/// <https://redis.io/docs/latest/commands/unsubscribe/>
pub fn unsubscribe(call: &mut Call<'_>) -> Outcome {
    let channels: Vec<SmallBytes> = if call.args.len() > 1 {
        call.args.from(1).map(Into::into).collect()
    } else {
        call.client.channels.iter().cloned().collect()
    };
    for channel in &channels {
        call.client.channels.remove(channel);
        call.server.channels.unsubscribe(channel, call.client.id);
        answer(call.client, b"unsubscribe", Some(channel));
    }
    if channels.is_empty() {
        answer(call.client, b"unsubscribe", None);
    }
    Ok(())
}

/// What was done, to which channel, and how many channels the client listens to now.
fn answer(client: &mut Client, done: &[u8], channel: Option<&[u8]>) {
    client.outbox.push(3);
    client.outbox.bulk(done);
    match channel {
        Some(channel) => client.outbox.bulk(channel),
        None => client.outbox.null(),
    }
    client.outbox.count(client.channels.len());
}

/// `PUBLISH channel message`: how many clients it was sent to. <https://redis.io/docs/latest/commands/publish/>
pub fn publish(call: &mut Call<'_>) -> Outcome {
    let (channel, message) = (call.arg(1)?, call.arg(2)?);
    let receivers = call
        .server
        .publish(channel, message, Some(&mut *call.client));
    call.client.outbox.count(receivers);
    Ok(())
}

/// Publishes what has happened to keys of a database, as far as notify-keyspace-events asks for it.
/// <https://redis.io/docs/latest/develop/use/keyspace-notifications/>
pub fn notify(
    server: &mut Server,
    db: usize,
    events: &[(&'static str, SmallBytes)],
    mut client: Option<&mut Client>,
) {
    let wanted = server.config.notify_keyspace_events;
    for (event, key) in events {
        if !wanted.contains(class_of(event)) {
            continue;
        }
        if wanted.contains(Events::KEYSPACE) {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            server.publish(&channel, event.as_bytes(), client.as_deref_mut());
        }
        if wanted.contains(Events::KEYEVENT) {
            let channel = format!("__keyevent@{db}__:{event}");
            server.publish(channel.as_bytes(), key, client.as_deref_mut());
        }
    }
}

/// The class of events that an event belongs to.
fn class_of(event: &str) -> Events {
    match event {
        "set" | "append" | "incrby" => Events::STRING,
        "lpush" | "rpush" | "lpop" | "rpop" | "lset" | "ltrim" | "lrem" => Events::LIST,
        "sadd" | "srem" => Events::SET,
        "expired" => Events::EXPIRED,
        _ => Events::GENERIC,
    }
}
