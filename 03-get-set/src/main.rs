//! The program: reads the flags, listens, and serves until it is asked to end.

mod flags;
mod shutdown;

use anyhow::Context;
use flags::Flags;
use shutdown::Shutdown;
use std::net::SocketAddr;
use step03_get_set::server;
use tokio::net::TcpListener;

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

    tokio::select! {
        () = server::serve(listener) => {}
        () = shutdown.requested() => {}
    }
    Ok(())
}
