//! The log: lines with the time, to standard error or to a file.

use anyhow::Context;
use log::{Log, Metadata, Record};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use step06_commands_persistence::config::Config;

/// Begins to log to where the configuration says. How much, the server says.
///
/// # Errors
/// The file can't be opened.
pub fn start(config: &Config) -> anyhow::Result<()> {
    let path = &config.logfile;
    let mut file = None;
    if !path.as_os_str().is_empty() {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let opened = opened.with_context(|| format!("cannot open the log file {}", path.display()));
        file = Some(Mutex::new(opened?));
    }
    log::set_boxed_logger(Box::new(Logger { file })).context("cannot start the log")
}

struct Logger {
    file: Option<Mutex<File>>,
}

impl Log for Logger {
    /// What is logged at all, the macros of `log` know.
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        let line = format!("{time} {:5} {}\n", record.level(), record.args());
        // If nobody reads it, the server goes on.
        let _ = match &self.file {
            Some(file) => file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(line.as_bytes()),
            None => io::stderr().write_all(line.as_bytes()),
        };
    }

    fn flush(&self) {}
}
