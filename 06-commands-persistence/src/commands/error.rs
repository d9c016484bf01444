//! Why a command was refused, in Redis's words.

use crate::resp::queue::Args;

/// The most bytes that an error repeats of what the client sent.
const MAX_REPEATED: usize = 128;

/// Why a command was refused. The connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// No command has this name. Holds the whole text, as it quotes the request.
    Unknown(Vec<u8>),
    /// The command, named here, takes another number of arguments.
    WrongArity(&'static str),
    /// The command with this name has no such subcommand.
    UnknownSubcommand(&'static str, Vec<u8>),
    /// An argument stands where it means nothing.
    Syntax,
    /// An argument that must be an integer is none, or has more than 64 bits.
    NotAnInteger,
    /// A time to live that is not positive, or beyond what 64 bits of milliseconds hold, for the
    /// command with this name.
    InvalidExpireTime(&'static str),
    /// An option of the EXPIRE family that there is not.
    UnsupportedOption(Vec<u8>),
    /// NX together with XX, GT or LT.
    NxWithOthers,
    /// GT together with LT.
    GtWithLt,
}

impl CommandError {
    /// The error for a request whose name is not known.
    pub fn unknown(args: Args<'_>) -> Self {
        let name = quoted(args.get(0).unwrap_or_default(), MAX_REPEATED);
        let mut text = [
            b"ERR unknown command '",
            name,
            b"', with args beginning with: ",
        ]
        .concat();
        let mut repeated = 0;
        for arg in args.from(1) {
            if repeated >= MAX_REPEATED {
                break;
            }
            let arg = quoted(arg, MAX_REPEATED - repeated);
            text.extend_from_slice(&[b"'", arg, b"' "].concat());
            repeated += arg.len() + 3;
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
            Self::UnknownSubcommand(name, subcommand) => {
                let advice = format!("'. Try {} HELP.", name.to_ascii_uppercase());
                let quoted = quoted(subcommand, MAX_REPEATED);
                [b"ERR unknown subcommand '", quoted, advice.as_bytes()].concat()
            }
            Self::Syntax => b"ERR syntax error".to_vec(),
            Self::NotAnInteger => b"ERR value is not an integer or out of range".to_vec(),
            Self::InvalidExpireTime(name) => {
                format!("ERR invalid expire time in '{name}' command").into_bytes()
            }
            Self::UnsupportedOption(option) => {
                [b"ERR Unsupported option ", quoted(option, usize::MAX)].concat()
            }
            Self::NxWithOthers => {
                b"ERR NX and XX, GT or LT options at the same time are not compatible".to_vec()
            }
            Self::GtWithLt => b"ERR GT and LT options at the same time are not compatible".to_vec(),
        }
    }
}

/// What an error repeats of an argument: up to `limit` bytes, and like C's `printf`, which writes it
/// in Redis, nothing from a NUL byte on.
fn quoted(arg: &[u8], limit: usize) -> &[u8] {
    let end = arg.iter().position(|byte| *byte == 0).unwrap_or(arg.len());
    arg.get(..end.min(limit)).unwrap_or_default()
}
