//! The hash table under the keyspace.
//!
//! It finds a key in little time, as every map does. But a database asks for more:
//!
//! - it may never stop to grow: at ten million keys, moving all of them at once takes a second;
//! - `SCAN` walks it in many small steps, between which it changes, and must not miss a key that was there
//!   all the time;
//! - `RANDOMKEY` draws keys with equal chance, and must not look at all of them for that;
//! - a small key with a small value must cost little memory.
//!
//! ```text
//!  hash of the key ---> one of 1024 segments
//!                         |
//!                         +-- index    [ - | 3 | - | 0 | 1 | - | 2 | - ]   positions, each with some
//!                         |                  |                             bits of the hash
//!                         +-- entries  [ key value | key value | ... ]     dense, in no order
//! ```
//!
//! Every segment grows by itself. Of ten million keys it has ten thousand: what has to be done at once, to
//! build a larger index for them, takes a few tenths of a millisecond, and the entries stay where they are.
//!
//! The last entry fills the gap that a removed one leaves. A scan walks a segment from its last entry down
//! to its first. What it has not reached yet lies below it, and an entry that moves, moves down: it may be
//! met twice, but it is never missed. Nothing else moves, also not when the segment grows.

use crate::keyspace::pages::Pages;
use crate::keyspace::small_bytes::SmallBytes;
use std::hash::{BuildHasher, RandomState};
use std::mem;

/// How many segments there are, as a power of two.
const SEGMENT_BITS: u32 = 10;
const SEGMENTS: usize = 1 << SEGMENT_BITS;

/// Segments whose keys are counted together, so that the key with a given number is found in few steps.
const GROUP: usize = 32;

/// A table of keys, each with a value. Values should be small: they lie beside their keys.
#[derive(Debug)]
pub struct Table<V> {
    segments: Box<[Segment<V>]>,
    /// How many keys each group of segments holds.
    groups: [usize; SEGMENTS / GROUP],
    length: usize,
    /// Its keys are random numbers: nobody can choose names that all fall into the same place.
    hasher: RandomState,
}

