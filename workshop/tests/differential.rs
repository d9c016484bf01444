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

/// A redis-server, if there is one.
fn redis() -> Option<Server> {
    let redis = Server::start_redis().unwrap();
    if redis.is_none() {
        eprintln!("skipped: there is no redis-server on the PATH");
    }
    redis
}

/// Both servers, if there is a redis-server.
fn both(stage: Stage) -> Option<[Server; 2]> {
    let redis = redis()?;
    Some([Server::start(stage).unwrap(), redis])
}

fn patient(server: &Server) -> Target {
    Target {
        deadline: Duration::from_secs(20),
        ..Target::new(server.address())
    }
}

/// Whether two replies to this request mean the same.
fn agree(request: &[Vec<u8>], ours: &(Reply, Vec<u8>), theirs: &(Reply, Vec<u8>)) -> bool {
    let name = request[0].to_ascii_lowercase();
    let allowed = match name.as_slice() {
        b"ttl" | b"expiretime" => 1 + APART / 1000,
        b"pttl" | b"pexpiretime" => APART,
        b"smembers" | b"keys" => return sorted(&ours.0) == sorted(&theirs.0),
        b"randomkey" => return is_random_key(&ours.0) == is_random_key(&theirs.0),
        // What it tells of the server differs; that it tells as much does not.
        b"hello" if !ours.1.starts_with(b"-") => return size(&ours.0) == size(&theirs.0),
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

/// The elements of a set or an array in an order of ours, where the server's is free.
fn sorted(reply: &Reply) -> Reply {
    let in_order = |elements: &[Reply]| {
        let mut elements = elements.to_vec();
        elements.sort_by(|one, other| one.bulk().cmp(&other.bulk()));
        elements
    };
    match reply {
        Reply::Array(elements) => Reply::Array(in_order(elements)),
        Reply::Set(elements) => Reply::Set(in_order(elements)),
        other => other.clone(),
    }
}

/// `None`: it is null, or another reply that says that there is no key.
fn is_random_key(reply: &Reply) -> Option<bool> {
    reply.bulk().map(|key| KEYS.contains(&key))
}

/// Which kind of collection, and how many elements.
fn size(reply: &Reply) -> Option<(bool, usize)> {
    match reply {
        Reply::Array(elements) => Some((false, elements.len())),
        Reply::Map(pairs) => Some((true, pairs.len())),
        _ => None,
    }
}

fn compare_commands(stage: Stage, seed: u64, count: usize) {
    if let Some(servers) = both(stage) {
        compare(servers, stage.folder, Dialect::of(stage), seed, count);
    }
}

/// Sends random commands to both, which are called ours and Redis's.
fn compare(servers: [Server; 2], name: &str, dialect: Dialect, seed: u64, count: usize) {
    let mut random = Random::new(seed);
    let mut clients = servers.map(|server| (patient(&server).connect().unwrap(), server));
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
                "SEED={seed}, {name}\n  request {}\n  ours    {}\n  redis   {}",
                shown(&request(args)),
                shown(&ours.1),
                shown(&theirs.1)
            );
        }
        sent += batch.len();
    }
    let [ours, theirs] = clients
        .each_mut()
        .map(|(client, _)| final_state(client, dialect));
    let differ = ours
        .iter()
        .zip(&theirs)
        .find(|(ours, theirs)| ours != theirs);
    assert!(
        differ.is_none(),
        "SEED={seed}, {name}: the state at the end: {differ:?}"
    );
}

/// The value of every key, of whatever type: the other two are errors, the same for both servers.
fn final_state(client: &mut Client, dialect: Dialect) -> Vec<Reply> {
    let mut state = Vec::new();
    for key in KEYS {
        state.push(client.query(&[b"GET", key]).unwrap());
        if dialect != Dialect::Types {
            continue;
        }
        let list = client.query(&[b"LRANGE", key, b"0", b"-1"]).unwrap();
        let set = client.query(&[b"SMEMBERS", key]).unwrap();
        state.extend([list, sorted(&set)]);
    }
    state
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
    let Some([ours, redis]) = both(stage) else {
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

/// From stage 03 on: the inline commands of stage 02 know no quotes.
#[test]
fn frames_mean_the_same() {
    for stage in &STAGES[2..] {
        compare_frames(*stage, SEED, CONVERSATIONS);
    }
}

#[test]
fn commands_of_stages_03_and_04_answer_the_same() {
    compare_commands(STAGES[2], SEED, NORMAL);
    compare_commands(STAGES[3], SEED, NORMAL);
}

#[test]
fn commands_of_stage_05_answer_the_same() {
    compare_commands(STAGES[4], SEED, NORMAL);
}

/// A difference between one redis-server and another would be a mistake of the comparison.
#[test]
fn redis_answers_the_same_as_redis() {
    let (Some(one), Some(other)) = (redis(), redis()) else {
        return;
    };
    compare([one, other], "redis-server", Dialect::Types, SEED, NORMAL);
}

#[test]
#[ignore = "long: half a million requests to each"]
fn redis_answers_the_same_as_redis_for_long() {
    let (Some(one), Some(other)) = (redis(), redis()) else {
        return;
    };
    compare(
        [one, other],
        "redis-server",
        Dialect::Types,
        new_seed(),
        LONG,
    );
}

#[test]
fn commands_of_stage_06_answer_the_same() {
    compare_commands(STAGES[5], SEED, NORMAL);
}

#[test]
#[ignore = "long: half a million requests to each"]
fn many_more_commands_answer_the_same() {
    let seed = new_seed();
    compare_commands(STAGES[2], seed, LONG);
    compare_commands(STAGES[4], seed, LONG);
    compare_commands(STAGES[5], seed, LONG);
}

#[test]
#[ignore = "long: fifty thousand connections to each"]
fn many_more_frames_mean_the_same() {
    let seed = new_seed();
    for stage in [STAGES[2], STAGES[4], STAGES[5]] {
        compare_frames(stage, seed, MANY_CONVERSATIONS);
    }
}
