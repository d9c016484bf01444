//! Command lines that are taken, and what comes of them.

mod help;
mod refusals;

use super::*;
use crate::options::{Arrivals, Format, Job, Length, Pace, Work};
use crate::target::Address;
use crate::workload::{Command, KeyPattern, Sizes, TESTS};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

/// A line cut at blanks, for lines without other rules.
fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn options_of(args: Vec<OsString>) -> Options {
    match parse(args.clone()) {
        Ok(Invocation::Run(options)) => *options,
        other => panic!("{args:?}: {other:?}"),
    }
}

fn options(line: &str) -> Options {
    options_of(words(line))
}

fn tcp(host: &str, port: u16) -> Address {
    let host = host.to_string();
    Address::Tcp { host, port }
}

fn names(options: &Options) -> String {
    match &options.work {
        Work::Tests(tests) => tests
            .iter()
            .map(|test| test.name)
            .collect::<Vec<_>>()
            .join(","),
        mix => panic!("{mix:?}"),
    }
}

fn mix(options: &Options) -> Vec<(String, u32)> {
    match &options.work {
        Work::Mix(mix) => mix
            .iter()
            .map(|(command, weight)| (command.title(), *weight))
            .collect(),
        tests => panic!("{tests:?}"),
    }
}

fn title(title: &str, weight: u32) -> (String, u32) {
    (title.to_string(), weight)
}

#[test]
fn without_flags_it_is_redis_benchmark_at_the_port_of_the_course() {
    let options = options("");
    assert_eq!(options.job, Job::Load);
    assert_eq!(
        options.load.target,
        crate::target::Target::tcp("127.0.0.1", 6380)
    );
    let all: Vec<&str> = TESTS.iter().map(|test| test.name).collect();
    assert_eq!(names(&options), all.join(","));
    assert_eq!(
        (
            options.load.clients,
            options.load.threads,
            options.load.pipeline
        ),
        (50, 1, 1)
    );
    assert_eq!(options.load.length, Length::Requests(100_000));
    assert_eq!(options.load.warm_up, Duration::ZERO);
    assert_eq!((options.keys, options.seed), (0, 0));
    assert_eq!(options.sizes, Sizes { least: 3, most: 3 });
    assert_eq!(options.pattern, KeyPattern::Uniform);
    assert_eq!(options.load.pace, None);
    assert!(
        options.load.keep_alive && !options.load.sliding && !options.load.verify && !options.repeat
    );
    assert_eq!((options.format, options.precision), (Format::Table, 3));
    assert_eq!(
        (options.json, options.hdr, options.html),
        (None, None, None)
    );
    assert!(!options.may_empty);
}

#[test]
fn a_comparison_has_defaults_of_its_own() {
    for (line, tests, rounds, turn, may_empty) in [
        ("--versus h:1", "set,get", 7, 500, false),
        ("--compare server", "set,get,incr,lpush", 5, 400, true),
        ("--ladder directory", "set,get", 5, 500, true),
    ] {
        let options = options(line);
        assert_eq!(names(&options), tests, "{line}");
        assert_eq!(
            (options.rounds, options.may_empty),
            (rounds, may_empty),
            "{line}"
        );
        assert_eq!(
            options.sizes,
            Sizes {
                least: 16,
                most: 16
            },
            "{line}"
        );
        assert_eq!((options.keys, options.seed), (100_000, 0), "{line}");
        assert_eq!(
            options.load.length,
            Length::Time(Duration::from_millis(turn)),
            "{line}"
        );
        assert_eq!(options.load.warm_up, Duration::from_millis(100), "{line}");
    }
    let line = "-d 5 -r 7 -t get --duration 2 --warmup 0 --rounds 3 -c 4 --seed 9";
    let options = options(&format!("{line} --compare server"));
    assert_eq!(names(&options), "get");
    assert_eq!(
        (
            options.rounds,
            options.keys,
            options.load.clients,
            options.seed
        ),
        (3, 7, 4, 9)
    );
    assert_eq!(options.sizes, Sizes { least: 5, most: 5 });
    assert_eq!(options.load.length, Length::Time(Duration::from_secs(2)));
    assert_eq!(options.load.warm_up, Duration::ZERO);
}

