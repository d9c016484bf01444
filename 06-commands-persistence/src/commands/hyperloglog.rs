//! Commands on HyperLogLogs, which are strings.

use super::error::quoted;
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::data_type::DataType;
use crate::keyspace::hyperloglog::{self, Corrupted, HyperLogLog, REGISTERS, Registers};
use crate::keyspace::key::KeyMut;
use crate::keyspace::{SmallBytes, event};

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH14.write("pfadd", -2, pfadd, DENYOOM | FAST, RW | INSERT)
        .about("2.8.9", "Adds elements to a HyperLogLog."),
    CH14.read("pfcount", -2, pfcount, SLOW, RW | ACCESS)
        .to(-1)
        .notes("RW because it may change the internal representation of the key, and propagate to replicas")
        .about("2.8.9", "Counts the elements of HyperLogLogs, nearly."),
    CH14.write("pfdebug", 3, pfdebug, DENYOOM | ADMIN, NO_KEY)
        .keys(key(2, RW | ACCESS))
        .about("2.8.9", "Shows what a HyperLogLog is made of."),
    CH14.write("pfmerge", -2, pfmerge, DENYOOM, RW | ACCESS | INSERT)
        .keys(key(2, RO | ACCESS))
        .to(-1)
        .about("2.8.9", "Merges HyperLogLogs into one."),
    CH14.plain("pfselftest", 1, pfselftest, ADMIN)
        .about("2.8.9", "Tests whether HyperLogLogs count well."),
];

const NOT_ONE: CommandError =
    CommandError::new("WRONGTYPE Key is not a valid HyperLogLog string value.");

impl From<Corrupted> for CommandError {
    fn from(_: Corrupted) -> Self {
        Self::new("INVALIDOBJ Corrupted HLL object detected")
    }
}

/// What this string is, if it is one.
fn sketch(bytes: &[u8]) -> Result<HyperLogLog<'_>, CommandError> {
    HyperLogLog::of(bytes).ok_or(NOT_ONE)
}

/// The key's HyperLogLog, to be changed; an empty one where there was none, and whether that is so.
fn sketch_mut<'k>(key: &'k mut KeyMut<'_>) -> Result<(&'k mut SmallBytes, bool), CommandError> {
    let is_new = !key.exists();
    let bytes: &mut SmallBytes = key.get_or_create()?;
    if is_new {
        *bytes = hyperloglog::empty();
    }
    sketch(bytes)?;
    Ok((bytes, is_new))
}

/// `PFADD key [element ...]`: 1 if a register has changed, or the key is new.
/// <https://redis.io/docs/latest/commands/pfadd/>
pub fn pfadd(call: &mut Call<'_>) -> Outcome {
    let (name, sparse_bytes) = (call.arg(1)?, call.server.limits.sparse_bytes);
    let mut key = call.server.db(call.db).for_write(name);
    let (bytes, is_new) = sketch_mut(&mut key)?;
    let mut changes = usize::from(is_new);
    for element in call.args.from(2) {
        changes += usize::from(hyperloglog::add(bytes, element, sparse_bytes)?);
    }
    if changes > 0 {
        key.changed(event::PFADD, changes);
    }
    call.reply.integer(i64::from(changes > 0));
    Ok(())
}

/// `PFCOUNT key [key ...]`: about how many different elements all of them have.
/// <https://redis.io/docs/latest/commands/pfcount/>
pub fn pfcount(call: &mut Call<'_>) -> Outcome {
    let count = match call.args.len() {
        2 => count_one(call)?,
        _ => {
            let (registers, _) = union(call)?;
            hyperloglog::count(&registers)
        }
    };
    call.reply.integer(count.cast_signed());
    Ok(())
}

/// What was counted is kept in the value. So this changes it, and is written down, though it is a command that reads.
fn count_one(call: &mut Call<'_>) -> Result<u64, CommandError> {
    let name = call.arg(1)?;
    let Some(bytes) = call.server.db(call.db).read::<SmallBytes>(name)? else {
        return Ok(0);
    };
    let sketch = sketch(bytes)?;
    let (kept, is_raw) = (sketch.kept_count(), bytes.encoding() == "raw");
    if let (Some(count), true) = (kept, is_raw) {
        return Ok(count);
    }
    let count = kept.map_or_else(|| sketch.count(), Ok)?;
    let mut key = call.server.db(call.db).for_write(name);
    if let Some(bytes) = key.get::<SmallBytes>()? {
        if kept.is_some() {
            // Redis makes it one that may be changed before it looks whether it must be.
            bytes.mark_changed();
            return Ok(count);
        }
        hyperloglog::keep_count(bytes, count);
        key.changed_quietly();
    }
    Ok(count)
}

