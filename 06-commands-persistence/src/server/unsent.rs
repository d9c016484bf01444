//! How much all clients together are still to be sent.
//!
//! A client that sends requests and reads no replies is held up when 256 MiB of them wait for it. Ten thousand of such clients
//! would still take all memory there is. So there is a limit for all of them together: while it is exceeded, everybody is held up
//! much earlier. (Who has not said yet who he is will have no more than that, when there are passwords.) What is already there
//! is never taken back, and nobody who reads is refused anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// While this much waits to be sent to one client, its requests wait, too.
const MAX_OF_ONE: usize = 256 * 1024 * 1024;

/// While this much waits to be sent to all of them, a client may have no more than [`SHARE_OF_ONE`].
const MAX_OF_ALL: usize = 1024 * 1024 * 1024;
const SHARE_OF_ONE: usize = 64 * 1024;

/// What all clients are still to be sent, in bytes. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Unsent(Arc<AtomicUsize>);

/// What one of them is.
#[derive(Debug, Default)]
pub struct Share {
    all: Unsent,
    own: usize,
}

impl Share {
    /// Nothing yet.
    pub fn of(all: &Unsent) -> Self {
        Self {
            all: all.clone(),
            own: 0,
        }
    }

    /// Says how much it is now.
    pub fn set(&mut self, bytes: usize) {
        // Adds the difference, modulo 2^64: the sum of all shares stays what it should be.
        let change = bytes.wrapping_sub(self.own);
        self.all.0.fetch_add(change, Ordering::Relaxed);
        self.own = bytes;
    }

    /// Whether the client may have more.
    pub fn may_grow(&self) -> bool {
        let is_full = self.all.0.load(Ordering::Relaxed) >= MAX_OF_ALL;
        self.own < if is_full { SHARE_OF_ONE } else { MAX_OF_ONE }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_have_much_each_but_not_all_of_them() {
        let all = Unsent::default();
        let mut shares: Vec<Share> = (0..10_000).map(|_| Share::of(&all)).collect();
        let mut sum = 0;
        for share in &mut shares {
            while share.may_grow() {
                share.set(share.own + SHARE_OF_ONE);
                sum += SHARE_OF_ONE;
            }
        }
        assert_eq!(shares[0].own, MAX_OF_ONE);
        assert!(sum < MAX_OF_ALL + shares.len() * SHARE_OF_ONE);
        // Whoever reads goes on.
        shares[9_999].set(0);
        assert!(shares[9_999].may_grow());
        shares.clear();
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }
}
