//! Clients that wait for lists.

use crate::client::{Client, request};
use crate::server::Server;
use crate::{eventually, with_threads};
use std::thread;
use std::time::{Duration, Instant};

fn wait_for_blocked(client: &mut Client, count: u64) {
    eventually("so many clients wait", || {
        client.info_number("blocked_clients") == count
    });
}

/// A client that waits, and is known to.
fn waiter(server: &Server, observer: &mut Client, request: &[&str], count: u64) -> Client {
    let mut client = server.client();
    client.send(request);
    wait_for_blocked(observer, count);
    client
}

#[test]
fn those_who_came_first_are_served_first() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut observer = server.client();
        let mut waiters: Vec<Client> = (1..=20)
            .map(|count| waiter(&server, &mut observer, &["BLPOP", "no", "k", "0"], count))
            .collect();
        // One push for some, and one push each for the others.
        let mut push = vec!["RPUSH", "k"];
        let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        push.extend(names.iter().take(10).map(String::as_str));
        assert_eq!(observer.ask(&push), ":10");
        for name in names.iter().skip(10) {
            assert_eq!(observer.ask(&["RPUSH", "k", name]), ":1");
        }
        for (number, waiter) in waiters.iter_mut().enumerate() {
            assert_eq!(waiter.reply(), format!("[k {number}]"));
        }
        assert_eq!(observer.ask(&["DBSIZE"]), ":0");
        wait_for_blocked(&mut observer, 0);
    });
}

#[test]
fn nothing_is_lost_to_clients_that_have_vanished() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut observer = server.client();
        let closed = waiter(&server, &mut observer, &["BLPOP", "k", "0"], 1);
        let mut reset = server.client();
        reset.write(b"PING\r\nBLPOP k 0\r\n");
        wait_for_blocked(&mut observer, 2);
        let half = waiter(&server, &mut observer, &["BRPOP", "k", "0"], 3);
        let mut last = waiter(&server, &mut observer, &["BLPOP", "k", "0"], 4);
        drop(closed);
        wait_for_blocked(&mut observer, 3);
        // Its PONG was never read.
        let _ = reset.socket().peek(&mut [0; 1]).unwrap();
        drop(reset);
        wait_for_blocked(&mut observer, 2);
        let mut half = half;
        half.end_of_input();
        wait_for_blocked(&mut observer, 1);
        assert_eq!(observer.ask(&["RPUSH", "k", "a", "b"]), ":2");
        assert_eq!(last.reply(), "[k a]");
        assert_eq!(observer.ask(&["LRANGE", "k", "0", "-1"]), "[b]");
    });
}

/// Who waits is watched, however much it has sent ahead.
#[test]
fn a_client_that_vanishes_behind_a_long_pipeline_is_noticed() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut observer = server.client();
        let mut waiter = waiter(&server, &mut observer, &["BLPOP", "k", "0"], 1);
        waiter.write(&b"PING\r\n".repeat(100_000));
        drop(waiter);
        wait_for_blocked(&mut observer, 0);
        assert_eq!(observer.ask(&["RPUSH", "k", "a"]), ":1");
        assert_eq!(observer.ask(&["LPOP", "k"]), "a");
    });
}

#[test]
fn requests_behind_a_wait_are_answered_after_it() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut observer = server.client();
        let mut client = server.client();
        let mut pipeline = request(&["ECHO", "before"]);
        pipeline.extend(request(&["BLPOP", "k", "0"]));
        for number in 0..10_000 {
            pipeline.extend(request(&["ECHO", &number.to_string()]));
        }
        pipeline.extend(request(&["BRPOP", "k", "0.01"]));
        pipeline.extend(request(&["ECHO", "after"]));
        client.write(&pipeline);
        assert_eq!(client.reply(), "before");
        wait_for_blocked(&mut observer, 1);
        assert_eq!(observer.ask(&["RPUSH", "k", "element"]), ":1");
        assert_eq!(client.reply(), "[k element]");
        for number in 0..10_000 {
            assert_eq!(client.reply(), number.to_string());
        }
        assert_eq!(client.reply(), "nil");
        assert_eq!(client.reply(), "after");
    });
}

#[test]
fn a_wait_ends_in_time_and_never_early() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let waits = [1, 10, 99, 100, 250, 333, 500].map(|millis| {
            let mut client = server.client();
            thread::spawn(move || {
                let wanted = Duration::from_millis(millis);
                let timeout = wanted.as_secs_f64().to_string();
                let start = Instant::now();
                assert_eq!(client.ask(&["BLPOP", "k", &timeout]), "nil");
                (wanted, start.elapsed())
            })
        });
        for wait in waits {
            let (wanted, took) = wait.join().unwrap();
            assert!(took >= wanted, "{took:?} instead of {wanted:?}");
            let late = took - wanted;
            assert!(late < Duration::from_millis(100), "{late:?} late");
        }
    });
}
