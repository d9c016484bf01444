//! What has happened to keys, for the server to act on after the command.

use super::SmallBytes;
use super::event::Event;
use crate::config::value::Events;
use std::collections::VecDeque;

/// What changes leave behind, in the order in which they were made, whichever database they were made in. Only what somebody
/// wants to hear of is noted: while nobody does, a change costs two comparisons.
#[derive(Debug, Default)]
pub struct Journal {
    /// Counts changes, ever since the server started.
    pub changes: u64,
    /// The classes of events that are published; none unless there are channels to publish them on.
    pub published: Events,
    /// Whether there are others who follow, and must be told what the server itself removes.
    pub is_followed: bool,
    notes: VecDeque<Note>,
    /// How many of the notes, from the first on, were looked at by [`next_removal`](Self::next_removal).
    seen: usize,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Note {
    /// The number of the database.
    pub db: usize,
    /// The key.
    pub key: SmallBytes,
    /// What happened to it; `None` for what has no event, such as FLUSHALL.
    pub event: Option<Event>,
    /// Whether clients wait for it.
    pub awaited: bool,
}

impl Journal {
    /// Notes what happened to a key, if it matters to anybody.
    #[inline]
    pub(super) fn note(&mut self, db: usize, key: &[u8], event: Option<Event>, awaited: bool) {
        let is_wanted = |event: Event| {
            self.published.contains(event.class) || self.is_followed && event.is_removal()
        };
        if awaited || event.is_some_and(is_wanted) {
            let key = key.into();
            self.notes.push_back(Note {
                db,
                key,
                event,
                awaited,
            });
        }
    }

    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Takes the oldest note.
    pub fn pop(&mut self) -> Option<Note> {
        self.seen = self.seen.saturating_sub(1);
        self.notes.pop_front()
    }

    /// The next key that the server itself has removed, and its database. The note stays.
    pub fn next_removal(&mut self) -> Option<(usize, SmallBytes)> {
        while let Some(note) = self.notes.get(self.seen) {
            self.seen += 1;
            if note.event.is_some_and(Event::is_removal) {
                return Some((note.db, note.key.clone()));
            }
        }
        None
    }
}

/// Counts of what is done with keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Lookups for reading that found their key.
    pub hits: u64,
    /// Those that did not.
    pub misses: u64,
    /// Keys removed because their time was up.
    pub expired: u64,
}

impl Counters {
    #[inline]
    pub(super) fn looked_up(&mut self, found: bool) {
        self.hits += u64::from(found);
        self.misses += u64::from(!found);
    }
}
