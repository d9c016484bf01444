//! What a client may do without harm to the server, to its memory, or to other clients.

use std::fs;
use std::time::Duration;
use workshop::client::{Client, bulk, request};
use workshop::failure::Failure;
use workshop::server::Server;
use workshop::stage::{STAGES, Stage};
use workshop::target::Target;

/// By how much the server's memory may grow.
const MAX_GROWTH: u64 = 64 * 1024 * 1024;

/// The most that a client sends which never reads: far more than what may be kept of it.
const MAX_FLOOD: usize = 512 * 1024 * 1024;

/// What a hostile client does. The connections that it leaves open are still there while others are
/// served, from the stage on that serves many.
type Attack = fn(&Target) -> Result<Vec<Client>, Failure>;

const ATTACKS: [(&str, Attack); 10] = [
    ("lengths beyond all bounds", lengths_beyond_bounds),
    ("line ends that are missing", missing_line_ends),
    ("a million announced elements", announced_elements),
    ("a million empty arguments", empty_arguments),
    ("a megabyte without a line end", endless_line),
    ("half a frame, then silence", half_a_frame),
    (
        "half a megabyte of a bulk string, then silence",
        half_a_value,
    ),
    ("requests without end, and never a read", flood),
    ("replies that are large, and never a read", large_replies),
    ("resets", resets),
];

fn lengths_beyond_bounds(target: &Target) -> Result<Vec<Client>, Failure> {
    for length in [
        "-1",
        "-2147483648",
        "-9223372036854775808",
        "536870913",
        "2147483648",
        "9223372036854775807",
        "18446744073709551616",
        "",
        " ",
        "0x10",
        "1e9",
        "\u{7f}",
    ] {
        let mut client = target.connect()?;
        client.send(format!("*1\r\n${length}\r\n"))?;
        client.expect("-ERR Protocol error: invalid bulk length\r\n")?;
        client.expect_end()?;
    }
    for length in [
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "",
        "-",
        "1 ",
    ] {
        let mut client = target.connect()?;
        client.send(format!("*{length}\r\n"))?;
        client.expect("-ERR Protocol error: invalid multibulk length\r\n")?;
        client.expect_end()?;
    }
    let mut client = target.connect()?;
    for length in ["-1", "-2147483648", "-9223372036854775808", "0"] {
        client.send(format!("*{length}\r\n"))?;
    }
    client.settle()?;
    Ok(vec![])
}

fn missing_line_ends(target: &Target) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::new();
    for bytes in [
        "*1\n$4\nPING\n",
        "*1\r\n$4\r\nPINGPING\r\n$4",
        "*2\r$4\rECHO\r",
        "PING\r",
        "*",
    ] {
        let mut client = target.connect()?;
        client.send(bytes)?;
        // Only the first of them may stay where one client at a time is served.
        client.finish_sending()?;
        clients.push(client);
    }
    Ok(clients)
}

fn announced_elements(target: &Target) -> Result<Vec<Client>, Failure> {
    open(target, 20, b"*1048576\r\n$536870912\r\n")
}

/// So many clients, each of which sends this and waits.
fn open(target: &Target, clients: usize, bytes: &[u8]) -> Result<Vec<Client>, Failure> {
    let one = || {
        let mut client = target.connect()?;
        client.send(bytes)?;
        Ok(client)
    };
    (0..clients).map(|_| one()).collect()
}

fn empty_arguments(target: &Target) -> Result<Vec<Client>, Failure> {
    let mut client = target.connect()?;
    let elements = 1024 * 1024;
    client.send(format!("*{elements}\r\n$4\r\nECHO\r\n"))?;
    client.send("$0\r\n\r\n".repeat(elements - 1))?;
    client.expect("-ERR wrong number of arguments for 'echo' command\r\n")?;
    client.settle()?;
    Ok(vec![client])
}

