//! One database: which key holds which value, and until when.

use super::SmallBytes;
use super::event::{self, Event};
use super::interest::Interests;
use super::journal::{Counters, Journal};
use super::reclaim::Reclaimer;
use super::snapshot::Image;
use super::table::{Cursor, Place, Table};
use super::value::{Kind, Value, WrongType};
use crate::clock::UnixMillis;
use std::collections::BTreeSet;
use std::mem;
use std::ops::Deref;

/// Expired keys that a request removes beside its own work; at least one, since it learns by that
/// whether any key is due.
const HELP: usize = 2;

/// What is stored in a database. Clients choose one by SELECT, and work on it through a [`DbMut`].
#[derive(Debug, Default)]
pub struct Db {
    pub(super) values: Table<Value>,
    /// The deadlines of the keys that have one. Most have none, and pay nothing for it.
    deadlines: Table<UnixMillis>,
    /// The same deadlines, the nearest first.
    by_deadline: BTreeSet<(UnixMillis, SmallBytes)>,
    /// Keys that clients wait for or watch.
    pub interests: Interests,
    /// What becomes of keys whose deadline has come.
    pub expiry: Expiry,
    /// Where large values go to be freed.
    reclaimer: Reclaimer,
}

/// What becomes of a key whose deadline has come. For whoever reads it is gone, either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// It is removed.
    #[default]
    Remove,
    /// It is removed when somebody asks for it, and until then it stays: so that a test can see it.
    OnAccess,
    /// It is hidden from readers, until somebody else says that it is removed: a replica waits for its master's word. Who
    /// writes sees it, since what a master has sent was done before that word.
    Hide,
}

impl Db {
    /// An empty database that gives large values to this reclaimer.
    pub fn new(reclaimer: Reclaimer) -> Self {
        Self {
            reclaimer,
            ..Self::default()
        }
    }

    /// Brings what is known of several keys from the memory nearer to the processor: they will be asked for soon. See
    /// [`Table::warm`].
    pub fn warm<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        self.values.warm(keys);
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
    pub fn average_ttl(&self, now: UnixMillis) -> i64 {
        const SAMPLE: usize = 16;
        let left = |index| {
            let (_, deadline) = self.deadlines.nth(index * self.deadlines.len() / SAMPLE)?;
            Some(deadline.0.saturating_sub(now.0).max(0) / SAMPLE as i64)
        };
        (0..SAMPLE).filter_map(left).sum()
    }

    /// A key drawn by `number`, of those from 0 to `len() - 1`; each has one. Its time may be up.
    pub fn nth_key(&self, number: usize) -> Option<SmallBytes> {
        let (key, _) = self.values.nth(number)?;
        Some(key.into())
    }

    /// Puts a key in place as it was written down, without events or counts: for loading a snapshot. False
    /// where there is such a key already.
    pub fn restore(&mut self, key: &[u8], value: Value, deadline: Option<UnixMillis>) -> bool {
        let mut place = self.values.locate(key);
        if place.is_found() {
            return false;
        }
        self.link(&mut place, key, value);
        self.put_deadline(place, deadline);
        true
    }

    /// Whether there is such a key, be its time up or not.
    pub fn has(&self, key: &[u8]) -> bool {
        self.values.get(key).is_some()
    }

    /// Exchanges all keys with another database.
    pub fn swap(&mut self, other: &mut Self) {
        mem::swap(&mut self.values, &mut other.values);
        mem::swap(&mut self.deadlines, &mut other.deadlines);
        mem::swap(&mut self.by_deadline, &mut other.by_deadline);
    }

    /// All keys as they are now. The work hardly depends on how many there are: see [`snapshot`](super::snapshot).
    pub fn image(&self) -> Image {
        Image {
            values: self.values.clone(),
            deadlines: self.deadlines.clone(),
        }
    }

    /// A key comes. With [`unlink`](Self::unlink) and [`DbMut::clear`] the only place where keys come and go.
    pub(super) fn link(&mut self, place: &mut Place, key: &[u8], value: Value) {
        self.values.add_at(place, key.into(), value);
    }

