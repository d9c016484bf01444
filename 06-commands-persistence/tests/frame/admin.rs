//! What an administrator relies on.

use crate::client::Client;
use crate::server::Server;
use crate::{eventually, with_threads};
use std::fs;
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn clients_that_are_idle_for_too_long_are_closed_and_no_others() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads, "--timeout", "3"]);
        let start = Instant::now();
        let mut idle = server.client();
        assert_eq!(idle.ask(&["PING"]), "PONG");
        let mut blocked = server.client();
        blocked.send(&["BLPOP", "k", "0"]);
        let mut subscribed = server.client();
        assert_eq!(
            subscribed.ask(&["SUBSCRIBE", "news"]),
            "[subscribe news :1]"
        );
        let mut busy = server.client();
        let watch = thread::spawn(move || {
            assert!(idle.is_closed());
            start.elapsed()
        });
        while start.elapsed() < Duration::from_secs(7) {
            assert_eq!(busy.ask(&["PING"]), "PONG");
            thread::sleep(Duration::from_millis(100));
        }
        let took = watch.join().unwrap();
        assert!(took > Duration::from_millis(2_990), "{took:?}");
        assert_eq!(busy.ask(&["RPUSH", "k", "element"]), ":1");
        assert_eq!(blocked.reply(), "[k element]");
        assert_eq!(busy.ask(&["PUBLISH", "news", "message"]), ":1");
        assert_eq!(subscribed.reply(), "[message news message]");
        // From here on it is idle as others are.
        assert!(blocked.is_closed());
        assert!(!subscribed.has_ended());
    });
}

/// Who sends a long request slowly, or takes a long reply slowly, is not idle.
#[test]
fn slow_is_not_idle() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads, "--timeout", "3"]);
        let mut reader = server.client();
        assert_eq!(reader.ask(&["SET", "k", &"v".repeat(20_000_000)]), "OK");
        reader.send(&["GET", "k"]);
        let mut head = [0; 11];
        std::io::Read::read_exact(reader.socket(), &mut head).unwrap();
        let mut taken = 0;
        let mut sender = server.client();
        sender.write(b"*2\r\n$4\r\nECHO\r\n$70\r\n");
        for _ in 0..70 {
            sender.write(b"x");
            let mut part = vec![0; 200_000];
            std::io::Read::read_exact(reader.socket(), &mut part).unwrap();
            taken += part.len();
            thread::sleep(Duration::from_millis(100));
        }
        sender.write(b"\r\n");
        assert_eq!(sender.reply(), "x".repeat(70));
        let mut rest = vec![0; 20_000_000 + 2 - taken];
        std::io::Read::read_exact(reader.socket(), &mut rest).unwrap();
    });
}

/// The address by which this machine calls others.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn strangers_are_refused_in_protected_mode() {
    let Some(address) = outer_address() else {
        eprintln!("skipped: this machine has no other address");
        return;
    };
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads, "--bind", "0.0.0.0"]);
        let mut local = server.client();
        let call = || {
            let stream = TcpStream::connect((address, server.port)).unwrap();
            Client::new(stream).unwrap()
        };
        let mut stranger = call();
        let refusal = stranger.reply();
        assert!(
            refusal.starts_with("-DENIED Redis is running in protected mode"),
            "{refusal}"
        );
        assert!(stranger.is_closed());
        let off = ["CONFIG", "SET", "protected-mode", "no"];
        assert_eq!(local.ask(&off), "OK");
        assert_eq!(call().ask(&["PING"]), "PONG");
        assert_eq!(local.info("rejected_connections"), "1");
    });
}

#[test]
fn what_is_logged_changes_with_the_level() {
    let server = Server::start(&["--loglevel", "warning"]);
    let mut client = server.client();
    let log = || std::fs::read_to_string(server.directory.join("log")).unwrap();
    assert_eq!(client.ask(&["SAVE"]), "OK");
    assert_eq!(log(), "");
    assert_eq!(client.ask(&["CONFIG", "SET", "loglevel", "notice"]), "OK");
    assert_eq!(client.ask(&["SAVE"]), "OK");
    assert!(log().contains("snapshot written"), "{}", log());
}

#[test]
fn the_configuration_is_shown_changed_and_rewritten() {
    with_threads(|threads| {
        let directory =
            std::env::temp_dir().join(format!("step06-config-{}-{threads}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let file = directory.join("redis.conf");
        fs::write(&file, "# mine\ntimeout 7\n").unwrap();
        let server = Server::start_in(directory, &[]);
        let mut plain = server.client();
        assert_eq!(
            plain.ask(&["CONFIG", "REWRITE"]),
            "-ERR The server is running without a config file"
        );
        assert_eq!(plain.ask(&["CONFIG", "GET", "timeout"]), "[timeout 0]");
        assert_eq!(
            plain.ask(&["CONFIG", "SET", "timeout", "9", "hz", "20"]),
            "OK"
        );
        assert_eq!(
            plain.ask(&["CONFIG", "GET", "timeout", "h?"]).len(),
            "[timeout 9 hz 20]".len()
        );
        let refused = plain.ask(&["CONFIG", "SET", "timeout", "11", "hz", "many"]);
        assert!(refused.starts_with("-ERR CONFIG SET failed"), "{refused}");
        assert_eq!(plain.ask(&["CONFIG", "GET", "timeout"]), "[timeout 9]");
        assert_eq!(plain.ask(&["CONFIG", "GET", "nothing*"]), "[]");
    });
}

#[test]
fn counters_begin_anew() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        for _ in 0..100 {
            client.ask(&["GET", "k"]);
            client.ask(&["NONSENSE"]);
        }
        assert!(client.info_number("total_commands_processed") >= 100);
        assert_eq!(client.info("errorstat_ERR"), "count=100");
        assert_eq!(client.info("keyspace_misses"), "100");
        assert_eq!(client.ask(&["CONFIG", "RESETSTAT"]), "OK");
        assert!(client.info_number("total_commands_processed") <= 2);
        assert_eq!(client.info("keyspace_misses"), "0");
        assert!(
            !client
                .ask(&["INFO", "everything"])
                .contains("errorstat_ERR")
        );
        assert_eq!(client.info("total_connections_received"), "0");
    });
}

