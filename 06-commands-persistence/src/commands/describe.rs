//! The COMMAND command: the table, for clients.

use super::help::{container, help};
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::command::{self, Command, Table};
use crate::glob::{self, Case};
use crate::resp::queue::Args;
use crate::resp::reply::Reply;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.plain("command", -1, command, ANYTIME | CONTAINER)
        .acl(acl::CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .about("2.8.13", "Describes the commands of this server."),
    CH0.plain("command|count", 2, count, ANYTIME)
        .about("2.8.13", "Counts the commands."),
    CH0.plain("command|docs", -2, docs, ANYTIME)
        .tips(&["nondeterministic_output_order"])
        .about("7.0.0", "Tells what commands are for."),
    CH0.plain("command|getkeys", -4, getkeys, ANYTIME)
        .about("2.8.13", "Names the keys of a request."),
    CH0.plain("command|getkeysandflags", -4, getkeysandflags, ANYTIME)
        .about("7.0.0", "The same, with what becomes of them."),
    CH0.plain("command|info", -2, info, ANYTIME)
        .tips(&["nondeterministic_output_order"])
        .about("2.8.13", "Describes commands: arity, flags, keys."),
    CH0.plain("command|list", -2, list, ANYTIME)
        .tips(&["nondeterministic_output_order"])
        .about("7.0.0", "Names the commands."),
    CH0.plain("command|help", 2, help, ANYTIME)
        .about("5.0.0", "Prints this help."),
];

/// `COMMAND`: describes every command. <https://redis.io/docs/latest/commands/command/>
pub fn command(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 1 {
        return container(call);
    }
    describe_all(call)
}

fn describe_all(call: &mut Call<'_>) -> Outcome {
    let (table, chapter) = known(call);
    let commands = table.commands(chapter);
    call.reply.array(commands.clone().count());
    commands.for_each(|row| describe(call.reply, row, table, chapter));
    Ok(())
}

/// The table, and up to which chapter it holds.
fn known(call: &Call<'_>) -> (&'static Table, u8) {
    (call.server.commands, call.server.config.chapter)
}

/// `COMMAND COUNT`: how many there are, without subcommands.
pub fn count(call: &mut Call<'_>) -> Outcome {
    let (table, chapter) = known(call);
    call.reply.count(table.commands(chapter).count());
    Ok(())
}

/// `COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]`: names.
/// <https://redis.io/docs/latest/commands/command-list/>
pub fn list(call: &mut Call<'_>) -> Outcome {
    let (table, chapter) = known(call);
    let filter = match call.args.len() {
        2 => Filter::Pattern(b"*"),
        5 => Filter::parse(call.args)?,
        _ => return Err(CommandError::SYNTAX),
    };
    let rows = table.rows(chapter).filter(|row| filter.takes(row));
    call.reply.array(rows.clone().count());
    rows.for_each(|row| call.reply.bulk(row.name.as_bytes()));
    Ok(())
}

/// Which commands COMMAND LIST gives.
enum Filter<'a> {
    /// Those of these categories; of none where nobody knows the name.
    Categories(u32),
    /// Those with a name like this.
    Pattern(&'a [u8]),
}

impl<'a> Filter<'a> {
    fn parse(args: Args<'a>) -> Result<Self, CommandError> {
        let word = |index| args.get(index).ok_or(CommandError::SYNTAX);
        if !word(2)?.eq_ignore_ascii_case(b"filterby") {
            return Err(CommandError::SYNTAX);
        }
        let value = word(4)?;
        match word(3)?.to_ascii_lowercase().as_slice() {
            // No module brings a command.
            b"module" => Ok(Self::Categories(0)),
            b"aclcat" => Ok(Self::Categories(acl::find(value).unwrap_or(0))),
            b"pattern" => Ok(Self::Pattern(value)),
            _ => Err(CommandError::SYNTAX),
        }
    }

    fn takes(&self, row: &Command) -> bool {
        match self {
            Self::Categories(wanted) => row.categories() & wanted != 0,
            Self::Pattern(pattern) => glob::matches(pattern, row.name.as_bytes(), Case::Ignored),
        }
    }
}

