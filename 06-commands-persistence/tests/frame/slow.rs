//! Clients that send much and read late, or never.

use crate::client::{Client, request};
use crate::server::Server;
use crate::with_threads;
use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

/// Writes the bytes again and again until the server takes no more.
fn write_until_stuck(client: &mut Client, bytes: &[u8]) {
    let socket: &mut TcpStream = client.socket();
    socket
        .set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    for _ in 0..4096 {
        if socket.write_all(bytes).is_err() {
            return;
        }
    }
    panic!("the server takes whatever it gets");
}

fn assert_others_are_served(server: &Server) {
    let mut other = server.client();
    for _ in 0..100 {
        let start = Instant::now();
        assert_eq!(other.ask(&["PING"]), "PONG");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn who_asks_for_large_values_and_never_reads_costs_little() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let value = "v".repeat(MIB);
        assert_eq!(client.ask(&["SET", "k", &value]), "OK");
        let before = server.resident_memory();
        // Values that leave by reference.
        write_until_stuck(&mut client, &request(&["GET", "k"]).repeat(1000));
        assert_others_are_served(&server);
        server.wait_until_idle();
        let grown = server.resident_memory().saturating_sub(before);
        assert!(grown < 32 * MIB, "grown by {grown} bytes");
    });
}

#[test]
fn who_asks_for_small_values_and_never_reads_is_made_to_wait() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        assert_eq!(client.ask(&["SET", "k", &"v".repeat(10_000)]), "OK");
        let before = server.resident_memory();
        write_until_stuck(&mut client, &request(&["GET", "k"]).repeat(1000));
        assert_others_are_served(&server);
        server.wait_until_idle();
        let grown = server.resident_memory().saturating_sub(before);
        assert!(grown < 320 * MIB, "grown by {grown} bytes");
        // Whoever reads in the end gets all that is due, in order.
        for _ in 0..30_000 {
            assert_eq!(client.reply().len(), 10_000);
        }
    });
}

#[test]
fn a_long_pipeline_may_be_written_before_its_replies_are_read() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let words: Vec<String> = (0..600_000)
            .map(|number| format!("{number:0>100}"))
            .collect();
        let mut pipeline = Vec::new();
        for word in &words {
            pipeline.extend(request(&["ECHO", word]));
        }
        assert!(pipeline.len() > 64 * MIB);
        client.write(&pipeline);
        for word in &words {
            assert_eq!(client.reply(), *word);
        }
        assert_eq!(client.ask(&["PING"]), "PONG");
    });
}

#[test]
fn a_pipeline_that_ends_with_the_input_is_answered_to_its_end() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let value = "v".repeat(50_000);
        assert_eq!(client.ask(&["SET", "k", &value]), "OK");
        // More than the sockets hold, so that some is still to be sent when the end of the input is seen.
        let (count, length) = (2_000, value.len() + "$50000\r\n\r\n".len());
        client.write(&request(&["GET", "k"]).repeat(count));
        client.end_of_input();
        thread::sleep(Duration::from_millis(50));
        assert_eq!(client.read_to_end().len(), count * length);
    });
}

/// While a reply waits that is larger than what may wait, requests do. Then they are executed, though nothing more
/// is received.
#[test]
fn what_stands_behind_a_very_large_reply_is_answered() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let value = "v".repeat(260 * MIB);
        assert_eq!(client.ask(&["SET", "k", &value]), "OK");
        client.write(b"GET k\r\nPING\r\n");
        assert_eq!(client.reply().len(), value.len());
        assert_eq!(client.reply(), "PONG");
    });
}

/// One has sent half a request, one has gone in the midst of one, one sends byte by byte.
#[test]
fn halves_of_requests_stay_halves() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut half = server.client();
        half.write(b"*2\r\n$4\r\nECHO\r\n$1000000\r\nabc");
        let mut gone = server.client();
        gone.write(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\nab");
        drop(gone);
        let mut slow = server.client();
        for byte in request(&["ECHO", "slowly"]) {
            slow.write(&[byte]);
        }
        assert_eq!(slow.reply(), "slowly");
        assert_eq!(slow.ask(&["EXISTS", "k"]), ":0");
        half.write(&b"x".repeat(1_000_000 - 3));
        half.write(b"\r\n");
        assert_eq!(half.reply().len(), 1_000_000);
    });
}

/// A pipeline of slow requests holds nobody else up for long.
#[test]
fn others_are_served_between_the_batches_of_a_pipeline() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        for chunk in 0..100 {
            let mut words = vec!["RPUSH".to_string(), "list".into()];
            words.extend((0..1000).map(|number| format!("{chunk}:{number}")));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            client.ask(&words);
        }
        let (sender, finished) = channel();
        let busy = thread::spawn(move || {
            // Each looks at 100,000 elements and finds none.
            client.write(&request(&["LREM", "list", "0", "none"]).repeat(1000));
            for _ in 0..1000 {
                assert_eq!(client.reply(), ":0");
            }
            sender.send(()).unwrap();
        });
        let mut other = server.client();
        let mut worst = Duration::ZERO;
        while finished.try_recv().is_err() {
            let start = Instant::now();
            assert_eq!(other.ask(&["PING"]), "PONG");
            worst = worst.max(start.elapsed());
        }
        busy.join().unwrap();
        assert!(worst < Duration::from_millis(500), "{worst:?}");
    });
}
