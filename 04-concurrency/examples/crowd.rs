//! A crowd: opens many connections that say PING once and then nothing more, and measures what one
//! further client gets from the server meanwhile.
//!
//! ```text
//! cargo run --release -p step04-concurrency --example crowd -- --port 6380 --clients 10000
//! ```
//!
//! It keeps the crowd until you press Enter, so that you can look at the server with `ps`.

use lexopt::prelude::*;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process;
use std::time::{Duration, Instant};

/// How many PINGs are measured.
const PINGS: usize = 500;

/// How long to wait for a connection, or for the answer to a PING.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let (port, clients) = from_command_line()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));

    let begun = Instant::now();
    let (crowd, refused) = gather(address, clients);
    println!(
        "clients served: {} of {clients}, after {:.1?}",
        crowd.len(),
        begun.elapsed()
    );
    if let Some(error) = refused {
        println!("the next one is not: {error}");
        println!("(`ulimit -n` sets how many a process can have: the server's, and this one)");
    }

    match one_more(address) {
        Ok(times) => println!(
            "one more client: {PINGS} PINGs, median {:.0?}, worst {:.0?}",
            times[PINGS / 2],
            times[PINGS - 1]
        ),
        Err(error) => println!("one more client: {error}"),
    }

    println!("the crowd stays until you press Enter");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// The port, and how many clients to open.
fn from_command_line() -> Result<(u16, usize), lexopt::Error> {
    let (mut port, mut clients) = (6380, 1000);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => port = arguments.value()?.parse()?,
            Long("clients") => clients = arguments.value()?.parse()?,
            Long("help") => {
                println!("Usage: crowd [--port 6380] [--clients 1000]");
                process::exit(0);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok((port, clients))
}

/// Opens `count` connections, or as many as the server serves, and why it was no more. Each says PING
/// once: the system completes connections on the server's behalf, so that only an answer shows that
/// the server knows of them.
fn gather(address: SocketAddr, count: usize) -> (Vec<TcpStream>, Option<io::Error>) {
    let mut crowd = Vec::new();
    while crowd.len() < count {
        match greet(address) {
            Ok(socket) => crowd.push(socket),
            Err(error) => return (crowd, Some(error)),
        }
    }
    (crowd, None)
}

/// A connection over which one PING was answered.
fn greet(address: SocketAddr) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    ping(&mut socket)?;
    Ok(socket)
}

/// The round trips of [`PINGS`] requests on a connection of their own, the shortest first.
fn one_more(address: SocketAddr) -> io::Result<Vec<Duration>> {
    let mut socket = greet(address)?;
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let sent = Instant::now();
        ping(&mut socket)?;
        times.push(sent.elapsed());
    }
    times.sort();
    Ok(times)
}

/// Sends a PING and waits for its answer.
fn ping(socket: &mut TcpStream) -> io::Result<()> {
    socket.write_all(b"PING\r\n")?;
    let mut reply = [0; 7];
    socket
        .read_exact(&mut reply)
        .map_err(|error| match error.kind() {
            // Either kind stands for the read time-out, depending on the system.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                io::Error::other(format!("no answer to PING within {PATIENCE:?}"))
            }
            _ => error,
        })?;
    if &reply != b"+PONG\r\n" {
        return Err(io::Error::other("the answer to PING was not PONG"));
    }
    Ok(())
}
