//! A toy of a server that has one bug at a time. It is made to be wrong in many ways, and not to be
//! good in any: the stages show how a server is written.

mod bugs;
mod commands;
mod expiry;
pub mod parser;

pub use bugs::{BUGS, Bug};
use commands::Data;
use parser::{Parsed, parse};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// Clients beyond this many wait, with the bug that is about that.
const FEW: usize = 50;

struct Toy {
    bug: Option<Bug>,
    data: Mutex<Data>,
    /// Held by whoever keeps all others waiting, with the bugs that are about that.
    turn: Mutex<()>,
    /// One buffer for all clients, with the bug that is about that.
    shared_input: Mutex<Vec<u8>>,
    clients: AtomicUsize,
    /// Connections, for the bug that closes them all.
    sockets: Mutex<Vec<TcpStream>>,
}

/// Serves until the process ends.
pub fn serve(bug: Option<Bug>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let toy = Arc::new(Toy {
        bug,
        data: Mutex::default(),
        turn: Mutex::default(),
        shared_input: Mutex::default(),
        clients: AtomicUsize::new(0),
        sockets: Mutex::default(),
    });
    let background = Arc::clone(&toy);
    thread::spawn(move || background.expire());
    thread::spawn(move || toy.accept(&listener));
    address
}

impl Toy {
    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for socket in listener.incoming().map_while(Result::ok) {
            // Here, and not in the client's thread: they are closed in the order in which they came.
            self.sockets.lock().unwrap().extend(socket.try_clone());
            let toy = Arc::clone(&self);
            if self.has(Bug::OneAtATime) {
                let _ = toy.client(socket);
            } else if self.has(Bug::EndsWithOneClient) {
                if toy.client(socket).is_err() {
                    return;
                }
            } else if self.has(Bug::ServesOneClientOnly) {
                let _ = toy.client(socket);
                return;
            } else {
                thread::spawn(move || toy.client(socket));
            }
        }
    }

    fn expire(&self) {
        while !self.has(Bug::NoActiveExpiry) {
            thread::sleep(Duration::from_millis(20));
            self.data.lock().unwrap().remove_expired(self.bug);
        }
    }

    fn client(&self, socket: TcpStream) -> io::Result<()> {
        let number = self.clients.fetch_add(1, Ordering::SeqCst);
        if self.has(Bug::FewClients) && number >= FEW {
            loop {
                thread::park();
            }
        }
        let result = self.converse(&socket);
        let _ = socket.shutdown(Shutdown::Both);
        result
    }

    fn converse(&self, mut socket: &TcpStream) -> io::Result<()> {
        let mut own = Data::default();
        let mut input = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        let mut turn: Option<MutexGuard<'_, ()>> = None;
        loop {
            let length = socket.read(&mut buffer)?;
            if length == 0 {
                return self.leave(&input);
            }
            if self.has(Bug::SharedBuffer) {
                self.shared_input
                    .lock()
                    .unwrap()
                    .extend_from_slice(&buffer[..length]);
                input.clone_from(&self.shared_input.lock().unwrap());
            } else {
                input.extend_from_slice(&buffer[..length]);
            }
            if !self.has(Bug::WaitsForSilentClient) {
                turn = None;
            } else if turn.is_none() {
                turn = self.turn.lock().ok();
            }
            let mut out = Vec::new();
            let open = self.answer(&mut input, &mut own, &mut out);
            if self.has(Bug::SharedBuffer) {
                self.shared_input.lock().unwrap().clone_from(&input);
            }
            if input.is_empty() {
                turn = None;
            }
            if self.has(Bug::LineFeedsAlone) {
                out.retain(|byte| *byte != b'\r');
            }
            let held = self.has(Bug::LocksWhileWriting).then(|| self.data.lock());
            socket.write_all(&out)?;
            drop(held);
            if !open {
                self.close_others();
                return Ok(());
            }
        }
    }

    /// With the bug that is about that, the end of one conversation is the end of all.
    fn close_others(&self) {
        if self.has(Bug::ErrorClosesAll) {
            for socket in self.sockets.lock().unwrap().iter() {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// A client leaves, perhaps with half a request behind.
    fn leave(&self, input: &[u8]) -> io::Result<()> {
        if self.has(Bug::EndsWithOneClient) && !input.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Answers what is complete. False: the conversation is over.
    fn answer(&self, input: &mut Vec<u8>, own: &mut Data, out: &mut Vec<u8>) -> bool {
        loop {
            match parse(input, self.bug) {
                Parsed::Complete(args, length) => {
                    input.drain(..length);
                    let open = self.execute(&args, own, out);
                    if self.has(Bug::OneRequestPerRead) {
                        input.clear();
                    }
                    if !open {
                        return false;
                    }
                }
                Parsed::Incomplete => {
                    if self.has(Bug::ForgetsHalfRequests) {
                        input.clear();
                    }
                    return true;
                }
                Parsed::Malformed(error) => return self.refuse(input, &error, out),
            }
        }
    }

    fn refuse(&self, input: &mut Vec<u8>, error: &[u8], out: &mut Vec<u8>) -> bool {
        if self.has(Bug::DropsRepliesOnError) {
            out.clear();
        }
        out.extend([b"-ERR Protocol error: ", error, b"\r\n"].concat());
        input.clear();
        self.has(Bug::StaysOpenAfterError)
    }

    fn execute(&self, args: &[Vec<u8>], own: &mut Data, out: &mut Vec<u8>) -> bool {
        if args.is_empty() {
            if self.has(Bug::AnswersNothing) {
                out.extend_from_slice(b"-ERR empty request\r\n");
            }
            return true;
        }
        let browser =
            args[0].eq_ignore_ascii_case(b"post") || args[0].eq_ignore_ascii_case(b"host:");
        if browser && !self.has(Bug::ServesBrowsers) {
            return false;
        }
        let reply = if self.has(Bug::StatePerClient) {
            own.execute(args, self.bug)
        } else if self.has(Bug::LosesWrites) {
            self.execute_on_a_copy(args)
        } else {
            self.data.lock().unwrap().execute(args, self.bug)
        };
        let arity = reply.starts_with(b"-ERR wrong number");
        if self.has(Bug::AnswersInDisorder) && out.len() > 1000 {
            out.splice(..0, reply);
        } else {
            out.extend(reply);
        }
        if self.has(Bug::StrayLineEnd) {
            out.extend_from_slice(b"\r\n");
        }
        !(arity && self.has(Bug::ClosesOnWrongArity))
    }

    fn execute_on_a_copy(&self, args: &[Vec<u8>]) -> Vec<u8> {
        let mut copy = self.data.lock().unwrap().clone();
        let reply = copy.execute(args, None);
        thread::yield_now();
        *self.data.lock().unwrap() = copy;
        reply
    }
}
