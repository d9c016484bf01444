//! A real redis-server counts exactly what the generator says that it sent.

mod odd;

use odd::real::Redis;
use odd::{closed, closed_for, command, constant, kinds, open_for, run, work};
use std::time::Duration;
use step07_benchmark::engine::{Length, Load, Pace};
use step07_benchmark::options::Arrivals;
use step07_benchmark::workload::{Sizes, Workload};

/// What the server counted of each command while `load` ran, held against the run's own figures.
fn assert_counted_alike(redis: &mut Redis, load: &Load, workload: &Workload) -> Vec<(String, u64)> {
    redis.ask(&["CONFIG", "RESETSTAT"]);
    let measured = run(load, workload);
    let calls = redis.calls();
    let all: u64 = calls.iter().map(|(_, count)| count).sum();
    assert_eq!(all, measured.all_replies, "{load:?} {calls:?}");
    assert_eq!(kinds(&measured), []);
    if let Length::Requests(requests) = load.length {
        assert_eq!(
            (measured.replies, measured.response.len()),
            (requests, requests)
        );
        if load.warm_up.is_zero() {
            assert_eq!(all, requests);
        }
    }
    if !load.warm_up.is_zero() {
        assert!(all > measured.replies);
    }
    calls
}

/// Loads of every kind, over TCP and over the socket.
fn every_kind(redis: &Redis) -> Vec<Load> {
    let closed = closed(&redis.tcp(), 7, 2003);
    let some_time = Length::Time(Duration::from_millis(200));
    let batches = Load {
        pipeline: 16,
        threads: 2,
        ..closed.clone()
    };
    let sliding = Load {
        pipeline: 5,
        sliding: true,
        target: redis.unix(),
        ..closed.clone()
    };
    let open = Load {
        pace: Some(Pace {
            arrivals: Arrivals::Poisson,
            ..constant(10_000.0)
        }),
        threads: 3,
        ..closed.clone()
    };
    let unkept = Load {
        keep_alive: false,
        pipeline: 2,
        ..closed.clone()
    };
    let mut loads = vec![closed, batches, sliding, open, unkept];
    for load in loads.clone() {
        let warm_up = Duration::from_millis(50);
        loads.push(Load {
            warm_up,
            ..load.clone()
        });
        loads.push(Load {
            warm_up,
            length: some_time,
            ..load
        });
    }
    loads
}

#[test]
fn the_server_counts_what_we_claim() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    for load in every_kind(&redis) {
        let calls = assert_counted_alike(&mut redis, &load, &work("SET key:__rand_int__ __data__"));
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].0, "set");
    }
}

#[test]
fn the_server_counts_the_commands_of_a_mix() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let mix = Workload {
        commands: vec![
            (command("GET key:__rand_int__"), 8),
            (command("SET key:__rand_int__ __data__"), 1),
            (command("INCR counter:__rand_int__"), 1),
        ],
        keys: 100,
        sizes: Sizes { least: 1, most: 50 },
        ..work("PING")
    };
    for load in every_kind(&redis) {
        let calls = assert_counted_alike(&mut redis, &load, &mix);
        let names: Vec<_> = calls.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["get", "incr", "set"]);
        let all: u64 = calls.iter().map(|(_, count)| count).sum();
        let gets = calls[0].1 as f64 / all as f64;
        assert!((0.7..0.9).contains(&gets), "{gets}");
    }
    // Without warm-up each command's own count is the server's.
    redis.ask(&["CONFIG", "RESETSTAT"]);
    let measured = run(&closed(&redis.tcp(), 3, 5000), &mix);
    let mut found: Vec<_> = measured
        .commands
        .iter()
        .map(|one| (one.title[..3].to_lowercase(), one.replies))
        .collect();
    found.sort();
    let calls: Vec<_> = redis
        .calls()
        .into_iter()
        .map(|(name, count)| (name[..3].to_string(), count))
        .collect();
    assert_eq!(found[0], calls[0]);
    assert_eq!((found[1].1, found[2].1), (calls[1].1, calls[2].1));
}

#[test]
fn connections_are_as_many_as_were_said() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    for (keep_alive, connections) in [(true, 5), (false, 100)] {
        redis.ask(&["CONFIG", "RESETSTAT"]);
        let load = Load {
            keep_alive,
            ..closed(&redis.tcp(), 5, 100)
        };
        assert_eq!(run(&load, &work("PING")).replies, 100);
        assert_eq!(redis.info("total_connections_received"), connections);
    }
}

/// All of it at once, for a while.
#[test]
#[ignore = "takes 20 seconds"]
fn a_long_run_is_counted_exactly_too() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let time = Duration::from_secs(5);
    let warm_up = Duration::from_secs(1);
    let many = Load {
        threads: 3,
        pipeline: 16,
        sliding: true,
        warm_up,
        ..closed_for(&redis.tcp(), 200, time)
    };
    let open = Load {
        threads: 2,
        warm_up,
        ..open_for(&redis.tcp(), 50, 20_000.0, time)
    };
    let mix = Workload {
        commands: vec![
            (command("GET key:__rand_int__"), 3),
            (command("SET key:__rand_int__ __data__"), 1),
        ],
        keys: 100_000,
        marked: true,
        sizes: Sizes {
            least: 1,
            most: 3000,
        },
        ..work("PING")
    };
    for load in [many, open] {
        let load = Load {
            verify: true,
            ..load
        };
        assert_counted_alike(&mut redis, &load, &mix);
    }
}
