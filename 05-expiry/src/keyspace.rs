//! The state of the server: which key holds which value, and until when.

use crate::clock::UnixMillis;
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap};

/// Expired keys that a request removes beside its own work; at least one, since it learns by that
/// whether any key is due.
const HELP: usize = 2;

/// All keys, their values, and their deadlines.
///
/// A key whose deadline has come is gone for whoever looks: every method that names a key first
/// removes it if its time is up. Keys that nobody looks at are found by
/// [`remove_expired`](Self::remove_expired), which the server calls in the background.
#[derive(Debug, Default)]
pub struct Keyspace {
    entries: HashMap<Bytes, Entry>,
    /// The deadlines of all keys that have one, the nearest first. Each stands in the key's entry as
    /// well; the key's bytes are shared, not copied.
    deadlines: BTreeSet<(UnixMillis, Bytes)>,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    deadline: Option<UnixMillis>,
}

impl Keyspace {
    /// The value of `key`.
    pub fn get(&mut self, key: &[u8], now: UnixMillis) -> Option<&[u8]> {
        self.expire(key, now);
        self.entries.get(key).map(|entry| &*entry.value)
    }

    /// Whether `key` holds a value.
    pub fn contains(&mut self, key: &[u8], now: UnixMillis) -> bool {
        self.expire(key, now);
        self.entries.contains_key(key)
    }

    /// Makes `key` hold `value` until `deadline`, or for ever, whatever it held before. Both are copied: a
    /// part of a read buffer that is kept keeps the whole buffer.
    pub fn set(&mut self, key: &[u8], value: &[u8], deadline: Option<UnixMillis>) {
        let value = Bytes::copy_from_slice(value);
        let held = match self.entries.get_mut(key) {
            Some(entry) => {
                entry.value = value;
                entry.deadline
            }
            None => {
                let deadline = None;
                let key = Bytes::copy_from_slice(key);
                self.entries.insert(key, Entry { value, deadline });
                deadline
            }
        };
        if held != deadline {
            self.set_deadline(key, deadline);
        }
    }

    /// Removes `key`. Whether it was there.
    pub fn remove(&mut self, key: &[u8], now: UnixMillis) -> bool {
        self.expire(key, now);
        self.take(key)
    }

    /// When `key` expires: `None` where there is no such key, `Some(None)` where it never does.
    pub fn deadline(&mut self, key: &[u8], now: UnixMillis) -> Option<Option<UnixMillis>> {
        self.expire(key, now);
        self.entries.get(key).map(|entry| entry.deadline)
    }

