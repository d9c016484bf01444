//! Two servers side by side: started here, loaded in turns, and shown in one table.

use crate::load::{self, Limit, Load, Measured};
use crate::process::{self, Server};
use crate::report::thousands;
use crate::workload::{self, Test};
use anyhow::{Context, bail, ensure};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

/// What is measured: every test at every depth of pipelining.
const TESTS: [&str; 2] = ["set", "get"];
const PIPELINES: [usize; 2] = [1, 16];

/// The time of one run. The first part lets connections, caches and clock frequencies settle.
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_millis(1500);

/// How long a run may take beyond its time before the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// A generator busier than this may be what limits the throughput.
const BUSY: f64 = 0.9;

/// What to compare, and how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connections.
    pub clients: usize,
    /// Bytes of a value.
    pub data: usize,
    /// Different keys.
    pub keys: u64,
    /// Turns that each server has in each cell.
    pub rounds: usize,
}

/// One server under one load, all rounds together.
#[derive(Default)]
struct Cell {
    throughputs: Vec<f64>,
    /// All rounds in one: percentiles of rounds can't be averaged, but their samples can be added.
    all: Measured,
    server_cpu: Option<Duration>,
    own_cpu: Option<Duration>,
    time: Duration,
}

/// Starts the server at `program` and a redis-server, measures both in turns, and prints one table. Where
/// redis-server is missing the table has only ours.
///
/// # Errors
/// When a server can't be started or fails under load.
pub async fn run(program: &Path, settings: &Settings) -> anyhow::Result<()> {
    let mut servers = vec![Server::start_ours(program).await?];
    match Server::start_redis().await? {
        Some(redis) => servers.push(redis),
        None => println!("redis-server is not installed, so there is nothing to compare with.\n"),
    }
    print_heading(&servers, settings);
    let mut busy = 0.0_f64;
    for pipeline in PIPELINES {
        for test in TESTS.iter().filter_map(|name| workload::find(name)) {
            let cells = measure(&servers, test, pipeline, settings).await?;
            print_cells(&servers, test, pipeline, &cells);
            busy = cells.iter().filter_map(Cell::own_load).fold(busy, f64::max);
        }
    }
    print_remarks(&servers, busy);
    Ok(())
}

/// All rounds of one test at one depth. The servers change turns, and which is first changes as well
/// (A B, B A, ...), so that a machine that grows slower or faster favours neither.
async fn measure(
    servers: &[Server],
    test: &'static Test,
    pipeline: usize,
    settings: &Settings,
) -> anyhow::Result<Vec<Cell>> {
    let mut cells: Vec<Cell> = servers.iter().map(|_| Cell::default()).collect();
    for round in 0..settings.rounds {
        let mut turns: Vec<_> = servers.iter().zip(&mut cells).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (server, cell) in turns {
            let of = settings.rounds;
            show(&format!(
                "{} -P {pipeline}, round {} of {of}: {}",
                test.title,
                round + 1,
                server.name
            ));
            cell.measure(server, test, pipeline, settings)
                .await
                .with_context(|| format!("{} at {}", server.name, server.address))?;
            show("");
        }
    }
    Ok(cells)
}

impl Cell {
    async fn measure(
        &mut self,
        server: &Server,
        test: &'static Test,
        pipeline: usize,
        settings: &Settings,
    ) -> anyhow::Result<()> {
        let load = Load {
            address: server.address.to_string(),
            clients: settings.clients,
            pipeline,
            data: settings.data,
            keys: settings.keys,
            limit: Limit::Time {
                warm_up: WARM_UP,
                measured: MEASURED,
            },
        };
        let before = (server.cpu_time(), process::own_cpu_time());
        let run = tokio::time::timeout(WARM_UP + MEASURED + PATIENCE, load::run(&load, test));
        let measured = run.await.context("the server is stuck")??;
        let after = (server.cpu_time(), process::own_cpu_time());
        if let Some(error) = measured.error {
            bail!("it answered {} to {}", error, test.title);
        }
        ensure!(
            measured.replies > 0,
            "it gave no reply to {} within {MEASURED:?}",
            test.title
        );
        add(&mut self.server_cpu, before.0, after.0);
        add(&mut self.own_cpu, before.1, after.1);
        self.time += WARM_UP + MEASURED;
        self.throughputs.push(measured.throughput());
        self.all.replies += measured.replies;
        self.all.all_replies += measured.all_replies;
        self.all
            .latency
            .add(&measured.latency)
            .context("cannot add the latencies")?;
        Ok(())
    }

