//! Stage 06, chapter 1: parts of strings, numbers that are no integers, and bits.

use super::{Body, Check};
use crate::client::bulk;
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/01-strings-and-bits.md")
        .needs(&["06.0.4"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.1.1", "GETDEL gives a string once, and leaves what is none", getdel)
        .hint("Look at the type before you remove anything."),
    check("06.1.2", "GETRANGE counts from either end, and takes what there is of a range", getrange)
        .hint("Both ends are included. What lies before the first byte means the first byte, an end behind the last one the last."),
    check("06.1.3", "SETRANGE fills what is missing with zeros, up to 512 MB", setrange)
        .hint("Check the length before you ask for memory, without overflow. Nothing to write makes no key."),
    check("06.1.4", "MSETNX sets all keys or none", msetnx)
        .hint("Look at all keys before you set the first one."),
    check("06.1.5", "SETEX and PSETEX set a value that expires, and refuse a time that is not positive", setex)
        .hint("The time is looked at before the key: what is refused changes nothing."),
    check("06.1.6", "INCRBYFLOAT gives up to 17 decimals, no exponent, and no zeros at the end", incrbyfloat)
        .hint("Redis adds numbers with 64 significant bits. 53 bits, a double, show in the seventeenth digit. What is no number, and what would be infinite, is refused."),
    check("06.1.7", "INCRBYFLOAT keeps the deadline", float_deadline)
        .hint("A value that is changed goes on living as before.")
        .needs(&["06.1.6", "05.8"]),
    check("06.1.8", "Bit 0 is the highest bit of the first byte, and SETBIT gives what was there", setbit)
        .hint("The place in the byte is 7 minus the rest of a division by 8. A string grows by zeros."),
    check("06.1.9", "BITCOUNT and BITPOS take ranges of bytes and of bits", ranges)
        .hint("Behind a string there are zeros without end, unless the request names an end. An empty range has neither bit.")
        .needs(&["06.1.8"]),
    check("06.1.10", "BITOP treats short strings as if zeros followed", bitop)
        .hint("The result is as long as the longest one. Is it empty, the key goes.")
        .needs(&["06.1.8"]),
    check("06.1.11", "BITFIELD wraps around, stops at the limit, or fails, as it is told", bitfield)
        .hint("OVERFLOW holds for what follows it. SET gives the old value, INCRBY the new one, and what fails is null and changes nothing.")
        .needs(&["06.1.8"]),
    check("06.1.12", "LCS gives what two strings have in common, its length, and its places", lcs)
        .hint("The places come from the last to the first. Where the left and the right string may both lose a byte, the right one does."),
];

fn getdel(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v      -> +OK
        GETDEL @     -> "v"
        GETDEL @     -> nil
        EXISTS @     -> :0
        RPUSH @l a   -> :1
        GETDEL @l    -> WRONGTYPE
        EXISTS @l    -> :1
        "#,
    )
}

fn getrange(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ Hello            -> +OK
        GETRANGE @ 0 1         -> "He"
        GETRANGE @ 1 1         -> "e"
        GETRANGE @ -3 -1       -> "llo"
        GETRANGE @ -100 100    -> "Hello"
        GETRANGE @ 3 1         -> ""
        GETRANGE @ 5 9         -> ""
        GETRANGE @ 0 -100      -> "H"
        GETRANGE @ -1 -2       -> ""
        GETRANGE @ -9223372036854775808 9223372036854775807 -> "Hello"
        GETRANGE @none 0 -1    -> ""
        GETRANGE @ x 1         -> -ERR value is not an integer or out of range
        SUBSTR @ 1 2           -> "el"
        "#,
    )
}

fn setrange(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ Hello EX 100     -> +OK
        SETRANGE @ 1 ipp       -> :5
        SETRANGE @ 4 ie!       -> :7
        GET @                  -> "Hippie!"
        TTL @                  -> :99..100
        SETRANGE @new 3 a      -> :4
        SETRANGE @none 3 ''    -> :0
        EXISTS @none           -> :0
        SETRANGE @ -1 a        -> -ERR offset is out of range
        SETRANGE @ 536870912 a -> -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE @none 9223372036854775807 a -> -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        EXISTS @none           -> :0
        "#,
    )?;
    let mut client = target.connect()?;
    let key = target.key();
    client.ask(&["SETRANGE", &key, "2", "a"], ":3\r\n")?;
    client.ask(&["GET", &key], bulk(b"\0\0a"))?;
    client.settle()
}

