//! One connection's replies: which request each belongs to, and what it is worth.

use super::recorder::{Flight, Recorder};
use crate::replies::{Checked, Counted, Judged, Pending, ReplyScanner, Rules};
use crate::workload::Note;
use anyhow::ensure;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

/// The requests of a connection that wait for their replies.
#[derive(Default)]
pub struct Inbox {
    scanner: ReplyScanner,
    pending: Pending,
    flights: VecDeque<Flight>,
    /// Requests under way.
    due: u64,
    details: Option<Details>,
    /// Whether a good reply was seen in the time measured.
    served: bool,
}

/// What must be kept of each request, where requests are told apart.
struct Details {
    notes: VecDeque<Note>,
    attention: Attention,
}

/// Whether and how requests are told apart.
#[derive(Clone)]
pub struct Attention {
    /// What is known of the commands.
    pub rules: Rc<Rules>,
    /// Whether contents are judged.
    pub verify: bool,
}

impl Inbox {
    /// Without `attention` replies are counted, and errors told from others, and that is all.
    pub fn new(attention: Option<&Attention>) -> Self {
        Self {
            details: attention.map(|attention| Details {
                notes: VecDeque::new(),
                attention: attention.clone(),
            }),
            ..Self::default()
        }
    }

    /// Requests under way.
    pub fn due(&self) -> u64 {
        self.due
    }

    /// A request was made.
    pub fn note(&mut self, note: Note) {
        if let Some(details) = &mut self.details {
            details.notes.push_back(note);
        }
    }

    /// Requests leave now.
    pub fn sent(&mut self, flight: Flight) {
        self.due += flight.count;
        self.flights.push_back(flight);
    }

    /// The connection is gone: how many requests went with it.
    pub fn lose(&mut self) -> u64 {
        self.scanner = ReplyScanner::default();
        self.pending = Pending::default();
        self.flights.clear();
        if let Some(details) = &mut self.details {
            details.notes.clear();
        }
        std::mem::take(&mut self.due)
    }

    /// Bytes have arrived: records the replies that they make whole, those before an error as well.
    ///
    /// # Errors
    /// Bytes that are no RESP, and more replies than requests.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        now: Instant,
        recorder: &mut Recorder,
    ) -> anyhow::Result<()> {
        let (scanned, judged) = self.scan(bytes);
        let replies = judged.replies();
        ensure!(
            replies <= self.due,
            "the server sent more replies than there were requests"
        );
        if replies == 0 {
            return scanned;
        }
        recorder.arrived(replies, now);
        let good = replies - judged.bad.len() as u64;
        if good > 0 && !self.served && recorder.in_time(now) {
            self.served = true;
            recorder.served();
        }
        self.record(replies, &judged.bad, now, recorder);
        recorder.misses(judged.misses);
        if !judged.bad.is_empty() {
            recorder.errors(judged.errors, now);
        }
        self.due -= replies;
        scanned
    }

    fn scan(&mut self, bytes: &[u8]) -> (anyhow::Result<()>, Judged) {
        let mut counted = Counted {
            pending: &mut self.pending,
            judged: Judged::default(),
        };
        match &self.details {
            Some(Details { notes, attention }) if attention.verify => {
                let mut checked = Checked {
                    counted,
                    notes,
                    rules: &attention.rules,
                };
                let scanned = self.scanner.scan(bytes, &mut checked);
                (scanned.map(drop), checked.counted.judged)
            }
            _ => {
                let scanned = self.scanner.scan(bytes, &mut counted);
                (scanned.map(drop), counted.judged)
            }
        }
    }

    /// Records `replies`, of which those at the places `bad` were not good: as many at once as were sent
    /// at once; where requests are told apart one by one, each under its command.
    fn record(&mut self, replies: u64, bad: &[u64], now: Instant, recorder: &mut Recorder) {
        let (mut place, mut bad) = (0, bad.iter().copied().peekable());
        while place < replies {
            let Some(flight) = self.flights.front_mut() else {
                return;
            };
            let details = self.details.as_mut();
            let note = details.and_then(|details| details.notes.pop_front());
            let count = match note {
                Some(_) => 1,
                None => flight.count.min(replies - place),
            };
            place += count;
            let mut good = count;
            while bad.next_if(|bad| *bad < place).is_some() {
                good -= 1;
            }
            recorder.good(flight, good, now, note.map(|note| note.command as usize));
            flight.count -= count;
            if flight.count == 0 {
                self.flights.pop_front();
            }
        }
    }
}
