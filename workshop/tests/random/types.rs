//! Commands on values of several types, on so few keys that they meet one of the wrong type often.

use super::Random;
use super::commands::{
    KEYS, NUMBERS, Request, any_case, command_error, command_of_expiry, number, value,
};

/// Commands with a key and nothing else.
const ON_KEY: [&str; 9] = [
    "TYPE", "INCR", "DECR", "STRLEN", "LLEN", "SMEMBERS", "SCARD", "LPOP", "RPOP",
];

/// How often each other command comes is how often it stands here.
const OTHERS: &str = "\
    UNLINK DEL EXISTS RENAME RENAME INCRBY DECRBY APPEND MGET MSET SETNX GETSET LPUSH LPUSH \
    RPUSH RPUSH RPUSH LPOP RPOP LRANGE LRANGE LINDEX LSET LTRIM LREM LREM SADD SADD \
    SADD SREM SREM SISMEMBER DBSIZE KEYS RANDOMKEY SELECT SET GET BLPOP rare";

/// Names, for whatever is to have the wrong number of arguments. Few arguments end none of these in a
/// wait, or in several replies.
const ARITIES: &str = "\
    TYPE UNLINK RENAME KEYS RANDOMKEY SELECT INCR INCRBY APPEND STRLEN MGET MSET SETNX \
    GETSET LPUSH LPOP LLEN LRANGE LSET SADD SREM SMEMBERS SCARD BLPOP PUBLISH CONFIG CLIENT";

/// Elements and members: few, so that they meet.
const ELEMENTS: [&[u8]; 9] = [b"a", b"b", b"c", b"1", b"2", b"01", b"", b"\r\n", b"\0\xff"];

const INDICES: [&str; 12] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "-3",
    "7",
    "-7",
    "100",
    "9223372036854775807",
    "-9223372036854775808",
];

const PATTERNS: [&str; 12] = [
    "*",
    "?",
    "k*",
    "key:[12]",
    "key:[^1]",
    "[a-b]",
    "\\a",
    "",
    "*a*",
    "[",
    "a?b",
    "with\\ space",
];

/// One request, or several that belong together. Each has exactly one reply.
pub fn command(random: &mut Random) -> Vec<Request> {
    match random.below(20) {
        0..6 => return command_of_expiry(random),
        6 if random.once_in(5) => return vec![command_error(random)],
        6 => return vec![wrong_arity(random)],
        _ => {}
    }
    if random.once_in(4) {
        let name = random.pick(&ON_KEY);
        return vec![vec![any_case(random, name), first_key(random, name)]];
    }
    let name = word(random, OTHERS);
    if name == "rare" {
        return rare(random);
    }
    let mut request = vec![any_case(random, name)];
    match name {
        "DBSIZE" => return super::commands::counted(request),
        "RANDOMKEY" => {}
        "KEYS" => request.push(random.pick(&PATTERNS).into()),
        "SELECT" => request.push(
            random
                .pick(&["0", "0", "0", "1", "15", "16", "-1", "x", ""])
                .into(),
        ),
        _ => {
            request.push(first_key(random, name));
            arguments(random, name, &mut request);
        }
    }
    vec![request]
}

/// What follows the first key.
fn arguments(random: &mut Random, name: &str, request: &mut Request) {
    match name {
        "UNLINK" | "DEL" | "EXISTS" | "MGET" => {
            (0..random.below(4)).for_each(|_| request.push(key(random)));
        }
        "RENAME" => request.push(key(random)),
        "INCRBY" | "DECRBY" => request.push(number(random)),
        "APPEND" | "SETNX" | "GETSET" | "SET" => request.push(text(random)),
        "MSET" => mset(random, request),
        "LPUSH" | "RPUSH" | "SADD" | "SREM" => {
            (0..=random.below(4)).for_each(|_| request.push(element(random)));
        }
        "LPOP" | "RPOP" => request.push(index(random)),
        "LRANGE" if random.once_in(3) => request.extend([b"0".to_vec(), b"-1".to_vec()]),
        "LRANGE" | "LTRIM" => request.extend([index(random), index(random)]),
        "LINDEX" => request.push(index(random)),
        "LSET" | "LREM" => request.extend([index(random), element(random)]),
        "SISMEMBER" => request.push(element(random)),
        "BLPOP" => {
            (0..random.below(3)).for_each(|_| request.push(key(random)));
            let timeout = random.pick(&["0.001", "0.001", "1e-3", "-1", "x", ""]);
            request.push(timeout.into());
        }
        _ => {}
    }
}

