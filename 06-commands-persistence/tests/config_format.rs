//! CONFIG GET, SET and REWRITE beside a real redis-server.

mod redis;

use redis::Redis;
use std::collections::BTreeMap;
use step06_commands_persistence::clock::Clock;
use step06_commands_persistence::commands::table::TABLE as COMMANDS;
use step06_commands_persistence::config::param::Size;
use step06_commands_persistence::config::table::{Change, TABLE};
use step06_commands_persistence::config::value::Allowed;
use step06_commands_persistence::config::{Config, file};
use step06_commands_persistence::server::Server;

/// Values to set, good and bad ones.
const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "-1",
    "-2",
    "5",
    "05",
    "+5",
    " 5",
    "x",
    "yes",
    "NO",
    "local",
    "64",
    "1024",
    "1mb",
    "3GB",
    "2k",
    "1zb",
    "99999999999",
    "9223372036854775808",
    "60 1",
    "60 1 70 2",
    "60",
    "0 1",
    "1 -1",
    "127.0.0.1",
    "127.0.0.1 -::1",
    "normal 1 2 3",
    "replica 1mb 2kb 3",
    "slave 1 2",
    "foo 1 2 3",
    "normal a 2 3",
    "pubsub 1 2 3 normal 4 5 6",
    "KEA",
    "gKE",
    "KEmtdn",
    "AKn",
    "debug",
    "Warning",
    "always",
    "allkeys-lru",
    "save now",
    "NOSAVE force",
    "save nosave",
    "default",
    "a/b",
];

/// Where this server refuses, or must differ, on purpose.
fn differs(name: &str) -> bool {
    [
        "bind",
        "port",
        "appendonly",
        "maxmemory",
        "client-query-buffer-limit",
        "proto-max-bulk-len",
        "threads",
        "chapter",
    ]
    .contains(&name)
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn defaults_are_printed_as_redis_server_prints_them() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let reply = redis.ask(&[b"CONFIG", b"GET", b"*"]);
    let theirs: BTreeMap<_, _> = reply.chunks(2).map(|pair| (&pair[0], &pair[1])).collect();
    let mut ours = Config::standard();
    ours.dir.clone_from(&redis.directory);
    for (name, value) in ours.get([&b"*"[..]]) {
        if !["bind", "port", "threads", "chapter"].contains(&text(&name).as_str()) {
            assert_eq!(text(theirs[&name]), text(&value), "{}", text(&name));
        }
    }
}

#[test]
fn config_set_answers_as_redis_server_does() {
    let Some(mut redis) = Redis::start(&["--enable-protected-configs", "yes"]) else {
        return;
    };
    let mut ours = Server::new(Config::standard(), Clock::system(), &COMMANDS);
    ours.config.dir.clone_from(&redis.directory);
    ours.config.enable_protected_configs = Allowed::Yes;
    let rows = TABLE.iter().filter(|row| !differs(row.name));
    for name in rows.flat_map(|row| row.names()) {
        for value in VALUES {
            let pair = (name.as_bytes(), value.as_bytes());
            let expected = redis.ask(&[b"CONFIG", b"SET", pair.0, pair.1]);
            let reply = match ours.set_config(&[pair], true) {
                Ok(()) => b"+OK".to_vec(),
                Err(error) => [b"-", error.text().as_slice()].concat(),
            };
            assert_eq!(text(&expected[0]), text(&reply), "{name} {value}");
            let expected = redis.ask(&[b"CONFIG", b"GET", pair.0]);
            assert_eq!(
                expected[1],
                ours.config.get([pair.0])[0].1,
                "{name} {value}"
            );
        }
    }
}

#[test]
fn several_are_set_together_or_not_at_all() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let mut ours = Server::new(Config::standard(), Clock::system(), &COMMANDS);
    for words in [
        "timeout 5 tcp-keepalive 6",
        "timeout 7 tcp-keepalive x",
        "timeout x tcp-keepalive x",
        "timeout 7 nosuch 1",
        "timeout 7 TIMEOUT 8",
        "timeout x timeout x",
        "timeout 7 TCP-backlog 8",
        "TIMEOUT x",
        "timeout 7 tcp-backlog 8 nosuch 1",
        "nosuch 1 tcp-backlog 8",
        "timeout 7 dir /",
        "hz 0 timeout 8 hz 1",
        "hz 0 timeout 8",
        "lazyfree-lazy-expire yes save -1",
    ] {
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        let expected = redis.ask(&[&[b"CONFIG".as_slice(), b"SET"], words.as_slice()].concat());
        let pairs: Vec<_> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let reply = match ours.set_config(&pairs, true) {
            Ok(()) => b"+OK".to_vec(),
            Err(error) => [b"-", error.text().as_slice()].concat(),
        };
        assert_eq!(text(&expected[0]), text(&reply), "{pairs:?}");
        for name in ["timeout", "tcp-keepalive", "hz", "lazyfree-lazy-expire"] {
            let expected = redis.ask(&[b"CONFIG", b"GET", name.as_bytes()]);
            assert_eq!(expected[1], ours.config.get([name.as_bytes()])[0].1);
        }
    }
}

#[test]
fn a_rewritten_file_is_what_redis_server_reads() {
    let mut config = Config::standard();
    config.save.truncate(1);
    config.client_output_buffer_limit.replica.hard = 3 << 20;
    config.bind = vec!["127.0.0.1".into(), "-::1".into()];
    config.proto_max_bulk_len = Size(1025 << 10);
    config.dbfilename = "a \"b\n.rdb".into();
    config.dir = std::env::temp_dir();
    let old = b"tcp-backlog 511\nlogfile ''\nsave 1 2\nsave 3 4\ndbfilename x\nhz 10 # x\n";
    let lines = file::rewritten(&config, old);
    let path = std::env::temp_dir().join(format!("step06-rewritten-{}.conf", std::process::id()));
    std::fs::write(&path, &lines).unwrap();
    let redis = Redis::start(&[path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    let Some(mut redis) = redis else {
        return;
    };
    for row in TABLE.iter().filter(|row| row.name != "port") {
        if row.change == Change::AtStart && ["threads", "chapter"].contains(&row.name) {
            continue;
        }
        let theirs = redis.ask(&[b"CONFIG", b"GET", row.name.as_bytes()]);
        assert_eq!(
            text(&theirs[1]),
            text(&(row.get)(&config).print()),
            "{}",
            row.name
        );
    }
}
