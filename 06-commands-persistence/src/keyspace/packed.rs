//! A few byte strings in one block of memory: the compact form of short lists, sets, hashes and sorted sets.
//!
//! ```text
//!  | count, gap, room | gap | 3 a b c 3 | 0 0 | 1 x 1 | room |
//!    header                   entry 0     1     2
//! ```
//!
//! Every entry has its length on both sides, so that one can walk forward and backward. Finding an entry means
//! to walk, so a sequence should stay short: some hundreds of entries. In return, small strings cost two bytes
//! each beside their own, and lie where the processor expects them.
//!
//! A length takes a byte for each 7 bits. The highest bit of a byte tells that another one follows; behind
//! the entry they stand in reverse.
//!
//! What there is to know of the sequence stands in the block too, so that it is a pointer and a length to whoever has it.
//! Clones share the block; whoever changes one copies it first.

use crate::keyspace::cow::{Content, Cow};
use crate::part::Part;
use std::iter;
use std::ops::Range;

/// Room that may stay unused however few the entries are.
const SPARE: usize = 64;

/// Blocks up to this size have no room to grow: to copy one costs little, and there may be millions of them.
const EXACT: usize = 512;

/// The most bytes of a gap or of room that a header can tell.
const MAX_ROOM: usize = u16::MAX as usize;

/// The memory behind a pointer comes in multiples of this. What is not needed becomes room.
const WORD: usize = 8;

/// A sequence of byte strings. Positions behind the end mean the end.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// The header, the gap, the entries, and the room. Nothing at all while there was no entry.
    block: Cow<[u8]>,
}

/// What a block begins with.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    /// How many entries there are.
    count: usize,
    /// Bytes before the first entry. They make both ends cheap to change.
    gap: usize,
    /// Bytes behind the last entry.
    room: usize,
}

impl Header {
    const SIZE: usize = 8;

    fn of(block: &[u8]) -> Self {
        let bits = block.first_chunk().copied().map_or(0, u64::from_le_bytes);
        Self {
            count: bits as u32 as usize,
            gap: (bits >> 32) as u16 as usize,
            room: (bits >> 48) as usize,
        }
    }

    fn write(self, block: &mut [u8]) {
        let Self { count, gap, room } = self;
        let bits = count as u64 | (gap as u64) << 32 | (room as u64) << 48;
        if let Some(place) = block.first_chunk_mut() {
            *place = bits.to_le_bytes();
        }
    }
}

impl Packed {
    /// A sequence without entries. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.header().count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes all entries take, with their lengths. See [`entry_size`](Self::entry_size).
    pub fn size_in_bytes(&self) -> usize {
        self.place().len()
    }

    /// How many bytes are allocated, with those that are not in use.
    pub fn allocated(&self) -> usize {
        self.block.len()
    }

    /// How many bytes `value` takes as an entry.
    pub fn entry_size(value: &[u8]) -> usize {
        value.len() + 2 * width(value.len())
    }

    /// Makes room for entries that take so many bytes together, unless these are too many to be kept unused.
    pub fn reserve(&mut self, bytes: usize) {
        if bytes > self.header().room && bytes < MAX_ROOM - WORD {
            self.rebuild(self.header().gap, bytes);
        }
    }

    /// Appends an entry.
    pub fn push_back(&mut self, value: &[u8]) {
        self.write(self.place().end, 0, value);
        self.add_to_count(1);
    }

