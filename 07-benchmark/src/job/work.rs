//! From the options to loads and workloads.

use crate::engine::Length;
use crate::options::{Options, Work};
use crate::workload::{Command, Expected, KeyPattern, Workload, find};

/// Requests of what prepares a test, where the test is as long as a time.
const PREPARING: u64 = 100_000;

/// Something to measure.
#[derive(Clone, Debug)]
pub struct Item {
    /// What the report calls it.
    pub title: String,
    /// What is sent.
    pub workload: Workload,
    /// How many requests, where it is not as long as the others.
    pub requests: Option<u64>,
    /// Whether it only prepares other tests.
    pub prepares: bool,
}

impl Item {
    /// The names of its commands.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.workload
            .commands
            .iter()
            .map(|(command, _)| command.name())
    }

    /// Whether every request makes the data larger.
    pub fn grows(&self) -> bool {
        self.names()
            .any(|name| matches!(name.as_str(), "LPUSH" | "RPUSH" | "APPEND" | "XADD"))
    }

    /// Bytes that look like its replies.
    pub fn likely_reply(&self) -> Vec<u8> {
        let first = self.workload.commands.first();
        let size = self.workload.sizes.most;
        match first.map(|(command, _)| command.expected) {
            Some(Expected::Integer(..) | Expected::Counter) => b":1\r\n".to_vec(),
            Some(Expected::Value | Expected::Member) => {
                let value = vec![b'x'; size];
                [format!("${size}\r\n").as_bytes(), &value, b"\r\n"].concat()
            }
            _ => b"+OK\r\n".to_vec(),
        }
    }
}

/// What the options ask to measure, in order.
///
/// Every test has a sequence of keys of its own: a GET that followed the SET before it key by key would
/// find them as they lie in memory.
pub fn items(options: &Options) -> Vec<Item> {
    match &options.work {
        Work::Tests(tests) => {
            let numbered = (0..).zip(tests);
            let item = |(number, test): (u64, &&'static crate::workload::Test)| Item {
                title: test.title.to_string(),
                workload: workload(options, vec![(test.command(), 1)], number),
                requests: match options.load.length {
                    Length::Time(_) if test.prepares.is_some() => Some(PREPARING),
                    _ => None,
                },
                prepares: test.prepares.is_some(),
            };
            numbered.map(item).collect()
        }
        Work::Mix(mix) => {
            let title = match mix.as_slice() {
                [(only, _)] => only.title(),
                _ => mix_title(mix),
            };
            vec![Item {
                title,
                workload: workload(options, mix.clone(), 0),
                requests: None,
                prepares: false,
            }]
        }
    }
}

/// Such as `mix of GET 9, SET 1`: the first words with their weights.
fn mix_title(commands: &[(Command, u32)]) -> String {
    let parts = commands
        .iter()
        .map(|(command, weight)| format!("{} {weight}", command.name()));
    format!("mix of {}", parts.collect::<Vec<_>>().join(", "))
}

fn workload(options: &Options, commands: Vec<(Command, u32)>, number: u64) -> Workload {
    Workload {
        commands,
        keys: options.keys,
        pattern: options.pattern,
        sizes: options.sizes,
        seed: options.seed.wrapping_add(number),
        // A job that verifies fills its servers, too.
        marked: options.load.verify,
        filled: options.load.verify,
    }
}

/// What writes all that a workload reads, so that its requests find it, and how many requests that takes:
/// SET of every key, INCR of every counter, as many elements as an LRANGE wants, before those that are there.
pub fn fillings(workload: &Workload) -> Vec<(Workload, u64)> {
    let arg =
        |command: &Command, place: usize| command.args.get(place).cloned().unwrap_or_default();
    let touches = |key: &[u8]| {
        let mut commands = workload.commands.iter();
        commands.any(|(command, _)| arg(command, 1) == key)
    };
    let commands = workload.commands.iter();
    let listed = commands.filter_map(|(command, _)| match command.expected {
        Expected::Values(count) => Some(count),
        _ => None,
    });
    let keys = workload.keys.max(1);
    let wanted = [
        ("set", touches(b"key:__rand_int__").then_some(keys)),
        ("incr", touches(b"counter:__rand_int__").then_some(keys)),
        ("lpush", listed.max()),
    ];
    let fillings = wanted.into_iter().filter_map(|(name, requests)| {
        let filling = Workload {
            commands: vec![(find(name)?.command(), 1)],
            pattern: KeyPattern::Sequential,
            ..workload.clone()
        };
        Some((filling, requests?))
    });
    fillings.collect()
}
