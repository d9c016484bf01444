//! Stage 06, chapter 2: lists that are searched, moved, and waited for.

use super::blocking::waiting;
use super::{Body, Check};
use crate::client::bulk;
use crate::failure::Failure;
use crate::script::{WRONG_TYPE, array, play, play_on};
use crate::target::Target;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/02-lists.md")
        .needs(&["06.0.20", "06.0.25"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.2.1", "LPUSHX and RPUSHX add to a list that there is, and make none", push_if_exists)
        .hint("0 where there is no such key. A value of another type is an error all the same."),
    check("06.2.2", "LINSERT puts an element before or behind the first that equals another", linsert)
        .hint("-1 where no element equals it, 0 where there is no list. The word is looked at before the key."),
    check("06.2.3", "LPOS finds elements from either end, the nth match, and as many as asked for", lpos)
        .hint("Places count from the head, from whichever end it searches. With COUNT the answer is an array, also of nothing; MAXLEN is how many elements to compare."),
    check("06.2.4", "LMOVE and RPOPLPUSH take from one end and add at another, of one list or of two", lmove)
        .hint("A list that is moved to itself is never empty meanwhile: its deadline stays. A wrong destination is found before anything is taken."),
    check("06.2.5", "LMPOP takes from the first of its keys that has a list", lmpop)
        .hint("The key, and an array of the elements, also for one. A key of another type in front of the list is an error."),
    check("06.2.6", "What BLMOVE moves serves who waits for the other list", chain)
        .hint("When a command has ended, serve who waits for its keys; what that changes makes further keys ready.")
        .needs(&["06.0.92", "06.2.4"]),
    check("06.2.7", "Who waits for a move whose destination turns out wrong gets the error, and the element stays", wrong_destination)
        .hint("Look at the destination when there is something to move, and not before. The next one who waits is served.")
        .needs(&["06.2.6"]),
    check("06.2.8", "BLMPOP takes as many as there are when it is served", blmpop)
        .hint("It is LMPOP run again when the push has ended as a whole.")
        .needs(&["06.0.92", "06.2.5"]),
    check("06.2.9", "BRPOPLPUSH from a list to itself is served, and leaves the element for the next one", to_itself)
        .hint("After each one who was served look whether the key still holds a list, and go on.")
        .needs(&["06.2.6"]),
];

fn push_if_exists(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        LPUSHX @ a     -> :0
        RPUSHX @ a b   -> :0
        EXISTS @       -> :0
        RPUSH @ a      -> :1
        LPUSHX @ b c   -> :3
        RPUSHX @ d     -> :4
        LRANGE @ 0 -1  -> [c b a d]
        SET @text x    -> +OK
        RPUSHX @text a -> WRONGTYPE
        "#,
    )
}

fn linsert(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b a             -> :3
        LINSERT @ BEFORE a x      -> :4
        LINSERT @ after a y       -> :5
        LRANGE @ 0 -1             -> [x a y b a]
        LINSERT @ BEFORE none z   -> :-1
        LINSERT @none AFTER a z   -> :0
        EXISTS @none              -> :0
        LINSERT @none BESIDE a z  -> -ERR syntax error
        "#,
    )
}

fn lpos(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    play_on(
        &mut client,
        &key,
        r#"
        RPUSH @ a b c b b                -> :5
        LPOS @ b                         -> :1
        LPOS @ none                      -> nil
        LPOS @ b RANK 2                  -> :3
        LPOS @ b RANK -1                 -> :4
        LPOS @ b RANK 4                  -> nil
        LPOS @ none COUNT 1              -> []
        LPOS @none b COUNT 1             -> []
        LPOS @none b                     -> nil
        LPOS @ b COUNT -1                -> -ERR COUNT can't be negative
        LPOS @ b MAXLEN -1               -> -ERR MAXLEN can't be negative
        LPOS @none b RANK x              -> -ERR value is not an integer or out of range
        LPOS @ b RANK                    -> -ERR syntax error
        "#,
    )?;
    for (options, places) in [
        ("COUNT 2", &[1, 3][..]),
        ("COUNT 0", &[1, 3, 4]),
        ("RANK -2 COUNT 0", &[3, 1]),
        ("COUNT 0 MAXLEN 4", &[1, 3]),
        ("RANK -1 COUNT 0 MAXLEN 2", &[4, 3]),
    ] {
        let words = ["LPOS", &key, "b"].into_iter().chain(options.split(' '));
        let mut reply = format!("*{}\r\n", places.len());
        reply.extend(places.iter().map(|place| format!(":{place}\r\n")));
        client.ask(&words.collect::<Vec<_>>(), reply)?;
    }
    client.settle()
}

