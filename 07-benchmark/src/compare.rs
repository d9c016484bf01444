//! Two servers side by side: started here, loaded in turns, and shown in one table.

use crate::load::{self, Limit, Load, Measured};
use crate::process::{self, Server};
use crate::report::thousands;
use crate::workload::{self, FLUSHALL, Order, Test};
use anyhow::{Context, bail, ensure};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

/// What is measured: every test at every depth of pipelining.
const TESTS: [Case; 4] = [
    case("set", Some("set")),
    case("get", Some("set")),
    case("incr", Some("incr")),
    Case {
        grows: true,
        ..case("lpush", None)
    },
];
const PIPELINES: [usize; 2] = [1, 16];

/// The time of one run. The first part lets connections, caches and clock frequencies settle.
const WARM_UP: Duration = Duration::from_millis(200);
const MEASURED: Duration = Duration::from_millis(700);

/// How many requests at once fill a server, over one connection.
const FILL_PIPELINE: usize = 64;

/// The most bytes with which each server is filled, and the most bytes of requests at once.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Roughly what a key needs beside its value.
const KEY_BYTES: u64 = 100;

/// How the error of a server begins that does not know a command.
const UNKNOWN: &str = "ERR unknown command";

/// The longest value that is pushed onto a list. A run may bring some millions of them.
const MAX_PUSHED: usize = 500;

/// How long a run may take beyond its time before the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who uses more of a core than this may be what limits the throughput.
const BUSY: f64 = 0.8;

/// Behind the figures of a busy generator.
const BUSY_MARK: &str = "*";

/// Behind figures for which nobody was busy, though a closed loop has always somebody at work.
const SHARED_MARK: &str = "+";

/// A test of the comparison.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// The test that writes each key once before. Without it the first requests would find no key, and be
    /// others than the later ones.
    filled_by: Option<&'static str>,
    /// Whether a longer run makes the data larger.
    grows: bool,
}

const fn case(name: &'static str, filled_by: Option<&'static str>) -> Case {
    Case {
        name,
        filled_by,
        grows: false,
    }
}

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

/// Whether a comparison with these settings stays within bounds.
///
/// # Errors
/// The values, or the requests that wait to be sent, would fill the memory.
pub fn check(settings: &Settings) -> anyhow::Result<()> {
    let data = settings.data as u64;
    ensure!(
        settings.keys.saturating_mul(data + KEY_BYTES) <= MAX_BYTES,
        "-r {} keys with values of -d {data} bytes need more than 1 GiB in each server",
        settings.keys
    );
    let deepest = PIPELINES.into_iter().max().unwrap_or(1);
    let requests = settings.clients.saturating_mul(deepest).max(FILL_PIPELINE) as u64;
    ensure!(
        requests.saturating_mul(data + KEY_BYTES) <= MAX_BYTES,
        "-c {} and -d {data} together make more than 1 GiB of requests at once, at -P {deepest}",
        settings.clients
    );
    Ok(())
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
    let plan = Plan::new(&servers, settings).await?;
    print_heading(&servers, settings);
    print_left_out(&servers, &plan);
    print_columns();
    let mut marks = String::new();
    for pipeline in PIPELINES {
        for case in &plan.cases {
            let Some(test) = workload::find(case.name) else {
                continue;
            };
            let run = Run {
                case: *case,
                test,
                pipeline,
                settings,
                can_empty: plan.can_empty,
            };
            let cells = run.measure(&servers).await?;
            print_cells(&servers, test, pipeline, &cells);
            marks.extend(cells.iter().map(Cell::mark));
        }
    }
    print_remarks(&servers, &marks);
    Ok(())
}

/// What can be measured on all servers alike.
struct Plan {
    cases: Vec<Case>,
    /// What is left out, and why.
    left_out: Vec<String>,
    /// Whether all know how to be emptied.
    can_empty: bool,
}

impl Plan {
    /// Asks the servers.
    async fn new(servers: &[Server], settings: &Settings) -> anyhow::Result<Self> {
        let mut plan = Self {
            cases: Vec::new(),
            left_out: Vec::new(),
            can_empty: stranger(servers, &FLUSHALL).await?.is_none(),
        };
        for case in TESTS {
            let Some(test) = workload::find(case.name) else {
                continue;
            };
            let title = test.title;
            if let Some(server) = stranger(servers, test).await? {
                plan.left_out
                    .push(format!("{title}, which {} does not know", server.name));
            } else if case.grows && !plan.can_empty {
                plan.left_out.push(format!(
                    "{title}, as without FLUSHALL its data would pile up"
                ));
            } else if case.grows && settings.data > MAX_PUSHED {
                plan.left_out.push(format!(
                    "{title}, as lists of values above {MAX_PUSHED} bytes would fill the memory"
                ));
            } else {
                plan.cases.push(case);
            }
        }
        ensure!(
            !plan.cases.is_empty(),
            "nothing is left to measure: without {}",
            plan.left_out.join(", ")
        );
        if plan.can_empty {
            for server in servers {
                empty(server).await?;
            }
        }
        Ok(plan)
    }
}

