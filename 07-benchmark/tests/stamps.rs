//! From where to where a latency counts: held against what the server itself saw.

mod odd;

use odd::toy::{answer, serve};
use odd::{at_least, closed, closed_for, open_for, run, thrice, work};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};
use step07_benchmark::engine::{Length, Load, Measured};
use step07_benchmark::target::Target;

/// A server that waits before each reply, and what it has recorded: the time that it really took, from
/// having read a request to writing its reply.
fn slow(delay: Duration) -> (Target, Arc<Mutex<Vec<Duration>>>) {
    let delays = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&delays);
    let target = serve(move |connection, _| {
        loop {
            let read = connection.request()?.read;
            sleep(delay);
            recorded.lock().unwrap().push(read.elapsed());
            connection.send(b"+PONG\r\n")?;
        }
    });
    (target, delays)
}

fn median(delays: &Mutex<Vec<Duration>>) -> f64 {
    let mut delays = delays.lock().unwrap().clone();
    delays.sort();
    odd::millis(delays[delays.len() / 2])
}

/// Within 3 %, and never below: what the server saw is a part of what we see.
fn compare_medians(p50: f64, delays: &Mutex<Vec<Duration>>) -> Result<(), String> {
    let median = median(delays);
    if (0.998..1.03).contains(&(p50 / median)) {
        return Ok(());
    }
    Err(format!("{p50} ms, and {median} ms by the server"))
}

#[test]
fn the_median_is_that_of_the_delays_that_the_server_made() {
    thrice(|| {
        let (target, delays) = slow(Duration::from_millis(20));
        let measured = run(&closed(&target, 3, 150), &work("PING"));
        assert_eq!((measured.replies, delays.lock().unwrap().len()), (150, 150));
        compare_medians(measured.millis_at(50.0), &delays)
    });
}

#[test]
fn an_open_loop_shows_the_same_median() {
    thrice(|| {
        let (target, delays) = slow(Duration::from_millis(20));
        // Each of the four connections has a request every 50 ms: none waits for another.
        let load = open_for(&target, 4, 80.0, Duration::from_secs(2));
        let measured = run(&load, &work("PING"));
        assert_eq!(
            (measured.response.len(), delays.lock().unwrap().len()),
            (160, 160)
        );
        compare_medians(measured.millis_at(50.0), &delays)?;
        let service = measured.service.unwrap();
        compare_medians(service.value_at_percentile(50.0) as f64 / 1e6, &delays)
    });
}

#[test]
fn a_reply_counts_to_its_last_byte() {
    let delay = Duration::from_millis(20);
    let target = serve(move |connection, _| {
        loop {
            connection.request()?;
            connection.send(b"+")?;
            sleep(delay);
            connection.send(b"PONG\r\n")?;
        }
    });
    for load in [
        closed(&target, 3, 30),
        open_for(&target, 3, 100.0, Duration::from_millis(300)),
    ] {
        let measured = run(&load, &work("PING"));
        assert_eq!(measured.response.len(), 30);
        assert!(measured.response.min() >= at_least(delay));
    }
}

#[test]
fn the_first_bytes_of_a_value_are_not_its_reply() {
    let delay = Duration::from_millis(20);
    let target = serve(move |connection, _| {
        loop {
            connection.request()?;
            // All but the last byte.
            connection.send(&[b"$100000\r\n", [b'x'; 100_000].as_slice(), b"\r"].concat())?;
            sleep(delay);
            connection.send(b"\n")?;
        }
    });
    let measured = run(&closed(&target, 2, 20), &work("GET a"));
    assert_eq!(measured.replies, 20);
    assert!(measured.response.min() >= at_least(delay));
}

/// A load of `pipeline` requests at once against a server that takes 20 ms for each, one after the other.
fn piled_up(pipeline: usize, sliding: bool, requests: u64) -> Measured {
    let (target, _) = slow(Duration::from_millis(20));
    let load = Load {
        pipeline,
        sliding,
        ..closed(&target, 1, requests)
    };
    run(&load, &work("PING"))
}

#[test]
fn the_replies_of_a_batch_have_each_their_own_time() {
    let delay = Duration::from_millis(20);
    let measured = piled_up(4, false, 8);
    // 20, 40, 60, 80, and the same again.
    assert_eq!(measured.replies, 8);
    assert!(measured.response.min() >= at_least(delay));
    assert!(measured.response.value_at_percentile(50.0) >= at_least(2 * delay));
    assert!(measured.response.max() >= at_least(4 * delay));
}

#[test]
fn a_window_stays_full() {
    let delay = Duration::from_millis(20);
    let measured = piled_up(4, true, 8);
    assert_eq!(measured.replies, 8);
    // In batches: 20, 40, 60, 80, 20, 40, 60, 80 ms. In a window: 20, 40, 60, and 80 from then on.
    assert!(measured.response.value_at_percentile(50.0) >= at_least(4 * delay));
}

