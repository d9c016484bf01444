//! Serves clients one at a time: the next one waits until the one before has left.

use crate::session::Session;
use std::io::{self, Write};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long to wait after a client could not be accepted: what is missing, such as a file descriptor,
/// may be there a little later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients for ever, and serves each to its end.
pub async fn serve(listener: TcpListener) {
    loop {
        let ended = match listener.accept().await {
            Ok((socket, _)) => converse(socket).await,
            Err(error) => {
                sleep(ACCEPT_PAUSE).await;
                Err(error)
            }
        };
        // One client that is lost is no reason to stop serving the others, and neither is it that nobody
        // reads of it: `eprintln!` would panic.
        if let Err(error) = ended {
            let _ = writeln!(io::stderr(), "lost a client: {error}");
        }
    }
}

/// A session on a socket: moves its bytes, and knows nothing of what they mean.
///
/// Nothing is read from a client until its replies are sent, so that one that does not read them soon
/// can't send requests either.
async fn converse(mut socket: TcpStream) -> io::Result<()> {
    // Replies leave at once instead of waiting for more (Nagle's algorithm).
    socket.set_nodelay(true)?;
    let mut session = Session::default();
    while !session.is_closed() && socket.read_buf(session.input()).await? > 0 {
        while let Some(replies) = session.answer() {
            socket.write_all(&replies).await?;
        }
    }
    Ok(())
}
