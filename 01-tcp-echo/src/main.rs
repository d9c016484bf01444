//! A server that echoes every byte it receives, one client at a time.

mod flags;

use anyhow::Context;
use bytes::BytesMut;
use std::io::{self, Write};
use std::{process, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

// One thread is enough here: while it waits for a socket, it waits for Ctrl-C as well.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = run().await {
        eprintln!("error: {error:#}");
        process::exit(1);
    }
}

async fn run() -> anyhow::Result<()> {
    let Some(address) = flags::address().map_err(anyhow::Error::msg)? else {
        return Ok(());
    };
    // Ctrl-C and `kill`. From here on they are awaited below, and no longer kill the process.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (another --port may be free)"))?;
    println!("listening on {}", listener.local_addr()?);

    // Whichever ends first wins; the others are dropped, and the sockets close with them.
    tokio::select! {
        () = serve(listener) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Accepts clients for ever and serves each to its end before it turns to the next. One that is lost is
/// no reason to stop serving the others.
async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                log(&format!("{peer} connected"));
                match echo(socket).await {
                    Ok(()) => log(&format!("{peer} left")),
                    Err(error) => log(&format!("{peer} was lost: {error}")),
                }
            }
            Err(error) => {
                log(&format!("accept failed: {error}"));
                // What is missing, such as a file descriptor, may be there a little later.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Sends every byte back until the client closes its side. The socket closes when this returns,
/// because the function owns it.
async fn echo(mut socket: TcpStream) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(4096);
    while socket.read_buf(&mut buffer).await? > 0 {
        socket.write_all(&buffer).await?;
        buffer.clear();
    }
    Ok(())
}

/// Tells people on standard error. If nobody reads it, the server goes on: `eprintln!` would panic.
fn log(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