/// Where a scan goes on; 0 at its beginning, and at its end. Segments below the one with this number are
/// done. Above the number stands the position down to which its entries were visited, or 0 for none yet.
pub type Cursor = u64;

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            segments: (0..SEGMENTS).map(|_| Segment::default()).collect(),
            groups: [0; SEGMENTS / GROUP],
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

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<&V> {
        let hash = self.hasher.hash_one(key);
        let segment = self.segments.get(segment_of(hash))?;
        let entry = segment.entries.get(segment.find(hash, key)?)?;
        Some(&entry.value)
    }

    /// The key itself, as the table holds it: a clone of it shares its bytes.
    pub fn get_key(&self, key: &[u8]) -> Option<&SmallBytes> {
        let hash = self.hasher.hash_one(key);
        let segment = self.segments.get(segment_of(hash))?;
        let entry = segment.entries.get(segment.find(hash, key)?)?;
        Some(&entry.key)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        let hash = self.hasher.hash_one(key);
        let segment = self.segments.get_mut(segment_of(hash))?;
        let position = segment.find(hash, key)?;
        let entry = segment.entries.get_mut(position)?;
        Some(&mut entry.value)
    }

    /// Makes `key` hold `value`, and gives what it held before. The key is copied where it is new; given as
    /// [`SmallBytes`], it is taken as it is.
    pub fn insert(&mut self, key: impl AsRef<[u8]> + Into<SmallBytes>, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(key.as_ref());
        let number = segment_of(hash);
        let segment = self.segments.get_mut(number)?;
        if let Some(position) = segment.find(hash, key.as_ref()) {
            let entry = segment.entries.get_mut(position)?;
            return Some(mem::replace(&mut entry.value, value));
        }
        let key = key.into();
        segment.push(hash, Entry { key, value }, &self.hasher);
        self.count(number, 1);
        None
    }

    /// Removes `key`, and gives it with its value.
    pub fn remove(&mut self, key: &[u8]) -> Option<(SmallBytes, V)> {
        let hash = self.hasher.hash_one(key);
        let number = segment_of(hash);
        let segment = self.segments.get_mut(number)?;
        let Entry { key, value } = segment.remove(hash, key, &self.hasher)?;
        self.count(number, -1);
        Some((key, value))
    }

    /// One step of a scan: calls `visit` for `limit` entries, or for as many as are left, and gives the
    /// cursor for the next step. An entry that is in the table from the first step to the last is visited
    /// at least once, whatever becomes of the others; one that comes or goes meanwhile may be.
    pub fn scan(&self, cursor: Cursor, limit: usize, mut visit: impl FnMut(&[u8], &V)) -> Cursor {
        let mut number = (cursor & (SEGMENTS as u64 - 1)) as usize;
        let mut visited_to = usize::try_from(cursor >> SEGMENT_BITS).unwrap_or(usize::MAX);
        let mut left = limit.max(1);
        while let Some(segment) = self.segments.get(number) {
            let length = segment.entries.len();
            let end = if visited_to == 0 {
                length
            } else {
                visited_to.min(length)
            };
            let start = end.saturating_sub(left);
            for entry in segment.entries.downward(start, end) {
                visit(&entry.key, &entry.value);
            }
            if start > 0 {
                return ((start as u64) << SEGMENT_BITS) | number as u64;
            }
            left -= end;
            number += 1;
            visited_to = 0;
            if left == 0 && number < SEGMENTS {
                return number as u64;
            }
        }
        0
    }

    /// The entry with this number, of those from 0 to `len() - 1`. Numbers mean nothing, but a random one
    /// gives every entry with the same chance. Takes at most 64 steps, however many keys there are.
    pub fn nth(&self, mut number: usize) -> Option<(&[u8], &V)> {
        let mut segments = &*self.segments;
        for keys in self.groups {
            if number < keys {
                break;
            }
            number -= keys;
            segments = segments.get(GROUP..)?;
        }
        for segment in segments {
            if let Some(entry) = segment.entries.get(number) {
                return Some((&entry.key, &entry.value));
            }
            number -= segment.entries.len();
        }
        None
    }

    fn count(&mut self, segment: usize, change: isize) {
        // Neither can fall below zero: only keys that were counted are removed.
        self.length = self.length.wrapping_add_signed(change);
        if let Some(keys) = self.groups.get_mut(segment / GROUP) {
            *keys = keys.wrapping_add_signed(change);
        }
    }
}

/// The segment is chosen by the lowest bits of the hash. Its index uses the ones above them for the place
/// and the highest ones for the tag.
fn segment_of(hash: u64) -> usize {
    hash as usize & (SEGMENTS - 1)
}

#[derive(Debug)]
struct Entry<V> {
    key: SmallBytes,
    value: V,
}

/// One part of the table, complete in itself: an open-addressing index over dense entries.
#[derive(Debug)]
struct Segment<V> {
    entries: Pages<Entry<V>>,
    /// A power of two of slots, at most seven eighths of them in use; or none at all.
    index: Box<[Slot]>,
}

impl<V> Default for Segment<V> {
    fn default() -> Self {
        Self {
            entries: Pages::default(),
            index: Box::default(),
        }
    }
}

/// A place of an index. Either free, or the position of an entry and a tag: ten bits of its hash. Where the
/// tags differ so do the keys, and the entry, which lies far away in memory, need not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u32);

/// Bits of a slot that hold the position plus one, so that 0 is free. Four million entries fit into a
/// segment, and so four thousand million into a table: 200 gigabytes of them.
const POSITION_BITS: u32 = 22;

/// The least number of slots of an index that has any.
const MIN_INDEX: usize = 4;

impl Slot {
    const FREE: Self = Self(0);

    fn new(position: usize, hash: u64) -> Self {
        Self(tag(hash) << POSITION_BITS | (position as u32 + 1))
    }

    fn position(self) -> usize {
        (self.0 & ((1 << POSITION_BITS) - 1)).wrapping_sub(1) as usize
    }

    fn has_tag_of(self, hash: u64) -> bool {
        self.0 >> POSITION_BITS == tag(hash)
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> (u64::BITS - (u32::BITS - POSITION_BITS))) as u32
}

