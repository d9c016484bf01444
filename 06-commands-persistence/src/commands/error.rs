//! Why a command was refused, in Redis's words.

use crate::keyspace::value::WrongType;
use crate::resp::queue::Args;
use std::borrow::Cow;

/// The most bytes that an error repeats of what the client sent.
const MAX_REPEATED: usize = 128;

/// Why a command was refused: the text of the error reply. The connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError(Cow<'static, [u8]>);

/// What several commands, or the core, refuse with. A command has constants of its own for what only it says.
impl CommandError {
    pub const SYNTAX: Self = Self::new("ERR syntax error");
    pub const NOT_AN_INTEGER: Self = Self::new("ERR value is not an integer or out of range");
    pub const NOT_A_FLOAT: Self = Self::new("ERR value is not a valid float");
    pub const NAN_OR_INFINITY: Self = Self::new("ERR increment would produce NaN or Infinity");
    pub const NOT_32_BITS: Self =
        Self::new("ERR value is out of range, value must between -2147483648 and 2147483647");
    pub const NOT_POSITIVE: Self = Self::new("ERR value is out of range, must be positive");
    pub const WRONG_TYPE: Self =
        Self::new("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub const OVERFLOW: Self = Self::new("ERR increment or decrement would overflow");
    pub const TOO_LONG: Self =
        Self::new("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    pub const NO_SUCH_KEY: Self = Self::new("ERR no such key");
    pub const NO_SUCH_CLIENT: Self = Self::new("ERR No such client");
    pub const INDEX_OUT_OF_RANGE: Self = Self::new("ERR index out of range");
    pub const NO_SUCH_DATABASE: Self = Self::new("ERR DB index is out of range");
    pub const NX_WITH_OTHERS: Self =
        Self::new("ERR NX and XX, GT or LT options at the same time are not compatible");
    pub const GT_WITH_LT: Self =
        Self::new("ERR GT and LT options at the same time are not compatible");
    pub const UNKNOWN_PROTOCOL: Self = Self::new("NOPROTO unsupported protocol version");
    pub const PROTECTED: Self = Self::new(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local \
        connection, otherwise you need to set this option in the configuration file, and then restart the server.",
    );
    pub const SNAPSHOT_FAILED: Self = Self::new(
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
        Commands that may modify the data set are disabled, because this instance is configured to report errors \
        during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs \
        for details about the RDB error.",
    );

    /// An error with this text.
    pub const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// An error with a text that was made for it.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// The text of the error reply.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

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
        Self::text(text)
    }

    /// The command with this name takes another number of arguments.
    pub fn wrong_arity(name: &str) -> Self {
        Self::text(format!(
            "ERR wrong number of arguments for '{name}' command"
        ))
    }

    /// The command with this name has no such subcommand.
    pub fn unknown_subcommand(name: &str, subcommand: &[u8]) -> Self {
        let advice = format!("'. Try {} HELP.", name.to_ascii_uppercase());
        let quoted = quoted(subcommand, MAX_REPEATED);
        Self::text([b"ERR unknown subcommand '", quoted, advice.as_bytes()].concat())
    }

    /// The command with this name, whose subcommands have no rows, has none of this name that takes so many arguments.
    pub fn unknown_or_wrong_arity(name: &str, subcommand: &[u8]) -> Self {
        let advice = format!("'. Try {} HELP.", name.to_ascii_uppercase());
        let quoted = quoted(subcommand, MAX_REPEATED);
        let text = b"ERR unknown subcommand or wrong number of arguments for '";
        Self::text([text, quoted, advice.as_bytes()].concat())
    }

    /// A time to live that is not positive, or beyond what 64 bits of milliseconds hold, for the command with this name.
    pub fn invalid_expire_time(name: &str) -> Self {
        Self::text(format!("ERR invalid expire time in '{name}' command"))
    }

    /// An option of the EXPIRE family that there is not.
    pub fn unsupported_option(option: &[u8]) -> Self {
        Self::text([b"ERR Unsupported option ", quoted(option, usize::MAX)].concat())
    }

    /// A command that RESP2 does not allow while the client listens to channels.
    pub fn confined(name: &str) -> Self {
        Self::text(format!(
            "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
        ))
    }
}

impl From<WrongType> for CommandError {
    fn from(_: WrongType) -> Self {
        Self::WRONG_TYPE
    }
}

/// What an error repeats of an argument: up to `limit` bytes, and like C's `printf`, which writes it
/// in Redis, nothing from a NUL byte on.
pub(super) fn quoted(arg: &[u8], limit: usize) -> &[u8] {
    let end = arg.iter().position(|byte| *byte == 0).unwrap_or(arg.len());
    arg.get(..end.min(limit)).unwrap_or_default()
}
