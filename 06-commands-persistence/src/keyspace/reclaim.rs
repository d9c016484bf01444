//! Frees large values in a thread of its own, so that no client waits for it.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Something to be done by the thread.
enum Work {
    Free(Box<dyn Any + Send>),
    Run(fn()),
}

/// Where to put what takes long to free. Clones lead to the same thread, which ends with the last of them.
#[derive(Clone, Debug, Default)]
pub struct Reclaimer {
    /// `None`: there is no thread, and everything is freed where it is given up.
    sender: Option<Sender<Work>>,
    pending: Arc<AtomicUsize>,
    freed: Arc<AtomicUsize>,
}

impl Reclaimer {
    /// Starts the thread. Where the system refuses one, values are freed on the spot.
    pub fn start() -> Self {
        let (sender, receiver) = channel::<Work>();
        let (pending, freed) = (Arc::default(), Arc::default());
        let mut reclaimer = Self {
            sender: None,
            pending: Arc::clone(&pending),
            freed: Arc::clone(&freed),
        };
        let free_all = move || {
            for work in receiver {
                let garbage = match work {
                    Work::Free(garbage) => garbage,
                    Work::Run(task) => {
                        task();
                        continue;
                    }
                };
                drop(garbage);
                pending.fetch_sub(1, Ordering::Relaxed);
                freed.fetch_add(1, Ordering::Relaxed);
            }
        };
        if thread::Builder::new()
            .name("reclaim".into())
            .spawn(free_all)
            .is_ok()
        {
            reclaimer.sender = Some(sender);
        }
        reclaimer
    }

    /// Frees `garbage`, soon.
    pub fn free(&self, garbage: impl Any + Send) {
        if let Some(sender) = &self.sender {
            self.pending.fetch_add(1, Ordering::Relaxed);
            // Fails only when the thread is gone; then it is freed here.
            if sender.send(Work::Free(Box::new(garbage))).is_err() {
                self.pending.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Has the thread do something else that takes long, after what it was given before.
    pub fn run(&self, task: fn()) {
        if let Some(sender) = &self.sender {
            // Fails only when the thread is gone.
            let _ = sender.send(Work::Run(task));
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
