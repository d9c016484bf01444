//! One thread of the generator: its runtime, its connections, and what they share. Nothing of it is shared
//! with another thread while requests are sent.

use super::closed::Closed;
use super::connection::{Attention, Inbox};
use super::load::{Length, Load, Pace};
use super::open::{self, Lane};
use super::pacer::Pacer;
use super::recorder::{Recorder, Tally};
use super::schedule::Schedule;
use super::stream::{Dialer, Reader, Writer};
use crate::cpu::thread_time;
use crate::replies::Rules;
use crate::workload::{Numbers, Requests, Seat, Workload};
use anyhow::Context;
use std::cell::{Cell, RefCell};
use std::future;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, sleep_until};

/// How often a thread tells what it has seen.
pub const TICK: Duration = Duration::from_millis(100);

/// A server to which no connection could be opened for this long is gone: it does not just start again.
const GONE: Duration = Duration::from_secs(5);

/// The kind of error of requests that were not answered before the run was over.
pub const NO_REPLY: &str = "no reply";

/// What a thread tells.
pub enum Message {
    /// All its connections are open.
    Ready,
    /// They can't be opened.
    Failed(anyhow::Error),
    /// What it has seen in a stretch of time.
    Tick(Seen),
    /// It has ended.
    Done {
        /// What it has not told yet.
        rest: Seen,
        /// Requests that are due, or under way, and wait for a reply that nobody will see.
        waiting: u64,
        /// Of an open loop: requests that were due, or under way, when the last one had been due.
        behind: u64,
        last_reply: Option<Instant>,
        cpu: Option<Duration>,
    },
}

/// What a thread has seen since it last told.
pub struct Seen {
    /// How often it told before: stretches of the same number are told by all threads at nearly the same time.
    pub number: u64,
    /// When the stretch ended. It began where the last one did, the first with the run.
    pub to: Instant,
    /// What was in it.
    pub tally: Box<Tally>,
}

/// A thread's part of a run.
#[derive(Clone, Debug)]
pub struct Share {
    /// Its number, from 0 on.
    pub thread: usize,
    /// How many threads there are.
    pub threads: usize,
    /// Its first connection, and the first one of the next thread.
    pub clients: (u64, u64),
    /// Its requests, where their number is given.
    pub requests: Option<u64>,
}

impl Share {
    /// The parts into which a load is divided: as even as they can be.
    pub fn of(load: &Load) -> Vec<Self> {
        let threads = load.threads.clamp(1, load.clients.max(1));
        let first = |thread: usize| (load.clients * thread / threads) as u64;
        let share = |thread| Self {
            thread,
            threads,
            clients: (first(thread), first(thread + 1)),
            requests: match load.length {
                // The first threads have what is over: the sequence of keys begins with them.
                Length::Requests(all) => {
                    let (each, over) = (all / threads as u64, all % threads as u64);
                    Some(each + u64::from((thread as u64) < over))
                }
                Length::Time(_) => None,
            },
        };
        (0..threads).map(share).collect()
    }
}

/// What the connections of a thread share.
pub struct Worker {
    /// How to load.
    pub load: Load,
    /// What to send.
    pub workload: Workload,
    /// Its part.
    pub share: Share,
    /// What opens connections.
    pub dialer: Dialer,
    /// What is seen.
    pub recorder: RefCell<Recorder>,
    /// Whether requests are told apart.
    pub attention: Option<Attention>,
    /// The end of the warm-up.
    pub begin: Instant,
    /// When no further request is sent.
    pub end: Option<Instant>,
    /// Measured requests that are not given out yet.
    left: Cell<u64>,
    /// Requests that are due or under way.
    pub under_way: Cell<u64>,
    /// Told when the last request of an open loop was due.
    pub all_due: Notify,
    /// What was due or under way then. `None` before.
    pub behind: Cell<Option<u64>>,
    /// Since when no connection could be opened. `None` as long as they can.
    pub refused: Cell<Option<Instant>>,
    /// The next sequential number.
    sequence: Rc<Cell<u64>>,
    /// How often it has told what it saw.
    told: Cell<u64>,
}

impl Worker {
    fn new(load: Load, workload: Workload, share: Share, dialer: Dialer, start: Instant) -> Self {
        let begin = start + load.warm_up;
        let end = match load.length {
            Length::Requests(_) => None,
            Length::Time(time) => Some(begin + time),
        };
        let commands = workload.commands.len();
        let commands = if commands > 1 { commands } else { 0 };
        let told_apart = load.verify || commands > 0;
        Self {
            recorder: RefCell::new(Recorder::new(begin, end, load.pace.is_some(), commands)),
            attention: told_apart.then(|| Attention {
                rules: Rc::new(Rules::new(&workload)),
                verify: load.verify,
            }),
            begin,
            end,
            left: Cell::new(share.requests.unwrap_or(u64::MAX)),
            under_way: Cell::new(0),
            all_due: Notify::new(),
            behind: Cell::new(None),
            refused: Cell::new(None),
            sequence: Rc::new(Cell::new(share.thread as u64)),
            told: Cell::new(0),
            load,
            workload,
            share,
            dialer,
        }
    }

