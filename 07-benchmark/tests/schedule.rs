//! The open loop's schedule: when requests reach the server, and whether the report says that it was held.

mod odd;

use odd::toy::{answer, pong, serve};
use odd::{alone, closed, millis, open_for, run, thrice, work};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use step07_benchmark::engine::{Length, Load, Pace};
use step07_benchmark::options::Arrivals;
use step07_benchmark::target::Target;
use step07_benchmark::workload::{Sizes, Workload};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_rate_far_above_what_the_server_takes_is_invalid() {
    // One connection, a millisecond for each request: 1,000 per second at most.
    let (target, _) = answer(|_, _| {
        sleep(Duration::from_millis(1));
        b"+PONG\r\n".to_vec()
    });
    let measured = run(&open_for(&target, 1, 5000.0, SECOND), &work("PING"));
    let schedule = measured.schedule.as_ref().unwrap();
    assert_eq!(schedule.due, 5000);
    assert!(measured.replies <= 1001, "{}", measured.replies);
    // None was left out: the server answers the last ones seconds late, and that is shown.
    assert_eq!(measured.response.len(), 5000);
    assert!(measured.response.max() > 3_500_000_000);
    assert!(measured.millis_at(50.0) > 1500.0);
    let why = schedule.invalid.as_ref().unwrap();
    assert!(why.contains("5000 requests per second"), "{why}");
}

#[test]
fn a_number_of_requests_is_as_invalid_as_a_time() {
    // 200 per second at most, of 400; all are answered in the end.
    let (target, _) = answer(|_, _| {
        sleep(Duration::from_millis(5));
        b"+PONG\r\n".to_vec()
    });
    let load = Load {
        length: Length::Requests(400),
        ..open_for(&target, 1, 400.0, SECOND)
    };
    let measured = run(&load, &work("PING"));
    assert_eq!(measured.replies, 400);
    let why = measured.invalid().unwrap();
    assert!(why.contains("did not keep up with 400"), "{why}");
}

#[test]
fn the_first_request_is_not_late() {
    let _alone = alone();
    let (target, _) = pong();
    let mut seen = Vec::new();
    for _ in 0..20 {
        let load = open_for(&target, 50, 10.0, SECOND / 7);
        let late = run(&load, &work("PING")).schedule.unwrap().late_max;
        seen.push(Duration::from_nanos(late));
        if late < 500_000 {
            return;
        }
    }
    panic!("requests were always late, by {seen:?}");
}

/// How late this thread wakes up: what the machine's other programs do to everyone. The 99th percentile
/// over `time`, of as many sleeps as there are requests at `rate`.
fn lateness(rate: f64, time: Duration) -> Duration {
    let begin = Instant::now();
    let mut late = Vec::new();
    for number in 1..(rate * time.as_secs_f64()) as u32 {
        let due = begin + Duration::from_secs_f64(f64::from(number) / rate);
        sleep(due.saturating_duration_since(Instant::now()));
        late.push(due.elapsed());
    }
    late.sort();
    late[late.len() * 99 / 100]
}

#[test]
fn a_low_rate_is_valid_on_a_quiet_machine() {
    let _alone = alone();
    let (target, _) = pong();
    let (rate, time) = (400.0, SECOND / 2);
    let mut seen = Vec::new();
    for _ in 0..10 {
        let witness = thread::spawn(move || lateness(rate, time));
        let measured = run(&open_for(&target, 2, rate, time), &work("PING"));
        let schedule = measured.schedule.unwrap();
        assert_eq!((schedule.due, schedule.rate), (200, rate));
        // The server keeps up with it: only lateness of our own can make it invalid.
        let is_late = schedule.late_p99 > 1_000_000;
        assert_eq!(schedule.invalid.is_some(), is_late, "{schedule:?}");
        if !is_late {
            return;
        }
        seen.push((witness.join().unwrap(), schedule.late_p99));
    }
    // Late each time: then the machine must have been busy at least once in a while.
    let busy = |late: &Duration| *late > Duration::from_micros(500);
    assert!(seen.iter().any(|(witness, _)| busy(witness)), "{seen:?}");
}

/// When requests were read, and from which connections.
type Seen = Arc<Mutex<Vec<(Instant, usize)>>>;

/// A server that records its requests.
fn recording() -> (Target, Seen) {
    let requests = Seen::default();
    let recorded = Arc::clone(&requests);
    let target = serve(move |connection, number| {
        loop {
            let read = connection.request()?.read;
            recorded.lock().unwrap().push((read, number));
            connection.send(b"+PONG\r\n")?;
        }
    });
    (target, requests)
}

/// The gaps between requests in milliseconds.
fn gaps(requests: &Mutex<Vec<(Instant, usize)>>) -> Vec<f64> {
    let mut requests = requests.lock().unwrap().clone();
    requests.sort();
    let gaps = requests.windows(2).map(|two| millis(two[1].0 - two[0].0));
    gaps.collect()
}

