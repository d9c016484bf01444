//! The command line.

use lexopt::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use step04_concurrency::models::Model;

/// What the command line asks for.
pub struct Flags {
    /// The address to listen on.
    pub address: SocketAddr,
    /// How clients are served.
    pub model: Model,
    /// How many threads the runtime has.
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
            model: Model::Tasks,
            threads: NonZeroU8::MIN,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("port") => flags.address.set_port(arguments.value()?.parse()?),
                Long("bind") => flags.address.set_ip(arguments.value()?.parse()?),
                Long("model") => flags.model = arguments.value()?.parse()?,
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
Usage: step04-concurrency [--model MODEL] [--threads N] [--port N] [--bind ADDRESS]
Listens on 127.0.0.1:6380 if not told otherwise; port 0 is any free one.

  --model sequential  one client at a time
  --model threads     a thread for each client
  --model tasks       a task for each client, and a lock around the keyspace (default)
  --model actor       a task for each client, and one more that owns the keyspace
  --threads N         threads of the runtime, for tasks and actor (default 1)";
