//! What the server can do: PING and ECHO.

mod error;

use crate::resp::{queue::Args, reply::Reply};
pub use error::CommandError;

/// Executes one request, and appends exactly one reply.
pub fn execute(args: Args<'_>, reply: &mut Reply) {
    if let Err(error) = answer(args, reply) {
        reply.error(&error.text());
    }
}

/// Fails before it has written anything.
fn answer(args: Args<'_>, reply: &mut Reply) -> Result<(), CommandError> {
    let name = args.get(0).unwrap_or_default();
    if name.eq_ignore_ascii_case(b"ping") {
        ping(args, reply)
    } else if name.eq_ignore_ascii_case(b"echo") {
        echo(args, reply)
    } else {
        Err(CommandError::unknown(args))
    }
}

/// `PING [message]`: is anyone there? <https://redis.io/docs/latest/commands/ping/>
fn ping(args: Args<'_>, reply: &mut Reply) -> Result<(), CommandError> {
    match (args.get(1), args.len()) {
        (None, _) => reply.simple("PONG"),
        (Some(message), 2) => reply.bulk(message),
        _ => return Err(CommandError::WrongArity("ping")),
    }
    Ok(())
}

/// `ECHO message`: says it again. <https://redis.io/docs/latest/commands/echo/>
fn echo(args: Args<'_>, reply: &mut Reply) -> Result<(), CommandError> {
    match (args.get(1), args.len()) {
        (Some(message), 2) => reply.bulk(message),
        _ => return Err(CommandError::WrongArity("echo")),
    }
    Ok(())
}
