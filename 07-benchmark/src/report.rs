//! What is printed of one run.

use crate::load::{Load, Measured};
use crate::workload::Test;

/// How to print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One line, as `redis-benchmark -q` prints it.
    Quiet,
    /// As `redis-benchmark --csv` prints it.
    Csv,
}

/// The percentiles that a report for people shows.
const PERCENTILES: [(&str, f64); 5] = [
    ("p50", 50.0),
    ("p95", 95.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("max", 100.0),
];

/// The line before all others, where the format has one.
pub fn heading(format: Format) -> Option<&'static str> {
    (format == Format::Csv).then_some(
        "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\
         \"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"",
    )
}

/// What a run showed, without the last line end.
pub fn run(format: Format, test: &Test, load: &Load, measured: &Measured) -> String {
    match format {
        Format::Text => text(test, load, measured),
        Format::Quiet => quiet(test, measured),
        Format::Csv => csv(test, measured),
    }
}

fn text(test: &Test, load: &Load, measured: &Measured) -> String {
    let mut text = format!(
        "{}: {} requests per second ({} requests in {:.2} s, {} clients, pipeline {}, {} bytes)\n",
        test.title,
        thousands(measured.throughput()),
        thousands(measured.replies as f64),
        measured.time.as_secs_f64(),
        load.clients,
        load.pipeline,
        load.data,
    );
    for (name, percent) in PERCENTILES {
        text.push_str(&format!("  {name} {:.3} ms", measured.millis_at(percent)));
    }
    text.push_str(&errors(measured));
    text
}

fn quiet(test: &Test, measured: &Measured) -> String {
    let (rps, p50) = (measured.throughput(), measured.millis_at(50.0));
    let line = format!(
        "{}: {rps:.2} requests per second, p50={p50:.3} msec",
        test.title
    );
    line + &errors(measured)
}

/// Errors have a line of their own: an error is no success, however fast it comes.
fn errors(measured: &Measured) -> String {
    match &measured.error {
        None => String::new(),
        Some(error) => format!(
            "\n  {} replies were errors, such as: {error}",
            measured.errors
        ),
    }
}

fn csv(test: &Test, measured: &Measured) -> String {
    let millis = |nanos: f64| nanos / 1e6;
    let columns = [
        millis(measured.latency.mean()),
        millis(measured.latency.min() as f64),
        measured.millis_at(50.0),
        measured.millis_at(95.0),
        measured.millis_at(99.0),
        measured.millis_at(100.0),
    ];
    let mut line = format!("\"{}\",\"{:.2}\"", test.title, measured.throughput());
    for column in columns {
        line.push_str(&format!(",\"{column:.3}\""));
    }
    line
}

/// A whole number with a comma after every three digits.
pub fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Limit;
    use crate::workload::{self, Order};
    use std::time::Duration;

    fn measured() -> Measured {
        let mut measured = Measured::new();
        for millis in 1..=100 {
            measured.latency.record(millis * 1_000_000).unwrap();
        }
        measured.replies = 100;
        measured.time = Duration::from_millis(80);
        measured
    }

    #[test]
    fn lines_that_scripts_know_from_redis_benchmark() {
        let (set, measured) = (workload::find("set").unwrap(), measured());
        assert_eq!(
            quiet(set, &measured),
            "SET: 1250.00 requests per second, p50=50.004 msec"
        );
        let line = csv(set, &measured);
        assert_eq!(
            line.split(',').count(),
            heading(Format::Csv).unwrap().split(',').count()
        );
        assert!(
            line.starts_with("\"SET\",\"1250.00\",\"50.499\",\"1.000\",\"50.004\","),
            "{line}"
        );
    }

    #[test]
    fn errors_are_told_apart() {
        let mut measured = measured();
        measured.errors = 7;
        measured.error = Some("ERR no".to_string());
        let load = Load {
            address: String::new(),
            clients: 1,
            pipeline: 1,
            data: 3,
            keys: 0,
            order: Order::Ascending,
            limit: Limit::Requests(100),
        };
        for format in [Format::Text, Format::Quiet] {
            let text = run(format, workload::find("set").unwrap(), &load, &measured);
            assert!(
                text.contains("7 replies were errors, such as: ERR no"),
                "{text}"
            );
        }
    }

    #[test]
    fn thousands_are_grouped() {
        let cases = [
            (0.0, "0"),
            (999.4, "999"),
            (1000.0, "1,000"),
            (1234567.0, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }
}
