//! A few byte strings in one block of memory: the compact form of short lists, sets, hashes and sorted sets.
//!
//! ```text
//!  | gap | 3 a b c 3 | 0 0 | 1 x 1 | room |
//!          entry 0     1     2
//! ```
//!
//! Every entry has its length on both sides, so that one can walk forward and backward. Finding an entry means
//! to walk, so a sequence should stay short: some hundreds of entries. In return, small strings cost two bytes
//! each beside their own, and lie where the processor expects them.
//!
//! A length takes a byte for each 7 bits. The highest bit of a byte tells that another one follows; behind
//! the entry they stand in reverse.

use crate::keyspace::cow::Content;
use std::ops::Range;

/// Room that may stay unused however few the entries are.
const SPARE: usize = 64;

/// A sequence of byte strings. Positions behind the end mean the end.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// The gap, and the entries.
    bytes: Vec<u8>,
    /// Where the first entry begins. The gap before it makes both ends cheap to change.
    start: usize,
    count: usize,
}

impl Packed {
    /// A sequence without entries. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes all entries take, with their lengths. See [`entry_size`](Self::entry_size).
    pub fn size_in_bytes(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// How many bytes are allocated, with those that are not in use.
    pub fn allocated(&self) -> usize {
        self.bytes.capacity()
    }

    /// How many bytes `value` takes as an entry.
    pub fn entry_size(value: &[u8]) -> usize {
        value.len() + 2 * width(value.len())
    }

    /// Appends an entry.
    pub fn push_back(&mut self, value: &[u8]) {
        self.reserve(Self::entry_size(value));
        match u8::try_from(value.len()) {
            // The same as below, for most values: nothing has to be cleared before it is written.
            Ok(length @ ..0x80) => {
                self.bytes.push(length);
                self.bytes.extend_from_slice(value);
                self.bytes.push(length);
            }
            _ => self.write(self.bytes.len(), 0, value),
        }
        self.count += 1;
    }

    /// Adds an entry before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        let size = Self::entry_size(value);
        if self.start < size {
            // In proportion to what must move, so that it moves rarely.
            let gap = size.max(self.size_in_bytes() / 4);
            self.resize_at(0, 0, gap);
            self.start += gap;
        }
        self.start -= size;
        self.write(self.start, size, value);
        self.count += 1;
    }

    /// The entry at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let rest = self.bytes.get(self.offset(index)..)?;
        Some(split_first(rest)?.0)
    }

    /// Adds an entry before the one at `index`.
    pub fn insert(&mut self, index: usize, value: &[u8]) {
        match index {
            0 => self.push_front(value),
            _ if index >= self.count => self.push_back(value),
            _ => {
                self.write(self.offset(index), 0, value);
                self.count += 1;
            }
        }
    }

    /// Puts `value` in place of the entry at `index`. Whether there is one.
    pub fn replace(&mut self, index: usize, value: &[u8]) -> bool {
        let Some(old) = self.get(index).map(Self::entry_size) else {
            return false;
        };
        self.write(self.offset(index), old, value);
        self.release();
        true
    }

    /// Removes the entries at these positions.
    pub fn remove(&mut self, range: Range<usize>) {
        let range = self.clamp(range);
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        if start == self.start {
            self.start = end;
        } else {
            self.resize_at(start, end - start, 0);
        }
        self.count -= range.len();
        self.release();
    }

    /// Removes all entries that `keep` answers with `false`; it sees each once, in order.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let mut kept = Self::new();
        kept.bytes.reserve_exact(self.size_in_bytes());
        for value in self.iter().filter(|value| keep(value)) {
            kept.push_back(value);
        }
        kept.release();
        *self = kept;
    }

    /// Removes the entries from `index` on, and gives them.
    pub fn split_off(&mut self, index: usize) -> Self {
        let index = index.min(self.count);
        let tail = Self {
            bytes: self.bytes.split_off(self.offset(index)),
            start: 0,
            count: self.count - index,
        };
        self.count = index;
        self.release();
        tail
    }

    /// Adds copies of all entries of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        self.reserve(other.size_in_bytes());
        self.bytes.extend_from_slice(other.iter().bytes);
        self.count += other.count;
    }

    /// The position of the first entry that equals `value`.
    pub fn position(&self, value: &[u8]) -> Option<usize> {
        self.iter().position(|entry| entry == value)
    }

    /// All entries.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            bytes: self.bytes.get(self.start..).unwrap_or_default(),
        }
    }

    /// The entries at these positions. Both ends are found from the nearer end of the sequence.
    pub fn range(&self, range: Range<usize>) -> Iter<'_> {
        let range = self.clamp(range);
        let place = self.offset(range.start)..self.offset(range.end);
        Iter {
            bytes: self.bytes.get(place).unwrap_or_default(),
        }
    }

    /// Gives all memory back that is not in use.
    pub fn shrink_to_fit(&mut self) {
        self.close_gap();
        self.bytes.shrink_to_fit();
    }

    /// Both ends within what there is, and in order.
    fn clamp(&self, range: Range<usize>) -> Range<usize> {
        let end = range.end.min(self.count);
        range.start.min(end)..end
    }

    /// Where the entry at `index` begins, or where the last one ends.
    fn offset(&self, index: usize) -> usize {
        let mut entries = self.iter();
        if index <= self.count / 2 {
            for _ in 0..index {
                entries.next();
            }
            self.bytes.len() - entries.bytes.len()
        } else {
            for _ in index..self.count {
                entries.next_back();
            }
            self.start + entries.bytes.len()
        }
    }

    /// Writes `value` as an entry in place of the `old` bytes at `offset`.
    fn write(&mut self, offset: usize, old: usize, value: &[u8]) {
        let place = self.resize_at(offset, old, Self::entry_size(value));
        let width = width(value.len());
        write_length(place.iter_mut().take(width), value.len());
        write_length(place.iter_mut().rev().take(width), value.len());
        if let Some(middle) = place.get_mut(width..width + value.len()) {
            middle.copy_from_slice(value);
        }
    }

    /// Makes `new` bytes of the `old` ones at `offset`, moves what lies behind them, and gives their place.
    fn resize_at(&mut self, offset: usize, old: usize, new: usize) -> &mut [u8] {
        let end = self.bytes.len();
        if new > old {
            self.reserve(new - old);
            self.bytes.resize(end + new - old, 0);
        }
        if old != new && offset + old < end {
            self.bytes.copy_within(offset + old..end, offset + new);
        }
        self.bytes.truncate(end - old + new);
        self.bytes.get_mut(offset..offset + new).unwrap_or_default()
    }

    /// Makes room for `additional` bytes. It grows by a quarter: less is unused than with doubling, and
    /// moving a few thousand bytes once more costs little.
    fn reserve(&mut self, additional: usize) {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        if capacity - length < additional {
            self.bytes.reserve_exact(additional.max(length / 4));
        }
    }

    /// Gives memory back where most of it is not in use. What was removed before pays for the move.
    fn release(&mut self) {
        let size = self.size_in_bytes();
        if self.start > size {
            self.close_gap();
        }
        if self.bytes.capacity() > SPARE + 4 * size {
            self.close_gap();
            self.bytes.shrink_to(size + size / 4);
        }
    }

    fn close_gap(&mut self) {
        self.bytes.drain(..self.start);
        self.start = 0;
    }
}