/// What redis-server 7.0 counts. Who writes looks nothing up, even where he asks first whether there is something.
#[test]
fn lookups_are_hits_or_misses_for_who_reads() {
    let server = Server::start(&[]);
    let mut client = server.client();
    for request in ["SET s 1", "RPUSH l a b", "SADD t a"] {
        client.ask(&request.split(' ').collect::<Vec<_>>());
    }
    for (request, hits, misses) in [
        ("GET s", 1, 0),
        ("GET none", 0, 1),
        ("GET l", 1, 0),
        ("MGET s none l", 2, 1),
        ("EXISTS s none", 1, 1),
        ("TTL none", 0, 1),
        ("TYPE s", 1, 0),
        ("EXPIRE s 100", 0, 0),
        ("PEXPIREAT none 100", 0, 0),
        ("PERSIST none", 0, 0),
        ("SET s 1 NX", 0, 0),
        ("SET none 1 XX", 0, 0),
        ("SET s 1 EX 100", 0, 0),
        ("SET s 1 GET", 1, 0),
        ("SETNX s 1", 0, 0),
        ("GETSET s 1", 1, 0),
        ("GETEX s EX 100", 1, 0),
        ("GETEX none", 0, 1),
        ("INCR s", 0, 0),
        ("APPEND s x", 0, 0),
        ("RENAME s s2", 0, 0),
        ("RANDOMKEY", 0, 0),
        ("LPOP none", 0, 0),
        ("LINDEX none 0", 0, 1),
        ("SREM none a", 0, 0),
        ("SISMEMBER t a", 1, 0),
        ("DEL none", 0, 0),
    ] {
        client.ask(&["CONFIG", "RESETSTAT"]);
        client.ask(&request.split(' ').collect::<Vec<_>>());
        let stats = client.ask(&["INFO", "stats"]);
        let expected = format!("keyspace_hits:{hits}\r\nkeyspace_misses:{misses}\r\n");
        assert!(stats.contains(&expected), "{request}: {stats}");
    }
}

#[test]
fn redis_cli_speaks_the_newer_protocol() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let cli = |words: &[&str]| {
            let port = server.port.to_string();
            let output = Command::new("redis-cli")
                .args(["-3", "-p", &port])
                .args(words)
                .output();
            output.ok().map(|output| {
                assert!(output.stderr.is_empty(), "{output:?}");
                String::from_utf8(output.stdout).unwrap()
            })
        };
        let Some(hello) = cli(&["HELLO"]) else {
            eprintln!("skipped: there is no redis-cli");
            return;
        };
        let hello: Vec<&str> = hello.split_whitespace().collect();
        assert!(
            hello.windows(2).any(|pair| pair == ["proto", "3"]),
            "{hello:?}"
        );
        assert!(hello.windows(2).any(|pair| pair == ["server", "redis"]));
        assert_eq!(cli(&["SET", "k", "v"]).unwrap(), "OK\n");
        assert_eq!(cli(&["GET", "k"]).unwrap(), "v\n");
        assert_eq!(cli(&["SADD", "s", "m"]).unwrap(), "1\n");
        assert_eq!(cli(&["SMEMBERS", "s"]).unwrap(), "m\n");
        let config = cli(&["CONFIG", "GET", "timeout"]).unwrap();
        assert_eq!(
            config.split_whitespace().collect::<Vec<_>>(),
            ["timeout", "0"]
        );
        eventually("they have left", || {
            server.client().info("connected_clients") == "1"
        });
    });
}

/// In the newer protocol a subscriber may send whatever it likes.
#[test]
fn messages_and_replies_are_told_apart_in_the_newer_protocol() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        assert!(client.ask(&["HELLO", "3"]).contains("proto :3"));
        assert_eq!(client.ask(&["SUBSCRIBE", "c"]), "[subscribe c :1]");
        assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
        client.send(&["PUBLISH", "c", "m"]);
        assert_eq!(client.reply(), "[message c m]");
        assert_eq!(client.reply(), ":1");
        assert!(client.ask(&["HELLO", "2"]).contains("proto :2"));
        assert!(
            client
                .ask(&["GET", "k"])
                .starts_with("-ERR Can't execute 'get'")
        );
    });
}
