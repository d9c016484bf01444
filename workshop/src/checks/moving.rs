//! Stage 06, chapter 5: keys that are scanned, copied, moved, dumped and sorted.

use super::database::in_empty_database;
use super::{Body, Check};
use crate::client::{Client, request};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::{play, play_on};
use crate::target::Target;
use std::collections::BTreeSet;

/// Keys that are there from the first step of a scan to the last.
const STAYING: usize = 500;

/// A scan that goes on after so many steps goes on for ever.
const MAX_STEPS: usize = 50_000;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/05-keys.md")
        .needs(&["06.0.20", "06.0.40"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.5.1", "A copy changes by itself, and has the deadline of what it was copied from", copy)
        .hint("Copy the value, or share it until one of the two is changed. Only REPLACE replaces a key."),
    check("06.5.2", "RENAMENX leaves alone what is there", renamenx)
        .hint("With both names the same the new one is taken. A missing key is an error before that."),
    check("06.5.3", "MOVE takes value and deadline to another database, and replaces nothing there", move_)
        .hint("The same database is an error. 0 tells that there was no such key, or that there is one already.")
        .needs(&["06.0.58", "06.0.60"]),
    check("06.5.4", "SCAN lists every key that stays, while others come and go", scan)
        .hint("A cursor must mean the same place after the table has grown or shrunk. A key may be listed twice, but must not be missed.")
        .needs(&["06.0.58", "06.0.60"]),
    check("06.5.5", "SCAN takes MATCH, COUNT and TYPE, in any order", scan_options)
        .hint("COUNT is how many keys to look at: MATCH and TYPE choose from these. COUNT 0 is a syntax error, an unknown type lists nothing.")
        .needs(&["06.5.4"]),
    check("06.5.6", "RESTORE makes again what DUMP gave, and no more than that", restore)
        .hint("The payload has no deadline. A key that is there, a negative time and damaged bytes have an error each, looked at in this order.")
        .page("https://redis.io/docs/latest/commands/restore/"),
    check("06.5.7", "SORT compares numbers, and as text with ALPHA", sort)
        .hint("Equal numbers are in the order of their texts. LIMIT counts after sorting, and a negative count is all."),
    check("06.5.8", "SORT compares and gives what other keys hold, BY and GET", sort_by)
        .hint("The element takes the place of the first star. A missing weight is 0, a missing value is null. BY without a star does not sort.")
        .needs(&["06.5.7"]),
    check("06.5.9", "SORT with STORE makes a list, or removes the key where nothing is left", sort_store)
        .hint("The key may have held anything, and its deadline goes. What is null in a reply is empty in the list.")
        .needs(&["06.5.8"]),
    check("06.5.10", "A list that arrives by COPY, SORT or MOVE serves who waits", serves)
        .hint("Whatever makes a list appear under the key counts, in the database in which it appears.")
        .needs(&["06.0.92", "06.5.1", "06.5.3", "06.5.9"]),
];

fn copy(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b            -> :2
        EXPIRE @ 100           -> :1
        COPY @ @copy           -> :1
        TTL @copy              -> :99..100
        RPUSH @copy c          -> :3
        LRANGE @ 0 -1          -> [a b]
        RPUSH @ d              -> :3
        LRANGE @copy 0 -1      -> [a b c]
        COPY @ @copy           -> :0
        LRANGE @copy 0 -1      -> [a b c]
        COPY @ @copy REPLACE   -> :1
        LRANGE @copy 0 -1      -> [a b d]
        COPY @none @copy       -> :0
        COPY @ @               -> -ERR source and destination objects are the same
        COPY @ @copy DB        -> -ERR syntax error
        COPY @ @copy DB x      -> -ERR value is not an integer or out of range
        "#,
    )
}

fn renamenx(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ a EX 100         -> +OK
        SET @other b           -> +OK
        RENAMENX @ @other      -> :0
        MGET @ @other          -> [a b]
        RENAMENX @ @free       -> :1
        MGET @ @free           -> [nil a]
        TTL @free              -> :99..100
        RENAMENX @free @free   -> :0
        RENAMENX @none @other  -> -ERR no such key
        RENAMENX @none @none   -> -ERR no such key
        "#,
    )
}

fn move_(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    in_empty_database(&mut client, 12, |client| {
        let script = r#"
        MOVE @ 0       -> :0
        SET @ v EX 100 -> +OK
        MOVE @ 0       -> :1
        EXISTS @       -> :0
        SET @ w        -> +OK
        MOVE @ 0       -> :0
        GET @          -> "w"
        MOVE @ 99      -> -ERR DB index is out of range
        MOVE @ x       -> -ERR value is not an integer or out of range
        SELECT 0       -> +OK
        GET @          -> "v"
        TTL @          -> :99..100
        MOVE @ 0       -> -ERR source and destination objects are the same
        DEL @          -> :1
        "#;
        play_on(client, &target.key(), script)
    })?;
    client.settle()
}

