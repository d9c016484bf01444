//! What the program does, from the options to the exit code.

mod alone;
mod arena;
mod bound;
mod choice;
mod compare;
mod contender;
mod findings;
mod idle;
mod ladder;
mod log;
mod single;
mod work;

use crate::limits;
use crate::options::{Job, Options};
use findings::Files;
use std::process::ExitCode;
use tokio::sync::watch;

/// Exit code of a run that Ctrl-C ended: 128 and the number of SIGINT, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// Does what the options ask for. `stop` ends it early when it becomes true; what was found by then is
/// printed and written.
///
/// The exit code is 0 when all went well, 1 when requests failed or a schedule was not held, and 130 when it
/// was interrupted.
///
/// # Errors
/// What makes measuring impossible: a server that is not there, a file that can't be written.
pub async fn run(options: &Options, stop: watch::Receiver<bool>) -> anyhow::Result<ExitCode> {
    limits::make_room(sockets(options), options.load.threads)?;
    let files = Files::create(options)?;
    match &options.job {
        Job::Load => single::run(options, files, stop).await,
        Job::Idle => idle::run(options, stop).await,
        Job::Versus(address) => compare::versus(options, address, files, stop).await,
        Job::Compare(program) => compare::started(options, program, files, stop).await,
        Job::Ladder(directory) => ladder::run(options, directory, files, stop).await,
    }
}

/// How many sockets of connections this process has open at once. In a comparison the server that shows what
/// this program can reach is in this process as well.
fn sockets(options: &Options) -> usize {
    match options.job {
        Job::Load | Job::Idle => options.load.clients,
        Job::Versus(_) | Job::Compare(_) | Job::Ladder(_) => 2 * options.load.clients,
    }
}

/// The exit code of a job that came to its end.
fn exit_code(interrupted: bool, failed: bool) -> ExitCode {
    match (interrupted, failed) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    }
}
