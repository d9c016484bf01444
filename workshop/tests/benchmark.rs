//! Stage 07 measures the servers of this course: all that it sends is known to the newest one, and what an
//! earlier one does not know is left out, with a word about it.

use std::env;
use std::process::{Command, Output};
use workshop::server::{Server, TemporaryDirectory, program};
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
    let program = program.to_str().unwrap();
    printed(&["--compare", program, "--rounds", "1", "--duration", "0.3"])
}

/// The titles of a table's blocks, each once, in order.
fn blocks(table: &str) -> Vec<&str> {
    let titles = table.lines().filter_map(|line| line.split("  ").next());
    let mut titles: Vec<&str> = titles.filter(|title| title.contains(" -P ")).collect();
    titles.retain(|title| title.chars().next().is_some_and(char::is_uppercase));
    titles.dedup();
    titles
}

#[test]
fn stage_06_is_measured_with_four_commands() {
    let table = compare(6);
    let mut found = blocks(&table);
    found.sort_unstable();
    found.dedup();
    let expected = [
        "GET -P 1",
        "GET -P 16",
        "INCR -P 1",
        "INCR -P 16",
        "LPUSH -P 1",
        "LPUSH -P 16",
        "SET -P 1",
        "SET -P 16",
    ];
    assert_eq!(found, expected, "{table}");
    assert!(
        !table.contains("Left out") && !table.contains("--port alone"),
        "{table}"
    );
}

#[test]
fn of_stage_05_what_it_does_not_know_is_left_out() {
    let table = compare(5);
    let mut found = blocks(&table);
    found.sort_unstable();
    found.dedup();
    assert_eq!(
        found,
        ["GET -P 1", "GET -P 16", "SET -P 1", "SET -P 16"],
        "{table}"
    );
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
fn the_ladder_has_a_row_for_each_stage_and_model() {
    // Builds them; all programs lie in one directory.
    // Not all of them are built in the same profile.
    let directory = TemporaryDirectory::new().unwrap();
    for stage in &STAGES[2..] {
        let program = program(*stage).unwrap();
        let name = program.file_name().unwrap();
        std::os::unix::fs::symlink(&program, directory.path().join(name)).unwrap();
    }
    let table = printed(&[
        "--ladder",
        directory.path().to_str().unwrap(),
        "--rounds",
        "1",
        "--duration",
        "0.3",
        "-t",
        "get",
    ]);
    let (_, block) = table.split_once("GET -P 16").unwrap();
    let names = [
        "03 get-set",
        "04 sequential",
        "04 threads",
        "04 actor",
        "04 tasks",
        "05 expiry",
        "06 full server",
    ];
    for name in names {
        let row = block
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        let row = row.unwrap_or_else(|| panic!("{name}: {table}"));
        // One at a time is one at a time.
        let served = row.split_whitespace().rev().nth(2).unwrap();
        let alone = name.starts_with("03") || name.ends_with("sequential");
        assert_eq!(served == "1", alone, "{row}");
    }
}

#[test]
fn stage_06_knows_the_tests_of_strings_lists_and_sets() {
    let server = Server::start(STAGES[5]).unwrap();
    let port = server.address().port().to_string();
    let tests = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,lrange,mset";
    let flags = ["-p", &port, "-t", tests, "-n", "500", "-r", "100", "-q"];
    // Its exit code tells of errors among the replies.
    let lines = printed(&flags);
    // Among them the line that fills the list, and the empty one at the end.
    assert_eq!(lines.lines().count(), 17, "{lines}");
}
