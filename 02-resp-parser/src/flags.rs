//! The command line.

use anyhow::Context;
use lexopt::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};

/// The address to listen on, as the process's arguments ask for it. `None` when they asked for help,
/// which is printed.
///
/// # Errors
/// An unknown flag, or a value that does not fit it.
pub fn address() -> anyhow::Result<Option<SocketAddr>> {
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, 6380));
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => {
                let port = arguments.value()?.parse().ok();
                address.set_port(port.context("--port takes 0 to 65535")?);
            }
            Long("bind") => {
                let ip = arguments.value()?.parse().ok();
                address.set_ip(ip.context("--bind takes an IP address")?);
            }
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
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(address))
}
