//! What the system knows of this process. On Linux it tells in `/proc`; elsewhere the answers are zeros.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::sync::{Mutex, PoisonError};

/// Memory in use, in bytes.
pub fn resident_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Processor time used, in seconds: by the program, and by the system on its behalf. Neither ever falls. Their sum is exact
/// to the microsecond; how it is divided Linux counts in hundredths of a second, and elsewhere all of it is the program's.
pub fn cpu_seconds() -> (f64, f64) {
    static LAST: Mutex<(f64, f64)> = Mutex::new((0.0, 0.0));
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let sum = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = divided(sum, system_part(&stat), *last);
    *last
}

/// Divides the time used so far so that the system has this part of it, as far as neither of the two falls below what it
/// was when this was last asked.
fn divided(sum: f64, system_part: f64, last: (f64, f64)) -> (f64, f64) {
    let system = (sum * system_part).min(sum - last.0).max(last.1);
    ((sum - system).max(last.0), system)
}

/// The system's part of the time, from the 14th and 15th field of `/proc/self/stat`.
fn system_part(stat: &str) -> f64 {
    // The name of the program is in brackets, and may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |index| -> f64 {
        let field = fields.split_whitespace().nth(index);
        field.and_then(|ticks| ticks.parse().ok()).unwrap_or(0.0)
    };
    let (user, system) = (ticks(11), ticks(12));
    let sum = user + system;
    if sum > 0.0 { system / sum } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_time_never_fall() {
        let first = divided(1.0, 0.0, (0.0, 0.0));
        assert_eq!(first, (1.0, 0.0));
        // By the ticks all of it was the system's; but the program's second is known.
        let second = divided(1.5, 1.0, first);
        assert_eq!(second, (1.0, 0.5));
        assert_eq!(divided(4.0, 0.5, second), (2.0, 2.0));
    }

    #[test]
    fn the_name_of_the_program_may_hold_brackets() {
        let stat = "1 (a) R) ) S 1 1 1 0 -1 4194560 1 0 0 0 3 1 0 0 20 0 4";
        assert_eq!(system_part(stat), 0.25);
        assert_eq!(system_part(""), 0.0);
    }

    #[test]
    fn work_shows_at_once() {
        let sum = |(user, system)| user + system;
        let before = sum(cpu_seconds());
        while sum(cpu_seconds()) < before + 0.001 {}
    }
}
