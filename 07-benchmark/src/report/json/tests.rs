use super::*;
use crate::report::samples;
use std::collections::BTreeSet;

fn read(findings: &Findings) -> Value {
    serde_json::from_str(&document(findings)).unwrap()
}

#[test]
fn all_that_was_measured_is_in_the_document() {
    let findings = samples::with_errors();
    let (document, measured) = (read(&findings), &findings.runs[0].measured);
    assert_eq!(document["format"], 1);
    assert_eq!(document["began"], "2026-12-31T23:59:59.250Z");
    assert_eq!(document["began_unix_s"], 1_798_761_599.25);
    assert_eq!(document["machine"]["memory_bytes"], 8_u64 << 30);
    assert_eq!(
        document["settings"][1],
        json!({"name": "connections", "value": "50"})
    );
    assert_eq!(document["servers"][0]["address"], "127.0.0.1:6379");
    assert_eq!(document["comparison"], Value::Null);
    let run = &document["runs"][0];
    assert_eq!(run["title"], "SET");
    assert_eq!(run["bound"], "server");
    assert_eq!(run["replies"], measured.replies);
    assert_eq!(run["replies_per_s"], measured.replies as f64 / 10.0);
    assert_eq!(run["generator_cores"], 5.8 / 10.5);
    assert_eq!(run["server_cpu_us"], 6.88);
    assert_eq!(run["errors"]["total"], 1237);
    assert_eq!(
        [&run["clipped"], &run["misses"], &run["connections_served"]],
        [2, 17, 50]
    );
    assert_eq!(run["all_replies"], measured.replies + 4000);
    assert_eq!(
        [&run["measured_s"], &run["whole_s"], &run["generator_cpu_s"]],
        [10.0, 10.5, 5.8]
    );
    assert_eq!(run["server_cores"], 0.61);
    assert_eq!(
        [&run["interrupted"], &document["interrupted"]],
        [false, false]
    );
    let oom = json!({
        "kind": "OOM",
        "count": 1234,
        "example": "OOM command not allowed when used memory > 'maxmemory'.",
    });
    assert_eq!(run["errors"]["kinds"][0], oom);
    assert_eq!(run["response"]["p99_ms"], measured.millis_at(99.0));
    assert_eq!(run["response"]["p99_99_ms"], measured.millis_at(99.99));
    assert_eq!(run["response"]["max_ms"], millis(measured.response.max()));
    assert_eq!(
        run["intervals"].as_array().unwrap().len(),
        measured.intervals.len()
    );
    assert_eq!(run["intervals"][7]["begin_s"], 0.7);
    assert_eq!(
        run["intervals"][7]["p99_ms"],
        millis(measured.intervals[7].p99)
    );
}

