//! What a snapshot needs: the table as it was at one moment, taken in small pieces while it changes.
//!
//! A piece is a page of some entries. Each has a stamp: the number, the epoch, of the last snapshot that has
//! taken it. The snapshot walks over all pages and takes those that don't have its epoch yet
//! ([`Table::freeze_step`]); and before a page changes, it is taken out of turn ([`Table::freeze_for`]).
//! Either way it is stamped, so that it is taken once. A page that begins later is stamped from the start.
//!
//! **Why nothing is missed, and nothing is taken twice.** Let a page without the stamp be called old. At
//! every moment all old pages together hold exactly those entries that were there at the beginning and are
//! not taken yet, as they were:
//!
//! - At the beginning all pages are old.
//! - To take a page removes its entries from both sides of the claim.
//! - To change a value changes the page of its key, which is not old any more by then.
//! - To add a key changes the last page of its segment, or begins a page. Neither is old by then.
//! - To remove a key moves the last entry of the segment into its place. That changes the page of the key,
//!   and the last page. Neither is old by then: the entry that moves was taken, or came later.
//! - A segment is divided only when none of its pages is old, and the new pages aren't either.
//!
//! So old pages stay where they are until they are taken. The walk goes upward and meets every page that
//! was there at the beginning, or its place, where there is no old page any more.
//!
//! So that a division doesn't have to wait for the walk, every change takes one page more out of turn while
//! one is due: after at most some seventy changes all pages of that segment are taken. So a change takes three
//! pages at most, 96 entries. Only where divisions were held up by a snapshot that was given up without a
//! word, a change may take all of a segment.

use super::Table;
use super::scan::{Cursor, cursor, parts};
use crate::keyspace::pages::PAGE;

impl<V> Table<V> {
    /// Begins a snapshot with this number, or ends it with 0. Every snapshot of a table needs a number that
    /// it had not before. A snapshot that began may also be left alone for good, and the next one begin.
    ///
    /// From the beginning to the end, whoever changes the table calls [`freeze_for`](Self::freeze_for)
    /// first.
    pub fn set_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    /// Has to be called before each change of the value of `key`, and before it is added or removed: calls
    /// `visit` for all entries that the snapshot has not taken yet and that the change may change or move.
    /// Does nothing while there is no snapshot.
    pub fn freeze_for(&mut self, key: &[u8], visit: &mut dyn FnMut(&[u8], &V)) {
        if self.epoch == 0 {
            return;
        }
        let hash = super::hash(&self.hasher, key);
        let number = self.segment_of(hash);
        if let Some(segment) = self.segments.get_mut(number) {
            if let Some(position) = segment.find(hash, key) {
                segment.stamp(position / PAGE, self.epoch, visit);
            }
            let last = segment.entries().page_count().wrapping_sub(1);
            segment.stamp(last, self.epoch, visit);
        }
        self.freeze_for_split(visit);
    }

    /// Takes a page of the segment that is to be divided next; all of them if it can't be put off.
    fn freeze_for_split(&mut self, visit: &mut dyn FnMut(&[u8], &V)) {
        let Some(next) = self.split_due() else {
            return;
        };
        let Some(segment) = self.segments.get_mut(next.segment) else {
            return;
        };
        while let Some(page) = segment.entries().first_without(self.epoch) {
            segment.stamp(page, self.epoch, visit);
            if !next.is_late {
                return;
            }
        }
    }

    /// One step of the snapshot's own walk, which begins with 0: calls `visit` for the entries of pages that
    /// are not taken yet, until these are `limit` entries or, with the last page, up to 31 more. Gives where
    /// to go on, or `None` when all is taken. A page that is taken already counts as one entry, so that
    /// `limit` bounds the work also where there is nothing to visit.
    pub fn freeze_step(
        &mut self,
        from: Cursor,
        limit: usize,
        visit: &mut dyn FnMut(&[u8], &V),
    ) -> Option<Cursor> {
        if self.epoch == 0 {
            return None;
        }
        let (mut number, mut page) = parts(from);
        let mut left = limit.max(1);
        loop {
            let segment = self.segments.get_mut(number)?;
            while page < segment.entries().page_count() {
                if left == 0 {
                    return Some(cursor(number, page));
                }
                let visited = segment.stamp(page, self.epoch, visit);
                left = left.saturating_sub(visited.max(1));
                page += 1;
            }
            number = self.counts.skip_empty(number + 1);
            page = 0;
        }
    }

