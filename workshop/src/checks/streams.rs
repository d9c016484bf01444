//! Stage 06, chapter 13: streams.

use super::{Body, Check};
use crate::client::{Client, bulk, requests};
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;
use std::time::{Duration, Instant};

/// How long to listen for an answer that must not come yet.
const PAUSE: Duration = Duration::from_millis(20);

/// The timeout that is tried, and how much earlier an answer may come: time counts in milliseconds.
const TIMEOUT: Duration = Duration::from_millis(100);
const EARLY: Duration = Duration::from_millis(2);

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/13-streams.md")
        .needs(&["06.13.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.13.1", "XADD takes ids that grow, and refuses all others", xadd)
        .hint("Compare the time first, then the number. 0-0 has an error of its own, also where there is no stream.")
        .needs(&["03.1"]),
    check("06.13.2", "XADD makes the parts of an id that are *", generated)
        .hint("The first number of a millisecond is 0, but 0-0 is no id. If the clock is behind the last id, go on from that."),
    check("06.13.3", "XRANGE and XREVRANGE give entries between two ids", ranges)
        .hint("An end without its second part means the last one of that millisecond. ( leaves the id itself out."),
    check("06.13.4", "A stream without entries stays, and so does its last id", empty)
        .hint("The key goes only by DEL. A new id must be above the last one ever, not above the last entry."),
    check("06.13.5", "XTRIM and XADD MAXLEN and MINID remove the first entries", trim)
        .hint("= is the default. ~ may leave more than was asked for, but never less."),
    check("06.13.6", "XREAD gives what lies behind an id, of each stream that has something", xread)
        .hint("The id itself is not part of it, unlike in XRANGE. Streams without news are left out; if all are, it is the null array.")
        .needs(&["06.13.3"]),
    check("06.13.7", "XREAD BLOCK waits for entries behind $, and one XADD serves all", waits)
        .hint("$ is the last id when the request came. Nobody takes the entry away: go on to the next who waits.")
        .needs(&["06.0.92", "06.13.6"]),
    check("06.13.8", "XREAD BLOCK gives up after its timeout with the null array", timeout)
        .hint("In milliseconds, unlike BLPOP's."),
    check("06.13.9", "XREADGROUP hands each entry to one consumer, and XACK ends that", group)
        .hint("> is what nobody has got yet. Any other id is about what this consumer has got and not acknowledged.")
        .needs(&["06.13.6"]),
    check("06.13.10", "A pending entry that was deleted has null in place of fields", deleted)
        .hint("What is pending is a list of ids. XDEL does not look at it.")
        .needs(&["06.13.9"]),
    check("06.13.11", "XCLAIM and XAUTOCLAIM give pending entries to another consumer", claim)
        .hint("XPENDING counts for each consumer that has any. XAUTOCLAIM tells where to go on, what it took, and what was deleted.")
        .needs(&["06.13.9"]),
    check("06.13.12", "XREADGROUP BLOCK serves who came first, and ends with its group", group_waits)
        .hint("An entry goes to one of those who wait. Try the request again also when the group or the stream is gone.")
        .needs(&["06.13.7", "06.13.9"]),
];

/// A reply, as one would write it down: `[a [b :1] nil]`. `-` alone is the null array.
fn nested(text: &str) -> Vec<u8> {
    if text == "-" {
        return b"*-1\r\n".to_vec();
    }
    let spaced = text.replace('[', " [ ").replace(']', " ] ");
    // The elements of each array that is open, and how many they are.
    let mut open = vec![(Vec::new(), 0)];
    for word in spaced.split_whitespace() {
        let element = match word {
            "[" => {
                open.push((Vec::new(), 0));
                continue;
            }
            "]" => {
                let (elements, count) = open.pop().unwrap_or_default();
                [format!("*{count}\r\n").into_bytes(), elements].concat()
            }
            "nil" => b"$-1\r\n".to_vec(),
            "-" => b"*-1\r\n".to_vec(),
            word if word.starts_with(':') => format!("{word}\r\n").into_bytes(),
            word => bulk(word),
        };
        if let Some((elements, count)) = open.last_mut() {
            elements.extend(element);
            *count += 1;
        }
    }
    open.pop().unwrap_or_default().0
}

