//! A toy of a database that has one bug at a time: the commands of stage 06, on one lock. Like the
//! other toy it is made to be wrong in many ways. It reads requests with the other's parser.

mod blocking;
mod bugs;
mod collections;
mod keys;
mod pubsub;
mod server;
mod state;
mod strings;
mod table;

use super::toy::parser::{Parsed, parse};
pub use bugs::{BUGS, Bug};
use state::{Next, State};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;

/// Serves until the process ends.
pub fn serve(bug: Option<Bug>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let state = Arc::new(Mutex::new(State::new(bug)));
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let state = Arc::clone(&state);
            thread::spawn(move || client(&state, &socket));
        }
    });
    address
}

fn client(state: &Mutex<State>, socket: &TcpStream) -> io::Result<()> {
    let (outbox, letters) = mpsc::channel();
    let writer = socket.try_clone()?;
    let id = state.lock().unwrap().welcome(outbox, socket.try_clone()?);
    let writing = thread::spawn(move || deliver(&letters, writer));
    let result = converse(state, id, socket);
    // The writer ends when its last letter is delivered.
    state.lock().unwrap().leave(id);
    if result.is_err() {
        socket.shutdown(Shutdown::Both)?;
    }
    let _ = writing.join();
    socket.shutdown(Shutdown::Both)
}

/// Writes what comes through the outbox, so that nobody else ever waits for this client.
fn deliver(letters: &Receiver<Vec<u8>>, mut socket: TcpStream) -> io::Result<()> {
    while let Ok(mut bytes) = letters.recv() {
        bytes.extend(letters.try_iter().flatten());
        socket.write_all(&bytes)?;
    }
    Ok(())
}

fn converse(state: &Mutex<State>, id: u64, mut socket: &TcpStream) -> io::Result<()> {
    let mut input = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        while let Parsed::Complete(args, length) = parse(&input, None) {
            input.drain(..length);
            let next = state.lock().unwrap().execute(id, &args);
            match next {
                Next::Go => {}
                Next::Close => return Ok(()),
                Next::Wait => blocking::wait(state, id, socket)?,
            }
        }
        let length = socket.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        input.extend_from_slice(&buffer[..length]);
    }
}
