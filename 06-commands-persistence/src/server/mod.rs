//! All that is shared: what the lock guards.
//!
//! Whoever has the [`Server`] has all of it, for as long as the lock is held. Each command is by that one
//! step that nobody can come between. Nothing here knows of sockets, or of which commands there are.

pub mod backlog;
pub mod blocked;
pub mod channels;
pub mod client;
pub mod client_id;
pub mod clients;
pub mod jobs;
pub mod settings;
pub mod shared;
pub mod stats;
pub mod unsent;

use crate::clock::{Clock, Reading};
use crate::command::Table;
use crate::config::Config;
use crate::keyspace::Db;
use crate::keyspace::db::{DbMut, Expiry};
use crate::keyspace::journal::Journal;
use crate::keyspace::limits::Limits;
use crate::keyspace::reclaim::Reclaimer;
use crate::resp::reply::{Protocol, Reply};
use crate::small_bytes::SmallBytes;
use backlog::Backlog;
use channels::Channels;
use client::ClientId;
use clients::Clients;
use jobs::{Jobs, Saving};
use rand::RngExt;
use stats::Stats;
use unsent::Unsent;

/// The server's state.
#[derive(Debug)]
pub struct Server {
    databases: Vec<Db>,
    /// What has happened to keys, in whichever database, since this was last settled.
    pub journal: Journal,
    /// Who is connected.
    pub clients: Clients,
    /// What all of them together are still to be sent.
    pub unsent: Unsent,
    /// Who waits for keys.
    pub blocked: blocked::Queues,
    /// Who listens to channels.
    pub channels: Channels,
    /// How the server was told to behave.
    pub config: Config,
    /// What it was told of compact forms.
    pub limits: Limits,
    /// Which commands there are.
    pub commands: &'static Table,
    /// What it counts.
    pub stats: Stats,
    /// What commands have done, for the append-only file and replicas.
    pub backlog: Backlog,
    /// What is to be done outside the lock.
    pub jobs: Jobs,
    /// How it stands with snapshots.
    pub saving: Saving,
    /// Frees large values.
    pub reclaimer: Reclaimer,
    /// Tells the time.
    pub clock: Clock,
    /// The time at which the present command runs.
    pub now: Reading,
    /// When the server was started.
    pub started: Reading,
    /// When the background work was last done.
    pub last_tick: Reading,
    /// Forty hexadecimal digits that no other run has.
    pub run_id: String,
    /// The same for what it has written to its backlog: a replica that knows it can go on reading.
    pub replication_id: String,
    /// The port that it listens on.
    pub port: u16,
    /// No request is executed while this is set: the server is about to end.
    pub paused: bool,
}

impl Server {
    /// A server without clients and keys, that has these commands.
    pub fn new(config: Config, clock: Clock, commands: &'static Table) -> Self {
        let reclaimer = Reclaimer::start();
        let now = clock.read();
        let count = config.databases.max(1);
        Self {
            databases: (0..count).map(|_| Db::new(reclaimer.clone())).collect(),
            journal: Journal::default(),
            clients: Clients::default(),
            unsent: Unsent::default(),
            blocked: blocked::Queues::default(),
            channels: Channels::default(),
            limits: Limits::default(),
            commands,
            stats: Stats::new(commands.all().len()),
            backlog: Backlog::default(),
            jobs: Jobs::default(),
            saving: Saving::new(now.unix()),
            reclaimer,
            clock,
            now,
            started: now,
            last_tick: now,
            run_id: unique_id(),
            replication_id: unique_id(),
            port: config.port,
            paused: false,
            config,
        }
    }

