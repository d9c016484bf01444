//! `--json`: all findings as one JSON document.
//!
//! Units stand in the names: `_s`, `_ms`, `_us`, `_per_s`, `_bytes`; `_cores` is a share of one core, 1.0 being
//! all of it. Latencies are exact to a thousandth, as the histograms are. `null` stands for what is not known,
//! for figures that need a reply where there was none, and for all rates, latencies and `server_cpu_us` of a
//! run that is `invalid`: of such a run there are only counts. Keys are in alphabetical order. The format's
//! number goes up when a key changes its meaning or is removed; new keys may come without.
//!
//! | at the top | |
//! |---|---|
//! | `format` | 1 |
//! | `generator` | name and version of the program |
//! | `began`, `began_unix_s` | when: UTC in ISO 8601, and seconds since 1970 |
//! | `machine` | `system`, `processor`, `cores`, `memory_bytes` |
//! | `settings` | of the call, a list of `name` and `value` |
//! | `servers` | a list of `name`, `address` and `settings`; in a comparison the first is A, the baseline |
//! | `runs` | a list of runs, in order; empty in a comparison |
//! | `comparison` | `null` without one |
//! | `interrupted` | whether the user ended it early |
//! | `broken_off` | why it ended before its time by itself, as when a request of a comparison failed; else `null` |
//!
//! | in a run | |
//! |---|---|
//! | `title` | the test's title |
//! | `invalid` | why the run has no figures: its schedule was not held, or no reply came; else `null` |
//! | `replies_per_s` | throughput: `replies` divided by `measured_s` |
//! | `replies` | good replies within the time measured |
//! | `all_replies` | those of the warm-up, late ones and errors included |
//! | `measured_s`, `whole_s` | the time measured; from the first request to the last reply |
//! | `response` | latencies of good replies: in a closed loop from just before the request was written, in an open loop from when it was due |
//! | `service` | of an open loop: latencies from just before the request was written; else `null` |
//! | `clipped` | latencies beyond 60 s, which are counted as 60 s |
//! | `misses` | with `--verify`: replies that said that there is no such key or element |
//! | `errors` | `total`, and `kinds`: a list of `kind`, `count` and `example`, the first one's text |
//! | `intervals` | the run over time, a list of `begin_s`, `length_s`, `replies`, `errors`, `p50_ms`, `p99_ms`, `max_ms` |
//! | `commands` | of a mix: a list of `title`, `replies`, `response` |
//! | `schedule` | of an open loop: `rate_per_s` asked for, requests `due`, `late_p99_ms`, `late_max_ms`, and `invalid`: why it was not held, or `null` |
//! | `generator_cpu_s`, `generator_cores` | CPU time of the load generator, and its share of a core |
//! | `server_cpu_us`, `server_cores` | CPU time of the server for one reply, and its share of a core |
//! | `bound` | who limited the throughput: `server`, `client` (the load generator), `neither`, `schedule`, `unknown` |
//! | `connections_served` | connections that had a good reply |
//! | `interrupted` | whether this run was ended early |
//! | `unanswered_s` | where it was: for how long requests had waited in vain, if that is longer than all latencies; else `null` |
//!
//! Latencies are `count`, `min_ms`, `mean_ms`, `max_ms`, `p50_ms`, `p75_ms`, `p90_ms`, `p95_ms`, `p99_ms`,
//! `p99_9_ms`, `p99_99_ms`, and `curve` with two lists of the same length: `latency_ms` was not exceeded by
//! `percent` of the replies. The lists suffice to draw the distribution again.
//!
//! | in a comparison | |
//! |---|---|
//! | `rounds`, `turn_s` | rounds of four turns (A B B A) asked for; the time measured in a turn |
//! | `noise` | cases of A against itself: what differences look like where there are none |
//! | `cases` | A against B |
//! | `ceilings` | a list of `pipeline` and `replies_per_s`: the load generator's own limit |
//! | `remarks` | what was left out, and why |
//!
//! A case has a `title`, its `pipeline`, the sides `a` and `b`, and `ratios`: `throughput`, `p50`, `p99` and
//! `server_cpu` (or `null`), each B's figure divided by A's: `ratio`, its 95 % interval from `low` to `high`
//! (`null` where there are too few rounds), and the `verdict` on B: `faster`, `slower` or `no difference shown`.
//! `decided_by` names the one by which the case is decided.
//! A side is what a run is, but for the `title`; it has the server's `name`, and the throughput of each turn in
//! `turns_per_s` with their median in `median_turn_per_s`.

