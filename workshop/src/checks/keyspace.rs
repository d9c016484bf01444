//! Stage 03: messages become state.

use super::{Body, Check, PROTOCOL};
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

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("03-get-set/GUIDE.md#the-code-in-the-order-you-would-write-it")
        .needs(&["03.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("03.1", "What SET stores, GET gives", set_and_get)
        .hint("SET answers the simple string OK; GET answers the value as a bulk string. Copy key and value out of the read buffer, which is about to be used again.")
        .needs(&["02.10"]),
    check("03.2", "A second SET replaces the value", overwrite)
        .hint("Whatever the key held before is gone, be it longer or shorter."),
    check("03.3", "A missing key is null, which is not the same as empty", missing_and_empty)
        .hint("Null is $-1. An empty value is $0 with an empty line behind it."),
    check("03.4", "The state outlives the connection that made it", reconnect)
        .hint("The keyspace belongs to the server. It must be made before the first client, not for each.")
        .needs(&["02.3", "03.1"]),
    check("03.5", "Keys differ by case, commands do not", case)
        .hint("Only the name of the command is compared without regard to case."),
    check("03.6", "Keys and values are any bytes", binary)
        .hint("Use byte strings for keys and values, not text: line ends, NUL and bytes that are no UTF-8 must come back as they were.")
        .needs(&["02.11", "03.3"]),
    check("03.7", "DEL counts the keys it has removed", del)
        .hint("A key that is named twice is removed once. The answer is an integer.")
        .needs(&["03.3"]),
    check("03.8", "EXISTS counts every mention of a key that exists", exists)
        .hint("A key that is named twice counts twice.")
        .needs(&["03.7"]),
    check("03.9", "A wrong number of arguments changes nothing, and the connection goes on", arity)
        .hint("Check the arity before the command runs. More than two arguments of SET would be options; none that is known is a syntax error.")
        .needs(&["02.15", "03.1"]),
    check("03.10", "Writes and reads in one pipeline see each other in order", pipeline)
        .hint("Execute one request after the other, each one on the state that the one before has left.")
        .needs(&["02.13", "03.7"]),
    check("03.11", "A value of 8 MiB that arrives in pieces of 1 KiB is stored whole", large_value)
        .hint("If this is slow, you begin anew at every piece: remember how far you have parsed, and how many bytes are missing.")
        .needs(&["02.12", "03.7"]),
    check("03.12", "COMMAND describes the commands", command)
        .hint("An array with an array for each command: name, arity, an array of flags, first key, last key, step. GET is get, 2, its flags, 1, 1, 1."),
    check("03.13", "The error repeats no more than 128 bytes of name and of arguments", unknown_command_cut)
        .hint("The name is cut at 128 bytes. Arguments are added while their sum, quotes and spaces included, is below 128; each is cut to what is left.")
        .needs(&["02.14"])
        .page(PROTOCOL),
    check("03.14", "Quotes in inline commands hold spaces and escapes", quotes)
        .hint("Double quotes know \\n \\r \\t \\a \\b \\xHH and a backslash before anything else; single quotes know \\' alone.")
        .needs(&["02.19"])
        .page(PROTOCOL),
    check("03.15", "Quotes that are not closed are a protocol error", unbalanced_quotes)
        .hint("A quote must be closed on its line, and what follows the closing quote must be white space.")
        .needs(&["02.20", "03.14"])
        .page(PROTOCOL),
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
        GET @Key        -> nil
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
        GET @3           -> nil
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
    second.ask(&["GET", &key], bulk("kept"))
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

fn unknown_command_cut(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let long = "x".repeat(300);
    let cut = "x".repeat(128);
    client.ask(
        &[&long],
        format!("-ERR unknown command '{cut}', with args beginning with: \r\n"),
    )?;
    client.ask(
        &["NOPE", &long, "never seen"],
        format!("-ERR unknown command 'NOPE', with args beginning with: '{cut}' \r\n"),
    )?;
    // 100 and its quotes and space make 103, which leaves 25.
    let (hundred, rest) = ("y".repeat(100), "x".repeat(25));
    client.ask(
        &["NOPE", &hundred, &long, "never seen"],
        format!("-ERR unknown command 'NOPE', with args beginning with: '{hundred}' '{rest}' \r\n"),
    )?;
    client.settle()
}

fn quotes(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for (line, word) in [
        (r#"ECHO "hello, world""#, "hello, world"),
        (r#"ECHO "a\r\n\t\a\b\x41\"\\\q""#, "a\r\n\t\x07\x08A\"\\q"),
        (r#"ECHO 'it\'s "so" \n'"#, r#"it's "so" \n"#),
        (r#"ECHO """#, ""),
        (r#""ECHO" ''"#, ""),
    ] {
        client.send(format!("{line}\r\n"))?;
        client.expect(bulk(word))?;
    }
    client.settle()
}

fn unbalanced_quotes(target: &Target) -> Result<(), Failure> {
    for line in ["ECHO \"a", "ECHO 'a", "ECHO \"a\"b", "ECHO 'a\""] {
        let mut client = target.connect()?;
        client.send(format!("{line}\r\n"))?;
        client.expect("-ERR Protocol error: unbalanced quotes in request\r\n")?;
        client.expect_end()?;
    }
    target.connect()?.settle()
}
