//! Measurements, which are no tests: they print figures, and take their time.
//!
//! ```text
//! cargo test --release -p step06-commands-persistence --lib -- \
//!     --ignored --nocapture --exact keyspace::measure::NAME
//! ```

use crate::keyspace::limits::Limits;
use crate::keyspace::sorted_set::SortedSet;
use crate::keyspace::table::Table;
use crate::small_bytes::SmallBytes;
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
    let mut shortest = vec![Duration::MAX; 10_000_000];
    for _ in 0..4 {
        let mut table = Table::default();
        let mut spent = Duration::ZERO;
        for (number, shortest) in shortest.iter_mut().enumerate() {
            let key = key(number);
            let start = Instant::now();
            table.insert(key, value());
            let took = start.elapsed();
            spent += took;
            *shortest = took.min(*shortest);
        }
        println!("{:?} per insert", spent / 10_000_000);
    }
    shortest.retain(|took| *took > Duration::from_micros(10));
    shortest.sort_unstable_by(|left, right| right.cmp(left));
    let (count, longest) = (shortest.len(), shortest.get(..10));
    println!("{count} beyond 10 us; the longest: {longest:?}");
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

/// The time that a change of a score, a rank, and a range of ten members take, by the number of members.
#[test]
#[ignore = "a measurement"]
fn sorted_set() {
    const CALLS: u32 = 200_000;
    let limits = Limits::default().sorted_set;
    for members in [1_000, 10_000, 100_000, 1_000_000] {
        let mut set = SortedSet::default();
        for number in 0..members {
            set.insert(&key(number), (number * 7_919 % members) as f64, limits);
        }
        let numbers = || (0..CALLS as usize).map(|number| number * 104_729 % members);
        let time = |name: &str, start: Instant| {
            println!(
                "{members} members: {:?} per {name}",
                start.elapsed() / CALLS
            );
        };
        let start = Instant::now();
        for number in numbers() {
            let score = number * 31 % members;
            set.insert(&key(number), score as f64, limits);
        }
        time("change", start);
        let start = Instant::now();
        for number in numbers() {
            black_box(set.rank(&key(number)));
        }
        time("rank", start);
        let start = Instant::now();
        for number in numbers() {
            black_box(set.range(number..number + 10).count());
        }
        time("range of ten", start);
    }
}
