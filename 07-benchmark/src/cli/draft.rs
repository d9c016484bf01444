//! What the flags said so far, and the options that come of it.

use super::defaults::{self, Defaults};
use super::uri::{self, Uri};
use super::values::{self, MAX_WEIGHT, Parsed};
use super::words;
use crate::options::{Arrivals, Job, Length, Options, Pace, Work};
use crate::target::Address;
use crate::workload::{Command, Sizes, Test};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

/// What `--command-ratio` says when it has nothing to be the weight of.
const NO_COMMAND: &str = "must come right behind the --command whose weight it is";

/// What the flags said so far. `None` where the default depends on the job, which is known at the end.
#[derive(Debug)]
pub struct Draft {
    /// Names of the flags that were given, in order.
    pub given: Vec<&'static str>,
    /// `-h`.
    pub host: String,
    /// `-p`.
    pub port: u16,
    /// `-s`, which is stronger than `-h` and `-p`.
    pub socket: Option<PathBuf>,
    /// `-t`.
    pub tests: Option<Vec<&'static Test>>,
    /// `--mix`, `--command`, or the command at the end.
    pub commands: Vec<(Command, u32)>,
    /// `-n`.
    pub requests: Option<u64>,
    /// `--duration`.
    pub duration: Option<Duration>,
    /// `--warmup`.
    pub warm_up: Option<Duration>,
    /// `-d`.
    pub sizes: Option<Sizes>,
    /// `-r`.
    pub keys: Option<u64>,
    /// `--rate`.
    pub rate: Option<f64>,
    /// `--arrivals`.
    pub arrivals: Arrivals,
    /// `--rounds`.
    pub rounds: Option<usize>,
    /// All others, and the defaults of a single run.
    pub options: Options,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            given: Vec::new(),
            host: "127.0.0.1".to_string(),
            port: 6380,
            socket: None,
            tests: None,
            commands: Vec::new(),
            requests: None,
            duration: None,
            warm_up: None,
            sizes: None,
            keys: None,
            rate: None,
            arrivals: Arrivals::Constant,
            rounds: None,
            options: defaults::single_run(),
        }
    }
}

impl Draft {
    /// Whether this flag was given.
    pub fn has(&self, name: &str) -> bool {
        self.given.contains(&name)
    }

    /// `-u`: what it says counts as if single flags had said it.
    pub fn uri(&mut self, value: OsString) -> Parsed<()> {
        let Uri {
            user,
            password,
            host,
            port,
            database,
        } = uri::parse(&values::text(value)?)?;
        let target = &mut self.options.load.target;
        replace(&mut self.host, host);
        replace(&mut self.port, port);
        replace(&mut target.database, database);
        if password.is_some() {
            target.password = password;
            target.user = user.or(target.user.take());
        }
        Ok(())
    }

    /// `--command`.
    pub fn line(&mut self, value: OsString) -> Parsed<()> {
        let args = words::split(&value.into_vec())?;
        if args.is_empty() {
            return Err("takes a command with its arguments".to_string());
        }
        self.commands.push((Command::new(args), 1));
        Ok(())
    }

    /// `--command-ratio`.
    pub fn ratio(&mut self, value: OsString) -> Parsed<()> {
        let [.., before, _] = self.given.as_slice() else {
            return Err(NO_COMMAND.to_string());
        };
        match self.commands.last_mut() {
            Some((_, weight)) if *before == "--command" => {
                values::put(weight, values::whole(value, 1..=MAX_WEIGHT))
            }
            _ => Err(NO_COMMAND.to_string()),
        }
    }

    /// The command at the end.
    pub fn command(&mut self, words: impl Iterator<Item = OsString>) {
        let args = words.map(OsString::into_vec).collect();
        self.commands.push((Command::new(args), 1));
    }

    /// The options, with the defaults of the job where no flag says otherwise.
    pub fn options(&self) -> Options {
        let mut options = self.options.clone();
        let defaults = Defaults::of(&options.job);
        let load = &mut options.load;
        load.target.address = self.address();
        let requests = self.requests.map(Length::Requests);
        let length = requests.or(self.duration.map(Length::Time));
        load.length = length.unwrap_or(defaults.length);
        load.warm_up = self.warm_up.unwrap_or(defaults.warm_up);
        let arrivals = self.arrivals;
        load.pace = self.rate.map(|rate| Pace { rate, arrivals });
        // A thread without a connection would have nothing to do.
        load.threads = load.threads.min(load.clients);
        options.work = self.work(&defaults);
        options.sizes = self.sizes.unwrap_or(defaults.sizes);
        options.keys = self.keys.unwrap_or(defaults.keys);
        options.rounds = self.rounds.unwrap_or(defaults.rounds);
        // What is started for a comparison holds nothing of anybody's.
        options.may_empty |= matches!(options.job, Job::Compare(_) | Job::Ladder(_));
        options
    }

    fn address(&self) -> Address {
        match &self.socket {
            Some(path) => Address::Unix(path.clone()),
            None => Address::Tcp {
                host: self.host.clone(),
                port: self.port,
            },
        }
    }

    fn work(&self, defaults: &Defaults) -> Work {
        if !self.commands.is_empty() {
            return Work::Mix(self.commands.clone());
        }
        Work::Tests(self.tests.clone().unwrap_or_else(|| defaults.tests()))
    }
}

fn replace<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
