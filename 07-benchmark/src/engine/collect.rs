//! Adds up what the threads of a run tell.

use super::load::{Length, Load};
use super::measured::{CommandTally, Interval, Measured, Punctuality, latencies};
use super::open::NOT_SENT;
use super::recorder::Tally;
use super::worker::{Message, Seen};
use crate::workload::Workload;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Later than this a request must not be written, if that is more than this part of the time in which it is
/// answered: its latency would be that of a delay of our own making.
const MAX_LATE: Duration = Duration::from_millis(1);
const MAX_LATE_PART: f64 = 0.1;

/// When a server counts as too slow for the rate of an open loop: when the last request is due, more wait for
/// their replies than this part of all, and more than come in this many seconds.
const MAX_WAITING: f64 = 0.05;
const MAX_GATHERED: f64 = 0.25;

/// Sees a run while it goes on.
pub trait Observer {
    /// All connections are open, and the start is [`LEAD`](super::LEAD) from now.
    fn ready(&mut self) {}

    /// A stretch of the run is over. `latencies` are those of the stretch, `so_far` is all until now.
    fn interval(&mut self, interval: &Interval, latencies: &Histogram<u64>, so_far: &Measured);
}

/// Sees nothing.
impl Observer for () {
    fn interval(&mut self, _: &Interval, _: &Histogram<u64>, _: &Measured) {}
}

/// What several threads saw in the same stretch of time.
struct Stretch {
    to: Instant,
    tallies: Vec<Tally>,
}

/// Adds up a run.
pub struct Collector {
    load: Load,
    begin: Instant,
    start: Instant,
    measured: Measured,
    /// How late the requests of an open loop were written.
    late: Histogram<u64>,
    due: u64,
    /// Threads still at work.
    running: usize,
    /// The last stretches of those that have ended.
    ended: Vec<u64>,
    /// Stretches of which not all threads have told yet, by number.
    stretches: BTreeMap<u64, Stretch>,
    /// Where the last complete stretch ended.
    told: Instant,
    /// Requests that nobody waits for any more.
    waiting: u64,
    /// Of an open loop: requests that waited when the last one was due.
    behind: u64,
    last_reply: Option<Instant>,
}

impl Collector {
    /// Nothing yet, of a run that starts at `start`.
    pub fn new(load: &Load, workload: &Workload, start: Instant, threads: usize) -> Self {
        let commands = workload.commands.iter().map(|(command, _)| CommandTally {
            title: command.title(),
            replies: 0,
            response: latencies(),
        });
        let is_mix = workload.commands.len() > 1;
        let measured = Measured {
            service: load.pace.map(|_| latencies()),
            commands: commands.filter(|_| is_mix).collect(),
            ..Measured::default()
        };
        let begin = start + load.warm_up;
        Self {
            load: load.clone(),
            begin,
            start,
            measured,
            late: latencies(),
            due: 0,
            running: threads,
            ended: Vec::new(),
            stretches: BTreeMap::new(),
            told: begin,
            waiting: 0,
            behind: 0,
            last_reply: None,
        }
    }

    /// Whether threads are still at work.
    pub fn running(&self) -> bool {
        self.running > 0
    }

    /// A thread tells something.
    pub fn add(&mut self, message: Message, observer: &mut dyn Observer) {
        match message {
            Message::Tick(seen) => self.keep(seen),
            Message::Done {
                rest,
                waiting,
                behind,
                last_reply,
                cpu,
            } => {
                self.running -= 1;
                self.ended.push(rest.number);
                self.keep(rest);
                self.waiting += waiting;
                self.behind += behind;
                self.last_reply = self.last_reply.max(last_reply);
                let own = self.measured.own_cpu.take();
                self.measured.own_cpu = cpu.map(|cpu| cpu + own.unwrap_or_default());
            }
            Message::Ready | Message::Failed(_) => {}
        }
        while let Some(stretch) = self.complete() {
            let sum = self.sum(stretch.tallies);
            self.interval(stretch.to, &sum, observer);
        }
    }

