//! One client's conversation: bytes in, bytes out, and no socket anywhere.
//!
//! Whoever owns a session moves the bytes: a socket's task, a thread, or a test that feeds it one
//! byte at a time.

use crate::commands;
use crate::keyspace::Keyspace;
use crate::resp::Progress;
use crate::resp::reply::Reply;
use crate::resp::request::{Request, RequestParser};
use bytes::BytesMut;

/// Room to make before each read. The buffer at least doubles when it grows, so that reads become larger
/// in the midst of a large request.
const MIN_READ: usize = 4 * 1024;

/// Replies are to be sent when they have grown to this many bytes, even if more could be answered.
const MAX_REPLIES: usize = 256 * 1024;

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

    /// Executes the requests that have arrived. Gives the replies to send; `None` when there are none,
    /// and more bytes are needed first.
    pub fn answer(&mut self, keyspace: &mut Keyspace) -> Option<Vec<u8>> {
        let mut reply = Reply::default();
        while !self.closed && reply.bytes().len() < MAX_REPLIES {
            match self.parser.parse(&mut self.input) {
                Ok(Progress::Incomplete) => break,
                Ok(Progress::Complete(request)) if is_http(&request) => self.closed = true,
                Ok(Progress::Complete(request)) => {
                    commands::execute(&request, keyspace, &mut reply)
                }
                Err(error) => {
                    reply.error(&error.text());
                    self.closed = true;
                }
            }
        }
        (!reply.bytes().is_empty()).then(|| reply.into_bytes())
    }

    /// Whether the conversation is over, once the replies are sent.
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

    /// Feeds the pieces to a session and gives all that it answers.
    fn converse(session: &mut Session, pieces: &[&[u8]]) -> String {
        let mut keyspace = Keyspace::default();
        let mut answers = Vec::new();
        for piece in pieces {
            session.input().extend_from_slice(piece);
            while let Some(replies) = session.answer(&mut keyspace) {
                answers.extend_from_slice(&replies);
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
    fn large_replies_are_sent_before_more_is_executed() {
        let value = "x".repeat(MAX_REPLIES / 2);
        let request = format!("*2\r\n$4\r\nECHO\r\n${}\r\n{value}\r\n", value.len());
        let mut session = Session::default();
        session
            .input()
            .extend_from_slice(request.repeat(9).as_bytes());
        let mut keyspace = Keyspace::default();
        let mut sent = 0;
        while let Some(replies) = session.answer(&mut keyspace) {
            assert!(replies.len() < 2 * MAX_REPLIES);
            sent += replies.len();
        }
        assert_eq!(sent, 9 * format!("${}\r\n{value}\r\n", value.len()).len());
    }
}
