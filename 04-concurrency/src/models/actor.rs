//! A task for each client, and one more, the actor, that owns the keyspace. Nothing is shared: a
//! client's session itself travels to the actor, which executes its batch, and travels back.

use super::accept;
use crate::connection::Connection;
use crate::keyspace::Keyspace;
use crate::session::Session;
use std::io;
use std::mem;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Batches that may wait for the actor. When the queue is full, clients wait for a place in it.
const MAX_WAITING: usize = 1024;

/// A session whose batch is to be executed, and the way back.
struct Job {
    session: Session,
    done: oneshot::Sender<Session>,
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
    while let Some(mut job) = waiting.recv().await {
        job.session.execute(&mut keyspace);
        // Fails when the client's task was dropped meanwhile: then nobody wants the session back.
        let _ = job.done.send(job.session);
    }
}

async fn converse(mut client: Connection, jobs: mpsc::Sender<Job>) -> io::Result<()> {
    while client.receive().await? {
        let (done, returned) = oneshot::channel();
        let session = mem::take(&mut client.session);
        jobs.send(Job { session, done }).await.map_err(gone)?;
        client.session = returned.await.map_err(gone)?;
        client.send().await?;
    }
    Ok(())
}

fn gone<E>(_: E) -> io::Error {
    io::Error::other("the actor is gone")
}
