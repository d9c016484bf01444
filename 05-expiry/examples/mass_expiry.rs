//! A mass expiry: fills a server with keys that all expire at the same moment, and measures what one
//! other client gets from the server before that, while the keys are removed, and after.
//!
//! ```text
//! cargo run --release -p step05-expiry --example mass_expiry -- --port 6380
//! ```
//!
//! It asks for nothing but SET, GET, DEL and DBSIZE, so that it measures a redis-server as well. Nobody
//! else should write to the server meanwhile: when DBSIZE is back to what it was, the keys count as
//! removed.

use lexopt::prelude::*;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// SETs sent before their replies are read.
const PIPELINE: usize = 500;

/// How long before and after the expiry round trips are measured.
const QUIET: Duration = Duration::from_secs(3);

/// How often to ask how many keys are left.
const POLL: Duration = Duration::from_millis(10);

/// How long to wait for a reply, and for the last key to be removed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the second client reads, over and over.
const WITNESS: &str = "mass:witness";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let flags = Flags::from_command_line()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, flags.port));
    let mut filler = Client::connect(address)?;
    let mut witness = Client::connect(address)?;
    filler.send(format!("SET {WITNESS} here\r\n").as_bytes())?;
    filler.expect("+OK")?;

    let over = AtomicBool::new(false);
    let (expiry, trips) = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&mut witness, &over));
        let expiry = expire_all(&mut filler, &flags);
        over.store(true, Ordering::Relaxed);
        let trips = watcher.join().map_err(|_| "the second client panicked")??;
        Ok::<_, Box<dyn Error>>((expiry?, trips))
    })?;
    filler.send(format!("DEL {WITNESS}\r\n").as_bytes())?;
    filler.expect(":1")?;

    report(&expiry, &trips);
    Ok(())
}

/// What the command line asks for.
struct Flags {
    port: u16,
    keys: usize,
    /// From the first SET to the moment at which all keys expire.
    seconds: u64,
}

impl Flags {
    fn from_command_line() -> Result<Self> {
        let mut flags = Self {
            port: 6380,
            keys: 1_000_000,
            seconds: 10,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("port") => flags.port = arguments.value()?.parse()?,
                Long("keys") => flags.keys = arguments.value()?.parse()?,
                Long("seconds") => flags.seconds = arguments.value()?.parse()?,
                Long("help") => {
                    println!("Usage: mass_expiry [--port 6380] [--keys 1000000] [--seconds 10]");
                    process::exit(0);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }
}

/// When the keys expired, and when the last of them was removed.
struct Expiry {
    due: Instant,
    removed: Instant,
}

/// Fills the server, waits until the keys are due, and then until they are removed.
fn expire_all(client: &mut Client, flags: &Flags) -> Result<Expiry> {
    let before = client.count_keys()?;
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + flags.seconds;

    let begun = Instant::now();
    client.fill(flags.keys, deadline)?;
    let filled = client.count_keys()?;
    println!("{filled} keys, filled in {:.2?}", begun.elapsed());

    // The deadline is a time of the wall clock; the round trips are measured by the other one.
    let left = (UNIX_EPOCH + Duration::from_secs(deadline)).duration_since(SystemTime::now());
    let left = left.unwrap_or_default();
    if left < QUIET {
        return Err("the keys expire too soon after they are set: give more --seconds".into());
    }
    let due = Instant::now() + left;
    println!("all but {before} of them expire in {left:.2?}");
    thread::sleep(left);

    while client.count_keys()? > before {
        if due.elapsed() > PATIENCE {
            return Err(format!("there are still keys after {PATIENCE:?}").into());
        }
        thread::sleep(POLL);
    }
    let removed = Instant::now();
    println!("all removed {:.2?} after they expired", removed - due);
    thread::sleep(QUIET);
    Ok(Expiry { due, removed })
}

/// A request of the second client: when it left, and when its reply was there.
struct Trip {
    sent: Instant,
    answered: Instant,
}

/// Sends one GET at a time until it is over.
fn watch(client: &mut Client, over: &AtomicBool) -> io::Result<Vec<Trip>> {
    let request = format!("GET {WITNESS}\r\n");
    let mut trips = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let sent = Instant::now();
        client.send(request.as_bytes())?;
        client.expect("$4")?;
        client.expect("here")?;
        let answered = Instant::now();
        trips.push(Trip { sent, answered });
    }
    Ok(trips)
}

fn report(expiry: &Expiry, trips: &[Trip]) {
    let Expiry { due, removed } = *expiry;
    println!("round trips     count        p50        p99      worst");
    print_row("before", trips, |trip| {
        trip.sent + QUIET >= due && trip.answered < due
    });
    // One that was under way when the keys expired may have waited for their removal.
    print_row("during", trips, |trip| {
        trip.answered >= due && trip.sent < removed
    });
    print_row("after", trips, |trip| trip.sent >= removed);
}

fn print_row(phase: &str, trips: &[Trip], belongs: impl Fn(&Trip) -> bool) {
    let in_phase = trips.iter().filter(|trip| belongs(trip));
    let mut times: Vec<Duration> = in_phase.map(|trip| trip.answered - trip.sent).collect();
    times.sort();
    // The time that `share` of the round trips do not exceed.
    let quantile = |share: f64| {
        let rank = (share * times.len() as f64).ceil() as usize;
        times
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    };
    println!(
        "  {phase:9} {:>9} {:>10.1?} {:>10.1?} {:>10.1?}",
        times.len(),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
}

/// A connection that sends requests and knows what to expect.
struct Client {
    replies: BufReader<TcpStream>,
    line: String,
}

impl Client {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            replies: BufReader::new(socket),
            line: String::new(),
        })
    }

    fn send(&mut self, requests: &[u8]) -> io::Result<()> {
        self.replies.get_mut().write_all(requests)
    }

    /// Reads one line of a reply, without its end.
    fn read_line(&mut self) -> io::Result<&str> {
        self.line.clear();
        self.replies.read_line(&mut self.line)?;
        Ok(self.line.trim_end())
    }

    fn expect(&mut self, expected: &str) -> io::Result<()> {
        match self.read_line()? {
            line if line == expected => Ok(()),
            line => Err(io::Error::other(format!(
                "expected {expected:?}, and the server said {line:?}"
            ))),
        }
    }

    fn count_keys(&mut self) -> Result<u64> {
        self.send(b"DBSIZE\r\n")?;
        let line = self.read_line()?;
        let count = line.strip_prefix(':').and_then(|count| count.parse().ok());
        Ok(count.ok_or_else(|| format!("DBSIZE was answered by {line:?}"))?)
    }

    /// Sets `count` keys that all expire at `deadline`, in seconds since 1970.
    fn fill(&mut self, count: usize, deadline: u64) -> io::Result<()> {
        for first in (0..count).step_by(PIPELINE) {
            let batch = first..count.min(first + PIPELINE);
            let mut requests = String::new();
            for key in batch.clone() {
                requests += &format!("SET mass:{key} 0123456789abcdef EXAT {deadline}\r\n");
            }
            self.send(requests.as_bytes())?;
            for _ in batch {
                self.expect("+OK")?;
            }
        }
        Ok(())
    }
}
