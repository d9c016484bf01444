//! The stages of the course.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// A stage whose program is a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its number, from 1 on.
    pub number: u8,
    /// Its folder in the repository.
    pub folder: &'static str,
}

/// The stages in their order.
pub const STAGES: [Stage; 6] = [
    stage(1, "01-tcp-echo"),
    stage(2, "02-resp-parser"),
    stage(3, "03-get-set"),
    stage(4, "04-concurrency"),
    stage(5, "05-expiry"),
    stage(6, "06-commands-persistence"),
];

/// From this stage on, servers are fast by design, and are built in release.
const FIRST_IN_RELEASE: u8 = 6;

/// From this stage on, servers write files into the directory that `--dir` names, at times that
/// `--save` sets.
const FIRST_WITH_FILES: u8 = 6;

const fn stage(number: u8, folder: &'static str) -> Stage {
    Stage { number, folder }
}

impl Stage {
    /// The stage that `text` means: its number, with or without the zero, or its folder.
    ///
    /// # Errors
    /// There is no such stage.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text.trim_end_matches('/');
        let number = text.parse::<u8>().ok();
        let found = STAGES
            .into_iter()
            .find(|stage| stage.folder == text || number == Some(stage.number));
        let Some(stage) = found else {
            let folders = STAGES.map(|stage| stage.folder).join(", ");
            bail!("{text:?} is no stage. The stages are {folders}; 05 is short for 05-expiry");
        };
        Ok(stage)
    }

    /// The stage before this one.
    pub fn previous(self) -> Option<Self> {
        STAGES
            .into_iter()
            .find(|stage| stage.number + 1 == self.number)
    }

    /// The name of its package, and of the program it builds.
    pub fn package(self) -> String {
        format!("step{}", self.folder)
    }

    /// Whether its server is built in release by default.
    pub fn in_release(self) -> bool {
        self.number >= FIRST_IN_RELEASE
    }

    /// Whether its server writes files, and is told where by `--dir` and when by `--save`.
    pub fn keeps_files(self) -> bool {
        self.number >= FIRST_WITH_FILES
    }

    /// Where it lies.
    pub fn path(self) -> PathBuf {
        root().join(self.folder)
    }

    /// The files under its `src`, as paths from the stage's folder such as `src/resp/mod.rs`, sorted.
    ///
    /// # Errors
    /// A folder can't be read.
    pub fn sources(self) -> anyhow::Result<Vec<String>> {
        let mut files = Vec::new();
        collect(&self.path(), "src", &mut files)?;
        files.sort();
        Ok(files)
    }
}

fn collect(base: &Path, folder: &str, files: &mut Vec<String>) -> anyhow::Result<()> {
    let path = base.join(folder);
    let entries = path
        .read_dir()
        .with_context(|| format!("cannot read {}", path.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let below = format!("{folder}/{}", name.to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(base, &below, files)?;
        } else {
            files.push(below);
        }
    }
    Ok(())
}

/// The repository this tool was built in.
pub fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_several_names() {
        for text in ["5", "05", "05-expiry", "05-expiry/"] {
            assert_eq!(Stage::parse(text).unwrap().package(), "step05-expiry");
        }
        for text in ["", "0", "7", "expiry", "127.0.0.1:6380"] {
            assert!(Stage::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_stage_follows_the_one_before() {
        assert_eq!(STAGES[0].previous(), None);
        for pair in STAGES.windows(2) {
            assert_eq!(pair[1].previous(), Some(pair[0]));
        }
    }
}
