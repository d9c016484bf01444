//! RESP2, the Redis serialization protocol: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! Nothing in here does I/O: bytes come in, messages go out, and the other way round.
//!
//! - [`integer`]: numbers, which both sides write in decimal digits.
//! - [`request`]: what clients send: arrays of bulk strings, or lines of words.
//! - [`reply`]: what the server answers.

mod error;
mod inline;
pub mod integer;
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
