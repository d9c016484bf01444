//! A server that stands still for a tenth of a second in each second: what an open loop makes of it, and what
//! a closed one hides.

mod odd;

use odd::real::Redis;
use odd::toy::serve;
use odd::{closed_for, millis, open_for, run, thrice, work};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use step07_benchmark::engine::Measured;
use step07_benchmark::target::Target;

const SECOND: Duration = Duration::from_secs(1);

/// When in a second the stall begins, and when it ends.
const STALL: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(600));

/// Requests per second.
const RATE: f64 = 1000.0;

/// How far a percentile may be off, in milliseconds.
const MARGIN: f64 = 6.0;

/// How long stalls really were.
type Stalls = Arc<Mutex<Vec<Duration>>>;

/// A server that stands still for 100 ms in the middle of each second, counted from the first request, and
/// the stalls that it has made.
fn stalling() -> (Target, Stalls) {
    let stalls = Stalls::default();
    let made = Arc::clone(&stalls);
    let first = OnceLock::new();
    let target = serve(move |connection, _| {
        loop {
            connection.request()?;
            let now = Instant::now();
            let first = *first.get_or_init(|| now);
            let since = now - first;
            let phase = Duration::from_nanos(u64::from(since.subsec_nanos()));
            if (STALL.0..STALL.1).contains(&phase) {
                sleep(STALL.1 - phase);
                // From the moment at which it stands still, whether or not somebody asks.
                let begin = now - (phase - STALL.0);
                made.lock().unwrap().push(begin.elapsed());
            }
            connection.send(b"+PONG\r\n")?;
        }
    });
    (target, stalls)
}

/// The latency in milliseconds that a part of the requests, evenly spread over `time`, exceeds because of
/// these stalls: who comes x before the end of a stall waits for x.
fn exceeded_by(part: f64, stalls: &[Duration], time: Duration) -> f64 {
    let exceeding = |latency: f64| {
        let waits = stalls
            .iter()
            .map(|stall| (millis(*stall) - latency).max(0.0));
        waits.sum::<f64>() / millis(time)
    };
    let mut latency = 0.0;
    while exceeding(latency) > part {
        latency += 0.01;
    }
    latency
}

/// Whether the run shows these stalls.
fn compare(measured: &Measured, stalls: &[Duration]) -> Result<(), String> {
    for (percent, part) in [(99.0, 0.01), (95.0, 0.05)] {
        let wanted = exceeded_by(part, stalls, measured.time);
        let found = measured.millis_at(percent);
        if (found - wanted).abs() >= MARGIN {
            return Err(format!(
                "p{percent}: {found} ms in place of {wanted} ms with stalls of {stalls:?}"
            ));
        }
    }
    Ok(())
}

/// An open loop in which nothing is lost.
fn open_loop(target: &Target, time: Duration) -> Measured {
    let measured = run(&open_for(target, 1, RATE, time), &work("PING"));
    let due = (RATE * time.as_secs_f64()) as u64;
    assert_eq!(measured.schedule.as_ref().unwrap().due, due);
    assert_eq!((measured.response.len(), measured.errors.total()), (due, 0));
    // Both are there. As a socket takes all of it while the server stands still, they are alike.
    assert_eq!(measured.service.as_ref().unwrap().len(), due);
    measured
}

/// A closed loop meets each stall with one request in thousands.
fn closed_loop_hides_it(target: &Target) -> Result<(), String> {
    let measured = run(&closed_for(target, 1, 2 * SECOND), &work("PING"));
    assert!(measured.millis_at(100.0) > 30.0, "there was no stall");
    let p99 = measured.millis_at(99.0);
    match p99 < 10.0 {
        true => Ok(()),
        false => Err(format!("p99 {p99} ms in a closed loop")),
    }
}

#[test]
fn an_open_loop_shows_a_stall_and_a_closed_one_hides_it() {
    thrice(|| {
        let (target, stalls) = stalling();
        let measured = open_loop(&target, 3 * SECOND);
        let made = stalls.lock().unwrap().clone();
        assert_eq!(made.len(), 3);
        compare(&measured, &made)?;
        closed_loop_hides_it(&target)
    });
}

/// Stops a server for 100 ms in each second until `done`.
fn stop_again_and_again(redis: &Redis, done: Instant) {
    let begin = Instant::now();
    for second in 0.. {
        let stop = begin + second * SECOND + STALL.0;
        if stop + SECOND > done {
            return;
        }
        sleep(stop.saturating_duration_since(Instant::now()));
        redis.signal("STOP");
        sleep(STALL.1 - STALL.0);
        redis.signal("CONT");
    }
}

/// Asks a server again and again until `done`: how long it stood still, as another client sees it. Sending a
/// signal takes too long to tell from its sender.
fn watch(redis: &Redis, done: Instant) -> Vec<Duration> {
    let mut client = redis.connect();
    let mut stalls = Vec::new();
    while Instant::now() < done {
        let asked = Instant::now();
        client.write_all(b"PING\r\n").unwrap();
        client.read_exact(&mut [0; "+PONG\r\n".len()]).unwrap();
        let stall = asked.elapsed();
        if stall > Duration::from_millis(3) {
            stalls.push(stall);
        }
        sleep(Duration::from_micros(500));
    }
    stalls
}

#[test]
#[ignore = "takes 13 seconds"]
fn a_real_server_that_is_stopped_shows_the_same() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let (target, time) = (redis.tcp(), 10 * SECOND);
    thrice(|| {
        let done = Instant::now() + time;
        let (measured, stalls) = thread::scope(|scope| {
            let measured = scope.spawn(|| open_loop(&target, time));
            let stalls = scope.spawn(|| watch(&redis, done));
            stop_again_and_again(&redis, done);
            (measured.join().unwrap(), stalls.join().unwrap())
        });
        assert!(stalls.len() >= 9, "{stalls:?}");
        compare(&measured, &stalls)?;
        thread::scope(|scope| {
            let closed = scope.spawn(|| closed_loop_hides_it(&target));
            stop_again_and_again(&redis, Instant::now() + 3 * SECOND);
            closed.join().unwrap()
        })
    });
}
