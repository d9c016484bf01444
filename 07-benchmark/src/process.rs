//! Servers that are started for a measurement, and end with it.

use anyhow::{Context, bail, ensure};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process};
use tokio::time::sleep;

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(10);

/// How often to look whether it does.
const POLL: Duration = Duration::from_millis(20);

/// A server that has used no CPU for this long is at rest. Linux counts in steps of 10 ms.
const REST: Duration = Duration::from_millis(40);

/// How long to wait for that.
const REST_DEADLINE: Duration = Duration::from_secs(3);

/// An empty directory that is removed when this is dropped.
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// A new directory, for this process alone.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn new() -> anyhow::Result<Self> {
        let parent = env::temp_dir();
        for number in 0.. {
            let path = parent.join(format!("step07-benchmark-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make {}", path.display()));
                }
            }
        }
        bail!("no name is left in {}", parent.display())
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What can't be removed is no reason to fail: the measurement is done.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server of our own making. Dropping it ends it.
pub struct Server {
    /// What to call it in a report.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it was started with its port as the only flag, since it refused others.
    pub port_only: bool,
    child: Child,
    // Removed after the child has ended: fields are dropped after `drop` has run.
    _directory: TemporaryDirectory,
}

impl Server {
    /// Starts one of this project's servers on a free port, without persistence. Stage 06 takes
    /// redis-server's flags for that. Earlier stages write no files, and end at flags that they do not
    /// know: they are started with the port alone.
    ///
    /// # Errors
    /// When it can't be started, or does not say where it listens.
    pub async fn start_ours(program: &Path) -> anyhow::Result<Self> {
        let program = program
            .canonicalize()
            .with_context(|| format!("no {}", program.display()))?;
        match Self::start_program(&program, false).await {
            Ok(server) => Ok(server),
            Err(_) => Self::start_program(&program, true).await,
        }
    }

    async fn start_program(program: &Path, port_only: bool) -> anyhow::Result<Self> {
        let directory = TemporaryDirectory::new()?;
        let log = directory.0.join("out");
        let mut command = Command::new(program);
        command.args(["--port", "0"]);
        if !port_only {
            command.args(["--save", "", "--dir"]).arg(&directory.0);
        }
        let child = spawn(&mut command, &directory, &log)?;
        let name = program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut server = Self {
            name,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            port_only,
            child,
            _directory: directory,
        };
        let address = server.wait_for(|| {
            let text = fs::read_to_string(&log).ok()?;
            let (line, _) = text.split_once('\n')?;
            line.strip_prefix("listening on ")?.parse().ok()
        });
        server.address = address.await?;
        Ok(server)
    }

    /// Starts redis-server, without persistence, on a free port. `None` where it is not installed.
    ///
    /// # Errors
    /// When it is installed, and can't be started.
    pub async fn start_redis() -> anyhow::Result<Option<Self>> {
        let Some(version) = redis_version() else {
            return Ok(None);
        };
        let directory = TemporaryDirectory::new()?;
        let log = directory.0.join("out");
        // Nothing can ask redis-server to choose a port, so we let the system choose one and give it back.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = free.local_addr()?;
        drop(free);
        let port = address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let child = spawn(&mut command, &directory, &log)?;
        let name = format!("redis-server {version}");
        let mut server = Self {
            name,
            address,
            port_only: false,
            child,
            _directory: directory,
        };
        server.wait_for(|| answers(address).then_some(())).await?;
        Ok(Some(server))
    }

    /// CPU time that the server has used so far, where the system tells (Linux).
    pub fn cpu_time(&self) -> Option<Duration> {
        cpu_time(&self.child.id().to_string())
    }

    /// Waits until the server does nothing: one that frees memory in the background would take the CPU from
    /// whoever is measured next. One that never rests is not waited for beyond some seconds.
    pub async fn rest(&self) {
        let started = Instant::now();
        let mut before = self.cpu_time();
        while started.elapsed() < REST_DEADLINE {
            sleep(REST).await;
            let now = self.cpu_time();
            if now == before {
                return;
            }
            before = now;
        }
    }

    async fn wait_for<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
        let started = Instant::now();
        loop {
            let value = ready();
            // Asked after `ready`: should another process have taken the port and answered, ours has ended.
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at once: {status}", self.name);
            }
            if let Some(value) = value {
                return Ok(value);
            }
            ensure!(
                started.elapsed() < START,
                "{} did not answer within {START:?}",
                self.name
            );
            sleep(POLL).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(
    command: &mut Command,
    directory: &TemporaryDirectory,
    log: &Path,
) -> anyhow::Result<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .current_dir(&directory.0)
        .stdin(Stdio::null())
        .stdout(File::create(log)?)
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {program}"))
}

/// The version of the redis-server on the PATH: the text behind `v=` in what `--version` prints.
fn redis_version() -> Option<String> {
    let output = Command::new("redis-server")
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="))?;
    Some(version.to_string())
}

fn answers(address: SocketAddr) -> bool {
    let ping = || {
        let mut socket = TcpStream::connect_timeout(&address, POLL)?;
        socket.set_read_timeout(Some(POLL))?;
        socket.write_all(b"PING\r\n")?;
        let mut reply = [0; 7];
        socket.read_exact(&mut reply)?;
        std::io::Result::Ok(reply == *b"+PONG\r\n")
    };
    ping().unwrap_or(false)
}

/// CPU time that this process has used so far, where the system tells (Linux).
pub fn own_cpu_time() -> Option<Duration> {
    cpu_time("self")
}

/// User and system time of a process, from `/proc/<pid>/stat`: its 14th and 15th fields, in clock ticks,
/// which Linux shows to programs as hundredths of a second.
fn cpu_time(process: &str) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let ticks = next()?.checked_add(next()?)?;
    Some(Duration::from_millis(ticks.checked_mul(10)?))
}
