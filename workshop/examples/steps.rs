//! What each step from stage 05's simple form to stage 06's fast one gains, part by part and without sockets.
//!
//! ```text
//! make steps
//! ```
//!
//! Both do the same work in turns, and the best of many short rounds counts: what else the machine does can only make one
//! longer. Memory is what was asked of the allocator: stage 06 counts it, for the whole program.

use bytes::Bytes;
use std::hint::black_box;
use std::time::Instant;
use step05_expiry::clock::UnixMillis;
use step05_expiry::keyspace::Keyspace;
use step05_expiry::resp::reply::Reply as Reply05;
use step05_expiry::session::Session as Session05;
use step06_commands_persistence::clock::Clock;
use step06_commands_persistence::commands::table::TABLE;
use step06_commands_persistence::config::Config;
use step06_commands_persistence::keyspace::{SmallBytes, Value};
use step06_commands_persistence::memory;
use step06_commands_persistence::resp::queue::RequestQueue;
use step06_commands_persistence::resp::reply::Reply as Reply06;
use step06_commands_persistence::server::Server;
use step06_commands_persistence::session::Session as Session06;

const ROUNDS: usize = 400;
/// So often the million keys are added, to find the longest time that this takes.
const FILLS: usize = 5;
const KEYS: usize = 1_000_000;
const PIPELINE: usize = 64;
/// How many keys stage 06 looks for at once.
const AHEAD: usize = 16;
const VALUE: &[u8] = b"0123456789abcdef";

fn main() {
    print(["", "stage 05", "stage 06", "05 / 06"]);
    take_requests();
    give_memory_back();
    answer_numbers();
    keep_small_strings();
    let mut five = fill(Keyspace::default, add05);
    let mut six = fill(new_server, add06);
    row("a key, of a million", "B", five.1, six.1);
    row("the longest of their inserts", "us", five.2, six.2);
    find(&mut five.0, &mut six.0);
    execute(&mut five.0, &mut six.0, PIPELINE, "in a batch of 64");
    execute(&mut five.0, &mut six.0, 1, "alone");
}

fn print([what, five, six, ratio]: [&str; 4]) {
    println!("{what:32} {five:>12} {six:>12} {ratio:>8}");
}

fn row(what: &str, unit: &str, five: f64, six: f64) {
    let text = |figure: f64| format!("{figure:.0} {unit}");
    print([what, &text(five), &text(six), &format!("{:.1}", five / six)]);
}

/// Lets both do every piece of `work`, some in each round, and prints what one of the `things` in a piece took in the best round.
fn compare<T>(
    what: &str,
    work: &[T],
    things: usize,
    mut five: impl FnMut(&T),
    mut six: impl FnMut(&T),
) {
    let mut best = [f64::MAX; 2];
    for part in work.chunks_exact(work.len() / ROUNDS) {
        let things = (part.len() * things) as f64;
        best[0] = best[0].min(nanos(|| part.iter().for_each(&mut five)) / things);
        best[1] = best[1].min(nanos(|| part.iter().for_each(&mut six)) / things);
    }
    row(what, "ns", best[0], best[1]);
}

fn nanos(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_nanos() as f64
}

/// How much more memory is in use when `work` is done, and what it gives is still there.
fn bytes<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = memory::used();
    let made = work();
    (made, memory::used() as f64 - before as f64)
}

fn key(number: usize) -> Vec<u8> {
    format!("key:{number:012}").into_bytes()
}

/// All keys, in an order in which no two neighbours lie near each other.
fn keys() -> Vec<Vec<u8>> {
    (0..KEYS).map(|number| key(number * 7_919 % KEYS)).collect()
}

fn request(args: &[&[u8]]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        request.extend(format!("${}\r\n", arg.len()).bytes());
        request.extend([arg, b"\r\n".as_slice()].concat());
    }
    request
}

/// Arguments that own their bytes, and spans of the read buffer.
fn take_requests() {
    let pipelines = vec![request(&[b"SET", &key(7), VALUE]).repeat(PIPELINE); ROUNDS * 50];
    let (mut five, mut six) = (Session05::default(), RequestQueue::default());
    let what = "take a SET out of a pipeline";
    compare(
        what,
        &pipelines,
        PIPELINE,
        |bytes| take05(&mut five, bytes),
        |bytes| take06(&mut six, bytes),
    );
}

fn take05(session: &mut Session05, bytes: &[u8]) {
    session.input().extend_from_slice(bytes);
    black_box(session.batch());
}

fn take06(queue: &mut RequestQueue, bytes: &[u8]) {
    queue.input().extend_from_slice(bytes);
    queue.parse(PIPELINE).expect("good requests");
    while let Some(args) = queue.take() {
        black_box(args);
    }
}

