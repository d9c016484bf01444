//! A stage is complete on its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use workshop::server::TemporaryDirectory;
use workshop::stage::{STAGES, Stage, root};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn builds_alone(stage: Stage) {
    let directory = TemporaryDirectory::new().unwrap();
    let crate_folder = directory.path().join(stage.folder);
    copy(&stage.path(), &crate_folder);
    fs::copy(root().join("Cargo.lock"), crate_folder.join("Cargo.lock")).unwrap();
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
