//! All flags: a row for each, from which come the help, the reading, and what goes with what.

use super::draft::Draft;
use super::error::Error;
use super::values::{self, Parsed, decimal, fill, path, put, seconds, switch, text, whole};
use crate::options::{Format, Job, PRECISIONS};
use lexopt::Arg;
use std::ffi::OsString;

/// The most connections.
const MAX_CLIENTS: usize = 100_000;

/// The most threads, as redis-benchmark has it.
const MAX_THREADS: usize = 500;

/// The most requests of a run: at ten million a second, a day of them.
const MAX_REQUESTS: u64 = 1_000_000_000_000;

/// The most requests of a connection at once: they are encoded in memory.
const MAX_PIPELINE: usize = 100_000;

/// Twelve digits are what a key has room for.
const MAX_KEYS: u64 = 999_999_999_999;

/// The highest rate, in requests per second.
const MAX_RATE: f64 = 1e9;

/// A flag.
pub struct Flag {
    /// How it is written: a letter behind one dash, or a word behind two.
    pub name: &'static str,
    /// What its value is called; empty for a flag without one.
    pub value: &'static str,
    /// Under which heading the help has it. The flags of one stand together.
    pub group: &'static str,
    /// What it goes with.
    pub kinds: &'static [Kind],
    /// What it does, in a line or more. `{tests}` stands for the names of all tests.
    pub help: &'static str,
    /// Takes its value (or nothing).
    pub set: fn(&mut Draft, OsString) -> Parsed<()>,
}

/// A [`Job`] without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Job::Load`].
    Load,
    /// [`Job::Idle`].
    Idle,
    /// [`Job::Versus`].
    Versus,
    /// [`Job::Compare`].
    Compare,
    /// [`Job::Ladder`].
    Ladder,
}

impl Kind {
    /// The kind of a job.
    pub fn of(job: &Job) -> Self {
        match job {
            Job::Load => Self::Load,
            Job::Idle => Self::Idle,
            Job::Versus(_) => Self::Versus,
            Job::Compare(_) => Self::Compare,
            Job::Ladder(_) => Self::Ladder,
        }
    }

    /// The flag that asks for it. [`Kind::Load`] has none: it is what is done without.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Load => "a single run",
            Self::Idle => "-I",
            Self::Versus => "--versus",
            Self::Compare => "--compare",
            Self::Ladder => "--ladder",
        }
    }
}

// The headings of the help.
const SERVER: &str = "Server";
const LOAD: &str = "Load";
const REQUESTS: &str = "What is sent";
const OPEN_LOOP: &str = "Open loop: requests are sent when they are due";
const COMPARISON: &str = "Comparison: two servers in turns";
const OUTPUT: &str = "Output";

const ALL: &[Kind] = &[
    Kind::Load,
    Kind::Idle,
    Kind::Versus,
    Kind::Compare,
    Kind::Ladder,
];
/// What is for a server that runs already.
const RUNNING: &[Kind] = &[Kind::Load, Kind::Idle, Kind::Versus];
/// What is for all that sends requests.
const SENDING: &[Kind] = &[Kind::Load, Kind::Versus, Kind::Compare, Kind::Ladder];
/// What is for requests to a server that runs already.
const CHOSEN: &[Kind] = &[Kind::Load, Kind::Versus];
const SINGLE: &[Kind] = &[Kind::Load];
const COMPARED: &[Kind] = &[Kind::Versus, Kind::Compare, Kind::Ladder];

/// A row. Its parts are in the order of [`Flag`]'s.
const fn row(
    name: &'static str,
    value: &'static str,
    group: &'static str,
    kinds: &'static [Kind],
    help: &'static str,
    set: fn(&mut Draft, OsString) -> Parsed<()>,
) -> Flag {
    Flag {
        name,
        value,
        group,
        kinds,
        help,
        set,
    }
}