    fn throughput(&self) -> f64 {
        median(&self.throughputs)
    }

    /// CPU time of the server for one request, in microseconds: all its time over all its replies, with
    /// those of the warm-up.
    fn cpu_per_request(&self) -> Option<f64> {
        let requests = self.all.all_replies as f64;
        Some(self.server_cpu?.as_secs_f64() * 1e6 / requests)
    }

    /// How much of one core the load generator used.
    fn own_load(&self) -> Option<f64> {
        Some(self.own_cpu?.as_secs_f64() / self.time.as_secs_f64())
    }
}

fn add(sum: &mut Option<Duration>, before: Option<Duration>, after: Option<Duration>) {
    if let (Some(before), Some(after)) = (before, after) {
        *sum = Some(sum.unwrap_or_default() + after.saturating_sub(before));
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|lower| sorted.get(lower));
    lower.map_or(upper, |lower| f64::midpoint(*lower, upper))
}

fn print_heading(servers: &[Server], settings: &Settings) {
    let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    println!("{}", names.join(" beside "));
    println!(
        "{} clients, values of {} bytes, {} keys, no persistence; {} rounds of {} s in turns\n",
        settings.clients,
        settings.data,
        thousands(settings.keys as f64),
        settings.rounds,
        MEASURED.as_secs_f64(),
    );
    println!(
        "{:<10}{:<32}{:>12}{:>9}{:>9}{:>9}{:>11}{:>9}",
        "", "", "requests/s", "p50 ms", "p95 ms", "p99 ms", "server us", "client"
    );
}

fn print_cells(servers: &[Server], test: &Test, pipeline: usize, cells: &[Cell]) {
    let mut label = format!("{} -P {pipeline}", test.title);
    for (server, cell) in servers.iter().zip(cells) {
        let optional = |value: Option<f64>, digits| {
            value.map_or("-".to_string(), |value| format!("{value:.digits$}"))
        };
        println!(
            "{label:<10}{:<32}{:>12}{:>9.3}{:>9.3}{:>9.3}{:>11}{:>9}",
            server.name,
            thousands(cell.throughput()),
            cell.all.millis_at(50.0),
            cell.all.millis_at(95.0),
            cell.all.millis_at(99.0),
            optional(cell.cpu_per_request(), 2),
            cell.own_load()
                .map_or("-".to_string(), |load| format!("{:.0} %", load * 100.0)),
        );
        label.clear();
    }
    if let [ours, theirs] = cells {
        let ratio = |value: fn(&Cell) -> f64| format!("{:.2}x", value(ours) / value(theirs));
        let cpu = ours.cpu_per_request().zip(theirs.cpu_per_request());
        println!(
            "{:<10}{:<32}{:>12}{:>9}{:>9}{:>9}{:>11}",
            "",
            "ratio",
            ratio(Cell::throughput),
            ratio(|cell| cell.all.millis_at(50.0)),
            ratio(|cell| cell.all.millis_at(95.0)),
            ratio(|cell| cell.all.millis_at(99.0)),
            cpu.map_or("-".to_string(), |(ours, theirs)| format!(
                "{:.2}x",
                ours / theirs
            )),
        );
    }
    println!();
}

fn print_remarks(servers: &[Server], busy: f64) {
    println!(
        "server us: CPU time of the server for one request. client: share of a core that this"
    );
    println!(
        "load generator used. Throughput: median of the rounds. Percentiles: of all rounds' replies."
    );
    if busy > BUSY {
        println!(
            "In some rows the load generator used more than {:.0} % of a core: there it may be what limits the\n\
             throughput, and the server's CPU time for a request tells more.",
            BUSY * 100.0
        );
    }
    if servers.iter().any(|server| server.cpu_time().is_none()) {
        println!("CPU times are shown on Linux only.");
    }
}

/// Shows what is going on, on a terminal only. An empty text removes it.
fn show(text: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // A progress line that can't be shown is no loss.
        let _ = write!(terminal, "\r\x1b[K{text}").and_then(|()| terminal.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_stands_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[5.0]), 5.0);
        assert_eq!(median(&[]), 0.0);
    }
}
