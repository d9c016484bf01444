//! What scripts know of redis-benchmark, held against the real one.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};
use step07_benchmark::cli::{self, Invocation};
use step07_benchmark::engine::Measured;
use step07_benchmark::options::{Format, Options, Work};
use step07_benchmark::report::lines;

/// How long the server may take to come up.
const DEADLINE: Duration = Duration::from_secs(20);

/// A redis-server on a socket in a directory of its own; ends when dropped.
struct Redis {
    child: Child,
    directory: PathBuf,
}

impl Redis {
    /// Starts one. `None` where Redis is not installed.
    fn start() -> Option<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        installed_version()?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("step07-redis-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket", "socket"])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { child, directory };
        redis.wait();
        Some(redis)
    }

    fn wait(&self) {
        let begin = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            assert!(begin.elapsed() < DEADLINE, "redis-server does not come up");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// The lines that redis-benchmark prints, each without what was overwritten by it.
    fn benchmark(&self, args: &[&str]) -> Vec<String> {
        let mut command = Command::new("redis-benchmark");
        command.arg("-s").arg(self.socket()).args(["-n", "1000"]);
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let last = |line: &str| line.rsplit('\r').next().unwrap().to_string();
        text.lines().map(last).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// The version of redis-benchmark. `None` where it is not installed; with `REQUIRE_REDIS=1` in the environment
/// it must be.
fn installed_version() -> Option<String> {
    match Command::new("redis-benchmark").arg("--version").output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let required = env::var("REQUIRE_REDIS").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "REQUIRE_REDIS=1, and there is no redis-benchmark"
            );
            eprintln!("skipped: there is no redis-benchmark");
            None
        }
        Err(error) => panic!("cannot start redis-benchmark: {error}"),
    }
}

fn parse(args: &[&str]) -> Result<Invocation, cli::Error> {
    cli::parse(args.iter().map(OsString::from))
}

fn options(args: &[&str]) -> Options {
    match parse(args).unwrap() {
        Invocation::Run(options) => *options,
        other => panic!("{args:?}: {other:?}"),
    }
}

/// The titles under which we report these arguments.
fn titles(args: &[&str]) -> Vec<String> {
    match options(args).work {
        Work::Mix(mix) => mix.iter().map(|(command, _)| command.title()).collect(),
        Work::Tests(tests) => tests.iter().map(|test| test.title.to_string()).collect(),
    }
}

/// Some figures, which differ in each place.
fn measured() -> Measured {
    let mut measured = Measured {
        replies: 1000,
        time: Duration::from_millis(12),
        ..Measured::default()
    };
    (1..=1000).for_each(|micros| measured.response.record(micros * 1000).unwrap());
    measured
}

/// All that we print for these arguments.
fn ours(args: &[&str]) -> Vec<String> {
    let Options { format, work, .. } = options(args);
    let line = match format {
        Format::Csv => lines::csv,
        _ => lines::quiet,
    };
    let runs = titles(args)
        .into_iter()
        .map(|title| line(&title, &measured()));
    let heading = lines::heading(format).map(str::to_string);
    let is_tests = matches!(work, Work::Tests(_));
    let ending = lines::ending(format, is_tests).map(str::to_string);
    heading.into_iter().chain(runs).chain(ending).collect()
}

/// A line with 0 in the place of each whole number, and of each digit behind a point.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    let mut is_fraction = false;
    for character in line.chars() {
        let is_digit = character.is_ascii_digit();
        if !is_digit {
            is_fraction = character == '.';
            shape.push(character);
        } else if is_fraction || !shape.ends_with('0') {
            shape.push('0');
        }
    }
    shape
}

/// Holds our lines against the real ones: the same number of them, alike in shape, with the same titles.
fn compare(redis: &Redis, args: &[&str]) {
    let (real, ours) = (redis.benchmark(args), ours(args));
    let shapes = |lines: &[String]| lines.iter().map(|line| shape(line)).collect::<Vec<_>>();
    assert_eq!(shapes(&ours), shapes(&real), "{args:?}");
    let titles = titles(args);
    let with_titles = real.iter().skip(usize::from(args.contains(&"--csv")));
    for (line, title) in with_titles.zip(titles) {
        assert!(
            line.trim_start_matches('"').starts_with(&title),
            "{line}: {title}"
        );
    }
}