    /// Whether all pages of a segment are taken, or there is no snapshot.
    pub(super) fn is_frozen(&self, segment: usize) -> bool {
        let segment = self.segments.get(segment);
        self.epoch == 0
            || segment.is_none_or(|segment| segment.entries().first_without(self.epoch).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::super::grow::AVERAGE;
    use super::super::tests::key;
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, RngExt, SeedableRng};
    use std::collections::HashMap;

    type Model = HashMap<Vec<u8>, u32>;

    /// Changes the table and the model at random, as a server does while a snapshot runs. What the snapshot
    /// is given out of turn goes to `taken`. The most entries that one change gave.
    struct Writer {
        random: StdRng,
        keys: u32,
        removes: f64,
        most: usize,
    }

    impl Writer {
        fn change(
            &mut self,
            table: &mut Table<u32>,
            model: &mut Model,
            taken: &mut Vec<(Vec<u8>, u32)>,
        ) {
            let key = key(self.random.random_range(0..self.keys));
            let before = taken.len();
            table.freeze_for(&key, &mut |key, value| taken.push((key.to_vec(), *value)));
            self.most = self.most.max(taken.len() - before);
            let value = self.random.next_u32();
            if self.random.random_bool(self.removes) {
                assert_eq!(
                    table.remove(&key).map(|(_, value)| value),
                    model.remove(&key)
                );
            } else {
                table.insert(&*key, value);
                model.insert(key, value);
            }
        }
    }

    fn sorted(mut entries: Vec<(Vec<u8>, u32)>) -> Vec<(Vec<u8>, u32)> {
        entries.sort_unstable();
        entries
    }

    /// A snapshot to its end, with so many changes after each step.
    fn snapshot(table: &mut Table<u32>, model: &mut Model, writer: &mut Writer, changes: usize) {
        let expected = sorted(model.clone().into_iter().collect());
        let (mut taken, mut cursor) = (Vec::new(), 0);
        loop {
            let limit = writer.random.random_range(1..200);
            let before = taken.len();
            let next = table.freeze_step(cursor, limit, &mut |key, value| {
                taken.push((key.to_vec(), *value))
            });
            assert!(taken.len() - before < limit + PAGE);
            match next {
                Some(next) => cursor = next,
                None => break,
            }
            for _ in 0..changes {
                writer.change(table, model, &mut taken);
            }
        }
        assert!(sorted(taken) == expected);
    }

    #[test]
    fn a_snapshot_is_what_was_there_when_it_began() {
        for seed in 0..30 {
            let mut writer = Writer {
                random: StdRng::seed_from_u64(seed),
                keys: [50, 3_000, 40_000][seed as usize % 3],
                removes: 0.0,
                most: 0,
            };
            let (mut table, mut model) = (Table::default(), Model::new());
            let mut epoch = 0;
            for round in 0..6 {
                // Without a snapshot the table changes as it likes.
                table.set_epoch(0);
                for _ in 0..writer.random.random_range(0..3_000) {
                    writer.change(&mut table, &mut model, &mut Vec::new());
                }
                // A snapshot that is given up half-way; sometimes nobody says so.
                epoch += 1;
                table.set_epoch(epoch);
                let mut taken = Vec::new();
                table.freeze_step(0, 500, &mut |_, _| {});
                for _ in 0..writer.random.random_range(0..300) {
                    writer.change(&mut table, &mut model, &mut taken);
                }
                if round % 2 == 0 {
                    table.set_epoch(0);
                    for _ in 0..writer.random.random_range(0..100) {
                        writer.change(&mut table, &mut model, &mut taken);
                    }
                }
                writer.removes = [0.1, 0.5, 0.9][round % 3];
                epoch += 1;
                table.set_epoch(epoch);
                let changes = [5, 100][round % 2];
                snapshot(&mut table, &mut model, &mut writer, changes);
                assert_eq!(table.len(), model.len());
            }
            assert!(writer.most <= 3 * PAGE);
        }
    }

    /// Between two steps of the walk a small table grows to a hundred times its size.
    #[test]
    fn divisions_do_not_wait_for_the_walk() {
        let (mut table, mut model) = (Table::default(), Model::new());
        let mut writer = Writer {
            random: StdRng::seed_from_u64(1),
            keys: u32::MAX,
            removes: 0.0,
            most: 0,
        };
        for _ in 0..1_000 {
            writer.change(&mut table, &mut model, &mut Vec::new());
        }
        let expected = sorted(model.clone().into_iter().collect());
        table.set_epoch(1);
        let mut taken = Vec::new();
        for _ in 0..50_000 {
            writer.change(&mut table, &mut model, &mut taken);
        }
        assert!(table.segments.len() >= 50_000 / AVERAGE);
        assert!(writer.most <= 3 * PAGE);
        let walk = table.freeze_step(0, usize::MAX, &mut |key, value| {
            taken.push((key.to_vec(), *value))
        });
        assert_eq!(walk, None);
        assert!(sorted(taken) == expected);
    }

    /// Divisions that were held up, since nobody froze for a snapshot that was given up, must not come
    /// in the way of the next one.
    #[test]
    fn a_division_that_is_late_takes_what_it_moves() {
        let mut table = Table::default();
        let late = AVERAGE as u32 * 2;
        for number in 0..late - 1 {
            table.set_epoch(u32::from(number > 1_000));
            table.insert(&*key(number), number);
        }
        assert_eq!(table.segments.len(), 1);
        table.set_epoch(2);
        let (before, mut taken) = (table.len(), 0);
        for number in late..late + 2 {
            table.freeze_for(&key(number), &mut |_, _| taken += 1);
            table.insert(&*key(number), number);
        }
        assert_eq!(table.segments.len(), 2);
        assert_eq!(taken, before);
        assert_eq!(
            table.freeze_step(0, usize::MAX, &mut |_, _| taken += 1),
            None
        );
        assert_eq!(taken, before);
    }

    #[test]
    fn without_a_snapshot_nothing_is_taken() {
        let mut table = Table::default();
        table.insert(b"k".as_slice(), 1);
        table.freeze_for(b"k", &mut |_, _| panic!());
        assert_eq!(table.freeze_step(0, 10, &mut |_, _| panic!()), None);
        table.set_epoch(1);
        let taken = std::mem::take(&mut table);
        assert_eq!((taken.epoch, table.epoch), (1, 0));
    }
}
