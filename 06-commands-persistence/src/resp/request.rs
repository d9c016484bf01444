//! What clients send: an array of bulk strings, or one line of words.
//!
//! The words of the errors are Redis's, and so are the limits, but for the number of elements: Redis 7.0 lets
//! a client announce up to 2^31 - 1 of them.

use super::{MAX_BULK, MAX_ELEMENTS, MAX_LINE, Progress, Span, inline, integer, line::LineScanner};

/// Bytes that no request begins with. The connection can't be used any further, since nobody can
/// tell where the next request would start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line of words longer than [`MAX_LINE`].
    InlineTooLong,
    /// A quote that is not closed, or that does not end its word.
    UnbalancedQuotes,
    /// The line with the number of elements is longer than [`MAX_LINE`].
    ArrayLineTooLong,
    /// The number of elements is no number, or above [`MAX_ELEMENTS`].
    InvalidArrayLength,
    /// An element that begins with this byte instead of `$`.
    ExpectedBulk(u8),
    /// The line with the length of a bulk string is longer than [`MAX_LINE`].
    BulkLineTooLong,
    /// The length of a bulk string is no number, negative, or above [`MAX_BULK`].
    InvalidBulkLength,
    /// A request that is larger than this server takes in whole.
    RequestTooLarge,
}

