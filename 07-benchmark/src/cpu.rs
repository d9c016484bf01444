//! CPU time: of this program's threads, and of servers.

use crate::control::Control;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Linux shows CPU times to programs in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// How long to watch a server to tell whether it is at rest.
const REST: Duration = Duration::from_millis(40);

/// The CPU time that a server at rest uses in [`REST`]: for its timers, and for the question itself. Less than
/// a [`TICK`].
const IDLE: Duration = Duration::from_millis(4);

/// How long to wait for a server to rest.
const REST_DEADLINE: Duration = Duration::from_secs(3);

/// How long a server may take to say how much CPU time it used: whoever ends a run because the server stands
/// still waits for this.
const ANSWER: Duration = Duration::from_secs(2);

/// CPU time that the calling thread has used so far, in nanoseconds, as the scheduler counts them. `None`
/// where the system does not tell.
pub fn thread_time() -> Option<Duration> {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: Timespec) -> Option<Duration> {
    let nanos = time.tv_nsec.try_into().ok()?;
    Some(Duration::new(time.tv_sec.try_into().ok()?, nanos))
}

/// CPU time that a process on this machine has used so far (Linux), without its child processes. Reading it
/// costs that process nothing.
///
/// The scheduler's own account of each thread is in nanoseconds, but lacks those that have ended; `stat` has
/// all of them, cut to hundredths of a second. The larger one is nearer to the truth.
pub fn process_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    ticks(&stat).max(threads_time(pid))
}

/// The sum of the first fields of `/proc/<pid>/task/*/schedstat`: nanoseconds on a processor.
fn threads_time(pid: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) else {
            // It has just ended, or the system keeps no such account.
            continue;
        };
        let nanos = text.split_whitespace().next()?.parse().ok()?;
        sum = sum.checked_add(Duration::from_nanos(nanos))?;
    }
    Some(sum)
}

/// The 14th and 15th fields: user and system time.
fn ticks(stat: &str) -> Option<Duration> {
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u32>().ok();
    TICK.checked_mul(next()?.checked_add(next()?)?)
}

/// Where to read how much CPU time a server has used so far. A difference of two readings says what
/// happened between them.
pub enum ServerClock {
    /// `used_cpu_user` and `used_cpu_sys` of `INFO cpu`: on any machine, and of all the server's threads.
    /// redis-server and our stage 06 give microseconds.
    /// The question costs the server some 50 us, part of which falls between two readings.
    Info(Box<Control>),
    /// [`process_time`] of the process with this number.
    Process(u32),
}

impl ServerClock {
    /// The clock of the server behind `control`, whose process has the number `pid` if it is known to run on
    /// this machine: then the system is asked, else the server. `None` where neither tells.
    pub fn open(mut control: Control, pid: Option<u32>) -> Option<Self> {
        control.hurry(ANSWER);
        let info = Self::Info(Box::new(control));
        let process = pid.map(Self::Process);
        let mut clocks = [process, Some(info)].into_iter().flatten();
        clocks.find_map(|mut clock| clock.read().map(|_| clock))
    }

    /// CPU time so far; `None` when the server is gone, or says nothing for two seconds.
    pub fn read(&mut self) -> Option<Duration> {
        match self {
            Self::Info(control) => {
                let asked = Instant::now();
                // A server may close a connection that was idle for a whole run; the second attempt has a new
                // one. One that stands still would not answer that one either.
                let again = |control| (asked.elapsed() < ANSWER).then(|| used_cpu(control))?;
                used_cpu(control).or_else(|| again(control))
            }
            Self::Process(pid) => process_time(*pid),
        }
    }

    /// Waits until the server does nothing: one that frees memory in the background would take the CPU from
    /// whoever is measured next. One that never rests is not waited for beyond some seconds.
    pub async fn rest(&mut self) {
        let started = Instant::now();
        let mut before = self.read();
        while started.elapsed() < REST_DEADLINE {
            sleep(REST).await;
            let now = self.read();
            let used = now
                .zip(before)
                .map(|(now, before)| now.saturating_sub(before));
            if used.is_none_or(|used| used < IDLE) {
                return;
            }
            before = now;
        }
    }
}

fn used_cpu(control: &mut Control) -> Option<Duration> {
    let info = control.info("cpu").ok()??;
    seconds(&info, "used_cpu_user")?.checked_add(seconds(&info, "used_cpu_sys")?)
}