#[test]
fn shapes_tell_lines_apart() {
    assert_eq!(shape("SET: 1250.00 r, p50=50.004"), "SET: 0.00 r, p0=0.000");
    assert_ne!(shape("1.00"), shape("1.000"));
    assert_eq!(shape("100.5"), shape("9.1"));
}

#[test]
fn lines_of_all_tests() {
    let Some(redis) = Redis::start() else { return };
    compare(&redis, &["-q"]);
    compare(&redis, &["--csv"]);
}

#[test]
fn lines_of_chosen_tests_come_in_the_order_of_the_tests() {
    let Some(redis) = Redis::start() else { return };
    compare(&redis, &["-q", "-t", "get,SET,set,lrange_300"]);
    compare(&redis, &["--csv", "-t", "mset,lrange,ping", "-P", "16"]);
}

#[test]
fn precision_is_not_for_these_lines() {
    let Some(redis) = Redis::start() else { return };
    compare(&redis, &["-q", "-t", "set", "--precision", "1"]);
    compare(&redis, &["--csv", "-t", "set", "--precision", "5"]);
}

#[test]
fn a_command_has_itself_as_title_and_no_empty_line_behind_it() {
    let Some(redis) = Redis::start() else { return };
    let command = ["SET", "key:__rand_int__", "a b", "EX", "10"];
    compare(&redis, &[&["-q", "-r", "10"], &command[..]].concat());
    compare(&redis, &[&["--csv", "-r", "10"], &command[..]].concat());
    // Words that look like flags belong to it.
    compare(&redis, &["-q", "ECHO", "-q"]);
    compare(&redis, &["-q", "ECHO", "say \"hi\""]);
}

/// The one line that differs on purpose.
#[test]
fn redis_benchmark_leaves_quotes_in_csv_as_they_are() {
    let Some(redis) = Redis::start() else { return };
    let args = ["--csv", "ECHO", "\"a\",b"];
    assert!(redis.benchmark(&args)[1].starts_with("\"ECHO \"a\",b\",\""));
    assert!(ours(&args)[1].starts_with("\"ECHO \"\"a\"\",b\",\""));
}

#[test]
fn each_flag_of_redis_benchmark_is_known_or_refused_by_name() {
    let Some(version) = installed_version() else {
        return;
    };
    if !version.starts_with("redis-benchmark 7.0.") {
        return eprintln!("skipped: other versions have other flags than {version}");
    }
    let output = Command::new("redis-benchmark")
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let flags = help.lines().filter_map(|line| line.strip_prefix(" -"));
    let flags: Vec<String> = flags.map(first_word).collect();
    assert!(flags.len() > 30, "{flags:?}");
    for flag in flags {
        if let Err(error) = parse(&[&flag]) {
            let error = error.to_string();
            assert!(!error.contains("no such flag"), "{error}");
        }
    }
}

fn first_word(behind_dash: &str) -> String {
    let word = behind_dash.split_whitespace().next().unwrap_or_default();
    format!("-{word}")
}

/// What our words make of a line, as redis-cli prints it after `ECHO`.
fn echoed(line: &str) -> Vec<u8> {
    let work = match parse(&["--command", line]) {
        Ok(Invocation::Run(options)) => options.work,
        _ => return b"Invalid argument(s)".to_vec(),
    };
    match work {
        Work::Mix(mix) if mix[0].0.args.len() == 2 => mix[0].0.args[1].clone(),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_line_is_cut_into_words_as_redis_cli_does() {
    let Some(redis) = Redis::start() else { return };
    for line in [
        "  ECHO\ta  ",
        r#"ECHO "a b""#,
        r#"ECHO "\x41\xfF\n\r\t\b\a\"\\\q\x1\xg0""#,
        r"ECHO 'a\n\'b\x41'",
        r#"ECHO a"b c""#,
        r#"ECHO """#,
        r"ECHO \n",
        r#"ECHO "a"b"#,
        r"ECHO 'a'b",
        r#"ECHO "a"#,
        r"ECHO 'a\'",
    ] {
        let mut redis_cli = Command::new("redis-cli")
            .arg("-s")
            .arg(redis.socket())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(redis_cli.stdin.take().unwrap(), "{line}").unwrap();
        let mut real = redis_cli.wait_with_output().unwrap().stdout;
        assert_eq!(real.pop(), Some(b'\n'), "{line}");
        assert_eq!(
            echoed(line).escape_ascii().to_string(),
            real.escape_ascii().to_string(),
            "{line}"
        );
    }
}
