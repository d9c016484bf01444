//! How long a command takes without sockets: requests go into a session and replies come out of it.
//!
//! ```text
//! cargo run --release -p step06-commands-persistence --example batch -- SET GET
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;
use step06_commands_persistence::clock::Clock;
use step06_commands_persistence::commands::table::TABLE;
use step06_commands_persistence::config::Config;
use step06_commands_persistence::server::Server;
use step06_commands_persistence::session::Session;

const KEYS: u64 = 100_000;
const PIPELINE: usize = 64;
const BATCHES: usize = 2_000;
const ROUNDS: usize = 15;

fn main() {
    let mut server = Server::new(Config::standard(), Clock::system(), &TABLE);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let mut session = Session::connect(&mut server, (address, address));
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let all = ["SET", "GET", "INCR", "LPUSH", "PING"].map(String::from);
    let commands = if asked.is_empty() { &all[..] } else { &asked };
    for command in commands {
        let mut best = f64::MAX;
        let mut random = 88_172_645_463_325_252_u64;
        for _ in 0..ROUNDS {
            let batches: Vec<Vec<u8>> = (0..BATCHES).map(|_| batch(command, &mut random)).collect();
            let begun = Instant::now();
            for batch in &batches {
                session.input().extend_from_slice(batch);
                while session.parse() {
                    session.execute(&mut server);
                    session.sent(session.output().len());
                }
            }
            let nanos = begun.elapsed().as_nanos() as f64;
            best = best.min(nanos / (BATCHES * PIPELINE) as f64);
        }
        println!("{command:6} {best:6.1} ns");
    }
}

fn batch(command: &str, random: &mut u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..PIPELINE {
        // Xorshift: good enough to spread keys.
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let key = *random % KEYS;
        let request = match command {
            "PING" => "*1\r\n$4\r\nPING\r\n".to_string(),
            "GET" => format!("*2\r\n$3\r\nGET\r\n$16\r\nkey:{key:012}\r\n"),
            "INCR" => format!("*2\r\n$4\r\nINCR\r\n$20\r\ncounter:{key:012}\r\n"),
            "LPUSH" => {
                "*3\r\n$5\r\nLPUSH\r\n$6\r\nmylist\r\n$16\r\nxxxxxxxxxxxxxxxx\r\n".to_string()
            }
            _ => format!("*3\r\n$3\r\nSET\r\n$16\r\nkey:{key:012}\r\n$16\r\nxxxxxxxxxxxxxxxx\r\n"),
        };
        bytes.extend_from_slice(request.as_bytes());
    }
    bytes
}
