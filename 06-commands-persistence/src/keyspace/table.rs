//! The hash table under the keyspace.
//!
//! It finds a key in little time, as every map does. But a database asks for more:
//!
//! - it may never stop to grow: at ten million keys, moving all of them at once takes a second;
//! - `SCAN` walks it in many small steps, between which it changes, and must not miss a key that was there
//!   all the time;
//! - `RANDOMKEY` draws keys with equal chance, and must not look at all of them for that;
//! - a snapshot takes it piece by piece, and must see it as it was at one moment;
//! - a small key with a small value must cost little memory.
//!
//! ```text
//!  hash of the key ---> one of many segments, of some hundred keys each
//!                         |
//!                         +-- index    [ - | 3 | - | 0 | 1 | - | 2 | - ]   positions, each with some
//!                         |                  |                             bits of the hash
//!                         +-- entries  [ key value | key value | ... ]     dense, in no order
//! ```
//!
//! The table grows by one segment at a time. It is made from a half of another one, so that this is all that
//! has to be done at once, at any size: some hundred keys move. [`grow`] says which segment is divided, and
//! when. An empty table has no segments, and a small one has one: it costs little to have many tables.
//!
//! The last entry of a segment fills the gap that a removed one leaves. [`scan`] says why nothing
//! is missed by that.

pub mod grow;
pub mod scan;

use crate::keyspace::counts::Counts;
use crate::keyspace::cow::Cow;
use crate::keyspace::pages::Pages;
use crate::keyspace::segment::{Entry, Segment, hash};
use crate::small_bytes::SmallBytes;
use std::hash::RandomState;
use std::hint::black_box;
use std::mem;

/// Where a walk goes on; 0 at its beginning, and at its end: see [`scan`].
pub type Cursor = u64;

/// How many keys are looked for at once: see [`Table::warm`].
pub const WARM: usize = 16;

/// A table of keys, each with a value. Values should be small: they lie beside their keys.
///
/// To clear it, take it as a whole by `mem::take`: that costs nothing, and who drops it, and where, is for
/// the taker to say.
#[derive(Clone, Debug)]
pub struct Table<V> {
    /// None before the first key comes.
    segments: Pages<Cow<Segment<V>>>,
    counts: Counts,
    length: usize,
    /// Its keys are random numbers: nobody can choose names that all fall into the same place.
    hasher: RandomState,
}

/// Where a table has a key, or where it would have it. Good until a key is added or removed.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    hash: u64,
    /// The segment, and the position there; `None` where there is no such key.
    found: Option<(usize, usize)>,
}

impl Place {
    /// Whether there is such a key.
    pub fn is_found(self) -> bool {
        self.found.is_some()
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            segments: Pages::default(),
            counts: Counts::default(),
            length: 0,
            hasher: RandomState::new(),
        }
    }
}

impl<V> Table<V> {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many bytes of memory a clone takes.
    pub fn copy_size(&self) -> usize {
        self.segments.copy_size()
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<&V> {
        Some(&self.find(key)?.value)
    }

    /// Looks where these keys would be found, up to [`WARM`] of them. A look into memory that is not in a cache takes as
    /// long as some hundred instructions, and a look-up needs two of them, the second of which has to wait for the first.
    /// But those of different keys need not wait for each other, if they are begun together: that is all that
    /// happens here.
    pub fn warm<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        let mut hashes = [0; WARM];
        let mut count = 0;
        for (place, key) in hashes.iter_mut().zip(keys) {
            *place = hash(&self.hasher, key);
            count += 1;
        }
        let hashes = hashes.get(..count).unwrap_or_default();
        let mut positions = [None; WARM];
        for (place, hash) in positions.iter_mut().zip(hashes) {
            let segment = self.segments.get(self.segment_of(*hash));
            *place = segment.and_then(|segment| segment.likely_position(*hash));
        }
        for (position, hash) in positions.iter().zip(hashes) {
            let segment = self.segments.get(self.segment_of(*hash));
            let entry = segment.and_then(|segment| segment.entries().get((*position)?));
            black_box(entry.map(|entry| entry.key.len()));
        }
    }

    /// The key itself, as the table holds it: a clone of it shares its bytes.
    pub fn get_key(&self, key: &[u8]) -> Option<&SmallBytes> {
        Some(&self.find(key)?.key)
    }

    /// The entry with this number, of those from 0 to `len() - 1`. Numbers mean nothing, but a random one
    /// gives every entry with the same chance. Takes about a hundred steps at ten million keys.
    pub fn nth(&self, number: usize) -> Option<(&[u8], &V)> {
        let (group, mut within) = self.counts.find(number);
        for number in group..self.segments.len() {
            let segment = self.segments.get(number)?;
            if let Some(entry) = segment.entries().get(within) {
                return Some((&entry.key, &entry.value));
            }
            within -= segment.len();
        }
        None
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &V)> {
        self.segments
            .iter()
            .flat_map(|segment| segment.entries().iter())
            .map(|entry| (&*entry.key, &entry.value))
    }

