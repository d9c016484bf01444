//! The command line: redis-benchmark's flags, and a few of its own.

use anyhow::{Context, bail};
use lexopt::prelude::*;
use std::path::PathBuf;
use step07_benchmark::compare::{self, Settings};
use step07_benchmark::load::{Limit, Load};
use step07_benchmark::report::Format;
use step07_benchmark::workload::{self, Order, TESTS, Test};

/// The most requests in one batch: it is encoded in memory.
const MAX_PIPELINE: usize = 100_000;

/// The longest value, as long as a server accepts.
const MAX_DATA: usize = 512 * 1024 * 1024;

/// The most bytes of requests in all connections together: every connection keeps its own batch, encoded.
const MAX_REQUEST_BYTES: usize = 1024 * 1024 * 1024;

/// What the command line asks for.
pub struct Flags {
    pub host: String,
    pub port: u16,
    /// Connections; `None` where the default holds.
    pub clients: Option<usize>,
    pub requests: u64,
    pub pipeline: usize,
    pub data: Option<usize>,
    pub keys: Option<u64>,
    pub tests: Vec<&'static Test>,
    pub format: Format,
    /// Compare the server at this path with redis-server.
    pub compare: Option<PathBuf>,
    pub rounds: usize,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_string(),
            port: 6380,
            clients: None,
            requests: 100_000,
            pipeline: 1,
            data: None,
            keys: None,
            tests: ["set", "get"]
                .into_iter()
                .filter_map(workload::find)
                .collect(),
            format: Format::Text,
            compare: None,
            rounds: 4,
        }
    }
}

impl Flags {
    /// Reads the process's arguments. `None` when they asked for help, which is printed.
    ///
    /// # Errors
    /// An unknown flag, or a value that does not fit it.
    pub fn from_command_line() -> anyhow::Result<Option<Self>> {
        let mut flags = Self::default();
        // Flags that say what a comparison decides by itself.
        let mut single = None;
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            single = single.or(single_run_only(&argument));
            match argument {
                Long("help") => {
                    print_help();
                    return Ok(None);
                }
                Short('q') => flags.format = Format::Quiet,
                Long("csv") => flags.format = Format::Csv,
                Short('h') => flags.host = arguments.value()?.string()?,
                Short('t') => flags.tests = tests(&arguments.value()?.string()?)?,
                Long("compare") => flags.compare = Some(arguments.value()?.into()),
                Short(flag @ ('p' | 'c' | 'n' | 'P' | 'd' | 'r')) => {
                    let value = arguments.value()?.string()?;
                    flags
                        .number(flag, &value)
                        .with_context(|| format!("-{flag} {value}"))?;
                }
                Long("rounds") => flags.rounds = number(&arguments.value()?.string()?, 1, 1000)?,
                other => return Err(other.unexpected().into()),
            }
        }
        if let (Some(flag), true) = (single, flags.compare.is_some()) {
            bail!(
                "{flag} does not go with --compare, which chooses servers, tests and lengths itself"
            );
        }
        flags.check_together()?;
        Ok(Some(flags))
    }

    /// Bounds what flags make together, each of which may be large alone.
    fn check_together(&self) -> anyhow::Result<()> {
        if self.compare.is_some() {
            return compare::check(&self.settings());
        }
        let load = self.load(Order::Ascending);
        let lengths = self.tests.iter().map(|test| test.request_length(load.data));
        let batches = load.clients.saturating_mul(load.pipeline);
        let bytes = lengths.max().unwrap_or(0).saturating_mul(batches);
        if bytes > MAX_REQUEST_BYTES {
            bail!(
                "-c {}, -P {} and -d {} together make more than 1 GiB of requests at once",
                load.clients,
                load.pipeline,
                load.data
            );
        }
        Ok(())
    }

    fn number(&mut self, flag: char, value: &str) -> anyhow::Result<()> {
        match flag {
            'p' => self.port = number(value, 1, u16::MAX.into())? as u16,
            'c' => self.clients = Some(number(value, 1, 100_000)?),
            'n' => self.requests = number(value, 1, usize::MAX)? as u64,
            'P' => self.pipeline = number(value, 1, MAX_PIPELINE)?,
            'd' => self.data = Some(number(value, 1, MAX_DATA)?),
            // Twelve digits are what a key has room for.
            _ => self.keys = Some(number(value, 0, 999_999_999_999)? as u64),
        }
        Ok(())
    }

    /// The load that the flags describe.
    pub fn load(&self, order: Order) -> Load {
        Load {
            address: format!("{}:{}", self.host, self.port),
            clients: self.clients.unwrap_or(50),
            pipeline: self.pipeline,
            data: self.data.unwrap_or(3),
            keys: self.keys.unwrap_or(0),
            order,
            limit: Limit::Requests(self.requests),
        }
    }

    /// What a comparison takes from the flags.
    pub fn settings(&self) -> Settings {
        Settings {
            clients: self.clients.unwrap_or(50),
            data: self.data.unwrap_or(16),
            keys: self.keys.unwrap_or(100_000),
            rounds: self.rounds,
        }
    }
}

