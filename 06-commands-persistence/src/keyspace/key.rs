//! A key that is about to be changed.

use super::db::DbMut;
use super::event::{self, Event};
use super::table::Place;
use super::value::{Kind, Value, WrongType};
use crate::clock::UnixMillis;

/// A key that may be changed, by whoever has it from [`DbMut::for_write`]. It was looked for once; what is done with it finds it
/// at its place.
///
/// Nothing is announced until [`changed`](Self::changed) is called: a command that finds nothing to change
/// leaves no trace. However the command ends, a collection without elements does not stay.
#[derive(Debug)]
pub struct KeyMut<'a> {
    db: DbMut<'a>,
    key: &'a [u8],
    place: Place,
    /// Whether it may hold a collection from which elements were removed, or to which none was added.
    may_be_empty: bool,
    /// Whether nobody knows yet of what it holds.
    is_secret: bool,
}

impl<'a> DbMut<'a> {
    /// The way to change what `key` holds, whether or not it holds anything yet. Say
    /// [`changed`](KeyMut::changed) when it was changed.
    #[inline]
    pub fn for_write(mut self, key: &'a [u8]) -> KeyMut<'a> {
        self.expire(key);
        KeyMut::new(self, key)
    }
}

impl<'a> KeyMut<'a> {
    #[inline]
    pub(super) fn new(db: DbMut<'a>, key: &'a [u8]) -> Self {
        Self {
            place: db.db.values.locate(key),
            db,
            key,
            may_be_empty: false,
            is_secret: false,
        }
    }

    /// The key.
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    /// Whether the key holds a value.
    pub fn exists(&self) -> bool {
        self.place.is_found()
    }

    /// The value, whatever its type.
    pub fn value(&self) -> Option<&Value> {
        self.db.values.at(self.place).map(|(_, value)| value)
    }

    /// The value, as one of type `K`.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another.
    pub fn get<K: Kind>(&mut self) -> Result<Option<&mut K>, WrongType> {
        self.may_be_empty |= K::HAS_ELEMENTS;
        let value = self.db.db.values.at_mut(self.place);
        value
            .map(|value| K::of_mut(value).ok_or(WrongType))
            .transpose()
    }

    /// The value, as one of type `K`, which is made where there is none.
    ///
    /// # Errors
    /// [`WrongType`] where it is of another type.
    pub fn get_or_create<K: Kind>(&mut self) -> Result<&mut K, WrongType> {
        self.may_be_empty = true;
        if !self.exists() {
            self.is_secret = true;
            self.db
                .db
                .link(&mut self.place, self.key, K::default().into());
        }
        let value = self.db.db.values.at_mut(self.place);
        value.and_then(K::of_mut).ok_or(WrongType)
    }

    /// Makes the key hold `value` until `deadline`, or for ever, whatever it held before.
    #[inline]
    pub fn set(&mut self, value: Value, deadline: Option<UnixMillis>) {
        self.put(value);
        self.set_deadline(deadline);
    }

    /// Makes the key hold `value`, and leaves its deadline as it is.
    #[inline]
    pub fn put(&mut self, value: Value) {
        match self.db.db.values.at_mut(self.place) {
            Some(held) => {
                let old = std::mem::replace(held, value);
                self.db.discard(old);
            }
            None => self.db.db.link(&mut self.place, self.key, value),
        }
    }

    /// When the key expires, if it does.
    pub fn deadline(&self) -> Option<UnixMillis> {
        self.db.deadline_at(self.place)
    }

    /// Gives the key another deadline, or none. Does nothing where there is no such key.
    pub fn set_deadline(&mut self, deadline: Option<UnixMillis>) {
        self.db.db.put_deadline(self.place, deadline);
    }

    /// Takes the value and its deadline away from the key.
    pub fn take(&mut self) -> Option<(Value, Option<UnixMillis>)> {
        self.db.db.unlink(&mut self.place)
    }

    /// Removes the key. Whether it was there.
    pub fn remove(&mut self) -> bool {
        let taken = self.take();
        taken.map(|(value, _)| self.db.discard(value)).is_some()
    }

    /// Says that the key was changed, in `count` ways, by what Redis calls `event`. Whoever waits for the key
    /// or watches it will hear of it. It may be said more than once.
    #[inline]
    pub fn changed(&mut self, event: Event, count: usize) {
        self.is_secret = false;
        self.db.journal.changes += count as u64;
        self.db.note(self.key, Some(event));
    }

    /// Says that the key was changed by what is no event.
    pub fn changed_quietly(&mut self) {
        self.is_secret = false;
        self.db.journal.changes += 1;
        self.db.note(self.key, None);
    }

    /// Says that something was changed, in `count` ways, that is of no interest to whoever waits for the key or watches it:
    /// what Redis calls dirty, and not modified.
    pub fn changed_aside(&mut self, event: Option<Event>, count: usize) {
        self.is_secret = false;
        self.db.journal.changes += count as u64;
        self.db.journal.note(self.db.number, self.key, event, false);
    }
}

impl Drop for KeyMut<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.may_be_empty && self.value().is_some_and(Value::is_empty_collection) {
            self.remove();
            if !self.is_secret {
                self.db.note(self.key, Some(event::DEL));
            }
        }
    }
}
