//! `--hdr`: the interval log of HdrHistogram, one histogram for each interval, for the tools that read such logs.
//!
//! ```text
//! #[Histogram log format version 1.3]
//! #[StartTime: 1798761599.250 (seconds since epoch), 2026-12-31T23:59:59.250Z]
//! #[BaseTime: 1798761599.250 (seconds since epoch)]
//! "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
//! Tag=GET,0.000,1.000,3.268,HISTFAAAB...
//! ```
//!
//! A line has the interval's begin (seconds after the base time), its length in seconds, its highest latency in
//! milliseconds, and the whole histogram: latencies in nanoseconds, in HdrHistogram's V2 encoding, deflated, in
//! base64. Readers that know no tags (HdrHistogram's in C) want version 1.2, without them.
//!
//! Whether a run is INVALID is known when it is over. So its lines are kept back until then, some kilobytes for
//! each interval; of an INVALID run there is a comment instead, which readers pass over:
//!
//! ```text
//! #[INVALID: GET: the schedule of 900000 requests per second was not held: ...]
//! ```

use crate::report::latency::millis;
use crate::report::numbers::{unix_seconds, utc};
use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use std::io::Write;
use std::time::{Duration, SystemTime};

/// The names of the columns; the reference implementation's.
const LEGEND: &str =
    r#""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#;

/// Writes an interval log.
pub struct Writer<W> {
    out: W,
    tagged: bool,
    serializer: V2DeflateSerializer,
    encoded: Vec<u8>,
    /// The lines of the run that is under way.
    kept_back: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a log at the time from which its intervals count. Only in a `tagged` log do intervals keep their
    /// titles: it can hold several tests.
    ///
    /// # Errors
    /// Those of writing.
    pub fn new(mut out: W, begin: SystemTime, tagged: bool) -> anyhow::Result<Self> {
        let (seconds, date) = (unix_seconds(begin), utc(begin));
        let version = if tagged { "1.3" } else { "1.2" };
        writeln!(out, "#[Histogram log format version {version}]")?;
        writeln!(
            out,
            "#[StartTime: {seconds:.3} (seconds since epoch), {date}]"
        )?;
        writeln!(out, "#[BaseTime: {seconds:.3} (seconds since epoch)]")?;
        writeln!(out, "{LEGEND}")?;
        Ok(Self {
            out,
            tagged,
            serializer: V2DeflateSerializer::new(),
            encoded: Vec::new(),
            kept_back: Vec::new(),
        })
    }

    /// Adds an interval of the test with this title: when it began, counted from the log's begin, how long it
    /// was, and its latencies in nanoseconds. Readers expect intervals in the order in which they began. It is
    /// written when its run is over.
    ///
    /// # Errors
    /// Those of writing, and a count too high for the encoding.
    pub fn interval(
        &mut self,
        title: &str,
        begin: Duration,
        length: Duration,
        latencies: &Histogram<u64>,
    ) -> anyhow::Result<()> {
        self.encoded.clear();
        self.serializer
            .serialize(latencies, &mut self.encoded)
            .map_err(|error| anyhow!("a histogram can't be encoded: {error}"))?;
        if self.tagged {
            write!(self.kept_back, "Tag={},", tag(title))?;
        }
        writeln!(
            self.kept_back,
            "{:.3},{:.3},{:.3},{}",
            begin.as_secs_f64(),
            length.as_secs_f64(),
            millis(latencies.max()),
            BASE64.encode(&self.encoded)
        )?;
        Ok(())
    }

    /// The run is over, and its intervals hold.
    ///
    /// # Errors
    /// Those of writing.
    pub fn valid(&mut self) -> anyhow::Result<()> {
        self.out.write_all(&self.kept_back)?;
        self.kept_back.clear();
        Ok(())
    }

    /// The run is over, and for this reason none of its intervals must be used.
    ///
    /// # Errors
    /// Those of writing.
    pub fn invalid(&mut self, title: &str, reason: &str) -> anyhow::Result<()> {
        self.kept_back.clear();
        let comment = format!("INVALID: {title}: {reason}").replace(char::is_control, "_");
        writeln!(self.out, "#[{comment}]")?;
        Ok(())
    }

