//! A real redis-server: how connections begin and are lost, and what its replies are worth.

mod odd;

use odd::real::Redis;
use odd::{at_least, closed, command, kinds, open_for, run, try_run, work};
use std::time::Duration;
use step07_benchmark::engine::{Length, Load};
use step07_benchmark::target::Target;
use step07_benchmark::workload::{Sizes, TESTS, Workload};

#[test]
fn every_test_has_the_replies_that_it_should() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    for marked in [true, false] {
        for test in TESTS {
            let workload = Workload {
                keys: 50,
                marked,
                sizes: Sizes::fixed(20),
                ..Workload::single(test.command())
            };
            for resp3 in [false, true] {
                let target = Target {
                    resp3,
                    ..redis.unix()
                };
                let load = Load {
                    verify: true,
                    pipeline: 16,
                    ..closed(&target, 3, 3000)
                };
                // Lists are filled by the tests before those that need them.
                let measured = run(&load, &workload);
                assert_eq!(kinds(&measured), [], "{}", test.title);
                assert_eq!(measured.replies, 3000);
            }
        }
        clear(&redis);
    }
}

fn clear(redis: &Redis) {
    assert_eq!(
        run(&closed(&redis.tcp(), 1, 1), &work("FLUSHALL")).replies,
        1
    );
}

#[test]
fn values_of_others_are_found_to_be_wrong() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let target = redis.tcp();
    let set = Workload {
        keys: 10,
        marked: true,
        sizes: Sizes::fixed(20),
        ..work("SET key:__rand_int__ __data__")
    };
    run(&closed(&target, 1, 1000), &set);
    let get = Workload {
        keys: 20,
        ..Workload {
            commands: work("GET key:__rand_int__").commands,
            ..set
        }
    };
    let load = Load {
        verify: true,
        ..closed(&target, 3, 2000)
    };
    let measured = run(&load, &get);
    assert_eq!((measured.replies, measured.errors.total()), (2000, 0));
    // Half of the keys are not there.
    assert!(
        (800..1200).contains(&measured.misses),
        "{}",
        measured.misses
    );
    run(
        &closed(&target, 1, 1),
        &work("SET key:000000000003 0123456789abcdef0123"),
    );
    let measured = run(&load, &get);
    let [("wrong reply", wrong)] = kinds(&measured)[..] else {
        panic!("{:?}", kinds(&measured));
    };
    assert!((50..200).contains(&wrong), "{wrong}");
    assert_eq!(measured.replies + wrong, 2000);
}

#[test]
fn errors_of_the_server_are_told_by_kind() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    redis.ask(&["LPUSH", "list", "a"]);
    let mix = Workload {
        commands: vec![
            (command("INCR list"), 1),
            (command("NONSENSE"), 1),
            (command("GET a b"), 1),
        ],
        ..work("PING")
    };
    let measured = run(&closed(&redis.tcp(), 3, 600), &mix);
    let [("ERR", unknown), ("WRONGTYPE", wrong)] = kinds(&measured)[..] else {
        panic!("{:?}", kinds(&measured));
    };
    assert_eq!((unknown + wrong, measured.replies), (600, 0));
    assert_eq!(redis.info("total_error_replies"), 600);
}

