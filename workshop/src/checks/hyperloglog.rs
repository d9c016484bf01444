//! Stage 06, chapter 14: HyperLogLogs.

use super::{Body, Check};
use crate::client::bulk;
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;

/// How many elements are counted, and how many of them a request adds.
const MANY: usize = 20_000;
const PART: usize = 1000;

/// One with three elements that were counted.
const THREE: &[u8] = b"HYLL\x01\0\0\0\x03\0\0\0\0\0\0\0\\\xb3\x90B\x07\x84HX\x80X\xe7";

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/14-geo-and-hyperloglog.md")
        .needs(&["06.14.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.14.1", "PFADD says whether a register has changed, and PFCOUNT counts what was added", add)
        .hint("A new key counts as a change, even without an element. Missing keys have none.")
        .needs(&["03.1"]),
    check("06.14.2", "PFCOUNT of 20,000 elements is wrong by 2 % at the most", many)
        .hint("Too low by half: look at which bits choose the register and which make its value. They must not overlap."),
    check("06.14.3", "PFCOUNT of several keys and PFMERGE count what is in both once", union)
        .hint("The higher value of each register. PFMERGE makes the destination one of those that are merged."),
    check("06.14.4", "A HyperLogLog is a string, with the bytes of Redis", bytes)
        .hint("MurmurHash64A with the seed 0xadc83b19; runs of registers; the last count in front of them, or its highest bit where there is none."),
    check("06.14.5", "A string that is none is refused, and one that breaks off is called corrupted", refused)
        .hint("Look at the header and the length each time, and at where a run ends before you follow it."),
];

fn add(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        PFCOUNT @       -> :0
        PFADD @ a b c   -> :1
        PFADD @ b       -> :0
        PFADD @ b d     -> :1
        PFCOUNT @       -> :4
        PFCOUNT @       -> :4
        PFADD @new      -> :1
        PFADD @new      -> :0
        PFCOUNT @new    -> :0
        TYPE @new       -> +string
        RPUSH @list a   -> :1
        PFADD @list a   -> WRONGTYPE
        PFCOUNT @ @list -> WRONGTYPE
        "#,
    )
}

fn many(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    for part in 0..MANY / PART {
        let mut request = vec!["PFADD".to_string(), key.clone()];
        request.extend((0..PART).map(|number| format!("element {}", part * PART + number)));
        client.integer(&request)?;
    }
    let count = client.integer(&["PFCOUNT", &key])?;
    let wrong_by = count.abs_diff(MANY as i64) as usize;
    if wrong_by * 50 > MANY {
        let expected = format!("about {MANY}, wrong by 2 % at the most");
        return Err(client.unexpected(expected, format!(":{count}\r\n").as_bytes()));
    }
    client.settle()
}

fn union(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        PFADD @ a b c       -> :1
        PFADD @b c d        -> :1
        PFCOUNT @ @b @none  -> :4
        PFCOUNT @           -> :3
        PFMERGE @ @b @none  -> +OK
        PFCOUNT @           -> :4
        PFCOUNT @b          -> :2
        PFMERGE @new        -> +OK
        PFCOUNT @new        -> :0
        "#,
    )
}

fn bytes(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    client.ask(&["PFADD", &key, "foo", "bar", "zap"], ":1\r\n")?;
    let sparse = b"\x7f\xff";
    let stale = [b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".as_slice(), sparse].concat();
    let empty = format!("{key}:empty");
    client.ask(&["PFADD", &empty], ":1\r\n")?;
    client.ask(&["GET", &empty], bulk(stale))?;
    client.ask(&["PFCOUNT", &key], ":3\r\n")?;
    client.ask(&["GET", &key], bulk(THREE))?;
    client.ask(&["PFDEBUG", "DECODE", &empty], bulk("Z:16384"))?;
    client.settle()
}

fn refused(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ hello  -> +OK
        PFADD @ a    -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFCOUNT @    -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFADD @a a   -> :1
        APPEND @a ?  -> :22
        PFCOUNT @a   -> -INVALIDOBJ Corrupted HLL object detected
        PFMERGE @ @a -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFMERGE @b @a -> -INVALIDOBJ Corrupted HLL object detected
        EXISTS @b    -> :0
        "#,
    )
}
