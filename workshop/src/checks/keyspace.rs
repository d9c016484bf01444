//! Stage 03: messages become state.

use super::Check;
use crate::client::{Client, bulk, request};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::play;
use crate::target::Target;

/// How large a value grows in small pieces, and the size of a piece.
const LARGE: usize = 8 * 1024 * 1024;
const PIECE: usize = 1024;

/// The commands that every server from this stage on has.
const COMMANDS: [&str; 7] = ["command", "del", "echo", "exists", "get", "ping", "set"];

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "03.1",
        title: "What SET stores, GET gives",
        first: 3,
        last: None,
        redis: true,
        hint: "SET answers the simple string OK; GET answers the value as a bulk string. Copy key and value out of the read buffer, which is about to be used again.",
        body: set_and_get,
    },
    Check {
        id: "03.2",
        title: "A second SET replaces the value",
        first: 3,
        last: None,
        redis: true,
        hint: "Whatever the key held before is gone, be it longer or shorter.",
        body: overwrite,
    },
    Check {
        id: "03.3",
        title: "A missing key is null, which is not the same as empty",
        first: 3,
        last: None,
        redis: true,
        hint: "Null is $-1. An empty value is $0 with an empty line behind it.",
        body: missing_and_empty,
    },
    Check {
        id: "03.4",
        title: "Keys and values are any bytes",
        first: 3,
        last: None,
        redis: true,
        hint: "Use byte strings for keys and values, not text: line ends, NUL and bytes that are no UTF-8 must come back as they were.",
        body: binary,
    },
    Check {
        id: "03.5",
        title: "Keys differ by case, commands do not",
        first: 3,
        last: None,
        redis: true,
        hint: "Only the name of the command is compared without regard to case.",
        body: case,
    },
    Check {
        id: "03.6",
        title: "DEL counts the keys it has removed",
        first: 3,
        last: None,
        redis: true,
        hint: "A key that is named twice is removed once. The answer is an integer.",
        body: del,
    },
    Check {
        id: "03.7",
        title: "EXISTS counts every mention of a key that exists",
        first: 3,
        last: None,
        redis: true,
        hint: "A key that is named twice counts twice.",
        body: exists,
    },
    Check {
        id: "03.8",
        title: "A wrong number of arguments changes nothing, and the connection goes on",
        first: 3,
        last: None,
        redis: true,
        hint: "Check the arity before the command runs. More than two arguments of SET would be options; none that is known is a syntax error.",
        body: arity,
    },
    Check {
        id: "03.9",
        title: "The state outlives the connection that made it",
        first: 3,
        last: None,
        redis: true,
        hint: "The keyspace belongs to the server. It must be made before the first client, not for each.",
        body: reconnect,
    },
    Check {
        id: "03.10",
        title: "A value of 8 MiB that arrives in pieces of 1 KiB is stored whole",
        first: 3,
        last: None,
        redis: true,
        hint: "If this is slow, you begin anew at every piece: remember how far you have parsed, and how many bytes are missing.",
        body: large_value,
    },
    Check {
        id: "03.11",
        title: "Writes and reads in one pipeline see each other in order",
        first: 3,
        last: None,
        redis: true,
        hint: "Execute one request after the other, each one on the state that the one before has left.",
        body: pipeline,
    },
    Check {
        id: "03.12",
        title: "COMMAND describes the commands",
        first: 3,
        last: None,
        redis: true,
        hint: "An array with an array for each command: name, arity, an array of flags, first key, last key, step. GET is get, 2, its flags, 1, 1, 1.",
        body: command,
    },
    Check {
        id: "03.13",
        title: "COMMAND COUNT counts as many commands as COMMAND describes",
        first: 3,
        last: None,
        redis: true,
        hint: "The answer is an integer. Take both from the same table.",
        body: command_count,
    },
    Check {
        id: "03.14",
        title: "COMMAND DOCS tells what redis-cli asks for when it starts",
        first: 3,
        last: None,
        redis: true,
        hint: "An array that alternates between a name and an array; that one alternates between a field, such as summary, and its text.",
        body: command_docs,
    },
];

fn set_and_get(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ hello      -> +OK
        GET @            -> "hello"
        SET @other world -> +OK
        GET @other       -> "world"
        GET @            -> "hello"
        GET @            -> "hello"
        "#,
    )
}

fn overwrite(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ first               -> +OK
        SET @ a-much-longer-value -> +OK
        GET @                     -> "a-much-longer-value"
        SET @ x                   -> +OK
        GET @                     -> "x"
        "#,
    )
}

fn missing_and_empty(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        GET @       -> nil
        SET @ ''    -> +OK
        GET @       -> ""
        EXISTS @    -> :1
        GET @other  -> nil
        "#,
    )
}

fn binary(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let all: Vec<u8> = (0..=255).collect();
    let texts: [&[u8]; 5] = [b"\r\n", b"a\0b", b"a\0c", b"\xff\xfe", &all];
    for text in texts {
        let key = [target.key().as_bytes(), text].concat();
        client.ask(&[b"SET", key.as_slice(), text], "+OK\r\n")?;
        client.ask(&[b"GET", key.as_slice()], bulk(text))?;
    }
    // Two keys that differ behind a NUL byte only.
    let key = target.key();
    let (one, other) = (format!("{key}\0one"), format!("{key}\0other"));
    client.ask(&["SET", &one, "1"], "+OK\r\n")?;
    client.ask(&["GET", &other], "$-1\r\n")?;
    client.settle()
}

