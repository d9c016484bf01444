//! RESP2, the Redis serialization protocol: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! Nothing in here does I/O: bytes come in as slices, messages and bytes go out.
//!
//! - [`request`]: the server's side, what clients send: arrays of bulk strings, or inline commands.
//! - [`queue`]: requests that have arrived and wait to be executed.
//! - [`reply`]: the server's side, what it answers.
//! - [`frame`]: the client's side, any RESP2 value, parsed and written.

pub mod frame;
pub mod inline;
pub mod integer;
mod line;
pub mod queue;
pub mod reply;
pub mod request;

/// What a parser makes of the bytes that have arrived. Malformed bytes are an error beside it.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// A whole message.
    Complete(T),
    /// The beginning of one: call again when more bytes have arrived.
    Incomplete,
}

/// An argument inside the bytes of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte of the argument, counted from the first byte of the request.
    pub start: usize,
    /// Its length in bytes.
    pub len: usize,
}

/// The longest line: an inline command, or the line that holds a length. Redis's PROTO_INLINE_MAX_SIZE.
pub const MAX_LINE: usize = 64 * 1024;

/// The most elements of an array, and so the most arguments of a request.
pub const MAX_ELEMENTS: usize = 1024 * 1024;

/// The longest bulk string. Redis's default for proto-max-bulk-len.
pub const MAX_BULK: usize = 512 * 1024 * 1024;

/// How deep arrays may be nested in one another.
pub const MAX_DEPTH: usize = 32;
