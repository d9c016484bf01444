//! Servers that are started for a measurement, and end with it.

use crate::control::printable;
use crate::target::Target;
use anyhow::{Context, bail, ensure};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fmt, process};
use tokio::time::sleep;

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(10);

/// How often to look whether it does.
const POLL: Duration = Duration::from_millis(20);

/// How often to try to start a server that can't choose its port itself.
const ATTEMPTS: usize = 3;

/// Files in a server's directory, with what it writes.
const OUTPUT: &str = "out";
const ERRORS: &str = "err";

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

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What can't be removed is no reason to fail: the measurement is done.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that ended when it had just been started: it may have been given flags that it does not know.
#[derive(Debug)]
struct Ended(String);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Ended {}

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
    directory: TemporaryDirectory,
}

impl Server {
    /// Starts one of this project's servers on a free port, with these further arguments (such as
    /// `--model tasks` for stage 04), without persistence. Stage 06 takes redis-server's flags for that.
    /// Earlier stages write no files, and end at flags that they do not know: they are started with the port
    /// and the further arguments alone.
    ///
    /// # Errors
    /// When it can't be started, or does not say where it listens.
    pub async fn start_ours(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let program = program
            .canonicalize()
            .with_context(|| format!("no {}", program.display()))?;
        match Self::start_program(&program, arguments, false).await {
            Err(error) if error.is::<Ended>() => {
                Self::start_program(&program, arguments, true).await
            }
            other => other,
        }
    }

    async fn start_program(
        program: &Path,
        arguments: &[&str],
        port_only: bool,
    ) -> anyhow::Result<Self> {
        let directory = TemporaryDirectory::new()?;
        let mut command = Command::new(program);
        command.args(["--port", "0"]).args(arguments);
        if !port_only {
            command.args(["--save", "", "--dir"]).arg(&directory.0);
        }
        let file = program.file_name().unwrap_or_default().to_string_lossy();
        let mut server = Self {
            name: [&[file.as_ref()], arguments].concat().join(" "),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            port_only,
            child: spawn(&mut command, &directory)?,
            directory,
        };
        let output = server.directory.0.join(OUTPUT);
        let address = server.wait_for(|| {
            let text = fs::read_to_string(&output).ok()?;
            let (line, _) = text.split_once('\n')?;
            line.strip_prefix("listening on ")?.parse().ok()
        });
        server.address = address.await?;
        Ok(server)
    }

    /// Starts redis-server on a free port, without persistence unless these further arguments say otherwise.
    /// `None` where it is not installed.
    ///
    /// # Errors
    /// When it is installed, and can't be started.
    pub async fn start_redis(arguments: &[&str]) -> anyhow::Result<Option<Self>> {
        let Some(version) = redis_version() else {
            return Ok(None);
        };
        let mut last = None;
        // Another program may take the port before redis-server does: then it ends at once.
        for _ in 0..ATTEMPTS {
            match Self::start_redis_once(&version, arguments).await {
                Ok(server) => return Ok(Some(server)),
                Err(error) => last = Some(error),
            }
        }
        last.map_or(Ok(None), Err)
    }

    async fn start_redis_once(version: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let directory = TemporaryDirectory::new()?;
        // Nothing can ask redis-server to choose a port, so we let the system choose one and give it back.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = free.local_addr()?;
        drop(free);
        let mut command = Command::new("redis-server");
        command.args(["--port", &address.port().to_string()]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(arguments);
        let mut server = Self {
            name: format!("redis-server {version}"),
            address,
            port_only: false,
            child: spawn(&mut command, &directory)?,
            directory,
        };
        server.wait_for(|| answers(address).then_some(())).await?;
        Ok(server)
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The server as something to load, for one who needs no password.
    pub fn target(&self) -> Target {
        Target::tcp(&self.address.ip().to_string(), self.address.port())
    }

    async fn wait_for<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
        let started = Instant::now();
        loop {
            let value = ready();
            // Asked after `ready`: should another process have taken the port and answered, ours has ended.
            if let Some(status) = self.child.try_wait()? {
                bail!(Ended(format!(
                    "{} ended at once ({status}): {}",
                    self.name,
                    self.last_words()
                )));
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

    /// The last line that the server wrote, on standard error if there is one.
    fn last_words(&self) -> String {
        let outputs = [ERRORS, OUTPUT].map(|name| {
            let bytes = fs::read(self.directory.0.join(name)).unwrap_or_default();
            printable(
                bytes
                    .trim_ascii()
                    .rsplit(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default(),
            )
        });
        let said = outputs.into_iter().find(|line| !line.is_empty());
        said.unwrap_or_else(|| "it did not say why".to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command, directory: &TemporaryDirectory) -> anyhow::Result<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .current_dir(&directory.0)
        // Ctrl-C goes to the whole group of the terminal: this program ends its servers itself, when it is done.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(File::create(directory.0.join(OUTPUT))?)
        .stderr(File::create(directory.0.join(ERRORS))?)
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

/// Whether a server answers as one that is ready, be it that it wants a password first.
fn answers(address: SocketAddr) -> bool {
    let ping = || {
        let mut socket = TcpStream::connect_timeout(&address, POLL)?;
        socket.set_read_timeout(Some(POLL))?;
        socket.write_all(b"PING\r\n")?;
        let mut reply = [0; 7];
        socket.read_exact(&mut reply)?;
        std::io::Result::Ok([*b"+PONG\r\n", *b"-NOAUTH"].contains(&reply))
    };
    ping().unwrap_or(false)
}
