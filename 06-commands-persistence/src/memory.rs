//! The memory in use: an allocator that counts, and when to give free memory back to the system.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

/// What allocates, as Redis calls it.
pub const ALLOCATOR: &str = "libc";

/// So many threads have a counter of their own. The others share the last one.
const OWN: usize = 63;

/// So many bytes must be free that were not before, to be given back.
const WORTH_IT: usize = 16 << 20;

/// So many ticks without a command count as quiet: few enough to come about between the pings of whoever watches the server.
const QUIET: u32 = 3;

/// A number of bytes, alone in its cache line: no thread slows another down.
#[repr(align(64))]
struct Counter(AtomicIsize);

#[global_allocator]
static COUNTING: Counting = Counting;
static COUNTERS: [Counter; OWN + 1] = [const { Counter(AtomicIsize::new(0)) }; OWN + 1];
static THREADS: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The number of this thread's counter. It has no destructor, so it can be read as long as the thread allocates.
    static OF_THREAD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The bytes that the program has allocated and not freed, as it asked for them.
pub fn used() -> usize {
    let counts = COUNTERS.iter().map(|count| count.0.load(Ordering::Relaxed));
    // One thread may have freed what another allocated. Only the sum means something, and it is read while others count.
    let used = usize::try_from(counts.sum::<isize>()).unwrap_or(0);
    PEAK.fetch_max(used, Ordering::Relaxed);
    used
}

/// The most that [`used`] has ever found.
pub fn peak() -> usize {
    PEAK.load(Ordering::Relaxed)
}

fn count(change: isize) {
    let number = OF_THREAD.get().unwrap_or_else(register);
    let counter = &COUNTERS[number.min(OWN)].0;
    if number < OWN {
        // Nobody else writes to this one, so this need not be one step. That saves most of the time.
        let count = counter.load(Ordering::Relaxed);
        counter.store(count.wrapping_add(change), Ordering::Relaxed);
    } else {
        counter.fetch_add(change, Ordering::Relaxed);
    }
}

#[cold]
fn register() -> usize {
    let number = THREADS.fetch_add(1, Ordering::Relaxed);
    OF_THREAD.set(Some(number));
    number
}

/// The system's allocator, with counters.
struct Counting;

// SAFETY: every call goes to `System` as it came, so what is promised is what `System` promises, of whoever calls as of what
// is given back. Counting neither allocates nor panics. What it costs was measured: less than one percent of a SET. (Inlined
// it costs more: what allocates is then too large to be inlined itself.)
unsafe impl GlobalAlloc for Counting {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises of `layout` is what `System` asks for; so in the three others.
        counted(unsafe { System.alloc(layout) }, layout.size() as isize)
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see `alloc`. The system often has zeros at hand, so this is not left to the default.
        counted(
            unsafe { System.alloc_zeroed(layout) },
            layout.size() as isize,
        )
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: see `alloc`; `block` is from `System`, as all are.
        unsafe { System.dealloc(block, layout) };
        count(-(layout.size() as isize));
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: see `dealloc`.
        let moved = unsafe { System.realloc(block, layout, size) };
        counted(moved, size as isize - layout.size() as isize)
    }
}

/// Counts what was allocated, unless the system had nothing.
fn counted(block: *mut u8, change: isize) -> *mut u8 {
    if !block.is_null() {
        count(change);
    }
    block
}

/// Knows when to give memory back. The allocator of glibc does not do that by itself where blocks in use lie behind the free
/// ones: after ten thousand clients have gone, sixty megabytes stay. While it does, nobody can allocate, for half a second where
/// a gigabyte is free: so it is done when nobody asks for anything.
#[derive(Debug, Default)]
pub struct Release {
    most: usize,
    commands: u64,
    quiet: u32,
}

impl Release {
    /// Whether it is time for [`release_free`]. To be asked in each tick, with the number of commands so far and what is
    /// [`used`].
    pub fn is_due(&mut self, commands: u64, used: usize) -> bool {
        self.most = self.most.max(used);
        let is_quiet = commands == self.commands;
        self.quiet = if is_quiet {
            self.quiet.saturating_add(1)
        } else {
            0
        };
        self.commands = commands;
        let is_due = self.quiet >= QUIET && self.most - used >= WORTH_IT;
        if is_due {
            self.most = used;
        }
        is_due
    }
}

/// Gives memory that is free back to the system. Other threads that allocate meanwhile wait.
pub fn release_free() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function takes a number, looks at the allocator's own books only, and locks them itself. Blocks in use stay
    // as they are and where they are. `tests/frame/many.rs` tests what it is worth.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_any_thread_allocates_is_counted_until_it_is_freed() {
        // Other tests, which run meanwhile, have less than half of a block.
        const BLOCK: usize = 256 << 20;
        let before = used();
        let blocks_in_use = || (used() + BLOCK / 2 - before) / BLOCK;
        // More of them than have a counter of their own.
        let threads = (0..OWN + 20).map(|_| thread::spawn(|| Vec::<u8>::with_capacity(BLOCK)));
        let blocks: Vec<Vec<u8>> = threads.map(|thread| thread.join().unwrap()).collect();
        assert_eq!(blocks_in_use(), blocks.len());
        drop(blocks);
        assert_eq!(blocks_in_use(), 0);
        assert!(peak() >= before + OWN * BLOCK);
    }

    #[test]
    fn memory_is_given_back_once_it_is_quiet() {
        let mut release = Release::default();
        let (full, free) = (10 * WORTH_IT, 9 * WORTH_IT);
        assert!(!release.is_due(1, full));
        assert!((2..100).all(|commands| !release.is_due(commands, free)));
        let times = (0..100).filter(|_| release.is_due(99, free)).count();
        assert_eq!(times, 1);
        assert!(!release.is_due(99, free - 1));
    }
}
