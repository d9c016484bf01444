//! Commands on lists and sets.

use super::bugs::Bug;
use super::state::{List, OK, Outcome, Set, State, Value, count, elements, integer, parsed};
use workshop::client::bulk;

/// Where a list ends, with the bug that is about that.
const SHORT_LIST: usize = 8192;

/// How many members may be lost, with the bug that is about that.
const FEW: usize = 512;

impl State {
    /// Removes a collection that was emptied.
    pub fn tidy(&mut self, id: u64, key: &[u8]) {
        let (lists, sets) = (
            !self.has(Bug::EmptiedListStays),
            !self.has(Bug::EmptiedSetStays),
        );
        let empty = match self.entry(id, key).map(|entry| &entry.value) {
            Some(Value::List(list)) => list.is_empty() && lists,
            Some(Value::Set(set)) => set.is_empty() && sets,
            _ => false,
        };
        if empty {
            self.database(id).remove(key);
        }
    }

    pub fn list_command(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        let key = &args[1];
        let reply = match name {
            "lpush" | "rpush" => self.push(id, name == "lpush", key, &args[2..]),
            "lpop" | "rpop" => self.pop(id, name, args),
            "llen" => self.llen(id, key),
            "lrange" => self.lrange(id, args),
            "lindex" => self.lindex(id, key, &args[2]),
            "lset" => self.lset(id, args),
            "ltrim" => self.ltrim(id, args),
            _ => self.lrem(id, args),
        };
        if !(name == "ltrim" && self.has(Bug::LtrimLeavesEmpty)) {
            self.tidy(id, key);
        }
        reply
    }

    fn push(&mut self, id: u64, front: bool, key: &[u8], new: &[Vec<u8>]) -> Outcome {
        if self.list(id, key)?.is_none() {
            self.store(id, key, Value::List(List::new()));
        }
        let mut new = new.to_vec();
        if front && self.has(Bug::LpushKeepsOrder) {
            new.reverse();
        }
        let mut length = self.list(id, key)?.map_or(0, |list| list.len()) + new.len();
        for element in new {
            if let Some(list) = self.list(id, key)? {
                if front {
                    list.push_front(element);
                } else {
                    list.push_back(element);
                }
            } else {
                self.store(id, key, Value::List(List::from([element])));
            }
            if self.has(Bug::ServedWithinThePush) {
                self.serve_waiters();
            }
        }
        let (cut, dropped) = (
            self.has(Bug::LongListsAreCut),
            self.has(Bug::PushDropsDeadline),
        );
        if let Some(list) = self.list(id, key)?.filter(|_| cut) {
            list.truncate(SHORT_LIST);
        }
        if let Some(entry) = self.entry(id, key).filter(|_| dropped) {
            entry.deadline = None;
        }
        if self.has(Bug::PushCountsWhatIsLeft) {
            self.serve_waiters();
            length = self.list(id, key)?.map_or(0, |list| list.len());
        }
        Ok(count(length))
    }

    fn pop(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        let front = name == "lpop" || self.has(Bug::RpopTakesTheFirst);
        if args.len() > 3 {
            return Err(format!(
                "ERR wrong number of arguments for '{name}' command"
            ));
        }
        let Some(limit) = args.get(2) else {
            let element = self.list(id, &args[1])?.and_then(|list| take(list, front));
            return Ok(element.map_or_else(|| self.null(id), bulk));
        };
        let limit = match parsed(limit) {
            Ok(limit @ 0..) => limit as usize,
            Ok(_) if self.has(Bug::NegativeCountIsAll) => usize::MAX,
            _ => return Err("ERR value is out of range, must be positive".into()),
        };
        let missing = if self.has(Bug::CountOnMissingIsEmpty) {
            b"*0\r\n".to_vec()
        } else {
            self.null_array(id)
        };
        let single = self.has(Bug::CountOfOneIsBulk) && limit == 1;
        let Some(list) = self.list(id, &args[1])? else {
            return Ok(missing);
        };
        let taken: Vec<_> = (0..limit.min(list.len()))
            .filter_map(|_| take(list, front))
            .collect();
        Ok(if single {
            bulk(&taken[0])
        } else {
            elements(&taken)
        })
    }

    fn llen(&mut self, id: u64, key: &[u8]) -> Outcome {
        let once = self.has(Bug::LlenCountsOnce);
        let length = self.list(id, key)?.map(|list| {
            let different: Set = list.iter().cloned().collect();
            if once { different.len() } else { list.len() }
        });
        Ok(count(length.unwrap_or_default()))
    }

    /// The places from the first to behind the last that two indices mean.
    fn range(&self, from: i64, to: i64, length: usize) -> std::ops::Range<usize> {
        let length = length as i64;
        let place = |index: i64| match index {
            ..0 if self.has(Bug::NegativesAreZero) => 0,
            ..0 => index.saturating_add(length),
            _ => index,
        };
        let from = place(from).max(0);
        let behind = place(to).saturating_add(i64::from(!self.has(Bug::EndIsExclusive)));
        let behind = behind.min(length);
        if from >= behind {
            0..0
        } else {
            from as usize..behind as usize
        }
    }

    fn lrange(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let (from, to) = (parsed(&args[2])?, parsed(&args[3])?);
        let list = self.list(id, &args[1])?.cloned().unwrap_or_default();
        let range = self.range(from, to, list.len());
        Ok(elements(list.range(range)))
    }

    fn lindex(&mut self, id: u64, key: &[u8], index: &[u8]) -> Outcome {
        if self.has(Bug::LindexLooksAtIndexFirst) {
            parsed(index)?;
        }
        let Some(list) = self.list(id, key)? else {
            return Ok(self.null(id));
        };
        let element = place(parsed(index)?, list.len()).map(|place| bulk(&list[place]));
        Ok(element.unwrap_or_else(|| self.null(id)))
    }

