//! The intervals of a run are the run: they have no gaps, and add up to its figures.

mod odd;

use hdrhistogram::Histogram;
use odd::toy::{answer, pong, serve};
use odd::{closed, closed_for, open_for, run, run_until, work};
use std::thread::sleep;
use std::time::{Duration, Instant};
use step07_benchmark::engine::{Interval, Length, Load, Measured, Observer};
use tokio::sync::watch;

/// Keeps all that it is told.
#[derive(Default)]
struct Told {
    intervals: Vec<Interval>,
    replies: u64,
}

impl Observer for Told {
    fn interval(&mut self, interval: &Interval, latencies: &Histogram<u64>, so_far: &Measured) {
        assert!(latencies.max() >= interval.max);
        self.intervals.push(*interval);
        self.replies += interval.replies;
        assert_eq!(so_far.replies, self.replies);
    }
}

/// Holds the intervals of a run against its figures, and against what an observer was told.
fn assert_intervals_are_the_run(load: &Load) -> Measured {
    let (_keep, stop) = watch::channel(false);
    let mut told = Told::default();
    let measured = run_until(load, &work("PING"), &mut told, &stop).unwrap();
    let intervals = &measured.intervals;
    assert_eq!(&told.intervals, intervals);
    let replies: u64 = intervals.iter().map(|interval| interval.replies).sum();
    let errors: u64 = intervals.iter().map(|interval| interval.errors).sum();
    assert_eq!(
        (replies, errors),
        (measured.replies, measured.errors.total()),
        "{load:?}"
    );
    let mut end = Duration::ZERO;
    for interval in intervals {
        assert_eq!(interval.begin, end, "{intervals:?}");
        end += interval.length;
    }
    assert!(end >= measured.time, "{end:?} {:?}", measured.time);
    let highest = intervals.iter().map(|interval| interval.max).max();
    assert!(
        measured
            .response
            .equivalent(highest.unwrap(), measured.response.max())
    );
    measured
}

#[test]
fn intervals_have_no_gaps_and_add_up() {
    let (target, _) = answer(|number, _| match number % 100 {
        99 => b"-ERR hundredth\r\n".to_vec(),
        _ => b"+PONG\r\n".to_vec(),
    });
    let time = Duration::from_millis(450);
    for load in [
        closed_for(&target, 3, time),
        Load {
            threads: 3,
            pipeline: 4,
            ..closed_for(&target, 7, time)
        },
        Load {
            threads: 2,
            ..open_for(&target, 3, 3000.0, time)
        },
        Load {
            threads: 2,
            ..closed(&target, 5, 5000)
        },
        Load {
            length: Length::Requests(777),
            ..open_for(&target, 2, 3000.0, time)
        },
    ] {
        let measured = assert_intervals_are_the_run(&load);
        assert!(measured.errors.total() > 0);
        if load.length == Length::Time(time) {
            assert_eq!(measured.time, time);
            assert!(measured.intervals.len() >= 3);
        }
    }
}

#[test]
fn the_warm_up_has_no_interval() {
    let (target, _) = pong();
    let load = Load {
        warm_up: Duration::from_millis(250),
        threads: 2,
        ..closed_for(&target, 3, Duration::from_millis(350))
    };
    let measured = assert_intervals_are_the_run(&load);
    assert!(measured.all_replies > measured.replies);
}

#[test]
fn errors_of_the_warm_up_stand_in_no_interval() {
    let began = Instant::now();
    let (target, _) = answer(move |_, _| {
        sleep(Duration::from_millis(1));
        match began.elapsed() < Duration::from_millis(200) {
            true => b"-LOADING soon\r\n".to_vec(),
            false => b"+PONG\r\n".to_vec(),
        }
    });
    let load = Load {
        warm_up: Duration::from_millis(1000),
        ..closed_for(&target, 2, Duration::from_millis(300))
    };
    let measured = run(&load, &work("PING"));
    assert!(measured.errors.total() > 0);
    let errors: u64 = measured.intervals.iter().map(|part| part.errors).sum();
    assert_eq!(errors, 0);
}

#[test]
fn a_thread_that_ends_early_does_not_hold_up_the_others() {
    // The first connection has its replies at once, the second, in another thread, waits for each.
    let target = serve(|connection, number| {
        loop {
            connection.request()?;
            sleep(Duration::from_millis(number as u64 * 2));
            connection.send(b"+PONG\r\n")?;
        }
    });
    let load = Load {
        threads: 2,
        ..closed(&target, 2, 1000)
    };
    let measured = assert_intervals_are_the_run(&load);
    assert!(measured.time > Duration::from_secs(1));
    let longest = measured
        .intervals
        .iter()
        .map(|interval| interval.length)
        .max();
    assert!(longest.unwrap() < Duration::from_millis(600), "{longest:?}");
}
