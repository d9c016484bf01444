//! The load: connections that each send a batch, wait for its replies, and send the next. A closed loop:
//! a slow server is asked less often.

use crate::replies::{Found, ReplyScanner};
use crate::workload::{Numbers, Order, Requests, Test};
use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

/// The longest latency that is told from longer ones; those are counted as this.
const MAX_LATENCY: Duration = Duration::from_secs(60);

/// Bytes read from a socket at once.
const READ_SIZE: usize = 16 * 1024;

/// How to load a server.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where it is: `host:port`.
    pub address: String,
    /// Connections.
    pub clients: usize,
    /// Requests that a connection sends at once.
    pub pipeline: usize,
    /// Bytes of a value.
    pub data: usize,
    /// Different keys; 0: always the same one.
    pub keys: u64,
    /// In which order they are met.
    pub order: Order,
    /// When to end.
    pub limit: Limit,
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// After exactly this many requests, all of them measured.
    Requests(u64),
    /// After this time; what was sent during the warm-up is left out.
    Time {
        /// Not measured.
        warm_up: Duration,
        /// Measured, from the end of the warm-up on.
        measured: Duration,
    },
}

/// What a run showed.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Replies that came within the time measured, errors included.
    pub replies: u64,
    /// All replies, those of the warm-up and those that came late included.
    pub all_replies: u64,
    /// Error replies, of all of them.
    pub errors: u64,
    /// The text of one of them.
    pub error: Option<String>,
    /// How long it took.
    pub time: Duration,
    /// From just before a batch is written to when the last byte of a reply has arrived, in nanoseconds.
    /// Every reply counts, also those of one batch, each with the time at which it was whole.
    pub latency: Histogram<u64>,
}

impl Measured {
    /// Nothing yet.
    pub fn new() -> Self {
        let longest = u64::try_from(MAX_LATENCY.as_nanos()).unwrap_or(u64::MAX);
        Self {
            replies: 0,
            all_replies: 0,
            errors: 0,
            error: None,
            time: Duration::ZERO,
            // These bounds are valid whatever the input: a lowest of 1, a highest above it, 3 digits.
            latency: Histogram::new_with_bounds(1, longest, 3).unwrap_or_else(|_| unreachable!()),
        }
    }

    /// Replies per second.
    pub fn throughput(&self) -> f64 {
        self.replies as f64 / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latency that `percent` of the replies did not exceed, in milliseconds.
    pub fn millis_at(&self, percent: f64) -> f64 {
        self.latency.value_at_percentile(percent) as f64 / 1e6
    }
}

impl Default for Measured {
    fn default() -> Self {
        Self::new()
    }
}

/// What the connections of a run share. They run in one thread, so nothing of it needs a lock.
struct Shared {
    /// Requests not given out yet.
    left: u64,
    /// When no further request is sent.
    end: Option<Instant>,
    /// Requests sent before this are not measured.
    begin: Instant,
    last_reply: Option<Instant>,
    measured: Measured,
}

impl Shared {
    fn new(limit: Limit, started: Instant) -> Self {
        let (left, begin, end) = match limit {
            Limit::Requests(requests) => (requests, started, None),
            Limit::Time { warm_up, measured } => {
                let begin = started + warm_up;
                (u64::MAX, begin, Some(begin + measured))
            }
        };
        Self {
            left,
            end,
            begin,
            last_reply: None,
            measured: Measured::new(),
        }
    }

    /// What was measured, up to the end that was set or, without one, to the last reply.
    fn finish(&self) -> Measured {
        let ended = self.end.or(self.last_reply).unwrap_or(self.begin);
        Measured {
            time: ended.saturating_duration_since(self.begin),
            ..self.measured.clone()
        }
    }

    /// How many requests a connection may send next; 0 ends it.
    fn take(&mut self, pipeline: usize, now: Instant) -> usize {
        if self.end.is_some_and(|end| now >= end) {
            return 0;
        }
        let count = self.left.min(pipeline as u64);
        self.left -= count;
        count as usize
    }

