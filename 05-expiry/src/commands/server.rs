//! Commands about the server.

use super::table::{self, Command, TABLE};
use super::{Call, CommandError, Outcome};
use crate::resp::reply::Reply;

/// `DBSIZE`: how many keys there are. Keys count until they are removed, and so the number tells how far
/// active expiry has come. <https://redis.io/docs/latest/commands/dbsize/>
pub fn dbsize(call: &mut Call<'_>) -> Outcome {
    call.reply
        .integer(i64::try_from(call.keyspace.len()).unwrap_or(i64::MAX));
    Ok(())
}

/// `COMMAND [COUNT | INFO | DOCS | LIST | HELP]`: the command table, for clients. redis-cli asks for it when it
/// starts, to help while you type. <https://redis.io/docs/latest/commands/command/>
pub fn command(call: &mut Call<'_>) -> Outcome {
    let Some(subcommand) = call.args.get(1) else {
        describe_all(call.reply, describe);
        return Ok(());
    };
    let names = call.args.len() > 2;
    match subcommand.to_ascii_lowercase().as_slice() {
        b"count" if names => return Err(CommandError::WrongArity("command|count")),
        b"help" if names => return Err(CommandError::WrongArity("command|help")),
        b"list" if names => return Err(CommandError::Syntax),
        b"count" => call.reply.integer(TABLE.len() as i64),
        b"list" => describe_all(call.reply, |reply, row| reply.bulk(row.name.as_bytes())),
        b"info" if names => info(call),
        b"info" => describe_all(call.reply, describe),
        b"docs" => docs(call),
        b"help" => help(call.reply),
        _ => {
            return Err(CommandError::UnknownSubcommand(
                "command",
                subcommand.to_vec(),
            ));
        }
    }
    Ok(())
}

fn describe_all(reply: &mut Reply, describe: impl Fn(&mut Reply, &Command)) {
    reply.array(TABLE.len());
    TABLE.iter().for_each(|row| describe(reply, row));
}

/// `COMMAND INFO name ...`: null for a name that is not known.
fn info(call: &mut Call<'_>) {
    call.reply.array(call.args.len() - 2);
    for name in call.args.from(2) {
        match table::find(name) {
            Some(row) => describe(call.reply, row),
            None => call.reply.null_array(),
        }
    }
}

/// The ten fields of `COMMAND INFO`. The last four, ACL categories, tips, key specifications and
/// subcommands, are left empty.
fn describe(reply: &mut Reply, row: &Command) {
    reply.array(10);
    reply.bulk(row.name.as_bytes());
    reply.integer(row.arity.into());
    reply.array(row.flag_names().count());
    row.flag_names().for_each(|flag| reply.simple(flag));
    reply.integer(row.keys.first.into());
    reply.integer(row.keys.last.into());
    reply.integer(row.keys.step.into());
    (0..4).for_each(|_| reply.array(0));
}

/// `COMMAND DOCS [name ...]`: pairs of a name and what is told of it; unknown names are left out.
fn docs(call: &mut Call<'_>) {
    if call.args.len() == 2 {
        call.reply.array(2 * TABLE.len());
        TABLE.iter().for_each(|row| document(call.reply, row));
        return;
    }
    let known = || call.args.from(2).filter_map(table::find);
    call.reply.array(2 * known().count());
    known().for_each(|row| document(call.reply, row));
}

fn document(reply: &mut Reply, row: &Command) {
    reply.bulk(row.name.as_bytes());
    let fields = [
        ("summary", row.summary),
        ("since", row.since),
        ("group", row.group),
    ];
    reply.array(2 * fields.len());
    for (field, text) in fields {
        reply.bulk(field.as_bytes());
        reply.bulk(text.as_bytes());
    }
}

fn help(reply: &mut Reply) {
    let lines = [
        "COMMAND [<subcommand> [<name> ...]]. Subcommands are:",
        "(none) -- Describe every command: name, arity, flags, and which arguments are keys.",
        "COUNT -- Count the commands.",
        "LIST -- Name every command.",
        "INFO [<name> ...] -- Describe these commands, or every command.",
        "DOCS [<name> ...] -- Tell what these commands are for, or every command.",
        "HELP -- Print this.",
    ];
    reply.array(lines.len());
    lines.iter().for_each(|line| reply.simple(line));
}
