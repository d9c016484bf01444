//! A server that does nothing: how fast this program is when it waits for nobody.

use crate::replies::{ReplyScanner, Watch};
use crate::target::Target;
use anyhow::{Context, ensure};
use std::hint;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Bytes that are read at once: as many as redis-server reads.
const READ: usize = 16 * 1024;

/// Bytes of replies that are written at once, or one reply if that is longer.
const WRITE: usize = 64 * 1024;

/// How long to wait when the system refuses a connection, which it does when it has no files left.
const PAUSE: Duration = Duration::from_millis(10);

/// A server on a thread of its own that answers every request with the same reply, whatever the request
/// says. It reads as little of requests as it takes to see where they end. Dropping it ends it.
pub struct NullServer {
    address: SocketAddr,
    // `None` only while it is dropped: the thread ends when this is gone.
    alive: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl NullServer {
    /// Starts one on a free port of 127.0.0.1. `reply` is sent as it is, for each request. Before that the
    /// server works for the time `work` on each request; 0 is as fast as it gets.
    ///
    /// # Errors
    /// `reply` is empty, or the system gives no thread or socket.
    pub fn start(reply: &[u8], work: Duration) -> anyhow::Result<Self> {
        ensure!(!reply.is_empty(), "a reply has at least one byte");
        let answer = Arc::new(Answer::new(reply, work));
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on 127.0.0.1")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (alive, ended) = oneshot::channel();
        let (started, start) = mpsc::channel();
        // The runtime is made by its own thread: this one may be in another.
        let thread = thread::Builder::new()
            .name("null".to_string())
            .spawn(move || run(listener, &answer, ended, &started))?;
        start.recv()??;
        Ok(Self {
            address,
            alive: Some(alive),
            thread: Some(thread),
        })
    }

    /// The server as something to load.
    pub fn target(&self) -> Target {
        Target::tcp(&self.address.ip().to_string(), self.address.port())
    }
}

impl Drop for NullServer {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // An error would be its panic, which has been shown.
            let _ = thread.join();
        }
    }
}

/// The thread. It says whether it could start.
fn run(
    listener: TcpListener,
    answer: &Arc<Answer>,
    ended: oneshot::Receiver<()>,
    started: &mpsc::Sender<io::Result<()>>,
) {
    let served = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(serve(listener, answer, ended, started)));
    // Fails when the server has started, has served, and so has nothing to say.
    let _ = started.send(served);
}

async fn serve(
    listener: TcpListener,
    answer: &Arc<Answer>,
    mut ended: oneshot::Receiver<()>,
    started: &mpsc::Sender<io::Result<()>>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let _ = started.send(Ok(()));
    loop {
        tokio::select! {
            _ = &mut ended => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(tokio::spawn(converse(socket, Arc::clone(answer)))),
                Err(_) => sleep(PAUSE).await,
            },
        }
    }
}

/// Serves a connection until its end. Of replies not sent yet only the number of bytes is kept: a client that
/// does not read costs no memory, and its requests are read all the same.
async fn converse(mut socket: TcpStream, answer: Arc<Answer>) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let (mut reader, mut writer) = socket.split();
    let mut buffer = vec![0; READ];
    let mut requests = Requests::default();
    let mut owed = 0;
    let mut ended = false;
    while owed > 0 || !ended {
        let due = answer.due(owed);
        tokio::select! {
            // First what is owed. Before the next read it is all sent, unless the socket is full.
            biased;
            written = writer.write(due), if !due.is_empty() => owed -= written? as u64,
            read = reader.read(&mut buffer), if !ended => {
                let bytes = buffer.get(..read?).unwrap_or_default();
                ended = bytes.is_empty();
                let count = requests.count(bytes)?;
                answer.work_for(count);
                owed = answer.owed(owed, count);
            }
        }
    }
    Ok(())
}

/// What all requests are answered with.
struct Answer {
    /// The reply, again and again.
    copies: Vec<u8>,
    /// The length of one.
    length: usize,
    /// The time to spend on one.
    work: Duration,
}