fn msetnx(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        MSETNX @1 a @2 b -> :1
        MSETNX @3 c @2 d -> :0
        MGET @1 @2 @3    -> [a b nil]
        MSETNX @3 c @3 d -> :1
        GET @3           -> "d"
        MSETNX @4 a @5   -> -ERR wrong number of arguments for 'msetnx' command
        EXISTS @4        -> :0
        "#,
    )
}

fn setex(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SETEX @ 100 a     -> +OK
        TTL @             -> :99..100
        PSETEX @ 100000 b -> +OK
        TTL @             -> :99..100
        SETEX @ 0 c       -> -ERR invalid expire time in 'setex' command
        PSETEX @ -1 c     -> -ERR invalid expire time in 'psetex' command
        SETEX @ 9223372036854775807 c -> -ERR invalid expire time in 'setex' command
        SETEX @ x c       -> -ERR value is not an integer or out of range
        GET @             -> "b"
        "#,
    )
}

fn incrbyfloat(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        INCRBYFLOAT @ 10.50     -> "10.5"
        INCRBYFLOAT @ 0.1       -> "10.6"
        INCRBYFLOAT @ -5        -> "5.6"
        SET @ 5.0e3             -> +OK
        INCRBYFLOAT @ 2.0e2     -> "5200"
        SET @ 3                 -> +OK
        INCRBYFLOAT @ 0.14159265358979323846 -> "3.14159265358979324"
        SET @ 9223372036854775807 -> +OK
        INCRBYFLOAT @ 0.5       -> "9223372036854775807.5"
        SET @ 1.5               -> +OK
        INCRBYFLOAT @ -1.5      -> "0"
        INCRBYFLOAT @ nan       -> -ERR value is not a valid float
        INCRBYFLOAT @ 1x        -> -ERR value is not a valid float
        INCRBYFLOAT @ ''        -> -ERR value is not a valid float
        INCRBYFLOAT @ inf       -> -ERR increment would produce NaN or Infinity
        GET @                   -> "0"
        SET @ x                 -> +OK
        INCRBYFLOAT @ 1         -> -ERR value is not a valid float
        "#,
    )
}

fn float_deadline(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ 1 PXAT 4102444800123 -> +OK
        INCRBYFLOAT @ 0.5          -> "1.5"
        PEXPIRETIME @              -> :4102444800123
        "#,
    )
}

fn setbit(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SETBIT @ 1 1           -> :0
        SETBIT @ 7 1           -> :0
        GET @                  -> "A"
        SETBIT @ 7 0           -> :1
        SETBIT @ 6 1           -> :0
        GET @                  -> "B"
        GETBIT @ 6             -> :1
        GETBIT @ 7             -> :0
        GETBIT @ 1000          -> :0
        GETBIT @none 0         -> :0
        SETBIT @ 100 0         -> :0
        STRLEN @               -> :13
        SETBIT @ 1 2           -> -ERR bit is not an integer or out of range
        SETBIT @ -1 1          -> -ERR bit offset is not an integer or out of range
        SETBIT @ 4294967296 1  -> -ERR bit offset is not an integer or out of range
        "#,
    )
}

fn ranges(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ foobar           -> +OK
        BITCOUNT @             -> :26
        BITCOUNT @ 0 0         -> :4
        BITCOUNT @ 1 1         -> :6
        BITCOUNT @ -2 -1       -> :7
        BITCOUNT @ 5 30 BIT    -> :17
        BITCOUNT @ 3 1         -> :0
        BITCOUNT @ 0           -> -ERR syntax error
        BITCOUNT @ 0 1 bits    -> -ERR syntax error
        BITCOUNT @none 0 -1    -> :0
        BITPOS @ 1             -> :1
        BITPOS @ 0             -> :0
        BITPOS @ 1 2           -> :17
        BITPOS @ 0 6 12 BIT    -> :7
        BITPOS @ 1 8 8 BIT     -> :-1
        BITPOS @ 1 -1          -> :41
        BITPOS @ 1 9           -> :-1
        BITPOS @none 1         -> :-1
        BITPOS @none 0         -> :0
        BITPOS @ 2             -> -ERR The bit argument must be 1 or 0.
        "#,
    )
}

