//! One client's conversation: bytes in, bytes out, and no socket anywhere.
//!
//! Whoever owns a session moves the bytes: a socket's task, or a test that feeds it one byte at a time.

use crate::commands;
use crate::keyspace::table::WARM;
use crate::resp::reply::Reply;
use crate::resp::{queue::RequestQueue, request::ProtocolError};
use crate::server::Server;
use crate::server::client::{Client, ClientId, Closing, Mail};
use bytes::BytesMut;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most requests of a batch: all are executed under one hold of the lock.
const MAX_BATCH: usize = 512;

/// A batch is interrupted when its replies have grown to this many bytes.
const MAX_REPLIES: usize = 256 * 1024;

/// Longer keys are not looked up ahead: to hash them takes longer than what is gained.
const MAX_WARM_KEY: usize = 64;

/// A batch is interrupted when it has taken this long.
const MAX_HOLD: Duration = Duration::from_micros(500);

/// While this much waits to be sent, requests of this client wait, too: it does not read its replies.
const MAX_UNSENT: usize = 256 * 1024 * 1024;

/// While its requests wait, no more than this is read ahead.
const MAX_READ_AHEAD: usize = 1024 * 1024;

/// The state of one conversation.
#[derive(Debug)]
pub struct Session {
    id: ClientId,
    requests: RequestQueue,
    /// What is being sent. What comes meanwhile gathers in the client's outbox.
    sending: Reply,
    mail: Arc<Mail>,
    /// What ended the conversation; answered behind the last good request.
    error: Option<ProtocolError>,
    /// Whether it waits for something else than bytes.
    waiting: bool,
    /// When that ends without success.
    deadline: Option<Instant>,
    closing: Option<Closing>,
    /// Bytes in the outbox that wait until the output is sent.
    gathered: usize,
    /// Whether it was last found that requests must wait until more is sent, or a wait is over.
    held_up: bool,
    /// Bytes received that are not counted yet.
    received: usize,
    /// No more bytes will come.
    ended: bool,
}

impl Session {
    /// The conversation of a client that has just come.
    pub fn new(client: &Client) -> Self {
        Self {
            id: client.id,
            requests: RequestQueue::default(),
            sending: Reply::default(),
            mail: Arc::clone(&client.mail),
            error: None,
            waiting: false,
            deadline: None,
            closing: None,
            gathered: 0,
            held_up: false,
            received: 0,
            ended: false,
        }
    }

    /// The buffer to append received bytes to, with room for a read.
    pub fn input(&mut self) -> &mut BytesMut {
        self.requests.input()
    }

    /// Says that so many bytes were received.
    pub fn received(&mut self, count: usize) {
        self.received += count;
        self.mail.set_moved(true);
    }

    /// Says that no more bytes will come. What has come is still answered; but a client that waits for something
    /// is taken to be gone.
    pub fn end_of_input(&mut self) {
        self.ended = true;
    }

    /// Whether it has use for more bytes at present.
    pub fn wants_input(&self) -> bool {
        !self.ended
            && self.closing.is_none()
            && self.error.is_none()
            && (self.may_execute() || self.requests.unread() < MAX_READ_AHEAD)
    }

    fn may_execute(&self) -> bool {
        let unsent = self.sending.len() + self.gathered;
        !self.waiting && self.closing.is_none() && unsent < MAX_UNSENT
    }

    /// Finds the next batch of requests in what was received. False: there is nothing to
    /// [execute](Self::execute) before more bytes have come, or something else has happened.
    pub fn parse(&mut self) -> bool {
        self.held_up = !self.may_execute();
        if self.held_up {
            return false;
        }
        if self.requests.is_empty() && self.error.is_none() {
            self.error = self.requests.parse(MAX_BATCH).err();
        }
        !self.requests.is_empty() || self.error.is_some()
    }

    /// Executes the batch, or as much of it as may be done at once: send the [`output`](Self::output), then ask
    /// [`parse`](Self::parse) whether there is more to do.
    pub fn execute(&mut self, server: &mut Server) {
        let Some(mut client) = server.clients.take(self.id) else {
            self.closing = Some(Closing::Now);
            return;
        };
        server.stats.input_bytes += mem::take(&mut self.received) as u64;
        if client.closing.is_none() && client.blocked.is_none() && !server.is_paused() {
            self.execute_batch(server, &mut client);
            commands::read_clock(server);
        }
        self.collect_from(server, &mut client);
        server.clients.put_back(client);
    }

    /// Takes over what others have left for this client, and learns what they have made of it.
    pub fn collect(&mut self, server: &mut Server) {
        let Some(mut client) = server.clients.take(self.id) else {
            self.closing = Some(Closing::Now);
            return;
        };
        self.collect_from(server, &mut client);
        server.clients.put_back(client);
    }

    /// Ends the wait of a client whose time is over, if it still waits.
    pub fn time_out(&mut self, server: &mut Server) {
        commands::time_out(server, self.id);
        self.collect(server);
    }

