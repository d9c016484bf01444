//! Time.
//!
//! A deadline has to mean the same instant to whoever set it, so it is a point of the wall clock
//! ([`SystemTime`]): `EXPIREAT` names one, and one that is written to disk must hold after a restart.
//! The price is that it moves when somebody sets the clock. How long something took is another
//! question, and [`Instant`] answers that one: it never runs backwards, but it means nothing outside its
//! process.
//!
//! The server asks both questions for every command. [`Clock`] answers them with one look at a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time: milliseconds since 1970-01-01 00:00 UTC, negative before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(pub i64);

/// Tells the time. Everything that depends on time is given one, so that a test can let years go by without
/// waiting.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The wall clock at `base`.
    wall: Duration,
    base: Instant,
    /// It stands still, for tests.
    stopped: bool,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self {
            wall: wall_clock(),
            base: Instant::now(),
            stopped: false,
        }
    }

    /// A clock that shows this time until it is [set](Self::set).
    pub fn stopped_at(time: UnixMillis) -> Self {
        let mut clock = Self {
            stopped: true,
            ..Self::system()
        };
        clock.set(time);
        clock
    }

    /// Sets a stopped clock.
    pub fn set(&mut self, time: UnixMillis) {
        self.wall = Duration::from_millis(u64::try_from(time.0).unwrap_or_default());
    }

    /// Looks at the wall clock again, which somebody may have set. The server does it ten times a second;
    /// between two looks it counts on from the first.
    pub fn adjust(&mut self) {
        if !self.stopped {
            *self = Self::system();
        }
    }

    /// The time at this moment.
    pub fn read(&self) -> Reading {
        let instant = Instant::now();
        if self.stopped {
            return Reading {
                instant,
                unix: self.wall,
            };
        }
        let unix = self.wall + instant.saturating_duration_since(self.base);
        Reading { instant, unix }
    }
}

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// For measuring how long something took.
    pub instant: Instant,
    unix: Duration,
}

impl Reading {
    /// The point in time.
    pub fn unix(&self) -> UnixMillis {
        UnixMillis(i64::try_from(self.unix.as_millis()).unwrap_or(i64::MAX))
    }

    /// The point in time, in microseconds since 1970.
    pub fn unix_micros(&self) -> i64 {
        i64::try_from(self.unix.as_micros()).unwrap_or(i64::MAX)
    }

    /// The time from an earlier reading to this one.
    pub fn since(&self, earlier: &Self) -> Duration {
        self.instant.saturating_duration_since(earlier.instant)
    }
}

/// A clock set before 1970 counts as 1970.
fn wall_clock() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_shows_what_it_is_set_to() {
        let mut clock = Clock::stopped_at(UnixMillis(5));
        assert_eq!(clock.read().unix(), UnixMillis(5));
        clock.adjust();
        clock.set(UnixMillis(7));
        assert_eq!(clock.read().unix(), UnixMillis(7));
    }

    #[test]
    fn the_systems_clock_agrees_with_the_system() {
        let clock = Clock::system();
        let (first, second) = (clock.read(), clock.read());
        let wall = i64::try_from(wall_clock().as_millis()).unwrap();
        assert!((wall - first.unix().0).abs() < 60_000);
        assert!(second.unix() >= first.unix());
        assert!(second.since(&first) < Duration::from_secs(60));
    }
}
