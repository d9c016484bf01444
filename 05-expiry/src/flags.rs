//! The command line.

use lexopt::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;

/// What the command line asks for.
pub struct Flags {
    /// The address to listen on.
    pub address: SocketAddr,
    /// How many threads serve clients.
    pub threads: NonZeroU8,
}

impl Flags {
    /// Reads the process's arguments. `None` when they asked for help, which is printed.
    ///
    /// # Errors
    /// An unknown flag, or a value that does not fit it.
    pub fn from_command_line() -> Result<Option<Self>, lexopt::Error> {
        let mut flags = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 6380)),
            threads: NonZeroU8::MIN,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("port") => flags.address.set_port(arguments.value()?.parse()?),
                Long("bind") => flags.address.set_ip(arguments.value()?.parse()?),
                Long("threads") => flags.threads = arguments.value()?.parse()?,
                Long("help") => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(flags))
    }
}

const HELP: &str = "\
Usage: step05-expiry [--threads N] [--port N] [--bind ADDRESS]
Listens on 127.0.0.1:6380 if not told otherwise; port 0 is any free one.
One thread serves clients if not told otherwise.";
