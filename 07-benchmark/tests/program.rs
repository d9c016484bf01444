//! The program from outside: what it prints and writes, and its exit codes.

mod outside;

use outside::{Directory, Ended, Toy, json, name, refusing, run, store};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

const OK: Option<i32> = Some(0);
const FAILED: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);

#[test]
fn a_run_that_went_well_ends_with_0() {
    let toy = Toy::honest();
    let ended = run(&["-p", &toy.port(), "-t", "set,get", "-n", "500", "-q"]);
    assert_eq!((ended.code, ended.errors.as_str()), (OK, ""), "{ended:?}");
    let lines: Vec<&str> = ended.output.lines().collect();
    assert_eq!(lines.len(), 3, "{ended:?}");
    assert!(lines[0].starts_with("SET: ") && lines[0].contains(" requests per second, p50="));
    assert!(lines[1].starts_with("GET: "));
    assert_eq!(run(&["--help"]).code, OK);
    assert_eq!(run(&["--version"]).code, OK);
}

#[test]
fn requests_that_fail_have_no_figures_and_end_with_1() {
    let toy = Toy::start(refusing);
    let port = toy.port();
    let arguments = ["-p", &port, "-n", "300", "GET", "a"];
    let with = |flag: &'static str| run(&[&[flag], &arguments[..]].concat());
    let why =
        "GET a: ERRORS: 300 requests failed; 300 of kind WRONGTYPE, such as: WRONGTYPE not so\n";
    let quiet = with("-q");
    assert_eq!((quiet.code, quiet.output.as_str()), (FAILED, why));
    let csv = with("--csv");
    let row = csv.output.lines().nth(1).unwrap();
    assert_eq!(row, r#""GET a","ERRORS","","","","","","""#);
    assert_eq!((csv.code, csv.errors.as_str()), (FAILED, why));
    let table = run(&arguments);
    assert_eq!(table.code, FAILED);
    let failed = "  FAILED: 300 (WRONGTYPE), such as: WRONGTYPE not so\n";
    assert!(table.output.contains(failed), "{table:?}");
}

#[test]
fn a_comparison_that_breaks_off_writes_what_it_had() {
    let (sound, mut strings) = (Toy::honest(), store(|value| value));
    let broken = Toy::start(move |request| match name(request).as_str() {
        "INCR" => "-ERR broken\r\n".to_string(),
        _ => strings(request),
    });
    let directory = Directory::new();
    let file = directory.file("found.json");
    let other = format!("127.0.0.1:{}", broken.port());
    let page = directory.file("found.html");
    let port = sound.port();
    let files = ["--json", &file, "--report", &page];
    let servers = [&["-p", &port, "--versus", &other][..], &files].concat();
    let flags = ["-t", "set,incr", "--rounds", "1", "--duration", "0.3"];
    let ended = run(&[&servers[..], &flags].concat());
    assert_eq!(ended.code, FAILED, "{ended:?}");
    assert!(ended.errors.contains("ERR broken"), "{ended:?}");
    let found = json(&file);
    // Nobody interrupted it.
    let said = "Broken off. Rounds measured: SET -P 1: 1 of 1.";
    assert!(ended.output.contains(said), "{ended:?}");
    assert_eq!(found["interrupted"], false);
    let reason = found["broken_off"].as_str().unwrap();
    assert_eq!(ended.errors, format!("error: {reason}\n"));
    assert_eq!(found["comparison"]["cases"][0]["title"], "SET -P 1");
    assert_eq!(found["comparison"]["cases"].as_array().unwrap().len(), 1);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<h1>Broken off: ") && !page.contains("nterrupted"));
}

#[test]
fn a_row_without_replies_says_why() {
    let toy = Toy::start(|_| {
        thread::sleep(Duration::from_millis(300));
        "+OK\r\n".to_string()
    });
    let port = toy.port();
    let ended = run(&["-p", &port, "-c", "1", "--duration", "0.05", "PING"]);
    let why = "PING: INVALID: no reply came in the time measured\n";
    assert_eq!(ended.code, FAILED, "{ended:?}");
    assert!(ended.output.contains(why), "{ended:?}");
    let paced = [
        "--rate",
        "1",
        "--arrivals",
        "poisson",
        "--duration",
        "0.001",
    ];
    let ended = run(&[&["-p", &port, "-c", "1"], &paced[..], &["PING"]].concat());
    let why = "PING: INVALID: no request was due in the time measured\n";
    assert!(ended.output.contains(why), "{ended:?}");
}

#[test]
fn a_schedule_that_is_not_held_ends_with_1() {
    let (toy, directory) = (Toy::honest(), Directory::new());
    let [file, page, log] = ["a.json", "a.html", "a.hlog"].map(|name| directory.file(name));
    let flags = ["--rate", "5000000", "--duration", "0.3", "-t", "get", "-q"];
    let files = ["--json", &file, "--report", &page, "--hdr", &log];
    let ended = run(&[&["-p", &toy.port()], &flags[..], &files].concat());
    assert_eq!(ended.code, FAILED, "{ended:?}");
    let reason = ended.output.lines().next().unwrap();
    let reason = reason.strip_prefix("GET: INVALID: ").unwrap();

    // The same in the files, and no figures.
    let found = &json(&file)["runs"][0];
    assert_eq!(found["invalid"], reason);
    assert!(found["replies_per_s"].is_null() && found["response"].is_null());
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains("<title>INVALID: GET at 5,000,000 requests per second</title>")
            && page.contains(reason)
    );
    assert!(!page.contains("/response/") && !page.contains("<svg"));
    let log = fs::read_to_string(log).unwrap();
    let last = log.lines().last().unwrap();
    assert_eq!(last, format!("#[INVALID: GET: {reason}]"));
    assert!(!log.contains("HISTF"), "{log}");
}