/// The first server that does not know the command of `test`, which each is sent once.
async fn stranger<'a>(servers: &'a [Server], test: &Test) -> anyhow::Result<Option<&'a Server>> {
    for server in servers {
        let load = once(server, Limit::Requests(1));
        let measured = load_with(server, &load, test).await?;
        if measured
            .error
            .as_ref()
            .is_some_and(|error| error.starts_with(UNKNOWN))
        {
            return Ok(Some(server));
        }
        no_error(&measured, test)?;
    }
    Ok(None)
}

async fn empty(server: &Server) -> anyhow::Result<()> {
    let load = once(server, Limit::Requests(1));
    no_error(&load_with(server, &load, &FLUSHALL).await?, &FLUSHALL)?;
    server.rest().await;
    Ok(())
}

/// A load of one connection.
fn once(server: &Server, limit: Limit) -> Load {
    Load {
        address: server.address.to_string(),
        clients: 1,
        pipeline: 1,
        data: 1,
        keys: 0,
        order: Order::Ascending,
        limit,
    }
}

async fn load_with(server: &Server, load: &Load, test: &Test) -> anyhow::Result<Measured> {
    let run = tokio::time::timeout(WARM_UP + MEASURED + PATIENCE, load::run(load, test));
    let measured = async { run.await.context("the server is stuck")? }.await;
    measured.with_context(|| format!("{} at {}", server.name, server.address))
}

fn no_error(measured: &Measured, test: &Test) -> anyhow::Result<()> {
    match &measured.error {
        Some(error) => bail!("the server answered {error} to {}", test.title),
        None => Ok(()),
    }
}

/// One test at one depth.
struct Run<'a> {
    case: Case,
    test: &'static Test,
    pipeline: usize,
    settings: &'a Settings,
    can_empty: bool,
}

impl Run<'_> {
    /// All rounds. The servers change turns, and which is first changes as well (A B, B A, ...), so that a
    /// machine that grows slower or faster favours neither.
    async fn measure(&self, servers: &[Server]) -> anyhow::Result<Vec<Cell>> {
        let mut cells: Vec<Cell> = servers.iter().map(|_| Cell::default()).collect();
        for round in 0..self.settings.rounds {
            let mut turns: Vec<_> = servers.iter().zip(&mut cells).collect();
            if round % 2 == 1 {
                turns.reverse();
            }
            for (server, cell) in turns {
                let of = self.settings.rounds;
                show(&format!(
                    "{} -P {}, round {} of {of}: {}",
                    self.test.title,
                    self.pipeline,
                    round + 1,
                    server.name
                ));
                self.turn(server, round, cell).await?;
                show("");
            }
        }
        Ok(cells)
    }

    /// One turn of one server. It is full of keys when the turn begins, and empty when it has ended: one
    /// test's data is no burden for the next, and a list does not grow from round to round.
    async fn turn(&self, server: &Server, round: usize, cell: &mut Cell) -> anyhow::Result<()> {
        self.fill(server).await?;
        cell.measure(server, &self.load(server, round), self.test)
            .await?;
        if self.can_empty {
            empty(server).await?;
        }
        Ok(())
    }

    async fn fill(&self, server: &Server) -> anyhow::Result<()> {
        let Some(test) = self.case.filled_by.and_then(workload::find) else {
            return Ok(());
        };
        let load = Load {
            pipeline: FILL_PIPELINE,
            data: self.settings.data,
            keys: self.settings.keys,
            ..once(server, Limit::Requests(self.settings.keys.max(1)))
        };
        no_error(&load_with(server, &load, test).await?, test)
    }

    /// Both servers get the same requests in a round, and others in the next.
    fn load(&self, server: &Server, round: usize) -> Load {
        Load {
            clients: self.settings.clients,
            pipeline: self.pipeline,
            data: self.settings.data,
            keys: self.settings.keys,
            order: Order::Random { seed: round as u32 },
            ..once(
                server,
                Limit::Time {
                    warm_up: WARM_UP,
                    measured: MEASURED,
                },
            )
        }
    }
}

