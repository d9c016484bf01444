//! One client's conversation: bytes in, batches of requests out, and no socket anywhere.
//!
//! Whoever owns a session moves the bytes: a socket's task, a thread, or a test that feeds it one
//! byte at a time.

use crate::batch::Batch;
use crate::resp::Progress;
use crate::resp::request::{Request, RequestParser};
use bytes::BytesMut;

/// Room to make before each read. The buffer at least doubles when it grows, so that reads become larger
/// in the midst of a large request.
const MIN_READ: usize = 4 * 1024;

/// The most requests of a batch. While one is executed, everybody else waits for the keyspace.
const MAX_BATCH: usize = 512;

/// The state of one conversation.
#[derive(Debug, Default)]
pub struct Session {
    input: BytesMut,
    parser: RequestParser,
    closed: bool,
}

impl Session {
    /// The buffer to append received bytes to, with room for a read.
    pub fn input(&mut self) -> &mut BytesMut {
        self.input.reserve(MIN_READ);
        &mut self.input
    }

    /// Takes a batch of requests out of what has arrived. `None` when there is none, and more bytes are
    /// needed first.
    pub fn batch(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        while !self.closed && batch.requests.len() < MAX_BATCH {
            match self.parser.parse(&mut self.input) {
                Ok(Progress::Incomplete) => break,
                Ok(Progress::Complete(request)) if is_http(&request) => self.closed = true,
                Ok(Progress::Complete(request)) => batch.requests.push_back(Ok(request)),
                Err(error) => {
                    batch.requests.push_back(Err(error));
                    self.closed = true;
                }
            }
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Whether the conversation is over, once its last batch is executed and the replies are sent.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

/// Whether this is a line of an HTTP request. A web page can make the browser of whoever looks at it send
/// one to this port, with commands in its body. Redis hangs up without a word, and so do we.
fn is_http(request: &Request) -> bool {
    request.first().is_some_and(|name| {
        name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::keyspace::Keyspace;

    /// Feeds the pieces to a session and gives all that it answers.
    fn converse(session: &mut Session, pieces: &[&[u8]]) -> String {
        let mut keyspace = Keyspace::default();
        let mut answers = Vec::new();
        for piece in pieces {
            session.input().extend_from_slice(piece);
            while let Some(mut batch) = session.batch() {
                while !batch.is_empty() {
                    answers.extend_from_slice(&batch.execute(&mut keyspace, UnixMillis(0)));
                }
            }
        }
        answers.escape_ascii().to_string()
    }

    #[test]
    fn every_request_gets_one_reply_in_order() {
        let pipeline = b"PING\r\n*2\r\n$4\r\necho\r\n$2\r\nhi\r\n\r\n*0\r\nNOPE\r\nPING a b\r\n";
        let expected = "+PONG\\r\\n$2\\r\\nhi\\r\\n\
            -ERR unknown command \\'NOPE\\', with args beginning with: \\r\\n\
            -ERR wrong number of arguments for \\'ping\\' command\\r\\n";
        for cut in 0..pipeline.len() {
            let (head, tail) = pipeline.split_at(cut);
            assert_eq!(converse(&mut Session::default(), &[head, tail]), expected);
        }
    }

    #[test]
    fn a_malformed_request_is_answered_after_the_good_ones_and_ends_the_conversation() {
        let mut session = Session::default();
        let answers = converse(
            &mut session,
            &[b"PING\r\n*1\r\n+PING\r\nPING\r\n", b"PING\r\n"],
        );
        assert_eq!(
            answers,
            "+PONG\\r\\n-ERR Protocol error: expected \\'$\\', got \\'+\\'\\r\\n"
        );
        assert!(session.is_closed());
    }

    #[test]
    fn a_browser_is_hung_up_on() {
        for line in ["POST / HTTP/1.1", "hOST: example.org", "*1\r\n$4\r\npost"] {
            let mut session = Session::default();
            let text = format!("PING\r\n{line}\r\nPING\r\n");
            assert_eq!(converse(&mut session, &[text.as_bytes()]), "+PONG\\r\\n");
            assert!(session.is_closed());
        }
    }

    #[test]
    fn a_batch_has_an_end_and_the_rest_is_not_lost() {
        let mut session = Session::default();
        let pings = "PING\r\n".repeat(2 * MAX_BATCH + 1);
        session.input().extend_from_slice(pings.as_bytes());
        let sizes = [(); 4].map(|()| session.batch().map(|batch| batch.requests.len()));
        assert_eq!(sizes, [Some(MAX_BATCH), Some(MAX_BATCH), Some(1), None]);
    }
}
