//! Measurements, which are no tests: they print figures, and take their time.
//!
//! ```text
//! cargo test --release -p step06-commands-persistence --lib -- \
//!     --ignored --nocapture --exact keyspace::measure::NAME
//! ```

use crate::keyspace::cow::copied;
use crate::keyspace::set::Set;
use crate::keyspace::table::Table;
use crate::small_bytes::SmallBytes;
use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The memory of this process, in bytes, as Linux has it; 0 elsewhere.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn key(number: usize) -> SmallBytes {
    format!("key:{number}").as_bytes().into()
}

fn value() -> SmallBytes {
    b"0123456789abcdef".as_slice().into()
}

/// The memory that a key takes while a table grows to ten million keys.
#[test]
#[ignore = "a measurement"]
fn memory() {
    let before = resident();
    let mut table = Table::default();
    let (mut most, mut at) = (0.0, 0);
    for keys in 1..=10_000_000 {
        table.insert(key(keys), value());
        if keys < 50_000 || !keys.is_multiple_of(10_000) {
            continue;
        }
        let bytes = resident().saturating_sub(before) as f64 / keys as f64;
        if bytes > most {
            (most, at) = (bytes, keys);
        }
        if [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000].contains(&keys) {
            println!("{keys} keys: {bytes:.1} bytes per key");
        }
    }
    println!("most: {most:.1} bytes per key, at {at} keys");
}

/// The longest single inserts while a table grows to ten million keys. It is filled several times: a
/// division comes with the same insert each time, an interruption by the system doesn't, so the shortest
/// time of each insert counts.
#[test]
#[ignore = "a measurement"]
fn longest_insert() {
    let mut shortest = HashMap::new();
    for round in 0..4 {
        let mut table = Table::default();
        let mut long = HashMap::new();
        let mut spent = Duration::ZERO;
        for number in 0..10_000_000 {
            let key = key(number);
            let start = Instant::now();
            table.insert(key, value());
            let took = start.elapsed();
            spent += took;
            if took > Duration::from_micros(10) {
                long.insert(number, took);
            }
        }
        println!("{:?} per insert", spent / 10_000_000);
        if round > 0 {
            long = keep_shortest(long, &shortest);
        }
        shortest = long;
    }
    let mut times: Vec<Duration> = shortest.into_values().collect();
    times.sort_unstable_by(|left, right| right.cmp(left));
    println!(
        "{} beyond 10 us; the longest: {:?}",
        times.len(),
        times.get(..10)
    );
}

fn keep_shortest(
    long: HashMap<usize, Duration>,
    shortest: &HashMap<usize, Duration>,
) -> HashMap<usize, Duration> {
    let both = long.into_iter().filter_map(|(number, took)| {
        let before = shortest.get(&number)?;
        Some((number, took.min(*before)))
    });
    both.collect()
}

/// The time that it takes to find a key, by the number of keys.
#[test]
#[ignore = "a measurement"]
fn get() {
    let mut table = Table::default();
    for (from, to) in [(0, 100_000), (100_000, 1_000_000), (1_000_000, 10_000_000)] {
        for number in from..to {
            table.insert(key(number), value());
        }
        let keys: Vec<SmallBytes> = (0..1_000_000).map(|n: usize| key(n * 7_919 % to)).collect();
        let start = Instant::now();
        for key in &keys {
            black_box(table.get(key));
        }
        println!("{to} keys: {:?} per get", start.elapsed() / 1_000_000);
        let start = Instant::now();
        for number in 0..1_000_000_usize {
            black_box(table.nth(number * 7_919 % to));
        }
        println!("{to} keys: {:?} per nth", start.elapsed() / 1_000_000);
    }
}

/// What a member of a set costs, and how long the longest insert takes.
#[test]
#[ignore = "a measurement"]
fn set() {
    let before = resident();
    let mut sets: Vec<Set> = Vec::new();
    let mut longest = Duration::ZERO;
    for number in 0..1_000_000 {
        if number % 100 == 0 {
            sets.push(Set::default());
        }
        let start = Instant::now();
        sets.last_mut().map(|set| set.insert(&key(number)));
        longest = longest.max(start.elapsed());
    }
    let bytes = (resident() - before) as f64 / 1e6;
    println!("sets of 100 members: {bytes:.1} bytes per member, longest insert {longest:?}");
    // All are kept to the end: memory that comes back would not show again.
    let mut kept = Vec::new();
    for members in [129, 1_000, 20_000, 1_000_000] {
        let before = resident();
        let count = (1_000_000 / members).max(1);
        let mut longest = Duration::MAX;
        let mut sets: Vec<Set> = Vec::new();
        for _ in 0..count {
            let (mut set, mut took) = (Set::default(), Duration::ZERO);
            for number in 0..members {
                let key = key(number);
                let start = Instant::now();
                set.insert(&key);
                took = took.max(start.elapsed());
            }
            sets.push(set);
            longest = longest.min(took);
        }
        let bytes = (resident() - before) as f64 / (count * members) as f64;
        kept.push(sets);
        println!(
            "sets of {members} members: {bytes:.1} bytes per member, longest insert {longest:?}"
        );
    }
}

/// How long a snapshot takes to begin, and changes while there is one: the first of them in each page copies it.
#[test]
#[ignore = "a measurement"]
fn snapshot() {
    let mut table = Table::default();
    for number in 0..10_000_000 {
        table.insert(key(number), value());
    }
    for round in 0..5 {
        let start = Instant::now();
        let snapshot = table.clone();
        let clone = start.elapsed();
        let before = copied();
        let mut times: Vec<Duration> = Vec::new();
        for number in 0..200_000_usize {
            let key = key(number * 7_919 % 10_000_000);
            let start = Instant::now();
            table.insert(key, value());
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let at = |part: f64| times[(times.len() as f64 * part) as usize];
        println!(
            "{round}: clone {clone:?}, change: median {:?}, p99 {:?}, p99.9 {:?}, longest {:?}, {} MB copied",
            at(0.5),
            at(0.99),
            at(0.999),
            times[times.len() - 1],
            (copied() - before) / 1_000_000,
        );
        drop(snapshot);
    }
}
