//! Connections that do nothing.

use super::exit_code;
use crate::engine::{Dialer, PATIENCE};
use crate::options::Options;
use crate::output::print;
use std::process::ExitCode;
use tokio::sync::watch;

/// Opens the connections and waits until it is interrupted.
///
/// # Errors
/// When they can't be opened.
pub async fn run(options: &Options, mut stop: watch::Receiver<bool>) -> anyhow::Result<ExitCode> {
    let dialer = Dialer::new(&options.load.target, PATIENCE).await?;
    let mut connections = Vec::new();
    for _ in 0..options.load.clients {
        tokio::select! {
            connection = dialer.connect() => connections.push(connection?),
            _ = stop.wait_for(|stop| *stop) => return Ok(exit_code(true, false)),
        }
    }
    print(&format!(
        "{} idle connections to {} are open. Ctrl-C closes them.\n",
        connections.len(),
        options.load.target.address
    ))?;
    // Fails when nobody can ask for the end any more, which is an end as well.
    let _ = stop.wait_for(|stop| *stop).await;
    Ok(exit_code(true, false))
}
