//! What reaches the server: the same seed gives it again, whatever the number of threads.

mod odd;

use odd::toy::serve;
use odd::{closed, command, constant, run, work};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use step07_benchmark::engine::Load;
use step07_benchmark::options::Arrivals;
use step07_benchmark::target::Target;
use step07_benchmark::workload::{KeyPattern, Sizes, Workload};

/// The requests of each connection, in order.
type Requests = Vec<Vec<String>>;

/// Runs a load against a server that records what it is sent. Connections come in any order, so they are
/// sorted by what they sent.
fn requests(load: impl Fn(&Target) -> Load, workload: &Workload) -> Requests {
    let connections = Arc::new(Mutex::new(BTreeMap::<usize, Vec<String>>::new()));
    let recorded = Arc::clone(&connections);
    let target = serve(move |connection, number| {
        loop {
            let request = connection.request()?;
            let words: Vec<String> = (0..request.words.len())
                .map(|place| request.word(place))
                .collect();
            recorded
                .lock()
                .unwrap()
                .entry(number)
                .or_default()
                .push(words.join(" "));
            connection.send(b"+OK\r\n")?;
        }
    });
    let load = load(&target);
    let measured = run(&load, workload);
    assert_eq!(measured.errors.total(), 0);
    let mut connections: Requests = connections.lock().unwrap().values().cloned().collect();
    assert_eq!(
        connections.iter().map(Vec::len).sum::<usize>() as u64,
        measured.all_replies
    );
    connections.sort();
    connections
}

/// All requests of all connections, sorted.
fn flat(requests: Requests) -> Vec<String> {
    let mut flat = requests.concat();
    flat.sort();
    flat
}

/// All that a seed decides: keys, sizes, commands.
fn random(seed: u64) -> Workload {
    Workload {
        commands: vec![
            (command("SET key:__rand_int__ __data__"), 2),
            (command("GET key:__rand_int__"), 1),
        ],
        keys: 1_000_000_000,
        sizes: Sizes {
            least: 1,
            most: 100,
        },
        seed,
        ..work("PING")
    }
}

/// A load that gives each connection a number of requests that does not depend on who is faster: the
/// schedule of an open loop deals them out in turn.
fn dealt(threads: usize) -> impl Fn(&Target) -> Load {
    move |target| Load {
        threads,
        pace: Some(constant(2000.0)),
        ..closed(target, 4, 400)
    }
}

#[test]
fn a_seed_gives_the_same_requests_again_in_any_number_of_threads() {
    let first = requests(dealt(1), &random(1));
    assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [100; 4]);
    for threads in [1, 2, 4] {
        assert_eq!(
            requests(dealt(threads), &random(1)),
            first,
            "{threads} threads"
        );
    }
    assert_ne!(requests(dealt(1), &random(2)), first);
}

#[test]
fn no_two_connections_and_no_two_seeds_have_anything_in_common() {
    let mut seen = BTreeSet::new();
    for seed in 0..4 {
        for request in flat(requests(dealt(2), &random(seed))) {
            let key = request.split(' ').nth(1).unwrap().to_string();
            assert!(seen.insert(key), "{request}");
        }
    }
    assert_eq!(seen.len(), 1600);
}

/// In a closed loop the faster connection has more requests: each has the beginning of its own sequence.
#[test]
fn a_connection_of_a_closed_loop_has_the_beginning_of_its_sequence() {
    let load = |threads: usize, pipeline: usize, sliding: bool| {
        move |target: &Target| Load {
            threads,
            pipeline,
            sliding,
            ..closed(target, 4, 2000)
        }
    };
    let first = requests(load(1, 1, false), &random(7));
    for (threads, pipeline, sliding) in [(1, 1, false), (2, 1, false), (4, 8, false), (2, 8, true)]
    {
        let again = requests(load(threads, pipeline, sliding), &random(7));
        assert_eq!(again.len(), 4);
        for (first, again) in first.iter().zip(&again) {
            let common = first.len().min(again.len());
            assert!(common > 0);
            assert_eq!(first[..common], again[..common]);
        }
    }
}

#[test]
fn sequential_keys_are_each_met_once_in_any_number_of_threads() {
    let workload = Workload {
        keys: 1000,
        pattern: KeyPattern::Sequential,
        ..work("GET key:__rand_int__")
    };
    let wanted: Vec<String> = (0..1000)
        .map(|number| format!("GET key:{number:012}"))
        .collect();
    for (threads, clients, pipeline, sliding) in
        [(1, 1, 1, false), (2, 5, 3, false), (3, 7, 16, true)]
    {
        let load = |target: &Target| Load {
            threads,
            pipeline,
            sliding,
            ..closed(target, clients, 1000)
        };
        assert_eq!(flat(requests(load, &workload)), wanted);
    }
    assert_eq!(
        flat(requests(
            |target| Load {
                clients: 4,
                ..closed(target, 4, 1000)
            },
            &workload
        )),
        wanted
    );
}

#[test]
fn random_arrivals_do_not_change_the_requests() {
    let poisson = |target: &Target| {
        let mut load = dealt(1)(target);
        if let Some(pace) = &mut load.pace {
            pace.arrivals = Arrivals::Poisson;
        }
        load
    };
    assert_eq!(
        requests(poisson, &random(3)),
        requests(dealt(1), &random(3))
    );
}

#[test]
fn values_have_the_sizes_and_the_marks_that_they_should() {
    let workload = Workload {
        marked: true,
        ..random(5)
    };
    let mut sizes = BTreeSet::new();
    for request in flat(requests(dealt(1), &workload)) {
        let words: Vec<&str> = request.split(' ').collect();
        if let [_, key, value] = words.as_slice() {
            let number = key.strip_prefix("key:").unwrap();
            // A short value has the last digits.
            let mark = &number[number.len().saturating_sub(value.len())..];
            let rest = "x".repeat(value.len() - mark.len());
            assert_eq!(*value, format!("{mark}{rest}"));
            sizes.insert(value.len());
        }
    }
    assert!(sizes.len() > 60 && *sizes.first().unwrap() >= 1 && *sizes.last().unwrap() <= 100);
}
