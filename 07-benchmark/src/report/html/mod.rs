//! `--report`: one HTML file that needs nothing else: no network, no script, no fonts.
//!
//! What must be known before the figures are believed comes first, then a table, then pictures with a few words
//! on how to read them, and at the end how it was done.

mod about;
mod comparison;
mod comparison_pictures;
mod failures;
mod figure;
mod run_pictures;
mod runs;
mod table;

use crate::report::markup::{Node, tag};
use crate::report::model::Findings;
use crate::report::notices::{Notice, Weight, notices};
use crate::report::numbers::utc;
use crate::report::words::{all_seen, headline};

const STYLE: &str = include_str!("style.css");

/// Forbids the page to load or to run anything: the browser keeps what the escaping promises.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub fn page(findings: &Findings) -> String {
    let headline = headline(findings);
    let title = tag("title").text(&headline);
    let policy = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
    let head = format!(
        "<meta charset=\"utf-8\">\n{policy}\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{title}\n<style>\n{STYLE}</style>"
    );
    // A number stays beside its unit.
    let unbroken = headline.replace(" ms", "\u{a0}ms");
    let body = tag("body")
        .with(header(findings, &unbroken))
        .with(tag("main").all(sections(findings)));
    format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{head}\n</head>\n{body}\n</html>\n")
}

fn header(findings: &Findings, headline: &str) -> Node {
    let machine = &findings.machine;
    let began = utc(findings.began).replace('T', " ").replace('Z', " UTC");
    let line = format!("{} · {began} · {}", findings.generator, machine.system);
    let (loud, quiet): (Vec<Notice>, Vec<Notice>) = notices(findings)
        .into_iter()
        .partition(|notice| notice.weight != Weight::Note);
    tag("header")
        .all(loud.iter().map(notice))
        .with(tag("h1").text(headline))
        .with(tag("p").class("origin").text(line))
        .all(quiet.iter().map(notice))
}

fn notice(notice: &Notice) -> Node {
    let class = match notice.weight {
        Weight::Bad => "notice bad",
        Weight::Care => "notice care",
        Weight::Note => "notice note",
    };
    let title = notice.title.trim_end_matches('.');
    tag("p")
        .class(class)
        .with(tag("strong").text(format!("{title}.")))
        .text(format!(" {}", notice.text))
}

fn sections(findings: &Findings) -> Vec<Node> {
    let failures = failures::section_on(&all_seen(findings));
    let mut sections: Vec<Node> = failures.into_iter().collect();
    if !findings.runs.is_empty() {
        sections.extend(runs::sections(&findings.runs));
    }
    if let Some(comparison) = &findings.comparison {
        sections.extend(comparison::sections(findings, comparison));
    }
    sections.extend(about::sections(findings));
    sections
}

/// A part of the page under a heading.
fn section(heading: &str) -> Node {
    tag("section").with(tag("h2").text(heading))
}

#[cfg(test)]
mod tests;
