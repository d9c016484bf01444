//! A task for each client. The keyspace lies behind a lock, and a task takes it for a whole batch.

use super::accept;
use crate::connection::Connection;
use crate::keyspace::Keyspace;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// The keyspace, owned by all tasks together. The lock is std's: nothing waits while it is held, so
/// tokio's, which can be held across an await, would only cost more.
type Shared = Arc<Mutex<Keyspace>>;

pub async fn serve(listener: TcpListener) {
    let keyspace = Shared::default();
    loop {
        let client = Connection::new(accept(&listener).await);
        // Nobody waits for the task: it ends when its client leaves, and a lost client is nobody's loss.
        tokio::spawn(converse(client, Arc::clone(&keyspace)));
    }
}

async fn converse(mut client: Connection, keyspace: Shared) -> io::Result<()> {
    while client.receive().await? {
        // The guard is dropped at the end of this statement, before the await below. A thread that
        // panicked with the lock held is no reason to refuse everybody from then on.
        client
            .session
            .execute(&mut keyspace.lock().unwrap_or_else(PoisonError::into_inner));
        client.send().await?;
    }
    Ok(())
}
