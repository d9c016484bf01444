//! Stage 05: time. Keys that expire, and the commands on the time that they have to live.

use super::{Body, Check};
use crate::client::{Client, request};
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;
use std::thread;
use std::time::{Duration, Instant};

/// How long the keys live whose end is awaited.
const LIFE: Duration = Duration::from_millis(100);

/// How much earlier a key may be gone: deadlines count in whole milliseconds.
const EARLY: Duration = Duration::from_millis(2);

/// How much later an answer may still find it.
const LATE: Duration = Duration::from_millis(100);

/// How long to wait between two looks.
const POLL: Duration = Duration::from_millis(5);

/// How many keys are left to active expiry, and how many deadlines it may take.
const FORGOTTEN: i64 = 1000;
const ACTIVE_DEADLINES: u32 = 5;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("05-expiry/GUIDE.md#the-code-in-the-order-you-would-write-it")
        .needs(&["05.2"])
}

pub(super) static CHECKS: &[Check] = &[
    check("05.1", "A key with PX 100 is there before 100 ms have passed, and gone after", gone_in_time)
        .hint("Look at the deadline on every access. A key whose deadline has come does not exist, even if it is still in your map.")
        .needs(&["03.8"]),
    check("05.2", "TTL, PTTL, EXPIRETIME and PEXPIRETIME tell a missing key from one without a deadline", no_deadline)
        .hint("-2 where there is no key, -1 where it lives for ever.")
        .needs(&["03.1"]),
    check("05.3", "SET with EX or PX gives the key a time to live", ex_and_px)
        .hint("EX counts seconds, PX milliseconds. Keep the point in time at which the key expires, not how long it has left."),
    check("05.4", "EXPIRE and PEXPIRE count from now, EXPIREAT and PEXPIREAT from 1970", four_ways)
        .hint("All four set the same deadline, in milliseconds since 1970. They differ in a factor, and in whether the present time is added."),
    check("05.5", "The EXPIRE family answers 0 for a missing key, and makes none", expire_missing)
        .hint("1 means that a deadline was set.")
        .needs(&["05.4"]),
    check("05.6", "A deadline in the past removes the key at once", expire_in_the_past)
        .hint("Zero and negative times are allowed here. The answer is 1, and the key is gone.")
        .needs(&["05.4"]),
    check("05.7", "PERSIST takes the deadline away", persist)
        .hint("1 where there was a deadline, 0 where there was none, or no key.")
        .needs(&["05.4"]),
    check("05.8", "A plain SET takes the time to live away", plain_set)
        .hint("The new value is a new life: forget the deadline, unless KEEPTTL says otherwise.")
        .needs(&["05.3"]),
    check("05.9", "A wrong number of arguments is an error for each of the new commands", arity)
        .hint("One row in the command table for each: two arguments for TTL and its like, three or more for EXPIRE and its like, the name included.")
        .needs(&["02.15", "05.2"]),
    check("05.10", "TTL rounds to the nearest second as well", ttl_rounds)
        .hint("With 99.6 seconds left the answer is 100: add 500 milliseconds, then divide by 1000.")
        .needs(&["05.3"]),
    check("05.11", "EXPIRETIME rounds milliseconds to the nearest second", expiretime_rounds)
        .hint("Half a second and more counts up: add 500, then divide by 1000.")
        .needs(&["05.4"]),
    check("05.12", "An expired key is gone for every command", gone_for_all)
        .hint("Put the look at the deadline where all commands pass, in the keyspace, and not into GET.")
        .needs(&["05.1", "05.4", "05.7"]),
    check("05.13", "DBSIZE counts the keys", dbsize)
        .hint("An integer. It changes with each key that is made or removed, and not when a value is replaced.")
        .needs(&["03.7"]),
    check("05.14", "Expired keys that nobody asks for are removed in the background", active_expiry)
        .hint("Some times a second, remove a bounded number of expired keys. Without that, keys that nobody asks for fill the memory.")
        .needs(&["02.13", "05.4", "05.13"]),
    check("05.15", "EXPIRE with NX or XX depends on whether there is a deadline", expire_nx_and_xx)
        .hint("Here NX and XX are about the deadline, not about the key.")
        .needs(&["05.4"]),
    check("05.16", "EXPIRE with GT or LT compares with the deadline there is", expire_gt_and_lt)
        .hint("A key without a deadline counts as one that expires later than any. Equal is neither greater nor less.")
        .needs(&["05.4"]),
    check("05.17", "Options of the EXPIRE family combine where they can", expire_combined)
        .hint("XX goes with GT or LT; all conditions must hold. NX goes with none of the others, GT not with LT.")
        .needs(&["05.15", "05.16"]),
    check("05.18", "The EXPIRE family refuses bad options and bad times, in Redis's words", expire_errors)
        .hint("Options are looked at before the time. Check for overflow where seconds become milliseconds, and where the present time is added.")
        .needs(&["05.15"]),
];

