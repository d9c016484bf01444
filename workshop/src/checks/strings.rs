//! Stage 06, chapter 0: what strings can do beyond SET and GET.

use super::{Body, Check};
use crate::client::bulk;
use crate::failure::Failure;
use crate::script::{array, play};
use crate::target::Target;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["03.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.1", "INCR, DECR, INCRBY and DECRBY count, from 0 where there is no key", counts)
        .hint("The value stays a string. Read it as a number, add, and write it back, in one step that no other client can get between."),
    check("06.0.2", "Counting beyond 64 bits is refused and changes nothing", overflow)
        .hint("Use checked addition. DECRBY adds the negated number, and there is one number that can't be negated."),
    check("06.0.3", "What is no integer in its one spelling can't be counted with", no_number)
        .hint("No blanks, no plus, no leading zeros, no fraction, neither in the value nor in the argument. Refuse before you change anything."),
    check("06.0.4", "APPEND makes the key or adds to it, and answers the new length", append)
        .hint("Where there is no key, begin with an empty string. If you keep numbers as numbers, make text of them first."),
    check("06.0.5", "STRLEN answers the length, 0 for a missing key", strlen)
        .hint("The length of a number is that of its digits and its sign."),
    check("06.0.6", "MGET answers a value for each key; a missing key is null", mget)
        .hint("A key that is named twice is answered twice."),
    check("06.0.7", "MSET sets all keys, or none when a value is missing", mset)
        .hint("Count the arguments before you set the first. A key that is named twice gets the last value."),
    check("06.0.8", "SETNX sets only where there is no key", setnx)
        .hint("Answer 1 or 0, and leave the value that is there."),
    check("06.0.9", "GETSET answers the old value and sets the new one", getset)
        .hint("Null where there was none. Read before you write."),
    check("06.0.10", "Counting and appending keep the deadline; GETSET and MSET take it away", keeps_the_deadline)
        .hint("A value that is changed goes on living as before. A value that is replaced begins anew.")
        .needs(&["06.0.9", "05.8"]),
    check("06.0.11", "APPEND, STRLEN, MSET, MGET and GETSET take any bytes", binary)
        .hint("Lengths count bytes, and nothing ends at a NUL or at a line end.")
        .needs(&["06.0.9", "03.6"]),
];

fn counts(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        INCR @          -> :1
        INCR @          -> :2
        GET @           -> "2"
        DECR @          -> :1
        DECR @other     -> :-1
        INCRBY @ 10     -> :11
        DECRBY @ 20     -> :-9
        INCRBY @ -1     -> :-10
        DECRBY @ -30    -> :20
        INCRBY @new 7   -> :7
        DECRBY @newer 7 -> :-7
        INCRBY @ 0      -> :20
        SET @ -5        -> +OK
        INCR @          -> :-4
        GET @           -> "-4"
        "#,
    )
}

fn overflow(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ 9223372036854775806         -> +OK
        INCR @                            -> :9223372036854775807
        INCR @                            -> -ERR increment or decrement would overflow
        INCRBY @ 1                        -> -ERR increment or decrement would overflow
        DECRBY @ -1                       -> -ERR increment or decrement would overflow
        GET @                             -> "9223372036854775807"
        INCRBY @ -9223372036854775808     -> :-1
        INCRBY @ -9223372036854775807     -> :-9223372036854775808
        DECR @                            -> -ERR increment or decrement would overflow
        INCRBY @ -9223372036854775808     -> -ERR increment or decrement would overflow
        GET @                             -> "-9223372036854775808"
        DECRBY @ -9223372036854775808     -> -ERR decrement would overflow
        DECRBY @none -9223372036854775808 -> -ERR decrement would overflow
        DECRBY @none 9223372036854775807  -> :-9223372036854775807
        "#,
    )
}

