//! When the requests of an open loop are due.

use super::load::{Arrivals, Pace};
use super::worker::Share;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::{Duration, Instant};

/// Sets the random gaps apart from the random keys of the same seed.
const SALT: u64 = 0x7061_6365;

/// One moment after another, for one thread.
#[derive(Debug)]
pub struct Schedule {
    start: Instant,
    /// Seconds between two of them, on average.
    gap: f64,
    /// Seconds from the start to the next.
    next: f64,
    /// Of constant gaps: how many there were. A sum of gaps would drift.
    count: u64,
    /// Of constant gaps: where this thread's first stands between those of the others.
    offset: f64,
    random: Option<SmallRng>,
}

impl Schedule {
    /// The part of one thread. With constant gaps those of all threads together are evenly spread.
    pub fn new(pace: Pace, start: Instant, share: &Share, seed: u64) -> Self {
        let random = match pace.arrivals {
            Arrivals::Constant => None,
            Arrivals::Poisson => Some(SmallRng::seed_from_u64(
                seed.rotate_left(u32::BITS) ^ SALT ^ share.thread as u64,
            )),
        };
        let mut schedule = Self {
            start,
            gap: share.threads as f64 / pace.rate,
            next: 0.0,
            count: 0,
            offset: share.thread as f64 / pace.rate,
            random,
        };
        schedule.advance();
        schedule
    }

    /// When the next one is due. `None` beyond what a clock can show.
    pub fn due(&self) -> Option<Instant> {
        let after = Duration::try_from_secs_f64(self.next).ok()?;
        self.start.checked_add(after)
    }

    /// Goes on to the one after it.
    pub fn advance(&mut self) {
        match &mut self.random {
            None => {
                self.next = self.offset + self.count as f64 * self.gap;
                self.count += 1;
            }
            // Gaps of independent arrivals are exponentially distributed. 1 - u is never 0.
            Some(random) => {
                let gap = -(1.0 - random.random::<f64>()).ln() * self.gap;
                self.next += gap;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(thread: usize, threads: usize) -> Share {
        Share {
            thread,
            threads,
            clients: (0, 1),
            requests: None,
        }
    }

    /// The first `count` moments in seconds after the start.
    fn moments(arrivals: Arrivals, share: &Share, count: usize) -> Vec<f64> {
        let pace = Pace {
            rate: 1000.0,
            arrivals,
        };
        let start = Instant::now();
        let mut schedule = Schedule::new(pace, start, share, 1);
        let mut moments = Vec::new();
        for _ in 0..count {
            moments.push((schedule.due().unwrap() - start).as_secs_f64());
            schedule.advance();
        }
        moments
    }

    #[test]
    fn constant_gaps_do_not_drift_and_threads_take_turns() {
        for thread in 0..2 {
            let moments = moments(Arrivals::Constant, &share(thread, 2), 100_000);
            for (index, moment) in moments.iter().enumerate() {
                let wanted = (2 * index + thread) as f64 / 1000.0;
                assert!((moment - wanted).abs() < 1e-8, "{index}: {moment}");
            }
        }
    }

    #[test]
    fn random_gaps_have_the_mean_and_the_spread_of_independent_arrivals() {
        let moments = moments(Arrivals::Poisson, &share(0, 1), 100_000);
        let mean = moments.last().unwrap() / 100_000.0;
        assert!((0.00098..0.00102).contains(&mean), "{mean}");
        // 1 - 1/e of exponential gaps are below their mean.
        let short = moments
            .windows(2)
            .filter(|pair| pair[1] - pair[0] < 0.001)
            .count();
        assert!((62_000..64_500).contains(&short), "{short}");
        assert!(moments.is_sorted());
    }

    #[test]
    fn a_rate_that_no_clock_can_show_has_an_end() {
        let pace = Pace {
            rate: 1e-300,
            arrivals: Arrivals::Constant,
        };
        let mut schedule = Schedule::new(pace, Instant::now(), &share(0, 1), 1);
        assert!(schedule.due().is_some());
        schedule.advance();
        assert!(schedule.due().is_none());
    }
}
