//! Commands on keys of all types, and on databases.

use super::bugs::Bug;
use super::state::{
    NOT_AN_INTEGER, OK, Outcome, SYNTAX, State, Value, count, elements, integer, now, parsed,
};
use std::time::{SystemTime, UNIX_EPOCH};
use workshop::client::bulk;

impl State {
    pub fn key_command(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        match name {
            "type" => Ok(self.type_of(id, &args[1])),
            "exists" => {
                let there = args[1..].iter().filter(|key| self.entry(id, key).is_some());
                Ok(count(there.count()))
            }
            "del" | "unlink" => Ok(self.remove(id, name, &args[1..])),
            "rename" => self.rename(id, &args[1], &args[2]),
            "keys" => Ok(self.keys(id, &args[1])),
            "randomkey" => Ok(self.random_key(id)),
            "dbsize" => Ok(self.dbsize(id)),
            "select" => self.select(id, &args[1]),
            "flushdb" | "flushall" => self.flush(id, name, &args[1..]),
            "ttl" | "pexpiretime" => Ok(self.time_left(id, name, &args[1])),
            "persist" => {
                let entry = self.entry(id, &args[1]);
                let taken = entry.and_then(|entry| entry.deadline.take());
                Ok(integer(i64::from(taken.is_some())))
            }
            _ => self.expire(id, name, args),
        }
    }

    fn type_of(&mut self, id: u64, key: &[u8]) -> Vec<u8> {
        let known = !self.has(Bug::TypeKnowsStringsOnly);
        match self.entry(id, key).map(|entry| &entry.value) {
            None => b"+none\r\n".to_vec(),
            Some(Value::List(_)) if known => b"+list\r\n".to_vec(),
            Some(Value::Set(_)) if known => b"+set\r\n".to_vec(),
            Some(_) => b"+string\r\n".to_vec(),
        }
    }

    fn remove(&mut self, id: u64, name: &str, keys: &[Vec<u8>]) -> Vec<u8> {
        if name == "unlink" && self.has(Bug::UnlinkCountsMentions) {
            keys.iter()
                .for_each(|key| drop(self.database(id).remove(key)));
            return count(keys.len());
        }
        let gone = keys.iter().filter(|key| {
            self.entry(id, key).is_some() && self.database(id).remove(key.as_slice()).is_some()
        });
        count(gone.count())
    }

    fn rename(&mut self, id: u64, from: &[u8], to: &[u8]) -> Outcome {
        if from == to && self.has(Bug::RenameMissingToItself) {
            return Ok(OK.to_vec());
        }
        self.entry(id, from).ok_or("ERR no such key")?;
        let mut entry = self.database(id).remove(from).unwrap();
        if self.has(Bug::RenameLeavesDeadline) {
            entry.deadline = None;
        }
        if self.has(Bug::RenameKeepsOldDeadline)
            && let Some(old) = self.entry(id, to)
        {
            entry.deadline = old.deadline;
        }
        self.database(id).insert(to.to_vec(), entry);
        Ok(OK.to_vec())
    }

    fn keys(&mut self, id: u64, pattern: &[u8]) -> Vec<u8> {
        let bug = self.bug;
        let mut pattern = pattern.to_vec();
        if bug == Some(Bug::KeysMatchesTheBeginning) {
            pattern.push(b'*');
        }
        let all = bug == Some(Bug::KeysListsExpired);
        let found = self.database(id).iter().filter(|(key, entry)| {
            let alive = entry.deadline.is_none_or(|deadline| deadline > now());
            (alive || all) && matches(&pattern, key, bug)
        });
        elements(found.map(|(key, _)| key))
    }

    fn random_key(&mut self, id: u64) -> Vec<u8> {
        let first = self.has(Bug::RandomkeyIsTheFirst);
        let database = self.database(id);
        let turn = if first { 0 } else { scattered() };
        let place = turn % database.len().max(1);
        let key = database.keys().nth(place).map(bulk);
        key.unwrap_or_else(|| self.null(id))
    }

