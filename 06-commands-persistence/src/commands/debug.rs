//! DEBUG: for whoever tests a server, or a client. <https://redis.io/docs/latest/commands/debug/>
//!
//! It is refused unless `enable-debug-command` allows it. What would end a server, or look into parts of Redis that this
//! one does not have, is not here.

mod digest;
mod protocol;
mod reload;

use super::object::references;
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::config::parse;
use crate::keyspace::Value;
use crate::keyspace::db::Expiry;
use crate::rdb::dump;
use crate::resp::integer;
use crate::small_bytes::SmallBytes;
use std::ops::RangeInclusive;
use std::thread;
use std::time::Duration;

/// The row of this command. Its subcommands have none, as in Redis.
pub const COMMANDS: &[Row] = &[CH5
    .plain("debug", -2, debug, OPERATOR | ANYTIME | PROTECTED)
    .about("1.0.0", "Commands for tests.")];

/// What DEBUG can do.
struct Subcommand {
    /// Its name, and what it takes.
    usage: &'static str,
    /// How many arguments a request may have, DEBUG and the name included.
    args: RangeInclusive<usize>,
    run: Handler,
    about: &'static str,
}

const fn sub(usage: &'static str, args: RangeInclusive<usize>, run: Handler) -> Subcommand {
    Subcommand {
        usage,
        args,
        run,
        about: "",
    }
}

impl Subcommand {
    const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }
}

const WRONG_THRESHOLD: CommandError =
    CommandError::new("ERR argument must be a memory value bigger than 1 and smaller than 4gb");

const ANY: usize = usize::MAX;

static SUBCOMMANDS: &[Subcommand] = &[
    sub("CHANGE-REPL-ID", 2..=2, change_id).about("Chooses another replication ID."),
    sub("DIGEST", 2..=2, digest::all).about("Gives a fingerprint of all keys."),
    sub("DIGEST-VALUE [<key> ...]", 2..=ANY, digest::values)
        .about("Gives a fingerprint of what each key holds."),
    sub("ERROR <text>", 3..=3, error).about("Answers with this error."),
    sub("LISTPACK <key>", 3..=3, listpack).about("Writes a small collection to the log."),
    sub("LOG <message>", 3..=3, log).about("Writes a message to the log."),
    sub("OBJECT <key>", 3..=3, object).about("Tells how a value is kept."),
    sub("POPULATE <count> [<prefix>] [<size>]", 3..=5, populate)
        .about("Makes keys that hold strings."),
    sub("PROTOCOL <type>", 3..=3, protocol::reply).about("Answers with a value of this type."),
    sub("QUICKLIST-PACKED-THRESHOLD <size>", 3..=3, threshold)
        .about("Is accepted, and changes nothing."),
    sub("RELOAD [NOSAVE] [NOFLUSH] [MERGE]", 2..=ANY, reload::reload)
        .about("Saves all keys, removes them, and loads the file."),
    sub("SET-ACTIVE-EXPIRE <0|1>", 3..=3, set_active_expire)
        .about("Says whether keys expire that nobody looks at."),
    sub("SLEEP <seconds>", 3..=3, sleep).about("Makes everybody wait."),
    sub("HELP", 2..=2, help).about("Prints this help."),
];

/// `DEBUG subcommand ...`
fn debug(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let is_it = |sub: &&Subcommand| {
        let own = sub.usage.split(' ').next().unwrap_or_default();
        own.as_bytes().eq_ignore_ascii_case(name) && sub.args.contains(&call.args.len())
    };
    match SUBCOMMANDS.iter().find(is_it) {
        Some(found) => (found.run)(call),
        None => Err(CommandError::unknown_or_wrong_arity(
            call.command.name,
            name,
        )),
    }
}

fn help(call: &mut Call<'_>) -> Outcome {
    call.reply.array(1 + SUBCOMMANDS.len() * 2);
    let title = "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
    call.reply.simple(title);
    for sub in SUBCOMMANDS {
        call.reply.simple(sub.usage);
        call.reply.simple(&format!("    {}", sub.about));
    }
    Ok(())
}