fn bitop(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @1 abc             -> +OK
        SET @2 AB              -> +OK
        BITOP OR @ @1 @2       -> :3
        GET @                  -> "abc"
        BITOP AND @ @1 @2      -> :3
        BITCOUNT @             -> :4
        STRLEN @               -> :3
        BITOP XOR @ @1 @1      -> :3
        BITCOUNT @             -> :0
        BITOP NOT @ @2         -> :2
        BITOP NOT @ @          -> :2
        GET @                  -> "AB"
        BITOP NOT @ @1 @2      -> -ERR BITOP NOT must be called with a single source key.
        BITOP AND @ @none      -> :0
        EXISTS @               -> :0
        BITOP NAND @ @1 @2     -> -ERR syntax error
        "#,
    )
}

fn bitfield(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let mut ask = |words: &str, reply: &str| {
        let words = words
            .split(' ')
            .map(|word| if word == "@" { &key } else { word });
        client.ask(&words.collect::<Vec<_>>(), reply)
    };
    ask(
        "BITFIELD @ SET u8 0 255 GET i8 0 GET u4 #1",
        "*3\r\n:0\r\n:-1\r\n:15\r\n",
    )?;
    ask(
        "BITFIELD @ INCRBY u8 0 1 INCRBY i8 0 -129",
        "*2\r\n:0\r\n:127\r\n",
    )?;
    ask(
        "BITFIELD @ OVERFLOW SAT INCRBY i8 0 9 INCRBY i8 0 -999",
        "*2\r\n:127\r\n:-128\r\n",
    )?;
    ask(
        "BITFIELD @ OVERFLOW FAIL INCRBY i8 0 -1 GET i8 0",
        "*2\r\n$-1\r\n:-128\r\n",
    )?;
    ask(
        "BITFIELD @ SET i64 3 -9223372036854775808 GET i64 3",
        "*2\r\n:0\r\n:-9223372036854775808\r\n",
    )?;
    ask("STRLEN @", ":9\r\n")?;
    ask("BITFIELD_RO @ GET u63 900", "*1\r\n:0\r\n")?;
    ask(
        "BITFIELD_RO @ SET u8 0 1",
        "-ERR BITFIELD_RO only supports the GET subcommand\r\n",
    )?;
    ask(
        "BITFIELD @ GET u64 0",
        "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
    )?;
    ask("BITFIELD @ GET u8", "-ERR syntax error\r\n")?;
    client.settle()
}

fn lcs(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let [left, right] = [1, 2].map(|number| format!("{}:{number}", target.key()));
    client.ask(&["MSET", &left, "ohmytext", &right, "mynewtext"], "+OK\r\n")?;
    client.ask(&["LCS", &left, &right], bulk("mytext"))?;
    client.ask(&["LCS", &left, &right, "LEN"], ":6\r\n")?;
    let head = "*4\r\n$7\r\nmatches\r\n";
    let (text, my) = (
        ":4\r\n:7\r\n*2\r\n:5\r\n:8\r\n",
        ":2\r\n:3\r\n*2\r\n:0\r\n:1\r\n",
    );
    let both = format!("{head}*2\r\n*2\r\n*2\r\n{text}*2\r\n*2\r\n{my}$3\r\nlen\r\n:6\r\n");
    client.ask(&["LCS", &left, &right, "IDX"], both)?;
    let long = format!("{head}*1\r\n*3\r\n*2\r\n{text}:4\r\n$3\r\nlen\r\n:6\r\n");
    let options = ["IDX", "MINMATCHLEN", "4", "WITHMATCHLEN"];
    client.ask(&[&["LCS", &left, &right], &options[..]].concat(), long)?;
    client.ask(&["LCS", &left, &format!("{left}:none")], "$0\r\n\r\n")?;
    client.ask(
        &["LCS", &left, &right, "LEN", "IDX"],
        "-ERR If you want both the length and indexes, please just use IDX.\r\n",
    )?;
    client.settle()
}
