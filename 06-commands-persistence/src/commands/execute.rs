//! From a request to its reply, and to all that comes of it.
//!
//! ```text
//!   execute --> admit    may it run?
//!          |--> call     it runs
//!          `--> settle   what came of it: events, effects, those who waited for it
//! ```
//!
//! [`call`] is the only way to run a command, whoever asks: a client, a transaction, a client that was blocked, a log that
//! is replayed. What runs inside of another command is called, and the outer one is settled, once.

use super::call::{Call, Effect, Then};
use super::pubsub;
use super::table;
use super::{CommandError, Outcome};
use crate::command::{Command, flags};
use crate::resp::queue::Args;
use crate::resp::reply::Reply;
use crate::server::Server;
use crate::server::blocked;
use crate::server::client::{Client, ClientId, Closing};
use crate::small_bytes::SmallBytes;

/// What the client's next request has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Continue,
    /// The client waits for something, or is to be disconnected.
    Stop,
    /// This request was not executed. It is to be tried again when the server is not paused any more.
    Again,
}

/// Executes one request of a client. Its reply goes behind what is in `reply` already; what others send the client meanwhile comes
/// before it.
pub fn execute(server: &mut Server, id: ClientId, args: Args<'_>, reply: &mut Reply) -> Next {
    let mark = reply.mark();
    match admit(server, id, args) {
        Ok(row) => run(server, id, row, args, reply),
        Err(Refusal::Paused) => return Next::Again,
        Err(Refusal::Attack) => disconnect(server, id),
        Err(Refusal::Error(error)) => refuse(server, args, &error, reply),
    }
    let Some(client) = server.clients.get_mut(id) else {
        return Next::Stop;
    };
    if !client.outbox.is_empty() {
        reply.insert(mark, &mut client.outbox);
    }
    if client.blocked.is_some() || client.closing.is_some() {
        return Next::Stop;
    }
    Next::Continue
}

fn run(server: &mut Server, id: ClientId, row: Row, args: Args<'_>, reply: &mut Reply) {
    let call = Call::new(server, id, row, args, reply);
    let db = call.db;
    match self::call(call) {
        Then::Continue => {}
        Then::Close => {
            if let Some(client) = server.clients.get_mut(id) {
                client.closing = Some(Closing::AfterReply);
            }
        }
        Then::Block(on) => server.block(id, db, on, args.to_request()),
    }
    let is_brief = row.1.is(flags::BRIEF) && args.len() <= MAX_BRIEF_ARGS;
    if !is_brief || server.stats.untimed() >= MAX_UNTIMED {
        read_clock(server);
    }
    settle(server);
}

/// The number of a row of the table, and the row.
type Row = (usize, &'static Command);

/// Why a request is not executed.
enum Refusal {
    /// It gets this reply.
    Error(CommandError),
    /// The client is no client of Redis.
    Attack,
    /// All have to wait.
    Paused,
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        Self::Error(error)
    }
}

/// Whether a request may run: all that can stand against it, in Redis's order.
fn admit(server: &mut Server, id: ClientId, args: Args<'_>) -> Result<Row, Refusal> {
    let Some(row) = find(server, args) else {
        return Err(unknown(server, args));
    };
    let command = row.1;
    if !command.accepts(args.len()) {
        return Err(CommandError::wrong_arity(command.name).into());
    }
    if command.is(flags::PROTECTED) && !permits_debug(server, id) {
        return Err(CommandError::PROTECTED.into());
    }
    // Here belongs whether the client has authenticated, and then what its user may do; then memory.
    if command.is(flags::WRITE) && server.refuses_writes() {
        return Err(CommandError::SNAPSHOT_FAILED.into());
    }
    let Some(client) = server.clients.get_mut(id) else {
        return Err(CommandError::NO_SUCH_CLIENT.into());
    };
    if client.is_confined() && !command.is(flags::WHILE_SUBSCRIBED) {
        return Err(CommandError::confined(command.name).into());
    }
    client.last_command = command.name;
    if server.paused {
        return Err(Refusal::Paused);
    }
    // Here belongs MULTI: what passed all this is queued instead.
    Ok(row)
}

