//! The program: reads the flags, listens, and serves until it is asked to end.

mod flags;

use anyhow::Context;
use flags::Flags;
use std::num::NonZeroU8;
use std::{io, process};
use step05_expiry::server;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

fn main() {
    if let Err(error) = start() {
        eprintln!("error: {error:#}");
        process::exit(1);
    }
}

fn start() -> anyhow::Result<()> {
    let Some(flags) = Flags::from_command_line().map_err(anyhow::Error::msg)? else {
        return Ok(());
    };
    let runtime = runtime(flags.threads).context("cannot start the runtime")?;
    runtime.block_on(run(&flags))
}

/// A runtime with this many threads. With one, it is the thread that calls: tasks then never move
/// from thread to thread, and waking one takes no lock.
fn runtime(threads: NonZeroU8) -> io::Result<Runtime> {
    let mut builder = match threads.get() {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let threads = usize::from(threads.get());
    builder.worker_threads(threads).enable_all().build()
}

async fn run(flags: &Flags) -> anyhow::Result<()> {
    // Ctrl-C and `kill`. From here on they are awaited below, and no longer kill the process.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let address = flags.address;
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
