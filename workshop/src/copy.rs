//! `workshop copy`: a stage to change at will.

use crate::stage::{Stage, root};
use anyhow::{Context, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where copies are made, from the root of the repository. The workspace and git look away from it.
pub const COPIES: &str = "my";

/// Copies a stage for somebody who does its exercises. Gives the folder, from the root.
///
/// # Errors
/// There is such a copy already, or it can't be made.
pub fn copy(stage: Stage) -> anyhow::Result<String> {
    let folder = format!("{COPIES}/{}", stage.folder);
    let to = root().join(&folder);
    if to.exists() {
        bail!("{folder} is there already, with your work in it. Move it away for a new one");
    }
    copy_to(stage, &to).with_context(|| format!("cannot make {folder}"))?;
    Ok(folder)
}

/// Copies a stage into a folder that is to be made, with the versions of what it depends on: it builds
/// without network.
///
/// # Errors
/// It can't be made.
pub fn copy_to(stage: Stage, to: &Path) -> anyhow::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let copied = Command::new("cp")
        .arg("-R")
        .arg(stage.path())
        .arg(to)
        .status()?;
    if !copied.success() {
        bail!("cp ended with {copied}");
    }
    fs::copy(root().join("Cargo.lock"), to.join("Cargo.lock"))?;
    Ok(())
}
