//! How the server ends.

use crate::client::{Client, request};
use crate::server::Server;
use crate::{eventually, with_threads};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// In the way of the file that a snapshot is first written to.
fn obstacle(server: &Server) -> std::path::PathBuf {
    server.directory.join(format!("temp-{}.rdb", server.pid()))
}

/// Lets snapshots fail until the directory that this makes is removed.
fn let_snapshots_fail(server: &Server) -> std::path::PathBuf {
    let path = obstacle(server);
    fs::create_dir(&path).unwrap();
    path
}

/// Lets the next snapshot take until somebody reads it, and then fail.
fn let_a_snapshot_hang(server: &Server) -> std::path::PathBuf {
    let path = obstacle(server);
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    path
}

#[test]
fn what_was_acknowledged_before_a_signal_is_in_the_snapshot() {
    with_threads(|threads| {
        let mut server = Server::start(&["--threads", threads, "--save", "3600 1"]);
        let writers: Vec<_> = (0..50)
            .map(|number| {
                let mut client = server.client();
                let acknowledged = Arc::new(AtomicU64::new(0));
                let seen = Arc::clone(&acknowledged);
                let writer = thread::spawn(move || {
                    let key = format!("writer:{number}");
                    for value in 1.. {
                        let set = ["SET", &key, &value.to_string()];
                        if !client.try_ask(&set).is_ok_and(|reply| reply == "OK") {
                            return;
                        }
                        seen.store(value, Ordering::Relaxed);
                    }
                });
                (acknowledged, writer)
            })
            .collect();
        eventually("all write", || {
            writers
                .iter()
                .all(|(acknowledged, _)| acknowledged.load(Ordering::Relaxed) > 100)
        });
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        let copy = server.start_from_dump(&[]);
        let mut reader = copy.client();
        for (number, (acknowledged, writer)) in writers.into_iter().enumerate() {
            writer.join().unwrap();
            let value = reader.ask(&["GET", &format!("writer:{number}")]);
            let acknowledged = acknowledged.load(Ordering::Relaxed);
            // One more may have been written whose reply was on its way.
            let value: u64 = value.parse().unwrap();
            assert!((acknowledged..=acknowledged + 1).contains(&value));
        }
    });
}

#[test]
fn without_save_points_nothing_is_written() {
    with_threads(|threads| {
        let mut server = Server::start(&["--threads", threads]);
        assert_eq!(server.client().ask(&["SET", "k", "v"]), "OK");
        server.signal("INT");
        assert_eq!(server.wait().code(), Some(0));
        assert!(!server.dump().exists());
    });
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    with_threads(|threads| {
        let mut server = Server::start(&["--threads", threads, "--save", "3600 1"]);
        let mut client = server.client();
        assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
        let hanging = let_a_snapshot_hang(&server);
        server.signal("TERM");
        eventually("it is about to end", || {
            let log = fs::read_to_string(server.directory.join("log"));
            log.unwrap_or_default().contains("signal to end")
        });
        thread::sleep(Duration::from_millis(200));
        assert!(server.is_running());
        // Nothing is changed any more.
        client.send(&["SET", "k", "late"]);
        let start = Instant::now();
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(1));
        assert!(start.elapsed() < Duration::from_secs(10));
        // Of the snapshot nothing is left behind.
        assert!(!hanging.exists() && !server.dump().exists());
        assert!(client.try_reply().is_err());
    });
}

#[test]
fn shutdown_writes_what_it_is_told_to() {
    with_threads(|threads| {
        for (save, option, is_written) in [
            ("3600 1", "NOSAVE", false),
            ("", "SAVE", true),
            ("3600 1", "NOW", true),
            ("", "FORCE", false),
        ] {
            let mut server = Server::start(&["--threads", threads, "--save", save]);
            let mut client = server.client();
            assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
            client.send(&["SHUTDOWN", option]);
            assert!(client.try_reply().is_err());
            assert_eq!(server.wait().code(), Some(0));
            assert_eq!(server.dump().exists(), is_written, "{save} {option}");
        }
    });
}

#[test]
fn replies_on_their_way_arrive_before_the_end() {
    with_threads(|threads| {
        let mut server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let value = "v".repeat(10_000_000);
        assert_eq!(client.ask(&["SET", "k", &value]), "OK");
        let mut requests = request(&["GET", "k"]);
        requests.extend(request(&["SHUTDOWN"]));
        client.write(&requests);
        assert_eq!(client.reply().len(), value.len());
        assert!(client.try_reply().is_err());
        assert_eq!(server.wait().code(), Some(0));
    });
}

