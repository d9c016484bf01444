//! Large values that arrive in small pieces.

use std::time::{Duration, Instant};
use workshop::client::{bulk, request};
use workshop::server::Server;
use workshop::stage::{STAGES, Stage};
use workshop::target::Target;

const MEBIBYTE: usize = 1024 * 1024;

/// How a value arrives.
const PIECE: usize = 1024;

/// How much longer a byte of the larger value may take. A server that begins anew at each piece needs
/// four times as long for it, or more.
const MAX_FACTOR: f64 = 2.5;

/// Stores a value of this size, reads it back, and gives the time it took to send it.
fn store(stage: Stage, size: usize) -> Duration {
    let server = Server::start(stage).unwrap();
    // The bytes come fast; what takes its time is a machine that has other things to do.
    let target = Target {
        deadline: Duration::from_secs(20),
        ..Target::new(server.address())
    };
    let value: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
    let mut client = target.connect().unwrap();
    let began = Instant::now();
    for piece in request(&[b"SET", b"large".as_slice(), &value]).chunks(PIECE) {
        client.send(piece).unwrap();
    }
    client.expect("+OK\r\n").unwrap();
    let took = began.elapsed();
    client.ask(&["GET", "large"], bulk(&value)).unwrap();
    client.settle().unwrap();
    took
}

fn stages() -> impl Iterator<Item = Stage> {
    STAGES.into_iter().filter(|stage| stage.number >= 3)
}

#[test]
fn sixty_four_mebibytes_are_stored_and_read_back() {
    for stage in stages() {
        store(stage, 64 * MEBIBYTE);
    }
}

#[test]
#[ignore = "long: a gigabyte in pieces of a kilobyte"]
fn four_times_the_bytes_take_four_times_as_long() {
    for stage in stages() {
        // The best of three: what else the machine does only ever adds.
        let best = |size| (0..3).map(|_| store(stage, size)).min().unwrap();
        let (small, large) = (best(64 * MEBIBYTE), best(256 * MEBIBYTE));
        let factor = large.as_secs_f64() / (4.0 * small.as_secs_f64());
        assert!(
            factor < MAX_FACTOR,
            "{}: {small:?}, {large:?}",
            stage.folder
        );
    }
}
