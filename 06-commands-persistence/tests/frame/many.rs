//! Very many clients at once.

use crate::client::Client;
use crate::server::Server;
use crate::{eventually, max_files, with_threads};
use std::sync::{Mutex, PoisonError};

const MIB: usize = 1024 * 1024;

/// Only one test has this many connections at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Lets so many clients come, do something, and go. The server's memory must be about what it was.
fn come_and_go(threads: &str, act: impl Fn(&mut [Client], &mut Client)) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let count = 10_000.min(max_files() / 2);
    let server = Server::start(&["--threads", threads, "--maxclients", "20000"]);
    let mut observer = server.client();
    assert_eq!(observer.ask(&["PING"]), "PONG");
    let before = server.resident_memory();
    let mut most = 0;
    for round in 0..3 {
        let mut clients: Vec<Client> = (0..count).map(|_| server.client()).collect();
        act(&mut clients, &mut observer);
        most = most.max(server.resident_memory());
        drop(clients);
        eventually("all have left", || {
            observer.info_number("connected_clients") == 1
        });
        assert_eq!(observer.info("blocked_clients"), "0");
        assert_eq!(observer.info("pubsub_clients"), "0");
        assert_eq!(observer.info("pubsub_channels"), "0");
        let left = || server.resident_memory().saturating_sub(before);
        eventually("their memory is given back", || left() < 24 * MIB);
        eprintln!(
            "{count} clients, {threads} threads, round {round}: {} KiB at the start, {} with them, {} left over",
            before / 1024,
            most / 1024,
            left() / 1024
        );
    }
}

#[test]
fn clients_that_run_a_command_leave_nothing_behind() {
    with_threads(|threads| {
        come_and_go(threads, |clients, _| {
            for client in clients.iter_mut() {
                client.send(&["SET", "k", "v"]);
            }
            for client in clients {
                assert_eq!(client.reply(), "OK");
            }
        });
    });
}

#[test]
fn clients_that_wait_or_listen_leave_nothing_behind() {
    with_threads(|threads| {
        come_and_go(threads, |clients, observer| {
            let fifth = clients.len() / 5;
            for (number, client) in clients.iter_mut().enumerate() {
                let name = format!("name:{}", number % 500);
                match number / fifth {
                    0 => client.send(&["BLPOP", &name, "other", "0"]),
                    1 => client.send(&["SUBSCRIBE", &name, "other"]),
                    _ => client.send(&["PING"]),
                }
            }
            for (number, client) in clients.iter_mut().enumerate() {
                match number / fifth {
                    0 => {}
                    1 => drop((client.reply(), client.reply())),
                    _ => drop(client.reply()),
                }
            }
            eventually("all wait", || {
                observer.info_number("blocked_clients") == fifth as u64
            });
        });
    });
}

#[test]
fn large_requests_and_replies_leave_nothing_behind() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut observer = server.client();
        let value = "v".repeat(900_000);
        let before = server.resident_memory();
        let mut clients: Vec<Client> = (0..100).map(|_| server.client()).collect();
        for client in &mut clients {
            assert_eq!(client.ask(&["SET", "k", &value]), "OK");
            for _ in 0..3 {
                assert_eq!(client.ask(&["GET", "k"]).len(), value.len());
                assert_eq!(client.ask(&["ECHO", &value]).len(), value.len());
            }
        }
        let with = server.resident_memory().saturating_sub(before);
        drop(clients);
        eventually("all have left", || {
            observer.info_number("connected_clients") == 1
        });
        let left = server.resident_memory().saturating_sub(before);
        eprintln!("100 clients with large requests: {with} bytes with them, {left} left over");
        // With two threads the allocator keeps some of it for the one that has freed it.
        assert!(left < 96 * MIB, "{left} bytes left over");
    });
}

#[test]
fn no_more_are_served_than_are_allowed() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads, "--maxclients", "10"]);
        // All of them come at once, from the server's point of view.
        server.signal("STOP");
        let mut clients: Vec<Client> = (0..100).map(|_| server.client()).collect();
        server.signal("CONT");
        let mut served = Vec::new();
        let mut refused = 0;
        for mut client in clients.drain(..) {
            // One that is refused may find its connection broken already.
            match client.try_ask(&["PING"]) {
                Ok(reply) if reply == "PONG" => served.push(client),
                Ok(reply) => {
                    assert_eq!(reply, "-ERR max number of clients reached");
                    refused += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert_eq!((served.len(), refused), (10, 90));
        let first = served.first_mut().unwrap();
        assert_eq!(first.info("connected_clients"), "10");
        assert_eq!(first.info("rejected_connections"), "90");
        // Where one leaves, another may come.
        served.pop();
        eventually("there is a place again", || {
            let mut client = server.client();
            let is_served = client.try_ask(&["PING"]).is_ok_and(|reply| reply == "PONG");
            served.push(client);
            is_served
        });
        // The text, for one that only listens.
        let mut late = server.client();
        assert_eq!(late.reply(), "-ERR max number of clients reached");
        assert!(late.is_closed());
    });
}
