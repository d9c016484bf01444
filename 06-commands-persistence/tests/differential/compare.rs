//! One request to both servers, and whether they answered the same.

use crate::generate::Request;
use crate::reply::Reply;
use crate::servers::Both;
use std::collections::BTreeSet;

/// How far apart the same request may reach the two servers, in milliseconds.
const APART: i64 = 6000;

/// The key of copies. No other request names it.
const COPY: &str = "copy";

/// Two replies that should be the same.
pub struct Difference {
    pub request: Request,
    /// What ours said, and what redis-server said; or why there is no reply.
    pub said: [String; 2],
}

type Outcome = Result<(), Difference>;

/// A request from words.
pub fn request(words: &[&str]) -> Request {
    words.iter().map(|word| word.as_bytes().into()).collect()
}

impl Both {
    /// Sends a request to both and compares what they say; where that is random, with a model: what they say they have.
    pub fn compare(&mut self, request: &Request) -> Outcome {
        let name = request[0].to_ascii_uppercase();
        let has_star = request.iter().any(|word| word == b"*");
        match name.as_slice() {
            b"SPOP" if request.len() > 1 => self.pop_from_copy(request),
            b"XADD" if has_star => self.add_to_copy(request),
            b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" if request.len() > 1 => {
                self.compare_picked(request)
            }
            b"RANDOMKEY" if request.len() == 1 => self.compare_picked(request),
            b"SCAN" => self.scan(request, 1),
            b"SSCAN" | b"HSCAN" | b"ZSCAN" if request.len() > 2 => self.scan(request, 2),
            b"DUMP" if request.len() == 2 => self.exchange(request),
            // Redis counts keys whose time is up until somebody meets them.
            b"DBSIZE" => {
                self.scan(&crate::compare::request(&["SCAN", "0"]), 1)?;
                self.compare_plain(request).map(drop)
            }
            // Redis takes for a number out of range what comes after one: this clears its `errno`.
            b"SORT" | b"SORT_RO" => {
                self.compare_plain(&crate::compare::request(&["ZINCRBY", "none", "x", "x"]))?;
                self.compare_plain(request).map(drop)
            }
            _ => self.compare_plain(request).map(drop),
        }
    }

    fn ask_or_fail(&mut self, request: &Request) -> Result<[Reply; 2], Difference> {
        self.ask(request).map_err(|why| Difference {
            request: request.clone(),
            said: [why, "a reply".into()],
        })
    }

    /// Asks both, and compares what they say after it was changed in this way.
    fn compare_by<T: PartialEq>(
        &mut self,
        request: &Request,
        view: impl Fn(&Reply) -> T,
    ) -> Result<[Reply; 2], Difference> {
        let replies = self.ask_or_fail(request)?;
        let [ours, redis] = replies.each_ref().map(view);
        hold(ours == redis, request, &replies)?;
        Ok(replies)
    }

    fn compare_plain(&mut self, request: &Request) -> Result<[Reply; 2], Difference> {
        let replies = self.ask_or_fail(request)?;
        let [ours, redis] = replies
            .each_ref()
            .map(|reply| without_times(request, reply));
        let near = |(one, other): (&i64, &i64)| one.abs_diff(*other) <= APART as u64;
        let same = ours.0 == redis.0 && ours.1.iter().zip(&redis.1).all(near);
        hold(same, request, &replies)?;
        Ok(replies)
    }

    /// Asks both for a random choice, which must be of what there is, and without repetition unless it was asked for.
    fn compare_picked(&mut self, request: &Request) -> Outcome {
        let replies = self.compare_by(request, Reply::shape)?;
        let key = String::from_utf8_lossy(request.get(1).map_or(b"", Vec::as_slice)).into_owned();
        let (all, size) = match request[0].first() {
            Some(b'H' | b'h') => (vec!["HGETALL", &key], 2),
            Some(b'Z' | b'z') => (vec!["ZRANGE", &key, "0", "-1", "WITHSCORES"], 2),
            Some(b'S' | b's') => (vec!["SMEMBERS", &key], 1),
            _ => (vec!["KEYS", "*"], 1),
        };
        let all = self.ask_or_fail(&crate::compare::request(&all))?;
        let with = request.len() > 3;
        let may_repeat = request.get(2).is_some_and(|count| count.starts_with(b"-"));
        for (picked, all) in replies
            .iter()
            .zip(&all)
            .filter(|(reply, _)| !reply.is_error())
        {
            let (picked, all) = (picked.leaves(), all.leaves());
            let width = if with { size } else { 1 };
            let all: BTreeSet<_> = all.chunks(size).map(|tuple| &tuple[..width]).collect();
            let tuples: BTreeSet<_> = picked.chunks(width).collect();
            let distinct = may_repeat || tuples.len() * width == picked.len();
            hold(distinct && tuples.is_subset(&all), request, &replies)?;
        }
        Ok(())
    }

    /// Pops from a copy of a set: what was popped and what is left must be the set.
    fn pop_from_copy(&mut self, request: &Request) -> Outcome {
        let pop = self.copy(request)?;
        let popped = self.compare_by(&pop, Reply::shape)?;
        let difference = vec![b"SDIFF".to_vec(), request[1].clone(), COPY.into()];
        let gone = self.ask_or_fail(&difference)?;
        if !popped[1].is_error() {
            let sets = [&popped, &gone].map(|two| {
                two.each_ref().map(|reply| {
                    let mut leaves = reply.leaves();
                    leaves.sort();
                    leaves
                })
            });
            hold(sets[0] == sets[1], request, &popped)?;
        }
        self.compare_plain(&crate::compare::request(&["SCARD", COPY]))?;
        self.drop_copy()
    }

    /// Adds to a copy of a stream: the time in an id is near, and the rest as everywhere.
    fn add_to_copy(&mut self, request: &Request) -> Outcome {
        let add = self.copy(request)?;
        let ids = self.compare_by(&add, Reply::shape)?;
        let time = |id: &Reply| {
            let text = String::from_utf8_lossy(&id.text);
            let (time, sequence) = text.split_once('-')?;
            Some((time.parse::<u64>().ok()?, sequence.to_string()))
        };
        let same = match ids.each_ref().map(time) {
            [Some(ours), Some(redis)] => {
                ours.0.abs_diff(redis.0) < APART as u64 && ours.1 == redis.1
            }
            _ => ids[0] == ids[1],
        };
        hold(same, request, &ids)?;
        self.compare_plain(&crate::compare::request(&["XLEN", COPY]))?;
        self.drop_copy()
    }

    /// Copies the key of a request, and gives the request for the copy.
    fn copy(&mut self, request: &Request) -> Result<Request, Difference> {
        let copy = [b"COPY", request[1].as_slice(), COPY.as_bytes()];
        self.compare_plain(&copy.map(<[u8]>::to_vec).to_vec())?;
        let mut request = request.clone();
        request[1] = COPY.into();
        Ok(request)
    }

    fn drop_copy(&mut self) -> Outcome {
        let drop_it = crate::compare::request(&["DEL", COPY]);
        self.compare_plain(&drop_it).map(drop)
    }

    /// Scans to the end, if the cursor is the first: both must find the same. `place`: where the cursor is in the request.
    fn scan(&mut self, request: &Request, place: usize) -> Outcome {
        let is_first = request.get(place).is_some_and(|cursor| cursor == b"0");
        let first = self.compare_by(request, |reply| {
            let is_scanned = reply.items.len() == 2;
            (!is_scanned).then(|| reply.clone())
        })?;
        if !is_first || first[1].is_error() {
            return Ok(());
        }
        let [ours, redis] = [0, 1].map(|which| self.scan_one(which, request, place));
        let no_reply = |why| Difference {
            request: request.clone(),
            said: [why, "all elements".into()],
        };
        let same = ours.map_err(no_reply)? == redis.map_err(no_reply)?;
        hold(same, request, &first)
    }

    /// All that a server finds; fields with their values, members with their scores.
    fn scan_one(
        &mut self,
        which: usize,
        request: &Request,
        place: usize,
    ) -> Result<BTreeSet<Request>, String> {
        let size = match request[0].first() {
            Some(b'H' | b'h' | b'Z' | b'z') => 2,
            _ => 1,
        };
        let mut found = BTreeSet::new();
        let mut next = request.clone();
        for _ in 0..10_000 {
            let reply = self.ask_one(which, &next)?;
            let leaves = reply.items.last().map(Reply::leaves).unwrap_or_default();
            found.extend(leaves.chunks(size).map(<[Vec<u8>]>::to_vec));
            next[place] = reply.leaves().swap_remove(0);
            if next[place] == b"0" {
                return Ok(found);
            }
        }
        Err("a scan without an end".into())
    }

    /// Each restores what the other dumps, and both have the same value then.
    fn exchange(&mut self, dump: &Request) -> Outcome {
        let dumps = self.compare_by(dump, Reply::shape)?;
        if dumps[0].kind != b'$' || dumps[0].is_null() {
            return Ok(());
        }
        // That there is a deadline, is a part of the digest.
        let [_, left] = self.ask_or_fail(&vec![b"PTTL".to_vec(), dump[1].clone()])?;
        let has_deadline = left.integer().is_some_and(|left| left >= 0);
        let left: &[u8] = if has_deadline { b"1000000" } else { b"0" };
        let restore = |payload: &Reply| {
            let words = [b"RESTORE", COPY.as_bytes(), left, &payload.text, b"REPLACE"];
            words.map(<[u8]>::to_vec).to_vec()
        };
        let [of_ours, of_redis] = dumps.each_ref().map(restore);
        let restored = self.ask_each([&of_redis, &of_ours]);
        let restored = restored.map_err(|why| Difference {
            request: dump.clone(),
            said: [why, "a reply".into()],
        })?;
        hold(
            restored.iter().all(|reply| reply.kind == b'+'),
            dump,
            &restored,
        )?;
        let words = [
            b"DEBUG".to_vec(),
            b"DIGEST-VALUE".to_vec(),
            dump[1].clone(),
            COPY.into(),
        ];
        let digests = self.ask_or_fail(&words.to_vec())?;
        for digest in &digests {
            let same = digest.items.first() == digest.items.last() && *digest == digests[1];
            hold(same, dump, &digests)?;
        }
        self.drop_copy()
    }
}

