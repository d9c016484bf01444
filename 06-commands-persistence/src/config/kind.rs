//! The kinds of parameters: how a field of [`Config`] is set from words and printed.

use super::Config;
use super::parse::{self, Refusal};
use super::table::Parameter;
use super::value::{Events, OutputLimits, SavePoint, ShutdownOptions};
use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The most addresses to listen on, as in Redis.
const MAX_ADDRESSES: usize = 16;

/// Where a value is kept.
#[derive(Debug)]
pub struct Field<T: 'static> {
    /// Gives the field.
    pub get: fn(&Config) -> &T,
    /// Gives the field, to be changed.
    pub get_mut: fn(&mut Config) -> &mut T,
}

/// Where a number is kept, whatever its type.
#[derive(Debug)]
pub struct Number {
    /// Reads the field.
    pub get: fn(&Config) -> i64,
    /// Sets the field to a number that is in the parameter's range.
    pub set: fn(&mut Config, i64),
}

/// Where one of several names is kept, whatever its type.
#[derive(Debug)]
pub struct Named {
    /// The name of the field's value.
    pub get: fn(&Config) -> &'static str,
    /// Sets the field by name, if there is such a name.
    pub set: fn(&mut Config, &[u8]) -> bool,
    /// Every name. The argument says whose type is meant and is otherwise not looked at.
    pub names: fn(&Config) -> Vec<&'static str>,
}

/// What a parameter may hold, and where it is kept.
#[derive(Debug)]
pub enum Kind {
    /// `yes` or `no`.
    Bool(Field<bool>),
    /// A number in a range.
    Integer(Number, RangeInclusive<i64>),
    /// Bytes, perhaps with a unit.
    Memory(Number, RangeInclusive<i64>),
    /// One of several names.
    Choice(Named),
    /// A secret; none where it is empty.
    Password(Field<Vec<u8>>),
    /// A file.
    Path(Field<PathBuf>),
    /// A name without directories; what Redis calls it in errors, and whether it may be empty.
    FileName(Field<PathBuf>, &'static str, bool),
    /// A directory that exists. Kept as an absolute path without links; a relative one begins where
    /// the one before it is.
    Directory(Field<PathBuf>),
    /// Addresses.
    Words(Field<Vec<String>>),
    /// When to save.
    SavePoints(Field<Vec<SavePoint>>),
    /// Limits of classes of clients.
    OutputLimits(Field<OutputLimits>),
    /// Letters of events.
    Events(Field<Events>),
    /// How to end.
    Shutdown(Field<ShutdownOptions>),
}

impl Kind {
    /// Whether its value is several words.
    pub(super) fn is_several(&self) -> bool {
        matches!(
            self,
            Self::Words(_) | Self::SavePoints(_) | Self::OutputLimits(_) | Self::Shutdown(_)
        )
    }

    /// What it takes, for people.
    pub(super) fn accepts(&self) -> String {
        match self {
            Self::Bool(_) => "yes or no".into(),
            Self::Integer(_, range) => format!("{} to {}", range.start(), range.end()),
            Self::Memory(_, range) if *range.start() == 0 => "a size such as 64mb".into(),
            Self::Memory(_, range) => {
                let least = parse::memory_text(range.start().unsigned_abs());
                format!("a size such as 64mb, {least} at least")
            }
            Self::Choice(named) => (named.names)(&Config::default()).join(", "),
            Self::Password(_) => "a password".into(),
            Self::Path(_) => "a path".into(),
            Self::FileName(..) => "a name without slashes".into(),
            Self::Directory(_) => "a directory".into(),
            Self::Words(_) => format!("up to {MAX_ADDRESSES} addresses"),
            Self::SavePoints(_) => "pairs of seconds and changes, or \"\"".into(),
            Self::OutputLimits(_) => {
                "CLASS HARD SOFT SECONDS, CLASS normal, replica or pubsub".into()
            }
            Self::Events(_) => "letters of Ag$lshzxeKEtmdn".into(),
            Self::Shutdown(_) => "default, or any of save, nosave, now, force".into(),
        }
    }

    /// The value as CONFIG GET prints it.
    pub fn print(&self, config: &Config) -> Vec<u8> {
        match self {
            Self::Bool(field) => if *(field.get)(config) { "yes" } else { "no" }.into(),
            Self::Integer(number, _) | Self::Memory(number, _) => {
                (number.get)(config).to_string().into_bytes()
            }
            Self::Choice(named) => (named.get)(config).into(),
            Self::Password(field) => (field.get)(config).clone(),
            Self::Path(field) | Self::FileName(field, ..) | Self::Directory(field) => {
                (field.get)(config).as_os_str().as_bytes().to_vec()
            }
            Self::Words(field) => (field.get)(config).join(" ").into_bytes(),
            Self::SavePoints(field) => SavePoint::print((field.get)(config)).into_bytes(),
            Self::OutputLimits(field) => (field.get)(config).print().into_bytes(),
            Self::Events(field) => (field.get)(config).print().into_bytes(),
            Self::Shutdown(field) => (field.get)(config).print().into_bytes(),
        }
    }