fn endless_line(target: &Target) -> Result<Vec<Client>, Failure> {
    for start in ["x", "*", "$", "*1\r\n$", "\"", "*1\r\n"] {
        let mut client = target.connect()?;
        // Refused long before its end: how much of it is still taken is the server's affair.
        let _ = client.send([start.as_bytes(), &[b'1'; 1024 * 1024]].concat());
    }
    Ok(vec![])
}

fn half_a_frame(target: &Target) -> Result<Vec<Client>, Failure> {
    open(target, 20, b"*2\r\n$4\r\nECHO\r\n$10\r\nhello")
}

fn half_a_value(target: &Target) -> Result<Vec<Client>, Failure> {
    let head = b"*2\r\n$4\r\nECHO\r\n$536870912\r\n".as_slice();
    open(target, 4, &[head, &[b'x'; 512 * 1024]].concat())
}

/// Sends the request over and over until the server takes no more of it.
fn send_for_ever(target: &Target, requests: &[u8]) -> Result<Vec<Client>, Failure> {
    let mut client = Client::connect(target.address, Duration::from_millis(500))?;
    for _ in 0..MAX_FLOOD / requests.len() {
        if client.send(requests).is_err() {
            return Ok(vec![client]);
        }
    }
    let came = format!("it took {} bytes", MAX_FLOOD);
    Err(Failure::new(
        "a server that stops reading what nobody reads the replies to",
        came,
    ))
}

fn flood(target: &Target) -> Result<Vec<Client>, Failure> {
    send_for_ever(target, &b"PING\r\n".repeat(10_000))
}

fn large_replies(target: &Target) -> Result<Vec<Client>, Failure> {
    send_for_ever(target, &request(&["ECHO", &"x".repeat(100_000)]))
}

fn resets(target: &Target) -> Result<Vec<Client>, Failure> {
    for _ in 0..50 {
        let mut client = target.connect()?;
        client.send("PING\r\n".repeat(2000))?;
        client.wait_unread()?;
    }
    Ok(vec![])
}

/// Another client, who only wants to be served.
fn serves(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.ask(&["ECHO", "hello"], bulk("hello"))?;
    client.settle()
}

/// Bytes of memory that the process uses, where the system tells.
fn memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Stage 06 goes on to read from a client that does not read its replies, until these are 256 MiB.
fn max_growth(stage: Stage) -> u64 {
    let unread = if stage.number >= 6 { 256 } else { 0 };
    MAX_GROWTH + unread * 1024 * 1024
}

fn withstands(stage: Stage, flags: &[&str], concurrent: bool) {
    let mut server = Server::start_with(stage, flags).unwrap();
    let target = Target::new(server.address());
    serves(&target).unwrap();
    for (name, attack) in ATTACKS {
        let about = format!("{} {flags:?}: {name}", stage.folder);
        let before = memory(server.process().id());
        let attackers = attack(&target).unwrap_or_else(|failure| panic!("{about}\n{failure}"));
        if concurrent {
            serves(&target).unwrap_or_else(|failure| panic!("during {about}\n{failure}"));
        }
        let during = memory(server.process().id());
        drop(attackers);
        serves(&target).unwrap_or_else(|failure| panic!("after {about}\n{failure}"));
        if let (Some(before), Some(during)) = (before, during) {
            let growth = during.saturating_sub(before);
            assert!(
                growth < max_growth(stage),
                "{about}: memory grew by {growth} bytes"
            );
        }
    }
}

#[test]
fn stage_02_withstands() {
    withstands(STAGES[1], &[], false);
}

#[test]
fn stage_03_withstands() {
    withstands(STAGES[2], &[], false);
}

#[test]
fn stage_04_withstands_with_tasks() {
    withstands(STAGES[3], &["--model", "tasks"], true);
}

#[test]
fn stage_04_withstands_with_an_actor() {
    withstands(STAGES[3], &["--model", "actor"], true);
}

#[test]
fn stage_04_withstands_with_threads() {
    withstands(STAGES[3], &["--model", "threads"], true);
}

#[test]
fn stage_05_withstands() {
    withstands(STAGES[4], &[], true);
}

#[test]
fn stage_06_withstands() {
    withstands(STAGES[5], &[], true);
}
