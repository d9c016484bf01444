//! The configuration table: all that is known of each parameter, one row each. A new parameter is a
//! field of [`Config`] and a row here.

use super::Config;
use super::kind::{Field, Kind, Named, Number};
use super::value::{Choice, Events, OutputLimits, SavePoint, ShutdownOptions};

/// When a parameter may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// By CONFIG SET, at any time.
    Anytime,
    /// By CONFIG SET where `enable-protected-configs` allows it.
    Protected,
    /// Only by the command line and the config file.
    AtStart,
}

/// A row of the table.
#[derive(Debug)]
pub struct Parameter {
    /// As redis-server has it, in lower case.
    pub name: &'static str,
    /// A second, older name.
    pub alias: Option<&'static str>,
    /// What it may hold, and where it is kept.
    pub kind: Kind,
    /// Its value where nothing else is said, in the words of a config file.
    pub default: &'static str,
    /// When it may be changed.
    pub change: Change,
    /// The one value that this server can do, and why, where there is only one.
    pub only: Option<(&'static str, &'static str)>,
    /// The heading under which `--help` lists it.
    pub group: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
}

macro_rules! field {
    ($name:ident) => {
        Field {
            get: |config: &Config| &config.$name,
            get_mut: |config: &mut Config| &mut config.$name,
        }
    };
}

/// A number whose type is that of the field. Its range, which was checked before, must fit the type.
macro_rules! number {
    ($name:ident) => {
        Number {
            get: |config: &Config| config.$name.try_into().unwrap_or(i64::MAX),
            set: |config: &mut Config, value: i64| {
                if let Ok(value) = value.try_into() {
                    config.$name = value;
                }
            },
        }
    };
}

macro_rules! named {
    ($name:ident) => {
        Kind::Choice(Named {
            get: |config: &Config| config.$name.name(),
            set: |config: &mut Config, name: &[u8]| {
                let value = Choice::named(name);
                value.map(|value| config.$name = value).is_some()
            },
            names: |config: &Config| names_of(config.$name),
        })
    };
}

fn names_of<C: Choice>(_: C) -> Vec<&'static str> {
    C::NAMES.iter().map(|(name, _)| *name).collect()
}

macro_rules! flag {
    ($name:ident) => {
        Kind::Bool(field!($name))
    };
}

macro_rules! int {
    ($name:ident, $range:expr) => {
        Kind::Integer(number!($name), $range)
    };
}

macro_rules! size {
    ($name:ident, $least:expr) => {
        Kind::Memory(number!($name), $least..=i64::MAX)
    };
}

/// Redis takes any number and holds this one within its bounds.
const HZ: Number = Number {
    get: |config| config.hz.into(),
    set: |config, value| config.hz = value.clamp(1, 500).try_into().unwrap_or(config.hz),
};

const I32: std::ops::RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;
const COUNT: std::ops::RangeInclusive<i64> = 0..=i32::MAX as i64;
const MEBIBYTE: i64 = 1 << 20;

const FIXED: &str = "this server has a fixed limit";
const NO_LOG: &str = "this server has no append-only file yet";
const NO_LIMIT: &str = "this server has no memory limit yet";

const SAVE: Field<Vec<SavePoint>> = field!(save);
const LIMITS: Field<OutputLimits> = field!(client_output_buffer_limit);
const EVENTS: Field<Events> = field!(notify_keyspace_events);
const SIGINT: Field<ShutdownOptions> = field!(shutdown_on_sigint);
const SIGTERM: Field<ShutdownOptions> = field!(shutdown_on_sigterm);
const CLIENT_LIMITS: &str = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";

use Change::{Anytime, AtStart, Protected};