/// One step of a scan: the next cursor, and the keys.
fn step(
    client: &mut Client,
    cursor: &str,
    options: &[&str],
) -> Result<(String, Vec<Vec<u8>>), Failure> {
    client.send(request(&[&["SCAN", cursor], options].concat()))?;
    let (reply, bytes) = client.raw_reply()?;
    let Some([cursor, Reply::Array(keys)]) = reply.array() else {
        return Err(client.unexpected("a cursor, and an array of keys", &bytes));
    };
    let cursor = cursor.bulk().map(String::from_utf8_lossy);
    let cursor = cursor.ok_or_else(|| client.unexpected("a cursor as a bulk string", &bytes))?;
    let keys = keys.iter().filter_map(Reply::bulk);
    Ok((cursor.into_owned(), keys.map(<[u8]>::to_vec).collect()))
}

/// All keys that a scan gives. Between two steps `between` may do what it likes.
fn scan_all(
    client: &mut Client,
    options: &[&str],
    mut between: impl FnMut(&mut Client, usize) -> Result<(), Failure>,
) -> Result<BTreeSet<Vec<u8>>, Failure> {
    let mut all = BTreeSet::new();
    let mut cursor = String::from("0");
    for number in 0..MAX_STEPS {
        let (next, keys) = step(client, &cursor, options)?;
        all.extend(keys);
        if next == "0" {
            return Ok(all);
        }
        cursor = next;
        between(client, number)?;
    }
    let expected = "cursor 0 at the end of the keys";
    Err(Failure::new(
        expected,
        format!("{MAX_STEPS} steps without it"),
    ))
}

fn scan(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    in_empty_database(&mut client, 11, |client| {
        let base = target.key();
        let mut stay = BTreeSet::new();
        for number in 0..STAYING {
            let key = format!("{base}:{number}");
            client.ask(&["SET", &key, "v"], "+OK\r\n")?;
            stay.insert(key.into_bytes());
        }
        // The table grows to several times its size, and then shrinks again.
        let seen = scan_all(client, &["COUNT", "7"], |client, number| {
            let words: &[&str] = if number < 40 { &["SET", "v"] } else { &["DEL"] };
            for other in 0..50 {
                let key = format!("{base}:other:{}:{other}", number % 40);
                let mut words = words.to_vec();
                words.insert(1, &key);
                client.query(&words)?;
            }
            Ok(())
        })?;
        match stay.difference(&seen).next() {
            None => Ok(()),
            Some(missed) => Err(Failure::new(
                "every key that was there all the time",
                format!("all but {}, and perhaps others", missed.escape_ascii()),
            )),
        }
    })?;
    client.settle()
}

fn scan_options(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    in_empty_database(&mut client, 10, |client| {
        let key = target.key();
        let script = r#"
        MSET @a 1 @b 1 @ab 1   -> +OK
        RPUSH @al x            -> :1
        SCAN 0 COUNT 0         -> -ERR syntax error
        SCAN 0 COUNT x         -> -ERR value is not an integer or out of range
        SCAN 0 MATCH           -> -ERR syntax error
        SCAN x                 -> -ERR invalid cursor
        "#;
        play_on(client, &key, script)?;
        let pattern = format!("{key}:a*");
        let cases: [(&[&str], &[&str]); 5] = [
            (&["MATCH", &pattern], &["a", "ab", "al"]),
            (&["TYPE", "list", "COUNT", "1"], &["al"]),
            (
                &["COUNT", "1", "TYPE", "string", "MATCH", &pattern],
                &["a", "ab"],
            ),
            (&["TYPE", "nothing"], &[]),
            (&["COUNT", "1000"], &["a", "b", "ab", "al"]),
        ];
        for (options, names) in cases {
            let came = scan_all(client, options, |_, _| Ok(()))?;
            let wanted = names
                .iter()
                .map(|name| format!("{key}:{name}").into_bytes());
            if came != wanted.collect() {
                let expected = format!("the keys that end with {}", names.join(", "));
                return Err(Failure::new(expected, format!("{} keys", came.len())));
            }
        }
        Ok(())
    })?;
    client.settle()
}

