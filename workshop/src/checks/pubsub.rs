//! Stage 06, chapter 0: SUBSCRIBE, UNSUBSCRIBE and PUBLISH.

use super::{Body, Check};
use crate::client::{Client, bulk, request, requests};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::array;
use crate::target::Target;
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

/// How many messages are published at once.
const MESSAGES: usize = 500;

/// How many subscribers one channel has, and how many channels one subscriber. A system may not let a
/// program open many more connections.
const CROWD: usize = 200;
const CHANNELS: usize = 1000;

/// The size of a large message, and how many of them are more than any buffer holds.
const LARGE: usize = 100_000;
const LARGE_TIMES: usize = 400;

/// How long to wait before asking again.
const POLL: Duration = Duration::from_millis(5);

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["06.0.110"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.110", "SUBSCRIBE confirms each channel with the number of subscriptions", subscribe)
        .hint("One answer for each channel named, an array of subscribe, the channel and how many channels this client listens to now.")
        .needs(&["04.1"]),
    check("06.0.111", "PUBLISH reaches all subscribers of the channel and counts them", publish)
        .hint("An array of message, the channel and the text. Others hear nothing."),
    check("06.0.112", "UNSUBSCRIBE leaves channels and confirms each", unsubscribe)
        .hint("A channel that the client did not listen to is confirmed as well. What is left is counted."),
    check("06.0.113", "UNSUBSCRIBE without a subscription is confirmed with null and 0", unsubscribe_from_nothing)
        .hint("Every request has an answer: without channels it is one array, with null in place of the channel."),
    check("06.0.114", "UNSUBSCRIBE without a channel leaves all, with an answer for each", all_at_once)
        .hint("The count goes down to 0. The order of the channels is free."),
    check("06.0.115", "A subscribed client may send little else in RESP2", refuses_others)
        .hint("In RESP2 a client could not tell replies from messages. Look at the arity first, and then at this. With the last subscription it ends."),
    check("06.0.116", "PING of a subscribed client is answered like a message", ping)
        .hint("In RESP2 it is an array of pong and the text, or the empty text. QUIT works too."),
    check("06.0.117", "Messages arrive in the order of publishing, and before later replies", order)
        .hint("Let messages and replies pass through one queue for each client."),
    check("06.0.118", "Subscribing and unsubscribing work in a pipeline", pipeline)
        .hint("Requests behind an UNSUBSCRIBE are executed in the mode that it has left."),
    check("06.0.119", "200 subscribers of one channel all hear each message", crowd)
        .hint("Look up the subscribers by channel; and do not wait for any of them."),
    check("06.0.120", "A client may listen to 1,000 channels, and leaves them all by leaving", many_channels)
        .hint("When a connection ends, remove it from each channel that it listened to."),
    check("06.0.121", "A subscriber that has left is not counted any more", vanished)
        .hint("Remove it when its connection ends, and not only when a message can't be written."),
    check("06.0.122", "Subscribing twice is subscribing once", subscribed_twice)
        .hint("The count does not rise, and each message comes once."),
    check("06.0.123", "Channels and messages are any bytes, and belong to no database", binary)
        .hint("Nothing ends at a NUL or at a line end. A channel is the same from every database."),
    check("06.0.124", "A subscriber that does not read holds up nobody", deaf)
        .hint("Never write to another client's socket while you publish: hand the message over, and bound what is kept for who does not take it."),
    check("06.0.125", "In RESP3 messages are pushes, and all commands stay allowed", resp3)
        .hint("A push begins with > instead of *. What a client publishes to itself comes before the reply.")
        .needs(&["06.0.81", "06.0.111"]),
];

/// What SUBSCRIBE and UNSUBSCRIBE answer for one channel.
fn confirmed(kind: &str, channel: impl AsRef<[u8]>, count: usize) -> Vec<u8> {
    let head = format!("*3\r\n${}\r\n{kind}\r\n", kind.len());
    let tail = format!(":{count}\r\n");
    [head.as_bytes(), &bulk(channel), tail.as_bytes()].concat()
}

/// How a message arrives.
fn message(channel: &str, text: impl AsRef<[u8]>) -> Vec<u8> {
    array(&[b"message", channel.as_bytes(), text.as_ref()])
}

/// A new connection that is subscribed to one channel.
fn subscriber(target: &Target, channel: &str) -> Result<Client, Failure> {
    let mut client = target.connect()?;
    client.ask(&["SUBSCRIBE", channel], confirmed("subscribe", channel, 1))?;
    Ok(client)
}

