//! Which keys somebody has asked to hear of.

use super::SmallBytes;
use std::collections::HashMap;

/// Keys that clients wait for (`BLPOP`) or watch (`WATCH`). Who they are is not known here: the table counts
/// them, and tells of each change whether it matters to anybody. While nobody waits or watches, it is empty,
/// and a change costs one comparison.
#[derive(Debug, Default)]
pub struct Interests {
    keys: HashMap<SmallBytes, Interest>,
    /// Counts the changes of keys that are watched.
    changes: u64,
}

#[derive(Debug, Default)]
struct Interest {
    waiting: usize,
    watching: usize,
    /// The number of the last change since somebody began to watch.
    changed: u64,
}

impl Interests {
    /// One more client waits for `key`.
    pub fn wait(&mut self, key: &SmallBytes) {
        self.keys.entry(key.clone()).or_default().waiting += 1;
    }

    /// One of those who waited for `key` does no more.
    pub fn end_wait(&mut self, key: &[u8]) {
        self.leave(key, |interest| &mut interest.waiting);
    }

    /// One more client watches `key`. Gives the version of the key to compare
    /// [`version`](Self::version) with.
    pub fn watch(&mut self, key: &SmallBytes) -> u64 {
        let interest = self.keys.entry(key.clone()).or_default();
        interest.watching += 1;
        interest.changed
    }

    /// One of those who watched `key` does no more.
    pub fn end_watch(&mut self, key: &[u8]) {
        self.leave(key, |interest| &mut interest.watching);
    }

    /// The version of a watched key: another one after each change.
    pub fn version(&self, key: &[u8]) -> u64 {
        self.keys.get(key).map_or(0, |interest| interest.changed)
    }

    /// Says that `key` was changed. Whether somebody waits for it.
    #[inline]
    pub fn changed(&mut self, key: &[u8]) -> bool {
        !self.keys.is_empty() && self.note_change(key)
    }

    fn note_change(&mut self, key: &[u8]) -> bool {
        let Some(interest) = self.keys.get_mut(key) else {
            return false;
        };
        self.changes += 1;
        interest.changed = self.changes;
        interest.waiting > 0
    }

    /// The keys of interest.
    pub fn keys(&self) -> Vec<SmallBytes> {
        self.keys.keys().cloned().collect()
    }

    /// Whether nobody waits for anything or watches anything.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// One less of those whom `count` counts. A key that nobody is left for is forgotten.
    fn leave(&mut self, key: &[u8], count: impl FnOnce(&mut Interest) -> &mut usize) {
        let Some(interest) = self.keys.get_mut(key) else {
            return;
        };
        let count = count(interest);
        *count = count.saturating_sub(1);
        if interest.waiting == 0 && interest.watching == 0 {
            self.keys.remove(key);
            if self.keys.len() * 4 < self.keys.capacity() {
                self.keys.shrink_to(self.keys.len() * 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_to_those_who_wait_and_seen_by_those_who_watch() {
        let key = SmallBytes::from(b"k".as_slice());
        let mut interests = Interests::default();
        assert!(!interests.changed(b"k"));
        let before = interests.watch(&key);
        assert!(!interests.changed(b"other"));
        assert_eq!(interests.version(b"k"), before);
        assert!(!interests.changed(b"k"));
        assert_ne!(interests.version(b"k"), before);
        interests.wait(&key);
        interests.wait(&key);
        interests.end_wait(b"k");
        assert!(interests.changed(b"k"));
        interests.end_wait(b"k");
        assert!(!interests.changed(b"k"));
        interests.end_watch(b"k");
        assert!(interests.is_empty());
    }
}
