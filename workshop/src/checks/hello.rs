//! Stage 06, chapter 0: how a connection begins and ends. HELLO, RESP3 and QUIT.

use super::{Body, Check};
use crate::client::{Client, bulk, request, requests};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::array;
use crate::target::Target;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["06.0.80"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.80", "HELLO tells who the server is", hello_2)
        .hint("Without a version the protocol stays. In RESP2 the answer is an array of names and values.")
        .needs(&["06.0.78"]),
    check("06.0.81", "HELLO 3 switches this connection to RESP3, and HELLO 2 back", hello_3)
        .hint("Keep the version with the connection, and let the writer of replies decide how a null looks. The answer to HELLO 3 is in RESP3 already."),
    check("06.0.82", "HELLO refuses other versions and options, and changes nothing then", hello_errors)
        .hint("Read all of it before you switch. AUTH takes two arguments, SETNAME one."),
    check("06.0.83", "In RESP3, sets, maps, nulls and long texts have types of their own", resp3_types)
        .hint("SMEMBERS answers a set, CONFIG GET a map, INFO a text with = and txt: in front, and every null is the same.")
        .needs(&["06.0.75", "06.0.81"]),
    check("06.0.84", "QUIT is answered, and then the connection is closed", quit)
        .hint("What stands before it is answered, what stands behind it is not executed.")
        .needs(&["03.1"]),
];

/// What HELLO tells, as names and values.
fn greeting(reply: &Reply) -> Vec<(&[u8], &Reply)> {
    match reply {
        Reply::Array(elements) => elements
            .chunks(2)
            .filter_map(|pair| Some((pair.first()?.bulk()?, pair.get(1)?)))
            .collect(),
        Reply::Map(pairs) => pairs
            .iter()
            .filter_map(|(name, value)| Some((name.bulk()?, value)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Sends a HELLO and looks at what it tells. `map`: whether that must come as a map of RESP3.
fn hello(client: &mut Client, words: &[&str], version: i64, map: bool) -> Result<(), Failure> {
    client.send(request(words))?;
    let (reply, bytes) = client.raw_reply()?;
    let told = greeting(&reply);
    let names = [
        "server", "version", "proto", "id", "mode", "role", "modules",
    ];
    let all = names
        .iter()
        .all(|name| told.iter().any(|(told, _)| *told == name.as_bytes()));
    let of = |name: &str| {
        told.iter()
            .find(|(told, _)| *told == name.as_bytes())
            .map(|(_, value)| *value)
    };
    let fits = all
        && matches!(reply, Reply::Map(_)) == map
        && of("proto").and_then(Reply::integer) == Some(version)
        && of("id").and_then(Reply::integer).is_some()
        && of("server").and_then(Reply::bulk) == Some(b"redis");
    if fits {
        return Ok(());
    }
    let kind = if map { "a map" } else { "an array of pairs" };
    Err(client.unexpected(
        format!("{kind} with {}; proto is {version}", names.join(", ")),
        &bytes,
    ))
}

fn hello_2(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    hello(&mut client, &["HELLO"], 2, false)?;
    hello(&mut client, &["HELLO", "2"], 2, false)?;
    hello(
        &mut client,
        &["hello", "2", "setname", "by-hello"],
        2,
        false,
    )?;
    client.ask(&["CLIENT", "GETNAME"], bulk("by-hello"))?;
    client.ask(&["GET", &target.key()], "$-1\r\n")?;
    client.settle()
}

fn hello_3(target: &Target) -> Result<(), Failure> {
    let (mut client, mut other) = (target.connect()?, target.connect()?);
    hello(&mut client, &["HELLO", "3"], 3, true)?;
    hello(&mut client, &["HELLO"], 3, true)?;
    client.ask(&["GET", &target.key()], "_\r\n")?;
    other.ask(&["GET", &target.key()], "$-1\r\n")?;
    hello(&mut client, &["HELLO", "2"], 2, false)?;
    client.ask(&["GET", &target.key()], "$-1\r\n")?;
    client.settle()
}

fn hello_errors(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for version in ["1", "4", "0", "-3", "99"] {
        client.ask(
            &["HELLO", version],
            "-NOPROTO unsupported protocol version\r\n",
        )?;
    }
    for version in ["x", "3.0", "", "99999999999999999999"] {
        let expected = "-ERR Protocol version is not an integer or out of range\r\n";
        client.ask(&["HELLO", version], expected)?;
    }
    for (option, more) in [
        ("nope", None),
        ("SETNAME", None),
        ("AUTH", Some("user")),
        ("setname", None),
    ] {
        let words: Vec<&str> = ["HELLO", "3", option].into_iter().chain(more).collect();
        client.ask(
            &words,
            format!("-ERR Syntax error in HELLO option '{option}'\r\n"),
        )?;
    }
    // None of them has changed the protocol.
    client.ask(&["GET", &target.key()], "$-1\r\n")?;
    client.settle()
}

fn resp3_types(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let (key, list, none) = (target.key(), target.key(), target.key());
    hello(&mut client, &["HELLO", "3"], 3, true)?;
    client.ask(&["SADD", &key, "a"], ":1\r\n")?;
    client.ask(&["SMEMBERS", &key], "~1\r\n$1\r\na\r\n")?;
    client.ask(&["SMEMBERS", &none], "~0\r\n")?;
    client.ask(&["SISMEMBER", &key, "a"], ":1\r\n")?;
    client.ask(&["RPUSH", &list, "a"], ":1\r\n")?;
    client.ask(&["LRANGE", &list, "0", "-1"], array(&["a"]))?;
    client.ask(&["LRANGE", &none, "0", "-1"], "*0\r\n")?;
    client.ask(&["LPOP", &none], "_\r\n")?;
    client.ask(&["LPOP", &none, "1"], "_\r\n")?;
    client.ask(&["LINDEX", &list, "7"], "_\r\n")?;
    client.ask(&["MGET", &none, &key], "*2\r\n_\r\n_\r\n")?;
    client.ask(&["SET", &key, "v", "NX"], "_\r\n")?;
    client.ask(&["CLIENT", "GETNAME"], "_\r\n")?;
    client.ask(&["INFO", "nope"], "=4\r\ntxt:\r\n")?;
    client.ask(&["CONFIG", "GET", "nope"], "%0\r\n")?;
    client.ask(
        &["CONFIG", "GET", "databases"],
        "%1\r\n$9\r\ndatabases\r\n$2\r\n16\r\n",
    )?;
    client.settle()
}

fn quit(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    client.send(requests(&[
        &["SET", &key, "before"],
        &["QUIT"],
        &["SET", &key, "behind"],
    ]))?;
    client.expect("+OK\r\n+OK\r\n")?;
    client.expect_end()?;
    target.connect()?.ask(&["GET", &key], bulk("before"))
}