    /// Gives `key` another deadline, or none. Does nothing where there is no such key.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<UnixMillis>) {
        let Some((held, entry)) = self.entries.get_key_value(key) else {
            return;
        };
        let (key, old) = (held.clone(), entry.deadline);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.deadline = deadline;
        }
        if let Some(old) = old {
            self.deadlines.remove(&(old, key.clone()));
        }
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, key));
        }
    }

    /// How many keys there are, those counted whose deadline has come and that are not removed yet.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes up to `limit` keys whose deadline has come, the oldest first. How many there were: fewer
    /// than `limit` means that no more are due. The work depends on `limit`, and hardly on the number of
    /// keys: each step down the tree of deadlines multiplies what it can hold by six at the least.
    pub fn remove_expired(&mut self, limit: usize, now: UnixMillis) -> usize {
        for removed in 0..limit {
            if !self.is_any_due(now) {
                return removed;
            }
            if let Some((_, key)) = self.deadlines.pop_first() {
                self.entries.remove(&*key);
            }
        }
        limit
    }

    /// Removes `key` if its deadline has come. While the nearest deadline of all lies ahead this needs no
    /// look-up: a step to the tree's first leaf, and one comparison.
    ///
    /// While keys are due, whoever comes by removes a few of them. A request adds at most one key, so that
    /// requests can't bring keys with deadlines faster than they are removed.
    fn expire(&mut self, key: &[u8], now: UnixMillis) {
        if self.remove_expired(HELP, now) == 0 {
            return;
        }
        let deadline = self.entries.get(key).and_then(|entry| entry.deadline);
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.take(key);
        }
    }

    /// Whether the deadline of any key has come.
    fn is_any_due(&self, now: UnixMillis) -> bool {
        self.deadlines
            .first()
            .is_some_and(|(deadline, _)| *deadline <= now)
    }

    /// Removes `key` and its deadline.
    fn take(&mut self, key: &[u8]) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else {
            return false;
        };
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline, key));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const NOW: UnixMillis = UnixMillis(1_000);
    const LATER: UnixMillis = UnixMillis(2_000);

    /// What must hold after every call: the entries and the tree tell of the same deadlines.
    fn check(keyspace: &Keyspace) {
        let in_entries = keyspace
            .entries
            .iter()
            .filter_map(|(key, entry)| Some((entry.deadline?, key.clone())));
        let in_entries: BTreeSet<_> = in_entries.collect();
        assert_eq!(in_entries, keyspace.deadlines);
    }

    #[test]
    fn keys_and_values_are_any_bytes() {
        let mut keyspace = Keyspace::default();
        for bytes in [b"".as_slice(), b"a\r\n", &[0, 255]] {
            assert!(!keyspace.contains(bytes, NOW));
            keyspace.set(bytes, bytes, None);
            assert_eq!(keyspace.get(bytes, NOW), Some(bytes));
        }
    }

    #[test]
    fn a_key_is_gone_at_its_deadline_and_not_before() {
        for gone in [
            |keyspace: &mut Keyspace| keyspace.get(b"k", LATER).is_none(),
            |keyspace: &mut Keyspace| !keyspace.contains(b"k", LATER),
            |keyspace: &mut Keyspace| !keyspace.remove(b"k", LATER),
            |keyspace: &mut Keyspace| keyspace.deadline(b"k", LATER).is_none(),
        ] {
            let mut keyspace = Keyspace::default();
            keyspace.set(b"k", b"v", Some(LATER));
            assert!(keyspace.contains(b"k", UnixMillis(LATER.0 - 1)));
            assert!(gone(&mut keyspace));
            assert_eq!(keyspace.len(), 0);
            check(&keyspace);
        }
    }

    #[test]
    fn a_tick_removes_no_more_than_its_limit_and_the_oldest_first() {
        let mut keyspace = Keyspace::default();
        for deadline in 0..10 {
            let key = format!("key:{deadline}");
            keyspace.set(key.as_bytes(), b"v", Some(UnixMillis(9 - deadline)));
        }
        assert_eq!(keyspace.remove_expired(4, UnixMillis(5)), 4);
        assert!(keyspace.entries.contains_key(b"key:5".as_slice()));
        assert!(!keyspace.entries.contains_key(b"key:6".as_slice()));
        assert_eq!(keyspace.remove_expired(4, UnixMillis(5)), 2);
        assert_eq!(keyspace.remove_expired(4, UnixMillis(5)), 0);
        assert_eq!(keyspace.len(), 4);
        check(&keyspace);
    }

    /// A keyspace that scans a list for everything.
    #[derive(Default)]
    struct Model(Vec<(u8, u8, Option<UnixMillis>)>);

    impl Model {
        fn expire(&mut self, now: UnixMillis) {
            self.0
                .retain(|(_, _, deadline)| deadline.is_none_or(|deadline| deadline > now));
        }

        fn set(&mut self, key: u8, value: u8, deadline: Option<UnixMillis>) {
            self.0.retain(|entry| entry.0 != key);
            self.0.push((key, value, deadline));
        }

        fn find(&mut self, key: u8) -> Option<&mut (u8, u8, Option<UnixMillis>)> {
            self.0.iter_mut().find(|entry| entry.0 == key)
        }
    }

    #[test]
    fn random_calls_agree_with_a_naive_model() {
        let mut random = StdRng::seed_from_u64(5);
        let (mut keyspace, mut model) = (Keyspace::default(), Model::default());
        let mut now = NOW;
        for _ in 0..20_000 {
            let (key, value) = (random.random_range(0..20), random.random());
            let deadline = random
                .random_bool(0.7)
                .then(|| UnixMillis(now.0 + random.random_range(1..50)));
            model.expire(now);
            match random.random_range(0..6) {
                0 => {
                    keyspace.set(&[key], &[value], deadline);
                    model.set(key, value, deadline);
                }
                1 => {
                    let removed = model.find(key).is_some();
                    model.0.retain(|entry| entry.0 != key);
                    assert_eq!(keyspace.remove(&[key], now), removed);
                }
                2 => {
                    if keyspace.contains(&[key], now) {
                        keyspace.set_deadline(&[key], deadline);
                    }
                    if let Some(entry) = model.find(key) {
                        entry.2 = deadline;
                    }
                }
                3 => {
                    let expected = model.find(key).map(|entry| entry.2);
                    assert_eq!(keyspace.deadline(&[key], now), expected);
                }
                4 => {
                    while keyspace.remove_expired(3, now) == 3 {}
                    assert_eq!(keyspace.len(), model.0.len());
                }
                _ => {
                    let expected = model.find(key).map(|entry| vec![entry.1]);
                    assert_eq!(keyspace.get(&[key], now), expected.as_deref());
                }
            }
            check(&keyspace);
            now.0 += random.random_range(0..3);
        }
    }
}