/// Every parameter, in the order of `--help`.
#[rustfmt::skip]
pub static TABLE: &[Parameter] = &[
    //  name                          group          kind                                                 default                 change     summary
    row("bind",                       "network",     Kind::Words(field!(bind)),                           "127.0.0.1",            AtStart,   "Addresses to listen on."),
    row("port",                       "network",     int!(port, 0..=65_535),                              "6380",                 AtStart,   "Port to listen on; 0 is any free port."),
    row("protected-mode",             "network",     flag!(protected_mode),                               "yes",                  Anytime,   "Refuse clients from elsewhere while there is no password."),
    row("tcp-backlog",                "network",     int!(tcp_backlog, COUNT),                            "511",                  AtStart,   "Connections that may wait to be accepted."),
    row("tcp-keepalive",              "network",     int!(tcp_keepalive, COUNT),                          "300",                  Anytime,   "Seconds between probes of silent clients; 0 is none."),
    row("timeout",                    "network",     int!(timeout, COUNT),                                "0",                    Anytime,   "Seconds after which an idle client is closed; 0 is never."),
    row("threads",                    "server",      int!(threads, 1..=128),                              "1",                    AtStart,   "Threads that serve clients."),
    row("chapter",                    "server",      int!(chapter, 0..=99),                               "99",                   AtStart,   "Serve only the commands up to this chapter of the course."),
    row("databases",                  "server",      int!(databases, 1..=i32::MAX as i64),                "16",                   AtStart,   "Number of databases."),
    row("hz",                         "server",      Kind::Integer(HZ, COUNT),                            "10",                   Anytime,   "How often a second background work is done, 1 to 500."),
    row("loglevel",                   "server",      named!(loglevel),                                    "notice",               Anytime,   "The least severe messages to log."),
    row("logfile",                    "server",      Kind::Path(field!(logfile)),                         "",                     AtStart,   "File to log to; none is standard error."),
    row("notify-keyspace-events",     "server",      Kind::Events(EVENTS),                                "",                     Anytime,   "Events to publish, by their letters."),
    row("shutdown-on-sigint",         "server",      Kind::Shutdown(SIGINT),                              "default",              Anytime,   "How Ctrl-C ends the server."),
    row("shutdown-on-sigterm",        "server",      Kind::Shutdown(SIGTERM),                             "default",              Anytime,   "How SIGTERM ends the server."),
    row("maxclients",                 "clients",     int!(maxclients, 1..=u32::MAX as i64),               "10000",                Anytime,   "Clients that may be connected at once."),
    row("client-output-buffer-limit", "clients",     Kind::OutputLimits(LIMITS),                          CLIENT_LIMITS,          Anytime,   "Output that may wait for a client: class, hard, soft, soft seconds."),
    row("client-query-buffer-limit",  "clients",     size!(client_query_buffer_limit, MEBIBYTE),          "1073741824",           Anytime,   "Bytes of requests that may wait for execution.").only("1073741824", FIXED),
    row("proto-max-bulk-len",         "clients",     size!(proto_max_bulk_len, MEBIBYTE),                 "536870912",            Anytime,   "Longest argument of a request.").only("536870912", FIXED),
    row("enable-protected-configs",   "security",    named!(enable_protected_configs),                    "no",                   AtStart,   "Who may change dir and dbfilename."),
    row("dir",                        "persistence", Kind::Directory(field!(dir)),                        ".",                    Protected, "Directory for all files."),
    row("dbfilename",                 "persistence", Kind::FileName(field!(dbfilename), "filename", true), "dump.rdb",            Protected, "Name of the snapshot file."),
    row("save",                       "persistence", Kind::SavePoints(SAVE),                              "3600 1 300 100 60 10000", Anytime, "Save after so many seconds with so many changes; \"\" is never."),
    row("stop-writes-on-bgsave-error", "persistence", flag!(stop_writes_on_bgsave_error),                 "yes",                  Anytime,   "Refuse writes while snapshots fail."),
    row("rdbcompression",             "persistence", flag!(rdbcompression),                               "yes",                  Anytime,   "Compress strings in snapshots."),
    row("rdbchecksum",                "persistence", flag!(rdbchecksum),                                  "yes",                  AtStart,   "Write and check a checksum in snapshots."),
    row("appendonly",                 "persistence", flag!(appendonly),                                   "no",                   Anytime,   "Keep an append-only file.").only("no", NO_LOG),
    row("appendfsync",                "persistence", named!(appendfsync),                                 "everysec",             Anytime,   "When the append-only file is synced."),
    row("appenddirname",              "persistence", Kind::FileName(field!(appenddirname), "dirname", false), "appendonlydir",     AtStart,   "Directory of the append-only file."),
    row("appendfilename",             "persistence", Kind::FileName(field!(appendfilename), "filename", false), "appendonly.aof",  AtStart,   "Name of the append-only file."),
    row("maxmemory",                  "memory",      size!(maxmemory, 0),                                 "0",                    Anytime,   "Bytes of memory to stay within; 0 is no limit.").only("0", NO_LIMIT),
    row("maxmemory-policy",           "memory",      named!(maxmemory_policy),                            "noeviction",           Anytime,   "Which keys make room when memory is full."),
    row("list-max-listpack-size",     "memory",      int!(list_max_listpack_size, I32),                   "-2",                   Anytime,   "Elements of a list's node, or -1 to -5 for 4 to 64 kb.").alias("list-max-ziplist-size").only("-2", FIXED),
    row("lazyfree-lazy-eviction",     "memory",      flag!(lazyfree_lazy_eviction),                       "no",                   Anytime,   "Free evicted values in the background."),
    row("lazyfree-lazy-expire",       "memory",      flag!(lazyfree_lazy_expire),                         "no",                   Anytime,   "Free expired values in the background."),
    row("lazyfree-lazy-server-del",   "memory",      flag!(lazyfree_lazy_server_del),                     "no",                   Anytime,   "Free overwritten values in the background."),
    row("lazyfree-lazy-user-del",     "memory",      flag!(lazyfree_lazy_user_del),                       "no",                   Anytime,   "Let DEL do as UNLINK does."),
    row("lazyfree-lazy-user-flush",   "memory",      flag!(lazyfree_lazy_user_flush),                     "no",                   Anytime,   "Let FLUSHALL and FLUSHDB free in the background."),
];

const fn row(
    name: &'static str,
    group: &'static str,
    kind: Kind,
    default: &'static str,
    change: Change,
    summary: &'static str,
) -> Parameter {
    Parameter {
        name,
        alias: None,
        kind,
        default,
        change,
        only: None,
        group,
        summary,
    }
}

impl Parameter {
    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn only(mut self, value: &'static str, why: &'static str) -> Self {
        self.only = Some((value, why));
        self
    }

    /// Its name, and the alias if there is one.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        [Some(self.name), self.alias].into_iter().flatten()
    }
}

/// The parameter with this name or alias, in whatever case, and the one of the two that it was.
pub fn find(name: &[u8]) -> Option<(&'static Parameter, &'static str)> {
    let mut names = TABLE
        .iter()
        .flat_map(|row| row.names().map(move |name| (row, name)));
    names.find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
}
