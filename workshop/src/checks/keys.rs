//! Stage 06, chapter 0: keys of all types, and databases.

use super::database::{holds_other_data, in_empty_database};
use super::{Body, Check};
use crate::client::{Client, bulk, request};
use crate::failure::Failure;
use crate::script::{WRONG_TYPE, array, ask_for_any_order, play, play_on};
use crate::target::Target;
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

/// How often a random key is drawn.
const DRAWS: usize = 300;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["06.0.20", "06.0.40"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.50", "TYPE names the type of a value", type_)
        .hint("A simple string: string, list or set, and none where there is no key."),
    check("06.0.51", "EXISTS, DEL and UNLINK do not care about types", all_types)
        .hint("They are about keys. UNLINK answers as DEL does; it may free the memory later."),
    check("06.0.52", "RENAME moves a value of any type and replaces what was there", rename)
        .hint("The old name is gone. A missing key is an error, even if both names are the same."),
    check("06.0.53", "RENAME moves the deadline along", rename_deadline)
        .hint("The new name has the deadline of the old one, or none; that of the replaced key is gone.")
        .needs(&["05.4", "06.0.52"]),
    check("06.0.54", "Lists and sets have deadlines too, and changing them keeps the deadline", deadlines)
        .hint("The deadline belongs to the key, not to a type of value. Only a new value for the key takes it away.")
        .needs(&["05.4", "06.0.20", "06.0.40"]),
    check("06.0.55", "SET replaces a value of any type, with its deadline", set_replaces)
        .hint("Only with GET does SET look at the old value, and then at its type first."),
    check("06.0.56", "MGET, MSET, SETNX and GETSET meet values of other types", strings_beside_others)
        .hint("MGET never fails: what is no string is null for it. MSET replaces anything, SETNX nothing, and GETSET looks at the type first."),
    check("06.0.57", "A command on a value of another type answers WRONGTYPE and changes nothing", wrong_type)
        .hint("Look the value up through one function that gives the type wanted, or this error. The type is looked at before most other arguments."),
    check("06.0.58", "SELECT chooses one of 16 databases, for its own connection only", select)
        .hint("Each connection remembers the number of its database. A new one begins with 0."),
    check("06.0.59", "SELECT refuses what is no database and stays where it was", select_errors)
        .hint("A number out of range and what is no number have different errors.")
        .needs(&["06.0.58", "06.0.20", "06.0.40"]),
    check("06.0.60", "FLUSHDB empties the selected database and no other", flushdb)
        .hint("SYNC and ASYNC are its options, and at most one of them. Deadlines go as well.")
        .needs(&["06.0.58", "06.0.20", "06.0.40"]),
    check("06.0.61", "DBSIZE counts the keys of all types in the selected database", dbsize)
        .hint("Keys, not elements: and what is renamed onto another key leaves one less.")
        .needs(&["06.0.60", "06.0.20", "06.0.40"]),
    check("06.0.62", "RANDOMKEY answers some key, and null in an empty database", randomkey)
        .hint("Every key must have its chance. Beware of a table whose order never changes.")
        .needs(&["06.0.60", "06.0.20", "06.0.40"]),
    check("06.0.63", "KEYS matches patterns with *, ?, [abc], [^a], [a-c] and a backslash", keys)
        .hint("Compare byte by byte, from the left; at a star, try every rest. A pattern must match the whole key."),
    check("06.0.64", "KEYS lists keys of all types, and none that has expired", keys_without_expired)
        .hint("Look at the deadline before you list a key."),
    check("06.0.65", "FLUSHALL empties all databases", flushall)
        .hint("It is tried on a server that holds no keys but those of checks, and else its errors only.")
        .needs(&["06.0.60", "06.0.63"]),
];

fn type_(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        TYPE @           -> +none
        SET @ v          -> +OK
        TYPE @           -> +string
        INCRBY @number 1 -> :1
        TYPE @number     -> +string
        LPUSH @list a    -> :1
        TYPE @list       -> +list
        SADD @set a      -> :1
        TYPE @set        -> +set
        DEL @            -> :1
        TYPE @           -> +none
        "#,
    )
}

fn all_types(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        MSET @1 a @2 b                   -> +OK
        RPUSH @list a b                  -> :2
        SADD @set a b                    -> :2
        EXISTS @1 @list @set @none @list -> :4
        UNLINK @1 @none @1               -> :1
        DEL @list @set @list             -> :2
        EXISTS @1 @list @set             -> :0
        RPUSH @list c                    -> :1
        LRANGE @list 0 -1                -> [c]
        SADD @set c                      -> :1
        UNLINK @set @list @2             -> :3
        EXISTS @2 @list @set             -> :0
        "#,
    )
}

