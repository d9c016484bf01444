//! Made-up findings that look like real ones, for the tests of the reports.
//!
//! `REPORT_SAMPLES=DIRECTORY cargo test -p step07-benchmark --lib samples` writes them as pages, to be looked at.

mod behaviour;
mod comparisons;

use crate::engine::{CommandTally, Errors, Measured, Punctuality, latencies};
use crate::report::model::{Bound, Comparison, Estimate, Findings, Machine, Run, Server, Verdict};
use behaviour::{Behaviour, STEADY, take};
pub use comparisons::{broken_off, comparison, interrupted, quick_comparison};
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

/// All of them, with names.
pub fn all() -> &'static [(&'static str, Findings)] {
    &ALL
}

static ALL: LazyLock<Vec<(&str, Findings)>> = LazyLock::new(|| {
    vec![
        ("closed", closed_loop()),
        ("open", open_loop()),
        ("invalid", invalid()),
        ("mix", mix()),
        ("tests", many_tests()),
        ("comparison", comparison()),
        ("interrupted", interrupted()),
        ("broken off", broken_off()),
        ("errors", with_errors()),
        ("silent", silent()),
        ("hostile", hostile()),
        ("long", long()),
        ("single", one_sample()),
        ("nothing", findings(Vec::new(), None)),
        ("quick", quick_comparison()),
    ]
});

fn findings(runs: Vec<Run>, comparison: Option<Comparison>) -> Findings {
    let pair = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
    let settings = [
        (
            "command line",
            "step07-benchmark -t get -c 50 --json a.json --report a.html",
        ),
        ("connections", "50"),
        ("pipeline", "1"),
        ("value size", "16 bytes"),
        ("keys", "100,000, uniform"),
        ("seed", "7"),
        ("threads", "1"),
    ];
    let server = |name: &str, port: u16| Server {
        name: name.to_string(),
        address: format!("127.0.0.1:{port}"),
        settings: [("maxmemory", "0"), ("appendonly", "no"), ("save", "")]
            .map(pair)
            .to_vec(),
    };
    let mut servers = vec![server("redis-server 7.0.15", 6379)];
    servers.extend(
        comparison
            .is_some()
            .then(|| server("step06-commands-persistence", 6380)),
    );
    Findings {
        generator: "step07-benchmark 0.1.0".to_string(),
        began: UNIX_EPOCH + Duration::from_millis(1_798_761_599_250),
        machine: Machine {
            system: "Linux 6.1.0".to_string(),
            processor: Some("Example CPU @ 2.90GHz".to_string()),
            cores: 2,
            memory: Some(8 << 30),
        },
        settings: settings.map(pair).to_vec(),
        servers,
        runs,
        comparison,
        interrupted: false,
        broken_off: None,
    }
}

fn run(title: &str, measured: Measured, bound: Bound) -> Run {
    Run {
        title: title.to_string(),
        measured,
        server_cpu: Some(Duration::from_nanos(6_880)),
        server_share: Some(0.61),
        bound,
    }
}

/// One test, nothing special.
pub fn closed_loop() -> Findings {
    findings(vec![run("GET", STEADY.measured(), Bound::Server)], None)
}

/// A fixed rate, and a server that stands still for 400 ms.
pub fn open_loop() -> Findings {
    let stall = Behaviour {
        stall: Some((4.2, 4.6)),
        throughput: 50_000.0,
        median_ms: 0.2,
        ..STEADY
    };
    findings(
        vec![run("GET", stall.open(50_000.0), Bound::Schedule)],
        None,
    )
}

/// A fixed rate that was not held.
pub fn invalid() -> Findings {
    let mut findings = open_loop();
    if let Some(schedule) = &mut findings.runs[0].measured.schedule {
        schedule.invalid = Some(
            "requests were written up to 48 ms late: the load generator could not keep up"
                .to_string(),
        );
        schedule.late_max = 48_000_000;
        schedule.late_p99 = 12_000_000;
    }
    findings
}

/// Three commands that come mixed.
pub fn mix() -> Findings {
    let mut measured = STEADY.measured();
    let commands = [
        ("GET __rand_key__", 0.5),
        ("SET __rand_key__ __data__", 0.7),
        ("LRANGE mylist 0 99", 2.5),
    ];
    measured.commands = commands
        .into_iter()
        .zip(2..)
        .map(|((title, median_ms), seed)| {
            let behaviour = Behaviour {
                seed,
                median_ms,
                seconds: 2.0,
                ..STEADY
            };
            let Measured {
                replies, response, ..
            } = behaviour.measured();
            CommandTally {
                title: title.to_string(),
                replies,
                response,
            }
        })
        .collect();
    findings(vec![run("mix", measured, Bound::Client)], None)
}

