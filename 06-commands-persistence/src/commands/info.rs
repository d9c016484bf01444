//! The INFO command.

use super::row::*;
use super::{Call, Outcome};
use crate::REDIS_VERSION;
use crate::memory;
use crate::process;
use crate::server::Server;
use crate::server::client::unix_seconds;
use std::env::{self, consts};
use std::fmt::{Display, Write};
use std::time::Duration;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[CH0
    .plain("info", -1, info, ANYTIME)
    .acl(acl::DANGEROUS)
    .tips(&[
        "nondeterministic_output",
        "request_policy:all_shards",
        "response_policy:special",
    ])
    .about("1.0.0", "Tells how the server is doing.")];

/// A section of INFO: its name, whether it is shown unless asked for, and who writes it.
type Section = (&'static str, bool, fn(&Server, &mut Lines));

/// All sections, in Redis's order.
static SECTIONS: &[Section] = &[
    ("Server", true, server),
    ("Clients", true, clients),
    ("Memory", true, memory),
    ("Persistence", true, persistence),
    ("Stats", true, stats),
    ("Replication", true, replication),
    ("CPU", true, cpu),
    ("Commandstats", false, commandstats),
    ("Errorstats", true, errorstats),
    ("Keyspace", true, keyspace),
];

/// The text of INFO.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: impl Display, value: impl Display) {
        self.line(format_args!("{name}:{value}"));
    }

    fn line(&mut self, text: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{text}\r\n");
    }

    /// The number of bytes, and the same for people: `1.50M`.
    fn add_bytes(&mut self, name: &str, bytes: usize) {
        let power = bytes.max(1).ilog2() / 10;
        let amount = bytes as f64 / 1024_f64.powi(power as i32);
        let digits = if power == 0 { 0 } else { 2 };
        let unit = "BKMGTPE".get(power as usize..=power as usize);
        let human = format!("{amount:.digits$}{}", unit.unwrap_or_default());
        self.add(name, bytes);
        self.add(format_args!("{name}_human"), human);
    }
}

/// `INFO [section ...]`: how the server is doing, as lines of names and values.
/// <https://redis.io/docs/latest/commands/info/>
pub fn info(call: &mut Call<'_>) -> Outcome {
    let mut out = Lines::default();
    for (name, _, write) in SECTIONS.iter().filter(|section| is_wanted(section, call)) {
        if !out.0.is_empty() {
            out.line("");
        }
        out.line(format_args!("# {name}"));
        write(call.server, &mut out);
    }
    call.reply.verbatim(out.0.as_bytes());
    Ok(())
}

fn is_wanted((own, by_default, _): &Section, call: &Call<'_>) -> bool {
    let mut asked = call.args.from(1).peekable();
    if asked.peek().is_none() {
        return *by_default;
    }
    asked.any(|name| match name.to_ascii_lowercase().as_slice() {
        b"all" | b"everything" => true,
        b"default" => *by_default,
        name => own.as_bytes().eq_ignore_ascii_case(name),
    })
}

fn server(server: &Server, out: &mut Lines) {
    let uptime = server.now.since(&server.started).as_secs();
    let executable = env::current_exe().unwrap_or_default();
    let file = server.config.config_file.clone().unwrap_or_default();
    out.add("redis_version", REDIS_VERSION);
    out.add("redis_mode", "standalone");
    out.line(format_args!("os:{} {}", consts::OS, consts::ARCH));
    out.add("arch_bits", usize::BITS);
    out.add("process_id", std::process::id());
    out.add("process_supervised", "no");
    out.add("run_id", &server.run_id);
    out.add("tcp_port", server.port);
    out.add("server_time_usec", server.now.unix_micros());
    out.add("uptime_in_seconds", uptime);
    out.add("uptime_in_days", uptime / 86_400);
    out.add("hz", server.config.hz);
    out.add("configured_hz", server.config.hz);
    out.add("threads", server.config.threads);
    out.add("executable", executable.display());
    out.add("config_file", file.display());
    out.add("io_threads_active", 0);
}

fn clients(server: &Server, out: &mut Lines) {
    let clients = || server.clients.iter();
    let longest = clients().map(|client| client.pending_output()).max();
    let longest = longest.unwrap_or(0);
    let blocked = clients().filter(|client| client.blocked.is_some());
    let subscribers = clients().filter(|client| client.is_subscriber());
    out.add("connected_clients", server.clients.len());
    out.add("maxclients", server.config.maxclients);
    out.add("client_recent_max_output_buffer", longest);
    out.add("blocked_clients", blocked.count());
    out.add("pubsub_clients", subscribers.count());
}

