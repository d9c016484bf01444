//! What the configuration means to the server.

use super::Server;
use super::jobs::Job;
use crate::config::value::Events;
use crate::config::{Config, SetError};
use crate::keyspace::snapshot::Snapshot;
use std::path::PathBuf;

/// After a snapshot has failed, the next is not tried earlier than this many milliseconds later.
const RETRY_PAUSE: i64 = 5_000;

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
        self.config.set(pairs, local)?;
        self.apply_config();
        Ok(())
    }

    /// Tells all parts what the configuration says.
    pub fn apply_config(&mut self) {
        let events = self.config.notify_keyspace_events;
        let published = events.contains(Events::KEYSPACE) || events.contains(Events::KEYEVENT);
        for db in self.databases_mut() {
            db.journal.notes_events = published;
        }
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
        let (now, changes) = (self.now.unix(), self.changes());
        let begins = self.saving.begin(now, changes);
        if begins {
            self.saving.snapshot = Some(Snapshot::new(self.databases(), now));
        }
        begins
    }

    /// Begins a snapshot if one of the save points is reached.
    pub fn save_if_due(&mut self) {
        let now = self.clock.read();
        let changes = self.changes().saturating_sub(self.saving.saved_changes);
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
