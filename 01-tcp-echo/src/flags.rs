//! The command line.

use lexopt::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};

/// The address to listen on, as the process's arguments ask for it. `None` when they asked for help,
/// which is printed.
///
/// # Errors
/// An unknown flag, or a value that does not fit it.
pub fn address() -> Result<Option<SocketAddr>, lexopt::Error> {
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, 6380));
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => address.set_port(arguments.value()?.parse()?),
            Long("bind") => address.set_ip(arguments.value()?.parse()?),
            Long("help") => {
                println!(
                    "Usage: {} [--port N] [--bind ADDRESS]",
                    env!("CARGO_PKG_NAME")
                );
                println!(
                    "Listens on 127.0.0.1:6380 if not told otherwise; port 0 is any free one."
                );
                return Ok(None);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(address))
}
