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
    GENERIC: COPY_TO = "copy_to", DEL = "del", EXPIRE = "expire", MOVE_FROM = "move_from", MOVE_TO = "move_to";
    GENERIC: PERSIST = "persist", RENAME_FROM = "rename_from", RENAME_TO = "rename_to", RESTORE = "restore";
    STRING: APPEND = "append", INCRBY = "incrby", INCRBYFLOAT = "incrbyfloat", SET = "set", SETBIT = "setbit";
    STRING: PFADD = "pfadd", SETRANGE = "setrange";
    LIST: LINSERT = "linsert", LPOP = "lpop", LPUSH = "lpush", LREM = "lrem", LSET = "lset", LTRIM = "ltrim";
    LIST: RPOP = "rpop", RPUSH = "rpush", SORTSTORE = "sortstore";
    SET: SADD = "sadd", SDIFFSTORE = "sdiffstore", SINTERSTORE = "sinterstore", SPOP = "spop", SREM = "srem";
    SET: SUNIONSTORE = "sunionstore";
    HASH: HDEL = "hdel", HINCRBY = "hincrby", HINCRBYFLOAT = "hincrbyfloat", HSET = "hset";
    SORTED_SET: GEOSEARCHSTORE = "geosearchstore", GEORADIUSSTORE = "georadiusstore", ZADD = "zadd";
    SORTED_SET: ZDIFFSTORE = "zdiffstore", ZINCR = "zincr", ZINTERSTORE = "zinterstore", ZPOPMAX = "zpopmax";
    SORTED_SET: ZPOPMIN = "zpopmin", ZRANGESTORE = "zrangestore", ZREM = "zrem", ZREMRANGEBYLEX = "zremrangebylex";
    SORTED_SET: ZREMRANGEBYRANK = "zremrangebyrank", ZREMRANGEBYSCORE = "zremrangebyscore", ZUNIONSTORE = "zunionstore";
    STREAM: XADD = "xadd", XDEL = "xdel", XGROUP_CREATE = "xgroup-create", XSETID = "xsetid", XTRIM = "xtrim";
    STREAM: XGROUP_CREATECONSUMER = "xgroup-createconsumer", XGROUP_DELCONSUMER = "xgroup-delconsumer";
    STREAM: XGROUP_DESTROY = "xgroup-destroy", XGROUP_SETID = "xgroup-setid";
    EXPIRED: EXPIRED = "expired";
}
