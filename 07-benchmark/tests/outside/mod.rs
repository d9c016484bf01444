//! The program as a process, and toy servers for it.
#![allow(dead_code)] // Not every test that shares this asks for all of it.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// When the program counts as hanging.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often to look whether something has happened.
const POLL: Duration = Duration::from_millis(2);

/// The program, while it runs.
pub struct Program(Child);

/// What it left.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Ended {
    Program::start(arguments).end()
}

impl Program {
    pub fn start(arguments: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_step07-benchmark"))
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// Ctrl-C: a terminal sends it to the program and all others of its group.
    pub fn interrupt(&self) {
        kill_process_group(Pid::from_child(&self.0), Signal::INT).unwrap();
    }

    /// Reads its first line of output, and no byte more.
    pub fn first_line(&mut self) -> String {
        let output = self.0.stdout.as_mut().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        while output.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    /// Reads no more of its output.
    pub fn leave(&mut self) {
        self.0.stdout = None;
    }

    /// The processes that it has started.
    pub fn children(&self) -> Vec<i32> {
        let parent = self.0.id().to_string();
        let found = Command::new("pgrep").args(["-P", &parent]).output();
        let text = String::from_utf8(found.unwrap().stdout).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Waits until it has ended.
    pub fn end(mut self) -> Ended {
        let (mut output, mut errors) = (String::new(), String::new());
        until("the program has ended", || {
            self.0.try_wait().unwrap().is_some()
        });
        if let Some(mut pipe) = self.0.stdout.take() {
            pipe.read_to_string(&mut output).unwrap();
        }
        let mut pipe = self.0.stderr.take().unwrap();
        pipe.read_to_string(&mut errors).unwrap();
        let code = self.0.wait().unwrap().code();
        Ended {
            code,
            output,
            errors,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < DEADLINE, "never: {what}");
        thread::sleep(POLL);
    }
}

/// A directory that is removed with its owner.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("step07-program-{}-{number}", process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A JSON file.
pub fn json(path: &str) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Whether a process is there.
pub fn lives(process: i32) -> bool {
    let pid = Pid::from_raw(process).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

/// A request: its words.
pub type Request = Vec<Vec<u8>>;

/// A server that answers as a test wants it to. It lives as long as the test's process.
pub struct Toy {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Toy {
    /// `answer` makes the replies, for all connections.
    pub fn start(answer: impl FnMut(&Request) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(answer));
        let toy = Self {
            address,
            seen: Arc::clone(&seen),
        };
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || converse(socket.unwrap(), &seen, &answer));
            }
        });
        toy
    }

    /// One that holds strings, and knows FLUSHDB besides.
    pub fn honest() -> Self {
        Self::start(store(|value| value))
    }

    /// Its port.
    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// How often a command came.
    pub fn count(&self, name: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| *seen == name).count()
    }
}

/// Answers from a store of strings; what GET finds passes through `changed`.
pub fn store(
    mut changed: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static,
) -> impl FnMut(&Request) -> String + Send + 'static {
    let mut values: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    move |request| match (name(request).as_str(), &request[1..]) {
        ("SET", [key, value]) => {
            values.insert(key.clone(), value.clone());
            "+OK\r\n".to_string()
        }
        ("GET", [key]) => match values.get(key) {
            Some(value) => bulk(&changed(value.clone())),
            None => "$-1\r\n".to_string(),
        },
        ("FLUSHDB", []) => {
            values.clear();
            "+OK\r\n".to_string()
        }
        ("SET" | "GET" | "FLUSHDB", _) => "-ERR wrong number of arguments\r\n".to_string(),
        ("INCR", _) => ":1\r\n".to_string(),
        (other, _) => format!("-ERR unknown command '{other}'\r\n"),
    }
}

fn bulk(value: &[u8]) -> String {
    format!("${}\r\n{}\r\n", value.len(), String::from_utf8_lossy(value))
}

/// Answers with an error, whatever it is.
pub fn refusing(_: &Request) -> String {
    "-WRONGTYPE not so\r\n".to_string()
}

/// The first word of a request.
pub fn name(request: &Request) -> String {
    String::from_utf8_lossy(&request[0]).to_uppercase()
}

fn converse(
    socket: TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &Mutex<impl FnMut(&Request) -> String>,
) {
    socket.set_nodelay(true).unwrap();
    let mut writer = socket.try_clone().unwrap();
    let mut reader = BufReader::new(socket);
    let mut replies = String::new();
    while let Some(request) = request(&mut reader) {
        seen.lock().unwrap().push(name(&request));
        replies += &answer.lock().unwrap()(&request);
        if reader.buffer().is_empty() {
            if writer.write_all(replies.as_bytes()).is_err() {
                return;
            }
            replies.clear();
        }
    }
}

/// The next request; `None` at the end.
fn request(reader: &mut impl BufRead) -> Option<Request> {
    let first = line(reader)?;
    let Some(count) = first.strip_prefix('*') else {
        // An inline command.
        let words = first.split(' ').map(|word| word.as_bytes().to_vec());
        return Some(words.collect());
    };
    let words = (0..count.parse().ok()?).map(|_| {
        let length: usize = line(reader)?.strip_prefix('$')?.parse().ok()?;
        let mut word = vec![0; length + 2];
        reader.read_exact(&mut word).ok()?;
        word.truncate(length);
        Some(word)
    });
    words.collect()
}

/// The next line without its end; `None` where there is none.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.strip_suffix("\r\n").map(str::to_string)
}

/// An executable file with this text.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
