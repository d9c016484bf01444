//! A connection's two halves, and how it begins.

use crate::replies::{Counted, Judged, Pending, ReplyScanner};
use crate::target::{Address, Target, encoded};
use anyhow::{Context, bail, ensure};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream, lookup_host, tcp, unix};
use tokio::time::timeout;

/// What is received.
pub enum Reader {
    /// From a TCP connection.
    Tcp(tcp::OwnedReadHalf),
    /// From a Unix socket.
    Unix(unix::OwnedReadHalf),
}

/// What is sent.
pub enum Writer {
    /// To a TCP connection.
    Tcp(tcp::OwnedWriteHalf),
    /// To a Unix socket.
    Unix(unix::OwnedWriteHalf),
}

impl Reader {
    /// Waits for bytes; 0 at the end of the stream.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => half.read(buffer).await,
            Self::Unix(half) => half.read(buffer).await,
        }
    }
}

impl Writer {
    /// Writes what the system takes at once; 0 when it takes nothing now.
    pub fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Self::Tcp(half) => half.try_write(bytes),
            Self::Unix(half) => half.try_write(bytes),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Waits until it takes something again.
    pub async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(half) => half.writable().await,
            Self::Unix(half) => half.writable().await,
        }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(half) => half.write_all(bytes).await,
            Self::Unix(half) => half.write_all(bytes).await,
        }
    }
}

/// Opens connections to a server, whose name is looked up once for all of them.
#[derive(Clone, Debug)]
pub struct Dialer {
    target: Target,
    /// What its name stands for; nothing where it is a Unix socket.
    addresses: Vec<SocketAddr>,
    /// How long a connection may take until its greeting is answered.
    patience: Duration,
}

impl Dialer {
    /// Looks up where the target is. A connection that is not ready within `patience` is given up.
    ///
    /// # Errors
    /// When nobody knows its name.
    pub async fn new(target: &Target, patience: Duration) -> anyhow::Result<Self> {
        let addresses = match &target.address {
            Address::Tcp { host, port } => lookup_host((host.as_str(), *port))
                .await
                .with_context(|| format!("cannot connect to {}", target.address))?
                .collect(),
            Address::Unix(_) => Vec::new(),
        };
        Ok(Self {
            target: target.clone(),
            addresses,
            patience,
        })
    }

    /// Opens a connection and says the target's greeting.
    ///
    /// # Errors
    /// When it can't be opened, or the server answers the greeting with an error, or not in time.
    pub async fn connect(&self) -> anyhow::Result<(Reader, Writer)> {
        let late = || {
            let (address, patience) = (&self.target.address, self.patience);
            format!("a connection to {address} was not ready within {patience:?}")
        };
        timeout(self.patience, self.begin())
            .await
            .with_context(late)?
    }

    async fn begin(&self) -> anyhow::Result<(Reader, Writer)> {
        let (mut reader, mut writer) = self
            .open()
            .await
            .with_context(|| format!("cannot connect to {}", self.target.address))?;
        for command in self.target.greeting() {
            greet(&mut reader, &mut writer, &command).await?;
        }
        Ok((reader, writer))
    }

    async fn open(&self) -> io::Result<(Reader, Writer)> {
        match &self.target.address {
            Address::Tcp { .. } => {
                let socket = TcpStream::connect(self.addresses.as_slice()).await?;
                socket.set_nodelay(true)?;
                let (reader, writer) = socket.into_split();
                Ok((Reader::Tcp(reader), Writer::Tcp(writer)))
            }
            Address::Unix(path) => {
                let (reader, writer) = UnixStream::connect(path).await?.into_split();
                Ok((Reader::Unix(reader), Writer::Unix(writer)))
            }
        }
    }
}

async fn greet(reader: &mut Reader, writer: &mut Writer, words: &[String]) -> anyhow::Result<()> {
    let name = words.first().map_or("", String::as_str);
    writer
        .write_all(&encoded(words))
        .await
        .with_context(|| format!("cannot send {name}"))?;
    let (mut scanner, mut pending) = (ReplyScanner::default(), Pending::default());
    let mut buffer = [0; 1024];
    loop {
        let length = reader.read(&mut buffer).await?;
        ensure!(length > 0, "the server closed the connection after {name}");
        let mut counted = Counted {
            pending: &mut pending,
            judged: Judged::default(),
        };
        let replies = scanner.scan(buffer.get(..length).unwrap_or_default(), &mut counted)?;
        if let Some((_, error)) = counted.judged.errors.kinds().next() {
            bail!("the server answered {} to {name}", error.example);
        }
        if replies > 0 {
            return Ok(());
        }
    }
}