fn ex_and_px(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EX 100      -> +OK
        GET @               -> "v"
        TTL @               -> :90..100
        PTTL @              -> :90000..100000
        SET @ w PX 200000   -> +OK
        GET @               -> "w"
        TTL @               -> :190..200
        PTTL @              -> :190000..200000
        "#,
    )
}

fn plain_set(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EX 100  -> +OK
        TTL @           -> :90..100
        SET @ w         -> +OK
        TTL @           -> :-1
        GET @           -> "w"
        "#,
    )
}

fn no_deadline(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        TTL @          -> :-2
        PTTL @         -> :-2
        EXPIRETIME @   -> :-2
        PEXPIRETIME @  -> :-2
        SET @ v        -> +OK
        TTL @          -> :-1
        PTTL @         -> :-1
        EXPIRETIME @   -> :-1
        PEXPIRETIME @  -> :-1
        "#,
    )
}

fn four_ways(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                      -> +OK
        EXPIRE @ 100                 -> :1
        TTL @                        -> :90..100
        PTTL @                       -> :90000..100000
        PEXPIRE @ 200000             -> :1
        TTL @                        -> :190..200
        EXPIREAT @ 4102444800        -> :1
        EXPIRETIME @                 -> :4102444800
        PEXPIRETIME @                -> :4102444800000
        pexpireat @ 4102444800123    -> :1
        PEXPIRETIME @                -> :4102444800123
        GET @                        -> "v"
        "#,
    )
}

fn expire_missing(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        EXPIRE @ 100            -> :0
        PEXPIRE @ 100000        -> :0
        EXPIREAT @ 4102444800   -> :0
        PEXPIREAT @ 1           -> :0
        EXISTS @                -> :0
        TTL @                   -> :-2
        "#,
    )
}

fn expire_nx_and_xx(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                    -> +OK
        EXPIREAT @ 4102444800 XX   -> :0
        TTL @                      -> :-1
        EXPIREAT @ 4102444800 NX   -> :1
        EXPIREAT @ 4102444801 NX   -> :0
        EXPIRETIME @               -> :4102444800
        EXPIREAT @ 4102444801 xx   -> :1
        EXPIRETIME @               -> :4102444801
        EXPIRE @ 100 NX            -> :0
        PEXPIREAT @ 4102444802000 XX -> :1
        EXPIRETIME @               -> :4102444802
        "#,
    )
}

fn expire_gt_and_lt(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                      -> +OK
        EXPIREAT @ 4102444800 GT     -> :0
        TTL @                        -> :-1
        EXPIREAT @ 4102444800 LT     -> :1
        EXPIREAT @ 4102444800 GT     -> :0
        EXPIREAT @ 4102444800 LT     -> :0
        PEXPIREAT @ 4102444800001 gt -> :1
        PEXPIREAT @ 4102444800002 LT -> :0
        PEXPIRETIME @                -> :4102444800001
        PEXPIRE @ 100000 GT          -> :0
        EXPIRE @ 100 LT              -> :1
        TTL @                        -> :90..100
        EXPIRE @ 1000 GT             -> :1
        TTL @                        -> :990..1000
        "#,
    )
}

fn expire_combined(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                          -> +OK
        EXPIREAT @ 4102444800 XX LT      -> :0
        EXPIREAT @ 4102444800 LT         -> :1
        EXPIREAT @ 4102444801 XX GT      -> :1
        EXPIREAT @ 4102444801 gt xx GT   -> :0
        EXPIREAT @ 4102444799 LT XX      -> :1
        EXPIRETIME @                     -> :4102444799
        EXPIRE @ 100 NX XX    -> -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE @ 100 GT NX    -> -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE @ 100 NX LT    -> -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE @ 100 GT LT    -> -ERR GT and LT options at the same time are not compatible
        EXPIRE @ 100 XX LT GT -> -ERR GT and LT options at the same time are not compatible
        EXPIRETIME @                     -> :4102444799
        "#,
    )
}

