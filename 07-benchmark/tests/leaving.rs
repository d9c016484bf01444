//! How the program ends before its time: Ctrl-C, a reader that leaves, servers that fail; and what it leaves
//! behind.

mod outside;

use outside::{Directory, Ended, Program, Toy, json, lives, name, refusing, script, store, until};
use std::fs;
use std::path::Path;

const FAILED: Option<i32> = Some(1);
const INTERRUPTED: Option<i32> = Some(130);
const UNREAD: Option<i32> = Some(141);

/// More requests than a test waits for.
const ENDLESS: &str = "1000000000";

/// Starts an endless run, and sends Ctrl-C once it is under way.
fn interrupted(toy: &Toy, flags: &[&str]) -> Ended {
    let program = Program::start(&[&["-p", &toy.port()], flags].concat());
    let before = toy.count("GET");
    until("requests arrive", || toy.count("GET") > before + 2_000);
    program.interrupt();
    program.end()
}

#[test]
fn ctrl_c_prints_and_writes_what_was_measured_so_far() {
    let directory = Directory::new();
    let (file, page) = (directory.file("a.json"), directory.file("a.html"));
    let toy = Toy::honest();
    let flags = [
        "-t", "get,incr", "-n", ENDLESS, "--json", &file, "--report", &page,
    ];
    let ended = interrupted(&toy, &flags);
    assert_eq!((ended.code, ended.errors.as_str()), (INTERRUPTED, ""));
    let row = ended
        .output
        .lines()
        .find(|line| line.starts_with("GET (interrupted)  "));
    assert!(row.is_some(), "{ended:?}");
    assert!(!ended.output.contains("INCR"), "{ended:?}");
    let findings = json(&file);
    assert_eq!(findings["interrupted"], true);
    let runs = findings["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["interrupted"], true);
    assert!(runs[0]["replies"].as_u64().unwrap() > 0);
    assert!(fs::read_to_string(page).unwrap().contains("nterrupted"));
    assert_eq!(directory.names().len(), 2);
}

#[test]
fn ctrl_c_ends_everything_that_goes_on() {
    let toy = Toy::honest();
    for format in ["-q", "--csv"] {
        let ended = interrupted(&toy, &["-t", "get", "-n", ENDLESS, format]);
        assert_eq!(ended.code, INTERRUPTED);
        assert_eq!(
            ended.errors,
            "GET: interrupted, so this is a part of the run\n"
        );
    }
    let repeated = interrupted(&toy, &["-t", "get", "-n", "1000", "-l", "-q"]);
    assert_eq!(repeated.code, INTERRUPTED);
    assert!(
        repeated.output.matches("GET: ").count() >= 2,
        "{repeated:?}"
    );

    let mut idle = Program::start(&["-p", &toy.port(), "-I", "-c", "3"]);
    assert!(idle.first_line().starts_with("3 idle connections"));
    idle.interrupt();
    assert_eq!(idle.end().code, INTERRUPTED);
}

#[test]
fn ctrl_c_ends_a_comparison_of_which_no_round_was_finished() {
    let directory = Directory::new();
    let (file, toy) = (directory.file("a.json"), Toy::honest());
    let other = toy.address.to_string();
    let flags = [
        "-t",
        "get",
        "-r",
        "10",
        "--duration",
        "50",
        "--versus",
        &other,
        "--json",
        &file,
    ];
    let ended = interrupted(&toy, &flags);
    assert_eq!(ended.code, INTERRUPTED, "{ended:?}");
    let end = "Interrupted before the first round of A and B was over.\nNo test was measured.\n";
    assert!(ended.output.ends_with(end), "{ended:?}");
    let findings = json(&file);
    assert_eq!(findings["interrupted"], true);
    assert_eq!(
        findings["comparison"]["cases"].as_array().map(Vec::len),
        Some(0)
    );
}

#[test]
fn a_reader_that_leaves_ends_the_program() {
    let directory = Directory::new();
    let toy = Toy::honest();
    let file = directory.file("a.json");
    let port = toy.port();
    for flags in [
        &["-p", &port, "-t", "get", "--duration", "1", "--json", &file][..],
        &["-p", &port, "-t", "get", "-n", "1000", "-l", "-q"],
        &["-p", &port, "-t", "get", "-n", "1000", "-l", "--csv"],
    ] {
        let mut program = Program::start(flags);
        assert!(!program.first_line().is_empty());
        program.leave();
        let ended = program.end();
        assert_eq!(
            (ended.code, ended.errors.as_str()),
            (UNREAD, ""),
            "{flags:?}"
        );
    }
    assert!(directory.names().is_empty());
}

/// A program for `--compare` that says that it listens where the toy does, and stays until it is ended.
fn pretender(directory: &Directory, toy: &Toy) -> String {
    let path = directory.file("pretender");
    let text = format!(
        "#!/bin/sh\necho listening on {}\nexec sleep 1000\n",
        toy.address
    );
    script(Path::new(&path), &text);
    path
}

#[test]
fn servers_that_were_started_end_with_the_program() {
    let directory = Directory::new();
    let mut answers = 0;
    let mut honest = store(|value| value);
    let failing = Toy::start(move |request| {
        answers += usize::from(name(request) == "GET");
        if answers > 500 {
            return refusing(request);
        }
        honest(request)
    });
    for (toy, end) in [
        (Toy::honest(), INTERRUPTED),
        (Toy::honest(), UNREAD),
        (failing, FAILED),
    ] {
        let path = pretender(&directory, &toy);
        let flags = [
            "-t",
            "get",
            "-r",
            "50",
            "--duration",
            "0.5",
            "--rounds",
            "1",
        ];
        let mut program = Program::start(&[&["--compare", &path], &flags[..]].concat());
        // It speaks first when all servers are there.
        program.first_line();
        let children = program.children();
        assert!(!children.is_empty());
        match end {
            INTERRUPTED => program.interrupt(),
            UNREAD => program.leave(),
            _ => {}
        }
        let ended = program.end();
        assert_eq!(ended.code, end, "{ended:?}");
        assert_eq!(ended.errors.contains("error"), end == FAILED, "{ended:?}");
        for child in children {
            assert!(!lives(child), "{child} after {end:?}");
        }
    }
}