fn subscribe(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let [one, two, three] = [1, 2, 3].map(|_| target.key());
    client.ask(&["SUBSCRIBE", &one], confirmed("subscribe", &one, 1))?;
    let both = [
        confirmed("subscribe", &two, 2),
        confirmed("subscribe", &three, 3),
    ];
    client.ask(&["subscribe", &two, &three], both.concat())?;
    let again = [
        confirmed("subscribe", &one, 3),
        confirmed("subscribe", &one, 3),
    ];
    client.ask(&["SUBSCRIBE", &one, &one], again.concat())
}

fn publish(target: &Target) -> Result<(), Failure> {
    let [channel, other] = [1, 2].map(|_| target.key());
    let mut publisher = target.connect()?;
    publisher.ask(&["PUBLISH", &channel, "nobody hears it"], ":0\r\n")?;
    let mut one = subscriber(target, &channel)?;
    publisher.ask(&["PUBLISH", &channel, "first"], ":1\r\n")?;
    let mut two = subscriber(target, &channel)?;
    let mut three = subscriber(target, &other)?;
    publisher.ask(&["PUBLISH", &channel, "second"], ":2\r\n")?;
    publisher.ask(&["PUBLISH", &other, ""], ":1\r\n")?;
    one.expect([message(&channel, "first"), message(&channel, "second")].concat())?;
    two.expect(message(&channel, "second"))?;
    three.expect(message(&other, ""))?;
    for client in [&mut one, &mut two, &mut three] {
        client.ask(&["PING", "end"], array(&["pong", "end"]))?;
    }
    publisher.settle()
}

fn unsubscribe(target: &Target) -> Result<(), Failure> {
    let [one, two] = [1, 2].map(|_| target.key());
    let mut publisher = target.connect()?;
    let mut client = subscriber(target, &one)?;
    client.ask(&["SUBSCRIBE", &two], confirmed("subscribe", &two, 2))?;
    client.ask(
        &["UNSUBSCRIBE", "none"],
        confirmed("unsubscribe", "none", 2),
    )?;
    client.ask(&["UNSUBSCRIBE", &one], confirmed("unsubscribe", &one, 1))?;
    publisher.ask(&["PUBLISH", &one, "x"], ":0\r\n")?;
    publisher.ask(&["PUBLISH", &two, "y"], ":1\r\n")?;
    client.expect(message(&two, "y"))?;
    client.ask(&["UNSUBSCRIBE"], confirmed("unsubscribe", &two, 0))?;
    publisher.ask(&["PUBLISH", &two, "z"], ":0\r\n")?;
    client.settle()?;
    publisher.settle()
}

fn unsubscribe_from_nothing(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let nothing = "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n";
    client.ask(&["UNSUBSCRIBE"], nothing)?;
    client.ask(&["UNSUBSCRIBE", "a"], confirmed("unsubscribe", "a", 0))?;
    client.settle()
}

fn all_at_once(target: &Target) -> Result<(), Failure> {
    let channels = [1, 2, 3].map(|_| target.key());
    let mut client = target.connect()?;
    for (count, channel) in (1..).zip(&channels) {
        client.ask(
            &["SUBSCRIBE", channel],
            confirmed("subscribe", channel, count),
        )?;
    }
    // In whatever order, but the count goes down.
    client.send(request(&["UNSUBSCRIBE"]))?;
    let mut left: BTreeSet<_> = channels
        .iter()
        .map(|channel| channel.as_bytes().to_vec())
        .collect();
    for count in (0..channels.len()).rev() {
        let (reply, bytes) = client.raw_reply()?;
        let fits = match reply.array() {
            Some([kind, Reply::Bulk(channel), Reply::Integer(found)]) => {
                kind.bulk() == Some(b"unsubscribe")
                    && left.remove(channel)
                    && *found == count as i64
            }
            _ => false,
        };
        if !fits {
            return Err(
                client.unexpected(format!("unsubscribe, one of the channels, {count}"), &bytes)
            );
        }
    }
    client.settle()
}

fn refuses_others(target: &Target) -> Result<(), Failure> {
    let [channel, key] = [1, 2].map(|_| target.key());
    let mut client = subscriber(target, &channel)?;
    for (name, words) in [
        ("get", ["GET", &key].as_slice()),
        ("set", &["SET", &key, "v"]),
        ("blpop", &["BLPOP", &key, "0"]),
        ("publish", &["PUBLISH", &channel, "x"]),
        ("echo", &["ECHO", "x"]),
        ("client|id", &["client", "ID"]),
    ] {
        let expected = format!(
            "-ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n"
        );
        client.ask(words, expected)?;
    }
    client.ask(
        &["NOPE"],
        "-ERR unknown command 'NOPE', with args beginning with: \r\n",
    )?;
    client.ask(
        &["GET"],
        "-ERR wrong number of arguments for 'get' command\r\n",
    )?;
    target.connect()?.ask(&["EXISTS", &key], ":0\r\n")?;
    client.ask(
        &["UNSUBSCRIBE", &channel],
        confirmed("unsubscribe", &channel, 0),
    )?;
    client.ask(&["SET", &key, "v"], "+OK\r\n")?;
    client.settle()
}

