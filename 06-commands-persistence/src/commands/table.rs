//! The command table: all that is known of each command, one row each.

use super::{Call, Outcome, connection, expiry, generic, server, string};
use std::cmp::Ordering;

/// A row of the table.
pub struct Command {
    /// In lower case, as it appears in errors.
    pub name: &'static str,
    /// How many arguments a request must have, the name included; negative: at least as many.
    pub arity: i32,
    /// What kind of command it is: any of the flags below, added together.
    pub flags: u32,
    /// Which arguments are keys.
    pub keys: Keys,
    /// Where Redis's documentation puts it.
    pub group: &'static str,
    /// The version of Redis that brought it.
    pub since: &'static str,
    /// The function that executes it.
    pub run: fn(&mut Call<'_>) -> Outcome,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// Which arguments of a request are keys.
pub struct Keys {
    /// Index of the first key; 0 where there is none.
    pub first: i32,
    /// Index of the last key; -1 is the last argument.
    pub last: i32,
    /// Distance from one key to the next.
    pub step: i32,
}

/// It may change the keyspace.
pub const WRITE: u32 = 1;
/// It reads the keyspace and changes nothing.
pub const READONLY: u32 = 1 << 1;
/// It may need more memory.
pub const DENYOOM: u32 = 1 << 2;
/// It may be used while a snapshot is loaded.
pub const LOADING: u32 = 1 << 3;
/// It may be used while data may be out of date.
pub const STALE: u32 = 1 << 4;
/// Its time does not grow with the data.
pub const FAST: u32 = 1 << 5;

/// The flags with their names, in Redis's order.
const FLAG_NAMES: [(u32, &str); 6] = [
    (WRITE, "write"),
    (READONLY, "readonly"),
    (DENYOOM, "denyoom"),
    (LOADING, "loading"),
    (STALE, "stale"),
    (FAST, "fast"),
];

const NO_KEYS: Keys = keys(0, 0, 0);
const ONE_KEY: Keys = keys(1, 1, 1);
const ALL_KEYS: Keys = keys(1, -1, 1);

/// Every command, sorted by name.
#[rustfmt::skip]
pub static TABLE: &[Command] = &[
    //  name       arity  flags                   keys      group         since     function             summary
    row("command",      -1, LOADING | STALE,        NO_KEYS,  "server",     "2.8.13", server::command,     "Describes the commands of this server."),
    row("dbsize",        1, READONLY | FAST,        NO_KEYS,  "server",     "1.0.0",  server::dbsize,      "Counts the keys."),
    row("del",          -2, WRITE,                  ALL_KEYS, "generic",    "1.0.0",  generic::del,        "Removes keys."),
    row("echo",          2, LOADING | STALE | FAST, NO_KEYS,  "connection", "1.0.0",  connection::echo,    "Answers with the given message."),
    row("exists",       -2, READONLY | FAST,        ALL_KEYS, "generic",    "1.0.0",  generic::exists,     "Counts which of the keys exist."),
    row("expire",       -3, WRITE | FAST,           ONE_KEY,  "generic",    "1.0.0",  expiry::expire,      "Lets a key expire after seconds."),
    row("expireat",     -3, WRITE | FAST,           ONE_KEY,  "generic",    "1.2.0",  expiry::expireat,    "Lets a key expire at a Unix time in seconds."),
    row("expiretime",    2, READONLY | FAST,        ONE_KEY,  "generic",    "7.0.0",  expiry::expiretime,  "Gives the Unix time in seconds at which a key expires."),
    row("get",           2, READONLY | FAST,        ONE_KEY,  "string",     "1.0.0",  string::get,         "Gives the value of a key."),
    row("getex",        -2, WRITE | FAST,           ONE_KEY,  "string",     "6.2.0",  string::getex,       "Gives the value of a key and changes when it expires."),
    row("persist",       2, WRITE | FAST,           ONE_KEY,  "generic",    "2.2.0",  expiry::persist,     "Lets a key live for ever."),
    row("pexpire",      -3, WRITE | FAST,           ONE_KEY,  "generic",    "2.6.0",  expiry::pexpire,     "Lets a key expire after milliseconds."),
    row("pexpireat",    -3, WRITE | FAST,           ONE_KEY,  "generic",    "2.6.0",  expiry::pexpireat,   "Lets a key expire at a Unix time in milliseconds."),
    row("pexpiretime",   2, READONLY | FAST,        ONE_KEY,  "generic",    "7.0.0",  expiry::pexpiretime, "Gives the Unix time in milliseconds at which a key expires."),
    row("ping",         -1, FAST,                   NO_KEYS,  "connection", "1.0.0",  connection::ping,    "Answers, to show that the server is there."),
    row("pttl",          2, READONLY | FAST,        ONE_KEY,  "generic",    "2.6.0",  expiry::pttl,        "Gives the milliseconds a key has left."),
    row("set",          -3, WRITE | DENYOOM,        ONE_KEY,  "string",     "1.0.0",  string::set,         "Makes a key hold a value."),
    row("ttl",           2, READONLY | FAST,        ONE_KEY,  "generic",    "1.0.0",  expiry::ttl,         "Gives the seconds a key has left."),
];

#[allow(clippy::too_many_arguments)] // One for each column of the table.
const fn row(
    name: &'static str,
    arity: i32,
    flags: u32,
    keys: Keys,
    group: &'static str,
    since: &'static str,
    run: fn(&mut Call<'_>) -> Outcome,
    summary: &'static str,
) -> Command {
    Command {
        name,
        arity,
        flags,
        keys,
        group,
        since,
        run,
        summary,
    }
}

const fn keys(first: i32, last: i32, step: i32) -> Keys {
    Keys { first, last, step }
}

/// The command with this name, in whatever case it is written.
pub fn find(name: &[u8]) -> Option<&'static Command> {
    let position = TABLE
        .binary_search_by(|row| compare_ignoring_case(row.name, name))
        .ok()?;
    TABLE.get(position)
}

fn compare_ignoring_case(name: &str, wanted: &[u8]) -> Ordering {
    name.bytes().cmp(wanted.iter().map(u8::to_ascii_lowercase))
}

impl Command {
    /// Whether a request may have this many arguments, the name included.
    pub fn accepts(&self, args: usize) -> bool {
        let arity = self.arity.unsigned_abs() as usize;
        if self.arity < 0 {
            args >= arity
        } else {
            args == arity
        }
    }

    /// The names of the command's flags.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> + Clone {
        let flags = self.flags;
        FLAG_NAMES
            .into_iter()
            .filter_map(move |(flag, name)| (flags & flag != 0).then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_name_in_lower_case() {
        assert!(TABLE.is_sorted_by(|row, next| row.name < next.name));
        for row in TABLE {
            assert_eq!(row.name, row.name.to_ascii_lowercase());
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        for row in TABLE {
            for name in [row.name.to_ascii_uppercase(), row.name.to_string()] {
                assert_eq!(find(name.as_bytes()).unwrap().name, row.name);
            }
        }
        for name in ["", "ge", "gett", "zzz", "\0"] {
            assert!(find(name.as_bytes()).is_none());
        }
    }

    #[test]
    fn an_arity_is_exact_or_a_minimum() {
        let (get, del) = (find(b"get").unwrap(), find(b"del").unwrap());
        assert_eq!(
            [1, 2, 3].map(|args| get.accepts(args)),
            [false, true, false]
        );
        assert_eq!([1, 2, 9].map(|args| del.accepts(args)), [false, true, true]);
    }
}
