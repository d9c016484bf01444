//! Tables that fit the terminal: the names of the rows become shorter first, then the columns that are needed
//! least are left out.

use super::text::{cut, wrap};
use std::fmt::Display;

/// A table, as it is where there is room.
pub struct Grid {
    /// How wide the names of the rows are: at least, and where there is room.
    pub names: (usize, usize),
    /// The names of the columns behind them, and their widths.
    pub columns: &'static [(&'static str, usize)],
    /// Those that may be left out, the first one first.
    pub dispensable: &'static [&'static str],
}

/// A table, as it is shown.
pub struct Fitted {
    /// How wide the names of the rows are.
    pub name: usize,
    columns: &'static [(&'static str, usize)],
    left_out: &'static [&'static str],
}

impl Grid {
    /// As much of it as there is room for in `width` columns of a terminal.
    pub fn fit(&self, width: usize) -> Fitted {
        let (least, most) = self.names;
        let mut fitted = Fitted {
            name: most,
            columns: self.columns,
            left_out: &[],
        };
        for count in 0..=self.dispensable.len() {
            fitted.left_out = self.dispensable.get(..count).unwrap_or_default();
            let figures = fitted.shown().map(|(_, (_, width))| *width).sum();
            let room = width.saturating_sub(figures);
            fitted.name = room.clamp(least, most);
            if room >= least {
                break;
            }
        }
        fitted
    }
}

impl Fitted {
    /// The columns that are shown, each with its place among all.
    fn shown(&self) -> impl Iterator<Item = (usize, &(&'static str, usize))> {
        let all = self.columns.iter().enumerate();
        all.filter(|(_, (name, _))| !self.left_out.contains(name))
    }

    /// A row: its name, and its cells, those that are left out included. Without a line end.
    pub fn row(&self, name: &str, cells: &[impl Display]) -> String {
        let width = self.name;
        let mut row = format!("{:<width$}", cut(name, width));
        for (place, (_, width)) in self.shown() {
            if let Some(cell) = cells.get(place) {
                row += &format!("{cell:>width$}");
            }
        }
        row
    }

    /// The names of the columns, behind a title.
    pub fn head(&self, title: &str) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        self.row(title, &names)
    }

    /// A line that says what is left out; empty where nothing is.
    pub fn missing(&self, width: usize) -> String {
        if self.left_out.is_empty() {
            return String::new();
        }
        let names = self.left_out.join(", ");
        let line = format!("Left out, as the terminal is narrow: {names}.");
        wrap(&line, "  ", width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid {
        names: (6, 10),
        columns: &[("one", 5), ("two", 6), ("three", 7)],
        dispensable: &["two", "one"],
    };

    fn shown(width: usize) -> [String; 2] {
        let fitted = GRID.fit(width);
        [fitted.head("title"), fitted.row("a long name", &[1, 2, 3])]
    }

    #[test]
    fn with_room_a_table_is_as_wide_as_it_should_be() {
        for width in [28, 200] {
            assert_eq!(
                shown(width),
                [
                    "title       one   two  three",
                    "a long ...    1     2      3"
                ]
            );
            assert_eq!(GRID.fit(width).missing(width), "");
        }
    }

    #[test]
    fn names_become_shorter_before_columns_are_left_out() {
        assert_eq!(
            shown(24),
            ["title   one   two  three", "a l...    1     2      3"]
        );
        assert_eq!(
            shown(23),
            ["title       one  three", "a long ...    1      3"]
        );
        assert_eq!(
            shown(17),
            ["title       three", "a long ...      3"].map(String::from)
        );
        let left_out = "Left out, as the terminal is narrow: two.\n";
        assert_eq!(GRID.fit(23).missing(80), left_out);
    }

    #[test]
    fn some_of_it_is_always_shown() {
        assert_eq!(shown(0), ["title   three", "a l...      3"]);
    }
}
