//! The closed loop: a connection sends again when it has its replies, all of them or one of them.

use super::connection::Inbox;
use super::recorder::Flight;
use super::stream::{Reader, Writer};
use super::worker::Worker;
use crate::workload::Requests;
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Bytes read from a socket at once.
pub const READ_SIZE: usize = 16 * 1024;

/// How long a client waits that could not connect, before it tries again.
const RETRY: Duration = Duration::from_millis(10);

/// One connection of a closed loop.
pub struct Closed {
    worker: Rc<Worker>,
    reader: Reader,
    /// `None` where the connection is lost: without it the server sees that nobody is there.
    writer: Option<Writer>,
    inbox: Inbox,
    requests: Requests,
    /// Where in the requests made last those bytes are that the system did not take yet.
    unsent: Range<usize>,
    buffer: Vec<u8>,
    /// Whether the next batch needs a new connection.
    used_up: bool,
}

impl Closed {
    /// A connection that is open.
    pub fn new(worker: Rc<Worker>, client: u64, stream: (Reader, Writer)) -> Self {
        Self {
            requests: worker.requests(client, worker.load.pipeline),
            inbox: Inbox::new(worker.attention.as_ref()),
            worker,
            reader: stream.0,
            writer: Some(stream.1),
            unsent: 0..0,
            buffer: vec![0; READ_SIZE],
            used_up: false,
        }
    }

    /// Sends and receives until the run ends. A connection that breaks is opened again; where that fails, the
    /// requests that it was for have failed, and the next ones are for the next attempt.
    pub async fn converse(mut self) -> anyhow::Result<()> {
        // The clock is read when something has been waited for, and for each stamp; not once more.
        let mut now = Instant::now();
        loop {
            let count = self.worker.take(self.room(), now);
            if count == 0 && self.inbox.due() == 0 {
                return Ok(());
            }
            if count > 0 && !self.send(count, now).await {
                sleep(RETRY).await;
                now = Instant::now();
                continue;
            }
            let exchanged = self.exchange().await;
            now = Instant::now();
            match exchanged {
                Ok(0) => {
                    let text = || "the server closed the connection".to_string();
                    self.lost("disconnected", text);
                }
                Ok(length) => self.receive(length, now),
                Err(error) => self.lost("disconnected", || error.to_string()),
            }
        }
    }

    /// How many requests may be made now.
    fn room(&self) -> u64 {
        let (load, due) = (&self.worker.load, self.inbox.due());
        let most = load.pipeline as u64;
        // A new connection would take the place of the one on which replies are due.
        let slides = load.sliding && load.keep_alive;
        let ready = self.unsent.is_empty() && (due == 0 || slides);
        if ready { most.saturating_sub(due) } else { 0 }
    }

    /// Makes the next `count` requests and begins to write them. False where there is no connection.
    async fn send(&mut self, count: u64, taken: Instant) -> bool {
        self.worker
            .under_way
            .set(self.worker.under_way.get() + count);
        if self.used_up && !self.connect(count).await {
            return false;
        }
        self.used_up = !self.worker.load.keep_alive;
        let inbox = &mut self.inbox;
        let length = self
            .requests
            .prepare(count as usize, |note| inbox.note(note));
        self.unsent = 0..length;
        let sent = Instant::now();
        // What was taken in the warm-up stays a part of it, even if the barrier has passed meanwhile.
        let due = if self.worker.recorder.borrow().counts(taken) {
            sent
        } else {
            taken
        };
        self.inbox.sent(Flight { due, sent, count });
        // An error shows again when its replies are waited for.
        let _ = self.write();
        true
    }

    /// Opens a new connection for `count` requests. Where that fails, they have failed.
    async fn connect(&mut self, count: u64) -> bool {
        match self.worker.dialer.connect().await {
            Ok((reader, writer)) => {
                self.reader = reader;
                self.writer = Some(writer);
                self.worker.refused.set(None);
                true
            }
            Err(error) => {
                let since = self.worker.refused.get();
                self.worker
                    .refused
                    .set(since.or_else(|| Some(Instant::now())));
                let text = || format!("{error:#}");
                self.worker.failed("cannot connect", count, text);
                false
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let writer = self.writer.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let bytes = self.requests.bytes().get(self.unsent.clone());
        self.unsent.start += writer.write_now(bytes.unwrap_or_default())?;
        Ok(())
    }

    /// Waits for bytes from the server; writes meanwhile what is still unsent.
    async fn exchange(&mut self) -> io::Result<usize> {
        while !self.unsent.is_empty() {
            let writer = self.writer.as_ref().ok_or(io::ErrorKind::NotConnected)?;
            tokio::select! {
                // Replies that are there already are good, even if nothing more can be written.
                biased;
                length = self.reader.read(&mut self.buffer) => return length,
                writable = writer.writable() => {
                    writable?;
                    self.write()?;
                }
            }
        }
        self.reader.read(&mut self.buffer).await
    }

    /// Bytes have arrived, by `now`.
    fn receive(&mut self, length: usize, now: Instant) {
        let bytes = self.buffer.get(..length).unwrap_or_default();
        if let Err(error) = self.worker.receive(&mut self.inbox, bytes, now) {
            self.lost("malformed", || error.to_string());
        }
    }

    /// The connection can't be used any more, and its requests are lost.
    fn lost(&mut self, kind: &str, text: impl FnOnce() -> String) {
        self.worker.failed(kind, self.inbox.lose(), text);
        self.unsent = 0..0;
        self.writer = None;
        self.used_up = true;
    }
}
