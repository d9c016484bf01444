//! The types of values that have names or parts.

use super::param::{Param, Refusal, Rules};
use super::parse;
use crate::resp::integer;
use log::LevelFilter;

/// Makes a type whose values have names. Errors list them in this order.
macro_rules! choices {
    ($($(#[$of_type:meta])* $type:ident { $($(#[$of_value:meta])* $value:ident = $name:literal,)* })*) => {$(
        $(#[$of_type])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $type { $($(#[$of_value])* $value,)* }

        impl $type {
            const NAMES: &[&str] = &[$($name),*];

            /// The value's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }
        }

        impl Param for $type {
            fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
                *self = match text.to_ascii_lowercase() {
                    $(name if name == $name.as_bytes() => Self::$value,)*
                    _ => return Err(Refusal::not_one_of(Self::NAMES)),
                };
                Ok(())
            }

            fn print(&self) -> Vec<u8> {
                self.name().into()
            }
        }
    )*};
}

choices! {
    /// What is worth a line in the log.
    LogLevel {
        /// Everything, for development.
        Debug = "debug",
        /// Much that is rarely of use.
        Verbose = "verbose",
        /// What one wants to know in production.
        #[default]
        Notice = "notice",
        /// Only what is wrong.
        Warning = "warning",
    }

    /// When the append-only file is synced to disk.
    AppendFsync {
        /// Once a second.
        #[default]
        EverySec = "everysec",
        /// Before a write is answered.
        Always = "always",
        /// When the system sees fit.
        No = "no",
    }

    /// Which keys make room when memory is full.
    MaxMemoryPolicy {
        /// Keys with a deadline, least recently used.
        VolatileLru = "volatile-lru",
        /// Keys with a deadline, least frequently used.
        VolatileLfu = "volatile-lfu",
        /// Any key with a deadline.
        VolatileRandom = "volatile-random",
        /// Keys with a deadline, the nearest first.
        VolatileTtl = "volatile-ttl",
        /// All keys, least recently used.
        AllKeysLru = "allkeys-lru",
        /// All keys, least frequently used.
        AllKeysLfu = "allkeys-lfu",
        /// Any key.
        AllKeysRandom = "allkeys-random",
        /// None: writes are refused.
        #[default]
        NoEviction = "noeviction",
    }

    /// Who may use something dangerous.
    Allowed {
        /// Nobody.
        #[default]
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Clients on this machine.
        Local = "local",
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Trace,
            LogLevel::Verbose => Self::Debug,
            LogLevel::Notice => Self::Info,
            LogLevel::Warning => Self::Warn,
        }
    }
}

impl MaxMemoryPolicy {
    /// Whether it goes by how often keys are used.
    pub fn is_lfu(self) -> bool {
        matches!(self, Self::VolatileLfu | Self::AllKeysLfu)
    }
}

impl Allowed {
    /// Whether a client may, given whether it is on this machine.
    pub fn permits(self, local: bool) -> bool {
        self == Self::Yes || (self == Self::Local && local)
    }
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
    fn of(pair: &[&[u8]]) -> Option<Self> {
        let [seconds, changes] = pair else {
            return None;
        };
        let point = Self {
            seconds: integer::parse(seconds)?,
            changes: integer::parse(changes)?.try_into().ok()?,
        };
        (point.seconds >= 1 && point.changes >= 0).then_some(point)
    }
}

impl Param for Vec<SavePoint> {
    fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
        self.clear();
        if !text.is_empty() {
            let points: Option<Self> = words(text).chunks(2).map(SavePoint::of).collect();
            *self = points.ok_or("Invalid save parameters")?;
        }
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        self.lines().join(&b' ')
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        if self.is_empty() {
            return vec![Vec::new()];
        }
        let line = |point: &SavePoint| format!("{} {}", point.seconds, point.changes);
        self.iter().map(|point| line(point).into()).collect()
    }
}

fn words(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b' ').collect()
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

impl OutputLimit {
    fn of(hard: &[u8], soft: &[u8], seconds: &[u8]) -> Option<Self> {
        let soft_seconds: i32 = integer::parse(seconds)?.try_into().ok()?;
        Some(Self {
            hard: parse::memory(hard)?,
            soft: parse::memory(soft)?,
            soft_seconds: soft_seconds.try_into().ok()?,
        })
    }
}

impl OutputLimits {
    fn class(&mut self, name: &[u8]) -> Option<&mut OutputLimit> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(&mut self.normal),
            b"slave" | b"replica" => Some(&mut self.replica),
            b"pubsub" => Some(&mut self.pubsub),
            _ => None,
        }
    }

    fn texts(&self, replica: &str, size: fn(u64) -> String) -> [String; 3] {
        let classes = [
            ("normal", self.normal),
            (replica, self.replica),
            ("pubsub", self.pubsub),
        ];
        classes.map(|(name, limit)| {
            let (hard, soft) = (size(limit.hard), size(limit.soft));
            format!("{name} {hard} {soft} {}", limit.soft_seconds)
        })
    }
}

