//! Servers that send what no server should, or break connections: no panic, no hang, and every request counted.

mod odd;

use odd::toy::serve;
use odd::{HALF, MINUTE, SOON, assert_adds_up, both_loops, closed, kinds, open_for, run, work};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use step07_benchmark::engine::Load;
use step07_benchmark::target::{Address, Target};

#[test]
fn garbage_is_malformed() {
    for garbage in [
        b"hello\r\n".as_slice(),
        b"\r\n",
        b"+PONG\n",
        b"$x\r\n",
        b"*-2\r\n",
        b"$99999999999\r\n",
        b"\0\0\0\0\n",
    ] {
        let target = serve(move |connection, _| {
            loop {
                connection.request()?;
                connection.send(garbage)?;
            }
        });
        let pipelined = Load {
            pipeline: 16,
            ..closed(&target, 3, 200)
        };
        for load in [closed(&target, 3, 200), pipelined] {
            let measured = run(&load, &work("PING"));
            assert_eq!(
                kinds(&measured),
                [("malformed", 200)],
                "{}",
                garbage.escape_ascii()
            );
            assert_eq!(measured.response.len(), 0);
        }
        let measured = run(&open_for(&target, 3, 1000.0, HALF / 2), &work("PING"));
        let (_, example) = measured.errors.kinds().next().unwrap();
        assert!(example.example.starts_with("a reply"), "{example:?}");
        assert_eq!(kinds(&measured), [("malformed", 250)]);
        assert_adds_up(&measured);
    }
}

#[test]
fn replies_before_the_garbage_are_good() {
    let target = serve(|connection, _| {
        for _ in 0..4 {
            connection.request()?;
        }
        connection.send(b"+PONG\r\n+PONG\r\n?\r\n")?;
        connection.close()
    });
    let load = Load {
        pipeline: 4,
        ..closed(&target, 2, 200)
    };
    let measured = run(&load, &work("PING"));
    assert_eq!(measured.replies, 100);
    assert_eq!(kinds(&measured), [("malformed", 100)]);
}

#[test]
fn more_replies_than_requests_are_malformed() {
    let target = serve(|connection, _| {
        loop {
            connection.request()?;
            connection.send(b"+PONG\r\n+PONG\r\n")?;
        }
    });
    let measured = run(&closed(&target, 2, 100), &work("PING"));
    assert_eq!(kinds(&measured), [("malformed", 100)]);
    let (_, kind) = measured.errors.kinds().next().unwrap();
    assert!(kind.example.contains("more replies"), "{kind:?}");
    let measured = run(&open_for(&target, 2, 500.0, HALF), &work("PING"));
    assert_adds_up(&measured);
}

#[test]
fn a_line_without_an_end_is_given_up() {
    let target = serve(|connection, _| {
        connection.request()?;
        connection.send(b"+")?;
        loop {
            connection.send(&[b'x'; 10_000])?;
        }
    });
    let measured = run(&closed(&target, 2, 20), &work("PING"));
    assert_eq!(kinds(&measured), [("malformed", 20)]);
    let measured = run(&open_for(&target, 2, 100.0, HALF), &work("PING"));
    assert_eq!(kinds(&measured), [("malformed", 50)]);
    assert_adds_up(&measured);
}

#[test]
fn a_gigabyte_that_is_only_announced_is_waited_for_in_vain() {
    let target = serve(|connection, _| {
        connection.request()?;
        connection.send(b"*2\r\n$1073741824\r\n")?;
        connection.send(&vec![b'x'; 1_000_000])?;
        connection.socket.read_to_end(&mut Vec::new()).map(drop)
    });
    for load in both_loops(&target, HALF) {
        let load = Load {
            grace: HALF,
            verify: true,
            ..load
        };
        let measured = run(&load, &work("GET key:__rand_int__"));
        assert_eq!(measured.response.len(), 0);
        assert_eq!(kinds(&measured)[0].0, "no reply");
    }
}

/// What opens connections again and again must not do so for its own sake.
#[test]
fn idle_connections_that_are_closed_are_opened_when_they_are_needed() {
    for words in [
        b"-ERR max number of clients reached\r\n".as_slice(),
        b"+hello\r\n",
        b"",
    ] {
        let accepted = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&accepted);
        let target = serve(move |connection, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            connection.send(words)?;
            connection.socket.shutdown(Shutdown::Both)
        });
        let measured = run(&open_for(&target, 2, 100.0, HALF), &work("PING"));
        assert_adds_up(&measured);
        let accepted = accepted.load(Ordering::SeqCst);
        assert!(accepted <= 60, "{accepted} connections for 50 requests");
    }
}

/// A server on a Unix socket that lets nobody write to it after the greeting, and never says another word.
#[test]
fn a_server_that_shuts_only_its_ear_is_a_lost_connection() {
    let path = std::env::temp_dir().join(format!("step07-ear-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut socket in listener.incoming().flatten() {
            socket
                .read_exact(&mut [0; "*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n".len()])
                .unwrap();
            socket.shutdown(Shutdown::Read).unwrap();
            socket.write_all(b"+OK\r\n").unwrap();
            open.push(socket);
        }
    });
    let target = Target {
        address: Address::Unix(path.clone()),
        database: 1,
        ..Target::tcp("", 0)
    };
    let grace = MINUTE;
    let loads = [
        Load {
            grace,
            ..open_for(&target, 2, 100.0, HALF)
        },
        closed(&target, 2, 50),
    ];
    for load in loads {
        let measured = run(&load, &work("PING"));
        assert_eq!(kinds(&measured), [("disconnected", 50)]);
        assert!(measured.whole_time < SOON);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_connection_that_is_reset_is_lost() {
    let target = serve(|connection, _| connection.socket.read_exact(&mut [0; 1]));
    let measured = run(&closed(&target, 2, 100), &work("PING"));
    assert_eq!(kinds(&measured), [("disconnected", 100)]);
    let measured = run(&open_for(&target, 2, 500.0, HALF), &work("PING"));
    assert_eq!(kinds(&measured), [("disconnected", 250)]);
    assert_adds_up(&measured);
}
