//! The exact text of a small made-up comparison.

use super::*;
use crate::engine::Measured;
use crate::report::model::{Estimate, Side, Verdict};
use crate::report::text::WIDTH;
use std::time::Duration;

/// Replies of up to twice `millis`, evenly spread.
fn measured(millis: u64) -> Measured {
    let mut measured = Measured::default();
    for percent in 1..=100 {
        let nanos = percent * millis * 20_000;
        measured.response.record(nanos).unwrap();
    }
    measured
}

fn side(name: &str, throughput: f64, millis: u64, cpu: u64, share: f64, bound: Bound) -> Side {
    Side {
        name: name.to_string(),
        all: Measured {
            whole_time: Duration::from_secs(1),
            own_cpu: Some(Duration::from_secs_f64(share)),
            ..measured(millis)
        },
        throughputs: vec![throughput; 14],
        server_cpu: Some(Duration::from_nanos(cpu)),
        server_share: Some(0.99),
        bound,
    }
}

fn estimate(ratio: f64, low: f64, high: f64, verdict: Verdict) -> Estimate {
    Estimate {
        ratio,
        interval: Some((low, high)),
        verdict,
    }
}

fn pipelined() -> Case {
    Case {
        title: "SET -P 16".to_string(),
        pipeline: 16,
        sides: [
            side(
                "redis-server 7.0.15",
                809_291.4,
                1,
                1270,
                0.37,
                Bound::Server,
            ),
            side("step06", 1_515_017.0, 2, 664, 0.724, Bound::Server),
        ],
        throughput: estimate(1.872, 1.852, 1.893, Verdict::Faster),
        p50: estimate(2.01, 1.9, 2.15, Verdict::Slower),
        p99: estimate(11.5, 0.8, 123.4, Verdict::NoDifferenceShown),
        server_cpu: Some(estimate(0.52, 0.51, 0.53, Verdict::Faster)),
    }
}

fn plain() -> Case {
    let unclear = Verdict::NoDifferenceShown;
    Case {
        title: "GET -P 1".to_string(),
        pipeline: 1,
        sides: [
            side(
                "redis-server 7.0.15",
                98_000.0,
                1,
                5900,
                0.95,
                Bound::Client,
            ),
            side("step06", 99_000.0, 1, 6000, 0.5, Bound::Neither),
        ],
        throughput: estimate(1.01, 0.98, 1.04, unclear),
        p50: estimate(1.0, 0.99, 1.01, unclear),
        p99: estimate(1.0, 0.99, 1.01, unclear),
        server_cpu: Some(estimate(1.015, 1.005, 1.025, unclear)),
    }
}

fn comparison(cases: Vec<Case>) -> Comparison {
    Comparison {
        rounds: 7,
        turn: Duration::from_millis(700),
        noise: vec![plain()],
        cases,
        ceilings: vec![(1, 171_234.0), (16, 2_100_000.0)],
        remarks: vec!["Left out: INCR, which B does not know.".to_string()],
    }
}

#[test]
fn a_heading_says_who_is_compared_and_how() {
    let server = |name: &str, port| Server {
        name: name.to_string(),
        address: format!("127.0.0.1:{port}"),
        settings: Vec::new(),
    };
    let servers = [server("redis-server 7.0.15", 6379), server("step06", 6380)];
    let settings = [("clients", "50"), ("keys", "100,000")]
        .map(|(name, value)| (name.to_string(), value.to_string()));
    assert_eq!(
        heading(&servers, &settings, &comparison(vec![]), WIDTH),
        "\
A: redis-server 7.0.15 at 127.0.0.1:6379
B: step06 at 127.0.0.1:6380
7 rounds of four turns, A B B A, of 0.7 s each
clients 50, keys 100,000
Left out: INCR, which B does not know.

"
    );
}

