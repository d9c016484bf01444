//! What the configuration means to the server.

use super::Server;
use super::jobs::Job;
use crate::config::param::Size;
use crate::config::value::Events;
use crate::config::{Config, SetError};
use crate::keyspace::limits::{Compact, Limits};
use crate::keyspace::snapshot::Snapshot;
use std::path::PathBuf;

/// After a snapshot has failed, the next is not tried earlier than this many milliseconds later.
const RETRY_PAUSE: i64 = 5_000;

type Hook = (&'static str, fn(&mut Server));

/// The parameters on which something acts at once when they change. The others are read where they are needed.
static HOOKS: &[Hook] = &[
    ("hz", |server| {
        // Redis takes any number, too, and holds this one within its bounds.
        server.config.hz = server.config.hz.clamp(1, 500);
    }),
    ("hash-max-listpack-entries", Server::note_limits),
    ("hash-max-listpack-value", Server::note_limits),
    ("hll-sparse-max-bytes", Server::note_limits),
    ("list-max-listpack-size", Server::note_limits),
    ("loglevel", |server| {
        log::set_max_level(server.config.loglevel.into());
    }),
    ("notify-keyspace-events", Server::note_events),
    ("set-max-intset-entries", Server::note_limits),
    ("stream-node-max-bytes", Server::note_limits),
    ("stream-node-max-entries", Server::note_limits),
    ("zset-max-listpack-entries", Server::note_limits),
    ("zset-max-listpack-value", Server::note_limits),
];

impl Config {
    /// The file of the snapshot.
    pub fn dump_path(&self) -> PathBuf {
        self.dir.join(&self.dbfilename)
    }
}

impl Server {
    /// Changes the configuration, and acts on what was changed.
    ///
    /// # Errors
    /// Nothing was changed: see [`Config::set`].
    pub fn set_config(&mut self, pairs: &[(&[u8], &[u8])], local: bool) -> Result<(), SetError> {
        let changed = self.config.set(pairs, local)?;
        self.run_hooks(|name| changed.iter().any(|row| row.name == name));
        Ok(())
    }

    /// Acts on all that the configuration says, when the server starts.
    pub fn apply_config(&mut self) {
        self.run_hooks(|_| true);
    }

    fn run_hooks(&mut self, wanted: impl Fn(&str) -> bool) {
        for (_, hook) in HOOKS.iter().filter(|(name, _)| wanted(name)) {
            hook(self);
        }
    }

    fn note_events(&mut self) {
        let events = self.config.notify_keyspace_events;
        let published = events.contains(Events::KEYSPACE) || events.contains(Events::KEYEVENT);
        self.journal.published = if published { events } else { Events::default() };
    }

    fn note_limits(&mut self) {
        let config = &self.config;
        let compact = |entries, bytes: Size| Compact {
            entries,
            bytes: bytes.0,
        };
        self.limits = Limits {
            hash: compact(
                config.hash_max_listpack_entries,
                config.hash_max_listpack_value,
            ),
            sorted_set: compact(
                config.zset_max_listpack_entries,
                config.zset_max_listpack_value,
            ),
            integers: config.set_max_intset_entries,
            list_node: config.list_max_listpack_size,
            stream_node: compact(config.stream_node_max_entries, config.stream_node_max_bytes),
            sparse_bytes: config.hll_sparse_max_bytes.0,
        };
    }

    /// Begins a snapshot of this moment, and has it written. False where one is being written already.
    pub fn begin_save(&mut self) -> bool {
        let begins = self.freeze();
        if begins {
            self.jobs.push(Job::Save);
        }
        begins
    }

    /// Begins a snapshot that the caller writes. False where one is being written already.
    pub fn freeze(&mut self) -> bool {
        let (now, changes) = (self.now.unix(), self.journal.changes);
        let begins = self.saving.begin(now, changes);
        if begins {
            self.saving.snapshot = Some(Snapshot::new(self.databases(), now));
        }
        begins
    }

    /// Begins a snapshot if one of the save points is reached.
    pub fn save_if_due(&mut self) {
        let now = self.clock.read();
        let changes = self
            .journal
            .changes
            .saturating_sub(self.saving.saved_changes);
        let elapsed = now.unix().0.saturating_sub(self.saving.last.0);
        let is_due = self.config.save.iter().any(|point| {
            let enough = u64::try_from(point.changes).is_ok_and(|wanted| changes >= wanted);
            enough && elapsed > point.seconds.saturating_mul(1000)
        });
        let since_try = now.unix().0.saturating_sub(self.saving.last_try.0);
        if is_due && (!self.saving.failed || since_try > RETRY_PAUSE) {
            self.now = now;
            self.begin_save();
        }
    }

    /// Whether nothing may be changed, since the last snapshot failed.
    pub fn refuses_writes(&self) -> bool {
        self.saving.failed
            && self.config.stop_writes_on_bgsave_error
            && !self.config.save.is_empty()
    }
}
