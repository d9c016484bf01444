//! Tables. A cell with a number says in `data-at` where the same number stands in the JSON document.

use crate::report::markup::{Node, tag};
use crate::report::numbers::{NONE, figure, thousands};

/// The head of a column, which stands as its cells do.
#[derive(Clone, Copy, Debug)]
pub enum Head {
    /// Of text.
    Words(&'static str),
    /// Of numbers.
    Number(&'static str),
}

/// A table: what it shows, the heads of its columns (none where they would say nothing), and its rows.
pub fn table(caption: &str, heads: &[Head], rows: impl IntoIterator<Item = Node>) -> Node {
    let cell = || tag("th").attr("scope", "col");
    let head = |head: &Head| match head {
        Head::Words(text) => cell().text(text),
        Head::Number(text) => cell().class("number").text(text),
    };
    let heads = (!heads.is_empty()).then(|| tag("tr").all(heads.iter().map(head)));
    let table = tag("table")
        .with(tag("caption").text(caption))
        .all(heads.map(|row| tag("thead").with(row)))
        .with(tag("tbody").all(rows));
    // On a narrow screen it scrolls within its box; `tabindex` lets the keyboard scroll it, too.
    tag("div")
        .class("table")
        .attr("tabindex", 0)
        .attr("role", "region")
        .attr("aria-label", caption)
        .with(table)
}

/// A row: what it is about, and its cells.
pub fn row(name: impl ToString, cells: impl IntoIterator<Item = Node>) -> Node {
    tag("tr").with(name_cell(name)).all(cells)
}

/// The cell that says what a row is about.
pub fn name_cell(name: impl ToString) -> Node {
    tag("th").attr("scope", "row").text(name.to_string())
}

/// Text.
pub fn words(text: impl ToString) -> Node {
    tag("td").class("words").text(text.to_string())
}

/// A figure with three digits. In the JSON document it stands in what is `at`, under `key`.
pub fn number(value: Option<f64>, at: &str, key: &str) -> Node {
    cell(value.map_or_else(|| NONE.to_string(), figure), at, key)
}

/// A whole number.
pub fn count(value: u64, at: &str, key: &str) -> Node {
    cell(thousands(value as f64), at, key)
}

/// A figure of which two decimal places are enough.
pub fn hundredths(value: Option<f64>, at: &str, key: &str) -> Node {
    let finite = value.filter(|value| value.is_finite());
    let text = finite.map_or_else(|| NONE.to_string(), |value| format!("{value:.2}"));
    cell(text, at, key)
}

fn cell(text: String, at: &str, key: &str) -> Node {
    let at = format!("{at}/{key}");
    tag("td").class("number").attr("data-at", at).text(text)
}