impl<V> Segment<V> {
    /// The place where the search for a hash begins.
    fn home(&self, hash: u64) -> usize {
        (hash >> SEGMENT_BITS) as usize & self.mask()
    }

    /// A number that, by `&`, brings a place that lies beyond the end back to the beginning.
    fn mask(&self) -> usize {
        self.index.len().wrapping_sub(1)
    }

    /// The position of `key` among the entries.
    fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let holds = |position| {
            self.entries
                .get(position)
                .is_some_and(|entry| *entry.key == *key)
        };
        let place = self.find_slot(hash, holds)?;
        self.index.get(place).map(|slot| slot.position())
    }

    /// The place in the index of the entry with this hash for whose position `is_it` holds.
    fn find_slot(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut place = self.home(hash);
        loop {
            // Ends at a free slot, which every index has. Where there is no index, there is no entry.
            match *self.index.get(place)? {
                Slot::FREE => return None,
                slot if slot.has_tag_of(hash) && is_it(slot.position()) => return Some(place),
                _ => place = (place + 1) & self.mask(),
            }
        }
    }

    fn push(&mut self, hash: u64, entry: Entry<V>, hasher: &RandomState) {
        let position = self.entries.len();
        if (position + 1) * 8 > self.index.len() * 7 {
            self.rebuild_index((self.index.len() * 2).max(MIN_INDEX), hasher);
        }
        self.put(Slot::new(position, hash), hash);
        self.entries.push(entry);
    }

    /// Puts a slot into the first free place from its home on.
    fn put(&mut self, slot: Slot, hash: u64) {
        let mut place = self.home(hash);
        while self
            .index
            .get(place)
            .is_some_and(|slot| *slot != Slot::FREE)
        {
            place = (place + 1) & self.mask();
        }
        self.set(place, slot);
    }

    fn set(&mut self, place: usize, slot: Slot) {
        if let Some(held) = self.index.get_mut(place) {
            *held = slot;
        }
    }

    /// The hash of the entry at `position`, calculated again: to keep it would cost eight bytes a key.
    fn hash_at(&self, position: usize, hasher: &RandomState) -> Option<u64> {
        let entry = self.entries.get(position)?;
        Some(hasher.hash_one(&*entry.key))
    }

    fn rebuild_index(&mut self, slots: usize, hasher: &RandomState) {
        self.index = vec![Slot::FREE; slots].into();
        for position in 0..self.entries.len() {
            if let Some(hash) = self.hash_at(position, hasher) {
                self.put(Slot::new(position, hash), hash);
            }
        }
    }

    fn remove(&mut self, hash: u64, key: &[u8], hasher: &RandomState) -> Option<Entry<V>> {
        let removed = self.find(hash, key)?;
        let place = self.find_slot(hash, |position| position == removed)?;
        self.free(place, hasher);
        let last = self.entries.len() - 1;
        if removed != last {
            // The last entry is about to move into the gap: its slot follows.
            let hash = self.hash_at(last, hasher)?;
            let place = self.find_slot(hash, |position| position == last)?;
            self.set(place, Slot::new(removed, hash));
        }
        let entry = self.entries.swap_remove(removed);
        self.shrink_index(hasher);
        entry
    }

    /// Frees a place. Slots behind it that a search would no longer reach, since it ends at free places,
    /// move back.
    fn free(&mut self, mut free: usize, hasher: &RandomState) {
        let mut place = free;
        loop {
            place = (place + 1) & self.mask();
            let Some(slot) = self.index.get(place).copied() else {
                break;
            };
            if slot == Slot::FREE {
                break;
            }
            let Some(hash) = self.hash_at(slot.position(), hasher) else {
                break;
            };
            // How far a search walks to it, and how far it lies behind the free place.
            let walk = place.wrapping_sub(self.home(hash)) & self.mask();
            let gap = place.wrapping_sub(free) & self.mask();
            if walk >= gap {
                self.set(free, slot);
                free = place;
            }
        }
        self.set(free, Slot::FREE);
    }

    /// Gives most of an index back once it is nearly empty.
    fn shrink_index(&mut self, hasher: &RandomState) {
        let length = self.entries.len();
        if self.index.len() > MIN_INDEX && length * 8 < self.index.len() {
            self.rebuild_index((length * 2).next_power_of_two().max(MIN_INDEX), hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::{HashMap, HashSet};

    /// What must hold after every change.
    fn check<V>(table: &Table<V>) {
        let mut length = 0;
        for segment in &table.segments {
            let used = segment
                .index
                .iter()
                .filter(|slot| **slot != Slot::FREE)
                .count();
            assert_eq!(used, segment.entries.len());
            assert!(segment.index.is_empty() || used < segment.index.len());
            length += used;
        }
        assert_eq!(table.len(), length);
        assert_eq!(table.groups.iter().sum::<usize>(), length);
    }

    fn key(number: u32) -> Vec<u8> {
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
            match random.random_range(0..4) {
                0 => assert_eq!(table.get(&key), map.get(&key)),
                1 if grows => {
                    assert_eq!(table.remove(&key).map(|(_, value)| value), map.remove(&key))
                }
                1 | 2 if !grows => {
                    let removed = table.remove(&key);
                    assert_eq!(removed.is_some(), map.remove(&key).is_some());
                    assert!(removed.is_none_or(|(removed, _)| *removed == *key));
                }
                _ => assert_eq!(table.insert(&*key, step), map.insert(key, step)),
            }
            if step.is_multiple_of(5_000) {
                check(&table);
            }
        }
        for (key, value) in &map {
            assert_eq!(table.get(key), Some(value));
            assert_eq!(table.get_mut(key).as_deref(), Some(value));
        }
        for key in map.keys() {
            assert!(table.remove(key).is_some());
        }
        assert!(table.is_empty());
        check(&table);
    }

    #[test]
    fn a_scan_misses_no_key_that_stays_whatever_comes_and_goes() {
        for seed in 0..20 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut table = Table::default();
            let stays: HashSet<Vec<u8>> = (0..2_000).map(key).collect();
            for number in 0..20_000 {
                table.insert(&*key(number), ());
            }
            let mut seen = HashSet::new();
            let mut cursor = 0;
            loop {
                cursor = table.scan(cursor, 50, |key, ()| {
                    seen.insert(key.to_vec());
                });
                if cursor == 0 {
                    break;
                }
                for _ in 0..100 {
                    let other = key(random.random_range(2_000..40_000));
                    if seed.is_multiple_of(2) {
                        table.remove(&other);
                    } else {
                        table.insert(&*other, ());
                    }
                }
            }
            assert!(stays.is_subset(&seen), "seed {seed}");
        }
    }

    #[test]
    fn a_scan_of_a_table_at_rest_visits_every_key_once_in_steps_of_the_limit() {
        let mut table = Table::default();
        for number in 0..5_000 {
            table.insert(&*key(number), number);
        }
        for limit in [1, 7, 1_000, usize::MAX] {
            let (mut seen, mut cursor) = (Vec::new(), 0);
            loop {
                let before = seen.len();
                cursor = table.scan(cursor, limit, |_, number| seen.push(*number));
                if cursor == 0 {
                    break;
                }
                assert_eq!(seen.len() - before, limit);
            }
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..5_000), "limit {limit}");
        }
    }

    #[test]
    fn any_cursor_is_safe() {
        let mut table = Table::default();
        for number in 0..5_000 {
            table.insert(&*key(number), number);
        }
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..1_000 {
            table.scan(random.random(), 10, |_, _| {});
        }
    }

    #[test]
    fn every_number_names_another_key() {
        let mut table = Table::default();
        for number in 0..3_000 {
            table.insert(&*key(number), number);
        }
        let named: HashSet<u32> = (0..3_000)
            .filter_map(|nth| table.nth(nth))
            .map(|(_, number)| *number)
            .collect();
        assert_eq!(named.len(), 3_000);
        assert_eq!(table.nth(3_000), None);
        assert_eq!(Table::<u32>::default().nth(0), None);
    }

    #[test]
    fn a_key_and_a_small_value_lie_in_one_place_of_48_bytes() {
        assert_eq!(size_of::<Entry<SmallBytes>>(), 48);
    }
}
