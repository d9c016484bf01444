//! A server that echoes every byte it receives, one client at a time.

mod flags;
mod shutdown;

use anyhow::Context;
use bytes::BytesMut;
use flags::Flags;
use shutdown::Shutdown;
use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Bytes to make room for before each read.
const READ_SIZE: usize = 4096;

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// One thread is enough here: while it waits for a socket, it waits for Ctrl-C as well.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Some(flags) = Flags::from_command_line()? else {
        return Ok(());
    };
    let mut shutdown = Shutdown::watch()?;
    let address = SocketAddr::new(flags.bind, flags.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (another --port may be free)"))?;
    println!("listening on {}", listener.local_addr()?);

    // Whichever ends first wins; the other future is dropped, and its sockets close with it.
    tokio::select! {
        () = serve(listener) => {}
        () = shutdown.requested() => {}
    }
    Ok(())
}

/// Accepts clients for ever and serves each to its end before it turns to the next.
async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                log(format_args!("{peer} connected"));
                match echo(socket).await {
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

/// Sends every byte back until the client closes its side. The socket closes when this returns,
/// because the function owns it.
async fn echo(mut socket: TcpStream) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ_SIZE);
        if socket.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        socket.write_all(&buffer).await?;
        buffer.clear();
    }
}

/// Tells people on standard error what happened. If nobody reads it, the server goes on all the same:
/// `eprintln!` would panic.
fn log(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