    fn execute_batch(&mut self, server: &mut Server, client: &mut Client) {
        let begun = server.clock.read();
        server.set_time(begun);
        server.select(client.db);
        client.touch(&begun);
        // What others sent it, or earlier batches did, is no reason not to go on.
        let most = client.outbox.len() + MAX_REPLIES;
        let mut warm = 0;
        while client.outbox.len() < most && server.now.since(&begun) < MAX_HOLD {
            if warm == 0 {
                warm = WARM;
                self.warm(server);
            }
            warm -= 1;
            let Some(args) = self.requests.take() else {
                self.finish(client);
                return;
            };
            if args.is_empty() {
                continue;
            }
            commands::execute(args, server, client);
            if client.blocked.is_some() || client.closing.is_some() {
                return;
            }
        }
    }

    /// Looks ahead at the keys of the next requests, if there are several. Which argument is a key depends on the command;
    /// that it is the first one is nearly always right, and never wrong to try.
    fn warm(&self, server: &mut Server) {
        let keys = || {
            let requests = self.requests.upcoming().take(WARM);
            requests.filter_map(|args| args.get(1).filter(|key| key.len() <= MAX_WARM_KEY))
        };
        if keys().nth(1).is_some() {
            server.db().warm(keys());
        }
    }

    /// The requests before it are answered: now the error that ends the conversation, if there is one.
    fn finish(&mut self, client: &mut Client) {
        if let Some(error) = self.error {
            client.outbox.error(&error.text());
            client.closing = Some(Closing::AfterReply);
        }
    }

    fn collect_from(&mut self, server: &mut Server, client: &mut Client) {
        if self.sending.is_empty() && !client.outbox.is_empty() {
            let protocol = client.outbox.protocol();
            mem::swap(&mut self.sending, &mut client.outbox);
            client.outbox.set_protocol(protocol);
            server.stats.output_bytes += self.sending.len() as u64;
        }
        self.gathered = client.outbox.len();
        // Whoever calls this asks `parse` next.
        self.held_up = false;
        self.mail.set_unsent(self.sending.len());
        self.waiting = client.blocked.is_some() || server.is_paused();
        self.deadline = client.blocked.as_ref().and_then(|blocked| blocked.deadline);
        self.closing = client.closing;
        // Whoever collects tries to execute next.
        self.held_up = false;
    }

    /// What is to be sent.
    pub fn output(&self) -> &Reply {
        &self.sending
    }

    /// Says that the first `count` bytes of the output were sent.
    pub fn sent(&mut self, count: usize) {
        self.sending.advance(count);
        self.mail.set_unsent(self.sending.len());
        if !self.sending.is_empty() {
            self.mail.set_moved(true);
        }
    }

    /// Whether there is something to [`collect`](Self::collect), or requests that had to wait need not any longer.
    pub fn has_mail(&self) -> bool {
        self.mail.take()
            || (self.gathered > 0 && self.sending.is_empty())
            || (self.held_up && self.may_execute())
    }

    /// When the present wait ends without success.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the conversation is over.
    pub fn is_over(&self) -> bool {
        let all_sent = self.sending.is_empty() && self.gathered == 0;
        match self.closing {
            None => self.ended && (all_sent || self.waiting),
            Some(Closing::AfterReply) => all_sent,
            Some(Closing::Now) => true,
        }
    }

