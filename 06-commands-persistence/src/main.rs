//! The program: reads its configuration and the snapshot, listens, and serves until it is asked to end.

mod logger;
mod shutdown;

use anyhow::Context;
use shutdown::Shutdown;
use std::io::{self, Write};
use std::mem;
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use step06_commands_persistence::clock::Clock;
use step06_commands_persistence::commands::table::TABLE;
use step06_commands_persistence::config::{Config, Startup};
use step06_commands_persistence::lifecycle;
use step06_commands_persistence::net::listener;
use step06_commands_persistence::persistence::load::{self, Existing};
use step06_commands_persistence::server::Server;
use step06_commands_persistence::server::shared::Shared;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> anyhow::Result<()> {
    let config = match Startup::from_arguments(std::env::args_os().skip(1))? {
        Startup::Run(config) => *config,
        Startup::Print(text) => {
            // If nobody reads it, nothing is lost.
            let _ = io::stdout().write_all(text.as_bytes());
            return Ok(());
        }
    };
    logger::start(&config)?;
    let runtime = runtime(config.threads).context("cannot start the runtime")?;
    let server = load(config)?;
    let shared = Shared::new(server);
    let ended = runtime.block_on(run(shared.clone()));
    // Tasks stop at their next await.
    runtime.shutdown_background();
    // The process ends: the system takes its memory back faster than we could.
    mem::forget(shared);
    ended
}

/// A runtime with this many threads. With one, it is the thread that calls: tasks then never move
/// from thread to thread, and waking one takes no lock.
fn runtime(threads: usize) -> io::Result<Runtime> {
    let mut builder = if threads <= 1 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.worker_threads(threads.max(1)).enable_all().build()
}

/// A server with what its snapshot holds, if there is one.
fn load(config: Config) -> anyhow::Result<Server> {
    let path = config.dump_path();
    let mut server = Server::new(config, Clock::system(), &TABLE);
    server.apply_config();
    if let Some(loaded) = load::load(&mut server, &path, Existing::Refuse)? {
        let took = server.clock.read().since(&server.started);
        log::info!(
            "loaded {} keys from {} in {:.3} s ({} had expired)",
            loaded.keys,
            path.display(),
            took.as_secs_f64(),
            loaded.expired
        );
        server.saving.loaded = (loaded.keys, loaded.expired);
    }
    Ok(server)
}

async fn run(shared: Shared) -> anyhow::Result<()> {
    let shutdown = Shutdown::watch()?;
    let listeners = listen(&shared)?;
    for listener in &listeners {
        // If nobody reads it, the server runs nevertheless: `println!` would panic.
        let _ = writeln!(io::stdout(), "listening on {}", listener.local_addr()?);
    }
    let ended = lifecycle::run(listeners, shared, || shutdown.clone().requested()).await;
    anyhow::ensure!(
        ended,
        "ended by a second signal: the last snapshot was not written"
    );
    Ok(())
}

/// Listens on all addresses of the configuration, and on the same port of each.
fn listen(shared: &Shared) -> anyhow::Result<Vec<TcpListener>> {
    let mut server = shared.lock("start");
    let mut listeners = Vec::new();
    for bind in server.config.bind.clone() {
        // An address that begins with a minus may be missing.
        let (name, optional) = match bind.strip_prefix('-') {
            Some(name) => (name, true),
            None => (bind.as_str(), false),
        };
        let address = resolve(name, server.port)?;
        match listener::listen(address, server.config.tcp_backlog) {
            Ok(listener) => {
                server.port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            Err(error) if optional => log::warn!("not listening on {address}: {error}"),
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("cannot listen on {address} (another --port may be free)")
                });
            }
        }
    }
    anyhow::ensure!(!listeners.is_empty(), "there is no address to listen on");
    Ok(listeners)
}

fn resolve(name: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let name = match name {
        "*" => "0.0.0.0",
        "::*" => "::",
        name => name,
    };
    let mut addresses = (name, port)
        .to_socket_addrs()
        .with_context(|| format!("--bind: '{name}' is no address"))?;
    addresses
        .next()
        .with_context(|| format!("--bind: '{name}' has no address"))
}
