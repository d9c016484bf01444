//! What clients send: an array of bulk strings, or one line of words.
//!
//! The limits are Redis's, but for two: Redis 7.0 lets a client announce up to 2^31 - 1 elements, and
//! counts a request's size in another way.

use super::{Progress, ProtocolError, inline, integer};
use bytes::{Buf, Bytes, BytesMut};
use std::mem;

/// A request is its arguments; the first is the command's name. Those of an array were split off the read
/// buffer: each owns its part of that memory, and nothing was copied.
pub type Request = Vec<Bytes>;

/// The longest line: an inline command, or the line that holds a length. Redis's PROTO_INLINE_MAX_SIZE.
const MAX_LINE: usize = 64 * 1024;

/// The most elements of an array, and so the most arguments of a request.
const MAX_ELEMENTS: usize = 1024 * 1024;

/// The longest bulk string. Redis's default for proto-max-bulk-len.
const MAX_BULK: usize = 512 * 1024 * 1024;

/// The most bytes of all arguments of a request. Redis's default for client-query-buffer-limit.
const MAX_REQUEST: usize = 1024 * 1024 * 1024;

/// What parsing a part of a request comes to.
type Parsed<T> = Result<Progress<T>, ProtocolError>;

/// Parses one request after another, and keeps its place when a request arrives in pieces: no byte
/// is looked at twice, however the bytes are cut.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// How much of the present line was searched for its end.
    searched: usize,
    /// How many arguments the request has, once that is known.
    expected: Option<usize>,
    /// Those of them that are whole.
    args: Request,
    /// Length of the next one, once that is known.
    bulk: Option<usize>,
    /// The bytes of all of them so far, the next one included.
    size: usize,
}

impl RequestParser {
    /// Takes from `input` what is whole of the request that it begins with. One without arguments is to
    /// be ignored.
    ///
    /// After [`Progress::Incomplete`], call again when more bytes were appended to what is left in `input`.
    ///
    /// # Errors
    /// [`ProtocolError`], after which the parser is of no more use.
    pub fn parse(&mut self, input: &mut BytesMut) -> Parsed<Request> {
        match input.first() {
            _ if self.expected.is_some() => self.array(input),
            Some(b'*') => self.array(input),
            Some(_) => self.inline(input),
            None => Ok(Progress::Incomplete),
        }
    }

    /// A line of words. Its end is white space as well, and so is no part of any word.
    fn inline(&mut self, input: &mut BytesMut) -> Parsed<Request> {
        let Progress::Complete(end) = self.find(b'\n', input, "inline request")? else {
            return Ok(Progress::Incomplete);
        };
        self.searched = 0;
        let words = inline::split(&input.split_to(end + 1))?;
        Ok(Progress::Complete(words))
    }

    /// `*<elements>`, the end of the line, and so many bulk strings.
    fn array(&mut self, input: &mut BytesMut) -> Parsed<Request> {
        let expected = match self.expected {
            Some(expected) => expected,
            None => {
                let Progress::Complete(line) = self.line(input, "mbulk count string")? else {
                    return Ok(Progress::Incomplete);
                };
                let length = line.get(1..).and_then(integer::parse);
                // A null array counts as an empty one: both ask for nothing.
                let length = length.and_then(|length| bounded(length.max(0), MAX_ELEMENTS));
                let length = length.ok_or(ProtocolError::Invalid("multibulk length"))?;
                *self.expected.insert(length)
            }
        };
        while self.args.len() < expected {
            let Progress::Complete(arg) = self.bulk(input)? else {
                return Ok(Progress::Incomplete);
            };
            self.args.push(arg);
        }
        Ok(Progress::Complete(mem::take(self).args))
    }

    /// `$<length>`, the end of the line, that many bytes, and two more that Redis does not look at either.
    fn bulk(&mut self, input: &mut BytesMut) -> Parsed<Bytes> {
        let length = match self.bulk {
            Some(length) => length,
            None => match self.bulk_length(input)? {
                Progress::Complete(length) => *self.bulk.insert(length),
                Progress::Incomplete => return Ok(Progress::Incomplete),
            },
        };
        if input.len() < length + 2 {
            return Ok(Progress::Incomplete);
        }
        self.bulk = None;
        let arg = input.split_to(length).freeze();
        input.advance(2);
        Ok(Progress::Complete(arg))
    }

