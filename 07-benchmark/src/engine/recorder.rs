//! What a thread has seen since it last told of it.

use super::measured::{MAX_LATENCY, latencies};
use crate::errors::Errors;
use hdrhistogram::Histogram;
use std::time::Instant;

/// Requests of one connection that were written together.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    /// From when the response counts: in an open loop when it was due, in a closed one `sent`.
    pub due: Instant,
    /// Just before they were written.
    pub sent: Instant,
    /// How many of them still wait for their replies.
    pub count: u64,
}

/// What happened in a stretch of time in one thread.
pub struct Tally {
    /// Good replies within the time measured.
    pub replies: u64,
    /// All replies.
    pub all_replies: u64,
    /// Requests that failed.
    pub errors: Errors,
    /// How many of them failed in the warm-up.
    pub early_errors: u64,
    /// Good replies that said that there is nothing.
    pub misses: u64,
    /// Latencies, of an open loop from when the request was due.
    pub response: Histogram<u64>,
    /// Of an open loop: the same from when it was written.
    pub service: Option<Histogram<u64>>,
    /// Of an open loop: how late requests were written.
    pub late: Option<Histogram<u64>>,
    /// Of a mix, and only in a thread's last tally: what each command had, from the beginning on.
    pub commands: Vec<Portion>,
    /// Latencies above what the histograms tell apart.
    pub clipped: u64,
    /// Requests of an open loop that were due.
    pub due: u64,
    /// Connections that had their first good reply.
    pub served: usize,
}

impl Portion {
    fn new() -> Self {
        Self {
            replies: 0,
            response: latencies(),
        }
    }
}

impl Tally {
    fn new(open: bool) -> Self {
        Self {
            replies: 0,
            all_replies: 0,
            errors: Errors::default(),
            early_errors: 0,
            misses: 0,
            response: latencies(),
            service: open.then(latencies),
            late: open.then(latencies),
            commands: Vec::new(),
            clipped: 0,
            due: 0,
            served: 0,
        }
    }
}

/// What one command of a mix had.
pub struct Portion {
    /// Good replies within the time measured.
    pub replies: u64,
    /// Latencies.
    pub response: Histogram<u64>,
}

/// Records what the connections of one thread see.
pub struct Recorder {
    /// Requests that count from before this are not measured.
    begin: Instant,
    /// Replies that come after this do not count for the throughput.
    end: Option<Instant>,
    open: bool,
    /// What each command had, where several are told apart. It is not taken with each tally: nobody looks at
    /// it before the end, and a histogram has 200 kilobytes.
    commands: Vec<Portion>,
    tally: Tally,
    /// When the last reply came.
    last_reply: Option<Instant>,
}

impl Recorder {
    /// An empty one. `commands` is how many of them are told apart; 0 where there is only one.
    pub fn new(begin: Instant, end: Option<Instant>, open: bool, commands: usize) -> Self {
        Self {
            begin,
            end,
            open,
            commands: (0..commands).map(|_| Portion::new()).collect(),
            tally: Tally::new(open),
            last_reply: None,
        }
    }

    /// What was seen since this was last asked, but for what each command had.
    pub fn take(&mut self) -> Tally {
        std::mem::replace(&mut self.tally, Tally::new(self.open))
    }

    /// What each command had since the beginning.
    pub fn take_commands(&mut self) -> Vec<Portion> {
        std::mem::take(&mut self.commands)
    }

    /// When the last reply came.
    pub fn last_reply(&self) -> Option<Instant> {
        self.last_reply
    }

    /// Whether a request that counts from this moment is measured.
    pub fn counts(&self, moment: Instant) -> bool {
        moment >= self.begin
    }

    /// Whether a reply that comes at this moment comes within the time measured.
    pub fn in_time(&self, moment: Instant) -> bool {
        self.counts(moment) && self.end.is_none_or(|end| moment <= end)
    }

    /// Replies came, `count` in all, errors among them.
    pub fn arrived(&mut self, count: u64, now: Instant) {
        self.tally.all_replies += count;
        self.last_reply = Some(now);
    }