fn seconds(info: &BTreeMap<String, String>, name: &str) -> Option<Duration> {
    let seconds = info.get(name)?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::{hint, iter, process, thread};

    /// CPU time of all threads of this process, those that have ended included.
    fn own_time() -> Option<Duration> {
        duration(clock_gettime(ClockId::ProcessCPUTime))
    }

    /// Works until the clock has moved by this much.
    fn work(time: Duration, clock: fn() -> Option<Duration>) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let begin = clock().unwrap();
        while clock().unwrap() < begin + time {
            hint::spin_loop();
            assert!(Instant::now() < deadline, "the clock stands still");
        }
    }

    #[test]
    fn a_thread_has_a_clock_of_its_own() {
        let time = Duration::from_millis(50);
        let before = own_time().unwrap();
        let other = thread::spawn(move || {
            work(time, thread_time);
            thread_time().unwrap()
        });
        assert!(other.join().unwrap() >= time);
        // A thread that has ended counts for the process, and never for another thread.
        assert!(own_time().unwrap() >= before + time);
        assert!(thread::spawn(|| thread_time().unwrap()).join().unwrap() < time);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_time_of_a_process_is_that_of_its_threads_up_to_some_ticks() {
        work(Duration::from_millis(50), own_time);
        let before = own_time().unwrap();
        let told = process_time(process::id()).unwrap();
        let after = own_time().unwrap();
        assert!(told + 2 * TICK >= before, "{told:?} and {before:?}");
        assert!(told <= after + TICK, "{told:?} and {after:?}");
        assert_eq!(process_time(u32::MAX), None);
    }

    #[test]
    fn the_fields_are_counted_behind_the_name() {
        let stat = "7 (a) b 1 (c) S 1 7 7 0 -1 4194560 4031 123 2 5 31 12 9 8 20 0 4 0";
        assert_eq!(ticks(stat), Some(Duration::from_millis(430)));
        for wrong in ["", "7 (a", "7 (a) S 1 7 7 0 -1 4194560 4031 123 2 5 31"] {
            assert_eq!(ticks(wrong), None, "{wrong}");
        }
    }

    /// A server that says `PONG`, and then answers the first, second, ... request with these texts.
    fn answering(mut texts: impl Iterator<Item = String> + Send + 'static) -> Control {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut buffer = [0; 1024];
            let mut reply = "+PONG\r\n".to_string();
            while socket.read(&mut buffer).is_ok_and(|read| read > 0) {
                socket.write_all(reply.as_bytes()).unwrap();
                let text = texts.next().unwrap();
                reply = format!("${}\r\n{text}\r\n", text.len());
            }
        });
        Control::connect(&Target::tcp("127.0.0.1", port)).unwrap()
    }

    /// The same with one text.
    fn always(text: &str) -> Control {
        answering(iter::repeat(text.to_string()))
    }

    /// `INFO cpu` of a server that has used so many milliseconds.
    fn used(millis: u64) -> String {
        let user = Duration::from_millis(millis).as_secs_f64();
        format!("# CPU\r\nused_cpu_sys:0.0\r\nused_cpu_user:{user:.6}\r\n")
    }

    #[test]
    fn a_server_that_stands_still_is_not_waited_for_long() {
        let texts = iter::once(used(7)).chain(iter::from_fn(|| {
            thread::sleep(Duration::from_secs(60));
            None
        }));
        let mut clock = ServerClock::open(answering(texts), None).unwrap();
        // It answers what it was asked by then, and nothing more.
        clock.read();
        let asked = Instant::now();
        assert_eq!(clock.read(), None);
        assert!(asked.elapsed() < 2 * ANSWER);
    }

    #[tokio::test]
    async fn a_server_is_at_rest_when_its_time_stands_almost_still() {
        let times = [0, 10, 20, 28, 33, 36, 40, 50];
        let told = times.into_iter().chain(iter::repeat(90)).map(used);
        let mut clock = ServerClock::Info(Box::new(answering(told)));
        clock.rest().await;
        assert_eq!(clock.read(), Some(Duration::from_millis(40)));
    }

    #[tokio::test]
    async fn a_server_that_never_rests_is_not_waited_for() {
        let told = (0..).map(|number| used(number * 10));
        let mut clock = ServerClock::Info(Box::new(answering(told)));
        let begin = Instant::now();
        clock.rest().await;
        assert!(begin.elapsed() >= REST_DEADLINE);
    }

    #[tokio::test]
    async fn a_server_that_tells_nothing_is_not_waited_for_either() {
        ServerClock::Process(u32::MAX).rest().await;
    }

    #[test]
    fn a_server_that_tells_no_time_has_the_clock_of_its_process_or_none() {
        for text in [
            "# Server\r\nredis_version:7.0.15",
            "used_cpu_user:1.5",
            "used_cpu_user:1.5\r\nused_cpu_sys:-1",
            "used_cpu_user:1e300\r\nused_cpu_sys:1",
            "used_cpu_user:NaN\r\nused_cpu_sys:1",
        ] {
            assert!(ServerClock::open(always(text), None).is_none(), "{text}");
            let mut clock = ServerClock::open(always(text), Some(process::id()));
            let clock = clock.as_mut();
            assert_eq!(clock.is_some(), cfg!(target_os = "linux"));
            assert!(clock.is_none_or(|clock| matches!(clock, ServerClock::Process(_))));
        }
    }

    #[test]
    fn a_server_elsewhere_is_asked_itself() {
        let control = || always("# CPU\r\nused_cpu_sys:0.011790\r\nused_cpu_user:1.000885\r\n");
        let mut clock = ServerClock::open(control(), None).unwrap();
        assert_eq!(clock.read(), Some(Duration::from_micros(1_012_675)));
        if cfg!(target_os = "linux") {
            let clock = ServerClock::open(control(), Some(process::id()));
            assert!(matches!(clock, Some(ServerClock::Process(_))));
        }
    }
}