fn case(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        set @key small  -> +OK
        Set @KEY LARGE  -> +OK
        get @key        -> "small"
        gEt @KEY        -> "LARGE"
        eXiStS @Key     -> :0
        dEl @key        -> :1
        "#,
    )
}

fn del(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @1 a         -> +OK
        SET @2 b         -> +OK
        SET @3 c         -> +OK
        DEL @1           -> :1
        GET @1           -> nil
        DEL @1           -> :0
        DEL @2 @none @2  -> :1
        GET @2           -> nil
        GET @3           -> "c"
        SET @2 again     -> +OK
        DEL @1 @2 @3     -> :2
        EXISTS @1 @2 @3  -> :0
        "#,
    )
}

fn exists(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        EXISTS @              -> :0
        SET @ v               -> +OK
        EXISTS @              -> :1
        EXISTS @ @ @none @    -> :3
        SET @2 v              -> +OK
        EXISTS @ @2           -> :2
        "#,
    )
}

fn arity(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v               -> +OK
        GET                   -> -ERR wrong number of arguments for 'get' command
        GET @ @               -> -ERR wrong number of arguments for 'get' command
        SET                   -> -ERR wrong number of arguments for 'set' command
        SET @                 -> -ERR wrong number of arguments for 'set' command
        SET @ other surprise  -> -ERR syntax error
        DEL                   -> -ERR wrong number of arguments for 'del' command
        EXISTS                -> -ERR wrong number of arguments for 'exists' command
        GET @                 -> "v"
        "#,
    )
}

fn reconnect(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut first = target.connect()?;
    first.ask(&["SET", &key, "kept"], "+OK\r\n")?;
    drop(first);
    let mut second = target.connect()?;
    second.ask(&["GET", &key], bulk("kept"))?;
    second.ask(&["DEL", &key], ":1\r\n")?;
    drop(second);
    target.connect()?.ask(&["GET", &key], "$-1\r\n")
}

fn large_value(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let value: Vec<u8> = (0..LARGE).map(|place| (place % 251) as u8).collect();
    for piece in request(&[b"SET", key.as_bytes(), &value]).chunks(PIECE) {
        client.send(piece)?;
    }
    client.expect("+OK\r\n")?;
    client.ask(&["GET", &key], bulk(&value))?;
    client.ask(&["DEL", &key], ":1\r\n")
}

fn pipeline(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let value = number.to_string();
        requests.extend(request(&["SET", &key, &value]));
        requests.extend(request(&["GET", &key]));
        requests.extend(request(&["DEL", &key]));
        requests.extend(request(&["GET", &key]));
        replies.extend([b"+OK\r\n".to_vec(), bulk(&value), b":1\r\n$-1\r\n".to_vec()].concat());
    }
    client.send(requests)?;
    client.expect(replies)?;
    client.settle()
}

/// Sends a request, and expects an array.
fn array(client: &mut Client, args: &[&str]) -> Result<Vec<Reply>, Failure> {
    client.send(request(args))?;
    let (reply, bytes) = client.raw_reply()?;
    match reply {
        Reply::Array(elements) => Ok(elements),
        _ => Err(client.unexpected("an array", &bytes)),
    }
}

fn is_named(reply: &Reply, name: &str) -> bool {
    reply
        .text()
        .is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
}

fn command(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let rows = array(&mut client, &["COMMAND"])?;
    for name in COMMANDS {
        let found = rows
            .iter()
            .filter_map(Reply::array)
            .find(|row| row.first().is_some_and(|row_name| is_named(row_name, name)));
        if found.is_none() {
            let came = format!("{} rows without it", rows.len());
            return Err(Failure::new(format!("a row for {name}"), came).after("COMMAND"));
        }
    }
    describes_get(&rows)?;
    client.settle()
}

fn describes_get(rows: &[Reply]) -> Result<(), Failure> {
    let get = rows
        .iter()
        .filter_map(Reply::array)
        .find(|row| row.first().is_some_and(|name| is_named(name, "get")));
    let fits = match get {
        Some([_, arity, flags, first, last, step, ..]) => {
            let numbers = [arity, first, last, step].map(Reply::integer);
            numbers == [Some(2), Some(1), Some(1), Some(1)] && flags.array().is_some()
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(Failure::new(
        "the row of get: its name, 2, an array of flags, 1, 1, 1",
        format!("{get:?}"),
    )
    .after("COMMAND"))
}

fn command_count(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let rows = array(&mut client, &["COMMAND"])?.len();
    client.ask(&["COMMAND", "COUNT"], format!(":{rows}\r\n"))?;
    if rows < COMMANDS.len() {
        return Err(Failure::new(
            format!("{} commands or more", COMMANDS.len()),
            rows.to_string(),
        ));
    }
    client.settle()
}

fn command_docs(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for args in [["COMMAND", "DOCS"].as_slice(), &["COMMAND", "DOCS", "get"]] {
        let docs = array(&mut client, args)?;
        if !documents_get(&docs) {
            return Err(Failure::new(
                "an array that holds get, and behind it an array that holds summary and a text",
                format!("{docs:?}").chars().take(300).collect::<String>(),
            )
            .after(args.join(" ")));
        }
    }
    client.settle()
}

fn documents_get(docs: &[Reply]) -> bool {
    docs.chunks(2).any(|pair| match pair {
        [name, Reply::Array(fields)] if is_named(name, "get") => {
            fields.chunks(2).any(|field| match field {
                [field, text] => is_named(field, "summary") && text.text().is_some(),
                _ => false,
            })
        }
        _ => false,
    })
}
