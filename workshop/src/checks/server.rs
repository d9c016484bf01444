//! Stage 06, chapter 0: what clients and people ask the server itself.

use super::database::in_empty_database;
use super::{Body, Check};
use crate::client::{Client, bulk, request};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::script::{array, play};
use crate::target::Target;
use std::collections::BTreeSet;
use std::iter;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many seconds the clocks of client and server may differ.
const CLOCKS_APART: i64 = 3600;

/// How long a server may take to notice that a client has left.
const NOTICE: Duration = Duration::from_millis(50);

/// How long to wait before asking again.
const POLL: Duration = Duration::from_millis(10);

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/GUIDE.md")
        .needs(&["03.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.0.69", "COMMAND COUNT counts what COMMAND describes, and COMMAND DOCS tells what it does", command_docs)
        .hint("redis-cli asks for the DOCS when it starts: an array that alternates between a name and an array; that one alternates between a field, such as summary, and its text.")
        .needs(&["03.12"]),
    check("06.0.72", "INFO is a text of sections and fields", info_shape)
        .hint("One bulk string. Lines end with CR LF; a section begins with # and its name, a field is name:value."),
    check("06.0.73", "INFO tells the sections it is asked for", info_sections)
        .hint("In any case of letters, in its own order, each once; sections that it does not have are left out."),
    check("06.0.74", "INFO keyspace counts keys and deadlines of each database that has keys", info_keyspace)
        .hint("A line such as db0:keys=3,expires=1,avg_ttl=0. Empty databases have none."),
    check("06.0.75", "CONFIG GET answers the parameters that match, with their values", config_get)
        .hint("An array of names and values, for each of the patterns given; in it no parameter stands twice. A name without wildcards is told as it was asked for. redis-benchmark asks for save and appendonly."),
    check("06.0.76", "Unknown subcommands are refused by name", unknown_subcommands)
        .hint("The error repeats the subcommand as it was sent, and the command in upper case."),
    check("06.0.77", "CLIENT ID differs for each connection, and rises", client_id)
        .hint("A counter of the server, of which each new connection takes the next number."),
    check("06.0.78", "CLIENT SETNAME gives the connection a name that CLIENT GETNAME tells", client_name)
        .hint("Printable characters from ! to ~ only. An empty name takes it away."),
    check("06.0.79", "SAVE and BGSAVE save, and LASTSAVE tells when", save)
        .hint("SAVE answers when all is written, BGSAVE at once. One at a time."),
];

/// On the commands of the whole chapter, and so behind all others.
pub(super) static TABLE: &[Check] = &[
    check("06.0.130", "COMMAND tells of every command its arity, its keys and whether it writes", command_rows)
        .hint("Clients use this to find the keys. -1 as the last key means the last argument, and -2 the one before."),
    check("06.0.131", "A wrong number of arguments is an error for each command of this chapter", arities)
        .hint("The arity of the table says it: 2 means exactly two words with the name, -2 two or more. Subcommands are named with a bar."),
];

