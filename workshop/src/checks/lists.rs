//! Stage 06, chapter 0: lists.

use super::{Body, Check};
use crate::client::bulk;
use crate::failure::Failure;
use crate::script::{array, play};
use crate::target::Target;

/// The length of a long list, and how many elements are pushed at once.
const MANY: usize = 10_000;
const PART: usize = 1000;

/// The size of a large element.
const LONG: usize = 100_000;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["06.0.20"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.20", "RPUSH and LPUSH add at either end and answer the new length", push)
        .hint("LPUSH a b leaves b in front: each element is pushed in turn.")
        .needs(&["03.1"]),
    check("06.0.21", "LPOP and RPOP take one element from either end", pop)
        .hint("The element as a bulk string; null where there is no list."),
    check("06.0.22", "LPOP and RPOP with a count take several, in the order of popping", pop_count)
        .hint("With a count the answer is an array, even for one. Without a list it is the null array, which is *-1."),
    check("06.0.23", "LPOP and RPOP refuse a count that is negative or no number", pop_count_errors)
        .hint("The count is looked at before the key. At most one count may follow the key."),
    check("06.0.24", "LLEN answers the length of a list", llen)
        .hint("0 where there is none."),
    check("06.0.25", "LRANGE includes both ends, counts from the end below zero, and cuts what is out of range", lrange)
        .hint("-1 is the last element. Add the length to negative numbers, then clamp; what begins behind its end is empty. Mind the extreme numbers."),
    check("06.0.26", "LINDEX answers an element, or null out of range", lindex)
        .hint("The key is looked at first: without a list even a bad index answers null."),
    check("06.0.27", "LSET replaces an element, and refuses what is out of range", lset)
        .hint("No key, then no number, then no such index: in this order."),
    check("06.0.28", "LTRIM keeps a range and drops the rest", ltrim)
        .hint("The range is that of LRANGE. What leaves nothing removes the key."),
    check("06.0.29", "LREM removes equal elements from the front, from the back, or all", lrem)
        .hint("A positive count begins at the front, a negative one at the back, and 0 means all."),
    check("06.0.30", "A list that was emptied is gone, and so is its deadline", vanishes)
        .hint("There are no empty lists. Remove the key in the one place where elements are removed, and its deadline with it.")
        .needs(&["05.4", "06.0.29"]),
    check("06.0.31", "Elements of a list are any bytes", binary)
        .hint("Empty ones, line ends and NUL bytes too. Compare bytes, and all of them.")
        .needs(&["03.6", "06.0.20"]),
    check("06.0.32", "A list of 10,000 elements keeps its order", long_list)
        .hint("Look at how elements are found in the middle and removed there."),
];

fn push(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ b      -> :1
        RPUSH @ c d    -> :3
        LPUSH @ a      -> :4
        LPUSH @ y x    -> :6
        LRANGE @ 0 -1  -> [x y a b c d]
        RPUSH @ ''     -> :7
        LRANGE @ -2 -1 -> [d '']
        "#,
    )
}

fn pop(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c -> :3
        LPOP @        -> "a"
        RPOP @        -> "c"
        LPOP @        -> "b"
        LPOP @        -> nil
        RPOP @        -> nil
        RPOP @none    -> nil
        "#,
    )
}

fn pop_count(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c d e f g      -> :7
        LPOP @ 2                   -> [a b]
        RPOP @ 2                   -> [g f]
        LPOP @ 1                   -> [c]
        LPOP @ 0                   -> []
        RPOP @ 0                   -> []
        LLEN @                     -> :2
        RPOP @ 9223372036854775807 -> [e d]
        EXISTS @                   -> :0
        LPOP @ 2                   -> *-1
        RPOP @ 1                   -> *-1
        LPOP @ 0                   -> *-1
        "#,
    )
}

fn pop_count_errors(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a                  -> :1
        LPOP @ -1                  -> -ERR value is out of range, must be positive
        RPOP @ x                   -> -ERR value is out of range, must be positive
        LPOP @ 1.5                 -> -ERR value is out of range, must be positive
        LPOP @ 9223372036854775808 -> -ERR value is out of range, must be positive
        LPOP @none -1              -> -ERR value is out of range, must be positive
        LPOP @ 1 1                 -> -ERR wrong number of arguments for 'lpop' command
        RPOP @ 1 1                 -> -ERR wrong number of arguments for 'rpop' command
        LLEN @                     -> :1
        "#,
    )
}

fn llen(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        LLEN @        -> :0
        RPUSH @ a a a -> :3
        LLEN @        -> :3
        LPOP @        -> "a"
        LLEN @        -> :2
        "#,
    )
}

fn lrange(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c d e                            -> :5
        LRANGE @ 0 0                                 -> [a]
        LRANGE @ 1 3                                 -> [b c d]
        LRANGE @ 0 -1                                -> [a b c d e]
        LRANGE @ -3 -2                               -> [c d]
        LRANGE @ -100 1                              -> [a b]
        LRANGE @ 3 100                               -> [d e]
        LRANGE @ -100 100                            -> [a b c d e]
        LRANGE @ 3 1                                 -> []
        LRANGE @ 5 9                                 -> []
        LRANGE @ -9 -6                               -> []
        LRANGE @ -1 0                                -> []
        LRANGE @ 0 -6                                -> []
        LRANGE @ -9223372036854775808 9223372036854775807 -> [a b c d e]
        LRANGE @ 9223372036854775807 -9223372036854775808 -> []
        LRANGE @none 0 -1                            -> []
        LRANGE @ x 1                                 -> -ERR value is not an integer or out of range
        LRANGE @none 0 1.5                           -> -ERR value is not an integer or out of range
        LRANGE @ 0 9223372036854775808               -> -ERR value is not an integer or out of range
        "#,
    )
}

