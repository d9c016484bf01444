//! The latencies of each second, as a log that HdrHistogram's tools read.

use crate::engine::{Interval, LEAD, Measured, Observer, latencies};
use crate::report::files::Pending;
use crate::report::hdr::Writer;
use anyhow::Context;
use hdrhistogram::Histogram;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// How long the log's intervals are. Those of a run are shorter.
const SECOND: Duration = Duration::from_secs(1);

/// A log that is being written.
pub struct Log {
    writer: Writer<Pending>,
    began: Instant,
    /// What is being measured.
    title: String,
    warm_up: Duration,
    /// When its warm-up ended, from the log's begin on.
    offset: Duration,
    /// What was seen since the last interval that was written: when it began, how long it is by now.
    begin: Duration,
    length: Duration,
    latencies: Histogram<u64>,
    /// What went wrong in a run, which can't be told from there.
    failed: anyhow::Result<()>,
}

impl Log {
    /// Creates the file.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn create(path: &Path, began: SystemTime, tagged: bool) -> anyhow::Result<Self> {
        Ok(Self {
            writer: Writer::new(Pending::create(path)?, began, tagged)?,
            began: Instant::now(),
            title: String::new(),
            warm_up: Duration::ZERO,
            offset: Duration::ZERO,
            begin: Duration::ZERO,
            length: Duration::ZERO,
            latencies: latencies(),
            failed: Ok(()),
        })
    }

    /// From now on this is measured, after a warm-up.
    pub fn begin(&mut self, title: &str, warm_up: Duration) {
        self.title = title.to_string();
        self.warm_up = warm_up;
    }

    /// It is over. An INVALID run has a comment, and no histograms.
    pub fn end(&mut self, measured: &Measured) {
        self.flush();
        if self.failed.is_ok() {
            self.failed = match measured.invalid() {
                Some(reason) => self.writer.invalid(&self.title, reason),
                None => self.writer.valid(),
            };
        }
    }

    fn flush(&mut self) {
        if !self.latencies.is_empty() && self.failed.is_ok() {
            let begin = self.offset + self.begin;
            self.failed = self
                .writer
                .interval(&self.title, begin, self.length, &self.latencies);
        }
        self.latencies.reset();
        self.length = Duration::ZERO;
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.flush();
        self.failed
            .and_then(|()| self.writer.finish())
            .context("can't write the log of --hdr")?
            .commit()
    }
}

impl Observer for Log {
    fn ready(&mut self) {
        self.offset = self.began.elapsed() + LEAD + self.warm_up;
    }

    fn interval(&mut self, interval: &Interval, latencies: &Histogram<u64>, _: &Measured) {
        if self.length.is_zero() {
            self.begin = interval.begin;
        }
        self.length += interval.length;
        // Both have the same bounds.
        let _ = self.latencies.add(latencies);
        if self.length >= SECOND {
            self.flush();
        }
    }
}
