//! A server of ours where there is no other to compare it with.

use super::arena::Arena;
use super::contender::Contender;
use super::exit_code;
use super::findings::{self, Files};
use super::work::Item;
use crate::options::{DEPTHS, Options};
use crate::output::{self, print};
use crate::report::{table, text};
use std::process::ExitCode;
use tokio::sync::watch;

/// Measures each test once at each depth, and prints them in one table.
///
/// # Errors
/// When a request fails.
pub async fn run(
    options: &Options,
    mut contender: Contender,
    items: Vec<Item>,
    files: Files,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<ExitCode> {
    let mut findings = findings::new(options, vec![contender.facts.clone()]);
    let mut arena = Arena::new(options, contender.can_empty, stop);
    let width = text::width(output::columns());
    print(&table::heading(&findings, width))?;
    for depth in DEPTHS {
        for item in &items {
            if arena.stopped() {
                break;
            }
            arena.prepare(item, &mut contender).await?;
            let turn = arena.turn(item, depth, 0, &mut contender).await?;
            arena.live.clear();
            let run = turn.into_run(format!("{} -P {depth}", item.title));
            print(&table::run(&run, options.precision, width))?;
            findings.runs.push(run);
        }
    }
    findings.interrupted = arena.stopped();
    print(&format!("\n{}", table::end(&findings.runs, width)))?;
    files.write(&findings)?;
    Ok(exit_code(findings.interrupted, false))
}
