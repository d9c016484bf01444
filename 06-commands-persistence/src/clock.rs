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
    /// Where it counts from.
    origin: Instant,
    /// The wall clock at the origin, in nanoseconds since 1970.
    wall: i64,
    /// It stands still, for tests.
    stopped: bool,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self {
            origin: Instant::now(),
            wall: wall_clock(),
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
        self.wall = time.0.saturating_mul(NANOS_PER_MILLI);
    }

    /// Looks at the wall clock again, which somebody may have set. The server does it ten times a second;
    /// between two looks it counts on from the last one.
    pub fn adjust(&mut self) {
        if !self.stopped {
            self.wall = wall_clock().saturating_sub(nanos(self.origin.elapsed()));
        }
    }

    /// The time at this moment.
    pub fn read(&self) -> Reading {
        let instant = Instant::now();
        let elapsed = nanos(instant.saturating_duration_since(self.origin));
        let since_origin = if self.stopped { 0 } else { elapsed };
        Reading {
            instant,
            elapsed,
            unix: self.wall.saturating_add(since_origin),
        }
    }
}

const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// For deadlines of waits.
    pub instant: Instant,
    /// Nanoseconds since the clock's origin.
    elapsed: i64,
    /// Nanoseconds since 1970: 64 bits of them last until 2262.
    unix: i64,
}

impl Reading {
    /// The point in time.
    pub fn unix(&self) -> UnixMillis {
        UnixMillis(self.unix / NANOS_PER_MILLI)
    }

    /// The point in time, in microseconds since 1970.
    pub fn unix_micros(&self) -> i64 {
        self.unix / NANOS_PER_MICRO
    }

    /// The time from an earlier reading to this one.
    pub fn since(&self, earlier: &Self) -> Duration {
        let nanos = self.elapsed.saturating_sub(earlier.elapsed);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// A clock set before 1970 counts as 1970.
fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    nanos(since.unwrap_or_default())
}

fn nanos(duration: Duration) -> i64 {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(i64::from(duration.subsec_nanos()))
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
        let wall = wall_clock() / NANOS_PER_MILLI;
        assert!((wall - first.unix().0).abs() < 60_000);
        assert!(second.unix() >= first.unix());
        assert!(second.since(&first) < Duration::from_secs(60));
    }
}
