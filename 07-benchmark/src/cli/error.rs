//! Why a command line is refused.

use std::fmt;
use std::process::ExitCode;

/// Why a command line is refused. Its text names the flag, and says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

impl Error {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Writes the error to standard error, and gives the exit code of a program that was called wrongly.
    pub fn exit(&self) -> ExitCode {
        eprintln!("error: {self}\n--help lists all flags");
        ExitCode::from(2)
    }
}