fn hold(holds: bool, request: &Request, replies: &[Reply; 2]) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(Difference {
        request: request.clone(),
        said: replies.each_ref().map(Reply::to_string),
    })
}

/// A reply in the form in which it can be compared, and apart from it the times that it had, in milliseconds.
fn without_times(request: &Request, reply: &Reply) -> (Reply, Vec<i64>) {
    let mut times = Vec::new();
    let upper = |at: usize| request.get(at).map(|word| word.to_ascii_uppercase());
    let option = upper(1).unwrap_or_default();
    let mut reply = reply.clone();
    match upper(0).unwrap_or_default().as_slice() {
        _ if reply.is_error() => {}
        b"SMEMBERS" | b"SINTER" | b"SUNION" | b"SDIFF" | b"KEYS" | b"HKEYS" | b"HVALS" => {
            reply = reply.sorted(1);
        }
        b"HGETALL" => reply = reply.sorted(2),
        b"SORT" | b"SORT_RO" if has_free_order(request) => reply.items.clear(),
        b"TTL" | b"EXPIRETIME" => take_time(&mut reply, 1000, &mut times),
        b"PTTL" | b"PEXPIRETIME" => take_time(&mut reply, 1, &mut times),
        // Small integers are one object to Redis, and idle since it was started.
        b"OBJECT" if option == b"IDLETIME" => reply = reply.shape(),
        b"XPENDING" => {
            for row in reply.items.iter_mut().filter(|row| row.items.len() == 4) {
                take_time(&mut row.items[2], 1, &mut times);
            }
        }
        b"XINFO" => take_times_of_stream(&mut reply, &mut times),
        _ => {}
    }
    (reply, times)
}

