//! Serves clients one at a time: the next one waits until the one before has left.

use crate::connection::Connection;
use std::io;
use tokio::net::TcpListener;

/// Accepts clients for ever, and serves each to its end.
pub async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                eprintln!("{peer} connected");
                match converse(Connection::new(socket)).await {
                    Ok(()) => eprintln!("{peer} left"),
                    Err(error) => eprintln!("{peer} was lost: {error}"),
                }
            }
            // One client that could not be accepted is no reason to stop serving the others.
            Err(error) => eprintln!("accept failed: {error}"),
        }
    }
}

async fn converse(mut client: Connection) -> io::Result<()> {
    while client.receive().await? {
        client.session.execute();
        client.send().await?;
    }
    Ok(())
}
