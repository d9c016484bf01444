//! Commands that bring what a key holds to another key, or to another database.

use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::clock::UnixMillis;
use crate::keyspace::Value;
use crate::keyspace::event::{self, Event};

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH5.write("copy", -3, copy, DENYOOM, RO | ACCESS)
        .keys(key(2, OW | UPDATE))
        .about("6.2.0", "Copies what a key holds to another one."),
    CH5.write("move", 3, move_key, FAST, RW | ACCESS | UPDATE)
        .about("1.0.0", "Moves a key to another database."),
    CH0.write("rename", 3, rename, SLOW, TAKE)
        .keys(key(2, OW | UPDATE))
        .about("1.0.0", "Gives a key another name."),
    CH5.write("renamenx", 3, renamenx, FAST, TAKE)
        .keys(key(2, OW | INSERT))
        .about("1.0.0", "Gives a key another name, if that is free."),
];

const SAME_OBJECT: CommandError =
    CommandError::new("ERR source and destination objects are the same");

/// What a key holds, and until when.
type Content = (Value, Option<UnixMillis>);

/// `RENAME key newkey`: with its deadline. <https://redis.io/docs/latest/commands/rename/>
pub fn rename(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (call.arg(1)?, call.arg(2)?);
    let is_there = if from == to {
        holds(call, call.db, from)
    } else {
        give_name(call, from, to)
    };
    if !is_there {
        return Err(CommandError::NO_SUCH_KEY);
    }
    call.reply.simple("OK");
    Ok(())
}

/// `RENAMENX key newkey`: 1, or 0 where the new name is taken. <https://redis.io/docs/latest/commands/renamenx/>
pub fn renamenx(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (call.arg(1)?, call.arg(2)?);
    if !holds(call, call.db, from) {
        return Err(CommandError::NO_SUCH_KEY);
    }
    let is_free = !holds(call, call.db, to);
    if is_free {
        give_name(call, from, to);
    }
    call.reply.integer(i64::from(is_free));
    Ok(())
}

/// Whether there was such a key.
fn give_name(call: &mut Call<'_>, from: &[u8], to: &[u8]) -> bool {
    let content = take(call, from, event::RENAME_FROM);
    let content = content.map(|content| put(call, call.db, to, content, event::RENAME_TO));
    content.is_some()
}

/// `MOVE key db`: 1, or 0 where there is no such key, or one in that database already.
/// <https://redis.io/docs/latest/commands/move/>
pub fn move_key(call: &mut Call<'_>) -> Outcome {
    let (key, db) = (call.arg(1)?, call.database(2)?);
    if db == call.db {
        return Err(SAME_OBJECT);
    }
    let can_move = holds(call, call.db, key) && !holds(call, db, key);
    if can_move && let Some(content) = take(call, key, event::MOVE_FROM) {
        put(call, db, key, content, event::MOVE_TO);
    }
    call.reply.integer(i64::from(can_move));
    Ok(())
}

/// `COPY source destination [DB db] [REPLACE]`: 1, or 0 where there is no source, or a destination that may not be
/// replaced. The two share what they hold until one of them is changed.
/// <https://redis.io/docs/latest/commands/copy/>
pub fn copy(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (call.arg(1)?, call.arg(2)?);
    let (mut db, mut replaces) = (call.db, false);
    let mut index = 3;
    while let Some(option) = call.args.get(index) {
        match option.to_ascii_lowercase().as_slice() {
            b"replace" => replaces = true,
            b"db" if index + 1 < call.args.len() => {
                index += 1;
                db = call.database(index)?;
            }
            _ => return Err(CommandError::SYNTAX),
        }
        index += 1;
    }
    if db == call.db && from == to {
        return Err(SAME_OBJECT);
    }
    let content = read(call, from);
    let content = content.filter(|_| replaces || !holds(call, db, to));
    call.reply.integer(i64::from(content.is_some()));
    if let Some(content) = content {
        put(call, db, to, content, event::COPY_TO);
    }
    Ok(())
}

fn holds(call: &mut Call<'_>, db: usize, key: &[u8]) -> bool {
    call.server.db(db).for_write(key).exists()
}

/// A second one of what a key holds.
fn read(call: &mut Call<'_>, key: &[u8]) -> Option<Content> {
    let deadline = call.server.db(call.db).deadline(key)?;
    let slot = call.server.db(call.db).for_write(key);
    Some((slot.value()?.clone(), deadline))
}

/// Takes away what a key holds. That counts as no change of its own: it is about to be put elsewhere.
fn take(call: &mut Call<'_>, key: &[u8], event: Event) -> Option<Content> {
    let mut slot = call.server.db(call.db).for_write(key);
    let content = slot.take()?;
    slot.changed(event, 0);
    Some(content)
}

fn put(call: &mut Call<'_>, db: usize, key: &[u8], (value, deadline): Content, event: Event) {
    let mut slot = call.server.db(db).for_write(key);
    slot.set(value, deadline);
    slot.changed(event, 1);
}
