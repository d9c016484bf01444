//! Single runs as a table for people, a row for each test.

use super::columns::{Fitted, Grid};
use super::latency::millis;
use super::model::{Bound, Findings, Run};
use super::numbers::thousands;
use super::text::{BUSY_MARK, IDLE_MARK, cut, micros, own_share, settings_line, wrap, wrap_behind};
use crate::engine::Measured;
use hdrhistogram::Histogram;

/// The table. The least that a name has is room for three letters and [`INTERRUPTED`].
const GRID: Grid = Grid {
    names: (18, 28),
    columns: &[
        ("requests/s", 12),
        ("p50 ms", 10),
        ("p95 ms", 10),
        ("p99 ms", 10),
        ("p99.9 ms", 10),
        ("max ms", 10),
        ("server us", 11),
        ("client", 9),
    ],
    dispensable: &["p99.9 ms", "max ms", "server us", "p95 ms"],
};

/// Behind the title of a run that was ended early.
const INTERRUPTED: &str = " (interrupted)";

/// The percentiles that have a column.
const PERCENTILES: [f64; 5] = [50.0, 95.0, 99.0, 99.9, 100.0];

/// Who is loaded, and how; and the names of the columns. As all of the table it is `width` columns wide.
pub fn heading(findings: &Findings, width: usize) -> String {
    let mut text = String::new();
    for server in &findings.servers {
        text += &wrap(&server.introduction(), "  ", width);
    }
    text += &wrap(&settings_line(&findings.settings), "  ", width);
    text + "\n" + &GRID.fit(width).head("") + "\n"
}

/// A run: its row, and what must be known of it below. Latencies in milliseconds with `precision` decimals.
pub fn run(run: &Run, precision: usize, width: usize) -> String {
    let measured = &run.measured;
    let mark = if measured.interrupted {
        INTERRUPTED
    } else {
        ""
    };
    if let Some(reason) = measured.invalid() {
        let text = format!("{}{mark}: INVALID: {reason}", run.title);
        return wrap(&text, "    ", width) + &said_below(measured, width);
    }
    let grid = GRID.fit(width);
    // A title that is too long loses its end, but not the mark.
    let title = cut(&run.title, grid.name.saturating_sub(mark.len())) + mark;
    let mut cells = figures(Some(measured.throughput()), &measured.response, precision);
    cells.push(micros(run.server_cpu));
    cells.push(own_share(measured.own_share(), run.bound));
    let mut text = line(&grid, &title, &cells);
    if let Some(service) = &measured.service {
        let cells = figures(None, service, precision);
        text += &line(&grid, "  from the write", &cells);
    }
    text + &shares_of_mix(measured, precision, &grid) + &said_below(measured, width)
}

/// The cells of the throughput and of the latencies.
fn figures(throughput: Option<f64>, latencies: &Histogram<u64>, precision: usize) -> Vec<String> {
    let latency = |percent| match latencies.is_empty() {
        true => "-".to_string(),
        false => {
            let millis = millis(latencies.value_at_percentile(percent));
            format!("{millis:.precision$}")
        }
    };
    let mut cells = vec![throughput.map_or(String::new(), thousands)];
    cells.extend(PERCENTILES.map(latency));
    cells
}

fn line(grid: &Fitted, title: &str, cells: &[String]) -> String {
    format!("{}\n", grid.row(title, cells).trim_end())
}

fn said_below(measured: &Measured, width: usize) -> String {
    let remarks = remarks(measured).into_iter();
    remarks
        .map(|remark| wrap_behind("  ", &remark, "    ", width))
        .collect()
}

/// How many kinds of failures have a line: a server may make up new ones without end.
const MAX_KINDS: usize = 10;