fn no_number(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let expected = "-ERR value is not an integer or out of range\r\n";
    let texts = [
        "",
        " ",
        "x",
        " 1",
        "1 ",
        "+1",
        "01",
        "-0",
        "1.0",
        "1e3",
        "0x1",
        "-",
        "9223372036854775808",
        "-9223372036854775809",
        "1\r\n",
        "1\0",
    ];
    for text in texts {
        client.ask(&["SET", &key, text], "+OK\r\n")?;
        client.ask(&["INCR", &key], expected)?;
        client.ask(&["DECRBY", &key, "1"], expected)?;
        client.ask(&["GET", &key], bulk(text))?;
        client.ask(&["SET", &key, "1"], "+OK\r\n")?;
        client.ask(&["INCRBY", &key, text], expected)?;
        client.ask(&["DECRBY", &key, text], expected)?;
        client.ask(&["GET", &key], bulk("1"))?;
    }
    client.ask(&["DEL", &key], ":1\r\n")?;
    client.ask(&["INCRBY", &key, "x"], expected)?;
    client.ask(&["EXISTS", &key], ":0\r\n")?;
    client.settle()
}

fn keeps_the_deadline(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ 1 PXAT 4102444800123 -> +OK
        INCR @                     -> :2
        DECRBY @ 5                 -> :-3
        APPEND @ x                 -> :3
        PEXPIRETIME @              -> :4102444800123
        GETSET @ w                 -> "-3x"
        TTL @                      -> :-1
        SET @ 1 EX 100             -> +OK
        MSET @ 2                   -> +OK
        TTL @                      -> :-1
        SET @ 1 EX 100             -> +OK
        SETNX @ 2                  -> :0
        TTL @                      -> :90..100
        "#,
    )
}

fn append(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        APPEND @ Hello    -> :5
        APPEND @ ''       -> :5
        APPEND @ World    -> :10
        GET @             -> "HelloWorld"
        APPEND @empty ''  -> :0
        EXISTS @empty     -> :1
        GET @empty        -> ""
        INCRBY @number 12 -> :12
        APPEND @number 3  -> :3
        INCR @number      -> :124
        "#,
    )
}

fn binary(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let all: Vec<u8> = (0..=255).collect();
    client.ask(&[b"APPEND", key.as_bytes(), &all], ":256\r\n")?;
    client.ask(&[b"APPEND", key.as_bytes(), &all], ":512\r\n")?;
    client.ask(&["STRLEN", &key], ":512\r\n")?;
    let twice = all.repeat(2);
    client.ask(&["GETSET", &key, "\r\n"], bulk(&twice))?;
    client.ask(&["MGET", &key], array(&["\r\n"]))?;
    let odd = [key.as_bytes(), b"\0\xff\r\n"].concat();
    client.ask(&[b"MSET", odd.as_slice(), &all], "+OK\r\n")?;
    client.ask(
        &[b"MGET", odd.as_slice(), key.as_bytes()],
        array(&[all.as_slice(), b"\r\n"]),
    )?;
    client.settle()
}

fn strlen(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        STRLEN @             -> :0
        SET @ hello          -> +OK
        STRLEN @             -> :5
        SET @ ''             -> +OK
        STRLEN @             -> :0
        INCRBY @number 12345 -> :12345
        STRLEN @number       -> :5
        DECRBY @number 20000 -> :-7655
        STRLEN @number       -> :5
        "#,
    )
}

fn mget(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @1 a            -> +OK
        SET @2 ''           -> +OK
        MGET @1             -> [a]
        MGET @1 @none @2 @1 -> [a nil '' a]
        MGET @none          -> [nil]
        "#,
    )
}

fn mset(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        MSET @1 a             -> +OK
        MSET @1 b @2 c @3 ''  -> +OK
        MGET @1 @2 @3         -> [b c '']
        MSET @1 first @1 last -> +OK
        GET @1                -> "last"
        MSET @1 d @2          -> -ERR wrong number of arguments for 'mset' command
        MSET @1 d @2 e @3     -> -ERR wrong number of arguments for 'mset' command
        MGET @1 @2 @3         -> [last c '']
        "#,
    )
}

fn setnx(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SETNX @ first    -> :1
        SETNX @ second   -> :0
        GET @            -> "first"
        DEL @            -> :1
        SETNX @ third    -> :1
        TTL @            -> :-1
        "#,
    )
}

fn getset(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        GETSET @ first    -> nil
        GETSET @ second   -> "first"
        GETSET @ ''       -> "second"
        GETSET @ third    -> ""
        GET @             -> "third"
        "#,
    )
}