#[test]
fn what_can_not_be_measured_says_why() {
    let taken = Toy::honest();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = gone.local_addr().unwrap().port().to_string();
    drop(gone);
    let unknown = run(&["-p", &taken.port(), "-a", "secret", "-t", "get"]);
    assert!(unknown.errors.contains("AUTH failed"), "{unknown:?}");
    let missing = run(&["-p", &port]);
    assert!(
        missing.errors.contains("is the server running?"),
        "{missing:?}"
    );
    let versus = run(&[
        "-p",
        &taken.port(),
        "--versus",
        &format!("127.0.0.1:{port}"),
    ]);
    for ended in [unknown, missing, versus] {
        assert_eq!((ended.code, ended.output.as_str()), (FAILED, ""));
        assert!(ended.errors.starts_with("error: "));
    }
    for wrong in [
        &["-c", "0"][..],
        &["-t", "nothing"],
        &["--nothing"],
        &["-x"],
    ] {
        let ended = run(wrong);
        assert_eq!(
            (ended.code, ended.output.as_str()),
            (USAGE, ""),
            "{wrong:?}"
        );
    }
    let many = run(&["-p", &taken.port(), "-c", "100000", "-n", "1"]);
    if many.code == FAILED {
        assert!(many.errors.contains("open files"), "{many:?}");
    }
}

#[test]
fn a_file_that_can_not_be_written_shows_before_the_run() {
    let directory = Directory::new();
    let toy = Toy::honest();
    let path = directory.file("missing/file");
    for flag in ["--json", "--report", "--hdr"] {
        let ended = run(&["-p", &toy.port(), "-t", "set", "-n", "10", flag, &path]);
        assert_eq!((ended.code, ended.output.as_str()), (FAILED, ""), "{flag}");
        assert!(ended.errors.contains(&path), "{ended:?}");
    }
    assert_eq!(toy.count("SET"), 0);
}

/// GET of fifty keys with `--verify`, and more flags.
fn verify(toy: &Toy, more: &[&str]) -> Ended {
    let flags = ["-t", "get", "-r", "50", "-n", "500", "--verify", "-q"];
    run(&[&["-p", &toy.port()], &flags[..], more].concat())
}

#[test]
fn verify_finds_the_value_of_another_key() {
    // The default size has no room for a whole number.
    for size in [&["-d", "32"][..], &[], &["-d", "2-20"]] {
        assert_eq!(verify(&Toy::honest(), size).code, OK);
        // Every tenth GET is answered with what the one before it found.
        let (mut last, mut count) = (Vec::new(), 0);
        let mixed_up = Toy::start(store(move |value| {
            count += 1;
            let before = std::mem::replace(&mut last, value.clone());
            if count % 10 == 0 { before } else { value }
        }));
        let ended = verify(&mixed_up, size);
        assert_eq!(ended.code, FAILED, "{ended:?}");
        assert!(ended.output.contains("of kind wrong reply"), "{ended:?}");
    }
}

#[test]
fn verify_finds_that_a_key_was_lost() {
    // A server that forgets, once. The keys are written before anything is read.
    let forgetful = || {
        let (mut store, mut gets) = (store(|value| value), 0);
        Toy::start(move |request| {
            gets += u32::from(name(request) == "GET");
            if gets == 50 {
                store(&vec![b"FLUSHDB".to_vec()]);
            }
            store(request)
        })
    };
    let ended = verify(&forgetful(), &[]);
    assert_eq!(ended.code, FAILED, "{ended:?}");
    let example = ", was answered by nil, though the key was written before\n";
    assert!(ended.output.contains(example), "{ended:?}");
    // Where the workload itself may have removed it, nothing is wrong, nor without --verify.
    let toy = forgetful();
    let flags = ["-p", &toy.port(), "-r", "50", "-n", "500", "-q"];
    let get = ["--command", "GET key:__rand_int__"];
    let flush = ["--command", "FLUSHDB", "--verify"];
    assert_eq!(run(&[&flags[..], &get, &flush].concat()).code, OK);
    assert_eq!(run(&[&flags[..], &get].concat()).code, OK);
    // Nobody has written this one.
    let unknown = ["--verify", "GET", "a"];
    assert_eq!(run(&[&flags[..], &unknown].concat()).code, OK);
}