fn restore(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let script = "RPUSH @ a b 3 -> :3\nEXPIRE @ 100 -> :1\nDUMP @none -> nil";
    play_on(&mut client, &key, script)?;
    client.send(request(&["DUMP", &key]))?;
    let (reply, bytes) = client.raw_reply()?;
    let Some(payload) = reply.bulk() else {
        return Err(client.unexpected("a bulk string", &bytes));
    };
    let other = format!("{key}:other");
    let mut damaged = payload.to_vec();
    damaged.iter_mut().take(2).for_each(|byte| *byte ^= 1);
    let busy = "-BUSYKEY Target key name already exists.\r\n";
    let wrong = "-ERR DUMP payload version or checksum are wrong\r\n";
    let negative = "-ERR Invalid TTL value, must be >= 0\r\n";
    let cases: [(&str, &str, &[u8], &str, &str); 7] = [
        (&other, "0", payload, "", "+OK\r\n"),
        (&other, "-1", &damaged, "", busy),
        (&other, "-1", &damaged, "REPLACE", negative),
        (&other, "0", &damaged, "REPLACE", wrong),
        (&other, "0", b"short", "REPLACE", wrong),
        (&key, "0", payload, "REPLACE", "+OK\r\n"),
        (&other, "100000", payload, "REPLACE", "+OK\r\n"),
    ];
    for (name, ttl, payload, option, expected) in cases {
        let mut args = vec![b"RESTORE", name.as_bytes(), ttl.as_bytes(), payload];
        args.extend((!option.is_empty()).then_some(option.as_bytes()));
        client.ask(&args, expected)?;
    }
    let script = r#"
        LRANGE @ 0 -1      -> [a b 3]
        LRANGE @other 0 -1 -> [a b 3]
        TTL @              -> :-1
        TTL @other         -> :99..100
        "#;
    play_on(&mut client, &key, script)?;
    client.settle()
}

fn sort(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ 10 9 2 -1.5 1e2     -> :5
        SORT @                      -> [-1.5 2 9 10 1e2]
        SORT @ DESC                 -> [1e2 10 9 2 -1.5]
        SORT @ ALPHA                -> [-1.5 10 1e2 2 9]
        SORT @ LIMIT 1 2            -> [2 9]
        SORT @ LIMIT 3 -1 DESC      -> [2 -1.5]
        SORT @ LIMIT 9 2            -> *0
        SORT @ LIMIT 1              -> -ERR syntax error
        SORT @none                  -> *0
        RPUSH @same 1.0 01 1        -> :3
        SORT @same                  -> [01 1 1.0]
        RPUSH @text 1 b             -> :2
        SORT @text                  -> -ERR One or more scores can't be converted into double
        SADD @set 3 1 2             -> :3
        SORT @set                   -> [1 2 3]
        SET @string v               -> +OK
        SORT @string                -> WRONGTYPE
        "#,
    )
}

fn sort_by(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c                       -> :3
        MSET @w:a 3 @w:b 1 @n:a x @n:c z    -> +OK
        SORT @ BY @w:*                      -> [c b a]
        SORT @ BY @w:* DESC GET @n:* GET #  -> [x a nil b z c]
        SORT @ BY nosort DESC               -> [c b a]
        SORT @ BY nosort LIMIT 1 1          -> [b]
        SORT @ BY @n:* ALPHA                -> [b a c]
        SORT @ BY @n:*                      -> -ERR One or more scores can't be converted into double
        "#,
    )
}

fn sort_store(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ 3 1 2                   -> :3
        SET @1 one                      -> +OK
        SET @out v EX 100               -> +OK
        SORT @ STORE @out               -> :3
        LRANGE @out 0 -1                -> [1 2 3]
        TTL @out                        -> :-1
        SORT @ GET @* GET # STORE @out  -> :6
        LINDEX @out 0                   -> "one"
        LINDEX @out 2                   -> ""
        SORT @ STORE @                  -> :3
        LRANGE @ 0 -1                   -> [1 2 3]
        SORT @none STORE @out           -> :0
        EXISTS @out                     -> :0
        "#,
    )
}

fn serves(target: &Target) -> Result<(), Failure> {
    for (action, element) in [("COPY @from @", "3"), ("SORT @from STORE @", "1")] {
        let key = target.key();
        let (mut waiter, mut client) = (target.connect()?, target.connect()?);
        play_on(&mut client, &key, "RPUSH @from 3 1 -> :2")?;
        waiter.send(request(&["BLPOP", &key, "0"]))?;
        // It has come to the server when this is answered, or a little later; either way it is served.
        waiter.expect_silence(super::blocking::PAUSE)?;
        let reply = if action.starts_with("COPY") { 1 } else { 2 };
        play_on(&mut client, &key, &format!("{action} -> :{reply}"))?;
        waiter.expect(crate::script::array(&[&key, element]))?;
        client.settle()?;
    }
    let (mut waiter, mut client) = (target.connect()?, target.connect()?);
    in_empty_database(&mut client, 9, |client| {
        let key = target.key();
        waiter.send(request(&["BLPOP", &key, "0"]))?;
        waiter.expect_silence(super::blocking::PAUSE)?;
        play_on(client, &key, "RPUSH @ v -> :1\nMOVE @ 0 -> :1")?;
        waiter.expect(crate::script::array(&[key.as_str(), "v"]))
    })?;
    client.settle()
}
