//! Random requests, sent to a stage's server and to redis-server: the replies must be the same, byte
//! for byte. What depends on the time of day may differ by as much as the two were asked apart.

mod random;

use random::{Dialect, KEYS, Random, command, frames::frames};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use workshop::client::{Client, request};
use workshop::failure::shown;
use workshop::reply::Reply;
use workshop::server::Server;
use workshop::stage::{STAGES, Stage};
use workshop::target::Target;

const NORMAL: usize = 20_000;
const LONG: usize = 500_000;

/// Requests that are sent before the replies are read.
const BATCH: usize = 50;

/// Conversations of good and bad frames.
const CONVERSATIONS: usize = 2000;
const MANY_CONVERSATIONS: usize = 50_000;

/// How far apart the same request may reach the two servers.
const APART: i64 = 5000;

/// What the normal tests begin with, so that they are the same in every run.
const SEED: u64 = 20_240_501;

/// The seed of a long test: new with every run, and printed where it fails. `SEED=...` repeats a run.
fn new_seed() -> u64 {
    let wanted = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    wanted.unwrap_or(since.as_micros() as u64)
}

/// Both servers, if there is a redis-server.
fn both(stage: Stage) -> Option<(Server, Server)> {
    let Some(redis) = Server::start_redis().unwrap() else {
        eprintln!("skipped: there is no redis-server on the PATH");
        return None;
    };
    Some((Server::start(stage).unwrap(), redis))
}

fn patient(server: &Server) -> Target {
    Target {
        deadline: Duration::from_secs(20),
        ..Target::new(server.address())
    }
}

/// Whether two replies to this request mean the same.
fn agree(request: &[Vec<u8>], ours: &(Reply, Vec<u8>), theirs: &(Reply, Vec<u8>)) -> bool {
    let allowed = match request[0].to_ascii_lowercase().as_slice() {
        b"ttl" | b"expiretime" => 1 + APART / 1000,
        b"pttl" | b"pexpiretime" => APART,
        _ => 0,
    };
    match (&ours.0, &theirs.0) {
        // Below zero they say that there is no key, or no deadline.
        (Reply::Integer(ours), Reply::Integer(theirs)) if *ours > 0 && *theirs > 0 => {
            (i128::from(*ours) - i128::from(*theirs)).abs() <= i128::from(allowed)
        }
        _ => ours.1 == theirs.1,
    }
}

fn compare_commands(stage: Stage, dialect: Dialect, seed: u64, count: usize) {
    let Some((ours, redis)) = both(stage) else {
        return;
    };
    let mut random = Random::new(seed);
    let mut clients = [ours, redis].map(|server| (patient(&server).connect().unwrap(), server));
    let mut sent = 0;
    while sent < count {
        let batch: Vec<_> = (0..BATCH)
            .flat_map(|_| command(&mut random, dialect))
            .collect();
        let bytes: Vec<u8> = batch.iter().flat_map(|args| request(args)).collect();
        for (client, _) in &mut clients {
            client.send(&bytes).unwrap();
        }
        for args in &batch {
            let [ours, theirs] = [0, 1].map(|side| clients[side].0.raw_reply().unwrap());
            assert!(
                agree(args, &ours, &theirs),
                "SEED={seed}, {}\n  request {}\n  ours    {}\n  redis   {}",
                stage.folder,
                shown(&request(args)),
                shown(&ours.1),
                shown(&theirs.1)
            );
        }
        sent += batch.len();
    }
    let [ours, theirs] = clients.each_mut().map(|(client, _)| final_state(client));
    assert_eq!(
        ours, theirs,
        "SEED={seed}, {}: the state at the end",
        stage.folder
    );
}

/// The value of every key.
fn final_state(client: &mut Client) -> Vec<Reply> {
    KEYS.iter()
        .map(|key| client.query(&[b"GET", *key]).unwrap())
        .collect()
}

/// All that a server answers to these bytes until it closes.
fn converse(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket.write_all(bytes).unwrap();
    // The server may have closed already, over an error.
    let _ = socket.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    answer
}

fn compare_frames(stage: Stage, seed: u64, count: usize) {
    let Some((ours, redis)) = both(stage) else {
        return;
    };
    let mut random = Random::new(seed);
    for _ in 0..count {
        let bytes = frames(&mut random);
        let [ours, theirs] = [&ours, &redis].map(|server| converse(server.address(), &bytes));
        assert!(
            ours == theirs,
            "SEED={seed}, {}\n  bytes   {}\n  ours    {}\n  redis   {}",
            stage.folder,
            bytes.escape_ascii(),
            ours.escape_ascii(),
            theirs.escape_ascii()
        );
    }
}

#[test]
fn frames_mean_the_same() {
    for stage in &STAGES[1..] {
        compare_frames(*stage, SEED, CONVERSATIONS);
    }
}

#[test]
fn commands_of_stages_03_and_04_answer_the_same() {
    compare_commands(STAGES[2], Dialect::Keyspace, SEED, NORMAL);
    compare_commands(STAGES[3], Dialect::Keyspace, SEED, NORMAL);
}

#[test]
fn commands_of_stage_05_answer_the_same() {
    compare_commands(STAGES[4], Dialect::Expiry, SEED, NORMAL);
}

#[test]
fn commands_of_stage_06_answer_the_same() {
    compare_commands(STAGES[5], Dialect::Expiry, SEED, NORMAL);
}

#[test]
#[ignore = "long: half a million requests to each"]
fn many_more_commands_answer_the_same() {
    let seed = new_seed();
    compare_commands(STAGES[2], Dialect::Keyspace, seed, LONG);
    compare_commands(STAGES[4], Dialect::Expiry, seed, LONG);
    compare_commands(STAGES[5], Dialect::Expiry, seed, LONG);
}

#[test]
#[ignore = "long: fifty thousand connections to each"]
fn many_more_frames_mean_the_same() {
    let seed = new_seed();
    for stage in [STAGES[1], STAGES[4], STAGES[5]] {
        compare_frames(stage, seed, MANY_CONVERSATIONS);
    }
}
