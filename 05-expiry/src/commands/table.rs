//! The command table: all that is known of each command, one row each.

use super::expiry::{MILLIS_FROM_NOW, SECONDS_FROM_NOW, UNIX_MILLIS, UNIX_SECONDS};
use super::{Call, Outcome, connection, expiry, generic, string};

/// A row of the table.
pub struct Command {
    /// In lower case, as it appears in errors.
    pub name: &'static str,
    /// How many arguments a request must have, the name included; negative: at least as many.
    pub arity: i32,
    /// Which arguments are keys: index of the first, index of the last (-1: the last argument), and the
    /// distance from one to the next.
    pub keys: [i32; 3],
    /// The function that executes it.
    pub run: fn(&mut Call<'_>) -> Outcome,
}

const NO_KEYS: [i32; 3] = [0, 0, 0];
const ONE_KEY: [i32; 3] = [1, 1, 1];
const ALL_KEYS: [i32; 3] = [1, -1, 1];

/// Every command, sorted by name.
#[rustfmt::skip]
pub static TABLE: &[Command] = &[
    Command { name: "command",     arity:  1, keys: NO_KEYS,  run: command },
    Command { name: "dbsize",      arity:  1, keys: NO_KEYS,  run: generic::dbsize },
    Command { name: "del",         arity: -2, keys: ALL_KEYS, run: generic::del },
    Command { name: "echo",        arity:  2, keys: NO_KEYS,  run: connection::echo },
    Command { name: "exists",      arity: -2, keys: ALL_KEYS, run: generic::exists },
    Command { name: "expire",      arity: -3, keys: ONE_KEY,  run: |call| expiry::expire(call, SECONDS_FROM_NOW) },
    Command { name: "expireat",    arity: -3, keys: ONE_KEY,  run: |call| expiry::expire(call, UNIX_SECONDS) },
    Command { name: "expiretime",  arity:  2, keys: ONE_KEY,  run: |call| expiry::ttl(call, UNIX_SECONDS) },
    Command { name: "get",         arity:  2, keys: ONE_KEY,  run: string::get },
    Command { name: "getex",       arity: -2, keys: ONE_KEY,  run: string::getex },
    Command { name: "persist",     arity:  2, keys: ONE_KEY,  run: expiry::persist },
    Command { name: "pexpire",     arity: -3, keys: ONE_KEY,  run: |call| expiry::expire(call, MILLIS_FROM_NOW) },
    Command { name: "pexpireat",   arity: -3, keys: ONE_KEY,  run: |call| expiry::expire(call, UNIX_MILLIS) },
    Command { name: "pexpiretime", arity:  2, keys: ONE_KEY,  run: |call| expiry::ttl(call, UNIX_MILLIS) },
    Command { name: "ping",        arity: -1, keys: NO_KEYS,  run: connection::ping },
    Command { name: "pttl",        arity:  2, keys: ONE_KEY,  run: |call| expiry::ttl(call, MILLIS_FROM_NOW) },
    Command { name: "set",         arity: -3, keys: ONE_KEY,  run: string::set },
    Command { name: "ttl",         arity:  2, keys: ONE_KEY,  run: |call| expiry::ttl(call, SECONDS_FROM_NOW) },
];

/// The command with this name, in whatever case it is written.
pub fn find(name: &[u8]) -> Option<&'static Command> {
    let lower = name.iter().map(u8::to_ascii_lowercase);
    let position = TABLE.binary_search_by(|row| row.name.bytes().cmp(lower.clone()));
    TABLE.get(position.ok()?)
}

impl Command {
    /// Whether a request may have this many arguments, the name included.
    pub fn accepts(&self, args: usize) -> bool {
        let arity = self.arity.unsigned_abs() as usize;
        args == arity || self.arity < 0 && args > arity
    }
}

/// `COMMAND`: the command table, for clients. Of the first six things that Redis tells of each command,
/// the flags are left empty. <https://redis.io/docs/latest/commands/command/>
pub fn command(call: &mut Call<'_>) -> Outcome {
    call.reply.array(TABLE.len());
    for row in TABLE {
        call.reply.array(6);
        call.reply.bulk(row.name.as_bytes());
        call.reply.integer(row.arity.into());
        call.reply.array(0);
        for number in row.keys {
            call.reply.integer(number.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_name_in_lower_case() {
        for pair in TABLE.windows(2) {
            let (name, next) = (pair[0].name, pair[1].name);
            assert!(name < next, "{next} must stand before {name}");
        }
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