    /// The client's number.
    pub fn id(&self) -> ClientId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, UnixMillis};
    use crate::commands::table::TABLE;
    use crate::config::Config;
    use std::net::{Ipv4Addr, SocketAddr};

    fn server() -> Server {
        let clock = Clock::stopped_at(UnixMillis(1_000_000));
        Server::new(Config::standard(), clock, &TABLE)
    }

    fn connect(server: &mut Server) -> Session {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let client = server.clients.add((address, address), Instant::now());
        Session::new(client)
    }

    /// Takes all that there is to be sent.
    fn take_output(session: &mut Session, server: &mut Server) -> Vec<u8> {
        let mut output = Vec::new();
        loop {
            output.extend_from_slice(&session.output().to_vec());
            session.sent(session.output().len());
            if !session.has_mail() {
                return output;
            }
            session.collect(server);
        }
    }

    /// Feeds the pieces to a session and gives all that it answers.
    fn converse(session: &mut Session, server: &mut Server, pieces: &[&[u8]]) -> String {
        let mut answers = Vec::new();
        for piece in pieces {
            session.input().extend_from_slice(piece);
            while session.parse() {
                session.execute(server);
                answers.extend(take_output(session, server));
            }
        }
        answers.extend(take_output(session, server));
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
            let mut server = server();
            let mut session = connect(&mut server);
            assert_eq!(converse(&mut session, &mut server, &[head, tail]), expected);
        }
    }

    #[test]
    fn a_malformed_request_is_answered_after_the_good_ones_and_ends_the_conversation() {
        let mut server = server();
        let mut session = connect(&mut server);
        let answers = converse(
            &mut session,
            &mut server,
            &[b"PING\r\n*1\r\n+PING\r\nPING\r\n", b"PING\r\n"],
        );
        assert_eq!(
            answers,
            "+PONG\\r\\n-ERR Protocol error: expected \\'$\\', got \\'+\\'\\r\\n"
        );
        assert!(session.is_over());
    }

    #[test]
    fn large_replies_interrupt_the_batch_and_lose_nothing() {
        let value = "x".repeat(MAX_REPLIES / 2);
        let request = format!("*2\r\n$4\r\nECHO\r\n${}\r\n{value}\r\n", value.len());
        let mut server = server();
        let mut session = connect(&mut server);
        session
            .input()
            .extend_from_slice(request.repeat(9).as_bytes());
        let mut replies = 0;
        while session.parse() {
            session.execute(&mut server);
            assert!(session.output().len() < 2 * MAX_REPLIES);
            replies += take_output(&mut session, &mut server).len();
        }
        let reply = format!("${}\r\n{value}\r\n", value.len());
        assert_eq!(replies, 9 * reply.len());
    }

    #[test]
    fn what_is_not_sent_yet_does_not_keep_requests_waiting() {
        let mut server = server();
        let mut session = connect(&mut server);
        for _ in 0..3 {
            session.input().extend_from_slice(b"PING\r\n");
            assert!(session.parse());
            session.execute(&mut server);
        }
        // The first reply is being sent; the others gather behind it.
        assert_eq!(session.output().to_vec(), b"+PONG\r\n");
        let output = take_output(&mut session, &mut server);
        assert_eq!(output, b"+PONG\r\n".repeat(3));
    }

    #[test]
    fn a_blocked_client_keeps_its_next_requests_until_it_is_served() {
        let mut server = server();
        let (mut waiter, mut pusher) = (connect(&mut server), connect(&mut server));
        assert_eq!(
            converse(&mut waiter, &mut server, &[b"BLPOP l 0\r\nPING\r\n"]),
            ""
        );
        assert_eq!(server.waiters.len(), 1);
        assert_eq!(
            converse(&mut pusher, &mut server, &[b"RPUSH l a b\r\n"]),
            ":2\\r\\n"
        );
        assert!(waiter.has_mail());
        waiter.collect(&mut server);
        assert_eq!(
            converse(&mut waiter, &mut server, &[]),
            "*2\\r\\n$1\\r\\nl\\r\\n$1\\r\\na\\r\\n"
        );
        assert_eq!(converse(&mut waiter, &mut server, &[b""]), "+PONG\\r\\n");
        assert!(server.waiters.is_empty());
    }

    #[test]
    fn a_client_that_vanishes_leaves_nothing_behind() {
        let mut server = server();
        let mut waiter = connect(&mut server);
        let mut listener = connect(&mut server);
        converse(&mut waiter, &mut server, &[b"BLPOP a b c 0\r\n"]);
        converse(&mut listener, &mut server, &[b"SUBSCRIBE x y\r\n"]);
        server.remove_client(waiter.id());
        server.remove_client(listener.id());
        assert!(server.waiters.is_empty());
        assert!(server.channels.is_empty());
        assert!(server.db().interests.is_empty());
        let mut pusher = connect(&mut server);
        let pushed = converse(&mut pusher, &mut server, &[b"RPUSH a 1\r\nLLEN a\r\n"]);
        assert_eq!(pushed, ":1\\r\\n:1\\r\\n");
    }

    /// What is written down does the same again, on a server that knows nothing but that.
    #[test]
    fn effects_bring_another_server_to_the_same_state() {
        let mut server = server();
        server.attach_effects();
        let mut session = connect(&mut server);
        let mut waiter = connect(&mut server);
        converse(&mut waiter, &mut server, &[b"BLPOP l 0\r\n"]);
        let requests = b"SET a 1 EX 100\r\nINCRBY a 5\r\nGETEX a PX 5000\r\nRPUSH l x y\r\nSADD s 1 2\r\n\
            SREM s 1\r\nSELECT 3\r\nSET b 2\r\nEXPIRE b -1\r\nSET c 1 NX GET\r\nGET nothing\r\nRENAME c d\r\n";
        converse(&mut session, &mut server, &[requests]);
        let effects = server.effects.take();
        let text = String::from_utf8_lossy(&effects);
        assert!(text.contains("LPOP") && !text.contains("BLPOP"), "{text}");
        assert!(
            text.contains("PXAT") && text.contains("PEXPIREAT"),
            "{text}"
        );
        let mut copy = self::server();
        let mut replay = connect(&mut copy);
        converse(&mut replay, &mut copy, &[&effects]);
        for db in [0, 3] {
            let ask = format!(
                "SELECT {db}\r\nKEYS *\r\nMGET a b d\r\nLRANGE l 0 -1\r\nSMEMBERS s\r\nPEXPIRETIME a\r\n"
            );
            let expected = converse(&mut session, &mut server, &[ask.as_bytes()]);
            let answers = converse(&mut replay, &mut copy, &[ask.as_bytes()]);
            assert_eq!(answers.len(), expected.len(), "{answers} {expected}");
        }
    }
}
