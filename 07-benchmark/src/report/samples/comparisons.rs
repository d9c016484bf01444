//! Made-up comparisons of two servers.

use super::behaviour::{Behaviour, STEADY};
use super::findings;
use crate::report::model::{Bound, Case, Comparison, Estimate, Findings, Side, Verdict};
use std::time::Duration;

fn estimate(ratio: f64, half: f64, higher_is_better: bool) -> Estimate {
    let (low, high) = (ratio / half, ratio * half);
    let verdict = match (low > 1.0, high < 1.0) {
        (true, _) if higher_is_better => Verdict::Faster,
        (_, true) if !higher_is_better => Verdict::Faster,
        (false, false) => Verdict::NoDifferenceShown,
        _ => Verdict::Slower,
    };
    Estimate {
        ratio,
        interval: Some((low, high)),
        verdict,
    }
}

fn side(name: &str, behaviour: Behaviour, cpu_ns: u64, bound: Bound) -> Side {
    let two_seconds = Behaviour {
        seconds: 2.0,
        ..behaviour
    };
    let share = if bound == Bound::Client { 0.94 } else { 0.7 };
    let mut all = two_seconds.measured();
    all.own_cpu = Some(all.whole_time.mul_f64(share));
    Side {
        name: name.to_string(),
        all,
        throughputs: behaviour.turns(14),
        server_cpu: Some(Duration::from_nanos(cpu_ns)),
        server_share: Some(0.93),
        bound,
    }
}

fn case(title: &str, pipeline: usize, ratio: f64, half: f64, bound: Bound) -> Case {
    let throughput = if pipeline == 1 { 90_000.0 } else { 900_000.0 };
    let a = Behaviour {
        seed: 3,
        throughput,
        step: Duration::from_millis(500),
        median_ms: 0.6,
        ..STEADY
    };
    let b = Behaviour {
        seed: 4,
        throughput: throughput * ratio,
        median_ms: 0.6 / ratio,
        ..a
    };
    let cpu = if pipeline == 1 { 6_880 } else { 1_270 };
    Case {
        title: title.to_string(),
        pipeline,
        sides: [
            side("redis-server 7.0.15", a, cpu, Bound::Server),
            side(
                "step06-commands-persistence",
                b,
                (cpu as f64 / ratio) as u64,
                bound,
            ),
        ],
        throughput: estimate(ratio, half, true),
        p50: estimate(1.0 / ratio, half * 1.01, false),
        p99: estimate(0.9 / ratio, half * 1.2, false),
        server_cpu: Some(estimate(0.98 / ratio, 1.03, false)),
    }
}

/// Eight cases at two depths.
pub fn comparison() -> Findings {
    let noise = |pipeline: usize, half: f64| {
        let title = format!("A against itself -P {pipeline}");
        case(&title, pipeline, 1.004, half, Bound::Server)
    };
    let cases = [
        ("SET -P 1", 1, 0.972, 1.02, Bound::Server),
        ("GET -P 1", 1, 1.013, 1.02, Bound::Client),
        ("INCR -P 1", 1, 1.008, 1.03, Bound::Client),
        ("LPUSH -P 1", 1, 1.028, 1.02, Bound::Client),
        ("SET -P 16", 16, 1.87, 1.04, Bound::Server),
        ("GET -P 16", 16, 1.93, 1.05, Bound::Server),
        ("INCR -P 16", 16, 1.58, 1.06, Bound::Server),
        ("LPUSH -P 16", 16, 1.43, 1.12, Bound::Server),
    ];
    let comparison = Comparison {
        rounds: 7,
        turn: Duration::from_millis(700),
        noise: vec![noise(1, 1.03), noise(16, 1.05)],
        cases: cases
            .map(|(title, pipeline, ratio, half, bound)| case(title, pipeline, ratio, half, bound))
            .to_vec(),
        ceilings: vec![(1, 151_000.0), (16, 2_140_000.0)],
        remarks: vec!["LPUSH is left out with values above 500 bytes.".to_string()],
    };
    findings(Vec::new(), Some(comparison))
}

/// A comparison of one round: no intervals, no noise, no CPU times.
pub fn quick_comparison() -> Findings {
    let mut findings = comparison();
    let comparison = findings.comparison.as_mut().unwrap();
    comparison.noise.clear();
    comparison.ceilings.clear();
    comparison.remarks.clear();
    comparison.rounds = 1;
    comparison.cases.truncate(2);
    for case in &mut comparison.cases {
        for estimate in [&mut case.throughput, &mut case.p50, &mut case.p99] {
            estimate.interval = None;
            estimate.verdict = Verdict::NoDifferenceShown;
        }
        case.server_cpu = None;
        for side in &mut case.sides {
            side.throughputs.truncate(2);
            (side.server_cpu, side.server_share, side.all.own_cpu) = (None, None, None);
            side.bound = Bound::Unknown;
        }
    }
    findings
}

/// A comparison in which a request failed.
pub fn broken_off() -> Findings {
    Findings {
        interrupted: false,
        broken_off: Some("300 requests of INCR -P 1 failed (ERR): ERR broken".to_string()),
        ..interrupted()
    }
}

/// A comparison that was ended early.
pub fn interrupted() -> Findings {
    let mut findings = comparison();
    findings.interrupted = true;
    let comparison = findings.comparison.as_mut().unwrap();
    comparison.cases.truncate(3);
    for side in comparison.cases.iter_mut().flat_map(|case| &mut case.sides) {
        side.throughputs.truncate(5);
    }
    findings
}
