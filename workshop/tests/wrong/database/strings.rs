//! Commands on strings.

use super::bugs::Bug;
use super::state::{
    NOT_AN_INTEGER, OK, Outcome, SYNTAX, State, Value, count, integer, now, parsed,
};
use workshop::client::bulk;

impl State {
    pub fn string_command(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        let key = &args[1];
        match name {
            "get" => self.get(id, key),
            "getex" => self.getex(id, args),
            "set" => self.set_text(id, args),
            "incr" => self.add(id, key, 1),
            "decr" if self.has(Bug::DecrCountsUp) => self.add(id, key, 1),
            "decr" => self.add(id, key, -1),
            "incrby" => self.add(id, key, parsed(&args[2])?),
            "decrby" if self.has(Bug::DecrbyNegates) => {
                self.add(id, key, parsed(&args[2])?.wrapping_neg())
            }
            "decrby" => {
                let negated = parsed(&args[2])?.checked_neg();
                self.add(id, key, negated.ok_or("ERR decrement would overflow")?)
            }
            "append" => self.append(id, args),
            "strlen" => self.strlen(id, key),
            "mget" => self.mget(id, &args[1..]),
            "mset" => self.mset(id, &args[1..]),
            "setnx" => self.setnx(id, key, &args[2]),
            _ => self.getset(id, key, &args[2]),
        }
    }

    fn get(&mut self, id: u64, key: &[u8]) -> Outcome {
        let text = self.text(id, key)?.map(bulk);
        Ok(text.unwrap_or_else(|| self.null(id)))
    }

    fn getex(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let reply = self.get(id, &args[1])?;
        if args.len() > 2
            && let Some(entry) = self.entry(id, &args[1])
        {
            entry.deadline = None;
        }
        Ok(reply)
    }

    fn set_text(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let mut deadline = None;
        let (mut nx, mut xx, mut get) = (false, false, false);
        let mut options = args[3..].iter();
        while let Some(option) = options.next() {
            match option.to_ascii_uppercase().as_slice() {
                b"NX" => nx = true,
                b"XX" => xx = true,
                b"GET" => get = true,
                unit => {
                    let amount = parsed(options.next().ok_or(SYNTAX)?)?;
                    deadline = Some(match unit {
                        b"EX" => now() + amount * 1000,
                        b"PX" => now() + amount,
                        b"PXAT" => amount,
                        _ => return Err(SYNTAX.into()),
                    });
                }
            }
        }
        if get || self.has(Bug::SetRefusesOtherTypes) {
            self.text(id, &args[1])?;
        }
        let there = self.entry(id, &args[1]).is_some();
        if (nx && there) || (xx && !there) {
            return Ok(self.null(id));
        }
        self.store(id, &args[1], Value::Text(args[2].clone()));
        self.entry(id, &args[1]).unwrap().deadline = deadline;
        Ok(OK.to_vec())
    }

    fn add(&mut self, id: u64, key: &[u8], amount: i64) -> Outcome {
        let (wraps, trims) = (self.has(Bug::IncrWraps), self.has(Bug::IncrTrims));
        let Some(text) = self.text(id, key)? else {
            self.store(id, key, Value::Text(amount.to_string().into()));
            return Ok(integer(amount));
        };
        let old = parsed(if trims { text.trim_ascii() } else { text })?;
        let new = if wraps {
            Some(old.wrapping_add(amount))
        } else {
            old.checked_add(amount)
        };
        let new = new.ok_or("ERR increment or decrement would overflow")?;
        *text = new.to_string().into();
        if self.has(Bug::IncrDropsDeadline) {
            self.entry(id, key).unwrap().deadline = None;
        }
        Ok(integer(new))
    }

    fn append(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let (only_added, text_only) = (
            self.has(Bug::AppendAnswersWhatItAdded),
            self.has(Bug::AppendIsText),
        );
        let mut added = args[2].clone();
        if text_only {
            added = String::from_utf8_lossy(&added).into_owned().into();
        }
        if self.text(id, &args[1])?.is_none() {
            self.store(id, &args[1], Value::Text(Vec::new()));
        }
        let text = self.text(id, &args[1])?.ok_or(NOT_AN_INTEGER)?;
        text.extend(&added);
        Ok(count(if only_added { added.len() } else { text.len() }))
    }

    fn strlen(&mut self, id: u64, key: &[u8]) -> Outcome {
        if self.has(Bug::StrlenOfAnything)
            && let Ok(Some(list)) = self.list(id, key)
        {
            return Ok(count(list.len()));
        }
        let length = self.text(id, key)?.map(|text| text.len());
        if length.is_none() && self.has(Bug::StrlenOfMissingIsNull) {
            return Ok(self.null(id));
        }
        Ok(count(length.unwrap_or_default()))
    }

    fn mget(&mut self, id: u64, keys: &[Vec<u8>]) -> Outcome {
        let mut reply = format!("*{}\r\n", keys.len()).into_bytes();
        for key in keys {
            match self.get(id, key) {
                Err(error) if self.has(Bug::MgetFailsOnLists) => return Err(error),
                Ok(_) if self.has(Bug::MgetSaysEmpty) && self.entry(id, key).is_none() => {
                    reply.extend(bulk(""));
                }
                value => reply.extend(value.unwrap_or_else(|_| self.null(id))),
            }
        }
        Ok(reply)
    }

    fn mset(&mut self, id: u64, pairs: &[Vec<u8>]) -> Outcome {
        let odd = pairs.len() % 2 == 1;
        let error = "ERR wrong number of arguments for 'mset' command";
        if odd && !self.has(Bug::MsetStopsHalfway) {
            return Err(error.into());
        }
        for pair in pairs.chunks_exact(2) {
            self.store(id, &pair[0], Value::Text(pair[1].clone()));
        }
        if odd {
            Err(error.into())
        } else {
            Ok(OK.to_vec())
        }
    }

    fn setnx(&mut self, id: u64, key: &[u8], text: &[u8]) -> Outcome {
        let there = if self.has(Bug::SetnxReplacesLists) {
            matches!(self.text(id, key), Ok(Some(_)))
        } else {
            self.entry(id, key).is_some()
        };
        if !there {
            self.store(id, key, Value::Text(text.to_vec()));
        }
        Ok(integer(i64::from(!there || self.has(Bug::SetnxAlwaysOne))))
    }

    fn getset(&mut self, id: u64, key: &[u8], text: &[u8]) -> Outcome {
        let old = self.get(id, key)?;
        self.store(id, key, Value::Text(text.to_vec()));
        if self.has(Bug::GetsetAnswersNewValue) {
            return self.get(id, key);
        }
        Ok(old)
    }
}
