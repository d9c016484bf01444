//! The INFO command.

use super::table::TABLE;
use super::{Call, Outcome};
use crate::REDIS_VERSION;
use crate::process;
use crate::server::Server;
use crate::server::client::unix_seconds;
use std::fmt::{self, Write};

/// A section of INFO: its name, whether it is shown unless asked for, and who writes it.
struct Section {
    name: &'static str,
    by_default: bool,
    write: fn(&Server, &mut String) -> fmt::Result,
}

/// All sections, in Redis's order.
static SECTIONS: [Section; 10] = [
    section("Server", true, server),
    section("Clients", true, clients),
    section("Memory", true, memory),
    section("Persistence", true, persistence),
    section("Stats", true, stats),
    section("Replication", true, replication),
    section("CPU", true, cpu),
    section("Commandstats", false, commandstats),
    section("Errorstats", true, errorstats),
    section("Keyspace", true, keyspace),
];

const fn section(
    name: &'static str,
    by_default: bool,
    write: fn(&Server, &mut String) -> fmt::Result,
) -> Section {
    Section {
        name,
        by_default,
        write,
    }
}

/// `INFO [section ...]`: how the server is doing, as lines of names and values.
/// <https://redis.io/docs/latest/commands/info/>
pub fn info(call: &mut Call<'_>) -> Outcome {
    let mut text = String::new();
    for section in SECTIONS.iter().filter(|section| is_wanted(section, call)) {
        let separator = if text.is_empty() { "" } else { "\r\n" };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}# {}\r\n", section.name);
        let _ = (section.write)(call.server, &mut text);
    }
    call.client.outbox.verbatim(text.as_bytes());
    Ok(())
}

fn is_wanted(section: &Section, call: &Call<'_>) -> bool {
    let mut asked = call.args.from(1).peekable();
    if asked.peek().is_none() {
        return section.by_default;
    }
    asked.any(|name| match name.to_ascii_lowercase().as_slice() {
        b"all" | b"everything" => true,
        b"default" => section.by_default,
        name => section.name.as_bytes().eq_ignore_ascii_case(name),
    })
}

fn server(server: &Server, out: &mut String) -> fmt::Result {
    let uptime = server.now.since(&server.started).as_secs();
    write!(out, "redis_version:{REDIS_VERSION}\r\n")?;
    write!(out, "redis_mode:standalone\r\n")?;
    write!(
        out,
        "os:{} {}\r\n",
        std::env::consts::OS,
        std::env::consts::ARCH
    )?;
    write!(out, "arch_bits:{}\r\n", usize::BITS)?;
    write!(out, "process_id:{}\r\n", std::process::id())?;
    write!(out, "run_id:{}\r\n", server.run_id)?;
    write!(out, "tcp_port:{}\r\n", server.port)?;
    write!(out, "server_time_usec:{}\r\n", server.now.unix_micros())?;
    write!(out, "uptime_in_seconds:{uptime}\r\n")?;
    write!(out, "uptime_in_days:{}\r\n", uptime / 86_400)?;
    write!(out, "hz:{}\r\n", server.config.hz)?;
    write!(out, "io_threads_active:0\r\n")?;
    write!(out, "threads:{}\r\n", server.config.threads)?;
    write!(
        out,
        "executable:{}\r\n",
        std::env::current_exe().unwrap_or_default().display()
    )?;
    let file = server.config.config_file.as_deref();
    let file = file.map(|file| file.display().to_string());
    write!(out, "config_file:{}\r\n", file.unwrap_or_default())
}

fn clients(server: &Server, out: &mut String) -> fmt::Result {
    let subscribers = server
        .clients
        .iter()
        .filter(|client| client.is_subscriber());
    let longest_output = server.clients.iter().map(|client| client.pending_output());
    write!(out, "connected_clients:{}\r\n", server.clients.len())?;
    write!(out, "maxclients:{}\r\n", server.config.maxclients)?;
    write!(
        out,
        "client_recent_max_output_buffer:{}\r\n",
        longest_output.max().unwrap_or(0)
    )?;
    let blocked = server
        .clients
        .iter()
        .filter(|client| client.blocked.is_some());
    write!(out, "blocked_clients:{}\r\n", blocked.count())?;
    write!(out, "pubsub_clients:{}\r\n", subscribers.count())
}

fn memory(server: &Server, out: &mut String) -> fmt::Result {
    let used = process::resident_memory();
    write!(out, "used_memory:{used}\r\n")?;
    write!(out, "used_memory_human:{}\r\n", human(used))?;
    write!(out, "used_memory_rss:{used}\r\n")?;
    write!(out, "used_memory_rss_human:{}\r\n", human(used))?;
    write!(out, "maxmemory:0\r\n")?;
    write!(out, "maxmemory_policy:noeviction\r\n")?;
    let pending = server.reclaimer.pending();
    write!(out, "lazyfree_pending_objects:{pending}\r\n")?;
    write!(out, "lazyfreed_objects:{}\r\n", server.reclaimer.freed())
}