    fn keep(&mut self, seen: Seen) {
        let stretch = self.stretches.entry(seen.number).or_insert(Stretch {
            to: seen.to,
            tallies: Vec::new(),
        });
        stretch.to = stretch.to.max(seen.to);
        stretch.tallies.push(*seen.tally);
    }

    /// The next stretch, if all threads that were at work in it have told of it. The last one of all, which
    /// is shorter, waits for the end.
    fn complete(&mut self) -> Option<Stretch> {
        let next = self.stretches.first_entry()?;
        let ended = self.ended.iter().filter(|last| **last >= *next.key());
        let threads = self.running + ended.count();
        let complete = self.running > 0 && next.get().tallies.len() == threads;
        complete.then(|| next.remove())
    }

    /// A stretch is over. It began where the one before it ended.
    fn interval(&mut self, to: Instant, sum: &Sum, observer: &mut dyn Observer) {
        let at = |percent| percentile(&sum.response, percent);
        let interval = Interval {
            begin: self.told.saturating_duration_since(self.begin),
            length: to.saturating_duration_since(self.told),
            replies: sum.replies,
            errors: sum.errors,
            p50: at(50.0),
            p99: at(99.0),
            max: at(100.0),
        };
        self.told = self.told.max(to);
        self.measured.time = self.told.saturating_duration_since(self.begin);
        self.measured.intervals.push(interval);
        observer.interval(&interval, &sum.response, &self.measured);
    }

    /// Adds tallies to what was measured. Returns what they have in sum.
    fn sum(&mut self, tallies: Vec<Tally>) -> Sum {
        let mut sum = Sum {
            replies: 0,
            errors: 0,
            response: latencies(),
        };
        for tally in tallies {
            sum.replies += tally.replies;
            sum.errors += tally.errors.total().saturating_sub(tally.early_errors);
            join(&mut sum.response, &tally.response);
            let all = &mut self.measured;
            all.replies += tally.replies;
            all.all_replies += tally.all_replies;
            all.clipped += tally.clipped;
            all.misses += tally.misses;
            all.served += tally.served;
            all.errors.merge(tally.errors);
            join(&mut all.response, &tally.response);
            if let (Some(all), Some(service)) = (&mut all.service, &tally.service) {
                join(all, service);
            }
            for (all, portion) in all.commands.iter_mut().zip(&tally.commands) {
                all.replies += portion.replies;
                join(&mut all.response, &portion.response);
            }
            if let Some(late) = &tally.late {
                join(&mut self.late, late);
            }
            self.due += tally.due;
        }
        sum
    }

    /// All that was measured, once no thread is at work any more.
    pub fn finish(mut self, interrupted: bool, observer: &mut dyn Observer) -> Measured {
        // The last stretches of all threads are one.
        let (mut tallies, mut to) = (Vec::new(), self.start);
        for stretch in std::mem::take(&mut self.stretches).into_values() {
            to = to.max(stretch.to);
            tallies.extend(stretch.tallies);
        }
        let ended = match self.load.length {
            Length::Time(time) if !interrupted => self.begin + time,
            Length::Time(time) => to.min(self.begin + time),
            Length::Requests(_) if !interrupted => self.last_reply.unwrap_or(self.begin),
            Length::Requests(_) => to,
        };
        let sum = self.sum(tallies);
        if ended > self.told || sum.replies + sum.errors + sum.response.len() > 0 {
            self.interval(ended.max(self.told), &sum, observer);
        }
        self.measured.time = ended.saturating_duration_since(self.begin);
        self.measured.whole_time = to.saturating_duration_since(self.start);
        self.measured.interrupted = interrupted;
        if interrupted && self.waiting > 0 {
            let silence = to.saturating_duration_since(self.last_reply.unwrap_or(self.start));
            let longest = Duration::from_nanos(self.measured.response.max());
            self.measured.unanswered = Some(silence).filter(|silence| *silence > longest);
        }
        self.measured.schedule = self.schedule();
        self.measured
    }