fn ping(target: &Target) -> Result<(), Failure> {
    let mut client = subscriber(target, &target.key())?;
    client.ask(&["PING"], array(&["pong", ""]))?;
    client.ask(&["ping", "hello"], array(&["pong", "hello"]))?;
    client.ask(
        &["PING", "a", "b"],
        "-ERR wrong number of arguments for 'ping' command\r\n",
    )?;
    client.ask(&["QUIT"], "+OK\r\n")?;
    client.expect_end()
}

fn order(target: &Target) -> Result<(), Failure> {
    let channel = target.key();
    let mut client = subscriber(target, &channel)?;
    let mut publisher = target.connect()?;
    let (mut publishes, mut messages) = (Vec::new(), Vec::new());
    for number in 0..MESSAGES {
        publishes.extend(request(&["PUBLISH", &channel, &number.to_string()]));
        messages.extend(message(&channel, number.to_string()));
    }
    publisher.send(publishes)?;
    publisher.expect(":1\r\n".repeat(MESSAGES))?;
    client.expect(messages)?;
    // What was published before a request stands before its reply.
    for round in 0..20 {
        let text = round.to_string();
        publisher.ask(&["PUBLISH", &channel, &text], ":1\r\n")?;
        client.send(request(&["PING", "x"]))?;
        client.expect([message(&channel, &text), array(&["pong", "x"])].concat())?;
    }
    publisher.settle()
}

fn pipeline(target: &Target) -> Result<(), Failure> {
    let [one, two, key] = [1, 2, 3].map(|_| target.key());
    let mut client = target.connect()?;
    client.send(requests(&[
        &["SET", &key, "v"],
        &["SUBSCRIBE", &one, &two],
        &["PING"],
        &["UNSUBSCRIBE", &two, &one],
        &["GET", &key],
        &["SUBSCRIBE", &one],
    ]))?;
    client.expect("+OK\r\n")?;
    client.expect(
        [
            confirmed("subscribe", &one, 1),
            confirmed("subscribe", &two, 2),
        ]
        .concat(),
    )?;
    client.expect(array(&["pong", ""]))?;
    client.expect(
        [
            confirmed("unsubscribe", &two, 1),
            confirmed("unsubscribe", &one, 0),
        ]
        .concat(),
    )?;
    client.expect(bulk("v"))?;
    client.expect(confirmed("subscribe", &one, 1))?;
    client.ask(&["UNSUBSCRIBE"], confirmed("unsubscribe", &one, 0))?;
    client.settle()
}

fn crowd(target: &Target) -> Result<(), Failure> {
    let channel = target.key();
    let mut clients = Vec::new();
    for _ in 0..CROWD {
        clients.push(subscriber(target, &channel)?);
    }
    let mut publisher = target.connect()?;
    for text in ["first", "second"] {
        publisher.ask(&["PUBLISH", &channel, text], format!(":{CROWD}\r\n"))?;
        for (number, client) in clients.iter_mut().enumerate() {
            let came = client.expect(message(&channel, text));
            came.map_err(|failure| failure.when(&format!("subscriber {number} of {CROWD}")))?;
        }
    }
    publisher.settle()
}

fn many_channels(target: &Target) -> Result<(), Failure> {
    let prefix = target.key();
    let channels: Vec<String> = (0..CHANNELS)
        .map(|number| format!("{prefix}:{number}"))
        .collect();
    let (mut client, mut publisher) = (target.connect()?, target.connect()?);
    let words: Vec<&str> = ["SUBSCRIBE"]
        .into_iter()
        .chain(channels.iter().map(String::as_str))
        .collect();
    let confirmations = (1..)
        .zip(&channels)
        .flat_map(|(count, channel)| confirmed("subscribe", channel, count));
    client.ask(&words, confirmations.collect::<Vec<u8>>())?;
    for channel in channels.iter().rev() {
        publisher.send(request(&["PUBLISH", channel, "x"]))?;
    }
    publisher.expect(":1\r\n".repeat(CHANNELS))?;
    let messages = channels
        .iter()
        .rev()
        .flat_map(|channel| message(channel, "x"));
    client.expect(messages.collect::<Vec<u8>>())?;
    // It leaves all of them by leaving.
    drop(client);
    let last = channels.last().map_or("", String::as_str);
    nobody_hears(target, &mut publisher, last)
}

