//! Why bytes are malformed, in Redis's words.

/// Bytes that no request begins with. The connection can't be used any further, since nobody can
/// tell where the next request would start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line of this kind, or a request, is longer than it may be.
    TooBig(&'static str),
    /// A length of this kind is no number, or not one that is allowed.
    Invalid(&'static str),
    /// An element of an array begins with this byte instead of `$`.
    ExpectedBulk(u8),
    /// A quote is not closed, or does not end its word.
    UnbalancedQuotes,
}

impl ProtocolError {
    /// The text of the error reply.
    pub fn text(self) -> Vec<u8> {
        let cause = match self {
            Self::TooBig(what) => ["too big ", what].concat().into_bytes(),
            Self::Invalid(what) => ["invalid ", what].concat().into_bytes(),
            Self::ExpectedBulk(got) => [b"expected '$', got '".as_slice(), &[got], b"'"].concat(),
            Self::UnbalancedQuotes => b"unbalanced quotes in request".to_vec(),
        };
        [b"ERR Protocol error: ", cause.as_slice()].concat()
    }
}