impl Param for OutputLimits {
    /// Reads groups of class, hard limit, soft limit, soft seconds. Classes not named stay.
    fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        for group in words(text).chunks(4) {
            let [class, hard, soft, seconds] = group else {
                let why = "Wrong number of arguments in buffer limit configuration.";
                return Err(why.into());
            };
            let why = "Invalid client class specified in buffer limit configuration.";
            let limit = self.class(class).ok_or(why)?;
            let why = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            *limit = OutputLimit::of(hard, soft, seconds).ok_or(why)?;
        }
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        let texts = self.texts("slave", |bytes| bytes.to_string());
        texts.join(" ").into()
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        let texts = self.texts("replica", parse::memory_text);
        texts.map(String::into_bytes).into()
    }
}

/// Which events are published: bits, one for each letter of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events(u16);

/// Names events, with the letter of each, in the order in which Redis prints them.
macro_rules! events {
    ($($(#[$of_event:meta])* $event:ident = $letter:literal, $bits:expr;)*) => {
        impl Events {
            $($(#[$of_event])* pub const $event: Self = Self($bits);)*
            const LETTERS: &[(u8, Self)] = &[$(($letter, Self::$event)),*];
        }
    };
}

events! {
    /// Commands that are not of one type, such as DEL and EXPIRE.
    GENERIC = b'g', 1;
    /// Commands of strings.
    STRING = b'$', 1 << 1;
    /// Commands of lists.
    LIST = b'l', 1 << 2;
    /// Commands of sets.
    SET = b's', 1 << 3;
    /// Commands of hashes.
    HASH = b'h', 1 << 4;
    /// Commands of sorted sets.
    SORTED_SET = b'z', 1 << 5;
    /// Keys that expired.
    EXPIRED = b'x', 1 << 6;
    /// Keys that were evicted.
    EVICTED = b'e', 1 << 7;
    /// Commands of streams.
    STREAM = b't', 1 << 8;
    /// Types of modules.
    MODULE = b'd', 1 << 9;
    /// Keys that are new. Not part of `A`.
    NEW = b'n', 1 << 10;
    /// All from `g` to `d`.
    ALL = b'A', (1 << 10) - 1;
    /// Events are published on `__keyspace@<db>__` channels.
    KEYSPACE = b'K', 1 << 11;
    /// Events are published on `__keyevent@<db>__` channels.
    KEYEVENT = b'E', 1 << 12;
    /// Keys that were asked for and are not there. Not part of `A`.
    MISSED = b'm', 1 << 13;
}

impl Events {
    /// Whether all of these are among them.
    pub fn contains(self, events: Self) -> bool {
        self.0 & events.0 == events.0
    }
}

impl Param for Events {
    fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
        self.0 = 0;
        for letter in text {
            let known = Self::LETTERS.iter().find(|(known, _)| known == letter);
            let known = known.ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
            self.0 |= known.1.0;
        }
        Ok(())
    }

    /// As Redis 7.0 prints them: with `A` there, `n` is left out although it is set.
    fn print(&self) -> Vec<u8> {
        let all = self.contains(Self::ALL);
        let shown = |(_, event): &&(u8, Self)| match *event {
            Self::KEYSPACE | Self::KEYEVENT | Self::MISSED => self.contains(*event),
            Self::ALL => all,
            event => !all && self.contains(event),
        };
        let letters = Self::LETTERS.iter().filter(shown);
        letters.map(|(letter, _)| *letter).collect()
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
    const WORDS: [&str; 5] = ["default", "save", "nosave", "now", "force"];
}

impl Param for ShutdownOptions {
    fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
        *self = Self::default();
        for word in words(text) {
            let save = match word.to_ascii_lowercase().as_slice() {
                b"save" => Some(true),
                b"nosave" => Some(false),
                b"now" | b"force" | b"default" => None,
                _ => return Err(Refusal::not_one_of(&Self::WORDS)),
            };
            if save.is_some() && self.save.is_some_and(|before| save != Some(before)) {
                let why = "shutdown options SAVE and NOSAVE can't be used simultaneously";
                return Err(why.into());
            }
            self.save = save.or(self.save);
            self.now |= word.eq_ignore_ascii_case(b"now");
            self.force |= word.eq_ignore_ascii_case(b"force");
        }
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        let set = [
            *self == Self::default(),
            self.save == Some(true),
            self.save == Some(false),
            self.now,
            self.force,
        ];
        let words = Self::WORDS.iter().zip(set).filter(|(_, set)| *set);
        let words: Vec<&str> = words.map(|(word, _)| *word).collect();
        words.join(" ").into()
    }
}
