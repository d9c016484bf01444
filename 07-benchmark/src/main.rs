//! The program: loads a server that runs, or compares one of ours with redis-server.

mod flags;
mod shutdown;

use flags::Flags;
use shutdown::Shutdown;
use std::process::ExitCode;
use step07_benchmark::load::{self, Limit, Load};
use step07_benchmark::report::Format;
use step07_benchmark::workload::{self, Order, Test};
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
    if let Some(heading) = report::heading(flags.format) {
        println!("{heading}");
    }
    let mut errors = 0;
    // Every test has a sequence of keys of its own: a GET that followed the SET before it key by key would
    // find them as they lie in memory.
    for (seed, test) in (0..).zip(&flags.tests) {
        let load = flags.load(Order::Random { seed });
        fill_list(test, &load).await?;
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

/// Puts into the list what the test wants to find there; where its server does not know LPUSH, the test's own
/// errors tell.
async fn fill_list(test: &Test, load: &Load) -> anyhow::Result<()> {
    if test.list > 0 {
        let fill = Load {
            clients: 1,
            limit: Limit::Requests(test.list),
            ..load.clone()
        };
        load::run(&fill, &workload::FILL_LIST).await?;
    }
    Ok(())
}
