//! The findings of one call of the program. All that is written to a file (JSON, HTML) is written from these.

use super::numbers::median;
use crate::engine::Measured;
use std::time::{Duration, SystemTime};

/// All findings of one call.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Name and version of this program.
    pub generator: String,
    /// When it began.
    pub began: SystemTime,
    /// Where it ran.
    pub machine: Machine,
    /// How it was called: the name of a setting and its value, in the order in which to show them.
    pub settings: Vec<(String, String)>,
    /// The servers that were loaded. In a comparison the first is A, the baseline.
    pub servers: Vec<Server>,
    /// Single runs, in order; empty in a comparison.
    pub runs: Vec<Run>,
    /// What a comparison of two servers showed.
    pub comparison: Option<Comparison>,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// Why it could not go on: requests failed, or a server went away.
    pub broken_off: Option<String>,
}

/// The machine on which this program ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Name and release of the system, such as `Linux 6.1.0`.
    pub system: String,
    /// Name of the processor, where the system tells.
    pub processor: Option<String>,
    /// Processors that this program may use.
    pub cores: usize,
    /// Main memory in bytes, where the system tells.
    pub memory: Option<u64>,
}

/// A server, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What to call it, such as `redis-server 7.0.15`.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// What `INFO server` and `CONFIG GET` tell, name and value; empty where it knows neither.
    pub settings: Vec<(String, String)>,
}

impl Server {
    /// What to call it, and where it listens. One that does not say what it is is called after its address, which
    /// is enough.
    pub fn introduction(&self) -> String {
        match self.name.ends_with(&self.address) {
            true => self.name.clone(),
            false => format!("{} at {}", self.name, self.address),
        }
    }
}

/// One test against one server.
#[derive(Clone, Debug)]
pub struct Run {
    /// The test's title, such as `SET`.
    pub title: String,
    /// What the load generator saw.
    pub measured: Measured,
    /// CPU time of the server for one reply, where it is known.
    pub server_cpu: Option<Duration>,
    /// How much of a core the server used, where it is known: 1.0 is one core.
    pub server_share: Option<f64>,
    /// Who was at work.
    pub bound: Bound,
}

/// One run against a server.
pub struct Turn {
    /// What the load generator saw.
    pub measured: Measured,
    /// CPU time that the server used meanwhile, where it is known.
    pub server_cpu: Option<Duration>,
    /// Who was at work.
    pub bound: Bound,
}

impl Turn {
    /// It as a run with this title.
    pub fn into_run(self, title: String) -> Run {
        let cpu = self.server_cpu;
        Run {
            title,
            server_cpu: cpu.and_then(|cpu| self.measured.per_reply(cpu)),
            server_share: cpu.and_then(|cpu| self.measured.share(cpu)),
            bound: self.bound,
            measured: self.measured,
        }
    }
}

/// The turns of a server in one test, added up.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// All of them in one: their latencies added, their intervals one after another.
    pub all: Measured,
    /// The throughput of each, in order.
    pub throughputs: Vec<f64>,
    /// CPU time of the server in all of them, if it is known for each.
    pub server_cpu: Option<Duration>,
    /// Who was at work in the last one; this program, if it was in any: that makes the figures doubtful.
    pub bound: Option<Bound>,
}

impl Turns {
    /// Adds a turn.
    pub fn add(&mut self, turn: Turn) {
        self.server_cpu = match self.throughputs.is_empty() {
            true => turn.server_cpu,
            false => self
                .server_cpu
                .zip(turn.server_cpu)
                .map(|(all, cpu)| all + cpu),
        };
        self.throughputs.push(turn.measured.throughput());
        if self.bound != Some(Bound::Client) {
            self.bound = Some(turn.bound);
        }
        self.all.absorb(turn.measured);
    }

    /// All of them as one run with this title.
    pub fn as_run(&self, title: String) -> Run {
        let one = Turn {
            measured: self.all.clone(),
            server_cpu: self.server_cpu,
            bound: self.bound.unwrap_or(Bound::Unknown),
        };
        one.into_run(title)
    }

    /// Replies per second: the median of the turns.
    pub fn throughput(&self) -> f64 {
        median(&self.throughputs).unwrap_or(0.0)
    }

    /// CPU time of the server for one reply.
    pub fn server_cpu_per_reply(&self) -> Option<Duration> {
        self.all.per_reply(self.server_cpu?)
    }
}

/// Who limited a run's throughput.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The server was busy: it is what was measured.
    Server,
    /// The load generator was busy, or as fast as it ever gets: it may be what was measured.
    Client,
    /// Neither was busy: both shared a core, or waited for others.
    Neither,
    /// The schedule: requests came at a fixed rate.
    Schedule,
    /// The system does not tell.
    Unknown,
}

/// Two servers, A and B, under the same load in turns.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Rounds of four turns (A B B A) that were asked for. One that ended early has fewer.
    pub rounds: usize,
    /// Time measured in each turn.
    pub turn: Duration,
    /// A against itself, in the same way: what the machine's noise looks like. A case for each depth of
    /// pipelining.
    pub noise: Vec<Case>,
    /// A against B.
    pub cases: Vec<Case>,
    /// Throughput of this program against a responder that does nothing else, in replies per second, for
    /// each depth of pipelining.
    pub ceilings: Vec<(usize, f64)>,
    /// What the reader must know of how it was done: what was left out, and why.
    pub remarks: Vec<String>,
}

impl Comparison {
    /// A against itself at this depth.
    pub fn noise_at(&self, pipeline: usize) -> Option<&Case> {
        self.noise.iter().find(|case| case.pipeline == pipeline)
    }
}

/// One test of a comparison.
#[derive(Clone, Debug)]
pub struct Case {
    /// The test's title with its depth, such as `SET -P 16`.
    pub title: String,
    /// Requests that a connection has under way.
    pub pipeline: usize,
    /// What was seen of A and of B.
    pub sides: [Side; 2],
    /// B's figure divided by A's.
    pub throughput: Estimate,
    /// The same of the medians of the latencies.
    pub p50: Estimate,
    /// The same of the latencies' 99th percentiles.
    pub p99: Estimate,
    /// The same of the server's CPU time for a request, where it is known.
    pub server_cpu: Option<Estimate>,
}

/// One server in one case, all turns together.
#[derive(Clone, Debug)]
pub struct Side {
    /// The server's name.
    pub name: String,
    /// All turns in one: their latencies added, their intervals one after another.
    pub all: Measured,
    /// The throughput of each turn, in order.
    pub throughputs: Vec<f64>,
    /// CPU time of the server for one reply, where it is known.
    pub server_cpu: Option<Duration>,
    /// How much of a core the server used, where it is known: 1.0 is one core.
    pub server_share: Option<f64>,
    /// Who was at work.
    pub bound: Bound,
}

/// A ratio with the range in which 95 of 100 such estimates hold the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The geometric mean of the rounds' ratios; NaN without rounds, or where a figure was not above 0.
    pub ratio: f64,
    /// The interval; `None` where there are too few rounds for one, or no ratio.
    pub interval: Option<(f64, f64)>,
    /// What can be said.
    pub verdict: Verdict,
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Throughput.
    Higher,
    /// Latencies, CPU time for a request.
    Lower,
}

/// What a ratio and its interval allow to say of B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// B is better in this figure: the whole interval lies on that side of 1, and the ratio is further from 1
    /// than what A showed against itself.
    Faster,
    /// B is worse in this figure.
    Slower,
    /// The interval holds 1, or there is none, or A differs as much from itself.
    NoDifferenceShown,
}