    /// All entries in no order, to the first error. Lets go of each part of the table when its entries were visited.
    ///
    /// # Errors
    /// What `visit` gives.
    pub fn consume<E>(
        self,
        mut visit: impl FnMut(&SmallBytes, &V) -> Result<(), E>,
    ) -> Result<(), E> {
        for segment in self.segments.consume() {
            for entry in segment.entries().iter() {
                visit(&entry.key, &entry.value)?;
            }
        }
        Ok(())
    }

    /// Where `key` is, or would be: whoever has more than one thing to do with it looks for it once.
    pub fn locate(&self, key: &[u8]) -> Place {
        let hash = hash(&self.hasher, key);
        let number = self.segment_of(hash);
        let found = self.segments.get(number);
        let found = found.and_then(|segment| Some((number, segment.find(hash, key)?)));
        Place { hash, found }
    }

    /// The key and the value at a place.
    pub fn at(&self, place: Place) -> Option<(&SmallBytes, &V)> {
        let (number, position) = place.found?;
        let entry = self.segments.get(number)?.entries().get(position)?;
        Some((&entry.key, &entry.value))
    }

    fn find(&self, key: &[u8]) -> Option<&Entry<V>> {
        let hash = hash(&self.hasher, key);
        let segment = self.segments.get(self.segment_of(hash))?;
        segment.entries().get(segment.find(hash, key)?)
    }
}

impl<V: Clone> Table<V> {
    /// Makes `key` hold `value`, and gives what it held before. The key is copied where it is new; given as
    /// [`SmallBytes`], it is taken as it is.
    pub fn insert(&mut self, key: impl AsRef<[u8]> + Into<SmallBytes>, value: V) -> Option<V> {
        let mut place = self.locate(key.as_ref());
        if let Some(held) = self.at_mut(place) {
            return Some(mem::replace(held, value));
        }
        self.add_at(&mut place, key.into(), value);
        None
    }

    /// Removes `key`, and gives it with its value.
    pub fn remove(&mut self, key: &[u8]) -> Option<(SmallBytes, V)> {
        self.remove_at(&mut self.locate(key))
    }

    /// The value at a place, to be changed.
    #[inline]
    pub fn at_mut(&mut self, place: Place) -> Option<&mut V> {
        let (number, position) = place.found?;
        let segment = self.segments.get_mut(number)?.to_mut();
        segment.value_mut(position)
    }

    /// Adds a key at the place where it was not found.
    pub fn add_at(&mut self, place: &mut Place, key: SmallBytes, value: V) {
        self.make_room();
        let number = self.segment_of(place.hash);
        let entry = Entry::new(key, place.hash, value);
        let segment = self.segments.get_mut(number);
        let position = segment.map(|segment| segment.to_mut().push(place.hash, entry));
        place.found = position.map(|position| (number, position));
        self.count(number, 1);
    }

    /// Removes the key at a place, and gives it with its value.
    pub fn remove_at(&mut self, place: &mut Place) -> Option<(SmallBytes, V)> {
        let (number, position) = place.found.take()?;
        let segment = self.segments.get_mut(number)?.to_mut();
        let Entry { key, value } = segment.remove(place.hash, position, &self.hasher)?;
        self.count(number, -1);
        self.drop_segments_of_none();
        Some((key, value))
    }

