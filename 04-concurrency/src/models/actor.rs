//! A task for each client, and one more, the actor, that owns the keyspace. Nothing is shared: a batch
//! travels to the actor, which executes it, and what is left of it travels back with the replies.

use super::accept;
use crate::batch::Batch;
use crate::connection::Connection;
use crate::keyspace::Keyspace;
use std::io;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Batches that may wait for the actor. When the queue is full, clients wait for a place in it.
const MAX_WAITING: usize = 1024;

/// A batch to execute, and the way back.
struct Job {
    batch: Batch,
    done: oneshot::Sender<(Batch, Vec<u8>)>,
}

pub async fn serve(listener: TcpListener) {
    let (jobs, waiting) = mpsc::channel(MAX_WAITING);
    tokio::spawn(act(waiting));
    loop {
        let client = Connection::new(accept(&listener).await);
        tokio::spawn(converse(client, jobs.clone()));
    }
}

/// The actor: executes batches in the order in which they arrive, until nobody can send any more.
async fn act(mut waiting: mpsc::Receiver<Job>) {
    let mut keyspace = Keyspace::default();
    while let Some(Job { mut batch, done }) = waiting.recv().await {
        let replies = batch.execute(&mut keyspace);
        // Fails when the client's task was dropped meanwhile: then nobody wants the replies.
        let _ = done.send((batch, replies));
    }
}

async fn converse(mut client: Connection, jobs: mpsc::Sender<Job>) -> io::Result<()> {
    while let Some(mut batch) = client.receive().await? {
        while !batch.is_empty() {
            let (done, executed) = oneshot::channel();
            jobs.send(Job { batch, done }).await.map_err(gone)?;
            let replies;
            (batch, replies) = executed.await.map_err(gone)?;
            client.send(&replies).await?;
        }
    }
    Ok(())
}

fn gone<E>(_: E) -> io::Error {
    io::Error::other("the actor is gone")
}
