//! The program as its clients see it: many of them, some that wait, some that never read, some that vanish.
//!
//! Each test starts servers of its own, with one thread and with two.

mod admin;
mod blocking;
mod client;
mod info;
mod lifecycle;
mod many;
mod pubsub;
#[path = "../redis/mod.rs"]
mod redis;
mod server;
mod slow;
mod snapshots;

use std::time::{Duration, Instant};
use std::{fs, thread};

/// How long anything may take that should be there soon.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test with one thread, and with two.
pub fn with_threads(test: impl Fn(&str)) {
    test("1");
    test("2");
}

/// How many files a process may have open.
pub fn max_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.map_or(256, |soft| soft.parse().unwrap_or(usize::MAX))
}

/// Waits until something is so.
///
/// # Panics
/// When it is not so in the end.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
