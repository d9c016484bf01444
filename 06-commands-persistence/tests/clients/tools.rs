//! Redis's own tools: the modes of redis-cli, and redis-benchmark.

use crate::{ends_well, on_both};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A tool, told where the server is.
fn tool(name: &str, address: &str) -> Command {
    let mut command = Command::new(name);
    match (address.strip_prefix("unix:"), address.rsplit_once(':')) {
        (None, Some((host, port))) => command.args(["-h", host, "-p", port]),
        (path, _) => command.args(["-s", path.unwrap_or_default()]),
    };
    command
}

fn cli(address: &str, arguments: &[&str]) -> String {
    ends_well(tool("redis-cli", address).args(arguments))
}

#[track_caller]
fn says(output: &str, telling: &str) {
    assert!(output.contains(telling), "no {telling:?} in:\n{output}");
}

/// One key of each type, and a hundred strings through `--pipe`.
fn fill(address: &str) {
    let mut requests: Vec<String> = (0..100)
        .map(|number| format!("SET key:{number} {number}"))
        .collect();
    requests.extend(
        [
            "RPUSH list a b c",
            "SADD set a b",
            "HSET hash a 1 b 2 c 3 d 4",
            "ZADD zset 1 a",
            "XADD stream 1-1 a 1",
            "APPEND key:7 more",
            "GET list",
        ]
        .map(String::from),
    );
    let name = format!("step06-pipe-{}-{}", std::process::id(), address.len());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, requests.join("\r\n") + "\r\n").unwrap();
    let mut pipe = tool("redis-cli", address);
    pipe.arg("--pipe").stdin(fs::File::open(&file).unwrap());
    let output = pipe.output().unwrap();
    fs::remove_file(&file).unwrap();
    let output = String::from_utf8_lossy(&output.stdout);
    says(&output, "errors: 1, replies: 107");
}

#[test]
fn modes_of_redis_cli() {
    on_both(|address| {
        fill(address);
        let biggest = cli(address, &["--bigkeys"]);
        for line in [
            "Sampled 105 keys in the keyspace!",
            "Biggest string found '\"key:7\"' has 5 bytes",
            "Biggest   list found '\"list\"' has 3 items",
            "Biggest    set found '\"set\"' has 2 members",
            "Biggest   hash found '\"hash\"' has 4 fields",
            "Biggest   zset found '\"zset\"' has 1 members",
            "Biggest stream found '\"stream\"' has 1 entries",
            "100 strings with 194 bytes",
        ] {
            says(&biggest, line);
        }
        let largest = cli(address, &["--memkeys"]);
        says(&largest, "Sampled 105 keys in the keyspace!");
        says(&largest, "Biggest stream found '\"stream\"' has ");
        let found = cli(address, &["--scan", "--pattern", "key:9?"]);
        assert_eq!(found.lines().count(), 10);
        // Without a terminal it measures once: the shortest, the longest and the mean time, and how many.
        let latency = cli(address, &["--raw", "--latency", "-i", "0.1"]);
        let numbers: Vec<f64> = latency
            .split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect();
        assert!(matches!(numbers[..], [.., count] if numbers.len() == 4 && count > 0.0));
        stat(address);
    });
}

/// It goes on until it is ended.
fn stat(address: &str) {
    let mut stat = tool("redis-cli", address);
    let stat = stat.args(["--stat", "-i", "0.01"]).stdout(Stdio::piped());
    let mut child = stat.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut words = lines
        .map(|line| line.unwrap())
        .skip_while(|line| !line.starts_with("keys"))
        .skip(1);
    let first = words.next().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("105 "), "{first}");
}

#[test]
fn redis_benchmark_with_all_its_default_tests() {
    on_both(|address| {
        let mut benchmark = tool("redis-benchmark", address);
        let output = ends_well(benchmark.args(["-n", "100", "-c", "5", "-P", "4", "--csv"]));
        let tests: Vec<&str> = output
            .lines()
            .skip(1)
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        assert_eq!(tests.len(), 20, "{output}");
        says(&output, "MSET (10 keys)");
        assert!(!output.contains("rror"), "{output}");
    });
}
