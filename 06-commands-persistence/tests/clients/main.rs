//! Real clients, as their users know them: each goes through a tour of all groups of commands on this server; and
//! through the same on redis-server, so that a wrong tour is found. And Redis's own tools, which have a mode for this or that.

#[path = "../redis/mod.rs"]
mod redis_server;
mod tools;
mod tour;

use redis_server::Redis;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// This server, with nothing in it, on any free port; ends when dropped.
struct Server {
    child: Child,
    /// Where it listens: `127.0.0.1:PORT`.
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_step06-commands-persistence"))
            .args(["--port", "0", "--save", ""])
            .current_dir(env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().into();
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Runs a program on both servers, which it is told by their addresses, and sees that it ends well.
fn on_both(tour: impl Fn(&str)) {
    if let Some(redis) = Redis::start(&[]) {
        tour(&format!(
            "unix:{}",
            redis.directory.join("socket").display()
        ));
    }
    tour(&Server::start().address);
}

/// Where `scripts/install-clients.sh` puts clients that are not written in Rust.
fn installed(name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let path = target.join("clients").join(name);
    if path.exists() {
        return Some(path);
    }
    let required = env::var("REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "REQUIRE_CLIENTS=1, and there is no {}",
        path.display()
    );
    eprintln!("skipped: there is no {name}; scripts/install-clients.sh installs it");
    None
}

/// A file beside this one.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

fn ends_well(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

#[test]
fn the_redis_crate() {
    on_both(|address| {
        let url = match address.strip_prefix("unix:") {
            Some(path) => format!("redis+unix://{path}"),
            None => format!("redis://{address}"),
        };
        tour::tour(&format!("{url}?protocol=resp2"));
        tour::tour(&format!("{url}?protocol=resp3"));
    });
}

#[test]
fn redis_py() {
    let Some(modules) = installed("python") else {
        return;
    };
    on_both(|address| {
        for protocol in ["2", "3"] {
            let mut python = Command::new("python3");
            python
                .env("PYTHONPATH", &modules)
                .env("PYTHONDONTWRITEBYTECODE", "1");
            ends_well(python.arg(script("tour.py")).args([address, protocol]));
        }
    });
}

#[test]
fn ioredis() {
    let Some(modules) = installed("node_modules") else {
        return;
    };
    on_both(|address| {
        let module = modules.join("ioredis");
        ends_well(
            Command::new("node")
                .arg(script("tour.mjs"))
                .arg(module)
                .arg(address),
        );
    });
}
