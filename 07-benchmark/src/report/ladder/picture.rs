//! The ladder as bars: a row for each server, a column for each test.

use super::Ladder;
use crate::report::markup::{Node, tag};
use crate::report::model::Turns;
use crate::report::numbers::thousands;

/// Where everything stands, in the picture's own units.
const WIDTH: f64 = 860.0;
const MARGIN: f64 = 20.0;
const HEAD: f64 = 78.0;
const ROW: f64 = 56.0;
/// Room for a name, above its bars.
const TITLE: f64 = 20.0;
const BAR: f64 = 20.0;
/// Between two columns of bars, with room for a figure behind the longest bar.
const FIGURE: f64 = 84.0;

const STYLE: &str = "text{fill:#1f2328}.soft{fill:#59636e}.name{font-weight:bold}.bar{fill:#0969da}\
.last{fill:#bc4c00}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9da7b3}.bar{fill:#58a6ff}\
.last{fill:#f0883e}}";

/// A picture for light and dark backgrounds, as an SVG file.
pub fn picture(ladder: &Ladder) -> String {
    let height = HEAD + ROW * ladder.steps.len() as f64 + MARGIN;
    let svg = tag("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("viewBox", format!("0 0 {WIDTH} {height}"))
        .attr("font-family", "sans-serif")
        .attr("font-size", 13)
        .attr("role", "img")
        .attr("aria-label", label(ladder))
        .with(tag("style").text(STYLE))
        .with(
            text(
                MARGIN,
                26.0,
                "Requests per second of each stage under the same load",
            )
            .attr("class", "name")
            .attr("font-size", 16),
        );
    let svg = svg.all(heads(ladder));
    let rows = (0..ladder.steps.len()).flat_map(|place| row(ladder, place));
    format!("{}\n", svg.all(rows))
}

fn label(ladder: &Ladder) -> String {
    let names: Vec<&str> = ladder.steps.iter().map(|step| step.name.as_str()).collect();
    format!("Bars of requests per second for {}", names.join(", "))
}

/// Where the column of a test begins, and how long its longest bar is.
fn column(ladder: &Ladder, place: usize) -> (f64, f64) {
    let count = ladder.blocks.len().max(1) as f64;
    let width = (WIDTH - 2.0 * MARGIN) / count;
    (MARGIN + width * place as f64, width - FIGURE)
}

fn heads(ladder: &Ladder) -> Vec<Node> {
    let title = |(place, (title, _)): (usize, &(String, Vec<Turns>))| {
        let (x, _) = column(ladder, place);
        text(x, 58.0, title).class("soft")
    };
    ladder.blocks.iter().enumerate().map(title).collect()
}

fn row(ladder: &Ladder, place: usize) -> Vec<Node> {
    let y = HEAD + ROW * place as f64;
    let is_last = place + 1 == ladder.steps.len();
    let mut nodes = Vec::new();
    if let Some(step) = ladder.steps.get(place) {
        nodes.push(
            tag("text")
                .attr("x", MARGIN)
                .attr("y", y + TITLE - 6.0)
                .with(tag("tspan").class("name").text(&step.name))
                .with(tag("tspan").class("soft").attr("dx", 10).text(&step.change)),
        );
    }
    for (number, (_, cells)) in ladder.blocks.iter().enumerate() {
        let most = cells.iter().map(Turns::throughput).fold(1.0, f64::max);
        let Some(cell) = cells.get(place) else {
            continue;
        };
        let (x, longest) = column(ladder, number);
        let length = (longest * cell.throughput() / most).max(1.0);
        let class = if is_last { "bar last" } else { "bar" };
        nodes.push(
            tag("rect")
                .class(class)
                .attr("x", short(x))
                .attr("y", short(y + TITLE))
                .attr("width", short(length))
                .attr("height", BAR)
                .attr("rx", 3),
        );
        let figure = thousands(cell.throughput());
        nodes.push(text(x + length + 6.0, y + TITLE + BAR - 5.0, &figure));
    }
    nodes
}

fn text(x: f64, y: f64, text: &str) -> Node {
    tag("text")
        .attr("x", short(x))
        .attr("y", short(y))
        .text(text)
}

/// A coordinate with as many digits as can be seen.
fn short(number: f64) -> String {
    format!("{number:.1}")
}
