//! One client, as the server knows it.

use crate::clock::{Reading, UnixMillis};
use crate::config::value::{OutputLimit, OutputLimits};
use crate::resp::queue::Request;
use crate::resp::reply::{Protocol, Reply};
use crate::small_bytes::SmallBytes;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Numbers clients in the order in which they came. No number is used twice.
pub type ClientId = u64;

/// A client: its side of the conversation, and what it has asked the server to keep for it.
///
/// While one of its batches runs, the record is with the [`Call`](crate::commands::Call), and not in the
/// table of clients.
#[derive(Debug)]
pub struct Client {
    /// Its number.
    pub id: ClientId,
    /// Where it calls from, and whom; `None` for the server's own, which replays what was written down.
    pub address: Option<(SocketAddr, SocketAddr)>,
    /// The name it gave itself; empty for none.
    pub name: SmallBytes,
    /// The number of its database.
    pub db: usize,
    /// When it came.
    pub connected: Instant,
    /// When it last sent something.
    pub active: Instant,
    /// The last command it sent.
    pub last_command: &'static str,
    /// What it is to be sent, and its connection has not yet taken over. It is filled under the server's lock
    /// alone, by whoever has something for this client, and so in the order in which it happened.
    pub outbox: Reply,
    /// The channels it listens to.
    pub channels: BTreeSet<SmallBytes>,
    /// What it waits for, if it does: then it gets no further than that.
    pub blocked: Option<Blocked>,
    /// It is to be disconnected.
    pub closing: Option<Closing>,
    /// Since when its output has been above the soft limit.
    pub above_soft_limit: Option<Instant>,
    /// Reaches its connection.
    pub mail: Arc<Mail>,
    waker: Option<Waker>,
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// When all that it was answered is sent.
    AfterReply,
    /// At once.
    Now,
}

/// Tells a connection's task, which waits for its socket, that the server has something for it.
#[derive(Debug, Default)]
pub struct Mail {
    waiting: AtomicBool,
    /// Bytes that the connection has taken over and not sent yet. They count towards the output limits.
    unsent: AtomicUsize,
    /// Whether bytes went either way that were no whole batch of requests.
    moved: AtomicBool,
}

impl Mail {
    /// Whether there is something; asked once.
    pub fn take(&self) -> bool {
        // The plain look first: it costs nothing, and this is asked at every turn.
        self.waiting.load(Ordering::Relaxed) && self.waiting.swap(false, Ordering::Acquire)
    }

    /// Says how many bytes the connection has to send.
    pub fn set_unsent(&self, bytes: usize) {
        self.unsent.store(bytes, Ordering::Relaxed);
    }

    /// Says that bytes went either way, which the client's record does not show yet.
    pub fn set_moved(&self, moved: bool) {
        self.moved.store(moved, Ordering::Relaxed);
    }

    /// How many bytes the connection has to send.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Ordering::Relaxed)
    }
}

/// What a client waits for.
#[derive(Debug)]
pub struct Blocked {
    /// What ends the wait.
    pub on: BlockedOn,
    /// When it ends without success.
    pub deadline: Option<Instant>,
    /// Writes the reply in that case.
    pub on_timeout: fn(&mut Reply),
}

/// What ends a wait.
#[derive(Debug)]
pub enum BlockedOn {
    /// One of these keys is changed so that the request can be answered.
    Keys {
        /// The database they belong to.
        db: usize,
        /// The keys.
        keys: Vec<SmallBytes>,
        /// Its place among those who wait: smaller numbers came first.
        ticket: u64,
        /// What to try again.
        request: Request,
    },
    /// A work of the server's own, such as a snapshot.
    Job,
}

impl Client {
    /// A client that has just come.
    pub fn new(id: ClientId, address: Option<(SocketAddr, SocketAddr)>, now: Instant) -> Self {
        Self {
            id,
            address,
            name: SmallBytes::from(b"".as_slice()),
            db: 0,
            connected: now,
            active: now,
            last_command: "NULL",
            outbox: Reply::default(),
            channels: BTreeSet::new(),
            blocked: None,
            closing: None,
            above_soft_limit: None,
            mail: Arc::default(),
            waker: None,
        }
    }