impl Answer {
    fn new(reply: &[u8], work: Duration) -> Self {
        let times = WRITE.checked_div(reply.len()).unwrap_or_default();
        Self {
            copies: reply.repeat(times.max(1)),
            length: reply.len(),
            work,
        }
    }

    /// The bytes owed after so many further requests.
    fn owed(&self, owed: u64, requests: u64) -> u64 {
        owed.saturating_add(requests.saturating_mul(self.length as u64))
    }

    /// The next of so many bytes, of which the last ends a reply.
    fn due(&self, owed: u64) -> &[u8] {
        let length = self.length as u64;
        // The reply that is partly sent lacks so many bytes.
        let lacking = owed.checked_rem(length).unwrap_or_default();
        let sent = if lacking == 0 { 0 } else { length - lacking };
        let rest = self.copies.get(sent as usize..).unwrap_or_default();
        let count = usize::try_from(owed).unwrap_or(usize::MAX).min(rest.len());
        rest.get(..count).unwrap_or_default()
    }

    /// Keeps the thread busy.
    fn work_for(&self, requests: u64) {
        if self.work.is_zero() {
            return;
        }
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        let (begin, time) = (Instant::now(), self.work.saturating_mul(requests));
        while begin.elapsed() < time {
            hint::spin_loop();
        }
    }
}

/// Looks at nothing.
struct Blind;

impl Watch for Blind {
    fn reply(&mut self) {}
}

/// Finds where the requests of a connection end. Its first byte says of which kind they all are.
#[derive(Default)]
enum Requests {
    #[default]
    Unknown,
    /// A request is a line of words.
    Inline,
    /// A request is an array of strings, and so looks like a reply.
    Arrays(ReplyScanner),
}

