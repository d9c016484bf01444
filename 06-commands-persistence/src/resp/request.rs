//! What clients send: an array of bulk strings, or one line of words.
//!
//! The words of the errors are Redis's, and so are the limits, but for the number of elements: Redis 7.0 lets
//! a client announce up to 2^31 - 1 of them.

pub use super::ProtocolError;
use super::{Progress, Span, inline, integer};

/// The longest line: an inline command, or the line that holds a length. Redis's PROTO_INLINE_MAX_SIZE.
const MAX_LINE: usize = 64 * 1024;

/// The most elements of an array, and so the most arguments of a request.
const MAX_ELEMENTS: usize = 1024 * 1024;

/// The longest bulk string. Redis's default for proto-max-bulk-len.
const MAX_BULK: usize = 512 * 1024 * 1024;

/// What parsing a part of a request comes to.
type Parsed<T> = Result<Progress<T>, ProtocolError>;

/// Parses one request after another, and keeps its place when a request arrives in pieces: no byte
/// is looked at twice, however the bytes are cut.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// How much of the request is parsed.
    position: usize,
    /// How much of the present line was searched for its end.
    searched: usize,
    /// Arguments still to come, once the array's length is known.
    missing: Option<usize>,
    /// Length of the bulk string whose bytes are awaited.
    bulk: Option<usize>,
}

impl RequestParser {
    /// Parses the request that `bytes` begins with, and appends a span for each of its arguments to
    /// `spans`. Complete gives the request's length in bytes; one without arguments is to be ignored.
    ///
    /// After [`Progress::Incomplete`], call again with the same bytes and more behind them, and with
    /// the `spans` that were appended. Quotes in an inline command are resolved within `bytes`.
    ///
    /// # Errors
    /// [`ProtocolError`], after which the parser is of no more use.
    pub fn parse(&mut self, bytes: &mut [u8], spans: &mut Vec<Span>) -> Parsed<usize> {
        let progress = match bytes.first() {
            None => return Ok(Progress::Incomplete),
            Some(b'*') => self.array(bytes, spans)?,
            Some(_) => self.inline(bytes, spans)?,
        };
        if let Progress::Complete(_) = progress {
            *self = Self::default();
        }
        Ok(progress)
    }

    /// A line of words. Its end is white space as well, and so is no part of any word.
    fn inline(&mut self, bytes: &mut [u8], spans: &mut Vec<Span>) -> Parsed<usize> {
        let Progress::Complete(end) = self.find(b'\n', bytes, "inline request")? else {
            return Ok(Progress::Incomplete);
        };
        let line = bytes.get_mut(..end).unwrap_or_default();
        inline::split(line, spans).ok_or(ProtocolError::UnbalancedQuotes)?;
        Ok(Progress::Complete(end + 1))
    }

    /// `*<elements>`, the end of the line, and so many bulk strings.
    fn array(&mut self, bytes: &[u8], spans: &mut Vec<Span>) -> Parsed<usize> {
        let mut missing = match self.missing {
            Some(missing) => missing,
            None => {
                let Progress::Complete(line) = self.line(bytes, "mbulk count string")? else {
                    return Ok(Progress::Incomplete);
                };
                let length = line.get(1..).and_then(integer::parse);
                // A null array counts as an empty one: both ask for nothing.
                let length = length.and_then(|length| bounded(length.max(0), MAX_ELEMENTS));
                length.ok_or(ProtocolError::Invalid("multibulk length"))?
            }
        };
        while missing > 0 {
            let Progress::Complete(span) = self.bulk(bytes)? else {
                self.missing = Some(missing);
                return Ok(Progress::Incomplete);
            };
            spans.push(span);
            missing -= 1;
        }
        Ok(Progress::Complete(self.position))
    }

    /// `$<length>`, the end of the line, that many bytes, and two more that Redis does not look at either.
    fn bulk(&mut self, bytes: &[u8]) -> Parsed<Span> {
        let len = match self.bulk {
            Some(len) => len,
            None => match self.bulk_length(bytes)? {
                Progress::Complete(len) => len,
                Progress::Incomplete => return Ok(Progress::Incomplete),
            },
        };
        let start = self.position;
        let end = start + len + 2;
        if bytes.len() < end {
            self.bulk = Some(len);
            return Ok(Progress::Incomplete);
        }
        self.bulk = None;
        self.position = end;
        Ok(Progress::Complete(Span { start, len }))
    }

    fn bulk_length(&mut self, bytes: &[u8]) -> Parsed<usize> {
        let Progress::Complete(line) = self.line(bytes, "bulk count string")? else {
            return Ok(Progress::Incomplete);
        };
        let digits = match line {
            [b'$', digits @ ..] => digits,
            [other, ..] => return Err(ProtocolError::ExpectedBulk(*other)),
            // An empty line: what stands in its place is its carriage return.
            [] => return Err(ProtocolError::ExpectedBulk(b'\r')),
        };
        let length = integer::parse(digits).and_then(|length| bounded(length, MAX_BULK));
        let length = length.ok_or(ProtocolError::Invalid("bulk length"))?;
        Ok(Progress::Complete(length))
    }

    /// The line at the current position, without its end, and moves behind it. A line ends with a
    /// carriage return and one more byte.
    fn line<'a>(&mut self, bytes: &'a [u8], kind: &'static str) -> Parsed<&'a [u8]> {
        let rest = bytes.get(self.position..).unwrap_or_default();
        match self.find(b'\r', rest, kind)? {
            Progress::Complete(end) if rest.len() >= end + 2 => {
                self.searched = 0;
                self.position += end + 2;
                Ok(Progress::Complete(rest.get(..end).unwrap_or_default()))
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
    fn parse_pieces(pieces: &[&[u8]]) -> Parsed<Vec<Vec<u8>>> {
        let mut parser = RequestParser::default();
        let mut spans = Vec::new();
        let mut bytes = Vec::new();
        for piece in pieces {
            bytes.extend_from_slice(piece);
            if let Progress::Complete(_) = parser.parse(&mut bytes, &mut spans)? {
                let arg = |span: &Span| bytes[span.start..span.start + span.len].to_vec();
                return Ok(Progress::Complete(spans.iter().map(arg).collect()));
            }
        }
        Ok(Progress::Incomplete)
    }

    fn parse(bytes: &[u8]) -> Parsed<Vec<Vec<u8>>> {
        parse_pieces(&[bytes])
    }

    fn complete(args: &[&[u8]]) -> Parsed<Vec<Vec<u8>>> {
        Ok(Progress::Complete(
            args.iter().map(|arg| arg.to_vec()).collect(),
        ))
    }

    const GOOD: [(&[u8], &[&[u8]]); 9] = [
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
    fn an_announced_length_takes_no_memory() {
        let mut spans = Vec::new();
        let mut bytes = b"*1048576\r\n$536870912\r\nx".to_vec();
        RequestParser::default()
            .parse(&mut bytes, &mut spans)
            .unwrap();
        assert_eq!(spans.capacity(), 0);
    }
}