fn permits_debug(server: &Server, id: ClientId) -> bool {
    let is_local = server.clients.get(id).is_some_and(Client::is_local);
    server.config.enable_debug_command.permits(is_local)
}

/// The row of a request: the subcommand's, if there is one.
fn find(server: &Server, args: Args<'_>) -> Option<Row> {
    #[cfg(test)]
    if let Some(row) = tests::find(args) {
        return Some(row);
    }
    table::TABLE.find_request(args, server.config.chapter)
}

/// What no row is for. A name that there is has no such subcommand: for statistics, that is no call of the container.
///
/// A request that begins with a word of HTTP comes from a browser that somebody made talk to this port. What it sends next may be
/// commands: nothing more is read.
fn unknown(server: &Server, args: Args<'_>) -> Refusal {
    let name = args.get(0).unwrap_or_default();
    if let Some((_, container)) = table::TABLE.find(name, server.config.chapter) {
        let subcommand = args.get(1).unwrap_or_default();
        return CommandError::unknown_subcommand(container.name, subcommand).into();
    }
    if name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:") {
        return Refusal::Attack;
    }
    CommandError::unknown(args).into()
}

fn disconnect(server: &mut Server, id: ClientId) {
    if server.stats.may_warn(server.now.instant) {
        log::warn!(
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is \
            likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. \
            Connection aborted."
        );
    }
    if let Some(client) = server.clients.get_mut(id) {
        client.kill();
    }
}

fn refuse(server: &mut Server, args: Args<'_>, error: &CommandError, reply: &mut Reply) {
    if let Some((row, _)) = find(server, args)
        && let Some(stats) = server.stats.by_command.get_mut(row)
    {
        stats.rejected += 1;
    }
    fail(server, error, reply);
}

fn fail(server: &mut Server, error: &CommandError, reply: &mut Reply) {
    server.stats.error(error.as_bytes());
    reply.error(error.as_bytes());
}

/// Runs a command, and says what becomes of the client. It has its reply then, unless it is to be blocked.
#[inline(always)] // For the requests of clients, where a call's record is then never written to memory as a whole: 2 % of a GET.
pub fn call(mut call: Call<'_>) -> Then {
    let mark = call.reply.mark();
    let changes = call.server.journal.changes;
    let outcome = handle(&mut call);
    let Call { server, reply, .. } = call;
    if call.ready.is_none() {
        server.stats.ran(call.row, outcome.is_err());
    }
    if server.journal.is_followed {
        let has_changed = server.journal.changes != changes;
        write_down(server, call.db, call.args, &call.effect, has_changed);
    }
    match outcome {
        Ok(()) => call.then,
        Err(error) => {
            reply.truncate(mark);
            fail(server, &error, reply);
            Then::Continue
        }
    }
}

fn handle(call: &mut Call<'_>) -> Outcome {
    #[cfg(test)]
    if let Some(run) = tests::handler(call.row) {
        return run(call);
    }
    table::run(call.row, call)
}

/// Writes down what came of a command. What the server itself has removed comes before it: for the command it was gone.
fn write_down(server: &mut Server, db: usize, args: Args<'_>, effect: &Effect, has_changed: bool) {
    while write_down_removal(server) {}
    match effect {
        Effect::AsRequested if has_changed => server.backlog.record(db, args.from(0)),
        Effect::Instead(requests) => server.backlog.record_all(db, requests),
        Effect::AsRequested | Effect::None => {}
    }
}

/// Whether there was one.
fn write_down_removal(server: &mut Server) -> bool {
    let Some((db, key)) = server.journal.next_removal() else {
        return false;
    };
    let del: [&[u8]; 2] = [b"DEL", &key];
    server.backlog.record(db, del.into_iter());
    true
}

/// Settles what was done, once for a command and all that ran inside of it: it is written down as one, events are published,
/// and who is blocked on what has changed is served. What is done for them is settled in turn.
#[inline]
pub fn settle(server: &mut Server) {
    server.backlog.commit();
    if !server.journal.is_empty() {
        settle_notes(server);
    }
}

