//! The text of `--help`, made from the table.

use super::table::{FLAGS, Flag};
use super::values::test_names;

/// Columns that a terminal is sure to have.
pub const WIDTH: usize = 100;

const PROGRAM: &str = env!("CARGO_PKG_NAME");

const EXAMPLES: [(&str, &str); 3] = [
    (
        "GET and SET on a million keys, 16 requests at once on each connection:",
        "-t get,set -r 1000000 -P 16",
    ),
    (
        "20000 requests per second for ten seconds, most of them reads of a few keys:",
        "--rate 20000 --duration 10 --mix get=9,set=1 -r 100000 --key-pattern zipf",
    ),
    (
        "Two servers that run, one beside the other; what they hold is lost:",
        "-p 6380 --versus 127.0.0.1:6379 --flush --report report.html",
    ),
];

/// Name and version of the program.
pub fn version() -> String {
    format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"))
}

/// All of it, without the last line end.
pub fn text() -> String {
    let mut text = format!(
        "{}\n\nUsage: {PROGRAM} [flags] [command [argument...]]\n\n\
         Runs the tests of redis-benchmark, or the command at the end of the line. In commands __rand_int__\n\
         stands for a number of twelve digits, and __data__ for a value.\n",
        env!("CARGO_PKG_DESCRIPTION"),
    );
    let mut heading = "";
    for flag in FLAGS {
        if flag.group != heading {
            heading = flag.group;
            text.push_str(&format!("\n{heading}\n"));
        }
        text.push_str(&row(flag));
    }
    text.push_str("\nExamples\n");
    for (what, flags) in EXAMPLES {
        text.push_str(&format!("  {what}\n    $ {PROGRAM} {flags}\n"));
    }
    text.trim_end().to_string()
}

/// A flag with its value, and beside them what it does.
fn row(flag: &Flag) -> String {
    let width = FLAGS.iter().map(|flag| usage(flag).len()).max();
    let width = width.unwrap_or(0);
    let help = flag
        .help
        .replace("{tests}", &names(WIDTH - width - MARGINS));
    let mut left = usage(flag);
    let mut rows = String::new();
    for line in help.lines() {
        rows.push_str(&format!("  {left:width$}  {line}\n"));
        left.clear();
    }
    rows
}

/// Blanks before the flags, and between them and the texts.
const MARGINS: usize = 4;

fn usage(flag: &Flag) -> String {
    format!("{} {}", flag.name, flag.value)
        .trim_end()
        .to_string()
}

/// The names of all tests, in lines that are not longer than `width`.
fn names(width: usize) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for name in test_names().split_inclusive(',') {
        if length + name.len() > width {
            lines.push('\n');
            length = 0;
        }
        lines.push_str(name);
        length += name.len();
    }
    lines
}
