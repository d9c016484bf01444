//! What is counted is what happened: held against what the server counted.

mod odd;

use odd::toy::{Request, answer, pong, serve};
use odd::{both_loops, closed, closed_for, command, constant, kinds, open_for, run, work};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;
use step07_benchmark::engine::{Length, Load, Measured};
use step07_benchmark::target::Target;
use step07_benchmark::workload::{Sizes, Workload};

fn assert_all_good(measured: &Measured, requests: u64) {
    assert_eq!(kinds(measured), []);
    assert_eq!(
        (
            measured.replies,
            measured.all_replies,
            measured.response.len()
        ),
        (requests, requests, requests)
    );
}

#[test]
fn a_number_of_requests_is_exact_however_it_is_divided() {
    for clients in [1, 3, 7] {
        for (threads, pipeline, sliding) in [
            (1, 1, false),
            (1, 16, false),
            (1, 5, true),
            (2, 1, true),
            (3, 5, false),
            (7, 16, true),
        ] {
            for requests in [0, 1, 2, 103] {
                let (target, served) = pong();
                let load = Load {
                    threads: threads.min(clients),
                    pipeline,
                    sliding,
                    ..closed(&target, clients, requests)
                };
                assert_all_good(&run(&load, &work("PING")), requests);
                assert_eq!(served.load(Ordering::SeqCst), requests, "{load:?}");
            }
        }
    }
}

/// A server that answers PONG, and counts its connections and the requests on them.
fn counting_connections() -> (Target, Arc<[AtomicU64; 2]>) {
    let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let counted = Arc::clone(&counts);
    let target = serve(move |connection, _| {
        counted[0].fetch_add(1, Ordering::SeqCst);
        loop {
            connection.request()?;
            counted[1].fetch_add(1, Ordering::SeqCst);
            connection.send(b"+PONG\r\n")?;
        }
    });
    (target, counts)
}

#[test]
fn without_keep_alive_each_batch_has_a_connection_of_its_own() {
    for (clients, threads, pipeline, requests, connections) in
        [(1, 1, 1, 50, 50), (3, 2, 1, 101, 101), (1, 1, 7, 100, 15)]
    {
        let (target, counts) = counting_connections();
        let load = Load {
            threads,
            pipeline,
            keep_alive: false,
            ..closed(&target, clients, requests)
        };
        assert_all_good(&run(&load, &work("PING")), requests);
        assert_eq!(counts[0].load(Ordering::SeqCst), connections, "{load:?}");
        assert_eq!(counts[1].load(Ordering::SeqCst), requests, "{load:?}");
    }
}

#[test]
fn a_window_over_connections_that_are_not_kept_ends() {
    // Replies come one by one: there is room in the window before the batch is answered.
    let target = serve(|connection, _| {
        loop {
            connection.request()?;
            sleep(Duration::from_millis(2));
            connection.send(b"+PONG\r\n")?;
        }
    });
    let load = Load {
        pipeline: 4,
        sliding: true,
        keep_alive: false,
        ..closed(&target, 2, 50)
    };
    assert_all_good(&run(&load, &work("PING")), 50);
}

#[test]
fn a_fixed_rate_sends_a_number_of_requests_exactly() {
    for (clients, threads, requests) in [(1, 1, 0), (1, 1, 1), (3, 2, 101), (5, 5, 203)] {
        let (target, served) = pong();
        let load = Load {
            threads,
            length: Length::Requests(requests),
            ..open_for(&target, clients, 2000.0, Duration::ZERO)
        };
        let measured = run(&load, &work("PING"));
        assert_all_good(&measured, requests);
        assert_eq!(measured.schedule.unwrap().due, requests);
        assert_eq!(served.load(Ordering::SeqCst), requests);
    }
}

/// Every way to load a server with 1,000 requests, over several connections.
fn every_way(target: &Target) -> Vec<Load> {
    let closed = closed(target, 3, 1000);
    vec![
        closed.clone(),
        Load {
            pipeline: 16,
            threads: 2,
            ..closed.clone()
        },
        Load {
            pipeline: 16,
            sliding: true,
            ..closed.clone()
        },
        Load {
            pipeline: 3,
            keep_alive: false,
            ..closed.clone()
        },
        Load {
            pace: Some(constant(5000.0)),
            threads: 3,
            ..closed
        },
    ]
}

