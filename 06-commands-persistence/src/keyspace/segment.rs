//! One part of a table, complete in itself: an open-addressing index over dense entries.

use crate::keyspace::cow::{Content, Cow};
use crate::keyspace::pages::{Pages, Spare};
use crate::small_bytes::{HASH_BITS, SmallBytes};
use std::hash::{BuildHasher, RandomState};

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry<V> {
    /// Where it is long it keeps the hash that its table gave it.
    pub key: SmallBytes,
    /// What it holds.
    pub value: V,
}

impl<V> Entry<V> {
    /// An entry for a key with this hash.
    pub fn new(mut key: SmallBytes, hash: u64, value: V) -> Self {
        key.keep_hash(hash);
        Self { key, value }
    }

    /// The hash of the key. Short keys are hashed again, since to keep it would cost them eight bytes each.
    /// Long ones keep it: a key may have 512 megabytes, and the command that meets it here names another.
    pub fn hash(&self, hasher: &RandomState) -> u64 {
        let kept = self.key.kept_hash();
        kept.unwrap_or_else(|| hash(hasher, &self.key))
    }
}

/// The hash of a key: as many bits of it as a long key can keep.
pub fn hash(hasher: &RandomState, key: &[u8]) -> u64 {
    hasher.hash_one(key) & ((1 << HASH_BITS) - 1)
}

/// Entries, and an index that finds them by their hash. Entries lie in no order; when one is removed, the
/// last one moves into its place. The index is kept apart, so that it can be built anew without a look at
/// the entries.
#[derive(Clone, Debug)]
pub struct Segment<V> {
    entries: Pages<Entry<V>>,
    /// A power of two of slots, at most seven eighths of them in use; or none at all.
    index: Cow<[Slot]>,
}

/// A place of an index. Either free, or the position of an entry and the highest bits of its hash. These
/// say where the slot belongs in an index of any size. And where they differ so do the keys: the entry,
/// which lies far away in memory, need not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u32);

/// Bits of a slot that hold the position plus one, so that 0 is free.
const POSITION_BITS: u32 = 15;

/// No segment has more entries: their positions would not fit into a slot. A table makes another segment long before.
const REACH: usize = (1 << POSITION_BITS) - 1;

/// The least number of slots of an index that has any.
const MIN_INDEX: usize = 4;

/// The most: twice what the reach needs at least. No more bits of the hash are in a slot than this needs.
const MAX_INDEX: usize = 2 << POSITION_BITS;

impl Slot {
    const FREE: Self = Self(0);

    fn new(position: usize, hash: u64) -> Self {
        Self(Self::bits(hash) << POSITION_BITS | (position as u32 + 1))
    }

    fn position(self) -> usize {
        (self.0 & ((1 << POSITION_BITS) - 1)).wrapping_sub(1) as usize
    }

    /// The bits of a hash that a slot holds.
    fn bits(hash: u64) -> u32 {
        (hash >> (HASH_BITS - (u32::BITS - POSITION_BITS))) as u32
    }

    /// The same bits, of the slot's own entry.
    fn own_bits(self) -> u32 {
        self.0 >> POSITION_BITS
    }
}

impl<V> Default for Segment<V> {
    fn default() -> Self {
        Self {
            entries: Pages::default(),
            index: Cow::default(),
        }
    }
}

impl<V: Clone> Content for Segment<V> {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.entries.copy_size()
    }
}

impl<V> Segment<V> {
    /// The entries. A position is valid until the next change.
    pub fn entries(&self) -> &Pages<Entry<V>> {
        &self.entries
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The position of `key`, whose hash this is.
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let place = self.find_slot(hash, |position| {
            let entry = self.entries.get(position);
            entry.is_some_and(|entry| *entry.key == *key)
        })?;
        self.index.get(place).map(|slot| slot.position())
    }

    /// Where the key with this hash is, if there is one, by the index alone.
    pub fn likely_position(&self, hash: u64) -> Option<usize> {
        let place = self.find_slot(hash, |_| true)?;
        self.index.get(place).map(|slot| slot.position())
    }

    /// A number that, by `&`, brings a place that lies beyond the end back to the beginning.
    fn mask(&self) -> usize {
        self.index.len().wrapping_sub(1)
    }

    /// The place in the index of the entry with this hash for whose position `is_it` holds.
    fn find_slot(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let bits = Slot::bits(hash);
        let mut place = bits as usize & self.mask();
        loop {
            // Ends at a free slot, which every index has. Where there is no index, there is no entry.
            match *self.index.get(place)? {
                Slot::FREE => return None,
                slot if slot.own_bits() == bits && is_it(slot.position()) => return Some(place),
                _ => place = (place + 1) & self.mask(),
            }
        }
    }
}

impl<V: Clone> Segment<V> {
    /// The value at a position, to be changed.
    #[inline]
    pub fn value_mut(&mut self, position: usize) -> Option<&mut V> {
        let entry = self.entries.get_mut(position)?;
        Some(&mut entry.value)
    }

    /// Appends an entry with this hash, whose key must not be there. Gives its position.
    pub fn push(&mut self, hash: u64, entry: Entry<V>) -> usize {
        self.push_reusing(hash, entry, &mut Spare::new())
    }

    fn push_reusing(&mut self, hash: u64, entry: Entry<V>, spare: &mut Spare<Entry<V>>) -> usize {
        let position = self.entries.len();
        assert!(position < REACH, "a segment was not divided in time");
        if (position + 1) * 8 > self.index.len() * 7 {
            self.rebuild_index((self.index.len() * 2).max(MIN_INDEX));
        }
        self.put(Slot::new(position, hash));
        self.entries.push_reusing(entry, spare);
        position
    }