/// As many tests as the program runs without `-t`.
pub fn many_tests() -> Findings {
    let titles = [
        "PING_INLINE",
        "PING_MBULK",
        "SET",
        "GET",
        "INCR",
        "LPUSH",
        "RPUSH",
        "LPOP",
        "SADD",
        "HSET",
        "LRANGE_100 (first 100 elements)",
        "MSET (10 keys)",
    ];
    let runs = titles.iter().zip(1..).map(|(title, seed)| {
        let slow = if seed > 10 {
            3.0
        } else {
            1.0 + seed as f64 / 40.0
        };
        let behaviour = Behaviour {
            seed,
            seconds: 1.2,
            throughput: STEADY.throughput / slow,
            median_ms: STEADY.median_ms * slow,
            ..STEADY
        };
        let bound = if seed % 5 == 0 {
            Bound::Client
        } else {
            Bound::Server
        };
        run(title, behaviour.measured(), bound)
    });
    findings(runs.collect(), None)
}

/// Two tests, one of which fails now and then.
pub fn with_errors() -> Findings {
    let mut measured = STEADY.measured();
    let mut errors = Errors::default();
    errors.add("OOM", 1_234, || {
        "OOM command not allowed when used memory > 'maxmemory'.".to_string()
    });
    errors.add("disconnected", 3, || "connection reset by peer".to_string());
    measured.errors = errors;
    for interval in measured.intervals.iter_mut().skip(40).take(12) {
        interval.errors = 103;
    }
    measured.clipped = 2;
    measured.misses = 17;
    let get = run(
        "GET",
        Behaviour { seed: 9, ..STEADY }.measured(),
        Bound::Neither,
    );
    findings(vec![run("SET", measured, Bound::Server), get], None)
}

/// A server that never answers well.
pub fn silent() -> Findings {
    let mut measured = Measured {
        time: Duration::from_secs(1),
        all_replies: 500,
        ..Measured::default()
    };
    measured
        .errors
        .add("ERR", 500, || "ERR unknown command 'GET'".to_string());
    for step in 0..10 {
        let begin = Duration::from_millis(100 * step);
        take(
            &mut measured,
            begin,
            Duration::from_millis(100),
            &latencies(),
        );
    }
    findings(vec![run("GET", measured, Bound::Unknown)], None)
}

/// A single reply, in no time.
pub fn one_sample() -> Findings {
    let mut histogram = latencies();
    histogram.record(60_000_000_000).unwrap();
    let mut measured = Measured {
        clipped: 1,
        ..Measured::default()
    };
    take(&mut measured, Duration::ZERO, Duration::ZERO, &histogram);
    findings(vec![run("GET", measured, Bound::Unknown)], None)
}

/// Ten minutes in tenths of a second.
pub fn long() -> Findings {
    let long = Behaviour {
        seconds: 600.0,
        throughput: 2_000.0,
        stall: Some((300.0, 300.3)),
        ..STEADY
    };
    findings(vec![run("GET", long.open(2_000.0), Bound::Schedule)], None)
}

/// What a page does with it must not be what it says.
pub const HOSTILE: &str =
    "</title></style></svg><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&\u{202e}\0";

/// Every text is hostile.
pub fn hostile() -> Findings {
    let text = || HOSTILE.to_string();
    let pair = || (text(), text());
    let mut findings = with_errors();
    let spoil = |(index, run): (usize, &mut Run)| {
        run.title = text();
        run.measured.errors.add(HOSTILE, 1, text);
        let response = run.measured.response.clone();
        run.measured.commands = vec![CommandTally {
            title: text(),
            replies: response.len(),
            response,
        }];
        // The second one has figures, and so pictures.
        let invalid = (index == 0).then(text);
        run.measured.schedule = Some(Punctuality {
            rate: f64::NAN,
            due: 1,
            late_p99: 2,
            late_max: 3,
            invalid,
        });
    };
    findings.runs.iter_mut().enumerate().for_each(spoil);
    findings.generator = text();
    findings.machine.system = text();
    findings.machine.processor = Some(text());
    findings.settings = vec![pair()];
    findings.servers = vec![Server {
        name: text(),
        address: text(),
        settings: vec![pair()],
    }];
    let mut comparison = comparison().comparison.unwrap();
    comparison.remarks = vec![text()];
    for case in comparison.cases.iter_mut().chain(&mut comparison.noise) {
        case.title = text();
        case.sides.iter_mut().for_each(|side| side.name = text());
        case.throughput = Estimate {
            ratio: f64::NAN,
            interval: Some((f64::NAN, f64::INFINITY)),
            verdict: Verdict::Slower,
        };
    }
    findings.comparison = Some(comparison);
    findings
}