fn change_id(call: &mut Call<'_>) -> Outcome {
    call.server.change_replication_id();
    call.reply.simple("OK");
    Ok(())
}

/// Holds the server, which is all that it is for.
fn sleep(call: &mut Call<'_>) -> Outcome {
    let seconds = String::from_utf8_lossy(call.arg(2)?).parse();
    let time = Duration::try_from_secs_f64(seconds.unwrap_or(0.0));
    thread::sleep(time.unwrap_or_default());
    call.reply.simple("OK");
    Ok(())
}

fn error(call: &mut Call<'_>) -> Outcome {
    let text = call.arg(2)?;
    call.reply.error(text);
    Ok(())
}

fn log(call: &mut Call<'_>) -> Outcome {
    log::warn!("DEBUG LOG: {}", call.arg(2)?.escape_ascii());
    call.reply.simple("OK");
    Ok(())
}

/// Redis keeps elements of a list from this size on in nodes of their own. Here every element above some kilobytes has
/// one, and OBJECT ENCODING shows no difference.
fn threshold(call: &mut Call<'_>) -> Outcome {
    const END: u64 = 4 << 30;
    let size = parse::memory(call.arg(2)?);
    size.filter(|size| *size < END).ok_or(WRONG_THRESHOLD)?;
    call.reply.simple("OK");
    Ok(())
}

/// Keys whose time is up stay, in memory and in DBSIZE, until somebody looks at them.
fn set_active_expire(call: &mut Call<'_>) -> Outcome {
    let is_active = integer::parse(call.arg(2)?).is_some_and(|number| number != 0);
    call.server.set_expiry(if is_active {
        Expiry::Remove
    } else {
        Expiry::OnAccess
    });
    call.reply.simple("OK");
    Ok(())
}

/// What Redis says of an object, as far as there is something like it here.
fn object(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(2)?;
    let clock = (call.now.0 / 1000) & 0xff_ffff;
    let slot = call.server.db(call.db).for_write(key);
    let value = slot.value().ok_or(CommandError::NO_SUCH_KEY)?;
    let (encoding, references) = (value.encoding(), references(value));
    let length = dump::write(value.form(), |encoder| value.save(encoder)).len() - dump::FRAME;
    let text = format!(
        "Value at:{value:p} refcount:{references} encoding:{encoding} serializedlength:{length} lru:{clock} lru_seconds_idle:0"
    );
    call.reply.simple(&text);
    Ok(())
}

fn listpack(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(2)?;
    let value = call.server.db(call.db).get(key);
    let value = value.ok_or(CommandError::NO_SUCH_KEY)?;
    if value.encoding() != "listpack" {
        return Err(CommandError::new("ERR Not a listpack encoded object."));
    }
    log::warn!("{}: {value:?}", key.escape_ascii());
    call.reply.simple("Listpack structure printed on stdout");
    Ok(())
}

/// Keys that are there already stay as they are. It is no change that others would be told of.
fn populate(call: &mut Call<'_>) -> Outcome {
    let count = positive(call, 2)?;
    let prefix = call.args.get(3).unwrap_or(b"key");
    let size = match call.args.len() {
        5 => positive(call, 4)?,
        _ => 0,
    };
    if size > call.server.config.proto_max_bulk_len.0 {
        return Err(CommandError::TOO_LONG);
    }
    for number in 0..count {
        let key = [prefix, format!(":{number}").as_bytes()].concat();
        let mut value = format!("value:{number}").into_bytes();
        if size > 0 {
            value.resize(size, 0);
        }
        let mut slot = call.server.db(call.db).for_write(&key);
        if !slot.exists() {
            slot.put(Value::String(SmallBytes::from(value)));
            drop(slot);
            call.server.db(call.db).note(&key, None);
        }
    }
    call.reply.simple("OK");
    Ok(())
}

fn positive(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    let number = integer::parse(call.arg(index)?);
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.ok_or(CommandError::NOT_POSITIVE)
}
