//! What the system knows of this process. On Linux it tells in `/proc`; elsewhere the answers are zeros.

use std::fs;

/// Memory in use, in bytes.
pub fn resident_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Linux counts processor time in hundredths of a second, whatever the kernel's own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time used, in seconds: by the program, and by the system on its behalf.
pub fn cpu_seconds() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program is in brackets, and may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |index| {
        let field = fields.split_whitespace().nth(index);
        field.and_then(|ticks| ticks.parse().ok()).unwrap_or(0.0)
    };
    (ticks(11) / TICKS_PER_SECOND, ticks(12) / TICKS_PER_SECOND)
}

/// Gives memory that is free back to the system. The allocator of glibc does not do that by itself where blocks in use
/// lie behind the free ones: after ten thousand clients have gone, sixty megabytes stay. May take some milliseconds.
pub fn release_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function takes a number, looks at the allocator's own books only, and locks them itself. Blocks in use stay
    // as they are and where they are. `tests/frame/many.rs` tests what it is worth.
    unsafe {
        libc::malloc_trim(0);
    }
}
