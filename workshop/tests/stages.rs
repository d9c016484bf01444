//! Every stage passes the checks that are promised for it, and redis-server passes those that tell of
//! Redis: a check that is wrong about Redis is found here.

use workshop::checks::{self, Check};
use workshop::server::Server;
use workshop::stage::{STAGES, Stage};
use workshop::target::Target;

/// All that fails, told as one text.
fn failures(target: &Target, checks: impl Iterator<Item = &'static Check>) -> String {
    checks
        .filter_map(|check| {
            let failure = check.run(target).err()?;
            Some(format!("{} {}\n{failure}\n\n", check.id, check.title))
        })
        .collect()
}

fn passes_its_checks(stage: Stage, flags: &[&str]) {
    let server = Server::start_with(stage, flags).unwrap();
    let checks = checks::all().filter(|check| check.holds_at(stage));
    let failures = failures(&Target::new(server.address()), checks);
    assert!(
        failures.is_empty(),
        "{} {flags:?}\n{failures}",
        stage.folder
    );
}

#[test]
fn stage_01_passes() {
    passes_its_checks(STAGES[0], &[]);
}

#[test]
fn stage_02_passes() {
    passes_its_checks(STAGES[1], &[]);
}

#[test]
fn stage_03_passes() {
    passes_its_checks(STAGES[2], &[]);
}

#[test]
fn stage_04_passes_with_each_model_for_many_clients() {
    for model in ["tasks", "threads", "actor"] {
        passes_its_checks(STAGES[3], &["--model", model]);
    }
    passes_its_checks(STAGES[3], &["--model", "tasks", "--threads", "2"]);
    passes_its_checks(STAGES[3], &["--model", "actor", "--threads", "2"]);
}

/// One client at a time is what stage 03 promises.
#[test]
fn stage_04_with_the_sequential_model_passes_what_stage_03_does() {
    let server = Server::start_with(STAGES[3], &["--model", "sequential"]).unwrap();
    let checks = checks::all().filter(|check| check.holds_at(STAGES[2]));
    let failures = failures(&Target::new(server.address()), checks);
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn stage_05_passes_with_one_thread_and_with_two() {
    passes_its_checks(STAGES[4], &[]);
    passes_its_checks(STAGES[4], &["--threads", "2"]);
}

#[test]
fn stage_06_passes_with_one_thread_and_with_two() {
    passes_its_checks(STAGES[5], &[]);
    passes_its_checks(STAGES[5], &["--threads", "2"]);
}

#[test]
fn redis_passes() {
    let Some(server) = Server::start_redis().unwrap() else {
        eprintln!("skipped: there is no redis-server on the PATH");
        return;
    };
    let checks = checks::all().filter(|check| check.redis());
    let failures = failures(&Target::new(server.address()), checks);
    assert!(failures.is_empty(), "{failures}");
}
