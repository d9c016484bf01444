//! The types of values that are more than a number or a text: how they are read and printed.
//!
//! Texts are those of redis-server, which its CONFIG GET prints and its CONFIG SET takes.

use super::parse::{self, Refusal};

/// A type whose values have names.
pub trait Choice: Copy + PartialEq + Sized + 'static {
    /// Every value with its name, in the order in which errors list them.
    const NAMES: &'static [(&'static str, Self)];

    /// The value with this name, in whatever case.
    fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &&(&str, Self)| known.0.as_bytes().eq_ignore_ascii_case(name);
        Self::NAMES.iter().find(is).map(|(_, value)| *value)
    }

    /// The value's name.
    fn name(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(_, value)| *value == self);
        known.map_or("", |(name, _)| name)
    }
}

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything, for development.
    Debug,
    /// Much that is rarely of use.
    Verbose,
    /// What one wants to know in production.
    #[default]
    Notice,
    /// Only what is wrong.
    Warning,
}

impl Choice for LogLevel {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("debug", Self::Debug),
        ("verbose", Self::Verbose),
        ("notice", Self::Notice),
        ("warning", Self::Warning),
    ];
}

/// When the append-only file is synced to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppendFsync {
    /// Once a second.
    #[default]
    EverySec,
    /// Before a write is answered.
    Always,
    /// When the system sees fit.
    No,
}

impl Choice for AppendFsync {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("everysec", Self::EverySec),
        ("always", Self::Always),
        ("no", Self::No),
    ];
}

/// Which keys make room when memory is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaxMemoryPolicy {
    /// Keys with a deadline, least recently used.
    VolatileLru,
    /// Keys with a deadline, least frequently used.
    VolatileLfu,
    /// Any key with a deadline.
    VolatileRandom,
    /// Keys with a deadline, the nearest first.
    VolatileTtl,
    /// All keys, least recently used.
    AllKeysLru,
    /// All keys, least frequently used.
    AllKeysLfu,
    /// Any key.
    AllKeysRandom,
    /// None: writes are refused.
    #[default]
    NoEviction,
}

impl Choice for MaxMemoryPolicy {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("volatile-lru", Self::VolatileLru),
        ("volatile-lfu", Self::VolatileLfu),
        ("volatile-random", Self::VolatileRandom),
        ("volatile-ttl", Self::VolatileTtl),
        ("allkeys-lru", Self::AllKeysLru),
        ("allkeys-lfu", Self::AllKeysLfu),
        ("allkeys-random", Self::AllKeysRandom),
        ("noeviction", Self::NoEviction),
    ];
}

/// Who may use something dangerous.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    /// Nobody.
    #[default]
    No,
    /// Everybody.
    Yes,
    /// Clients on this machine.
    Local,
}

impl Allowed {
    /// Whether a client may, given whether it is on this machine.
    pub fn permits(self, local: bool) -> bool {
        match self {
            Self::No => false,
            Self::Yes => true,
            Self::Local => local,
        }
    }
}

impl Choice for Allowed {
    const NAMES: &'static [(&'static str, Self)] =
        &[("no", Self::No), ("yes", Self::Yes), ("local", Self::Local)];
}

/// Save a snapshot when `seconds` have passed since the last one, and `changes` were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// At least 1.
    pub seconds: i64,
    /// At least 0.
    pub changes: i32,
}

impl SavePoint {
    /// Reads pairs of seconds and changes; one empty word stands for none.
    pub(super) fn parse(words: &[&[u8]]) -> Result<Vec<Self>, Refusal> {
        if let [b""] = words {
            return Ok(Vec::new());
        }
        let pairs = words.chunks(2).map(Self::parse_pair);
        let points: Option<Vec<Self>> = pairs.collect();
        points.ok_or(Refusal::Unfit("Invalid save parameters".into()))
    }

    fn parse_pair(pair: &[&[u8]]) -> Option<Self> {
        let [seconds, changes] = pair else {
            return None;
        };
        let point = Self {
            seconds: parse::integer(seconds)?,
            changes: parse::integer(changes)?.try_into().ok()?,
        };
        (point.seconds >= 1 && point.changes >= 0).then_some(point)
    }

