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
    /// An argument that must be an integer is none, or has more than 64 bits.
    NotAnInteger,
    /// A time to live that is not positive, or beyond what 64 bits of milliseconds hold, for the
    /// command with this name.
    InvalidExpireTime(&'static str),
    /// An option of the EXPIRE family that there is not.
    UnsupportedOption(Vec<u8>),
    /// Options of the EXPIRE family, named here, that contradict each other.
    Incompatible(&'static str),
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
            Self::NotAnInteger => b"ERR value is not an integer or out of range".to_vec(),
            Self::InvalidExpireTime(name) => {
                format!("ERR invalid expire time in '{name}' command").into_bytes()
            }
            Self::UnsupportedOption(option) => {
                [b"ERR Unsupported option ", quoted(option, usize::MAX)].concat()
            }
            Self::Incompatible(options) => {
                format!("ERR {options} options at the same time are not compatible").into_bytes()
            }
        }
    }
}

/// What an error repeats of an argument: up to `limit` bytes, and like C's `printf`, which writes it
/// in Redis, nothing from a NUL byte on.
fn quoted(arg: &[u8], limit: usize) -> &[u8] {
    let end = arg.iter().position(|byte| *byte == 0).unwrap_or(arg.len());
    arg.get(..end.min(limit)).unwrap_or_default()
}
