//! How a table grows: by one segment at a time (linear hashing).
//!
//! With four segments, the two lowest bits of a key's hash name its segment. When there are too many keys,
//! a fifth is made: segment 0 is divided by the third bit, and those of its keys that have it set move to
//! segment 4. Then segment 1 is divided into 1 and 5, and so on up to 3 and 7. From there on three bits name
//! a segment, and the next one to be divided is 0 again.
//!
//! ```text
//!   4 segments:   0   1   2   3
//!   6 segments:   0'  1'  2   3   4'  5'      two are divided: these look at one bit more
//!   8 segments:   0'  1'  2'  3'  4'  5'  6'  7'
//! ```
//!
//! A segment is full for the table as a whole, not for itself: the next one in order is divided, wherever
//! the new key goes. So all segments have between half and twice of [`AVERAGE`], about, and what memory a
//! key takes depends little on how many there are. Every division is a small one, and the next comes about a
//! thousand keys later.
//!
//! Segments are not put together again while keys go: a scan that has passed one half of them would miss
//! what moves there. A segment without keys costs 48 bytes; with the last key all of them go.

use super::{Segment, Table};
use crate::keyspace::pages::Pages;

/// How many keys the segments have on average while the table grows. With fewer, half-filled pages would
/// cost more memory; with more, a division would take longer: this many keys are moved at most, twice as
/// many are hashed.
pub const AVERAGE: usize = 1024;

/// How many keys must come from one division to the next, also where several are overdue.
const PAUSE: usize = 64;

impl<V> Table<V> {
    /// The segment of a key with this hash. There is no such segment in a table without any.
    pub(super) fn segment_of(&self, hash: u64) -> usize {
        let segments = self.segments.len();
        let all = segments.next_power_of_two();
        let number = hash as usize & (all - 1);
        if number < segments {
            number
        } else {
            // Not divided yet: one bit less.
            number & (all / 2).saturating_sub(1)
        }
    }

    /// Divides a segment, if it is time, before a key is added.
    pub(super) fn make_room(&mut self) {
        if self.segments.is_empty() {
            self.segments.push(Segment::default(), 0);
        }
        self.since_split += 1;
        let Some(next) = self.split_due() else {
            return;
        };
        if self.since_split >= PAUSE && (next.is_late || self.is_frozen(next.segment)) {
            self.split(next.segment);
        }
    }

    /// The segment to be divided, if there are too many keys for those that there are.
    pub(super) fn split_due(&self) -> Option<NextSplit> {
        let segments = self.segments.len();
        if self.length < segments * AVERAGE {
            return None;
        }
        Some(NextSplit {
            segment: segments - (1 << segments.checked_ilog2()?),
            is_late: self.length >= 2 * segments * AVERAGE,
        })
    }

    fn split(&mut self, segment: usize) {
        let new = self.segments.len();
        // The new number is the old one with one more bit.
        let bit = (new - segment) as u64;
        let Some(old) = self.segments.get_mut(segment) else {
            return;
        };
        let moved = old.split(&self.hasher, self.epoch, |hash| hash & bit != 0);
        let keys = moved.len() as isize;
        self.segments.push(moved, 0);
        self.counts.change(segment, -keys);
        self.counts.change(new, keys);
        self.since_split = 0;
    }

    /// Begins anew once there are no keys. Empty segments have nothing to give back, so this is quick. A
    /// single one stays: there are tables to which a key comes and goes all the time.
    pub(super) fn drop_segments_of_none(&mut self) {
        if self.is_empty() && self.segments.len() > 1 {
            self.segments = Pages::default();
            self.counts = Default::default();
        }
    }
}

/// What is to be divided next.
pub(super) struct NextSplit {
    /// The number of the segment.
    pub segment: usize,
    /// Whether it can't be put off any longer: there are twice the keys that there should be.
    pub is_late: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_small_and_are_all_used() {
        let mut table = Table::default();
        for number in 0..200_000_u32 {
            table.insert(number.to_le_bytes().as_slice(), ());
        }
        let segments = table.segments.len();
        assert!(segments.abs_diff(200_000 / AVERAGE) <= 1, "{segments}");
        for segment in table.segments.iter() {
            let length = segment.len();
            assert!((AVERAGE / 4..AVERAGE * 5 / 2).contains(&length), "{length}");
        }
    }

    #[test]
    fn an_empty_table_has_no_segments_and_a_small_one_has_one() {
        let mut table = Table::default();
        assert!(table.segments.is_empty());
        for number in 0..AVERAGE {
            assert_eq!(table.get(&number.to_le_bytes()), None);
            table.insert(number.to_le_bytes().as_slice(), ());
        }
        assert_eq!(table.segments.len(), 1);
    }

    fn fill(table: &mut Table<()>, keys: std::ops::Range<usize>) {
        for number in keys {
            table.insert(number.to_le_bytes().as_slice(), ());
        }
    }

    #[test]
    fn divisions_keep_a_pause_also_where_they_are_overdue() {
        let mut table = Table::default();
        fill(&mut table, 0..AVERAGE);
        // A snapshot whose owner freezes nothing holds them up, but not for ever.
        table.set_epoch(1);
        fill(&mut table, AVERAGE..2 * AVERAGE);
        assert_eq!(table.segments.len(), 1);
        fill(&mut table, 2 * AVERAGE..2 * AVERAGE + 1);
        assert_eq!(table.segments.len(), 2);
        fill(&mut table, 2 * AVERAGE + 1..4 * AVERAGE);
        table.set_epoch(0);
        let before = table.segments.len();
        fill(&mut table, 4 * AVERAGE..4 * AVERAGE + PAUSE);
        assert!((before..=before + 1).contains(&table.segments.len()));
        fill(&mut table, 4 * AVERAGE + PAUSE..5 * AVERAGE);
        assert_eq!(table.segments.len(), 5);
    }
}