#[test]
fn error_replies_are_counted_by_kind_and_nowhere_else() {
    let reply = |number: u64, _: &Request| -> Vec<u8> {
        match number % 100 {
            7 => b"-ERR unlucky\r\n".to_vec(),
            50 => b"-WRONGTYPE odd\r\n".to_vec(),
            99 => b"!9\r\nLOADING x\r\n".to_vec(),
            // An error within an array is a part of a good reply.
            3 => b"*2\r\n-ERR inner\r\n:1\r\n".to_vec(),
            _ => b"+PONG\r\n".to_vec(),
        }
    };
    for verify in [false, true] {
        let (target, _) = answer(reply);
        for load in every_way(&target) {
            let load = Load { verify, ..load };
            // Of ECHO nothing is known: any reply is good.
            let measured = run(&load, &work("ECHO a"));
            assert_eq!(
                kinds(&measured),
                [("ERR", 10), ("LOADING", 10), ("WRONGTYPE", 10)]
            );
            assert_eq!((measured.replies, measured.response.len()), (970, 970));
            assert_eq!(measured.all_replies, 1000);
        }
    }
}

#[test]
fn replies_may_be_cut_anywhere() {
    let target = serve(|connection, _| {
        let mut number = 0_u64;
        loop {
            connection.request()?;
            number += 1;
            let reply: &[u8] = match number % 10 {
                0 => b"-ERR a longer text\r\n",
                1 => b"$4\r\n\r\n\r\n\r\n",
                _ => b"*2\r\n+PONG\r\n$1\r\nx\r\n",
            };
            let cut = number as usize % (reply.len() + 1);
            connection.send(&reply[..cut])?;
            sleep(Duration::from_micros(100));
            connection.send(&reply[cut..])?;
        }
    });
    for pipeline in [1, 5] {
        let load = Load {
            pipeline,
            ..closed(&target, 1, 500)
        };
        let measured = run(&load, &work("ECHO a"));
        assert_eq!(
            (measured.replies, kinds(&measured)),
            (450, vec![("ERR", 50)])
        );
    }
}

/// GET with replies that are held against their keys.
fn marked_get() -> Workload {
    Workload {
        marked: true,
        keys: 1_000_000,
        sizes: Sizes::fixed(20),
        ..work("GET key:__rand_int__")
    }
}

#[test]
fn wrong_values_and_misses_are_told_from_good_ones() {
    let (target, _) = answer(|number, request| {
        let digits = request.word(1).strip_prefix("key:").unwrap().to_string();
        match number % 100 {
            // The value of another key, one that is too short, and one with a wrong end.
            1 => b"$20\r\n000000000001xxxxxxxx\r\n".to_vec(),
            2 => format!("$19\r\n{digits}xxxxxxx\r\n").into_bytes(),
            3 => format!("$20\r\n{digits}xxxxxxxy\r\n").into_bytes(),
            4 => b":5\r\n".to_vec(),
            50 => b"$-1\r\n".to_vec(),
            60 => b"-ERR no\r\n".to_vec(),
            _ => format!("$20\r\n{digits}xxxxxxxx\r\n").into_bytes(),
        }
    });
    for load in every_way(&target) {
        let load = Load {
            verify: true,
            ..load
        };
        let measured = run(&load, &marked_get());
        assert_eq!(kinds(&measured), [("ERR", 10), ("wrong reply", 40)]);
        assert_eq!((measured.replies, measured.response.len()), (950, 950));
        assert_eq!((measured.misses, measured.all_replies), (10, 1000));
    }
    // Unless told so, it does not look.
    let measured = run(&closed(&target, 3, 1000), &marked_get());
    assert_eq!(kinds(&measured), [("ERR", 10)]);
    assert_eq!((measured.replies, measured.misses), (990, 0));
}

#[test]
fn a_reply_that_belongs_to_another_request_is_found() {
    // Two replies change places in every batch.
    let target = serve(|connection, _| {
        loop {
            let mut replies = Vec::new();
            for _ in 0..4 {
                let request = connection.request()?;
                let digits = request.word(1)[4..].to_string();
                replies.push(format!("$20\r\n{digits}xxxxxxxx\r\n"));
            }
            replies.swap(1, 2);
            connection.send(replies.concat().as_bytes())?;
        }
    });
    let load = Load {
        verify: true,
        pipeline: 4,
        ..closed(&target, 2, 400)
    };
    let measured = run(&load, &marked_get());
    assert_eq!(
        (measured.replies, kinds(&measured)),
        (200, vec![("wrong reply", 200)])
    );
}

/// A server that closes the connection in place of each hundredth reply. It counts what it has answered.
fn hanging_up(last_words: &'static [u8]) -> (Target, Arc<AtomicU64>) {
    let (requests, answered) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&answered);
    let target = serve(move |connection, _| {
        loop {
            connection.request()?;
            if requests.fetch_add(1, Ordering::SeqCst) % 100 == 99 {
                connection.send(last_words)?;
                return connection.close();
            }
            counted.fetch_add(1, Ordering::SeqCst);
            connection.send(b"+PONG\r\n")?;
        }
    });
    (target, answered)
}