fn mset(random: &mut Random, request: &mut Request) {
    request.push(text(random));
    for _ in 0..random.below(3) {
        request.extend([key(random), text(random)]);
    }
    if random.once_in(8) {
        request.push(key(random));
    }
}

/// What would leave too little to test if it came often.
fn rare(random: &mut Random) -> Vec<Request> {
    let groups: [&[&[&str]]; 19] = [
        &[&["FLUSHDB"]],
        &[&["FLUSHALL"]],
        &[&["FLUSHDB", "async"]],
        &[&["FLUSHALL", "nope"]],
        &[&["HELLO", "3"]],
        &[&["HELLO", "3"]],
        &[&["HELLO", "2"]],
        &[&["HELLO", "4"]],
        &[&["HELLO", "x"]],
        &[&["HELLO", "3", "nope"]],
        &[&["CLIENT", "SETNAME", "name"], &["CLIENT", "GETNAME"]],
        &[
            &["CLIENT", "SETNAME", "a b"],
            &["CLIENT", "SETNAME", ""],
            &["CLIENT", "GETNAME"],
        ],
        &[
            &["CLIENT", "NOPE"],
            &["CONFIG", "NOPE"],
            &["CONFIG", "GET", "nope"],
        ],
        &[
            &["CONFIG", "GET", "databases"],
            &["CONFIG", "GET", "appendonly"],
        ],
        &[
            &["INFO", "nope"],
            &["SAVE", "x"],
            &["BGSAVE", "nope"],
            &["LASTSAVE", "x"],
        ],
        &[
            &["PUBLISH", "channel", "text"],
            &["UNSUBSCRIBE"],
            &["UNSUBSCRIBE", "channel"],
        ],
        &[
            &["SUBSCRIBE", "one"],
            &["PING"],
            &["PING", "x"],
            &["GET", "a"],
            &["UNSUBSCRIBE"],
            &["GET", "a"],
        ],
        &[
            &["SUBSCRIBE", "one"],
            &["SUBSCRIBE", "one"],
            &["TYPE"],
            &["NOPE"],
            &["UNSUBSCRIBE", "one"],
        ],
        &[
            &["SUBSCRIBE"],
            &["SUBSCRIBE", "\r\n"],
            &["LPUSH", "a", "x"],
            &["UNSUBSCRIBE", "\r\n"],
        ],
    ];
    let words = |words: &&[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect();
    random.pick(&groups).iter().map(words).collect()
}

fn wrong_arity(random: &mut Random) -> Request {
    let name = word(random, ARITIES);
    let mut request = vec![any_case(random, name)];
    (0..random.below(2)).for_each(|_| request.push(key(random)));
    request
}

fn word<'a>(random: &mut Random, words: &'a str) -> &'a str {
    let words: Vec<&str> = words.split_whitespace().collect();
    random.pick(&words)
}

/// The key of a command: half of the time one that mostly holds the type it is for, so that lists and
/// sets come to grow.
fn first_key(random: &mut Random, name: &str) -> Vec<u8> {
    if random.once_in(2) {
        return key(random);
    }
    match name.as_bytes() {
        [b'S', b'A' | b'R' | b'M' | b'I' | b'C', ..] => KEYS[3].to_vec(),
        [b'L' | b'R', ..] | b"BLPOP" if name != "RENAME" => KEYS[4].to_vec(),
        _ => key(random),
    }
}

/// Mostly one of three.
fn key(random: &mut Random) -> Vec<u8> {
    let most = if random.once_in(3) { KEYS.len() } else { 3 };
    KEYS[random.below(most)].to_vec()
}

fn element(random: &mut Random) -> Vec<u8> {
    if random.once_in(12) {
        return value(random);
    }
    random.pick(&ELEMENTS).to_vec()
}

/// The value of a string: often a number.
fn text(random: &mut Random) -> Vec<u8> {
    match random.below(3) {
        0 => random.below(200).to_string().into(),
        1 => value(random),
        _ => element(random),
    }
}

fn index(random: &mut Random) -> Vec<u8> {
    if random.once_in(10) {
        return random.pick(&NUMBERS).into();
    }
    random.pick(&INDICES).into()
}
