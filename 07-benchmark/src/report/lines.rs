//! Lines that scripts know: those of `redis-benchmark -q` and `redis-benchmark --csv`, version 7.0.15.
//!
//! redis-benchmark ends at the first error, so who reads its figures knows that there was none. The same holds
//! here: a line has figures only when they are those of a run without failures, on schedule. Otherwise it says
//! why not, and a program that looks for a number finds none.
//!
//! Two differences: there are no lines of progress, which redis-benchmark overwrites by means of `\r`; and a
//! `"` in a title is doubled in CSV, where redis-benchmark leaves it as it is, which no reader can take apart.

use crate::engine::{Errors, Measured};
use crate::options::Format;

/// The columns of [`csv`].
const HEADING: &str = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\
                       \"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"";

/// The line before all others, where the format has one. It comes once, even when tests are repeated.
pub fn heading(format: Format) -> Option<&'static str> {
    (format == Format::Csv).then_some(HEADING)
}

/// What follows when all tests have run, and again after each repetition: an empty line with `-q`, but not
/// after a command of the user's.
pub fn ending(format: Format, is_tests: bool) -> Option<&'static str> {
    (format == Format::Quiet && is_tests).then_some("")
}

/// Why a run has no figures: `INVALID: ...` when its schedule was not held or there was no reply,
/// `ERRORS: ...` when requests failed. `None` when it has.
///
/// For CSV, where a row has no room for it, it belongs on standard error. It makes the exit code 1.
pub fn fault(measured: &Measured) -> Option<String> {
    if let Some(reason) = measured.invalid() {
        return Some(format!("INVALID: {reason}"));
    }
    (measured.errors.total() > 0).then(|| format!("ERRORS: {}", failures(&measured.errors)))
}

/// Each kind with its first text.
fn failures(errors: &Errors) -> String {
    let kinds = errors.kinds().map(|(name, kind)| {
        let example = printable(&kind.example);
        format!("{} of kind {name}, such as: {example}", kind.count)
    });
    let kinds: Vec<String> = kinds.collect();
    format!("{} requests failed; {}", errors.total(), kinds.join("; "))
}

/// A text of a server, which must not reach into the next line, nor steer a terminal.
fn printable(text: &str) -> String {
    let shown = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(shown).collect()
}

/// The line of `-q` for a run, without its end: `SET: 75000.00 requests per second, p50=0.031 msec`.
pub fn quiet(title: &str, measured: &Measured) -> String {
    match fault(measured) {
        Some(fault) => format!("{title}: {fault}"),
        None => format!(
            "{title}: {:.2} requests per second, p50={:.3} msec",
            measured.throughput(),
            measured.millis_at(50.0)
        ),
    }
}

/// The line of `--csv` for a run, without its end. Latencies are in milliseconds. Without figures the column
/// of the requests per second has the first word of [`fault`], and those behind it are empty.
pub fn csv(title: &str, measured: &Measured) -> String {
    let figures = match fault(measured) {
        Some(fault) => no_figures(&fault),
        None => figures(measured),
    };
    let columns = [title.replace('"', "\"\"")].into_iter().chain(figures);
    let columns: Vec<String> = columns.map(|column| format!("\"{column}\"")).collect();
    columns.join(",")
}

fn figures(measured: &Measured) -> [String; 7] {
    let millis = |nanos: f64| format!("{:.3}", nanos / 1e6);
    let at = |percent| format!("{:.3}", measured.millis_at(percent));
    [
        format!("{:.2}", measured.throughput()),
        millis(measured.response.mean()),
        millis(measured.response.min() as f64),
        at(50.0),
        at(95.0),
        at(99.0),
        at(100.0),
    ]
}

fn no_figures(fault: &str) -> [String; 7] {
    let word = fault.split(':').next().unwrap_or_default();
    std::array::from_fn(|column| if column == 0 { word } else { "" }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Punctuality;
    use std::time::Duration;

    /// A hundred replies in 80 ms, after 1 ms to 100 ms.
    fn measured() -> Measured {
        let mut measured = Measured {
            replies: 100,
            all_replies: 100,
            time: Duration::from_millis(80),
            ..Measured::default()
        };
        for millis in 1..=100 {
            measured.response.record(millis * 1_000_000).unwrap();
        }
        measured
    }

    fn off_schedule() -> Measured {
        let schedule = Punctuality {
            rate: 1e6,
            due: 100,
            late_p99: 1,
            late_max: 2,
            invalid: Some("requests were 2 s late".to_string()),
        };
        Measured {
            schedule: Some(schedule),
            ..measured()
        }
    }

    fn failed() -> Measured {
        let mut measured = measured();
        measured
            .errors
            .add("ERR", 7, || "ERR no\x1b[2J".to_string());
        measured.errors.add("OOM", 2, || "OOM full".to_string());
        measured
    }

    #[test]
    fn a_line_of_figures() {
        assert_eq!(
            quiet("SET", &measured()),
            "SET: 1250.00 requests per second, p50=50.004 msec"
        );
        assert_eq!(
            csv("SET", &measured()),
            "\"SET\",\"1250.00\",\"50.499\",\"1.000\",\"50.004\",\"95.027\",\"99.025\",\"100.008\""
        );
    }

    #[test]
    fn a_schedule_that_was_held_is_no_fault() {
        let mut held = off_schedule();
        held.schedule.as_mut().unwrap().invalid = None;
        assert_eq!(fault(&held), None);
        assert_eq!(quiet("SET", &held), quiet("SET", &measured()));
    }

    #[test]
    fn a_run_off_its_schedule_has_no_figures() {
        assert_eq!(
            quiet("SET", &off_schedule()),
            "SET: INVALID: requests were 2 s late"
        );
        assert_eq!(
            csv("SET", &off_schedule()),
            "\"SET\",\"INVALID\",\"\",\"\",\"\",\"\",\"\",\"\""
        );
    }

    #[test]
    fn a_run_with_errors_has_no_figures() {
        assert_eq!(
            quiet("SET", &failed()),
            "SET: ERRORS: 9 requests failed; 7 of kind ERR, such as: ERR no\\u{1b}[2J; \
             2 of kind OOM, such as: OOM full"
        );
        assert_eq!(
            csv("SET", &failed()),
            "\"SET\",\"ERRORS\",\"\",\"\",\"\",\"\",\"\",\"\""
        );
    }

    #[test]
    fn a_run_without_a_reply_has_no_figures() {
        let none = Measured::default();
        let line = "SET: INVALID: no reply came in the time measured";
        assert_eq!(quiet("SET", &none), line);
        assert_eq!(
            csv("SET", &none),
            "\"SET\",\"INVALID\",\"\",\"\",\"\",\"\",\"\",\"\""
        );
    }

    #[test]
    fn quotes_in_a_title_can_be_told_from_those_around_it() {
        let line = csv("ECHO \"a\",b", &measured());
        assert!(
            line.starts_with("\"ECHO \"\"a\"\",b\",\"1250.00\","),
            "{line}"
        );
        assert!(quiet("ECHO \"a\"", &measured()).starts_with("ECHO \"a\": 1250.00 "));
    }

    #[test]
    fn only_csv_has_a_heading_and_only_tests_end_with_an_empty_line() {
        let columns = heading(Format::Csv).unwrap().split(',').count();
        assert_eq!(columns, csv("SET", &measured()).split(',').count());
        assert_eq!(
            (heading(Format::Quiet), heading(Format::Table)),
            (None, None)
        );
        assert_eq!(ending(Format::Quiet, true), Some(""));
        assert_eq!(ending(Format::Quiet, false), None);
        assert_eq!(ending(Format::Csv, true), None);
    }
}
