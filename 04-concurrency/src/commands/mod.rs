//! What the server can do.
//!
//! A command is one function and one row of the [`table`]. The functions stand in a file for each
//! group of commands, as Redis's documentation groups them.

mod connection;
mod error;
mod generic;
mod string;
pub mod table;

use crate::keyspace::Keyspace;
use crate::resp::{reply::Reply, request::Request};
pub use error::CommandError;

/// How a command ends: it has written exactly one reply, or it has written nothing and gives the
/// error to reply.
pub type Outcome = Result<(), CommandError>;

/// One execution of a command: all that it has at hand while it runs.
pub struct Call<'a> {
    /// The command's name, as its row in the table has it.
    pub name: &'static str,
    /// The request; the first argument is the command's name, as the client has written it.
    pub args: &'a Request,
    /// The state to read and change.
    pub keyspace: &'a mut Keyspace,
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
        let arg = self.args.get(index);
        arg.map(|arg| &**arg)
            .ok_or(CommandError::WrongArity(self.name))
    }
}

/// Executes one request, and appends exactly one reply; none where nothing was asked.
pub fn execute(args: &Request, keyspace: &mut Keyspace, reply: &mut Reply) {
    let Some(name) = args.first() else {
        return;
    };
    let outcome = match table::find(name) {
        Some(command) if command.accepts(args.len()) => (command.run)(&mut Call {
            name: command.name,
            args,
            keyspace,
            reply,
        }),
        Some(command) => Err(CommandError::WrongArity(command.name)),
        None => Err(CommandError::unknown(name, args)),
    };
    if let Err(error) = outcome {
        reply.error(&error.text());
    }
}
