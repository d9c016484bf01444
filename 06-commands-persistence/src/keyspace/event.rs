//! What can happen to a key, in Redis's words.

use crate::config::value::Events;

/// Something that happens to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// As it is published: `lpush`, `del`, `expired`.
    pub name: &'static str,
    /// The class by which `notify-keyspace-events` asks for it.
    pub class: Events,
}

impl Event {
    /// Whether the server itself has removed the key: nobody asked for it, and so no command tells it to those who
    /// follow.
    pub fn is_removal(self) -> bool {
        self.class == Events::EXPIRED || self.class == Events::EVICTED
    }
}

macro_rules! events {
    ($($class:ident: $($constant:ident = $name:literal),+;)+) => {$($(
        #[doc = concat!("`", $name, "`")]
        pub const $constant: Event = Event { name: $name, class: Events::$class };
    )+)+};
}

events! {
    GENERIC: DEL = "del", EXPIRE = "expire", PERSIST = "persist";
    GENERIC: RENAME_FROM = "rename_from", RENAME_TO = "rename_to";
    STRING: APPEND = "append", INCRBY = "incrby", SET = "set";
    LIST: LPOP = "lpop", LPUSH = "lpush", LREM = "lrem", LSET = "lset", LTRIM = "ltrim", RPOP = "rpop", RPUSH = "rpush";
    SET: SADD = "sadd", SREM = "srem";
    EXPIRED: EXPIRED = "expired";
}