impl Content for Packed {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }
}

impl<'a> FromIterator<&'a [u8]> for Packed {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut packed = Self::new();
        for value in values {
            packed.push_back(value);
        }
        packed
    }
}

/// Entries of a [`Packed`], from both ends.
#[derive(Clone, Debug, Default)]
pub struct Iter<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (value, rest) = split_first(self.bytes)?;
        self.bytes = rest;
        Some(value)
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (value, rest) = split_last(self.bytes)?;
        self.bytes = rest;
        Some(value)
    }
}

/// The value of the first entry, and the other entries.
fn split_first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    // Most lengths are a byte, and most of the time goes into this.
    if let Some((length @ ..0x80, rest)) = bytes.split_first() {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        return Some((value, rest.get(1..)?));
    }
    let (length, width) = read_length(bytes.iter())?;
    let (value, rest) = bytes.get(width..)?.split_at_checked(length)?;
    Some((value, rest.get(width..)?))
}

/// The value of the last entry, and the other entries.
fn split_last(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some((length @ ..0x80, rest)) = bytes.split_last() {
        let start = rest.len().checked_sub(usize::from(*length))?;
        let (rest, value) = rest.split_at_checked(start)?;
        return Some((value, rest.get(..start.checked_sub(1)?)?));
    }
    let (length, width) = read_length(bytes.iter().rev())?;
    let end = bytes.len().checked_sub(width)?;
    let start = end.checked_sub(length)?;
    let rest = bytes.get(..start.checked_sub(width)?)?;
    Some((bytes.get(start..end)?, rest))
}

