//! The commands up to stage 03, and how a command is found.

use super::Bug;
use super::expiry::now;
use std::collections::{BTreeSet, HashMap};
use workshop::client::bulk;

/// What the server knows.
#[derive(Clone, Default)]
pub struct Data {
    pub entries: HashMap<Vec<u8>, Entry>,
    /// Deadlines of keys that were removed, for the bug that is about that.
    pub ghosts: HashMap<Vec<u8>, Option<i64>>,
    pub writes: i64,
}

#[derive(Clone)]
pub struct Entry {
    pub value: Vec<u8>,
    pub deadline: Option<i64>,
}

pub type Outcome = Result<Vec<u8>, String>;

pub const NULL: &[u8] = b"$-1\r\n";
pub const OK: &[u8] = b"+OK\r\n";

const COMMANDS: [(&str, i64, i64); 18] = [
    ("command", -1, 0),
    ("dbsize", 1, 0),
    ("del", -2, 1),
    ("echo", 2, 0),
    ("exists", -2, 1),
    ("expire", -3, 1),
    ("expireat", -3, 1),
    ("expiretime", 2, 1),
    ("get", 2, 1),
    ("getex", -2, 1),
    ("persist", 2, 1),
    ("pexpire", -3, 1),
    ("pexpireat", -3, 1),
    ("pexpiretime", 2, 1),
    ("ping", -1, 0),
    ("pttl", 2, 1),
    ("set", -3, 1),
    ("ttl", 2, 1),
];

pub fn integer(value: i64) -> Vec<u8> {
    format!(":{value}\r\n").into_bytes()
}

impl Data {
    pub fn execute(&mut self, args: &[Vec<u8>], bug: Option<Bug>) -> Vec<u8> {
        self.dispatch(args, bug).unwrap_or_else(|error| {
            let error = if bug == Some(Bug::ErrorOfTwoLines) {
                error
            } else {
                error.replace(['\r', '\n'], " ")
            };
            format!("-ERR {error}\r\n").into_bytes()
        })
    }

    fn dispatch(&mut self, args: &[Vec<u8>], bug: Option<Bug>) -> Outcome {
        let given = String::from_utf8_lossy(&args[0]).into_owned();
        let name = if bug == Some(Bug::NamesInUpperCaseOnly) {
            given
                .replace(|letter: char| letter.is_ascii_lowercase(), "?")
                .to_lowercase()
        } else {
            given.to_lowercase()
        };
        let Some((name, arity, _)) = COMMANDS.iter().find(|row| row.0 == name) else {
            return Err(unknown(args, bug));
        };
        let count = args.len() as i64;
        let fits = if *arity < 0 {
            count >= -arity
        } else {
            count == *arity
        };
        let unchecked = bug == Some(Bug::ExpiryWithoutArity) && name.ends_with("ttl");
        if !fits && !unchecked {
            let words = if bug == Some(Bug::ArityInOtherWords) {
                format!("wrong number of arguments ({count}) for {name}")
            } else {
                format!("wrong number of arguments for '{name}' command")
            };
            return Err(words);
        }
        match *name {
            "ping" => ping(args, bug),
            "echo" if bug == Some(Bug::EchoesInUpperCase) => Ok(bulk(args[1].to_ascii_uppercase())),
            "echo" if bug == Some(Bug::CutsLongArguments) => {
                Ok(bulk(&args[1][..args[1].len().min(1 << 16)]))
            }
            "echo" => Ok(bulk(&args[1])),
            "command" => Ok(command(bug)),
            "dbsize" if bug == Some(Bug::DbsizeCountsWrites) => Ok(integer(self.writes)),
            "dbsize" => Ok(integer(self.entries.len() as i64)),
            "get" => Ok(self.get(&args[1], bug)),
            "del" => Ok(self.del(&args[1..], bug)),
            "exists" => Ok(self.exists(&args[1..], bug)),
            "set" => self.set(args, bug),
            "getex" => self.getex(args, bug),
            "persist" => Ok(self.persist(&args[1], bug)),
            name if name.ends_with("ttl") || name.ends_with("time") => {
                let key = args.get(1).map_or(b"".as_slice(), Vec::as_slice);
                Ok(self.time_left(name, key, bug))
            }
            name => self.expire(name, args, bug),
        }
    }

    /// The key as it is kept.
    pub fn key(key: &[u8], bug: Option<Bug>) -> Vec<u8> {
        match bug {
            Some(Bug::KeysIgnoreCase) => key.to_ascii_lowercase(),
            Some(Bug::KeysEndAtNul) => key.split(|byte| *byte == 0).next().unwrap().to_vec(),
            _ => key.to_vec(),
        }
    }

