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
//! key takes depends little on how many there are. Every division is a small one, and the next comes some
//! hundred keys later.
//!
//! Segments are not put together again while keys go: a scan that has passed one half of them would miss
//! what moves there. A segment without keys costs some 80 bytes; with the last key all of them go.

use super::Table;
use crate::keyspace::cow::Cow;
use crate::keyspace::pages::Pages;

/// How many keys the segments have on average while the table grows. With fewer, half-filled pages would
/// cost more memory; with more, a division would take longer: this many keys are moved at most, twice as
/// many are hashed, and everybody waits for it.
pub const AVERAGE: usize = 512;

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
}

impl<V: Clone> Table<V> {
    /// Divides a segment, if there are too many keys for those that there are, before a key is added.
    pub(super) fn make_room(&mut self) {
        let segments = self.segments.len();
        if self.length < segments * AVERAGE {
            return;
        }
        match segments.checked_ilog2() {
            Some(bits) => self.split(segments - (1 << bits)),
            None => self.segments.push(Cow::default()),
        }
    }

    fn split(&mut self, segment: usize) {
        let new = self.segments.len();
        // The new number is the old one with one more bit.
        let bit = (new - segment) as u64;
        let Some(old) = self.segments.get_mut(segment) else {
            return;
        };
        let moved = old.to_mut().split(&self.hasher, |hash| hash & bit != 0);
        let keys = moved.len() as isize;
        self.segments.push(moved.into());
        self.counts.change(segment, -keys);
        self.counts.change(new, keys);
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
}