    fn bulk_length(&mut self, input: &mut BytesMut) -> Parsed<usize> {
        let Progress::Complete(line) = self.line(input, "bulk count string")? else {
            return Ok(Progress::Incomplete);
        };
        let digits = match &line[..] {
            [b'$', digits @ ..] => digits,
            [other, ..] => return Err(ProtocolError::ExpectedBulk(*other)),
            // An empty line: what stands in its place is its carriage return.
            [] => return Err(ProtocolError::ExpectedBulk(b'\r')),
        };
        let length = integer::parse(digits).and_then(|length| bounded(length, MAX_BULK));
        let length = length.ok_or(ProtocolError::Invalid("bulk length"))?;
        self.size += length;
        if self.size > MAX_REQUEST {
            return Err(ProtocolError::TooBig("request"));
        }
        Ok(Progress::Complete(length))
    }

    /// A line that holds a length, without its end: a carriage return and one more byte.
    fn line(&mut self, input: &mut BytesMut, kind: &'static str) -> Parsed<BytesMut> {
        match self.find(b'\r', input, kind)? {
            Progress::Complete(end) if input.len() >= end + 2 => {
                self.searched = 0;
                let line = input.split_to(end);
                input.advance(2);
                Ok(Progress::Complete(line))
            }
            _ => Ok(Progress::Incomplete),
        }
    }

    /// Where `end` first stands in `input`, which begins with the present line. Looks only at bytes that
    /// were not there before.
    fn find(&mut self, end: u8, input: &[u8], kind: &'static str) -> Parsed<usize> {
        let fresh = input.get(self.searched..).unwrap_or_default();
        let found = fresh.iter().position(|byte| *byte == end);
        self.searched += found.unwrap_or(fresh.len());
        match found {
            _ if self.searched > MAX_LINE => Err(ProtocolError::TooBig(kind)),
            Some(_) => Ok(Progress::Complete(self.searched)),
            None => Ok(Progress::Incomplete),
        }
    }
}

