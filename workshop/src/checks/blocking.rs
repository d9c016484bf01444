//! Stage 06, chapter 0: BLPOP, which waits.

use super::{Body, Check};
use crate::client::{Client, bulk, request, requests};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::{array, play, play_on};
use crate::target::Target;
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

/// How long to listen for an answer that must not come yet.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// How long a server may take to notice that a client has left.
const NOTICE: Duration = Duration::from_millis(100);

/// The timeout that is tried, and how much earlier an answer may come: time counts in milliseconds.
const TIMEOUT: Duration = Duration::from_millis(100);
const EARLY: Duration = Duration::from_millis(2);

/// How many clients wait at once.
const WAITERS: usize = 100;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["06.0.90"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.90", "BLPOP answers at once where there is an element", at_once)
        .hint("An array of the key and the element: with several keys one must know which it was.")
        .needs(&["06.0.20"]),
    check("06.0.91", "BLPOP takes from the first of its keys that has a list", order_of_keys)
        .hint("In the order of the arguments, and not of age or name."),
    check("06.0.92", "BLPOP waits until somebody pushes", waits_for_a_push)
        .hint("The reply to the push counts the element, even if it is handed over at once; and then the list is gone."),
    check("06.0.93", "Clients that wait for the same key are served in the order of waiting", order_of_waiting)
        .hint("Keep a queue for each key. One push of several elements serves several.")
        .needs(&["06.0.92"]),
    check("06.0.94", "Who waits is served after the push as a whole, and before the next request", after_the_push)
        .hint("Look at the keys that became ready when the command has ended.")
        .needs(&["06.0.92"]),
    check("06.0.95", "BLPOP gives up after its timeout with the null array, and not earlier", timeout)
        .hint("The timeout is in seconds and may have a fraction. Who gave up must leave the queues of all its keys.")
        .needs(&["06.0.81", "06.0.90"]),
    check("06.0.96", "A timeout of 0 means for ever", zero_is_for_ever)
        .hint("Do not let it end at once, nor by some timeout of the connection.")
        .needs(&["06.0.92"]),
    check("06.0.97", "BLPOP refuses timeouts that are negative or no number", bad_timeouts)
        .hint("The timeout is looked at before the keys."),
    check("06.0.98", "A client that left while it waited is skipped, and no element is lost", vanished)
        .hint("Take it out of the queues when its connection ends, or look whether it is still there before you pop.")
        .needs(&["06.0.92"]),
    check("06.0.99", "BLPOP answers WRONGTYPE when it comes upon a value of another type", wrong_type)
        .hint("Keys are looked at in order: where an earlier one has an element, later ones do not matter."),
    check("06.0.100", "A value of another type does not wake who waits for a list", other_values)
        .hint("It may come and go; who waits goes on waiting for a list.")
        .needs(&["06.0.92"]),
    check("06.0.101", "Requests behind a BLPOP wait for it", pipelined)
        .hint("Replies come in the order of requests, and the requests are not executed before. Stop reading the pipeline, and go on when the answer is out.")
        .needs(&["06.0.92"]),
    check("06.0.102", "Who waits for several keys is served once, by whichever comes first", any_of_many)
        .hint("Take it out of the queues of all other keys when one has served it. A key may be named twice.")
        .needs(&["06.0.92"]),
    check("06.0.103", "Who waits does so in its database", databases)
        .hint("The same name in another database is another key.")
        .needs(&["06.0.58", "06.0.92"]),
    check("06.0.104", "A list that arrives by RENAME serves who waits for it", renamed)
        .hint("Whatever makes a list appear under the key counts, not only a push.")
        .needs(&["06.0.52", "06.0.92"]),
    check("06.0.105", "Of 100 clients that wait each gets one element, and none is lost", each_once)
        .hint("Take the element and the client together, in one step that nobody gets between.")
        .needs(&["06.0.92"]),
];

/// Sends a request that is to wait, and looks that it does: what is answered before it shows that the
/// server has come to it.
fn wait_with(client: &mut Client, words: &[&str]) -> Result<(), Failure> {
    client.send(requests(&[&["PING"], words]))?;
    client.expect("+PONG\r\n")?;
    client.expect_silence(PAUSE)
}