    /// Says who is to be woken when there is something for it.
    pub fn set_waker(&mut self, waker: Waker) {
        self.waker = Some(waker);
    }

    /// Wakes its connection, to look what there is for it.
    pub fn wake(&self) {
        if self.mail.waiting.swap(true, Ordering::Release) {
            return;
        }
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Whether it calls from this machine.
    pub fn is_local(&self) -> bool {
        self.address
            .is_none_or(|(peer, _)| peer.ip().to_canonical().is_loopback())
    }

    /// Whether it listens to channels, and so may get messages that it did not ask for.
    pub fn is_subscriber(&self) -> bool {
        !self.channels.is_empty()
    }

    /// Whether it may send no other commands than those about channels: RESP2 can't tell a reply from a
    /// message.
    pub fn is_confined(&self) -> bool {
        self.is_subscriber() && self.outbox.protocol() == Protocol::Resp2
    }

    /// How many bytes are to be sent to it.
    pub fn pending_output(&self) -> usize {
        self.outbox.len() + self.mail.unsent()
    }

    /// Disconnects it at once, whatever it waits for and however much is still to be sent.
    pub fn kill(&mut self) {
        self.closing = Some(Closing::Now);
        self.outbox = Reply::new(self.outbox.protocol());
        self.wake();
    }

    /// The limit that holds for clients like this one.
    pub fn output_limit<'a>(&self, limits: &'a OutputLimits) -> &'a OutputLimit {
        if self.is_subscriber() {
            &limits.pubsub
        } else {
            &limits.normal
        }
    }

    /// Whether more waits to be sent to it than `limit` allows.
    pub fn exceeds(&mut self, limit: &OutputLimit, now: Instant) -> bool {
        let pending = self.pending_output() as u64;
        if limit.hard > 0 && pending > limit.hard {
            return true;
        }
        if limit.soft == 0 || pending <= limit.soft {
            self.above_soft_limit = None;
            return false;
        }
        let since = *self.above_soft_limit.get_or_insert(now);
        let above = now.saturating_duration_since(since);
        above > Duration::from_secs(limit.soft_seconds.into())
    }

    /// Notes that it has sent something.
    pub fn touch(&mut self, now: &Reading) {
        self.active = now.instant;
        self.mail.set_moved(false);
    }

    /// Whether it has neither sent nor taken a byte since that long.
    pub fn is_silent_for(&mut self, timeout: Duration, now: Instant) -> bool {
        if self.mail.moved.swap(false, Ordering::Relaxed) {
            self.active = now;
        }
        now.saturating_duration_since(self.active) > timeout
    }
}

/// When a wait that begins now ends that is to last `timeout`; `None` for one that is to last for ever.
pub fn deadline_after(timeout: Duration, now: Instant) -> Option<Instant> {
    if timeout.is_zero() {
        return None;
    }
    // A wait so long that no clock can show its end lasts for ever.
    now.checked_add(timeout)
}

/// A point in time in seconds, as Redis gives it where it counts in seconds.
pub fn unix_seconds(time: UnixMillis) -> i64 {
    time.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client::new(1, None, Instant::now())
    }

    #[test]
    fn mail_is_taken_once() {
        let client = client();
        assert!(!client.mail.take());
        client.wake();
        client.wake();
        assert!(client.mail.take());
        assert!(!client.mail.take());
    }

    #[test]
    fn output_limits_are_hard_or_soft() {
        let mut client = client();
        let start = Instant::now();
        let limit = OutputLimit {
            hard: 100,
            soft: 10,
            soft_seconds: 5,
        };
        assert!(!client.exceeds(&limit, start));
        client.mail.set_unsent(50);
        assert!(!client.exceeds(&limit, start));
        assert!(!client.exceeds(&limit, start + Duration::from_secs(5)));
        assert!(client.exceeds(&limit, start + Duration::from_secs(6)));
        client.mail.set_unsent(5);
        assert!(!client.exceeds(&limit, start + Duration::from_secs(7)));
        client.mail.set_unsent(101);
        assert!(client.exceeds(&limit, start));
        assert!(!client.exceeds(&OutputLimit::default(), start));
    }
}
