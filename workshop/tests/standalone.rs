//! A stage is complete on its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use workshop::copy::{COPIES, copy_to};
use workshop::server::TemporaryDirectory;
use workshop::stage::{STAGES, Stage, root};
use workshop::target::nonce;

/// A copy in `my/`, as `make copy` makes it: cargo must not take it for a part of the workspace.
#[test]
fn a_copy_in_the_repository_stands_alone() {
    let copies = root().join(COPIES);
    let copy = copies.join(format!("test-{}", nonce()));
    copy_to(STAGES[2], &copy).unwrap();
    let found = cargo()
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .current_dir(&copy)
        .output();
    fs::remove_dir_all(&copy).unwrap();
    // It stays where others lie in it.
    let _ = fs::remove_dir(&copies);
    let found = String::from_utf8(found.unwrap().stdout).unwrap();
    assert_eq!(Path::new(found.trim()), copy.join("Cargo.toml"));
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn builds_alone(stage: Stage) {
    let directory = TemporaryDirectory::new().unwrap();
    let crate_folder = directory.path().join(stage.folder);
    copy_to(stage, &crate_folder).unwrap();
    let status = cargo()
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