/// Below zero they say that there is no key, or no deadline.
fn take_time(reply: &mut Reply, unit: i64, times: &mut Vec<i64>) {
    if let Some(time) = reply.integer().filter(|time| *time >= 0) {
        times.push(time.saturating_mul(unit));
        reply.text.clear();
    }
}

/// Times of day, which are large, and what follows the word "idle". And the number of nodes, which is Redis's own business.
fn take_times_of_stream(reply: &mut Reply, times: &mut Vec<i64>) {
    let mut before = Vec::new();
    for item in &mut reply.items {
        let is_today = item.integer().is_some_and(|time| time > 1_000_000_000_000);
        match before.as_slice() {
            b"radix-tree-nodes" => item.text.clear(),
            b"idle" => take_time(item, 1, times),
            _ if is_today => take_time(item, 1, times),
            _ => take_times_of_stream(item, times),
        }
        before.clone_from(&item.text);
    }
}

/// Whether elements are sorted by something that several may have, or not at all. Redis compares texts only up to a byte of zero
/// where it does not store them.
fn has_free_order(request: &Request) -> bool {
    let has = |option: &[u8]| request.iter().any(|word| word.eq_ignore_ascii_case(option));
    let is_constant =
        |pair: &[Vec<u8>]| pair[0].eq_ignore_ascii_case(b"BY") && !pair[1].contains(&b'*');
    let unsorted = request.windows(2).any(is_constant);
    unsorted || has(b"ALPHA") && (has(b"BY") || !has(b"STORE"))
}
