//! Requests that have arrived and wait to be executed.

use super::request::RequestParser;
use super::{Progress, ProtocolError, Span};
use crate::part::Part;
use bytes::{Buf, BytesMut};

/// The most bytes of one request. Redis's default for client-query-buffer-limit.
const MAX_REQUEST: usize = 1024 * 1024 * 1024;

/// Room that is made before each read from a socket, at the least.
const MIN_READ: usize = 4 * 1024;

/// The same, at the most: in the midst of a large request, larger reads save system calls.
const MAX_READ: usize = 256 * 1024;

/// Room for more bytes than this is given back once fewer are needed, and so is room for more arguments.
const MAX_IDLE: usize = 64 * 1024;
const MAX_IDLE_SPANS: usize = 4 * 1024;

/// The arguments of a request; the first is the command's name. They are borrowed from the bytes
/// that were received: taking a request apart copies nothing.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    request: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// How many there are, the command's name included.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is not even a name.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The argument at `index`.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let span = self.spans.get(index)?;
        Some(self.request.part(span.start..span.start + span.len))
    }

    /// The arguments from `first` on.
    pub fn from(self, first: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        (first..self.len().max(first)).map(move |index| self.get(index).unwrap_or_default())
    }

    /// What stands behind the first `count` arguments, as a request of its own.
    pub fn skip(self, count: usize) -> Self {
        Self {
            spans: self.spans.get(count..).unwrap_or_default(),
            ..self
        }
    }

    /// A copy that can be kept.
    pub fn to_request(self) -> Request {
        Request::new(self.from(0))
    }
}

/// A request that owns its bytes: one that is executed later, or that the server itself has made.
#[derive(Clone, Debug, Default)]
pub struct Request {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl Request {
    /// A request of these arguments.
    pub fn new<'a>(args: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut request = Self::default();
        for arg in args {
            let start = request.bytes.len();
            request.bytes.extend_from_slice(arg);
            let len = arg.len();
            request.spans.push(Span { start, len });
        }
        request
    }

    /// Its arguments.
    pub fn args(&self) -> Args<'_> {
        Args {
            request: &self.bytes,
            spans: &self.spans,
        }
    }
}

/// A complete request: where its bytes and its spans end.
#[derive(Debug)]
struct Parsed {
    bytes_end: usize,
    spans_end: usize,
}

/// The bytes of one connection, and the requests found in them.
///
/// ```text
///   input:  | executed | parsed, waiting | begun | (room to read into)
///                      ^ consumed        ^ parsed_to
/// ```
#[derive(Debug, Default)]
pub struct RequestQueue {
    input: BytesMut,
    parser: RequestParser,
    /// The arguments of the parsed requests, one request behind the other, and of the begun one.
    spans: Vec<Span>,
    /// The requests found since the queue was last empty.
    requests: Vec<Parsed>,
    /// How many of `requests` were taken.
    taken: usize,
    /// Bytes of `input` that belong to requests already taken.
    consumed: usize,
    /// Spans that belong to them.
    consumed_spans: usize,
    /// Where in `input` the first request begins that is not parsed yet.
    parsed_to: usize,
}

impl RequestQueue {
    /// The buffer to append received bytes to, with room for a read.
    pub fn input(&mut self) -> &mut BytesMut {
        let room = self.input.len().clamp(MIN_READ, MAX_READ);
        self.input.reserve(room);
        &mut self.input
    }

    /// Finds up to `limit` further requests in what has arrived.
    ///
    /// # Errors
    /// [`ProtocolError`]. The requests found before it can still be taken.
    pub fn parse(&mut self, limit: usize) -> Result<(), ProtocolError> {
        self.forget_taken();
        for _ in 0..limit {
            let bytes = self.input.part_mut(self.parsed_to..);
            let Progress::Complete(length) = self.parser.parse(bytes, &mut self.spans)? else {
                if bytes.len() > MAX_REQUEST {
                    return Err(ProtocolError::TooBig("request"));
                }
                break;
            };
            self.parsed_to += length;
            self.requests.push(Parsed {
                bytes_end: self.parsed_to,
                spans_end: self.spans.len(),
            });
        }
        Ok(())
    }

    /// How many bytes have arrived that belong to no request taken yet.
    pub fn unread(&self) -> usize {
        self.input.len() - self.consumed
    }

    /// Whether every request found was taken.
    pub fn is_empty(&self) -> bool {
        self.taken == self.requests.len()
    }

