//! Serves clients one at a time: the next one waits until the one before has left.

use crate::connection::Connection;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients for ever, and serves each to its end.
pub async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                log(format_args!("{peer} connected"));
                match converse(Connection::new(socket)).await {
                    Ok(()) => log(format_args!("{peer} left")),
                    Err(error) => log(format_args!("{peer} was lost: {error}")),
                }
            }
            // One client that could not be accepted is no reason to stop serving the others. What is
            // missing, such as a file descriptor, may be there a little later.
            Err(error) => {
                log(format_args!("accept failed: {error}"));
                sleep(ACCEPT_PAUSE).await;
            }
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

/// Tells people on standard error what happened. If nobody reads it, the server goes on all the same:
/// `eprintln!` would panic.
fn log(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