    fn set(&self, config: &mut Config, name: &str, words: &[&[u8]]) -> Result<(), Refusal> {
        let word = words.first().copied().unwrap_or_default();
        match self {
            Self::Bool(field) => *(field.get_mut)(config) = parse::boolean(word)?,
            Self::Integer(number, range) => {
                let why = "argument couldn't be parsed into an integer";
                let value = parse::integer(word).ok_or(Refusal::Unfit(why.into()))?;
                (number.set)(config, in_range(value, range)?);
            }
            Self::Memory(number, range) => {
                let why = "argument must be a memory value";
                let value = parse::memory(word).ok_or(Refusal::Unfit(why.into()))?;
                let value = value.try_into().map_err(|_| out_of(range))?;
                (number.set)(config, in_range(value, range)?);
            }
            Self::Choice(named) => {
                if !(named.set)(config, word) {
                    return Err(Refusal::not_one_of(&(named.names)(config)));
                }
            }
            Self::Password(field) => *(field.get_mut)(config) = word.to_vec(),
            Self::Path(field) => *(field.get_mut)(config) = OsStr::from_bytes(word).into(),
            Self::FileName(field, noun, empty) => {
                *(field.get_mut)(config) = file_name(word, name, noun, *empty)?;
            }
            Self::Directory(field) => {
                let path = (field.get_mut)(config);
                *path = directory(path, word)?;
            }
            Self::Words(field) => *(field.get_mut)(config) = addresses(words)?,
            Self::SavePoints(field) => *(field.get_mut)(config) = SavePoint::parse(words)?,
            Self::OutputLimits(field) => (field.get_mut)(config).update(words)?,
            Self::Events(field) => *(field.get_mut)(config) = Events::parse(word)?,
            Self::Shutdown(field) => *(field.get_mut)(config) = ShutdownOptions::parse(words)?,
        }
        Ok(())
    }
}

impl Parameter {
    /// Sets the parameter. One word for a kind of several words is split at spaces.
    ///
    /// # Errors
    /// What is wrong with the value; `config` is then to be thrown away.
    pub(super) fn assign(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Refusal> {
        match words {
            [word] if self.kind.is_several() => {
                let words: Vec<&[u8]> = word.split(|byte| *byte == b' ').collect();
                self.kind.set(config, self.name, &words)?;
            }
            [_] => self.kind.set(config, self.name, words)?,
            [_, _, ..] if self.kind.is_several() => self.kind.set(config, self.name, words)?,
            _ => return Err(Refusal::Reason("wrong number of arguments".into())),
        }
        match self.only {
            Some((value, why)) if self.kind.print(config) != value.as_bytes() => {
                Err(Refusal::Reason(why.into()))
            }
            _ => Ok(()),
        }
    }
}

fn in_range(value: i64, range: &RangeInclusive<i64>) -> Result<i64, Refusal> {
    range
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| out_of(range))
}

fn out_of(range: &RangeInclusive<i64>) -> Refusal {
    let (least, most) = (range.start(), range.end());
    Refusal::Unfit(format!("argument must be between {least} and {most} inclusive").into())
}

fn file_name(word: &[u8], name: &str, noun: &str, empty: bool) -> Result<PathBuf, Refusal> {
    if word.is_empty() && !empty {
        return Err(Refusal::Reason(format!("{name} can't be empty").into()));
    }
    if word.contains(&b'/') || word.contains(&b'\\') {
        let why = format!("{name} can't be a path, just a {noun}");
        return Err(Refusal::Reason(why.into()));
    }
    Ok(OsStr::from_bytes(word).into())
}

fn directory(before: &Path, word: &[u8]) -> Result<PathBuf, Refusal> {
    let missing = "No such file or directory";
    if word.is_empty() {
        return Err(Refusal::Reason(missing.into()));
    }
    let path = before.join(OsStr::from_bytes(word)).canonicalize();
    let path = path.map_err(|error| Refusal::Reason(system_text(&error).into()))?;
    if !path.is_dir() {
        return Err(Refusal::Reason("Not a directory".into()));
    }
    Ok(path)
}

/// What C's `strerror` says, without the number that Rust adds.
fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.into(),
        None => text,
    }
}

fn addresses(words: &[&[u8]]) -> Result<Vec<String>, Refusal> {
    if let [b""] = words {
        return Ok(Vec::new());
    }
    if words.len() > MAX_ADDRESSES {
        return Err(Refusal::Unfit("Too many bind addresses specified.".into()));
    }
    let text = |word: &&[u8]| String::from_utf8(word.to_vec()).ok();
    let addresses: Option<Vec<String>> = words.iter().map(text).collect();
    addresses.ok_or(Refusal::Unfit("addresses must be text".into()))
}
