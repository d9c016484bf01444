//! Servers of a few lines: a thread for each connection, on any free port. They end with the test's process.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use step07_benchmark::target::Target;

/// A server that `converse` makes: it has the connection, and its number, from 0 on.
pub fn serve(
    converse: impl Fn(&mut Connection, usize) -> io::Result<()> + Send + Sync + 'static,
) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    let converse = Arc::new(converse);
    thread::spawn(move || {
        for (number, socket) in listener.incoming().flatten().enumerate() {
            let converse = Arc::clone(&converse);
            thread::spawn(move || converse(&mut Connection::new(socket), number));
        }
    });
    target
}

/// A server that gives each request, by its number over all connections, the reply that `reply` chooses.
pub fn answer(
    reply: impl Fn(u64, &Request) -> Vec<u8> + Send + Sync + 'static,
) -> (Target, Arc<AtomicU64>) {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let target = serve(move |connection, _| {
        loop {
            let request = connection.request()?;
            let number = counted.fetch_add(1, Ordering::SeqCst);
            connection.send(&reply(number, &request))?;
        }
    });
    (target, count)
}

/// A server that answers every request with PONG, and counts them.
pub fn pong() -> (Target, Arc<AtomicU64>) {
    answer(|_, _| b"+PONG\r\n".to_vec())
}

/// A request that has arrived.
pub struct Request {
    pub words: Vec<Vec<u8>>,
    /// When the system call returned that brought its last byte.
    pub read: Instant,
}

impl Request {
    /// The word at this place as text.
    pub fn word(&self, place: usize) -> String {
        String::from_utf8_lossy(&self.words[place]).into_owned()
    }
}

/// A server's side of a connection.
pub struct Connection {
    pub socket: TcpStream,
    bytes: Vec<u8>,
    /// Where in `bytes` what was not looked at yet begins.
    begin: usize,
    read: Instant,
}

impl Connection {
    pub fn new(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        Self {
            socket,
            bytes: Vec::new(),
            begin: 0,
            read: Instant::now(),
        }
    }

    /// The next request; an error at the end of the stream.
    pub fn request(&mut self) -> io::Result<Request> {
        let first = self.line()?;
        let words = match first.strip_prefix(b"*") {
            Some(count) => (0..number(count))
                .map(|_| self.bulk())
                .collect::<io::Result<_>>()?,
            None => vec![first],
        };
        let read = self.read;
        Ok(Request { words, read })
    }

    /// Whether another request has begun to arrive with the last.
    pub fn has_more(&self) -> bool {
        self.begin < self.bytes.len()
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// Says good-bye in the polite way: a close with unread requests would destroy replies on their way.
    pub fn close(&mut self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)?;
        io::copy(&mut self.socket, &mut io::sink()).map(drop)
    }

    fn bulk(&mut self) -> io::Result<Vec<u8>> {
        let length = number(&self.line()?[1..]);
        while self.bytes.len() - self.begin < length + 2 {
            self.fill()?;
        }
        let word = self.bytes[self.begin..self.begin + length].to_vec();
        self.begin += length + 2;
        Ok(word)
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let rest = &self.bytes[self.begin..];
            if let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
                let line = rest[..end].to_vec();
                self.begin += end + 2;
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.begin);
        self.begin = 0;
        let mut buffer = [0; 64 * 1024];
        let length = self.socket.read(&mut buffer)?;
        self.read = Instant::now();
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.bytes.extend_from_slice(&buffer[..length]);
        Ok(())
    }
}

fn number(digits: &[u8]) -> usize {
    String::from_utf8_lossy(digits).parse().unwrap()
}
