//! A server that is measured, and what is known of it.

use super::bound::bound;
use super::work;
use crate::control::Control;
use crate::cpu::ServerClock;
use crate::engine::{self, Interval, Load, Measured, Observer};
use crate::facts;
use crate::options::FILL_PIPELINE;
use crate::report::model::{Server, Turn};
use crate::target::Target;
use crate::workload::Workload;
use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use std::time::Duration;
use tokio::sync::watch;

/// A server that is measured.
pub struct Contender {
    /// How it is reached.
    pub target: Target,
    /// How it describes itself.
    pub facts: Server,
    /// Whether it knows how to be emptied.
    pub can_empty: bool,
    clock: Option<ServerClock>,
}

/// Reads a server's clock once it has accepted all connections, which is no part of what is measured. Passes
/// on what it sees.
struct Timed<'a> {
    clock: Option<&'a mut ServerClock>,
    before: Option<Duration>,
    observer: &'a mut dyn Observer,
}

impl Observer for Timed<'_> {
    fn ready(&mut self) {
        self.before = self.clock.as_mut().and_then(|clock| clock.read());
        self.observer.ready();
    }

    fn interval(&mut self, interval: &Interval, latencies: &Histogram<u64>, so_far: &Measured) {
        self.observer.interval(interval, latencies, so_far);
    }
}

impl Contender {
    /// The server at `target`, which must be running. `process` is its number where it is one of this
    /// machine's.
    ///
    /// # Errors
    /// When it can't be reached, or does not take the greeting.
    pub fn meet(target: &Target, process: Option<u32>) -> anyhow::Result<Self> {
        let mut control = Control::connect(target)?;
        let facts = facts::server(&mut control)?;
        Ok(Self {
            target: target.clone(),
            facts,
            can_empty: true,
            clock: ServerClock::open(control, process),
        })
    }

    /// Loads it.
    ///
    /// # Errors
    /// When the connections can't be opened.
    pub async fn turn(
        &mut self,
        load: &Load,
        workload: &Workload,
        ceiling: Option<f64>,
        observer: &mut dyn Observer,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<Turn> {
        let mut timed = Timed {
            clock: self.clock.as_mut(),
            before: None,
            observer,
        };
        let run = engine::run(load, workload, &mut timed, stop).await;
        let before = timed.before;
        let measured = run.with_context(|| self.facts.name.clone())?;
        let after = self.clock.as_mut().and_then(ServerClock::read);
        let server_cpu = before
            .zip(after)
            .map(|(before, after)| after.saturating_sub(before));
        let bound = bound(load, &measured, server_cpu, ceiling);
        Ok(Turn {
            measured,
            server_cpu,
            bound,
        })
    }

    /// Writes all that `workload` asks for, where it asks for keys.
    ///
    /// # Errors
    /// When the server refuses them.
    pub async fn fill(
        &self,
        workload: &Workload,
        observer: &mut dyn Observer,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        for (filling, requests) in work::fillings(workload) {
            let load = Load {
                pipeline: FILL_PIPELINE,
                ..Load::once(&self.target, requests)
            };
            let measured = engine::run(&load, &filling, observer, stop).await?;
            if let Some((kind, errors)) = measured.errors.kinds().next() {
                let name = &self.facts.name;
                bail!(
                    "{name} can't be filled with keys: {kind}: {}",
                    errors.example
                );
            }
        }
        Ok(())
    }

    /// Whether it knows this command. Only for servers that were started here, and are empty: where MULTI is
    /// not known, asking means to carry the command out, without arguments.
    ///
    /// # Errors
    /// When it can't be reached.
    pub fn knows(&self, name: &str) -> anyhow::Result<bool> {
        let unknown = Control::connect(&self.target)?.is_unknown(name.as_bytes())?;
        Ok(!unknown)
    }

    /// Removes all keys of its database, and waits until it rests.
    ///
    /// # Errors
    /// When it does not do that.
    pub async fn empty(&mut self) -> anyhow::Result<()> {
        Control::connect(&self.target)?.flushdb()?;
        if let Some(clock) = &mut self.clock {
            clock.rest().await;
        }
        Ok(())
    }
}
