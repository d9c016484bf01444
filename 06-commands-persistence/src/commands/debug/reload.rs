//! DEBUG RELOAD: to the disk and back.

use crate::commands::{Call, CommandError, Outcome};
use crate::persistence::load::{self, Existing};
use crate::persistence::save;
use crate::server::Server;
use anyhow::Context;

const UNKNOWN_OPTION: CommandError =
    CommandError::new("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
const SAVING: CommandError = CommandError::new("ERR Background save already in progress");
const NOT_SAVED: CommandError = CommandError::new("ERR");
const NOT_LOADED: CommandError =
    CommandError::new("ERR Error trying to load the RDB dump, check server logs.");

/// `DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]`: writes the snapshot, removes all keys, and loads them from the file. Each of
/// the first two leaves out a step; with MERGE a key of the file replaces one that is there. Everybody waits for it.
pub fn reload(call: &mut Call<'_>) -> Outcome {
    let (mut saves, mut flushes, mut existing) = (true, true, Existing::Refuse);
    for option in call.args.from(2) {
        match option.to_ascii_lowercase().as_slice() {
            b"nosave" => saves = false,
            b"noflush" => flushes = false,
            b"merge" => existing = Existing::Replace,
            _ => return Err(UNKNOWN_OPTION),
        }
    }
    let changes = call.server.journal.changes;
    if saves {
        save(call.server)?;
    }
    if flushes {
        for db in 0..call.server.databases().len() {
            call.server.db(db).clear();
        }
    }
    let loaded = load(call.server, existing);
    // It was no change that others would be told of.
    call.server.journal.changes = changes;
    loaded?;
    call.reply.simple("OK");
    Ok(())
}

fn save(server: &mut Server) -> Outcome {
    if !server.freeze() {
        return Err(SAVING);
    }
    server.saving.in_foreground = true;
    let snapshot = server.saving.snapshot.take().context("no snapshot");
    let saved = snapshot.and_then(|snapshot| save::write(snapshot, &server.config));
    let end = server.clock.read();
    let took = end.since(&server.now);
    server.saving.end(end.unix(), took, saved.is_ok());
    saved.map(drop).map_err(|error| {
        log::error!("snapshot failed: {error:#}");
        NOT_SAVED
    })
}

fn load(server: &mut Server, existing: Existing) -> Outcome {
    let path = server.config.dump_path();
    match load::load(server, &path, existing) {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => log::error!("there is no {}", path.display()),
        Err(error) => log::error!("{error:#}"),
    }
    Err(NOT_LOADED)
}
