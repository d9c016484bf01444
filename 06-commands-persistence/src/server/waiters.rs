//! Clients that wait for keys, each key's in the order in which they began to wait.

use super::client::ClientId;
use crate::small_bytes::SmallBytes;
use std::collections::{BTreeMap, HashMap};

/// Who waits for which key.
#[derive(Debug, Default)]
pub struct Waiters {
    by_key: HashMap<(usize, SmallBytes), BTreeMap<u64, ClientId>>,
    tickets: u64,
    clients: usize,
}

impl Waiters {
    /// Begins a wait of `client` for `keys` of database `db`. Gives its ticket: those who began to wait
    /// earlier have smaller numbers.
    pub fn add(&mut self, client: ClientId, db: usize, keys: &[SmallBytes]) -> u64 {
        self.tickets += 1;
        self.clients += 1;
        for key in keys {
            let queue = self.by_key.entry((db, key.clone())).or_default();
            queue.insert(self.tickets, client);
        }
        self.tickets
    }

    /// Ends a wait.
    pub fn remove(&mut self, ticket: u64, db: usize, keys: &[SmallBytes]) {
        self.clients = self.clients.saturating_sub(1);
        for key in keys {
            let place = (db, key.clone());
            if let Some(queue) = self.by_key.get_mut(&place) {
                queue.remove(&ticket);
                if queue.is_empty() {
                    self.by_key.remove(&place);
                }
            }
        }
        if self.by_key.len() * 4 < self.by_key.capacity() {
            self.by_key.shrink_to(self.by_key.len() * 2);
        }
    }

    /// The client that has waited longest for `key`, of those whose ticket is above this one.
    pub fn next(&self, db: usize, key: &SmallBytes, after: u64) -> Option<(u64, ClientId)> {
        let queue = self.by_key.get(&(db, key.clone()))?;
        let (ticket, client) = queue.range(after.saturating_add(1)..).next()?;
        Some((*ticket, *client))
    }

    /// How many clients wait.
    pub fn len(&self) -> usize {
        self.clients
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_came_first_are_found_first() {
        let key = |name: &str| SmallBytes::from(name.as_bytes());
        let (a, b) = (key("a"), key("b"));
        let mut waiters = Waiters::default();
        let first = waiters.add(7, 0, &[a.clone(), b.clone()]);
        let second = waiters.add(5, 0, std::slice::from_ref(&b));
        assert_eq!(waiters.next(0, &a, 0), Some((first, 7)));
        assert_eq!(waiters.next(0, &b, 0), Some((first, 7)));
        assert_eq!(waiters.next(0, &b, first), Some((second, 5)));
        assert_eq!(waiters.next(1, &b, 0), None);
        waiters.remove(first, 0, &[a.clone(), b.clone()]);
        assert_eq!(waiters.next(0, &a, 0), None);
        assert_eq!(waiters.next(0, &b, 0), Some((second, 5)));
        waiters.remove(second, 0, &[b]);
        assert!(waiters.is_empty());
    }
}
