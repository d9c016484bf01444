//! The command line.

use anyhow::Context;
use lexopt::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;

/// What the command line asks for.
pub struct Flags {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port to listen on; 0 lets the system choose a free one.
    pub port: u16,
    /// How many threads the runtime has.
    pub threads: NonZeroUsize,
}

impl Flags {
    /// Reads the process's arguments. `None` when they asked for help, which is printed.
    ///
    /// # Errors
    /// An unknown flag, or a value that does not fit it.
    pub fn from_command_line() -> anyhow::Result<Option<Self>> {
        let mut flags = Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 6380,
            threads: NonZeroUsize::MIN,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("port") => {
                    let port = arguments.value()?;
                    flags.port = port.parse().context("--port takes 0 to 65535")?;
                }
                Long("bind") => {
                    let bind = arguments.value()?;
                    flags.bind = bind.parse().context("--bind takes an IP address")?;
                }
                Long("threads") => {
                    let threads = arguments.value()?.string()?;
                    flags.threads = parse_threads(&threads).context("--threads takes 1 to 128")?;
                }
                Long("help") => {
                    print_help();
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(flags))
    }
}

/// More threads than any machine of today can use are refused: the system may not have them.
fn parse_threads(text: &str) -> Option<NonZeroUsize> {
    let threads = text.parse().ok()?;
    (threads <= NonZeroUsize::new(128)?).then_some(threads)
}

fn print_help() {
    println!(
        "{}\n\n\
         Usage: {} [--threads N] [--port N] [--bind ADDRESS]\n\n  \
         --threads N     threads that serve clients (default 1)\n  \
         --port N        listen on port N, 0 = any free port (default 6380)\n  \
         --bind ADDRESS  listen on this IP address (default 127.0.0.1)",
        env!("CARGO_PKG_DESCRIPTION"),
        env!("CARGO_PKG_NAME"),
    );
}
