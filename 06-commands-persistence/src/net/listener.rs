//! Accepts clients.

use super::connection::{Registration, converse};
use crate::server::shared::Shared;
use crate::session::Session;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a client is told that calls from another machine while protected-mode is on.
const DENIED: &str = "-DENIED Redis is running in protected mode because protected mode is enabled and no password \
    is set for the default user. In this mode connections are only accepted from the loopback interface. To connect \
    from other machines, turn it off from this one by 'CONFIG SET protected-mode no', or start the server with \
    '--protected-mode no'; and make sure that it can't be reached from the internet.\r\n";

const TOO_MANY: &str = "-ERR max number of clients reached\r\n";

/// Begins to listen.
///
/// # Errors
/// The system's, such as a port that is in use.
pub fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = match address.ip() {
        IpAddr::V4(_) => TcpSocket::new_v4(),
        IpAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Or else the port could not be used for a minute after the server has ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Accepts clients for ever.
pub async fn serve(listener: TcpListener, shared: Shared) {
    loop {
        let (socket, peer) = accept(&listener).await;
        let Ok(local) = socket.local_addr() else {
            continue;
        };
        match admit((peer, local), &shared) {
            // Nobody waits for the task: it ends when its client leaves.
            Ok(client) => drop(tokio::spawn(converse(socket, client))),
            Err(refusal) => drop(tokio::spawn(refuse(socket, refusal))),
        }
    }
}

/// The next client. When the process is out of file descriptors the clients it has go on, and it
/// tries again a little later.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                log::warn!("accept failed: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Enters a client, under the same hold of the lock under which it is counted.
fn admit(
    addresses: (SocketAddr, SocketAddr),
    shared: &Shared,
) -> Result<(Registration, Session), &'static str> {
    let peer = addresses.0.ip();
    let mut server = shared.lock("accept");
    let refusal = if server.clients.len() >= server.config.maxclients as usize {
        TOO_MANY
    } else if server.config.protected_mode && !peer.to_canonical().is_loopback() {
        DENIED
    } else {
        let session = Session::connect(&mut server, addresses);
        let (shared, id) = (shared.clone(), session.id());
        return Ok((Registration { shared, id }, session));
    };
    server.stats.rejected_connections += 1;
    Err(refusal)
}

/// Tells a client why it is not served, as far as it listens.
async fn refuse(mut socket: TcpStream, refusal: &'static str) {
    let _ = socket.write_all(refusal.as_bytes()).await;
}
