//! The engine against servers that behave in ways a real one does only on a bad day.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use step07_benchmark::load::{self, Limit, Load, Measured};
use step07_benchmark::workload::{self, Order};

/// Starts a server whose connections are served by `converse`, and gives its address.
fn serve(converse: impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            socket.set_nodelay(true).unwrap();
            let converse = converse.clone();
            thread::spawn(move || converse(socket));
        }
    });
    address
}

/// Calls `reply` for each `PING` that arrives.
fn for_each_ping(
    mut socket: TcpStream,
    mut reply: impl FnMut(&mut TcpStream) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut request = [0; 6];
    loop {
        socket.read_exact(&mut request)?;
        reply(&mut socket)?;
    }
}

fn run(address: String, clients: usize, pipeline: usize, limit: Limit) -> anyhow::Result<Measured> {
    let load = Load {
        address,
        clients,
        pipeline,
        data: 3,
        keys: 0,
        order: Order::Random { seed: 0 },
        limit,
    };
    run_load(&load, "ping_inline")
}

fn run_load(load: &Load, test: &str) -> anyhow::Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let run = load::run(load, workload::find(test).unwrap());
        tokio::time::timeout(Duration::from_secs(20), run).await?
    })
}

/// The nanoseconds that the histogram may show for this time: it keeps three digits.
fn at_least(time: Duration) -> u64 {
    time.as_nanos() as u64 / 1000 * 999
}

#[test]
fn requests_and_errors_are_counted_exactly() {
    let requests = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&requests);
    let address = serve(move |socket| {
        for_each_ping(socket, |socket| {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let reply: &[u8] = if number.is_multiple_of(10) {
                b"-ERR tenth\r\n"
            } else {
                b"+PONG\r\n"
            };
            socket.write_all(reply)
        })
    });
    // Neither the clients nor the pipeline divide the number of requests.
    let measured = run(address, 7, 16, Limit::Requests(1003)).unwrap();
    assert_eq!(measured.replies, 1003);
    assert_eq!(measured.errors, 101);
    assert_eq!(measured.error.as_deref(), Some("ERR tenth"));
    assert_eq!(measured.latency.len(), 1003);
    assert_eq!(requests.load(Ordering::Relaxed), 1003);
}

/// The keys that a server is asked for, by two connections with two requests each.
fn keys_asked_for(order: Order) -> Vec<String> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asked_by_all = Arc::clone(&asked);
    let address = serve(move |mut socket| {
        let mut request = [0; "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000000\r\n".len()];
        loop {
            socket.read_exact(&mut request)?;
            let text = String::from_utf8_lossy(&request);
            let key = text.lines().last().unwrap_or_default().to_string();
            asked_by_all.lock().unwrap().push(key);
            socket.write_all(b"$-1\r\n")?;
        }
    });
    let load = Load {
        address,
        clients: 2,
        pipeline: 2,
        data: 3,
        keys: 1_000_000,
        order,
        limit: Limit::Requests(4),
    };
    run_load(&load, "get").unwrap();
    let mut keys = asked.lock().unwrap().clone();
    keys.sort();
    keys
}

#[test]
fn a_seed_gives_the_same_keys_again_and_another_seed_others() {
    let first = keys_asked_for(Order::Random { seed: 1 });
    assert_eq!(first, keys_asked_for(Order::Random { seed: 1 }));
    assert_ne!(first, keys_asked_for(Order::Random { seed: 2 }));
    let ascending = keys_asked_for(Order::Ascending);
    assert_eq!(
        ascending,
        [
            "key:000000000000",
            "key:000000000000",
            "key:000000000001",
            "key:000000000001"
        ]
    );
}

#[test]
fn a_reply_counts_from_the_write_to_its_last_byte() {
    let delay = Duration::from_millis(20);
    let address = serve(move |socket| {
        for_each_ping(socket, |socket| {
            socket.write_all(b"+PON")?;
            thread::sleep(delay);
            socket.write_all(b"G\r\n")
        })
    });
    let measured = run(address, 2, 1, Limit::Requests(20)).unwrap();
    assert!(measured.latency.min() >= at_least(delay));
}

#[test]
fn the_replies_of_a_batch_have_each_their_own_time() {
    let delay = Duration::from_millis(20);
    let address = serve(move |socket| {
        for_each_ping(socket, |socket| {
            thread::sleep(delay);
            socket.write_all(b"+PONG\r\n")
        })
    });
    let measured = run(address, 1, 4, Limit::Requests(4)).unwrap();
    let (shortest, longest) = (measured.latency.min(), measured.latency.max());
    assert!(shortest >= at_least(delay));
    assert!(longest >= at_least(4 * delay));
}

#[test]
fn the_warm_up_is_not_measured() {
    let first = Arc::new(AtomicU64::new(0));
    let address = serve(move |socket| {
        let first = Arc::clone(&first);
        for_each_ping(socket, move |socket| {
            // The very first reply is slow.
            if first.fetch_add(1, Ordering::Relaxed) == 0 {
                thread::sleep(Duration::from_millis(150));
            }
            thread::sleep(Duration::from_micros(200));
            socket.write_all(b"+PONG\r\n")
        })
    });
    let limit = Limit::Time {
        warm_up: Duration::from_millis(100),
        measured: Duration::from_millis(300),
    };
    let measured = run(address, 1, 1, limit).unwrap();
    assert!(measured.replies > 0);
    assert_eq!(measured.time, Duration::from_millis(300));
    assert!(measured.latency.max() < 150_000_000);
}

#[test]
fn a_stall_that_reaches_over_the_end_is_measured() {
    let stall = Duration::from_millis(400);
    let replies = Arc::new(AtomicU64::new(0));
    let address = serve(move |socket| {
        let replies = Arc::clone(&replies);
        for_each_ping(socket, move |socket| {
            // Some quick replies, and then one that comes long after the end.
            let slow = replies.fetch_add(1, Ordering::Relaxed) == 20;
            thread::sleep(if slow {
                stall
            } else {
                Duration::from_millis(1)
            });
            socket.write_all(b"+PONG\r\n")
        })
    });
    let limit = Limit::Time {
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(300),
    };
    let measured = run(address, 1, 1, limit).unwrap();
    assert!(measured.latency.max() >= at_least(stall));
    assert_eq!(measured.latency.len(), measured.replies + 1);
}

#[test]
fn a_lost_connection_ends_the_run_with_an_error() {
    let address = serve(|mut socket| {
        let mut request = [0; 6];
        socket.read_exact(&mut request)?;
        socket.write_all(b"+PO")
    });
    let error = run(address, 1, 1, Limit::Requests(10)).unwrap_err();
    assert!(
        format!("{error:#}").contains("closed a connection with 1 replies due"),
        "{error:#}"
    );
}

#[test]
fn replies_that_nobody_asked_for_are_an_error() {
    let address =
        serve(|socket| for_each_ping(socket, |socket| socket.write_all(b"+PONG\r\n+PONG\r\n")));
    let error = run(address, 1, 1, Limit::Requests(10)).unwrap_err();
    assert!(format!("{error:#}").contains("more replies"), "{error:#}");
}

#[test]
fn what_is_no_reply_is_an_error() {
    let address = serve(|socket| for_each_ping(socket, |socket| socket.write_all(b"hello\r\n")));
    let error = run(address, 1, 1, Limit::Requests(10)).unwrap_err();
    assert!(
        format!("{error:#}").contains("a reply begins with 'h'"),
        "{error:#}"
    );
}