fn lmove(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b c d            -> :4
        LMOVE @ @to LEFT RIGHT     -> "a"
        LMOVE @ @to right left     -> "d"
        RPOPLPUSH @ @to            -> "c"
        LRANGE @to 0 -1            -> [c d a]
        LMOVE @to @to LEFT RIGHT   -> "c"
        LRANGE @to 0 -1            -> [d a c]
        LMOVE @to @to LEFT LEFT    -> "d"
        LRANGE @to 0 -1            -> [d a c]
        EXPIRE @ 100               -> :1
        RPOPLPUSH @ @              -> "b"
        PERSIST @                  -> :1
        LMOVE @ @to UP DOWN        -> -ERR syntax error
        SET @text x                -> +OK
        LMOVE @ @text LEFT LEFT    -> WRONGTYPE
        LMOVE @none @text LEFT LEFT -> nil
        LRANGE @ 0 -1              -> [b]
        LMOVE @ @to LEFT LEFT      -> "b"
        EXISTS @                   -> :0
        "#,
    )
}

/// The reply of LMPOP.
fn popped(key: &str, elements: &[&str]) -> Vec<u8> {
    [b"*2\r\n".to_vec(), bulk(key), array(elements)].concat()
}

fn lmpop(target: &Target) -> Result<(), Failure> {
    let (key, none, text) = (target.key(), target.key(), target.key());
    let mut client = target.connect()?;
    client.ask(&["RPUSH", &key, "a", "b", "c", "d"], ":4\r\n")?;
    client.ask(&["LMPOP", "2", &none, &key, "LEFT"], popped(&key, &["a"]))?;
    client.ask(&["SET", &text, "x"], "+OK\r\n")?;
    client.ask(&["LMPOP", "2", &text, &key, "LEFT"], WRONG_TYPE)?;
    client.ask(&["LMPOP", "2", &key, &text, "LEFT"], popped(&key, &["b"]))?;
    let all = ["LMPOP", "1", &key, "RIGHT", "COUNT", "10"];
    client.ask(&all, popped(&key, &["d", "c"]))?;
    play_on(
        &mut client,
        &key,
        r#"
        EXISTS @               -> :0
        LMPOP 1 @ LEFT         -> *-1
        LMPOP 0 @ LEFT         -> -ERR numkeys should be greater than 0
        LMPOP 1 @ LEFT COUNT 0 -> -ERR count should be greater than 0
        LMPOP 2 @ LEFT         -> -ERR syntax error
        "#,
    )?;
    client.settle()
}

fn chain(target: &Target) -> Result<(), Failure> {
    let (from, over, to) = (target.key(), target.key(), target.key());
    let mut last = waiting(target, &["BLPOP", &to, "0"])?;
    let mut second = waiting(target, &["BRPOPLPUSH", &over, &to, "0"])?;
    let mut first = waiting(target, &["BLMOVE", &from, &over, "LEFT", "LEFT", "0"])?;
    let mut other = target.connect()?;
    other.ask(&["RPUSH", &from, "a", "b"], ":2\r\n")?;
    first.expect(bulk("a"))?;
    second.expect(bulk("a"))?;
    last.expect(array(&[&to, "a"]))?;
    other.ask(&["EXISTS", &over, &to], ":0\r\n")?;
    other.ask(&["LRANGE", &from, "0", "-1"], array(&["b"]))
}

fn wrong_destination(target: &Target) -> Result<(), Failure> {
    let (from, to) = (target.key(), target.key());
    let mut other = target.connect()?;
    other.ask(&["SET", &to, "text"], "+OK\r\n")?;
    let mut wrong = waiting(target, &["BLMOVE", &from, &to, "LEFT", "LEFT", "0"])?;
    let mut right = waiting(target, &["BLPOP", &from, "0"])?;
    other.ask(&["RPUSH", &from, "a", "b"], ":2\r\n")?;
    wrong.expect(WRONG_TYPE)?;
    right.expect(array(&[&from, "a"]))?;
    other.ask(&["GET", &to], bulk("text"))?;
    other.ask(&["LRANGE", &from, "0", "-1"], array(&["b"]))
}

fn blmpop(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut client = waiting(target, &["BLMPOP", "0", "1", &key, "RIGHT", "COUNT", "10"])?;
    let mut other = target.connect()?;
    other.ask(&["RPUSH", &key, "a", "b", "c"], ":3\r\n")?;
    client.expect(popped(&key, &["c", "b", "a"]))?;
    other.ask(&["EXISTS", &key], ":0\r\n")?;
    client.ask(&["BLMPOP", "0.01", "1", &key, "LEFT"], "*-1\r\n")
}

fn to_itself(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut first = waiting(target, &["BRPOPLPUSH", &key, &key, "0"])?;
    let mut second = waiting(target, &["BRPOPLPUSH", &key, &key, "0"])?;
    let mut other = target.connect()?;
    other.ask(&["RPUSH", &key, "a"], ":1\r\n")?;
    first.expect(bulk("a"))?;
    second.expect(bulk("a"))?;
    other.ask(&["LRANGE", &key, "0", "-1"], array(&["a"]))
}