    fn lset(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let appends = self.has(Bug::LsetAppends);
        let list = self.list(id, &args[1])?.ok_or("ERR no such key")?;
        match place(parsed(&args[2])?, list.len()) {
            Some(place) => list[place].clone_from(&args[3]),
            None if appends => list.push_back(args[3].clone()),
            None => return Err("ERR index out of range".into()),
        }
        Ok(OK.to_vec())
    }

    fn ltrim(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let (from, to) = (parsed(&args[2])?, parsed(&args[3])?);
        let length = self.list(id, &args[1])?.map_or(0, |list| list.len());
        let range = self.range(from, to, length);
        if let Some(list) = self.list(id, &args[1])? {
            *list = list.range(range).cloned().collect();
        }
        Ok(OK.to_vec())
    }

    fn lrem(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let limit = parsed(&args[2])?;
        let back = limit < 0 && !self.has(Bug::LremAlwaysFromTheFront);
        let (to_nul, stays) = (self.has(Bug::LremComparesToNul), limit == 0);
        let same = |one: &[u8], other: &[u8]| {
            let head = |text: &[u8]| text.split(|byte| *byte == 0).next().map(<[u8]>::to_vec);
            one == other || (to_nul && head(one) == head(other))
        };
        let Some(list) = self.list(id, &args[1])? else {
            return Ok(integer(0));
        };
        let mut places: Vec<usize> = (0..list.len())
            .filter(|place| same(&list[*place], &args[3]))
            .collect();
        if back {
            places.reverse();
        }
        if !stays {
            places.truncate(limit.unsigned_abs() as usize);
        }
        places.sort_unstable();
        for place in places.iter().rev() {
            list.remove(*place);
        }
        Ok(count(places.len()))
    }

    pub fn set_command(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        let key = &args[1];
        let members: Vec<Vec<u8>> = args[2..].iter().map(|member| self.kept(member)).collect();
        let reply = match name {
            "sadd" => self.sadd(id, key, &members),
            "srem" => self.srem(id, key, &members),
            "smembers" => self.smembers(id, key),
            "sismember" => self.sismember(id, key, &members[0]),
            _ => self.scard(id, key),
        };
        self.tidy(id, key);
        reply
    }

    /// A member as it is kept.
    fn kept(&self, member: &[u8]) -> Vec<u8> {
        let number = std::str::from_utf8(member)
            .ok()
            .and_then(|text| text.parse::<i64>().ok());
        match number {
            Some(number) if self.has(Bug::MembersAreNumbers) => number.to_string().into(),
            _ if self.has(Bug::MembersEndAtNul) => member
                .split(|byte| *byte == 0)
                .next()
                .unwrap_or_default()
                .to_vec(),
            _ => member.to_vec(),
        }
    }

    fn sadd(&mut self, id: u64, key: &[u8], members: &[Vec<u8>]) -> Outcome {
        let (mentions, loses) = (
            self.has(Bug::SaddCountsMentions),
            self.has(Bug::NumbersAreLost),
        );
        if self.set(id, key)?.is_none() {
            self.store(id, key, Value::Set(Set::new()));
        }
        let Some(set) = self.set(id, key)? else {
            return Ok(integer(0));
        };
        if loses && set.len() > FEW && members[0].starts_with(b"w") {
            set.retain(|member| member.starts_with(b"w"));
        }
        let new = members
            .iter()
            .filter(|member| set.insert(member.to_vec()))
            .count();
        Ok(count(if mentions { members.len() } else { new }))
    }

    fn srem(&mut self, id: u64, key: &[u8], members: &[Vec<u8>]) -> Outcome {
        let always = self.has(Bug::SremAlwaysOne);
        let gone = self.set(id, key)?.map_or(0, |set| {
            members
                .iter()
                .filter(|member| set.remove(member.as_slice()))
                .count()
        });
        Ok(count(if always { 1 } else { gone }))
    }

    fn smembers(&mut self, id: u64, key: &[u8]) -> Outcome {
        let set = self.set(id, key)?.cloned();
        if set.is_none() && self.has(Bug::SmembersOfMissingIsNull) {
            return Ok(self.null_array(id));
        }
        let mut reply = elements(&set.unwrap_or_default());
        if self.resp3(id) {
            reply[0] = b'~';
        }
        Ok(reply)
    }

    fn sismember(&mut self, id: u64, key: &[u8], member: &[u8]) -> Outcome {
        let no_case = self.has(Bug::SismemberIgnoresCase);
        let there = self.set(id, key)?.is_some_and(|set| {
            set.contains(member) || (no_case && set.contains(&member.to_ascii_lowercase()))
        });
        Ok(integer(i64::from(there)))
    }

    fn scard(&mut self, id: u64, key: &[u8]) -> Outcome {
        if self.has(Bug::ScardOfAnything) && self.set(id, key).is_err() {
            return Ok(integer(0));
        }
        let members = self.set(id, key)?.map_or(0, |set| set.len());
        if self.has(Bug::ScardNeverFalls) && members == 1 {
            return Ok(integer(3));
        }
        Ok(count(members))
    }
}

fn take(list: &mut List, front: bool) -> Option<Vec<u8>> {
    if front {
        list.pop_front()
    } else {
        list.pop_back()
    }
}

/// The place that an index means, from either end.
fn place(index: i64, length: usize) -> Option<usize> {
    let from_front = if index < 0 {
        index.checked_add(length as i64)?
    } else {
        index
    };
    usize::try_from(from_front)
        .ok()
        .filter(|place| *place < length)
}
