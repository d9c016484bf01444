//! `workshop diff`: what a stage changed against the one before.

use crate::stage::{Stage, root};
use anyhow::{Context, bail};
use std::io;
use std::process::Command;

/// Shows the difference between the sources of the stage before and of this one.
///
/// # Errors
/// There is none before, or neither git nor diff can be started.
pub fn diff(stage: Stage) -> anyhow::Result<()> {
    let Some(before) = stage.previous() else {
        bail!(
            "{} is the first stage: all of it is new. Read its src folder",
            stage.folder
        );
    };
    let folders = [before, stage].map(|stage| format!("{}/src", stage.folder));
    let mut git = Command::new("git");
    git.args(["diff", "--no-index", "--patch-with-stat", "--"]);
    let mut plain = Command::new("diff");
    plain.arg("-ruN");
    for command in [&mut git, &mut plain] {
        match command.args(&folders).current_dir(root()).status() {
            // 1 says that there are differences, 0 that there are none.
            Ok(status) if matches!(status.code(), Some(0 | 1)) => return Ok(()),
            // The pager was left before its end.
            Ok(status) if status.code().is_none_or(|code| code == 141) => return Ok(()),
            Ok(status) => bail!("the comparison ended with {status}"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context("cannot compare"),
        }
    }
    bail!("neither git nor diff is on the PATH");
}
