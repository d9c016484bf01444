//! The COMMAND command: the table, for clients.

use super::table::{self, Command};
use super::{Call, CommandError, Outcome};
use crate::resp::reply::Reply;

/// `COMMAND [COUNT | INFO | DOCS | LIST | HELP]`: the command table, for clients. redis-cli asks for it when it
/// starts, to help while you type. <https://redis.io/docs/latest/commands/command/>
pub fn command(call: &mut Call<'_>) -> Outcome {
    let Some(subcommand) = call.args.get(1) else {
        describe_all(call, describe);
        return Ok(());
    };
    let chapter = call.server.config.chapter;
    let names = call.args.len() > 2;
    match subcommand.to_ascii_lowercase().as_slice() {
        b"count" if names => return Err(CommandError::WrongArity("command|count")),
        b"help" if names => return Err(CommandError::WrongArity("command|help")),
        b"list" if names => return Err(CommandError::Syntax),
        b"count" => call.client.outbox.count(table::up_to(chapter).count()),
        b"list" => describe_all(call, |reply, row| reply.bulk(row.name.as_bytes())),
        b"info" if names => info(call),
        b"info" => describe_all(call, describe),
        b"docs" => docs(call),
        b"help" => help(&mut call.client.outbox),
        _ => {
            return Err(CommandError::UnknownSubcommand(
                "command",
                subcommand.to_vec(),
            ));
        }
    }
    Ok(())
}

fn describe_all(call: &mut Call<'_>, describe: impl Fn(&mut Reply, &Command)) {
    let rows = table::up_to(call.server.config.chapter);
    call.client.outbox.array(rows.clone().count());
    rows.for_each(|row| describe(&mut call.client.outbox, row));
}

/// `COMMAND INFO name ...`: null for a name that is not known.
fn info(call: &mut Call<'_>) {
    call.client.outbox.array(call.args.len() - 2);
    for name in call.args.from(2) {
        match table::find(name, call.server.config.chapter) {
            Some((_, row)) => describe(&mut call.client.outbox, row),
            None => call.client.outbox.null_array(),
        }
    }
}

/// The ten fields of `COMMAND INFO`. The last four, ACL categories, tips, key specifications and
/// subcommands, are left empty.
fn describe(reply: &mut Reply, row: &Command) {
    reply.array(10);
    reply.bulk(row.name.as_bytes());
    reply.integer(row.arity.into());
    reply.set(row.flag_names().count());
    row.flag_names().for_each(|flag| reply.simple(flag));
    reply.integer(row.keys.first.into());
    reply.integer(row.keys.last.into());
    reply.integer(row.keys.step.into());
    (0..4).for_each(|_| reply.array(0));
}

/// `COMMAND DOCS [name ...]`: pairs of a name and what is told of it; unknown names are left out.
fn docs(call: &mut Call<'_>) {
    let chapter = call.server.config.chapter;
    let rows: Vec<&Command> = if call.args.len() == 2 {
        table::up_to(chapter).collect()
    } else {
        let named = call.args.from(2);
        named
            .filter_map(|name| Some(table::find(name, chapter)?.1))
            .collect()
    };
    call.client.outbox.map(rows.len());
    for row in rows {
        document(&mut call.client.outbox, row);
    }
}

fn document(reply: &mut Reply, row: &Command) {
    reply.bulk(row.name.as_bytes());
    let fields = [
        ("summary", row.summary),
        ("since", row.since),
        ("group", row.group),
    ];
    reply.map(fields.len());
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
