//! `workshop check`: tries all checks of a stage on a server, and tells what it found.

use crate::checks::{self, Check, Part};
use crate::failure::Failure;
use crate::server::Server;
use crate::stage::STAGES;
use crate::target::Target;
use anyhow::bail;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

/// Colours for a terminal, or none.
#[derive(Clone, Copy, Debug)]
pub struct Colours(bool);

impl Colours {
    /// Colours if standard output is a terminal, and nobody has set `NO_COLOR`.
    pub fn for_standard_output() -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(io::stdout().is_terminal() && !refused)
    }

    fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.into()
        }
    }
}

/// Checks the stage's own server, or the one at `address`. Whether all checks passed.
///
/// # Errors
/// The stage's server can't be built or started, or the output can't be written.
pub fn check(part: Part, address: Option<SocketAddr>) -> anyhow::Result<bool> {
    let server = match address {
        Some(address) => {
            somebody_listens(address)?;
            None
        }
        None => Some(Server::start(part.stage)?),
    };
    let own = server.as_ref().map(Server::address);
    let Some(address) = address.or(own) else {
        return Ok(false);
    };
    let whose = if server.is_some() { "its own" } else { "the" };
    let mut out = io::stdout().lock();
    let upto = match part.chapter {
        Some(chapter) => format!(" up to chapter {chapter}"),
        None => String::new(),
    };
    let folder = part.stage.folder;
    writeln!(out, "Stage {folder}{upto}, {whose} server at {address}")?;
    let colours = Colours::for_standard_output();
    Ok(run(part, &Target::new(address), colours, &mut out)?)
}

/// One sentence is better than every check's.
fn somebody_listens(address: SocketAddr) -> anyhow::Result<()> {
    match Target::new(address).connect() {
        Ok(_) => Ok(()),
        Err(_) => bail!("nobody listens on {address}. Start your server first, then check it"),
    }
}

/// Tries all checks of the part, one after the other. Whether all passed.
///
/// # Errors
/// The output can't be written.
pub fn run(
    part: Part,
    target: &Target,
    colours: Colours,
    out: &mut impl Write,
) -> io::Result<bool> {
    let (mut tried, mut passed) = (0, 0);
    let mut group = "";
    let width = width(part.checks());
    for check in part.checks() {
        let this = check.id.rsplit_once('.').map_or("", |(group, _)| group);
        if this != group {
            writeln!(out)?;
            group = this;
        }
        let result = check.run(target);
        tried += 1;
        passed += usize::from(result.is_ok());
        report(check, width, result, colours, out)?;
    }
    summarize(passed, tried, colours, out)?;
    Ok(passed == tried)
}

/// How wide the column of ids is.
fn width(checks: impl Iterator<Item = &'static Check>) -> usize {
    let longest = checks.map(|check| check.id.len() + 1).max();
    longest.unwrap_or_default().max(6)
}

fn report(
    check: &Check,
    width: usize,
    result: Result<(), Failure>,
    colours: Colours,
    out: &mut impl Write,
) -> io::Result<()> {
    let Check {
        id, title, hint, ..
    } = check;
    let Err(failure) = result else {
        return writeln!(out, "{id:>width$}  {}      {title}", colours.green("ok"));
    };
    writeln!(out, "{id:>width$}  {}  {title}", colours.red("FAILED"))?;
    for line in failure.to_string().lines() {
        writeln!(out, "{:width$}          {line}", "")?;
    }
    let label = colours.yellow("hint");
    writeln!(out, "{:width$}          {label}      {hint}", "")
}

fn summarize(
    passed: usize,
    tried: usize,
    colours: Colours,
    out: &mut impl Write,
) -> io::Result<()> {
    let summary = format!("{passed} of {tried} checks passed");
    let summary = if passed == tried {
        colours.green(&summary)
    } else {
        colours.red(&summary)
    };
    writeln!(out, "\n{summary}")
}

/// Prints all checks, with the stages they hold for.
///
/// # Errors
/// The output can't be written.
pub fn list(out: &mut impl Write) -> io::Result<()> {
    let width = width(checks::all());
    for check in checks::all() {
        let until = match check.last {
            Some(last) if last == check.first => format!("stage {last:02} only"),
            Some(last) => format!("up to stage {last:02}"),
            None => String::new(),
        };
        let line = format!("{:>width$}  {}", check.id, check.title);
        if until.is_empty() {
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{line} ({until})")?;
        }
    }
    Ok(())
}

/// How `make check` is used.
pub fn usage() -> String {
    let folders = STAGES.map(|stage| format!("  {}\n", stage.folder)).concat();
    format!(
        "Which stage? Say it by number or folder:\n\n  \
         make check STAGE=05                          check the stage's own server\n  \
         make check STAGE=05 ADDRESS=127.0.0.1:7000   check your server at that address\n  \
         make check STAGE=06.0                        check it up to a chapter\n\n\
         The stages are:\n{folders}"
    )
}