fn waiting(target: &Target, words: &[&str]) -> Result<Client, Failure> {
    let mut client = target.connect()?;
    wait_with(&mut client, words)?;
    Ok(client)
}

fn at_once(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    play_on(
        &mut client,
        &target.key(),
        r#"
        RPUSH @ a b c        -> :3
        BLPOP @ 0            -> [@ a]
        blpop @ 0.1          -> [@ b]
        BLPOP @ 100          -> [@ c]
        EXISTS @             -> :0
        "#,
    )?;
    client.settle()
}

fn order_of_keys(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    play_on(
        &mut client,
        &target.key(),
        r#"
        RPUSH @2 two         -> :1
        RPUSH @3 three four  -> :2
        BLPOP @1 @3 @2 0     -> [@3 three]
        BLPOP @1 @2 @3 0     -> [@2 two]
        BLPOP @1 @2 @3 0     -> [@3 four]
        EXISTS @1 @2 @3      -> :0
        "#,
    )?;
    client.settle()
}

fn waits_for_a_push(target: &Target) -> Result<(), Failure> {
    let mut other = target.connect()?;
    for (push, timeout) in [("RPUSH", "0"), ("LPUSH", "100")] {
        let key = target.key();
        let mut client = waiting(target, &["BLPOP", &key, timeout])?;
        other.ask(&[push, &key, "\r\n"], ":1\r\n")?;
        client.expect(array(&[&key, "\r\n"]))?;
        other.ask(&["EXISTS", &key], ":0\r\n")?;
        client.settle()?;
    }
    other.settle()
}

fn order_of_waiting(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut waiters = Vec::new();
    for _ in 0..5 {
        waiters.push(waiting(target, &["BLPOP", &key, "0"])?);
    }
    let mut other = target.connect()?;
    for (number, waiter) in waiters.iter_mut().enumerate().take(3) {
        let element = number.to_string();
        other.ask(&["RPUSH", &key, &element], ":1\r\n")?;
        let told = waiter.expect(array(&[&key, &element]));
        told.map_err(|failure| failure.when(&format!("waiter {number}")))?;
    }
    // One push for two of them, and one element that is left.
    other.ask(&["RPUSH", &key, "3", "4", "left"], ":3\r\n")?;
    for (number, waiter) in waiters.iter_mut().enumerate().skip(3) {
        let told = waiter.expect(array(&[&key, &number.to_string()]));
        told.map_err(|failure| failure.when(&format!("waiter {number}")))?;
    }
    other.ask(&["LRANGE", &key, "0", "-1"], array(&["left"]))?;
    waiters.iter_mut().try_for_each(Client::settle)
}

fn after_the_push(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut client = waiting(target, &["BLPOP", &key, "0"])?;
    let mut other = target.connect()?;
    // The whole of the push comes first: what it pushed last stands in front.
    other.ask(&["LPUSH", &key, "a", "b", "c"], ":3\r\n")?;
    client.expect(array(&[&key, "c"]))?;
    other.ask(&["LRANGE", &key, "0", "-1"], array(&["b", "a"]))?;
    other.ask(&["DEL", &key], ":1\r\n")?;
    // And it is served before the next request, even of the same client.
    wait_with(&mut client, &["BLPOP", &key, "0"])?;
    other.send(requests(&[
        &["RPUSH", &key, "d"],
        &["LLEN", &key],
        &["RPUSH", &key, "e"],
    ]))?;
    other.expect(":1\r\n:0\r\n:1\r\n")?;
    client.expect(array(&[&key, "d"]))?;
    client.settle()?;
    other.ask(&["LPOP", &key], bulk("e"))
}

