//! Writes a snapshot to its file.
//!
//! The server goes on meanwhile: see [`snapshot`](crate::keyspace::snapshot). What is written first goes to a
//! temporary file beside the one that it is to replace. When all of it is on disk, the name is changed, and
//! then that change is brought to disk as well. Whenever the machine fails, there is one complete file: the old one or
//! the new one.

use crate::clock::UnixMillis;
use crate::keyspace::Db;
use crate::keyspace::pages::PAGE;
use crate::keyspace::snapshot::Taken;
use crate::rdb::{Crc64, Encoder};
use crate::server::Server;
use crate::server::shared::Shared;
use crate::server::sink::encode;
use anyhow::Context;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;

/// About so many keys are taken under one hold of the lock: some fifty microseconds.
const STEP: usize = 512;

/// A hold ends earlier when so many bytes have gathered, be it by the walk or by writers who had to keep something.
const MAX_PENDING: usize = 128 * 1024;

/// Writes the snapshot that was [begun](Server::freeze) to the file that it is configured to have, and says how many bytes
/// that are. Blocks the thread, not the server.
///
/// # Errors
/// What went wrong with which file. The old file is still there.
pub fn save(shared: &Shared) -> anyhow::Result<u64> {
    let path = {
        let server = shared.lock("snapshot");
        server.config.dump_path()
    };
    let temporary = temporary_name(&path);
    let written = Snapshot::begun(shared).write(&temporary);
    let result = written.and_then(|bytes| {
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

/// A snapshot that is being taken. When it is dropped, it has ended.
struct Snapshot<'a> {
    shared: &'a Shared,
    databases: usize,
    now: UnixMillis,
    encoder: Encoder,
    checksum: bool,
    crc: Crc64,
    length: u64,
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        let mut server = self.shared.lock("snapshot");
        for db in server.databases_mut() {
            db.thaw();
        }
    }
}

impl<'a> Snapshot<'a> {
    /// The one that was begun.
    fn begun(shared: &'a Shared) -> Self {
        let server = shared.lock("snapshot");
        Self {
            shared,
            databases: server.databases().len(),
            now: server.saving.since,
            encoder: Encoder::new(server.config.rdbcompression),
            checksum: server.config.rdbchecksum,
            crc: Crc64::new(),
            length: 0,
        }
    }

    fn write(mut self, path: &Path) -> anyhow::Result<u64> {
        let mut file =
            File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        self.write_to(&mut file)
            .with_context(|| format!("cannot write {}", path.display()))?;
        file.sync_all()
            .with_context(|| format!("cannot sync {}", path.display()))?;
        Ok(self.length)
    }

    fn write_to(&mut self, file: &mut impl Write) -> anyhow::Result<()> {
        let mut out = Vec::new();
        self.encoder.header(&mut out);
        let seconds = self.now.0.div_euclid(1000).to_string();
        let facts: [(&str, &str); 3] = [
            ("redis-ver", crate::REDIS_VERSION),
            ("redis-bits", "64"),
            ("ctime", &seconds),
        ];
        for (fact, value) in facts {
            self.encoder
                .aux(&mut out, fact.as_bytes(), value.as_bytes());
        }
        self.put(file, &out)?;
        for db in 0..self.databases {
            self.write_database(file, db)?;
        }
        self.write_end(file)
    }

    fn write_database(&mut self, file: &mut impl Write, db: usize) -> anyhow::Result<()> {
        let mut is_first = true;
        let mut more = true;
        while more {
            let taken;
            let (keys, volatile);
            {
                let mut server = self.shared.lock("snapshot");
                (taken, more) = step(&mut server, db);
                let database = server.databases().get(db);
                keys = database.map_or(0, |database| database.len());
                volatile = database.map_or(0, |database| database.volatile_len());
            }
            if taken.is_empty() {
                continue;
            }
            if is_first {
                is_first = false;
                let mut head = Vec::new();
                self.encoder.select_db(&mut head, db as u64);
                self.encoder
                    .resize_db(&mut head, keys as u64, volatile as u64);
                self.put(file, &head)?;
            }
            self.put(file, &taken.bytes)?;
            for (key, value, deadline) in taken.large {
                let mut bytes = Vec::new();
                encode(&mut self.encoder, &mut bytes, (&key, &value, deadline));
                self.put(file, &bytes)?;
            }
        }
        Ok(())
    }

    fn write_end(&mut self, file: &mut impl Write) -> anyhow::Result<()> {
        let mut out = Vec::new();
        self.encoder.eof(&mut out, self.crc);
        if !self.checksum {
            // All zeros say that there is none.
            let end = out.len().saturating_sub(8);
            out.truncate(end);
            out.extend_from_slice(&[0; 8]);
        }
        self.put(file, &out)
    }

    fn put(&mut self, file: &mut impl Write, bytes: &[u8]) -> anyhow::Result<()> {
        file.write_all(bytes)?;
        self.crc.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// The next piece of a database, and whether there is more. What writers had to keep comes first.
fn step(server: &mut Server, db: usize) -> (Taken, bool) {
    let Some(db) = server.databases_mut().get_mut(db) else {
        return (Taken::default(), false);
    };
    let pending = |db: &mut Db| db.sink().map(|sink| sink.pending());
    let mut more = true;
    let mut left = STEP;
    while more && left > 0 && pending(db).is_some_and(|pending| pending < MAX_PENDING) {
        more = db.freeze_step(PAGE);
        left -= PAGE;
    }
    match db.sink() {
        Some(sink) => (sink.take(), more),
        None => (Taken::default(), false),
    }
}