    /// Adds an entry before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        let size = Self::entry_size(value);
        if self.header().gap < size {
            // In proportion to what must move, so that it moves rarely.
            let gap = size.max(self.size_in_bytes() / 4);
            let room = self.header().room.min(self.spare());
            self.rebuild(gap, room);
        }
        let mut header = self.header();
        let start = self.place().start;
        match header.gap.checked_sub(size) {
            Some(gap) => {
                header.gap = gap;
                header.write(self.block.to_mut());
                self.write(start - size, size, value);
            }
            None => self.write(start, 0, value),
        }
        self.add_to_count(1);
    }

    /// The entry at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        Some(split_first(self.from(self.offset(index)))?.0)
    }

    /// Adds an entry before the one at `index`.
    pub fn insert(&mut self, index: usize, value: &[u8]) {
        match index {
            0 => self.push_front(value),
            _ if index >= self.len() => self.push_back(value),
            _ => {
                self.write(self.offset(index), 0, value);
                self.add_to_count(1);
            }
        }
    }

    /// Puts `value` in place of the entry at `index`. Whether there is one.
    pub fn replace(&mut self, index: usize, value: &[u8]) -> bool {
        let offset = self.offset(index);
        let Some((old, _)) = split_first(self.from(offset)) else {
            return false;
        };
        self.write(offset, Self::entry_size(old), value);
        self.release();
        true
    }

    /// Removes the entries at these positions.
    pub fn remove(&mut self, range: Range<usize>) {
        let range = self.clamp(range);
        if range.is_empty() {
            return;
        }
        if range.len() == self.len() {
            *self = Self::new();
            return;
        }
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        let mut header = self.header();
        header.gap = end - Header::SIZE;
        if range.start == 0 && header.gap <= MAX_ROOM {
            header.write(self.block.to_mut());
        } else {
            self.resize_at(start, end - start, 0);
        }
        self.add_to_count(-(range.len() as isize));
        self.release();
    }

    /// Removes all entries that `keep` answers with `false`; it sees each once, in order.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let mut kept = Self::new();
        kept.reserve(self.size_in_bytes());
        for value in self.iter().filter(|value| keep(value)) {
            kept.push_back(value);
        }
        kept.release();
        *self = kept;
    }

    /// Removes the entries from `index` on, and gives them.
    pub fn split_off(&mut self, index: usize) -> Self {
        let end = self.len();
        let mut tail = Self::new();
        tail.extend(self.range(index..end), end.saturating_sub(index));
        self.remove(index..end);
        tail
    }

    /// Adds copies of all entries of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        self.extend(other.iter(), other.len());
    }

    /// Adds copies of so many entries at the end.
    fn extend(&mut self, entries: Iter<'_>, count: usize) {
        if count > 0 {
            let end = self.place().end;
            let place = self.resize_at(end, 0, entries.bytes.len());
            place.copy_from_slice(entries.bytes);
            self.add_to_count(count as isize);
        }
    }

    /// The position of the first entry that equals `value`.
    pub fn position(&self, value: &[u8]) -> Option<usize> {
        self.iter().position(|entry| entry == value)
    }

    /// All entries.
    pub fn iter(&self) -> Iter<'_> {
        let bytes = self.block.get(self.place()).unwrap_or_default();
        Iter { bytes }
    }

    /// The entries at these positions. Both ends are found from the nearer end of the sequence.
    pub fn range(&self, range: Range<usize>) -> Iter<'_> {
        let range = self.clamp(range);
        let place = self.offset(range.start)..self.offset(range.end);
        Iter {
            bytes: self.block.get(place).unwrap_or_default(),
        }
    }

    /// Gives all memory back that is not in use.
    pub fn shrink_to_fit(&mut self) {
        if self.size_in_bytes() + Header::SIZE + WORD <= self.block.len() {
            self.rebuild(0, 0);
        }
    }

    fn header(&self) -> Header {
        Header::of(&self.block)
    }

    /// Where the entries are in the block.
    fn place(&self) -> Range<usize> {
        let Header { gap, room, .. } = self.header();
        let start = Header::SIZE + gap;
        start..self.block.len().saturating_sub(room).max(start)
    }

    /// The entries from a place in the block on.
    fn from(&self, offset: usize) -> &[u8] {
        self.block.get(offset..self.place().end).unwrap_or_default()
    }

    fn add_to_count(&mut self, change: isize) {
        let mut header = self.header();
        header.count = header.count.saturating_add_signed(change);
        header.write(self.block.to_mut());
    }

    /// Both ends within what there is, and in order.
    fn clamp(&self, range: Range<usize>) -> Range<usize> {
        let end = range.end.min(self.len());
        range.start.min(end)..end
    }

    /// Where the entry at `index` begins, or where the last one ends.
    fn offset(&self, index: usize) -> usize {
        let (mut entries, place, count) = (self.iter(), self.place(), self.len());
        if index <= count / 2 {
            for _ in 0..index {
                entries.next();
            }
            place.end - entries.bytes.len()
        } else {
            for _ in index..count {
                entries.next_back();
            }
            place.start + entries.bytes.len()
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
    fn resize_at(&mut self, mut offset: usize, old: usize, new: usize) -> &mut [u8] {
        let (mut header, mut end) = (self.header(), self.place().end);
        let more = new.saturating_sub(old);
        if more > header.room {
            (offset, end) = (offset - header.gap, end - header.gap);
            self.rebuild(0, more + self.spare());
            header.gap = 0;
        }
        let block = self.block.to_mut();
        if old != new && offset + old < end {
            block.copy_within(offset + old..end, offset + new);
        }
        let end = end - old + new;
        if block.len() - end > MAX_ROOM {
            self.block = block.part(..end).iter().copied().collect();
        }
        header.room = self.block.len() - end;
        let block = self.block.to_mut();
        header.write(block);
        block.part_mut(offset..offset + new)
    }

    /// How much room there should be to grow. With an eighth little is unused, and bytes are copied eight times or so while
    /// there come to be twice as many.
    fn spare(&self) -> usize {
        let size = self.size_in_bytes();
        if size < EXACT {
            0
        } else {
            (size / 8).min(MAX_ROOM / 2)
        }
    }

    /// Gives memory back where most of it is not in use. What was removed before pays for the move.
    fn release(&mut self) {
        let size = self.size_in_bytes();
        if self.header().gap > size || self.block.len() > SPARE + 4 * size {
            self.rebuild(0, self.spare());
        }
    }

    /// Moves the entries into a new block, with so much room on both sides of them. Where that is more than a header can tell,
    /// it must be used at once.
    fn rebuild(&mut self, gap: usize, room: usize) {
        // Too large a gap is none: then entries are moved.
        let gap = if gap <= MAX_ROOM { gap } else { 0 };
        let entries = self.iter().bytes;
        let end = Header::SIZE + gap + entries.len();
        let size = (end + room).next_multiple_of(WORD);
        let mut block: Cow<[u8]> = iter::repeat_n(0, size).collect();
        if let Some(block) = block.get_mut() {
            block
                .part_mut(end - entries.len()..end)
                .copy_from_slice(entries);
            let (count, room) = (self.len(), size - end);
            Header { count, gap, room }.write(block);
        }
        self.block = block;
    }
}

impl Content for Packed {
    fn copy_size(&self) -> usize {
        size_of::<Self>()
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
            assert!(packed.allocated() < packed.size_in_bytes() + Header::SIZE + WORD);
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
    fn more_bytes_come_and_go_at_once_than_a_header_can_tell() {
        let large = vec![7; 3 * MAX_ROOM];
        let (mut packed, mut model) = (Packed::new(), Vec::new());
        for (index, value) in [(0, &large[..1]), (0, &large), (1, &large), (2, &large[..9])] {
            packed.insert(index, value);
            model.insert(index, value.to_vec());
            check(&packed, &model);
        }
        packed.replace(1, b"small");
        model[1] = b"small".to_vec();
        check(&packed, &model);
        packed.remove(0..1);
        model.remove(0);
        check(&packed, &model);
        assert!(packed.allocated() < 200);
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
