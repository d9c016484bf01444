//! One client, as the server knows it.

use super::blocked::Wait;
pub use super::client_id::ClientId;
use crate::clock::{Reading, UnixMillis};
use crate::config::value::OutputLimits;
use crate::resp::reply::{Protocol, Reply};
use crate::small_bytes::SmallBytes;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

/// A client: its side of the conversation, and what it has asked the server to keep for it.
#[derive(Debug)]
pub struct Client {
    /// Its name in the table of clients.
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
    /// alone, by whoever has something for this client, and so in the order in which it happened. While a batch of the
    /// client's own runs, what was there before is with its [`Session`](crate::session::Session).
    pub outbox: Reply,
    /// The channels it listens to.
    pub channels: BTreeSet<SmallBytes>,
    /// What it waits for, if it does: then it gets no further than that.
    pub blocked: Option<Wait>,
    /// It is to be disconnected.
    pub closing: Option<Closing>,
    /// Since when its output has been above the soft limit.
    pub above_soft_limit: Option<Instant>,
    /// Reaches its connection.
    pub mail: Arc<Mail>,
    /// Whom to wake when there is something for it.
    pub waker: Option<Waker>,
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
    /// Whether bytes went either way, or are about to, that were no whole batch of requests.
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

    /// Says that bytes went either way, or are about to, which the client's record does not show yet.
    pub fn set_moved(&self, moved: bool) {
        self.moved.store(moved, Ordering::Relaxed);
    }
}

/// What a client's connection is to do next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Execute its requests.
    #[default]
    Execute,
    /// Wait for the server, until then at the latest.
    Wait(Option<Instant>),
    /// End.
    Close(Closing),
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

    /// Wakes its connection, to look what there is for it.
    pub fn wake(&self) {
        if !self.mail.waiting.swap(true, Ordering::Release)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }

    /// What its connection is to do next, where all may go on, or where all have to wait.
    pub fn turn(&self, is_paused: bool) -> Turn {
        match (self.closing, &self.blocked) {
            (Some(closing), _) => Turn::Close(closing),
            (None, Some(wait)) => Turn::Wait(wait.deadline),
            (None, None) if is_paused => Turn::Wait(None),
            (None, None) => Turn::Execute,
        }
    }

    /// Hands over what it is to be sent. What comes from now on gathers anew.
    pub fn take_outbox(&mut self) -> Reply {
        let protocol = self.outbox.protocol();
        std::mem::replace(&mut self.outbox, Reply::new(protocol))
    }

    /// Takes back what was [handed over](Self::take_outbox), with more behind it; nothing, if it is to be disconnected at
    /// once.
    pub fn put_back_outbox(&mut self, mut outbox: Reply) {
        if self.closing != Some(Closing::Now) {
            outbox.append(&self.outbox);
            self.outbox = outbox;
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
        self.outbox.len() + self.mail.unsent.load(Ordering::Relaxed)
    }

    /// Disconnects it at once, whatever it waits for and however much is still to be sent.
    pub fn kill(&mut self) {
        self.closing = Some(Closing::Now);
        self.outbox = Reply::new(self.outbox.protocol());
        self.wake();
    }

    /// Whether more waits to be sent to it than is allowed to clients like this one.
    pub fn exceeds(&mut self, limits: &OutputLimits, now: Instant) -> bool {
        let limit = if self.is_subscriber() {
            limits.pubsub
        } else {
            limits.normal
        };
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

/// A point in time in seconds, as Redis gives it where it counts in seconds.
pub fn unix_seconds(time: UnixMillis) -> i64 {
    time.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::OutputLimit;

    fn client() -> Client {
        Client::new(ClientId::new(1, 0), None, Instant::now())
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
        let normal = OutputLimit {
            hard: 100,
            soft: 10,
            soft_seconds: 5,
        };
        let limit = OutputLimits {
            normal,
            ..OutputLimits::default()
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
        assert!(!client.exceeds(&OutputLimits::default(), start));
    }
}
