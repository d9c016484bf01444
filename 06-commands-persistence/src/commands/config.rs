//! CONFIG: the configuration, to see and to change. <https://redis.io/docs/latest/commands/config/>

use super::call::Then;
use super::help::{container, help};
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::server::blocked::Blocked;
use crate::server::jobs::Job;
use crate::server::stats::Stats;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.plain("config", -2, container, CONTAINER)
        .about("2.0.0", "Commands about the configuration."),
    CH0.plain("config|get", -3, get, OPERATOR | ANYTIME)
        .about("2.0.0", "Shows parameters."),
    CH0.plain("config|resetstat", 2, resetstat, OPERATOR | ANYTIME)
        .about("2.0.0", "Sets the statistics of INFO to zero."),
    CH0.plain("config|rewrite", 2, rewrite, OPERATOR | ANYTIME)
        .about("2.8.0", "Writes the configuration back to its file."),
    CH0.plain("config|set", -4, set, OPERATOR | ANYTIME)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .about("2.0.0", "Changes parameters."),
    CH0.plain("config|help", 2, help, ANYTIME)
        .about("5.0.0", "Prints this help."),
];

const NO_FILE: CommandError = CommandError::new("ERR The server is running without a config file");

/// `CONFIG GET pattern ...`: names and values.
pub fn get(call: &mut Call<'_>) -> Outcome {
    let found = call.server.config.get(call.args.from(2));
    call.reply.map(found.len());
    for (name, value) in found {
        call.reply.bulk(&name);
        call.reply.bulk(&value);
    }
    Ok(())
}

/// `CONFIG SET name value ...`: all of them, or none.
pub fn set(call: &mut Call<'_>) -> Outcome {
    if !call.args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(call.command.name));
    }
    let mut pairs = Vec::new();
    for index in (2..call.args.len()).step_by(2) {
        pairs.push((call.arg(index)?, call.arg(index + 1)?));
    }
    let local = call.me()?.is_local();
    let set = call.server.set_config(&pairs, local);
    set.map_err(|error| CommandError::text(error.text()))?;
    call.reply.simple("OK");
    Ok(())
}

/// `CONFIG REWRITE`: writes the configuration back to the file that it came from.
pub fn rewrite(call: &mut Call<'_>) -> Outcome {
    if call.server.config.config_file.is_none() {
        return Err(NO_FILE);
    }
    call.server.jobs.push(Job::RewriteConfig(call.client));
    call.then = Then::Block(Blocked::on_job());
    Ok(())
}

/// `CONFIG RESETSTAT`: INFO counts from zero again.
pub fn resetstat(call: &mut Call<'_>) -> Outcome {
    call.server.stats = Stats::new(call.server.commands.all().len());
    call.reply.simple("OK");
    Ok(())
}
