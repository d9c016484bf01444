//! The command table: every row of every file of commands, in one place.

use super::row::{Handler, Row};
use super::{
    Call, CommandError, Outcome, bit, bitfield, config, connection, debug, describe, dump, expiry,
    generic, geo, geo_search, hash, hyperloglog, info, lcs, list, list_pop, number, object,
    persistence, pubsub, server, set, sort, sorted_set, sorted_set_algebra, sorted_set_pop,
    sorted_set_range, stream, stream_claim, stream_group, stream_info, stream_read, string,
    transfer,
};
use crate::command::{Command, Table, acl};

/// The rows, each list with the group of Redis's documentation that it belongs to, and the rights that name this group.
const GROUPS: &[(&str, u32, &[Row])] = &[
    ("string", acl::STRING, string::COMMANDS),
    ("string", acl::STRING, number::COMMANDS),
    ("string", acl::STRING, lcs::COMMANDS),
    ("bitmap", acl::BITMAP, bit::COMMANDS),
    ("bitmap", acl::BITMAP, bitfield::COMMANDS),
    ("list", acl::LIST, list::COMMANDS),
    ("list", acl::LIST, list_pop::COMMANDS),
    ("set", acl::SET, set::COMMANDS),
    ("hash", acl::HASH, hash::COMMANDS),
    ("sorted-set", acl::SORTEDSET, sorted_set::COMMANDS),
    ("sorted-set", acl::SORTEDSET, sorted_set_range::COMMANDS),
    ("sorted-set", acl::SORTEDSET, sorted_set_algebra::COMMANDS),
    ("sorted-set", acl::SORTEDSET, sorted_set_pop::COMMANDS),
    ("stream", acl::STREAM, stream::COMMANDS),
    ("stream", acl::STREAM, stream_claim::COMMANDS),
    ("stream", acl::STREAM, stream_group::COMMANDS),
    ("stream", acl::STREAM, stream_info::COMMANDS),
    ("stream", acl::STREAM, stream_read::COMMANDS),
    ("geo", acl::GEO, geo::COMMANDS),
    ("geo", acl::GEO, geo_search::COMMANDS),
    ("hyperloglog", acl::HYPERLOGLOG, hyperloglog::COMMANDS),
    ("generic", acl::KEYSPACE, generic::COMMANDS),
    ("generic", acl::KEYSPACE, expiry::COMMANDS),
    ("generic", acl::KEYSPACE, transfer::COMMANDS),
    ("generic", acl::KEYSPACE, dump::COMMANDS),
    ("generic", acl::KEYSPACE, object::COMMANDS),
    ("generic", 0, sort::COMMANDS),
    ("pubsub", 0, pubsub::COMMANDS),
    ("connection", acl::CONNECTION, connection::COMMANDS),
    ("server", 0, config::COMMANDS),
    ("server", acl::CONNECTION, describe::COMMANDS),
    ("server", 0, info::COMMANDS),
    ("server", 0, object::MEMORY),
    ("server", 0, persistence::COMMANDS),
    ("server", 0, server::COMMANDS),
    ("server", 0, debug::COMMANDS),
];

const ROWS: usize = {
    let (mut rows, mut group) = (0, 0);
    while group < GROUPS.len() {
        rows += GROUPS[group].2.len();
        group += 1;
    }
    rows
};

/// The rows one behind the other: what is known of each command, and the function that executes it. Made when the
/// program is compiled, as is all that follows.
const JOINED: ([Command; ROWS], [Handler; ROWS]) = {
    let first = GROUPS[0].2[0];
    let (mut commands, mut handlers) = ([first.command; ROWS], [first.run; ROWS]);
    let (mut row, mut group) = (0, 0);
    while group < GROUPS.len() {
        let (name, categories, own) = GROUPS[group];
        let mut next = 0;
        while next < own.len() {
            commands[row] = own[next].of(name, categories).command;
            handlers[row] = own[next].run;
            (row, next) = (row + 1, next + 1);
        }
        group += 1;
    }
    (commands, handlers)
};

/// What is known of each command, with an index by name.
pub static TABLE: Table = Table::new(&COMMANDS);

static COMMANDS: [Command; ROWS] = JOINED.0;

/// The functions that execute them, in the same order.
static HANDLERS: [Handler; ROWS] = JOINED.1;

/// Executes the command in this row.
pub fn run(row: usize, call: &mut Call<'_>) -> Outcome {
    match HANDLERS.get(row) {
        Some(run) => run(call),
        // Not from input: there is a handler for each row.
        None => Err(CommandError::unknown(call.args)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::flags::CONTAINER;

    #[test]
    fn names_are_found_in_any_case() {
        for row in TABLE.all() {
            for name in [row.name.to_ascii_uppercase(), row.name.to_ascii_lowercase()] {
                assert_eq!(
                    TABLE.find(name.as_bytes(), u8::MAX).unwrap().1.name,
                    row.name
                );
            }
        }
        let client = TABLE.find(b"client", 0).unwrap().1;
        let found = TABLE.find_subcommand(client, b"SetName", 0).unwrap().1;
        assert_eq!(found.name, "client|setname");
        assert!(TABLE.find_subcommand(client, b"get", 0).is_none());
        for name in ["", "ge", "gett", "zzz", "\0"] {
            assert!(TABLE.find(name.as_bytes(), u8::MAX).is_none());
        }
    }

    #[test]
    fn a_subcommand_has_a_container() {
        for row in TABLE.all() {
            if let Some((container, _)) = row.name.split_once('|') {
                let container = TABLE.find(container.as_bytes(), row.chapter).unwrap().1;
                assert!(container.is(CONTAINER), "{}", row.name);
            }
        }
    }

    #[test]
    fn later_chapters_are_not_found() {
        assert!(TABLE.find(b"publish", 7).is_some());
        assert!(TABLE.find(b"publish", 6).is_none());
        assert!(TABLE.rows(6).all(|row| row.name != "publish"));
    }

    #[test]
    fn an_arity_is_exact_or_a_minimum() {
        let accepts = |name: &[u8], args| TABLE.find(name, 0).unwrap().1.accepts(args);
        assert_eq!(
            [1, 2, 3].map(|args| accepts(b"get", args)),
            [false, true, false]
        );
        assert_eq!(
            [1, 2, 9].map(|args| accepts(b"del", args)),
            [false, true, true]
        );
    }
}
