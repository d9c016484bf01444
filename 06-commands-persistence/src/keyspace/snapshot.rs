//! How a database is written down as it was at one moment while clients go on changing it.
//!
//! Redis forks: the child process has a copy of everything, which the system makes page by page when one of
//! the two changes something. Here it is done by hand, and the pieces are the pages of the
//! [`Table`](super::table::Table). A snapshot walks over them in small steps. Whoever is about to change a key
//! that it has not reached yet first hands over the key's page, as it still is. Every page carries the number of
//! the snapshot that has it, so that none is handed over twice, and none is missed.

use super::table::{Cursor, Table};
use super::value::Value;
use crate::clock::UnixMillis;
use crate::small_bytes::SmallBytes;
use std::fmt;

/// Takes down the keys of a snapshot, each of them once, in no order.
pub trait Sink: Send + fmt::Debug {
    /// A key with its value, and when it expires.
    fn entry(&mut self, key: &[u8], value: &Value, deadline: Option<UnixMillis>);

    /// What was taken so far, to be written down; the sink forgets it.
    fn take(&mut self) -> Taken;

    /// How many bytes of memory are held until [`take`](Self::take) is called.
    fn pending(&self) -> usize;
}

/// Keys that a sink has taken.
#[derive(Debug, Default)]
pub struct Taken {
    /// Those that are written down already, as the bytes for the file.
    pub bytes: Vec<u8>,
    /// Those that would take long to write down, to be written outside the lock. They share the memory of what they
    /// were: no change reaches them.
    pub large: Vec<(SmallBytes, Value, Option<UnixMillis>)>,
}

impl Taken {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.large.is_empty()
    }
}

/// Keys of a database, and their deadlines.
pub type Tables = (Table<Value>, Table<UnixMillis>);

/// A snapshot of one database that is being taken.
#[derive(Debug)]
pub struct Frozen {
    epoch: u32,
    sink: Box<dyn Sink>,
    /// Where the walk goes on; `None` when it is at its end.
    cursor: Option<Cursor>,
    /// The tables to walk, where the database was emptied since.
    detached: Option<Tables>,
}

impl Frozen {
    /// A snapshot with this number, of which nothing is taken yet.
    pub fn new(epoch: u32, sink: Box<dyn Sink>) -> Self {
        Self {
            epoch,
            sink,
            cursor: Some(0),
            detached: None,
        }
    }

    /// Its number.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Where its keys go.
    pub fn sink(&mut self) -> &mut (dyn Sink + 'static) {
        &mut *self.sink
    }

    /// Takes about `limit` keys more. False: there were none left.
    pub fn step(
        &mut self,
        values: &mut Table<Value>,
        deadlines: &Table<UnixMillis>,
        limit: usize,
    ) -> bool {
        let Some(cursor) = self.cursor else {
            return false;
        };
        let (values, deadlines) = match &mut self.detached {
            Some((values, deadlines)) => (values, &*deadlines),
            None => (values, deadlines),
        };
        let sink = &mut self.sink;
        let mut visit =
            |key: &[u8], value: &Value| sink.entry(key, value, deadline_of(deadlines, key));
        self.cursor = values.freeze_step(cursor, limit, &mut visit);
        if self.cursor.is_none() {
            return false;
        }
        true
    }

    /// Takes what a change of `key` may change or move.
    pub fn preserve(
        &mut self,
        values: &mut Table<Value>,
        deadlines: &Table<UnixMillis>,
        key: &[u8],
    ) {
        if self.cursor.is_none() || self.detached.is_some() {
            return;
        }
        let sink = &mut self.sink;
        let mut visit =
            |key: &[u8], value: &Value| sink.entry(key, value, deadline_of(deadlines, key));
        values.freeze_for(key, &mut visit);
    }

    /// The database is emptied: the snapshot keeps the tables it has not yet walked to their end. Gives back
    /// the ones it has no use for, among them those of a second time: all in them is newer than the snapshot.
    pub fn detach(&mut self, values: Table<Value>, deadlines: Table<UnixMillis>) -> Option<Tables> {
        if self.cursor.is_none() || self.detached.is_some() {
            return Some((values, deadlines));
        }
        self.detached = Some((values, deadlines));
        None
    }

    /// Ends the snapshot. Gives its sink, and what is to be freed.
    pub fn end(self) -> (Box<dyn Sink>, Option<Tables>) {
        (self.sink, self.detached)
    }
}

fn deadline_of(deadlines: &Table<UnixMillis>, key: &[u8]) -> Option<UnixMillis> {
    if deadlines.is_empty() {
        return None;
    }
    deadlines.get(key).copied()
}
