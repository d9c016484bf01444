//! Serves clients, each in a task of its own, and removes expired keys in the background.

use crate::clock::UnixMillis;
use crate::connection::Connection;
use crate::keyspace::Keyspace;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often to look for expired keys.
const TICK: Duration = Duration::from_millis(100);

/// The most keys removed in one go, while nobody else can use the keyspace: about a quarter of a
/// millisecond.
const MAX_EXPIRED: usize = 512;

/// The pause after a go that left expired keys behind. Others have the keyspace meanwhile.
const CATCH_UP_PAUSE: Duration = Duration::from_millis(1);

/// The keyspace, owned by all tasks together.
type Shared = Arc<Mutex<Keyspace>>;

/// Accepts clients for ever.
pub async fn serve(listener: TcpListener) {
    let keyspace = Shared::default();
    tokio::spawn(expire(Arc::clone(&keyspace)));
    loop {
        let client = Connection::new(accept(&listener).await);
        // Nobody waits for the task: it ends when its client leaves, and a lost client is nobody's loss.
        tokio::spawn(converse(client, Arc::clone(&keyspace)));
    }
}

/// The next client. When the process is out of file descriptors the clients it has go on, and it
/// tries again a little later.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) => {
                // If nobody reads it, the server goes on: `eprintln!` would panic.
                let _ = writeln!(io::stderr(), "accept failed: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(mut client: Connection, keyspace: Shared) -> io::Result<()> {
    while let Some(mut batch) = client.receive().await? {
        while !batch.is_empty() {
            // The guard is dropped at the end of this statement, before the await below.
            let replies = batch.execute(&mut lock(&keyspace), UnixMillis::now());
            client.send(&replies).await?;
        }
    }
    Ok(())
}

/// Active expiry: removes keys whose time is up, whether or not anybody asks for them. However many
/// there are, it holds the keyspace for [`MAX_EXPIRED`] of them only, and then lets others have it.
async fn expire(keyspace: Shared) {
    loop {
        let removed = lock(&keyspace).remove_expired(MAX_EXPIRED, UnixMillis::now());
        let more = removed == MAX_EXPIRED;
        sleep(if more { CATCH_UP_PAUSE } else { TICK }).await;
    }
}

/// Takes the keyspace. The guard must be dropped before the next await. A task that panicked with the
/// lock held is no reason to refuse everybody from then on.
fn lock(keyspace: &Shared) -> MutexGuard<'_, Keyspace> {
    keyspace.lock().unwrap_or_else(PoisonError::into_inner)
}
