//! Two servers under the same load in turns.

use super::arena::Arena;
use super::contender::Contender;
use super::findings::{self, Files};
use super::work::Item;
use super::{alone, choice, exit_code};
use crate::engine::Length;
use crate::options::{DEPTHS, Options};
use crate::output::{self, Closed, print};
use crate::process::Server;
use crate::report::model::{Better, Case, Comparison, Estimate};
use crate::report::{text, versus, words};
use crate::stats::verdict;
use crate::target::{Address, Target};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::watch;

/// Compares two servers that run already: the target of the options is A, the one at `address` B.
///
/// # Errors
/// When one of them is not there, or a request fails.
pub async fn versus(
    options: &Options,
    address: &Address,
    files: Files,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<ExitCode> {
    let other = Target {
        address: address.clone(),
        ..options.load.target.clone()
    };
    let meet = |target| Contender::meet(target, None);
    let mut remarks = Vec::new();
    if !options.may_empty {
        remarks.push(
            "The databases are not emptied between the tests: --flush allows FLUSHDB.".to_string(),
        );
    }
    let items = choice::bounded(
        choice::measured(options),
        options.may_empty,
        options.sizes.most,
        &mut remarks,
    );
    choice::ensure_some(&items, &remarks)?;
    let duel = Duel {
        a: meet(&options.load.target)?,
        again: meet(&options.load.target)?,
        b: meet(&other)?,
        depths: vec![options.load.pipeline],
        items,
        remarks,
        width: text::width(output::columns()),
    };
    duel.run(options, files, stop).await
}

/// Starts the server at `program`, which is B, and two of redis-server: A, and the one with which A is
/// compared to see what the machine's noise looks like. Where redis-server is missing the server is measured
/// alone.
///
/// # Errors
/// When a server can't be started, or a request fails.
pub async fn started(
    options: &Options,
    program: &Path,
    files: Files,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<ExitCode> {
    let ours = Server::start_ours(program, &[]).await?;
    let mut b = meet(&ours)?;
    let mut remarks = Vec::new();
    if ours.port_only {
        remarks.push(format!(
            "{} was started with --port alone: it does not take --save and --dir.",
            ours.name
        ));
    }
    let items = startable_items(options, &mut b, &mut remarks)?;
    let (first, second) = (
        Server::start_redis(&[]).await?,
        Server::start_redis(&[]).await?,
    );
    let (Some(first), Some(second)) = (first, second) else {
        print("redis-server is not installed, so there is nothing to compare with.\n\n")?;
        return alone::run(options, b, items, files, stop).await;
    };
    let duel = Duel {
        a: meet(&first)?,
        again: meet(&second)?,
        b,
        depths: DEPTHS.to_vec(),
        items,
        remarks,
        width: text::width(output::columns()),
    };
    duel.run(options, files, stop).await
}

/// What is known of a server that was started here.
///
/// # Errors
/// When it does not answer.
pub fn meet(server: &Server) -> anyhow::Result<Contender> {
    let mut contender = Contender::meet(&server.target(), Some(server.id()))?;
    // Where two of redis-server run, and for the stages, how it was started tells most.
    contender.facts.name.clone_from(&server.name);
    Ok(contender)
}

/// What is measured, without what the server does not know, or must not be sent. What is left out is remarked.
///
/// # Errors
/// When nothing is left.
fn startable_items(
    options: &Options,
    server: &mut Contender,
    remarks: &mut Vec<String>,
) -> anyhow::Result<Vec<Item>> {
    server.can_empty &= server.knows("FLUSHDB")?;
    let items = choice::known(choice::measured(options), server, remarks)?;
    let items = choice::bounded(items, server.can_empty, options.sizes.most, remarks);
    if !server.can_empty {
        remarks.push(
            "The servers are not emptied between the tests: not all know FLUSHDB.".to_string(),
        );
    }
    choice::ensure_some(&items, remarks)?;
    Ok(items)
}

/// Two servers, and what to measure of them.
struct Duel {
    a: Contender,
    /// A once more, for the comparison of A with itself.
    again: Contender,
    b: Contender,
    depths: Vec<usize>,
    items: Vec<Item>,
    remarks: Vec<String>,
    /// Of what is printed.
    width: usize,
}

impl Duel {
    async fn run(
        mut self,
        options: &Options,
        files: Files,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<ExitCode> {
        let emptied = options.may_empty && self.a.can_empty && self.b.can_empty;
        let servers = vec![self.a.facts.clone(), self.b.facts.clone()];
        let mut findings = findings::new(options, servers);
        let mut arena = Arena::new(options, emptied, stop);
        let mut comparison = Comparison {
            rounds: options.rounds,
            turn: turn_length(options),
            noise: Vec::new(),
            cases: Vec::new(),
            ceilings: Vec::new(),
            remarks: std::mem::take(&mut self.remarks),
        };
        print(&versus::heading(
            &findings.servers,
            &findings.settings,
            &comparison,
            self.width,
        ))?;
        let measured = self.measure(&mut arena, &mut comparison).await;
        if let Err(error) = &measured
            && error.is::<Closed>()
        {
            return measured.map(|()| ExitCode::FAILURE);
        }
        // Where something fails, what was found before is worth as much as it was.
        findings.interrupted = arena.stopped();
        findings.broken_off = measured.as_ref().err().map(|error| format!("{error:#}"));
        arena.live.clear();
        let early = words::ended_early(&findings);
        print(&versus::end(&comparison, early, self.width))?;
        findings.comparison = Some(comparison);
        files.write(&findings)?;
        measured?;
        Ok(exit_code(findings.interrupted, false))
    }

    async fn measure(
        &mut self,
        arena: &mut Arena<'_>,
        comparison: &mut Comparison,
    ) -> anyhow::Result<()> {
        self.calibrate(arena, comparison).await?;
        print(&versus::calibration(comparison, self.width))?;
        self.compare(arena, comparison).await
    }

    /// What this program reaches, and what A shows against itself: the first test, at each depth.
    async fn calibrate(
        &mut self,
        arena: &mut Arena<'_>,
        comparison: &mut Comparison,
    ) -> anyhow::Result<()> {
        let Some(item) = self.items.first() else {
            return Ok(());
        };
        for depth in &self.depths {
            if let Some(ceiling) = arena.ceiling(item, *depth).await? {
                comparison.ceilings.push((*depth, ceiling));
            }
            let pair = [&mut self.a, &mut self.again];
            if let Some(case) = arena.case(item, *depth, pair).await? {
                comparison.noise.push(case);
            }
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        arena: &mut Arena<'_>,
        comparison: &mut Comparison,
    ) -> anyhow::Result<()> {
        for depth in &self.depths {
            for item in &self.items {
                let pair = [&mut self.a, &mut self.b];
                let Some(mut case) = arena.case(item, *depth, pair).await? else {
                    return Ok(());
                };
                judge(&mut case, comparison.noise_at(*depth));
                print(&versus::case(&case, comparison.rounds, self.width))?;
                comparison.cases.push(case);
            }
        }
        Ok(())
    }
}

/// How long a turn is measured.
fn turn_length(options: &Options) -> Duration {
    match options.load.length {
        Length::Time(time) => time,
        Length::Requests(_) => Duration::ZERO,
    }
}

/// Says of each figure of a case what can be said of it beside the noise.
fn judge(case: &mut Case, noise: Option<&Case>) {
    let of = |figure: fn(&Case) -> Option<Estimate>| noise.and_then(figure);
    let throughput = of(|noise| Some(noise.throughput));
    case.throughput.verdict = verdict(case.throughput, throughput, Better::Higher);
    case.p50.verdict = verdict(case.p50, of(|noise| Some(noise.p50)), Better::Lower);
    case.p99.verdict = verdict(case.p99, of(|noise| Some(noise.p99)), Better::Lower);
    if let Some(cpu) = &mut case.server_cpu {
        cpu.verdict = verdict(*cpu, of(|noise| noise.server_cpu), Better::Lower);
    }
}
