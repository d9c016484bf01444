//! Stage 07 measures the servers of this course: all that it sends is known to the newest one, and what an
//! earlier one does not know is left out, with a word about it.

use std::env;
use std::process::{Command, Output};
use workshop::server::{Server, program};
use workshop::stage::{STAGES, root};

/// Runs stage 07's program to its end.
fn benchmark(flags: &[&str]) -> Output {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(["run", "--quiet", "--package", "step07-benchmark", "--"])
        .args(flags)
        .output()
        .unwrap()
}

/// What it printed; it must have ended well.
fn printed(flags: &[&str]) -> String {
    let output = benchmark(flags);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{flags:?}: {text}{errors}");
    text
}

fn compare(stage: usize) -> String {
    let program = program(STAGES[stage - 1]).unwrap();
    printed(&["--compare", program.to_str().unwrap(), "--rounds", "1"])
}

/// The lines of a table's own rows: a test, its depth, and the server's name.
fn rows<'a>(table: &'a str, server: &str) -> Vec<&'a str> {
    let (_, rows) = table.split_once("requests/s").unwrap();
    rows.lines()
        .filter(|line| line.contains(" -P ") && line.contains(server))
        .map(|line| line.split(" step").next().unwrap_or_default().trim())
        .collect()
}

#[test]
fn stage_06_is_measured_with_four_commands() {
    let table = compare(6);
    let expected = [
        "SET -P 1",
        "GET -P 1",
        "INCR -P 1",
        "LPUSH -P 1",
        "SET -P 16",
        "GET -P 16",
        "INCR -P 16",
        "LPUSH -P 16",
    ];
    assert_eq!(rows(&table, "step06"), expected, "{table}");
    assert!(
        !table.contains("Left out") && !table.contains("--port alone"),
        "{table}"
    );
}

#[test]
fn of_stage_05_what_it_does_not_know_is_left_out() {
    let table = compare(5);
    let expected = ["SET -P 1", "GET -P 1", "SET -P 16", "GET -P 16"];
    assert_eq!(rows(&table, "step05"), expected, "{table}");
    for command in ["INCR", "LPUSH"] {
        let line = format!("Left out: {command}, which step05-expiry does not know.");
        assert!(table.contains(&line), "{table}");
    }
}

#[test]
fn a_stage_that_knows_no_test_is_an_error_that_says_so() {
    let program = program(STAGES[1]).unwrap();
    let output = benchmark(&["--compare", program.to_str().unwrap()]);
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("nothing is left to measure"), "{errors}");
}

#[test]
fn stage_06_knows_the_tests_of_strings_lists_and_sets() {
    let server = Server::start(STAGES[5]).unwrap();
    let port = server.address().port().to_string();
    let tests = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,lrange,mset";
    let flags = ["-p", &port, "-t", tests, "-n", "500", "-r", "100", "-q"];
    // Its exit code tells of errors among the replies.
    let lines = printed(&flags);
    assert_eq!(lines.lines().count(), 15, "{lines}");
}