use crate::engine::{CommandTally, Errors, Interval, Measured, Punctuality};
use crate::report::latency::{Latency, PERCENTILES, millis};
use crate::report::model::{
    Bound, Case, Comparison, Estimate, Findings, Run, Server, Side, Verdict,
};
use crate::report::numbers::{median, per_second, unix_seconds, utc};
use crate::report::summary::Figure;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::time::Duration;

/// The number of the format.
const FORMAT: u32 = 1;

/// The document, with a line end.
pub fn document(findings: &Findings) -> String {
    // `#` asks for line breaks and indentation.
    format!("{:#}\n", value(findings))
}

/// The document as a value.
pub fn value(findings: &Findings) -> Value {
    let machine = &findings.machine;
    json!({
        "format": FORMAT,
        "generator": findings.generator,
        "began": utc(findings.began),
        "began_unix_s": unix_seconds(findings.began),
        "machine": {
            "system": machine.system,
            "processor": machine.processor,
            "cores": machine.cores,
            "memory_bytes": machine.memory,
        },
        "settings": settings(&findings.settings),
        "servers": list(&findings.servers, server),
        "runs": list(&findings.runs, run),
        "comparison": findings.comparison.as_ref().map(comparison),
        "interrupted": findings.interrupted,
        "broken_off": findings.broken_off,
    })
}

fn list<T>(items: &[T], value: impl Fn(&T) -> Value) -> Value {
    items.iter().map(value).collect()
}

fn settings(settings: &[(String, String)]) -> Value {
    list(
        settings,
        |(name, value)| json!({"name": name, "value": value}),
    )
}

fn server(server: &Server) -> Value {
    json!({
        "name": server.name,
        "address": server.address,
        "settings": settings(&server.settings),
    })
}

fn run(run: &Run) -> Value {
    let mut value = measured(&run.measured);
    value["title"] = json!(run.title);
    let valid = run.measured.invalid().is_none();
    let cpu = run.server_cpu.filter(|_| valid);
    add_who_worked(&mut value, cpu, run.server_share, run.bound);
    value
}

fn add_who_worked(value: &mut Value, cpu: Option<Duration>, share: Option<f64>, bound: Bound) {
    value["server_cpu_us"] = json!(cpu.map(|cpu| cpu.as_nanos() as f64 / 1e3));
    value["server_cores"] = json!(share);
    value["bound"] = json!(bound_word(bound));
}

fn bound_word(bound: Bound) -> &'static str {
    match bound {
        Bound::Server => "server",
        Bound::Client => "client",
        Bound::Neither => "neither",
        Bound::Schedule => "schedule",
        Bound::Unknown => "unknown",
    }
}

fn measured(measured: &Measured) -> Value {
    let invalid = measured.invalid();
    let valid = invalid.is_none();
    let latency = |histogram| valid.then(|| latency(histogram));
    json!({
        "invalid": invalid,
        "replies_per_s": per_second(measured.replies, measured.time).filter(|_| valid),
        "replies": measured.replies,
        "all_replies": measured.all_replies,
        "measured_s": measured.time.as_secs_f64(),
        "whole_s": measured.whole_time.as_secs_f64(),
        "response": latency(&measured.response),
        "service": measured.service.as_ref().map(latency),
        "clipped": measured.clipped,
        "misses": measured.misses,
        "errors": errors(&measured.errors),
        "intervals": list(&measured.intervals, |each| interval(each, valid)),
        "commands": list(&measured.commands, |each| command(each, valid)),
        "schedule": measured.schedule.as_ref().map(schedule),
        "generator_cpu_s": measured.own_cpu.map(|cpu| cpu.as_secs_f64()),
        "generator_cores": measured.own_share(),
        "connections_served": measured.served,
        "interrupted": measured.interrupted,
        "unanswered_s": measured.unanswered.map(|time| time.as_secs_f64()),
    })
}