fn rename(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v            -> +OK
        RENAME @ @new      -> +OK
        EXISTS @           -> :0
        GET @new           -> "v"
        RPUSH @list a b    -> :2
        RENAME @list @new  -> +OK
        TYPE @new          -> +list
        LRANGE @new 0 -1   -> [a b]
        EXISTS @list       -> :0
        RENAME @new @new   -> +OK
        LLEN @new          -> :2
        RENAME @none @new  -> -ERR no such key
        RENAME @none @none -> -ERR no such key
        LLEN @new          -> :2
        "#,
    )
}

fn rename_deadline(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v PXAT 4102444800123   -> +OK
        SET @to w                    -> +OK
        RENAME @ @to                 -> +OK
        PEXPIRETIME @to              -> :4102444800123
        TTL @                        -> :-2
        SADD @set a                  -> :1
        SET @old v EX 100            -> +OK
        RENAME @set @old             -> +OK
        TTL @old                     -> :-1
        SET @ again                  -> +OK
        TTL @                        -> :-1
        PEXPIREAT @old 4102444800123 -> :1
        RENAME @old @old             -> +OK
        PEXPIRETIME @old             -> :4102444800123
        "#,
    )
}

fn deadlines(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @list a                 -> :1
        SADD @set a                   -> :1
        PEXPIREAT @list 4102444800123 -> :1
        PEXPIREAT @set 4102444800123  -> :1
        RPUSH @list b c               -> :3
        LPOP @list                    -> "a"
        LSET @list 0 x                -> +OK
        LTRIM @list 0 0               -> +OK
        SADD @set b c                 -> :2
        SREM @set a                   -> :1
        PEXPIRETIME @list             -> :4102444800123
        PEXPIRETIME @set              -> :4102444800123
        PERSIST @list                 -> :1
        TTL @list                     -> :-1
        EXPIRE @set -1                -> :1
        EXISTS @set                   -> :0
        SMEMBERS @set                 -> []
        "#,
    )
}

fn set_replaces(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        RPUSH @ a b  -> :2
        EXPIRE @ 100 -> :1
        SET @ v NX   -> nil
        TYPE @       -> +list
        SET @ v GET  -> WRONGTYPE
        LLEN @       -> :2
        SET @ v XX   -> +OK
        GET @        -> "v"
        TTL @        -> :-1
        SADD @set a  -> :1
        SET @set v   -> +OK
        TYPE @set    -> +string
        "#,
    )
}

/// Every command that reads or changes a value of one type, without the key.
const ON_STRINGS: [&[&str]; 12] = [
    &["GET"],
    &["GETEX"],
    &["GETSET", "v"],
    &["SET", "v", "GET"],
    &["INCR"],
    &["DECR"],
    &["INCRBY", "1"],
    &["DECRBY", "1"],
    &["APPEND", "v"],
    &["STRLEN"],
    &["GETEX", "PERSIST"],
    &["APPEND", ""],
];
const ON_LISTS: [&[&str]; 14] = [
    &["LPUSH", "a"],
    &["RPUSH", "a", "b"],
    &["LPOP"],
    &["RPOP"],
    &["LPOP", "1"],
    &["RPOP", "0"],
    &["LLEN"],
    &["LRANGE", "0", "-1"],
    &["LRANGE", "1", "0"],
    &["LINDEX", "0"],
    &["LSET", "0", "a"],
    &["LSET", "x", "a"],
    &["LTRIM", "0", "-1"],
    &["LREM", "0", "a"],
];
const ON_SETS: [&[&str]; 6] = [
    &["SADD", "a"],
    &["SADD", "b", "c"],
    &["SREM", "a"],
    &["SMEMBERS"],
    &["SISMEMBER", "a"],
    &["SCARD"],
];

fn strings_beside_others(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @1 a              -> +OK
        RPUSH @list x         -> :1
        SADD @set x           -> :1
        MGET @list @1 @set    -> [nil a nil]
        SETNX @list text      -> :0
        GETSET @list text     -> WRONGTYPE
        LLEN @list            -> :1
        TYPE @list            -> +list
        MSET @list text @set text -> +OK
        TYPE @list            -> +string
        "#,
    )
}

fn wrong_type(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let [string, list, set] = [1, 2, 3].map(|_| target.key());
    client.ask(&["SET", &string, "1"], "+OK\r\n")?;
    client.ask(&["RPUSH", &list, "a"], ":1\r\n")?;
    client.ask(&["SADD", &set, "a"], ":1\r\n")?;
    let cases = [
        (ON_STRINGS.as_slice(), [&list, &set]),
        (ON_LISTS.as_slice(), [&string, &set]),
        (ON_SETS.as_slice(), [&string, &list]),
    ];
    for (commands, keys) in cases {
        for (command, key) in commands
            .iter()
            .flat_map(|command| keys.map(|key| (command, key)))
        {
            let mut words = command.to_vec();
            words.insert(1, key);
            client.ask(&words, WRONG_TYPE)?;
        }
    }
    // And nothing has changed.
    client.ask(&["GET", &string], bulk("1"))?;
    client.ask(&["LRANGE", &list, "0", "-1"], array(&["a"]))?;
    client.ask(&["SMEMBERS", &set], array(&["a"]))?;
    client.settle()
}

