//! A client that knows what it expects.

use crate::failure::{End, Evidence, Failure, nothing_within, shown, shown_beside};
use crate::reply::{self, Reply};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Room for one read.
const READ_SIZE: usize = 64 * 1024;

/// How long to wait for the rest of an answer that is already known to be wrong, to show all of it.
const AFTERMATH: Duration = Duration::from_millis(30);

/// How long to watch whether more comes than was asked for.
const SETTLED: Duration = Duration::from_millis(2);

/// The answer to a plain PING.
const PONG: &[u8] = b"+PONG\r\n";

/// The most that is read of a wrong answer.
const MAX_WRONG: usize = 4 * 1024;

/// Whole answers may take this many times the deadline, as long as bytes keep coming.
const PATIENCE: u32 = 20;

/// A connection to the server under examination.
///
/// Every wait has the deadline: for an answer to begin, and for it to go on.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    deadline: Duration,
    /// Received, and not yet expected.
    pending: Vec<u8>,
    /// What was sent since the last answer, for people, and where the pieces began in which it was.
    sent: Vec<u8>,
    pieces: Vec<usize>,
    answered: bool,
}

/// What a wait for bytes came to.
enum Arrival {
    Bytes,
    Nothing,
    End,
    Lost(io::Error),
}

impl Client {
    /// Connects to `address`.
    ///
    /// # Errors
    /// There is nobody, or it does not accept before the deadline.
    pub fn connect(address: SocketAddr, deadline: Duration) -> Result<Self, Failure> {
        let socket = TcpStream::connect_timeout(&address, deadline)
            .and_then(|socket| {
                socket.set_nodelay(true)?;
                socket.set_write_timeout(Some(deadline))?;
                Ok(socket)
            })
            .map_err(|error| {
                let came = format!("no connection: {error}");
                Failure::new(format!("a connection to {address}"), came)
                    .because(Evidence::of(End::Refused))
            })?;
        Ok(Self {
            socket,
            deadline,
            pending: Vec::new(),
            sent: Vec::new(),
            pieces: Vec::new(),
            answered: false,
        })
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The connection is lost, or the server does not read.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        let bytes = bytes.as_ref();
        self.remember(bytes);
        self.socket.write_all(bytes).map_err(|error| {
            let (came, end) = if is_timeout(&error) {
                let came = format!("it did not take them within {:?}", self.deadline);
                (came, End::Silent)
            } else {
                (format!("the connection was lost: {error}"), End::Closed)
            };
            self.failure("the server takes the bytes", came, b"", end)
        })
    }

    fn remember(&mut self, bytes: &[u8]) {
        if std::mem::take(&mut self.answered) {
            self.sent.clear();
            self.pieces.clear();
        }
        // No more than is ever shown, and one more piece to show that there was more.
        if self.sent.len() < READ_SIZE {
            self.pieces.push(self.sent.len());
            self.sent.extend_from_slice(bytes);
        }
    }