fn expire_errors(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                          -> +OK
        EXPIRE @ x                       -> -ERR value is not an integer or out of range
        PEXPIRE @ 1.5                    -> -ERR value is not an integer or out of range
        EXPIREAT @ ''                    -> -ERR value is not an integer or out of range
        PEXPIREAT @ 9223372036854775808  -> -ERR value is not an integer or out of range
        EXPIRE @ 9223372036854775807     -> -ERR invalid expire time in 'expire' command
        EXPIRE @ -9223372036854775808    -> -ERR invalid expire time in 'expire' command
        PEXPIRE @ 9223372036854775807    -> -ERR invalid expire time in 'pexpire' command
        EXPIREAT @ 9223372036854776      -> -ERR invalid expire time in 'expireat' command
        EXPIRE @none 9223372036854775807 -> -ERR invalid expire time in 'expire' command
        EXPIRE @ 100 SOON                -> -ERR Unsupported option SOON
        EXPIRE @ x SOON                  -> -ERR Unsupported option SOON
        EXPIRE @ 100 NX EX               -> -ERR Unsupported option EX
        EXPIRE @none x                   -> -ERR value is not an integer or out of range
        TTL @                            -> :-1
        PEXPIREAT @ 9223372036854775807  -> :1
        PEXPIRETIME @                    -> :9223372036854775807
        "#,
    )
}

fn expire_in_the_past(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v        -> +OK
        EXPIRE @ 0     -> :1
        GET @          -> nil
        SET @ v        -> +OK
        EXPIRE @ -1    -> :1
        EXISTS @       -> :0
        SET @ v        -> +OK
        PEXPIRE @ -1   -> :1
        TTL @          -> :-2
        SET @ v        -> +OK
        EXPIREAT @ 1   -> :1
        DEL @          -> :0
        SET @ v        -> +OK
        PEXPIREAT @ -5 -> :1
        GET @          -> nil
        "#,
    )
}

fn persist(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        PERSIST @       -> :0
        SET @ v         -> +OK
        PERSIST @       -> :0
        EXPIRE @ 100    -> :1
        PERSIST @       -> :1
        TTL @           -> :-1
        PERSIST @       -> :0
        GET @           -> "v"
        "#,
    )
}

fn expiretime_rounds(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                     -> +OK
        PEXPIREAT @ 4102444800499   -> :1
        EXPIRETIME @                -> :4102444800
        PEXPIREAT @ 4102444800500   -> :1
        EXPIRETIME @                -> :4102444801
        PEXPIREAT @ 4102444800999   -> :1
        EXPIRETIME @                -> :4102444801
        PEXPIRETIME @               -> :4102444800999
        "#,
    )
}

/// 99.6 seconds are 100 to whoever rounds, and 99 to whoever cuts, for as long as no tenth of a second
/// has passed. On a machine that is too slow for that, either is taken for an answer.
fn ttl_rounds(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    for _ in 0..10 {
        let began = Instant::now();
        client.ask(&["SET", &key, "v", "PX", "99600"], "+OK\r\n")?;
        let left = client.integer(&["TTL", &key])?;
        let clear = began.elapsed() < Duration::from_millis(90);
        if left != 100 && (clear || left != 99) {
            let expected = "100, with 99.6 seconds left";
            return Err(
                Failure::new(expected, left.to_string()).after("SET with PX 99600, then TTL")
            );
        }
        if clear {
            break;
        }
    }
    client.settle()
}

/// The instants between which something happened at the server.
struct Moment {
    earliest: Instant,
    latest: Instant,
}

/// Runs `action`, and says when.
fn timed<T>(action: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Moment), Failure> {
    let earliest = Instant::now();
    let value = action()?;
    let latest = Instant::now();
    Ok((value, Moment { earliest, latest }))
}

fn gone_in_time(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let life = LIFE.as_millis().to_string();
    let set = || client.ask(&["SET", &key, "v", "PX", &life], "+OK\r\n");
    let ((), set) = timed(set)?;
    loop {
        let look = || client.integer(&["EXISTS", &key]);
        let (there, look) = timed(look)?;
        if there == 0 {
            return gone_at(&set, &look);
        }
        let age = look.earliest.saturating_duration_since(set.latest);
        if age > LIFE + LATE {
            let expected = format!("gone after {LIFE:?}");
            return Err(Failure::new(expected, format!("still there after {age:?}"))
                .after(format!("SET with PX {life}, then EXISTS")));
        }
        thread::sleep(POLL);
    }
}

/// The key must not be gone before its time.
fn gone_at(set: &Moment, look: &Moment) -> Result<(), Failure> {
    let age = look.latest.saturating_duration_since(set.earliest);
    if age + EARLY >= LIFE {
        return Ok(());
    }
    Err(
        Failure::new(format!("there for {LIFE:?}"), format!("gone after {age:?}"))
            .after(format!("SET with PX {}, then EXISTS", LIFE.as_millis())),
    )
}

