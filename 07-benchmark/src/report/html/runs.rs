//! The part of the page on single runs.

use super::table::{Head, count, hundredths, number, row, table, words};
use super::{run_pictures, section};
use crate::report::latency::{Latency, PERCENTILES, millis};
use crate::report::markup::{Node, tag};
use crate::report::model::Run;
use crate::report::numbers::per_second;
use crate::report::words::bound;
use Head::{Number, Words};
use hdrhistogram::Histogram;

const READ_PERCENTILES: &str = "A percentile beyond which there is less than one reply is the slowest reply: of \
    1,000 replies p99.99 is the max.";

/// Tables and pictures of all runs. Of an INVALID one there are counts, but no figures and no pictures: they
/// would belong to another experiment.
pub fn sections(runs: &[Run]) -> Vec<Node> {
    let figures = section("The figures").all(tables(runs));
    let valid: Vec<&Run> = runs.iter().filter(|run| is_valid(run)).collect();
    if valid.is_empty() {
        return vec![figures];
    }
    let percentiles = section("All percentiles").with(all_percentiles(runs));
    vec![
        figures,
        section("Latency").all(run_pictures::latencies(&valid)),
        section("Over time").all(run_pictures::over_time(runs)),
        percentiles.with(tag("p").class("how").text(READ_PERCENTILES)),
    ]
}

/// Whether a run has figures.
pub fn is_valid(run: &Run) -> bool {
    run.measured.invalid().is_none()
}

fn tables(runs: &[Run]) -> Vec<Node> {
    let mut tables = vec![figures(runs)];
    tables.extend(schedules(runs));
    tables.push(who_worked(runs));
    tables
}

fn figures(runs: &[Run]) -> Node {
    let percentiles = MAIN.map(|(name, ..)| Number(name));
    let mut heads = vec![Words("test"), Number("requests/s")];
    heads.extend(percentiles);
    heads.extend([Number("max ms"), Number("failed"), Words("limited by")]);
    let width = heads.len() - 1;
    let rows = runs.iter().enumerate().map(|(index, run)| {
        let (at, measured) = (format!("/runs/{index}"), &run.measured);
        if let Some(reason) = measured.invalid() {
            let cell = words(format!("INVALID: {reason}")).attr("colspan", width);
            return row(&run.title, [cell]);
        }
        let latency = Latency::of(&measured.response);
        let throughput = per_second(measured.replies, measured.time);
        let percentiles = MAIN.map(|(_, percent, key)| {
            let value = latency.as_ref().map(|latency| latency.at(percent));
            number(value, &at, key)
        });
        let max = latency.as_ref().map(|latency| latency.max);
        let last = [
            number(max, &at, "response/max_ms"),
            count(measured.errors.total(), &at, "errors/total"),
            words(bound(run.bound)),
        ];
        let first = row(&run.title, [number(throughput, &at, "replies_per_s")]);
        first.all(percentiles).all(last)
    });
    table("Throughput and latency of good replies", &heads, rows)
}

/// The percentiles of the first table: heads, percentages, and where they stand in the JSON document.
const MAIN: [(&str, f64, &str); 4] = [
    ("p50 ms", 50.0, "response/p50_ms"),
    ("p95 ms", 95.0, "response/p95_ms"),
    ("p99 ms", 99.0, "response/p99_ms"),
    ("p99.9 ms", 99.9, "response/p99_9_ms"),
];