/// A client that once sent a megabyte, and then a PING.
fn give_memory_back() {
    let large = request(&[b"ECHO", &[b'x'; 1 << 20]]);
    let (mut five, mut six) = (Session05::default(), RequestQueue::default());
    let mut send = |request: &[u8]| {
        let five = bytes(|| take05(&mut five, request)).1;
        (five, bytes(|| take06(&mut six, request)).1)
    };
    let (first, then) = (send(&large), send(b"PING\r\n"));
    row(
        "an idle client, after 1 MiB",
        "B",
        first.0 + then.0,
        first.1 + then.1,
    );
}

/// `write!`, and digits written by hand.
fn answer_numbers() {
    let numbers: Vec<i64> = (0..KEYS as i64).collect();
    let (mut five, mut six) = (Reply05::default(), Reply06::default());
    compare(
        "answer a number",
        &numbers,
        1,
        |number| five.integer(*number),
        |number| six.integer(*number),
    );
}

/// `Bytes`, and strings in place.
fn keep_small_strings() {
    let values = vec![VALUE; KEYS];
    compare(
        "copy 16 bytes, and drop them",
        &values,
        1,
        |value| drop(black_box(Bytes::copy_from_slice(value))),
        |value| drop(black_box(SmallBytes::from(*value))),
    );
    let copies = |value: &&'static [u8]| Bytes::copy_from_slice(value);
    let (_five, five) = bytes(|| values.iter().map(copies).collect::<Vec<_>>());
    let (_six, six) = bytes(|| {
        values
            .iter()
            .map(|value| SmallBytes::from(*value))
            .collect::<Vec<_>>()
    });
    row("keep them", "B", five / KEYS as f64, six / KEYS as f64);
}

fn new_server() -> Server {
    Server::new(Config::standard(), Clock::system(), &TABLE)
}

fn add05(keyspace: &mut Keyspace, key: &[u8]) {
    keyspace.set(key, VALUE, None);
}

fn add06(server: &mut Server, key: &[u8]) {
    let value = Value::String(VALUE.into());
    server.db(0).for_write(key).set(value, None);
}

/// Adds a million keys, several times over. Gives what holds them, the memory of one in bytes, and the time of the longest insert in
/// microseconds: of each the shortest time counts, so that the longest of these is no accident.
fn fill<S>(new: impl Fn() -> S, add: impl Fn(&mut S, &[u8])) -> (S, f64, f64) {
    let keys = keys();
    let mut shortest = vec![f64::MAX; KEYS];
    let mut round = || {
        bytes(|| {
            let mut store = new();
            for (key, shortest) in keys.iter().zip(&mut shortest) {
                *shortest = shortest.min(nanos(|| add(&mut store, key)));
            }
            store
        })
    };
    (1..FILLS).for_each(|_| drop(round()));
    let (store, bytes) = round();
    let longest = shortest.into_iter().fold(0.0, f64::max);
    (store, bytes / KEYS as f64, longest / 1e3)
}

fn find(five: &mut Keyspace, six: &mut Server) {
    let keys = keys();
    compare(
        "find one of a million keys",
        &keys,
        1,
        |key| _ = black_box(five.get(key, UnixMillis(0))),
        |key| _ = black_box(six.db(0).get(key)),
    );
    let ahead: Vec<_> = keys.chunks_exact(AHEAD).collect();
    compare(
        "find 16 of them, each",
        &ahead,
        AHEAD,
        |keys| {
            keys.iter()
                .for_each(|key| _ = black_box(five.get(key, UnixMillis(0))))
        },
        |keys| {
            six.databases()[0].warm(keys.iter().map(|key| &**key));
            keys.iter()
                .for_each(|key| _ = black_box(six.db(0).get(key)));
        },
    );
}

/// From the bytes of requests to the bytes of replies.
fn execute(five: &mut Keyspace, six: &mut Server, pipeline: usize, how: &str) {
    let address = ([127, 0, 0, 1], 1).into();
    let mut session05 = Session05::default();
    let mut session06 = Session06::connect(six, (address, address));
    for command in ["SET", "GET"] {
        let request = |key: &Vec<u8>| match command {
            "SET" => request(&[b"SET", key, VALUE]),
            _ => request(&[b"GET", key]),
        };
        let keys = keys();
        let batch = |keys: &[Vec<u8>]| keys.iter().flat_map(request).collect::<Vec<u8>>();
        let batches: Vec<_> = keys.chunks_exact(pipeline).map(batch).collect();
        compare(
            &format!("{command}, {how}"),
            &batches,
            pipeline,
            |bytes| {
                session05.input().extend_from_slice(bytes);
                while let Some(mut batch) = session05.batch() {
                    black_box(batch.execute(five, UnixMillis::now()));
                }
            },
            |bytes| {
                session06.input().extend_from_slice(bytes);
                while session06.parse() {
                    session06.execute(six);
                    session06.sent(black_box(session06.output()).len());
                }
            },
        );
    }
}