#[test]
fn the_curve_is_that_of_the_histogram() {
    let findings = samples::closed_loop();
    let document = read(&findings);
    let curve = &document["runs"][0]["response"]["curve"];
    let numbers = |key: &str| -> Vec<f64> {
        let list = curve[key].as_array().unwrap();
        list.iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let (percents, latencies) = (numbers("percent"), numbers("latency_ms"));
    assert_eq!(percents.len(), latencies.len());
    assert!(percents.len() > 60 && latencies.is_sorted());
    for (percent, latency) in percents.iter().zip(&latencies).skip(1) {
        assert_eq!(
            findings.runs[0].measured.millis_at(*percent),
            *latency,
            "{percent}"
        );
    }
}

#[test]
fn an_open_loop_has_its_schedule_and_both_times() {
    let run = &read(&samples::open_loop())["runs"][0];
    assert_eq!(run["schedule"]["rate_per_s"], 50_000.0);
    assert_eq!(run["schedule"]["late_max_ms"], 0.95);
    assert_eq!(
        [&run["invalid"], &run["schedule"]["invalid"]],
        [&Value::Null; 2]
    );
    let p99 = |key: &str| run[key]["p99_ms"].as_f64().unwrap();
    assert!(p99("response") > 100.0 * p99("service"));
}

/// What of a run is a figure, not a count: rates, latencies, and what a reply costs.
const FIGURES: [&str; 4] = ["replies_per_s", "response", "service", "server_cpu_us"];

#[test]
fn an_invalid_run_has_counts_and_no_figures() {
    let mut findings = samples::invalid();
    findings.runs[0].measured.commands = samples::mix().runs[0].measured.commands.clone();
    let run = &read(&findings)["runs"][0];
    for figure in FIGURES {
        assert_eq!(run[figure], Value::Null, "{figure}");
    }
    assert_eq!(run["commands"][0]["response"], Value::Null);
    for figure in ["p50_ms", "p99_ms", "max_ms"] {
        assert_eq!(run["intervals"][7][figure], Value::Null, "{figure}");
    }
    assert!(run["replies"].as_u64() > Some(0));
    assert!(run["commands"][0]["replies"].as_u64() > Some(0));
    assert!(run["intervals"][7]["replies"].as_u64() > Some(0));
    assert_eq!(run["errors"]["total"], 0);
    assert_eq!(run["schedule"]["due"], 500_000);
    assert_eq!(run["schedule"]["late_max_ms"], 48.0);
    assert!(run["invalid"].as_str().unwrap().contains("48 ms late"));
    assert_eq!(run["invalid"], run["schedule"]["invalid"]);
}

#[test]
fn a_run_without_a_reply_is_invalid() {
    let mut findings = samples::one_sample();
    findings.runs[0].measured.replies = 0;
    findings.runs[0].measured.time = Duration::from_secs(1);
    let run = &read(&findings)["runs"][0];
    assert_eq!(run["invalid"], "no reply came in the time measured");
    for figure in FIGURES {
        assert_eq!(run[figure], Value::Null, "{figure}");
    }
}

#[test]
fn a_comparison_has_its_ratios_and_both_sides() {
    let comparison = &read(&samples::comparison())["comparison"];
    assert_eq!(comparison["rounds"], 7);
    assert_eq!(comparison["turn_s"], 0.7);
    assert_eq!(
        comparison["ceilings"][1],
        json!({"pipeline": 16, "replies_per_s": 2_140_000.0})
    );
    let case = &comparison["cases"][0];
    assert_eq!(case["ratios"]["throughput"]["verdict"], "slower");
    assert_eq!(case["ratios"]["throughput"]["ratio"], 0.972);
    assert_eq!(case["ratios"]["throughput"]["low"], 0.972 / 1.02);
    assert_eq!(case["decided_by"], "throughput");
    assert_eq!(comparison["cases"][1]["decided_by"], "server_cpu");
    assert_eq!(case["b"]["name"], "step06-commands-persistence");
    assert_eq!(case["b"]["turns_per_s"].as_array().unwrap().len(), 14);
    assert!(case["b"]["response"]["count"].as_u64().unwrap() > 0);
    let quick = &read(&samples::quick_comparison())["comparison"]["cases"][0]["ratios"];
    assert_eq!(quick["throughput"]["low"], Value::Null);
    assert_eq!(quick["server_cpu"], Value::Null);
}

#[test]
fn who_ended_it_early_is_told_apart() {
    let ended = |findings| {
        let document = read(&findings);
        (
            document["interrupted"].clone(),
            document["broken_off"].clone(),
        )
    };
    assert_eq!(
        ended(samples::comparison()),
        (Value::Bool(false), Value::Null)
    );
    assert_eq!(
        ended(samples::interrupted()),
        (Value::Bool(true), Value::Null)
    );
    let (interrupted, reason) = ended(samples::broken_off());
    assert_eq!(interrupted, false);
    assert!(reason.as_str().unwrap().ends_with("ERR broken"));
}

#[test]
fn what_is_not_known_is_null() {
    let silent = &read(&samples::silent())["runs"][0];
    assert_eq!(silent["response"], Value::Null);
    assert_eq!(silent["intervals"][0]["p99_ms"], Value::Null);
    assert_eq!(
        read(&samples::one_sample())["runs"][0]["replies_per_s"],
        Value::Null
    );
    let hostile = read(&samples::hostile());
    assert_eq!(hostile["runs"][0]["schedule"]["rate_per_s"], Value::Null);
    assert_eq!(
        hostile["comparison"]["cases"][0]["ratios"]["throughput"]["high"],
        Value::Null
    );
    assert_eq!(hostile["runs"][0]["title"], samples::HOSTILE);
}

/// All keys of a document.
fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        Value::Array(list) => list.iter().for_each(|value| keys(value, into)),
        _ => (),
    }
}

#[test]
fn every_key_is_documented() {
    let mut all = BTreeSet::new();
    for (_, findings) in samples::all() {
        keys(&value(findings), &mut all);
    }
    let source = include_str!("../json.rs");
    let docs: String = source
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .collect();
    let missing: Vec<&String> = all
        .iter()
        .filter(|key| !docs.contains(&format!("`{key}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(all.len() > 60);
}