fn gone_for_all(target: &Target) -> Result<(), Failure> {
    gone_for(
        target,
        &[
            (&["GET"], "$-1\r\n"),
            (&["EXISTS"], ":0\r\n"),
            (&["DEL"], ":0\r\n"),
            (&["TTL"], ":-2\r\n"),
            (&["PEXPIRETIME"], ":-2\r\n"),
            (&["PERSIST"], ":0\r\n"),
            (&["EXPIRE", "100"], ":0\r\n"),
        ],
    )
}

/// Each of these commands, given a key that has expired behind its name, is answered so.
pub(super) fn gone_for(target: &Target, cases: &[(&[&str], &str)]) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    for (command, reply) in cases {
        let circumstance = format!("{} of an expired key", command.join(" "));
        client.ask(&["SET", &key, "v", "PX", "1"], "+OK\r\n")?;
        // Nobody has asked for the key when its time comes.
        thread::sleep(Duration::from_millis(5));
        let mut args = command.to_vec();
        args.insert(1, &key);
        client
            .ask(&args, reply)
            .map_err(|failure| failure.when(&circumstance))?;
    }
    client.settle()
}

fn dbsize(target: &Target) -> Result<(), Failure> {
    // Another client of a shared server may get in between, and so may keys that expire: then again.
    let limit = Instant::now() + target.deadline;
    loop {
        let outcome = try_dbsize(target);
        if outcome.is_ok() || Instant::now() > limit {
            return outcome;
        }
        thread::sleep(POLL);
    }
}

fn try_dbsize(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let before = client.integer(&["DBSIZE"])?;
    client.ask(&["SET", &key, "v"], "+OK\r\n")?;
    client.ask(&["SET", &key, "w"], "+OK\r\n")?;
    client.ask(&["DBSIZE"], format!(":{}\r\n", before + 1))?;
    client.ask(&["DEL", &key], ":1\r\n")?;
    client.ask(&["DBSIZE"], format!(":{before}\r\n"))?;
    let expected = "-ERR wrong number of arguments for 'dbsize' command\r\n";
    client.ask(&["DBSIZE", "a"], expected)?;
    client.settle()
}

fn active_expiry(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let full = with_forgotten_keys(target, &mut client)?;
    let deadline = target.deadline * ACTIVE_DEADLINES;
    let limit = Instant::now() + deadline;
    loop {
        let left = client.integer(&["DBSIZE"])?;
        if left <= full - FORGOTTEN {
            return client.settle();
        }
        if Instant::now() > limit {
            let expected = format!("the {FORGOTTEN} expired keys gone within {deadline:?}");
            let came = format!("DBSIZE went from {full} to {left}");
            return Err(Failure::new(expected, came)
                .after(format!("{FORGOTTEN} times SET, then PEXPIRE with 1")));
        }
        thread::sleep(POLL);
    }
}

/// Makes keys that expire at once, and gives how many keys there were at the most. First all keys,
/// then all deadlines: or else the first would be gone before the last is there.
fn with_forgotten_keys(target: &Target, client: &mut Client) -> Result<i64, Failure> {
    let prefix = target.key();
    let keys: Vec<String> = (0..FORGOTTEN)
        .map(|number| format!("{prefix}:{number}"))
        .collect();
    let sets = keys.iter().flat_map(|key| request(&["SET", key, "v"]));
    client.send(sets.collect::<Vec<u8>>())?;
    client.expect("+OK\r\n".repeat(keys.len()))?;
    let full = client.integer(&["DBSIZE"])?;
    let expires = keys.iter().flat_map(|key| request(&["PEXPIRE", key, "1"]));
    client.send(expires.collect::<Vec<u8>>())?;
    client.expect(":1\r\n".repeat(keys.len()))?;
    Ok(full)
}

fn arity(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let two = ["ttl", "pttl", "expiretime", "pexpiretime", "persist"];
    let three = ["expire", "pexpire", "expireat", "pexpireat"];
    let few_and_many = two.map(|name| (name, [vec![name], vec![name, "a", "b"]]));
    let few = three.map(|name| (name, [vec![name], vec![name, "a"]]));
    for (name, requests) in few_and_many.into_iter().chain(few) {
        let expected = format!("-ERR wrong number of arguments for '{name}' command\r\n");
        for args in requests {
            client.ask(&args, &expected)?;
        }
    }
    client.settle()
}
