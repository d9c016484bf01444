//! The load: connections that each send a batch, wait for its replies, and send the next. A closed loop:
//! a slow server is asked less often.

use crate::replies::ReplyScanner;
use crate::workload::{Requests, Test};
use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand::rngs::SmallRng;
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
    /// Replies counted, errors included.
    pub replies: u64,
    /// Error replies.
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
    measured: Measured,
}

impl Shared {
    /// How many requests a connection may send next; 0 ends it.
    fn take(&mut self, pipeline: usize, now: Instant) -> usize {
        if self.end.is_some_and(|end| now >= end) {
            return 0;
        }
        let count = self.left.min(pipeline as u64);
        self.left -= count;
        count as usize
    }

    fn record(&mut self, found: crate::replies::Found, sent: Instant, now: Instant) {
        let beyond = self.end.is_some_and(|end| now > end);
        // A piece in which no reply ended must not touch the histogram: recording a value zero times
        // would still make it the lowest one.
        if found.replies == 0 || sent < self.begin || beyond {
            return;
        }
        let nanos = u64::try_from(now.duration_since(sent).as_nanos()).unwrap_or(u64::MAX);
        // Beyond the highest value the histogram counts the highest.
        self.measured
            .latency
            .saturating_record_n(nanos.max(1), found.replies);
        self.measured.replies += found.replies;
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
    let mut sockets = Vec::new();
    for _ in 0..load.clients {
        let socket = TcpStream::connect(&load.address).await;
        let socket = socket.with_context(|| format!("cannot connect to {}", load.address))?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let requests = Requests::encode(test, load.pipeline, load.data, load.keys);
    let started = Instant::now();
    let shared = Rc::new(RefCell::new(share(load.limit, started)));
    LocalSet::new()
        .run_until(converse_all(sockets, &requests, load.pipeline, &shared))
        .await?;

    let shared = shared.borrow();
    let mut measured = shared.measured.clone();
    let ended = shared.end.unwrap_or_else(Instant::now);
    measured.time = ended.saturating_duration_since(shared.begin);
    Ok(measured)
}

fn share(limit: Limit, started: Instant) -> Shared {
    let (left, begin, end) = match limit {
        Limit::Requests(requests) => (requests, started, None),
        Limit::Time { warm_up, measured } => {
            let begin = started + warm_up;
            (u64::MAX, begin, Some(begin + measured))
        }
    };
    Shared {
        left,
        end,
        begin,
        measured: Measured::new(),
    }
}

async fn converse_all(
    sockets: Vec<TcpStream>,
    requests: &Requests,
    pipeline: usize,
    shared: &Rc<RefCell<Shared>>,
) -> anyhow::Result<()> {
    let mut clients = JoinSet::new();
    for (index, socket) in sockets.into_iter().enumerate() {
        let client = Client {
            socket,
            requests: requests.clone(),
            pipeline,
            random: SmallRng::seed_from_u64(index as u64),
            scanner: ReplyScanner::default(),
            shared: Rc::clone(shared),
        };
        clients.spawn_local(client.converse());
    }
    while let Some(ended) = clients.join_next().await {
        ended.context("a connection's task broke down")??;
    }
    Ok(())
}

/// One connection.
struct Client {
    socket: TcpStream,
    requests: Requests,
    pipeline: usize,
    random: SmallRng,
    scanner: ReplyScanner,
    shared: Rc<RefCell<Shared>>,
}

impl Client {
    async fn converse(mut self) -> anyhow::Result<()> {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let count = self.shared.borrow_mut().take(self.pipeline, Instant::now());
            if count == 0 {
                return Ok(());
            }
            let batch = self.requests.next(count, &mut self.random);
            let sent = Instant::now();
            self.socket
                .write_all(batch)
                .await
                .context("the connection was lost")?;
            self.receive(count as u64, sent, &mut buffer).await?;
        }
    }

    /// Waits for `count` replies, and records each when it is whole.
    async fn receive(
        &mut self,
        count: u64,
        sent: Instant,
        buffer: &mut [u8],
    ) -> anyhow::Result<()> {
        let mut received = 0;
        while received < count {
            let length = self
                .socket
                .read(buffer)
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
                .scan(buffer.get(..length).unwrap_or_default())?;
            received += found.replies;
            ensure!(
                received <= count,
                "the server sent more replies than there were requests"
            );
            self.shared.borrow_mut().record(found, sent, now);
        }
        Ok(())
    }
}