#[test]
fn a_window_never_has_more_under_way_than_was_said() {
    let most = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&most);
    let target = serve(move |connection, _| {
        loop {
            // What has arrived within 5 ms of the first can be no more than the window.
            connection.request()?;
            sleep(Duration::from_millis(5));
            let mut waiting = 1;
            connection.socket.set_nonblocking(true)?;
            while connection.request().is_ok() {
                waiting += 1;
            }
            connection.socket.set_nonblocking(false)?;
            let mut most = seen.lock().unwrap();
            *most = waiting.max(*most);
            drop(most);
            connection.send(&b"+PONG\r\n".repeat(waiting))?;
        }
    });
    let load = Load {
        pipeline: 7,
        sliding: true,
        ..closed(&target, 2, 500)
    };
    assert_eq!(run(&load, &work("PING")).replies, 500);
    assert_eq!(*most.lock().unwrap(), 7);
}

/// A server whose very first reply on each connection takes `delay`, and all others none.
fn slow_at_first(delay: Duration) -> Target {
    serve(move |connection, _| {
        connection.request()?;
        sleep(delay);
        loop {
            connection.send(b"+PONG\r\n")?;
            connection.request()?;
        }
    })
}

#[test]
fn a_slow_warm_up_leaves_no_trace() {
    thrice(|| {
        // The first reply comes within the warm-up, and then after it.
        let mut warm_ups = [700, 300].map(Duration::from_millis).into_iter();
        warm_ups.try_for_each(leaves_no_trace)
    });
}

/// A warm-up of a server that takes half a second for its first reply.
fn leaves_no_trace(warm_up: Duration) -> Result<(), String> {
    let slow = Duration::from_millis(500);
    let target = slow_at_first(slow);
    let timed = closed_for(&target, 2, Duration::from_millis(400));
    let counted = closed(&target, 2, 300);
    let open = open_for(&target, 2, 500.0, Duration::from_millis(400));
    for load in [timed, counted, open] {
        let is_open = load.pace.is_some();
        let load = Load { warm_up, ..load };
        let measured = run(&load, &work("PING"));
        // Requests of an open loop that are due behind a slow one, and within the time measured, must
        // show how long they waited.
        let longest = if is_open && warm_up < slow {
            slow - warm_up + Duration::from_millis(100)
        } else {
            slow / 2
        };
        let (count, max) = (
            measured.response.len(),
            Duration::from_nanos(measured.response.max()),
        );
        if count < 100 || max >= longest {
            return Err(format!("{count} replies, the slowest in {max:?}: {load:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_number_of_requests_does_not_count_those_of_the_warm_up() {
    for (sliding, pipeline, threads) in [(false, 1, 1), (false, 16, 2), (true, 5, 2)] {
        let (target, served) = odd::toy::pong();
        let load = Load {
            sliding,
            pipeline,
            threads,
            warm_up: Duration::from_millis(100),
            ..closed(&target, 3, 1003)
        };
        let measured = run(&load, &work("PING"));
        assert_eq!((measured.replies, measured.response.len()), (1003, 1003));
        let served = served.load(Ordering::SeqCst);
        assert_eq!(measured.all_replies, served);
        assert!(served > 1003, "there was no warm-up");
    }
}

#[test]
fn a_fixed_rate_has_its_warm_up_too() {
    let (target, served) = odd::toy::pong();
    let load = Load {
        warm_up: Duration::from_millis(200),
        length: Length::Requests(300),
        threads: 2,
        ..open_for(&target, 3, 1000.0, Duration::ZERO)
    };
    let measured = run(&load, &work("PING"));
    assert_eq!((measured.replies, measured.response.len()), (300, 300));
    assert_eq!(served.load(Ordering::SeqCst), 500);
    assert_eq!(measured.all_replies, 500);
    assert_eq!(measured.schedule.unwrap().due, 300);
}

#[test]
fn a_stall_that_reaches_over_the_end_is_measured() {
    let stall = Duration::from_millis(800);
    let stalled = AtomicBool::new(false);
    let first = Mutex::new(None);
    let (target, _) = answer(move |_, _| {
        let begin = *first.lock().unwrap().get_or_insert_with(Instant::now);
        // One reply that comes after the end.
        if begin.elapsed() > Duration::from_millis(200) && !stalled.swap(true, Ordering::SeqCst) {
            sleep(stall);
        }
        b"+PONG\r\n".to_vec()
    });
    let measured = run(
        &closed_for(&target, 1, Duration::from_millis(600)),
        &work("PING"),
    );
    assert!(measured.response.max() >= at_least(stall));
    assert_eq!(measured.response.len(), measured.replies + 1);
    assert_eq!(measured.time, Duration::from_millis(600));
}
