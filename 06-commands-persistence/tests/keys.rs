//! Keys that move, are dumped, and are reloaded: a server without a socket, and its clients.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::net::{Ipv4Addr, SocketAddr};
use std::{env, fs, process};
use step06_commands_persistence::clock::{Clock, UnixMillis};
use step06_commands_persistence::commands::table::TABLE;
use step06_commands_persistence::config::Config;
use step06_commands_persistence::config::value::Allowed;
use step06_commands_persistence::rdb::dump;
use step06_commands_persistence::server::Server;
use step06_commands_persistence::server::backlog::Reader;
use step06_commands_persistence::session::Session;

/// It is this long after 1970, in milliseconds.
const NOW: i64 = 1_000_000;

fn server() -> Server {
    let clock = Clock::stopped_at(UnixMillis(NOW));
    let mut config = Config::standard();
    config.enable_debug_command = Allowed::Yes;
    Server::new(config, clock, &TABLE)
}

/// One of its clients.
struct Client(Session);

impl Client {
    fn connect(server: &mut Server) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        Self(Session::connect(server, (address, address)))
    }

    /// What it is sent for these arguments, and what had waited for it.
    fn ask_raw(&mut self, server: &mut Server, args: &[&[u8]]) -> Vec<u8> {
        let mut request = format!("*{}\r\n", args.len()).into_bytes();
        for arg in args {
            request.extend(format!("${}\r\n", arg.len()).into_bytes());
            request.extend_from_slice(arg);
            request.extend_from_slice(b"\r\n");
        }
        self.0.input().extend_from_slice(&request);
        let mut output = Vec::new();
        while self.0.parse() {
            self.0.execute(server);
            output.extend(self.output(server));
        }
        output.extend(self.output(server));
        output
    }

    /// The same for words, to be read.
    fn ask(&mut self, server: &mut Server, line: &str) -> String {
        let args: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        String::from_utf8_lossy(&self.ask_raw(server, &args)).into_owned()
    }

    fn output(&mut self, server: &mut Server) -> Vec<u8> {
        let mut output = Vec::new();
        loop {
            output.extend(self.0.output().to_vec());
            self.0.sent(self.0.output().len());
            if !self.0.has_mail() {
                return output;
            }
            self.0.collect(server);
        }
    }

    /// The bytes of a bulk string.
    fn bulk(&mut self, server: &mut Server, line: &str) -> Vec<u8> {
        let args: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let reply = self.ask_raw(server, &args);
        let start = reply.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        reply[start..reply.len() - 2].to_vec()
    }
}

/// Whoever waits in a database is served by a key that comes from another one.
#[test]
fn keys_that_come_from_elsewhere_serve_who_waits() {
    for action in ["MOVE k 5", "SWAPDB 0 5", "SWAPDB 5 0", "COPY k k DB 5"] {
        let mut server = server();
        let [mut first, mut second, mut other] = [(); 3].map(|()| Client::connect(&mut server));
        other.ask(&mut server, "RPUSH k a");
        for waiter in [&mut first, &mut second] {
            waiter.ask(&mut server, "SELECT 5");
            assert_eq!(waiter.ask(&mut server, "BLPOP k 0"), "");
        }
        other.ask(&mut server, action);
        let served = first.output(&mut server).escape_ascii().to_string();
        assert_eq!(served, r"*2\r\n$1\r\nk\r\n$1\r\na\r\n", "{action}");
        assert_eq!(second.output(&mut server), b"", "{action}");
    }
}

/// The version that whoever watches a key compares.
#[test]
fn who_watches_sees_that_databases_were_swapped() {
    let mut server = server();
    let mut client = Client::connect(&mut server);
    client.ask(&mut server, "SET here 1");
    let versions = |server: &mut Server, db: usize| {
        ["here", "nowhere"].map(|key| server.db(db).db.interests.version(key.as_bytes()))
    };
    for db in [0, 5] {
        for key in ["here", "nowhere"] {
            server.db(db).db.interests.watch(&key.as_bytes().into());
        }
    }
    let before = [versions(&mut server, 0), versions(&mut server, 5)];
    client.ask(&mut server, "SWAPDB 0 5");
    let after = [versions(&mut server, 0), versions(&mut server, 5)];
    for db in [0, 1] {
        assert_ne!(after[db][0], before[db][0]);
        assert_eq!(after[db][1], before[db][1]);
    }
}

