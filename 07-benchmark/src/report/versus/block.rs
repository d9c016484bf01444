//! The rows of one test.

use crate::report::columns::{Fitted, Grid};
use crate::report::model::{Case, Estimate, Side, Verdict};
use crate::report::numbers::thousands;
use crate::report::summary::Figure;
use crate::report::text::{cut, mark, micros, ratio, wrap_behind};

/// What stands where a figure is missing.
const MISSING: &str = "-";

/// The table. Columns with an interval have room for it; the last place is the mark's.
const GRID: Grid = Grid {
    names: (18, 38),
    columns: &[
        ("requests/s", 12),
        ("p50 ms", 13),
        ("p95 ms", 10),
        ("p99 ms", 13),
        ("server us", 13),
        ("client", 8),
    ],
    dispensable: &["p95 ms", "client", "p50 ms", "server us"],
};

/// It in so many columns, but for the mark's.
pub fn fitted(width: usize) -> Fitted {
    GRID.fit(width.saturating_sub(1))
}

/// One test of a comparison of `rounds` rounds: both sides, B's figures divided by A's, and what that says; in
/// `width` columns.
pub fn case(case: &Case, rounds: usize, width: usize) -> String {
    let ([a, b], grid) = (&case.sides, fitted(width));
    [
        head(&grid, case),
        side(&grid, "A", a),
        side(&grid, "B", b),
        ratios(&grid, "B / A", case),
        intervals(&grid, case),
        verdicts(&grid, case),
        wrap_behind("  ", &(conclusion(case) + "."), "    ", width),
        unfinished(case, rounds),
        "\n".to_string(),
    ]
    .concat()
}

/// The same of A against itself: how far the ratio may be from 1 for no reason.
pub fn noise(case: &Case, rounds: usize, width: usize) -> String {
    let grid = fitted(width);
    [
        head(&grid, case),
        ratios(&grid, "A / A", case),
        intervals(&grid, case),
        unfinished(case, rounds),
        "\n".to_string(),
    ]
    .concat()
}

/// The title, and the names of the columns.
fn head(grid: &Fitted, case: &Case) -> String {
    grid.head(&name(grid, &case.title)) + "\n"
}

fn side(grid: &Fitted, letter: &str, side: &Side) -> String {
    let millis = |percent| or_missing(side.millis_at(percent).map(|ms| format!("{ms:.3}")));
    let cells = [
        or_missing(side.throughput().map(thousands)),
        millis(50.0),
        millis(95.0),
        millis(99.0),
        micros(side.server_cpu),
        or_missing(
            side.all
                .own_share()
                .map(|share| format!("{:.0} %", share * 100.0)),
        ),
    ];
    let name = format!("  {letter}  {}", side.name);
    row(grid, &name, cells, mark(side.bound))
}

fn ratios(grid: &Fitted, label: &str, case: &Case) -> String {
    let cell = |estimate: &Estimate| estimate.ratio.is_finite().then(|| times(estimate.ratio));
    estimates(grid, label, case, cell)
}

fn intervals(grid: &Fitted, case: &Case) -> String {
    let cell = |estimate: &Estimate| {
        let (low, high) = estimate.interval?;
        Some(format!("{}-{}", ratio(low), ratio(high)))
    };
    estimates(grid, "95 % interval", case, cell)
}

fn verdicts(grid: &Fitted, case: &Case) -> String {
    let cell = |estimate: &Estimate| {
        let word = match estimate.verdict {
            Verdict::Faster => "better",
            Verdict::Slower => "worse",
            Verdict::NoDifferenceShown => "unclear",
        };
        Some(word.to_string())
    };
    estimates(grid, "B is", case, cell)
}

/// A row with a cell for each estimate; p95 and the client's share have none.
fn estimates(
    grid: &Fitted,
    label: &str,
    case: &Case,
    cell: impl Fn(&Estimate) -> Option<String>,
) -> String {
    let cells = [
        or_missing(cell(&case.throughput)),
        or_missing(cell(&case.p50)),
        String::new(),
        or_missing(cell(&case.p99)),
        or_missing(case.server_cpu.as_ref().and_then(&cell)),
        String::new(),
    ];
    row(grid, &format!("  {label}"), cells, "")
}

/// What the figure that decides says of B.
fn conclusion(case: &Case) -> String {
    let figure = match case.deciding() {
        Figure::Throughput => "the throughput",
        Figure::P99 => "the p99 latency",
        Figure::ServerCpu => "the server's CPU time for a request",
    };
    let Estimate {
        ratio,
        interval,
        verdict,
    } = case.decided_by();
    let found = format!("{} {figure}", times(ratio));
    match (verdict, interval) {
        (Verdict::Faster, _) => format!("B is faster: {found}"),
        (Verdict::Slower, _) => format!("B is slower: {found}"),
        (_, None) => format!("No difference can be shown: there is no interval for {figure}"),
        (_, Some((low, high))) if low > 1.0 || high < 1.0 => {
            format!("No difference is shown: {found} is no more than A shows against itself")
        }
        (_, Some(_)) => format!("No difference is shown: {found}"),
    }
}

/// A line that says how much was measured, if it is not all.
fn unfinished(case: &Case, rounds: usize) -> String {
    match case.rounds() {
        done if done < rounds => format!("  Rounds measured: {done} of {rounds}.\n"),
        _ => String::new(),
    }
}

fn times(number: f64) -> String {
    format!("{}x", ratio(number))
}

fn or_missing(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| MISSING.to_string())
}

/// A name, with a blank behind it: a figure may be as wide as its column.
fn name(grid: &Fitted, name: &str) -> String {
    cut(name, grid.name.saturating_sub(1))
}

fn row(grid: &Fitted, label: &str, cells: [String; 6], mark: &str) -> String {
    let row = grid.row(&name(grid, label), &cells) + mark;
    row.trim_end().to_string() + "\n"
}
