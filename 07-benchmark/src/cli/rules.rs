//! What does not go together, and what is too large together.

use super::draft::Draft;
use super::error::Error;
use super::table::{self, COMMAND, Flag, Kind};
use crate::engine::MAX_TOGETHER;
use crate::options::{DEPTHS, FILL_PIPELINE, Job, Options, Work};
use crate::workload::{Command, KeyPattern, request_length};
use std::path::PathBuf;

/// Flags of which only one may be given, and why.
#[rustfmt::skip]
const ONE_OF: &[(&[&str], &str)] = &[
    (&["-I", "--versus", "--compare", "--ladder"], "both say what to do"),
    (&["-n", "--duration"], "both say when a test ends"),
    (&["-t", "--mix", "--command", COMMAND], "both say what is sent"),
    (&["--rate", "--sliding"], "at a fixed rate each request is sent when it is due"),
    (&["-l", "--json"], ENDLESS),
    (&["-l", "--hdr"], ENDLESS),
    (&["-l", "--report"], ENDLESS),
];
const ENDLESS: &str = "-l has no end at which to write a file";

/// The most bytes of requests in all connections together: every connection keeps its own, encoded.
const MAX_REQUEST_BYTES: usize = 1024 * 1024 * 1024;

/// The most bytes with which a comparison fills each server.
const MAX_FILL_BYTES: u64 = 1024 * 1024 * 1024;

/// Roughly what a key needs beside its value.
const KEY_BYTES: u64 = 100;

/// Whether all flags go together, and with what is to be done.
///
/// # Errors
/// They do not.
pub fn check_flags(draft: &Draft) -> Result<(), Error> {
    for (names, why) in ONE_OF {
        let mut given = names.iter().filter(|name| draft.has(name));
        if let (Some(one), Some(other)) = (given.next(), given.next()) {
            return Err(clash(one, other, why));
        }
    }
    let kind = Kind::of(&draft.options.job);
    let misplaced = |flag: &&Flag| draft.has(flag.name) && !flag.kinds.contains(&kind);
    match table::all().find(misplaced) {
        Some(flag) => Err(Error::new(out_of_place(flag, kind))),
        None => Ok(()),
    }
}

fn clash(one: &str, other: &str, why: &str) -> Error {
    Error::new(format!(
        "{one} does not go with {other}: {why}; leave one of the two out"
    ))
}

fn out_of_place(flag: &Flag, kind: Kind) -> String {
    let (name, job) = (flag.name, kind.flag());
    let why = match kind {
        Kind::Load => return format!("{name} goes only with {}", jobs(flag.kinds)),
        Kind::Idle => "it sends nothing",
        Kind::Compare | Kind::Ladder if flag.kinds.contains(&Kind::Versus) => {
            return format!(
                "{name} does not go with {job}, which starts its servers, and loads them at -P 1 and \
                 -P 16 with tests; --versus takes servers that run, and {name}"
            );
        }
        _ => "its turns last --duration in a closed loop, and one table shows them all",
    };
    format!("{name} does not go with {job}: {why}; leave {name} out")
}

/// The flags that ask for jobs of these kinds.
fn jobs(kinds: &[Kind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.flag()).collect();
    names.join(" or ")
}

/// Whether the settings make sense together, each of which may alone.
///
/// # Errors
/// They do not, or they would fill the memory.
pub fn check_together(draft: &Draft, options: &Options) -> Result<(), Error> {
    let broken = rules(draft, options);
    match broken.into_iter().find(|(is_broken, _)| *is_broken) {
        Some((_, text)) => Err(Error::new(text)),
        None => check_memory(options),
    }
}

/// What must not be, and what to say of it.
#[rustfmt::skip]
fn rules(draft: &Draft, options: &Options) -> [(bool, &'static str); 7] {
    let (load, login) = (&options.load, &options.load.target);
    let is_open = load.pace.is_some();
    [
        (login.user.is_some() && login.password.is_none(),
            "--user needs a password: -a PASSWORD"),
        (draft.has("--arrivals") && !is_open,
            "--arrivals spreads the requests of a fixed rate: --rate NUMBER sets it"),
        (is_open && load.pipeline > 1,
            "--rate does not go with -P above 1: at a fixed rate each request is sent alone, when it is due; \
             leave -P out"),
        (is_open && !load.keep_alive,
            "--rate does not go with -k 0: connecting would be what is measured; leave one of the two out"),
        (load.sliding && !load.keep_alive,
            "--sliding does not go with -k 0: a connection ends with its batch; leave one of the two out"),
        (options.keys == 0 && options.pattern != KeyPattern::Uniform,
            "--key-pattern needs more than one number: -r KEYS says how many"),
        (writes_twice(options),
            "two of --json, --hdr and --report name the same file; give each its own"),
    ]
}

fn writes_twice(options: &Options) -> bool {
    let [json, hdr, report] = [&options.json, &options.hdr, &options.html].map(Option::as_ref);
    let same = |one: Option<&PathBuf>, other| one.is_some() && one == other;
    same(json, hdr) || same(json, report) || same(hdr, report)
}

fn check_memory(options: &Options) -> Result<(), Error> {
    let at_once = if options.load.pace.is_some() {
        MAX_TOGETHER
    } else {
        options.load.pipeline
    };
    match options.job {
        Job::Idle => Ok(()),
        // To be judged, every value must have been written by this program.
        Job::Load if options.load.verify => check_filled(options, at_once),
        Job::Load => check_requests(options, at_once, 0),
        Job::Versus(_) => check_filled(options, at_once),
        Job::Compare(_) | Job::Ladder(_) => check_filled(options, DEPTHS[1]),
    }
}

/// Bounds what a server holds once every key was written.
fn check_filled(options: &Options, pipeline: usize) -> Result<(), Error> {
    let key = KEY_BYTES.saturating_add(options.sizes.most as u64);
    if options.keys.saturating_mul(key) > MAX_FILL_BYTES {
        return Err(Error::new(format!(
            "-r {} keys with values of -d {} bytes need more than 1 GiB in each server; lower one of them",
            options.keys, options.sizes.most
        )));
    }
    check_requests(options, pipeline, FILL_PIPELINE)
}

/// Bounds what all connections together keep in memory, and the `fill` requests of the one that fills a server.
fn check_requests(options: &Options, pipeline: usize, fill: usize) -> Result<(), Error> {
    let at_once = options.load.clients.saturating_mul(pipeline).max(fill);
    let bytes = longest_request(options).saturating_mul(at_once);
    if bytes > MAX_REQUEST_BYTES {
        return Err(Error::new(format!(
            "-c {}, -P {pipeline} and -d {} together make more than 1 GiB of requests at once; lower one of them",
            options.load.clients, options.sizes.most
        )));
    }
    Ok(())
}

fn longest_request(options: &Options) -> usize {
    let length = |command: &Command| request_length(command, options.sizes.most);
    let longest = match &options.work {
        Work::Tests(tests) => tests.iter().map(|test| length(&test.command())).max(),
        Work::Mix(commands) => commands.iter().map(|(command, _)| length(command)).max(),
    };
    longest.unwrap_or(0)
}

/// All flags that the rules name.
#[cfg(test)]
pub fn names() -> impl Iterator<Item = &'static str> {
    ONE_OF.iter().flat_map(|(names, _)| names.iter().copied())
}