fn share(gaps: &[f64], is_met: impl Fn(&f64) -> bool) -> f64 {
    gaps.iter().filter(|gap| is_met(gap)).count() as f64 / gaps.len() as f64
}

#[test]
fn constant_gaps_reach_the_server_as_such() {
    let _alone = alone();
    for threads in [1, 2] {
        let (target, requests) = recording();
        let load = Load {
            threads,
            ..open_for(&target, 4, 100.0, 2 * SECOND)
        };
        assert_eq!(run(&load, &work("PING")).response.len(), 200);
        // Request k, counted from 0, comes 10 k ms after the first, or later where the machine is busy: half
        // of them are on time, and the last ones no less than the first. Random gaps would soon be far off.
        let gaps = gaps(&requests);
        let mut sum = 0.0;
        let mut off = vec![0.0];
        for (gap, wanted) in gaps.iter().zip(1..) {
            sum += gap;
            off.push(sum - 10.0 * f64::from(wanted));
        }
        let earliest = off.iter().copied().fold(f64::INFINITY, f64::min);
        for half in [&off[..100], &off[100..]] {
            let near = share(half, |off| *off - earliest < 3.0);
            assert!(near > 0.5, "{near} {off:?}");
        }
        // All connections have their turn.
        let mut turns = [0; 4];
        for (_, connection) in requests.lock().unwrap().iter() {
            turns[*connection] += 1;
        }
        assert_eq!(turns, [50; 4]);
    }
}

#[test]
fn random_gaps_reach_the_server_as_exponential_ones() {
    thrice(|| {
        let (target, requests) = recording();
        let load = Load {
            pace: Some(Pace {
                rate: 250.0,
                arrivals: Arrivals::Poisson,
            }),
            threads: 2,
            length: Length::Requests(1000),
            ..closed(&target, 4, 0)
        };
        let workload = Workload {
            seed: 1,
            ..work("PING")
        };
        assert_eq!(run(&load, &workload).replies, 1000);
        ensure_exponential(&gaps(&requests))
    });
}

/// The mean of 1,000 gaps is to be 4 ms, and they are to be spread as random ones are.
fn ensure_exponential(gaps: &[f64]) -> Result<(), String> {
    let wrong = |what: &str, found: f64| Err(format!("{what}: {found}"));
    // The mean of 1,000 is off by 3.2 % on average.
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    if !(3.5..4.5).contains(&mean) {
        return wrong("mean", mean);
    }
    // e^-x of them are longer than x times the mean; with all alike it would be all or none.
    for (times, wanted) in [(0.5, 0.607), (1.0, 0.368), (2.0, 0.135), (3.0, 0.050)] {
        let found = share(gaps, |gap| *gap > times * mean);
        if (found - wanted).abs() >= 0.06 {
            return wrong(&format!("longer than {times} means"), found);
        }
    }
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
    let deviation = (variance / gaps.len() as f64).sqrt();
    if !(0.8..1.25).contains(&(deviation / mean)) {
        return wrong("deviation", deviation);
    }
    Ok(())
}

#[test]
fn a_run_lasts_its_time_and_no_longer() {
    let (target, served) = pong();
    for (rate, due) in [(0.001, 1), (1.5, 2)] {
        let time = SECOND + SECOND / 10;
        let began = Instant::now();
        let measured = run(&open_for(&target, 2, rate, time), &work("PING"));
        let took = began.elapsed();
        assert_eq!((measured.replies, measured.time), (due, time));
        assert!((time..4 * SECOND).contains(&took), "{took:?}");
        assert!(measured.whole_time >= time);
    }
    assert_eq!(served.load(Ordering::SeqCst), 3);
}

#[test]
fn what_waits_for_a_socket_shows_in_the_response_and_not_in_the_service() {
    // The server reads nothing for a second, and requests are so long that the socket takes few of them.
    let stall = SECOND;
    let first = AtomicU64::new(0);
    let target = serve(move |connection, _| {
        connection.request()?;
        if first.fetch_add(1, Ordering::SeqCst) == 0 {
            sleep(stall);
        }
        loop {
            connection.send(b"+OK\r\n")?;
            connection.request()?;
        }
    });
    let workload = Workload {
        sizes: Sizes::fixed(400_000),
        ..work("SET a __data__")
    };
    let measured = run(&open_for(&target, 1, 100.0, SECOND), &workload);
    let service = measured.service.as_ref().unwrap();
    assert_eq!((measured.response.len(), service.len()), (100, 100));
    // 100 requests, due over a second in which nothing is answered: half of them wait for half of it.
    assert!(measured.millis_at(50.0) > 400.0);
    let service = service.value_at_percentile(50.0) as f64 / 1e6;
    assert!(service < measured.millis_at(50.0) / 2.0, "{service}");
    let schedule = measured.schedule.as_ref().unwrap();
    assert!(schedule.late_max > 300_000_000, "{schedule:?}");
    assert!(schedule.invalid.is_some());
}
