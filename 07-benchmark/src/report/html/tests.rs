//! The pages of all samples, read back.

mod reading;

use super::page;
use crate::report::model::Findings;
use crate::report::{json, samples};
use reading::{Element, elements, number, pictures, plotted};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

/// All samples, as pages and as JSON documents.
static DOCUMENTS: LazyLock<Vec<(&str, String, Value)>> = LazyLock::new(|| {
    let all = samples::all().iter();
    all.map(|(name, findings)| (*name, page(findings), json::value(findings)))
        .collect()
});

#[test]
fn every_number_of_a_table_is_that_of_the_json_document() {
    for (name, page, json) in DOCUMENTS.iter() {
        let mut checked = 0;
        for Element {
            attributes, text, ..
        } in elements(page)
        {
            let Some((_, pointer)) = attributes.iter().find(|(name, _)| name == "data-at") else {
                continue;
            };
            let expected = json.pointer(pointer);
            let shown = number(&text);
            match expected.and_then(Value::as_f64) {
                // An absent object has no members.
                None => assert_eq!(shown, None, "{name} {pointer} {expected:?}"),
                Some(expected) => {
                    let (shown, unit) = shown.unwrap_or_else(|| panic!("{name} {pointer} {text}"));
                    assert!(
                        (shown - expected).abs() <= unit * 0.500_001,
                        "{name} {pointer} {text} {expected}"
                    );
                }
            }
            checked += 1;
        }
        assert!(checked > 0 || *name == "nothing", "{name}");
    }
}