impl ProtocolError {
    /// The text of the error reply.
    pub fn text(self) -> Vec<u8> {
        let cause: &[u8] = match self {
            Self::InlineTooLong => b"too big inline request",
            Self::UnbalancedQuotes => b"unbalanced quotes in request",
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

/// Parses one request after another, and keeps its place when a request arrives in pieces: no byte
/// is looked at twice, however the bytes are cut.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// How much of the request is parsed.
    position: usize,
    /// Arguments still to come, once the array's length is known.
    missing: Option<usize>,
    /// Length of the bulk string whose bytes are awaited.
    bulk: Option<usize>,
    line: LineScanner,
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
    pub fn parse(
        &mut self,
        bytes: &mut [u8],
        spans: &mut Vec<Span>,
    ) -> Result<Progress<usize>, ProtocolError> {
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

    fn inline(
        &mut self,
        bytes: &mut [u8],
        spans: &mut Vec<Span>,
    ) -> Result<Progress<usize>, ProtocolError> {
        let end = self.line.find(bytes, b'\n');
        if end.unwrap_or(bytes.len()) > MAX_LINE {
            return Err(ProtocolError::InlineTooLong);
        }
        let Some(line) = end.and_then(|end| bytes.get_mut(..end)) else {
            return Ok(Progress::Incomplete);
        };
        let length = line.len() + 1;
        // A carriage return before the newline is white space, and so no part of any word.
        inline::split(line, spans).map_err(|_| ProtocolError::UnbalancedQuotes)?;
        Ok(Progress::Complete(length))
    }

    fn array(
        &mut self,
        bytes: &[u8],
        spans: &mut Vec<Span>,
    ) -> Result<Progress<usize>, ProtocolError> {
        let mut missing = match self.missing {
            Some(missing) => missing,
            None => match self.array_length(bytes)? {
                Progress::Complete(length) => length,
                Progress::Incomplete => return Ok(Progress::Incomplete),
            },
        };
        while missing > 0 {
            match self.bulk(bytes)? {
                Progress::Complete(span) => spans.push(span),
                Progress::Incomplete => {
                    self.missing = Some(missing);
                    return Ok(Progress::Incomplete);
                }
            }
            missing -= 1;
        }
        Ok(Progress::Complete(self.position))
    }

    /// The line `*<elements>`. A null array counts as an empty one: both ask for nothing.
    fn array_length(&mut self, bytes: &[u8]) -> Result<Progress<usize>, ProtocolError> {
        let Progress::Complete(line) = self.line(bytes, ProtocolError::ArrayLineTooLong)? else {
            return Ok(Progress::Incomplete);
        };
        let digits = line.get(1..).unwrap_or_default();
        let length = integer::parse(digits).ok_or(ProtocolError::InvalidArrayLength)?;
        match usize::try_from(length.max(0)) {
            Ok(length) if length <= MAX_ELEMENTS => Ok(Progress::Complete(length)),
            _ => Err(ProtocolError::InvalidArrayLength),
        }
    }

    /// One element: `$<length>`, the end of the line, that many bytes, and two more that Redis does
    /// not look at either.
    fn bulk(&mut self, bytes: &[u8]) -> Result<Progress<Span>, ProtocolError> {
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

    fn bulk_length(&mut self, bytes: &[u8]) -> Result<Progress<usize>, ProtocolError> {
        let Progress::Complete(line) = self.line(bytes, ProtocolError::BulkLineTooLong)? else {
            return Ok(Progress::Incomplete);
        };
        let digits = match line {
            [b'$', digits @ ..] => digits,
            [other, ..] => return Err(ProtocolError::ExpectedBulk(*other)),
            // An empty line: what stands in its place is its carriage return.
            [] => return Err(ProtocolError::ExpectedBulk(b'\r')),
        };
        let length = integer::parse(digits).and_then(|length| usize::try_from(length).ok());
        match length {
            Some(length) if length <= MAX_BULK => Ok(Progress::Complete(length)),
            _ => Err(ProtocolError::InvalidBulkLength),
        }
    }

    /// The line at the current position, without its end, and moves behind it. A line ends with a
    /// carriage return and one more byte.
    fn line<'a>(
        &mut self,
        bytes: &'a [u8],
        too_long: ProtocolError,
    ) -> Result<Progress<&'a [u8]>, ProtocolError> {
        let rest = bytes.get(self.position..).unwrap_or_default();
        let Some(end) = self.line.find(rest, b'\r') else {
            return if rest.len() > MAX_LINE {
                Err(too_long)
            } else {
                Ok(Progress::Incomplete)
            };
        };
        if end > MAX_LINE {
            return Err(too_long);
        }
        if rest.len() < end + 2 {
            // The line's last byte is still on its way: look again at the carriage return only.
            self.line.resume_at(end);
            return Ok(Progress::Incomplete);
        }
        self.position += end + 2;
        Ok(Progress::Complete(rest.get(..end).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses one request that arrives in the given pieces.
    fn parse_pieces(pieces: &[&[u8]]) -> Result<Progress<Vec<Vec<u8>>>, ProtocolError> {
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

    fn parse(bytes: &[u8]) -> Result<Progress<Vec<Vec<u8>>>, ProtocolError> {
        parse_pieces(&[bytes])
    }

    fn complete(args: &[&[u8]]) -> Result<Progress<Vec<Vec<u8>>>, ProtocolError> {
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
            (b"*x\r\n".to_vec(), InvalidArrayLength),
            (b"*\r\n".to_vec(), InvalidArrayLength),
            (b"*+1\r\n".to_vec(), InvalidArrayLength),
            (b"*1048577\r\n".to_vec(), InvalidArrayLength),
            (b"*9223372036854775808\r\n".to_vec(), InvalidArrayLength),
            (b"*1\r\n:1\r\n".to_vec(), ExpectedBulk(b':')),
            (b"*1\r\n\r\n".to_vec(), ExpectedBulk(b'\r')),
            (b"*1\r\n$-1\r\n".to_vec(), InvalidBulkLength),
            (b"*1\r\n$536870913\r\n".to_vec(), InvalidBulkLength),
            (b"*1\r\n$4x\r\n".to_vec(), InvalidBulkLength),
            ([b"*", long.as_slice()].concat(), ArrayLineTooLong),
            ([b"*1\r\n$", long.as_slice()].concat(), BulkLineTooLong),
            (long.to_vec(), InlineTooLong),
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
