//! One database: which key holds which value, and until when.

use super::SmallBytes;
use super::interest::Interests;
use super::reclaim::Reclaimer;
use super::snapshot::Image;
use super::table::{Cursor, Table};
use super::value::{Kind, Value, WrongType};
use crate::clock::UnixMillis;
use std::collections::BTreeSet;
use std::mem;

/// Expired keys that a request removes beside its own work; at least one, since it learns by that
/// whether any key is due.
const HELP: usize = 2;

/// A database. Clients choose one by SELECT.
///
/// A key whose deadline has come is gone for whoever looks: every method that names a key first
/// removes it if its time is up. Keys that nobody looks at are found by
/// [`remove_expired`](Self::remove_expired), which the server calls in the background.
///
/// Values are changed through [`for_write`](Self::for_write) and nowhere else. All that has to happen
/// beside a change hangs on it: snapshots, those who wait for or watch the key, the counts and the events.
#[derive(Debug, Default)]
pub struct Db {
    values: Table<Value>,
    /// The deadlines of the keys that have one. Most have none, and pay nothing for it.
    deadlines: Table<UnixMillis>,
    /// The same deadlines, the nearest first.
    by_deadline: BTreeSet<(UnixMillis, SmallBytes)>,
    /// The time, which stands still while a command runs.
    now: UnixMillis,
    /// Keys that clients wait for or watch.
    pub interests: Interests,
    /// What happened since it was last looked at.
    pub journal: Journal,
    /// Where large values go to be freed.
    reclaimer: Reclaimer,
}

/// What changes leave behind for the server to act on after the command.
#[derive(Debug, Default)]
pub struct Journal {
    /// Counts changes, ever since the server started.
    pub changes: u64,
    /// Keys that were changed while clients wait for them.
    pub ready: Vec<SmallBytes>,
    /// Whether removals of expired keys are to be noted.
    pub notes_expired: bool,
    /// Keys that were removed because their time was up.
    pub expired: Vec<SmallBytes>,
    /// Whether events are to be noted.
    pub notes_events: bool,
    /// What happened to which key, in Redis's words: `lpush`, `del`, `expired`.
    pub events: Vec<(&'static str, SmallBytes)>,
    /// Lookups for reading that found their key, and that did not.
    pub hits: u64,
    pub misses: u64,
    /// Keys removed because their time was up.
    pub expired_keys: u64,
}

impl Journal {
    /// Lets hits, misses and expired keys be counted from zero.
    pub fn reset_counts(&mut self) {
        (self.hits, self.misses, self.expired_keys) = (0, 0, 0);
    }

    fn event(&mut self, event: &'static str, key: &[u8]) {
        if self.notes_events {
            self.events.push((event, key.into()));
        }
    }
}

impl Db {
    /// An empty database that gives large values to this reclaimer.
    pub fn new(reclaimer: Reclaimer) -> Self {
        Self {
            reclaimer,
            ..Self::default()
        }
    }

    /// Sets the time as of which everything happens from now on.
    pub fn set_time(&mut self, now: UnixMillis) {
        self.now = now;
    }

    /// Brings what is known of several keys from the memory nearer to the processor: they will be asked for soon. See
    /// [`Table::warm`].
    pub fn warm<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        self.values.warm(keys);
    }

    /// The value of `key`, to be read.
    pub fn get(&mut self, key: &[u8]) -> Option<&Value> {
        self.expire(key);
        let value = self.values.get(key);
        if value.is_some() {
            self.journal.hits += 1;
        } else {
            self.journal.misses += 1;
        }
        value
    }

    /// The value of `key`, to be read as one of type `K`.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another.
    pub fn read<K: Kind>(&mut self, key: &[u8]) -> Result<Option<&K>, WrongType> {
        match self.get(key) {
            Some(value) => K::of(value).map(Some).ok_or(WrongType),
            None => Ok(None),
        }
    }