#[test]
fn every_curve_is_that_of_the_json_document() {
    let mut checked = 0;
    for (name, page, json) in DOCUMENTS.iter().filter(|(name, ..)| *name != "hostile") {
        for run in json["runs"].as_array().unwrap() {
            for (line, latency) in lines(run) {
                // Once for a wide, and once for a narrow screen.
                let found: Vec<_> = pictures(page, "latency-")
                    .into_iter()
                    .filter(|picture| picture.series(&line).is_some())
                    .collect();
                assert_eq!(found.len(), 2, "{name} {line}");
                for picture in found {
                    same_curve(&plotted(&picture, &line), latency);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 30, "{checked}");
}

/// The lines of a run in a picture, with their latencies.
fn lines(run: &Value) -> Vec<(String, &Value)> {
    let title = run["title"].as_str().unwrap();
    let mut lines = vec![(title.to_string(), &run["response"])];
    if !run["service"].is_null() {
        lines = vec![
            (format!("{title}, response"), &run["response"]),
            (format!("{title}, service"), &run["service"]),
        ];
    }
    for command in run["commands"].as_array().unwrap() {
        lines.push((
            command["title"].as_str().unwrap().to_string(),
            &command["response"],
        ));
    }
    lines.retain(|(_, latency)| !latency.is_null());
    lines
}

/// Points in values, with how far from them a tenth of a unit may lead.
type Plotted = Vec<((f64, f64), (f64, f64))>;

fn same_curve(points: &Plotted, latency: &Value) {
    let list = |key: &str| -> Vec<f64> {
        let list = latency["curve"][key].as_array().unwrap();
        list.iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let (percents, millis) = (list("percent"), list("latency_ms"));
    let count = latency["count"].as_f64().unwrap();
    assert_eq!(points.len(), percents.len());
    for ((percent, millis), ((x, y), (dx, dy))) in percents.iter().zip(&millis).zip(points) {
        let nines = -(1.0 - percent / 100.0).max(1.0 / count).log10();
        assert!(
            (x - nines).abs() <= *dx,
            "{percent} % is drawn at {x}, not at {nines}"
        );
        assert!(
            (y - millis).abs() <= *dy,
            "{millis} ms at {percent} % are drawn at {y}"
        );
    }
}

#[test]
fn throughput_and_latency_over_time_are_those_of_the_json_document() {
    for (findings, steps) in [(samples::closed_loop(), 100), (samples::open_loop(), 96)] {
        let (page, json) = (page(&findings), json::value(&findings));
        let intervals = json["runs"][0]["intervals"].as_array().unwrap();
        let of = |key: &str| -> Vec<f64> {
            intervals
                .iter()
                .filter_map(|each| each[key].as_f64())
                .collect()
        };
        let replies: Vec<f64> = of("replies").iter().map(|replies| replies / 0.1).collect();
        for picture in pictures(&page, "time-") {
            // The ticks of the upper half come first, then those of the lower.
            let [above, below] = picture.halves();
            for (half, line, expected) in [
                (&above, "throughput", &replies),
                (&below, "p99", &of("p99_ms")),
                (&below, "max", &of("max_ms")),
            ] {
                let points = plotted(half, line);
                assert_eq!(points.len(), expected.len() * 2, "{line}");
                for (step, expected) in points.chunks(2).zip(expected) {
                    let ((_, y), (_, dy)) = step[0];
                    assert!((y - expected).abs() <= dy, "{line} {y} {expected}");
                    assert_eq!(step[0].0.1, step[1].0.1);
                }
            }
            assert_eq!(of("p99_ms").len(), steps);
        }
    }
}

#[test]
fn every_ratio_is_drawn_where_it_belongs() {
    let findings = samples::comparison();
    let (page, json) = (page(&findings), json::value(&findings));
    let keys = ["throughput", "server_cpu", "p50", "p99"];
    for (index, key) in keys.into_iter().enumerate() {
        let found = pictures(&page, &format!("ratio-{index}-"));
        assert_eq!(found.len(), if index == 0 { 2 } else { 1 });
        for picture in found {
            let places = picture.ratios();
            let cases = json["comparison"]["cases"].as_array().unwrap();
            assert_eq!(places.len(), cases.len());
            for (case, place) in cases.iter().zip(places) {
                let expected = &case["ratios"][key];
                for (name, value) in ["low", "ratio", "high"].into_iter().zip(place) {
                    let expected = expected[name].as_f64().unwrap();
                    assert!(
                        (value / expected - 1.0).abs() < 0.002,
                        "{key} {name} {value} {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn pages_are_sound_and_nothing_from_outside_becomes_markup() {
    let allowed: BTreeSet<&str> = [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "section",
        "h1",
        "h2",
        "p",
        "strong",
        "small",
        "b",
        "span",
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "ul",
        "li",
        "details",
        "summary",
        "svg",
        "desc",
        "g",
        "line",
        "rect",
        "text",
        "polyline",
        "polygon",
        "circle",
    ]
    .into();
    for (name, page, _) in DOCUMENTS.iter() {
        let mut ids = BTreeSet::new();
        let mut wanted = Vec::new();
        // Reading fails if tags do not nest.
        for Element {
            tag, attributes, ..
        } in elements(page)
        {
            assert!(allowed.contains(tag.as_str()), "{name} {tag}");
            for (key, value) in attributes {
                assert!(
                    !key.starts_with("on") && key != "src" && key != "href",
                    "{name} {key}"
                );
                assert!(
                    !value.contains("NaN") && !value.contains("inf"),
                    "{name} {key} {value}"
                );
                if key == "id" {
                    assert!(ids.insert(value.clone()), "{name}: twice {value}");
                }
                if key == "aria-labelledby" {
                    wanted.extend(value.split(' ').map(str::to_string));
                }
            }
        }
        assert!(wanted.iter().all(|id| ids.contains(id)), "{name}");
        assert!(
            !page.contains("http:") && !page.contains("https:") && !page.contains("url("),
            "{name}"
        );
        assert!(page.contains("default-src 'none'"), "{name}");
    }
}

#[test]
fn every_picture_has_a_title_and_words() {
    for (name, page, _) in DOCUMENTS.iter() {
        let all = elements(page);
        let labelled = |element: &&Element| {
            element
                .attributes
                .iter()
                .any(|(key, _)| key == "aria-labelledby")
        };
        let pictures = all.iter().filter(labelled).count();
        let words = all
            .iter()
            .filter(|element| element.tag == "desc" && element.text.len() > 10)
            .count();
        assert_eq!(pictures, words, "{name}");
        assert!(
            pictures > 0 || ["nothing", "silent", "invalid"].contains(name),
            "{name}"
        );
    }
}

#[test]
fn what_must_be_known_stands_before_the_figures() {
    let loud = |page: &str, text: &str| {
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
        assert!(
            at("notice bad") < at("<h1") && at(text) < at("<h1"),
            "{text}"
        );
    };
    let body = |findings: &Findings| page(findings).split_once("<body>").unwrap().1.to_string();
    loud(
        &body(&samples::invalid()),
        "the load generator could not keep up. So there are no figures of it.",
    );
    loud(
        &body(&samples::interrupted()),
        "7 rounds were asked for, and not all of them were done",
    );
    loud(
        &body(&samples::broken_off()),
        "300 requests of INCR -P 1 failed (ERR): ERR broken. 7 rounds were asked for",
    );
    loud(&body(&samples::with_errors()), "1,237 requests failed");
    loud(
        &body(&samples::silent()),
        "there is nothing to tell of latencies",
    );
    let busy = body(&samples::mix());
    assert!(busy.find("Limited by the load generator").unwrap() < busy.find("<table").unwrap());
}

#[test]
fn an_invalid_run_has_no_figures_and_no_pictures() {
    let mut findings = samples::invalid();
    let shown = |page: &str| {
        let figures = ["replies_per_s", "response/", "service/"];
        let at = |figure: &&str| page.contains(&format!("data-at=\"/runs/0/{figure}"));
        (figures.iter().any(at), page.contains("<svg"))
    };
    let alone = page(&findings);
    assert_eq!(shown(&alone), (false, false));
    assert!(alone.contains("INVALID: requests were written up to 48 ms late"));
    assert!(alone.contains("NOT HELD"));
    findings.runs.extend(samples::closed_loop().runs);
    findings.runs[1].title = "SET".to_string();
    let beside = page(&findings);
    assert_eq!(shown(&beside), (false, true));
    assert!(pictures(&beside, "time-0").is_empty() && !pictures(&beside, "time-1").is_empty());
    for picture in pictures(&beside, "latency-") {
        assert!(picture.series("SET").is_some() && picture.series("GET, response").is_none());
    }
}

#[test]
fn folded_pictures_say_so() {
    let (long, short) = (page(&samples::long()), page(&samples::closed_loop()));
    let said = "a step stands for up to 20 of them";
    assert!(long.contains(said) && !short.contains(said));
    let points = |page: &str| -> usize {
        let all = pictures(page, "time-");
        all.iter()
            .map(|picture| picture.series("throughput").unwrap().len())
            .max()
            .unwrap()
    };
    assert_eq!(points(&long), 600);
}

#[test]
fn samples_are_written_where_they_are_asked_for() {
    let Some(directory) = std::env::var_os("REPORT_SAMPLES").map(PathBuf::from) else {
        return;
    };
    for (name, findings) in samples::all() {
        let file = |extension: &str| directory.join(name).with_extension(extension);
        std::fs::write(file("html"), page(findings)).unwrap();
        std::fs::write(file("json"), json::document(findings)).unwrap();
    }
}