    /// A database, at the time at which the present command runs. There must be one of this number: see
    /// [`has_db`](Self::has_db).
    #[inline]
    pub fn db(&mut self, number: usize) -> DbMut<'_> {
        DbMut {
            number,
            // Not from input: SELECT takes no other number, and nor does whoever else names one.
            db: &mut self.databases[number],
            now: self.now.unix(),
            journal: &mut self.journal,
            counters: &mut self.stats.keyspace,
        }
    }

    /// Whether there is a database of this number.
    pub fn has_db(&self, number: usize) -> bool {
        number < self.databases.len()
    }

    /// All databases.
    pub fn databases(&self) -> &[Db] {
        &self.databases
    }

    /// Exchanges all keys of two databases. There must be both. Who waits for a key, or watches it, stays with the
    /// database, and hears of each key that was there or is there now.
    pub fn swap_databases(&mut self, first: usize, second: usize) {
        self.journal.changes += 1;
        let Ok([one, other]) = self.databases.get_disjoint_mut([first, second]) else {
            return; // They are the same.
        };
        let mut touched = Vec::new();
        for (number, interests) in [(first, &one.interests), (second, &other.interests)] {
            let keys = interests.keys().into_iter();
            let held = keys.filter(|key| one.has(key) || other.has(key));
            touched.extend(held.map(|key| (number, key)));
        }
        one.swap(other);
        for (number, key) in touched {
            self.db(number).note(&key, None);
        }
    }

    /// Says that what is written from now on continues nothing that anybody knows.
    pub fn change_replication_id(&mut self) {
        self.replication_id = unique_id();
    }

    /// Says what becomes of keys whose time is up.
    pub fn set_expiry(&mut self, expiry: Expiry) {
        for db in &mut self.databases {
            db.expiry = expiry;
        }
    }

    /// Lets requests be executed again.
    pub fn resume(&mut self) {
        self.paused = false;
        for client in self.clients.iter() {
            client.wake();
        }
    }

    /// Appends a message to what a client is to be sent, and wakes its connection. One that has too much waiting
    /// already is disconnected instead.
    pub fn deliver(&mut self, id: ClientId, message: &Reply) {
        let client = self.clients.get_mut(id);
        let Some(client) = client.filter(|client| client.closing.is_none()) else {
            return;
        };
        client.outbox.append(message);
        if client.exceeds(&self.config.client_output_buffer_limit, self.now.instant) {
            self.stats.output_limit_disconnections += 1;
            client.kill();
        } else {
            client.wake();
        }
    }

    /// Sends a message to all that listen to a channel, and gives their number.
    pub fn publish(&mut self, channel: &[u8], message: &[u8]) -> usize {
        let listeners: Vec<ClientId> = self.channels.listeners(channel).collect();
        if listeners.is_empty() {
            return 0;
        }
        // One that is large is copied here, and then shared by all who get it.
        let message = SmallBytes::from(message);
        let resp2 = published(channel, &message, Protocol::Resp2);
        let resp3 = published(channel, &message, Protocol::Resp3);
        for id in &listeners {
            let client = self.clients.get(*id);
            match client.map(|client| client.outbox.protocol()) {
                Some(Protocol::Resp3) => self.deliver(*id, &resp3),
                _ => self.deliver(*id, &resp2),
            }
        }
        listeners.len()
    }

    /// Forgets a client, and all that was kept for it.
    pub fn remove_client(&mut self, id: ClientId) {
        let Some(client) = self.clients.remove(id) else {
            return;
        };
        if let Some(wait) = &client.blocked {
            self.end_wait(wait);
        }
        for channel in &client.channels {
            self.channels.unsubscribe(channel, id);
        }
    }
}

/// A published message, as this protocol writes it.
fn published(channel: &[u8], message: &SmallBytes, protocol: Protocol) -> Reply {
    let mut reply = Reply::new(protocol);
    reply.push(3);
    reply.bulk(b"message");
    reply.bulk(channel);
    reply.bulk_by_reference(message, || message.shared());
    reply
}

fn unique_id() -> String {
    let mut random = rand::rng();
    (0..40)
        .map(|_| char::from_digit(random.random_range(0..16), 16).unwrap_or('0'))
        .collect()
}