/// Publishes until nobody is there any more: a server needs a moment to notice that a client has left.
fn nobody_hears(target: &Target, publisher: &mut Client, channel: &str) -> Result<(), Failure> {
    let limit = Instant::now() + target.deadline;
    loop {
        let heard = publisher.integer(&["PUBLISH", channel, "still there?"])?;
        if heard == 0 {
            return publisher.settle();
        }
        if Instant::now() > limit {
            let came = format!("{heard} subscribers");
            return Err(
                Failure::new("no subscriber, for the only one has left", came).after("PUBLISH"),
            );
        }
        thread::sleep(POLL);
    }
}

fn vanished(target: &Target) -> Result<(), Failure> {
    let channel = target.key();
    let gone = subscriber(target, &channel)?;
    let mut publisher = target.connect()?;
    publisher.ask(&["PUBLISH", &channel, "x"], ":1\r\n")?;
    drop(gone);
    nobody_hears(target, &mut publisher, &channel)?;
    let mut client = subscriber(target, &channel)?;
    publisher.ask(&["PUBLISH", &channel, "y"], ":1\r\n")?;
    client.expect(message(&channel, "y"))
}

fn subscribed_twice(target: &Target) -> Result<(), Failure> {
    let channel = target.key();
    let mut client = subscriber(target, &channel)?;
    client.ask(
        &["SUBSCRIBE", &channel],
        confirmed("subscribe", &channel, 1),
    )?;
    let mut publisher = target.connect()?;
    publisher.ask(&["PUBLISH", &channel, "once"], ":1\r\n")?;
    client.expect(message(&channel, "once"))?;
    client.ask(&["PING"], array(&["pong", ""]))?;
    client.ask(
        &["UNSUBSCRIBE", &channel],
        confirmed("unsubscribe", &channel, 0),
    )?;
    publisher.ask(&["PUBLISH", &channel, "gone"], ":0\r\n")?;
    client.settle()
}

fn binary(target: &Target) -> Result<(), Failure> {
    let all: Vec<u8> = (0..=255).collect();
    let channel = [target.key().as_bytes(), &all].concat();
    let other = [target.key().as_bytes(), b"\0"].concat();
    let (mut client, mut publisher) = (target.connect()?, target.connect()?);
    client.ask(
        &[b"SUBSCRIBE", channel.as_slice()],
        confirmed("subscribe", &channel, 1),
    )?;
    publisher.ask(&[b"PUBLISH", other.as_slice(), b"x"], ":0\r\n")?;
    // A channel belongs to no database.
    publisher.ask(&["SELECT", "1"], "+OK\r\n")?;
    publisher.ask(&[b"PUBLISH", channel.as_slice(), &all], ":1\r\n")?;
    client.expect(array(&[b"message", channel.as_slice(), &all]))?;
    let large = vec![b'x'; LARGE];
    publisher.ask(&[b"PUBLISH", channel.as_slice(), &large], ":1\r\n")?;
    client.expect(array(&[b"message", channel.as_slice(), &large]))?;
    publisher.settle()
}

fn deaf(target: &Target) -> Result<(), Failure> {
    let channel = target.key();
    let mut _deaf = subscriber(target, &channel)?;
    let mut client = subscriber(target, &channel)?;
    let mut publisher = target.connect()?;
    let text = vec![b'x'; LARGE];
    for _ in 0..LARGE_TIMES {
        let heard = publisher.integer(&[b"PUBLISH", channel.as_bytes(), &text]);
        // The one that does not read is thrown out at some time.
        let heard = match heard {
            Ok(1 | 2) => client.expect(message(&channel, &text)),
            Ok(other) => Err(Failure::new("two subscribers, or one", other.to_string())),
            Err(failure) => Err(failure),
        };
        heard.map_err(|failure| failure.when("while another subscriber does not read"))?;
    }
    publisher.settle()
}

fn resp3(target: &Target) -> Result<(), Failure> {
    let [channel, key] = [1, 2].map(|_| target.key());
    let pushed = |bytes: Vec<u8>| [b">", bytes.get(1..).unwrap_or_default()].concat();
    let mut client = target.connect()?;
    client.query(&["HELLO", "3"])?;
    client.ask(
        &["SUBSCRIBE", &channel],
        pushed(confirmed("subscribe", &channel, 1)),
    )?;
    // Pushes can be told from replies, and so all commands are allowed.
    client.ask(&["SET", &key, "v"], "+OK\r\n")?;
    client.ask(&["GET", &key], bulk("v"))?;
    client.ask(&["PING"], "+PONG\r\n")?;
    let mut publisher = target.connect()?;
    publisher.ask(&["PUBLISH", &channel, "x"], ":1\r\n")?;
    client.expect(pushed(message(&channel, "x")))?;
    let own = [pushed(message(&channel, "y")), b":1\r\n".to_vec()].concat();
    client.ask(&["PUBLISH", &channel, "y"], own)?;
    client.ask(
        &["UNSUBSCRIBE"],
        pushed(confirmed("unsubscribe", &channel, 0)),
    )?;
    client.settle()
}