/// How many bytes a length takes.
fn width(length: usize) -> usize {
    let bits = usize::BITS - (length | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn write_length<'a>(place: impl Iterator<Item = &'a mut u8>, mut length: usize) {
    for byte in place {
        let more = if length > 0x7f { 0x80 } else { 0 };
        *byte = (length & 0x7f) as u8 | more;
        length >>= 7;
    }
}

/// A length, and how many bytes it takes.
fn read_length<'a>(bytes: impl Iterator<Item = &'a u8>) -> Option<(usize, usize)> {
    let mut length = 0;
    // No slice has a length of more than 63 bits.
    for (index, byte) in bytes.take(9).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            return Some((length, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, RngExt, SeedableRng};

    fn value(random: &mut StdRng) -> Vec<u8> {
        let length = match random.random_range(0..20) {
            0 => 0,
            1 => random.random_range(120..140),
            2 => random.random_range(16_300..16_500),
            _ => random.random_range(0..20),
        };
        let mut value = vec![0; length];
        random.fill_bytes(&mut value);
        value
    }

    fn check(packed: &Packed, model: &[Vec<u8>]) {
        assert_eq!(packed.len(), model.len());
        assert_eq!(packed.is_empty(), model.is_empty());
        assert!(packed.iter().eq(model));
        assert!(packed.iter().rev().eq(model.iter().rev()));
        let size: usize = model.iter().map(|value| Packed::entry_size(value)).sum();
        assert_eq!(packed.size_in_bytes(), size);
    }

    #[test]
    fn lengths_of_every_width_come_back() {
        for bits in 0..63 {
            for length in [(1_usize << bits) - 1, 1 << bits] {
                let mut bytes = vec![0; width(length)];
                write_length(bytes.iter_mut(), length);
                assert_eq!(read_length(bytes.iter()), Some((length, bytes.len())));
                write_length(bytes.iter_mut().rev(), length);
                assert_eq!(read_length(bytes.iter().rev()), Some((length, bytes.len())));
            }
        }
        assert_eq!(read_length([0xff; 20].iter()), None);
    }

    #[test]
    fn random_changes_agree_with_a_vector() {
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            let (mut packed, mut model) = (Packed::new(), Vec::<Vec<u8>>::new());
            for _ in 0..150 {
                let value = value(&mut random);
                let index = random.random_range(0..=model.len());
                let end = random.random_range(index..=model.len().min(index + 5));
                match random.random_range(0..9) {
                    0 | 1 => {
                        packed.push_back(&value);
                        model.push(value);
                    }
                    2 | 3 => {
                        packed.push_front(&value);
                        model.insert(0, value);
                    }
                    4 => {
                        packed.insert(index, &value);
                        model.insert(index, value);
                    }
                    5 => {
                        assert_eq!(packed.replace(index, &value), index < model.len());
                        if let Some(old) = model.get_mut(index) {
                            *old = value;
                        }
                    }
                    6 => {
                        packed.remove(index..end);
                        model.drain(index..end);
                    }
                    7 if random.random_bool(0.2) => {
                        let tail = packed.split_off(index);
                        let model_tail = model.split_off(index);
                        check(&tail, &model_tail);
                        if random.random() {
                            packed.append(&tail);
                            model.extend(model_tail);
                        }
                    }
                    _ => {
                        packed.retain(|value| value.len() != end);
                        model.retain(|value| value.len() != end);
                    }
                }
                check(&packed, &model);
                let index = random.random_range(0..=model.len());
                let end = random.random_range(index..=model.len());
                assert_eq!(packed.get(index), model.get(index).map(Vec::as_slice));
                assert!(packed.range(index..end).eq(&model[index..end]));
                let wanted = model.get(index).cloned().unwrap_or(vec![1; 50]);
                assert_eq!(
                    packed.position(&wanted),
                    model.iter().position(|value| *value == wanted)
                );
            }
            packed.shrink_to_fit();
            check(&packed, &model);
            assert_eq!(packed.allocated(), packed.size_in_bytes());
        }
    }

    #[test]
    fn positions_behind_the_end_mean_the_end() {
        let mut packed: Packed = [b"a".as_slice(), b"b"].into_iter().collect();
        assert_eq!(packed.get(2), None);
        assert_eq!(packed.get(usize::MAX), None);
        assert!(!packed.replace(2, b"x"));
        #[expect(clippy::reversed_empty_ranges)]
        packed.remove(5..1);
        packed.remove(2..9);
        packed.insert(9, b"c");
        assert!(packed.split_off(9).is_empty());
        assert!(packed.range(1..9).eq([b"b", b"c"]));
    }

    #[test]
    fn both_ends_work_as_a_queue_that_stays_small() {
        for forward in [true, false] {
            let mut packed = Packed::new();
            for number in 0..10_000_u32 {
                let value = number.to_le_bytes();
                if forward {
                    packed.push_back(&value);
                } else {
                    packed.push_front(&value);
                }
                if packed.len() > 100 {
                    let expected = (number - 100).to_le_bytes();
                    let index = if forward { 0 } else { 100 };
                    assert_eq!(packed.get(index), Some(expected.as_slice()));
                    packed.remove(index..index + 1);
                }
                assert!(packed.allocated() < 3 * packed.size_in_bytes() + SPARE);
            }
        }
    }

    #[test]
    fn what_is_removed_is_given_back() {
        let mut packed = Packed::new();
        for _ in 0..1_000 {
            packed.push_back(&[7; 30]);
        }
        packed.remove(1..1_000);
        assert!(packed.allocated() <= SPARE + 4 * 32);
        packed.remove(0..1);
        assert!(packed.allocated() <= SPARE);
    }
}
