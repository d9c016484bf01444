//! What holds where no flag says otherwise. A single run has redis-benchmark's defaults, but for the port; a
//! comparison has values of a usual size, and enough keys that not all of them lie in a processor's cache.

use crate::options::{Format, Job, Length, Load, Options, Work};
use crate::target::Target;
use crate::workload::{KeyPattern, Sizes, TESTS, Test};
use std::time::Duration;

/// Defaults that depend on what to do.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Names of the tests; none stands for all.
    names: &'static [&'static str],
    /// When a run ends.
    pub length: Length,
    /// What is not measured.
    pub warm_up: Duration,
    /// Bytes of a value.
    pub sizes: Sizes,
    /// Different keys.
    pub keys: u64,
    /// Rounds of a comparison.
    pub rounds: usize,
}

const SINGLE: Defaults = Defaults {
    names: &[],
    length: Length::Requests(100_000),
    warm_up: Duration::ZERO,
    sizes: Sizes::fixed(3),
    keys: 0,
    rounds: 0,
};

const VERSUS: Defaults = Defaults {
    names: &["set", "get"],
    length: Length::Time(Duration::from_millis(500)),
    warm_up: Duration::from_millis(100),
    sizes: Sizes::fixed(16),
    keys: 100_000,
    rounds: 7,
};

const COMPARE: Defaults = Defaults {
    names: &["set", "get", "incr", "lpush"],
    length: Length::Time(Duration::from_millis(400)),
    rounds: 5,
    ..VERSUS
};

const LADDER: Defaults = Defaults {
    rounds: 5,
    ..VERSUS
};

impl Defaults {
    /// Those of a job.
    pub fn of(job: &Job) -> Self {
        match job {
            Job::Load | Job::Idle => SINGLE,
            Job::Versus(_) => VERSUS,
            Job::Compare(_) => COMPARE,
            Job::Ladder(_) => LADDER,
        }
    }

    /// The tests to run.
    pub fn tests(&self) -> Vec<&'static Test> {
        let wanted = |test: &&Test| self.names.is_empty() || self.names.contains(&test.name);
        TESTS.iter().filter(wanted).collect()
    }
}

/// The options of a single run. Where they depend on the job, the draft sets them again at its end.
pub fn single_run() -> Options {
    Options {
        job: Job::Load,
        load: Load {
            clients: 50,
            ..Load::once(&Target::tcp("127.0.0.1", 6380), 100_000)
        },
        work: Work::Tests(SINGLE.tests()),
        sizes: SINGLE.sizes,
        keys: SINGLE.keys,
        pattern: KeyPattern::Uniform,
        seed: 0,
        format: Format::Table,
        precision: 3,
        repeat: false,
        json: None,
        hdr: None,
        html: None,
        picture: None,
        rounds: SINGLE.rounds,
        may_empty: false,
    }
}
