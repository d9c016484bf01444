//! A real redis-server to compare with, on a socket in a directory of its own.

#![allow(dead_code)] // Not every test that shares this file asks for all of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

/// How long the server may take to come up.
const DEADLINE: Duration = Duration::from_secs(20);

/// A running redis-server with a connection to it; ends when dropped.
pub struct Redis {
    child: Child,
    /// Its working directory.
    pub directory: PathBuf,
    connection: BufReader<UnixStream>,
}

impl Redis {
    /// Starts one, with these further arguments in front. `None` where there is no redis-server.
    ///
    /// # Panics
    /// When it does not come up; with `REQUIRE_REDIS=1` in the environment also when there is none.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("step06-redis-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let directory = directory.canonicalize().unwrap();
        let socket = directory.join("socket");
        let spawned = Command::new("redis-server")
            .args(arguments)
            .args(["--port", "0", "--unixsocket"])
            .arg(&socket)
            // SORT has the order of bytes then.
            .env("LC_ALL", "C")
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let child = match spawned {
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
        let connection = BufReader::new(connect(&socket));
        Some(Self {
            child,
            directory,
            connection,
        })
    }

    /// Sends a command. Gives the elements of the reply, or the reply alone; an error has its `-`.
    pub fn ask(&mut self, command: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut request = format!("*{}\r\n", command.len()).into_bytes();
        for word in command {
            request.extend(format!("${}\r\n", word.len()).bytes());
            request.extend_from_slice(word);
            request.extend(b"\r\n");
        }
        self.connection.get_mut().write_all(&request).unwrap();
        let line = self.line();
        match line.split_first() {
            Some((b'*', len)) => (0..number(len)).map(|_| self.element()).collect(),
            _ => vec![self.content(line)],
        }
    }

    /// The reply to a line of words, as it was sent.
    pub fn raw(&mut self, line: &str) -> String {
        const END: &str = "$11\r\nEND-OF-TEST\r\n";
        let request = format!("{line}\r\nECHO END-OF-TEST\r\n");
        let socket = self.connection.get_mut();
        socket.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        while !reply.ends_with(END) {
            let read = self.connection.read_line(&mut reply).unwrap();
            assert!(read > 0, "redis-server hung up");
        }
        reply.truncate(reply.len() - END.len());
        reply
    }

    fn element(&mut self) -> Vec<u8> {
        let line = self.line();
        self.content(line)
    }

    fn content(&mut self, line: Vec<u8>) -> Vec<u8> {
        let Some((b'$', len)) = line.split_first() else {
            return line;
        };
        let mut content = vec![0; number(len) + 2];
        self.connection.read_exact(&mut content).unwrap();
        content.truncate(content.len() - 2);
        content
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.connection.read_until(b'\n', &mut line).unwrap();
        assert!(line.ends_with(b"\r\n"), "redis-server hung up");
        line.truncate(line.len() - 2);
        line
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

fn number(digits: &[u8]) -> usize {
    String::from_utf8_lossy(digits).parse().unwrap()
}

fn connect(socket: &Path) -> UnixStream {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(error) if Instant::now() > deadline => panic!("no redis-server: {error}"),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
