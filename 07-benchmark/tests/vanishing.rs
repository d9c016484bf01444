//! Servers that go away, come back, were never there, or read nothing: what is counted adds up.

mod odd;

use odd::toy::{Connection, serve};
use odd::{
    HALF, MINUTE, SOON, assert_adds_up, closed, closed_for, kinds, open_for, run, stopped_after,
    try_run, work,
};
use std::io;
use std::net::TcpListener;
use std::thread::{self, sleep};
use std::time::Duration;
use step07_benchmark::engine::Load;
use step07_benchmark::target::Target;
use step07_benchmark::workload::{Sizes, Workload};

/// A server that accepts `connections`, answers `requests` on each, and is gone.
fn vanishing(connections: usize, requests: usize) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let accepted = (0..connections).map(|_| listener.accept().unwrap().0);
        let sockets: Vec<_> = accepted.collect();
        drop(listener);
        for socket in sockets {
            thread::spawn(move || -> io::Result<()> {
                let mut connection = Connection::new(socket);
                for _ in 0..requests {
                    connection.request()?;
                    connection.send(b"+PONG\r\n")?;
                }
                connection.close()
            });
        }
    });
    target
}

#[test]
fn a_server_that_vanishes_leaves_errors() {
    for threads in [1, 3] {
        let load = open_for(&vanishing(3, 50), 3, 1000.0, HALF);
        let measured = run(&Load { threads, ..load }, &work("PING"));
        assert_eq!(measured.replies, 150);
        assert_adds_up(&measured);
        let names: Vec<_> = kinds(&measured).into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"cannot connect"), "{names:?}");
        // It was asked until the end.
        assert_eq!(measured.schedule.unwrap().due, 500);

        let load = closed(&vanishing(3, 50), 3, 300);
        let measured = run(&Load { threads, ..load }, &work("PING"));
        assert_eq!((measured.replies, measured.errors.total()), (150, 150));
    }
}

#[test]
fn a_number_of_requests_is_given_up_when_nobody_is_there_any_more() {
    let load = Load {
        patience: HALF,
        ..closed(&vanishing(3, 50), 3, u64::MAX)
    };
    let measured = run(&load, &work("PING"));
    assert_eq!(measured.replies, 150);
    let names: Vec<_> = kinds(&measured).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"cannot connect"), "{names:?}");
    // The replies came at once. After them nothing was heard for as long as it is waited for.
    assert!((HALF..SOON).contains(&measured.whole_time));
}

#[test]
fn a_server_that_is_gone_is_not_waited_for_as_long_as_one_that_is_silent() {
    let load = closed(&vanishing(3, 50), 3, u64::MAX);
    let measured = run(&load, &work("PING"));
    assert_eq!(measured.replies, 150);
    let time = measured.whole_time;
    assert!((Duration::from_secs(5)..load.patience / 2).contains(&time));
}

#[test]
fn a_server_that_takes_nobody_new_is_not_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    thread::spawn(move || -> io::Result<()> {
        let mut first = Connection::new(listener.accept()?.0);
        let mut second = Connection::new(listener.accept()?.0);
        drop(listener);
        first.request()?;
        first.close()?;
        loop {
            second.request()?;
            sleep(Duration::from_millis(50));
            second.send(b"+PONG\r\n")?;
        }
    });
    // The attempts to connect again, one each 10 ms, use up most requests; the others go on all the time.
    let measured = run(&closed(&target, 2, 900), &work("PING"));
    let names: Vec<_> = kinds(&measured).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cannot connect", "disconnected"]);
    assert_eq!(measured.replies + measured.errors.total(), 900);
    assert!(measured.whole_time > Duration::from_secs(7));
}

/// A server that answers 100 requests on one connection, is gone for a while, and then comes back.
fn coming_back() -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || -> io::Result<()> {
        let mut first = Connection::new(listener.accept()?.0);
        drop(listener);
        for _ in 0..100 {
            first.request()?;
            first.send(b"+PONG\r\n")?;
        }
        first.close()?;
        sleep(Duration::from_millis(200));
        let listener = TcpListener::bind(address)?;
        let mut second = Connection::new(listener.accept()?.0);
        loop {
            second.request()?;
            second.send(b"+PONG\r\n")?;
        }
    });
    Target::tcp("127.0.0.1", address.port())
}

#[test]
fn a_server_that_comes_back_is_loaded_again() {
    let open = open_for(&coming_back(), 1, 500.0, 2 * HALF);
    let closed = closed_for(&coming_back(), 1, 2 * HALF);
    for load in [open, closed] {
        let measured = run(&load, &work("PING"));
        let names: Vec<_> = kinds(&measured).into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"cannot connect"), "{names:?}");
        assert!(measured.replies > 150, "{}", measured.replies);
        if load.pace.is_some() {
            assert_adds_up(&measured);
        }
    }
}

#[test]
fn a_server_that_was_never_there_is_an_error() {
    let port = odd::real::free_port();
    let load = closed(&Target::tcp("127.0.0.1", port), 2, 10);
    let error = try_run(&load, &work("PING")).unwrap_err();
    assert!(
        format!("{error:#}").contains("cannot connect to 127.0.0.1"),
        "{error:#}"
    );
    let target = Target {
        resp3: true,
        ..serve(|connection, _| connection.request().map(drop))
    };
    let error = try_run(&closed(&target, 2, 10), &work("PING")).unwrap_err();
    assert!(
        format!("{error:#}").contains("closed the connection after HELLO"),
        "{error:#}"
    );
}

/// A server that reads nothing, and keeps its connections open.
fn deaf() -> Target {
    serve(|_, _| {
        loop {
            thread::park();
        }
    })
}

/// Values of which a socket takes few.
fn large() -> Workload {
    Workload {
        sizes: Sizes::fixed(200_000),
        ..work("SET a __data__")
    }
}

#[test]
fn what_a_socket_does_not_take_was_due_all_the_same() {
    let load = open_for(&deaf(), 2, 400.0, MINUTE);
    let (measured, took) = stopped_after(2 * HALF, &load, &large());
    assert!(took < SOON);
    let schedule = measured.schedule.unwrap();
    assert!(schedule.due > 200, "{schedule:?}");
    assert!(schedule.invalid.is_some());

    let load = Load {
        grace: HALF,
        ..open_for(&deaf(), 2, 400.0, HALF)
    };
    let measured = run(&load, &large());
    assert_eq!(kinds(&measured), [("no reply", 200)]);
    assert_adds_up(&measured);
    assert!(measured.schedule.unwrap().invalid.is_some());
    // A closed loop waits as well.
    let load = Load {
        grace: HALF,
        ..closed_for(&deaf(), 2, HALF)
    };
    let load = Load {
        pipeline: 40,
        ..load
    };
    assert_eq!(kinds(&run(&load, &large())), [("no reply", 80)]);
}