fn latency(histogram: &Histogram<u64>) -> Value {
    let Some(latency) = Latency::of(histogram) else {
        return Value::Null;
    };
    let points = &latency.curve;
    let mut value = json!({
        "count": latency.count,
        "min_ms": latency.min,
        "mean_ms": latency.mean,
        "max_ms": latency.max,
        "curve": {
            "percent": list(points, |point| json!(point.percent)),
            "latency_ms": list(points, |point| json!(point.millis)),
        },
    });
    for ((.., key), millis) in PERCENTILES.iter().zip(latency.percentiles) {
        value[*key] = json!(millis);
    }
    value
}

fn errors(errors: &Errors) -> Value {
    let kinds = errors.kinds().map(
        |(kind, errors)| json!({"kind": kind, "count": errors.count, "example": errors.example}),
    );
    json!({"total": errors.total(), "kinds": kinds.collect::<Value>()})
}

fn interval(interval: &Interval, valid: bool) -> Value {
    // Without a reply there is no latency, not one of 0.
    let millis = |nanos| (valid && interval.replies > 0).then(|| millis(nanos));
    json!({
        "begin_s": interval.begin.as_secs_f64(),
        "length_s": interval.length.as_secs_f64(),
        "replies": interval.replies,
        "errors": interval.errors,
        "p50_ms": millis(interval.p50),
        "p99_ms": millis(interval.p99),
        "max_ms": millis(interval.max),
    })
}

fn command(command: &CommandTally, valid: bool) -> Value {
    json!({
        "title": command.title,
        "replies": command.replies,
        "response": valid.then(|| latency(&command.response)),
    })
}

fn schedule(schedule: &Punctuality) -> Value {
    json!({
        "rate_per_s": schedule.rate,
        "due": schedule.due,
        "late_p99_ms": millis(schedule.late_p99),
        "late_max_ms": millis(schedule.late_max),
        "invalid": schedule.invalid,
    })
}

fn comparison(comparison: &Comparison) -> Value {
    json!({
        "rounds": comparison.rounds,
        "turn_s": comparison.turn.as_secs_f64(),
        "noise": list(&comparison.noise, case),
        "cases": list(&comparison.cases, case),
        "ceilings": list(&comparison.ceilings, |(pipeline, throughput)| {
            json!({"pipeline": pipeline, "replies_per_s": throughput})
        }),
        "remarks": comparison.remarks,
    })
}

fn case(case: &Case) -> Value {
    let [a, b] = &case.sides;
    json!({
        "title": case.title,
        "pipeline": case.pipeline,
        "a": side(a),
        "b": side(b),
        "decided_by": match case.deciding() {
            Figure::Throughput => "throughput",
            Figure::P99 => "p99",
            Figure::ServerCpu => "server_cpu",
        },
        "ratios": {
            "throughput": estimate(&case.throughput),
            "p50": estimate(&case.p50),
            "p99": estimate(&case.p99),
            "server_cpu": case.server_cpu.as_ref().map(estimate),
        },
    })
}

fn side(side: &Side) -> Value {
    let mut value = measured(&side.all);
    value["name"] = json!(side.name);
    value["turns_per_s"] = json!(side.throughputs);
    value["median_turn_per_s"] = json!(median(&side.throughputs));
    add_who_worked(&mut value, side.server_cpu, side.server_share, side.bound);
    value
}

fn estimate(estimate: &Estimate) -> Value {
    json!({
        "ratio": estimate.ratio,
        "low": estimate.interval.map(|(low, _)| low),
        "high": estimate.interval.map(|(_, high)| high),
        "verdict": match estimate.verdict {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::NoDifferenceShown => "no difference shown",
        },
    })
}

#[cfg(test)]
mod tests;
