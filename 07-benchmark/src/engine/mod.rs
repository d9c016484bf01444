//! The load itself: threads, connections, stamps.
//!
//! ```text
//! run -> collect         this file: starts the threads, and adds up what they tell
//!  |
//! worker                 one thread: a runtime, its connections, its recorder
//!  |
//! closed, open           the two loops; open has a schedule and a pacer
//!  |
//! connection, stream     a reply's way to the request that it answers; the two halves of a socket
//!  |
//! recorder               histograms and counters of one thread
//! ```

mod closed;
mod collect;
mod connection;
mod load;
mod measured;
mod open;
mod pacer;
mod recorder;
mod schedule;
mod stream;
mod worker;

pub use crate::errors::{ErrorKind, Errors};
pub use collect::Observer;
pub use load::{Arrivals, GRACE, Length, Load, PATIENCE, Pace};
pub use measured::{CommandTally, Interval, MAX_LATENCY, Measured, Punctuality, latencies};
pub use open::MAX_TOGETHER;
pub use stream::{Dialer, Reader, Writer};

use crate::workload::Workload;
use anyhow::{Context, bail};
use collect::Collector;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;
use worker::{Message, Share, Wires, stopped};

/// A connection is open before the server has accepted it: it gets this time for that.
const SETTLE: Duration = Duration::from_millis(5);

/// From when the last thread is ready to when the first request is due: time for all of them to wake up, and to
/// prepare what they send.
pub const LEAD: Duration = Duration::from_millis(10);

/// Loads a server. All connections are open before the first request is sent. `stop` ends the run early
/// when it becomes true; what was measured by then is returned, marked as interrupted.
///
/// # Errors
/// When the connections can't be opened. What fails later is counted in [`Measured::errors`].
pub async fn run(
    load: &Load,
    workload: &Workload,
    observer: &mut dyn Observer,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<Measured> {
    let (messages, mut told) = mpsc::unbounded_channel();
    let dialer = Dialer::new(&load.target, load.patience).await?;
    let mut starts = Vec::new();
    for share in Share::of(load) {
        let (start, started) = oneshot::channel();
        starts.push(start);
        let (load, workload) = (load.clone(), workload.clone());
        let wires = Wires {
            dialer: dialer.clone(),
            messages: messages.clone(),
            start: started,
            stop: stop.clone(),
        };
        thread::Builder::new()
            .name(format!("load-{}", share.thread))
            .spawn(move || worker::run(load, workload, share, wires))
            .context("cannot start a thread")?;
    }
    drop(messages);
    let threads = starts.len();
    let ready = tokio::select! {
        () = stopped(stop.clone()) => Ok(()),
        ready = ready(&mut told, threads) => ready,
    };
    // Threads that were stopped are not ready either.
    if *stop.borrow() {
        let nothing = Collector::new(load, workload, Instant::now(), threads);
        return Ok(nothing.finish(true, observer));
    }
    ready?;
    sleep(SETTLE).await;
    observer.ready();
    // All is prepared: from here on time counts.
    let start = Instant::now() + LEAD;
    for wire in starts {
        // A thread that is gone has told why, or will be missed.
        let _ = wire.send(start);
    }
    let mut collector = Collector::new(load, workload, start, threads);
    while collector.running() {
        match told
            .recv()
            .await
            .context("a thread of the generator broke down")?
        {
            Message::Ready => {}
            Message::Failed(error) => return Err(error),
            message => collector.add(message, observer),
        }
    }
    Ok(collector.finish(*stop.borrow(), observer))
}

async fn ready(told: &mut mpsc::UnboundedReceiver<Message>, threads: usize) -> anyhow::Result<()> {
    for _ in 0..threads {
        match told.recv().await {
            Some(Message::Ready) => {}
            Some(Message::Failed(error)) => return Err(error),
            _ => bail!("a thread of the generator broke down"),
        }
    }
    Ok(())
}
