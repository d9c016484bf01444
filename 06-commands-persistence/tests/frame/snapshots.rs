//! Snapshots that are taken while clients go on: what is in the file was there at one moment.

use crate::client::{Client, request};
use crate::server::Server;
use crate::{eventually, with_threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const KEYS: usize = 20_000;

/// Sends many requests at once and drops the replies, of which none may be an error.
fn pipeline(client: &mut Client, requests: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut bytes = Vec::new();
    let mut count = 0;
    for words in requests {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        bytes.extend(request(&words));
        count += 1;
    }
    client.write(&bytes);
    let replies: Vec<String> = (0..count).map(|_| client.reply()).collect();
    let error = replies.iter().find(|reply| reply.starts_with('-'));
    assert_eq!(error, None);
    replies
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(String::from).to_vec()
}

fn wait_for_save(client: &mut Client) {
    eventually("the snapshot is written", || {
        client.info("rdb_bgsave_in_progress") == "0"
    });
    assert_eq!(client.info("rdb_last_bgsave_status"), "ok");
}

fn key(number: usize) -> String {
    format!("key:{number}")
}

fn fill(client: &mut Client) {
    let sets = (0..KEYS).map(|number| words(["SET", &key(number), "0"]));
    pipeline(client, sets);
}

/// The values of all keys, in the order of their numbers.
fn values(client: &mut Client) -> Vec<String> {
    let gets = (0..KEYS).map(|number| words(["GET", &key(number)]));
    pipeline(client, gets)
}

/// All that follows BGSAVE, even in the same batch, comes too late for the file.
#[test]
fn a_snapshot_shows_the_moment_at_which_it_was_asked_for() {
    with_threads(|threads| {
        for last in ["FLUSHALL", "DBSIZE"] {
            let server = Server::start(&["--threads", threads]);
            let mut client = server.client();
            fill(&mut client);
            let mut requests = vec![words(["BGSAVE"]), words(["SET", "late", "1"])];
            requests.push(words([last]));
            for number in 0..KEYS {
                requests.push(words(["INCR", &key(number)]));
                if number % 3 == 0 {
                    requests.push(words(["DEL", &key(number)]));
                }
            }
            requests.push(words([last]));
            requests.push(words(["SET", &key(1), "late"]));
            pipeline(&mut client, requests.into_iter());
            wait_for_save(&mut client);
            // What was changed while the snapshot was there had to be copied.
            assert_ne!(client.info("rdb_last_cow_size"), "0");
            assert_eq!(client.info("current_cow_size"), "0");
            let copy = server.start_from_dump(&[]);
            let mut reader = copy.client();
            assert_eq!(reader.ask(&["GET", "late"]), "nil", "{last}");
            assert_eq!(reader.ask(&["DBSIZE"]), format!(":{KEYS}"));
            assert!(values(&mut reader).iter().all(|value| value == "0"));
        }
    });
}

/// Each writer counts its keys up in turn. At every moment they are equal up to some key, and one less behind it.
#[test]
fn a_snapshot_is_of_one_moment_while_others_write() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        fill(&mut client);
        let stop = Arc::new(AtomicBool::new(false));
        let writers = [0, 1].map(|half| {
            let mut writer = server.client();
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let numbers = half * KEYS / 2..(half + 1) * KEYS / 2;
                    pipeline(
                        &mut writer,
                        numbers.map(|number| words(["INCR", &key(number)])),
                    );
                }
            })
        });
        // Others come and go meanwhile.
        let mut noise = server.client();
        for round in 0..5 {
            assert_eq!(client.ask(&["BGSAVE"]), "Background saving started");
            for number in 0..500 {
                let name = format!("noise:{round}:{number}");
                noise.ask(&["SET", &name, "x", "PX", "5"]);
                noise.ask(&["RPUSH", "list", &name]);
                noise.ask(&["LPOP", "list"]);
            }
            wait_for_save(&mut client);
            let copy = server.start_from_dump(&[]);
            let values: Vec<u64> = values(&mut copy.client())
                .iter()
                .map(|value| value.parse().unwrap())
                .collect();
            for half in values.chunks(KEYS / 2) {
                assert!(half.is_sorted_by(|value, next| value >= next));
                assert!(half.first().unwrap() - half.last().unwrap() <= 1);
            }
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn deadlines_are_those_of_the_moment() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        fill(&mut client);
        let odd = |number: usize| number % 2 == 1;
        let expires = (0..KEYS).filter(|number| odd(*number));
        pipeline(
            &mut client,
            expires.map(|number| words(["EXPIRE", &key(number), "1000"])),
        );
        // The first words of each request after it.
        let requests = (0..KEYS).map(|number| match number % 4 {
            0 => words(["EXPIRE", &key(number), "5000"]),
            1 => words(["PERSIST", &key(number)]),
            2 => words(["PEXPIRE", &key(number), "1"]),
            _ => words(["PEXPIRE", &key(number), "1"]),
        });
        let bgsave = std::iter::once(words(["BGSAVE"]));
        pipeline(&mut client, bgsave.chain(requests));
        wait_for_save(&mut client);
        eventually("half of them have expired", || {
            client.ask(&["DBSIZE"]) == format!(":{}", KEYS / 2)
        });
        let copy = server.start_from_dump(&[]);
        let mut reader = copy.client();
        let ttls = pipeline(
            &mut reader,
            (0..KEYS).map(|number| words(["TTL", &key(number)])),
        );
        for (number, ttl) in ttls.iter().enumerate() {
            let ttl: i64 = ttl.trim_start_matches(':').parse().unwrap();
            if odd(number) {
                assert!((900..=1000).contains(&ttl), "{number}: {ttl}");
            } else {
                assert_eq!(ttl, -1, "{number}");
            }
        }
    });
}

