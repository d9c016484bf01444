//! Groups of consumers, who share the entries of a stream among them.
//!
//! ```text
//!  group ---- pending:    id --> who has it, since when, how often       for XACK, XPENDING, XAUTOCLAIM
//!         `-- consumers:  name --> when it was seen, ids                 for the history of one
//! ```
//!
//! An entry that was handed out and is not acknowledged is in both maps. They are changed together, in the methods below.

use super::id::StreamId;
use super::id_map::IdMap;
use crate::clock::UnixMillis;
use crate::keyspace::SmallBytes;
use crate::keyspace::cow::{Content, Cow};
use std::collections::BTreeMap;

/// A group. A clone shares its pending entries, and its consumers.
#[derive(Clone, Debug)]
pub struct Group {
    /// The last entry that was handed out.
    pub last_id: StreamId,
    /// How many entries of the stream's were read up to there, if that is known.
    pub entries_read: Option<i64>,
    pending: IdMap<Pending>,
    consumers: BTreeMap<SmallBytes, Cow<Consumer>>,
}

/// An entry that was handed out and is not acknowledged yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// To whom.
    pub consumer: SmallBytes,
    /// When, the last time.
    pub delivered_at: UnixMillis,
    /// How often.
    pub deliveries: u64,
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// When it last did something.
    pub seen_at: UnixMillis,
    pending: IdMap<()>,
}

impl Content for Group {
    fn copy_size(&self) -> usize {
        let consumers = self.consumers.len() * size_of::<(SmallBytes, Cow<Consumer>)>();
        size_of::<Self>() + self.pending.copy_size() + consumers
    }
}

impl Content for Consumer {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.pending.copy_size()
    }
}

impl Consumer {
    /// A consumer that has nothing.
    pub fn new(seen_at: UnixMillis) -> Self {
        Self {
            seen_at,
            pending: IdMap::default(),
        }
    }

    /// The entries that it has and did not acknowledge.
    pub fn pending(&self) -> &IdMap<()> {
        &self.pending
    }
}

impl Group {
    /// A group without consumers, which goes on behind `last_id`.
    pub fn new(last_id: StreamId, entries_read: Option<i64>) -> Self {
        Self {
            last_id,
            entries_read,
            pending: IdMap::default(),
            consumers: BTreeMap::new(),
        }
    }

    /// All entries that somebody has and did not acknowledge.
    pub fn pending(&self) -> &IdMap<Pending> {
        &self.pending
    }

    /// The consumers by their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = (&SmallBytes, &Consumer)> {
        let consumers = self.consumers.iter();
        consumers.map(|(name, consumer)| (name, &**consumer))
    }

    /// The consumer of this name.
    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name).map(|consumer| &**consumer)
    }

    /// Adds a consumer. Whether it is new.
    pub fn add_consumer(&mut self, name: &[u8], consumer: Consumer) -> bool {
        let is_new = !self.consumers.contains_key(name);
        if is_new {
            self.consumers.insert(name.into(), consumer.into());
        }
        is_new
    }

    /// Notes that a consumer did something, and adds it where it is not there. Whether it is new.
    pub fn see(&mut self, name: &[u8], now: UnixMillis) -> bool {
        match self.consumers.get_mut(name) {
            Some(consumer) => {
                consumer.to_mut().seen_at = now;
                false
            }
            None => self.add_consumer(name, Consumer::new(now)),
        }
    }

    /// Removes a consumer and forgets what it had. How many entries that were.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let consumer = self.consumers.remove(name)?;
        for (id, ()) in consumer.pending.iter() {
            self.pending.remove(id);
        }
        Some(consumer.pending.len())
    }

    /// Makes an entry pending with `pending.consumer`, who must be there, whoever had it before.
    pub fn assign(&mut self, id: StreamId, pending: Pending) {
        let name = pending.consumer.clone();
        let before = self.pending.insert(id, pending);
        if let Some(before) = before {
            if before.consumer == name {
                return;
            }
            self.leave(id, &before.consumer);
        }
        if let Some(consumer) = self.consumers.get_mut(&*name) {
            consumer.to_mut().pending.insert(id, ());
        }
    }

    /// Notes that an entry was handed to who has it once more.
    pub fn deliver_again(&mut self, id: StreamId, now: UnixMillis) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.delivered_at = now;
            pending.deliveries = pending.deliveries.saturating_add(1);
        }
    }

    /// Forgets that somebody has this entry, and tells who it was.
    pub fn acknowledge(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(id)?;
        self.leave(id, &pending.consumer);
        Some(pending)
    }

    fn leave(&mut self, id: StreamId, name: &[u8]) {
        if let Some(consumer) = self.consumers.get_mut(name) {
            consumer.to_mut().pending.remove(id);
        }
    }

    /// Bytes of memory, about.
    pub fn size(&self) -> usize {
        let ids = self.pending.len() * size_of::<(StreamId, ())>();
        self.copy_size() + self.pending.size() + ids
    }

    /// In how many pieces they are, about.
    pub fn pieces(&self) -> usize {
        self.consumers.len() + 2 * self.pending.pieces()
    }
}
