//! A blocking socket on which nothing waits beyond a deadline.

use crate::target::Address;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A socket, and until when it may be waited for.
pub struct Wire {
    socket: Box<dyn Socket>,
    patience: Duration,
    deadline: Instant,
}

/// What TCP and Unix sockets have in common.
trait Socket: Read + Write + Send {
    /// Lets reads and writes wait for so long; not 0.
    fn limit(&self, wait: Duration) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn limit(&self, wait: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(wait))?;
        self.set_write_timeout(Some(wait))
    }
}

impl Socket for UnixStream {
    fn limit(&self, wait: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(wait))?;
        self.set_write_timeout(Some(wait))
    }
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// What the system says, or [`io::ErrorKind::TimedOut`] when that takes longer than `patience`.
    pub fn connect(address: &Address, patience: Duration) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let address = address.clone();
        // On a thread of its own, as neither the look-up of a name nor connecting to a Unix socket whose queue
        // is full can be given a limit. If we don't wait for it any longer, it ends when the system lets it.
        thread::Builder::new()
            .name("connect".to_string())
            .spawn(move || {
                // Fails when nobody waits any more.
                let _ = sender.send(open(&address));
            })?;
        let socket = receiver
            .recv_timeout(patience)
            .map_err(|_| late(patience))??;
        let deadline = Instant::now() + patience;
        Ok(Self {
            socket,
            patience,
            deadline,
        })
    }

    /// From now on reads and writes together may take this long.
    pub fn allow(&mut self, patience: Duration) {
        self.patience = patience;
        self.deadline = Instant::now() + patience;
    }

    /// Hands the time that is left to the system.
    fn limit(&self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late(self.patience));
        }
        self.socket.limit(left)
    }

    /// Names the error of a read or write that took too long, which has different ones on different systems.
    fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => late(self.patience),
            _ => error,
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        let read = self.socket.read(buffer);
        read.map_err(|error| self.explain(error))
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.limit()?;
        let written = self.socket.write(bytes);
        written.map_err(|error| self.explain(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

fn open(address: &Address) -> io::Result<Box<dyn Socket>> {
    match address {
        Address::Tcp { host, port } => {
            let socket = TcpStream::connect((host.as_str(), *port))?;
            socket.set_nodelay(true)?;
            Ok(Box::new(socket))
        }
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path)?)),
    }
}

fn late(patience: Duration) -> io::Error {
    let text = format!("no answer within {patience:?}");
    io::Error::new(io::ErrorKind::TimedOut, text)
}
