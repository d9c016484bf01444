//! The COMMAND command: the table, for clients.

use super::help;
use super::table::{self, Command};
use super::{Call, CommandError, Outcome};
use crate::resp::reply::Reply;

/// `COMMAND`: describes every command. redis-cli asks when it starts, to help while you type.
/// <https://redis.io/docs/latest/commands/command/>
pub fn command(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 1 {
        return help::container(call);
    }
    describe_all(call);
    Ok(())
}

fn describe_all(call: &mut Call<'_>) {
    let chapter = call.server.config.chapter;
    let commands = table::commands(chapter);
    call.reply.array(commands.clone().count());
    commands.for_each(|row| describe(call.reply, row, chapter));
}

/// `COMMAND COUNT`
pub fn count(call: &mut Call<'_>) -> Outcome {
    let commands = table::commands(call.server.config.chapter);
    call.reply.count(commands.count());
    Ok(())
}

/// `COMMAND LIST`: names, those of subcommands among them.
pub fn list(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 2 {
        return Err(CommandError::SYNTAX);
    }
    let rows = table::rows(call.server.config.chapter);
    call.reply.set(rows.clone().count());
    rows.for_each(|row| call.reply.bulk(row.name.as_bytes()));
    Ok(())
}

/// `COMMAND INFO [name ...]`: null for a name that is not known.
pub fn info(call: &mut Call<'_>) -> Outcome {
    if call.args.len() == 2 {
        describe_all(call);
        return Ok(());
    }
    let chapter = call.server.config.chapter;
    call.reply.array(call.args.len() - 2);
    for name in call.args.from(2) {
        match table::find(name, chapter) {
            Some((_, row)) => describe(call.reply, row, chapter),
            None => call.reply.null_array(),
        }
    }
    Ok(())
}

/// The ten fields of `COMMAND INFO`. ACL categories, tips and key specifications are left empty.
fn describe(reply: &mut Reply, row: &'static Command, chapter: u8) {
    reply.array(10);
    reply.bulk(row.name.as_bytes());
    reply.integer(row.arity.into());
    reply.set(row.flag_names().count());
    row.flag_names().for_each(|flag| reply.simple(flag));
    reply.integer(row.keys.first.into());
    reply.integer(row.keys.last.into());
    reply.integer(row.keys.step.into());
    (0..3).for_each(|_| reply.set(0));
    let subcommands = table::subcommands(row.name, chapter);
    reply.array(subcommands.clone().count());
    subcommands.for_each(|row| describe(reply, row, chapter));
}

/// `COMMAND DOCS [name ...]`: pairs of a name and what is told of it; unknown names are left out.
pub fn docs(call: &mut Call<'_>) -> Outcome {
    let chapter = call.server.config.chapter;
    let rows: Vec<&Command> = if call.args.len() == 2 {
        table::commands(chapter).collect()
    } else {
        let named = call.args.from(2);
        named
            .filter_map(|name| Some(table::find(name, chapter)?.1))
            .collect()
    };
    call.reply.map(rows.len());
    for row in rows {
        document(call.reply, row, chapter);
    }
    Ok(())
}

fn document(reply: &mut Reply, row: &'static Command, chapter: u8) {
    reply.bulk(row.name.as_bytes());
    let fields = [
        ("summary", row.summary),
        ("since", row.since),
        ("group", row.group),
    ];
    let subcommands = table::subcommands(row.name, chapter);
    let count = subcommands.clone().count();
    reply.map(fields.len() + usize::from(count > 0));
    for (field, text) in fields {
        reply.bulk(field.as_bytes());
        reply.bulk(text.as_bytes());
    }
    if count > 0 {
        reply.bulk(b"subcommands");
        reply.map(count);
        subcommands.for_each(|row| document(reply, row, chapter));
    }
}
