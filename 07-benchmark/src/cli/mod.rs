//! The command line: redis-benchmark's flags, and long ones of our own.
//!
//! ```text
//! mod -> help, rules -> table -> draft -> defaults, uri -> values, words
//!                         \-> error
//! ```

mod defaults;
mod draft;
mod error;
mod help;
mod rules;
mod table;
mod uri;
mod values;
mod words;

#[cfg(test)]
mod tests;

use crate::options::Options;
use draft::Draft;
pub use error::Error;
use lexopt::{Arg, Parser};
use std::ffi::OsString;
use table::Flag;

/// What a command line asks for.
#[derive(Clone, Debug)]
pub enum Invocation {
    /// To do something.
    Run(Box<Options>),
    /// `--help` or `--version`: this text, for standard output.
    Print(String),
}

/// Reads the arguments of the program, without its own name.
///
/// # Errors
/// A flag that is not known, a value that does not fit it, flags that do not go together, or that together
/// ask for too much.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, Error> {
    let mut parser = Parser::from_args(args);
    let mut draft = Draft::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Value(word) => command_at_the_end(word, &mut parser, &mut draft)?,
            named => match table::find(&named)? {
                flag if flag.name == "--help" => return Ok(Invocation::Print(help::text())),
                flag if flag.name == "--version" => return Ok(Invocation::Print(help::version())),
                flag => take(flag, &mut parser, &mut draft)?,
            },
        }
    }
    rules::check_flags(&draft)?;
    let options = draft.options();
    rules::check_together(&draft, &options)?;
    Ok(Invocation::Run(Box::new(options)))
}

/// The first word that is no flag begins a command: all words behind it are part of it, even when they look
/// like flags.
fn command_at_the_end(word: OsString, parser: &mut Parser, draft: &mut Draft) -> Result<(), Error> {
    let rest = parser.raw_args()?;
    draft.given.push(table::COMMAND);
    draft.command([word].into_iter().chain(rest));
    Ok(())
}

/// Flags whose values hold passwords, which have no place in an error.
const SECRETS: [&str; 2] = ["-a", "-u"];

/// Takes a flag, with its value if it has one.
fn take(flag: &'static Flag, parser: &mut Parser, draft: &mut Draft) -> Result<(), Error> {
    let (name, placeholder) = (flag.name, flag.value);
    let value = match placeholder {
        "" => OsString::new(),
        _ => parser
            .value()
            .map_err(|_| Error::new(format!("{name} needs a value: {name} {placeholder}")))?,
    };
    draft.given.push(name);
    let shown = match SECRETS.contains(&name) {
        true => name.to_string(),
        false => format!("{name} {}", value.display()),
    };
    (flag.set)(draft, value).map_err(|problem| Error::new(format!("{shown}: {problem}")))
}
