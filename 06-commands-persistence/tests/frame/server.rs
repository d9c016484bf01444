//! A server in a directory of its own.

use crate::client::Client;
use crate::{PATIENCE, eventually};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// A running server; ends when dropped, and must then be idle and have panicked nowhere.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// Its working directory.
    pub directory: PathBuf,
    /// Whether it has been seen to end.
    ended: bool,
}

impl Server {
    /// Starts one without save points, on any free port, with these further arguments.
    pub fn start(arguments: &[&str]) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("step06-frame-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        Self::start_in(directory, arguments)
    }

    /// The same, in a directory that may hold a snapshot already.
    pub fn start_in(directory: PathBuf, arguments: &[&str]) -> Self {
        let stderr = fs::File::options()
            .create(true)
            .append(true)
            .open(directory.join("stderr"))
            .unwrap();
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
            .args(arguments)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line
            .strip_prefix("listening on ")
            .and_then(|address| address.trim().rsplit(':').next())
            .and_then(|port| port.parse().ok())
            .unwrap_or_else(|| {
                let stderr = fs::read_to_string(directory.join("stderr"));
                panic!("it does not listen: {line:?} {stderr:?}")
            });
        Self {
            child,
            port,
            directory,
            ended: false,
        }
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::connect(self.port)
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let kill = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = true;
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Bytes of its memory that are in use. 0 where the system does not tell.
    pub fn resident_memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes.map_or(0, |number| number.parse::<usize>().unwrap() * 1024)
    }

    /// Processor time that it has used, in hundredths of a second. `None` where the system does not tell.
    fn cpu_ticks(&self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let user: u64 = fields.next()?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(user + system)
    }

    /// Waits until it has nothing more to do.
    pub fn wait_until_idle(&self) {
        eventually("the server is idle", || {
            let before = self.cpu_ticks();
            thread::sleep(Duration::from_millis(200));
            match (before, self.cpu_ticks()) {
                (Some(before), Some(after)) => after - before <= 4,
                _ => true,
            }
        });
    }

    /// What it wrote to its error output.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.directory.join("stderr")).unwrap()
    }

    /// Its snapshot.
    pub fn dump(&self) -> PathBuf {
        self.directory.join("dump.rdb")
    }

    /// Another server with a copy of its snapshot.
    pub fn start_from_dump(&self, arguments: &[&str]) -> Self {
        Self::start_from(&self.dump(), arguments)
    }

    /// A server with a copy of this snapshot.
    pub fn start_from(dump: &Path, arguments: &[&str]) -> Self {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("step06-frame-copy-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        fs::copy(dump, directory.join("dump.rdb")).unwrap();
        Self::start_in(directory, arguments)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let is_running = !self.ended && self.is_running();
        if is_running && !thread::panicking() {
            self.wait_until_idle();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let stderr = self.stderr();
        let _ = fs::remove_dir_all(&self.directory);
        if stderr.contains("panicked") {
            assert!(thread::panicking(), "{stderr}");
            eprintln!("{stderr}");
        }
    }
}
