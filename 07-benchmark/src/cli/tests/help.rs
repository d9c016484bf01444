//! What the program says of itself, and the table that it comes from.

use super::{options, words};
use crate::cli::table::{FLAGS, UNSUPPORTED};
use crate::cli::{Invocation, help, parse};
use crate::workload::TESTS;

#[test]
fn help_has_every_row_of_the_table() {
    let Ok(Invocation::Print(text)) = parse(words("-c 5 --help --odd")) else {
        panic!()
    };
    for flag in FLAGS {
        let usage = format!("  {} {}", flag.name, flag.value);
        let begins = |line: &str| {
            line.strip_prefix(usage.trim_end())
                .is_some_and(|rest| rest.starts_with("  "))
        };
        assert_eq!(
            text.lines().filter(|line| begins(line)).count(),
            1,
            "{}",
            flag.name
        );
        let first = flag.help.lines().next().unwrap();
        assert!(text.contains(first), "{first}");
    }
    for test in TESTS {
        assert!(text.contains(test.name), "{}", test.name);
    }
    for line in text.lines() {
        assert!(line.chars().count() <= help::WIDTH, "{line}");
    }
}

#[test]
fn the_examples_of_the_help_are_valid() {
    let text = help::text();
    let prefix = format!("    $ {} ", env!("CARGO_PKG_NAME"));
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix))
        .collect();
    assert_eq!(lines.len(), 3);
    lines.into_iter().for_each(|line| drop(options(line)));
}

#[test]
fn names_in_the_table_are_unique() {
    let mut names: Vec<&str> = FLAGS.iter().map(|flag| flag.name).collect();
    names.extend(UNSUPPORTED.iter().map(|(name, _)| name));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn version_is_that_of_the_package() {
    let Ok(Invocation::Print(text)) = parse(words("--version")) else {
        panic!()
    };
    assert_eq!(
        text,
        format!("step07-benchmark {}", env!("CARGO_PKG_VERSION"))
    );
}