    fn record(&mut self, found: &Found, sent: Instant, now: Instant) {
        self.measured.all_replies += found.replies;
        self.last_reply = Some(now);
        // A piece in which no reply ended must not touch the histogram: recording a value zero times
        // would still make it the lowest one.
        if found.replies == 0 || now < self.begin {
            return;
        }
        if self.end.is_none_or(|end| now <= end) {
            self.measured.replies += found.replies;
        }
        // A latency belongs to the moment at which it began. However late its reply comes, even long
        // after the end, it counts: what a stalled server answers last must not be what is left out.
        if sent >= self.begin {
            let nanos = u64::try_from(now.duration_since(sent).as_nanos()).unwrap_or(u64::MAX);
            // Beyond the highest value the histogram counts the highest.
            self.measured
                .latency
                .saturating_record_n(nanos.max(1), found.replies);
        }
    }

    fn record_errors(&mut self, found: Found) {
        self.measured.errors += found.errors;
        if self.measured.error.is_none() {
            self.measured.error = found.first_error;
        }
    }
}

/// Loads a server with one test. All connections are open before the first request is sent.
///
/// # Errors
/// When a connection can't be opened, is lost, or brings something that is no reply.
pub async fn run(load: &Load, test: &Test) -> anyhow::Result<Measured> {
    let requests = Requests::encode(test, load.pipeline, load.data, load.keys);
    let mut clients = Vec::new();
    for index in 0..load.clients {
        let numbers = Numbers::new(load.order, index as u32);
        clients.push(Client::connect(load, &requests, numbers).await?);
    }
    // All is prepared: from here on time counts.
    let shared = Rc::new(RefCell::new(Shared::new(load.limit, Instant::now())));
    LocalSet::new()
        .run_until(converse_all(clients, &shared))
        .await?;
    let measured = shared.borrow().finish();
    Ok(measured)
}

async fn converse_all(clients: Vec<Client>, shared: &Rc<RefCell<Shared>>) -> anyhow::Result<()> {
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn_local(client.converse(Rc::clone(shared)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a connection's task broke down")??;
    }
    Ok(())
}

/// One connection.
struct Client {
    socket: TcpStream,
    requests: Requests,
    pipeline: usize,
    numbers: Numbers,
    scanner: ReplyScanner,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(load: &Load, requests: &Requests, numbers: Numbers) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(&load.address).await;
        let socket = socket.with_context(|| format!("cannot connect to {}", load.address))?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            requests: requests.clone(),
            pipeline: load.pipeline,
            numbers,
            scanner: ReplyScanner::default(),
            buffer: vec![0; READ_SIZE],
        })
    }

    async fn converse(mut self, shared: Rc<RefCell<Shared>>) -> anyhow::Result<()> {
        loop {
            let count = shared.borrow_mut().take(self.pipeline, Instant::now());
            if count == 0 {
                return Ok(());
            }
            let batch = self.requests.next(count, &mut self.numbers);
            let sent = Instant::now();
            self.socket
                .write_all(batch)
                .await
                .context("the connection was lost")?;
            self.receive(count as u64, sent, &shared).await?;
        }
    }

    /// Waits for `count` replies, and records each when it is whole.
    async fn receive(
        &mut self,
        count: u64,
        sent: Instant,
        shared: &RefCell<Shared>,
    ) -> anyhow::Result<()> {
        let mut received = 0;
        while received < count {
            let length = self
                .socket
                .read(&mut self.buffer)
                .await
                .context("the connection was lost")?;
            let now = Instant::now();
            ensure!(
                length > 0,
                "the server closed a connection with {} replies due",
                count - received
            );
            let found = self
                .scanner
                .scan(self.buffer.get(..length).unwrap_or_default())?;
            received += found.replies;
            ensure!(
                received <= count,
                "the server sent more replies than there were requests"
            );
            let mut shared = shared.borrow_mut();
            shared.record(&found, sent, now);
            shared.record_errors(found);
        }
        Ok(())
    }
}