/// The commands of this chapter: name, arity, first key, last key, step; and whether they write.
/// What COMMAND must tell of them.
const COMMANDS: [(&str, i64, [i64; 3], Option<bool>); 49] = [
    ("exists", -2, [1, -1, 1], Some(false)),
    ("del", -2, [1, -1, 1], Some(true)),
    ("unlink", -2, [1, -1, 1], Some(true)),
    ("type", 2, [1, 1, 1], Some(false)),
    ("keys", 2, [0, 0, 0], Some(false)),
    ("randomkey", 1, [0, 0, 0], Some(false)),
    ("rename", 3, [1, 2, 1], Some(true)),
    ("dbsize", 1, [0, 0, 0], Some(false)),
    ("select", 2, [0, 0, 0], None),
    ("flushdb", -1, [0, 0, 0], Some(true)),
    ("flushall", -1, [0, 0, 0], Some(true)),
    ("incr", 2, [1, 1, 1], Some(true)),
    ("decr", 2, [1, 1, 1], Some(true)),
    ("incrby", 3, [1, 1, 1], Some(true)),
    ("decrby", 3, [1, 1, 1], Some(true)),
    ("append", 3, [1, 1, 1], Some(true)),
    ("strlen", 2, [1, 1, 1], Some(false)),
    ("mget", -2, [1, -1, 1], Some(false)),
    ("mset", -3, [1, -1, 2], Some(true)),
    ("setnx", 3, [1, 1, 1], Some(true)),
    ("getset", 3, [1, 1, 1], Some(true)),
    ("lpush", -3, [1, 1, 1], Some(true)),
    ("rpush", -3, [1, 1, 1], Some(true)),
    ("lpop", -2, [1, 1, 1], Some(true)),
    ("rpop", -2, [1, 1, 1], Some(true)),
    ("llen", 2, [1, 1, 1], Some(false)),
    ("lrange", 4, [1, 1, 1], Some(false)),
    ("lindex", 3, [1, 1, 1], Some(false)),
    ("lset", 4, [1, 1, 1], Some(true)),
    ("ltrim", 4, [1, 1, 1], Some(true)),
    ("lrem", 4, [1, 1, 1], Some(true)),
    ("sadd", -3, [1, 1, 1], Some(true)),
    ("srem", -3, [1, 1, 1], Some(true)),
    ("smembers", 2, [1, 1, 1], Some(false)),
    ("sismember", 3, [1, 1, 1], Some(false)),
    ("scard", 2, [1, 1, 1], Some(false)),
    ("info", -1, [0, 0, 0], None),
    ("config", -2, [0, 0, 0], None),
    ("command", -1, [0, 0, 0], None),
    ("client", -2, [0, 0, 0], None),
    ("save", 1, [0, 0, 0], None),
    ("bgsave", -1, [0, 0, 0], None),
    ("lastsave", 1, [0, 0, 0], None),
    ("hello", -1, [0, 0, 0], None),
    ("quit", -1, [0, 0, 0], None),
    ("blpop", -3, [1, -2, 1], Some(true)),
    ("subscribe", -2, [0, 0, 0], None),
    ("unsubscribe", -1, [0, 0, 0], None),
    ("publish", 3, [0, 0, 0], None),
];

fn command_docs(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let reply = client.query(&["COMMAND"])?;
    let rows = reply.array().unwrap_or_default().len();
    client.ask(&["COMMAND", "COUNT"], format!(":{rows}\r\n"))?;
    for args in [["COMMAND", "DOCS"].as_slice(), &["COMMAND", "DOCS", "get"]] {
        client.send(request(args))?;
        let (docs, bytes) = client.raw_reply()?;
        if !documents_get(docs.array().unwrap_or_default()) {
            let expected = "an array with get, and behind it an array with summary and a text";
            return Err(client.unexpected(expected, &bytes));
        }
    }
    client.settle()
}

fn documents_get(docs: &[Reply]) -> bool {
    let is_get = |pair: &&[Reply]| pair.first().and_then(Reply::text) == Some(b"get");
    let fields = docs
        .chunks(2)
        .find(is_get)
        .and_then(|pair| pair.get(1)?.array());
    let is_summary = |field: &[Reply]| match field {
        [name, text] => name.text() == Some(b"summary") && text.text().is_some(),
        _ => false,
    };
    fields.is_some_and(|fields| fields.chunks(2).any(is_summary))
}

fn command_rows(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let reply = client.query(&["COMMAND"])?;
    let rows: Vec<&[Reply]> = reply
        .array()
        .unwrap_or_default()
        .iter()
        .filter_map(Reply::array)
        .collect();
    for (name, arity, keys, writes) in COMMANDS {
        let row = rows.iter().find(|row| {
            let found = row.first().and_then(Reply::text);
            found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        });
        let fits = row.is_some_and(|row| describes(row, arity, keys, writes));
        if !fits {
            let flag = match writes {
                Some(true) => "write among its flags",
                Some(false) => "readonly among its flags",
                None => "neither write nor readonly among its flags",
            };
            let [first, last, step] = keys;
            let expected =
                format!("for {name}: arity {arity}, {flag}, keys {first}, {last}, {step}");
            return Err(Failure::new(expected, format!("{row:?}")).after("COMMAND"));
        }
    }
    client.settle()
}

