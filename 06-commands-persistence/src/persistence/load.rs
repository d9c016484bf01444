//! Reads a snapshot when the server starts.

use crate::clock::UnixMillis;
use crate::keyspace::value::Value;
use crate::rdb::{Decoder, Event};
use crate::server::Server;
use anyhow::{Context, bail};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// What was in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Keys that are there now.
    pub keys: u64,
    /// Keys whose time was up, and that were left out.
    pub expired: u64,
}

/// What becomes of a key of the server that is in the file, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The file is refused: the server should have no keys, or the file has one twice.
    Refuse,
    /// The key of the file replaces it.
    Replace,
}

/// Reads the file at `path` into a server. `None` where there is no such file.
///
/// # Errors
/// What is wrong with the file, or what is in it that this server has no type for. The server then holds a
/// part of it, and should not be used.
pub fn load(
    server: &mut Server,
    path: &Path,
    existing: Existing,
) -> anyhow::Result<Option<Loaded>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot open {}", path.display()));
        }
    };
    let loaded =
        read(server, file, existing).with_context(|| format!("cannot load {}", path.display()))?;
    Ok(Some(loaded))
}

fn read(server: &mut Server, file: impl Read, existing: Existing) -> anyhow::Result<Loaded> {
    let mut decoder = Decoder::new(file)?;
    let (now, limits) = (server.now.unix(), server.limits);
    let mut loaded = Loaded::default();
    let mut db = 0;
    loop {
        match decoder.next_event(|source, form| Value::load(source, form, &limits))? {
            Event::Eof => break,
            Event::Aux { .. } | Event::ResizeDb { .. } => {}
            Event::Function(_) => bail!("it holds functions, which this server does not have"),
            Event::SelectDb(number) => db = select(server, number)?,
            Event::Key {
                key,
                expires_at_ms,
                value,
            } => {
                let deadline = expires_at_ms.map(UnixMillis);
                if deadline.is_some_and(|deadline| deadline <= now) {
                    loaded.expired += 1;
                    continue;
                }
                if value.is_empty_collection() {
                    continue;
                }
                if existing == Existing::Replace {
                    server.db(db).for_write(&key).remove();
                }
                if !server.db(db).db.restore(&key, value, deadline) {
                    bail!("the key '{}' is there twice", key.escape_ascii());
                }
                loaded.keys += 1;
            }
        }
    }
    Ok(loaded)
}

fn select(server: &Server, number: u64) -> anyhow::Result<usize> {
    let db = usize::try_from(number).ok();
    db.filter(|db| server.has_db(*db)).with_context(|| {
        let databases = server.databases().len();
        format!("it has keys in database {number}, and there are {databases} (see --databases)")
    })
}