    /// Takes the next request. One without arguments asks for nothing, and gets no reply.
    pub fn take(&mut self) -> Option<Args<'_>> {
        let parsed = self.requests.get(self.taken)?;
        let bytes = self.consumed..parsed.bytes_end;
        let spans = self.consumed_spans..parsed.spans_end;
        self.taken += 1;
        self.consumed = parsed.bytes_end;
        self.consumed_spans = parsed.spans_end;
        Some(Args {
            request: self.input.get(bytes)?,
            spans: self.spans.get(spans)?,
        })
    }

    /// Puts back the request that was taken last.
    pub fn put_back(&mut self) {
        self.taken = self.taken.saturating_sub(1);
        let before = self.taken.checked_sub(1);
        let before = before.and_then(|before| self.requests.get(before));
        // The first one begins at the beginning: what was before it is forgotten.
        (self.consumed, self.consumed_spans) =
            before.map_or((0, 0), |parsed| (parsed.bytes_end, parsed.spans_end));
    }

    /// The next requests, which stay to be taken.
    pub fn upcoming(&self) -> impl Iterator<Item = Args<'_>> {
        let mut start = (self.consumed, self.consumed_spans);
        let waiting = self.requests.part(self.taken..);
        waiting.iter().filter_map(move |parsed| {
            let (bytes, spans) = start;
            start = (parsed.bytes_end, parsed.spans_end);
            Some(Args {
                request: self.input.get(bytes..parsed.bytes_end)?,
                spans: self.spans.get(spans..parsed.spans_end)?,
            })
        })
    }

    /// Drops the bytes of the requests taken, once for all of them, when none is left.
    fn forget_taken(&mut self) {
        if !self.is_empty() || self.requests.is_empty() {
            return;
        }
        // Asked before `advance`, which counts the bytes it skips as no longer there.
        let room = self.input.capacity();
        self.input.advance(self.consumed);
        if room > MAX_IDLE && self.input.len() <= MAX_IDLE {
            self.input = BytesMut::from(&*self.input);
        }
        self.parsed_to -= self.consumed;
        self.consumed = 0;
        self.spans.drain(..self.consumed_spans);
        self.spans.shrink_to(MAX_IDLE_SPANS);
        self.consumed_spans = 0;
        self.requests.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all that is there, as one string for each request.
    fn take_all(queue: &mut RequestQueue) -> Vec<String> {
        let mut taken = Vec::new();
        while let Some(args) = queue.take() {
            let words: Vec<String> = args
                .from(0)
                .map(|arg| arg.escape_ascii().to_string())
                .collect();
            taken.push(words.join(" "));
        }
        taken
    }

    const PIPELINE: &[u8] =
        b"*1\r\n$1\r\na\r\n*2\r\n$1\r\nb\r\n$2\r\n\r\n\r\n*0\r\nc \"d e\"\r\n*1\r\n$0\r\n\r\n";
    const REQUESTS: [&str; 5] = ["a", "b \\r\\n", "", "c d e", ""];

    #[test]
    fn a_pipeline_cut_at_every_point() {
        for cut in 0..=PIPELINE.len() {
            let mut queue = RequestQueue::default();
            let mut taken = Vec::new();
            for piece in [&PIPELINE[..cut], &PIPELINE[cut..]] {
                queue.input().extend_from_slice(piece);
                queue.parse(usize::MAX).unwrap();
                taken.extend(take_all(&mut queue));
            }
            assert_eq!(taken, REQUESTS, "cut at {cut}");
        }
    }

    #[test]
    fn a_limit_leaves_the_rest_for_later() {
        let mut queue = RequestQueue::default();
        queue.input().extend_from_slice(PIPELINE);
        let mut taken = Vec::new();
        for _ in 0..3 {
            queue.parse(2).unwrap();
            let batch = take_all(&mut queue);
            assert!(batch.len() <= 2);
            taken.extend(batch);
        }
        assert_eq!(taken, REQUESTS);
    }

    #[test]
    fn requests_before_a_malformed_one_are_found() {
        let mut queue = RequestQueue::default();
        queue.input().extend_from_slice(b"PING\r\n*x\r\n");
        assert_eq!(
            queue.parse(usize::MAX),
            Err(ProtocolError::Invalid("multibulk length"))
        );
        assert_eq!(take_all(&mut queue), ["PING"]);
    }

    #[test]
    fn room_for_many_arguments_is_given_back() {
        let mut queue = RequestQueue::default();
        let args = 2 * MAX_IDLE_SPANS;
        queue
            .input()
            .extend_from_slice(format!("*{args}\r\n{}", "$0\r\n\r\n".repeat(args)).as_bytes());
        queue.parse(1).unwrap();
        assert_eq!(queue.take().map(|taken| taken.len()), Some(args));
        queue.parse(1).unwrap();
        assert!(queue.spans.capacity() <= MAX_IDLE_SPANS);
    }

    #[test]
    fn a_large_buffer_is_given_back() {
        // Around a power of two, where the value fills its allocation or has just begun the next one.
        for length in [4 * MAX_IDLE - 100, 4 * MAX_IDLE + 100] {
            for rest in [b"".as_slice(), b"PIN"] {
                let mut queue = RequestQueue::default();
                let value = vec![b'x'; length];
                for piece in [
                    format!("*1\r\n${length}\r\n").as_bytes(),
                    &value,
                    b"\r\n",
                    rest,
                ] {
                    queue.input().extend_from_slice(piece);
                }
                queue.parse(1).unwrap();
                assert_eq!(queue.take().and_then(|args| args.get(0)), Some(&*value));
                queue.parse(1).unwrap();
                assert_eq!(queue.input, rest);
                // The whole allocation, whatever was skipped at its front.
                queue.input.clear();
                queue.input.reserve(1);
                assert!(queue.input.capacity() <= MAX_IDLE);
            }
        }
    }
}