#[test]
fn a_shutdown_that_can_not_save_does_not_end_the_server() {
    with_threads(|threads| {
        let mut server = Server::start(&["--threads", threads, "--save", "3600 1"]);
        let mut client = server.client();
        let mut other = server.client();
        assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
        let obstacle = let_snapshots_fail(&server);
        let failed = "-ERR Errors trying to SHUTDOWN. Check logs.";
        client.send(&["SHUTDOWN"]);
        client.send(&["GET", "k"]);
        assert_eq!(client.reply(), failed);
        assert_eq!(client.reply(), "v");
        // Who asked knows that it failed: nobody else is bothered.
        assert_eq!(other.ask(&["SET", "k", "w"]), "OK");
        assert_eq!(other.ask(&["SAVE"]), "-ERR");
        assert_eq!(other.ask(&["SET", "k", "v"]), "OK");
        assert_eq!(other.info("rdb_last_bgsave_status"), "ok");
        assert_eq!(client.ask(&["SHUTDOWN", "SAVE"]), failed);
        server.signal("TERM");
        eventually("the signal was in vain", || {
            let log = fs::read_to_string(server.directory.join("log"));
            log.unwrap_or_default().matches("does not end").count() == 3
        });
        assert!(server.is_running());
        assert_eq!(other.ask(&["GET", "k"]), "v");
        fs::remove_dir(obstacle).unwrap();
        client.send(&["SHUTDOWN"]);
        assert!(client.try_reply().is_err());
        assert_eq!(server.wait().code(), Some(0));
        assert_eq!(server.start_from_dump(&[]).client().ask(&["GET", "k"]), "v");
    });
}

#[test]
fn a_snapshot_that_fails_stops_writers_until_one_succeeds() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads, "--save", "3600 1"]);
        let mut client = server.client();
        assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
        let obstacle = let_snapshots_fail(&server);
        assert_eq!(client.ask(&["BGSAVE"]), "Background saving started");
        eventually("it has failed", || {
            client.info("rdb_last_bgsave_status") == "err"
        });
        assert_misconf(&mut client);
        assert_eq!(client.ask(&["GET", "k"]), "v");
        assert_eq!(client.ask(&["SAVE"]), "-ERR");
        // Not where nobody asked for snapshots, or for this.
        let set = |client: &mut Client, name, value| {
            assert_eq!(client.ask(&["CONFIG", "SET", name, value]), "OK");
        };
        set(&mut client, "stop-writes-on-bgsave-error", "no");
        assert_eq!(client.ask(&["SET", "k", "w"]), "OK");
        set(&mut client, "stop-writes-on-bgsave-error", "yes");
        assert_misconf(&mut client);
        set(&mut client, "save", "");
        assert_eq!(client.ask(&["SET", "k", "x"]), "OK");
        set(&mut client, "save", "3600 1");
        assert_misconf(&mut client);
        fs::remove_dir(obstacle).unwrap();
        assert_eq!(client.ask(&["SAVE"]), "OK");
        assert_eq!(client.ask(&["SET", "k", "y"]), "OK");
    });
}

fn assert_misconf(client: &mut Client) {
    let refusal = client.ask(&["SET", "k", "refused"]);
    let expected = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.";
    assert!(refusal.starts_with(expected), "{refusal}");
}

/// Whoever asks and goes away leaves nothing that could be answered.
#[test]
fn who_waits_for_a_snapshot_may_vanish() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let fifo = let_a_snapshot_hang(&server);
        let mut saver = server.client();
        saver.send(&["SAVE"]);
        eventually("it hangs", || client.info("rdb_bgsave_in_progress") == "1");
        drop(saver);
        eventually("the client is gone", || {
            client.info("connected_clients") == "1"
        });
        assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
        drop(fs::read(fifo).unwrap());
        eventually("it has ended", || {
            client.info("rdb_bgsave_in_progress") == "0"
        });
        assert_eq!(client.ask(&["SAVE"]), "OK");
    });
}

/// A snapshot that runs when the server is to end is waited for.
#[test]
fn a_shutdown_waits_for_the_snapshot_that_runs() {
    with_threads(|threads| {
        let mut server = Server::start(&["--threads", threads, "--save", "3600 1"]);
        let mut client = server.client();
        let fifo = let_a_snapshot_hang(&server);
        let mut saver = server.client();
        saver.send(&["SAVE"]);
        eventually("it hangs", || client.info("rdb_bgsave_in_progress") == "1");
        assert_eq!(client.ask(&["SET", "k", "v"]), "OK");
        server.signal("TERM");
        eventually("it is about to end", || {
            let log = fs::read_to_string(server.directory.join("log"));
            log.unwrap_or_default().contains("signal to end")
        });
        drop(fs::read(fifo).unwrap());
        assert_eq!(saver.reply(), "-ERR");
        assert_eq!(server.wait().code(), Some(0));
        assert_eq!(server.start_from_dump(&[]).client().ask(&["GET", "k"]), "v");
    });
}
