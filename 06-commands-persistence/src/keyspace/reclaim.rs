//! Frees large values in a thread of its own, so that no client waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SendError, Sender, channel};
use std::thread;

/// Something to be done by the thread.
type Task = Box<dyn FnOnce() + Send>;

/// Where to put what takes long to free. Clones lead to the same thread, which ends with the last of them.
#[derive(Clone, Debug, Default)]
pub struct Reclaimer {
    /// `None`: there is no thread, and everything is freed where it is given up.
    sender: Option<Sender<Task>>,
    pending: Arc<AtomicUsize>,
    freed: Arc<AtomicUsize>,
}

impl Reclaimer {
    /// Starts the thread. Where the system refuses one, values are freed on the spot.
    pub fn start() -> Self {
        let (sender, tasks) = channel::<Task>();
        let run_all = move || tasks.into_iter().for_each(|task| task());
        let thread = thread::Builder::new().name("reclaim".into()).spawn(run_all);
        Self {
            sender: thread.is_ok().then_some(sender),
            ..Self::default()
        }
    }

    /// Frees `garbage`, soon.
    pub fn free(&self, garbage: impl Send + 'static) {
        if self.sender.is_some() {
            self.pending.fetch_add(1, Ordering::Relaxed);
            let (pending, freed) = (Arc::clone(&self.pending), Arc::clone(&self.freed));
            self.run(move || {
                drop(garbage);
                pending.fetch_sub(1, Ordering::Relaxed);
                freed.fetch_add(1, Ordering::Relaxed);
            });
        }
    }

    /// Has the thread do something else that takes long, after what it was given before.
    pub fn run(&self, task: impl FnOnce() + Send + 'static) {
        if let Some(sender) = &self.sender
            && let Err(SendError(task)) = sender.send(Box::new(task))
        {
            // The thread is gone.
            task();
        }
    }

    /// How many values wait to be freed: `lazyfree_pending_objects`.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// How many were: `lazyfreed_objects`.
    pub fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }
}
