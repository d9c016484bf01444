//! The configuration. One table, [`table::TABLE`], drives the flags, the config file, and CONFIG GET,
//! SET and REWRITE; the server reads the fields of [`Config`].
//!
//! Nothing here knows what a parameter does.

pub mod file;
pub mod kind;
pub mod parse;
pub mod startup;
pub mod table;
pub mod value;

use crate::glob::{self, Case};
pub use parse::Refusal;
pub use startup::Startup;
use std::path::PathBuf;
use table::{Change, Parameter, TABLE};
use value::{
    Allowed, AppendFsync, Events, LogLevel, MaxMemoryPolicy, OutputLimits, SavePoint,
    ShutdownOptions,
};

/// The value of every parameter. What they mean, and their defaults, stand in [`table::TABLE`].
#[allow(missing_docs, clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The config file's absolute path, if there is one. The only field that is no parameter.
    pub config_file: Option<PathBuf>,
    pub bind: Vec<String>,
    pub port: u16,
    pub protected_mode: bool,
    pub tcp_backlog: u32,
    pub tcp_keepalive: u32,
    pub timeout: u32,
    pub threads: usize,
    pub chapter: u8,
    pub databases: usize,
    pub hz: u32,
    pub loglevel: LogLevel,
    pub logfile: PathBuf,
    pub notify_keyspace_events: Events,
    pub shutdown_on_sigint: ShutdownOptions,
    pub shutdown_on_sigterm: ShutdownOptions,
    pub maxclients: u32,
    pub client_output_buffer_limit: OutputLimits,
    pub client_query_buffer_limit: usize,
    pub proto_max_bulk_len: usize,
    pub enable_protected_configs: Allowed,
    pub dir: PathBuf,
    pub dbfilename: PathBuf,
    pub save: Vec<SavePoint>,
    pub stop_writes_on_bgsave_error: bool,
    pub rdbcompression: bool,
    pub rdbchecksum: bool,
    pub appendonly: bool,
    pub appendfsync: AppendFsync,
    pub appenddirname: PathBuf,
    pub appendfilename: PathBuf,
    pub maxmemory: u64,
    pub maxmemory_policy: MaxMemoryPolicy,
    pub list_max_listpack_size: i32,
    pub lazyfree_lazy_eviction: bool,
    pub lazyfree_lazy_expire: bool,
    pub lazyfree_lazy_server_del: bool,
    pub lazyfree_lazy_user_del: bool,
    pub lazyfree_lazy_user_flush: bool,
}

/// Why CONFIG SET changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// There is no parameter with this name.
    Unknown(Vec<u8>),
    /// The parameter with this name cannot be set, or not to this value.
    Refused(&'static str, Refusal),
}

impl SetError {
    /// The text of the error reply.
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Unknown(name) => {
                let text: &[u8] = b"ERR Unknown option or number of arguments for CONFIG SET - '";
                [text, name, b"'"].concat()
            }
            Self::Refused(name, why) => {
                let text = "ERR CONFIG SET failed (possibly related to argument";
                format!("{text} '{name}') - {}", why.text()).into_bytes()
            }
        }
    }
}

impl Config {
    /// The defaults of the table. (`Config::default()` is all fields empty, what these are written to.)
    pub fn standard() -> Self {
        let mut config = Self::default();
        for row in TABLE {
            // Of all defaults only the current directory can fail, when it was removed.
            let assigned = row.assign(&mut config, &[row.default.as_bytes()]);
            debug_assert!(assigned.is_ok() || row.name == "dir", "{}", row.name);
        }
        config
    }

    /// The parameters that CONFIG GET finds with these names and patterns, and their values. A
    /// parameter with an alias is found under both.
    pub fn get<'a>(&self, wanted: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut add = |name: &[u8], row: &Parameter| {
            if !found
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                found.push((name.to_vec(), row.kind.print(self)));
            }
        };
        for wanted in wanted {
            if glob::is_pattern(wanted) {
                for (row, name) in names_like(wanted) {
                    add(name.as_bytes(), row);
                }
            } else if let Some((row, _)) = table::find(wanted) {
                add(wanted, row);
            }
        }
        found
    }

    /// Sets parameters as CONFIG SET does: all of them, or none. `local` is whether the client is on
    /// this machine.
    ///
    /// # Errors
    /// The first name that is unknown, may not be changed or stands there twice; else the first value
    /// that is refused.
    pub fn set(&mut self, pairs: &[(&[u8], &[u8])], local: bool) -> Result<(), SetError> {
        let rows = self.rows_to_set(pairs, local)?;
        let mut changed = self.clone();
        for ((row, name), (_, value)) in rows.into_iter().zip(pairs) {
            let assigned = row.assign(&mut changed, &[value]);
            assigned.map_err(|why| SetError::Refused(name, why))?;
        }
        *self = changed;
        Ok(())
    }

    fn rows_to_set(&self, pairs: &[(&[u8], &[u8])], local: bool) -> Result<Vec<Found>, SetError> {
        let mut rows: Vec<Found> = Vec::new();
        for (name, _) in pairs {
            let unknown = || SetError::Unknown(name.to_vec());
            let (row, name) = table::find(name).ok_or_else(unknown)?;
            let protected = !self.enable_protected_configs.permits(local);
            let why = match row.change {
                Change::AtStart => Some("can't set immutable config"),
                Change::Protected if protected => Some("can't set protected config"),
                _ if rows.iter().any(|(_, known)| *known == name) => Some("duplicate parameter"),
                _ => None,
            };
            if let Some(why) = why {
                return Err(SetError::Refused(name, Refusal::Reason(why.into())));
            }
            rows.push((row, name));
        }
        Ok(rows)
    }
}

/// A row, and the name under which it was found.
type Found = (&'static Parameter, &'static str);

fn names_like(pattern: &[u8]) -> impl Iterator<Item = Found> {
    let names = TABLE
        .iter()
        .flat_map(|row| row.names().map(move |name| (row, name)));
    names.filter(move |(_, name)| glob::matches(pattern, name.as_bytes(), Case::Ignored))
}

#[cfg(test)]
mod tests;
