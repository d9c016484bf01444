//! How a client's wait begins and ends.

use super::Server;
use super::blocked::{Blocked, Wait};
use super::client_id::ClientId;
use crate::resp::queue::Request;
use crate::resp::reply::Reply;
use std::sync::Arc;

impl Server {
    /// Blocks a client. `request` is what it is blocked with, on keys of database `db`.
    pub fn block(&mut self, id: ClientId, db: usize, mut on: Box<Blocked>, request: Request) {
        self.blocked.tickets += 1;
        // A wait so long that no clock can show its end lasts for ever.
        let end = self.now.instant.checked_add(on.timeout);
        let wait = Wait {
            db,
            ticket: self.blocked.tickets,
            deadline: end.filter(|_| !on.timeout.is_zero()),
            request: Arc::new(on.request.take().unwrap_or(request)),
            on,
        };
        self.blocked.enter(id, &wait);
        if let Some(db) = self.databases.get_mut(db) {
            wait.on.keys.iter().for_each(|key| db.interests.wait(key));
        }
        if let Some(client) = self.clients.get_mut(id) {
            client.blocked = Some(wait);
        }
    }

    /// Lets a client go on that is blocked, if it is. `reply` writes what it is answered.
    pub fn unblock(&mut self, id: ClientId, reply: impl FnOnce(&mut Reply)) {
        if let Some(client) = self.clients.get_mut(id)
            && let Some(wait) = client.blocked.take()
        {
            reply(&mut client.outbox);
            // Or it would be found idle since before its wait, and closed before it has its reply.
            client.mail.set_moved(true);
            client.wake();
            self.end_wait(&wait);
        }
    }

    /// Ends a wait: nobody will find it any more.
    pub(super) fn end_wait(&mut self, wait: &Wait) {
        self.blocked.leave(wait);
        if let Some(db) = self.databases.get_mut(wait.db) {
            let keys = wait.on.keys.iter();
            keys.for_each(|key| db.interests.end_wait(key));
        }
    }

    /// Lets a client go on whose time is over.
    pub fn time_out(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get(id)
            && let Some(wait) = &client.blocked
        {
            let mut reply = Reply::new(client.outbox.protocol());
            (wait.on.on_timeout)(&self.backlog, wait, &mut reply);
            self.unblock(id, |outbox| outbox.append(&reply));
        }
    }
}
