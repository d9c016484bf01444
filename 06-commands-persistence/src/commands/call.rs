//! What a command has at hand while it runs.

use super::{CommandError, table::Command};
use crate::clock::UnixMillis;
use crate::keyspace::Keyspace;
use crate::resp::{integer, queue::Args, reply::Reply};

/// How a command ends: it has written exactly one reply, or it has written nothing and gives the
/// error to reply.
pub type Outcome = Result<(), CommandError>;

/// One execution of a command.
pub struct Call<'a> {
    /// The command's row in the table.
    pub command: &'static Command,
    /// The request; the first argument is the command's name.
    pub args: Args<'a>,
    /// The state to read and change.
    pub keyspace: &'a mut Keyspace,
    /// The time at which it runs.
    pub now: UnixMillis,
    /// Where the reply goes.
    pub reply: &'a mut Reply,
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
}
