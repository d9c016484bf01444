//! What a run showed.

use crate::errors::Errors;
use hdrhistogram::Histogram;
use std::time::Duration;

/// The longest latency that is told from longer ones; those are counted as this one, and as clipped.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);

/// An empty histogram of latencies in nanoseconds: 1 ns to [`MAX_LATENCY`], three significant digits.
pub fn latencies() -> Histogram<u64> {
    let longest = u64::try_from(MAX_LATENCY.as_nanos()).unwrap_or(u64::MAX);
    // These bounds are valid whatever the input: a lowest of 1, a highest above it, 3 digits.
    Histogram::new_with_bounds(1, longest, 3).unwrap_or_else(|_| unreachable!())
}

/// What a run showed. Requests of the warm-up count nowhere but in `all_replies` and `errors`.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Good replies that came within the time measured.
    pub replies: u64,
    /// All replies, those of the warm-up, late ones and errors included: what the server had to do.
    pub all_replies: u64,
    /// Requests that failed, by kind.
    pub errors: Errors,
    /// The time measured.
    pub time: Duration,
    /// The time from the first request to the last reply, with the warm-up.
    pub whole_time: Duration,
    /// Latency of each good reply. In a closed loop from just before the request was written, in an open
    /// loop from when it was due, to when the last byte of the reply was there.
    pub response: Histogram<u64>,
    /// Of an open loop: the same from just before the request was written.
    pub service: Option<Histogram<u64>>,
    /// Latencies above [`MAX_LATENCY`], which stand in the histograms as that.
    pub clipped: u64,
    /// How the run went over time, without gaps; in order. Their replies add up to `replies`, their errors to
    /// those after the warm-up. The last ones may lie beyond the time measured: late replies came in them,
    /// which have latencies, but do not count as replies.
    pub intervals: Vec<Interval>,
    /// Of a mix: what each command had of it, in the order of the mix. Empty for a single command.
    pub commands: Vec<CommandTally>,
    /// Of an open loop: how well its schedule was held.
    pub schedule: Option<Punctuality>,
    /// CPU time of the generator's threads, the warm-up included, where the system tells.
    pub own_cpu: Option<Duration>,
    /// Connections that had at least one good reply within the time measured.
    pub served: usize,
    /// With `--verify`: replies that said that there is no such key, or no such element.
    pub misses: u64,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// Where it was, and requests were under way: for how long no reply had come by then, if that is longer than
    /// the longest latency.
    pub unanswered: Option<Duration>,
}

/// A stretch of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// When it began, from the end of the warm-up on.
    pub begin: Duration,
    /// How long it was.
    pub length: Duration,
    /// Good replies in it.
    pub replies: u64,
    /// Requests that failed in it.
    pub errors: u64,
    /// Percentiles of its latencies (of the responses, in an open loop), in nanoseconds; 0 without replies.
    pub p50: u64,
    /// The 99th.
    pub p99: u64,
    /// The highest.
    pub max: u64,
}

/// The share of one command in a mix.
#[derive(Clone, Debug)]
pub struct CommandTally {
    /// The command with its arguments, as it was given.
    pub title: String,
    /// Its good replies that came within the time measured.
    pub replies: u64,
    /// Latencies of its good replies, as in [`Measured::response`].
    pub response: Histogram<u64>,
}

/// How well an open loop held its schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Punctuality {
    /// Requests per second that were asked for.
    pub rate: f64,
    /// Requests that were due in the time measured.
    pub due: u64,
    /// How late requests were written: the 99th percentile, in nanoseconds.
    pub late_p99: u64,
    /// The latest.
    pub late_max: u64,
    /// Why the figures must not be used; `None` when the schedule was held.
    pub invalid: Option<String>,
}

impl Default for Measured {
    fn default() -> Self {
        Self {
            replies: 0,
            all_replies: 0,
            errors: Errors::default(),
            time: Duration::ZERO,
            whole_time: Duration::ZERO,
            response: latencies(),
            service: None,
            clipped: 0,
            intervals: Vec::new(),
            commands: Vec::new(),
            schedule: None,
            own_cpu: None,
            served: 0,
            misses: 0,
            interrupted: false,
            unanswered: None,
        }
    }
}

impl Measured {
    /// Good replies per second; 0 when no time was measured.
    pub fn throughput(&self) -> f64 {
        if self.time.is_zero() {
            return 0.0;
        }
        self.replies as f64 / self.time.as_secs_f64()
    }

    /// The latency that `percent` of the replies did not exceed, in milliseconds.
    pub fn millis_at(&self, percent: f64) -> f64 {
        self.response.value_at_percentile(percent) as f64 / 1e6
    }

    /// Why no figures must be shown: the schedule was not held, or no reply came. `None` where nothing speaks
    /// against them.
    pub fn invalid(&self) -> Option<&str> {
        let schedule = self.schedule.as_ref();
        let off = schedule.and_then(|schedule| schedule.invalid.as_deref());
        off.or_else(|| self.silent())
    }

    /// Why there is no reply, where none came and none failed; an interrupted run needs no reason.
    fn silent(&self) -> Option<&'static str> {
        if self.replies > 0 || self.errors.total() > 0 || self.interrupted {
            return None;
        }
        let paced = self.schedule.as_ref();
        Some(match paced.is_some_and(|schedule| schedule.due == 0) {
            true => "no request was due in the time measured",
            false => "no reply came in the time measured",
        })
    }

    /// Adds another run of the same kind, as if it had followed at once. Where late replies lie beyond a run's
    /// time, the intervals of the next begin behind them.
    pub fn absorb(&mut self, other: Self) {
        let last = self.intervals.last();
        let shown = last.map_or(Duration::ZERO, |last| last.begin + last.length);
        let before = self.time.max(shown);
        self.replies += other.replies;
        self.all_replies += other.all_replies;
        self.errors.merge(other.errors);
        self.time += other.time;
        self.whole_time += other.whole_time;
        // All have the same bounds.
        let _ = self.response.add(&other.response);
        match (&mut self.service, other.service) {
            (Some(all), Some(more)) => _ = all.add(&more),
            (all, more) => *all = all.take().or(more),
        }
        self.clipped += other.clipped;
        self.intervals
            .extend(other.intervals.into_iter().map(|interval| Interval {
                begin: before + interval.begin,
                ..interval
            }));
        let cpu = self.own_cpu.into_iter().chain(other.own_cpu);
        self.own_cpu = cpu.reduce(|all, more| all + more);
        self.served = self.served.max(other.served);
        self.misses += other.misses;
        self.interrupted |= other.interrupted;
        self.unanswered = self.unanswered.max(other.unanswered);
        self.schedule = self.schedule.take().or(other.schedule);
        if self.commands.is_empty() {
            self.commands = other.commands;
        } else {
            for (all, more) in self.commands.iter_mut().zip(&other.commands) {
                all.replies += more.replies;
                let _ = all.response.add(&more.response);
            }
        }
    }

    /// How much of a core the generator used: 1.0 is one core.
    pub fn own_share(&self) -> Option<f64> {
        self.share(self.own_cpu?)
    }

    /// CPU time that was used in the whole time, as a part of it: 1.0 is one core. `None` when no time passed.
    pub fn share(&self, cpu: Duration) -> Option<f64> {
        let share = cpu.as_secs_f64() / self.whole_time.as_secs_f64();
        Some(share).filter(|share| share.is_finite())
    }

    /// CPU time that was used in the whole time, for each of all replies. `None` without replies.
    pub fn per_reply(&self, cpu: Duration) -> Option<Duration> {
        let seconds = cpu.as_secs_f64() / self.all_replies as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}
