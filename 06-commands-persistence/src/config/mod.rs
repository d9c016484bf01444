//! The configuration. One table, [`table::TABLE`], drives the flags, the config file, and CONFIG GET,
//! SET and REWRITE; the server reads the fields of [`Config`].
//!
//! Nothing here knows what a parameter does.

pub mod file;
pub mod param;
pub mod parse;
pub mod startup;
pub mod table;
pub mod value;

use crate::glob::{self, Case};
use param::Refusal;
pub use startup::Startup;
pub use table::Config;
use table::{Change, Parameter, TABLE};

/// Why CONFIG SET changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// There is no parameter with this name.
    Unknown(Vec<u8>),
    /// The parameter with this name cannot be set, or not to this value.
    Refused(Vec<u8>, Refusal),
}

impl SetError {
    /// The text of the error reply.
    pub fn text(&self) -> Vec<u8> {
        let unknown = "ERR Unknown option or number of arguments for CONFIG SET - '";
        let refused = "ERR CONFIG SET failed (possibly related to argument '";
        match self {
            Self::Unknown(name) => [unknown.as_bytes(), name, b"'"].concat(),
            Self::Refused(name, why) => {
                [refused.as_bytes(), name, b"') - ", why.0.as_bytes()].concat()
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
            let is_known = |(known, _): &(Vec<u8>, _)| known.eq_ignore_ascii_case(name);
            if !found.iter().any(is_known) {
                found.push((name.to_vec(), (row.get)(self).print()));
            }
        };
        for wanted in wanted {
            if glob::is_pattern(wanted) {
                table::names()
                    .filter(|(_, name)| glob::matches(wanted, name.as_bytes(), Case::Ignored))
                    .for_each(|(row, name)| add(name.as_bytes(), row));
            } else if let Some((row, _)) = table::find(wanted) {
                add(wanted, row);
            }
        }
        found
    }

    /// Sets parameters as CONFIG SET does: all of them, or none. `local` is whether the client is on
    /// this machine. Gives their rows.
    ///
    /// # Errors
    /// The first name that is unknown, may not be changed or stands there twice; else the first value
    /// that is refused.
    pub fn set(
        &mut self,
        pairs: &[(&[u8], &[u8])],
        local: bool,
    ) -> Result<Vec<&'static Parameter>, SetError> {
        let rows = self.rows_to_set(pairs, local)?;
        let mut changed = self.clone();
        for ((row, name), (_, value)) in rows.iter().zip(pairs) {
            let assigned = row.assign(&mut changed, &[value]);
            assigned.map_err(|why| SetError::Refused((*name).into(), why))?;
        }
        *self = changed;
        Ok(rows.into_iter().map(|(row, _)| row).collect())
    }

    fn rows_to_set(&self, pairs: &[(&[u8], &[u8])], local: bool) -> Result<Vec<Found>, SetError> {
        let mut rows: Vec<Found> = Vec::new();
        for (given, _) in pairs {
            let unknown = || SetError::Unknown(given.to_vec());
            let (row, name) = table::find(given).ok_or_else(unknown)?;
            let protected = !self.enable_protected_configs.permits(local);
            let why = match row.change {
                Change::AtStart => "can't set immutable config",
                Change::Protected if protected => "can't set protected config",
                _ if rows.iter().any(|(_, known)| *known == name) => "duplicate parameter",
                _ => {
                    rows.push((row, name));
                    continue;
                }
            };
            return Err(SetError::Refused(given.to_vec(), why.into()));
        }
        Ok(rows)
    }
}

/// A row, and the name under which it was found.
type Found = (&'static Parameter, &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_lower_case() {
        let mut names: Vec<&str> = TABLE.iter().flat_map(Parameter::names).collect();
        assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn defaults_and_what_is_printed_can_be_set() {
        let mut config = Config::standard();
        for row in TABLE.iter().filter(|row| row.name != "dir") {
            let printed = (row.get)(&config).print();
            assert_eq!(printed, row.default.as_bytes(), "{}", row.name);
        }
        assert!(config.dir.is_absolute());
        for (name, value) in [
            ("save", "5 6"),
            ("bind", "::1 -1.2.3.4"),
            ("notify-keyspace-events", "mKgE"),
            ("client-output-buffer-limit", "replica 1gb 2k 3"),
            ("shutdown-on-sigint", "now nosave"),
            ("dbfilename", "a b"),
            ("loglevel", "DEBUG"),
            ("hz", "9999"),
        ] {
            let (row, _) = table::find(name.as_bytes()).unwrap();
            row.assign(&mut config, &[value.as_bytes()]).unwrap();
            let printed = (row.get)(&config).print();
            let mut again = Config::standard();
            row.assign(&mut again, &[&printed]).unwrap();
            assert_eq!((row.get)(&again).print(), printed, "{name}");
            assert_ne!(again, Config::standard(), "{name}");
        }
    }

    #[test]
    fn config_get_takes_names_and_patterns() {
        let config = Config::standard();
        let found = config.get([&b"PORT"[..], b"port", b"Po*", b"nosuch"]);
        assert_eq!(found, [(b"PORT".to_vec(), b"6380".to_vec())]);
        assert_eq!(config.get([&b"list-max-*"[..]]).len(), 2);
    }
}
