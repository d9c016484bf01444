//! A task for each client. The keyspace lies behind a lock, and a task takes it for a whole batch.

use super::{Shared, accept, lock};
use crate::connection::Connection;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

pub async fn serve(listener: TcpListener) {
    let keyspace = Shared::default();
    loop {
        let client = Connection::new(accept(&listener).await);
        // Nobody waits for the task: it ends when its client leaves, and a lost client is nobody's loss.
        tokio::spawn(converse(client, Arc::clone(&keyspace)));
    }
}

async fn converse(mut client: Connection, keyspace: Shared) -> io::Result<()> {
    while let Some(mut batch) = client.receive().await? {
        while !batch.is_empty() {
            // The guard is dropped at the end of this statement, before the await below.
            let replies = batch.execute(&mut lock(&keyspace));
            client.send(&replies).await?;
        }
    }
    Ok(())
}
