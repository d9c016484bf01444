//! From a request to its reply, and to all that comes of it.

use super::call::{Call, Effect, Then};
use super::{CommandError, Outcome, table};
use crate::command::{Command, flags};
use crate::resp::queue::{Args, Request};
use crate::server::Server;
use crate::server::client::{Blocked, BlockedOn, Client, ClientId, deadline_after};
use crate::small_bytes::SmallBytes;

/// Executes one request of `client`, whose database is selected. Its reply, if it has one already, is in the
/// client's outbox, and [`blocked`](Client::blocked) or [`closing`](Client::closing) tell if it can't go on.
pub fn execute(args: Args<'_>, server: &mut Server, client: &mut Client) {
    let (row, command) = match admit(args, server, client) {
        Ok(found) => found,
        Err(error) => return refuse(&error, args, server, client),
    };
    client.last_command = command.name;
    let before = Before::now(server);
    let mut call = new_call(command, args, server, client);
    let outcome = table::run(row, &mut call);
    let (then, effect) = (call.then, call.effect);
    let failed = match &outcome {
        Err(error) => {
            fail(error, server, client);
            true
        }
        Ok(()) => false,
    };
    write_down(args, &effect, before, server);
    server.stats.ran(row, failed);
    if !command.is(flags::BRIEF)
        || args.len() > MAX_BRIEF_ARGS
        || server.stats.untimed() >= MAX_UNTIMED
    {
        read_clock(server);
    }
    match then {
        Then::Continue => {}
        Then::Close => client.closing = Some(crate::server::client::Closing::AfterReply),
        Then::Block(wait) => {
            let on = if wait.keys.is_empty() {
                BlockedOn::Job
            } else {
                let ticket = server.begin_wait(client.id, &wait.keys);
                BlockedOn::Keys {
                    db: server.selected(),
                    keys: wait.keys,
                    ticket,
                    request: args.to_request(),
                }
            };
            client.blocked = Some(Blocked {
                on,
                deadline: deadline_after(wait.timeout, server.now.instant),
                on_timeout: wait.on_timeout,
            });
        }
    }
    serve_waiting(server);
    tell_events(server, before.db, Some(client));
}

/// After so many brief commands, each of them with no more arguments than this, some microseconds have passed.
const MAX_UNTIMED: usize = 8;
const MAX_BRIEF_ARGS: usize = 8;

/// Ends the commands that have run since the clock was last read, and begins the next one.
pub fn read_clock(server: &mut Server) {
    let now = server.clock.read();
    let elapsed = now.since(&server.now);
    server.stats.took(elapsed);
    server.set_time(now);
}

/// Ends the wait of a client whose time is over.
pub fn time_out(server: &mut Server, id: ClientId) {
    server.unblock(id, |reply, blocked| (blocked.on_timeout)(reply));
}

/// Writes down and tells what happened without a command: keys whose time was up.
pub fn settle_background(server: &mut Server) {
    let before = Before::now(server);
    write_down(
        Request::default().args(),
        &Effect::AsRequested,
        before,
        server,
    );
    tell_events(server, before.db, None);
}

/// How things stood before a command.
#[derive(Clone, Copy)]
struct Before {
    /// The database it began in. SELECT ends in another.
    db: usize,
    /// How many changes there had been in it.
    changes: u64,
}

impl Before {
    fn now(server: &mut Server) -> Self {
        Self {
            db: server.selected(),
            changes: server.db().journal.changes,
        }
    }
}

fn new_call<'a>(
    command: &'static Command,
    args: Args<'a>,
    server: &'a mut Server,
    client: &'a mut Client,
) -> Call<'a> {
    Call {
        command,
        args,
        now: server.now.unix(),
        server,
        client,
        then: Then::default(),
        effect: Effect::default(),
    }
}

/// Finds the command, and whether it may run.
fn admit(
    args: Args<'_>,
    server: &mut Server,
    client: &Client,
) -> Result<(usize, &'static Command), CommandError> {
    let (row, command) = find(args, server).ok_or_else(|| CommandError::unknown(args))?;
    if !command.accepts(args.len()) {
        return Err(CommandError::WrongArity(command.name));
    }
    if client.is_confined() && !command.is(flags::WHILE_SUBSCRIBED) {
        return Err(CommandError::Confined(command.name));
    }
    if command.is(flags::WRITE) && server.refuses_writes() {
        return Err(CommandError::SnapshotFailed);
    }
    Ok((row, command))
}

