//! A comparison of two servers as a table for people. It comes in pieces, each printed as soon as it is known:
//! [`heading`], [`calibration`], [`case`] for each test, [`end`]. Every piece ends with a line end, and all but
//! the last with an empty line.

mod block;

pub use block::case;

use crate::report::model::{Bound, Case, Comparison, Server};
use crate::report::numbers::{counted, thousands};
use crate::report::summary::{Figure, Score};
use crate::report::text::{BUSY_MARK, IDLE_MARK, cut, settings_line, wrap};

/// The indent of all lines of a paragraph but the first.
const HANGING: &str = "  ";

/// How much is shown of a title in a sentence.
const LONG_TITLE: usize = 40;

/// Who is compared, and how. `settings` are those of the whole call: name and value. What the comparison
/// remarks is told as far as it is known by now. As all of the table it is `width` columns wide.
pub fn heading(
    servers: &[Server],
    settings: &[(String, String)],
    comparison: &Comparison,
    width: usize,
) -> String {
    let mut text = String::new();
    for (letter, server) in ["A", "B"].iter().zip(servers) {
        let line = format!("{letter}: {}", server.introduction());
        text += &wrap(&line, HANGING, width);
    }
    text += &wrap(
        &format!(
            "{} of four turns, A B B A, of {} s each",
            counted(comparison.rounds, "round"),
            comparison.turn.as_secs_f64()
        ),
        HANGING,
        width,
    );
    text += &wrap(&settings_line(settings), HANGING, width);
    for remark in &comparison.remarks {
        text += &wrap(remark, HANGING, width);
    }
    text + "\n"
}

/// What the machine and this program can do: the most that this program reaches, and A against itself. Empty
/// where neither was measured.
pub fn calibration(comparison: &Comparison, width: usize) -> String {
    let mut text = ceilings(&comparison.ceilings, width);
    if !comparison.noise.is_empty() {
        text += &wrap(
            "A against itself. B differs from A only if its ratio is further from 1 than these intervals reach.",
            HANGING,
            width,
        );
        text.push('\n');
    }
    for case in &comparison.noise {
        text += &block::noise(case, comparison.rounds, width);
    }
    text
}

fn ceilings(ceilings: &[(usize, f64)], width: usize) -> String {
    let each: Vec<String> = ceilings
        .iter()
        .map(|(pipeline, most)| format!("{} requests/s at -P {pipeline}", thousands(*most)))
        .collect();
    if each.is_empty() {
        return String::new();
    }
    let line = format!(
        "Against a responder that does nothing else this program reaches {}.",
        each.join(", ")
    );
    wrap(&line, HANGING, width) + "\n"
}

/// What the columns and marks mean, and what came out. `early` says how it ended, if that was before its time.
pub fn end(comparison: &Comparison, early: Option<&str>, width: usize) -> String {
    let mut text = String::new();
    if !comparison.cases.is_empty() {
        for paragraph in explanations(&comparison.cases) {
            text += &wrap(&paragraph, HANGING, width);
        }
        text += &block::fitted(width).missing(width);
        text.push('\n');
    }
    if let Some(early) = early {
        text += &wrap(&rounds_done(comparison, early), HANGING, width);
    }
    text + &wrap(&Score::of(&comparison.cases).sentence(), HANGING, width)
}

fn explanations(cases: &[Case]) -> Vec<String> {
    let bound = |by| {
        let mut sides = cases.iter().flat_map(|case| &case.sides);
        sides.any(|side| side.bound == by)
    };
    let mut all = vec![
        "requests/s: median of the turns. p50, p95, p99: of the replies of all turns. server us: CPU time of the \
         server for one request. client: how much of a core this program used."
            .to_string(),
        "B / A: geometric mean of the rounds' ratios. 95 % interval: 95 of 100 such intervals hold the true ratio."
            .to_string(),
        "better, worse: the whole interval lies on one side of 1, and B differs from A by more than A from \
         itself. Up to about one figure in 20 is so by chance. unclear: no difference is shown, which does \
         not mean that there is none."
            .to_string(),
        deciding(cases),
    ];
    if bound(Bound::Client) {
        all.push(format!(
            "{BUSY_MARK} This program was busy, or as fast as it ever gets: it may be what limits the throughput \
             of this row, and the server's CPU time for a request tells more."
        ));
    }
    if bound(Bound::Neither) {
        all.push(format!(
            "{IDLE_MARK} Neither this program nor the server was busy: they shared a core, or waited for other \
             programs. With a core for each this row would show more."
        ));
    }
    all
}

/// Which figure decides a test.
fn deciding(cases: &[Case]) -> String {
    let any = |figure| cases.iter().any(|case| case.deciding() == figure);
    let mut rules = Vec::new();
    if any(Figure::Throughput) {
        rules.push("by its requests/s".to_string());
    }
    if any(Figure::ServerCpu) {
        rules.push(format!(
            "by server us where a row is marked {BUSY_MARK} or {IDLE_MARK}"
        ));
    }
    if any(Figure::P99) {
        rules.push("by p99 where the rate was set".to_string());
    }
    format!("A test is decided {}.", rules.join("; "))
}

fn rounds_done(comparison: &Comparison, early: &str) -> String {
    let of = comparison.rounds;
    let done = |case: &Case| {
        format!(
            "{}: {} of {of}",
            cut(&case.title, LONG_TITLE),
            case.rounds()
        )
    };
    let all: Vec<String> = comparison.cases.iter().map(done).collect();
    if all.is_empty() {
        return format!("{early} before the first round of A and B was over.");
    }
    format!("{early}. Rounds measured: {}.", all.join(", "))
}

#[cfg(test)]
mod tests;