fn describes(row: &[Reply], arity: i64, keys: [i64; 3], writes: Option<bool>) -> bool {
    let [_, its_arity, flags, first, last, step, ..] = row else {
        return false;
    };
    let flags = flags.array().unwrap_or_default();
    let has = |name: &str| {
        flags
            .iter()
            .any(|flag| flag.text() == Some(name.as_bytes()))
    };
    its_arity.integer() == Some(arity)
        && [first, last, step].map(Reply::integer) == keys.map(Some)
        && has("write") == (writes == Some(true))
        && has("readonly") == (writes == Some(false))
}

fn arities(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for (name, arity, ..) in COMMANDS {
        let expected = format!("-ERR wrong number of arguments for '{name}' command\r\n");
        let least = arity.unsigned_abs() as usize;
        let too_many = (arity > 0).then_some(least + 1);
        // A request has its name at the least.
        for count in (1..least).chain(too_many) {
            let words: Vec<&str> = iter::once(name)
                .chain(iter::repeat_n("1", count - 1))
                .collect();
            client.ask(&words, &expected)?;
        }
    }
    let parts = [
        ("config|get", ["CONFIG", "GET"].as_slice()),
        ("client|id", &["CLIENT", "ID", "x"]),
        ("client|getname", &["CLIENT", "GETNAME", "x"]),
        ("client|setname", &["CLIENT", "SETNAME"]),
    ];
    for (name, words) in parts {
        let expected = format!("-ERR wrong number of arguments for '{name}' command\r\n");
        client.ask(words, expected)?;
    }
    client.settle()
}

/// The text of INFO, in lines.
fn info(client: &mut Client, sections: &[&str]) -> Result<Vec<String>, Failure> {
    let words = [&["INFO"], sections].concat();
    client.send(request(&words))?;
    let (reply, bytes) = client.raw_reply()?;
    let text = reply.bulk().map(String::from_utf8_lossy);
    let text = text.ok_or_else(|| client.unexpected("a bulk string", &bytes))?;
    let lines: Vec<String> = text.split_terminator("\r\n").map(String::from).collect();
    for line in &lines {
        if !(line.is_empty() || line.starts_with("# ") || line.contains(':')) {
            let expected = "lines such as # Section or name:value, which end with \\r\\n";
            return Err(Failure::new(expected, line).after(words.join(" ")));
        }
    }
    Ok(lines)
}

fn sections(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("# "))
        .collect()
}

fn field<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    lines
        .iter()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn info_shape(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let lines = info(&mut client, &[])?;
    for section in ["Server", "Clients", "Keyspace"] {
        if !sections(&lines).contains(&section) {
            let came = format!("only {:?}", sections(&lines));
            return Err(Failure::new(format!("a line # {section}"), came).after("INFO"));
        }
    }
    let clients = field(&lines, "connected_clients").and_then(|text| text.parse::<u32>().ok());
    if clients.is_none_or(|clients| clients == 0) {
        let expected = "connected_clients, of which there is one at the least";
        return Err(Failure::new(expected, format!("{clients:?}")).after("INFO"));
    }
    let version = field(&lines, "redis_version").unwrap_or_default();
    if version
        .split('.')
        .filter(|part| part.parse::<u32>().is_ok())
        .count()
        < 3
    {
        let expected = "redis_version with a version such as 7.0.15";
        return Err(Failure::new(expected, format!("{version:?}")).after("INFO"));
    }
    client.settle()
}