#[test]
fn lost_connections_are_opened_again_and_their_requests_counted() {
    // What was begun on one connection must not go on on the next.
    let beginnings = [
        b"".as_slice(),
        b"+PON",
        b"$10\r\nabc",
        b"*2\r\n:1\r\n",
        b"!20\r\nERR",
    ];
    for last_words in beginnings {
        let (target, answered) = hanging_up(last_words);
        let measured = run(&closed(&target, 3, 1000), &work("PING"));
        assert_eq!(kinds(&measured), [("disconnected", 10)]);
        assert_eq!((measured.replies, measured.response.len()), (990, 990));
        assert_eq!(answered.load(Ordering::SeqCst), 990);
    }
}

#[test]
fn what_was_lost_is_not_waited_for_on_the_next_connection() {
    let count = AtomicU64::new(0);
    let target = serve(move |connection, _| {
        loop {
            let digits = connection.request()?.word(1)[4..].to_string();
            if count.fetch_add(1, Ordering::SeqCst) % 50 == 49 {
                // A wrong value, and a half of it.
                connection.send(b"$20\r\nwrong")?;
                return connection.close();
            }
            connection.send(format!("$20\r\n{digits}xxxxxxxx\r\n").as_bytes())?;
        }
    });
    for load in every_way(&target) {
        let load = Load {
            verify: true,
            ..load
        };
        let measured = run(&load, &marked_get());
        let lost = measured.errors.total();
        assert_eq!(kinds(&measured), [("disconnected", lost)]);
        assert_eq!(measured.replies + lost, 1000);
    }
}

#[test]
fn a_connection_that_breaks_takes_all_its_requests_with_it() {
    let (target, _) = hanging_up(b"");
    for load in every_way(&target) {
        let (target, answered) = hanging_up(b"");
        let load = Load { target, ..load };
        let measured = run(&load, &work("PING"));
        let lost = 1000 - answered.load(Ordering::SeqCst);
        assert_eq!(kinds(&measured), [("disconnected", lost)], "{load:?}");
        assert_eq!(measured.replies, 1000 - lost);
        assert_eq!(measured.all_replies, 1000 - lost);
        assert_eq!(measured.response.len(), 1000 - lost);
    }
}

#[test]
fn every_command_of_a_mix_has_its_share() {
    let (target, _) = answer(|_, request| match request.word(0).as_str() {
        "SET" => b"-ERR no\r\n".to_vec(),
        _ => b"+PONG\r\n".to_vec(),
    });
    let mix = Workload {
        commands: vec![
            (command("GET a"), 8),
            (command("SET a b"), 1),
            (command("PING"), 1),
        ],
        ..work("PING")
    };
    for load in every_way(&target) {
        let measured = run(&load, &mix);
        let shares: Vec<u64> = measured.commands.iter().map(|one| one.replies).collect();
        assert_eq!(shares.iter().sum::<u64>(), measured.replies);
        assert_eq!(shares[1], 0);
        assert_eq!(measured.replies + measured.errors.total(), 1000);
        assert!((700..900).contains(&shares[0]), "{shares:?}");
        assert_eq!(measured.commands[0].title, "GET a");
    }
}

/// What comes after the end has a latency, and is no reply: in the parts as in the whole.
#[test]
fn the_parts_of_a_mix_add_up_when_replies_come_late() {
    let (target, _) = answer(|_, _| {
        sleep(Duration::from_millis(200));
        b"+PONG\r\n".to_vec()
    });
    let mix = Workload {
        commands: vec![(command("GET a"), 1), (command("PING"), 1)],
        ..work("PING")
    };
    let load = closed_for(&target, 10, Duration::from_millis(300));
    let measured = run(&load, &mix);
    let parts: u64 = measured.commands.iter().map(|part| part.replies).sum();
    let begun: u64 = measured
        .commands
        .iter()
        .map(|part| part.response.len())
        .sum();
    assert_eq!((parts, begun), (measured.replies, measured.response.len()));
    assert_eq!((parts, begun), (10, 20));
}

#[test]
fn connections_that_had_replies_are_counted() {
    let target = serve(|connection, number| {
        loop {
            connection.request()?;
            match number % 2 {
                0 => connection.send(b"+PONG\r\n")?,
                _ => connection.send(b"-ERR odd\r\n")?,
            }
        }
    });
    let load = Load {
        threads: 2,
        ..closed_for(&target, 10, Duration::from_millis(300))
    };
    assert_eq!(run(&load, &work("PING")).served, 5);
}

#[test]
fn more_threads_than_connections_are_not_needed() {
    let (target, served) = pong();
    for load in both_loops(&target, Duration::ZERO) {
        let load = Load {
            threads: 5,
            clients: 2,
            length: Length::Requests(103),
            ..load
        };
        assert_eq!(run(&load, &work("PING")).replies, 103);
    }
    assert_eq!(served.load(Ordering::SeqCst), 206);
}