    /// Sends the bytes from a thread of its own while `expected` is read, so that neither side has to
    /// keep what the other does not read.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`expect`](Self::expect).
    pub fn send_while_reading(&mut self, bytes: &[u8], expected: &[u8]) -> Result<(), Failure> {
        self.remember(bytes);
        let lost = |error: io::Error| Failure::new("a connection", error.to_string());
        let mut writer = self.socket.try_clone().map_err(lost)?;
        std::thread::scope(|scope| {
            let sending = scope.spawn(move || writer.write_all(bytes));
            let result = self.expect(expected);
            if result.is_err() {
                // Or else the thread would wait for a server that does not read any more.
                let _ = self.socket.shutdown(Shutdown::Both);
            }
            let sent = sending.join();
            result?;
            match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(lost(error)),
                Err(_) => Err(lost(io::Error::other("the sending thread panicked"))),
            }
        })
    }

    /// Says that nothing more will be sent: the half of the connection that sends is closed.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn finish_sending(&mut self) -> Result<(), Failure> {
        self.socket.shutdown(Shutdown::Write).map_err(|error| {
            Failure::new("a connection to close one half of", error.to_string())
                .after(shown(&self.sent))
        })
    }

    /// Expects exactly these bytes next.
    ///
    /// # Errors
    /// Other bytes came, or none before the deadline.
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) -> Result<(), Failure> {
        let expected = expected.as_ref();
        let limit = Instant::now() + self.deadline * PATIENCE;
        // Only what is new is compared: a large answer comes in many pieces.
        let mut same = 0;
        while same < expected.len() {
            let came = self.pending.get(same..).unwrap_or_default();
            let wanted = expected.get(same..).unwrap_or_default();
            let length = came.len().min(wanted.len());
            if came.get(..length) != wanted.get(..length) {
                self.read_aftermath();
                let came = shown_beside(&self.pending, expected);
                return Err(self.failure(shown(expected), came, expected, End::Open));
            }
            same += length;
            if length == 0 {
                match self.wait(limit) {
                    Arrival::Bytes => {}
                    arrival => return Err(self.disappointed(shown(expected), expected, &arrival)),
                }
            }
        }
        self.pending.drain(..expected.len());
        self.answered = true;
        Ok(())
    }

    /// Sends a request as an array of bulk strings, and expects exactly these bytes.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`expect`](Self::expect).
    pub fn ask<A: AsRef<[u8]>>(
        &mut self,
        args: &[A],
        expected: impl AsRef<[u8]>,
    ) -> Result<(), Failure> {
        self.send(request(args))?;
        self.expect(expected)
    }

    /// Expects one more answer for each request sent, and not a byte beyond them.
    ///
    /// # Errors
    /// A PING is not answered next, or not by that alone.
    pub fn settle(&mut self) -> Result<(), Failure> {
        self.ask(&["PING"], PONG)
            .map_err(|failure| failure.when("and the connection is still usable"))?;
        if self.pending.is_empty() {
            self.read(SETTLED);
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        let came = format!("{} behind it", shown(&self.pending));
        Err(self.failure("one reply for each request", came, PONG, End::Early))
    }

    /// Expects the server to close the connection, with nothing more before that.
    ///
    /// # Errors
    /// Bytes came, or the connection stays open.
    pub fn expect_end(&mut self) -> Result<(), Failure> {
        let expected = "the server closes the connection";
        let limit = Instant::now() + self.deadline * PATIENCE;
        let came = if self.pending.is_empty() {
            match self.wait(limit) {
                // A reset is an end as well: the server closed with bytes of ours unread.
                Arrival::End | Arrival::Lost(_) => return Ok(()),
                Arrival::Nothing => "the connection stays open".into(),
                Arrival::Bytes => shown(&self.pending),
            }
        } else {
            shown(&self.pending)
        };
        Err(self.failure(expected, came, b"", End::Open))
    }

    /// Expects that nothing comes for a while, and that the connection stays.
    ///
    /// # Errors
    /// Something came.
    pub fn expect_silence(&mut self, while_: Duration) -> Result<(), Failure> {
        let (came, end) = if self.pending.is_empty() {
            match self.read(while_) {
                Arrival::Nothing => return Ok(()),
                Arrival::Bytes => (shown(&self.pending), End::Early),
                Arrival::End => ("the connection was closed".into(), End::Closed),
                Arrival::Lost(error) => (format!("the connection was lost: {error}"), End::Closed),
            }
        } else {
            (shown(&self.pending), End::Early)
        };
        Err(self.failure("no answer yet", came, b"", end))
    }

    /// The next reply, whatever it is, and its bytes.
    ///
    /// # Errors
    /// What comes is no RESP value, or is not complete before the deadline.
    pub fn raw_reply(&mut self) -> Result<(Reply, Vec<u8>), Failure> {
        let limit = Instant::now() + self.deadline * PATIENCE;
        loop {
            match reply::parse(&self.pending) {
                Ok(Some((reply, length))) => {
                    self.answered = true;
                    return Ok((reply, self.pending.drain(..length).collect()));
                }
                Ok(None) => {}
                Err(reply::Malformed) => {
                    self.read_aftermath();
                    let came = shown(&self.pending);
                    return Err(self.failure("a RESP reply", came, b"", End::Open));
                }
            }
            match self.wait(limit) {
                Arrival::Bytes => {}
                arrival => return Err(self.disappointed("a RESP reply".into(), b"", &arrival)),
            }
        }
    }

    /// Sends a request and gives the reply.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`raw_reply`](Self::raw_reply).
    pub fn query<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Reply, Failure> {
        self.send(request(args))?;
        Ok(self.raw_reply()?.0)
    }

    /// Sends a request and gives the integer it is answered with.
    ///
    /// # Errors
    /// Something else is the answer, or none.
    pub fn integer<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<i64, Failure> {
        self.send(request(args))?;
        let (reply, bytes) = self.raw_reply()?;
        reply
            .integer()
            .ok_or_else(|| self.unexpected("an integer", &bytes))
    }

    /// A failure over bytes that came in answer to what was sent last.
    pub fn unexpected(&self, expected: impl Into<String>, came: &[u8]) -> Failure {
        let evidence = Evidence {
            came: came.to_vec(),
            ..self.evidence(b"", End::Open)
        };
        Failure::new(expected, shown(came))
            .after(shown(&self.sent))
            .because(evidence)
    }

    /// Waits until something has come, and leaves it unread by the application: dropping the client
    /// then resets the connection instead of closing it in order.
    ///
    /// # Errors
    /// Nothing came before the deadline.
    pub fn wait_unread(&mut self) -> Result<(), Failure> {
        let mut byte = [0];
        let peeked = self
            .socket
            .set_read_timeout(Some(self.deadline))
            .and_then(|()| self.socket.peek(&mut byte));
        match peeked {
            Ok(1..) => Ok(()),
            Ok(0) => Err(self.disappointed("an answer".into(), b"", &Arrival::End)),
            Err(error) if is_timeout(&error) => {
                Err(self.disappointed("an answer".into(), b"", &Arrival::Nothing))
            }
            Err(error) => Err(self.disappointed("an answer".into(), b"", &Arrival::Lost(error))),
        }
    }

    /// Waits for bytes until the deadline, or until `limit`.
    fn wait(&mut self, limit: Instant) -> Arrival {
        let left = limit.saturating_duration_since(Instant::now());
        self.read(left.min(self.deadline))
    }

    fn read(&mut self, timeout: Duration) -> Arrival {
        // A time-out of zero would mean to wait for ever.
        let timeout = timeout.max(Duration::from_millis(1));
        if let Err(error) = self.socket.set_read_timeout(Some(timeout)) {
            return Arrival::Lost(error);
        }
        let mut buffer = vec![0; READ_SIZE];
        loop {
            return match self.socket.read(&mut buffer) {
                Ok(0) => Arrival::End,
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.pending.extend_from_slice(bytes);
                    Arrival::Bytes
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => Arrival::Nothing,
                Err(error) => Arrival::Lost(error),
            };
        }
    }

    fn read_aftermath(&mut self) {
        while self.pending.len() < MAX_WRONG {
            let Arrival::Bytes = self.read(AFTERMATH) else {
                return;
            };
        }
    }

    fn disappointed(&self, expected: String, wanted: &[u8], arrival: &Arrival) -> Failure {
        let (what, end) = match arrival {
            Arrival::Bytes | Arrival::Nothing => (nothing_within(self.deadline), End::Silent),
            Arrival::End => ("the end of the connection".into(), End::Closed),
            Arrival::Lost(error) => (format!("the loss of the connection: {error}"), End::Closed),
        };
        let came = if self.pending.is_empty() {
            what
        } else {
            format!("{}, then {what}", shown_beside(&self.pending, wanted))
        };
        self.failure(expected, came, wanted, end)
    }

    fn failure(
        &self,
        expected: impl Into<String>,
        came: impl Into<String>,
        wanted: &[u8],
        end: End,
    ) -> Failure {
        Failure::new(expected, came)
            .after(shown(&self.sent))
            .because(self.evidence(wanted, end))
    }

    fn evidence(&self, wanted: &[u8], end: End) -> Evidence {
        Evidence {
            sent: self.sent.clone(),
            pieces: self.pieces.clone(),
            expected: wanted.to_vec(),
            came: self.pending.clone(),
            end,
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    // Which of the two it is depends on the system.
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// A request as clients send it: an array of bulk strings.
pub fn request<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        bytes.extend(bulk(arg));
    }
    bytes
}

/// Several requests, one behind the other.
pub fn requests(pipeline: &[&[&str]]) -> Vec<u8> {
    pipeline.iter().flat_map(|args| request(args)).collect()
}

/// A bulk string.
pub fn bulk(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let head = format!("${}\r\n", text.len());
    [head.as_bytes(), text, b"\r\n"].concat()
}
