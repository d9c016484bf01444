//! Requests that are executed together.

use crate::clock::UnixMillis;
use crate::commands;
use crate::keyspace::Keyspace;
use crate::resp::{ProtocolError, reply::Reply, request::Request};
use std::collections::VecDeque;

/// Replies are to be sent when they have grown to this many bytes, even if more could be executed.
const MAX_REPLIES: usize = 256 * 1024;

/// What has arrived from one client, in order. Parsing is done, and needed no keyspace; whoever has the
/// keyspace executes the batch. It owns its requests, and so it can be sent to another thread.
#[derive(Debug, Default)]
pub struct Batch {
    /// The last of them may be one that could not be parsed.
    pub requests: VecDeque<Result<Request, ProtocolError>>,
}

impl Batch {
    /// Whether all of it is executed.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Executes the batch, or as much of it as its replies leave room for. Gives the replies to send. What
    /// is left of the batch is to be executed after that.
    ///
    /// All of it runs as of `now`. Deadlines count in milliseconds, and a batch is usually over before one
    /// has passed; a longer one sees keys expire a little late, which nobody can tell.
    pub fn execute(&mut self, keyspace: &mut Keyspace, now: UnixMillis) -> Vec<u8> {
        let mut reply = Reply::default();
        while reply.bytes().len() < MAX_REPLIES
            && let Some(request) = self.requests.pop_front()
        {
            match request {
                Ok(request) => commands::execute(&request, keyspace, now, &mut reply),
                Err(error) => reply.error(&error.text()),
            }
        }
        reply.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_replies_are_sent_before_more_is_executed() {
        let value = vec![b'x'; MAX_REPLIES / 2];
        let request: Request = vec!["ECHO".into(), value.into()];
        let mut batch = Batch {
            requests: (0..9).map(|_| Ok(request.clone())).collect(),
        };
        let mut sent = 0;
        while !batch.is_empty() {
            let replies = batch.execute(&mut Keyspace::default(), UnixMillis(0));
            assert!(replies.len() < 2 * MAX_REPLIES);
            sent += replies.len();
        }
        assert_eq!(sent, 9 * ("$131072\r\n\r\n".len() + MAX_REPLIES / 2));
    }
}
