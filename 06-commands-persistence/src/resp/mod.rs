//! RESP2, the Redis serialization protocol: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! Nothing in here does I/O: bytes come in as slices, messages and bytes go out.
//!
//! - [`request`]: the server's side, what clients send: arrays of bulk strings, or inline commands.
//! - [`queue`]: requests that have arrived and wait to be executed.
//! - [`reply`]: the server's side, what it answers.

pub mod double;
mod error;
pub mod inline;
pub mod integer;
pub mod queue;
pub mod reply;
pub mod request;

pub use error::ProtocolError;

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
