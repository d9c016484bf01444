//! Any RESP2 value: what a client reads. A server needs it for its tests, and once it becomes a
//! client itself.

use super::reply::Reply;
use super::{MAX_BULK, MAX_DEPTH, MAX_ELEMENTS, MAX_LINE, Progress, integer, line::LineScanner};

/// A RESP2 value. Text is bytes: nothing says that it is UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR unknown command`
    Error(Vec<u8>),
    /// `:42`
    Integer(i64),
    /// `$5`, then `hello`
    Bulk(Vec<u8>),
    /// `$-1`: no such value
    NullBulk,
    /// `*2`, then two more values
    Array(Vec<Frame>),
    /// `*-1`: no such array
    NullArray,
}

impl Frame {
    /// Appends the value to a reply.
    pub fn write(&self, reply: &mut Reply) {
        match self {
            Self::Simple(text) => reply.simple(&String::from_utf8_lossy(text)),
            Self::Error(text) => reply.error(text),
            Self::Integer(value) => reply.integer(*value),
            Self::Bulk(bytes) => reply.bulk(bytes),
            Self::NullBulk => reply.null(),
            Self::Array(elements) => {
                reply.array(elements.len());
                elements.iter().for_each(|element| element.write(reply));
            }
            Self::NullArray => reply.null_array(),
        }
    }
}

/// Bytes that are no RESP2 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A value begins with none of `+ - : $ *`.
    UnknownType(u8),
    /// A line is longer than [`MAX_LINE`].
    LineTooLong,
    /// A line does not end with a carriage return and a newline, or a bulk string is not followed by them.
    ExpectedLineEnd,
    /// The text of an integer is none.
    InvalidInteger,
    /// A length is no number, below -1, or above [`MAX_BULK`] or [`MAX_ELEMENTS`].
    InvalidLength,
    /// Arrays are nested more than [`MAX_DEPTH`] deep.
    TooDeep,
}

/// An array some of whose elements are still to come.
#[derive(Debug)]
struct OpenArray {
    missing: usize,
    elements: Vec<Frame>,
}

/// Parses one value after another, and keeps its place when a value arrives in pieces.
///
/// Arrays that are begun wait on a stack of its own instead of the call stack, so that parsing can
/// stop anywhere, and hostile nesting can't exhaust anything.
#[derive(Debug, Default)]
pub struct FrameParser {
    position: usize,
    line: LineScanner,
    bulk: Option<usize>,
    open: Vec<OpenArray>,
}

impl FrameParser {
    /// Parses the value that `bytes` begins with: the value, and how many bytes it takes.
    ///
    /// After [`Progress::Incomplete`], call again with the same bytes and more behind them.
    ///
    /// # Errors
    /// [`FrameError`], after which the parser is of no more use.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Progress<(Frame, usize)>, FrameError> {
        loop {
            let Progress::Complete(value) = self.value(bytes)? else {
                return Ok(Progress::Incomplete);
            };
            if let Some(frame) = value.and_then(|value| self.close_arrays(value)) {
                let length = self.position;
                *self = Self::default();
                return Ok(Progress::Complete((frame, length)));
            }
        }
    }

    /// Puts a finished value into the innermost open array. That may finish this array, which then
    /// goes into the next. Gives the outermost value once it is whole.
    fn close_arrays(&mut self, mut value: Frame) -> Option<Frame> {
        while let Some(mut array) = self.open.pop() {
            array.elements.push(value);
            array.missing -= 1;
            if array.missing > 0 {
                self.open.push(array);
                return None;
            }
            value = Frame::Array(array.elements);
        }
        Some(value)
    }

    /// The next value that is not an array with elements; such an array is opened, and gives `None`.
    fn value(&mut self, bytes: &[u8]) -> Result<Progress<Option<Frame>>, FrameError> {
        if let Some(length) = self.bulk {
            return self.bulk(bytes, length);
        }
        let Progress::Complete(line) = self.line(bytes)? else {
            return Ok(Progress::Incomplete);
        };
        let frame = match line {
            [b'+', text @ ..] => Frame::Simple(text.to_vec()),
            [b'-', text @ ..] => Frame::Error(text.to_vec()),
            [b':', text @ ..] => {
                Frame::Integer(integer::parse(text).ok_or(FrameError::InvalidInteger)?)
            }
            [b'$', text @ ..] => match length(text, MAX_BULK)? {
                Some(length) => return self.bulk(bytes, length),
                None => Frame::NullBulk,
            },
            [b'*', text @ ..] => match length(text, MAX_ELEMENTS)? {
                Some(0) => Frame::Array(Vec::new()),
                Some(missing) => return self.open_array(missing),
                None => Frame::NullArray,
            },
            [other, ..] => return Err(FrameError::UnknownType(*other)),
            [] => return Err(FrameError::UnknownType(b'\r')),
        };
        Ok(Progress::Complete(Some(frame)))
    }

    fn open_array(&mut self, missing: usize) -> Result<Progress<Option<Frame>>, FrameError> {
        if self.open.len() == MAX_DEPTH {
            return Err(FrameError::TooDeep);
        }
        // The announced length reserves nothing: memory is taken by elements that are there.
        self.open.push(OpenArray {
            missing,
            elements: Vec::new(),
        });
        Ok(Progress::Complete(None))
    }

    fn bulk(&mut self, bytes: &[u8], length: usize) -> Result<Progress<Option<Frame>>, FrameError> {
        let rest = bytes.get(self.position..).unwrap_or_default();
        let Some((value, end)) = rest
            .get(..length + 2)
            .and_then(|both| both.split_at_checked(length))
        else {
            self.bulk = Some(length);
            return Ok(Progress::Incomplete);
        };
        if end != b"\r\n" {
            return Err(FrameError::ExpectedLineEnd);
        }
        self.bulk = None;
        self.position += length + 2;
        Ok(Progress::Complete(Some(Frame::Bulk(value.to_vec()))))
    }

    /// The line at the current position, without its end, and moves behind it.
    fn line<'a>(&mut self, bytes: &'a [u8]) -> Result<Progress<&'a [u8]>, FrameError> {
        let rest = bytes.get(self.position..).unwrap_or_default();
        let Some(end) = self.line.find(rest, b'\n') else {
            // One byte more than the limit may be the carriage return.
            let too_long = rest.len() > MAX_LINE + 1;
            return if too_long {
                Err(FrameError::LineTooLong)
            } else {
                Ok(Progress::Incomplete)
            };
        };
        self.position += end + 1;
        let line = rest.get(..end).unwrap_or_default();
        let line = line
            .strip_suffix(b"\r")
            .ok_or(FrameError::ExpectedLineEnd)?;
        if line.len() > MAX_LINE {
            return Err(FrameError::LineTooLong);
        }
        Ok(Progress::Complete(line))
    }
}

