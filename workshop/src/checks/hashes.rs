//! Stage 06, chapter 3: hashes, and what sets can do with each other.

use super::{Body, Check};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::play;
use crate::target::Target;
use std::collections::BTreeSet;

/// How many members stay in a set while it is scanned.
const STAY: usize = 1000;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body).guide("06-commands-persistence/guide/03-hashes-and-sets.md")
}

pub(super) static CHECKS: &[Check] = &[
    check("06.3.1", "HSET gives fields their values, and counts the new fields", hset)
        .hint("A field that is there gets the new value and is not counted. A field without a value is an error, and nothing is set.")
        .needs(&["03.1"]),
    check("06.3.2", "HGETALL, HKEYS, HVALS and HMGET answer for all fields or for some", read)
        .hint("HMGET answers null for a field that is not there, and as many of them where there is no hash.")
        .needs(&["06.3.1"]),
    check("06.3.3", "HDEL removes fields, and the hash with its last one", hdel)
        .hint("There are no empty hashes: remove the key, and its deadline with it.")
        .needs(&["05.4", "06.3.1"]),
    check("06.3.4", "HINCRBY and HINCRBYFLOAT add to what a field holds", increments)
        .hint("A field that is not there counts as 0. Look at the increment before you make a hash.")
        .needs(&["06.3.1"]),
    check("06.3.5", "SINTER, SUNION and SDIFF of sets, also of missing ones", algebra)
        .hint("A missing key is an empty set; a key of another type is an error, also where the result is clear without it.")
        .needs(&["06.0.40"]),
    check("06.3.6", "SINTERSTORE may name its destination among its sources, and stores no empty set", store)
        .hint("Make the result before you touch the destination. If it is empty, remove the destination, whatever it holds.")
        .needs(&["06.3.5"]),
    check("06.3.7", "SMOVE takes a member from one set to another, and back to the same one", smove)
        .hint("The source goes with its last member. Without a source the destination is not looked at.")
        .needs(&["06.0.40"]),
    check("06.3.8", "SPOP and SRANDMEMBER with a count", random)
        .hint("A positive count gives different members, at most all; a negative one as many as it says. SPOP of all removes the key.")
        .needs(&["06.0.40"]),
    check("06.3.9", "SSCAN misses no member that stays while others come and go", scan)
        .hint("What a cursor stands for must not move backward when the table grows or members go.")
        .needs(&["06.0.40"]),
];

fn hset(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        HSET @ a 1 b 2 a 3 -> :2
        HGET @ a           -> "3"
        HSET @ a 4 c ''    -> :1
        HGET @ c           -> ""
        HGET @ nothing     -> nil
        HLEN @             -> :3
        HSET @ d           -> -ERR wrong number of arguments for 'hset' command
        HSET @ d 1 e       -> -ERR wrong number of arguments for 'hset' command
        HLEN @             -> :3
        HSETNX @ a 5       -> :0
        HSETNX @ d 6       -> :1
        HSTRLEN @ a        -> :1
        HEXISTS @ d        -> :1
        HEXISTS @ e        -> :0
        SET @string v      -> +OK
        HSET @string a 1   -> WRONGTYPE
        "#,
    )
}

fn read(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        HSET @ a 1 b 2           -> :2
        HGETALL @                -> {a 1 b 2}
        HKEYS @                  -> {a b}
        HVALS @                  -> {1 2}
        HMGET @ b nothing a b    -> [2 nil 1 2]
        HMGET @none a b          -> [nil nil]
        HGETALL @none            -> []
        HLEN @none               -> :0
        "#,
    )
}

fn hdel(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        HSET @ a 1 b 2 c 3       -> :3
        EXPIRE @ 100             -> :1
        HDEL @ a nothing a       -> :1
        HDEL @ b c               -> :2
        EXISTS @                 -> :0
        HSET @ a 1               -> :1
        TTL @                    -> :-1
        HDEL @none a             -> :0
        "#,
    )
}

fn increments(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        HINCRBY @ n 5                    -> :5
        HINCRBY @ n -7                   -> :-2
        HINCRBYFLOAT @ n 0.1             -> "-1.9"
        HINCRBY @ n 1                    -> -ERR hash value is not an integer
        HSET @ word x most 9223372036854775807 -> :2
        HINCRBY @ most 1                 -> -ERR increment or decrement would overflow
        HINCRBYFLOAT @ word 1            -> -ERR hash value is not a float
        HINCRBYFLOAT @ f 3.0e3           -> "3000"
        HINCRBY @none n x                -> -ERR value is not an integer or out of range
        HINCRBYFLOAT @none n x           -> -ERR value is not a valid float
        EXISTS @none                     -> :0
        "#,
    )
}

