//! One client's conversation: bytes in, bytes out, and no socket anywhere.
//!
//! Whoever owns a session moves the bytes: a socket's task, or a test that feeds it one byte at a time.

use crate::commands::{self, Next};
use crate::keyspace::table::WARM;
use crate::resp::reply::Reply;
use crate::resp::{queue::RequestQueue, request::ProtocolError};
use crate::server::Server;
use crate::server::client::{ClientId, Closing, Mail, Turn};
use crate::server::unsent::Share;
use bytes::BytesMut;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most requests of a batch: all are executed under one hold of the lock.
const MAX_BATCH: usize = 512;

/// A batch is interrupted when its replies have grown to this many bytes.
const MAX_REPLIES: usize = 256 * 1024;

/// Longer keys are not looked up ahead: to hash them takes longer than what is gained.
const MAX_WARM_KEY: usize = 64;

/// A batch is interrupted when it has taken this long.
const MAX_HOLD: Duration = Duration::from_micros(300);

/// While its requests wait, no more than this is read ahead.
const MAX_READ_AHEAD: usize = 1024 * 1024;

/// The state of one conversation.
#[derive(Debug)]
pub struct Session {
    id: ClientId,
    requests: RequestQueue,
    /// What is being sent. What comes meanwhile gathers in the client's outbox.
    sending: Reply,
    /// How much that was when it was last looked at.
    gathered: usize,
    /// Both together, as part of what all clients are to be sent.
    unsent: Share,
    mail: Arc<Mail>,
    /// What the server last said that is to be done.
    turn: Turn,
    /// What ended the conversation; answered behind the last good request.
    error: Option<ProtocolError>,
    /// Whether requests were found to have to wait until more is sent.
    held_up: bool,
    /// Bytes received that are not counted yet.
    received: usize,
    /// No more bytes will come.
    ended: bool,
}

impl Session {
    /// Enters a client that has just come, from the first of these addresses to the second.
    pub fn connect(server: &mut Server, addresses: (SocketAddr, SocketAddr)) -> Self {
        server.stats.connections += 1;
        let now = server.clock.read().instant;
        let client = server.clients.add(addresses, now);
        Self {
            id: client.id,
            requests: RequestQueue::default(),
            sending: Reply::default(),
            gathered: 0,
            unsent: Share::of(&server.unsent),
            mail: Arc::clone(&client.mail),
            turn: Turn::Execute,
            error: None,
            held_up: false,
            received: 0,
            ended: false,
        }
    }

    /// The client's name in the server's table.
    pub fn id(&self) -> ClientId {
        self.id
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
        let has_room = self.may_execute() || self.requests.unread() < MAX_READ_AHEAD;
        let is_open = !self.ended && self.error.is_none();
        is_open && has_room && !matches!(self.turn, Turn::Close(_))
    }

    fn may_execute(&self) -> bool {
        self.turn == Turn::Execute && self.unsent.may_grow()
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
        server.stats.input_bytes += mem::take(&mut self.received) as u64;
        server.now = server.clock.read();
        let is_paused = server.paused;
        if let Some(client) = server.clients.get_mut(self.id)
            && client.turn(is_paused) == Turn::Execute
        {
            client.touch(&server.now);
            let mut reply = client.take_outbox();
            self.execute_batch(server, &mut reply);
            if let Some(client) = server.clients.get_mut(self.id) {
                client.put_back_outbox(reply);
            }
        }
        self.collect(server);
    }

    fn execute_batch(&mut self, server: &mut Server, reply: &mut Reply) {
        let begun = server.now;
        // What others sent it, or earlier batches did, is no reason not to go on.
        let most = reply.len() + MAX_REPLIES;
        let mut warm = 0;
        while reply.len() < most && server.now.since(&begun) < MAX_HOLD {
            if warm == 0 {
                warm = WARM;
                self.warm(server);
            }
            warm -= 1;
            let Some(args) = self.requests.take() else {
                self.finish(server, reply);
                break;
            };
            if args.is_empty() {
                continue;
            }
            match commands::execute(server, self.id, args, reply) {
                Next::Continue => {}
                Next::Stop => break,
                Next::Again => {
                    self.requests.put_back();
                    break;
                }
            }
        }
        commands::read_clock(server);
    }

