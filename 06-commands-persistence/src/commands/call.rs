//! What a command has at hand while it runs.

use super::CommandError;
use crate::clock::UnixMillis;
use crate::command::Command;
use crate::resp::queue::Args;
use crate::resp::{integer, reply::Reply};
use crate::server::Server;
use crate::server::backlog::Requests;
use crate::server::blocked::Blocked;
use crate::server::client::{Client, ClientId};

/// How a command ends: it has written exactly one reply, or it has said by [`Call::then`] what happens instead, or it
/// gives the error to reply, and what it has written by then is taken back.
pub type Outcome = Result<(), CommandError>;

/// One execution of a command.
pub struct Call<'a> {
    /// The state to read and change.
    pub server: &'a mut Server,
    /// Who sent the request.
    pub client: ClientId,
    /// The number of the database that it works on.
    pub db: usize,
    /// The request; the first argument is the command's name.
    pub args: Args<'a>,
    /// The number of the command's row in the table, and the row.
    pub row: usize,
    pub command: &'static Command,
    /// The time at which it runs.
    pub now: UnixMillis,
    /// Where the reply goes.
    pub reply: &'a mut Reply,
    /// The key that the client was blocked on, and that can serve it now: this is not its first try.
    pub ready: Option<&'a [u8]>,
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
    Block(Box<Blocked>),
    /// It is disconnected when all replies are sent.
    Close,
}

/// How what a command has done is written down, for those who follow.
#[derive(Debug)]
pub enum Effect {
    /// Not at all: nobody follows, or the command says so.
    None,
    /// As it was requested.
    AsRequested,
    /// As these requests, which do the same whenever they are executed.
    Instead(Requests),
}

impl Effect {
    /// Whether anything is written down: else nobody need make it.
    pub fn is_wanted(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Writes down nothing of what was requested; only what is said from now on.
    pub fn nothing(&mut self) {
        if let Self::AsRequested = self {
            *self = Self::Instead(Requests::default());
        }
    }

    /// Writes down another request than the one that came, or one more.
    pub fn instead<const N: usize>(&mut self, args: [&[u8]; N]) {
        self.instead_all(args.into_iter());
    }

    /// The same for any number of arguments.
    pub fn instead_all<'a>(&mut self, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.nothing();
        if let Self::Instead(requests) = self {
            requests.push(args);
        }
    }
}

impl<'a> Call<'a> {
    /// A call of the command in this row of the table, by a client that is there, in the client's database.
    pub fn new(
        server: &'a mut Server,
        client: ClientId,
        (row, command): (usize, &'static Command),
        args: Args<'a>,
        reply: &'a mut Reply,
    ) -> Self {
        server.journal.is_followed = server.backlog.is_read();
        Self {
            client,
            db: server.clients.get(client).map_or(0, |client| client.db),
            args,
            row,
            command,
            now: server.now.unix(),
            reply,
            ready: None,
            then: Then::Continue,
            effect: if server.journal.is_followed {
                Effect::AsRequested
            } else {
                Effect::None
            },
            server,
        }
    }

    /// Who sent the request.
    ///
    /// # Errors
    /// The client is gone. It is there while its command runs, unless the command has removed it.
    pub fn me(&mut self) -> Result<&mut Client, CommandError> {
        let client = self.server.clients.get_mut(self.client);
        client.ok_or(CommandError::NO_SUCH_CLIENT)
    }

    /// The argument at `index`.
    ///
    /// # Errors
    /// [`CommandError::wrong_arity`] where there is none. The arity in the table is checked before a
    /// command runs, so that only arguments beyond it can be missing.
    pub fn arg(&self, index: usize) -> Result<&'a [u8], CommandError> {
        let arg = self.args.get(index);
        arg.ok_or_else(|| CommandError::wrong_arity(self.command.name))
    }

    /// The argument at `index` as a 64-bit integer.
    ///
    /// # Errors
    /// [`CommandError::NOT_AN_INTEGER`], and what [`arg`](Self::arg) gives.
    pub fn integer(&self, index: usize) -> Result<i64, CommandError> {
        integer::parse(self.arg(index)?).ok_or(CommandError::NOT_AN_INTEGER)
    }

    /// The argument at `index` as the number of a database.
    ///
    /// # Errors
    /// [`CommandError::NO_SUCH_DATABASE`], where it has 32 bits, [`CommandError::NOT_32_BITS`], and what
    /// [`integer`](Self::integer) gives.
    pub fn database(&self, index: usize) -> Result<usize, CommandError> {
        let number = i32::try_from(self.integer(index)?);
        let number = number.map_err(|_| CommandError::NOT_32_BITS)?;
        let number = usize::try_from(number).ok();
        let known = number.filter(|number| self.server.has_db(*number));
        known.ok_or(CommandError::NO_SUCH_DATABASE)
    }
}