#[test]
fn flags_of_the_server() {
    let target = options("-h ::1 -p 7 -a secret --user me --dbnum 4 -3")
        .load
        .target;
    assert_eq!(target.address, tcp("::1", 7));
    assert_eq!(target.user.as_deref(), Some("me"));
    assert_eq!(target.password.as_deref(), Some("secret"));
    assert_eq!((target.database, target.resp3), (4, true));
    for line in ["-s ./socket -h h -p 1", "-h h -p 1 -s ./socket"] {
        assert_eq!(
            options(line).load.target.address,
            Address::Unix("./socket".into())
        );
    }
}

#[test]
fn a_uri_counts_as_the_flags_in_its_place() {
    let target = options("-u redis://me:secret@h:7/2").load.target;
    assert_eq!(target.address, tcp("h", 7));
    assert_eq!(target.user.as_deref(), Some("me"));
    assert_eq!(target.password.as_deref(), Some("secret"));
    assert_eq!(target.database, 2);
    // What comes later holds, and what it leaves out stays.
    assert_eq!(
        options("-u redis://h:7 -p 8").load.target.address,
        tcp("h", 8)
    );
    assert_eq!(
        options("-p 8 -u redis://h").load.target.address,
        tcp("h", 8)
    );
    assert_eq!(options("-u redis://h").load.target.address, tcp("h", 6380));
    let target = options("--user me -u redis://secret@h").load.target;
    assert_eq!(target.user.as_deref(), Some("me"));
}

#[test]
fn flags_of_the_load() {
    let load = options("-c 8 --threads 2 -n 5 -P 16 --sliding --warmup 0.25 -l");
    assert_eq!(
        (load.load.clients, load.load.threads, load.load.pipeline),
        (8, 2, 16)
    );
    assert_eq!(load.load.length, Length::Requests(5));
    assert_eq!(load.load.warm_up, Duration::from_millis(250));
    assert!(load.load.sliding && load.repeat);
    assert_eq!(
        options("--duration 1.5").load.length,
        Length::Time(Duration::from_millis(1500))
    );
    assert!(!options("-k 0").load.keep_alive);
    assert!(options("-k 1").load.keep_alive);
    assert_eq!(options("-I -c 9").job, Job::Idle);
    assert_eq!(options("-c 2 --threads 8").load.threads, 2);
}

#[test]
fn tests_run_in_their_own_order_each_once() {
    assert_eq!(names(&options("-t get,SET,set")), "set,get");
    assert_eq!(names(&options("-t set,,get,")), "set,get");
    assert_eq!(names(&options("-t ping")), "ping_inline,ping_mbulk");
    let lrange = ",lrange_100,lrange_300,lrange_500,lrange_600";
    assert_eq!(names(&options("-t LRange,lrange_300")), lrange);
    for test in TESTS.iter().filter(|test| !test.name.is_empty()) {
        // What fills the list has no name.
        let named = names(&options(&format!("-t {}", test.name)));
        assert_eq!(named.trim_start_matches(','), test.name);
        assert_eq!(named.starts_with(','), test.name.starts_with("lrange"));
    }
}

#[test]
fn flags_of_what_is_sent() {
    let sent = options("-r 1000 --seed 18446744073709551615 -d 1-512 --verify");
    assert_eq!((sent.keys, sent.seed), (1000, u64::MAX));
    assert_eq!(
        sent.sizes,
        Sizes {
            least: 1,
            most: 512
        }
    );
    assert!(sent.load.verify);
    assert_eq!(options("-d 7").sizes, Sizes { least: 7, most: 7 });
}