fn info_sections(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let cases = [
        (["server"].as_slice(), ["Server"].as_slice()),
        (&["CLIENTS"], &["Clients"]),
        (&["keyspace"], &["Keyspace"]),
        (&["keyspace", "server"], &["Server", "Keyspace"]),
        (&["nope"], &[]),
        (&["nope", "server"], &["Server"]),
    ];
    for (asked, expected) in cases {
        let lines = info(&mut client, asked)?;
        if sections(&lines) != expected {
            let came = format!("{:?}", sections(&lines));
            return Err(Failure::new(format!("{expected:?}"), came)
                .after(format!("INFO {}", asked.join(" "))));
        }
    }
    client.ask(&["INFO", "nope"], "$0\r\n\r\n")?;
    let all = info(&mut client, &[])?;
    for word in ["default", "all", "everything"] {
        let some = info(&mut client, &[word])?;
        if !sections(&all)
            .iter()
            .all(|section| sections(&some).contains(section))
        {
            let came = format!("{:?}", sections(&some));
            return Err(
                Failure::new("all that INFO alone tells", came).after(format!("INFO {word}"))
            );
        }
    }
    client.settle()
}

fn info_keyspace(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    in_empty_database(&mut client, 12, |client| {
        client.ask(&["SET", &target.key(), "v"], "+OK\r\n")?;
        client.ask(&["SET", &target.key(), "v", "EX", "100"], "+OK\r\n")?;
        client.ask(&["RPUSH", &target.key(), "v", "w"], ":2\r\n")?;
        let lines = info(client, &["keyspace"])?;
        let found = lines.iter().any(|line| {
            let database = line
                .strip_prefix("db")
                .and_then(|line| line.split_once(':'));
            database.is_some_and(|(_, rest)| rest.starts_with("keys=3,expires=1,avg_ttl="))
        });
        if !found {
            let expected = "a line such as db12:keys=3,expires=1,avg_ttl=99999";
            return Err(Failure::new(expected, lines.join(" ")).after("INFO keyspace"));
        }
        client.ask(&["FLUSHDB"], "+OK\r\n")?;
        let lines = info(client, &["keyspace"])?;
        if lines.iter().any(|line| line.contains("keys=0")) {
            let expected = "no line for an empty database";
            return Err(Failure::new(expected, lines.join(" ")).after("INFO keyspace"));
        }
        Ok(())
    })?;
    client.settle()
}

fn config_get(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let cases = [
        (["save"].as_slice(), ["save"].as_slice()),
        (&["appendonly"], &["appendonly"]),
        (&["SAVE"], &["SAVE"]),
        (&["appendonl?"], &["appendonly"]),
        (&["databases", "save", "save"], &["databases", "save"]),
        (&["nope", "save"], &["save"]),
    ];
    for (asked, expected) in cases {
        let words = [["CONFIG", "GET"].as_slice(), asked].concat();
        client.send(request(&words))?;
        let (reply, bytes) = client.raw_reply()?;
        let pairs = reply.array().unwrap_or_default().chunks(2);
        let mut names: Vec<&[u8]> = pairs
            .clone()
            .filter_map(|pair| pair.first()?.bulk())
            .collect();
        names.sort_unstable();
        let values = pairs.filter_map(|pair| pair.get(1)?.bulk()).count();
        if !names
            .iter()
            .copied()
            .eq(expected.iter().map(|name| name.as_bytes()))
            || values != names.len()
        {
            let expected = format!("an array of {expected:?}, each with its value behind it");
            return Err(client.unexpected(expected, &bytes));
        }
    }
    client.ask(&["CONFIG", "GET", "databases"], array(&["databases", "16"]))?;
    client.ask(&["CONFIG", "GET", "nope"], "*0\r\n")?;
    client.settle()
}

fn unknown_subcommands(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        CONFIG NOPE    -> -ERR unknown subcommand 'NOPE'. Try CONFIG HELP.
        CLIENT nope    -> -ERR unknown subcommand 'nope'. Try CLIENT HELP.
        CLIENT nope x  -> -ERR unknown subcommand 'nope'. Try CLIENT HELP.
        CONFIG '' save -> -ERR unknown subcommand ''. Try CONFIG HELP.
        COMMAND nope   -> -ERR unknown subcommand 'nope'. Try COMMAND HELP.
        SET @ v        -> +OK
        GET @          -> "v"
        "#,
    )
}