fn timeout(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let (one, two) = (target.key(), target.key());
    for text in ["0.1", "1e-1", ".1"] {
        let start = Instant::now();
        client.ask(&["BLPOP", &one, &two, text], "*-1\r\n")?;
        let waited = start.elapsed();
        if waited + EARLY < TIMEOUT {
            let expected = format!("the null array after {TIMEOUT:?}");
            return Err(
                Failure::new(expected, format!("the null array after {waited:?}"))
                    .after(format!("BLPOP ... {text}")),
            );
        }
    }
    // Who has given up is not served any more.
    client.ask(&["RPUSH", &one, "a"], ":1\r\n")?;
    client.ask(&["LLEN", &one], ":1\r\n")?;
    // In RESP3 all nulls are one.
    client.query(&["HELLO", "3"])?;
    client.ask(&["BLPOP", &two, "0.01"], "_\r\n")?;
    client.settle()
}

fn zero_is_for_ever(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut client = waiting(target, &["BLPOP", &key, "0"])?;
    client.expect_silence(Duration::from_millis(250))?;
    target.connect()?.ask(&["RPUSH", &key, "a"], ":1\r\n")?;
    client.expect(array(&[&key, "a"]))?;
    client.settle()
}

fn bad_timeouts(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        BLPOP @ -1    -> -ERR timeout is negative
        BLPOP @ -0.1  -> -ERR timeout is negative
        BLPOP @ x     -> -ERR timeout is not a float or out of range
        BLPOP @ ''    -> -ERR timeout is not a float or out of range
        BLPOP @ nan   -> -ERR timeout is not a float or out of range
        BLPOP @ 1x    -> -ERR timeout is not a float or out of range
        RPUSH @ a     -> :1
        BLPOP @ x     -> -ERR timeout is not a float or out of range
        BLPOP @ -1    -> -ERR timeout is negative
        LLEN @        -> :1
        SET @text v   -> +OK
        BLPOP @text x -> -ERR timeout is not a float or out of range
        "#,
    )
}

fn vanished(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let gone = waiting(target, &["BLPOP", &key, "0"])?;
    let mut client = waiting(target, &["BLPOP", &key, "0"])?;
    drop(gone);
    // The server learns of it when it looks; and whoever is last is served by nobody else's leaving.
    client.expect_silence(NOTICE)?;
    let mut other = target.connect()?;
    other.ask(&["RPUSH", &key, "a"], ":1\r\n")?;
    client.expect(array(&[&key, "a"]))?;
    wait_with(&mut client, &["BLPOP", &key, "0"])?;
    drop(client);
    thread::sleep(NOTICE);
    other.ask(&["RPUSH", &key, "b"], ":1\r\n")?;
    other.ask(&["LRANGE", &key, "0", "-1"], array(&["b"]))?;
    other.settle()
}

fn wrong_type(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    play_on(
        &mut client,
        &target.key(),
        r#"
        SET @text v           -> +OK
        SADD @set a           -> :1
        BLPOP @text 0         -> WRONGTYPE
        BLPOP @none @set 0    -> WRONGTYPE
        RPUSH @list a         -> :1
        BLPOP @list @text 0   -> [@list a]
        GET @text             -> "v"
        "#,
    )?;
    client.settle()
}

fn other_values(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut client = waiting(target, &["BLPOP", &key, "0"])?;
    let mut other = target.connect()?;
    other.ask(&["SET", &key, "v"], "+OK\r\n")?;
    client.expect_silence(PAUSE)?;
    other.ask(&["DEL", &key], ":1\r\n")?;
    other.ask(&["SADD", &key, "v"], ":1\r\n")?;
    client.expect_silence(PAUSE)?;
    other.ask(&["DEL", &key], ":1\r\n")?;
    other.ask(&["RPUSH", &key, "a"], ":1\r\n")?;
    client.expect(array(&[&key, "a"]))?;
    client.settle()
}