    /// Good replies to `count` requests of `flight` are whole.
    ///
    /// The throughput counts replies that come within the time measured; without an end, the replies to
    /// requests that are measured. A latency belongs to the moment at which it began: it counts however late
    /// its reply comes, even after the end. Else what a stalled server answers last would be left out.
    pub fn good(&mut self, flight: &Flight, count: u64, now: Instant, command: Option<usize>) {
        // A value recorded zero times would still become the histogram's lowest.
        if count == 0 || now < self.begin {
            return;
        }
        let in_time = match self.end {
            Some(end) => now <= end,
            None => flight.due >= self.begin,
        };
        let mut portion = command.and_then(|command| self.commands.get_mut(command));
        if in_time {
            self.tally.replies += count;
            if let Some(portion) = &mut portion {
                portion.replies += count;
            }
        }
        if flight.due < self.begin {
            return;
        }
        let response = nanos(flight.due, now);
        if response > MAX_LATENCY.as_nanos() as u64 {
            self.tally.clipped += count;
        }
        self.tally.response.saturating_record_n(response, count);
        if let Some(service) = &mut self.tally.service {
            service.saturating_record_n(nanos(flight.sent, now), count);
        }
        if let Some(portion) = portion {
            portion.response.saturating_record_n(response, count);
        }
    }

    /// A connection had its first good reply within the time measured.
    pub fn served(&mut self) {
        self.tally.served += 1;
    }

    /// Requests failed.
    pub fn errors(&mut self, errors: Errors, now: Instant) {
        self.early(errors.total(), now);
        self.tally.errors.merge(errors);
    }

    /// `count` requests failed in one way.
    pub fn error(&mut self, kind: &str, count: u64, now: Instant, text: impl FnOnce() -> String) {
        self.early(count, now);
        self.tally.errors.add(kind, count, text);
    }

    fn early(&mut self, errors: u64, now: Instant) {
        if !self.counts(now) {
            self.tally.early_errors += errors;
        }
    }

    /// Good replies that said that there is nothing.
    pub fn misses(&mut self, count: u64) {
        self.tally.misses += count;
    }

    /// A request of an open loop was due, whatever becomes of it.
    pub fn due(&mut self, due: Instant) {
        if self.counts(due) {
            self.tally.due += 1;
        }
    }

    /// A request of an open loop is written.
    pub fn written(&mut self, due: Instant, sent: Instant) {
        let Some(late) = &mut self.tally.late else {
            return;
        };
        if due >= self.begin {
            late.saturating_record(nanos(due, sent));
        }
    }
}

/// Nanoseconds from one moment to another; at least 1, which is the lowest that a histogram knows.
fn nanos(from: Instant, to: Instant) -> u64 {
    let nanos = to.saturating_duration_since(from).as_nanos();
    u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    /// A recorder that measures from second 10 to second 20, and a function from seconds to moments.
    fn recorder() -> (Recorder, impl Fn(u64) -> Instant) {
        let zero = Instant::now();
        let at = move |second: u64| zero + Duration::from_secs(second);
        (Recorder::new(at(10), Some(at(20)), true, 0), at)
    }

    fn flight(due: Instant, sent: Instant) -> Flight {
        Flight {
            due,
            sent,
            count: 1,
        }
    }

    #[test]
    fn the_barrier_cuts_off_the_warm_up() {
        let (mut recorder, at) = recorder();
        recorder.good(&flight(at(8), at(8)), 1, at(9), None);
        recorder.good(&flight(at(9), at(9)), 1, at(11), None);
        recorder.good(&flight(at(10), at(10)), 1, at(11), None);
        let tally = recorder.take();
        // The second was answered in time, but began too early.
        assert_eq!((tally.replies, tally.response.len()), (2, 1));
    }

    #[test]
    fn late_replies_have_a_latency_but_no_throughput() {
        let (mut recorder, at) = recorder();
        recorder.good(&flight(at(19), at(19)), 3, at(25), None);
        let tally = recorder.take();
        assert_eq!((tally.replies, tally.response.len()), (0, 3));
        assert!(
            tally
                .response
                .equivalent(tally.response.max(), 6 * SECOND.as_nanos() as u64)
        );
    }

    #[test]
    fn response_counts_from_due_and_service_from_sent() {
        let (mut recorder, at) = recorder();
        recorder.good(&flight(at(11), at(14)), 1, at(15), None);
        let tally = recorder.take();
        let service = tally.service.unwrap();
        assert!(
            tally
                .response
                .equivalent(tally.response.max(), 4 * SECOND.as_nanos() as u64)
        );
        assert!(service.equivalent(service.max(), SECOND.as_nanos() as u64));
    }

    #[test]
    fn what_is_clipped_is_counted_and_nothing_recorded_stays_nothing() {
        let (mut recorder, at) = recorder();
        recorder.good(&flight(at(11), at(11)), 0, at(12), None);
        assert!(recorder.take().response.is_empty());
        recorder.good(
            &flight(at(11), at(11)),
            2,
            at(11) + MAX_LATENCY + SECOND,
            None,
        );
        assert_eq!(recorder.take().clipped, 2);
    }
}
