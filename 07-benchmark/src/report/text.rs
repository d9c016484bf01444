//! Helpers for text that people read.

use super::model::Bound;
use std::time::Duration;

/// How wide a table and the text below it are where there is room, in columns.
pub const WIDTH: usize = 110;

/// How wide they are on a terminal with so many columns; `None` stands for a file, or a pipe.
pub fn width(terminal: Option<usize>) -> usize {
    terminal.map_or(WIDTH, |columns| columns.min(WIDTH))
}

/// Behind figures for which this program was busy.
pub const BUSY_MARK: &str = "*";

/// Behind figures for which nobody was busy, though a closed loop has always somebody at work.
pub const IDLE_MARK: &str = "+";

/// The mark of a run, or a blank.
pub fn mark(bound: Bound) -> &'static str {
    match bound {
        Bound::Client => BUSY_MARK,
        Bound::Neither => IDLE_MARK,
        Bound::Server | Bound::Schedule | Bound::Unknown => " ",
    }
}

/// How much of a core this program used, with the mark of the run.
pub fn own_share(share: Option<f64>, bound: Bound) -> String {
    match share {
        Some(share) => format!("{:.0} %{}", share * 100.0, mark(bound)),
        None => "- ".to_string(),
    }
}

/// A short time in microseconds, or `-` for none.
pub fn micros(time: Option<Duration>) -> String {
    time.map_or("-".to_string(), |time| {
        format!("{:.2}", time.as_secs_f64() * 1e6)
    })
}

/// The settings of a call, with commas between them.
pub fn settings_line(settings: &[(String, String)]) -> String {
    let each = settings
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    each.collect::<Vec<_>>().join(", ")
}

/// A number with so many digits that 1 % can be seen and that it stays short, or `-` for none.
pub fn ratio(number: f64) -> String {
    match number.abs() {
        size if size < 9.9995 => format!("{number:.3}"),
        size if size < 99.995 => format!("{number:.2}"),
        size if size < 999.95 => format!("{number:.1}"),
        size if size < 99_999.5 => format!("{number:.0}"),
        size if size.is_finite() => format!("{number:.0e}"),
        _ => "-".to_string(),
    }
}

/// `text` in at most `width` columns: what is too long ends in `...`. Without control characters.
pub fn cut(text: &str, width: usize) -> String {
    let text = visible(text);
    if text.chars().count() <= width {
        return text;
    }
    let kept = text.chars().take(width.saturating_sub(3));
    kept.chain("...".chars().take(width)).collect()
}

/// `text` in lines of at most `width` columns, with a line end; those after the first begin with `indent`. A
/// word that is longer than a line has a line of its own. Without control characters.
pub fn wrap(text: &str, indent: &str, width: usize) -> String {
    wrap_behind("", text, indent, width)
}

/// The same behind what the first line begins with.
pub fn wrap_behind(begin: &str, text: &str, indent: &str, width: usize) -> String {
    let mut lines = begin.to_string();
    let mut column = begin.chars().count();
    for (place, word) in text.split_whitespace().map(visible).enumerate() {
        let length = word.chars().count();
        if place == 0 {
            column += length;
        } else if column + 1 + length <= width {
            lines.push(' ');
            column += 1 + length;
        } else {
            lines.push('\n');
            lines.push_str(indent);
            column = indent.len() + length;
        }
        lines.push_str(&word);
    }
    lines + "\n"
}

/// A name may come from a server: what could move a terminal's cursor is shown as `?`.
fn visible(text: &str) -> String {
    text.replace(char::is_control, "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stay_short() {
        let cases = [
            (0.0, "0.000"),
            (1.0, "1.000"),
            (9.9994, "9.999"),
            (9.9996, "10.00"),
            (99.99, "99.99"),
            (99.999, "100.0"),
            (12345.6, "12346"),
            (1e20, "1e20"),
            (f64::NAN, "-"),
            (f64::INFINITY, "-"),
        ];
        for (number, text) in cases {
            assert_eq!(ratio(number), text);
        }
    }

    #[test]
    fn long_and_hostile_names_are_cut() {
        assert_eq!(cut("redis", 5), "redis");
        assert_eq!(cut("redis 7", 5), "re...");
        assert_eq!(cut("redis 7", 2), "..");
        assert_eq!(cut("\x1b[2Jäöü", 99), "?[2Jäöü");
    }

    #[test]
    fn lines_are_wrapped_between_words() {
        let half = "x".repeat(WIDTH / 2);
        assert_eq!(wrap("", "  ", WIDTH), "\n");
        assert_eq!(wrap("one  two\nthree", "  ", WIDTH), "one two three\n");
        assert_eq!(
            wrap(&format!("{half} {half} {half}"), "  ", WIDTH),
            format!("{half}\n  {half}\n  {half}\n")
        );
        let long = half.repeat(3);
        assert_eq!(
            wrap(&format!("{long} a b"), "  ", WIDTH),
            format!("{long}\n  a b\n")
        );
        assert_eq!(wrap("one two three", "  ", 8), "one two\n  three\n");
        assert_eq!(wrap_behind("    ", "one two", "  ", 8), "    one\n  two\n");
    }

    #[test]
    fn a_terminal_is_never_too_narrow_and_a_file_has_room() {
        assert_eq!(width(None), WIDTH);
        assert_eq!(width(Some(80)), 80);
        assert_eq!(width(Some(300)), WIDTH);
    }
}
