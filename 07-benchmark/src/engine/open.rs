//! The open loop: requests go out when they are due, whatever has become of those before.

use super::closed::READ_SIZE;
use super::connection::Inbox;
use super::pacer::Pacer;
use super::recorder::Flight;
use super::schedule::Schedule;
use super::stream::{Reader, Writer};
use super::worker::Worker;
use crate::workload::Requests;
use anyhow::Context;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;
use tokio::sync::Notify;

/// The most requests that are due or under way in one thread; further ones fail at once. A server that stands
/// still must not fill our memory.
const MAX_UNDER_WAY: u64 = 4_000_000;

/// The kind of error of those.
pub const NOT_SENT: &str = "not sent";

/// The most requests of one connection that are written at once. More than one are due together only
/// where the rate is high, or a socket was full.
pub const MAX_TOGETHER: usize = 32;

/// And the most bytes, unless one request alone is longer: each connection keeps them ready.
const MAX_BYTES_TOGETHER: usize = 64 * 1024;

/// One connection of an open loop. The schedule writes to it, and a task of its own reads from it.
pub struct Lane {
    worker: Rc<Worker>,
    client: u64,
    state: RefCell<State>,
    /// Wakes the task that reads: the socket takes no more, a connection is needed, or nothing more will be
    /// sent.
    look: Notify,
    /// Whether nothing more will be due.
    last: Cell<bool>,
}

struct State {
    /// `None` while there is no connection, or none any more.
    writer: Option<Rc<Writer>>,
    inbox: Inbox,
    requests: Requests,
    /// The most that are made at once.
    together: usize,
    /// Where in the requests made last those bytes are that the system did not take yet.
    unsent: Range<usize>,
    /// When the requests that wait for their turn were due.
    waiting: VecDeque<Instant>,
}

/// The most requests that are given out before replies are looked at again. More are due at once only where
/// this program does not keep up with the rate.
const MAX_PASS: usize = 1024;

/// Gives each request that is due to the next connection in turn.
pub async fn send_on_schedule(
    worker: Rc<Worker>,
    mut schedule: Schedule,
    lanes: Vec<Rc<Lane>>,
) -> anyhow::Result<()> {
    let mut pacer = Pacer::new().context("cannot set a timer")?;
    let mut turn = 0;
    while let Some(due) = next(&schedule, &worker) {
        wait(&mut pacer, due).await?;
        let now = Instant::now();
        let first = turn;
        // All that is due by now, in one go.
        while turn - first < MAX_PASS
            && let Some(due) = next(&schedule, &worker).filter(|due| *due <= now)
        {
            worker.take(1, due);
            if let Some(lane) = lanes.get(turn % lanes.len().max(1)) {
                lane.due(due);
            }
            schedule.advance();
            turn += 1;
        }
        let touched = (turn - first).min(lanes.len());
        for place in first..first + touched {
            if let Some(lane) = lanes.get(place % lanes.len().max(1)) {
                lane.send();
            }
        }
    }
    // Where the next one would be due after the end, the time goes on until then all the same.
    if let Some(end) = worker.end {
        wait(&mut pacer, end).await?;
    }
    worker.behind.set(Some(worker.under_way.get()));
    worker.all_due.notify_one();
    for lane in &lanes {
        lane.last.set(true);
        lane.look.notify_one();
    }
    Ok(())
}

/// When the next request is due, if there is one.
fn next(schedule: &Schedule, worker: &Worker) -> Option<Instant> {
    schedule.due().filter(|due| worker.takes(*due))
}

/// Waits until `moment`. Where it has passed already, the connections have their turn.
async fn wait(pacer: &mut Pacer, moment: Instant) -> anyhow::Result<()> {
    if moment <= Instant::now() {
        tokio::task::yield_now().await;
        return Ok(());
    }
    pacer.until(moment).await.context("cannot wait for a timer")
}

impl Lane {
    /// A connection that is open.
    pub fn new(worker: Rc<Worker>, client: u64, writer: Writer) -> Self {
        let longest = worker.workload.longest_request().max(1);
        let together = (MAX_BYTES_TOGETHER / longest).clamp(1, MAX_TOGETHER);
        let state = State {
            writer: Some(Rc::new(writer)),
            inbox: Inbox::new(worker.attention.as_ref()),
            requests: worker.requests(client, together),
            together,
            unsent: 0..0,
            waiting: VecDeque::new(),
        };
        Self {
            worker,
            client,
            state: RefCell::new(state),
            look: Notify::new(),
            last: Cell::new(false),
        }
    }

