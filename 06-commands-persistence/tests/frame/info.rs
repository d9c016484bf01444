//! What INFO tells.

use crate::redis::Redis;
use crate::server::Server;
use crate::{eventually, with_threads};

/// Fields that Redis 7.0 has not.
const OURS: &[&str] = &[
    "threads",
    "pubsub_clients",
    "client_output_buffer_limit_disconnections",
    "longest_lock_hold_usec",
    "longest_lock_hold_by",
];

/// The fields in their order, each with its section's name; without those that depend on what was done.
fn fields(info: &str) -> Vec<String> {
    let mut section = "";
    let mut fields = Vec::new();
    for line in info.lines() {
        match (line.strip_prefix("# "), line.split_once(':')) {
            (Some(name), _) => section = name,
            (None, Some((name, _))) if !section.ends_with("stats") || section == "Stats" => {
                fields.push(format!("{section} {name}"));
            }
            _ => {}
        }
    }
    fields
}

#[test]
fn fields_are_named_and_ordered_as_redis_servers_are() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let theirs = redis.ask(&[b"INFO", b"everything"]).concat();
    let theirs = fields(&String::from_utf8(theirs).unwrap());
    let server = Server::start(&[]);
    let mut ours = fields(&server.client().ask(&["INFO", "everything"]));
    ours.retain(|field| !OURS.contains(&field.split(' ').next_back().unwrap()));
    let shared: Vec<String> = theirs.into_iter().filter(|f| ours.contains(f)).collect();
    assert_eq!(ours, shared);
    assert!(ours.len() > 50, "{ours:?}");
}

#[test]
fn used_memory_is_what_the_data_takes() {
    const SIZE: u64 = 10 << 20;
    with_threads(|threads| {
        let server = Server::start(&["--threads", threads]);
        let mut client = server.client();
        let before = client.info_number("used_memory");
        let value = "v".repeat(SIZE as usize);
        assert_eq!(client.ask(&["SET", "k", &value]), "OK");
        eventually("it takes what it has", || {
            let more = client.info_number("used_memory") - before;
            (SIZE..SIZE + SIZE / 4).contains(&more)
        });
        assert!(client.info_number("used_memory_peak") >= before + SIZE);
        assert_eq!(client.ask(&["DEL", "k"]), ":1");
        eventually("it is free", || {
            client.info_number("used_memory") < before + SIZE / 4
        });
    });
}
