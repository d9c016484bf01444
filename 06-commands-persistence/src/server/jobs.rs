//! Works that take long, or touch files, and so are done by tasks and threads outside the lock. Commands ask
//! for them here.

use super::client::ClientId;
use crate::clock::UnixMillis;
use crate::keyspace::cow::copied;
use crate::keyspace::snapshot::Snapshot;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// A work to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Write a snapshot.
    Save,
    /// Write the configuration back to its file, for this client.
    RewriteConfig(ClientId),
    /// End the server.
    Shutdown(Shutdown),
}

/// How the server is to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// Whether to write a snapshot first; `None`: if the configuration has save points.
    pub save: Option<bool>,
    /// Whether to end even where the snapshot fails.
    pub force: bool,
    /// The client that asked, which is told if it can't be done.
    pub client: Option<ClientId>,
}

/// The works that were asked for and not begun.
#[derive(Debug, Default)]
pub struct Jobs {
    queue: VecDeque<Job>,
    notify: Arc<Notify>,
}

impl Jobs {
    /// Asks for a work.
    pub fn push(&mut self, job: Job) {
        self.queue.push_back(job);
        self.notify.notify_one();
    }

    /// The next work to do.
    pub fn pop(&mut self) -> Option<Job> {
        self.queue.pop_front()
    }

    /// Takes the snapshot out of the queue, if there is one: whoever calls this writes it now.
    pub fn take_save(&mut self) -> bool {
        let before = self.queue.len();
        self.queue.retain(|job| *job != Job::Save);
        self.queue.len() < before
    }

    /// Tells when there is something to do.
    pub fn notify(&self) -> Arc<Notify> {
        Arc::clone(&self.notify)
    }
}

/// How it stands with snapshots.
#[derive(Debug, Default)]
pub struct Saving {
    /// Whether one is being written, or is about to be.
    pub running: bool,
    /// How many changes there had been when it began.
    pub changes_at_start: u64,
    /// Clients that wait for its end: those that asked by SAVE.
    pub waiting: Vec<ClientId>,
    /// When the last one was completed: LASTSAVE.
    pub last: UnixMillis,
    /// When one was last begun.
    pub last_try: UnixMillis,
    /// Whether somebody waits to hear how it ends: then nobody else needs to be told if it fails.
    pub in_foreground: bool,
    /// Whether the last one in the background failed, and none has been completed since.
    pub failed: bool,
    /// How long it took.
    pub last_duration: Option<Duration>,
    /// How many changes there had been when the last complete one began.
    pub saved_changes: u64,
    /// What [`copied`] said when it began.
    pub copied_before: usize,
    /// Bytes that were copied since clients changed them while the last one was written.
    pub last_copied: usize,
    /// Complete ones since the server started.
    pub completed: u64,
    /// Keys that were loaded at the start, and those whose time was up by then.
    pub loaded: (u64, u64),
    /// What is about to be written.
    pub snapshot: Option<Snapshot>,
}

impl Saving {
    /// None was written yet by a server that was started at this time.
    pub fn new(now: UnixMillis) -> Self {
        Self {
            last: now,
            ..Self::default()
        }
    }

    /// Notes that a snapshot begins. False where one is running already.
    pub fn begin(&mut self, now: UnixMillis, changes: u64) -> bool {
        if self.running {
            return false;
        }
        self.running = true;
        self.in_foreground = false;
        self.last_try = now;
        self.changes_at_start = changes;
        self.copied_before = copied();
        true
    }

    /// How many bytes were copied so far since clients changed them while this one is being written.
    pub fn copied(&self) -> usize {
        if self.running {
            copied() - self.copied_before
        } else {
            0
        }
    }

    /// Notes that it has ended. Gives the clients that wait for that.
    pub fn end(&mut self, now: UnixMillis, took: Duration, completed: bool) -> Vec<ClientId> {
        self.running = false;
        self.failed = !completed && (self.failed || !self.in_foreground);
        self.last_duration = Some(took);
        self.last_copied = copied() - self.copied_before;
        if completed {
            self.last = now;
            self.saved_changes = self.changes_at_start;
            self.completed += 1;
        }
        std::mem::take(&mut self.waiting)
    }
}
