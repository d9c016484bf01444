//! From the first client to the end: what the server does in the large.

use crate::background::{self, snapshot};
use crate::config::file;
use crate::config::value::ShutdownOptions;
use crate::net::listener;
use crate::persistence::save;
use crate::server::client::{Client, ClientId};
use crate::server::jobs::{Job, Shutdown};
use crate::server::shared::Shared;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

/// For how long clients may still read what they were answered before the server ends.
const FAREWELL: Duration = Duration::from_millis(200);

/// A signal that asks the server to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill`.
    Terminate,
}

/// Serves until it is asked to end, by a signal or by a client. `signal` gives the next one.
///
/// Returns whether all was brought to its end: not, where a second signal came before the last snapshot was written.
pub async fn run<F: Future<Output = Signal>>(
    listeners: Vec<TcpListener>,
    shared: Shared,
    mut signal: impl FnMut() -> F,
) -> bool {
    tokio::spawn(background::work(shared.clone()));
    let accepting: Vec<JoinHandle<()>> = listeners
        .into_iter()
        .map(|listener| tokio::spawn(listener::serve(listener, shared.clone())))
        .collect();
    let jobs = shared.lock("jobs").jobs.notify();
    let mut saving: Option<JoinHandle<bool>> = None;
    loop {
        let job = shared.lock("jobs").jobs.pop();
        let shutdown = match job {
            Some(Job::Save) => {
                saving = Some(tokio::spawn(snapshot::write(shared.clone())));
                continue;
            }
            Some(Job::RewriteConfig(client)) => {
                tokio::spawn(rewrite_config(shared.clone(), client));
                continue;
            }
            Some(Job::Shutdown(shutdown)) => shutdown,
            None => tokio::select! {
                () = jobs.notified() => continue,
                signal = signal() => on_signal(signal, &shared),
            },
        };
        tokio::select! {
            ends = end(&shared, &shutdown, saving.take()) => if ends {
                accepting.iter().for_each(JoinHandle::abort);
                return true;
            },
            _ = signal() => {
                log::warn!("a second signal: ending at once");
                save::discard(&shared);
                return false;
            }
        }
    }
}

fn on_signal(signal: Signal, shared: &Shared) -> Shutdown {
    let server = shared.lock("signal");
    let ShutdownOptions { save, force, .. } = match signal {
        Signal::Interrupt => server.config.shutdown_on_sigint,
        Signal::Terminate => server.config.shutdown_on_sigterm,
    };
    log::info!("received a signal to end ({signal:?})");
    Shutdown {
        save,
        force,
        client: None,
    }
}

/// Writes the configuration back to its file, and tells the client who asked for it.
async fn rewrite_config(shared: Shared, client: ClientId) {
    let config = shared.lock("config").config.clone();
    let rewrite = move || match &config.config_file {
        Some(path) => file::rewrite(&config, path),
        None => Ok(()),
    };
    let rewritten = spawn_blocking(rewrite).await;
    let rewritten = rewritten.unwrap_or_else(|panic| Err(panic.into()));
    let mut server = shared.lock("config");
    server.unblock(client, |reply| match rewritten {
        Ok(()) => reply.simple("OK"),
        Err(error) => reply.error(format!("ERR Rewriting config file: {error:#}").as_bytes()),
    });
}

/// Brings everything to an end. False: it can't, and goes on.
async fn end(shared: &Shared, shutdown: &Shutdown, saving: Option<JoinHandle<bool>>) -> bool {
    // From here on nothing is changed any more: what is answered is in the snapshot.
    shared.lock("shutdown").paused = true;
    if let Some(saving) = saving {
        let _ = saving.await;
    }
    // One that was begun when the signal came shows an earlier moment.
    if shared.lock("shutdown").jobs.take_save() {
        snapshot::write(shared.clone()).await;
    }
    let has_save_points = !shared.lock("shutdown").config.save.is_empty();
    let saves = shutdown.save.unwrap_or(has_save_points);
    if saves && !snapshot::write_the_last(shared).await && !shutdown.force {
        log::error!("the last snapshot failed: the server does not end");
        go_on(shared, shutdown);
        return false;
    }
    wait_for_readers(shared).await;
    log::info!("the server ends");
    true
}

fn go_on(shared: &Shared, shutdown: &Shutdown) {
    let mut server = shared.lock("shutdown");
    server.resume();
    if let Some(client) = shutdown.client {
        server.unblock(client, |reply| {
            reply.error(b"ERR Errors trying to SHUTDOWN. Check logs.");
        });
    }
}

/// Waits until all clients have what they were answered, but not for ever.
async fn wait_for_readers(shared: &Shared) {
    let deadline = Instant::now() + FAREWELL;
    loop {
        let is_unread = |client: &Client| client.pending_output() > 0;
        let unread = shared.lock("shutdown").clients.iter().any(is_unread);
        if !unread || Instant::now() > deadline {
            return;
        }
        sleep(Duration::from_millis(2)).await;
    }
}