fn schedules(runs: &[Run]) -> Option<Node> {
    let heads = [
        Words("test"),
        Number("asked for, per s"),
        Number("due"),
        Number("written late: p99 ms"),
        Number("at most ms"),
        Words("schedule"),
    ];
    let open = runs.iter().enumerate().filter_map(|(index, run)| {
        let schedule = run.measured.schedule.as_ref()?;
        let at = format!("/runs/{index}/schedule");
        let held = schedule.invalid.as_ref().map_or("held", |_| "NOT HELD");
        let cells = [
            number(Some(schedule.rate), &at, "rate_per_s"),
            count(schedule.due, &at, "due"),
            number(Some(millis(schedule.late_p99)), &at, "late_p99_ms"),
            number(Some(millis(schedule.late_max)), &at, "late_max_ms"),
            words(held),
        ];
        Some(row(&run.title, cells))
    });
    let rows: Vec<Node> = open.collect();
    (!rows.is_empty()).then(|| table("The schedule of the open loop", &heads, rows))
}

fn who_worked(runs: &[Run]) -> Node {
    let heads = [
        Words("test"),
        Number("replies"),
        Number("measured s"),
        Number("server µs/reply"),
        Number("server cores"),
        Number("generator cores"),
        Number("connections served"),
    ];
    let rows = runs.iter().enumerate().map(|(index, run)| {
        let (at, measured) = (format!("/runs/{index}"), &run.measured);
        let cpu = run.server_cpu.filter(|_| is_valid(run));
        let cpu = cpu.map(|cpu| cpu.as_nanos() as f64 / 1e3);
        let seconds = measured.time.as_secs_f64();
        let served = measured.served as u64;
        let cells = [
            count(measured.replies, &at, "replies"),
            hundredths(Some(seconds), &at, "measured_s"),
            hundredths(cpu, &at, "server_cpu_us"),
            hundredths(run.server_share, &at, "server_cores"),
            hundredths(measured.own_share(), &at, "generator_cores"),
            count(served, &at, "connections_served"),
        ];
        row(&run.title, cells)
    });
    table("Who was at work; 1.00 is a whole core", &heads, rows)
}

fn all_percentiles(runs: &[Run]) -> Node {
    let mut heads = vec![
        Words("latencies"),
        Number("replies"),
        Number("min"),
        Number("mean"),
    ];
    heads.extend(PERCENTILES.map(|(_, name, _)| Number(name)));
    heads.push(Number("max"));
    let valid = runs.iter().enumerate().filter(|(_, run)| is_valid(run));
    let histograms = valid.flat_map(|(index, run)| histograms(run, &format!("/runs/{index}")));
    let rows = histograms.filter_map(|each| spread(&each));
    table("Latencies in ms", &heads, rows)
}

/// Some latencies of a run.
pub struct Part<'a> {
    /// What to call them.
    pub name: String,
    /// Where they stand in the JSON document.
    at: String,
    /// The latencies.
    pub histogram: &'a Histogram<u64>,
}

/// All latencies of a run, which stands at `at` in the JSON document.
pub fn histograms<'a>(run: &'a Run, at: &str) -> Vec<Part<'a>> {
    let (title, measured) = (&run.title, &run.measured);
    let part = |name: String, key: &str, histogram| Part {
        name,
        at: format!("{at}/{key}"),
        histogram,
    };
    let mut all = match &measured.service {
        None => vec![part(title.clone(), "response", &measured.response)],
        Some(service) => vec![
            part(format!("{title}, response"), "response", &measured.response),
            part(format!("{title}, service"), "service", service),
        ],
    };
    for (index, command) in measured.commands.iter().enumerate() {
        let key = format!("commands/{index}/response");
        all.push(part(command.title.clone(), &key, &command.response));
    }
    all
}

fn spread(part: &Part) -> Option<Node> {
    let (at, latency) = (&part.at, Latency::of(part.histogram)?);
    let first = [
        count(latency.count, at, "count"),
        number(Some(latency.min), at, "min_ms"),
        number(Some(latency.mean), at, "mean_ms"),
    ];
    let percentiles = PERCENTILES.iter().zip(latency.percentiles);
    let percentiles = percentiles.map(|((.., key), value)| number(Some(value), at, key));
    let max = number(Some(latency.max), at, "max_ms");
    Some(row(&part.name, first).all(percentiles).with(max))
}
