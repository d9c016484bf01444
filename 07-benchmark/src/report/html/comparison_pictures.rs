//! The pictures of a comparison of two servers.

use super::comparison::{COMPARED, Compared};
use super::figure::{self, described, entry, grid, how_to_read, legend, remark};
use super::run_pictures::series;
use crate::report::draw::forest::{self, Row};
use crate::report::draw::percentiles::{self, Series};
use crate::report::draw::{Caption, spot, turns};
use crate::report::markup::{Node, tag};
use crate::report::model::{Case, Comparison};
use crate::report::numbers::counted;
use crate::report::words::{noise, verdict};

const READ_RATIOS: &str = "Each row is B's figure divided by A's. The bar is where the true ratio may lie: of 100 \
    such bars, 95 hold it. A bar that crosses the line at 1 shows no difference, however far from 1 its middle is. \
    A full square is a difference that is shown, a hollow one is none. The grey band is A compared with itself in \
    the same way: what the machine does on its own. A difference within it means nothing.";

const READ_OTHERS: &str = "Mind the direction: of throughput more is better, of CPU time and latency less. When the \
    load generator is busy, throughput says little of the server; its CPU time for a reply still does.";

/// How to read a picture of turns.
pub const READ_TURNS: &str = "Each mark is a turn, in the order in which they were done; the lines are the medians. \
    If the marks of A and of B keep apart, the difference does not depend on which turns are looked at. If both rise \
    or fall together, the machine changed meanwhile; that is why the turns alternate. This axis does not begin at 0.";

/// The ratios of all figures: throughput over the whole width, the others beside each other.
pub fn forests(comparison: &Comparison) -> Vec<Node> {
    let all = COMPARED.iter().enumerate();
    let mut all = all.filter_map(|(index, compared)| forest_of(index, compared, comparison));
    let mut nodes: Vec<Node> = all.next().into_iter().collect();
    let words = tag("div")
        .with(how_to_read(READ_RATIOS))
        .with(remark(READ_OTHERS));
    nodes.push(grid(all.chain([words])));
    nodes
}

fn forest_of(index: usize, compared: &Compared, comparison: &Comparison) -> Option<Node> {
    let row = |case| row_of(case, compared, comparison);
    let rows: Vec<Row> = comparison.cases.iter().filter_map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let caption = Caption {
        id: format!("ratio-{index}"),
        title: format!("{}: B divided by A", compared.name),
        description: sentences(&rows),
    };
    let draw = |size| forest::draw(size, &caption, &rows, compared.better);
    Some(match index {
        0 => figure::wide(&caption, Vec::new(), draw),
        _ => figure::small(&caption, Vec::new(), draw),
    })
}

fn sentences(rows: &[Row]) -> String {
    let sentence = |Row { name, estimate, .. }: &Row| {
        let verdict = verdict(estimate.verdict);
        format!("{name}: {}, {verdict}.", forest::said(estimate))
    };
    rows.iter().map(sentence).collect::<Vec<String>>().join(" ")
}

fn row_of(case: &Case, compared: &Compared, comparison: &Comparison) -> Option<Row> {
    Some(Row {
        name: case.title.clone(),
        estimate: (compared.estimate)(case)?,
        noise: noise(comparison, case.pipeline, compared.estimate),
    })
}

/// Each case in two pictures: the latencies of both sides, and the turns.
pub fn cases(cases: &[Case]) -> impl Iterator<Item = Node> {
    let cases = cases.iter().enumerate();
    cases.map(|(index, case)| grid([latencies(index, case), all_turns(index, case)]))
}

fn latencies(index: usize, case: &Case) -> Node {
    let sides = case.sides.iter().zip(["A", "B"]).enumerate();
    let lines = sides.filter_map(|(style, (side, letter))| {
        let name = format!("{letter} {}", side.name);
        series(name, style, &side.all.response)
    });
    let lines: Vec<Series> = lines.collect();
    let caption = Caption {
        id: format!("case-{index}-latency"),
        title: format!("{}: latency", case.title),
        description: described(&lines),
    };
    let draw = |size| percentiles::draw(size, &caption, &lines, &[]);
    figure::small(&caption, legend(&lines), draw)
}

fn all_turns(index: usize, case: &Case) -> Node {
    let [a, b] = case
        .sides
        .each_ref()
        .map(|side| side.throughputs.as_slice());
    let description = format!(
        "Throughput of {} of A and {} of B.",
        counted(a.len(), "turn"),
        counted(b.len(), "turn")
    );
    let caption = Caption {
        id: format!("case-{index}-turns"),
        title: format!("{}: the turns", case.title),
        description,
    };
    let legend = vec![entry(spot(0), "A"), entry(spot(1), "B")];
    figure::small(&caption, legend, |size| turns::draw(size, &caption, [a, b]))
}
