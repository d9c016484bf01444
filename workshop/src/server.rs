//! Servers to speak to: those of the stages, and redis-server.

use crate::client::Client;
use crate::process::Process;
use crate::stage::{STAGES, Stage, root};
use anyhow::{Context, anyhow, bail};
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

/// How long a server may take to begin.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// How long to wait before asking a server again whether it is there.
const RETRY: Duration = Duration::from_millis(10);

/// How many free ports to try: another process may take one before redis-server does.
const PORT_ATTEMPTS: usize = 5;

/// A server of ours, listening on a port of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    address: SocketAddr,
    /// Dropped last: the server may still write into it.
    _directory: Option<TemporaryDirectory>,
}

impl Server {
    /// Builds a stage's server if need be, and starts it.
    ///
    /// # Errors
    /// It does not build, or does not say where it listens.
    pub fn start(stage: Stage) -> anyhow::Result<Self> {
        Self::start_with(stage, &[])
    }

    /// The same with further flags. A server that keeps files has a directory of its own for them.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(stage: Stage, flags: &[&str]) -> anyhow::Result<Self> {
        let program = program(stage)?;
        let context = || format!("cannot start {}", program.display());
        let mut command = Command::new(&program);
        command.args(["--port", "0"]);
        let directory = if stage.keeps_files() {
            Some(TemporaryDirectory::new()?)
        } else {
            None
        };
        if let Some(directory) = &directory {
            command.args(["--save", "", "--dir"]).arg(directory.path());
        }
        command.args(flags);
        let mut process = Process::start(&mut command).with_context(context)?;
        let line = process.line(START_DEADLINE).with_context(context)?;
        let address = line
            .strip_prefix("listening on ")
            .and_then(|address| address.parse().ok())
            .with_context(|| format!("expected the line \"listening on ADDRESS\", not {line:?}"))?;
        Ok(Self {
            process,
            address,
            _directory: directory,
        })
    }

    /// Starts a redis-server that keeps nothing. `None`: there is none on this machine.
    ///
    /// # Errors
    /// It does not come up. With `REQUIRE_REDIS=1` in the environment, also when there is none.
    pub fn start_redis() -> anyhow::Result<Option<Self>> {
        let mut failure = anyhow!("no free port");
        for _ in 0..PORT_ATTEMPTS {
            match Self::try_redis() {
                Ok(server) => return Ok(server),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn try_redis() -> anyhow::Result<Option<Self>> {
        let directory = TemporaryDirectory::new()?;
        let address = free_address()?;
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(directory.path());
        let process = match Process::start(&mut command) {
            Ok(process) => process,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return missing_redis(),
            Err(error) => return Err(error).context("cannot start redis-server"),
        };
        let mut server = Self {
            process,
            address,
            _directory: Some(directory),
        };
        server.wait_for_pong()?;
        Ok(Some(server))
    }

    fn wait_for_pong(&mut self) -> anyhow::Result<()> {
        let limit = Instant::now() + START_DEADLINE;
        loop {
            let asked = Client::connect(self.address, START_DEADLINE)
                .and_then(|mut client| client.ask(&["PING"], "+PONG\r\n"));
            let Err(failure) = asked else { return Ok(()) };
            if let Ok(status) = self.process.wait(Duration::ZERO) {
                bail!("redis-server ended with {status}");
            }
            if Instant::now() > limit {
                bail!("redis-server does not answer:\n{failure}");
            }
            thread::sleep(RETRY);
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn missing_redis() -> anyhow::Result<Option<Server>> {
    if env::var_os("REQUIRE_REDIS").as_deref() == Some(OsStr::new("1")) {
        bail!("redis-server is not on the PATH, and REQUIRE_REDIS=1 asks for it");
    }
    Ok(None)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

/// The stage's program, built once in the life of this process.
///
/// # Errors
/// It does not build; the compiler's words are on standard error.
pub fn program(stage: Stage) -> anyhow::Result<PathBuf> {
    static PROGRAMS: [OnceLock<Result<PathBuf, String>>; STAGES.len()] =
        [const { OnceLock::new() }; STAGES.len()];
    let index = usize::from(stage.number).saturating_sub(1);
    let built = PROGRAMS
        .get(index)
        .context("there is no such stage")?
        .get_or_init(|| build(stage).map_err(|error| format!("{error:#}")));
    built.clone().map_err(|error| anyhow!(error))
}

fn build(stage: Stage) -> anyhow::Result<PathBuf> {
    // Tests of a release build try release servers: then the long tests are about what is shipped.
    let release = stage.in_release() || !cfg!(debug_assertions);
    let target = target_directory();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root())
        .args(["build", "--quiet", "--package", &stage.package()])
        .arg("--target-dir")
        .arg(&target);
    if release {
        command.arg("--release");
    }
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("{} does not build", stage.folder);
    }
    let profile = if release { "release" } else { "debug" };
    let program = target.join(profile).join(stage.package());
    Ok(program.with_extension(env::consts::EXE_EXTENSION))
}

fn target_directory() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        // A relative one is relative to where cargo was called, which for `make` is the root.
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// A directory that is removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// A new one, where the system keeps such directories.
    ///
    /// # Errors
    /// It can't be made.
    pub fn new() -> anyhow::Result<Self> {
        let path = env::temp_dir().join(format!("workshop-{}", crate::target::nonce()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What can't be removed is left to the system, which empties the place now and then.
        let _ = fs::remove_dir_all(&self.0);
    }
}
