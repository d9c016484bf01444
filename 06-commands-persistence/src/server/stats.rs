//! What the server counts.

use crate::keyspace::journal::Counters;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Counters since the server started, or since CONFIG RESETSTAT.
#[derive(Debug, Default)]
pub struct Stats {
    /// Commands that were executed.
    pub commands: u64,
    /// For each row of the command table.
    pub by_command: Vec<CommandStats>,
    /// What was done with keys.
    pub keyspace: Counters,
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that were refused.
    pub rejected_connections: u64,
    /// Bytes that were received.
    pub input_bytes: u64,
    /// Bytes that were handed to connections to be sent.
    pub output_bytes: u64,
    /// Error replies, by their first word.
    pub errors: BTreeMap<Vec<u8>, u64>,
    /// Clients that were disconnected since they did not read what they were sent.
    pub output_limit_disconnections: u64,
    /// The longest time that somebody had the lock.
    pub longest_hold: Duration,
    /// What was done then.
    pub longest_hold_by: &'static str,
    /// Commands per second, of late.
    pub rate: Rate,
    /// The rows of the commands that have run since the clock was last read.
    running: Vec<usize>,
    /// When somebody was last warned of.
    warned: Option<Instant>,
}

/// How often a command ran.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandStats {
    /// How often it was executed.
    pub calls: u64,
    /// For how long, all in all.
    pub time: Duration,
    /// How often it was refused before it ran.
    pub rejected: u64,
    /// How often it ended with an error.
    pub failed: u64,
}

/// The most error codes that are told apart: they come from fixed texts, and still a limit is due.
const MAX_ERRORS: usize = 128;

/// From one warning to the next.
const WARNING_PAUSE: Duration = Duration::from_secs(60);

impl Stats {
    /// Counters at zero, for a command table with this many rows.
    pub fn new(commands: usize) -> Self {
        Self {
            by_command: vec![CommandStats::default(); commands],
            ..Self::default()
        }
    }

    /// Counts a command that has run: the one in this row of the table.
    pub fn ran(&mut self, row: usize, failed: bool) {
        self.commands += 1;
        self.running.push(row);
        if let Some(stats) = self.by_command.get_mut(row) {
            stats.calls += 1;
            stats.failed += u64::from(failed);
        }
    }

    /// How many commands have run since the clock was last read.
    pub fn untimed(&self) -> usize {
        self.running.len()
    }

    /// Says how long they took, all in all. They share it evenly: where it is more than one, all are brief.
    pub fn took(&mut self, time: Duration) {
        let count = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        let Some(share) = time.checked_div(count) else {
            return;
        };
        for row in self.running.drain(..) {
            if let Some(stats) = self.by_command.get_mut(row) {
                stats.time += share;
            }
        }
    }

    /// Counts an error reply.
    pub fn error(&mut self, text: &[u8]) {
        let code = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        if let Some(count) = self.errors.get_mut(code) {
            *count += 1;
        } else if self.errors.len() < MAX_ERRORS {
            self.errors.insert(code.to_vec(), 1);
        }
    }

    /// Whether it is time for one more warning that whoever connects can cause: one in a minute, or they fill the log.
    pub fn may_warn(&mut self, now: Instant) -> bool {
        let is_recent = |last| now.saturating_duration_since(last) <= WARNING_PAUSE;
        if self.warned.is_some_and(is_recent) {
            return false;
        }
        self.warned = Some(now);
        true
    }

    /// Notes for how long the lock was held.
    pub fn held(&mut self, time: Duration, by: &'static str) {
        if time > self.longest_hold {
            self.longest_hold = time;
            self.longest_hold_by = by;
        }
    }
}

/// How many samples make up "of late".
const SAMPLES: usize = 16;

/// A rate, from samples of a counter that are taken ten times a second.
#[derive(Debug, Default)]
pub struct Rate {
    samples: [u64; SAMPLES],
    last: u64,
}

impl Rate {
    /// Takes a sample: the counter, and the time since the last one.
    pub fn sample(&mut self, counter: u64, elapsed: Duration) {
        let new = counter.saturating_sub(self.last);
        self.last = counter;
        self.samples.rotate_right(1);
        self.samples[0] = (new as f64 / elapsed.as_secs_f64().max(1e-6)) as u64;
    }

    /// The mean of the last samples, per second.
    pub fn per_second(&self) -> u64 {
        self.samples.iter().sum::<u64>() / SAMPLES as u64
    }
}
