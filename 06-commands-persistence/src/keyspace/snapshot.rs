//! A database as it was at one moment.
//!
//! Redis forks: the child process has a copy of everything, which the system makes page by page when one of
//! the two changes something. Here it is done by hand. A snapshot is a clone of the [`Table`], which shares all that
//! is in it. Whoever then changes a key makes copies of the page, the segment and the group that it is in, as far as
//! they are still shared; the rest of the table is nobody's concern. So a snapshot begins at once, however many keys there
//! are; any number of them may be there at a time; and whoever has one needs no lock to look at it.
//!
//! What a snapshot costs in memory is what was copied: at worst, where every key is changed before it is written down, as
//! much again as there was. That is also what a fork may cost.

use super::Db;
use super::table::Table;
use super::value::Value;
use crate::clock::UnixMillis;
use crate::small_bytes::SmallBytes;

/// All databases as they were at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When that was.
    pub taken_at: UnixMillis,
    /// Those that had keys, with their numbers.
    pub databases: Vec<(usize, Image)>,
}

impl Snapshot {
    /// What is in these databases now.
    pub fn new(databases: &[Db], now: UnixMillis) -> Self {
        let used = databases
            .iter()
            .enumerate()
            .filter(|(_, db)| !db.is_empty());
        Self {
            taken_at: now,
            databases: used.map(|(number, db)| (number, db.image())).collect(),
        }
    }
}

/// The keys of a database at one moment, and their deadlines.
#[derive(Clone, Debug, Default)]
pub struct Image {
    pub(super) values: Table<Value>,
    pub(super) deadlines: Table<UnixMillis>,
}

impl Image {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many keys have a deadline.
    pub fn volatile_len(&self) -> usize {
        self.deadlines.len()
    }

    /// Visits all keys in no order, to the first error. What was visited is let go: if it changes, nobody has to copy it
    /// any more.
    ///
    /// # Errors
    /// What `visit` gives.
    pub fn consume<E>(
        self,
        mut visit: impl FnMut(&SmallBytes, &Value, Option<UnixMillis>) -> Result<(), E>,
    ) -> Result<(), E> {
        let deadlines = self.deadlines;
        self.values.consume(|key, value| {
            let deadline = (!deadlines.is_empty()).then(|| deadlines.get(key).copied());
            visit(key, value, deadline.flatten())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::db::DbMut;
    use crate::keyspace::journal::{Counters, Journal};
    use std::collections::BTreeMap;

    type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<UnixMillis>)>;

    fn contents(image: Image) -> Model {
        let mut all = Model::new();
        let visited = image.consume(|key, value, deadline| {
            let Value::String(bytes) = value else {
                return Err("another type");
            };
            all.insert(key.to_vec(), (bytes.to_vec(), deadline));
            Ok(())
        });
        assert_eq!(visited, Ok(()));
        all
    }

    fn change(db: &mut Db, how: impl FnOnce(DbMut<'_>)) {
        how(DbMut {
            number: 0,
            db,
            now: UnixMillis(0),
            journal: &mut Journal::default(),
            counters: &mut Counters::default(),
        });
    }

    /// Gives every key this value, and every third this deadline.
    fn fill(db: &mut Db, value: &[u8], deadline: i64) -> Model {
        let mut model = Model::new();
        for number in 0..5_000 {
            let key = format!("key:{number}").into_bytes();
            let deadline = (number % 3 == 0).then_some(UnixMillis(deadline));
            let set = |db: DbMut<'_>| {
                db.for_write(&key)
                    .set(Value::String(value.into()), deadline)
            };
            change(db, set);
            model.insert(key, (value.to_vec(), deadline));
        }
        model
    }

    #[test]
    fn several_at_once_show_each_its_moment_also_when_the_database_is_emptied() {
        let mut db = Db::default();
        let (first_model, first) = (fill(&mut db, b"1", 1_000), db.image());
        let (second_model, second) = (fill(&mut db, &[2; 100], 2_000), db.image());
        change(&mut db, |mut db| db.clear());
        assert_eq!(db.len(), 0);
        fill(&mut db, b"3", 3_000);
        assert_eq!(contents(second), second_model);
        assert_eq!(contents(first), first_model);
    }

    /// There may be many databases, most of them empty.
    #[test]
    fn only_databases_with_keys_are_taken() {
        let mut databases: Vec<Db> = (0..4_000).map(|_| Db::default()).collect();
        fill(&mut databases[7], b"x", 1);
        let snapshot = Snapshot::new(&databases, UnixMillis(5));
        let numbers: Vec<usize> = snapshot
            .databases
            .iter()
            .map(|(number, _)| *number)
            .collect();
        assert_eq!(numbers, [7]);
    }
}
