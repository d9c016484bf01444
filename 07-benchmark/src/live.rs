//! A line on the terminal that shows how a run goes while it goes on. It is written to standard error, and
//! only where that is a terminal that can remove a line.

use crate::engine::{Interval, Measured, Observer, latencies};
use crate::report::numbers::thousands;
use crate::report::text::cut;
use hdrhistogram::Histogram;
use std::env;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(300);

/// How much of a title is shown, in columns: with the figures behind it that is less than a terminal's 80.
const TITLE: usize = 36;

/// Goes to the beginning of the line, and removes it.
const CLEAR: &str = "\r\x1b[K";

/// Stop and start again to continue a line that is too long on the next one, where nothing would remove it.
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";

/// The line.
pub struct Live {
    shown: bool,
    /// What is being measured.
    title: String,
    /// What was seen since the line was written last.
    latencies: Histogram<u64>,
    replies: u64,
    time: Duration,
}

impl Default for Live {
    /// A line that is empty yet.
    fn default() -> Self {
        Self {
            shown: std::io::stderr().is_terminal() && can_clear(env::var_os("TERM").as_deref()),
            title: String::new(),
            latencies: latencies(),
            replies: 0,
            time: Duration::ZERO,
        }
    }
}

/// Whether a terminal of this kind knows escape sequences; a dumb one prints them.
fn can_clear(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| term != "dumb")
}

impl Live {
    /// From now on this is being measured.
    pub fn begin(&mut self, title: &str) {
        self.title = cut(title, TITLE);
        self.reset();
        self.write(&format!("{title} ..."));
    }

    /// Removes the line: something else is about to be printed.
    pub fn clear(&mut self) {
        self.write("");
    }

    fn reset(&mut self) {
        self.latencies.reset();
        self.replies = 0;
        self.time = Duration::ZERO;
    }

    fn write(&self, line: &str) {
        if self.shown {
            let mut error = std::io::stderr().lock();
            // A terminal that is gone shows nothing, and the measurement goes on.
            let _ = write!(error, "{CLEAR}{NO_WRAP}{line}{WRAP}");
            let _ = error.flush();
        }
    }
}

impl Drop for Live {
    /// What follows, such as an error, has the line for itself.
    fn drop(&mut self) {
        self.clear();
    }
}

impl Observer for Live {
    fn interval(&mut self, interval: &Interval, latencies: &Histogram<u64>, so_far: &Measured) {
        // Both have the same bounds.
        let _ = self.latencies.add(latencies);
        self.replies += interval.replies;
        self.time += interval.length;
        if !self.shown || self.time < EVERY {
            return;
        }
        let rate = self.replies as f64 / self.time.as_secs_f64();
        let p99 = if self.latencies.is_empty() {
            "-".to_string()
        } else {
            let nanos = self.latencies.value_at_percentile(99.0);
            format!("{:.3} ms", nanos as f64 / 1e6)
        };
        let mut line = format!(
            "{}: {} requests/s, p99 {p99}, {:.1} s",
            self.title,
            thousands(rate),
            so_far.time.as_secs_f64()
        );
        let failed = so_far.errors.total();
        if failed > 0 {
            line += &format!(", {} failed", thousands(failed as f64));
        }
        self.write(&line);
        self.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_gets_no_escape_sequences() {
        for (term, expected) in [
            (None, true),
            (Some("xterm-256color"), true),
            (Some(""), true),
            (Some("dumb"), false),
        ] {
            assert_eq!(can_clear(term.map(OsStr::new)), expected, "{term:?}");
        }
    }
}