    /// The entry of a key whose time is not up.
    pub fn find(&mut self, key: &[u8], bug: Option<Bug>) -> Option<&mut Entry> {
        let key = Self::key(key, bug);
        let early = if bug == Some(Bug::ExpiresEarly) {
            40
        } else {
            0
        };
        let deadline = self.entries.get(&key)?.deadline;
        let due = deadline.is_some_and(|deadline| deadline - early <= now());
        if due && bug != Some(Bug::NeverExpires) {
            self.entries.remove(&key);
        }
        self.entries.get_mut(&key)
    }

    fn get(&mut self, key: &[u8], bug: Option<Bug>) -> Vec<u8> {
        // With this bug, the other commands see keys that GET does not.
        let bug = bug.filter(|bug| *bug != Bug::OnlyGetExpires);
        match self.find(key, bug) {
            None if bug == Some(Bug::MissingIsEmpty) => bulk(""),
            None if bug == Some(Bug::MissingIsMinusOne) => integer(-1),
            None => NULL.to_vec(),
            Some(entry) if entry.value.is_empty() && bug == Some(Bug::EmptyIsMissing) => {
                NULL.to_vec()
            }
            Some(entry) => bulk(&entry.value),
        }
    }

    /// [`find`](Self::find), as the commands other than GET do it.
    pub fn look(&mut self, key: &[u8], bug: Option<Bug>) -> Option<&mut Entry> {
        if bug == Some(Bug::OnlyGetExpires) {
            return self.entries.get_mut(key);
        }
        self.find(key, bug)
    }

    fn del(&mut self, keys: &[Vec<u8>], bug: Option<Bug>) -> Vec<u8> {
        let mut removed = 0;
        for key in keys {
            let there = self.look(key, bug).is_some();
            removed += i64::from(there || bug == Some(Bug::DelCountsMentions));
            if let Some(entry) = self.entries.remove(&Self::key(key, bug)) {
                self.ghosts.insert(key.clone(), entry.deadline);
            }
        }
        integer(removed)
    }

    fn exists(&mut self, keys: &[Vec<u8>], bug: Option<Bug>) -> Vec<u8> {
        if bug == Some(Bug::ExistsCountsOnce) {
            let keys: BTreeSet<_> = keys.iter().cloned().collect();
            return integer(
                keys.iter()
                    .filter(|key| self.look(key, bug).is_some())
                    .count() as i64,
            );
        }
        integer(
            keys.iter()
                .filter(|key| self.look(key, bug).is_some())
                .count() as i64,
        )
    }

    /// Stores a value as the bugs let it.
    pub fn store(&mut self, key: &[u8], value: &[u8], deadline: Option<i64>, bug: Option<Bug>) {
        self.writes += 1;
        let value = match bug {
            Some(Bug::StoresNothing) => return,
            Some(Bug::ValuesAreText) => String::from_utf8_lossy(value).into_owned().into_bytes(),
            Some(Bug::SmallValuesOnly) => value[..value.len().min(1 << 20)].to_vec(),
            _ => value.to_vec(),
        };
        let key = Self::key(key, bug);
        if bug == Some(Bug::KeepsTheFirstValue) && self.entries.contains_key(&key) {
            return;
        }
        self.entries.insert(key, Entry { value, deadline });
    }
}

fn ping(args: &[Vec<u8>], bug: Option<Bug>) -> Outcome {
    match args {
        [_] => Ok(b"+PONG\r\n".to_vec()),
        [_, _] if bug == Some(Bug::PingIgnoresItsMessage) => Ok(b"+PONG\r\n".to_vec()),
        [_, message] => Ok(bulk(message)),
        _ => Err("wrong number of arguments for 'ping' command".into()),
    }
}

fn unknown(args: &[Vec<u8>], bug: Option<Bug>) -> String {
    let limit = if bug == Some(Bug::LongUnknownCommand) {
        usize::MAX
    } else {
        128
    };
    let cut = |text: &[u8], limit: usize| {
        String::from_utf8_lossy(&text[..text.len().min(limit)]).into_owned()
    };
    let name = cut(&args[0], limit);
    if bug == Some(Bug::ShortUnknownCommand) {
        return format!("unknown command '{name}'");
    }
    let mut shown = String::new();
    for arg in &args[1..] {
        if shown.len() >= limit {
            break;
        }
        let arg = cut(arg, limit - shown.len());
        shown.push_str(&format!("'{arg}' "));
    }
    format!("unknown command '{name}', with args beginning with: {shown}")
}

fn command(bug: Option<Bug>) -> Vec<u8> {
    let head = |length: usize| format!("*{length}\r\n").into_bytes();
    let rows = COMMANDS.iter().flat_map(|(name, arity, key)| {
        let arity = if bug == Some(Bug::CommandHasNoArity) {
            0
        } else {
            *arity
        };
        let numbers = [*key, *key, *key].map(integer).concat();
        [head(6), bulk(name), integer(arity), head(0), numbers].concat()
    });
    head(COMMANDS.len()).into_iter().chain(rows).collect()
}
