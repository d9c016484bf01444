//! Messages to many.

use crate::client::{Client, request};
use crate::server::Server;
use crate::{eventually, max_files, with_threads};
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

fn subscribers(server: &Server, count: usize) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send(&["SUBSCRIBE", "news"]);
    }
    for client in &mut clients {
        assert_eq!(client.reply(), "[subscribe news :1]");
    }
    clients
}

#[test]
fn all_get_all_messages_in_order() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let count = 1_000.min(max_files() / 8);
        let mut clients = subscribers(&server, count);
        let mut publisher = server.client();
        for number in 0..100 {
            publisher.send(&["PUBLISH", "news", &number.to_string()]);
        }
        for number in 0..100 {
            assert_eq!(publisher.reply(), format!(":{count}"), "{number}");
        }
        for client in &mut clients {
            for number in 0..100 {
                assert_eq!(client.reply(), format!("[message news {number}]"));
            }
        }
        drop(clients);
        eventually("all have left", || {
            publisher.info_number("pubsub_channels") == 0
        });
    });
}

#[test]
fn one_that_never_reads_delays_nobody_and_is_disconnected() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut publisher = server.client();
        let limit = ["client-output-buffer-limit", "pubsub 1mb 0 0"];
        assert_eq!(publisher.ask(&["CONFIG", "SET", limit[0], limit[1]]), "OK");
        let mut deaf = subscribers(&server, 1).remove(0);
        let mut clients = subscribers(&server, 20);
        let message = "m".repeat(100 * 1024);
        let before = server.resident_memory();
        let mut receivers = Vec::new();
        for _ in 0..300 {
            let start = Instant::now();
            receivers.push(publisher.ask(&["PUBLISH", "news", &message]));
            for client in &mut clients {
                assert_eq!(client.reply().len(), message.len() + 15);
            }
            assert!(start.elapsed() < Duration::from_secs(10));
        }
        let grown = server.resident_memory().saturating_sub(before);
        assert!(grown < 24 * MIB, "grown by {grown} bytes");
        assert_eq!(receivers.first().unwrap(), ":21");
        assert_eq!(receivers.last().unwrap(), ":20");
        assert!(deaf.is_closed());
        assert_eq!(
            publisher.info("client_output_buffer_limit_disconnections"),
            "1"
        );
    });
}

#[test]
fn a_large_message_is_not_copied_for_each() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let count = 1_000.min(max_files() / 8);
        let mut clients = subscribers(&server, count);
        let mut publisher = server.client();
        let message = "m".repeat(MIB);
        let before = server.resident_memory();
        publisher.send(&["PUBLISH", "news", &message]);
        assert_eq!(publisher.reply(), format!(":{count}"));
        let grown = server.resident_memory().saturating_sub(before);
        assert!(grown < 64 * MIB, "grown by {grown} bytes");
        for client in &mut clients {
            assert_eq!(client.reply().len(), MIB + 15);
        }
    });
}

/// With small messages: they are copied, each waits in as many outboxes as there are listeners.
#[test]
fn a_client_may_listen_to_very_many_channels_and_leave() {
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut observer = server.client();
        let names: Vec<String> = (0..100_000).map(|number| format!("c{number}")).collect();
        let mut client = server.client();
        let mut words = vec!["SUBSCRIBE"];
        words.extend(names.iter().map(String::as_str));
        client.write(&request(&words));
        for (number, name) in names.iter().enumerate() {
            assert_eq!(
                client.reply(),
                format!("[subscribe {name} :{}]", number + 1)
            );
        }
        assert_eq!(observer.info("pubsub_channels"), "100000");
        drop(client);
        let start = Instant::now();
        eventually("nobody listens", || {
            observer.info_number("pubsub_channels") == 0
        });
        assert!(start.elapsed() < Duration::from_secs(10));
    });
}
