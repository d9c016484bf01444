//! Stage 04: many clients, one keyspace.

use super::{Body, Check};
use crate::client::{bulk, request};
use crate::failure::Failure;
use crate::target::Target;
use std::thread;
use std::time::Duration;

/// How many clients are there at once.
const CROWD: usize = 200;

/// How many clients write at once, and how many keys each.
const WRITERS: usize = 8;
const KEYS: usize = 250;

/// The size of a value that is asked for and not read, and how often: far more than the buffers
/// between client and server hold.
const UNREAD: usize = 1024 * 1024;
const UNREAD_TIMES: usize = 64;

/// A pause between two pieces, so that they do not arrive as one.
const PAUSE: Duration = Duration::from_millis(2);

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("04-concurrency/GUIDE.md#the-idea")
        .page("https://redis.io/docs/latest/develop/reference/clients/")
        .needs(&["04.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("04.1", "Two clients are served in turn, and see one state", interleaved)
        .hint("Serve each client in a task or a thread of its own, and give all of them the same keyspace.")
        .needs(&["03.1"]),
    check("04.2", "A client that has sent half a request and stays silent holds up nobody", silent_client)
        .hint("Waiting for one client's bytes must not keep the others waiting. And no lock may be held meanwhile.")
        .needs(&["02.6", "04.1"]),
    check("04.3", "Requests that arrive in pieces from several clients do not mix", pieces_do_not_mix)
        .hint("Every client has a buffer and a parser of its own.")
        .needs(&["02.7", "04.1"]),
    check("04.4", "One client's protocol error leaves the others alone", error_of_one)
        .hint("The error ends one conversation. Nothing of a parser may be shared between clients.")
        .needs(&["02.22", "04.2"]),
    check("04.5", "200 clients at once are all served", crowd)
        .hint("If it stops at some number, look for a pool or a queue of that size in front of your clients."),
    check("04.6", "Of many clients that write at once, no write is lost", no_lost_writes)
        .hint("If values are missing, two clients changed the keyspace at the same time, or each has a copy of it.")
        .needs(&["03.7", "04.1"]),
    check("04.7", "A client that does not read its replies holds up nobody", deaf_client)
        .hint("A write waits as well, once the buffers are full. Release the lock before you write.")
        .needs(&["03.11", "04.1"]),
];

fn interleaved(target: &Target) -> Result<(), Failure> {
    let (mut one, mut other) = (target.connect()?, target.connect()?);
    let key = target.key();
    for round in 0..10 {
        let (first, second) = (format!("a{round}"), format!("b{round}"));
        one.ask(&["SET", &key, &first], "+OK\r\n")?;
        other.ask(&["GET", &key], bulk(&first))?;
        other.ask(&["SET", &key, &second], "+OK\r\n")?;
        one.ask(&["GET", &key], bulk(&second))?;
    }
    one.settle()?;
    other.settle()
}

fn silent_client(target: &Target) -> Result<(), Failure> {
    let mut silent = target.connect()?;
    let key = target.key();
    let whole = request(&["SET", &key, "late"]);
    let (head, tail) = whole.split_at(whole.len() - 3);
    silent.send(head)?;
    for round in ["1", "2", "3"] {
        let mut other = target.connect()?;
        other
            .ask(&["SET", &key, round], "+OK\r\n")
            .and_then(|()| other.ask(&["GET", &key], bulk(round)))
            .map_err(|failure| failure.when("another client, while one has sent half a request"))?;
    }
    silent.send(tail)?;
    silent.expect("+OK\r\n")?;
    target.connect()?.ask(&["GET", &key], bulk("late"))
}

fn deaf_client(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let value = vec![b'x'; UNREAD];
    let mut deaf = target.connect()?;
    deaf.send_while_reading(&request(&[b"SET", key.as_bytes(), &value]), b"+OK\r\n")?;
    deaf.send(request(&["GET", &key]).repeat(UNREAD_TIMES))?;
    // From its first reply on, the server is busy with it.
    deaf.wait_unread()?;
    let circumstance = "another client, while one does not read its replies";
    let mut other = target.connect()?;
    for word in ["one", "two", "three"] {
        other
            .ask(&["SET", &key, word], "+OK\r\n")
            .and_then(|()| other.ask(&["GET", &key], bulk(word)))
            .map_err(|failure| failure.when(circumstance))?;
    }
    // What the first client asked for before is still owed to it.
    deaf.expect(bulk(&value))?;
    other.ask(&["DEL", &key], ":1\r\n")
}

fn crowd(target: &Target) -> Result<(), Failure> {
    let mut clients = Vec::new();
    for _ in 0..CROWD {
        clients.push(target.connect()?);
    }
    for round in 0..2 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(request(&["ECHO", &format!("{number} in round {round}")]))?;
        }
        for (number, client) in clients.iter_mut().enumerate().rev() {
            client
                .expect(bulk(format!("{number} in round {round}")))
                .map_err(|failure| failure.when(&format!("client {number} of {CROWD}")))?;
        }
    }
    Ok(())
}

fn no_lost_writes(target: &Target) -> Result<(), Failure> {
    let prefix = target.key();
    let write = |writer: usize| -> Result<(), Failure> {
        let mut client = target.connect()?;
        for number in 0..KEYS {
            let key = format!("{prefix}:{writer}:{number}");
            client.ask(&["SET", &key, &key], "+OK\r\n")?;
        }
        client.settle()
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        writers.into_iter().try_for_each(|writer| {
            let panicked = |_| Err(Failure::new("a check that works", "a panic in it"));
            writer.join().unwrap_or_else(panicked)
        })
    })?;
    let mut client = target.connect()?;
    for writer in 0..WRITERS {
        for number in 0..KEYS {
            let key = format!("{prefix}:{writer}:{number}");
            client.ask(&["GET", &key], bulk(&key))?;
            client.ask(&["DEL", &key], ":1\r\n")?;
        }
    }
    Ok(())
}

fn error_of_one(target: &Target) -> Result<(), Failure> {
    let (mut good, mut bad) = (target.connect()?, target.connect()?);
    good.send("*2\r\n$4\r\nECHO\r\n$5\r\nhe")?;
    bad.send("*1\r\n!\r\n")?;
    bad.expect("-ERR Protocol error: expected '$', got '!'\r\n")?;
    bad.expect_end()?;
    good.send("llo\r\n")?;
    good.expect(bulk("hello"))?;
    good.settle()
}

fn pieces_do_not_mix(target: &Target) -> Result<(), Failure> {
    let (mut one, mut other) = (target.connect()?, target.connect()?);
    let (first, second) = (request(&["ECHO", "first"]), request(&["ECHO", "other"]));
    for (left, right) in first.chunks(3).zip(second.chunks(3)) {
        one.send(left)?;
        other.send(right)?;
        // Or else the server may read all pieces of one client at once.
        thread::sleep(PAUSE);
    }
    other.expect(bulk("other"))?;
    one.expect(bulk("first"))?;
    one.settle()?;
    other.settle()
}
