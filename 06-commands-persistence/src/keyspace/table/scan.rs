//! A walk over a table in many small steps, between which the table changes.
//!
//! The promise is the one of `SCAN`: a key that is there from the first step to the last is met at least
//! once, whatever becomes of the others. One that comes or goes meanwhile may be met or not, and a key may
//! be met twice. Between two steps nothing is remembered but the cursor: a segment, and a position there.
//!
//! Segments are walked in the order of their numbers, and each one from its last entry down to its first.
//! What is still to come are the entries below the position, and all of the later segments. A key that is
//! still to come stays so, since all moves are of one of two kinds:
//!
//! - When an entry is removed, the last one of the segment fills the gap. It moves down: if it was still to
//!   come, its new position is even lower.
//! - When a segment is divided, some entries move to a new segment, which is the last one: all of them are
//!   to come then. The others keep their order and so move down, if at all.

use super::{Cursor, Table};

/// Bits of a cursor that hold the number of a segment, the lower ones: those before it are done. The upper ones hold
/// the position down to which its entries were visited, or 0 for none yet.
const SEGMENT_BITS: u32 = 32;

/// A cursor for a segment and a place in it.
pub(super) fn cursor(segment: usize, place: usize) -> Cursor {
    (place as u64) << SEGMENT_BITS | segment as u64
}

/// The segment of a cursor, and the place in it.
pub(super) fn parts(cursor: Cursor) -> (usize, usize) {
    let segment = cursor & ((1 << SEGMENT_BITS) - 1);
    let place = cursor >> SEGMENT_BITS;
    (segment as usize, place as usize)
}

impl<V> Table<V> {
    /// One step of a scan: calls `visit` for `limit` entries, or for as many as are left, and gives the
    /// cursor for the next step. An entry that is in the table from the first step to the last is visited
    /// at least once, whatever becomes of the others; one that comes or goes meanwhile may be.
    ///
    /// Segments without keys are skipped in groups: a step looks at less than a hundred of them for every
    /// entry that it visits.
    pub fn scan(&self, cursor: Cursor, limit: usize, mut visit: impl FnMut(&[u8], &V)) -> Cursor {
        let (mut number, mut visited_to) = parts(cursor);
        let mut left = limit.max(1);
        while let Some(segment) = self.segments.get(number) {
            let length = segment.len();
            let end = if visited_to == 0 {
                length
            } else {
                visited_to.min(length)
            };
            let start = end.saturating_sub(left);
            for entry in segment.entries().downward(start, end) {
                visit(&entry.key, &entry.value);
            }
            if start > 0 {
                return self::cursor(number, start);
            }
            left -= end;
            number = self.counts.skip_empty(number + 1);
            visited_to = 0;
            if left == 0 && number < self.segments.len() {
                return self::cursor(number, 0);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::key;
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::HashSet;

    #[test]
    fn it_misses_no_key_that_stays_whatever_comes_and_goes() {
        for seed in 0..20 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut table = Table::default();
            let stays: HashSet<Vec<u8>> = (0..2_000).map(key).collect();
            // Some tables begin small, and grow to many times their size.
            let first = if seed.is_multiple_of(4) {
                20_000
            } else {
                2_500
            };
            for number in 0..first {
                table.insert(&*key(number), ());
            }
            let (mut seen, mut cursor) = (HashSet::new(), 0);
            loop {
                cursor = table.scan(cursor, random.random_range(1..60), |key, ()| {
                    seen.insert(key.to_vec());
                });
                if cursor == 0 {
                    break;
                }
                for _ in 0..100 {
                    let other = key(random.random_range(2_000..40_000));
                    if random.random_bool(if seed.is_multiple_of(2) { 0.9 } else { 0.1 }) {
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
    fn of_a_table_at_rest_it_visits_every_key_once_in_steps_of_the_limit() {
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
    fn it_finds_the_few_keys_that_are_left_of_many() {
        let mut table = Table::default();
        for number in 0..100_000 {
            table.insert(&*key(number), number);
        }
        for number in 3..100_000 {
            table.remove(&key(number));
        }
        let mut seen = Vec::new();
        assert_eq!(table.scan(0, 10, |_, number| seen.push(*number)), 0);
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn any_cursor_is_safe() {
        let mut table = Table::default();
        for number in 0..5_000 {
            table.insert(&*key(number), number);
        }
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..1_000 {
            let cursor: u64 = random.random();
            table.scan(cursor, 10, |_, _| {});
            table.scan(cursor % 20, 10, |_, _| {});
            table.scan(cursor & !0xffff_fff0, 10, |_, _| {});
        }
    }
}
