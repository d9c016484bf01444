//! Four ways to serve many clients from one keyspace.
//!
//! They share everything but one thing: who calls [`Batch::execute`](crate::batch::Batch::execute),
//! and how that caller comes by the keyspace.

mod actor;
mod sequential;
mod tasks;
mod threads;

use crate::keyspace::Keyspace;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How clients are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One client at a time.
    Sequential,
    /// A thread for each client.
    Threads,
    /// A task for each client, and a lock around the keyspace.
    Tasks,
    /// A task for each client, and one more that owns the keyspace.
    Actor,
}

impl FromStr for Model {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "sequential" => Ok(Self::Sequential),
            "threads" => Ok(Self::Threads),
            "tasks" => Ok(Self::Tasks),
            "actor" => Ok(Self::Actor),
            _ => Err("take sequential, threads, tasks or actor"),
        }
    }
}

/// Serves clients for ever.
///
/// # Errors
/// When the listener can't be used in the way the model needs it.
pub async fn serve(model: Model, listener: TcpListener) -> io::Result<()> {
    match model {
        Model::Sequential => sequential::serve(listener).await,
        Model::Threads => threads::serve(listener).await?,
        Model::Tasks => tasks::serve(listener).await,
        Model::Actor => actor::serve(listener).await,
    }
    Ok(())
}

/// The keyspace, owned by all threads or tasks together. The lock is std's: nothing waits while it is
/// held, so tokio's, which can be held across an await, would only cost more.
type Shared = Arc<Mutex<Keyspace>>;

/// Takes the keyspace until the guard is dropped. A thread that panicked with the lock held is no reason
/// to refuse everybody from then on.
fn lock(keyspace: &Shared) -> MutexGuard<'_, Keyspace> {
    keyspace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next client. When the process is out of file descriptors the clients it has go on, and it
/// tries again a little later.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) => {
                report_accept(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Tells people on standard error. If nobody reads it, the server goes on: `eprintln!` would panic.
fn report_accept(error: &io::Error) {
    let _ = writeln!(io::stderr(), "accept failed: {error}");
}
