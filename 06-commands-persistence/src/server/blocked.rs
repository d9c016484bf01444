//! Clients that are blocked: a request of theirs can't be answered yet, and they get no further until it is.

use super::Server;
use super::client_id::ClientId;
use crate::resp::queue::Request;
use crate::resp::reply::Reply;
use crate::small_bytes::SmallBytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Writes what a client is answered when its time is over.
pub type OnTimeout = fn(&Server, ClientId, &mut Reply);

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
    tickets: u64,
}

impl Queues {
    fn enter(&mut self, client: ClientId, wait: &Wait) {
        for place in places(wait) {
            self.queues
                .entry(place)
                .or_default()
                .insert(wait.ticket, client);
        }
    }

    fn leave(&mut self, wait: &Wait) {
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

impl Server {
    /// Blocks a client. `request` is what it is blocked with, on keys of database `db`.
    pub fn block(&mut self, id: ClientId, db: usize, mut on: Box<Blocked>, request: Request) {
        self.blocked.tickets += 1;
        // A wait so long that no clock can show its end lasts for ever.
        let end = self.now.instant.checked_add(on.timeout);
        let wait = Wait {
            db,
            ticket: self.blocked.tickets,
            deadline: end.filter(|_| !on.timeout.is_zero()),
            request: Arc::new(on.request.take().unwrap_or(request)),
            on,
        };
        self.blocked.enter(id, &wait);
        if let Some(db) = self.databases.get_mut(db) {
            wait.on.keys.iter().for_each(|key| db.interests.wait(key));
        }
        if let Some(client) = self.clients.get_mut(id) {
            client.blocked = Some(wait);
        }
    }

    /// Lets a client go on that is blocked, if it is. `reply` writes what it is answered.
    pub fn unblock(&mut self, id: ClientId, reply: impl FnOnce(&mut Reply)) {
        if let Some(client) = self.clients.get_mut(id)
            && let Some(wait) = client.blocked.take()
        {
            reply(&mut client.outbox);
            // Or it would be found idle since before its wait, and closed before it has its reply.
            client.mail.set_moved(true);
            client.wake();
            self.end_wait(&wait);
        }
    }

    /// Ends a wait: nobody will find it any more.
    pub(super) fn end_wait(&mut self, wait: &Wait) {
        self.blocked.leave(wait);
        if let Some(db) = self.databases.get_mut(wait.db) {
            let keys = wait.on.keys.iter();
            keys.for_each(|key| db.interests.end_wait(key));
        }
    }

    /// Lets a client go on whose time is over.
    pub fn time_out(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get(id)
            && let Some(wait) = &client.blocked
        {
            let mut reply = Reply::new(client.outbox.protocol());
            (wait.on.on_timeout)(self, id, &mut reply);
            self.unblock(id, |outbox| outbox.append(&reply));
        }
    }
}
