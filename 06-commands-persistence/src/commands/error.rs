//! Why a command was refused, in Redis's words.

use crate::keyspace::value::WrongType;
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
    /// The key holds a value of another type.
    WrongType,
    /// An integer would leave 64 bits.
    Overflow,
    /// A string would be longer than proto-max-bulk-len.
    TooLong,
    /// There is no key where there must be one.
    NoSuchKey,
    /// A list has no element at this place.
    IndexOutOfRange,
    /// An argument that must be an integer and not negative.
    NotPositive,
    /// A number of a database that there is not.
    NoSuchDatabase,
    /// A time-out that is no number, beyond all bounds, or negative.
    Timeout(&'static str),
    /// A command that RESP2 does not allow while the client listens to channels.
    Confined(&'static str),
    /// HELLO with a version of the protocol that there is not.
    UnknownProtocol,
    /// The last snapshot failed, and so nothing may be changed.
    SnapshotFailed,
    /// What CONFIG SET does not take. Holds the whole text.
    Config(Vec<u8>),
    /// Another text, in full.
    Text(String),
}

impl From<WrongType> for CommandError {
    fn from(_: WrongType) -> Self {
        Self::WrongType
    }
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
            Self::WrongType => {
                b"WRONGTYPE Operation against a key holding the wrong kind of value".to_vec()
            }
            Self::Overflow => b"ERR increment or decrement would overflow".to_vec(),
            Self::TooLong => b"ERR string exceeds maximum allowed size (proto-max-bulk-len)".to_vec(),
            Self::NoSuchKey => b"ERR no such key".to_vec(),
            Self::IndexOutOfRange => b"ERR index out of range".to_vec(),
            Self::NotPositive => b"ERR value is out of range, must be positive".to_vec(),
            Self::NoSuchDatabase => b"ERR DB index is out of range".to_vec(),
            Self::Timeout(problem) => format!("ERR timeout is {problem}").into_bytes(),
            Self::Confined(name) => format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed \
                 in this context"
            )
            .into_bytes(),
            Self::UnknownProtocol => b"NOPROTO unsupported protocol version".to_vec(),
            Self::SnapshotFailed => {
                b"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
                Commands that may modify the data set are disabled, because this instance is configured to report errors \
                during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs \
                for details about the RDB error."
                    .to_vec()
            }
            Self::Config(text) => text.clone(),
            Self::Text(text) => text.clone().into_bytes(),
        }
    }
}

/// What an error repeats of an argument: up to `limit` bytes, and like C's `printf`, which writes it
/// in Redis, nothing from a NUL byte on.
fn quoted(arg: &[u8], limit: usize) -> &[u8] {
    let end = arg.iter().position(|byte| *byte == 0).unwrap_or(arg.len());
    arg.get(..end.min(limit)).unwrap_or_default()
}