/// The first kinds of failures, and how many there were of others.
fn failures(measured: &Measured) -> Vec<String> {
    let kinds = || measured.errors.kinds();
    let count = |count: u64| thousands(count as f64);
    let mut shown: Vec<String> = kinds()
        .take(MAX_KINDS)
        .map(|(kind, errors)| {
            let example = &errors.example;
            format!(
                "FAILED: {} ({kind}), such as: {example}",
                count(errors.count)
            )
        })
        .collect();
    let others = kinds().skip(MAX_KINDS).count();
    if others > 0 {
        let failed = kinds().skip(MAX_KINDS).map(|(_, errors)| errors.count);
        shown.push(format!(
            "FAILED: {} of {others} further kinds",
            count(failed.sum())
        ));
    }
    shown
}

fn shares_of_mix(measured: &Measured, precision: usize, grid: &Fitted) -> String {
    let mut text = String::new();
    for command in &measured.commands {
        let rate = command.replies as f64 / measured.time.as_secs_f64().max(f64::MIN_POSITIVE);
        let title = format!("  {}", command.title);
        let cells = figures(Some(rate), &command.response, precision);
        text += &line(grid, &title, &cells);
    }
    text
}

/// What must be said of a run beside its figures.
fn remarks(measured: &Measured) -> Vec<String> {
    let mut remarks = failures(measured);
    if let Some(silence) = measured.unanswered {
        remarks.push(format!(
            "No reply came in the last {:.1} s: requests that waited are in no figure.",
            silence.as_secs_f64()
        ));
    }
    if measured.misses > 0 {
        let count = thousands(measured.misses as f64);
        remarks.push(format!(
            "{count} replies said that there is no such key or element."
        ));
    }
    if measured.clipped > 0 {
        let count = thousands(measured.clipped as f64);
        remarks.push(format!(
            "{count} latencies were above 60 s, and stand here as 60 s."
        ));
    }
    remarks
}