fn lindex(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c                 -> :3
        LINDEX @ 0                    -> "a"
        LINDEX @ 2                    -> "c"
        LINDEX @ -1                   -> "c"
        LINDEX @ -3                   -> "a"
        LINDEX @ 3                    -> nil
        LINDEX @ -4                   -> nil
        LINDEX @ 9223372036854775807  -> nil
        LINDEX @ -9223372036854775808 -> nil
        LINDEX @none 0                -> nil
        LINDEX @none x                -> nil
        LINDEX @ x                    -> -ERR value is not an integer or out of range
        "#,
    )
}

fn lset(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c  -> :3
        LSET @ 0 x     -> +OK
        LSET @ -1 z    -> +OK
        LRANGE @ 0 -1  -> [x b z]
        LSET @ 3 w     -> -ERR index out of range
        LSET @ -4 w    -> -ERR index out of range
        LSET @ x w     -> -ERR value is not an integer or out of range
        LSET @none 0 w -> -ERR no such key
        LSET @none x w -> -ERR no such key
        EXISTS @none   -> :0
        LRANGE @ 0 -1  -> [x b z]
        "#,
    )
}

fn ltrim(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c d e              -> :5
        LTRIM @ 0 -1                   -> +OK
        LLEN @                         -> :5
        LTRIM @ 1 -2                   -> +OK
        LRANGE @ 0 -1                  -> [b c d]
        LTRIM @ -2 100                 -> +OK
        LRANGE @ 0 -1                  -> [c d]
        LTRIM @ -9223372036854775808 0 -> +OK
        LRANGE @ 0 -1                  -> [c]
        LTRIM @ x 1                    -> -ERR value is not an integer or out of range
        LTRIM @none 0 x                -> -ERR value is not an integer or out of range
        LTRIM @ 5 10                   -> +OK
        EXISTS @                       -> :0
        LTRIM @none 0 1                -> +OK
        RPUSH @ a b c                  -> :3
        LTRIM @ 2 1                    -> +OK
        EXISTS @                       -> :0
        "#,
    )
}

fn lrem(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ x a x b x c x         -> :7
        LREM @ 2 x                    -> :2
        LRANGE @ 0 -1                 -> [a b x c x]
        RPUSH @ x                     -> :6
        LREM @ -2 x                   -> :2
        LRANGE @ 0 -1                 -> [a b x c]
        LREM @ 0 none                 -> :0
        RPUSH @ a a                   -> :6
        LREM @ 0 a                    -> :3
        LRANGE @ 0 -1                 -> [b x c]
        LREM @ 9223372036854775807 b  -> :1
        LREM @ -9223372036854775807 c -> :1
        LREM @none 0 a                -> :0
        LREM @ x a                    -> -ERR value is not an integer or out of range
        LREM @ 1 x                    -> :1
        EXISTS @                      -> :0
        "#,
    )
}

fn vanishes(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a        -> :1
        EXPIRE @ 100     -> :1
        LPOP @           -> "a"
        EXISTS @         -> :0
        EXISTS @         -> :0
        TTL @            -> :-2
        RPUSH @ b        -> :1
        TTL @            -> :-1
        RPOP @ 5         -> [b]
        EXISTS @         -> :0
        RPUSH @ c c      -> :2
        LREM @ 0 c       -> :2
        EXISTS @         -> :0
        APPEND @ text    -> :4
        "#,
    )
}

fn binary(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let all: Vec<u8> = (0..=255).collect();
    let long = vec![b'x'; LONG];
    let texts: [&[u8]; 6] = [b"", b"\r\n", b"a\0b", b"\xff", &all, &long];
    for (count, text) in (1..).zip(texts) {
        client.ask(&[b"RPUSH", key.as_bytes(), text], format!(":{count}\r\n"))?;
        client.ask(&[b"LINDEX", key.as_bytes(), b"-1"], bulk(text))?;
    }
    client.ask(&["LRANGE", &key, "0", "-1"], array(&texts))?;
    client.ask(&[b"LREM", key.as_bytes(), b"0", b"a\0c"], ":0\r\n")?;
    client.ask(&[b"LREM", key.as_bytes(), b"0", b"a\0b"], ":1\r\n")?;
    client.ask(&[b"LSET", key.as_bytes(), b"0", &all], "+OK\r\n")?;
    client.ask(&["LPOP", &key], bulk(&all))?;
    client.ask(&["RPOP", &key], bulk(&long))?;
    client.settle()
}

fn long_list(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let element = |number: usize| format!("element {number}");
    for start in (0..MANY).step_by(PART) {
        let elements = (start..start + PART).map(element);
        let words = ["RPUSH".into(), key.clone()].into_iter().chain(elements);
        let words: Vec<String> = words.collect();
        client.ask(&words, format!(":{}\r\n", start + PART))?;
    }
    for number in [0, 1, MANY / 2, MANY - 1] {
        client.ask(
            &["LINDEX", &key, &number.to_string()],
            bulk(element(number)),
        )?;
    }
    client.ask(&["LSET", &key, "5000", "changed"], "+OK\r\n")?;
    let middle = ["element 4999", "changed", "element 5001"];
    client.ask(&["LRANGE", &key, "4999", "5001"], array(&middle))?;
    client.ask(&["LREM", &key, "1", "changed"], ":1\r\n")?;
    client.ask(&["LTRIM", &key, "1", "-2"], "+OK\r\n")?;
    let left: Vec<String> = (1..MANY - 1)
        .filter(|number| *number != 5000)
        .map(element)
        .collect();
    client.ask(&["LRANGE", &key, "0", "-1"], array(&left))?;
    client.ask(&["LPOP", &key, &MANY.to_string()], array(&left))?;
    client.ask(&["EXISTS", &key], ":0\r\n")
}
