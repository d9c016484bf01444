//! All stages under the same load: what each of them gained.

use super::arena::Arena;
use super::contender::Contender;
use super::findings::{self, Files};
use super::work::Item;
use super::{choice, compare, exit_code};
use crate::options::{DEPTHS, Options};
use crate::output::{self, print, warn};
use crate::process::Server;
use crate::report::ladder::{self, Ladder, Step};
use crate::report::model::Turns;
use crate::report::text;
use anyhow::ensure;
use std::path::Path;
use std::process::ExitCode;
use tokio::sync::watch;

/// The servers of the course: program, arguments, what to call each, and what it changed.
#[rustfmt::skip]
const RUNGS: [(&str, &[&str], &str, &str); 7] = [
    ("step03-get-set", &[], "03 get-set",
        "one client at a time: the others wait until it leaves"),
    ("step04-concurrency", &["--model", "sequential"], "04 sequential",
        "the same, chosen by --model"),
    ("step04-concurrency", &["--model", "threads"], "04 threads",
        "a thread for each client, a lock around the keyspace"),
    ("step04-concurrency", &["--model", "actor"], "04 actor",
        "a task for each client, one more owns the keyspace: a message for each command"),
    ("step04-concurrency", &["--model", "tasks"], "04 tasks",
        "a task for each client, a lock around the keyspace, all in one thread"),
    ("step05-expiry", &[], "05 expiry",
        "keys have deadlines, which every access looks at"),
    ("step06-commands-persistence", &[], "06 full server",
        "one lock and one write for all requests that arrived together; a table of its own"),
];

/// Starts the stages that are in `directory`, and redis-server where it is installed, and measures them in
/// turns: upwards, downwards, upwards, ...
///
/// # Errors
/// When none is there, or a request fails.
pub async fn run(
    options: &Options,
    directory: &Path,
    mut files: Files,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<ExitCode> {
    let mut climbers = start(directory).await?;
    let items = common_items(options, &climbers)?;
    let facts = climbers.iter().map(|one| one.contender.facts.clone());
    let mut findings = findings::new(options, facts.collect());
    let mut table = Ladder {
        steps: climbers.iter().map(|one| one.step.clone()).collect(),
        blocks: Vec::new(),
    };
    let width = text::width(output::columns());
    print(&ladder::heading(
        &table,
        &findings.settings,
        options.rounds,
        width,
    ))?;
    let mut arena = Arena::new(options, false, stop);
    for depth in DEPTHS {
        for item in &items {
            let cells = measure(&mut arena, options, item, depth, &mut climbers).await?;
            if arena.stopped() {
                break;
            }
            let title = format!("{} -P {depth}", item.title);
            let runs = climbers
                .iter()
                .zip(&cells)
                .map(|(climber, cell)| cell.as_run(format!("{}: {title}", climber.step.name)));
            findings.runs.extend(runs);
            print(&table.block(&title, cells, width))?;
        }
    }
    findings.interrupted = arena.stopped();
    print(&ladder::end(&table, findings.interrupted, width))?;
    if let Some(file) = files.picture.take() {
        file.complete(&ladder::picture(&table))?;
    }
    files.write(&findings)?;
    Ok(exit_code(findings.interrupted, false))
}

/// A server on the ladder.
struct Climber {
    step: Step,
    contender: Contender,
    // Dropping it ends the server.
    _server: Server,
}

async fn start(directory: &Path) -> anyhow::Result<Vec<Climber>> {
    let mut climbers = Vec::new();
    for (program, arguments, name, change) in RUNGS {
        let program = directory.join(program);
        if program.exists() {
            let server = Server::start_ours(&program, arguments).await?;
            climbers.push(climber(name, change, server)?);
        }
    }
    ensure!(
        !climbers.is_empty(),
        "{} holds no stage: cargo build --release --workspace builds them",
        directory.display()
    );
    match Server::start_redis(&[]).await? {
        Some(redis) => climbers.push(climber(&redis.name.clone(), "Redis itself, in C", redis)?),
        None => warn("redis-server is not installed: the ladder ends with stage 06."),
    }
    Ok(climbers)
}

fn climber(name: &str, change: &str, server: Server) -> anyhow::Result<Climber> {
    Ok(Climber {
        step: Step {
            name: name.to_string(),
            change: change.to_string(),
        },
        contender: compare::meet(&server)?,
        _server: server,
    })
}

/// What all of them can be asked. Nothing is emptied between the tests, so that none may make data grow.
///
/// # Errors
/// When nothing is left, or one of them can't be reached.
fn common_items(options: &Options, climbers: &[Climber]) -> anyhow::Result<Vec<Item>> {
    let mut remarks = Vec::new();
    let mut items = choice::measured(options);
    for climber in climbers {
        items = choice::known(items, &climber.contender, &mut remarks)?;
    }
    let items = choice::bounded(items, false, options.sizes.most, &mut remarks);
    for remark in &remarks {
        warn(remark);
    }
    choice::ensure_some(&items, &remarks)?;
    Ok(items)
}

/// All rounds of one test: a cell for each server.
async fn measure(
    arena: &mut Arena<'_>,
    options: &Options,
    item: &Item,
    depth: usize,
    climbers: &mut [Climber],
) -> anyhow::Result<Vec<Turns>> {
    let mut cells: Vec<Turns> = climbers.iter().map(|_| Turns::default()).collect();
    for climber in climbers.iter_mut() {
        arena.prepare(item, &mut climber.contender).await?;
    }
    for round in 0..options.rounds {
        let mut turns: Vec<_> = climbers.iter_mut().zip(&mut cells).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (climber, cell) in turns {
            if arena.stopped() {
                arena.live.clear();
                return Ok(cells);
            }
            let name = &climber.step.name;
            arena.live.begin(&format!(
                "{} -P {depth}, round {}: {name}",
                item.title,
                round + 1
            ));
            let turn = arena
                .turn(item, depth, round as u64, &mut climber.contender)
                .await?;
            cell.add(turn);
        }
    }
    arena.live.clear();
    Ok(cells)
}