    /// A key goes, with its deadline.
    pub(super) fn unlink(&mut self, place: &mut Place) -> Option<(Value, Option<UnixMillis>)> {
        let deadline = self.drop_deadline(*place);
        let (_, value) = self.values.remove_at(place)?;
        Some((value, deadline))
    }

    /// When the key at a place expires.
    pub(super) fn deadline_at(&self, place: Place) -> Option<UnixMillis> {
        let (key, _) = self.values.at(place)?;
        self.deadline_of(key)
    }

    /// Gives the key at a place another deadline, or none.
    #[inline]
    pub(super) fn put_deadline(&mut self, place: Place, deadline: Option<UnixMillis>) {
        if deadline.is_some() || !self.deadlines.is_empty() {
            self.replace_deadline(place, deadline);
        }
    }

    fn replace_deadline(&mut self, place: Place, deadline: Option<UnixMillis>) {
        self.drop_deadline(place);
        if let (Some(deadline), Some((key, _))) = (deadline, self.values.at(place)) {
            self.deadlines.insert(key.clone(), deadline);
            self.by_deadline.insert((deadline, key.clone()));
        }
    }

    fn drop_deadline(&mut self, place: Place) -> Option<UnixMillis> {
        if self.deadlines.is_empty() {
            return None;
        }
        let (key, _) = self.values.at(place)?;
        let (key, deadline) = self.deadlines.remove(key)?;
        self.by_deadline.remove(&(deadline, key));
        Some(deadline)
    }

    pub(super) fn discard(&self, value: Value) {
        if value.is_slow_to_free() {
            self.reclaimer.free(value);
        }
    }

    /// The key with the nearest deadline, if that has come.
    #[inline]
    fn first_due(&self, now: UnixMillis) -> Option<&SmallBytes> {
        let (deadline, key) = self.by_deadline.first()?;
        (*deadline <= now).then_some(key)
    }

    fn is_due(&self, key: &[u8], now: UnixMillis) -> bool {
        self.deadline_of(key)
            .is_some_and(|deadline| deadline <= now)
    }

    fn deadline_of(&self, key: &[u8]) -> Option<UnixMillis> {
        if self.deadlines.is_empty() {
            return None;
        }
        self.deadlines.get(key).copied()
    }
}

/// A database at one moment: while a command runs the time stands still.
///
/// A key whose deadline has come is gone for whoever looks: every method that names a key first
/// removes it if its time is up. Keys that nobody looks at are found by
/// [`remove_expired`](Self::remove_expired), which the server calls in the background.
///
/// Values are changed through [`for_write`](Self::for_write) and nowhere else. All that has to happen
/// beside a change hangs on it: snapshots, those who wait for or watch the key, the counts and the events.
#[derive(Debug)]
pub struct DbMut<'a> {
    /// Its number.
    pub number: usize,
    /// What is stored in it.
    pub db: &'a mut Db,
    /// The time as of which everything happens.
    pub now: UnixMillis,
    /// Where changes are noted.
    pub journal: &'a mut Journal,
    /// Where lookups are counted.
    pub counters: &'a mut Counters,
}

impl Deref for DbMut<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db
    }
}