    pub(super) fn print(points: &[Self]) -> String {
        let points = points.iter().map(Self::to_string);
        points.collect::<Vec<_>>().join(" ")
    }
}

impl std::fmt::Display for SavePoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.seconds, self.changes)
    }
}

/// How much output may wait for a client before it is disconnected. 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// In bytes; reached, the client goes at once.
    pub hard: u64,
    /// In bytes; exceeded for `soft_seconds` on end, the client goes.
    pub soft: u64,
    /// See `soft`.
    pub soft_seconds: u32,
}

/// The limits of each class of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Those in no other class.
    pub normal: OutputLimit,
    /// Replicas of this server.
    pub replica: OutputLimit,
    /// Those subscribed to channels or patterns.
    pub pubsub: OutputLimit,
}

impl OutputLimits {
    /// Reads groups of class, hard limit, soft limit, soft seconds. Classes not named stay.
    pub(super) fn update(&mut self, words: &[&[u8]]) -> Result<(), Refusal> {
        if let [b""] = words {
            return Ok(());
        }
        for group in words.chunks(4) {
            let [class, hard, soft, seconds] = group else {
                let why = "Wrong number of arguments in buffer limit configuration.";
                return Err(Refusal::Unfit(why.into()));
            };
            let why = "Invalid client class specified in buffer limit configuration.";
            let limit = self.class(class).ok_or(Refusal::Unfit(why.into()))?;
            let why = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            let read = Self::limit(hard, soft, seconds);
            *limit = read.ok_or(Refusal::Unfit(why.into()))?;
        }
        Ok(())
    }

    fn class(&mut self, name: &[u8]) -> Option<&mut OutputLimit> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(&mut self.normal),
            b"slave" | b"replica" => Some(&mut self.replica),
            b"pubsub" => Some(&mut self.pubsub),
            _ => None,
        }
    }

    fn limit(hard: &[u8], soft: &[u8], seconds: &[u8]) -> Option<OutputLimit> {
        let soft_seconds: i32 = parse::integer(seconds)?.try_into().ok()?;
        Some(OutputLimit {
            hard: parse::memory(hard)?,
            soft: parse::memory(soft)?,
            soft_seconds: soft_seconds.try_into().ok()?,
        })
    }

    pub(super) fn print(&self) -> String {
        let text =
            |limit: &OutputLimit| format!("{} {} {}", limit.hard, limit.soft, limit.soft_seconds);
        let (normal, replica, pubsub) =
            (text(&self.normal), text(&self.replica), text(&self.pubsub));
        format!("normal {normal} slave {replica} pubsub {pubsub}")
    }

    /// One text for each class, as a config file has them, and whether it differs from `default`'s.
    pub(super) fn lines(&self, default: &Self) -> [(String, bool); 3] {
        let pairs = [
            ("normal", &self.normal, &default.normal),
            ("replica", &self.replica, &default.replica),
            ("pubsub", &self.pubsub, &default.pubsub),
        ];
        pairs.map(|(name, limit, default)| {
            let (hard, soft) = (
                parse::memory_text(limit.hard),
                parse::memory_text(limit.soft),
            );
            let text = format!("{name} {hard} {soft} {}", limit.soft_seconds);
            (text, limit != default)
        })
    }
}

/// Which events are published: bits, one for each letter of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events(u16);