    /// Whether `key` holds a value.
    pub fn contains(&mut self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    /// When `key` expires: `None` where there is no such key, `Some(None)` where it never does.
    pub fn deadline(&mut self, key: &[u8]) -> Option<Option<UnixMillis>> {
        self.get(key)?;
        Some(self.deadline_of(key))
    }

    /// The way to change what `key` holds, whether or not it holds anything yet. Say
    /// [`changed`](KeyMut::changed) when it was changed.
    pub fn for_write<'a>(&'a mut self, key: &'a [u8]) -> KeyMut<'a> {
        self.expire(key);
        KeyMut {
            db: self,
            key,
            may_be_empty: false,
        }
    }

    /// How many keys there are, those counted whose deadline has come and that are not removed yet.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many keys have a deadline.
    pub fn volatile_len(&self) -> usize {
        self.deadlines.len()
    }

    /// The mean time that keys with a deadline have left, in milliseconds, from a few of them.
    pub fn average_ttl(&self) -> i64 {
        const SAMPLE: usize = 16;
        let left = |index| {
            let (_, deadline) = self.deadlines.nth(index * self.deadlines.len() / SAMPLE)?;
            Some(deadline.0.saturating_sub(self.now.0).max(0) / SAMPLE as i64)
        };
        (0..SAMPLE).filter_map(left).sum()
    }

    /// A key drawn by `number`, of those from 0 to `len() - 1`; each has one. Its time may be up.
    pub fn nth_key(&self, number: usize) -> Option<SmallBytes> {
        let (key, _) = self.values.nth(number)?;
        Some(key.into())
    }

    /// One step of a walk over all keys: calls `visit` for about `limit` of them whose time is not up,
    /// and gives the cursor for the next step; 0 at the beginning, and at the end.
    pub fn scan(
        &self,
        cursor: Cursor,
        limit: usize,
        mut visit: impl FnMut(&[u8], &Value),
    ) -> Cursor {
        let any_due = self.is_any_due();
        self.values.scan(cursor, limit, |key, value| {
            if !any_due || !self.is_due(key) {
                visit(key, value);
            }
        })
    }

    /// Puts a key in place as it was written down, without events or counts: for loading a snapshot. False
    /// where there is such a key already.
    pub fn restore(&mut self, key: &[u8], value: Value, deadline: Option<UnixMillis>) -> bool {
        if self.values.get(key).is_some() {
            return false;
        }
        self.values.insert(key, value);
        self.put_deadline(key, deadline);
        true
    }

    /// Removes every key. The work does not depend on how many there are.
    pub fn clear(&mut self) {
        self.journal.changes += 1;
        for key in self.interests.keys() {
            if self.values.get(&key).is_some() {
                self.interests.changed(&key);
            }
        }
        let values = mem::take(&mut self.values);
        let deadlines = mem::take(&mut self.deadlines);
        let by_deadline = mem::take(&mut self.by_deadline);
        self.reclaimer.free((values, deadlines, by_deadline));
    }

    /// Removes up to `limit` keys whose deadline has come, the oldest first. How many there were: fewer
    /// than `limit` means that no more are due. The work depends on `limit`, and hardly on the number of
    /// keys: each step down the tree of deadlines multiplies what it can hold by six at the least.
    pub fn remove_expired(&mut self, limit: usize) -> usize {
        for removed in 0..limit {
            if !self.is_any_due() {
                return removed;
            }
            if let Some((_, key)) = self.by_deadline.pop_first() {
                self.deadlines.remove(&key);
                self.remove_due(&key);
            }
        }
        limit
    }

    /// All keys as they are now. The work hardly depends on how many there are: see [`snapshot`](super::snapshot).
    pub fn image(&self) -> Image {
        Image {
            values: self.values.clone(),
            deadlines: self.deadlines.clone(),
        }
    }

    /// Removes `key` if its deadline has come. While the nearest deadline of all lies ahead this needs no
    /// look-up: a step to the tree's first leaf, and one comparison.
    ///
    /// While keys are due, whoever comes by removes a few of them. A request adds at most one key, so that
    /// requests can't bring keys with deadlines faster than they are removed.
    fn expire(&mut self, key: &[u8]) {
        if self.remove_expired(HELP) == 0 || !self.is_due(key) {
            return;
        }
        self.put_deadline(key, None);
        self.remove_due(key);
    }

    fn remove_due(&mut self, key: &[u8]) {
        let Some((key, value)) = self.values.remove(key) else {
            return;
        };
        self.discard(value);
        self.interests.changed(&key);
        self.journal.expired_keys += 1;
        self.journal.event("expired", &key);
        if self.journal.notes_expired {
            self.journal.expired.push(key);
        }
    }

    /// Whether the deadline of any key has come.
    fn is_any_due(&self) -> bool {
        self.by_deadline
            .first()
            .is_some_and(|(deadline, _)| *deadline <= self.now)
    }

    fn is_due(&self, key: &[u8]) -> bool {
        self.deadline_of(key)
            .is_some_and(|deadline| deadline <= self.now)
    }

    fn deadline_of(&self, key: &[u8]) -> Option<UnixMillis> {
        if self.deadlines.is_empty() {
            return None;
        }
        self.deadlines.get(key).copied()
    }

    /// Gives `key` another deadline, or none. Does nothing where there is no such key.
    fn put_deadline(&mut self, key: &[u8], deadline: Option<UnixMillis>) {
        if deadline.is_none() && self.deadlines.is_empty() {
            return;
        }
        if let Some((key, old)) = self.deadlines.remove(key) {
            self.by_deadline.remove(&(old, key));
        }
        let Some(deadline) = deadline else {
            return;
        };
        if let Some(key) = self.values.get_key(key) {
            self.deadlines.insert(key.clone(), deadline);
            self.by_deadline.insert((deadline, key.clone()));
        }
    }

    fn discard(&self, value: Value) {
        if value.is_slow_to_free() {
            self.reclaimer.free(value);
        }
    }
}

/// A key that may be changed, by whoever has it from [`Db::for_write`].
///
/// Nothing is announced until [`changed`](Self::changed) is called: a command that finds nothing to change
/// leaves no trace.
pub struct KeyMut<'a> {
    db: &'a mut Db,
    key: &'a [u8],
    /// Whether it may hold a collection from which elements were removed.
    may_be_empty: bool,
}