/// Patterns, and which of [`NAMES`] they match. All stand behind the check's own key.
const PATTERNS: [(&str, &str); 21] = [
    (":*", "hello hallo hxllo hllo heello h*llo a b-c h[llo"),
    (":h?llo", "hello hallo hxllo h*llo h[llo"),
    (":h*llo", "hello hallo hxllo hllo heello h*llo h[llo"),
    (":h[ae]llo", "hello hallo"),
    (":h[^e]llo", "hallo hxllo h*llo h[llo"),
    (":h[a-e]llo", "hello hallo"),
    (":h[e-a]llo", "hello hallo"),
    (":h[a-]llo", ""),
    (":h\\*llo", "h*llo"),
    (":h[\\*]llo", "h*llo"),
    (":h\\[llo", "h[llo"),
    (":*e*", "hello heello"),
    (":*l*o", "hello hallo hxllo hllo heello h*llo h[llo"),
    (":**llo", "hello hallo hxllo hllo heello h*llo h[llo"),
    (":hello", "hello"),
    (":HELLO", ""),
    (":hell", ""),
    (":?", "a"),
    (":?-?", "b-c"),
    (":hello?", ""),
    (":h[ae", ""),
];
const NAMES: [&str; 9] = [
    "hello", "hallo", "hxllo", "hllo", "heello", "h*llo", "a", "b-c", "h[llo",
];

fn keys(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let prefix = target.key();
    let full = |name: &str| format!("{prefix}:{name}");
    client.ask(&["KEYS", &full("*")], "*0\r\n")?;
    for name in NAMES {
        client.ask(&["SET", &full(name), "v"], "+OK\r\n")?;
    }
    for (pattern, names) in PATTERNS {
        let pattern = format!("{prefix}{pattern}");
        let expected = names.split_whitespace().map(full).collect();
        ask_for_any_order(&mut client, &["KEYS", &pattern], expected)?;
    }
    client.settle()
}

fn keys_without_expired(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let prefix = target.key();
    let full = |name: &str| format!("{prefix}:{name}");
    client.ask(&["RPUSH", &full("list"), "a"], ":1\r\n")?;
    client.ask(&["SADD", &full("set"), "a"], ":1\r\n")?;
    client.ask(&["SET", &full("late"), "v", "EX", "100"], "+OK\r\n")?;
    client.ask(&["SET", &full("soon"), "v", "PX", "20"], "+OK\r\n")?;
    thread::sleep(Duration::from_millis(40));
    let left = ["list", "set", "late"].map(full);
    ask_for_any_order(&mut client, &["KEYS", &full("*")], left.to_vec())?;
    client.settle()
}

fn dbsize(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    in_empty_database(&mut client, 15, |client| {
        play_on(
            client,
            &target.key(),
            r#"
            DBSIZE          -> :0
            SET @ v         -> +OK
            RPUSH @list a b -> :2
            SADD @set a b   -> :2
            DBSIZE          -> :3
            RENAME @ @other -> +OK
            DBSIZE          -> :3
            RENAME @list @set -> +OK
            DBSIZE          -> :2
            LPOP @set 2     -> [a b]
            DBSIZE          -> :1
            UNLINK @other   -> :1
            DBSIZE          -> :0
            "#,
        )
    })?;
    client.settle()
}

fn randomkey(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    in_empty_database(&mut client, 14, |client| draw(target, client))?;
    client.settle()
}

fn draw(target: &Target, client: &mut Client) -> Result<(), Failure> {
    client.ask(&["RANDOMKEY"], "$-1\r\n")?;
    let key = target.key();
    client.ask(&["SET", &key, "v"], "+OK\r\n")?;
    client.ask(&["RANDOMKEY"], bulk(&key))?;
    client.ask(&["RANDOMKEY"], bulk(&key))?;
    let mut unseen = BTreeSet::from([key.into_bytes()]);
    for number in 0..3 {
        let key = target.key();
        client.ask(&["SADD", &key, &number.to_string()], ":1\r\n")?;
        unseen.insert(key.into_bytes());
    }
    let all = unseen.clone();
    // Missing one of four this often by chance would be a miracle.
    for _ in 0..DRAWS {
        client.send(request(&["RANDOMKEY"]))?;
        let (reply, bytes) = client.raw_reply()?;
        let drawn = reply.bulk().unwrap_or_default();
        if !all.contains(drawn) {
            return Err(client.unexpected("one of the four keys there are", &bytes));
        }
        unseen.remove(drawn);
    }
    if !unseen.is_empty() {
        let came = format!("{} of four keys never", unseen.len());
        return Err(
            Failure::new("each key now and then", came).after(format!("RANDOMKEY, {DRAWS} times"))
        );
    }
    Ok(())
}

