//! The program: loads a server that runs, or compares one of ours with redis-server.

mod flags;
mod shutdown;

use flags::Flags;
use shutdown::Shutdown;
use std::process::ExitCode;
use step07_benchmark::load::{self, Limit, Load};
use step07_benchmark::report::Format;
use step07_benchmark::{compare, report};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let Some(flags) = Flags::from_command_line()? else {
        return Ok(ExitCode::SUCCESS);
    };
    let mut shutdown = Shutdown::watch()?;
    // Whatever was started for the measurement is owned by the future, and ends when it is dropped.
    tokio::select! {
        ended = run(&flags) => ended,
        () = shutdown.requested() => {
            eprintln!("interrupted");
            Ok(ExitCode::from(130))
        }
    }
}

async fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    if let Some(program) = &flags.compare {
        compare::run(program, &flags.settings()).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let load = Load {
        address: format!("{}:{}", flags.host, flags.port),
        clients: flags.clients.unwrap_or(50),
        pipeline: flags.pipeline,
        data: flags.data.unwrap_or(3),
        keys: flags.keys.unwrap_or(0),
        limit: Limit::Requests(flags.requests),
    };
    if let Some(heading) = report::heading(flags.format) {
        println!("{heading}");
    }
    let mut errors = 0;
    for test in &flags.tests {
        let measured = load::run(&load, test).await?;
        println!("{}", report::run(flags.format, test, &load, &measured));
        errors += measured.errors;
        if let Some(error) = measured.error.filter(|_| flags.format == Format::Csv) {
            eprintln!(
                "{}: {} replies were errors, such as: {error}",
                test.title, measured.errors
            );
        }
    }
    // Replies that were errors are a failure of the run, whatever its figures are.
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