    fn dbsize(&mut self, id: u64) -> Vec<u8> {
        let elements = self.has(Bug::DbsizeCountsElements);
        let sizes = self.database(id).values().map(|entry| match &entry.value {
            Value::List(list) if elements => list.len(),
            Value::Set(set) if elements => set.len(),
            _ => 1,
        });
        count(sizes.sum())
    }

    fn select(&mut self, id: u64, number: &[u8]) -> Outcome {
        if self.has(Bug::SelectLosesItsPlace) {
            self.client(id).database = 0;
        }
        let number = parsed(number)?;
        if !(0..16).contains(&number) {
            return Err("ERR DB index is out of range".into());
        }
        if !self.has(Bug::SelectIsIgnored) {
            self.client(id).database = number as usize;
            self.shared.0 = number as usize;
        }
        Ok(OK.to_vec())
    }

    fn flush(&mut self, id: u64, name: &str, options: &[Vec<u8>]) -> Outcome {
        let words: Vec<Vec<u8>> = options
            .iter()
            .map(|word| word.to_ascii_lowercase())
            .collect();
        match words
            .iter()
            .map(Vec::as_slice)
            .collect::<Vec<_>>()
            .as_slice()
        {
            [] | [b"sync"] | [b"async"] => {}
            _ => return Err(SYNTAX.into()),
        }
        let all = name == "flushall" || self.has(Bug::FlushdbEmptiesAll);
        if all && !self.has(Bug::FlushallEmptiesOne) {
            self.databases
                .iter_mut()
                .for_each(|database| database.clear());
        } else {
            self.database(id).clear();
        }
        Ok(OK.to_vec())
    }

    fn time_left(&mut self, id: u64, name: &str, key: &[u8]) -> Vec<u8> {
        integer(match self.entry(id, key).map(|entry| entry.deadline) {
            None => -2,
            Some(None) => -1,
            Some(Some(deadline)) if name == "ttl" => (deadline - now() + 500) / 1000,
            Some(Some(deadline)) => deadline,
        })
    }

    fn expire(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        let amount = parsed(&args[2])?;
        let deadline = match name {
            "expire" => amount.checked_mul(1000).ok_or(NOT_AN_INTEGER)? + now(),
            "pexpire" => amount + now(),
            _ => amount,
        };
        let entry = self.entry(id, &args[1]);
        let there = entry.map(|entry| entry.deadline = Some(deadline)).is_some();
        Ok(integer(i64::from(there)))
    }
}

/// A number that nobody foresees.
fn scattered() -> usize {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (since.as_nanos() as usize).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

/// Whether the pattern of KEYS fits the whole key.
fn matches(pattern: &[u8], key: &[u8], bug: Option<Bug>) -> bool {
    match (pattern, key) {
        ([], key) => key.is_empty(),
        ([b'*', rest @ ..], key) => {
            (0..=key.len()).any(|length| matches(rest, &key[length..], bug))
        }
        (_, []) => false,
        ([b'?', rest @ ..], [_, key @ ..]) => matches(rest, key, bug),
        ([b'[', class @ ..], [byte, key @ ..]) if bug != Some(Bug::KeysWithoutClasses) => {
            let (fits, rest) = class_fits(class, *byte);
            fits && matches(rest, key, bug)
        }
        ([b'\\', wanted, rest @ ..] | [wanted, rest @ ..], [byte, key @ ..]) => {
            wanted == byte && matches(rest, key, bug)
        }
    }
}

/// Whether a byte is in the class that begins here, and what follows the class.
fn class_fits(class: &[u8], byte: u8) -> (bool, &[u8]) {
    let (negated, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut fits = false;
    loop {
        rest = match rest {
            [] => return (fits != negated, rest),
            [b']', after @ ..] => return (fits != negated, after),
            [b'\\', wanted, after @ ..] => {
                fits |= *wanted == byte;
                after
            }
            [from, b'-', to, after @ ..] => {
                fits |= (*from.min(to)..=*from.max(to)).contains(&byte);
                after
            }
            [wanted, after @ ..] => {
                fits |= *wanted == byte;
                after
            }
        };
    }
}
