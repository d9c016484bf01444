//! The log: lines with the time, to standard error or to a file.

use anyhow::Context;
use log::{LevelFilter, Log, Metadata, Record};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use step06_commands_persistence::config::Config;
use step06_commands_persistence::config::value::LogLevel;

/// Begins to log as the configuration says.
///
/// # Errors
/// The file can't be opened.
pub fn start(config: &Config) -> anyhow::Result<()> {
    let path = &config.logfile;
    let file = if path.as_os_str().is_empty() {
        None
    } else {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Some(file.with_context(|| format!("cannot open the log file {}", path.display()))?)
    };
    let logger = Box::leak(Box::new(Logger {
        file: file.map(Mutex::new),
    }));
    log::set_logger(logger)
        .map(|()| log::set_max_level(level(config.loglevel)))
        .context("cannot start the log")
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Debug => LevelFilter::Trace,
        LogLevel::Verbose => LevelFilter::Debug,
        LogLevel::Notice => LevelFilter::Info,
        LogLevel::Warning => LevelFilter::Warn,
    }
}

struct Logger {
    file: Option<Mutex<File>>,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
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
