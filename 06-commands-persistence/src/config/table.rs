//! The configuration table: all that is known of each parameter. A new parameter is one row here.

use super::param::{self, Param, PathCheck, Refusal, Rules, Size};
use super::value::{
    Allowed, AppendFsync, Events, LogLevel, MaxMemoryPolicy, OutputLimits, SavePoint,
    ShutdownOptions,
};
use std::path::PathBuf;

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
    /// Its value where nothing else is said, in the words of a config file.
    pub default: &'static str,
    /// What its value must keep to.
    pub rules: Rules,
    /// Whether its value may be several words.
    pub several: bool,
    /// Whether CONFIG REWRITE writes it even where it is the default.
    pub always_written: bool,
    /// When it may be changed.
    pub change: Change,
    /// Why this server can do no other value than the default, where that is so.
    pub only: Option<&'static str>,
    /// The heading under which `--help` lists it.
    pub group: &'static str,
    /// What it is, in one line, which has a space before it.
    pub summary: &'static str,
    /// Its value.
    pub get: fn(&Config) -> &dyn Param,
    /// Its value, to be changed.
    pub get_mut: fn(&mut Config) -> &mut dyn Param,
}

/// Makes the struct [`Config`] and the [`TABLE`] of it. A row is
/// `field: type = row(name, default)`; its comment is its summary.
macro_rules! parameters {
    ($($group:literal: $(#[doc = $summary:literal] $field:ident: $type:ty = $row:expr;)*)*) => {
        /// The value of every parameter. (`Config::default()` is all fields empty, what the defaults are written to.)
        #[allow(clippy::struct_excessive_bools)]
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Config {
            /// The config file's absolute path, if there is one. The only field that is no parameter.
            pub config_file: Option<PathBuf>,
            $($(#[doc = $summary] pub $field: $type,)*)*
        }

        /// Every parameter, in the order of `--help`.
        pub static TABLE: &[Parameter] = &[$($(Parameter {
            group: $group,
            summary: $summary,
            get: |config| &config.$field,
            get_mut: |config| &mut config.$field,
            ..$row
        },)*)*];
    };
}

const MEBIBYTE: i64 = 1 << 20;
const CLIENT_LIMITS: &str = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";
const FIXED: &str = "this server has a fixed limit";
const NO_LOG: &str = "this server has no append-only file yet";
const NO_LIMIT: &str = "this server has no memory limit yet";

parameters! {
    "network":
    /// Addresses to listen on.
    bind: Vec<String> = row("bind", "127.0.0.1").several().at_start();
    /// Port to listen on; 0 is any free port.
    port: u16 = row("port", "6380").within(0, 65_535).at_start();
    /// Refuse clients from elsewhere while there is no password.
    protected_mode: bool = row("protected-mode", "yes");
    /// Connections that may wait to be accepted.
    tcp_backlog: u32 = row("tcp-backlog", "511").at_start();
    /// Seconds between probes of silent clients; 0 is none.
    tcp_keepalive: u32 = row("tcp-keepalive", "300");
    /// Seconds after which an idle client is closed; 0 is never.
    timeout: u32 = row("timeout", "0");

    "server":
    /// Threads that serve clients, 1 to 128.
    threads: usize = row("threads", "1").within(1, 128).at_start();
    /// Serve only the commands up to this chapter of the course.
    chapter: u8 = row("chapter", "99").within(0, 99).at_start();
    /// Number of databases.
    databases: usize = row("databases", "16").within(1, i32::MAX as i64).at_start();
    /// How often a second background work is done, 1 to 500.
    hz: u32 = row("hz", "10");
    /// The least severe messages to log: debug, verbose, notice or warning.
    loglevel: LogLevel = row("loglevel", "notice");
    /// File to log to; none is standard error.
    logfile: PathBuf = row("logfile", "").at_start();
    /// Events to publish, by their letters.
    notify_keyspace_events: Events = row("notify-keyspace-events", "");
    /// How Ctrl-C ends the server: default, or any of save, nosave, now, force.
    shutdown_on_sigint: ShutdownOptions = row("shutdown-on-sigint", "default").several();
    /// How SIGTERM ends the server: the same.
    shutdown_on_sigterm: ShutdownOptions = row("shutdown-on-sigterm", "default").several();

    "clients":
    /// Clients that may be connected at once.
    maxclients: u32 = row("maxclients", "10000").within(1, u32::MAX as i64);
    /// Output that may wait for a client: class, hard, soft, soft seconds.
    client_output_buffer_limit: OutputLimits = row("client-output-buffer-limit", CLIENT_LIMITS).several();
    /// Bytes of requests that may wait for execution.
    client_query_buffer_limit: Size = row("client-query-buffer-limit", "1073741824").within(MEBIBYTE, i64::MAX).only(FIXED);
    /// Longest argument of a request.
    proto_max_bulk_len: Size = row("proto-max-bulk-len", "536870912").within(MEBIBYTE, i64::MAX).only(FIXED);

    "security":
    /// Who may change dir and dbfilename: no, yes or local.
    enable_protected_configs: Allowed = row("enable-protected-configs", "no").at_start();
    /// Who may use DEBUG: no, yes or local.
    enable_debug_command: Allowed = row("enable-debug-command", "no").at_start();

    "persistence":
    /// Directory for all files.
    dir: PathBuf = row("dir", ".").path(param::directory).always_written().protected();
    /// Name of the snapshot file.
    dbfilename: PathBuf = row("dbfilename", "dump.rdb").path(param::file_name).protected();
    /// Save after so many seconds with so many changes; "" is never.
    save: Vec<SavePoint> = row("save", "3600 1 300 100 60 10000").several().always_written();
    /// Refuse writes while snapshots fail.
    stop_writes_on_bgsave_error: bool = row("stop-writes-on-bgsave-error", "yes");
    /// Compress strings in snapshots.
    rdbcompression: bool = row("rdbcompression", "yes");
    /// Write and check a checksum in snapshots.
    rdbchecksum: bool = row("rdbchecksum", "yes").at_start();
    /// Keep an append-only file.
    appendonly: bool = row("appendonly", "no").only(NO_LOG);
    /// When the append-only file is synced: everysec, always or no.
    appendfsync: AppendFsync = row("appendfsync", "everysec");
    /// Directory of the append-only file.
    appenddirname: PathBuf = row("appenddirname", "appendonlydir").path(param::some_file_name).at_start();
    /// Name of the append-only file.
    appendfilename: PathBuf = row("appendfilename", "appendonly.aof").path(param::some_file_name).at_start();

    "memory":
    /// Bytes of memory to stay within; 0 is no limit.
    maxmemory: Size = row("maxmemory", "0").within(0, i64::MAX).only(NO_LIMIT);
    /// Which keys make room when memory is full: allkeys-lru, volatile-ttl, ...
    maxmemory_policy: MaxMemoryPolicy = row("maxmemory-policy", "noeviction");
    /// Fields up to which a hash is kept in its compact form.
    hash_max_listpack_entries: usize = row("hash-max-listpack-entries", "512").alias("hash-max-ziplist-entries").within(0, i64::MAX);
    /// Length of a field or value up to which a hash is kept in its compact form.
    hash_max_listpack_value: Size = row("hash-max-listpack-value", "64").alias("hash-max-ziplist-value").within(0, i64::MAX);
    /// Bytes up to which a HyperLogLog is kept in its sparse form.
    hll_sparse_max_bytes: Size = row("hll-sparse-max-bytes", "3000").within(0, i64::MAX);
    /// Heard, and without effect: lists are not compressed in memory.
    list_compress_depth: u32 = row("list-compress-depth", "0");
    /// Elements of a list's node, or -1 to -5 for 4 to 64 kb.
    list_max_listpack_size: i32 = row("list-max-listpack-size", "-2").alias("list-max-ziplist-size").within(i32::MIN as i64, i32::MAX as i64);
    /// Members up to which a set of integers is kept in its compact form.
    set_max_intset_entries: usize = row("set-max-intset-entries", "512").within(0, i64::MAX);
    /// Bytes of a stream's node; 0 is any number.
    stream_node_max_bytes: Size = row("stream-node-max-bytes", "4096").within(0, i64::MAX);
    /// Entries of a stream's node; 0 is any number.
    stream_node_max_entries: usize = row("stream-node-max-entries", "100").within(0, i64::MAX);
    /// Members up to which a sorted set is kept in its compact form.
    zset_max_listpack_entries: usize = row("zset-max-listpack-entries", "128").alias("zset-max-ziplist-entries").within(0, i64::MAX);
    /// Length of a member up to which a sorted set is kept in its compact form.
    zset_max_listpack_value: Size = row("zset-max-listpack-value", "64").alias("zset-max-ziplist-value").within(0, i64::MAX);
    /// Free evicted values in the background.
    lazyfree_lazy_eviction: bool = row("lazyfree-lazy-eviction", "no");
    /// Free expired values in the background.
    lazyfree_lazy_expire: bool = row("lazyfree-lazy-expire", "no");
    /// Free overwritten values in the background.
    lazyfree_lazy_server_del: bool = row("lazyfree-lazy-server-del", "no");
    /// Let DEL do as UNLINK does.
    lazyfree_lazy_user_del: bool = row("lazyfree-lazy-user-del", "no");
    /// Let FLUSHALL and FLUSHDB free in the background.
    lazyfree_lazy_user_flush: bool = row("lazyfree-lazy-user-flush", "no");
}

/// A row that says no more than this. The rest the table adds.
const fn row(name: &'static str, default: &'static str) -> Parameter {
    Parameter {
        name,
        alias: None,
        default,
        rules: Rules {
            name,
            bounds: 0..=i32::MAX as i64,
            check: None,
        },
        several: false,
        always_written: false,
        change: Change::Anytime,
        only: None,
        group: "",
        summary: "",
        get: |config| &config.port,
        get_mut: |config| &mut config.port,
    }
}

impl Parameter {
    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn within(mut self, least: i64, most: i64) -> Self {
        self.rules.bounds = least..=most;
        self
    }

    const fn at_start(mut self) -> Self {
        self.change = Change::AtStart;
        self
    }

    const fn protected(mut self) -> Self {
        self.change = Change::Protected;
        self
    }

    const fn path(mut self, check: PathCheck) -> Self {
        self.rules.check = Some(check);
        self
    }

    const fn several(mut self) -> Self {
        self.several = true;
        self
    }

    const fn always_written(mut self) -> Self {
        self.always_written = true;
        self
    }

    /// There is no other value than the default.
    const fn only(mut self, why: &'static str) -> Self {
        self.only = Some(why);
        self
    }

    /// Its name, and the alias if there is one.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        [Some(self.name), self.alias].into_iter().flatten()
    }

    /// Sets the parameter. Several words are the same as one that has spaces.
    ///
    /// # Errors
    /// What is wrong with the value; `config` is then to be thrown away.
    pub(super) fn assign(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Refusal> {
        let value = (self.get_mut)(config);
        if words.is_empty() || (words.len() > 1 && !self.several) {
            return Err("wrong number of arguments".into());
        }
        value.set(&words.join(&b' '), &self.rules)?;
        match self.only {
            Some(why) if value.print() != self.default.as_bytes() => Err(why.into()),
            _ => Ok(()),
        }
    }
}

/// Every name with its row. A row with an alias is there twice.
pub fn names() -> impl Iterator<Item = (&'static Parameter, &'static str)> {
    TABLE
        .iter()
        .flat_map(|row| row.names().map(move |name| (row, name)))
}

/// The parameter with this name or alias, in whatever case, and the one of the two that it was.
pub fn find(name: &[u8]) -> Option<(&'static Parameter, &'static str)> {
    names().find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
}
