//! The program: reads the flags, listens, and serves until it is asked to end.

mod flags;
mod shutdown;

use anyhow::Context;
use flags::Flags;
use shutdown::Shutdown;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use step06_commands_persistence::server;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

fn main() -> anyhow::Result<()> {
    let Some(flags) = Flags::from_command_line()? else {
        return Ok(());
    };
    let runtime = runtime(flags.threads).context("cannot start the runtime")?;
    let ended = runtime.block_on(run(flags));
    // Tasks stop at their next await.
    runtime.shutdown_background();
    ended
}

/// A runtime with this many threads. With one, it is the thread that calls: tasks then never move
/// from thread to thread, and waking one takes no lock.
fn runtime(threads: NonZeroUsize) -> std::io::Result<Runtime> {
    let mut builder = if threads.get() == 1 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.worker_threads(threads.get()).enable_all().build()
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::watch()?;
    let address = SocketAddr::new(flags.bind, flags.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (another --port may be free)"))?;
    println!("listening on {}", listener.local_addr()?);

    tokio::select! {
        () = server::serve(listener) => {}
        () = shutdown.requested() => {}
    }
    Ok(())
}
