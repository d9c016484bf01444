//! The two servers, and connections to both.

use crate::generate::Request;
use crate::redis::Redis;
use crate::reply::Reply;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, process};

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(30);

const DEBUG: [&str; 2] = ["--enable-debug-command", "yes"];

/// A server of ours in a directory of its own; ends when dropped.
pub struct Ours {
    child: Child,
    directory: PathBuf,
    port: u16,
}

impl Ours {
    fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("step06-differential-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_step06-commands-persistence"))
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--logfile",
                "log",
                "--dir",
                ".",
            ])
            .args(DEBUG)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|p| p.parse().ok());
        Self {
            child,
            directory,
            port: port.unwrap_or_else(|| panic!("it does not listen: {line:?}")),
        }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub enum Server {
    Ours(Ours),
    Redis(Redis),
}

impl Server {
    /// Starts what the stage is.
    pub fn ours() -> Self {
        Self::Ours(Ours::start())
    }

    /// Starts a redis-server with these further arguments. `None`: there is none on this machine.
    pub fn redis(arguments: &[&str]) -> Option<Self> {
        let arguments = [&["--save", ""], &DEBUG, arguments].concat();
        Redis::start(&arguments).map(Self::Redis)
    }

    fn connect(&self) -> io::Result<Connection> {
        let socket: Box<dyn Socket> = match self {
            Self::Ours(ours) => {
                let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, ours.port))?;
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                Box::new(socket)
            }
            Self::Redis(redis) => {
                let socket = UnixStream::connect(redis.directory.join("socket"))?;
                socket.set_read_timeout(Some(PATIENCE))?;
                Box::new(socket)
            }
        };
        Ok(Connection(BufReader::new(socket)))
    }
}

trait Socket: Read + Write {}
impl<T: Read + Write> Socket for T {}

struct Connection(BufReader<Box<dyn Socket>>);

impl Connection {
    fn send(&mut self, request: &Request) -> io::Result<()> {
        let mut bytes = format!("*{}\r\n", request.len()).into_bytes();
        for word in request {
            bytes.extend(format!("${}\r\n", word.len()).bytes());
            bytes.extend_from_slice(word);
            bytes.extend(b"\r\n");
        }
        self.0.get_mut().write_all(&bytes)
    }

    fn reply(&mut self) -> io::Result<Reply> {
        Reply::read(&mut self.0)
    }
}

/// A connection to ours, and one to redis-server.
pub struct Both([Connection; 2]);

impl Both {
    /// # Panics
    /// When one of them is not there.
    pub fn connect(servers: &[Server; 2]) -> Self {
        Self(servers.each_ref().map(|server| server.connect().unwrap()))
    }

    /// Sends a request to both, and gives the replies of ours and of redis-server.
    ///
    /// # Errors
    /// What became of the one that gave none.
    pub fn ask(&mut self, request: &Request) -> Result<[Reply; 2], String> {
        self.ask_each([request, request])
    }

    /// The same with a request for each.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_each(&mut self, requests: [&Request; 2]) -> Result<[Reply; 2], String> {
        let [ours, redis] = &mut self.0;
        ours.send(requests[0])
            .and_then(|()| redis.send(requests[1]))
            .map_err(|error| format!("cannot send: {error}"))?;
        let ours = ours.reply().map_err(|error| format!("ours: {error}"))?;
        let redis = redis.reply().map_err(|error| format!("redis: {error}"))?;
        Ok([ours, redis])
    }

    /// Asks ours (0) or redis-server (1).
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_one(&mut self, which: usize, request: &Request) -> Result<Reply, String> {
        let connection = &mut self.0[which];
        let reply = connection.send(request).and_then(|()| connection.reply());
        reply.map_err(|error| error.to_string())
    }
}