/// The name of a flag that means nothing to a comparison.
fn single_run_only(argument: &lexopt::Arg<'_>) -> Option<String> {
    match argument {
        Short(flag @ ('h' | 'p' | 'n' | 'P' | 't' | 'q')) => Some(format!("-{flag}")),
        Long("csv") => Some("--csv".to_string()),
        _ => None,
    }
}

fn number(value: &str, least: usize, most: usize) -> anyhow::Result<usize> {
    match value.parse::<usize>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => bail!("takes a whole number from {least} to {most}"),
    }
}

/// The tests with these names; `ping` is both ways of it and `lrange` all lengths of it, as for
/// redis-benchmark.
fn tests(names: &str) -> anyhow::Result<Vec<&'static Test>> {
    let mut tests = Vec::new();
    for name in names.split(',') {
        let group = ["ping_", "lrange_"]
            .into_iter()
            .find(|group| group.trim_end_matches('_').eq_ignore_ascii_case(name));
        if let Some(group) = group {
            tests.extend(TESTS.iter().filter(|test| test.name.starts_with(group)));
        } else {
            let unknown = || format!("no test is named {name}; there are {}", test_names());
            tests.push(workload::find(name).with_context(unknown)?);
        }
    }
    Ok(tests)
}

fn test_names() -> String {
    let names: Vec<&str> = TESTS.iter().map(|test| test.name).collect();
    names.join(",")
}

fn print_help() {
    println!(
        "{}\n\n\
         Usage: {program} [flags]                   load a server that is running\n       \
                {program} --compare PATH [flags]    start the server at PATH and a redis-server, and\n       \
                {blank}                            measure both in turns\n\n  \
         -h HOST        host of the server (default 127.0.0.1)\n  \
         -p PORT        its port (default 6380)\n  \
         -c CLIENTS     connections (default 50)\n  \
         -n REQUESTS    requests in all (default 100000)\n  \
         -P NUMBER      requests that a connection sends at once (default 1)\n  \
         -d BYTES       size of a value (default 3, with --compare 16)\n  \
         -r KEYS        take keys at random out of this many (default one key, with --compare 100000)\n  \
         -t TESTS       tests to run, with commas between them (default set,get); there are\n                 \
                        {tests}\n  \
         -q             one line for a test, as redis-benchmark -q prints it\n  \
         --csv          lines of comma-separated values, as redis-benchmark --csv prints them\n  \
         --rounds N     turns of each server in a comparison (default 4)",
        env!("CARGO_PKG_DESCRIPTION"),
        program = env!("CARGO_PKG_NAME"),
        blank = " ".repeat(env!("CARGO_PKG_NAME").len()),
        tests = test_names(),
    );
}
