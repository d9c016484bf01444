//! What the command line asks for, once it is known to make sense.

pub use crate::engine::{Arrivals, Length, Load, Pace};
use crate::target::Address;
use crate::workload::{Command, KeyPattern, Sizes, Test};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// All settings of a call of the program.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub job: Job,
    /// How a server is loaded: `-c`, `--threads`, `-P`, `--rate` and so on; and which one, but for
    /// [`Job::Compare`] and [`Job::Ladder`]: `-h -p -s -a --user -u --dbnum -3`.
    pub load: Load,
    /// What is sent.
    pub work: Work,
    /// `-d`: bytes of a value.
    pub sizes: Sizes,
    /// `-r`: different numbers for `__rand_int__`; 0 stands for always the same.
    pub keys: u64,
    /// `--key-pattern`: which of them come how often.
    pub pattern: KeyPattern,
    /// `--seed`: the same seed gives the same requests again.
    pub seed: u64,
    /// `-q`, `--csv`, or a table.
    pub format: Format,
    /// `--precision`: decimal places of latencies in the table, in milliseconds.
    pub precision: usize,
    /// `-l`: begin again until interrupted.
    pub repeat: bool,
    /// `--json`.
    pub json: Option<PathBuf>,
    /// `--hdr`.
    pub hdr: Option<PathBuf>,
    /// `--report`.
    pub html: Option<PathBuf>,
    /// `--picture`: of [`Job::Ladder`].
    pub picture: Option<PathBuf>,
    /// `--rounds`: of a comparison; each is four turns, A B B A.
    pub rounds: usize,
    /// `--flush`: consent to FLUSHDB on the servers of a comparison between its turns.
    pub may_empty: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Load one server that is running.
    Load,
    /// `-I`: open the connections and wait until interrupted.
    Idle,
    /// `--versus`: compare the target (A) with the server at this address (B).
    Versus(Address),
    /// `--compare`: start the server at this path (B) and a redis-server (A), and compare them.
    Compare(PathBuf),
    /// `--ladder`: start the servers of all stages that are in this directory, and a redis-server.
    Ladder(PathBuf),
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Work {
    /// `-t`: these tests, one after another.
    Tests(Vec<&'static Test>),
    /// A command at the end of the line, or `--mix`, or `--command` with `--command-ratio`: commands that
    /// come mixed, each with its weight: how often it comes beside the others; at least 1.
    Mix(Vec<(Command, u32)>),
}

/// How results are printed on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    Table,
    /// A line for a test, as `redis-benchmark -q` prints it.
    Quiet,
    /// Lines as `redis-benchmark --csv` prints them.
    Csv,
}

/// `-P` of the comparisons that choose it themselves, the deepest last.
pub const DEPTHS: [usize; 2] = [1, 16];

/// How many requests at once fill a server before a test, over one connection.
pub const FILL_PIPELINE: usize = 64;

/// What `--precision` takes.
pub const PRECISIONS: RangeInclusive<usize> = 0..=6;
