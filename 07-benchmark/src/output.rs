//! Standard output, which may have no reader any more: `step07-benchmark | head -1`.

use std::fmt;
use std::io::{self, ErrorKind, Write};

/// Nobody reads standard output any more. Other programs are killed by SIGPIPE then; this one has servers to
/// end and files to remove first.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads standard output any more")
    }
}

impl std::error::Error for Closed {}

/// Prints a text, which brings its own line ends.
///
/// # Errors
/// [`Closed`], or that it can't be written, as on a full disk.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let written = output.write_all(text.as_bytes());
    written
        .and_then(|()| output.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Closed.into(),
            _ => anyhow::Error::from(error).context("cannot write to standard output"),
        })
}

/// How many columns standard output has; `None` where it is no terminal, or does not tell.
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Writes a line to standard error. Who does not read that misses it.
pub fn warn(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
