//! The lock.

use super::Server;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The server, owned by all tasks and threads together.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<Server>>);

impl Shared {
    /// Shares a server.
    pub fn new(server: Server) -> Self {
        Self(Arc::new(Mutex::new(server)))
    }

    /// Takes the server, for `purpose`. The guard must be dropped before the next await. A task that panicked with
    /// the lock held is no reason to refuse everybody from then on.
    pub fn lock(&self, purpose: &'static str) -> Guard<'_> {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Guard {
            server,
            since: Instant::now(),
            purpose,
        }
    }
}

/// The server, for as long as this lives. Records for how long that was.
pub struct Guard<'a> {
    server: MutexGuard<'a, Server>,
    since: Instant,
    purpose: &'static str,
}

impl Deref for Guard<'_> {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.server.stats.held(self.since.elapsed(), self.purpose);
    }
}
