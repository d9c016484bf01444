//! The stages under the same load: a table for people, and a picture.

mod picture;

pub use picture::picture;

use super::columns::{Fitted, Grid};
use super::model::{Bound, Turns};
use super::numbers::{counted, thousands};
use super::text::{cut, micros, own_share, settings_line, wrap, wrap_behind};

/// The table.
const GRID: Grid = Grid {
    names: (16, 24),
    columns: &[
        ("requests/s", 13),
        ("of last", 11),
        ("p50 ms", 10),
        ("p99 ms", 10),
        ("server us", 11),
        ("served", 9),
        ("client", 9),
    ],
    dispensable: &["served", "of last", "p50 ms", "server us"],
};

/// A server on the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to call it.
    pub name: String,
    /// What it changed.
    pub change: String,
}

/// All that was measured.
pub struct Ladder {
    /// The servers, the lowest first.
    pub steps: Vec<Step>,
    /// The tests' titles, each with a cell for each server.
    pub blocks: Vec<(String, Vec<Turns>)>,
}

impl Ladder {
    /// Adds a test. Returns its rows, in `width` columns.
    pub fn block(&mut self, title: &str, cells: Vec<Turns>, width: usize) -> String {
        let last = cells.last().map_or(0.0, Turns::throughput);
        let grid = GRID.fit(width);
        let mut text = grid.head(title) + "\n";
        for (step, cell) in self.steps.iter().zip(&cells) {
            text += &row(&grid, step, cell, last);
        }
        self.blocks.push((title.to_string(), cells));
        text + "\n"
    }
}

fn row(grid: &Fitted, step: &Step, cell: &Turns, last: f64) -> String {
    let share = if last > 0.0 {
        format!("{:.2}x", cell.throughput() / last)
    } else {
        "-".to_string()
    };
    let millis = |percent| format!("{:.3}", cell.all.millis_at(percent));
    let bound = cell.bound.unwrap_or(Bound::Unknown);
    let cells = [
        thousands(cell.throughput()),
        share,
        millis(50.0),
        millis(99.0),
        micros(cell.server_cpu_per_reply()),
        cell.all.served.to_string(),
        own_share(cell.all.own_share(), bound),
    ];
    let line = grid.row(&format!("  {}", step.name), &cells);
    line.trim_end().to_string() + "\n"
}

/// Who is on the ladder, and under which load.
pub fn heading(
    ladder: &Ladder,
    settings: &[(String, String)],
    rounds: usize,
    width: usize,
) -> String {
    let mut text = "The stages under the same load\n".to_string();
    let line = format!(
        "{}, {}, upwards and downwards in turn",
        settings_line(settings),
        counted(rounds, "round")
    );
    text += &wrap(&line, "  ", width);
    text.push('\n');
    let (_, name) = GRID.names;
    for step in &ladder.steps {
        let label = format!("{:<name$}", cut(&format!("  {}", step.name), name));
        text += &wrap_behind(&label, &step.change, &" ".repeat(name), width);
    }
    text + "\n"
}

