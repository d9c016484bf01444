//! What the tests of the engine share: servers that behave oddly, a real one, and runs with a deadline.
#![allow(dead_code)] // Not every test that shares this asks for all of it.

pub mod real;
pub mod toy;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use step07_benchmark::engine::{self, Length, Load, Measured, Observer, Pace};
use step07_benchmark::options::Arrivals;
use step07_benchmark::target::Target;
use step07_benchmark::workload::{Command, Workload};
use tokio::sync::watch;

/// When a run counts as hanging.
pub const DEADLINE: Duration = Duration::from_secs(120);

pub const HALF: Duration = Duration::from_millis(500);
pub const MINUTE: Duration = Duration::from_secs(60);
/// What is quick, on a busy machine.
pub const SOON: Duration = Duration::from_secs(5);

/// While it is held, no other test of the same file that asks for it runs: for those that measure time.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed has nothing to do with the next one.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tries until `test` finds nothing wrong, three times at most. For what is measured to a few milliseconds,
/// and so needs a machine that leaves us alone for some seconds: an engine that measures the wrong thing is
/// wrong each time.
///
/// # Panics
/// With all that was wrong.
pub fn thrice(test: impl Fn() -> Result<(), String>) {
    let _alone = alone();
    let mut wrong = Vec::new();
    for _ in 0..3 {
        match test() {
            Ok(()) => return,
            Err(text) => wrong.push(text),
        }
    }
    panic!("{wrong:#?}");
}

/// A command as a workload.
pub fn work(line: &str) -> Workload {
    Workload::single(command(line))
}

pub fn command(line: &str) -> Command {
    Command::of(line.split(' '))
}

/// `requests` over so many connections.
pub fn closed(target: &Target, clients: usize, requests: u64) -> Load {
    Load {
        clients,
        ..Load::once(target, requests)
    }
}

/// The same for a time.
pub fn closed_for(target: &Target, clients: usize, time: Duration) -> Load {
    Load {
        length: Length::Time(time),
        ..closed(target, clients, 0)
    }
}

/// A closed and an open loop with two threads.
pub fn both_loops(target: &Target, time: Duration) -> [Load; 2] {
    let threads = 2;
    [
        Load {
            threads,
            ..closed_for(target, 3, time)
        },
        Load {
            threads,
            ..open_for(target, 3, 1000.0, time)
        },
    ]
}

/// An open loop with constant gaps.
pub fn open_for(target: &Target, clients: usize, rate: f64, time: Duration) -> Load {
    Load {
        pace: Some(constant(rate)),
        ..closed_for(target, clients, time)
    }
}

pub fn constant(rate: f64) -> Pace {
    Pace {
        rate,
        arrivals: Arrivals::Constant,
    }
}

/// Runs to the end.
pub fn run(load: &Load, workload: &Workload) -> Measured {
    try_run(load, workload).unwrap()
}

pub fn try_run(load: &Load, workload: &Workload) -> anyhow::Result<Measured> {
    let (_keep, stop) = watch::channel(false);
    run_until(load, workload, &mut (), &stop)
}

/// Runs to the end, or until `stop` is true.
///
/// # Panics
/// When it takes longer than any run may.
pub fn run_until(
    load: &Load,
    workload: &Workload,
    observer: &mut dyn Observer,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let run = engine::run(load, workload, observer, stop);
    runtime
        .block_on(async { tokio::time::timeout(DEADLINE, run).await })
        .expect("the run hangs")
}

/// Runs `load`, and stops it after `time`. Gives also how long it went on from there.
pub fn stopped_after(time: Duration, load: &Load, workload: &Workload) -> (Measured, Duration) {
    let (stopper, stop) = watch::channel(false);
    let stopped = thread::spawn(move || {
        thread::sleep(time);
        stopper.send(true).unwrap();
        Instant::now()
    });
    let measured = run_until(load, workload, &mut (), &stop).unwrap();
    let ended = Instant::now();
    (
        measured,
        ended.saturating_duration_since(stopped.join().unwrap()),
    )
}

/// Every request that was due is a reply, an error, or waits.
pub fn assert_adds_up(measured: &Measured) {
    let counted = measured.response.len() + measured.errors.total();
    let due = measured.schedule.as_ref().unwrap().due;
    if measured.interrupted {
        assert!(counted <= due, "{counted} of {due}");
    } else {
        assert_eq!(counted, due, "{:?}", kinds(measured));
    }
}

/// The errors of a run: their kinds, and how many of each.
pub fn kinds(measured: &Measured) -> Vec<(&str, u64)> {
    let kinds = measured.errors.kinds();
    kinds.map(|(name, kind)| (name, kind.count)).collect()
}

/// The lowest figure with which a histogram of three digits may show this time.
pub fn at_least(time: Duration) -> u64 {
    time.as_nanos() as u64 / 1000 * 999
}

/// A time as milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