fn select(target: &Target) -> Result<(), Failure> {
    let (mut client, mut other) = (target.connect()?, target.connect()?);
    let key = target.key();
    play_on(
        &mut client,
        &key,
        r#"
        SET @ zero   -> +OK
        SELECT 1     -> +OK
        GET @        -> nil
        RPUSH @ one  -> :1
        SELECT 15    -> +OK
        EXISTS @     -> :0
        SELECT 0     -> +OK
        GET @        -> "zero"
        SELECT 1     -> +OK
        "#,
    )?;
    // The other has chosen nothing.
    other.ask(&["GET", &key], bulk("zero"))?;
    client.ask(&["LPOP", &key], bulk("one"))?;
    other.ask(&["DEL", &key], ":1\r\n")?;
    target.connect()?.ask(&["EXISTS", &key], ":0\r\n")?;
    client.settle()
}

fn select_errors(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SELECT 16                   -> -ERR DB index is out of range
        SELECT -1                   -> -ERR DB index is out of range
        SELECT x                    -> -ERR value is not an integer or out of range
        SELECT ''                   -> -ERR value is not an integer or out of range
        SELECT 1.5                  -> -ERR value is not an integer or out of range
        SELECT 99999999999999999999 -> -ERR value is not an integer or out of range
        SET @ v                     -> +OK
        SELECT 1                    -> +OK
        SELECT 16                   -> -ERR DB index is out of range
        EXISTS @                    -> :0
        SELECT 0                    -> +OK
        EXISTS @                    -> :1
        "#,
    )
}

fn flushdb(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    client.ask(&["SET", &key, "kept"], "+OK\r\n")?;
    in_empty_database(&mut client, 13, |client| flush(target, client))?;
    client.ask(&["SELECT", "0"], "+OK\r\n")?;
    client.ask(&["GET", &key], bulk("kept"))?;
    client.settle()
}

fn flush(target: &Target, client: &mut Client) -> Result<(), Failure> {
    let key = target.key();
    for words in [
        ["FLUSHDB"].as_slice(),
        &["flushdb", "async"],
        &["FLUSHDB", "SYNC"],
    ] {
        client.ask(&["SET", &key, "v"], "+OK\r\n")?;
        client.ask(&["RPUSH", &target.key(), "v"], ":1\r\n")?;
        client.ask(words, "+OK\r\n")?;
        client.ask(&["DBSIZE"], ":0\r\n")?;
        client.ask(&["GET", &key], "$-1\r\n")?;
    }
    client.ask(&["SET", &key, "v", "EX", "100"], "+OK\r\n")?;
    for words in [
        ["FLUSHDB", "nope"].as_slice(),
        &["FLUSHDB", "SYNC", "ASYNC"],
        &["FLUSHDB", ""],
    ] {
        client.ask(words, "-ERR syntax error\r\n")?;
    }
    client.ask(&["DBSIZE"], ":1\r\n")?;
    client.ask(&["FLUSHDB"], "+OK\r\n")?;
    // A key of the same name has no deadline from before.
    client.ask(&["SET", &key, "v"], "+OK\r\n")?;
    client.ask(&["TTL", &key], ":-1\r\n")
}

/// Empties the server only where nobody loses anything: where all keys were made by checks.
fn flushall(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for words in [
        ["FLUSHALL", "nope"].as_slice(),
        &["FLUSHALL", "ASYNC", "SYNC"],
    ] {
        client.ask(words, "-ERR syntax error\r\n")?;
    }
    let key = target.key();
    for words in [
        ["FLUSHALL"].as_slice(),
        &["flushall", "async"],
        &["FLUSHALL", "SYNC"],
    ] {
        for number in ["0", "1", "15"] {
            client.ask(&["SELECT", number], "+OK\r\n")?;
            client.ask(&["SADD", &key, "member"], ":1\r\n")?;
        }
        if holds_other_data(&mut client)? {
            break;
        }
        client.ask(words, "+OK\r\n")?;
        for number in ["0", "1", "15"] {
            client.ask(&["SELECT", number], "+OK\r\n")?;
            client.ask(&["DBSIZE"], ":0\r\n")?;
            client.ask(&["EXISTS", &key], ":0\r\n")?;
        }
    }
    client.settle()
}