    /// Notes that a segment got a key, or lost one.
    fn count(&mut self, segment: usize, change: isize) {
        // Neither can fall below zero: only keys that were counted are removed.
        self.length = self.length.wrapping_add_signed(change);
        self.counts.change(segment, change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::{HashMap, HashSet};

    /// What must hold after every change.
    fn check<V: Clone>(table: &Table<V>) {
        table.segments.iter().for_each(|segment| segment.check());
        let lengths = table.segments.iter().map(|segment| segment.len());
        assert_eq!(table.len(), lengths.sum::<usize>());
        assert_eq!(table.iter().count(), table.len());
    }

    pub fn key(number: u32) -> Vec<u8> {
        // Some keys lie in place, some behind a pointer.
        format!("key:{}{number}", "x".repeat(number as usize % 40)).into_bytes()
    }

    #[test]
    fn random_calls_agree_with_the_standard_map() {
        let mut random = StdRng::seed_from_u64(6);
        let (mut table, mut map) = (Table::default(), HashMap::new());
        for step in 0..200_000_u32 {
            // The number of keys rises and falls, so that indexes grow and shrink.
            let grows = (step / 20_000).is_multiple_of(2);
            let key = key(random.random_range(0..30_000));
            match random.random_range(0..5) {
                0 => assert_eq!(table.get(&key), map.get(&key)),
                1 if grows => {
                    assert_eq!(table.remove(&key).map(|(_, value)| value), map.remove(&key))
                }
                1 | 2 if !grows => {
                    let removed = table.remove(&key);
                    assert_eq!(removed.is_some(), map.remove(&key).is_some());
                    assert!(removed.is_none_or(|(removed, _)| *removed == *key));
                }
                3 => {
                    let mut place = table.locate(&key);
                    if !place.is_found() {
                        table.add_at(&mut place, (&*key).into(), step);
                    }
                    assert_eq!(table.at_mut(place), Some(map.entry(key).or_insert(step)));
                }
                _ => assert_eq!(table.insert(&*key, step), map.insert(key, step)),
            }
            if step.is_multiple_of(5_000) {
                check(&table);
            }
        }
        for (key, value) in &map {
            assert_eq!(table.get(key), Some(value));
        }
        let all: HashMap<_, _> = table
            .iter()
            .map(|(key, value)| (key.to_vec(), *value))
            .collect();
        assert_eq!(all, map);
        for key in map.keys() {
            assert!(table.remove(key).is_some());
        }
        assert!(table.is_empty());
        check(&table);
        assert!(table.segments.is_empty());
    }

    /// One random change of a table and of its model.
    fn change(table: &mut Table<u32>, model: &mut HashMap<Vec<u8>, u32>, random: &mut StdRng) {
        let key = key(random.random_range(0..20_000));
        let value = random.random();
        match random.random_range(0..4) {
            0 => assert_eq!(
                table.remove(&key).map(|(_, value)| value),
                model.remove(&key)
            ),
            _ => assert_eq!(table.insert(&*key, value), model.insert(key, value)),
        }
    }

    /// Several at a time, each begun at another moment, taken and let go in any order.
    #[test]
    fn clones_do_not_see_later_changes() {
        let mut random = StdRng::seed_from_u64(8);
        let (mut table, mut model) = (Table::default(), HashMap::new());
        let mut clones = Vec::new();
        for _ in 0..60 {
            for _ in 0..random.random_range(0..3_000) {
                change(&mut table, &mut model, &mut random);
            }
            clones.push((table.clone(), model.clone()));
            if clones.len() > 3 {
                let (clone, model) = clones.swap_remove(random.random_range(0..4));
                check(&clone);
                let mut found = HashMap::new();
                let all = clone.consume(|key, value| {
                    found.insert(key.to_vec(), *value);
                    Ok::<(), ()>(())
                });
                assert_eq!((all, found), (Ok(()), model));
            }
        }
        check(&table);
    }

    #[test]
    fn a_change_after_a_clone_copies_one_page() {
        let mut table = Table::default();
        for number in 0..100_000_u32 {
            table.insert(&*key(number), number);
        }
        let clone = table.clone();
        table.insert(&*key(7), 8);
        assert_eq!(
            (table.get(&key(7)), clone.get(&key(7))),
            (Some(&8), Some(&7))
        );
        let place =
            |table: &Table<u32>, number| std::ptr::from_ref(table.get(&key(number)).unwrap());
        let copied = (0..100_000).filter(|number| place(&table, *number) != place(&clone, *number));
        assert!(copied.count() <= crate::keyspace::pages::PAGE);
    }

    /// A snapshot that fails, for one.
    #[test]
    fn after_a_clone_that_was_consumed_in_part_nothing_is_copied() {
        let mut table = Table::default();
        for number in 0..5_000 {
            table.insert(&*key(number), number);
        }
        let place = |table: &Table<u32>| std::ptr::from_ref(table.get(&key(7)).unwrap());
        let before = place(&table);
        let mut visited = 0;
        let failed = table.clone().consume(|_, _| {
            visited += 1;
            (visited < 10).then_some(()).ok_or("the disk is full")
        });
        assert_eq!(failed, Err("the disk is full"));
        table.insert(&*key(7), 8);
        assert_eq!(place(&table), before);
    }

    #[test]
    fn a_table_that_was_taken_begins_anew() {
        let mut table = Table::default();
        for number in 0..5_000 {
            table.insert(&*key(number), number);
        }
        let taken = mem::take(&mut table);
        assert_eq!((taken.len(), table.len()), (5_000, 0));
        table.insert(b"key".as_slice(), 1);
        check(&table);
        check(&taken);
    }

    #[test]
    fn a_key_from_another_table_is_found_and_removed() {
        let (mut one, mut other) = (Table::default(), Table::default());
        for number in 0..3_000 {
            one.insert(&*key(number), ());
            let key = one.get_key(&key(number)).cloned().unwrap();
            other.insert(key, ());
        }
        for number in 0..3_000 {
            assert!(other.remove(&key(number)).is_some());
        }
        assert_eq!((one.len(), other.len()), (3_000, 0));
    }

    #[test]
    fn every_number_names_another_key() {
        let mut table = Table::default();
        for number in 0..30_000 {
            table.insert(&*key(number), number);
        }
        let named: HashSet<u32> = (0..30_000)
            .filter_map(|nth| table.nth(nth))
            .map(|(_, number)| *number)
            .collect();
        assert_eq!(named.len(), 30_000);
        assert_eq!(table.nth(30_000), None);
        assert_eq!(table.nth(usize::MAX), None);
        assert_eq!(Table::<u32>::default().nth(0), None);
    }
}
