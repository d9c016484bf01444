//! The CONFIG command.

use super::call::{Then, Wait};
use super::{Call, CommandError, Outcome};
use crate::server::jobs::Job;
use crate::server::stats::Stats;

/// `CONFIG GET | SET | RESETSTAT | REWRITE`. <https://redis.io/docs/latest/commands/config/>
pub fn config(call: &mut Call<'_>) -> Outcome {
    let subcommand = call.arg(1)?.to_ascii_lowercase();
    let arguments = call.args.len() - 2;
    match subcommand.as_slice() {
        b"get" if arguments > 0 => get(call),
        b"set" if arguments >= 2 => set(call),
        b"resetstat" if arguments == 0 => {
            let rows = call.server.stats.by_command.len();
            call.server.stats = Stats::new(rows);
            for db in call.server.databases_mut() {
                db.journal.reset_counts();
            }
            call.client.outbox.simple("OK");
            Ok(())
        }
        b"rewrite" if arguments == 0 => rewrite(call),
        b"get" => Err(CommandError::WrongArity("config|get")),
        b"set" => Err(CommandError::WrongArity("config|set")),
        b"resetstat" => Err(CommandError::WrongArity("config|resetstat")),
        b"rewrite" => Err(CommandError::WrongArity("config|rewrite")),
        _ => {
            let subcommand = call.arg(1)?.to_vec();
            Err(CommandError::UnknownSubcommand("config", subcommand))
        }
    }
}

/// `CONFIG GET pattern ...`: names and values.
fn get(call: &mut Call<'_>) -> Outcome {
    let found = call.server.config.get(call.args.from(2));
    call.client.outbox.map(found.len());
    for (name, value) in found {
        call.client.outbox.bulk(&name);
        call.client.outbox.bulk(&value);
    }
    Ok(())
}

/// `CONFIG SET name value ...`: all of them, or none.
fn set(call: &mut Call<'_>) -> Outcome {
    if !call.args.len().is_multiple_of(2) {
        return Err(CommandError::WrongArity("config|set"));
    }
    let mut pairs = Vec::new();
    for index in (2..call.args.len()).step_by(2) {
        pairs.push((call.arg(index)?, call.arg(index + 1)?));
    }
    let local = call.client.is_local();
    call.server
        .set_config(&pairs, local)
        .map_err(|error| CommandError::Config(error.text()))?;
    call.client.outbox.simple("OK");
    Ok(())
}

/// `CONFIG REWRITE`: writes the configuration back to the file that it came from.
fn rewrite(call: &mut Call<'_>) -> Outcome {
    if call.server.config.config_file.is_none() {
        return Err(CommandError::Text(
            "ERR The server is running without a config file".into(),
        ));
    }
    call.server.jobs.push(Job::RewriteConfig(call.client.id));
    call.then = Then::Block(Wait::for_job());
    Ok(())
}