    /// Ends the log, and gives back what it was written to.
    ///
    /// # Errors
    /// Those of writing what is buffered.
    pub fn finish(mut self) -> anyhow::Result<W> {
        self.valid()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A title as a tag: a comma or a space would end it.
fn tag(title: &str) -> String {
    let ends = |letter: char| letter == ',' || letter.is_whitespace() || letter.is_control();
    title.replace(ends, "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::latencies;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use std::time::UNIX_EPOCH;

    const BEGIN: Duration = Duration::from_millis(1_798_761_599_250);

    fn samples(count: u64) -> Histogram<u64> {
        let mut histogram = latencies();
        for sample in 1..=count {
            histogram.record(sample * sample * 1_000).unwrap();
        }
        histogram
    }

    fn log(tagged: bool, intervals: &[Histogram<u64>]) -> String {
        let mut writer = Writer::new(Vec::new(), UNIX_EPOCH + BEGIN, tagged).unwrap();
        for (second, histogram) in (0..).zip(intervals) {
            let (begin, length) = (Duration::from_secs(second), Duration::from_millis(999));
            writer
                .interval("GET, twice", begin, length, histogram)
                .unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn a_log_is_read_back_as_it_was() {
        let intervals = [samples(1_000), samples(0), samples(1)];
        let log = log(true, &intervals);
        let entries: Vec<LogEntry> = IntervalLogIterator::new(log.as_bytes())
            .map(Result::unwrap)
            .collect();
        assert_eq!(entries.len(), 2 + intervals.len());
        assert_eq!(entries[0], LogEntry::StartTime(BEGIN));
        assert_eq!(entries[1], LogEntry::BaseTime(BEGIN));
        for (second, (entry, histogram)) in (0..).zip(entries[2..].iter().zip(&intervals)) {
            let LogEntry::Interval(entry) = entry else {
                panic!("no interval: {entry:?}")
            };
            assert_eq!(entry.tag().unwrap().as_str(), "GET__twice");
            assert_eq!(entry.start_timestamp(), Duration::from_secs(second));
            assert_eq!(entry.duration(), Duration::from_millis(999));
            assert!((entry.max() - millis(histogram.max())).abs() < 0.001);
            let bytes = BASE64.decode(entry.encoded_histogram()).unwrap();
            let read: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            assert_eq!(&read, histogram);
            assert_eq!((read.len(), read.max()), (histogram.len(), histogram.max()));
        }
    }

    #[test]
    fn an_invalid_run_is_a_comment_without_histograms() {
        let mut writer = Writer::new(Vec::new(), UNIX_EPOCH + BEGIN, true).unwrap();
        let second = Duration::from_secs(1);
        for (title, invalid) in [("SET", None), ("GET\n", Some("late")), ("INCR", None)] {
            let one = samples(1);
            writer.interval(title, second, second, &one).unwrap();
            match invalid {
                Some(reason) => writer.invalid(title, reason).unwrap(),
                None => writer.valid().unwrap(),
            }
        }
        let log = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert!(log.contains("\n#[INVALID: GET_: late]\n"), "{log}");
        let entries = IntervalLogIterator::new(log.as_bytes()).map(Result::unwrap);
        let tags = entries.filter_map(|entry| match entry {
            LogEntry::Interval(interval) => Some(interval.tag().unwrap().as_str().to_string()),
            _ => None,
        });
        assert_eq!(tags.collect::<Vec<_>>(), ["SET", "INCR"]);
    }

    #[test]
    fn without_tags_a_line_begins_with_its_time() {
        let log = log(false, &[samples(1)]);
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines[0], "#[Histogram log format version 1.2]");
        assert_eq!(
            lines[1],
            "#[StartTime: 1798761599.250 (seconds since epoch), 2026-12-31T23:59:59.250Z]"
        );
        assert_eq!(lines[3], LEGEND);
        assert!(lines[4].starts_with("0.000,0.999,0.001,HISTF"), "{log}");
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn a_disk_that_fails_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(Writer::new(Full, UNIX_EPOCH, true).is_err());
    }
}