/// The length, where it is neither negative nor above `max`.
fn bounded(length: i64, max: usize) -> Option<usize> {
    usize::try_from(length).ok().filter(|length| *length <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses one request that arrives in the given pieces.
    fn parse_pieces(pieces: &[&[u8]]) -> Parsed<Request> {
        let mut parser = RequestParser::default();
        let mut input = BytesMut::new();
        for piece in pieces {
            input.extend_from_slice(piece);
            if let Progress::Complete(request) = parser.parse(&mut input)? {
                assert_eq!(input, b"".as_slice(), "what is complete is taken");
                return Ok(Progress::Complete(request));
            }
        }
        Ok(Progress::Incomplete)
    }

    fn parse(bytes: &[u8]) -> Parsed<Request> {
        parse_pieces(&[bytes])
    }

    fn complete(args: &[&[u8]]) -> Parsed<Request> {
        let args = args.iter().map(|arg| Bytes::copy_from_slice(arg));
        Ok(Progress::Complete(args.collect()))
    }

    const GOOD: [(&[u8], &[&[u8]]); 10] = [
        (b"*1\r\n$4\r\nPING\r\n", &[b"PING"]),
        (
            b"*2\r\n$4\r\nECHO\r\n$5\r\na\r\n\0b\r\n",
            &[b"ECHO", b"a\r\n\0b"],
        ),
        (b"*2\r\n$0\r\n\r\n$1\r\nx\r\n", &[b"", b"x"]),
        (b"*0\r\n", &[]),
        (b"*-1\r\n", &[]),
        (b"PING\r\n", &[b"PING"]),
        (b"PING hello\n", &[b"PING", b"hello"]),
        (b" \t echo \t two  \r\n", &[b"echo", b"two"]),
        (b"ECHO \"\\x41 b\"\r\n", &[b"ECHO", b"A b"]),
        (b"\r\n", &[]),
    ];

    #[test]
    fn whole_requests() {
        for (bytes, args) in GOOD {
            assert_eq!(parse(bytes), complete(args), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn requests_cut_into_two_and_into_single_bytes() {
        for (bytes, args) in GOOD {
            for cut in 0..bytes.len() {
                let (head, tail) = bytes.split_at(cut);
                assert_eq!(
                    parse(head),
                    Ok(Progress::Incomplete),
                    "{}",
                    head.escape_ascii()
                );
                assert_eq!(parse_pieces(&[head, tail]), complete(args), "cut at {cut}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(parse_pieces(&single), complete(args));
        }
    }

    #[test]
    fn malformed_requests_are_told_apart() {
        use ProtocolError::*;
        let long = [b'1'; MAX_LINE + 1];
        let bad: [(Vec<u8>, ProtocolError); 14] = [
            (b"*x\r\n".to_vec(), Invalid("multibulk length")),
            (b"*\r\n".to_vec(), Invalid("multibulk length")),
            (b"*+1\r\n".to_vec(), Invalid("multibulk length")),
            (b"*1048577\r\n".to_vec(), Invalid("multibulk length")),
            (
                b"*9223372036854775808\r\n".to_vec(),
                Invalid("multibulk length"),
            ),
            (b"*1\r\n:1\r\n".to_vec(), ExpectedBulk(b':')),
            (b"*1\r\n\r\n".to_vec(), ExpectedBulk(b'\r')),
            (b"*1\r\n$-1\r\n".to_vec(), Invalid("bulk length")),
            (b"*1\r\n$536870913\r\n".to_vec(), Invalid("bulk length")),
            (b"*1\r\n$4x\r\n".to_vec(), Invalid("bulk length")),
            (
                [b"*", long.as_slice()].concat(),
                TooBig("mbulk count string"),
            ),
            (
                [b"*1\r\n$", long.as_slice()].concat(),
                TooBig("bulk count string"),
            ),
            (long.to_vec(), TooBig("inline request")),
            (b"\"a\n".to_vec(), UnbalancedQuotes),
        ];
        for (bytes, error) in bad {
            assert_eq!(parse(&bytes), Err(error));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(parse_pieces(&single), Err(error));
        }
    }

    #[test]
    fn the_largest_lengths_are_accepted() {
        assert_eq!(parse(b"*1048576\r\n"), Ok(Progress::Incomplete));
        assert_eq!(parse(b"*1\r\n$536870912\r\n"), Ok(Progress::Incomplete));
        let line = vec![b'x'; MAX_LINE];
        assert_eq!(parse(&line), Ok(Progress::Incomplete));
        assert_eq!(
            parse(&[line.as_slice(), b"\n"].concat()),
            complete(&[&line])
        );
    }

    #[test]
    fn arguments_are_refused_once_they_are_too_many_bytes_together() {
        let mut parser = RequestParser {
            size: MAX_REQUEST - 5,
            ..RequestParser::default()
        };
        let mut input = BytesMut::from("*2\r\n$5\r\nhello\r\n$1\r\n");
        assert_eq!(
            parser.parse(&mut input),
            Err(ProtocolError::TooBig("request"))
        );
    }

    #[test]
    fn an_announced_length_takes_no_memory() {
        let mut parser = RequestParser::default();
        let mut input = BytesMut::from("*1048576\r\n$536870912\r\nx");
        assert_eq!(parser.parse(&mut input), Ok(Progress::Incomplete));
        assert_eq!(parser.args.capacity(), 0);
        assert!(input.capacity() < 1024);
    }

    #[test]
    fn an_argument_lies_where_it_was_received() {
        let mut input = BytesMut::from("*1\r\n$4\r\nPING\r\n");
        let received = input[8..].as_ptr();
        let Ok(Progress::Complete(request)) = RequestParser::default().parse(&mut input) else {
            panic!("a whole request");
        };
        assert_eq!(request[0].as_ptr(), received);
    }
}