    fn schedule(&self) -> Option<Punctuality> {
        let pace = self.load.pace?;
        let mut schedule = Punctuality {
            rate: pace.rate,
            due: self.due,
            late_p99: percentile(&self.late, 99.0),
            late_max: percentile(&self.late, 100.0),
            invalid: None,
        };
        schedule.invalid = self.invalid(&schedule);
        Some(schedule)
    }

    /// Why the figures of an open loop must not be used.
    fn invalid(&self, schedule: &Punctuality) -> Option<String> {
        let late = Duration::from_nanos(schedule.late_p99);
        let answered = Duration::from_nanos(percentile(&self.measured.response, 99.0));
        if late > MAX_LATE.max(answered.mul_f64(MAX_LATE_PART)) {
            let threads = self.load.threads.max(1) as f64;
            let share = self.measured.own_share().map(|share| share / threads);
            let busy = share.is_some_and(|share| share > 0.8);
            let why = if busy {
                "this program had no processor time left: take a lower rate, or more --threads"
            } else {
                "the server did not take them, or other programs had the processor"
            };
            return Some(format!(
                "the schedule of {} requests per second was not held: 1 request in 100 was written more than \
                 {:.1} ms late, as {why}",
                schedule.rate,
                late.as_secs_f64() * 1e3,
            ));
        }
        // Those for which there was no room waited, too.
        let kinds = self.measured.errors.kinds();
        let unsent = kinds.filter(|(name, _)| *name == NOT_SENT);
        let unsent: u64 = unsent.map(|(_, kind)| kind.count).sum();
        let waiting = (self.behind + unsent) as f64;
        let too_many = (schedule.due as f64 * MAX_WAITING).max(schedule.rate * MAX_GATHERED);
        (waiting > too_many).then(|| {
            format!(
                "the server did not keep up with {} requests per second: {waiting} of {} waited for their \
                 replies when the last was due",
                schedule.rate, schedule.due,
            )
        })
    }
}

/// What several threads saw together.
struct Sum {
    replies: u64,
    errors: u64,
    response: Histogram<u64>,
}

/// 0 of nothing.
fn percentile(histogram: &Histogram<u64>, percent: f64) -> u64 {
    match histogram.is_empty() {
        true => 0,
        false => histogram.value_at_percentile(percent),
    }
}

/// Adds histograms of the same bounds, which can't fail.
fn join(all: &mut Histogram<u64>, more: &Histogram<u64>) {
    if !more.is_empty() {
        let _ = all.add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Arrivals, Pace};
    use crate::target::Target;
    use crate::workload::Command;

    /// Why a run is invalid in which every request was written so late, and answered after so long.
    fn invalid(late: Duration, answered: Duration) -> Option<String> {
        let pace = Pace {
            rate: 100.0,
            arrivals: Arrivals::Constant,
        };
        let load = Load {
            pace: Some(pace),
            ..Load::once(&Target::tcp("localhost", 1), 1)
        };
        let workload = Workload::single(Command::of(["PING"]));
        let mut collector = Collector::new(&load, &workload, Instant::now(), 1);
        collector.late.record(late.as_nanos() as u64).unwrap();
        let response = &mut collector.measured.response;
        response.record(answered.as_nanos() as u64).unwrap();
        collector.schedule().unwrap().invalid
    }

    #[test]
    fn lateness_counts_where_it_is_a_part_of_what_is_measured() {
        let ms = Duration::from_millis;
        assert_eq!(invalid(Duration::from_micros(900), ms(1)), None);
        assert_eq!(invalid(ms(3), ms(50)), None);
        let why = invalid(ms(3), ms(20)).unwrap();
        assert!(why.contains("more than 3.0 ms late"), "{why}");
        assert!(invalid(ms(60), ms(90)).is_some());
    }
}
