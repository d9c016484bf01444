//! Command lines that are refused.

use super::{options, words};
use crate::cli::table::{self, FLAGS, Flag, Kind, UNSUPPORTED};
use crate::cli::{parse, rules};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

fn error(line: &str) -> String {
    match parse(words(line)) {
        Err(error) => error.to_string(),
        other => panic!("{line}: {other:?}"),
    }
}

/// Errors of these lines, each of which must hold all parts.
fn refuses(cases: &[(&str, &[&str])]) {
    for (line, parts) in cases {
        let error = error(line);
        for part in *parts {
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for line in [
        "-p 0",
        "-p 65536",
        "-p x",
        "-c 0",
        "-c -1",
        "-c 100001",
        "-n 0",
        "-n 1000000000001",
        "-P 0",
        "-P 100001",
        "-d 0",
        "-d x",
        "-d 5-4",
        "-d 5-",
        "-d -5",
        "-d 536870913",
        "-r -1",
        "-r 1000000000000",
        "-k 2",
        "-k x",
        "--threads 0",
        "--threads 501",
        "--seed -1",
        "--seed 18446744073709551616",
        "--dbnum -1",
        "--dbnum 4294967296",
        "--precision 7",
        "--rounds 0",
        "--rounds 1001",
        "--duration 0",
        "--duration x",
        "--duration nan",
        "--duration inf",
        "--duration 1e7",
        "--warmup -1",
        "--rate 0",
        "--rate nan",
        "--rate inf",
        "--arrivals often",
        "--key-pattern odd",
        "--key-pattern zipf:0",
        "--key-pattern gauss:x",
        "--key-pattern uniform:1",
        "--versus h",
        "--versus :7",
        "--versus h:0",
        "--versus ::1:7",
        "--versus h:x",
        "-t odd",
        "-t ,",
        "--mix get",
        "--mix odd=1",
        "--mix get=0",
        "--mix get=x",
        "--mix ping_inline=1",
        "--mix lrange_100=1",
    ] {
        let (flag, value) = line.split_once(' ').unwrap();
        let error = error(line);
        assert!(
            error.starts_with(&format!("{flag} {value}: ")),
            "{line}: {error}"
        );
    }
    for line in ["", "'open"] {
        assert!(parse(["--command".into(), line.into()]).is_err(), "{line}");
    }
    let bad = OsString::from_vec(vec![0xFF]);
    let error = parse(["-h".into(), bad]).unwrap_err().to_string();
    assert!(error.contains("UTF-8"), "{error}");
}

#[test]
fn errors_do_not_show_passwords() {
    let error = error("-u redis://me:secret@h:x");
    assert_eq!(error, "-u: the port is no number: x");
    let bad = OsString::from_vec(b"secret\xFF".to_vec());
    let error = parse(["-a".into(), bad]).unwrap_err().to_string();
    assert_eq!(error, "-a: takes text in UTF-8");
}

#[test]
fn a_weight_stands_behind_its_command() {
    refuses(&[
        (
            "--command-ratio 2",
            &["--command-ratio", "behind the --command"],
        ),
        (
            "--command PING -q --command-ratio 2",
            &["behind the --command"],
        ),
        (
            "--command PING --command-ratio 2 --command-ratio 3",
            &["behind the --command"],
        ),
        ("--command PING --command-ratio 0", &["from 1 to"]),
        ("--mix get=1 --command-ratio 2", &["behind the --command"]),
    ]);
}

#[test]
fn unknown_flags_are_refused_by_name() {
    refuses(&[
        ("--odd", &["--odd: there is no such flag"]),
        ("-Z", &["-Z: there is no such flag"]),
        ("-qZ", &["-Z"]),
        ("--csv=1", &["--csv"]),
    ]);
    for (name, instead) in UNSUPPORTED {
        refuses(&[(
            name,
            &[
                name,
                "redis-benchmark knows it, this program does not",
                instead,
            ],
        )]);
    }
}

#[test]
fn a_flag_without_its_value_is_refused() {
    for flag in FLAGS.iter().filter(|flag| !flag.value.is_empty()) {
        let expected = format!("{0} needs a value: {0} {1}", flag.name, flag.value);
        assert_eq!(error(flag.name), expected);
    }
}

#[test]
fn a_file_has_a_name() {
    let line = ["--json", ""].map(OsString::from);
    let refused = parse(line).unwrap_err().to_string();
    assert!(
        refused.contains("--json : takes the name of a file"),
        "{refused}"
    );
}

#[test]
fn of_some_flags_only_one_may_be_given() {
    refuses(&[
        ("-n 1 --duration 1", &["-n", "--duration", "leave one"]),
        (
            "--json a --report a",
            &["--json", "--report", "the same file"],
        ),
        ("-t get --mix get=1", &["-t", "--mix", "leave one"]),
        (
            "--mix get=1 --command PING",
            &["--mix", "--command", "leave one"],
        ),
        ("-t get PING", &["-t", "a command at the end", "leave one"]),
        (
            "--mix get=1 PING",
            &["--mix", "a command at the end", "leave one"],
        ),
        (
            "--command PING PING",
            &["--command", "a command at the end", "leave one"],
        ),
        ("--rate 1 --sliding", &["--rate", "--sliding", "leave one"]),
        ("-l --json f", &["-l", "--json", "leave one"]),
        ("-l --hdr f", &["-l", "--hdr", "leave one"]),
        ("-l --report f", &["-l", "--report", "leave one"]),
        ("-I --versus h:1", &["-I", "--versus", "leave one"]),
        (
            "--compare a --ladder b",
            &["--compare", "--ladder", "leave one"],
        ),
        (
            "--versus h:1 --compare a",
            &["--versus", "--compare", "leave one"],
        ),
    ]);
}

#[test]
fn settings_that_make_no_sense_together_are_refused() {
    refuses(&[
        ("--rate 1 -P 2", &["--rate", "-P above 1", "leave -P out"]),
        ("--rate 1 -k 0", &["--rate", "-k 0", "leave one"]),
        ("--sliding -k 0", &["--sliding", "-k 0", "leave one"]),
        ("--arrivals poisson", &["--arrivals", "--rate"]),
        ("--user me", &["--user", "-a"]),
        ("--key-pattern zipf", &["--key-pattern", "-r"]),
        (
            "--key-pattern zipf -r 0 --versus h:1",
            &["--key-pattern", "-r"],
        ),
    ]);
    // These do.
    options("--key-pattern uniform");
    options("--key-pattern zipf --versus h:1");
    options("--sliding -P 1 -k 1");
}

/// A valid value for each flag that has one.
fn sample(name: &str) -> &'static str {
    match name {
        "-u" => "redis://h",
        "-k" | "-p" | "-c" | "-n" | "-P" | "-r" | "-d" | "--dbnum" | "--threads" | "--seed" => "1",
        "--precision" | "--rounds" | "--rate" | "--duration" | "--warmup" => "1",
        "-t" => "get",
        "--mix" => "get=1",
        "--command" => "PING",
        "--key-pattern" => "uniform",
        "--arrivals" => "constant",
        "--versus" => "h:1",
        _ => "name",
    }
}

/// A command line with this flag and those that it needs.
fn line_with(flag: &Flag) -> String {
    let before = match flag.name {
        "--user" => "-a secret ",
        "--arrivals" => "--rate 1 ",
        "--command-ratio" => "--command PING ",
        _ => "",
    };
    let value = match flag.name {
        "--command-ratio" => "1",
        name => sample(name),
    };
    match flag.value {
        "" => format!("{before}{}", flag.name),
        _ => format!("{before}{} {value}", flag.name),
    }
}

/// Every flag with every job: it is taken, or refused with the job's name.
#[test]
fn each_flag_goes_with_the_jobs_of_its_row() {
    let others = [
        "--help",
        "--version",
        "-I",
        "--versus",
        "--compare",
        "--ladder",
    ];
    for flag in FLAGS.iter().filter(|flag| !others.contains(&flag.name)) {
        for (kind, job) in [
            (Kind::Load, ""),
            (Kind::Idle, "-I"),
            (Kind::Versus, "--versus h:1"),
            (Kind::Compare, "--compare server"),
            (Kind::Ladder, "--ladder directory"),
        ] {
            let line = format!("{job} {}", line_with(flag));
            match parse(words(&line)) {
                Ok(_) => assert!(flag.kinds.contains(&kind), "{line}"),
                Err(error) => {
                    assert!(!flag.kinds.contains(&kind), "{line}: {error}");
                    let text = error.to_string();
                    let with = if job.is_empty() { flag.kinds[0] } else { kind };
                    assert!(text.contains(with.flag()), "{line}: {text}");
                }
            }
        }
    }
}

#[test]
fn a_flag_of_another_job_is_refused_with_what_to_do() {
    refuses(&[
        ("-I -n 5", &["-n does not go with -I", "leave -n out"]),
        ("-I PING", &["a command at the end does not go with -I"]),
        (
            "--versus h:1 -n 5",
            &["-n does not go with --versus", "--duration"],
        ),
        (
            "--versus h:1 --csv",
            &["--csv does not go with --versus", "leave --csv out"],
        ),
        ("--versus h:1 --hdr f", &["--hdr does not go with --versus"]),
        (
            "--compare a -P 5",
            &["-P does not go with --compare", "--versus"],
        ),
        (
            "--compare a -h h",
            &["-h does not go with --compare", "--versus"],
        ),
        (
            "--ladder a PING",
            &["a command at the end does not go with --ladder"],
        ),
        (
            "--rounds 3",
            &["--rounds goes only with --versus or --compare or --ladder"],
        ),
        ("--flush", &["--flush goes only with --versus"]),
    ]);
}

#[test]
fn what_is_too_large_together_is_refused() {
    refuses(&[
        (
            "-c 100000 -d 100000",
            &["-c 100000", "-d 100000", "1 GiB", "lower one"],
        ),
        ("-P 100000 -d 1000 -t set", &["-P 100000", "-c 50"]),
        ("-P 100000 -d 1-1000 --mix set=1", &["1 GiB of requests"]),
        ("-d 536870912 -t set", &["1 GiB of requests"]),
        (
            "-c 1 -d 100000000 SET a __data____data____data____data____data____data____data____data____data____data____data__",
            &["1 GiB of requests"],
        ),
        (
            "--versus h:1 -r 10000000",
            &["-r 10000000", "-d 16", "1 GiB in each server"],
        ),
        (
            "--verify -t get -r 999999999999",
            &["-r 999999999999", "1 GiB in each server"],
        ),
        ("--compare a -r 10 -d 20000000", &["1 GiB of requests"]),
        (
            "--ladder a -d 536870912 -r 999999999999",
            &["1 GiB in each server"],
        ),
        (
            "--versus h:1 -P 100000 -d 300",
            &["-P 100000", "1 GiB of requests"],
        ),
    ]);
    // A test without a value, and open connections, need no room.
    options("-c 10000 -d 100000000 -t get");
    options("-I -c 100000");
    options("-c 1 -d 536870912 -t set");
}

#[test]
fn rules_are_about_flags_that_there_are() {
    for name in rules::names() {
        let known = FLAGS.iter().any(|flag| flag.name == name);
        assert!(known || name == table::COMMAND, "{name}");
    }
}