/// All flags, in the order of the help.
#[rustfmt::skip]
pub static FLAGS: &[Flag] = &[
    row("-h", "HOST", SERVER, RUNNING, "name or address (default 127.0.0.1)",
        |draft, value| put(&mut draft.host, text(value))),
    row("-p", "PORT", SERVER, RUNNING, "port (default 6380)",
        |draft, value| put(&mut draft.port, whole(value, 1..=u16::MAX))),
    row("-s", "PATH", SERVER, RUNNING, "a Unix socket, in place of host and port",
        |draft, value| fill(&mut draft.socket, path(value))),
    row("-u", "URI", SERVER, RUNNING, "all in one: redis://[user:password@]host[:port][/database]",
        Draft::uri),
    row("-a", "PASSWORD", SERVER, RUNNING, "password for AUTH",
        |draft, value| fill(&mut draft.options.load.target.password, text(value))),
    row("--user", "NAME", SERVER, RUNNING, "user for AUTH, beside a password",
        |draft, value| fill(&mut draft.options.load.target.user, text(value))),
    row("--dbnum", "NUMBER", SERVER, RUNNING, "database to SELECT (default 0)",
        |draft, value| put(&mut draft.options.load.target.database, whole(value, 0..=u32::MAX))),
    row("-3", "", SERVER, RUNNING, "speak RESP3",
        |draft, _| put(&mut draft.options.load.target.resp3, Ok(true))),

    row("-c", "CLIENTS", LOAD, ALL, "connections (default 50)",
        |draft, value| put(&mut draft.options.load.clients, whole(value, 1..=MAX_CLIENTS))),
    row("--threads", "NUMBER", LOAD, SENDING, "threads that share the connections (default 1, at most CLIENTS)",
        |draft, value| put(&mut draft.options.load.threads, whole(value, 1..=MAX_THREADS))),
    row("-n", "REQUESTS", LOAD, SINGLE, "requests of a test, over all connections (default 100000)",
        |draft, value| fill(&mut draft.requests, whole(value, 1..=MAX_REQUESTS))),
    row("--duration", "SECONDS", LOAD, SENDING, "how long a test lasts, in place of -n; in a comparison, how long\neach turn does (there default 0.5; with --compare 0.4)",
        |draft, value| fill(&mut draft.duration, seconds(value, 0.001))),
    row("--warmup", "SECONDS", LOAD, SENDING, "time before that, not measured (default 0; in a comparison 0.1)",
        |draft, value| fill(&mut draft.warm_up, seconds(value, 0.0))),
    row("-P", "NUMBER", LOAD, CHOSEN, "requests that a connection sends at once (default 1)",
        |draft, value| put(&mut draft.options.load.pipeline, whole(value, 1..=MAX_PIPELINE))),
    row("--sliding", "", LOAD, SENDING, "send a new request for each reply, not a batch for all replies of one",
        |draft, _| put(&mut draft.options.load.sliding, Ok(true))),
    row("-k", "0|1", LOAD, SINGLE, "1: keep connections (default); 0: a new one for each batch",
        |draft, value| put(&mut draft.options.load.keep_alive, switch(value))),
    row("-l", "", LOAD, SINGLE, "begin again at the end, until interrupted",
        |draft, _| put(&mut draft.options.repeat, Ok(true))),
    row("-I", "", LOAD, &[Kind::Idle], "only open the connections, and wait until interrupted",
        |draft, _| put(&mut draft.options.job, Ok(Job::Idle))),

    row("-t", "TESTS", REQUESTS, SENDING, "tests, with commas between them (default all; with --versus and\n--ladder set,get; with --compare set,get,incr,lpush):\n{tests}\n(ping: both of them, lrange: all four)",
        |draft, value| fill(&mut draft.tests, values::tests(value))),
    row("--mix", "WEIGHTS", REQUESTS, CHOSEN, "tests mixed, each with its weight, such as get=9,set=1",
        |draft, value| put(&mut draft.commands, values::mix(value))),
    row("--command", "LINE", REQUESTS, CHOSEN, "a command, quoted as in redis-cli; several of them are mixed",
        Draft::line),
    row("--command-ratio", "WEIGHT", REQUESTS, CHOSEN, "weight of the --command before it (default 1)",
        Draft::ratio),
    row("-r", "KEYS", REQUESTS, SENDING, "put numbers from 0 to KEYS - 1 in the place of __rand_int__\n(default 0: always the same one; in a comparison 100000)",
        |draft, value| fill(&mut draft.keys, whole(value, 0..=MAX_KEYS))),
    row("--key-pattern", "PATTERN", REQUESTS, SENDING, "how often each of them comes: uniform (default), sequential,\ngauss[:DEVIATION] (1/6 of the range), zipf[:EXPONENT] (0.99)",
        |draft, value| put(&mut draft.options.pattern, values::pattern(value))),
    row("--seed", "NUMBER", REQUESTS, SENDING, "the same seed gives the same numbers again (default 0)",
        |draft, value| put(&mut draft.options.seed, whole(value, 0..=u64::MAX))),
    row("-d", "BYTES", REQUESTS, SENDING, "size of a value, or A-B for sizes from A to B (default 3; in a\ncomparison 16); it stands in the place of __data__",
        |draft, value| fill(&mut draft.sizes, values::sizes(value))),
    row("--verify", "", REQUESTS, SENDING, "compare replies with what each command must answer",
        |draft, _| put(&mut draft.options.load.verify, Ok(true))),

    row("--rate", "NUMBER", OPEN_LOOP, CHOSEN, "requests per second in all, whatever the server does",
        |draft, value| fill(&mut draft.rate, text(value).and_then(|rate| decimal(&rate, 0.001..=MAX_RATE)))),
    row("--arrivals", "KIND", OPEN_LOOP, CHOSEN, "gaps between them: constant (default), or poisson, as many users\nmake them who know nothing of each other",
        |draft, value| put(&mut draft.arrivals, values::arrivals(value))),

    row("--versus", "ADDRESS", COMPARISON, &[Kind::Versus], "compare the server above (A) with the one at HOST:PORT or at the\nsocket /PATH or ./PATH (B); both are running",
        |draft, value| put(&mut draft.options.job, values::address(value).map(Job::Versus))),
    row("--flush", "", COMPARISON, &[Kind::Versus], "consent to FLUSHDB on both of them: all that they hold is lost",
        |draft, _| put(&mut draft.options.may_empty, Ok(true))),
    row("--compare", "PATH", COMPARISON, &[Kind::Compare], "start a redis-server (A) and the server at PATH (B), and compare them\nat -P 1 and -P 16",
        |draft, value| put(&mut draft.options.job, Ok(Job::Compare(value.into())))),
    row("--ladder", "DIRECTORY", COMPARISON, &[Kind::Ladder], "the same with the servers of all stages in a directory",
        |draft, value| put(&mut draft.options.job, Ok(Job::Ladder(value.into())))),
    row("--rounds", "NUMBER", COMPARISON, COMPARED, "rounds of four turns, A B B A (default 7 with --versus, else 5)",
        |draft, value| fill(&mut draft.rounds, whole(value, 1..=1000))),

    row("-q", "", OUTPUT, SINGLE, "a line for each test, as redis-benchmark -q prints it",
        |draft, _| { if !draft.has("--csv") { draft.options.format = Format::Quiet; } Ok(()) }),
    row("--csv", "", OUTPUT, SINGLE, "lines of comma-separated values, as redis-benchmark --csv prints them",
        |draft, _| put(&mut draft.options.format, Ok(Format::Csv))),
    row("--precision", "DIGITS", OUTPUT, SINGLE, "decimal places of latencies in the table (default 3)",
        |draft, value| put(&mut draft.options.precision, whole(value, PRECISIONS))),
    row("--json", "FILE", OUTPUT, SENDING, "write all findings to FILE as JSON",
        |draft, value| fill(&mut draft.options.json, path(value))),
    row("--hdr", "FILE", OUTPUT, SINGLE, "write the latencies to FILE as an HdrHistogram log",
        |draft, value| fill(&mut draft.options.hdr, path(value))),
    row("--report", "FILE", OUTPUT, SENDING, "write a report for a browser to FILE, such as report.html",
        |draft, value| fill(&mut draft.options.html, path(value))),
    row("--picture", "FILE", OUTPUT, &[Kind::Ladder], "write the picture of a ladder to FILE, such as ladder.svg",
        |draft, value| fill(&mut draft.options.picture, path(value))),
    row("--help", "", OUTPUT, ALL, "print this text",
        |_, _| Ok(())),
    row("--version", "", OUTPUT, ALL, "print the version",
        |_, _| Ok(())),
];

