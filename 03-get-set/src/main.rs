//! The program: reads the flags, listens, and serves until it is asked to end.

mod flags;

use anyhow::Context;
use std::process;
use step03_get_set::server;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

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

    tokio::select! {
        () = server::serve(listener) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
