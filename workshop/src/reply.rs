//! A reader of replies in RESP2 and in what RESP3 adds, independent of the stages' own: what is wrong in one is not in both.

/// How deep arrays may be nested.
const MAX_DEPTH: usize = 32;

/// A value that a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR ...`
    Error(Vec<u8>),
    /// `:1`
    Integer(i64),
    /// `$1`, then `x`
    Bulk(Vec<u8>),
    /// `$-1`
    NullBulk,
    /// `*1`, then a value
    Array(Vec<Reply>),
    /// `*-1`
    NullArray,
    /// `_`, in RESP3
    Null,
    /// `=7`, then `txt:`, the kind of text, and the text, in RESP3
    Verbatim(Vec<u8>),
    /// `%1`, then a key and a value, in RESP3
    Map(Vec<(Reply, Reply)>),
    /// `~1`, then an element, in RESP3
    Set(Vec<Reply>),
    /// `>1`, then a value, in RESP3
    Push(Vec<Reply>),
}

impl Reply {
    /// The elements of an array.
    pub fn array(&self) -> Option<&[Reply]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The bytes of a simple or a bulk string.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(text) | Self::Bulk(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a bulk string.
    pub fn bulk(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an integer.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

/// Bytes that are no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads the value that `bytes` begin with, and gives its length too. `None` while it is incomplete.
///
/// # Errors
/// [`Malformed`].
pub fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, Malformed> {
    let mut reader = Reader { bytes, position: 0 };
    match reader.value(MAX_DEPTH) {
        Ok(reply) => Ok(Some((reply, reader.position))),
        Err(Stop::Incomplete) => Ok(None),
        Err(Stop::Malformed) => Err(Malformed),
    }
}

enum Stop {
    Incomplete,
    Malformed,
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Reply, Stop> {
        let (kind, text) = self.line()?.split_first().ok_or(Stop::Malformed)?;
        match kind {
            b'+' => Ok(Reply::Simple(text.to_vec())),
            b'-' => Ok(Reply::Error(text.to_vec())),
            b':' => Ok(Reply::Integer(number(text)?)),
            b'$' => match number(text)? {
                -1 => Ok(Reply::NullBulk),
                length => self.bulk(length),
            },
            b'*' => match number(text)? {
                -1 => Ok(Reply::NullArray),
                length => Ok(Reply::Array(self.values(length, depth)?)),
            },
            b'=' => match self.bulk(number(text)?)? {
                Reply::Bulk(text) if text.get(3) == Some(&b':') => Ok(Reply::Verbatim(text)),
                _ => Err(Stop::Malformed),
            },
            b'_' if text.is_empty() => Ok(Reply::Null),
            b'~' => Ok(Reply::Set(self.values(number(text)?, depth)?)),
            b'>' => Ok(Reply::Push(self.values(number(text)?, depth)?)),
            b'%' => self.map(number(text)?, depth),
            _ => Err(Stop::Malformed),
        }
    }

    /// A line without its end. Neither half of the end may stand alone in it.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let end = end.ok_or(Stop::Incomplete)?;
        match rest.get(end..) {
            Some([b'\r', b'\n', ..]) => {}
            Some([b'\r']) => return Err(Stop::Incomplete),
            _ => return Err(Stop::Malformed),
        }
        self.position += end + 2;
        Ok(rest.get(..end).unwrap_or_default())
    }

    fn bulk(&mut self, length: i64) -> Result<Reply, Stop> {
        let length = usize::try_from(length).map_err(|_| Stop::Malformed)?;
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let text = rest.get(..length).ok_or(Stop::Incomplete)?;
        let end = rest.get(length..length + 2).ok_or(Stop::Incomplete)?;
        if end != b"\r\n" {
            return Err(Stop::Malformed);
        }
        self.position += length + 2;
        Ok(Reply::Bulk(text.to_vec()))
    }

    fn values(&mut self, length: i64, depth: usize) -> Result<Vec<Reply>, Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop::Malformed)?;
        let length = usize::try_from(length).map_err(|_| Stop::Malformed)?;
        // No memory is taken for elements that are only announced.
        let mut elements = Vec::new();
        for _ in 0..length {
            elements.push(self.value(depth)?);
        }
        Ok(elements)
    }

    fn map(&mut self, length: i64, depth: usize) -> Result<Reply, Stop> {
        let mut values = self
            .values(length.checked_mul(2).ok_or(Stop::Malformed)?, depth)?
            .into_iter();
        let pairs = std::iter::from_fn(|| Some((values.next()?, values.next()?)));
        Ok(Reply::Map(pairs.collect()))
    }
}

fn number(text: &[u8]) -> Result<i64, Stop> {
    let text = std::str::from_utf8(text).map_err(|_| Stop::Malformed)?;
    text.parse().map_err(|_| Stop::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_once_it_is_whole() {
        let bytes = b"*4\r\n+OK\r\n:-7\r\n$2\r\n\r\n\r\n*2\r\n$-1\r\n*-1\r\n";
        let inner = vec![Reply::NullBulk, Reply::NullArray];
        let value = Reply::Array(vec![
            Reply::Simple(b"OK".to_vec()),
            Reply::Integer(-7),
            Reply::Bulk(b"\r\n".to_vec()),
            Reply::Array(inner),
        ]);
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
        let more = [bytes.as_slice(), b"+"].concat();
        assert_eq!(parse(&more), Ok(Some((value, bytes.len()))));
    }

    #[test]
    fn resp3_has_more_types() {
        let bytes = b"%1\r\n+a\r\n~3\r\n_\r\n>1\r\n:1\r\n=5\r\ntxt:x\r\n";
        let push = Reply::Push(vec![Reply::Integer(1)]);
        let text = Reply::Verbatim(b"txt:x".to_vec());
        let set = Reply::Set(vec![Reply::Null, push, text]);
        let value = Reply::Map(vec![(Reply::Simple(b"a".to_vec()), set)]);
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
        assert_eq!(parse(bytes), Ok(Some((value, bytes.len()))));
    }

    #[test]
    fn anything_else_is_malformed() {
        let deep = "*1\r\n".repeat(MAX_DEPTH + 1);
        for bytes in [
            "PONG\r\n",
            "+OK\n",
            "+O\rK\r\n",
            ":x\r\n",
            "$-2\r\n",
            "$1\r\nxyz",
            "\r\n",
            &deep,
        ] {
            assert_eq!(parse(bytes.as_bytes()), Err(Malformed), "{bytes:?}");
        }
    }
}
