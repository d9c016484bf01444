//! Waits until a moment, more precisely than the runtime's timer, which counts in milliseconds.
//!
//! On Linux the system wakes us: a timer of its own (`timerfd`) counts in nanoseconds, and becomes
//! readable like a socket. Elsewhere the runtime's timer takes us near the moment, and we look at the clock
//! again and again from there, between looks at the sockets.

use std::io;
use std::time::{Duration, Instant};

/// So near, waking up would take longer than looking at the clock.
const NEAR: Duration = Duration::from_micros(30);

pub use system::Pacer;

#[cfg(target_os = "linux")]
mod system {
    use super::*;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::net::unix::pipe::Receiver;

    /// A timer. The runtime waits for it as for a pipe: of both it knows only that they become readable.
    pub struct Pacer(Receiver);

    impl Pacer {
        /// A new timer.
        ///
        /// # Errors
        /// When the system has none left.
        pub fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            Ok(Self(Receiver::from_owned_fd_unchecked(timer)?))
        }

        /// Waits until `moment`.
        ///
        /// # Errors
        /// When the system refuses to set the timer.
        pub async fn until(&mut self, moment: Instant) -> io::Result<()> {
            let wait = moment.saturating_duration_since(Instant::now());
            if wait > NEAR {
                let once = Itimerspec {
                    it_interval: Timespec::default(),
                    it_value: Timespec::try_from(wait).map_err(io::Error::other)?,
                };
                timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
                self.expired().await?;
            }
            super::look_until(moment).await;
            Ok(())
        }

        /// Waits until the timer has run out. It then gives eight bytes to read: how often it did.
        async fn expired(&self) -> io::Result<()> {
            loop {
                self.0.readable().await?;
                match self.0.try_read(&mut [0; 8]) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => return other.map(drop),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::*;

    /// The runtime's timer fires up to this much late.
    const COARSE: Duration = Duration::from_millis(2);

    /// A timer.
    pub struct Pacer;

    impl Pacer {
        /// A new timer.
        ///
        /// # Errors
        /// None here; the signature is that of Linux.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits until `moment`.
        ///
        /// # Errors
        /// None here.
        pub async fn until(&mut self, moment: Instant) -> io::Result<()> {
            let wait = moment.saturating_duration_since(Instant::now());
            if let Some(wait) = wait.checked_sub(COARSE).filter(|wait| *wait > NEAR) {
                tokio::time::sleep(wait).await;
            }
            super::look_until(moment).await;
            Ok(())
        }
    }
}

/// Looks at the clock until it shows `moment`; the sockets are served in between.
async fn look_until(moment: Instant) {
    while Instant::now() < moment {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_never_wakes_early_and_is_mostly_finer_than_a_millisecond() {
        let mut pacer = Pacer::new().unwrap();
        let mut late = Vec::new();
        for micros in [0, 10, 100, 700, 1300, 100, 50, 400, 2100, 20, 300] {
            let moment = Instant::now() + Duration::from_micros(micros);
            pacer.until(moment).await.unwrap();
            let now = Instant::now();
            assert!(now >= moment);
            late.push(now - moment);
        }
        late.sort();
        // Half of them: a busy machine may take the processor from us at any time.
        assert!(
            late[late.len() / 2] < Duration::from_micros(700),
            "{late:?}"
        );
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        let mut pacer = Pacer::new().unwrap();
        let began = Instant::now();
        pacer.until(began).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
