//! A real redis-server, on a port and a socket of its own, in a directory of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};
use step07_benchmark::target::{Address, Target};

/// How long the server may take to come up.
const DEADLINE: Duration = Duration::from_secs(20);

/// A running redis-server with a connection to it; ends when dropped.
pub struct Redis {
    child: Child,
    directory: PathBuf,
    port: u16,
    connection: BufReader<UnixStream>,
}

impl Redis {
    /// Starts one, with these further arguments. `None` where there is no redis-server.
    ///
    /// # Panics
    /// When it does not come up; with `REQUIRE_REDIS=1` in the environment also when there is none.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("step07-redis-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        // Another program may take the port before the server does: then another one is tried.
        for _ in 0..10 {
            let port = free_port();
            let spawned = Command::new("redis-server")
                .args(["--port", &port.to_string(), "--save", ""])
                .args(["--unixsocket", "socket"])
                .args(arguments)
                .current_dir(&directory)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn();
            let mut child = match spawned {
                Ok(child) => child,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::remove_dir_all(&directory).unwrap();
                    let required = env::var("REQUIRE_REDIS").is_ok_and(|value| value == "1");
                    assert!(!required, "REQUIRE_REDIS=1, and there is no redis-server");
                    eprintln!("skipped: there is no redis-server");
                    return None;
                }
                Err(error) => panic!("cannot start redis-server: {error}"),
            };
            if let Some(stream) = connect(&directory.join("socket"), &mut child) {
                return Some(Self {
                    child,
                    directory,
                    port,
                    connection: BufReader::new(stream),
                });
            }
        }
        panic!("redis-server does not start");
    }

    /// Its port.
    pub fn tcp(&self) -> Target {
        Target::tcp("127.0.0.1", self.port)
    }

    /// Its socket.
    pub fn unix(&self) -> Target {
        Target {
            address: Address::Unix(self.directory.join("socket")),
            ..self.tcp()
        }
    }

    /// How often each command was called, by its name, that of the asking left out.
    pub fn calls(&mut self) -> Vec<(String, u64)> {
        let info = self.ask(&["INFO", "commandstats"]);
        let lines = info
            .lines()
            .filter_map(|line| line.strip_prefix("cmdstat_"));
        let calls = lines.map(|line| {
            let (name, rest) = line.split_once(":calls=").unwrap();
            let count = rest.split(',').next().unwrap();
            (name.to_string(), count.parse().unwrap())
        });
        let mut calls: Vec<_> = calls
            .filter(|(name, _)| !name.starts_with("info") && !name.starts_with("config"))
            .collect();
        calls.sort();
        calls
    }

    /// A figure of INFO.
    pub fn info(&mut self, name: &str) -> u64 {
        let info = self.ask(&["INFO"]);
        let mut lines = info.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap().parse().unwrap()
    }

    /// Another connection.
    pub fn connect(&self) -> UnixStream {
        UnixStream::connect(self.directory.join("socket")).unwrap()
    }

    /// Sends a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(status.unwrap().success());
    }

    /// Sends a command. Gives its reply: a text, or a line with its marker.
    pub fn ask(&mut self, words: &[&str]) -> String {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        let stream = self.connection.get_mut();
        stream.write_all(request.as_bytes()).unwrap();
        let line = self.line();
        let Some(length) = line.strip_prefix('$') else {
            return line;
        };
        let mut text = vec![0; length.parse::<usize>().unwrap() + 2];
        self.connection.read_exact(&mut text).unwrap();
        text.truncate(text.len() - 2);
        String::from_utf8(text).unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.connection.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // SIGKILL also ends one that was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// `None` when the server has ended.
fn connect(socket: &Path, child: &mut Child) -> Option<UnixStream> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return Some(stream),
            Err(error) if Instant::now() > deadline => {
                let _ = child.kill();
                panic!("no redis-server: {error}");
            }
            Err(_) if child.try_wait().unwrap().is_some() => return None,
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
