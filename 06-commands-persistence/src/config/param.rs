//! What a parameter is: how a type of values is set from a text, and printed. Here are the simple types; those with names or
//! parts are in [`super::value`]. Texts are those of redis-server.

use super::parse;
use crate::resp::integer;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The most addresses to listen on, as in Redis.
const MAX_ADDRESSES: usize = 16;

/// A type of values.
pub trait Param {
    /// Sets the value from a text.
    ///
    /// # Errors
    /// What is wrong with the text; the value is then to be thrown away.
    fn set(&mut self, text: &[u8], rules: &Rules) -> Result<(), Refusal>;

    /// The value as CONFIG GET prints it.
    fn print(&self) -> Vec<u8>;

    /// The value as a config file has it: one line, or more.
    fn lines(&self) -> Vec<Vec<u8>> {
        vec![self.print()]
    }
}

/// What a value must keep to.
#[derive(Debug)]
pub struct Rules {
    /// The parameter's name, for refusals.
    pub name: &'static str,
    /// The least and the most that a number may be.
    pub bounds: RangeInclusive<i64>,
    /// What a path must be: checks one, given what it was, its text, and the parameter's name.
    pub check: Option<PathCheck>,
}

/// See [`Rules::check`].
pub type PathCheck = fn(&Path, &[u8], &str) -> Result<PathBuf, Refusal>;

/// Why a value was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Cow<'static, str>);

impl Refusal {
    /// The refusal of a name that is none of these.
    pub(super) fn not_one_of(names: &[&str]) -> Self {
        format!(
            "argument(s) must be one of the following: {}",
            names.join(", ")
        )
        .into()
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Refusal {
    fn from(why: T) -> Self {
        Self(why.into())
    }
}

impl Param for bool {
    fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
        *self = match text.to_ascii_lowercase().as_slice() {
            b"yes" => true,
            b"no" => false,
            _ => return Err("argument must be 'yes' or 'no'".into()),
        };
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        if *self { "yes" } else { "no" }.into()
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Param for $integer {
            fn set(&mut self, text: &[u8], rules: &Rules) -> Result<(), Refusal> {
                let value = integer::parse(text);
                let value = value.ok_or("argument couldn't be parsed into an integer")?;
                *self = within(Some(value), rules)?;
                Ok(())
            }

            fn print(&self) -> Vec<u8> {
                self.to_string().into()
            }
        }
    )*};
}

integers!(u8 u16 u32 i32 usize);

/// A number that is within the rules' bounds and fits its type.
fn within<T: TryFrom<i64>>(value: Option<i64>, rules: &Rules) -> Result<T, Refusal> {
    let value = value.filter(|value| rules.bounds.contains(value));
    let value = value.and_then(|value| value.try_into().ok());
    let (least, most) = (rules.bounds.start(), rules.bounds.end());
    let why = || format!("argument must be between {least} and {most} inclusive");
    Ok(value.ok_or_else(why)?)
}

/// A number of bytes, which may have a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub usize);

impl Param for Size {
    fn set(&mut self, text: &[u8], rules: &Rules) -> Result<(), Refusal> {
        let bytes = parse::memory(text).ok_or("argument must be a memory value")?;
        *self = Self(within(bytes.try_into().ok(), rules)?);
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        self.0.to_string().into()
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        vec![parse::memory_text(self.0 as u64).into()]
    }
}

impl Param for PathBuf {
    fn set(&mut self, text: &[u8], rules: &Rules) -> Result<(), Refusal> {
        *self = match rules.check {
            Some(check) => check(self, text, rules.name)?,
            None => OsStr::from_bytes(text).into(),
        };
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        self.as_os_str().as_bytes().into()
    }
}

/// A name without directories.
pub(super) fn file_name(_: &Path, text: &[u8], name: &str) -> Result<PathBuf, Refusal> {
    if text.contains(&b'/') || text.contains(&b'\\') {
        let is_file = name.ends_with("filename");
        let noun = if is_file { "filename" } else { "dirname" };
        return Err(format!("{name} can't be a path, just a {noun}").into());
    }
    Ok(OsStr::from_bytes(text).into())
}

/// The same, but not the empty one.
pub(super) fn some_file_name(old: &Path, text: &[u8], name: &str) -> Result<PathBuf, Refusal> {
    if text.is_empty() {
        return Err(format!("{name} can't be empty").into());
    }
    file_name(old, text, name)
}

/// A directory that exists. It is kept as an absolute path without links; a relative one begins where the old one is.
pub(super) fn directory(old: &Path, text: &[u8], _: &str) -> Result<PathBuf, Refusal> {
    if text.is_empty() {
        return Err("No such file or directory".into());
    }
    let path = old.join(OsStr::from_bytes(text)).canonicalize();
    let path = path.map_err(|error| system_text(&error))?;
    if !path.is_dir() {
        return Err("Not a directory".into());
    }
    Ok(path)
}

/// What C's `strerror` says, without the number that Rust adds.
fn system_text(error: &io::Error) -> String {
    let mut text = error.to_string();
    text.truncate(text.find(" (os error").unwrap_or(text.len()));
    text
}

/// Addresses.
impl Param for Vec<String> {
    fn set(&mut self, text: &[u8], _: &Rules) -> Result<(), Refusal> {
        let text = str::from_utf8(text).map_err(|_| "addresses must be text")?;
        let words = text.split(' ').filter(|_| !text.is_empty());
        *self = words.map(String::from).collect();
        if self.len() > MAX_ADDRESSES {
            return Err("Too many bind addresses specified.".into());
        }
        Ok(())
    }

    fn print(&self) -> Vec<u8> {
        self.join(" ").into()
    }
}