#[test]
fn what_verify_reads_was_written_before() {
    let toy = || {
        let (mut store, mut list) = (store(|value| value), vec!["$3\r\nold\r\n".to_string()]);
        Toy::start(move |request| match name(request).as_str() {
            "LPUSH" => {
                list.insert(
                    0,
                    format!("$3\r\n{}\r\n", String::from_utf8_lossy(&request[2])),
                );
                format!(":{}\r\n", list.len())
            }
            "LRANGE" => format!("*2\r\n{}", list.iter().take(2).cloned().collect::<String>()),
            _ => store(request),
        })
    };
    // A list beside keys; an older element is behind those that are asked for.
    let get = ["--command", "GET key:__rand_int__"];
    let flags = ["-r", "50", "-n", "500", "-q", "--verify"];
    let lrange = ["--command", "LRANGE mylist 0 1"];
    let ended = run(&[&["-p", &toy().port()], &flags[..], &get, &lrange].concat());
    assert_eq!(ended.code, OK, "{ended:?}");
    // What grows is removed after a turn, together with the keys.
    let (a, b) = (toy(), toy());
    let (port, other) = (a.port(), b.address.to_string());
    let servers = ["-p", &port, "--versus", &other, "--flush", "--verify"];
    let flags = [
        "--mix",
        "get=1,lpush=1",
        "-r",
        "50",
        "--rounds",
        "1",
        "--duration",
        "0.1",
    ];
    let ended = run(&[&servers[..], &flags].concat());
    assert_eq!(ended.code, OK, "{ended:?}");
}

#[test]
fn verify_refuses_numbers_that_can_not_be() {
    for (test, reply) in [
        ("incr", ":0"),
        ("lpush", ":0"),
        ("sadd", ":2"),
        ("zpopmin", "*1\r\n:1"),
    ] {
        // It is good while the counters are written, which the test does first.
        let mut counted = 0;
        let toy = Toy::start(move |request| {
            counted += u32::from(name(request) == "INCR");
            match counted {
                1 => ":1\r\n".to_string(),
                _ => format!("{reply}\r\n"),
            }
        });
        let ended = run(&["-p", &toy.port(), "-t", test, "-n", "10", "--verify", "-q"]);
        assert_eq!(ended.code, FAILED, "{ended:?}");
        assert!(ended.output.contains("10 of kind wrong reply"), "{ended:?}");
    }
}

#[test]
fn a_wrong_reply_is_shown_with_its_command() {
    let toy = Toy::start(|_| "+PANG\r\n".to_string());
    let flags = ["-t", "ping", "-n", "10", "--verify", "-q"];
    let ended = run(&[&["-p", &toy.port()], &flags[..]].concat());
    assert_eq!(ended.code, FAILED, "{ended:?}");
    let example = "such as: PING was answered by +PANG\n";
    assert_eq!(ended.output.matches(example).count(), 2, "{ended:?}");
}

#[test]
fn without_consent_nothing_piles_up() {
    let (a, b) = (Toy::honest(), Toy::honest());
    let other = b.address.to_string();
    let ended = run(&["-p", &a.port(), "--versus", &other, "-t", "lpush"]);
    assert_eq!(ended.code, FAILED, "{ended:?}");
    assert!(ended.errors.contains("without FLUSHDB"), "{ended:?}");
    assert_eq!((a.count("LPUSH"), b.count("LPUSH")), (0, 0));
}

#[test]
fn databases_are_emptied_only_with_consent() {
    for (flush, emptied) in [(None, false), (Some("--flush"), true)] {
        let (a, b) = (Toy::honest(), Toy::honest());
        let other = b.address.to_string();
        let (port, quick) = (
            a.port(),
            ["--duration", "0.3", "--warmup", "0", "--rounds", "1"],
        );
        let flags = ["-p", &port, "--versus", &other, "-t", "set", "-r", "10"];
        let ended = run(&[&flags[..], &quick, flush.as_slice()].concat());
        assert_eq!(ended.code, OK, "{ended:?}");
        for toy in [a, b] {
            assert_eq!(toy.count("FLUSHDB") > 0, emptied, "{ended:?}");
            assert_eq!(toy.count("FLUSHALL"), 0);
            assert!(toy.count("SET") > 10);
        }
        let said = ended.output.contains("The databases are not emptied");
        assert_eq!(said, !emptied, "{ended:?}");
    }
}