impl Cell {
    async fn measure(&mut self, server: &Server, load: &Load, test: &Test) -> anyhow::Result<()> {
        let before = (server.cpu_time(), process::own_cpu_time());
        let measured = load_with(server, load, test).await?;
        let after = (server.cpu_time(), process::own_cpu_time());
        no_error(&measured, test)?;
        ensure!(
            measured.replies > 0,
            "{} gave no reply to {} within {MEASURED:?}",
            server.name,
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

    /// How much of one core the server used.
    fn server_load(&self) -> Option<f64> {
        Some(self.server_cpu?.as_secs_f64() / self.time.as_secs_f64())
    }

    /// What the reader must know of who limited the throughput: a mark, or nothing.
    fn mark(&self) -> &'static str {
        match self.own_load().zip(self.server_load()) {
            Some((own, _)) if own > BUSY => BUSY_MARK,
            Some((_, server)) if server <= BUSY => SHARED_MARK,
            _ => "",
        }
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
        "{} clients, values of {} bytes, {} keys, no persistence; {} rounds of {} s in turns",
        settings.clients,
        settings.data,
        thousands(settings.keys as f64),
        settings.rounds,
        MEASURED.as_secs_f64(),
    );
}

fn print_left_out(servers: &[Server], plan: &Plan) {
    for server in servers.iter().filter(|server| server.port_only) {
        println!(
            "{} was started with --port alone: it does not take --save and --dir.",
            server.name
        );
    }
    for left_out in &plan.left_out {
        println!("Left out: {left_out}.");
    }
    if !plan.can_empty {
        println!("The servers are not emptied between the turns: not all of them know FLUSHALL.");
    }
    println!();
}

fn print_columns() {
    println!(
        "{:<12}{:<30}{:>12}{:>9}{:>9}{:>9}{:>11}{:>9}",
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
            "{label:<12}{:<30}{:>12}{:>9.3}{:>9.3}{:>9.3}{:>11}{:>9}{}",
            server.name,
            thousands(cell.throughput()),
            cell.all.millis_at(50.0),
            cell.all.millis_at(95.0),
            cell.all.millis_at(99.0),
            optional(cell.cpu_per_request(), 2),
            cell.own_load()
                .map_or("-".to_string(), |load| format!("{:.0} %", load * 100.0)),
            cell.mark(),
        );
        label.clear();
    }
    if let [ours, theirs] = cells {
        let ratio = |value: fn(&Cell) -> f64| format!("{:.2}x", value(ours) / value(theirs));
        let cpu = ours.cpu_per_request().zip(theirs.cpu_per_request());
        println!(
            "{:<12}{:<30}{:>12}{:>9}{:>9}{:>9}{:>11}",
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

fn print_remarks(servers: &[Server], marks: &str) {
    println!(
        "server us: CPU time of the server for one request. client: share of a core that this"
    );
    println!(
        "load generator used. Throughput: median of the rounds. Percentiles: of all rounds' replies."
    );
    if marks.contains(BUSY_MARK) {
        println!(
            "{BUSY_MARK} The load generator used more than {:.0} % of a core: it may be what limits the throughput of\n  \
             this row, and the server's CPU time for a request tells more.",
            BUSY * 100.0
        );
    }
    if marks.contains(SHARED_MARK) {
        println!(
            "{SHARED_MARK} Neither of the two used more than {:.0} % of a core: they shared one, or waited for other\n  \
             programs. With a core for each this row would show more.",
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

    fn settings() -> Settings {
        Settings {
            clients: 50,
            data: 16,
            keys: 100_000,
            rounds: 4,
        }
    }

    #[test]
    fn every_test_of_the_comparison_and_what_fills_it_exists() {
        for case in TESTS {
            assert!(workload::find(case.name).is_some());
            assert!(
                case.filled_by
                    .is_none_or(|name| workload::find(name).is_some())
            );
        }
    }

    #[test]
    fn settings_that_would_fill_the_memory_are_refused() {
        assert!(check(&settings()).is_ok());
        for large in [
            Settings {
                data: 512 * 1024 * 1024,
                keys: 1,
                ..settings()
            },
            Settings {
                keys: 999_999_999_999,
                ..settings()
            },
        ] {
            assert!(check(&large).is_err(), "{large:?}");
        }
    }

    #[test]
    fn a_row_is_marked_where_the_server_was_not_the_limit() {
        let mark = |own, server| {
            let cell = Cell {
                own_cpu: Some(Duration::from_millis(own)),
                server_cpu: Some(Duration::from_millis(server)),
                time: Duration::from_secs(1),
                ..Cell::default()
            };
            cell.mark()
        };
        assert_eq!(mark(400, 990), "");
        assert_eq!(mark(810, 990), BUSY_MARK);
        assert_eq!(mark(810, 500), BUSY_MARK);
        assert_eq!(mark(480, 510), SHARED_MARK);
        // Where the system tells nothing, nothing is said.
        assert_eq!(Cell::default().mark(), "");
    }

    #[test]
    fn a_median_stands_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[5.0]), 5.0);
        assert_eq!(median(&[]), 0.0);
    }
}