/// The words of the requests that were written down.
fn effects(server: &mut Server, reader: &Reader) -> String {
    let text = server.backlog.read(reader).escape_ascii().to_string();
    let words = text.split(r"\r\n");
    let words = words.filter(|word| !word.is_empty() && !word.starts_with(['*', '$']));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_written_down_does_the_same_at_any_time() {
    let mut server = server();
    let mut client = Client::connect(&mut server);
    client.ask(&mut server, "SET k v");
    let payload = client.bulk(&mut server, "DUMP k");
    let reader = server.backlog.attach();
    for (ttl, option, expected) in [
        ("0", "REPLACE", "SELECT 0 RESTORE k 0 - REPLACE"),
        ("5", "REPLACE", "RESTORE k 1000005 - REPLACE ABSTTL"),
        ("1", "ABSTTL", ""),
        ("9223372036854775807", "REPLACE", "DEL k"),
    ] {
        let [ttl, option] = [ttl, option].map(str::as_bytes);
        client.ask_raw(&mut server, &[b"RESTORE", b"k", ttl, &payload, option]);
        let payload = payload.escape_ascii().to_string();
        assert_eq!(
            effects(&mut server, &reader).replace(&payload, "-"),
            expected
        );
    }
    for (request, expected) in [
        ("FLUSHDB", "FLUSHDB"),
        ("DEBUG POPULATE 3", ""),
        ("COPY key:0 key:0 DB 5", "COPY key:0 key:0 DB 5"),
        ("COPY key:0 key:1", ""),
        ("RENAMENX key:0 key:0", ""),
        ("MOVE key:1 5", "MOVE key:1 5"),
        ("SORT none STORE key:2", "SORT none STORE key:2"),
        ("SORT none STORE key:2", ""),
    ] {
        client.ask(&mut server, request);
        assert_eq!(effects(&mut server, &reader), expected, "{request}");
    }
}

/// A value of each type, in each form.
fn fill(server: &mut Server, client: &mut Client) -> Vec<String> {
    let mut keys = Vec::new();
    for (count, width) in [(3, 5), (150, 5), (3, 100)] {
        let words: Vec<String> = (0..count).map(|n| format!("{n:0width$}")).collect();
        let pairs: Vec<String> = words.iter().map(|word| format!("{word} {word}")).collect();
        let numbers: Vec<String> = (0..count).map(|n| format!("{n} m{n}")).collect();
        for request in [
            format!("SET str:{count}:{width} {}", words[0]),
            format!("RPUSH list:{count}:{width} {}", words.join(" ")),
            format!("SADD set:{count}:{width} {}", words.join(" ")),
            format!(
                "SADD ints:{count}:{width} {}",
                numbers.join(" ").replace(" m", " ")
            ),
            format!("HSET hash:{count}:{width} {}", pairs.join(" ")),
            format!("ZADD zset:{count}:{width} {}", numbers.join(" ")),
        ] {
            assert!(
                client.ask(server, &request).starts_with([':', '+']),
                "{request}"
            );
            keys.push(request.split(' ').nth(1).unwrap().to_string());
        }
    }
    keys
}

/// Behind a checksum that is right anything may stand.
#[test]
fn a_broken_payload_is_refused_or_taken_for_another_value() {
    let mut server = server();
    let mut client = Client::connect(&mut server);
    let mut random = StdRng::seed_from_u64(6);
    for key in fill(&mut server, &mut client) {
        let payload = client.bulk(&mut server, &format!("DUMP {key}"));
        for _ in 0..200 {
            let mut broken = payload[..payload.len() - 10].to_vec();
            for _ in 0..random.random_range(1..4) {
                let place = random.random_range(0..broken.len());
                broken[place] = random.random();
            }
            broken.truncate(random.random_range(0..broken.len() * 2));
            dump::seal(&mut broken);
            let restore: [&[u8]; 5] = [b"RESTORE", b"b", b"0", &broken, b"REPLACE"];
            match client.ask_raw(&mut server, &restore).as_slice() {
                b"+OK\r\n" => {
                    // It is a whole value.
                    let whole = client.bulk(&mut server, "DUMP b");
                    let again: [&[u8]; 5] = [b"RESTORE", b"c", b"0", &whole, b"REPLACE"];
                    assert_eq!(client.ask_raw(&mut server, &again), b"+OK\r\n");
                    let digests = client.ask(&mut server, "DEBUG DIGEST-VALUE b c");
                    let digests: Vec<&str> = digests.lines().skip(1).collect();
                    assert_eq!(digests[0], digests[1]);
                }
                reply => assert_eq!(reply, b"-ERR Bad data format\r\n"),
            }
        }
    }
}

#[test]
fn reloading_changes_nothing() {
    let mut server = server();
    let directory = env::temp_dir().join(format!("step06-keys-{}", process::id()));
    fs::create_dir(&directory).unwrap();
    server.config.dir.clone_from(&directory);
    let mut client = Client::connect(&mut server);
    for key in fill(&mut server, &mut client) {
        client.ask(&mut server, &format!("EXPIRE {key} 100"));
        client.ask(&mut server, &format!("COPY {key} {key} DB 5"));
    }
    client.ask(&mut server, "PERSIST str:3:5");
    let digest = client.ask(&mut server, "DEBUG DIGEST");
    assert_eq!(client.ask(&mut server, "DEBUG RELOAD"), "+OK\r\n");
    assert_eq!(client.ask(&mut server, "DEBUG DIGEST"), digest);
    client.ask(&mut server, "SET str:3:5 other");
    client.ask(&mut server, "SET more 1");
    let merge = "DEBUG RELOAD NOSAVE NOFLUSH";
    assert!(
        client
            .ask(&mut server, merge)
            .starts_with("-ERR Error trying")
    );
    assert_eq!(
        client.ask(&mut server, &format!("{merge} MERGE")),
        "+OK\r\n"
    );
    client.ask(&mut server, "DEL more");
    assert_eq!(client.ask(&mut server, "DEBUG DIGEST"), digest);
    fs::remove_dir_all(directory).unwrap();
}

/// Then keys whose time is up can be counted.
#[test]
fn keys_stay_until_somebody_looks_where_a_test_asks_for_that() {
    let mut server = server();
    let mut client = Client::connect(&mut server);
    client.ask(&mut server, "DEBUG SET-ACTIVE-EXPIRE 0");
    for key in ["a", "b", "c"] {
        client.ask(&mut server, &format!("SET {key} 1 PX 1"));
    }
    server.clock.set(UnixMillis(NOW + 5));
    for (request, expected) in [
        ("PING", "+PONG\r\n"),
        ("DBSIZE", ":3\r\n"),
        ("GET a", "$-1\r\n"),
        ("DBSIZE", ":2\r\n"),
        ("DEBUG SET-ACTIVE-EXPIRE 1", "+OK\r\n"),
        ("GET x", "$-1\r\n"),
        ("DBSIZE", ":0\r\n"),
    ] {
        assert_eq!(client.ask(&mut server, request), expected, "{request}");
    }
}

#[test]
fn debug_is_for_whom_the_configuration_names() {
    for (allowed, starts_with) in [
        (Allowed::No, "-ERR DEBUG command not"),
        (Allowed::Local, "+0"),
    ] {
        let mut server = server();
        server.config.enable_debug_command = allowed;
        let mut client = Client::connect(&mut server);
        assert!(
            client
                .ask(&mut server, "DEBUG DIGEST")
                .starts_with(starts_with)
        );
    }
}