/// What the columns and marks mean, as far as these runs have them.
pub fn end(runs: &[Run], width: usize) -> String {
    let shown = || runs.iter().filter(|run| run.measured.invalid().is_none());
    let bound = |by| shown().any(|run| run.bound == by);
    let mut text = String::new();
    let open = shown().any(|run| run.measured.schedule.is_some());
    if open {
        text += &wrap(
            "A latency counts from the moment at which its request was due. The row below it counts from the \
             write: what lies between the two is the time that a request waited to be sent.",
            "",
            width,
        );
    }
    if shown().any(|run| run.server_cpu.is_some()) {
        text += &wrap(
            "server us: CPU time of the server for one request. client: how much of a core this program used.",
            "",
            width,
        );
    }
    if bound(Bound::Client) {
        text += &wrap(
            &format!(
                "{BUSY_MARK} This program was busy: it may be what limits the throughput of this row, and the \
                 server's CPU time for a request tells more. --threads gives it more cores."
            ),
            "  ",
            width,
        );
    }
    if bound(Bound::Neither) {
        text += &wrap(
            &format!(
                "{IDLE_MARK} Neither this program nor the server was busy: they shared a core, or waited for \
                 each other or for other programs."
            ),
            "  ",
            width,
        );
    }
    if shown().next().is_some() {
        text += &GRID.fit(width).missing(width);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{CommandTally, Punctuality, latencies};
    use crate::report::samples;
    use crate::report::text::WIDTH;
    use std::time::Duration;

    /// 100,000 replies in a second, the slowest 1 % of them at 2 ms.
    fn set() -> Run {
        let mut response = latencies();
        response.record_n(500_000, 99_000).unwrap();
        response.record_n(2_000_000, 1_000).unwrap();
        Run {
            title: "SET".to_string(),
            measured: Measured {
                replies: 100_000,
                all_replies: 100_000,
                time: Duration::from_secs(1),
                whole_time: Duration::from_secs(1),
                response,
                own_cpu: Some(Duration::from_millis(500)),
                ..Measured::default()
            },
            server_cpu: Some(Duration::from_nanos(6_280)),
            server_share: Some(0.628),
            bound: Bound::Neither,
        }
    }

    /// The columns at which a line's words end.
    fn ends(line: &str) -> Vec<usize> {
        let mut place = 0;
        let words = line.split_inclusive(' ').filter_map(|word| {
            place += word.chars().count();
            let blank = word.ends_with(' ');
            (word.trim() != "").then_some(if blank { place - 1 } else { place })
        });
        words.collect()
    }

    #[test]
    fn a_row_stands_below_its_columns() {
        let text = run(&set(), 3, WIDTH);
        assert_eq!(
            text,
            "SET                              100,000     0.500     0.500     0.500     2.001     2.001       6.28    50 %+\n"
        );
        let heads = GRID.fit(WIDTH).head("");
        // "p50 ms" and "server us" are two words each; the mark stands where the heading ends.
        let places: Vec<usize> = ends(&heads)
            .into_iter()
            .filter(|end| ![32, 42].contains(end))
            .collect();
        for end in ends(&text).into_iter().skip(1).take(7) {
            assert!(places.contains(&end), "{end} in {places:?}");
        }
        assert!(heads.len() <= WIDTH && text.trim_end().chars().count() <= WIDTH);
    }

    #[test]
    fn on_a_narrow_terminal_no_line_is_continued_on_the_next() {
        let mut all = paced(None);
        all.title = "set key:__rand_int__ __data__ EX 60".to_string();
        all.measured.interrupted = true;
        all.measured.commands = vec![CommandTally {
            title: all.title.clone(),
            replies: 7,
            response: latencies(),
        }];
        all.measured
            .errors
            .add("ERR", 9, || "ERR no such thing ".repeat(20));
        let row = "s... (interrupted)     100,000     0.500     0.500     0.500     2.001       6.28    50 % ";
        assert_eq!(run(&all, 3, 90).lines().next(), Some(row.trim_end()));
        let row =
            "s... (interrupted)     100,000     0.500     0.500     0.500       6.28    50 % ";
        assert_eq!(run(&all, 3, 80).lines().next(), Some(row.trim_end()));
        for width in [80, 90, 100] {
            let findings = samples::mix();
            let text =
                heading(&findings, width) + &run(&all, 3, width) + &end(&[all.clone()], width);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{text}");
            let left_out = text.contains("Left out, as the terminal is narrow: p99.9 ms");
            assert_eq!(left_out, width < 100, "{text}");
        }
    }

    #[test]
    fn precision_is_that_of_the_latencies() {
        let text = run(&set(), 0, WIDTH);
        assert!(
            text.contains("100,000         1         1         1         2         2       6.28"),
            "{text}"
        );
        assert!(run(&set(), 6, WIDTH).contains("  0.500223"));
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        let unknown = Run {
            server_cpu: None,
            measured: Measured {
                // One that came to its end without a reply is INVALID.
                interrupted: true,
                ..Measured::default()
            },
            ..set()
        };
        let text = run(&unknown, 3, WIDTH);
        assert_eq!(text.matches(" -").count(), 7, "{text}");
        assert_eq!(end(&[], WIDTH), "");
        assert!(
            !end(
                &[Run {
                    bound: Bound::Server,
                    ..unknown
                }],
                WIDTH
            )
            .contains("server us")
        );
    }

    #[test]
    fn a_run_that_was_ended_early_or_failed_says_so() {
        let mut ended = set();
        ended.measured.interrupted = true;
        ended.measured.misses = 7;
        ended.measured.clipped = 8;
        let text = "WRONGTYPE \x1b[2J".to_string();
        ended.measured.errors.add("WRONGTYPE", 9_000, || text);
        let text = run(&ended, 3, WIDTH);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("SET (interrupted)  "), "{text}");
        assert_eq!(
            lines[1],
            "  FAILED: 9,000 (WRONGTYPE), such as: WRONGTYPE ?[2J"
        );
        assert!(lines[2].starts_with("  7 replies said"), "{text}");
        assert!(
            lines[3].starts_with("  8 latencies were above 60 s"),
            "{text}"
        );
    }

    #[test]
    fn a_long_title_does_not_hide_that_a_run_was_ended_early() {
        let mut ended = set();
        ended.title = "set key:__rand_int__ __data__ EX 60".to_string();
        ended.measured.interrupted = true;
        let text = run(&ended, 3, WIDTH);
        assert!(
            text.starts_with("set key:__r... (interrupted)     100,000 "),
            "{text}"
        );
    }

    fn paced(invalid: Option<&str>) -> Run {
        let mut run = set();
        run.bound = Bound::Schedule;
        run.measured.service = Some(latencies());
        run.measured.schedule = Some(Punctuality {
            rate: 1e5,
            due: 100_000,
            late_p99: 0,
            late_max: 0,
            invalid: invalid.map(str::to_string),
        });
        run
    }

    #[test]
    fn a_schedule_has_two_rows_and_one_that_was_not_held_has_no_figures() {
        let text = run(&paced(None), 3, WIDTH);
        let second = text.lines().nth(1).unwrap();
        assert!(second.starts_with("  from the write   "), "{text}");
        assert!(end(&[paced(None)], WIDTH).starts_with("A latency counts from the moment"));
        let text = run(&paced(Some("it was late")), 3, WIDTH);
        assert_eq!(text, "SET: INVALID: it was late\n");
        assert_eq!(end(&[paced(Some("it was late"))], WIDTH), "");
        let mut silent = set();
        silent.measured.replies = 0;
        assert_eq!(
            run(&silent, 3, WIDTH),
            "SET: INVALID: no reply came in the time measured\n"
        );
    }

    #[test]
    fn of_many_kinds_of_failures_some_are_shown_and_the_others_counted() {
        let mut failing = set();
        for kind in 10..30 {
            failing
                .measured
                .errors
                .add(&format!("KIND{kind}"), 2, || "no".to_string());
        }
        let text = run(&failing, 3, WIDTH);
        assert_eq!(text.matches("FAILED: 2 (KIND").count(), 10, "{text}");
        assert!(
            text.ends_with("  FAILED: 20 of 10 further kinds\n"),
            "{text}"
        );
    }

    #[test]
    fn who_interrupts_a_server_that_stands_still_is_told_so() {
        let mut interrupted = set();
        interrupted.measured.interrupted = true;
        interrupted.measured.unanswered = Some(Duration::from_millis(720));
        let text = run(&interrupted, 3, WIDTH);
        assert!(text.contains("No reply came in the last 0.7 s:"), "{text}");
    }

    #[test]
    fn the_parts_of_a_mix_stand_below_it_with_titles_cut() {
        let mut mix = set();
        mix.measured.commands = ["GET key:__rand_int__", "SET key:__rand_int__ __data__"]
            .map(|title| CommandTally {
                title: title.to_string(),
                replies: mix.measured.replies,
                response: mix.measured.response.clone(),
            })
            .to_vec();
        let text = run(&mix, 3, WIDTH);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].starts_with("  GET key:__rand_int__           100,000 "),
            "{text}"
        );
        assert!(
            lines[2].starts_with("  SET key:__rand_int__ __...     100,000 "),
            "{text}"
        );
        assert_eq!(lines[1].len(), lines[2].len());
    }

    #[test]
    fn marks_are_explained_where_they_stand() {
        let busy = Run {
            bound: Bound::Client,
            ..set()
        };
        assert!(run(&busy, 3, WIDTH).ends_with("50 %*\n"));
        let text = end(&[set(), busy], WIDTH);
        assert!(text.contains("\n* This program was busy"), "{text}");
        assert!(text.contains("\n+ Neither this program"), "{text}");
        let alone = Run {
            bound: Bound::Server,
            ..set()
        };
        let alone = end(&[alone], WIDTH);
        assert!(!alone.contains('*') && !alone.contains('+'), "{alone}");
    }
}