impl<'a> DbMut<'a> {
    /// The value of `key`, to be read.
    #[inline]
    pub fn get(mut self, key: &[u8]) -> Option<&'a Value> {
        self.expire(key);
        let value = visible(self.db, key, self.now);
        self.counters.looked_up(value.is_some());
        value
    }

    /// The value of `key`, to be read as one of type `K`.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another.
    #[inline]
    pub fn read<K: Kind>(self, key: &[u8]) -> Result<Option<&'a K>, WrongType> {
        self.get(key).map(of_kind).transpose()
    }

    /// Says that these keys are about to be read, all at once: each counts as looked up. Then [`peek`](Self::peek) at
    /// them.
    pub fn touch<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) {
        for key in keys {
            self.contains(key);
        }
    }

    /// The value of `key`, as one of type `K`. Nothing is counted, and several can be looked at together.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another.
    pub fn peek<K: Kind>(&self, key: &[u8]) -> Result<Option<&K>, WrongType> {
        visible(self.db, key, self.now).map(of_kind).transpose()
    }

    /// The name of the type of what `key` holds, as TYPE gives it: `none` where it holds nothing. Nothing is counted.
    pub fn type_name(&self, key: &[u8]) -> &'static str {
        visible(self.db, key, self.now).map_or("none", Value::type_name)
    }

    /// Whether `key` holds a value.
    pub fn contains(&mut self, key: &[u8]) -> bool {
        self.expire(key);
        let found = visible(self.db, key, self.now).is_some();
        self.counters.looked_up(found);
        found
    }

    /// When `key` expires: `None` where there is no such key, `Some(None)` where it never does.
    pub fn deadline(&mut self, key: &[u8]) -> Option<Option<UnixMillis>> {
        self.contains(key).then(|| self.db.deadline_of(key))
    }

    /// One step of a walk over all keys: calls `visit` for about `limit` of them whose time is not up,
    /// and gives the cursor for the next step; 0 at the beginning, and at the end.
    pub fn scan(
        &self,
        cursor: Cursor,
        limit: usize,
        mut visit: impl FnMut(&[u8], &Value),
    ) -> Cursor {
        let any_due = self.first_due(self.now).is_some();
        self.values.scan(cursor, limit, |key, value| {
            if !any_due || !self.is_due(key, self.now) {
                visit(key, value);
            }
        })
    }

    /// Removes every key, each of which counts as a change. The work does not depend on how many there are.
    pub fn clear(&mut self) {
        self.journal.changes += self.len() as u64;
        for key in self.interests.keys() {
            if self.has(&key) {
                self.note(&key, None);
            }
        }
        let values = mem::take(&mut self.db.values);
        let deadlines = mem::take(&mut self.db.deadlines);
        let by_deadline = mem::take(&mut self.db.by_deadline);
        self.reclaimer.free((values, deadlines, by_deadline));
    }

    /// Removes up to `limit` keys whose deadline has come, the oldest first. How many there were: fewer
    /// than `limit` means that no more are due. The work depends on `limit`, and hardly on the number of
    /// keys: each step down the tree of deadlines multiplies what it can hold by six at the least.
    pub fn remove_expired(&mut self, limit: usize) -> usize {
        for removed in 0..limit {
            match self.first_due(self.now) {
                Some(key) if self.expiry == Expiry::Remove => {
                    let key = key.clone();
                    self.remove_due(&key);
                }
                _ => return removed,
            }
        }
        limit
    }

    /// Removes `key` if its deadline has come. While the nearest deadline of all lies ahead this needs no
    /// look-up: a step to the tree's first leaf, and one comparison.
    ///
    /// While keys are due, whoever comes by removes a few of them. A request adds at most one key, so that
    /// requests can't bring keys with deadlines faster than they are removed.
    #[inline]
    pub(super) fn expire(&mut self, key: &[u8]) {
        if self.first_due(self.now).is_some() {
            self.expire_due(key);
        }
    }

    #[cold]
    fn expire_due(&mut self, key: &[u8]) {
        self.remove_expired(HELP);
        if self.expiry != Expiry::Hide && self.is_due(key, self.now) {
            self.remove_due(key);
        }
    }

    fn remove_due(&mut self, key: &[u8]) {
        let mut place = self.db.values.locate(key);
        if let Some((value, _)) = self.db.unlink(&mut place) {
            self.discard(value);
            self.counters.expired += 1;
            self.note(key, Some(event::EXPIRED));
        }
    }

    /// Notes that something happened to `key`, for whoever wants to hear of it.
    #[inline]
    pub fn note(&mut self, key: &[u8], event: Option<Event>) {
        let awaited = self.db.interests.changed(key);
        self.journal.note(self.number, key, event, awaited);
    }
}

/// The value of `key`, unless its time is up.
#[inline]
fn visible<'d>(db: &'d Db, key: &[u8], now: UnixMillis) -> Option<&'d Value> {
    // Only on a replica, or where so many keys are due that they are not removed yet.
    if db.first_due(now).is_some() && db.is_due(key, now) {
        return None;
    }
    db.values.get(key)
}

fn of_kind<K: Kind>(value: &Value) -> Result<&K, WrongType> {
    K::of(value).ok_or(WrongType)
}
