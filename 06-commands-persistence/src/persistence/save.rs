//! Writes a snapshot to its file.
//!
//! The server goes on meanwhile: see [`snapshot`](crate::keyspace::snapshot). What is written first goes to a
//! temporary file beside the one that it is to replace. When all of it is on disk, the name is changed, and
//! then that change is brought to disk as well. Whenever the machine fails, there is one complete file: the old one or
//! the new one.

use crate::config::Config;
use crate::keyspace::snapshot::Snapshot;
use crate::rdb::Encoder;
use crate::server::shared::Shared;
use anyhow::{Context, anyhow};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

/// Writes the snapshot that was [begun](Server::freeze) to the file that it is configured to have, and says how many bytes
/// that are. Blocks the thread, not the server.
///
/// # Errors
/// What went wrong with which file. The old file is still there.
pub fn save(shared: &Shared) -> anyhow::Result<u64> {
    let (snapshot, config) = {
        let mut server = shared.lock("snapshot");
        (server.saving.snapshot.take(), server.config.clone())
    };
    let snapshot = snapshot.ok_or_else(|| anyhow!("no snapshot was begun"))?;
    let path = config.dump_path();
    let temporary = temporary_name(&path);
    let result = write(snapshot, &config, &temporary).and_then(|bytes| {
        replace(&temporary, &path)?;
        Ok(bytes)
    });
    if result.is_err() {
        // Perhaps there is none. It is of no use, either way.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Removes what is there of a snapshot that is not complete: nobody waits for it any more.
pub fn discard(shared: &Shared) {
    let path = shared.lock("snapshot").config.dump_path();
    // There is none, if none is being written.
    let _ = fs::remove_file(temporary_name(&path));
}

fn temporary_name(path: &Path) -> PathBuf {
    path.with_file_name(format!("temp-{}.rdb", process::id()))
}

fn replace(temporary: &Path, path: &Path) -> anyhow::Result<()> {
    fs::rename(temporary, path).with_context(|| {
        format!(
            "cannot rename {} to {}",
            temporary.display(),
            path.display()
        )
    })?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .with_context(|| format!("cannot sync the directory {}", directory.display()))
}

/// Writes a snapshot to a file of its own.
fn write(snapshot: Snapshot, config: &Config, path: &Path) -> anyhow::Result<u64> {
    let mut file =
        File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let encoder = Encoder::new(&mut file, config.rdbcompression);
    let length = encode(encoder, snapshot, config.rdbchecksum)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.sync_all()
        .with_context(|| format!("cannot sync {}", path.display()))?;
    Ok(length)
}

fn encode(mut encoder: Encoder<'_>, snapshot: Snapshot, checksum: bool) -> io::Result<u64> {
    encoder.header();
    encoder.aux(b"redis-ver", crate::REDIS_VERSION.as_bytes());
    encoder.aux(b"redis-bits", b"64");
    let seconds = snapshot.taken_at.0.div_euclid(1000).to_string();
    encoder.aux(b"ctime", seconds.as_bytes());
    for (number, image) in snapshot.databases {
        encoder.select_db(number as u64);
        encoder.resize_db(image.len() as u64, image.volatile_len() as u64);
        image.consume(|key, value, deadline| {
            encoder.key(value.form(), key, deadline.map(|deadline| deadline.0))?;
            value.save(&mut encoder);
            Ok::<(), io::Error>(())
        })?;
    }
    encoder.finish(checksum)
}