#[test]
fn patterns_have_names_and_some_a_number() {
    let gauss = |deviation| KeyPattern::Gauss { deviation };
    let zipf = |exponent| KeyPattern::Zipf { exponent };
    for (text, pattern) in [
        ("uniform", KeyPattern::Uniform),
        ("sequential", KeyPattern::Sequential),
        ("gauss", gauss(1.0 / 6.0)),
        ("gauss:0.25", gauss(0.25)),
        ("zipf", zipf(0.99)),
        ("zipf:1.5", zipf(1.5)),
    ] {
        assert_eq!(
            options(&format!("-r 9 --key-pattern {text}")).pattern,
            pattern
        );
    }
}

#[test]
fn a_mix_has_tests_with_weights() {
    let sent = mix(&options("--mix GET=9,set=1"));
    assert_eq!(
        sent,
        [
            title("GET key:__rand_int__", 9),
            title("SET key:__rand_int__ __data__", 1)
        ]
    );
}

#[test]
fn commands_have_a_weight_behind_them() {
    let line = |text: &str| ["--command".into(), text.into()];
    let mut args = line(r#"SET "a b" __data__"#).to_vec();
    args.extend(words("--command-ratio 3"));
    args.extend(line("PING"));
    let Work::Mix(mix) = options_of(args).work else {
        panic!()
    };
    let first = (Command::of(["SET", "a b", "__data__"]), 3);
    assert_eq!(mix, [first, (Command::of(["PING"]), 1)]);
}

#[test]
fn a_command_at_the_end_takes_all_words_behind_it() {
    let options = options("-q -c 3 SET key:__rand_int__ -c --help -n 5");
    assert_eq!(
        mix(&options),
        [title("SET key:__rand_int__ -c --help -n 5", 1)]
    );
    assert_eq!(
        (options.load.clients, options.load.length),
        (3, Length::Requests(100_000))
    );
    // Two dashes end the flags.
    assert_eq!(mix(&self::options("-- -odd")), [title("-odd", 1)]);
    // Any bytes, and words that are empty.
    let args = vec![
        "ECHO".into(),
        OsString::from_vec(vec![0xFF, b' ']),
        "".into(),
    ];
    let Work::Mix(mix) = options_of(args).work else {
        panic!()
    };
    assert_eq!(mix[0].0.args, [b"ECHO".to_vec(), vec![0xFF, b' '], vec![]]);
}

#[test]
fn flags_of_the_open_loop_and_of_the_output() {
    let open = options("--rate 1500.5 --arrivals poisson");
    let pace = |rate, arrivals| Some(Pace { rate, arrivals });
    assert_eq!(open.load.pace, pace(1500.5, Arrivals::Poisson));
    assert_eq!(
        options("--rate 1 --arrivals constant -P 1").load.pace,
        pace(1.0, Arrivals::Constant)
    );
    for both in ["-q --csv", "--csv -q"] {
        assert_eq!(options(both).format, Format::Csv, "{both}");
    }
    let output = options("-q --precision 0 --json a --hdr b --report c");
    assert_eq!((output.format, output.precision), (Format::Quiet, 0));
    assert_eq!(output.json, Some(PathBuf::from("a")));
    assert_eq!(output.hdr, Some(PathBuf::from("b")));
    assert_eq!(output.html, Some(PathBuf::from("c")));
    assert_eq!(options("--csv").format, Format::Csv);
}

#[test]
fn flags_of_a_comparison() {
    for (text, address) in [
        ("h:7", tcp("h", 7)),
        ("[::1]:7", tcp("::1", 7)),
        ("./socket", Address::Unix("./socket".into())),
        ("./socket", Address::Unix("./socket".into())),
    ] {
        let options = options(&format!("--versus {text} --flush -P 16 -p 7000"));
        assert_eq!(options.job, Job::Versus(address));
        assert!(options.may_empty);
        assert_eq!(options.load.target.address, tcp("127.0.0.1", 7000));
    }
    assert_eq!(options("--compare a/b").job, Job::Compare("a/b".into()));
    assert_eq!(options("--ladder a/b").job, Job::Ladder("a/b".into()));
}
