//! A session: requests from one seed, played on two empty servers, and a look at all keys at the end.

use crate::compare::{Difference, request};
use crate::generate::Request;
use crate::reply::Reply;
use crate::servers::{Both, Server};
use std::collections::HashSet;

/// How many databases there are.
const DATABASES: usize = 16;

/// Limits so small that values of a few elements pass them.
const SMALL_LIMITS: [(&str, &str); 9] = [
    ("hash-max-listpack-entries", "8"),
    ("hash-max-listpack-value", "32"),
    ("list-max-listpack-size", "4"),
    ("set-max-intset-entries", "8"),
    ("zset-max-listpack-entries", "8"),
    ("zset-max-listpack-value", "32"),
    ("stream-node-max-entries", "4"),
    ("hll-sparse-max-bytes", "100"),
    ("list-compress-depth", "1"),
];

/// The same limits as Redis has by default.
const LIMITS: [&str; 9] = ["512", "64", "-2", "512", "128", "64", "100", "3000", "0"];

/// How a session is played.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub resp3: bool,
    pub small_limits: bool,
}

impl Setting {
    /// All settings come in turn.
    pub fn of(seed: u64) -> Self {
        Self {
            resp3: seed % 2 == 1,
            small_limits: seed / 2 % 2 == 1,
        }
    }

    /// What makes a server ready.
    pub fn requests(self) -> Vec<Request> {
        let mut set = vec!["CONFIG", "SET"];
        for ((name, small), normal) in SMALL_LIMITS.iter().zip(LIMITS) {
            set.extend([*name, if self.small_limits { small } else { normal }]);
        }
        let protocol = if self.resp3 { "3" } else { "2" };
        vec![
            request(&["FLUSHALL"]),
            request(&set),
            request(&["HELLO", protocol]),
        ]
    }
}

/// Where the servers went apart.
pub struct Failure {
    /// How many requests of the session were played.
    pub played: usize,
    pub difference: Difference,
}

/// The two servers, and what ours can do.
pub struct Stage {
    pub servers: [Server; 2],
    /// The commands that both know, in capitals.
    pub known: HashSet<String>,
}

impl Stage {
    pub fn new(servers: [Server; 2]) -> Self {
        let known = HashSet::new();
        Self { servers, known }
    }

    /// Asks both which of these commands they know.
    pub fn learn<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let mut both = Both::connect(&self.servers);
        for name in names {
            let info = both.ask(&request(&["COMMAND", "INFO", name])).unwrap();
            if info.iter().all(|info| !info.leaves().is_empty()) {
                self.known.insert(name.into());
            }
        }
    }

    /// Plays a session. `to_the_end`: with the look at all keys.
    pub fn play(
        &self,
        setting: Setting,
        requests: &[Request],
        to_the_end: bool,
    ) -> Result<(), Failure> {
        let mut both = Both::connect(&self.servers);
        for request in setting.requests() {
            let replies = both.ask(&request).unwrap();
            assert!(!replies.iter().any(Reply::is_error), "{replies:?}");
        }
        if self.known.contains("DEBUG") {
            both.ask(&request(&["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0"]))
                .unwrap();
        }
        let mut played = 0;
        let mut play = || {
            for request in requests {
                both.compare(request)?;
                played += 1;
            }
            if to_the_end {
                self.look(&mut both)
            } else {
                Ok(())
            }
        };
        play().map_err(|difference| Failure { played, difference })
    }

    /// Compares all that the keys hold, as far as both can tell.
    fn look(&self, both: &mut Both) -> Result<(), Difference> {
        for number in 0..DATABASES {
            both.compare(&request(&["SELECT", &number.to_string()]))?;
            let all = request(&["KEYS", "*"]);
            both.compare(&all)?;
            let keys = both.ask(&all).unwrap()[1].leaves();
            for key in keys {
                self.look_at(both, &key)?;
            }
        }
        Ok(())
    }

    fn look_at(&self, both: &mut Both, key: &[u8]) -> Result<(), Difference> {
        let about = |words: &[&str]| {
            let words = request(words).into_iter();
            let place = |word| if word == b"key" { key.to_vec() } else { word };
            words.map(place).collect::<Request>()
        };
        let type_of = about(&["TYPE", "key"]);
        both.compare(&type_of)?;
        let content: &[&str] = match both.ask(&type_of).unwrap()[1].text.as_slice() {
            b"list" => &["LRANGE", "key", "0", "-1"],
            b"set" => &["SMEMBERS", "key"],
            b"zset" => &["ZRANGE", "key", "0", "-1", "WITHSCORES"],
            b"hash" => &["HGETALL", "key"],
            b"stream" => &["XINFO", "STREAM", "key", "FULL", "COUNT", "0"],
            _ => &["GET", "key"],
        };
        let looks: [&[&str]; 5] = [
            &["OBJECT", "ENCODING", "key"],
            content,
            &["PTTL", "key"],
            &["DEBUG", "DIGEST-VALUE", "key"],
            &["DUMP", "key"],
        ];
        let known = |look: &&&[&str]| look[0] != "DUMP" || self.known.contains("DEBUG");
        for look in looks
            .iter()
            .filter(|look| self.known.contains(look[0]))
            .filter(known)
        {
            both.compare(&about(look))?;
        }
        Ok(())
    }
}