fn pipelined(target: &Target) -> Result<(), Failure> {
    let (key, text) = (target.key(), target.key());
    let mut client = target.connect()?;
    client.send(requests(&[
        &["PING"],
        &["BLPOP", &key, "0"],
        &["SET", &text, "v"],
        &["GET", &text],
    ]))?;
    client.expect("+PONG\r\n")?;
    client.expect_silence(PAUSE)?;
    // What is sent while it waits has to wait as well.
    client.send(request(&["APPEND", &text, "w"]))?;
    client.expect_silence(PAUSE)?;
    let mut other = target.connect()?;
    other.ask(&["EXISTS", &text], ":0\r\n")?;
    other.ask(&["RPUSH", &key, "a"], ":1\r\n")?;
    client.expect(array(&[&key, "a"]))?;
    client.expect("+OK\r\n$1\r\nv\r\n:2\r\n")?;
    client.settle()
}

fn any_of_many(target: &Target) -> Result<(), Failure> {
    let [one, two] = [1, 2].map(|_| target.key());
    let mut client = waiting(target, &["BLPOP", &one, &two, &one, "0"])?;
    let mut second = waiting(target, &["BLPOP", &two, "0"])?;
    let mut other = target.connect()?;
    other.ask(&["RPUSH", &one, "a", "b"], ":2\r\n")?;
    client.expect(array(&[&one, "a"]))?;
    // It waits for neither any more.
    other.ask(&["LLEN", &one], ":1\r\n")?;
    other.ask(&["RPUSH", &two, "c", "d"], ":2\r\n")?;
    second.expect(array(&[&two, "c"]))?;
    other.ask(&["LLEN", &two], ":1\r\n")?;
    client.settle()?;
    second.settle()
}

fn databases(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let (mut client, mut other) = (target.connect()?, target.connect()?);
    client.ask(&["SELECT", "1"], "+OK\r\n")?;
    wait_with(&mut client, &["BLPOP", &key, "0"])?;
    other.ask(&["RPUSH", &key, "zero"], ":1\r\n")?;
    client.expect_silence(PAUSE)?;
    other.ask(&["LLEN", &key], ":1\r\n")?;
    other.ask(&["SELECT", "1"], "+OK\r\n")?;
    other.ask(&["RPUSH", &key, "one"], ":1\r\n")?;
    client.expect(array(&[&key, "one"]))?;
    client.settle()
}

fn renamed(target: &Target) -> Result<(), Failure> {
    let [key, from] = [1, 2].map(|_| target.key());
    let mut client = waiting(target, &["BLPOP", &key, "0"])?;
    let mut other = target.connect()?;
    other.ask(&["RPUSH", &from, "a", "b"], ":2\r\n")?;
    client.expect_silence(PAUSE)?;
    other.ask(&["RENAME", &from, &key], "+OK\r\n")?;
    client.expect(array(&[&key, "a"]))?;
    other.ask(&["LRANGE", &key, "0", "-1"], array(&["b"]))?;
    client.settle()
}

fn each_once(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        let mut client = target.connect()?;
        client.send(request(&["BLPOP", &key, "0"]))?;
        waiters.push(client);
    }
    let mut pushers = [target.connect()?, target.connect()?];
    let half = WAITERS / pushers.len();
    for (number, pusher) in pushers.iter_mut().enumerate() {
        let pushes =
            (0..half).flat_map(|count| request(&["RPUSH", &key, &format!("{number}:{count}")]));
        pusher.send(pushes.collect::<Vec<u8>>())?;
    }
    let mut elements = BTreeSet::new();
    for waiter in &mut waiters {
        let (reply, bytes) = waiter.raw_reply()?;
        match reply.array() {
            Some([name, Reply::Bulk(element)]) if name.bulk() == Some(key.as_bytes()) => {
                elements.insert(element.clone());
            }
            _ => return Err(waiter.unexpected("the key and an element", &bytes)),
        }
    }
    for pusher in &mut pushers {
        (0..half).try_for_each(|_| pusher.raw_reply().map(drop))?;
        pusher.settle()?;
    }
    if elements.len() != WAITERS {
        let came = format!("{} different ones", elements.len());
        let expected = format!("each of {WAITERS} elements for one of {WAITERS} waiters");
        return Err(Failure::new(expected, came).after("BLPOP and RPUSH"));
    }
    target.connect()?.ask(&["EXISTS", &key], ":0\r\n")
}