    /// Whether a request may still be sent, or be due, at this moment.
    pub fn takes(&self, moment: Instant) -> bool {
        self.left.get() > 0 && self.end.is_none_or(|end| moment < end)
    }

    /// How many requests, of at most `most`, may be sent now; 0: no more. What is sent in the warm-up
    /// does not count.
    pub fn take(&self, most: u64, now: Instant) -> u64 {
        if !self.takes(now) {
            return 0;
        }
        if now < self.begin {
            return most;
        }
        let count = self.left.get().min(most);
        self.left.set(self.left.get() - count);
        count
    }

    /// Requests of connection `client`, at most `most` at once.
    pub fn requests(&self, client: u64, most: usize) -> Requests {
        let seat = Seat {
            client,
            sequence: Rc::clone(&self.sequence),
            step: self.share.threads as u64,
        };
        let numbers = Numbers::new(
            self.workload.pattern,
            self.workload.keys,
            self.workload.seed,
            seat,
        );
        Requests::new(&self.workload, most, numbers)
    }

    /// Bytes have arrived for a connection, by `now`.
    pub fn receive(&self, inbox: &mut Inbox, bytes: &[u8], now: Instant) -> anyhow::Result<()> {
        let before = inbox.due();
        let received = inbox.receive(bytes, now, &mut self.recorder.borrow_mut());
        let answered = before - inbox.due();
        self.under_way.set(self.under_way.get() - answered);
        received
    }

    /// Requests that will not be answered any more: they failed.
    pub fn failed(&self, kind: &str, count: u64, text: impl FnOnce() -> String) {
        self.under_way
            .set(self.under_way.get().saturating_sub(count));
        let now = Instant::now();
        self.recorder.borrow_mut().error(kind, count, now, text);
    }

    /// What was seen since this was last asked. What each command of a mix had comes with the last of it.
    fn seen(&self, last: bool) -> Seen {
        let number = self.told.replace(self.told.get() + 1);
        let mut recorder = self.recorder.borrow_mut();
        let mut tally = Box::new(recorder.take());
        if last {
            tally.commands = recorder.take_commands();
        }
        let to = Instant::now();
        Seen { number, to, tally }
    }
}

/// How a thread talks to the server, and to the run that it belongs to.
pub struct Wires {
    /// The way to the server.
    pub dialer: Dialer,
    /// What it tells.
    pub messages: mpsc::UnboundedSender<Message>,
    /// When to start, once all threads are ready.
    pub start: oneshot::Receiver<Instant>,
    /// True when it is to end at once.
    pub stop: watch::Receiver<bool>,
}

/// Loads the server, in this thread, until the load's end.
pub fn run(load: Load, workload: Workload, share: Share, wires: Wires) {
    let messages = wires.messages.clone();
    if let Err(error) = run_here(load, workload, share, wires) {
        // Nobody listens any more when the run was given up.
        let _ = messages.send(Message::Failed(error));
    }
}

fn run_here(load: Load, workload: Workload, share: Share, wires: Wires) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let local = LocalSet::new();
    // `run_until` polls its future whenever any task of the set is woken. So the work is a task of its own,
    // polled only when it is woken itself; its handle costs next to nothing to poll.
    let task = local.spawn_local(work(load, workload, share, wires));
    let ended = runtime.block_on(local.run_until(task));
    ended.context("a thread of the generator broke down")?
}

async fn work(load: Load, workload: Workload, share: Share, wires: Wires) -> anyhow::Result<()> {
    let Wires {
        dialer,
        messages,
        start,
        stop,
    } = wires;
    let streams = tokio::select! {
        streams = open_all(&dialer, &share) => streams?,
        () = stopped(stop.clone()) => return Ok(()),
    };
    let gone = "the run was given up";
    messages.send(Message::Ready).context(gone)?;
    let start = start.await.context(gone)?;
    let worker = Rc::new(Worker::new(load, workload, share, dialer, start));
    // Prepared before the start: it takes a millisecond or so, and the first requests would be late by that.
    let mut tasks = JoinSet::new();
    let closed = prepare(&worker, streams, &mut tasks);
    // What is sent before it would pass for a part of the warm-up.
    let mut pacer = Pacer::new().context("cannot set a timer")?;
    pacer
        .until(start)
        .await
        .context("cannot wait for a timer")?;
    let cpu = thread_time();
    for connection in closed {
        tasks.spawn_local(connection.converse());
    }
    let ticker = tokio::task::spawn_local(tell(Rc::clone(&worker), messages.clone()));
    tokio::select! {
        ended = all_ended(tasks) => ended?,
        why = given_up(&worker) => {
            worker.failed(NO_REPLY, worker.under_way.get(), || why);
        }
        () = stopped(stop) => {}
    }
    ticker.abort();
    let cpu = thread_time()
        .zip(cpu)
        .map(|(after, before)| after.saturating_sub(before));
    let done = Message::Done {
        rest: worker.seen(true),
        waiting: worker.under_way.get(),
        behind: worker.behind.get().unwrap_or(worker.under_way.get()),
        last_reply: worker.recorder.borrow().last_reply(),
        cpu,
    };
    // Nobody listens any more when the run was given up.
    let _ = messages.send(done);
    Ok(())
}

