//! The manifest of copies: what each stage did with the files of the stage before.
//!
//! Every stage holds a full copy of its sources. The manifest says which copies are meant to be the
//! same; a test holds the tree to it, and `workshop carry` carries a fix forward.

use crate::stage::{STAGES, Stage, root};
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;

/// Where the manifest is, from the root of the repository.
pub const MANIFEST: &str = "workshop/copies.txt";

/// What the manifest begins with.
const HEADER: &str = "\
# What each stage did with the source files of the stage before: left them the same, byte for byte,
# changed them, added new ones, or let them go. A test holds the tree to this list.
#
# After a change that is meant, `cargo run -q -p workshop -- copies > workshop/copies.txt` writes it
# anew; git shows what that changed. A fix that belongs into all stages: make it in the first stage
# that has the file, then `make carry`.
";

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Both stages have it, byte for byte.
    Same,
    /// Both have it, and it differs.
    Changed,
    /// Only the later stage has it.
    New,
    /// Only the earlier stage has it.
    Gone,
}

const FATES: [(Fate, &str); 4] = [
    (Fate::Same, "same"),
    (Fate::Changed, "changed"),
    (Fate::New, "new"),
    (Fate::Gone, "gone"),
];

impl fmt::Display for Fate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FATES.iter().find(|(fate, _)| fate == self);
        out.pad(name.map_or("", |(_, name)| name))
    }
}

/// Two neighbouring stages, and the fate of every file that either has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The earlier stage.
    pub from: Stage,
    /// The later one.
    pub to: Stage,
    /// Files as paths from the stage's folder.
    pub files: BTreeMap<String, Fate>,
}

/// Every step from a stage to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest(pub Vec<Step>);

impl Manifest {
    /// The manifest as it is written down.
    ///
    /// # Errors
    /// It can't be read, or not be understood.
    pub fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(root().join(MANIFEST))
            .with_context(|| format!("cannot read {MANIFEST}"))?;
        Self::parse(&text).with_context(|| format!("in {MANIFEST}"))
    }

    /// What the manifest would be if the tree is as it is meant to be.
    ///
    /// # Errors
    /// The sources can't be read.
    pub fn of_tree() -> anyhow::Result<Self> {
        let pairs = STAGES.iter().zip(STAGES.iter().skip(1));
        let steps = pairs.map(|(from, to)| compare(*from, *to));
        Ok(Self(steps.collect::<anyhow::Result<_>>()?))
    }

    /// Reads lines such as `same src/main.rs` below lines such as `01-tcp-echo -> 02-resp-parser`.
    ///
    /// # Errors
    /// A line that is neither.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut steps: Vec<Step> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let context = || format!("line {}: {line:?}", number + 1);
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                [from, "->", to] => steps.push(Step {
                    from: Stage::parse(from).with_context(context)?,
                    to: Stage::parse(to).with_context(context)?,
                    files: BTreeMap::new(),
                }),
                [fate, file] => {
                    let (fate, _) = *FATES
                        .iter()
                        .find(|(_, name)| name == fate)
                        .with_context(context)?;
                    let step = steps.last_mut().with_context(context)?;
                    if step.files.insert((*file).into(), fate).is_some() {
                        bail!("{}: it is listed twice", context());
                    }
                }
                _ => bail!(context()),
            }
        }
        Ok(Self(steps))
    }

    /// Copies files that are to be the same from a stage to the next, in order, so that a fix reaches
    /// all later copies. With `file`, only that one. Gives what was overwritten.
    ///
    /// # Errors
    /// No step has `file` as one that stays the same, or copying fails.
    pub fn carry(&self, file: Option<&str>) -> anyhow::Result<Vec<String>> {
        let file = file.map(without_stage);
        let mut known = false;
        let mut overwritten = Vec::new();
        for step in &self.0 {
            for (name, fate) in &step.files {
                if *fate != Fate::Same || file.is_some_and(|file| file != name) {
                    continue;
                }
                known = true;
                if carry_one(step, name)? {
                    overwritten.push(format!("{}/{name}", step.to.folder));
                }
            }
        }
        match file {
            Some(file) if !known => {
                bail!("{MANIFEST} lists no {file} that stays the same from a stage to the next")
            }
            _ => Ok(overwritten),
        }
    }
}

/// A file may be named with the stage's folder in front.
fn without_stage(file: &str) -> &str {
    match file.split_once('/') {
        Some((folder, rest)) if STAGES.iter().any(|stage| stage.folder == folder) => rest,
        _ => file,
    }
}

fn carry_one(step: &Step, name: &str) -> anyhow::Result<bool> {
    let (from, to) = (step.from.path().join(name), step.to.path().join(name));
    let wanted = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
    // A copy that is not there yet is one that differs.
    if fs::read(&to).is_ok_and(|there| there == wanted) {
        return Ok(false);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&to, wanted).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(true)
}

fn compare(from: Stage, to: Stage) -> anyhow::Result<Step> {
    let (before, after) = (from.sources()?, to.sources()?);
    let mut files = BTreeMap::new();
    for name in &after {
        let fate = if !before.contains(name) {
            Fate::New
        } else if fs::read(from.path().join(name))? == fs::read(to.path().join(name))? {
            Fate::Same
        } else {
            Fate::Changed
        };
        files.insert(name.clone(), fate);
    }
    for name in before {
        files.entry(name).or_insert(Fate::Gone);
    }
    Ok(Step { from, to, files })
}

impl fmt::Display for Manifest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(HEADER)?;
        for step in &self.0 {
            writeln!(out, "\n{} -> {}", step.from.folder, step.to.folder)?;
            for (file, fate) in &step.files {
                writeln!(out, "{fate:<8} {file}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let files = FATES.map(|(fate, name)| (format!("src/{name}.rs"), fate));
        let manifest = Manifest(vec![Step {
            from: STAGES[0],
            to: STAGES[1],
            files: files.into(),
        }]);
        let text = manifest.to_string();
        assert_eq!(Manifest::parse(&text).unwrap(), manifest, "{text}");
    }

    #[test]
    fn lines_that_mean_nothing_are_refused() {
        for text in [
            "same src/main.rs",
            "01 -> 09",
            "01 -> 02\nsimilar src/main.rs",
            "01 -> 02\nsame",
            "01 -> 02\nsame src/a.rs\nnew src/a.rs",
        ] {
            assert!(Manifest::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_may_be_named_with_its_stage() {
        assert_eq!(without_stage("02-resp-parser/src/main.rs"), "src/main.rs");
        assert_eq!(without_stage("src/main.rs"), "src/main.rs");
    }
}