/// A length up to `limit`; -1 stands for a value that is not there.
fn length(text: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    match integer::parse(text).ok_or(FrameError::InvalidLength)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= limit => Ok(Some(length)),
            _ => Err(FrameError::InvalidLength),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Frame {
        Frame::Bulk(text.as_bytes().to_vec())
    }

    /// The examples of the RESP specification, and their neighbours.
    fn vectors() -> Vec<(&'static str, Frame)> {
        use Frame::*;
        let hello = || vec![bulk("hello"), bulk("world")];
        vec![
            ("+OK\r\n", Simple(b"OK".to_vec())),
            ("+\r\n", Simple(vec![])),
            (
                "-ERR unknown command 'asdf'\r\n",
                Error(b"ERR unknown command 'asdf'".to_vec()),
            ),
            (":0\r\n", Integer(0)),
            (":1000\r\n", Integer(1000)),
            (":-9223372036854775808\r\n", Integer(i64::MIN)),
            ("$5\r\nhello\r\n", bulk("hello")),
            ("$0\r\n\r\n", bulk("")),
            ("$4\r\na\r\nb\r\n", bulk("a\r\nb")),
            ("$-1\r\n", NullBulk),
            ("*0\r\n", Array(vec![])),
            ("*-1\r\n", NullArray),
            ("*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n", Array(hello())),
            (
                "*3\r\n:1\r\n:2\r\n:3\r\n",
                Array(vec![Integer(1), Integer(2), Integer(3)]),
            ),
            (
                "*3\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n",
                Array(vec![bulk("hello"), NullBulk, NullArray]),
            ),
            (
                "*2\r\n*3\r\n:1\r\n*0\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n",
                Array(vec![
                    Array(vec![Integer(1), Array(vec![]), Integer(3)]),
                    Array(vec![Simple(b"Hello".to_vec()), Error(b"World".to_vec())]),
                ]),
            ),
        ]
    }

    #[test]
    fn the_vectors_both_ways() {
        for (text, frame) in vectors() {
            let parsed = FrameParser::default().parse(text.as_bytes());
            assert_eq!(
                parsed,
                Ok(Progress::Complete((frame.clone(), text.len()))),
                "{text:?}"
            );
            let mut reply = Reply::default();
            frame.write(&mut reply);
            assert_eq!(reply.bytes(), text.as_bytes());
        }
    }

    #[test]
    fn the_vectors_byte_by_byte() {
        for (text, frame) in vectors() {
            let mut parser = FrameParser::default();
            for length in 0..text.len() {
                let parsed = parser.parse(&text.as_bytes()[..length]);
                assert_eq!(
                    parsed,
                    Ok(Progress::Incomplete),
                    "{length} bytes of {text:?}"
                );
            }
            assert_eq!(
                parser.parse(text.as_bytes()),
                Ok(Progress::Complete((frame, text.len())))
            );
        }
    }

    #[test]
    fn malformed_values_are_told_apart() {
        use FrameError::*;
        let deep = "*1\r\n".repeat(MAX_DEPTH + 1);
        let long = format!("+{}\r\n", "x".repeat(MAX_LINE));
        let bad = [
            ("?\r\n", UnknownType(b'?')),
            ("\r\n", UnknownType(b'\r')),
            (":\r\n", InvalidInteger),
            (":1.5\r\n", InvalidInteger),
            ("$-2\r\n", InvalidLength),
            ("$536870913\r\n", InvalidLength),
            ("*1048577\r\n", InvalidLength),
            ("+OK\n", ExpectedLineEnd),
            ("$1\r\nabc", ExpectedLineEnd),
            (deep.as_str(), TooDeep),
            (long.as_str(), LineTooLong),
        ];
        for (text, error) in bad {
            assert_eq!(FrameParser::default().parse(text.as_bytes()), Err(error));
        }
    }

    #[test]
    fn nesting_up_to_the_limit_is_parsed() {
        let text = format!("{}:1\r\n", "*1\r\n".repeat(MAX_DEPTH));
        let parsed = FrameParser::default().parse(text.as_bytes()).unwrap();
        assert!(matches!(parsed, Progress::Complete((Frame::Array(_), _))));
    }
}
