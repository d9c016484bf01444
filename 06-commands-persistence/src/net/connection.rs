//! One client's task: it waits for the socket and for the server at once.

use crate::resp::reply::MAX_SLICES;
use crate::server::client::ClientId;
use crate::server::shared::Shared;
use crate::session::Session;
use socket2::{SockRef, TcpKeepalive};
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};

/// A client's socket and its conversation.
struct Connection {
    socket: TcpStream,
    session: Session,
    /// Ends the present wait, if it has an end.
    timer: Option<Pin<Box<Sleep>>>,
}

/// What a connection can wait for.
enum Event {
    /// Bytes were received; none are left to come where the count is 0.
    Received(usize),
    /// The server has something for the client, or all that was there is sent and there is more.
    Mail,
    /// The client's wait is over.
    TimedOut,
}

/// A client in the server's table, for as long as this lives. However its task ends, the entry goes with it.
pub struct Registration {
    /// The server that has the table.
    pub shared: Shared,
    /// The client's name in it.
    pub id: ClientId,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.shared.lock("disconnect").remove_client(self.id);
    }
}

/// Converses with a client until one of the two has enough.
pub async fn converse(socket: TcpStream, (registration, session): (Registration, Session)) {
    // Replies leave at once instead of waiting for more (Nagle's algorithm). Not fatal if refused.
    let _ = socket.set_nodelay(true);
    let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let shared = &registration.shared;
    let keepalive = shared.lock("connect").config.tcp_keepalive;
    if keepalive > 0 {
        // A client whose machine has vanished is found out by probes. Not fatal if refused.
        let probes = TcpKeepalive::new().with_time(Duration::from_secs(keepalive.into()));
        let _ = SockRef::from(&socket).set_tcp_keepalive(&probes);
    }
    if let Some(client) = shared.lock("connect").clients.get_mut(session.id()) {
        client.waker = Some(waker);
    }
    let connection = Connection {
        socket,
        session,
        timer: None,
    };
    // A connection that breaks is nobody's loss: there is nobody to tell.
    let _ = connection.run(shared).await;
}

impl Connection {
    async fn run(mut self, shared: &Shared) -> io::Result<()> {
        loop {
            while self.session.parse() {
                self.session.execute(&mut shared.lock("batch"));
                // What can be sent at once, is. The rest goes while other things happen.
                poll_fn(|cx| match self.poll_send(cx) {
                    Poll::Pending => Poll::Ready(Ok(())),
                    sent => sent,
                })
                .await?;
                if self.session.parse() {
                    // A long pipeline: others are to be served between its batches.
                    yield_now().await;
                }
                if self.session.has_mail() {
                    self.session.collect(&mut shared.lock("mail"));
                }
            }
            if self.session.is_over() {
                return Ok(());
            }
            self.set_timer();
            match poll_fn(|cx| self.poll_event(cx)).await? {
                Event::Received(0) => self.session.end_of_input(),
                Event::Received(count) => self.session.received(count),
                Event::Mail => self.session.collect(&mut shared.lock("mail")),
                Event::TimedOut => self.session.time_out(&mut shared.lock("time-out")),
            }
        }
    }

    fn set_timer(&mut self) {
        let deadline = self.session.deadline().map(Instant::from_std);
        if self.timer.as_ref().map(|timer| timer.deadline()) != deadline {
            self.timer = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        }
    }

    /// Sends what there is, and waits for whatever happens first.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        if self.session.has_mail() || self.session.is_over() {
            return Poll::Ready(Ok(Event::Mail));
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            self.timer = None;
            return Poll::Ready(Ok(Event::TimedOut));
        }
        if self.session.wants_input() {
            return self.poll_receive(cx).map_ok(Event::Received);
        }
        Poll::Pending
    }

    /// Sends until there is no more to send, or the socket takes no more.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.session.output().is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = self.session.output().slices(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let socket = Pin::new(&mut self.socket);
            let sent = match slices {
                [slice] => ready!(socket.poll_write(cx, slice)),
                slices => ready!(socket.poll_write_vectored(cx, slices)),
            }?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.session.sent(sent);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // Nothing is lost if it is not ready: then nothing was read.
        pin!(self.socket.read_buf(self.session.input())).poll(cx)
    }
}
