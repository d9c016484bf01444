//! The program: reads the command line, and does what it asks for.

mod shutdown;

use shutdown::Shutdown;
use std::env;
use std::process::ExitCode;
use step07_benchmark::cli::{self, Invocation};
use step07_benchmark::job;
use step07_benchmark::options::Options;
use step07_benchmark::output;
use tokio::sync::watch;

/// Exit code of a measurement that was not possible.
const FAILED: u8 = 1;

/// Exit code when nobody reads the output any more: 128 and the number of SIGPIPE, as shells have it.
const UNREAD: u8 = 141;

fn main() -> ExitCode {
    match cli::parse(env::args_os().skip(1)) {
        Ok(Invocation::Run(options)) => run(&options),
        Ok(Invocation::Print(text)) => {
            let printed = output::print(&format!("{}\n", text.trim_end()));
            printed.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
        }
        Err(error) => error.exit(),
    }
}

fn run(options: &Options) -> ExitCode {
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(work(options)));
    ended.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> ExitCode {
    if error.is::<output::Closed>() {
        return ExitCode::from(UNREAD);
    }
    output::warn(&format!("error: {error:#}"));
    ExitCode::from(FAILED)
}

/// The first signal asks the job to end with what it has; a second one ends it at once. Servers that were
/// started for a measurement are owned by the job, and end when it is dropped.
async fn work(options: &Options) -> anyhow::Result<ExitCode> {
    let mut shutdown = Shutdown::watch()?;
    let (stop, stopped) = watch::channel(false);
    let job = job::run(options, stopped);
    tokio::pin!(job);
    tokio::select! {
        ended = &mut job => return ended,
        () = shutdown.requested() => {}
    }
    // Nobody listens when the job has just ended.
    let _ = stop.send(true);
    tokio::select! {
        ended = &mut job => ended,
        () = shutdown.requested() => Ok(ExitCode::from(job::INTERRUPTED)),
    }
}
