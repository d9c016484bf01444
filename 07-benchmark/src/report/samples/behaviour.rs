//! Servers that do not exist, and what would be measured of them.

use crate::engine::{Interval, Measured, Punctuality, latencies};
use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, LogNormal, Normal};
use std::time::Duration;

/// How a made-up server behaves.
#[derive(Clone, Copy)]
pub struct Behaviour {
    pub seed: u64,
    pub seconds: f64,
    pub step: Duration,
    pub throughput: f64,
    pub median_ms: f64,
    /// From when to when it stands still, in seconds.
    pub stall: Option<(f64, f64)>,
}

/// A server that does well.
pub const STEADY: Behaviour = Behaviour {
    seed: 1,
    seconds: 10.0,
    step: Duration::from_millis(100),
    throughput: 87_654.0,
    median_ms: 0.52,
    stall: None,
};

/// Only every tenth reply is made up, and counted as so many.
const TIMES: u64 = 10;

impl Behaviour {
    /// A closed loop against it.
    pub fn measured(self) -> Measured {
        self.seen_by(|_, service| service)
    }

    /// The same for an open loop: what is due while it stands still waits until it goes on.
    pub fn open(self, rate: f64) -> Measured {
        let stall = self.stall.unwrap_or_default();
        let waits = move |at: f64| {
            let within = at >= stall.0 && at < stall.1;
            if within {
                ((stall.1 - at) * 1e9) as u64
            } else {
                0
            }
        };
        let mut measured = self.seen_by(|at, service| service + waits(at));
        measured.service = Some(self.measured().response);
        measured.schedule = Some(Punctuality {
            rate,
            due: (rate * self.seconds) as u64,
            late_p99: 41_000,
            late_max: 950_000,
            invalid: None,
        });
        measured
    }

    /// The throughputs of some turns.
    pub fn turns(self, count: usize) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(self.seed + 99);
        let noise = Normal::new(self.throughput, self.throughput * 0.03).unwrap();
        (0..count).map(|_| noise.sample(&mut random)).collect()
    }

    /// `latency` makes it from the second in which a request is due, and from the service time.
    fn seen_by(self, latency: impl Fn(f64, u64) -> u64) -> Measured {
        let mut measured = Measured {
            time: Duration::from_secs_f64(self.seconds),
            whole_time: Duration::from_secs_f64(self.seconds + 0.5),
            own_cpu: Some(Duration::from_secs_f64(self.seconds * 0.58)),
            served: 50,
            ..Measured::default()
        };
        for (step, histogram) in (0..).zip(&self.seen(latency)) {
            take(&mut measured, self.step * step, self.step, histogram);
        }
        measured.all_replies = measured.replies + 4_000;
        measured
    }

    /// The latencies of each interval: those of the replies that came in it.
    fn seen(self, latency: impl Fn(f64, u64) -> u64) -> Vec<Histogram<u64>> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let services = LogNormal::new((self.median_ms * 1e6).ln(), 0.12).unwrap();
        let noise = Normal::new(1.0, 0.02).unwrap();
        let length = self.step.as_secs_f64();
        let steps = (self.seconds / length).round() as usize;
        let mut seen = vec![latencies(); steps];
        for step in 0..steps {
            let share: f64 = noise.sample(&mut random);
            let due = self.throughput * length * share / TIMES as f64;
            for reply in 0..due as u64 {
                let at = (step as f64 + reply as f64 / due) * length;
                let rare = if reply % 997 == 0 { 6.0 } else { 1.0 };
                let service = services.sample(&mut random) * rare;
                let latency = latency(at, service as u64);
                let done = (at + latency as f64 / 1e9) / length;
                let done = (done as usize).min(steps - 1);
                seen[done].record_n(latency, TIMES).unwrap();
            }
        }
        seen
    }
}

/// Adds an interval.
pub fn take(
    measured: &mut Measured,
    begin: Duration,
    length: Duration,
    histogram: &Histogram<u64>,
) {
    measured.response.add(histogram).unwrap();
    measured.replies += histogram.len();
    measured.intervals.push(Interval {
        begin,
        length,
        replies: histogram.len(),
        errors: 0,
        p50: histogram.value_at_percentile(50.0),
        p99: histogram.value_at_percentile(99.0),
        max: histogram.max(),
    });
}
