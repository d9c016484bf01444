//! Writes a snapshot to its file.
//!
//! The server goes on meanwhile: see [`snapshot`](crate::keyspace::snapshot).

use crate::config::Config;
use crate::file;
use crate::keyspace::snapshot::Snapshot;
use crate::rdb::Encoder;
use crate::server::shared::Shared;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

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
    write(snapshot.context("no snapshot was begun")?, &config)
}

/// Writes a snapshot to the file that the configuration names, and says how many bytes that are. Blocks the thread.
///
/// # Errors
/// What went wrong with which file. The old file is still there.
pub fn write(snapshot: Snapshot, config: &Config) -> anyhow::Result<u64> {
    let path = config.dump_path();
    file::replace(&path, &temporary_name(&path), |file| {
        let encoder = Encoder::new(file, config.rdbcompression);
        encode(encoder, snapshot, config.rdbchecksum)
    })
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