fn settle_notes(server: &mut Server) {
    while let Some(note) = server.journal.pop() {
        if let Some(event) = note.event {
            pubsub::notify(server, note.db, &note.key, event);
        }
        if note.awaited {
            serve(server, note.db, &note.key);
        }
    }
}

/// Tries the requests again that are blocked on a key, in the order in which they came, as long as the key holds what they
/// wait for. Then those that are to be tried whatever it holds.
fn serve(server: &mut Server, db: usize, key: &SmallBytes) {
    for any in [None, Some(blocked::ANY)] {
        let mut last = 0;
        loop {
            let value_type = any.unwrap_or_else(|| server.db(db).type_name(key));
            let Some((ticket, id)) = server.blocked.next(db, key, value_type, last) else {
                break;
            };
            last = ticket;
            retry(server, id, key);
            server.backlog.commit();
        }
    }
}

/// Executes a request again. If it is blocked again, it keeps its place; an error is a reply as any other.
fn retry(server: &mut Server, id: ClientId, key: &[u8]) {
    let Some(client) = server.clients.get(id) else {
        return;
    };
    // One that is to be disconnected gets nothing more: an element would be lost with it.
    let (None, Some(wait)) = (client.closing, &client.blocked) else {
        return;
    };
    let request = wait.request.clone();
    let mut reply = Reply::new(client.outbox.protocol());
    let Some(row) = find(server, request.args()) else {
        return;
    };
    let again = Call {
        ready: Some(key),
        ..Call::new(server, id, row, request.args(), &mut reply)
    };
    if !matches!(call(again), Then::Block(_)) {
        server.unblock(id, |outbox| outbox.append(&reply));
    }
}

/// Removes keys whose time is up, `limit` of them at most, and settles that. Whether there are more.
pub fn expire(server: &mut Server, limit: usize) -> bool {
    server.now = server.clock.read();
    server.journal.is_followed = server.backlog.is_read();
    let mut left = limit;
    for db in 0..server.databases().len() {
        left -= server.db(db).remove_expired(left);
        if left == 0 {
            break;
        }
    }
    while server.journal.is_followed && write_down_removal(server) {
        // Each for itself: they have nothing to do with each other.
        server.backlog.commit();
    }
    settle(server);
    left == 0
}

/// After so many brief commands, each of them with no more arguments than this, some microseconds have passed.
const MAX_UNTIMED: usize = 8;
const MAX_BRIEF_ARGS: usize = 8;

