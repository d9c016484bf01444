//! The part of the page on a comparison of two servers.

use super::figure::{how_to_read, remark};
use super::run_pictures::READ_LATENCY;
use super::table::{Head, count, hundredths, name_cell, number, row, table, words};
use super::{comparison_pictures, section};
use crate::report::latency::Latency;
use crate::report::markup::{Node, tag};
use crate::report::model::{Better, Case, Comparison, Estimate, Findings, Side};
use crate::report::numbers::{NONE, counted, median, seconds};
use crate::report::words::{self, bound, decision};
use Head::{Number, Words};

/// A figure that is compared.
pub struct Compared {
    /// What to call it.
    pub name: &'static str,
    /// Which way it is better.
    pub better: Better,
    /// Its key in the JSON document.
    key: &'static str,
    /// Where it stands in a case.
    pub estimate: fn(&Case) -> Option<Estimate>,
}

/// All that is compared.
pub const COMPARED: [Compared; 4] = [
    Compared {
        name: "Throughput",
        better: Better::Higher,
        key: "throughput",
        estimate: |case| Some(case.throughput),
    },
    Compared {
        name: "Server's CPU time for a reply",
        better: Better::Lower,
        key: "server_cpu",
        estimate: |case| case.server_cpu,
    },
    Compared {
        name: "Latency, p50",
        better: Better::Lower,
        key: "p50",
        estimate: |case| Some(case.p50),
    },
    Compared {
        name: "Latency, p99",
        better: Better::Lower,
        key: "p99",
        estimate: |case| Some(case.p99),
    },
];

/// Tables and pictures of a comparison.
pub fn sections(findings: &Findings, comparison: &Comparison) -> Vec<Node> {
    if comparison.cases.is_empty() {
        return Vec::new();
    }
    let ratios = section("The ratios").with(sides(findings, comparison));
    let cases = section("Case by case").all(comparison_pictures::cases(&comparison.cases));
    let turns = remark(comparison_pictures::READ_TURNS);
    vec![
        ratios.all(comparison_pictures::forests(comparison)),
        section("The figures").all(tables(findings, comparison)),
        cases.with(how_to_read(READ_LATENCY)).with(turns),
    ]
}

/// Who A and B are, and how they were compared.
fn sides(findings: &Findings, comparison: &Comparison) -> Node {
    let [a, b] = words::names(findings);
    let method = format!(
        " is {b}. {} of four turns (A B B A) were asked for, each turn {}.",
        counted(comparison.rounds, "round"),
        seconds(comparison.turn)
    );
    let letter = |letter| tag("strong").text(letter);
    let first = tag("p").with(letter("A")).text(format!(" is {a}, "));
    first.with(letter("B")).text(method)
}

fn tables(findings: &Findings, comparison: &Comparison) -> Vec<Node> {
    let caption = "Ratios: B divided by A, with 95 % intervals";
    let mut tables = vec![table_of_ratios(caption, "cases", &comparison.cases)];
    tables.push(figures(findings, &comparison.cases));
    if !comparison.noise.is_empty() {
        let caption = "The noise: A divided by itself, with 95 % intervals";
        tables.push(table_of_ratios(caption, "noise", &comparison.noise));
    }
    tables.extend(ceilings(comparison));
    tables
}

fn table_of_ratios(caption: &str, key: &str, cases: &[Case]) -> Node {
    let heads = [
        Words("test"),
        Number("throughput"),
        Number("server's CPU time"),
        Number("p50"),
        Number("p99"),
        Words("verdict"),
    ];
    let rows = cases.iter().enumerate().map(|(index, case)| {
        let cell = |compared: &Compared| {
            let at = format!("/comparison/{key}/{index}/ratios/{}", compared.key);
            ratio((compared.estimate)(case), at)
        };
        let said = words(decision(case));
        row(&case.title, COMPARED.iter().map(cell)).with(said)
    });
    table(caption, &heads, rows)
}

fn ratio(estimate: Option<Estimate>, at: String) -> Node {
    let Some(estimate) = estimate else {
        return tag("td").class("number").attr("data-at", at).text(NONE);
    };
    let part = |name: &'static str, value: f64, key: &str| {
        let text = if value.is_finite() {
            format!("{value:.3}")
        } else {
            NONE.to_string()
        };
        tag(name).attr("data-at", format!("{at}/{key}")).text(text)
    };
    let ratio = part("b", estimate.ratio, "ratio");
    let interval = estimate.interval.map(|(low, high)| {
        let small = tag("small").text(" ").with(part("span", low, "low"));
        small.text(" to ").with(part("span", high, "high"))
    });
    tag("td").class("number").with(ratio).all(interval)
}

fn figures(findings: &Findings, cases: &[Case]) -> Node {
    let heads = [
        Words("test"),
        Words("side"),
        Number("requests/s"),
        Number("p50 ms"),
        Number("p99 ms"),
        Number("max ms"),
        Number("server µs/reply"),
        Number("server cores"),
        Number("generator cores"),
        Number("failed"),
        Words("limited by"),
    ];
    let [a, b] = words::names(findings);
    let caption = format!(
        "A: {a}, B: {b}; the median throughput of the turns, the latencies of all turns together"
    );
    let rows = cases.iter().enumerate().flat_map(|(index, case)| {
        let [a, b] = &case.sides;
        let at = format!("/comparison/cases/{index}");
        let title = name_cell(&case.title).attr("rowspan", 2);
        let first = tag("tr").with(title).all(side(a, &format!("{at}/a"), "A"));
        [first, tag("tr").all(side(b, &format!("{at}/b"), "B"))]
    });
    table(&caption, &heads, rows)
}

fn side(side: &Side, at: &str, letter: &str) -> [Node; 10] {
    let latency = Latency::of(&side.all.response);
    let latency = |value: fn(&Latency) -> f64| latency.as_ref().map(value);
    let cpu = side.server_cpu.map(|cpu| cpu.as_nanos() as f64 / 1e3);
    let median = median(&side.throughputs);
    [
        tag("td").with(tag("strong").text(letter)),
        number(median, at, "median_turn_per_s"),
        number(latency(|latency| latency.at(50.0)), at, "response/p50_ms"),
        number(latency(|latency| latency.at(99.0)), at, "response/p99_ms"),
        number(latency(|latency| latency.max), at, "response/max_ms"),
        hundredths(cpu, at, "server_cpu_us"),
        hundredths(side.server_share, at, "server_cores"),
        hundredths(side.all.own_share(), at, "generator_cores"),
        count(side.all.errors.total(), at, "errors/total"),
        words(bound(side.bound)),
    ]
}

fn ceilings(comparison: &Comparison) -> Option<Node> {
    let rows = comparison.ceilings.iter().enumerate();
    let rows = rows.map(|(index, (pipeline, throughput))| {
        let at = format!("/comparison/ceilings/{index}");
        let most = number(Some(*throughput), &at, "replies_per_s");
        row(format!("-P {pipeline}"), [most])
    });
    let caption = "As fast as the load generator gets, with a responder that does nothing else";
    let heads = [Words("pipeline"), Number("requests/s")];
    (!comparison.ceilings.is_empty()).then(|| table(caption, &heads, rows))
}
