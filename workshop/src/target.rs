//! The server under examination.

use crate::client::Client;
use crate::failure::Failure;
use std::net::SocketAddr;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a server may take for an answer.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// A server, and how it is to be spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// How long to wait for what must come.
    pub deadline: Duration,
    /// What the names of keys begin with: the check that uses them.
    pub name: &'static str,
}

impl Target {
    /// A server with the usual deadline.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            deadline: DEADLINE,
            name: "check",
        }
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// There is nobody, or it does not accept before the deadline.
    pub fn connect(&self) -> Result<Client, Failure> {
        Client::connect(self.address, self.deadline)
    }

    /// A key that nothing else uses: the server may be shared, and may have been checked before.
    pub fn key(&self) -> String {
        format!("{}:{}", self.name, nonce())
    }
}

/// A word that is never given twice.
pub fn nonce() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", process::id(), since.as_micros())
}
