//! Stage 05 as well: the commands on the time that keys have to live.

use super::Check;
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

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "05.20",
        title: "TTL, PTTL, EXPIRETIME and PEXPIRETIME tell a missing key from one without a deadline",
        first: 5,
        last: None,
        redis: true,
        hint: "-2 where there is no key, -1 where it lives for ever.",
        body: no_deadline,
    },
    Check {
        id: "05.21",
        title: "EXPIRE and PEXPIRE count from now, EXPIREAT and PEXPIREAT from 1970",
        first: 5,
        last: None,
        redis: true,
        hint: "All four set the same deadline, in milliseconds since 1970. They differ in a factor, and in whether the present time is added.",
        body: four_ways,
    },
    Check {
        id: "05.22",
        title: "The EXPIRE family answers 0 for a missing key, and makes none",
        first: 5,
        last: None,
        redis: true,
        hint: "1 means that a deadline was set.",
        body: expire_missing,
    },
    Check {
        id: "05.23",
        title: "EXPIRE with NX or XX depends on whether there is a deadline",
        first: 5,
        last: None,
        redis: true,
        hint: "Here NX and XX are about the deadline, not about the key.",
        body: expire_nx_and_xx,
    },
    Check {
        id: "05.24",
        title: "EXPIRE with GT or LT compares with the deadline there is",
        first: 5,
        last: None,
        redis: true,
        hint: "A key without a deadline counts as one that expires later than any. Equal is neither greater nor less.",
        body: expire_gt_and_lt,
    },
    Check {
        id: "05.25",
        title: "Options of the EXPIRE family combine where they can",
        first: 5,
        last: None,
        redis: true,
        hint: "XX goes with GT or LT; all conditions must hold. NX goes with none of the others, GT not with LT.",
        body: expire_combined,
    },
    Check {
        id: "05.26",
        title: "The EXPIRE family refuses bad options and bad times, in Redis's words",
        first: 5,
        last: None,
        redis: true,
        hint: "Options are looked at before the time. Check for overflow where seconds become milliseconds, and where the present time is added.",
        body: expire_errors,
    },
    Check {
        id: "05.27",
        title: "A deadline in the past removes the key at once",
        first: 5,
        last: None,
        redis: true,
        hint: "Zero and negative times are allowed here. The answer is 1, and the key is gone.",
        body: expire_in_the_past,
    },
    Check {
        id: "05.28",
        title: "PERSIST takes the deadline away",
        first: 5,
        last: None,
        redis: true,
        hint: "1 where there was a deadline, 0 where there was none, or no key.",
        body: persist,
    },
    Check {
        id: "05.29",
        title: "DEL takes the deadline with the key",
        first: 5,
        last: None,
        redis: true,
        hint: "A new key with the same name must not inherit it. If deadlines lie in a table of their own, remove them there too.",
        body: del_takes_deadline,
    },
    Check {
        id: "05.30",
        title: "EXPIRETIME rounds milliseconds to the nearest second",
        first: 5,
        last: None,
        redis: true,
        hint: "Half a second and more counts up: add 500, then divide by 1000.",
        body: expiretime_rounds,
    },
    Check {
        id: "05.31",
        title: "TTL rounds to the nearest second as well",
        first: 5,
        last: None,
        redis: true,
        hint: "With 99.6 seconds left the answer is 100: add 500 milliseconds, then divide by 1000.",
        body: ttl_rounds,
    },
    Check {
        id: "05.32",
        title: "A key with PX 100 is there before 100 ms have passed, and gone after",
        first: 5,
        last: None,
        redis: true,
        hint: "Look at the deadline on every access. A key whose deadline has come does not exist, even if it is still in your map.",
        body: gone_in_time,
    },
    Check {
        id: "05.33",
        title: "An expired key is gone for every command",
        first: 5,
        last: None,
        redis: true,
        hint: "Put the look at the deadline where all commands pass, in the keyspace, and not into GET.",
        body: gone_for_all,
    },
    Check {
        id: "05.34",
        title: "DBSIZE counts the keys",
        first: 5,
        last: None,
        redis: true,
        hint: "An integer. It changes with each key that is made or removed, and not when a value is replaced.",
        body: dbsize,
    },
    Check {
        id: "05.35",
        title: "Expired keys that nobody asks for are removed in the background",
        first: 5,
        last: None,
        redis: true,
        hint: "Some times a second, remove a bounded number of expired keys. Without that, keys that nobody asks for fill the memory.",
        body: active_expiry,
    },
    Check {
        id: "05.36",
        title: "A wrong number of arguments is an error for each of the new commands",
        first: 5,
        last: None,
        redis: true,
        hint: "One row in the command table for each: two arguments for TTL and its like, three or more for EXPIRE and its like, the name included.",
        body: arity,
    },
];

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

fn del_takes_deadline(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EX 100        -> +OK
        DEL @                 -> :1
        SET @ w KEEPTTL       -> +OK
        TTL @                 -> :-1
        EXPIRE @ 0            -> :1
        SET @ x KEEPTTL       -> +OK
        TTL @                 -> :-1
        GET @                 -> "x"
        "#,
    )
}

fn expiretime_rounds(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v PXAT 4102444800499  -> +OK
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
    let mut client = target.connect()?;
    let key = target.key();
    for (command, reply) in [
        (["GET", &key].as_slice(), "$-1\r\n"),
        (&["EXISTS", &key], ":0\r\n"),
        (&["DEL", &key], ":0\r\n"),
        (&["TTL", &key], ":-2\r\n"),
        (&["PEXPIRETIME", &key], ":-2\r\n"),
        (&["PERSIST", &key], ":0\r\n"),
        (&["EXPIRE", &key, "100"], ":0\r\n"),
        (&["GETEX", &key], "$-1\r\n"),
        (&["SET", &key, "w", "XX"], "$-1\r\n"),
        (&["SET", &key, "w", "GET"], "$-1\r\n"),
    ] {
        let circumstance = format!("{} of an expired key", command.join(" "));
        client.ask(&["SET", &key, "v", "PX", "1"], "+OK\r\n")?;
        // Nobody has asked for the key when its time comes.
        thread::sleep(Duration::from_millis(5));
        client
            .ask(command, reply)
            .map_err(|failure| failure.when(&circumstance))?;
    }
    client.ask(&["TTL", &key], ":-1\r\n")
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
    let expected = "-ERR wrong number of arguments for 'dbsize' command\r\n";
    client.ask(&["DBSIZE", "a"], expected)?;
    client.settle()
}