fn memory(server: &Server, out: &mut Lines) {
    let (used, peak) = (memory::used(), memory::peak());
    let resident = process::resident_memory();
    out.add_bytes("used_memory", used);
    out.add_bytes("used_memory_rss", resident);
    out.add_bytes("used_memory_peak", peak);
    let part = used as f64 / peak.max(1) as f64 * 100.0;
    out.add("used_memory_peak_perc", format_args!("{part:.2}%"));
    out.add_bytes("maxmemory", server.config.maxmemory.0);
    out.add("maxmemory_policy", server.config.maxmemory_policy.name());
    let ratio = resident as f64 / used.max(1) as f64;
    out.add("mem_fragmentation_ratio", format_args!("{ratio:.2}"));
    out.add("mem_fragmentation_bytes", resident as i64 - used as i64);
    out.add("mem_allocator", memory::ALLOCATOR);
    out.add("lazyfree_pending_objects", server.reclaimer.pending());
    out.add("lazyfreed_objects", server.reclaimer.freed());
}

fn persistence(server: &Server, out: &mut Lines) {
    let saving = &server.saving;
    let seconds = |time: Option<Duration>| time.map_or(-1, |time| time.as_secs() as i64);
    let changes = server.journal.changes.saturating_sub(saving.saved_changes);
    let status = if saving.failed { "err" } else { "ok" };
    let running = saving.running.then(|| {
        let elapsed = server.now.unix().0.saturating_sub(saving.last_try.0).max(0);
        Duration::from_millis(elapsed as u64)
    });
    out.add("loading", 0);
    out.add("current_cow_size", saving.copied());
    out.add("rdb_changes_since_last_save", changes);
    out.add("rdb_bgsave_in_progress", u8::from(saving.running));
    out.add("rdb_last_save_time", unix_seconds(saving.last));
    out.add("rdb_last_bgsave_status", status);
    out.add("rdb_last_bgsave_time_sec", seconds(saving.last_duration));
    out.add("rdb_current_bgsave_time_sec", seconds(running));
    out.add("rdb_saves", saving.completed);
    out.add("rdb_last_cow_size", saving.last_copied);
    out.add("rdb_last_load_keys_expired", saving.loaded.1);
    out.add("rdb_last_load_keys_loaded", saving.loaded.0);
    out.add("aof_enabled", 0);
}

fn stats(server: &Server, out: &mut Lines) {
    let stats = &server.stats;
    let overflows = stats.output_limit_disconnections;
    out.add("total_connections_received", stats.connections);
    out.add("total_commands_processed", stats.commands);
    out.add("instantaneous_ops_per_sec", stats.rate.per_second());
    out.add("total_net_input_bytes", stats.input_bytes);
    out.add("total_net_output_bytes", stats.output_bytes);
    out.add("rejected_connections", stats.rejected_connections);
    out.add("expired_keys", stats.keyspace.expired);
    out.add("evicted_keys", 0);
    out.add("client_output_buffer_limit_disconnections", overflows);
    out.add("keyspace_hits", stats.keyspace.hits);
    out.add("keyspace_misses", stats.keyspace.misses);
    out.add("pubsub_channels", server.channels.len());
    out.add("total_error_replies", stats.errors.values().sum::<u64>());
    out.add("longest_lock_hold_usec", stats.longest_hold.as_micros());
    out.add("longest_lock_hold_by", stats.longest_hold_by);
}

fn replication(server: &Server, out: &mut Lines) {
    out.add("role", "master");
    out.add("connected_slaves", 0);
    out.add("master_replid", &server.replication_id);
    out.add("master_repl_offset", server.backlog.end());
}

fn cpu(_: &Server, out: &mut Lines) {
    let (user, system) = process::cpu_seconds();
    out.add("used_cpu_sys", format_args!("{system:.6}"));
    out.add("used_cpu_user", format_args!("{user:.6}"));
}

fn commandstats(server: &Server, out: &mut Lines) {
    for (row, stats) in server.commands.all().iter().zip(&server.stats.by_command) {
        if stats.calls == 0 && stats.rejected == 0 {
            continue;
        }
        let micros = stats.time.as_micros();
        let mean = stats.time.as_secs_f64() * 1e6 / stats.calls.max(1) as f64;
        let (rejected, failed) = (stats.rejected, stats.failed);
        out.line(format_args!(
            "cmdstat_{}:calls={},usec={micros},usec_per_call={mean:.2},rejected_calls={rejected},\
             failed_calls={failed}",
            row.name, stats.calls
        ));
    }
}

fn errorstats(server: &Server, out: &mut Lines) {
    for (code, count) in &server.stats.errors {
        out.line(format_args!(
            "errorstat_{}:count={count}",
            code.escape_ascii()
        ));
    }
}

fn keyspace(server: &Server, out: &mut Lines) {
    let databases = server.databases().iter().enumerate();
    for (number, db) in databases.filter(|(_, db)| !db.is_empty()) {
        let (keys, volatile) = (db.len(), db.volatile_len());
        let ttl = db.average_ttl(server.now.unix());
        out.line(format_args!(
            "db{number}:keys={keys},expires={volatile},avg_ttl={ttl}"
        ));
    }
}
