//! What the server can do.
//!
//! A command is one function and one row of the [`table`]. The functions stand in a file for each
//! group of commands, as Redis's documentation groups them.

mod call;
mod connection;
mod error;
mod expiry;
mod generic;
mod options;
mod server;
mod string;
pub mod table;

use crate::clock::UnixMillis;
use crate::keyspace::Keyspace;
use crate::resp::{queue::Args, reply::Reply};
pub use call::{Call, Outcome};
pub use error::CommandError;

/// Executes one request as of `now`, and appends exactly one reply. The time does not move while a
/// command runs.
pub fn execute(args: Args<'_>, keyspace: &mut Keyspace, now: UnixMillis, reply: &mut Reply) {
    if let Err(error) = dispatch(args, keyspace, now, reply) {
        reply.error(&error.text());
    }
}

fn dispatch(
    args: Args<'_>,
    keyspace: &mut Keyspace,
    now: UnixMillis,
    reply: &mut Reply,
) -> Outcome {
    let name = args.get(0).unwrap_or_default();
    let Some(command) = table::find(name) else {
        return Err(CommandError::unknown(args));
    };
    if !command.accepts(args.len()) {
        return Err(CommandError::WrongArity(command.name));
    }
    (command.run)(&mut Call {
        command,
        args,
        keyspace,
        now,
        reply,
    })
}