/// The highest value of each register, and whether any of them is dense.
fn union(call: &mut Call<'_>) -> Result<(Box<Registers>, bool), CommandError> {
    let mut db = call.server.db(call.db);
    db.touch(call.args.from(1));
    let (mut registers, mut is_dense) = (Box::new([0; REGISTERS]), false);
    for key in call.args.from(1) {
        if let Some(bytes) = db.peek::<SmallBytes>(key)? {
            let sketch = sketch(bytes)?;
            is_dense |= !sketch.is_sparse();
            sketch.raise(&mut registers)?;
        }
    }
    Ok((registers, is_dense))
}

/// `PFMERGE destkey [sourcekey ...]`: OK. <https://redis.io/docs/latest/commands/pfmerge/>
pub fn pfmerge(call: &mut Call<'_>) -> Outcome {
    let (name, sparse_bytes) = (call.arg(1)?, call.server.limits.sparse_bytes);
    let (registers, is_dense) = union(call)?;
    let mut key = call.server.db(call.db).for_write(name);
    let (bytes, _) = sketch_mut(&mut key)?;
    if is_dense {
        hyperloglog::to_dense(bytes)?;
    }
    for (register, value) in registers.iter().enumerate() {
        if *value > 0 {
            hyperloglog::raise_one(bytes, register, *value, sparse_bytes)?;
        }
    }
    hyperloglog::forget_count(bytes);
    key.changed(event::PFADD, 1);
    call.reply.simple("OK");
    Ok(())
}

/// `PFDEBUG GETREG | DECODE | ENCODING | TODENSE key`.
pub fn pfdebug(call: &mut Call<'_>) -> Outcome {
    let (subcommand, name) = (call.arg(1)?, call.arg(2)?);
    let mut key = call.server.db(call.db).for_write(name);
    let missing = CommandError::new("ERR The specified key does not exist");
    let bytes = key.get::<SmallBytes>()?.ok_or(missing)?;
    let is_sparse = sketch(bytes)?.is_sparse();
    match subcommand.to_ascii_lowercase().as_slice() {
        b"getreg" => {
            let changed = hyperloglog::to_dense(bytes)?;
            let mut registers = Box::new([0; REGISTERS]);
            sketch(bytes)?.raise(&mut registers)?;
            call.reply.array(REGISTERS);
            for value in registers.iter() {
                call.reply.integer(i64::from(*value));
            }
            if changed {
                key.changed_quietly();
            }
        }
        b"decode" => call.reply.bulk(decoded(sketch(bytes)?)?.as_bytes()),
        b"encoding" => call
            .reply
            .simple(if is_sparse { "sparse" } else { "dense" }),
        b"todense" => {
            if hyperloglog::to_dense(bytes)? {
                key.changed_quietly();
            }
            call.reply.integer(i64::from(is_sparse));
        }
        _ => {
            let name = quoted(subcommand, usize::MAX);
            return Err(CommandError::text(
                [b"ERR Unknown PFDEBUG subcommand '", name, b"'"].concat(),
            ));
        }
    }
    Ok(())
}

/// The runs of a sparse one: `z` and `Z` for zeros in one and two bytes, `v:value,run` for the others.
fn decoded(sketch: HyperLogLog<'_>) -> Result<String, CommandError> {
    if !sketch.is_sparse() {
        return Err(CommandError::new("ERR HLL encoding is not sparse"));
    }
    let runs = sketch.opcodes().map(|opcode| match opcode.value {
        0 if opcode.length == 1 => format!("z:{}", opcode.run),
        0 => format!("Z:{}", opcode.run),
        value => format!("v:{value},{}", opcode.run),
    });
    Ok(runs.collect::<Vec<_>>().join(" "))
}

/// `PFSELFTEST`: adds elements to two of them, a dense one and one that is sparse at first, and OK if both count alike and well.
pub fn pfselftest(call: &mut Call<'_>) -> Outcome {
    const ELEMENTS: u64 = 100_000;
    // Six times the error that is to be expected.
    const ERROR: f64 = 6. * 0.0081;
    let sparse_bytes = call.server.limits.sparse_bytes;
    let (mut one, mut dense) = (hyperloglog::empty(), hyperloglog::empty());
    hyperloglog::to_dense(&mut dense)?;
    for number in 1..=ELEMENTS {
        for bytes in [&mut one, &mut dense] {
            hyperloglog::add(bytes, &number.to_le_bytes(), sparse_bytes)?;
        }
        if number.is_power_of_two() {
            let (one, dense) = (sketch(&one)?.count()?, sketch(&dense)?.count()?);
            if one != dense || one.abs_diff(number) as f64 > (number as f64 * ERROR).ceil() {
                let text = format!("ERR TESTFAILED {number} elements: {one} sparse, {dense} dense");
                return Err(CommandError::text(text));
            }
        }
    }
    call.reply.simple("OK");
    Ok(())
}
