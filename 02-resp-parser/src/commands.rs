//! What the server can do: PING and ECHO.

use crate::resp::reply::Reply;
use crate::resp::request::Request;
use bytes::Bytes;

/// Executes one request, and appends exactly one reply; none where nothing was asked.
pub fn execute(request: &Request, reply: &mut Reply) {
    let Some((name, args)) = request.split_first() else {
        return;
    };
    match (name.to_ascii_lowercase().as_slice(), args) {
        // PING [message]: is anyone there? <https://redis.io/docs/latest/commands/ping/>
        (b"ping", []) => reply.simple("PONG"),
        (b"ping", [message]) => reply.bulk(message),
        (b"ping", _) => reply.error(&wrong_arity("ping")),
        // ECHO message: says it again. <https://redis.io/docs/latest/commands/echo/>
        (b"echo", [message]) => reply.bulk(message),
        (b"echo", _) => reply.error(&wrong_arity("echo")),
        _ => reply.error(&unknown_command(name, args)),
    }
}

/// The error for a number of arguments that the command does not take. The connection goes on: the
/// client spoke the protocol well.
fn wrong_arity(name: &str) -> Vec<u8> {
    format!("ERR wrong number of arguments for '{name}' command").into_bytes()
}

/// The error for a name that is not known. It repeats the request, each argument with a space behind it.
fn unknown_command(name: &[u8], args: &[Bytes]) -> Vec<u8> {
    let mut text = [
        b"ERR unknown command '",
        name,
        b"', with args beginning with: ",
    ]
    .concat();
    for arg in args {
        text.extend_from_slice(&[b"'", arg.as_ref(), b"' "].concat());
    }
    text
}
