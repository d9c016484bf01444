//! One client's conversation: bytes in, bytes out, and no socket anywhere.
//!
//! Whoever owns a session moves the bytes: a socket's task, a thread, or a test that feeds it one
//! byte at a time.

use crate::clock::Clock;
use crate::commands;
use crate::keyspace::Keyspace;
use crate::resp::{queue::RequestQueue, reply::Reply, request::ProtocolError};
use bytes::BytesMut;

/// The most requests of a batch.
const MAX_BATCH: usize = 512;

/// A batch is interrupted when its replies have grown to this many bytes.
const MAX_REPLIES: usize = 256 * 1024;

/// The state of one conversation.
#[derive(Debug, Default)]
pub struct Session {
    requests: RequestQueue,
    reply: Reply,
    /// What ended the conversation; answered behind the last good request.
    error: Option<ProtocolError>,
    closed: bool,
}

impl Session {
    /// The buffer to append received bytes to, with room for a read.
    pub fn input(&mut self) -> &mut BytesMut {
        self.requests.input()
    }

    /// Finds the next batch of requests in what was received. False: more bytes are needed first.
    pub fn parse(&mut self) -> bool {
        if self.requests.is_empty() && self.error.is_none() {
            self.error = self.requests.parse(MAX_BATCH).err();
        }
        !self.requests.is_empty() || (self.error.is_some() && !self.closed)
    }

    /// Executes the batch, or as much of it as its replies leave room for: send the
    /// [`output`](Self::output), then ask [`parse`](Self::parse) whether there is more to do.
    ///
    /// All of it runs as of the same time. Deadlines count in milliseconds, and a batch is usually over
    /// before one has passed; a longer one sees keys expire a little late, which nobody can tell.
    pub fn execute(&mut self, keyspace: &mut Keyspace, clock: &impl Clock) {
        let now = clock.now();
        while self.reply.bytes().len() < MAX_REPLIES {
            let Some(args) = self.requests.take() else {
                self.finish();
                return;
            };
            if !args.is_empty() {
                commands::execute(args, keyspace, now, &mut self.reply);
            }
        }
    }

    /// Replies not yet sent.
    pub fn output(&self) -> &[u8] {
        self.reply.bytes()
    }

    /// Says that the [`output`](Self::output) was sent.
    pub fn sent(&mut self) {
        self.reply.clear();
    }

    /// Whether the conversation is over, once the output is sent.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The requests before it are answered: now the error that ends the conversation, if there is one.
    fn finish(&mut self) {
        if let Some(error) = self.error {
            self.reply.error(&error.text());
            self.closed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    /// Feeds the pieces to a session and gives all that it answers.
    fn converse(session: &mut Session, pieces: &[&[u8]]) -> String {
        let mut keyspace = Keyspace::default();
        let mut answers = Vec::new();
        for piece in pieces {
            session.input().extend_from_slice(piece);
            while session.parse() {
                session.execute(&mut keyspace, &SystemClock);
                answers.extend_from_slice(session.output());
                session.sent();
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
    fn large_replies_interrupt_the_batch_and_lose_nothing() {
        let value = "x".repeat(MAX_REPLIES / 2);
        let request = format!("*2\r\n$4\r\nECHO\r\n${}\r\n{value}\r\n", value.len());
        let mut session = Session::default();
        session
            .input()
            .extend_from_slice(request.repeat(9).as_bytes());
        let mut keyspace = Keyspace::default();
        let mut replies = 0;
        while session.parse() {
            session.execute(&mut keyspace, &SystemClock);
            assert!(session.output().len() < 2 * MAX_REPLIES);
            replies += session.output().len();
            session.sent();
        }
        assert_eq!(
            replies,
            9 * format!("${}\r\n{value}\r\n", value.len()).len()
        );
    }
}