impl Events {
    /// `g`: commands that are not of one type, such as DEL and EXPIRE.
    pub const GENERIC: Self = Self(1);
    /// `$`: commands of strings.
    pub const STRING: Self = Self(1 << 1);
    /// `l`: commands of lists.
    pub const LIST: Self = Self(1 << 2);
    /// `s`: commands of sets.
    pub const SET: Self = Self(1 << 3);
    /// `h`: commands of hashes.
    pub const HASH: Self = Self(1 << 4);
    /// `z`: commands of sorted sets.
    pub const SORTED_SET: Self = Self(1 << 5);
    /// `x`: keys that expired.
    pub const EXPIRED: Self = Self(1 << 6);
    /// `e`: keys that were evicted.
    pub const EVICTED: Self = Self(1 << 7);
    /// `t`: commands of streams.
    pub const STREAM: Self = Self(1 << 8);
    /// `d`: types of modules.
    pub const MODULE: Self = Self(1 << 9);
    /// `n`: keys that are new. Not part of `A`.
    pub const NEW: Self = Self(1 << 10);
    /// `K`: events are published on `__keyspace@<db>__` channels.
    pub const KEYSPACE: Self = Self(1 << 11);
    /// `E`: events are published on `__keyevent@<db>__` channels.
    pub const KEYEVENT: Self = Self(1 << 12);
    /// `m`: keys that were asked for and are not there. Not part of `A`.
    pub const MISSED: Self = Self(1 << 13);
    /// `A`: all of `g$lshzxetd`.
    pub const ALL: Self = Self((1 << 10) - 1);

    /// The letters in the order in which Redis prints them; the first ten are those of `A`.
    const LETTERS: &'static [(u8, Self)] = &[
        (b'g', Self::GENERIC),
        (b'$', Self::STRING),
        (b'l', Self::LIST),
        (b's', Self::SET),
        (b'h', Self::HASH),
        (b'z', Self::SORTED_SET),
        (b'x', Self::EXPIRED),
        (b'e', Self::EVICTED),
        (b't', Self::STREAM),
        (b'd', Self::MODULE),
        (b'n', Self::NEW),
        (b'A', Self::ALL),
        (b'K', Self::KEYSPACE),
        (b'E', Self::KEYEVENT),
        (b'm', Self::MISSED),
    ];

    /// Whether all of these are among them.
    pub fn contains(self, events: Self) -> bool {
        self.0 & events.0 == events.0
    }

    pub(super) fn parse(letters: &[u8]) -> Result<Self, Refusal> {
        let mut events = Self(0);
        for letter in letters {
            let known = Self::LETTERS.iter().find(|(known, _)| known == letter);
            let why = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
            events.0 |= known.ok_or(Refusal::Unfit(why.into()))?.1.0;
        }
        Ok(events)
    }

    /// As Redis 7.0 prints them: with `A` there, `n` is left out although it is set.
    pub(super) fn print(self) -> String {
        let all = self.contains(Self::ALL);
        let shown = |(_, event): &&(u8, Self)| match *event {
            Self::KEYSPACE | Self::KEYEVENT | Self::MISSED => self.contains(*event),
            Self::ALL => all,
            event => !all && self.contains(event),
        };
        let letters = Self::LETTERS.iter().filter(shown);
        letters.map(|(letter, _)| char::from(*letter)).collect()
    }
}

/// How a signal ends the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownOptions {
    /// Save a snapshot: `save` or `nosave`; without, when there are save points.
    pub save: Option<bool>,
    /// `now`: do not wait for replicas.
    pub now: bool,
    /// `force`: end although saving failed.
    pub force: bool,
}

impl ShutdownOptions {
    pub(super) fn parse(words: &[&[u8]]) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let (mut save, mut nosave) = (false, false);
        for word in words {
            match word.to_ascii_lowercase().as_slice() {
                b"default" => {}
                b"save" => save = true,
                b"nosave" => nosave = true,
                b"now" => options.now = true,
                b"force" => options.force = true,
                _ => {
                    let names = ["default", "save", "nosave", "now", "force"];
                    return Err(Refusal::not_one_of(&names));
                }
            }
        }
        if save && nosave {
            let why = "shutdown options SAVE and NOSAVE can't be used simultaneously";
            return Err(Refusal::Reason(why.into()));
        }
        options.save = (save || nosave).then_some(save);
        Ok(options)
    }

    pub(super) fn print(self) -> String {
        let words = [
            (self.save == Some(true), "save"),
            (self.save == Some(false), "nosave"),
            (self.now, "now"),
            (self.force, "force"),
            (self == Self::default(), "default"),
        ];
        let words = words.iter().filter(|(set, _)| *set).map(|(_, word)| *word);
        words.collect::<Vec<_>>().join(" ")
    }
}
