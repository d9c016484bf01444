//! Clients that are blocked: a request of theirs can't be answered yet, and they get no further until it is.

use super::backlog::Backlog;
use super::client_id::ClientId;
use crate::resp::queue::Request;
use crate::resp::reply::Reply;
use crate::small_bytes::SmallBytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Writes what a client is answered when its time is over. Who waits for those who follow is told how far they are.
pub type OnTimeout = fn(&Backlog, &Wait, &mut Reply);

/// In place of a type: the request is also to be tried where the key holds none of the right type any more.
pub const ANY: &str = "any";

/// What a client is blocked on.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// The keys of which one must change so that the request can be answered: then it is executed again.
    /// Without any, the client waits for a work of the server's own.
    pub keys: Vec<SmallBytes>,
    /// The type that such a key must hold, as TYPE names it; or [`ANY`].
    pub value_type: &'static str,
    /// What is executed then, where it is not the request as it came.
    pub request: Option<Request>,
    /// For how long; zero for ever.
    pub timeout: Duration,
    /// Writes the reply when that time is over.
    pub on_timeout: OnTimeout,
}

impl Blocked {
    /// On the first of these keys that holds a value of a type that the request can be answered from.
    pub fn on_keys<'a>(
        keys: impl Iterator<Item = &'a [u8]>,
        value_type: &'static str,
        timeout: Duration,
        on_timeout: OnTimeout,
    ) -> Box<Self> {
        Box::new(Self {
            keys: keys.map(Into::into).collect(),
            value_type,
            request: None,
            timeout,
            on_timeout,
        })
    }

    /// On a work of the server's own, which unblocks it when it is done.
    pub fn on_job() -> Box<Self> {
        Self::on_keys([].into_iter(), "", Duration::ZERO, |_, _, reply| {
            reply.null();
        })
    }
}

/// A client that is blocked, from the moment on in which it was.
#[derive(Clone, Debug)]
pub struct Wait {
    /// On what.
    pub on: Box<Blocked>,
    /// The database that the keys belong to.
    pub db: usize,
    /// Its place among those who wait: smaller numbers came first.
    pub ticket: u64,
    /// When it ends without success, if it does.
    pub deadline: Option<Instant>,
    /// What is executed again.
    pub request: Arc<Request>,
}

/// A key of a database, and the type that it must hold.
type Place = (usize, SmallBytes, &'static str);

/// Who waits for which key, each key's in the order in which they began to wait.
#[derive(Debug, Default)]
pub struct Queues {
    queues: HashMap<Place, BTreeMap<u64, ClientId>>,
    /// How many waits there were, ever.
    pub(super) tickets: u64,
}

impl Queues {
    pub(super) fn enter(&mut self, client: ClientId, wait: &Wait) {
        for place in places(wait) {
            self.queues
                .entry(place)
                .or_default()
                .insert(wait.ticket, client);
        }
    }

    pub(super) fn leave(&mut self, wait: &Wait) {
        for place in places(wait) {
            if let Some(queue) = self.queues.get_mut(&place) {
                queue.remove(&wait.ticket);
                if queue.is_empty() {
                    self.queues.remove(&place);
                }
            }
        }
        if self.queues.len() * 4 < self.queues.capacity() {
            self.queues.shrink_to(self.queues.len() * 2);
        }
    }

    /// The client that has waited longest for a key to hold this type, of those whose ticket is above `after`.
    pub fn next(
        &self,
        db: usize,
        key: &SmallBytes,
        value_type: &'static str,
        after: u64,
    ) -> Option<(u64, ClientId)> {
        let queue = self.queues.get(&(db, key.clone(), value_type))?;
        let (ticket, client) = queue.range(after.saturating_add(1)..).next()?;
        Some((*ticket, *client))
    }

    /// Whether nobody waits for any key.
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }
}

fn places(wait: &Wait) -> impl Iterator<Item = Place> {
    let keys = wait.on.keys.iter();
    keys.map(|key| (wait.db, key.clone(), wait.on.value_type))
}