async fn open_all(dialer: &Dialer, share: &Share) -> anyhow::Result<Vec<(Reader, Writer)>> {
    let mut streams = Vec::new();
    for _ in share.clients.0..share.clients.1 {
        streams.push(dialer.connect().await?);
    }
    Ok(streams)
}

/// Waits until `stop` is true: for ever, where nobody is left who could say so.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        future::pending().await
    }
}

/// Waits until replies are not waited for any more. Returns why.
async fn given_up(worker: &Worker) -> String {
    let last = match (worker.end, worker.load.pace) {
        (Some(end), _) => end,
        (None, Some(_)) => {
            worker.all_due.notified().await;
            Instant::now()
        }
        (None, None) => return silence(worker).await,
    };
    sleep_until((last + worker.load.grace).into()).await;
    format!("no reply came within {:?} of the end", worker.load.grace)
}

/// Waits until no request was answered for the whole of the load's patience, or for a while in which there was
/// no server to connect to either. Returns which of them it was.
async fn silence(worker: &Worker) -> String {
    let (began, patience) = (Instant::now(), worker.load.patience);
    loop {
        sleep(TICK).await;
        let heard = worker.recorder.borrow().last_reply();
        let silent = heard.map_or(began, |heard| heard.max(began)).elapsed();
        if silent >= patience {
            return format!("the server was silent for {patience:?}");
        }
        // One that serves those who are there, and takes nobody new, is not gone.
        let refused = worker.refused.get().map(|since| since.elapsed());
        if refused.is_some_and(|refused| refused.min(silent) >= GONE) {
            return format!("no connection could be opened for {GONE:?}");
        }
    }
}

/// Tells what was seen, every [`TICK`] from the end of the warm-up on. The first report covers the warm-up
/// as well, of which only replies and failures are counted.
async fn tell(worker: Rc<Worker>, messages: mpsc::UnboundedSender<Message>) {
    // Not from one stretch to the next: each wakes a little late, and threads would drift apart.
    let mut next = worker.begin;
    loop {
        next += TICK;
        sleep_until(next.into()).await;
        if messages.send(Message::Tick(worker.seen(false))).is_err() {
            return;
        }
    }
}

/// The connections of a closed loop, which begin to send when they are told. Those of an open loop run at
/// once: they wait until something is due.
fn prepare(
    worker: &Rc<Worker>,
    streams: Vec<(Reader, Writer)>,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> Vec<Closed> {
    if let Some(pace) = worker.load.pace {
        start_open(worker, pace, streams, tasks);
        return Vec::new();
    }
    let clients = worker.share.clients.0..;
    clients
        .zip(streams)
        .map(|(client, stream)| Closed::new(Rc::clone(worker), client, stream))
        .collect()
}

async fn all_ended(mut tasks: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.context("a connection's task broke down")??;
    }
    Ok(())
}

fn start_open(
    worker: &Rc<Worker>,
    pace: Pace,
    streams: Vec<(Reader, Writer)>,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) {
    let mut lanes = Vec::new();
    for (client, (reader, writer)) in (worker.share.clients.0..).zip(streams) {
        let lane = Rc::new(Lane::new(Rc::clone(worker), client, writer));
        lanes.push(Rc::clone(&lane));
        tasks.spawn_local(lane.receive(reader));
    }
    let start = worker
        .begin
        .checked_sub(worker.load.warm_up)
        .unwrap_or(worker.begin);
    let schedule = Schedule::new(pace, start, &worker.share, worker.workload.seed);
    tasks.spawn_local(open::send_on_schedule(Rc::clone(worker), schedule, lanes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    #[test]
    fn shares_together_are_the_whole() {
        for (threads, clients, requests) in [(1, 1, 0), (3, 50, 1000), (4, 5, 3), (7, 7, u64::MAX)]
        {
            let load = Load {
                threads,
                clients,
                ..Load::once(&Target::tcp("localhost", 1), requests)
            };
            let shares = Share::of(&load);
            let sum: u64 = shares.iter().filter_map(|share| share.requests).sum();
            assert_eq!(sum, requests);
            assert_eq!(
                shares.last().map(|share| share.clients.1),
                Some(clients as u64)
            );
            assert!(shares.iter().all(|share| share.clients.0 < share.clients.1));
            // Thread t has the numbers t, t + threads, ...: the first ones have those that are over.
            let requests: Vec<_> = shares.iter().map(|share| share.requests).collect();
            assert!(requests.is_sorted_by(|a, b| a >= b), "{requests:?}");
        }
    }
}