fn algebra(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @1 a b c d 1        -> :5
        SADD @2 c 1              -> :2
        SADD @3 a c e 1          -> :4
        SINTER @1 @2 @3          -> {c 1}
        SUNION @1 @3             -> {a b c d e 1}
        SDIFF @1 @2 @3           -> {b d}
        SDIFF @1 @none           -> {a b c d 1}
        SINTER @1 @none          -> []
        SUNION @none @2          -> {c 1}
        SINTERCARD 2 @1 @3       -> :3
        SINTERCARD 2 @1 @3 LIMIT 2 -> :2
        SINTERCARD 0 @1          -> -ERR numkeys should be greater than 0
        SET @string v            -> +OK
        SINTER @none @string     -> WRONGTYPE
        SDIFF @none @string      -> WRONGTYPE
        "#,
    )
}

fn store(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @1 a b c            -> :3
        SADD @2 b c d            -> :3
        EXPIRE @1 100            -> :1
        SINTERSTORE @1 @1 @2     -> :2
        SMEMBERS @1              -> {b c}
        TTL @1                   -> :-1
        SDIFFSTORE @1 @1 @2      -> :0
        EXISTS @1                -> :0
        SET @string v            -> +OK
        SUNIONSTORE @string @2   -> :3
        TYPE @string             -> +set
        SINTERSTORE @string @none @2 -> :0
        EXISTS @string           -> :0
        "#,
    )
}

fn smove(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @1 a                -> :1
        SADD @2 a b              -> :2
        SMOVE @1 @1 a            -> :1
        SMOVE @1 @2 nobody       -> :0
        SMOVE @1 @2 a            -> :1
        EXISTS @1                -> :0
        SCARD @2                 -> :2
        SMOVE @2 @3 b            -> :1
        SMEMBERS @3              -> {b}
        SET @string v            -> +OK
        SMOVE @none @string a    -> :0
        SMOVE @2 @string a       -> WRONGTYPE
        SMEMBERS @2              -> {a}
        "#,
    )
}

fn random(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SADD @ a b c             -> :3
        SRANDMEMBER @ 5          -> {a b c}
        SRANDMEMBER @none        -> nil
        SRANDMEMBER @none -3     -> []
        SRANDMEMBER @ 0          -> []
        SRANDMEMBER @ x          -> -ERR value is not an integer or out of range
        SPOP @ -1                -> -ERR value is out of range, must be positive
        SADD @one a              -> :1
        SRANDMEMBER @one -3      -> [a a a]
        SPOP @one                -> "a"
        EXISTS @one              -> :0
        SPOP @ 9                 -> {a b c}
        EXISTS @                 -> :0
        SPOP @                   -> nil
        "#,
    )
}

fn scan(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let stay: BTreeSet<String> = (0..STAY).map(|number| format!("stay:{number}")).collect();
    let words = |command: &str, members: &mut dyn Iterator<Item = String>| -> Vec<String> {
        let head = [command.to_string(), key.clone()];
        head.into_iter().chain(members).collect()
    };
    client.integer(&words("SADD", &mut stay.iter().cloned()))?;
    let (mut seen, mut cursor) = (BTreeSet::new(), "0".to_string());
    for step in 0.. {
        let reply = client.query(&["SSCAN", &key, &cursor])?;
        let parts = reply.array().unwrap_or_default();
        let members = parts.get(1).and_then(Reply::array).unwrap_or_default();
        let text = |reply: &Reply| {
            reply
                .bulk()
                .map(|text| String::from_utf8_lossy(text).into())
        };
        seen.extend(members.iter().filter_map(text));
        cursor = parts.first().and_then(text).unwrap_or_default();
        if cursor == "0" || cursor.is_empty() {
            break;
        }
        // While it is scanned it grows to some times its size, and most of that goes again.
        let come = step * 20..step * 20 + if step < 100 { 20 } else { 0 };
        let name = |number: usize| format!("guest:{number}");
        if !come.is_empty() {
            client.integer(&words("SADD", &mut come.clone().map(name)))?;
            client.integer(&words("SREM", &mut come.skip(2).map(name)))?;
        }
    }
    let missed = stay.difference(&seen).next();
    match missed {
        None => client.settle(),
        Some(member) => Err(Failure::new(
            "every member that is in the set from the first step to the last",
            format!("never came: {member}"),
        )),
    }
}
