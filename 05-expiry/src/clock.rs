//! Time.
//!
//! A deadline has to mean the same instant to whoever set it, so it is a point of the wall clock
//! ([`SystemTime`]): `EXPIREAT` names one, and one that is written to disk must hold after a restart.
//! The price is that it moves when somebody sets the clock. How long something took is another
//! question, and [`Instant`](std::time::Instant) answers that one: it never runs backwards, but it
//! means nothing outside its process.

use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time: milliseconds since 1970-01-01 00:00 UTC, negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// What the system's clock shows. Only the server asks: the keyspace and the commands are told the
    /// time, so that a test can let years go by without waiting.
    pub fn now() -> Self {
        // A clock set before 1970 counts as 1970, and one beyond the year 292 million as that.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.unwrap_or_default().as_millis();
        Self(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}