impl KeyMut<'_> {
    /// Whether the key holds a value.
    pub fn exists(&self) -> bool {
        self.db.values.get(self.key).is_some()
    }

    /// The value, as one of type `K`.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another.
    pub fn get<K: Kind>(&mut self) -> Result<Option<&mut K>, WrongType> {
        self.may_be_empty = K::HAS_ELEMENTS;
        let place = self.db.values.locate(self.key);
        match self.db.values.at_mut(place) {
            Some(value) => K::of_mut(value).map(Some).ok_or(WrongType),
            None => Ok(None),
        }
    }

    /// The value, as one of type `K`, which is made where there is none. Something is to be added to it:
    /// an empty one may not stay.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another type.
    pub fn get_or_create<K: Kind>(&mut self) -> Result<&mut K, WrongType> {
        let values = &mut self.db.values;
        let mut place = values.locate(self.key);
        if !place.is_found() {
            values.add_at(&mut place, self.key.into(), K::default().into());
        }
        let value = values.at_mut(place).and_then(K::of_mut);
        value.ok_or(WrongType)
    }

    /// Makes the key hold `value` until `deadline`, or for ever, whatever it held before.
    pub fn set(&mut self, value: Value, deadline: Option<UnixMillis>) {
        self.put(value);
        self.db.put_deadline(self.key, deadline);
    }

    /// Makes the key hold `value`, and leaves its deadline as it is.
    pub fn put(&mut self, value: Value) {
        if let Some(old) = self.db.values.insert(self.key, value) {
            self.db.discard(old);
        }
    }

    /// When the key expires, if it does.
    pub fn deadline(&self) -> Option<UnixMillis> {
        self.db.deadline_of(self.key)
    }

    /// Gives the key another deadline, or none. Does nothing where there is no such key.
    pub fn set_deadline(&mut self, deadline: Option<UnixMillis>) {
        self.db.put_deadline(self.key, deadline);
    }

    /// Takes the value and its deadline away from the key.
    pub fn take(&mut self) -> Option<(Value, Option<UnixMillis>)> {
        let deadline = self.deadline();
        self.db.put_deadline(self.key, None);
        let (_, value) = self.db.values.remove(self.key)?;
        Some((value, deadline))
    }

    /// Removes the key. Whether it was there.
    pub fn remove(&mut self) -> bool {
        let Some((value, _)) = self.take() else {
            return false;
        };
        self.db.discard(value);
        true
    }

    fn is_empty_collection(&self) -> bool {
        let value = self.db.values.get(self.key);
        value.is_some_and(Value::is_empty_collection)
    }

    /// Says that the key was changed, in `count` ways, by what Redis calls `event`. Whoever waits for the key
    /// or watches it will hear of it. A collection that has become empty is removed.
    pub fn changed(mut self, event: &'static str, count: usize) {
        self.db.journal.changes += count as u64;
        self.db.journal.event(event, self.key);
        if self.may_be_empty && self.is_empty_collection() {
            self.remove();
            self.db.journal.event("del", self.key);
        }
        if self.db.interests.changed(self.key) {
            self.db.journal.ready.push(self.key.into());
        }
    }
}
