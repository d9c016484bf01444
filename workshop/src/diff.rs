//! `workshop diff`: what a stage changed against the one before, in the order in which its guide tells it.

use crate::server::TemporaryDirectory;
use crate::stage::{Stage, root};
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a file's tests begin, which stand at its end.
const TESTS: &str = "\n#[cfg(test)]\nmod tests";

/// Shows the difference between the sources of the stage before and of this one, without tests. Files
/// that went away are listed by name.
///
/// # Errors
/// There is no stage before, or git can't be started.
pub fn diff(stage: Stage) -> anyhow::Result<()> {
    let Some(before) = stage.previous() else {
        bail!(
            "{} is the first stage: all of it is new. Read its src folder",
            stage.folder
        );
    };
    let directory = TemporaryDirectory::new()?;
    for stage in [before, stage] {
        copy_without_tests(stage, directory.path())?;
    }
    let order = directory.path().join("order");
    let files: Vec<String> = in_order_of_guide(stage)?
        .iter()
        .map(|file| format!("{}/{file}\n", stage.folder))
        .collect();
    fs::write(&order, files.concat())?;
    let shown = Command::new("git")
        .args([
            "diff",
            "--no-index",
            "--patch-with-stat",
            "--diff-filter=d",
            "-O",
        ])
        .arg(&order)
        .args([before.folder, stage.folder])
        .current_dir(directory.path())
        .status()
        .context("cannot start git, which shows the difference")?;
    // 1 says that there are differences; 141, or a signal, that the pager was left before its end.
    if !matches!(shown.code(), None | Some(0 | 1 | 141)) {
        bail!("git ended with {shown}");
    }
    let there = stage.sources()?;
    for file in before
        .sources()?
        .iter()
        .filter(|file| !there.contains(file))
    {
        println!("gone, or moved: {}/{file}", before.folder);
    }
    Ok(())
}

/// The stage's sources, those first that the guide names, in its order.
///
/// # Errors
/// The guide or the sources can't be read.
pub fn in_order_of_guide(stage: Stage) -> anyhow::Result<Vec<String>> {
    let mut files = stage.sources()?;
    let text: String = guide(stage)?
        .iter()
        .map(fs::read_to_string)
        .collect::<Result<_, _>>()?;
    files.sort_by_cached_key(|file| (place(&text, file), file.clone()));
    Ok(files)
}

/// The pages of the guide: one, or one for each chapter.
fn guide(stage: Stage) -> anyhow::Result<BTreeSet<PathBuf>> {
    let chapters = stage.path().join("guide");
    let Ok(entries) = chapters.read_dir() else {
        return Ok([stage.path().join("GUIDE.md")].into());
    };
    let paths: Result<BTreeSet<_>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let is_page = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "md");
    Ok(paths?.into_iter().filter(is_page).collect())
}

/// Where the text names a file: first where it tells of the code, then elsewhere, at last nowhere.
fn place(text: &str, file: &str) -> usize {
    let code = text.find("\n## The code").unwrap_or_default();
    let name = |from: usize| {
        text.get(from..)?
            .find(&format!("`{file}`"))
            .map(|at| at + from)
    };
    let early = || name(0).map(|at| at + text.len());
    name(code).or_else(early).unwrap_or(usize::MAX)
}

fn copy_without_tests(stage: Stage, to: &Path) -> anyhow::Result<()> {
    let files = stage.sources()?.into_iter();
    for file in files.filter(|file| !file.ends_with("/tests.rs")) {
        let source = fs::read_to_string(root().join(stage.folder).join(&file))
            .with_context(|| format!("cannot read {}/{file}", stage.folder))?;
        let target = to.join(stage.folder).join(&file);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(target, without_tests(&source))?;
    }
    Ok(())
}

fn without_tests(source: &str) -> String {
    match source.split_once(TESTS) {
        Some((code, _)) => format!("{}\n", code.trim_end()),
        None => source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::STAGES;

    #[test]
    fn tests_are_cut_off() {
        let code = "fn f() {}\n";
        let tested = format!("{code}\n#[cfg(test)]\nmod tests {{}}\n");
        assert_eq!(without_tests(&tested), code);
        assert_eq!(without_tests(code), code);
    }

    #[test]
    fn files_come_in_the_order_in_which_the_guide_tells_of_them() {
        let text = "`src/a.rs` `src/d.rs`\n## The code\n`src/c.rs` then `src/b.rs`, `src/c.rs`, `src/a.rs`\n";
        let mut files = ["src/a.rs", "src/b.rs", "src/c.rs", "src/d.rs", "src/e.rs"];
        files.sort_by_key(|file| place(text, file));
        assert_eq!(
            files,
            ["src/c.rs", "src/b.rs", "src/a.rs", "src/d.rs", "src/e.rs"]
        );
    }

    #[test]
    fn every_guide_names_files_of_its_stage() {
        for stage in STAGES.into_iter().skip(1) {
            let text: String = guide(stage)
                .unwrap()
                .iter()
                .map(|page| fs::read_to_string(page).unwrap())
                .collect();
            let first = &in_order_of_guide(stage).unwrap()[0];
            assert!(
                place(&text, first) < text.len(),
                "{}: {first}",
                stage.folder
            );
        }
    }
}