    /// Looks ahead at the keys of the next requests, if there are several. Which argument is a key depends on the command;
    /// that it is the first one is nearly always right, and never wrong to try.
    fn warm(&self, server: &mut Server) {
        let keys = || {
            let requests = self.requests.upcoming().take(WARM);
            requests.filter_map(|args| args.get(1).filter(|key| key.len() <= MAX_WARM_KEY))
        };
        if keys().nth(1).is_some()
            && let Some(client) = server.clients.get(self.id)
            && let Some(db) = server.databases().get(client.db)
        {
            db.warm(keys());
        }
    }

    /// The requests before it are answered: now the error that ends the conversation, if there is one.
    fn finish(&self, server: &mut Server, reply: &mut Reply) {
        if let Some(error) = self.error
            && let Some(client) = server.clients.get_mut(self.id)
        {
            reply.error(&error.text());
            client.closing = Some(Closing::AfterReply);
        }
    }

    /// Takes over what there is for this client, and learns what is to be done next.
    pub fn collect(&mut self, server: &mut Server) {
        let is_paused = server.paused;
        let Some(client) = server.clients.get_mut(self.id) else {
            self.turn = Turn::Close(Closing::Now);
            return;
        };
        if self.sending.is_empty() && !client.outbox.is_empty() {
            let protocol = client.outbox.protocol();
            mem::swap(&mut self.sending, &mut client.outbox);
            client.outbox.set_protocol(protocol);
            server.stats.output_bytes += self.sending.len() as u64;
        }
        self.turn = client.turn(is_paused);
        self.gathered = client.outbox.len();
        // Whoever collects asks `parse` next.
        self.held_up = false;
        self.count_unsent();
    }

    /// Ends the wait of a client whose time is over, if it still waits.
    pub fn time_out(&mut self, server: &mut Server) {
        server.time_out(self.id);
        self.collect(server);
    }

    /// What is to be sent.
    pub fn output(&self) -> &Reply {
        &self.sending
    }

    /// Says that the first `count` bytes of the output were sent.
    pub fn sent(&mut self, count: usize) {
        self.sending.advance(count);
        self.count_unsent();
        if !self.sending.is_empty() {
            self.mail.set_moved(true);
        }
    }

    fn count_unsent(&mut self) {
        self.mail.set_unsent(self.sending.len());
        self.unsent.set(self.sending.len() + self.gathered);
    }

    /// Whether there is something to [`collect`](Self::collect), or requests that had to wait need not any longer.
    pub fn has_mail(&self) -> bool {
        self.mail.take()
            || (self.gathered > 0 && self.sending.is_empty())
            || (self.held_up && self.may_execute())
    }

    /// When the present wait ends without success.
    pub fn deadline(&self) -> Option<Instant> {
        match self.turn {
            Turn::Wait(deadline) => deadline,
            _ => None,
        }
    }