impl Requests {
    /// How many requests end in the next bytes.
    fn count(&mut self, bytes: &[u8]) -> anyhow::Result<u64> {
        if let (Self::Unknown, Some(first)) = (&self, bytes.first()) {
            *self = match first {
                b'*' => Self::Arrays(ReplyScanner::default()),
                _ => Self::Inline,
            };
        }
        match self {
            Self::Arrays(scanner) => scanner.scan(bytes, &mut Blind),
            _ => Ok(bytes.iter().filter(|byte| **byte == b'\n').count() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$2\r\nk\n\r\n$5\r\na\r\n*1\r\n";

    fn connect(server: &NullServer) -> TcpStream {
        let socket = TcpStream::connect(server.address).unwrap();
        let limit = Some(Duration::from_secs(20));
        socket.set_read_timeout(limit).unwrap();
        socket.set_write_timeout(limit).unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// All that the server sends until it hangs up, which it does once nothing is sent to it any more.
    fn rest(mut socket: &TcpStream) -> Vec<u8> {
        socket.shutdown(Shutdown::Write).unwrap();
        let mut replies = Vec::new();
        socket.read_to_end(&mut replies).unwrap();
        replies
    }

    #[test]
    fn requests_are_counted_however_they_are_cut() {
        let arrays = SET.repeat(3);
        let lines = b"PING\r\n".repeat(3);
        for bytes in [arrays, lines] {
            for size in 1..=bytes.len() {
                let mut requests = Requests::default();
                let counts = bytes
                    .chunks(size)
                    .map(|piece| requests.count(piece).unwrap());
                assert_eq!(counts.sum::<u64>(), 3, "in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_request_counts_when_its_last_byte_is_there() {
        let mut requests = Requests::default();
        assert_eq!(requests.count(&SET[..SET.len() - 1]).unwrap(), 0);
        assert_eq!(requests.count(b"\n").unwrap(), 1);
    }

    #[test]
    fn the_largest_value_is_not_kept() {
        let mut requests = Requests::default();
        let length = 512 * 1024 * 1024;
        let head = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${length}\r\n");
        assert_eq!(requests.count(head.as_bytes()).unwrap(), 0);
        let piece = vec![b'\n'; 1024 * 1024];
        for _ in 0..length / piece.len() {
            assert_eq!(requests.count(&piece).unwrap(), 0);
        }
        assert_eq!(requests.count(b"\r\n*1\r\n$4\r\nPING\r\n").unwrap(), 2);
    }

    #[test]
    fn what_is_due_goes_on_where_it_was_cut() {
        let answer = Answer::new(b"+OK\r\n", Duration::ZERO);
        let (mut sent, mut owed) = (Vec::new(), answer.owed(0, 3));
        for step in [1, 3, 2, 4, 5].into_iter().cycle() {
            let due = answer.due(owed);
            let due = &due[..due.len().min(step)];
            sent.extend_from_slice(due);
            owed -= due.len() as u64;
            if due.is_empty() {
                break;
            }
        }
        assert_eq!(sent, b"+OK\r\n".repeat(3));
        // All at once, if it is not too much.
        assert_eq!(answer.due(answer.owed(0, 1000)).len(), 5000);
        let large = Answer::new(&vec![b'x'; WRITE * 3], Duration::ZERO);
        assert_eq!(large.due(large.owed(0, 2)).len(), WRITE * 3);
    }

    #[test]
    fn each_request_has_its_reply() {
        let reply = b"$16\r\nxxxxxxxxxxxxxxxx\r\n";
        let server = NullServer::start(reply, Duration::ZERO).unwrap();
        for request in [SET, b"PING\r\n"] {
            let mut socket = connect(&server);
            // One alone, then many, of which the last is cut.
            socket.write_all(request).unwrap();
            let mut first = vec![0; reply.len()];
            socket.read_exact(&mut first).unwrap();
            assert_eq!(first, reply);
            socket.write_all(&request.repeat(5000)).unwrap();
            socket.write_all(&request[..5]).unwrap();
            assert_eq!(rest(&socket), reply.repeat(5000));
        }
    }

    #[test]
    fn who_only_writes_is_not_left_unread() {
        // Both requests and replies are more than sockets hold, and no reply is read before all are written.
        let large = vec![b'x'; 1 << 20];
        let server = NullServer::start(&large, Duration::ZERO).unwrap();
        let mut socket = connect(&server);
        let head = format!("*2\r\n$4\r\nECHO\r\n${}\r\n", large.len());
        let request = [head.as_bytes(), &large, b"\r\n"].concat();
        for _ in 0..64 {
            socket.write_all(&request).unwrap();
        }
        assert_eq!(rest(&socket).len(), 64 * large.len());
    }

    #[test]
    fn what_is_no_request_ends_its_connection_only() {
        let server = NullServer::start(b"+OK\r\n", Duration::ZERO).unwrap();
        let mut socket = connect(&server);
        socket.write_all(b"*1\r\n$x\r\n").unwrap();
        assert_eq!(socket.read_to_end(&mut Vec::new()).unwrap(), 0);
        let mut socket = connect(&server);
        socket.write_all(SET).unwrap();
        assert_eq!(rest(&socket), b"+OK\r\n");
    }

    #[test]
    fn work_takes_its_time_for_each_request() {
        let work = Duration::from_millis(1);
        let server = NullServer::start(b"+OK\r\n", work).unwrap();
        let mut socket = connect(&server);
        let begin = Instant::now();
        socket.write_all(&SET.repeat(100)).unwrap();
        socket.read_exact(&mut [0; 500]).unwrap();
        assert!(begin.elapsed() >= 100 * work);
    }

    #[test]
    fn dropping_it_ends_its_connections() {
        let server = NullServer::start(b"+OK\r\n", Duration::ZERO).unwrap();
        let mut socket = connect(&server);
        socket.write_all(SET).unwrap();
        socket.read_exact(&mut [0; 5]).unwrap();
        drop(server);
        assert_eq!(socket.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    #[tokio::test]
    async fn it_can_be_started_and_dropped_within_a_runtime() {
        let server = NullServer::start(b"+OK\r\n", Duration::ZERO).unwrap();
        drop(server);
    }

    #[test]
    fn a_reply_without_bytes_is_refused() {
        assert!(NullServer::start(b"", Duration::ZERO).is_err());
    }
}
