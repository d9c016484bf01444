//! A thread for each client, and plain blocking calls: no runtime, no await. The keyspace lies behind
//! a lock.

use super::{ACCEPT_PAUSE, Shared, lock, report_accept};
use crate::session::Session;
use std::io::{self, Read, Write};
use std::net;
use std::sync::Arc;
use std::thread;
use tokio::net::TcpListener;

/// Serves clients from blocking threads. The runtime that calls it only waits for signals meanwhile.
///
/// # Errors
/// When the listener can't be made blocking, or the first thread can't be started.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let listener = listener.into_std()?;
    listener.set_nonblocking(false)?;
    thread::Builder::new().spawn(move || accept(&listener))?;
    std::future::pending().await
}

fn accept(listener: &net::TcpListener) {
    let keyspace = Shared::default();
    loop {
        // Either call may fail when there are too many clients; those who are there go on.
        if let Err(error) = listener
            .accept()
            .and_then(|(socket, _)| start(socket, Arc::clone(&keyspace)))
        {
            report_accept(&error);
            thread::sleep(ACCEPT_PAUSE);
        }
    }
}

fn start(socket: net::TcpStream, keyspace: Shared) -> io::Result<()> {
    thread::Builder::new().spawn(move || converse(socket, &keyspace))?;
    Ok(())
}

fn converse(mut socket: net::TcpStream, keyspace: &Shared) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut session = Session::default();
    let mut buffer = [0; 16 * 1024];
    while !session.is_closed() {
        let received = match socket.read(&mut buffer)? {
            0 => return Ok(()),
            length => buffer.get(..length).unwrap_or_default(),
        };
        session.input().extend_from_slice(received);
        while let Some(mut batch) = session.batch() {
            while !batch.is_empty() {
                let replies = batch.execute(&mut lock(keyspace));
                socket.write_all(&replies)?;
            }
        }
    }
    Ok(())
}
