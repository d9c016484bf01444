//! Stage 06, chapter 0: sets.

use super::{Body, Check};
use crate::client::request;
use crate::failure::Failure;
use crate::script::{ask_for_any_order, play};
use crate::target::Target;

/// How many numbers and how many words are in a large set.
const MANY: usize = 1000;

/// The size of a large member.
const LONG: usize = 100_000;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["06.0.40"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.40", "SADD adds members once and counts the new ones", sadd)
        .hint("What is there already is not counted, nor is what was named before in the same request.")
        .needs(&["03.1"]),
    check("06.0.41", "SREM removes members and counts those that were there", srem)
        .hint("Other members stay. Without a set the answer is 0, and none is made."),
    check("06.0.42", "SMEMBERS answers every member once, in whatever order", smembers)
        .hint("An empty array where there is no set."),
    check("06.0.43", "SISMEMBER answers 1 for a member and 0 for anything else", sismember)
        .hint("Members are compared byte by byte: 01 is not 1."),
    check("06.0.44", "SCARD answers how many members there are", scard)
        .hint("0 where there is no set."),
    check("06.0.45", "A set that was emptied is gone, and so is its deadline", vanishes)
        .hint("There are no empty sets. Remove the key with its last member.")
        .needs(&["05.4", "06.0.41"]),
    check("06.0.46", "Numbers in a set keep their spelling", spellings)
        .hint("If you keep numbers as numbers, then only those that are written in the one way in which you would write them."),
    check("06.0.47", "Members of a set are any bytes", binary)
        .hint("Line ends and NUL bytes too. Compare bytes, and all of them."),
    check("06.0.48", "A set of 2,000 members that begins with numbers and goes on with words is whole", large_set)
        .hint("If you change how the set is kept while it grows, look for what is lost on the way."),
];

fn sadd(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @ a       -> :1
        SADD @ a       -> :0
        SADD @ a b c b -> :2
        SCARD @        -> :3
        SADD @ ''      -> :1
        SMEMBERS @     -> {a b c ''}
        "#,
    )
}

fn srem(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @ a b c    -> :3
        SREM @ b        -> :1
        SREM @ b        -> :0
        SREM @ a a none -> :1
        SMEMBERS @      -> {c}
        SREM @none a    -> :0
        EXISTS @none    -> :0
        "#,
    )
}

fn smembers(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SMEMBERS @           -> []
        SADD @ one two three -> :3
        SMEMBERS @           -> {one two three}
        SADD @numbers 3 1 2  -> :3
        SMEMBERS @numbers    -> {1 2 3}
        "#,
    )
}

fn sismember(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SISMEMBER @ a  -> :0
        SADD @ a 1     -> :2
        SISMEMBER @ a  -> :1
        SISMEMBER @ A  -> :0
        SISMEMBER @ '' -> :0
        SISMEMBER @ 1  -> :1
        SISMEMBER @ 01 -> :0
        SREM @ a       -> :1
        SISMEMBER @ a  -> :0
        "#,
    )
}

fn scard(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SCARD @    -> :0
        SADD @ a b -> :2
        SCARD @    -> :2
        SADD @ a c -> :1
        SCARD @    -> :3
        SREM @ a b -> :2
        SCARD @    -> :1
        "#,
    )
}

fn vanishes(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @ a b         -> :2
        EXPIRE @ 100       -> :1
        SREM @ a b c       -> :2
        EXISTS @           -> :0
        EXISTS @           -> :0
        TTL @              -> :-2
        SADD @ a           -> :1
        TTL @              -> :-1
        SREM @ a           -> :1
        RPUSH @ now-a-list -> :1
        "#,
    )
}

fn spellings(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @ 1                                     -> :1
        SADD @ 01 +1 1.0                             -> :3
        SADD @ 1                                     -> :0
        SADD @ -0 0                                  -> :2
        SADD @ 9223372036854775807 9223372036854775808 -> :2
        SADD @ -9223372036854775808                  -> :1
        SREM @ +1                                    -> :1
        SMEMBERS @                                   -> {1 01 1.0 -0 0 9223372036854775807 9223372036854775808 -9223372036854775808}
        "#,
    )
}

fn binary(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let all: Vec<u8> = (0..=255).collect();
    let long = vec![b'x'; LONG];
    let texts: [&[u8]; 7] = [b"\r\n", b"a\0b", b"a\0c", b"\xff", b"\xfe", &all, &long];
    for (count, text) in (1..).zip(texts) {
        client.ask(&[b"SADD", key.as_bytes(), text], ":1\r\n")?;
        client.ask(&["SCARD", &key], format!(":{count}\r\n"))?;
    }
    for text in texts {
        client.ask(&[b"SISMEMBER", key.as_bytes(), text], ":1\r\n")?;
        client.ask(&[b"SREM", key.as_bytes(), text], ":1\r\n")?;
        client.ask(&[b"SISMEMBER", key.as_bytes(), text], ":0\r\n")?;
    }
    client.ask(&["EXISTS", &key], ":0\r\n")?;
    client.settle()
}

fn large_set(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    // First what may be kept as numbers, then what may not: nothing may be lost on the way.
    let numbers = (0..MANY).map(|number| number.to_string());
    let words = (0..MANY).map(|number| format!("word {number}"));
    let members: Vec<String> = numbers.chain(words).collect();
    let adds = members
        .iter()
        .flat_map(|member| request(&["SADD", &key, member]));
    client.send(adds.collect::<Vec<u8>>())?;
    client.expect(":1\r\n".repeat(members.len()))?;
    ask_for_any_order(&mut client, &["SMEMBERS", &key], members.clone())?;
    let (gone, left) = members.split_at(MANY + MANY / 2);
    let head = ["SREM".into(), key.clone()];
    let remove: Vec<String> = head.into_iter().chain(gone.iter().cloned()).collect();
    client.ask(&remove, format!(":{}\r\n", gone.len()))?;
    ask_for_any_order(&mut client, &["SMEMBERS", &key], left.to_vec())?;
    client.ask(&["SCARD", &key], format!(":{}\r\n", left.len()))?;
    client.settle()
}
