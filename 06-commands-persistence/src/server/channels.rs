//! Who listens to which channel.

use super::client::ClientId;
use crate::small_bytes::SmallBytes;
use std::collections::{BTreeSet, HashMap};

/// The channels that somebody listens to.
#[derive(Debug, Default)]
pub struct Channels {
    listeners: HashMap<SmallBytes, BTreeSet<ClientId>>,
}

impl Channels {
    /// One more listener. False where it listened already.
    pub fn subscribe(&mut self, channel: &SmallBytes, client: ClientId) -> bool {
        let listeners = self.listeners.entry(channel.clone()).or_default();
        listeners.insert(client)
    }

    /// One listener less.
    pub fn unsubscribe(&mut self, channel: &[u8], client: ClientId) {
        let Some(listeners) = self.listeners.get_mut(channel) else {
            return;
        };
        listeners.remove(&client);
        if listeners.is_empty() {
            self.listeners.remove(channel);
        }
        if self.listeners.len() * 4 < self.listeners.capacity() {
            self.listeners.shrink_to(self.listeners.len() * 2);
        }
    }

    /// Those who listen to `channel`.
    pub fn listeners(&self, channel: &[u8]) -> impl Iterator<Item = ClientId> {
        self.listeners.get(channel).into_iter().flatten().copied()
    }

    /// How many channels somebody listens to.
    pub fn len(&self) -> usize {
        self.listeners.len()
    }

    /// Whether nobody listens to anything.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }
}