/// `1.50M`
fn human(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let units = ["B", "K", "M", "G", "T", "P"];
    let mut unit = "B";
    for next in units {
        unit = next;
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
    }
    format!("{amount:.2}{unit}")
}

fn persistence(server: &Server, out: &mut String) -> fmt::Result {
    let saving = &server.saving;
    let changes = server.changes().saturating_sub(saving.saved_changes);
    let status = if saving.failed { "err" } else { "ok" };
    let seconds = |duration: Option<std::time::Duration>| {
        duration.map_or(-1, |duration| duration.as_secs() as i64)
    };
    let running = saving.running.then(|| {
        let elapsed = server.now.unix().0.saturating_sub(saving.since.0).max(0);
        std::time::Duration::from_millis(elapsed as u64)
    });
    write!(out, "loading:0\r\n")?;
    write!(out, "current_cow_size:{}\r\n", saving.copied())?;
    write!(out, "rdb_changes_since_last_save:{changes}\r\n")?;
    write!(
        out,
        "rdb_bgsave_in_progress:{}\r\n",
        u8::from(saving.running)
    )?;
    write!(out, "rdb_last_save_time:{}\r\n", unix_seconds(saving.last))?;
    write!(out, "rdb_last_bgsave_status:{status}\r\n")?;
    write!(
        out,
        "rdb_last_bgsave_time_sec:{}\r\n",
        seconds(saving.last_duration)
    )?;
    write!(out, "rdb_current_bgsave_time_sec:{}\r\n", seconds(running))?;
    write!(out, "rdb_saves:{}\r\n", saving.completed)?;
    write!(out, "rdb_last_cow_size:{}\r\n", saving.last_copied)?;
    write!(out, "rdb_last_load_keys_expired:{}\r\n", saving.loaded.1)?;
    write!(out, "rdb_last_load_keys_loaded:{}\r\n", saving.loaded.0)?;
    write!(out, "aof_enabled:0\r\n")
}

fn stats(server: &Server, out: &mut String) -> fmt::Result {
    let stats = &server.stats;
    let sum = |count: fn(&crate::keyspace::db::Journal) -> u64| -> u64 {
        server.databases().iter().map(|db| count(&db.journal)).sum()
    };
    let errors: u64 = stats.errors.values().sum();
    for (name, value) in [
        ("total_connections_received", stats.connections),
        ("total_commands_processed", stats.commands),
        ("instantaneous_ops_per_sec", stats.rate.per_second()),
        ("total_net_input_bytes", stats.input_bytes),
        ("total_net_output_bytes", stats.output_bytes),
        ("rejected_connections", stats.rejected_connections),
        ("expired_keys", sum(|journal| journal.expired_keys)),
        ("evicted_keys", 0),
        (
            "client_output_buffer_limit_disconnections",
            stats.output_limit_disconnections,
        ),
        ("keyspace_hits", sum(|journal| journal.hits)),
        ("keyspace_misses", sum(|journal| journal.misses)),
        ("pubsub_channels", server.channels.len() as u64),
        ("total_error_replies", errors),
        (
            "longest_lock_hold_usec",
            stats.longest_hold.as_micros() as u64,
        ),
    ] {
        write!(out, "{name}:{value}\r\n")?;
    }
    write!(out, "longest_lock_hold_by:{}\r\n", stats.longest_hold_by)
}

fn replication(server: &Server, out: &mut String) -> fmt::Result {
    write!(out, "role:master\r\n")?;
    write!(out, "connected_slaves:0\r\n")?;
    write!(out, "master_replid:{}\r\n", server.run_id)?;
    write!(out, "master_repl_offset:{}\r\n", server.effects.end())
}

fn cpu(_: &Server, out: &mut String) -> fmt::Result {
    let (user, system) = process::cpu_seconds();
    write!(out, "used_cpu_sys:{system:.6}\r\n")?;
    write!(out, "used_cpu_user:{user:.6}\r\n")
}

fn commandstats(server: &Server, out: &mut String) -> fmt::Result {
    for (row, stats) in TABLE.iter().zip(&server.stats.by_command) {
        if stats.calls == 0 && stats.rejected == 0 {
            continue;
        }
        let micros = stats.time.as_micros();
        let mean = stats.time.as_secs_f64() * 1e6 / stats.calls.max(1) as f64;
        write!(
            out,
            "cmdstat_{}:calls={},usec={micros},usec_per_call={mean:.2},rejected_calls={},failed_calls={}\r\n",
            row.name, stats.calls, stats.rejected, stats.failed
        )?;
    }
    Ok(())
}

fn errorstats(server: &Server, out: &mut String) -> fmt::Result {
    for (code, count) in &server.stats.errors {
        let code = code.escape_ascii();
        write!(out, "errorstat_{code}:count={count}\r\n")?;
    }
    Ok(())
}

fn keyspace(server: &Server, out: &mut String) -> fmt::Result {
    for (number, db) in server.databases().iter().enumerate() {
        if db.is_empty() {
            continue;
        }
        write!(
            out,
            "db{number}:keys={},expires={},avg_ttl={}\r\n",
            db.len(),
            db.volatile_len(),
            db.average_ttl()
        )?;
    }
    Ok(())
}
