//! What a server and this machine say of themselves.

use crate::control::Control;
use crate::report::model::{Machine, Server};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

/// Programs that call themselves something other than Redis, by the field of `INFO server` that has their
/// version. What they have as `redis_version` is the Redis that they are compatible with.
const OTHERS: [(&str, &str); 4] = [
    ("valkey_version", "valkey-server"),
    ("dragonfly_version", "dragonfly"),
    ("garnet_version", "garnet"),
    ("kvrocks_version", "kvrocks"),
];

/// How the names of this project's servers begin. Theirs, too, is the Redis that they follow.
const OURS: &str = "step";

/// The fields of `INFO server` that are shown, in order. `threads` is our stage 06's.
const FIELDS: [&str; 16] = [
    "redis_version",
    "valkey_version",
    "dragonfly_version",
    "garnet_version",
    "kvrocks_version",
    "redis_build_id",
    "redis_mode",
    "server_mode",
    "os",
    "arch_bits",
    "gcc_version",
    "multiplexing_api",
    "process_id",
    "tcp_port",
    "io_threads_active",
    "threads",
];

/// The settings that are shown, in order: those that make a server slower or faster.
const SETTINGS: [&str; 12] = [
    "save",
    "appendonly",
    "appendfsync",
    "maxmemory",
    "maxmemory-policy",
    "maxclients",
    "io-threads",
    "io-threads-do-reads",
    "hz",
    "activedefrag",
    "lazyfree-lazy-user-flush",
    "notify-keyspace-events",
];

/// The longest value that is shown. What a server says of itself may have any length.
const LONGEST: usize = 200;

/// Asks a server what it is. One that knows neither INFO nor CONFIG, or does not let this user ask, is
/// called after its address.
///
/// # Errors
/// The connection fails.
pub fn server(control: &mut Control) -> anyhow::Result<Server> {
    let address = control.address().to_string();
    let info = control.info("server")?.unwrap_or_default();
    let name = name(&info).unwrap_or_else(|| format!("server at {address}"));
    let shown = FIELDS
        .iter()
        .filter_map(|field| Some((field, info.get(*field)?)));
    let mut settings: Vec<_> = shown.map(|(field, value)| entry(field, value)).collect();
    for setting in SETTINGS {
        let Some(values) = control.config_get(setting)? else {
            break;
        };
        settings.extend(values.get(setting).map(|value| entry(setting, value)));
    }
    Ok(Server {
        name,
        address,
        settings,
    })
}

fn entry(name: &str, value: &str) -> (String, String) {
    (name.to_string(), short(value))
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The program's name and version, from `INFO server`. One that has no field of its own there is called as
/// its executable file is.
fn name(info: &BTreeMap<String, String>) -> Option<String> {
    let mut others = OTHERS.iter();
    if let Some((name, version)) = others.find_map(|(field, name)| Some((name, info.get(*field)?)))
    {
        return Some(short(&format!("{name} {version}")));
    }
    let version = info.get("redis_version")?;
    let file = info
        .get("executable")
        .and_then(|path| Path::new(path).file_name());
    let file = file.map_or("redis-server".into(), |file| file.to_string_lossy());
    Some(short(&if file.starts_with(OURS) {
        file.into_owned()
    } else {
        format!("{file} {version}")
    }))
}

/// Describes this machine.
pub fn machine() -> Machine {
    Machine {
        system: system().unwrap_or_else(|| std::env::consts::OS.to_string()),
        processor: processor(),
        cores: thread::available_parallelism().map_or(1, usize::from),
        memory: memory(),
    }
}

// Linux tells all in /proc. Elsewhere (macOS) there are programs to ask.

fn system() -> Option<String> {
    let kernel = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    match (kernel("ostype"), kernel("osrelease")) {
        (Some(name), Some(release)) => Some(format!("{} {}", name.trim(), release.trim())),
        _ => output("uname", &["-sr"]),
    }
}

fn processor() -> Option<String> {
    match fs::read_to_string("/proc/cpuinfo") {
        Ok(text) => field(&text, "model name").map(str::to_string),
        Err(_) => output("sysctl", &["-n", "machdep.cpu.brand_string"]),
    }
}

fn memory() -> Option<u64> {
    match fs::read_to_string("/proc/meminfo") {
        Ok(text) => kilobytes(field(&text, "MemTotal")?),
        Err(_) => output("sysctl", &["-n", "hw.memsize"])?.parse().ok(),
    }
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(found, _)| found.trim() == name)?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

fn kilobytes(text: &str) -> Option<u64> {
    text.strip_suffix(" kB")?
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// What a program prints in one line.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(fields: &[(&str, &str)]) -> Option<String> {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        name(&fields.collect())
    }

    #[test]
    fn servers_are_called_by_their_own_names() {
        let redis = ("redis_version", "7.0.15");
        for (other, expected) in [
            (
                ("executable", "/usr/bin/redis-server"),
                "redis-server 7.0.15",
            ),
            (("os", "Linux"), "redis-server 7.0.15"),
            (("executable", ""), "redis-server 7.0.15"),
            (("executable", "/opt/keydb-server"), "keydb-server 7.0.15"),
            (
                ("executable", "/x/step06-commands-persistence"),
                "step06-commands-persistence",
            ),
            (("valkey_version", "8.0.1"), "valkey-server 8.0.1"),
        ] {
            assert_eq!(named(&[redis, other]).as_deref(), Some(expected));
        }
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[("executable", "/usr/bin/other")]), None);
        let long = named(&[("redis_version", &"7".repeat(10_000))]);
        assert_eq!(long.map(|name| name.len()), Some(LONGEST));
    }

    #[test]
    fn this_machine_has_a_system_and_a_processor_to_use() {
        let machine = machine();
        assert!(machine.cores >= 1);
        assert!(
            machine.memory.is_some_and(|bytes| bytes > 1 << 24),
            "{machine:?}"
        );
        // All systems that the tests run on have this program.
        assert_eq!(Some(machine.system), output("uname", &["-sr"]));
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 17\nmodel name\t: AMD EPYC\nmodel name : other\nempty :\nMemTotal:  16 kB\n";
        assert_eq!(field(text, "model name"), Some("AMD EPYC"));
        assert_eq!(field(text, "name"), None);
        assert_eq!(field(text, "empty"), None);
        assert_eq!(field(text, "MemTotal").and_then(kilobytes), Some(16 * 1024));
        for wrong in [
            "",
            "16",
            "16 MB",
            "-1 kB",
            "99999999999999999999 kB",
            "18446744073709551615 kB",
        ] {
            assert_eq!(kilobytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_program_that_fails_or_is_missing_tells_nothing() {
        assert_eq!(output("false", &[]), None);
        assert_eq!(output("true", &[]), None);
        assert_eq!(output("no-such-program", &[]), None);
    }
}
