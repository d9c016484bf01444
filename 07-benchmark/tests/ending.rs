//! A run ends: when its time is over, when it is stopped, and when the server never answers.

mod odd;

use odd::toy::{Connection, pong, serve};
use odd::{
    HALF, MINUTE, SOON, assert_adds_up, both_loops, closed, closed_for, constant, kinds, open_for,
    run, run_until, stopped_after, try_run, work,
};
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};
use step07_benchmark::engine::{Length, Load, Pace};
use step07_benchmark::options::Arrivals;
use step07_benchmark::target::Target;
use step07_benchmark::workload::Workload;
use tokio::sync::watch;

#[test]
fn a_run_that_is_stopped_tells_what_it_saw() {
    let (target, _) = pong();
    for load in both_loops(&target, MINUTE) {
        let (measured, took) = stopped_after(HALF, &load, &work("PING"));
        assert!(measured.interrupted && took < SOON, "{took:?}");
        assert!(measured.replies > 10);
        assert_eq!(measured.replies, measured.response.len());
        assert!((HALF / 10..SOON).contains(&measured.time));
        let replies: u64 = measured.intervals.iter().map(|part| part.replies).sum();
        assert_eq!(replies, measured.replies);
        let rate = measured.throughput();
        assert!(
            load.pace.is_none() || (500.0..1100.0).contains(&rate),
            "{rate}"
        );
    }
}

#[test]
fn a_number_of_requests_can_be_stopped_too_and_in_the_warm_up() {
    let (target, _) = pong();
    let load = Load {
        length: Length::Requests(u64::MAX),
        ..closed_for(&target, 3, HALF)
    };
    let (measured, took) = stopped_after(HALF, &load, &work("PING"));
    assert!(measured.interrupted && measured.replies > 10 && took < SOON);
    assert!((HALF / 10..SOON).contains(&measured.time));
    let load = Load {
        warm_up: MINUTE,
        ..load
    };
    let (measured, took) = stopped_after(HALF, &load, &work("PING"));
    assert!(measured.interrupted && took < SOON);
    assert_eq!((measured.replies, measured.time), (0, Duration::ZERO));
    assert!(measured.all_replies > 10 && measured.whole_time < SOON);
}

#[test]
fn a_run_can_be_stopped_while_a_server_says_nothing() {
    let target = serve(|connection, _| connection.socket.read_to_end(&mut Vec::new()).map(drop));
    for load in both_loops(&target, MINUTE) {
        let (measured, took) = stopped_after(HALF, &load, &work("PING"));
        assert!(measured.interrupted && took < SOON, "{took:?}");
        assert_eq!((measured.replies, measured.errors.total()), (0, 0));
        assert!(measured.unanswered.is_some_and(|time| time > HALF / 2));
    }
}

#[test]
fn who_is_stopped_between_two_requests_waited_for_nothing() {
    let (target, _) = pong();
    let (measured, _) = stopped_after(HALF, &open_for(&target, 1, 1.0, MINUTE), &work("PING"));
    assert_eq!((measured.replies, measured.unanswered), (1, None));
}

#[test]
fn a_run_can_be_stopped_while_it_waits_for_a_greeting() {
    let target = serve(|connection, _| connection.socket.read_to_end(&mut Vec::new()).map(drop));
    let target = Target {
        password: Some("p".into()),
        ..target
    };
    let load = closed_for(&target, 3, MINUTE);
    let (measured, took) = stopped_after(HALF, &load, &work("PING"));
    assert!(measured.interrupted && took < SOON, "{took:?}");
    assert_eq!(measured.all_replies, 0);
}

#[test]
fn a_greeting_that_is_never_answered_is_given_up() {
    let target = serve(|connection, _| connection.socket.read_to_end(&mut Vec::new()).map(drop));
    let target = Target {
        password: Some("p".into()),
        ..target
    };
    for load in both_loops(&target, HALF) {
        let load = Load {
            patience: HALF,
            ..load
        };
        let begin = Instant::now();
        let error = try_run(&load, &work("PING")).unwrap_err().to_string();
        assert!(error.contains("was not ready within"), "{error}");
        assert!((HALF..SOON).contains(&begin.elapsed()));
    }
}