/// `COMMAND INFO [name ...]`: null for a name that is not known. <https://redis.io/docs/latest/commands/command-info/>
pub fn info(call: &mut Call<'_>) -> Outcome {
    if call.args.len() == 2 {
        return describe_all(call);
    }
    let (table, chapter) = known(call);
    call.reply.array(call.args.len() - 2);
    for name in call.args.from(2) {
        match table.find(name, chapter) {
            Some((_, row)) => describe(call.reply, row, table, chapter),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// The ten fields of `COMMAND INFO`.
fn describe(reply: &mut Reply, row: &'static Command, table: &'static Table, chapter: u8) {
    let (range, is_movable) = row.keys.range();
    let movable = if is_movable { MOVABLE_KEYS } else { 0 };
    reply.array(10);
    reply.bulk(row.name.as_bytes());
    reply.integer(row.arity.into());
    write_names(reply, row.flags | movable, FLAG_NAMES);
    for number in [range.first, range.last, range.step] {
        reply.integer(number.into());
    }
    write_names(reply, row.categories(), acl::NAMES);
    reply.set(row.tips.len());
    row.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(row.keys.specs().count());
    row.keys.specs().for_each(|spec| describe_keys(reply, spec));
    let subcommands = table.subcommands(row, chapter);
    match subcommands.clone().count() {
        0 => reply.set(0),
        count => reply.array(count),
    }
    subcommands.for_each(|row| describe(reply, row, table, chapter));
}

/// The names of the bits that are set.
fn write_names(reply: &mut Reply, bits: u32, names: &'static str) {
    let names = command::names(bits, names);
    reply.set(names.clone().count());
    names.for_each(|name| reply.simple(name));
}

/// A specification of keys.
fn describe_keys(reply: &mut Reply, spec: &KeySpec) {
    let is_noted = !spec.notes.is_empty();
    reply.map(3 + usize::from(is_noted));
    if is_noted {
        reply.named_text("notes", spec.notes);
    }
    reply.bulk(b"flags");
    write_names(reply, spec.flags, KEY_FLAG_NAMES);
    reply.bulk(b"begin_search");
    match spec.begin {
        Begin::Index(index) => describe_part(reply, "index", None, &[("index", index.into())]),
        Begin::Keyword(word, from) => {
            describe_part(reply, "keyword", Some(word), &[("startfrom", from.into())]);
        }
        Begin::Unknown => describe_part(reply, "unknown", None, &[]),
    }
    reply.bulk(b"find_keys");
    match spec.find {
        Find::Range { last, step, limit } => {
            let (last, step, limit) = (last.into(), step.into(), limit.into());
            let fields = [("lastkey", last), ("keystep", step), ("limit", limit)];
            describe_part(reply, "range", None, &fields);
        }
        Find::Counted => {
            let fields = [("keynumidx", 0), ("firstkey", 1), ("keystep", 1)];
            describe_part(reply, "keynum", None, &fields);
        }
        Find::Unknown => describe_part(reply, "unknown", None, &[]),
    }
}

fn describe_part(reply: &mut Reply, kind: &str, keyword: Option<&str>, fields: &[(&str, i64)]) {
    reply.map(2);
    reply.named_text("type", kind);
    reply.bulk(b"spec");
    reply.map(fields.len() + usize::from(keyword.is_some()));
    if let Some(keyword) = keyword {
        reply.named_text("keyword", keyword);
    }
    for (name, number) in fields {
        reply.named_integer(name, *number);
    }
}

/// `COMMAND GETKEYS request ...`: the keys in a request. <https://redis.io/docs/latest/commands/command-getkeys/>
pub fn getkeys(call: &mut Call<'_>) -> Outcome {
    let keys = keys_of_request(call)?;
    call.reply.array(keys.len());
    keys.iter().for_each(|key| call.reply.bulk(key.name));
    Ok(())
}

/// `COMMAND GETKEYSANDFLAGS request ...`: the same, with what becomes of them.
/// <https://redis.io/docs/latest/commands/command-getkeysandflags/>
pub fn getkeysandflags(call: &mut Call<'_>) -> Outcome {
    let keys = keys_of_request(call)?;
    call.reply.array(keys.len());
    for key in keys {
        call.reply.array(2);
        call.reply.bulk(key.name);
        write_names(call.reply, key.flags, KEY_FLAG_NAMES);
    }
    Ok(())
}

/// The keys of the request that stands behind `COMMAND GETKEYS`.
fn keys_of_request<'a>(call: &Call<'a>) -> Result<Vec<Key<'a>>, CommandError> {
    let (table, chapter) = known(call);
    let request = call.args.skip(2);
    let refuse = |text| Err(CommandError::new(text));
    let found = table.find_request(request, chapter);
    let known = found.filter(|(_, row)| !row.is(CONTAINER) || request.len() == 1);
    let Some((_, row)) = known else {
        return refuse("ERR Invalid command specified");
    };
    if !row.keys.exist() {
        return refuse("ERR The command has no key arguments");
    }
    if !row.accepts(request.len()) {
        return refuse("ERR Invalid number of arguments specified for command");
    }
    let keys: Vec<Key<'a>> = row.keys.of(request).collect();
    if keys.is_empty() && !row.is(NO_MANDATORY_KEYS) {
        return refuse("ERR Invalid arguments specified for command");
    }
    Ok(keys)
}

/// `COMMAND DOCS [name ...]`: pairs of a name and what is told of it; unknown names are left out.
/// <https://redis.io/docs/latest/commands/command-docs/>
pub fn docs(call: &mut Call<'_>) -> Outcome {
    let (table, chapter) = known(call);
    let find = |name| Some(table.find(name, chapter)?.1);
    let rows: Vec<&Command> = match call.args.len() {
        2 => table.commands(chapter).collect(),
        _ => call.args.from(2).filter_map(find).collect(),
    };
    call.reply.map(rows.len());
    for row in rows {
        document(call.reply, row, table, chapter);
    }
    Ok(())
}

fn document(reply: &mut Reply, row: &'static Command, table: &'static Table, chapter: u8) {
    reply.bulk(row.name.as_bytes());
    let subcommands = table.subcommands(row, chapter);
    let count = subcommands.clone().count();
    reply.map(3 + usize::from(count > 0));
    reply.named_text("summary", row.summary);
    reply.named_text("since", row.since);
    reply.named_text("group", row.group);
    if count > 0 {
        reply.bulk(b"subcommands");
        reply.map(count);
        subcommands.for_each(|row| document(reply, row, table, chapter));
    }
}