/// How errors call a command at the end.
pub const COMMAND: &str = "a command at the end";

/// A command at the end is no flag, but it goes with some jobs and not with others as flags do.
static AT_THE_END: Flag = row(COMMAND, "", REQUESTS, CHOSEN, "", |_, _| Ok(()));

const NO_TLS: &str = "connect without TLS, or through a proxy that adds it, such as stunnel";

/// What redis-benchmark knows beside these, and what to do instead.
pub static UNSUPPORTED: &[(&str, &str)] = &[
    ("-e", "errors are always counted, and shown"),
    ("-v", "--version prints the version"),
    (
        "-x",
        "write the argument into the command; __data__ stands for a value of -d bytes",
    ),
    ("--cluster", "load each node by itself, with -h and -p"),
    ("--enable-tracking", "leave it out"),
    ("--tls", NO_TLS),
    ("--sni", NO_TLS),
    ("--cacert", NO_TLS),
    ("--cacertdir", NO_TLS),
    ("--insecure", NO_TLS),
    ("--cert", NO_TLS),
    ("--key", NO_TLS),
    ("--tls-ciphers", NO_TLS),
    ("--tls-ciphersuites", NO_TLS),
];

/// All flags, and the command at the end.
pub fn all() -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter().chain([&AT_THE_END])
}

/// The row of a flag.
///
/// # Errors
/// It is not known, or only to redis-benchmark.
pub fn find(arg: &Arg<'_>) -> Result<&'static Flag, Error> {
    let name = match arg {
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Long(word) => format!("--{word}"),
        Arg::Value(word) => word.to_string_lossy().into_owned(),
    };
    let known = FLAGS.iter().find(|flag| flag.name == name);
    known.ok_or_else(|| refusal(&name))
}

fn refusal(name: &str) -> Error {
    let elsewhere = UNSUPPORTED.iter().find(|(known, _)| *known == name);
    Error::new(match elsewhere {
        Some((_, instead)) => {
            format!("{name}: redis-benchmark knows it, this program does not; {instead}")
        }
        None => format!("{name}: there is no such flag"),
    })
}