#[test]
fn a_number_of_requests_is_exact() {
    let toy = Toy::honest();
    let flags = [
        "-n",
        "1003",
        "-c",
        "7",
        "-P",
        "16",
        "--threads",
        "2",
        "-q",
        "INCR",
        "a",
    ];
    let ended = run(&[&["-p", &toy.port()], &flags[..]].concat());
    assert_eq!(ended.code, OK, "{ended:?}");
    assert_eq!(toy.count("INCR"), 1003);
}

#[test]
fn the_table_the_json_and_the_page_agree() {
    let directory = Directory::new();
    let (file, page) = (directory.file("a.json"), directory.file("a.html"));
    let toy = Toy::honest();
    let flags = [
        "-t", "set,get", "-n", "3000", "--json", &file, "--report", &page,
    ];
    let ended = run(&[&["-p", &toy.port()], &flags[..]].concat());
    assert_eq!(ended.code, OK, "{ended:?}");
    let (findings, page) = (json(&file), fs::read_to_string(page).unwrap());
    for (place, title) in ["SET", "GET"].into_iter().enumerate() {
        let run = &findings["runs"][place];
        assert_eq!(
            (run["title"].as_str(), run["replies"].as_u64()),
            (Some(title), Some(3000))
        );
        let row = ended.output.lines().find(|line| line.starts_with(title));
        let cells: Vec<&str> = row.unwrap().split_whitespace().collect();
        let rate = run["replies_per_s"].as_f64().unwrap();
        let printed: f64 = cells[1].replace(',', "").parse().unwrap();
        assert!((printed - rate).abs() <= rate / 100.0, "{printed} {rate}");
        let kept = ["p50_ms", "p95_ms", "p99_ms", "p99_9_ms", "max_ms"];
        for (cell, name) in cells[2..].iter().zip(kept) {
            let latency = run["response"][name].as_f64().unwrap();
            assert_eq!(*cell, format!("{latency:.3}"), "{name}");
            let marked = format!("data-at=\"/runs/{place}/response/{name}\">");
            let shown = page
                .split(&marked)
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap();
            let shown: f64 = shown.replace(',', "").parse().unwrap();
            assert!(
                (shown - latency).abs() <= latency / 100.0,
                "{name} {shown} {latency}"
            );
        }
    }
}

/// The browser that shows pages, where there is one.
fn browser() -> Option<&'static str> {
    let mut names = ["chromium", "chromium-browser", "google-chrome"].into_iter();
    names.find(|name| {
        let mut command = Command::new(name);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

#[test]
fn a_report_opens_in_a_browser() {
    let Some(browser) = browser() else {
        return eprintln!("skipped: there is no chromium");
    };
    let directory = Directory::new();
    let (page, profile) = (directory.file("a.html"), directory.file("profile"));
    let toy = Toy::honest();
    let ended = run(&[
        "-p",
        &toy.port(),
        "-t",
        "set",
        "-n",
        "300",
        "-q",
        "--report",
        &page,
    ]);
    assert_eq!(ended.code, OK, "{ended:?}");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={profile}"))
        .arg(format!("file://{page}"))
        .stderr(Stdio::null())
        .output();
    let dom = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(dom.contains("data-at=\"/runs/0/replies_per_s\""), "{dom}");
    assert!(dom.contains("</svg>") && dom.trim_end().ends_with("</html>"));
}

/// What the program shows on a terminal of 80 columns that is of this kind; `None` where there is no `script`,
/// or another one than that of Linux.
fn on_a_terminal(kind: &str, arguments: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_step07-benchmark");
    let line = format!("stty cols 80; '{program}' {arguments}");
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", kind)
        .stdin(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[test]
fn a_table_fits_its_terminal_and_a_dumb_one_gets_only_text() {
    let toy = Toy::honest();
    let (port, other) = (toy.port(), Toy::honest());
    let run = format!("-p {port} -t set --duration 0.5");
    let Some(shown) = on_a_terminal("dumb", &run) else {
        return eprintln!("skipped: there is no script that starts a terminal");
    };
    let versus = format!(
        "-p {port} --versus {} -t set --rounds 1 --duration 0.3",
        other.address
    );
    let compared = on_a_terminal("dumb", &versus).unwrap();
    for text in [shown, compared] {
        assert!(text.contains("requests/s"), "{text}");
        assert!(!text.contains('\x1b'), "{text:?}");
        for line in text.lines() {
            assert!(line.trim_end().chars().count() <= 80, "{line}");
        }
    }
    assert!(on_a_terminal("xterm", &run).unwrap().contains("\x1b[K"));
}
