//! Why a command was refused, in Redis's words.

use crate::resp::request::Request;

/// The most bytes that an error repeats of what the client sent.
const MAX_REPEATED: usize = 128;

/// Why a command was refused. The connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// No command has this name. Holds the whole text, as it quotes the request.
    Unknown(Vec<u8>),
    /// The command, named here, takes another number of arguments.
    WrongArity(&'static str),
    /// An argument stands where it means nothing.
    Syntax,
}

impl CommandError {
    /// The error for a request whose name is not known: repeats it, each argument with a space behind it.
    pub fn unknown(name: &[u8], args: &Request) -> Self {
        let name = quoted(name, MAX_REPEATED);
        let mut text = [
            b"ERR unknown command '",
            name,
            b"', with args beginning with: ",
        ]
        .concat();
        let mut room = MAX_REPEATED;
        for arg in args.iter().skip(1) {
            if room == 0 {
                break;
            }
            let arg = quoted(arg, room);
            text.extend_from_slice(&[b"'", arg, b"' "].concat());
            room = room.saturating_sub(arg.len() + 3);
        }
        Self::Unknown(text)
    }

    /// The text of the error reply.
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Unknown(text) => text.clone(),
            Self::WrongArity(name) => {
                format!("ERR wrong number of arguments for '{name}' command").into_bytes()
            }
            Self::Syntax => b"ERR syntax error".to_vec(),
        }
    }
}

/// What an error repeats of an argument: up to `limit` bytes, and like C's `printf`, which writes it
/// in Redis, nothing from a NUL byte on.
fn quoted(arg: &[u8], limit: usize) -> &[u8] {
    let end = arg.iter().position(|byte| *byte == 0).unwrap_or(arg.len());
    arg.get(..end.min(limit)).unwrap_or_default()
}