/// Plays lines such as `XRANGE @ - + => [[1-1 [a b]]]`. `@` is the key.
fn play_nested(client: &mut Client, key: &str, script: &str) -> Result<(), Failure> {
    for line in script.lines().filter(|line| !line.trim().is_empty()) {
        let (command, expected) = line.split_once("=>").unwrap_or((line, ""));
        let command = command.replace('@', key);
        let words: Vec<&str> = command.split_whitespace().collect();
        client.ask(&words, nested(expected.replace('@', key).trim()))?;
    }
    Ok(())
}

fn conversation(target: &Target, script: &str) -> Result<(), Failure> {
    let mut client = target.connect()?;
    play_nested(&mut client, &target.key(), script)?;
    client.settle()
}

fn xadd(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        XADD @ 0-0 a b         -> -ERR The ID specified in XADD must be greater than 0-0
        EXISTS @               -> :0
        XADD @ 1-1 a b         -> "1-1"
        XADD @ 1-1 a b         -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD @ 1-0 a b         -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD @ 0-9 a b         -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD @ 1-10 a b c d    -> "1-10"
        XADD @ 2 a b           -> "2-0"
        XADD @ x a b           -> -ERR Invalid stream ID specified as stream command argument
        XADD @ 3 a b c         -> -ERR wrong number of arguments for 'xadd' command
        XADD @none NOMKSTREAM 1 a b -> nil
        EXISTS @none           -> :0
        XLEN @                 -> :3
        TYPE @                 -> +stream
        XLEN @none             -> :0
        SET @string v          -> +OK
        XADD @string 1 a b     -> WRONGTYPE
        "#,
    )
}

fn generated(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        XADD @ 0-* a b              -> "0-1"
        XADD @ 0-* a b              -> "0-2"
        XADD @ 5-* a b              -> "5-0"
        XADD @ 5-* a b              -> "5-1"
        XADD @ 4-* a b              -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD @ 99999999999999-7 a b -> "99999999999999-7"
        XADD @ * a b                -> "99999999999999-8"
        XADD @ 18446744073709551615-18446744073709551615 a b -> "18446744073709551615-18446744073709551615"
        XADD @ * a b                -> -ERR The stream has exhausted the last possible ID, unable to add more items
        "#,
    )
}