/// Ends the commands that have run since the clock was last read, and begins the next one.
pub fn read_clock(server: &mut Server) {
    let now = server.clock.read();
    let elapsed = now.since(&server.now);
    server.stats.took(elapsed);
    server.now = now;
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::clock::{Clock, UnixMillis};
    use crate::commands::row::{self, Handler};
    use crate::config::Config;
    use crate::keyspace::event;
    use crate::keyspace::list::List;
    use crate::keyspace::set::Set;
    use crate::resp::queue::Request;
    use crate::server::blocked::Blocked;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    /// Commands that only tests have.
    static COMMANDS: &[row::Row] = &[
        row("test.group", group),
        row("test.fail", fail_late),
        row("test.wait", wait),
        row("test.touch", touch),
        row("test.create", create),
        row("test.panic", |_| panic!("as the test wants it")),
    ];

    /// Their rows are numbered from here.
    const FIRST: usize = usize::MAX / 2;

    const fn row(name: &'static str, run: Handler) -> row::Row {
        row::CH0.plain(name, -1, run, flags::WHILE_SUBSCRIBED)
    }

    pub fn find(args: Args<'_>) -> Option<Row> {
        let name = args.get(0)?;
        let is = |row: &row::Row| row.command.name.as_bytes().eq_ignore_ascii_case(name);
        let position = COMMANDS.iter().position(is)?;
        Some((FIRST + position, &COMMANDS[position].command))
    }

    pub fn handler(row: usize) -> Option<Handler> {
        Some(COMMANDS.get(row.checked_sub(FIRST)?)?.run)
    }

    fn words(text: &str) -> Request {
        Request::new(text.split(' ').map(str::as_bytes))
    }

    /// Runs its arguments as commands, with `_` for spaces, as EXEC would; and tells how many bytes of effects there were then.
    fn group(call: &mut Call<'_>) -> Outcome {
        call.reply.array(call.args.len());
        for text in call.args.from(1) {
            let request = words(&String::from_utf8_lossy(text).replace('_', " "));
            let row = super::find(call.server, request.args()).ok_or(CommandError::SYNTAX)?;
            let inner = Call::new(
                call.server,
                call.client,
                row,
                request.args(),
                &mut *call.reply,
            );
            super::call(inner);
        }
        call.reply.integer(call.server.backlog.end() as i64);
        call.effect = Effect::None;
        Ok(())
    }

    fn fail_late(call: &mut Call<'_>) -> Outcome {
        call.reply.array(3);
        call.reply.bulk(&vec![b'x'; 100_000]);
        call.reply.bulk(b"small");
        Err(CommandError::SYNTAX)
    }

    /// Waits for its key to hold a list, and is told by an error; or, when the time is over, how many clients there are.
    fn wait(call: &mut Call<'_>) -> Outcome {
        if call.ready.is_some() {
            call.reply.array(2);
            return Err(CommandError::new("NOGROUP it is gone"));
        }
        let on = Blocked::on_keys(
            call.args.from(1),
            "list",
            Duration::from_secs(1),
            |server, _, reply| reply.count(server.clients.len()),
        );
        call.then = Then::Block(on);
        Ok(())
    }

    /// How many members the sets have together.
    fn touch(call: &mut Call<'_>) -> Outcome {
        let mut db = call.server.db(call.db);
        db.touch(call.args.from(1));
        let sets: Result<Vec<Option<&Set>>, _> =
            call.args.from(1).map(|key| db.peek(key)).collect();
        call.reply
            .count(sets?.into_iter().flatten().map(Set::len).sum());
        Ok(())
    }

    /// Makes a list, and finds only then that an argument is wrong. With several arguments it says before that something was
    /// changed.
    fn create(call: &mut Call<'_>) -> Outcome {
        let key = call.arg(1)?;
        let mut slot = call.server.db(call.db).for_write(key);
        slot.get_or_create::<List>()?;
        if call.args.len() > 2 {
            slot.changed(event::RPUSH, 1);
            slot.changed(event::LTRIM, 1);
        }
        Err(CommandError::SYNTAX)
    }

    pub fn server() -> Server {
        let clock = Clock::stopped_at(UnixMillis(1_000_000));
        let mut server = Server::new(Config::standard(), clock, &table::TABLE);
        let pairs: [(&[u8], &[u8]); 1] = [(b"notify-keyspace-events", b"EA")];
        server.set_config(&pairs, true).unwrap();
        server
    }

    pub fn connect(server: &mut Server) -> ClientId {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let now = server.now.instant;
        server.clients.add((address, address), now).id
    }

    pub fn ask(server: &mut Server, id: ClientId, text: &str) -> String {
        let mut reply = server.clients.get_mut(id).unwrap().take_outbox();
        execute(server, id, words(text).args(), &mut reply);
        reply.to_vec().escape_ascii().to_string()
    }

    /// What a client was sent without asking.
    fn outbox(server: &mut Server, id: ClientId) -> String {
        let outbox = server.clients.get_mut(id).unwrap().take_outbox();
        outbox.to_vec().escape_ascii().to_string()
    }

    /// The words in it, without numbers and signs of the protocol.
    pub fn words_of(text: &str) -> Vec<&str> {
        let words = text.split("\\r\\n");
        words
            .filter(|word| !word.is_empty() && !word.starts_with(['*', '$', ':']))
            .collect()
    }

    #[test]
    fn an_unknown_subcommand_is_no_call_of_its_container() {
        let mut server = server();
        let client = connect(&mut server);
        let refused = ask(&mut server, client, "CONFIG nosuch");
        assert!(refused.starts_with("-ERR unknown subcommand"), "{refused}");
        ask(&mut server, client, "CONFIG");
        let stats = ask(&mut server, client, "INFO commandstats");
        let config =
            "cmdstat_config:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0";
        assert!(stats.contains(config), "{stats}");
    }

    /// A reply is on its way to it.
    #[test]
    fn who_was_just_unblocked_is_not_idle() {
        const TIMEOUT: Duration = Duration::from_secs(1);
        let mut server = server();
        let (waiter, pusher) = (connect(&mut server), connect(&mut server));
        ask(&mut server, waiter, "BLPOP k 0");
        ask(&mut server, pusher, "RPUSH k x");
        let later = server.now.instant + 100 * TIMEOUT;
        let waiter = server.clients.get_mut(waiter).unwrap();
        assert!(!waiter.is_silent_for(TIMEOUT, later));
        assert!(waiter.is_silent_for(TIMEOUT, later + 2 * TIMEOUT));
    }

    #[test]
    fn a_group_of_calls_is_settled_once_whatever_database_it_ends_in() {
        let mut server = server();
        let reader = server.backlog.attach();
        let (caller, waiter, listener) = (
            connect(&mut server),
            connect(&mut server),
            connect(&mut server),
        );
        ask(&mut server, waiter, "SELECT 3");
        ask(&mut server, waiter, "BLPOP l 0");
        ask(
            &mut server,
            listener,
            "SUBSCRIBE __keyevent@0__:set __keyevent@3__:rpush __keyevent@3__:lpop",
        );
        let reply = ask(
            &mut server,
            caller,
            "test.group SET_a_1 SELECT_3 RPUSH_l_x_y LLEN_l",
        );
        // While it ran nothing was written down yet, and nobody had taken an element.
        assert_eq!(reply, "*5\\r\\n+OK\\r\\n+OK\\r\\n:2\\r\\n:2\\r\\n:0\\r\\n");
        assert_eq!(words_of(&outbox(&mut server, waiter)), ["l", "x"]);
        let heard = outbox(&mut server, listener);
        assert_eq!(
            words_of(&heard),
            [
                "message",
                "__keyevent@0__:set",
                "a",
                "message",
                "__keyevent@3__:rpush",
                "l",
                "message",
                "__keyevent@3__:lpop",
                "l"
            ]
        );
        let effects = server.backlog.read(&reader).escape_ascii().to_string();
        assert_eq!(
            words_of(&effects),
            [
                "MULTI", "SELECT", "0", "SET", "a", "1", "SELECT", "3", "RPUSH", "l", "x", "y",
                "EXEC", "LPOP", "l"
            ]
        );
    }

    #[test]
    fn an_error_takes_back_what_was_written_and_no_more() {
        let mut server = server();
        let client = connect(&mut server);
        let reply = ask(&mut server, client, "test.group PING test.fail PING");
        let expected = "*4\\r\\n+PONG\\r\\n-ERR syntax error\\r\\n+PONG\\r\\n:0\\r\\n";
        assert_eq!(reply, expected);
    }

    #[test]
    fn a_blocked_request_that_fails_when_it_is_tried_again_has_its_answer() {
        let mut server = server();
        let (waiter, pusher) = (connect(&mut server), connect(&mut server));
        assert_eq!(ask(&mut server, waiter, "test.wait k l"), "");
        ask(&mut server, pusher, "SET l string");
        assert_eq!(outbox(&mut server, waiter), "");
        ask(&mut server, pusher, "DEL l");
        assert_eq!(ask(&mut server, pusher, "RPUSH l x"), ":1\\r\\n");
        assert_eq!(outbox(&mut server, waiter), "-NOGROUP it is gone\\r\\n");
        assert!(server.blocked.is_empty());
        assert!(server.databases()[0].interests.is_empty());
        assert_eq!(ask(&mut server, waiter, "LLEN l"), ":1\\r\\n");
    }

    #[test]
    fn a_blocked_client_is_served_from_the_key_that_is_ready_whatever_the_others_hold() {
        let mut server = server();
        let (waiter, pusher) = (connect(&mut server), connect(&mut server));
        ask(&mut server, waiter, "BLPOP k l 0");
        ask(&mut server, pusher, "SET k string");
        ask(&mut server, pusher, "RPUSH l x");
        assert_eq!(words_of(&outbox(&mut server, waiter)), ["l", "x"]);
    }

    #[test]
    fn what_a_time_out_answers_may_depend_on_the_server() {
        let mut server = server();
        let (waiter, _other) = (connect(&mut server), connect(&mut server));
        ask(&mut server, waiter, "test.wait k");
        server.time_out(waiter);
        assert_eq!(outbox(&mut server, waiter), ":2\\r\\n");
        assert!(server.blocked.is_empty());
    }

    #[test]
    fn several_keys_are_read_at_once() {
        let mut server = server();
        let client = connect(&mut server);
        ask(&mut server, client, "SADD s 1 2");
        ask(&mut server, client, "SADD t 3");
        ask(&mut server, client, "SET string x");
        assert_eq!(
            ask(&mut server, client, "test.touch s t none s"),
            ":5\\r\\n"
        );
        let counters = server.stats.keyspace;
        assert_eq!((counters.hits, counters.misses), (3, 1));
        let wrong = ask(&mut server, client, "test.touch s string");
        assert!(wrong.starts_with("-WRONGTYPE"), "{wrong}");
    }

    #[test]
    fn a_collection_without_elements_never_stays() {
        let mut server = server();
        let (client, listener) = (connect(&mut server), connect(&mut server));
        ask(
            &mut server,
            listener,
            "SUBSCRIBE __keyevent@0__:del __keyevent@0__:ltrim",
        );
        ask(&mut server, client, "test.create l");
        assert_eq!(ask(&mut server, client, "DBSIZE"), ":0\\r\\n");
        assert_eq!(outbox(&mut server, listener), "");
        ask(&mut server, client, "test.create l twice");
        assert_eq!(ask(&mut server, client, "DBSIZE"), ":0\\r\\n");
        let heard = outbox(&mut server, listener);
        assert_eq!(
            words_of(&heard),
            [
                "message",
                "__keyevent@0__:ltrim",
                "l",
                "message",
                "__keyevent@0__:del",
                "l"
            ]
        );
        ask(&mut server, client, "RPUSH l x");
        ask(&mut server, client, "LTRIM l 1 -1");
        assert_eq!(ask(&mut server, client, "EXISTS l"), ":0\\r\\n");
    }

    /// A replica hides a key whose time is up from readers; its master's commands still find it, and its master removes it.
    #[test]
    fn a_key_whose_time_is_up_is_removed_or_hidden() {
        let mut server = server();
        let reader = server.backlog.attach();
        let client = connect(&mut server);
        server.set_expiry(crate::keyspace::db::Expiry::Hide);
        ask(&mut server, client, "SET k 1 PX 10");
        server.backlog.read(&reader);
        server.clock.set(UnixMillis(1_000_010));
        assert!(!expire(&mut server, 10));
        assert_eq!(ask(&mut server, client, "GET k"), "$-1\\r\\n");
        assert_eq!(ask(&mut server, client, "TTL k"), ":-2\\r\\n");
        assert_eq!(ask(&mut server, client, "KEYS *"), "*0\\r\\n");
        assert_eq!(ask(&mut server, client, "DBSIZE"), ":1\\r\\n");
        assert_eq!(ask(&mut server, client, "INCR k"), ":2\\r\\n");
        server.set_expiry(crate::keyspace::db::Expiry::Remove);
        assert!(!expire(&mut server, 10));
        assert_eq!(ask(&mut server, client, "DBSIZE"), ":0\\r\\n");
        let effects = server.backlog.read(&reader).escape_ascii().to_string();
        assert_eq!(words_of(&effects), ["INCR", "k", "DEL", "k"]);
    }
}
