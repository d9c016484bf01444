//! A session on a socket: moves its bytes, and knows nothing of what they mean.

use crate::batch::Batch;
use crate::session::Session;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A client's socket and its conversation.
pub struct Connection {
    socket: TcpStream,
    session: Session,
}

impl Connection {
    /// A new conversation over `socket`.
    pub fn new(socket: TcpStream) -> Self {
        // Replies leave at once instead of waiting for more (Nagle's algorithm). Not fatal if refused.
        let _ = socket.set_nodelay(true);
        let session = Session::default();
        Self { socket, session }
    }

    /// Waits until there is a batch to execute. `None`: the client has left, or the conversation is over.
    ///
    /// # Errors
    /// The socket's, such as a reset by the client.
    pub async fn receive(&mut self) -> io::Result<Option<Batch>> {
        loop {
            let batch = self.session.batch();
            if batch.is_some() || self.session.is_closed() {
                return Ok(batch);
            }
            if self.socket.read_buf(self.session.input()).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Sends replies. Nothing more is read from this client until they are sent, so that one that does not
    /// read its replies soon can't send requests either. Whether others wait for it is up to the caller.
    ///
    /// # Errors
    /// The socket's, such as a reset by the client.
    pub async fn send(&mut self, replies: &[u8]) -> io::Result<()> {
        self.socket.write_all(replies).await
    }
}
