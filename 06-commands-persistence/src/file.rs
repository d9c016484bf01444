//! Files that are replaced as a whole.

use anyhow::Context;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Writes the file at `path` anew. Whoever reads it meanwhile, or after the machine has failed, has the old file or the
/// new one, complete: `write` fills `temporary`, a file beside it. When all of it is on disk, the name is changed, and then
/// that change is brought to disk as well. Gives what `write` gives. Blocks the thread.
///
/// # Errors
/// Which step failed, with which file. There is no temporary file then.
pub fn replace<T>(
    path: &Path,
    temporary: &Path,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> anyhow::Result<T> {
    let written = write_synced(temporary, write).and_then(|written| {
        rename(temporary, path)?;
        Ok(written)
    });
    if written.is_err() {
        // Perhaps there is none. It is of no use, either way.
        let _ = fs::remove_file(temporary);
    }
    written
}

fn write_synced<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> anyhow::Result<T> {
    let shown = path.display();
    let mut file = File::create(path).with_context(|| format!("cannot create {shown}"))?;
    let written = write(&mut file).with_context(|| format!("cannot write {shown}"))?;
    let synced = file.sync_all();
    synced.with_context(|| format!("cannot sync {shown}"))?;
    Ok(written)
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    let renamed = fs::rename(from, to);
    renamed.with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))?;
    let directory = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("cannot sync the directory {}", directory.display()))
}
