//! Flags of commands: what kind of command it is.

/// It may change the keyspace.
pub const WRITE: u32 = 1;
/// It reads the keyspace and changes nothing.
pub const READONLY: u32 = 1 << 1;
/// It may need more memory.
pub const DENYOOM: u32 = 1 << 2;
/// It is for whoever runs the server.
pub const ADMIN: u32 = 1 << 3;
/// It is about channels.
pub const PUBSUB: u32 = 1 << 4;
/// Scripts can't use it.
pub const NOSCRIPT: u32 = 1 << 5;
/// It may wait.
pub const BLOCKING: u32 = 1 << 6;
/// It may be used while a snapshot is loaded.
pub const LOADING: u32 = 1 << 7;
/// It may be used while data may be out of date.
pub const STALE: u32 = 1 << 8;
/// MONITOR does not show it.
pub const SKIP_MONITOR: u32 = 1 << 9;
/// The slow log does not keep it.
pub const SKIP_SLOWLOG: u32 = 1 << 10;
/// Its time does not grow with the data, or as its logarithm.
pub const FAST: u32 = 1 << 11;
/// It may be used before a password is given.
pub const NO_AUTH: u32 = 1 << 12;
/// A number among its arguments says how many keys there are, and may be 0.
pub const NO_MANDATORY_KEYS: u32 = 1 << 13;
/// It may not be used while a snapshot is loaded beside the data in use.
pub const NO_ASYNC_LOADING: u32 = 1 << 14;
/// It can't be part of a transaction.
pub const NO_MULTI: u32 = 1 << 15;
/// Its keys are at no fixed places. Follows from the specifications of its keys, so that no row says it.
pub const MOVABLE_KEYS: u32 = 1 << 16;
/// It may be used while a script runs for too long.
pub const ALLOW_BUSY: u32 = 1 << 17;

/// Their names, in Redis's order, which is that of the bits. The flags below are ours, and COMMAND does not tell them.
pub const FLAG_NAMES: &str = "write readonly denyoom admin pubsub noscript blocking loading stale skip_monitor \
    skip_slowlog fast no_auth no_mandatory_keys no_async_loading no_multi movablekeys allow_busy";

/// It may be used only by whom `enable-debug-command` names.
pub const PROTECTED: u32 = 1 << 28;
/// Its time depends on nothing but the number of its arguments, and is about a microsecond for a few.
pub const BRIEF: u32 = 1 << 29;
/// It is told by its second argument what to do, and has a row for each of these.
pub const CONTAINER: u32 = 1 << 30;
/// RESP2 allows it while the client listens to channels.
pub const WHILE_SUBSCRIBED: u32 = 1 << 31;

/// Its time grows with the data: it has not got [`FAST`].
pub const SLOW: u32 = 0;
/// It needs no data that is whole and up to date.
pub const ANYTIME: u32 = LOADING | STALE;
/// It is for whoever runs the server, and not for scripts.
pub const OPERATOR: u32 = ADMIN | NOSCRIPT;
/// It may be used by anybody at any time, as what begins a connection and ends it.
pub const ALWAYS: u32 = NOSCRIPT | ANYTIME | FAST | NO_AUTH | ALLOW_BUSY;
