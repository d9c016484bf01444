//! Why bytes are malformed, in Redis's words.

/// Bytes that no request begins with. The connection can't be used any further, since nobody can
/// tell where the next request would start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line of words is longer than 64 KiB.
    InlineTooLong,
    /// The line with the number of elements is longer than 64 KiB.
    ArrayLineTooLong,
    /// The number of elements is no number, or above what a request may have.
    InvalidArrayLength,
    /// An element begins with this byte instead of `$`.
    ExpectedBulk(u8),
    /// The line with the length of a bulk string is longer than 64 KiB.
    BulkLineTooLong,
    /// The length of a bulk string is no number, negative, or above what it may be.
    InvalidBulkLength,
    /// The arguments together are larger than a request may be.
    RequestTooLarge,
}

impl ProtocolError {
    /// The text of the error reply.
    pub fn text(self) -> Vec<u8> {
        let cause: &[u8] = match self {
            Self::InlineTooLong => b"too big inline request",
            Self::ArrayLineTooLong => b"too big mbulk count string",
            Self::InvalidArrayLength => b"invalid multibulk length",
            Self::ExpectedBulk(got) => &[b"expected '$', got '".as_slice(), &[got], b"'"].concat(),
            Self::BulkLineTooLong => b"too big bulk count string",
            Self::InvalidBulkLength => b"invalid bulk length",
            Self::RequestTooLarge => b"too big request",
        };
        [b"ERR Protocol error: ", cause].concat()
    }
}