    /// Whether the conversation is over.
    pub fn is_over(&self) -> bool {
        let all_sent = self.sending.is_empty() && self.gathered == 0;
        match self.turn {
            Turn::Execute => self.ended && all_sent,
            Turn::Wait(_) => self.ended,
            Turn::Close(Closing::AfterReply) => all_sent,
            Turn::Close(Closing::Now) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, UnixMillis};
    use crate::commands::table::TABLE;
    use crate::config::Config;
    use std::net::Ipv4Addr;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn server() -> Server {
        let clock = Clock::stopped_at(UnixMillis(1_000_000));
        Server::new(Config::standard(), clock, &TABLE)
    }

    fn connect(server: &mut Server) -> Session {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        Session::connect(server, (address, address))
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
        assert!(!server.blocked.is_empty());
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
        assert!(server.blocked.is_empty());
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
        assert!(server.blocked.is_empty());
        assert!(server.channels.is_empty());
        assert!(server.databases()[0].interests.is_empty());
        let mut pusher = connect(&mut server);
        let pushed = converse(&mut pusher, &mut server, &[b"RPUSH a 1\r\nLLEN a\r\n"]);
        assert_eq!(pushed, ":1\\r\\n:1\\r\\n");
    }

    #[test]
    fn a_command_that_panics_leaves_nothing_of_its_client_behind() {
        let mut server = server();
        let (mut session, mut other) = (connect(&mut server), connect(&mut server));
        converse(&mut session, &mut server, &[b"SUBSCRIBE x\r\n"]);
        session.input().extend_from_slice(b"test.panic\r\n");
        assert!(session.parse());
        let batch = AssertUnwindSafe(|| session.execute(&mut server));
        assert!(catch_unwind(batch).is_err());
        server.remove_client(session.id());
        assert!(server.channels.is_empty());
        assert_eq!(server.clients.len(), 1);
        assert_eq!(
            converse(&mut other, &mut server, &[b"PING\r\n"]),
            "+PONG\\r\\n"
        );
    }

    #[test]
    fn what_a_command_sends_to_its_own_client_comes_before_its_reply() {
        let mut server = server();
        let pairs: [(&[u8], &[u8]); 1] = [(b"notify-keyspace-events", b"EA")];
        server.set_config(&pairs, true).unwrap();
        let mut session = connect(&mut server);
        let subscribe = b"HELLO 3\r\nSUBSCRIBE x __keyevent@0__:set __keyevent@0__:expire\r\n";
        converse(&mut session, &mut server, &[subscribe]);
        let requests = b"PING\r\nPUBLISH x hi\r\nSET k v EX 5\r\n";
        let message = |channel: &str, text: &str| {
            let length = (channel.len(), text.len());
            format!(
                ">3\\r\\n$7\\r\\nmessage\\r\\n${}\\r\\n{channel}\\r\\n${}\\r\\n{text}\\r\\n",
                length.0, length.1
            )
        };
        let expected = [
            "+PONG\\r\\n",
            &message("x", "hi"),
            ":1\\r\\n",
            &message("__keyevent@0__:set", "k"),
            &message("__keyevent@0__:expire", "k"),
            "+OK\\r\\n",
        ];
        assert_eq!(
            converse(&mut session, &mut server, &[requests]),
            expected.concat()
        );
        // It is there as all others are.
        let clients = converse(&mut session, &mut server, &[b"INFO clients\r\n"]);
        assert!(clients.contains("pubsub_clients:1"), "{clients}");
    }

    /// Such a request comes from a browser: what it sends next is not to be executed.
    #[test]
    fn a_request_of_http_ends_the_conversation_without_an_answer() {
        let array: &[u8] = b"*2\r\n$5\r\nhost:\r\n$1\r\nx\r\nSET k v\r\n";
        for request in [b"PING\r\nPOST / HTTP/1.1\r\nSET k v\r\n", array] {
            let mut server = server();
            let mut session = connect(&mut server);
            assert_eq!(converse(&mut session, &mut server, &[request]), "");
            assert!(session.is_over());
            assert!(server.databases()[0].is_empty());
        }
    }

    #[test]
    fn requests_wait_while_the_server_is_paused() {
        let mut server = server();
        let mut session = connect(&mut server);
        session
            .input()
            .extend_from_slice(b"PING\r\nSET k v\r\nGET k\r\n");
        assert!(session.parse());
        server.paused = true;
        session.execute(&mut server);
        assert!(!session.parse() && server.databases()[0].is_empty());
        server.resume();
        session.collect(&mut server);
        let answers = converse(&mut session, &mut server, &[b""]);
        assert_eq!(answers, "+PONG\\r\\n+OK\\r\\n$1\\r\\nv\\r\\n");
    }

    /// What is written down does the same again, on a server that knows nothing but that.
    #[test]
    fn what_is_written_down_gives_the_same_registers_and_cells() {
        let mut server = server();
        let reader = server.backlog.attach();
        let mut session = connect(&mut server);
        let requests = b"PFADD h a\r\nPFADD h a\r\nPFCOUNT h\r\nPFCOUNT h\r\nGEOADD g NX 1 2 m\r\n";
        let replies = converse(&mut session, &mut server, &[requests]);
        assert_eq!(replies, ":1\\r\\n:0\\r\\n:1\\r\\n:1\\r\\n:1\\r\\n");
        let effects = server.backlog.read(&reader).escape_ascii().to_string();
        assert_eq!(effects.matches("PFADD").count(), 1);
        // The second one finds what the first one has kept.
        assert_eq!(effects.matches("PFCOUNT").count(), 1);
        let zadd = r"zadd\r\n$1\r\ng\r\n$2\r\nNX\r\n$16\r\n3378080408407459\r\n$1\r\nm\r\n";
        assert!(effects.ends_with(zadd), "{effects}");
    }

    #[test]
    fn effects_bring_another_server_to_the_same_state() {
        let mut server = server();
        let reader = server.backlog.attach();
        let mut session = connect(&mut server);
        let mut waiter = connect(&mut server);
        converse(&mut waiter, &mut server, &[b"BLPOP l 0\r\n"]);
        let requests = b"SET a 1 EX 100\r\nINCRBY a 5\r\nGETEX a PX 5000\r\nRPUSH l x y\r\nSADD s 1 2\r\n\
            SREM s 1\r\nSELECT 3\r\nSET b 2\r\nEXPIRE b -1\r\nSET c 1 NX GET\r\nGET nothing\r\nRENAME c d\r\n";
        converse(&mut session, &mut server, &[requests]);
        let effects = server.backlog.read(&reader);
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

    #[test]
    fn what_was_drawn_or_added_is_written_down_as_what_came_of_it() {
        let mut server = server();
        let reader = server.backlog.attach();
        let mut session = connect(&mut server);
        let requests = b"SADD one x\r\nSPOP one\r\nSADD two x y\r\nSPOP two 2\r\nSRANDMEMBER two\r\nHINCRBYFLOAT h f 1.50\r\n";
        let replies = converse(&mut session, &mut server, &[requests]);
        assert!(replies.ends_with("$-1\\r\\n$3\\r\\n1.5\\r\\n"), "{replies}");
        let effects = server.backlog.read(&reader).escape_ascii().to_string();
        for written in [
            "SREM",
            "DEL",
            "HSET\\r\\n$1\\r\\nh\\r\\n$1\\r\\nf\\r\\n$3\\r\\n1.5",
        ] {
            assert!(effects.contains(written), "{effects}");
        }
        assert!(!effects.contains("SPOP") && !effects.contains("HINCRBYFLOAT"));
    }

    /// Neither the time nor how somebody else adds makes a difference to who repeats it.
    #[test]
    fn what_becomes_of_strings_is_written_down() {
        let mut server = server();
        let reader = server.backlog.attach();
        let mut session = connect(&mut server);
        let requests = b"SET k v GET\r\nGETSET k 1\r\nINCRBYFLOAT k 0.5\r\nINCRBYFLOAT k x\r\nGETDEL k\r\nGETDEL k\r\n\
            SET k v KEEPTTL get\r\nPSETEX k 4000000000000 v\r\nSETBIT k 4 1\r\nSETBIT k 4 1\r\nBITFIELD k GET u8 0\r\n\
            MSETNX k 1 l 2\r\nBITFIELD b OVERFLOW FAIL SET u1 0 2\r\nBITOP NOT none none\r\nSETRANGE k 9 a\r\n";
        converse(&mut session, &mut server, &[requests]);
        let effects = String::from_utf8(server.backlog.read(&reader).to_vec()).unwrap();
        let lines = effects.split("\r\n");
        let words: Vec<&str> = lines.filter(|line| !line.starts_with(['*', '$'])).collect();
        assert_eq!(
            words.join(" "),
            "SELECT 0 SET k v SET k 1 SET k 1.5 KEEPTTL DEL k SET k v KEEPTTL SET k v PXAT 4000001000000 \
            SETBIT k 4 1 SETRANGE k 9 a "
        );
    }

    /// What redis-server 7.0 says after the same.
    #[test]
    fn strings_tell_in_which_form_redis_would_keep_them() {
        let mut server = server();
        let mut session = connect(&mut server);
        for (request, form) in [
            ("SET k 12345", "int"),
            ("SET k 012345", "embstr"),
            (
                "SET k 12345678901234567890123456789012345678901234",
                "embstr",
            ),
            ("APPEND k ''", "raw"),
            ("SET k 123456789012345678901234567890123456789012345", "raw"),
            ("GETSET k 1", "int"),
            ("APPEND k 2", "raw"),
            ("INCR k", "int"),
            ("INCRBYFLOAT k 1", "embstr"),
            ("COPY k copy\r\nSETRANGE copy 0 1\r\nRENAME copy k", "raw"),
            ("MSET k 5", "int"),
            ("SETBIT k 0 0", "raw"),
            ("BITOP NOT k k", "raw"),
            ("SET k 5\r\nBITFIELD k GET u8 0", "int"),
            ("BITFIELD k INCRBY u8 0 0", "raw"),
            ("DEL k\r\nAPPEND k 7", "int"),
        ] {
            let requests = format!("{request}\r\nOBJECT ENCODING k\r\n");
            let replies = converse(&mut session, &mut server, &[requests.as_bytes()]);
            let expected = format!("${}\\r\\n{form}\\r\\n", form.len());
            assert!(replies.ends_with(&expected), "{request}: {replies}");
        }
    }
}
