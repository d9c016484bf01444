//! What a command has at hand while it runs.

use super::CommandError;
use crate::clock::UnixMillis;
use crate::command::Command;
use crate::resp::queue::{Args, Request};
use crate::resp::{integer, reply::Reply};
use crate::server::Server;
use crate::server::client::Client;
use crate::small_bytes::SmallBytes;
use std::time::Duration;

/// How a command ends: it has written exactly one reply, or it has said by [`Call::then`] what happens instead, or it
/// has written nothing and gives the error to reply.
pub type Outcome = Result<(), CommandError>;

/// One execution of a command.
pub struct Call<'a> {
    /// What is known of the command.
    pub command: &'static Command,
    /// The request; the first argument is the command's name.
    pub args: Args<'a>,
    /// The state to read and change.
    pub server: &'a mut Server,
    /// Who sent the request. The reply goes to its outbox.
    pub client: &'a mut Client,
    /// The time at which it runs.
    pub now: UnixMillis,
    /// What becomes of the client afterwards.
    pub then: Then,
    /// What is written down where the command has changed something.
    pub effect: Effect,
}

/// What becomes of a client after a command.
#[derive(Debug, Default)]
pub enum Then {
    /// Its next request is executed.
    #[default]
    Continue,
    /// It gets no reply yet, and waits.
    Block(Wait),
    /// It is disconnected when all replies are sent.
    Close,
}

/// What a client is to wait for.
#[derive(Debug)]
pub struct Wait {
    /// The keys of which one must change so that the request can be answered: then it is executed again.
    /// Without any, it waits for a work of the server's own.
    pub keys: Vec<SmallBytes>,
    /// For how long; zero for ever.
    pub timeout: Duration,
    /// Writes the reply when that time is over.
    pub on_timeout: fn(&mut Reply),
}

impl Wait {
    /// A wait for a work of the server's own, which ends it when it is done.
    pub fn for_job() -> Self {
        Self {
            keys: Vec::new(),
            timeout: Duration::ZERO,
            on_timeout: Reply::null,
        }
    }
}

/// How what a command has done is written down.
#[derive(Debug, Default)]
pub enum Effect {
    /// As it was requested.
    #[default]
    AsRequested,
    /// As these requests, which do the same whenever they are executed.
    Instead(Vec<Request>),
}

impl<'a> Call<'a> {
    /// The argument at `index`.
    ///
    /// # Errors
    /// [`CommandError::WrongArity`] where there is none. The arity in the table is checked before a
    /// command runs, so that only arguments beyond it can be missing.
    pub fn arg(&self, index: usize) -> Result<&'a [u8], CommandError> {
        self.args
            .get(index)
            .ok_or(CommandError::WrongArity(self.command.name))
    }

    /// The argument at `index` as a 64-bit integer.
    ///
    /// # Errors
    /// [`CommandError::NotAnInteger`], and what [`arg`](Self::arg) gives.
    pub fn integer(&self, index: usize) -> Result<i64, CommandError> {
        integer::parse(self.arg(index)?).ok_or(CommandError::NotAnInteger)
    }

    /// Writes down other requests than the one that came.
    pub fn instead<'b>(&mut self, args: impl IntoIterator<Item = &'b [u8]>) {
        let request = Request::new(args);
        match &mut self.effect {
            Effect::Instead(requests) => requests.push(request),
            Effect::AsRequested => self.effect = Effect::Instead(vec![request]),
        }
    }
}