/// What the columns mean.
pub fn end(ladder: &Ladder, interrupted: bool, width: usize) -> String {
    if ladder.blocks.is_empty() {
        return "Interrupted before the first test was finished.\n".to_string();
    }
    let mut text = wrap(
        "requests/s: median of the turns. of last: as a part of the last row's. p50, p99: of the replies of all \
         turns. server us: CPU time of the server for one request. served: connections that had a reply while \
         it was measured. client: how much of a core this program used.",
        "  ",
        width,
    );
    let bound = |by| {
        let mut cells = ladder.blocks.iter().flat_map(|(_, cells)| cells);
        cells.any(|cell| cell.bound == Some(by))
    };
    if bound(Bound::Client) {
        text += &wrap(
            "* This program was busy in a turn at least: it may be what limits the throughput of this row, and \
             the server's CPU time for a request tells more.",
            "  ",
            width,
        );
    }
    if bound(Bound::Neither) {
        text += &wrap(
            "+ Neither this program nor the server was busy: with one client served at a time each waits for the \
             other; else they shared a core, or waited for other programs.",
            "  ",
            width,
        );
    }
    text += &GRID.fit(width).missing(width);
    if interrupted {
        text += "Interrupted: the tests above are those that were finished.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Measured;
    use crate::report::model::Turn;
    use crate::report::text::WIDTH;
    use std::time::Duration;

    fn cell(replies: u64) -> Turns {
        let mut cell = Turns::default();
        let mut measured = Measured {
            replies,
            all_replies: replies,
            time: Duration::from_secs(1),
            whole_time: Duration::from_secs(1),
            own_cpu: Some(Duration::from_millis(900)),
            served: 50,
            ..Measured::default()
        };
        measured.response.record_n(1_000_000, replies).unwrap();
        let cpu = Duration::from_nanos(5_000 * replies);
        cell.add(Turn {
            measured,
            server_cpu: Some(cpu),
            bound: Bound::Client,
        });
        cell
    }

    fn ladder() -> Ladder {
        let step = |name: &str| Step {
            name: name.to_string(),
            change: format!("what <{name}> changed"),
        };
        Ladder {
            steps: vec![step("low"), step("high")],
            blocks: Vec::new(),
        }
    }

    #[test]
    fn rows_stand_beside_the_last_one() {
        let mut ladder = ladder();
        let block = ladder.block("GET -P 1", vec![cell(50_000), cell(100_000)], WIDTH);
        let lines: Vec<&str> = block.lines().collect();
        assert_eq!(
            lines[1],
            "  low                          50,000      0.50x     1.000     1.000       5.00       50    90 %*"
        );
        assert!(lines[2].contains("100,000      1.00x"), "{block}");
        assert!(end(&ladder, true, WIDTH).contains("* This program was busy"));
        assert!(
            heading(&ladder, &[], 4, WIDTH).contains("  low                   what <low> changed")
        );
    }

    #[test]
    fn on_a_narrow_terminal_no_line_is_continued_on_the_next() {
        for width in [70, 80, 90, WIDTH] {
            let mut ladder = ladder();
            ladder.steps[0].change = "many words ".repeat(20);
            let block = ladder.block("GET -P 1", vec![cell(50_000), cell(100_000)], width);
            let text = heading(&ladder, &[], 4, width) + &block + &end(&ladder, false, width);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{text}");
            assert_eq!(text.contains("Left out"), width <= 80, "{text}");
        }
    }

    #[test]
    fn turns_are_added_and_the_middle_one_is_shown() {
        let mut all = cell(10_000);
        for replies in [30_000, 20_000] {
            let more = cell(replies);
            all.add(Turn {
                measured: more.all,
                server_cpu: Some(Duration::from_nanos(8_000 * replies)),
                bound: Bound::Server,
            });
        }
        assert!((all.throughput() - 20_000.0).abs() < 1e-6);
        // 10,000 at 5 us and 50,000 at 8 us.
        assert_eq!(all.server_cpu_per_reply().unwrap().as_nanos(), 7_500);
        // Not known of one turn: not known.
        all.add(Turn {
            measured: cell(1).all,
            server_cpu: None,
            bound: Bound::Server,
        });
        assert_eq!(all.server_cpu_per_reply(), None);
    }

    #[test]
    fn the_picture_has_a_bar_for_each_figure_and_escapes_names() {
        let mut ladder = ladder();
        ladder.block("GET -P 1", vec![cell(50_000), cell(100_000)], WIDTH);
        ladder.block("GET -P 16", vec![cell(500_000), cell(1_000_000)], WIDTH);
        let picture = picture(&ladder);
        assert_eq!(picture.matches("<rect class=\"bar").count(), 4, "{picture}");
        assert!(picture.contains("what &lt;low&gt; changed") && picture.contains("1,000,000"));
    }
}
