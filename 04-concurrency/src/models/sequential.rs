//! One client at a time, as in the stages before: the keyspace needs no protection, and everybody
//! else waits.

use super::accept;
use crate::connection::Connection;
use crate::keyspace::Keyspace;
use std::io;
use tokio::net::TcpListener;

pub async fn serve(listener: TcpListener) {
    let mut keyspace = Keyspace::default();
    loop {
        let client = Connection::new(accept(&listener).await);
        // A client that was lost is no concern of the next one.
        let _ = converse(client, &mut keyspace).await;
    }
}

async fn converse(mut client: Connection, keyspace: &mut Keyspace) -> io::Result<()> {
    while let Some(mut batch) = client.receive().await? {
        while !batch.is_empty() {
            let replies = batch.execute(keyspace);
            client.send(&replies).await?;
        }
    }
    Ok(())
}