    /// Removes the entry at `position`, whose key has this hash.
    pub fn remove(&mut self, hash: u64, position: usize, hasher: &RandomState) -> Option<Entry<V>> {
        let place = self.find_slot(hash, |found| found == position)?;
        self.free(place);
        let last = self.entries.len() - 1;
        // The last entry is about to move into the gap: its slot follows.
        if position != last {
            let hash = self.entries.get(last)?.hash(hasher);
            let place = self.find_slot(hash, |found| found == last)?;
            self.set(place, Slot::new(position, hash));
        }
        let entry = self.entries.swap_remove(position);
        self.shrink();
        entry
    }

    /// Takes the entries out for whose hash `moves` holds, and gives them as a segment of their own. In both
    /// the entries keep their order; a scan relies on it.
    pub fn split(&mut self, hasher: &RandomState, moves: impl Fn(u64) -> bool) -> Self {
        let half = (self.index.len() / 2).max(MIN_INDEX);
        let old = std::mem::take(self);
        let mut moved = Self::default();
        self.rebuild_index(half);
        moved.rebuild_index(half);
        // Pages that are emptied are filled again at once: an allocator is slower.
        old.entries.drain(|entry, spare| {
            let hash = entry.hash(hasher);
            let target = if moves(hash) { &mut moved } else { &mut *self };
            target.push_reusing(hash, entry, spare);
        });
        self.shrink();
        moved.shrink();
        moved
    }

    /// Puts a slot into the first free place from its home on.
    fn put(&mut self, slot: Slot) {
        let mut place = slot.own_bits() as usize & self.mask();
        let is_used = |slot: &Slot| *slot != Slot::FREE;
        while self.index.get(place).is_some_and(is_used) {
            place = (place + 1) & self.mask();
        }
        self.set(place, slot);
    }

    fn set(&mut self, place: usize, slot: Slot) {
        if let Some(held) = self.index.to_mut().get_mut(place) {
            *held = slot;
        }
    }

    /// Needs no look at the entries, so it takes some nanoseconds for each.
    fn rebuild_index(&mut self, slots: usize) {
        let slots = std::iter::repeat_n(Slot::FREE, slots.min(MAX_INDEX)).collect();
        for slot in std::mem::replace(&mut self.index, slots).iter() {
            if *slot != Slot::FREE {
                self.put(*slot);
            }
        }
    }

    /// Frees a place. Slots behind it that a search would no longer reach, since it ends at free places,
    /// move back.
    fn free(&mut self, mut free: usize) {
        let mut place = free;
        loop {
            place = (place + 1) & self.mask();
            let slot = self.index.get(place).copied().unwrap_or(Slot::FREE);
            if slot == Slot::FREE {
                break;
            }
            // How far a search walks to it, and how far it lies behind the free place.
            let walk = place.wrapping_sub(slot.own_bits() as usize) & self.mask();
            let gap = place.wrapping_sub(free) & self.mask();
            if walk >= gap {
                self.set(free, slot);
                free = place;
            }
        }
        self.set(free, Slot::FREE);
    }

    /// Gives most of the index back once it is nearly empty, and everything once there are no entries.
    fn shrink(&mut self) {
        let length = self.entries.len();
        if length == 0 {
            *self = Self::default();
        } else if self.index.len() > MIN_INDEX && length * 8 < self.index.len() {
            self.rebuild_index((length * 2).next_power_of_two().max(MIN_INDEX));
        }
    }
}

#[cfg(test)]
impl<V> Segment<V> {
    /// What must hold after every change.
    pub fn check(&self) {
        let used = self.index.iter().filter(|slot| **slot != Slot::FREE);
        let used = used.count();
        assert_eq!(used, self.len());
        assert!(self.index.is_empty() || used < self.index.len());
        assert_eq!(self.index.is_empty(), self.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> [u8; 4] {
        number.to_le_bytes()
    }

    /// Long keys have a hash of their own making here. Whoever calculated it again would find nothing.
    #[test]
    fn long_keys_are_not_hashed_again() {
        let hasher = RandomState::new();
        let key = |number: u64| [number as u8; 100];
        let hash_of = |number: u64| number << 48 | number;
        let mut segment = Segment::default();
        for number in 0..200 {
            let hash = hash_of(number);
            segment.push(hash, Entry::new(key(number).as_slice().into(), hash, ()));
        }
        let mut odd = segment.split(&hasher, |hash| hash & 1 == 1);
        assert_eq!((segment.len(), odd.len()), (100, 100));
        for number in 0..200 {
            let half = if number % 2 == 1 {
                &mut odd
            } else {
                &mut segment
            };
            let hash = hash_of(number);
            let position = half.find(hash, &key(number)).unwrap();
            let removed = half.remove(hash, position, &hasher);
            assert!(removed.is_some());
            half.check();
        }
    }

    #[test]
    fn a_split_keeps_the_order() {
        let hasher = RandomState::new();
        let mut segment = Segment::default();
        for number in 0..1_000 {
            let hash = hash(&hasher, &key(number));
            let entry = Entry::new(key(number).as_slice().into(), hash, number);
            segment.push(hash, entry);
        }
        let moved = segment.split(&hasher, |hash| hash & 1 == 1);
        assert_eq!(segment.len() + moved.len(), 1_000);
        for half in [&segment, &moved] {
            half.check();
            assert!(half.entries().iter().is_sorted_by_key(|entry| entry.value));
        }
    }

    #[test]
    fn a_key_and_a_small_value_lie_in_one_place_of_48_bytes() {
        assert_eq!(size_of::<Entry<SmallBytes>>(), 48);
        assert_eq!(size_of::<Entry<()>>(), 24);
    }
}