#[test]
fn a_connection_begins_with_its_login_and_its_database() {
    let Some(mut redis) = Redis::start(&["--requirepass", "secret"]) else {
        return;
    };
    assert_eq!(redis.ask(&["AUTH", "secret"]), "+OK");
    assert_eq!(
        redis.ask(&["ACL", "SETUSER", "me", "on", ">mine", "~*", "+@all"]),
        "+OK"
    );
    let set = work("SET key:__rand_int__ __data__");
    let open = |redis: &Redis| redis.tcp();
    let password = Some("secret".to_string());
    let default = Target {
        password: password.clone(),
        database: 3,
        ..open(&redis)
    };
    let user = Target {
        user: Some("me".into()),
        password: Some("mine".into()),
        resp3: true,
        database: 4,
        ..redis.unix()
    };
    for (target, database) in [(default, "3"), (user, "4")] {
        for keep_alive in [true, false] {
            let load = Load {
                keep_alive,
                ..closed(&target, 3, 100)
            };
            assert_eq!(run(&load, &set).replies, 100);
            redis.ask(&["SELECT", database]);
            assert_eq!(redis.ask(&["DBSIZE"]), ":1");
            assert_eq!(redis.ask(&["DEL", "key:000000000000"]), ":1");
        }
    }
    // Without a password every request fails, with a wrong one there is no run.
    let measured = run(&closed(&open(&redis), 3, 100), &set);
    assert_eq!(kinds(&measured), [("NOAUTH", 100)]);
    let wrong = Target {
        password: Some("wrong".into()),
        ..open(&redis)
    };
    let error = try_run(&closed(&wrong, 3, 100), &set).unwrap_err();
    assert!(format!("{error:#}").contains("WRONGPASS"), "{error:#}");
    let nowhere = Target {
        password,
        database: 99,
        ..open(&redis)
    };
    let error = try_run(&closed(&nowhere, 3, 100), &set).unwrap_err();
    assert!(format!("{error:#}").contains("out of range"), "{error:#}");
}

#[test]
fn connections_that_the_server_has_no_room_for_are_errors() {
    let Some(mut redis) = Redis::start(&["--maxclients", "6"]) else {
        return;
    };
    // One of the six is ours.
    let time = Duration::from_millis(500);
    let measured = run(&open_for(&redis.tcp(), 10, 1000.0, time), &work("PING"));
    assert_eq!(measured.response.len() + measured.errors.total(), 500);
    assert_eq!(measured.schedule.unwrap().due, 500);
    assert!(
        (240..=250).contains(&measured.response.len()),
        "{}",
        measured.response.len()
    );
    assert_eq!(measured.served, 5);
    assert!(redis.info("total_connections_received") < 300);
    let measured = run(&closed(&redis.tcp(), 10, 1000), &work("PING"));
    assert_eq!(measured.replies + measured.errors.total(), 1000);
}

#[test]
fn connections_that_the_server_kills_are_opened_again() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let target = redis.tcp();
    // All connections to the port; not ours to the socket.
    let kill = format!("CLIENT KILL LADDR {} SKIPME yes", target.address);
    let mix = Workload {
        commands: vec![(command("PING"), 200), (command(&kill), 1)],
        ..work("PING")
    };
    let threads = 2;
    let loads = [
        Load {
            threads,
            pipeline: 4,
            ..closed(&target, 6, 5000)
        },
        Load {
            threads,
            length: Length::Requests(2000),
            ..open_for(&target, 6, 4000.0, Duration::ZERO)
        },
    ];
    for load in loads {
        let Length::Requests(requests) = load.length else {
            unreachable!();
        };
        redis.ask(&["CONFIG", "RESETSTAT"]);
        let measured = run(&load, &mix);
        // In an open loop a connection may be killed while nothing is under way on it.
        let lost = measured.errors.total();
        let all_lost = [("disconnected", lost)];
        assert_eq!(kinds(&measured), all_lost[usize::from(lost == 0)..]);
        assert!(lost > 0 || load.pace.is_some());
        assert_eq!(measured.replies + lost, requests);
        assert!(redis.info("total_connections_received") > 6);
    }
}

#[test]
fn a_command_that_takes_its_time_does() {
    let Some(redis) = Redis::start(&["--enable-debug-command", "yes"]) else {
        return;
    };
    let load = closed(&redis.tcp(), 1, 5);
    let measured = run(&load, &work("DEBUG SLEEP 0.05"));
    assert_eq!(measured.replies, 5);
    assert!(measured.response.min() >= at_least(Duration::from_millis(50)));
}