#[test]
fn a_calibration_shows_ceilings_and_noise() {
    assert_eq!(calibration(&comparison(vec![]), WIDTH), "\
Against a responder that does nothing else this program reaches 171,234 requests/s at -P 1, 2,100,000
  requests/s at -P 16.

A against itself. B differs from A only if its ratio is further from 1 than these intervals reach.

GET -P 1                                requests/s       p50 ms    p95 ms       p99 ms    server us  client
  A / A                                     1.010x       1.000x                 1.000x       1.015x
  95 % interval                        0.980-1.040  0.990-1.010            0.990-1.010  1.005-1.025

");
}

#[test]
fn a_block_of_a_clear_test() {
    assert_eq!(case(&pipelined(), 7, WIDTH), "\
SET -P 16                               requests/s       p50 ms    p95 ms       p99 ms    server us  client
  A  redis-server 7.0.15                   809,291        1.000     1.901        1.980         1.27    37 %
  B  step06                              1,515,017        2.001     3.801        3.961         0.66    72 %
  B / A                                     1.872x       2.010x                 11.50x       0.520x
  95 % interval                        1.852-1.893  1.900-2.150            0.800-123.4  0.510-0.530
  B is                                      better        worse                unclear       better
  B is faster: 1.872x the throughput.

");
}

#[test]
fn a_block_of_a_marked_test_that_differs_no_more_than_the_noise() {
    assert_eq!(case(&plain(), 7, WIDTH), "\
GET -P 1                                requests/s       p50 ms    p95 ms       p99 ms    server us  client
  A  redis-server 7.0.15                    98,000        1.000     1.901        1.980         5.90    95 %*
  B  step06                                 99,000        1.000     1.901        1.980         6.00    50 %+
  B / A                                     1.010x       1.000x                 1.000x       1.015x
  95 % interval                        0.980-1.040  0.990-1.010            0.990-1.010  1.005-1.025
  B is                                     unclear      unclear                unclear      unclear
  No difference is shown: 1.015x the server's CPU time for a request is no more than A shows against itself.

");
}

#[test]
fn missing_figures_are_shown_as_such() {
    let nothing = Estimate {
        ratio: f64::NAN,
        interval: None,
        verdict: Verdict::NoDifferenceShown,
    };
    let none = |name: &str| Side {
        name: name.to_string(),
        all: Measured::default(),
        throughputs: Vec::new(),
        server_cpu: None,
        server_share: None,
        bound: Bound::Unknown,
    };
    let missing = Case {
        title: "LRANGE_100 (first 100 elements) -P 16".to_string(),
        pipeline: 16,
        sides: [none("a"), none("a server with a name that is very long")],
        throughput: nothing,
        p50: nothing,
        p99: nothing,
        server_cpu: None,
    };
    assert_eq!(case(&missing, 7, WIDTH), "\
LRANGE_100 (first 100 elements) -P 16   requests/s       p50 ms    p95 ms       p99 ms    server us  client
  A  a                                           -            -         -            -            -       -
  B  a server with a name that is ...            -            -         -            -            -       -
  B / A                                          -            -                      -            -
  95 % interval                                  -            -                      -            -
  B is                                     unclear      unclear                unclear            -
  No difference can be shown: there is no interval for the throughput.
  Rounds measured: 0 of 7.

");
}

#[test]
fn the_end_explains_what_was_shown() {
    assert_eq!(end(&comparison(vec![pipelined(), plain()]), None, WIDTH), "\
requests/s: median of the turns. p50, p95, p99: of the replies of all turns. server us: CPU time of the server
  for one request. client: how much of a core this program used.
B / A: geometric mean of the rounds' ratios. 95 % interval: 95 of 100 such intervals hold the true ratio.
better, worse: the whole interval lies on one side of 1, and B differs from A by more than A from itself. Up
  to about one figure in 20 is so by chance. unclear: no difference is shown, which does not mean that there
  is none.
A test is decided by its requests/s; by server us where a row is marked * or +.
* This program was busy, or as fast as it ever gets: it may be what limits the throughput of this row, and the
  server's CPU time for a request tells more.
+ Neither this program nor the server was busy: they shared a core, or waited for other programs. With a core
  for each this row would show more.

B is faster in 1 of 2 tests, slower in none; in 1 no difference is shown.
");
}

#[test]
fn the_end_explains_no_mark_that_was_not_shown() {
    let text = end(&comparison(vec![pipelined()]), None, WIDTH);
    assert!(
        !text.contains(BUSY_MARK) && !text.contains(IDLE_MARK),
        "{text}"
    );
}

#[test]
fn a_comparison_that_ends_early_says_how_far_it_came() {
    let mut cut_short = pipelined();
    for side in &mut cut_short.sides {
        side.throughputs.truncate(5);
    }
    let block = case(&cut_short, 7, WIDTH);
    assert!(
        block.ends_with("\n  Rounds measured: 2 of 7.\n\n"),
        "{block}"
    );
    let text = end(
        &comparison(vec![plain(), cut_short]),
        Some("Interrupted"),
        WIDTH,
    );
    let (_, last) = text.split_once("\n\n").unwrap();
    assert_eq!(
        last,
        "\
Interrupted. Rounds measured: GET -P 1: 7 of 7, SET -P 16: 2 of 7.
B is faster in 1 of 2 tests, slower in none; in 1 no difference is shown.
"
    );
    assert_eq!(
        end(&comparison(vec![]), Some("Broken off"), WIDTH),
        "Broken off before the first round of A and B was over.\nNo test was measured.\n"
    );
}

#[test]
fn no_line_is_too_wide() {
    let mut widest = pipelined();
    widest.title = "x".repeat(200);
    widest.sides[0] = side(
        &"x".repeat(200),
        99_999_999.0,
        25_000,
        99_999_999,
        64.0,
        Bound::Client,
    );
    let large = estimate(99_999.0, 99_998.0, 99_999.0, Verdict::NoDifferenceShown);
    widest.throughput = large;
    widest.server_cpu = Some(large);
    let comparison = comparison(vec![widest, plain()]);
    for width in [70, 80, 100, WIDTH] {
        let blocks = comparison.cases.iter();
        let blocks: String = blocks.map(|each| case(each, 7, width)).collect();
        let text = heading(&[], &[], &comparison, width)
            + &calibration(&comparison, width)
            + &blocks
            + &end(&comparison, Some("Broken off"), width);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let left_out = text.contains("Left out, as the terminal is narrow: p95 ms");
        assert_eq!(left_out, width < 100, "{text}");
    }
}

#[test]
fn a_narrow_terminal_shows_what_is_needed_most() {
    let text = case(&pipelined(), 7, 80);
    assert_eq!(
        text,
        "\
SET -P 16             requests/s       p50 ms       p99 ms    server us  client
  A  redis-serve...      809,291        1.000        1.980         1.27    37 %
  B  step06            1,515,017        2.001        3.961         0.66    72 %
  B / A                   1.872x       2.010x       11.50x       0.520x
  95 % interval      1.852-1.893  1.900-2.150  0.800-123.4  0.510-0.530
  B is                    better        worse      unclear       better
  B is faster: 1.872x the throughput.

"
    );
}
