//! How the server is told to end.

use anyhow::Context;
use std::sync::Arc;
use step06_commands_persistence::lifecycle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

/// The two signals that ask a server to end: SIGINT (Ctrl-C) and SIGTERM (`kill`).
#[derive(Clone)]
pub struct Shutdown(Arc<Mutex<Signals>>);

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Shutdown {
    /// Watches for the signals from now on; until this is called they kill the process.
    ///
    /// # Errors
    /// When the system refuses to deliver signals to this process.
    pub fn watch() -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Signals {
            interrupt: signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?,
        }))))
    }

    /// Waits until one of them arrives.
    pub async fn requested(self) -> lifecycle::Signal {
        let mut signals = self.0.lock().await;
        let Signals {
            interrupt,
            terminate,
        } = &mut *signals;
        tokio::select! {
            _ = interrupt.recv() => lifecycle::Signal::Interrupt,
            _ = terminate.recv() => lifecycle::Signal::Terminate,
        }
    }
}
