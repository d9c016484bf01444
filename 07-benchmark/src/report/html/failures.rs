//! The part of the page on requests that failed.

use super::section;
use super::table::{Head, count, row, table, words};
use crate::report::markup::Node;
use crate::report::words::Subject;
use Head::{Number, Words};

/// All kinds of errors; nothing if there are none.
pub fn section_on(seen: &[Subject]) -> Option<Node> {
    let rows: Vec<Node> = seen.iter().flat_map(kinds).collect();
    let heads = [
        Words("test"),
        Words("kind"),
        Number("how many"),
        Words("the first one"),
    ];
    if rows.is_empty() {
        return None;
    }
    let table = table("Requests that failed", &heads, rows);
    Some(section("What failed").with(table))
}

fn kinds(Subject { name, at, measured }: &Subject) -> Vec<Node> {
    let kinds = measured.errors.kinds().enumerate();
    let rows = kinds.map(|(index, (kind, errors))| {
        let many = count(errors.count, at, &format!("errors/kinds/{index}/count"));
        row(name, [words(kind), many, words(&errors.example)])
    });
    rows.collect()
}