fn ranges(target: &Target) -> Result<(), Failure> {
    conversation(
        target,
        r#"
        XADD @ 1-1 a 1              => 1-1
        XADD @ 1-2 a 2              => 1-2
        XADD @ 2-0 b 3 c 04         => 2-0
        XRANGE @ - +                => [[1-1 [a 1]] [1-2 [a 2]] [2-0 [b 3 c 04]]]
        XRANGE @ 1 1                => [[1-1 [a 1]] [1-2 [a 2]]]
        XRANGE @ (1-1 +             => [[1-2 [a 2]] [2-0 [b 3 c 04]]]
        XRANGE @ - (2               => [[1-1 [a 1]] [1-2 [a 2]] [2-0 [b 3 c 04]]]
        XRANGE @ - (2-0             => [[1-1 [a 1]] [1-2 [a 2]]]
        XRANGE @ - + COUNT 1        => [[1-1 [a 1]]]
        XREVRANGE @ + - COUNT 2     => [[2-0 [b 3 c 04]] [1-2 [a 2]]]
        XREVRANGE @ 1 1             => [[1-2 [a 2]] [1-1 [a 1]]]
        XRANGE @ + -                => []
        XRANGE @none - +            => []
        "#,
    )
}

fn empty(target: &Target) -> Result<(), Failure> {
    conversation(
        target,
        r#"
        XADD @ 1-1 a 1              => 1-1
        XADD @ 5-0 a 2              => 5-0
        XDEL @ 1-1 3-3              => :1
        XDEL @ 5-0                  => :1
        XLEN @                      => :0
        EXISTS @                    => :1
        XRANGE @ - +                => []
        XADD @ 5-* a 3              => 5-1
        XRANGE @ - +                => [[5-1 [a 3]]]
        "#,
    )
}

fn trim(target: &Target) -> Result<(), Failure> {
    conversation(
        target,
        r#"
        XADD @ 1 a 1                => 1-0
        XADD @ 2 a 2                => 2-0
        XADD @ 3 a 3                => 3-0
        XADD @ MAXLEN 3 4 a 4       => 4-0
        XLEN @                      => :3
        XTRIM @ MINID = 3           => :1
        XRANGE @ - + COUNT 1        => [[3-0 [a 3]]]
        XTRIM @ MAXLEN ~ 1          => :0
        XADD @ MINID 5 5 a 5        => 5-0
        XRANGE @ - +                => [[5-0 [a 5]]]
        XTRIM @ MAXLEN 0            => :1
        XLEN @                      => :0
        "#,
    )
}

fn xread(target: &Target) -> Result<(), Failure> {
    conversation(
        target,
        r#"
        XADD @1 1 a 1                     => 1-0
        XADD @1 2 a 2                     => 2-0
        XADD @2 5 b 3                     => 5-0
        XREAD STREAMS @1 1                => [[@1 [[2-0 [a 2]]]]]
        XREAD STREAMS @1 @2 @3 0 4-9 0    => [[@1 [[1-0 [a 1]] [2-0 [a 2]]]] [@2 [[5-0 [b 3]]]]]
        XREAD COUNT 1 STREAMS @1 @2 0 5   => [[@1 [[1-0 [a 1]]]]]
        XREAD STREAMS @1 @2 2 $           => -
        XREAD STREAMS @3 0                => -
        "#,
    )
}

/// A client that waits.
fn waiting(target: &Target, words: &[&str]) -> Result<Client, Failure> {
    let mut client = target.connect()?;
    client.send(requests(&[&["PING"], words]))?;
    client.expect("+PONG\r\n")?;
    client.expect_silence(PAUSE)?;
    Ok(client)
}

fn waits(target: &Target) -> Result<(), Failure> {
    let (key, missing) = (target.key(), target.key());
    let mut other = target.connect()?;
    play_nested(&mut other, &key, "XADD @ 1 a 1 => 1-0")?;
    let read = |id| vec!["XREAD", "BLOCK", "0", "STREAMS", &*key, &*missing, id, "$"];
    let mut waiters = vec![waiting(target, &read("$"))?, waiting(target, &read("1"))?];
    // What removes entries brings none.
    play_nested(&mut other, &key, "XDEL @ 1 => :1\nXADD @ 2 a 2 => 2-0")?;
    let news = nested("[[@ [[2-0 [a 2]]]]]".replace('@', &key).as_str());
    for waiter in &mut waiters {
        waiter.expect(&news)?;
    }
    let mut last = waiting(target, &read("2"))?;
    play_nested(&mut other, &missing, "XADD @ 7 b 1 => 7-0")?;
    last.expect(nested(
        "[[@ [[7-0 [b 1]]]]]".replace('@', &missing).as_str(),
    ))?;
    play_nested(&mut other, &key, "XLEN @ => :1")?;
    waiters.iter_mut().try_for_each(Client::settle)
}

fn timeout(target: &Target) -> Result<(), Failure> {
    let (mut client, key) = (target.connect()?, target.key());
    let start = Instant::now();
    client.ask(&["XREAD", "BLOCK", "100", "STREAMS", &key, "$"], "*-1\r\n")?;
    let waited = start.elapsed();
    if waited + EARLY < TIMEOUT {
        return Err(Failure::new(
            "an answer after 100 ms",
            format!("one after {waited:?}"),
        ));
    }
    client.settle()
}

fn group(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let none = "-NOGROUP No such key '@' or consumer group 'g' in XREADGROUP with GROUP option\r\n";
    let none = none.replace('@', &key);
    client.ask(
        &["XREADGROUP", "GROUP", "g", "ann", "STREAMS", &key, ">"],
        none,
    )?;
    client.ask(&["XGROUP", "CREATE", &key, "g", "$", "MKSTREAM"], "+OK\r\n")?;
    let exists = "-BUSYGROUP Consumer Group name already exists\r\n";
    client.ask(&["XGROUP", "CREATE", &key, "g", "0"], exists)?;
    play_nested(
        &mut client,
        &key,
        r#"
        XADD @ 1 a 1                                          => 1-0
        XADD @ 2 a 2                                          => 2-0
        XADD @ 3 a 3                                          => 3-0
        XREADGROUP GROUP g ann COUNT 1 STREAMS @ >            => [[@ [[1-0 [a 1]]]]]
        XREADGROUP GROUP g bob COUNT 1 STREAMS @ >            => [[@ [[2-0 [a 2]]]]]
        XREADGROUP GROUP g ann NOACK STREAMS @ >              => [[@ [[3-0 [a 3]]]]]
        XREADGROUP GROUP g ann STREAMS @ >                    => -
        XREADGROUP GROUP g ann STREAMS @ 0                    => [[@ [[1-0 [a 1]]]]]
        XREADGROUP GROUP g bob STREAMS @ 2                    => [[@ []]]
        XPENDING @ g                                          => [:2 1-0 2-0 [[ann 1] [bob 1]]]
        XACK @ g 1-0 1-0 3-0 9-9                              => :1
        XREADGROUP GROUP g ann STREAMS @ 0                    => [[@ []]]
        XPENDING @ g                                          => [:1 2-0 2-0 [[bob 1]]]
        XACK @ g 2-0                                          => :1
        XPENDING @ g                                          => [:0 nil nil -]
        XLEN @                                                => :3
        "#,
    )?;
    client.settle()
}

fn deleted(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    client.ask(&["XGROUP", "CREATE", &key, "g", "0", "MKSTREAM"], "+OK\r\n")?;
    play_nested(
        &mut client,
        &key,
        r#"
        XADD @ 1 a 1                               => 1-0
        XADD @ 2 a 2                               => 2-0
        XREADGROUP GROUP g ann STREAMS @ >         => [[@ [[1-0 [a 1]] [2-0 [a 2]]]]]
        XDEL @ 1                                   => :1
        XREADGROUP GROUP g ann STREAMS @ 0         => [[@ [[1-0 -] [2-0 [a 2]]]]]
        XPENDING @ g                               => [:2 1-0 2-0 [[ann 2]]]
        "#,
    )?;
    client.settle()
}

fn claim(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    client.ask(&["XGROUP", "CREATE", &key, "g", "0", "MKSTREAM"], "+OK\r\n")?;
    play_nested(
        &mut client,
        &key,
        r#"
        XADD @ 1 a 1                               => 1-0
        XADD @ 2 a 2                               => 2-0
        XADD @ 3 a 3                               => 3-0
        XREADGROUP GROUP g ann STREAMS @ >         => [[@ [[1-0 [a 1]] [2-0 [a 2]] [3-0 [a 3]]]]]
        XCLAIM @ g bob 0 1-0 9-9                   => [[1-0 [a 1]]]
        XCLAIM @ g bob 1000000 2-0                 => []
        XCLAIM @ g bob 0 2-0 JUSTID                => [2-0]
        XPENDING @ g                               => [:3 1-0 3-0 [[ann 1] [bob 2]]]
        XDEL @ 2                                   => :1
        XAUTOCLAIM @ g cid 0 - COUNT 2             => [3-0 [[1-0 [a 1]]] [2-0]]
        XAUTOCLAIM @ g cid 0 3-0 JUSTID            => [0-0 [3-0] []]
        XPENDING @ g                               => [:2 1-0 3-0 [[cid 2]]]
        XGROUP DELCONSUMER @ g cid                 => :2
        XPENDING @ g                               => [:0 nil nil -]
        "#,
    )?;
    client.settle()
}

fn group_waits(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut other = target.connect()?;
    other.ask(&["XGROUP", "CREATE", &key, "g", "$", "MKSTREAM"], "+OK\r\n")?;
    let read = |name| {
        vec![
            "XREADGROUP",
            "GROUP",
            "g",
            name,
            "BLOCK",
            "0",
            "STREAMS",
            &*key,
            ">",
        ]
    };
    let mut first = waiting(target, &read("ann"))?;
    let mut second = waiting(target, &read("bob"))?;
    play_nested(&mut other, &key, "XADD @ 1 a 1 => 1-0")?;
    first.expect(nested("[[@ [[1-0 [a 1]]]]]".replace('@', &key).as_str()))?;
    second.expect_silence(PAUSE)?;
    play_nested(&mut other, &key, "XPENDING @ g => [:1 1-0 1-0 [[ann 1]]]")?;
    other.ask(&["XGROUP", "DESTROY", &key, "g"], ":1\r\n")?;
    second.expect("-NOGROUP the consumer group this client was blocked on no longer exists\r\n")?;
    first.settle()?;
    second.settle()
}