/// The row of a request: the subcommand's, if there is one.
fn find(args: Args<'_>, server: &Server) -> Option<(usize, &'static Command)> {
    table::TABLE.find_request(args, server.config.chapter)
}

fn refuse(error: &CommandError, args: Args<'_>, server: &mut Server, client: &mut Client) {
    if let Some((row, _)) = find(args, server)
        && let Some(stats) = server.stats.by_command.get_mut(row)
    {
        stats.rejected += 1;
    }
    fail(error, server, client);
}

fn fail(error: &CommandError, server: &mut Server, client: &mut Client) {
    let text = error.text();
    server.stats.error(&text);
    client.outbox.error(&text);
}

/// Writes down what came of a command.
fn write_down(args: Args<'_>, effect: &Effect, before: Before, server: &mut Server) {
    let db = before.db;
    let Some(journal) = server.databases_mut().get_mut(db).map(|db| &mut db.journal) else {
        return;
    };
    let changed = journal.changes != before.changes;
    if !journal.expired.is_empty() {
        // Before the command: for it these keys were gone.
        let expired = std::mem::take(&mut journal.expired);
        write_expired(server, db, &expired);
    }
    if !changed || !server.effects.is_read() {
        return;
    }
    match effect {
        Effect::AsRequested => server.effects.record(db, args.from(0)),
        Effect::Instead(requests) => {
            for request in requests {
                server.effects.record(db, request.args().from(0));
            }
        }
    }
}

/// Publishes what has happened to keys. `client` is the one whose command did it, and who is not in the table meanwhile.
fn tell_events(server: &mut Server, db: usize, client: Option<&mut Client>) {
    let Some(journal) = server.databases_mut().get_mut(db).map(|db| &mut db.journal) else {
        return;
    };
    if !journal.events.is_empty() {
        let events = std::mem::take(&mut journal.events);
        super::pubsub::notify(server, db, &events, client);
    }
}

/// Writes down that keys are gone since their time was up.
fn write_expired(server: &mut Server, db: usize, expired: &[SmallBytes]) {
    for key in expired {
        let del: [&[u8]; 2] = [b"DEL", key];
        server.effects.record(db, del.into_iter());
    }
}

/// Serves clients that wait for keys which have changed. What is done for them may change further keys.
fn serve_waiting(server: &mut Server) {
    while !server.db().journal.ready.is_empty() {
        for key in std::mem::take(&mut server.db().journal.ready) {
            serve_waiting_for(server, &key);
        }
    }
}

/// Tries the requests of all who wait for `key` again, in the order in which they came, as long as there is
/// something to be had.
fn serve_waiting_for(server: &mut Server, key: &SmallBytes) {
    let db = server.selected();
    let mut last = 0;
    while let Some((ticket, id)) = server.waiters.next(db, key, last) {
        if !server.db().contains(key) {
            return;
        }
        last = ticket;
        retry(server, id);
    }
}

/// Executes the request again that a client waits with. If it still can't be answered, the client keeps its
/// place.
fn retry(server: &mut Server, id: ClientId) {
    let Some(mut client) = server.clients.take(id) else {
        return;
    };
    // One that is to be disconnected gets nothing more: an element would be lost with it.
    if client.closing.is_none()
        && let Some(blocked) = client.blocked.take()
    {
        if answers(&blocked, server, &mut client) {
            server.end_wait(&blocked);
            client.wake();
        } else {
            client.blocked = Some(blocked);
        }
    }
    server.clients.put_back(client);
}

/// Whether the request can be answered now. A key of another type is one more reason to wait.
fn answers(blocked: &Blocked, server: &mut Server, client: &mut Client) -> bool {
    let BlockedOn::Keys { request, .. } = &blocked.on else {
        return false;
    };
    let args = request.args();
    let Some((row, command)) = find(args, server) else {
        return false;
    };
    let before = Before::now(server);
    let mut call = new_call(command, args, server, client);
    let outcome: Outcome = table::run(row, &mut call);
    let (then, effect) = (call.then, call.effect);
    if outcome.is_err() || matches!(then, Then::Block(_)) {
        return false;
    }
    write_down(args, &effect, before, server);
    true
}
