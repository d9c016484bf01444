//! A stage is complete on its own.

use std::process::Command;
use workshop::copy::copy_to;
use workshop::server::TemporaryDirectory;
use workshop::stage::{STAGES, Stage};

fn builds_alone(stage: Stage) {
    let directory = TemporaryDirectory::new().unwrap();
    let crate_folder = directory.path().join(stage.folder);
    copy_to(stage, &crate_folder).unwrap();
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(directory.path().join("target"))
        .current_dir(&crate_folder)
        .status()
        .unwrap();
    assert!(status.success(), "{} does not build alone", stage.folder);
}

#[test]
#[ignore = "long: builds with all dependencies, from nothing"]
fn the_first_stage_builds_outside_the_repository() {
    builds_alone(STAGES[0]);
}

#[test]
#[ignore = "long: builds with all dependencies, from nothing"]
fn the_fifth_stage_builds_outside_the_repository() {
    builds_alone(STAGES[4]);
}