#[test]
fn nobody_who_could_stop_it_is_no_reason_to_stop() {
    let (target, _) = pong();
    let (stopper, stop) = watch::channel(false);
    drop(stopper);
    let measured = run_until(&closed(&target, 3, 100), &work("PING"), &mut (), &stop).unwrap();
    assert_eq!((measured.replies, measured.interrupted), (100, false));
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let target = serve(|connection, _| connection.socket.read_to_end(&mut Vec::new()).map(drop));
    let [closed, open] = both_loops(&target, Duration::from_millis(300));
    let grace = HALF;
    let batches = Load {
        pipeline: 4,
        grace,
        ..closed
    };
    let measured = run(&batches, &work("PING"));
    assert_eq!(kinds(&measured), [("no reply", 12)]);
    assert!((grace..SOON).contains(&measured.whole_time));
    let open = Load { grace, ..open };
    for load in [
        open.clone(),
        Load {
            length: Length::Requests(300),
            ..open
        },
    ] {
        let measured = run(&load, &work("PING"));
        assert_eq!(kinds(&measured), [("no reply", 300)]);
        assert_adds_up(&measured);
        assert!(measured.schedule.as_ref().unwrap().invalid.is_some());
        assert!((grace..SOON).contains(&measured.whole_time));
        // They failed in the last stretch.
        let errors: u64 = measured.intervals.iter().map(|part| part.errors).sum();
        assert_eq!(errors, 300);
    }
}

#[test]
fn a_number_of_requests_is_given_up_when_nothing_is_heard_any_more() {
    let silent = |connection: &mut Connection| connection.socket.read_to_end(&mut Vec::new());
    let target = serve(move |connection, _| silent(connection).map(drop));
    let load = Load {
        pipeline: 4,
        patience: HALF,
        ..closed(&target, 3, 100)
    };
    let measured = run(&load, &work("PING"));
    assert_eq!(kinds(&measured), [("no reply", 12)]);
    assert!((HALF..SOON).contains(&measured.whole_time));
    // One connection is served all the time, if slowly: as long as that goes on, nobody gives up.
    let target = serve(move |connection, number| {
        if number > 0 {
            return silent(connection).map(drop);
        }
        loop {
            connection.request()?;
            thread::sleep(HALF / 5);
            connection.send(b"+PONG\r\n")?;
        }
    });
    let load = Load {
        patience: 2 * HALF,
        ..closed(&target, 2, 21)
    };
    let measured = run(&load, &work("PING"));
    assert_eq!(kinds(&measured), [("no reply", 1)]);
    assert_eq!(measured.replies, 20);
    assert!((4 * HALF..2 * SOON).contains(&measured.whole_time));
}

#[test]
fn a_rate_that_nobody_could_hold_can_be_stopped_and_does_not_starve_the_replies() {
    let (target, _) = pong();
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let pace = Pace {
            arrivals,
            ..constant(1e9)
        };
        let load = Load {
            pace: Some(pace),
            ..closed_for(&target, 3, MINUTE)
        };
        let (measured, took) = stopped_after(HALF, &load, &work("PING"));
        assert!(measured.interrupted && took < SOON, "{took:?}");
        assert!(measured.replies > 10, "{}", measured.replies);
        assert_adds_up(&measured);
        assert!(measured.schedule.unwrap().invalid.is_some());
    }
}

#[test]
fn a_rate_that_nobody_could_hold_has_an_end() {
    let (target, _) = pong();
    let load = Load {
        grace: HALF,
        ..open_for(&target, 3, 1e9, HALF)
    };
    let measured = run(&load, &work("PING"));
    assert_adds_up(&measured);
    assert!(measured.whole_time < SOON, "{:?}", measured.whole_time);
    assert!(measured.schedule.unwrap().invalid.is_some());
}

/// Random arrivals may take much longer than the mean says.
#[test]
fn random_arrivals_are_waited_for() {
    let (target, _) = pong();
    thread::scope(|scope| {
        for seed in 0..12 {
            let target = &target;
            scope.spawn(move || {
                let load = Load {
                    pace: Some(Pace {
                        rate: 10.0,
                        arrivals: Arrivals::Poisson,
                    }),
                    length: Length::Requests(10),
                    grace: Duration::from_millis(200),
                    ..closed(target, 1, 0)
                };
                let workload = Workload {
                    seed,
                    ..work("PING")
                };
                assert_eq!(run(&load, &workload).replies, 10, "seed {seed}");
            });
        }
    });
}
