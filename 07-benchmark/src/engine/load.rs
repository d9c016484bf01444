//! How to load a server.

use super::measured::MAX_LATENCY;
use crate::target::Target;
use std::time::Duration;

/// How to load a server.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server.
    pub target: Target,
    /// Connections; at least 1.
    pub clients: usize,
    /// Threads that share them; at least 1, at most as many as connections.
    pub threads: usize,
    /// Requests that a connection may have under way, in a closed loop.
    pub pipeline: usize,
    /// Whether a new request follows each reply, instead of a new batch all replies of the last.
    pub sliding: bool,
    /// Whether connections are kept. Without, every batch has one of its own, and nothing slides.
    pub keep_alive: bool,
    /// An open loop: requests at a fixed rate. `None`: a closed one.
    pub pace: Option<Pace>,
    /// When to end.
    pub length: Length,
    /// From the start on, what is sent in this time is not measured.
    pub warm_up: Duration,
    /// Whether replies are held against what their requests must get.
    pub verify: bool,
    /// For how long replies may come after the end of the time, or of the schedule; [`GRACE`] is a good
    /// choice.
    pub grace: Duration,
    /// A closed loop with a number of requests has no such end: a thread that had no reply for this long gives
    /// up. So does who waits for a greeting's answer. [`PATIENCE`] is a good choice.
    pub patience: Duration,
}

/// How long after the last request was due its reply may come.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long a server may be silent: no latency beyond it could be told from another.
pub const PATIENCE: Duration = MAX_LATENCY;

impl Load {
    /// One connection that sends one request at a time, as often as said.
    pub fn once(target: &Target, requests: u64) -> Self {
        Self {
            target: target.clone(),
            clients: 1,
            threads: 1,
            pipeline: 1,
            sliding: false,
            keep_alive: true,
            pace: None,
            length: Length::Requests(requests),
            warm_up: Duration::ZERO,
            verify: false,
            grace: GRACE,
            patience: PATIENCE,
        }
    }
}

/// The rate of an open loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Requests per second, over all connections; above 0.
    pub rate: f64,
    /// How they are spread.
    pub arrivals: Arrivals,
}

/// How the requests of a fixed rate are spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// All gaps are alike.
    Constant,
    /// Gaps are random, as those of many users who know nothing of each other.
    Poisson,
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// After exactly this many requests, those of the warm-up not counted.
    Requests(u64),
    /// After this time, the warm-up not counted.
    Time(Duration),
}