    /// A request is due.
    fn due(&self, due: Instant) {
        self.worker.recorder.borrow_mut().due(due);
        let under_way = self.worker.under_way.get();
        self.worker.under_way.set(under_way + 1);
        if under_way >= MAX_UNDER_WAY {
            let text = || format!("{MAX_UNDER_WAY} requests wait for the server already");
            self.worker.failed(NOT_SENT, 1, text);
        } else {
            self.state.borrow_mut().waiting.push_back(due);
        }
    }

    /// Writes what is due, as far as the system takes it.
    fn send(&self) {
        let mut state = self.state.borrow_mut();
        if state.send(&self.worker).is_err() || !state.unsent.is_empty() {
            // The task that reads opens a connection, sees the error, or waits until the socket takes more.
            self.look.notify_one();
        }
    }

    /// Receives replies until nothing more is due. A connection that breaks is opened again when it is
    /// needed.
    pub async fn receive(self: Rc<Self>, mut reader: Reader) -> anyhow::Result<()> {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let (writer, blocked, idle) = {
                let state = self.state.borrow();
                let idle = state.inbox.due() == 0 && state.waiting.is_empty();
                (state.writer.clone(), !state.unsent.is_empty(), idle)
            };
            if idle && self.last.get() {
                return Ok(());
            }
            let Some(writer) = writer else {
                if idle {
                    self.look.notified().await;
                } else {
                    self.connect(&mut reader).await;
                }
                continue;
            };
            tokio::select! {
                // Replies that are there already are good, even if nothing more can be written.
                biased;
                length = reader.read(&mut buffer) => self.received(length, &buffer),
                () = self.look.notified(), if !blocked => {}
                _ = writer.writable(), if blocked => self.send_on(),
            }
        }
    }

    /// Opens a new connection. Where that fails, all that waits has failed.
    async fn connect(&self, reader: &mut Reader) {
        match self.worker.dialer.connect().await {
            Ok((new_reader, writer)) => {
                *reader = new_reader;
                self.state.borrow_mut().writer = Some(Rc::new(writer));
                self.send();
            }
            Err(error) => {
                let count = std::mem::take(&mut self.state.borrow_mut().waiting).len() as u64;
                let text = || format!("connection {}: {error:#}", self.client);
                self.worker.failed("cannot connect", count, text);
            }
        }
    }

    /// Writes on, now that the socket takes more.
    fn send_on(&self) {
        let sent = self.state.borrow_mut().send(&self.worker);
        if let Err(error) = sent {
            self.lost("disconnected", &error.to_string());
        }
    }

    fn received(&self, length: io::Result<usize>, buffer: &[u8]) {
        let length = match length {
            Ok(0) => return self.lost("disconnected", "the server closed the connection"),
            Ok(length) => length,
            Err(error) => return self.lost("disconnected", &error.to_string()),
        };
        let now = Instant::now();
        let bytes = buffer.get(..length).unwrap_or_default();
        let mut state = self.state.borrow_mut();
        let received = self.worker.receive(&mut state.inbox, bytes, now);
        drop(state);
        if let Err(error) = received {
            self.lost("malformed", &error.to_string());
        }
    }

    /// The connection can't be used any more: what was written is lost. What still waits goes out on the
    /// next one.
    fn lost(&self, kind: &str, text: &str) {
        let mut state = self.state.borrow_mut();
        let count = state.inbox.lose();
        state.unsent = 0..0;
        state.writer = None;
        self.worker.failed(kind, count, || text.to_string());
    }
}

impl State {
    fn send(&mut self, worker: &Worker) -> io::Result<()> {
        let Some(writer) = self.writer.clone() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        self.write(&writer)?;
        while self.unsent.is_empty() && !self.waiting.is_empty() {
            let count = self.waiting.len().min(self.together);
            let inbox = &mut self.inbox;
            let length = self.requests.prepare(count, |note| inbox.note(note));
            self.unsent = 0..length;
            let sent = Instant::now();
            let mut recorder = worker.recorder.borrow_mut();
            for due in self.waiting.drain(..count) {
                recorder.written(due, sent);
                self.inbox.sent(Flight {
                    due,
                    sent,
                    count: 1,
                });
            }
            drop(recorder);
            self.write(&writer)?;
        }
        Ok(())
    }

    fn write(&mut self, writer: &Writer) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let bytes = self.requests.bytes().get(self.unsent.clone());
        self.unsent.start += writer.write_now(bytes.unwrap_or_default())?;
        Ok(())
    }
}