fn client_id(target: &Target) -> Result<(), Failure> {
    let mut clients = vec![target.connect()?, target.connect()?, target.connect()?];
    let mut ids = Vec::new();
    // Each is served once before the next is asked, so that they have come in this order.
    for client in &mut clients {
        client.settle()?;
        ids.push(client.integer(&["CLIENT", "ID"])?);
    }
    let mut again = Vec::new();
    for client in &mut clients {
        again.push(client.integer(&["client", "id"])?);
    }
    // What one had that left is given to nobody else.
    drop(clients.pop());
    thread::sleep(NOTICE);
    let later = target.connect()?.integer(&["CLIENT", "ID"])?;
    let highest = ids.iter().copied().max().unwrap_or_default();
    let distinct = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
    if !distinct || again != ids || later <= highest || ids.iter().any(|id| *id < 1) {
        let came = format!("{ids:?}, again {again:?}, and {later} for a later one");
        let expected =
            "positive numbers: the same for the same connection, a greater one for a later";
        return Err(Failure::new(expected, came).after("CLIENT ID"));
    }
    Ok(())
}

fn client_name(target: &Target) -> Result<(), Failure> {
    let (mut client, mut other) = (target.connect()?, target.connect()?);
    let expected = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
    client.ask(&["CLIENT", "GETNAME"], "$-1\r\n")?;
    client.ask(&["CLIENT", "SETNAME", "worker:1"], "+OK\r\n")?;
    client.ask(&["CLIENT", "GETNAME"], bulk("worker:1"))?;
    other.ask(&["CLIENT", "GETNAME"], "$-1\r\n")?;
    for name in ["a b", "a\nb", "\0", "\x7f", " "] {
        client.ask(&["CLIENT", "SETNAME", name], expected)?;
    }
    client.ask(&[b"client".as_slice(), b"setname", b"\xff"], expected)?;
    client.ask(&["client", "getname"], bulk("worker:1"))?;
    client.ask(&["CLIENT", "SETNAME", ""], "+OK\r\n")?;
    client.ask(&["CLIENT", "GETNAME"], "$-1\r\n")?;
    client.settle()?;
    other.settle()
}

fn save(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    let before = now() as i64;
    client.ask(&["SET", &target.key(), "v"], "+OK\r\n")?;
    save_in_the_end(target, &mut client)?;
    let saved = client.integer(&["LASTSAVE"])?;
    // The clock of a server elsewhere may differ.
    let near = (saved - before).abs() < CLOCKS_APART;
    if !near {
        let expected = "the Unix time in seconds of the SAVE just now";
        return Err(Failure::new(expected, saved.to_string()).after("SAVE, then LASTSAVE"));
    }
    for words in [["BGSAVE", "nope"].as_slice(), &["BGSAVE", "SCHEDULE", "x"]] {
        client.ask(words, "-ERR syntax error\r\n")?;
    }
    client.ask(&["BGSAVE"], "+Background saving started\r\n")?;
    client.settle()?;
    // Until it is done the next is refused; and it must be done some time.
    save_in_the_end(target, &mut client)?;
    let later = client.integer(&["LASTSAVE"])?;
    if later < saved {
        let came = format!("{saved}, and then {later}");
        return Err(Failure::new("a time that goes on", came).after("LASTSAVE"));
    }
    client.settle()
}

/// SAVE, as soon as no other save is under way.
fn save_in_the_end(target: &Target, client: &mut Client) -> Result<(), Failure> {
    let limit = Instant::now() + target.deadline;
    loop {
        client.send(request(&["SAVE"]))?;
        let (reply, bytes) = client.raw_reply()?;
        match reply {
            Reply::Simple(text) if text == b"OK" => return Ok(()),
            Reply::Error(text)
                if text == b"ERR Background save already in progress" && Instant::now() < limit =>
            {
                thread::sleep(POLL);
            }
            _ => {
                return Err(client.unexpected(
                    "+OK\\r\\n, at the latest when no other save is under way",
                    &bytes,
                ));
            }
        }
    }
}