#[test]
fn save_lets_others_go_on() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        for part in 0..10 {
            let sets = (0..KEYS).map(|number| words(["SET", &format!("{part}:{number}"), "value"]));
            pipeline(&mut client, sets);
        }
        let mut saver = server.client();
        saver.send(&["SAVE"]);
        saver.send(&["PING"]);
        let mut worst = Duration::ZERO;
        let mut others = 0;
        loop {
            let start = Instant::now();
            client.ask(&["INCR", "counter"]);
            worst = worst.max(start.elapsed());
            others += 1;
            if client.info("rdb_saves") == "1" {
                break;
            }
        }
        assert_eq!(saver.reply(), "OK");
        assert_eq!(saver.reply(), "PONG");
        assert!(others > 1);
        assert!(worst < Duration::from_millis(500), "{worst:?}");
        assert!(server.dump().exists());
    });
}

/// However large the values are, nobody waits long for a snapshot.
#[test]
fn large_values_hold_nobody_up() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let value = "0123456789abcdef".repeat(1 << 16);
        for number in 0..200 {
            assert_eq!(client.ask(&["SET", &key(number), &value]), "OK");
        }
        assert_eq!(client.ask(&["CONFIG", "RESETSTAT"]), "OK");
        assert_eq!(client.ask(&["BGSAVE"]), "Background saving started");
        let mut worst = Duration::ZERO;
        while client.info("rdb_saves") == "0" {
            let start = Instant::now();
            assert_eq!(client.ask(&["PING"]), "PONG");
            worst = worst.max(start.elapsed());
        }
        eprintln!(
            "200 values of 1 MiB: PING took up to {worst:?}; the lock was held for {} us by {}",
            client.info("longest_lock_hold_usec"),
            client.info("longest_lock_hold_by")
        );
        assert!(worst < Duration::from_millis(1000), "{worst:?}");
    });
}

#[test]
fn two_snapshots_at_once_are_refused() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        fill(&mut client);
        client.write(b"BGSAVE\r\nBGSAVE\r\nSAVE\r\nPING\r\n");
        assert_eq!(client.reply(), "Background saving started");
        let refused = "-ERR Background save already in progress";
        assert_eq!(client.reply(), refused);
        assert_eq!(client.reply(), refused);
        assert_eq!(client.reply(), "PONG");
        wait_for_save(&mut client);
        assert_eq!(client.ask(&["SAVE"]), "OK");
    });
}
