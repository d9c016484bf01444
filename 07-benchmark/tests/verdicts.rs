//! What `--versus` says of servers of which it is known how fast they are.
//!
//! They sleep for a given time at each request: a server that worked would be as fast as other programs let it,
//! one that sleeps needs the processor for next to nothing.

mod outside;

use outside::{Directory, Toy, json, run};
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What A needs for a request.
const DELAY: Duration = Duration::from_millis(2);

/// One comparison at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The case of a comparison with a server B that needs longer than A by this factor. `None` where other
/// programs had the processor for a whole turn, which is an error.
fn compare(factor: f64, rounds: &str, seconds: &str) -> Option<Value> {
    let [a, b] = [1.0, factor].map(|factor| {
        Toy::start(move |_| {
            thread::sleep(DELAY.mul_f64(factor));
            "+OK\r\n".to_string()
        })
    });
    let directory = Directory::new();
    let file = directory.file("a.json");
    let flags = ["-t", "set", "-r", "10", "-c", "1", "--warmup", "0.02"];
    let length = ["--rounds", rounds, "--duration", seconds];
    let (port, other) = (a.port(), b.address.to_string());
    let servers = ["-p", &port, "--versus", &other, "--json", &file];
    let ended = run(&[&servers[..], &flags, &length].concat());
    println!("{}{}", ended.output, ended.errors);
    (ended.code == Some(0)).then(|| json(&file)["comparison"]["cases"][0].clone())
}

/// What is said of a figure of B, and its ratio.
fn figure(case: &Value, name: &str) -> (String, f64) {
    let verdict = case["ratios"][name]["verdict"].as_str().unwrap();
    let ratio = case["ratios"][name]["ratio"].as_f64().unwrap();
    (verdict.to_string(), ratio)
}

/// Tries some times: other programs may have the processor in one of them, or chance its way.
fn soon(what: &str, compare: impl Fn() -> Option<Value>, so: impl Fn(&Value) -> bool) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let found = (0..4).any(|_| compare().as_ref().is_some_and(&so));
    assert!(found, "never: {what}");
}

#[test]
fn servers_that_are_equally_fast_are_not_told_apart() {
    let compare = || compare(1.0, "5", "0.1");
    soon("no difference is shown", compare, |case| {
        ["throughput", "p50"].iter().all(|name| {
            let (verdict, ratio) = figure(case, name);
            verdict == "no difference shown" && (0.7..1.4).contains(&ratio)
        })
    });
}

/// B needs longer by `factor`: the median says so, and by how much. The throughput of a turn suffers from each
/// moment in which other programs have the processor, the median does not.
fn is_slower(case: &Value, factor: f64) -> bool {
    let (verdict, ratio) = figure(case, "p50");
    let near = (0.98..1.02).contains(&(ratio / factor));
    let (throughput, _) = figure(case, "throughput");
    verdict == "slower" && near && throughput != "faster"
}

#[test]
fn a_server_that_needs_30_percent_longer_is_slower() {
    let compare = || compare(1.3, "5", "0.1");
    soon("B is slower", compare, |case| is_slower(case, 1.3));
}

#[test]
#[ignore = "half a minute"]
fn a_server_that_needs_5_percent_longer_is_slower() {
    let compare = || compare(1.05, "15", "0.3");
    soon("B is slower", compare, |case| is_slower(case, 1.05));
}
