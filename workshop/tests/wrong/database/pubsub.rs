//! Publishing and subscribing.

use super::bugs::Bug;
use super::state::{State, count, elements, integer};
use std::io::Write;
use workshop::client::bulk;

/// As many hear a message, with the bug that is about that.
const FEW: usize = 100;

const ALLOWED: [&str; 4] = ["ping", "quit", "subscribe", "unsubscribe"];

impl State {
    /// Refuses what a client may not send while it is subscribed.
    pub fn allowed(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Result<(), String> {
        let subscribed = !self.client(id).channels.is_empty() && !self.resp3(id);
        if !subscribed || ALLOWED.contains(&name) || self.has(Bug::AllIsAllowed) {
            return Ok(());
        }
        let part = match name {
            "client" | "config" => format!("|{}", String::from_utf8_lossy(&args[1]).to_lowercase()),
            _ => String::new(),
        };
        Err(format!(
            "ERR Can't execute '{name}{part}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
        ))
    }

    pub fn pubsub_command(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Vec<u8> {
        match name {
            "ping" => self.ping(id, args),
            "publish" => self.publish(id, &args[1], &args[2]),
            "subscribe" => self.subscribe(id, &args[1..]),
            _ => self.unsubscribe(id, &args[1..]),
        }
    }

    fn ping(&mut self, id: u64, args: &[Vec<u8>]) -> Vec<u8> {
        let subscribed = !self.client(id).channels.is_empty() && !self.resp3(id);
        let text = args.get(1);
        if args.len() > 2 {
            return b"-ERR wrong number of arguments for 'ping' command\r\n".to_vec();
        }
        if subscribed && !self.has(Bug::PingAsBefore) {
            return elements([&b"pong".to_vec(), text.unwrap_or(&Vec::new())]);
        }
        text.map_or_else(|| b"+PONG\r\n".to_vec(), bulk)
    }

    /// What is no reply: a push in RESP3.
    fn pushed(&self, id: u64, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.resp3(id) && !self.has(Bug::MessagesAreArrays) {
            bytes[0] = b'>';
        }
        bytes
    }

    fn confirmed(&mut self, id: u64, kind: &str, channel: Vec<u8>) -> Vec<u8> {
        let listens = count(self.client(id).channels.len());
        let bytes = [b"*3\r\n".to_vec(), bulk(kind), channel, listens].concat();
        self.pushed(id, bytes)
    }

    fn channel(&self, id: u64, name: &[u8]) -> Vec<u8> {
        if self.has(Bug::ChannelsOfDatabases) {
            return [&[self.selected(id) as u8], name].concat();
        }
        name.to_vec()
    }

    fn subscribe(&mut self, id: u64, channels: &[Vec<u8>]) -> Vec<u8> {
        let mut reply = Vec::new();
        for name in channels {
            let channel = self.channel(id, name);
            let known = self.client(id).channels.contains(&channel);
            if !known || self.has(Bug::SubscribedTwice) {
                self.client(id).channels.push(channel.clone());
                self.channels.entry(channel).or_default().push(id);
            }
            if reply.is_empty() || !self.has(Bug::ConfirmsOnlyOnce) {
                reply.extend(self.confirmed(id, "subscribe", bulk(name)));
            }
        }
        reply
    }

    fn unsubscribe(&mut self, id: u64, channels: &[Vec<u8>]) -> Vec<u8> {
        let mut channels = channels.to_vec();
        if channels.is_empty() {
            channels.clone_from(&self.client(id).channels);
            if self.has(Bug::UnsubscribeForgetsTheRest) {
                channels.truncate(1);
            }
        }
        if channels.is_empty() {
            if self.has(Bug::UnsubscribeIsSilent) {
                return Vec::new();
            }
            let null = self.null(id);
            return self.confirmed(id, "unsubscribe", null);
        }
        let mut reply = Vec::new();
        for channel in channels {
            let before = self.client(id).channels.len();
            if !(self.has(Bug::StaysSubscribed) && before == 1) {
                self.client(id).channels.retain(|known| *known != channel);
            }
            self.remove_listener(&channel, id);
            let confirmed = self.confirmed(id, "unsubscribe", bulk(&channel));
            reply.extend(confirmed);
            if self.has(Bug::UnsubscribeUncounted) {
                reply.splice(reply.len() - 4.., count(before));
            }
        }
        reply
    }

    pub fn remove_listener(&mut self, channel: &[u8], id: u64) {
        if let Some(listeners) = self.channels.get_mut(channel) {
            listeners.retain(|listener| *listener != id);
        }
    }

    fn publish(&mut self, id: u64, name: &[u8], text: &[u8]) -> Vec<u8> {
        let channel = self.channel(id, name);
        let mut listeners = self.channels.get(&channel).cloned().unwrap_or_default();
        if self.has(Bug::FewSubscribers) {
            listeners.truncate(FEW);
        }
        let message = elements([&b"message".to_vec(), &name.to_vec(), &text.to_vec()]);
        let lost = self.has(Bug::ShortMessagesGetLost) && text.len() == 2;
        for listener in listeners.iter().filter(|_| !lost) {
            let bytes = self.pushed(*listener, message.clone());
            match self.clients.get_mut(listener) {
                Some(client) if self.bug == Some(Bug::PublishWaits) => {
                    drop(client.socket.write_all(&bytes))
                }
                _ => self.send(*listener, bytes),
            }
        }
        if self.has(Bug::PublishCountsChannels) {
            return integer(1);
        }
        count(listeners.len())
    }
}
