//! `workshop check`: tries the checks of a stage on a server, and tells what to mend first.

use crate::checks::{self, Check, PROTOCOL, Part};
use crate::diagnosis::diagnose;
use crate::failure::{End, Failure};
use crate::findings::{Cause, Findings, Outcome};
use crate::requests::requests;
use crate::server::Server;
use crate::stage::STAGES;
use crate::target::Target;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

/// Colours for a terminal, or none.
#[derive(Clone, Copy, Debug)]
pub struct Colours(bool);

impl Colours {
    /// None.
    pub const NONE: Self = Self(false);

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

/// What is to be checked, and how.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// How far the server is.
    pub part: Part,
    /// Only this check.
    pub only: Option<&'static Check>,
    /// Try all, also behind one that fails.
    pub all: bool,
    /// A server of the learner's own. `None`: the one that the course has for this stage.
    pub address: Option<SocketAddr>,
}

/// Checks a server. Whether it passed.
///
/// # Errors
/// The stage's server can't be built or started, or the output can't be written.
pub fn check(order: Order) -> anyhow::Result<bool> {
    let stage = order.part.stage;
    let (server, address) = match order.address {
        Some(address) => (None, address),
        None => {
            let server = Server::start(stage)?;
            let address = server.address();
            (Some(server), address)
        }
    };
    let whose = if server.is_some() { "its own" } else { "your" };
    let mut out = io::stdout().lock();
    let upto = match order.part.chapter {
        Some(chapter) => format!(" up to chapter {chapter}"),
        None => String::new(),
    };
    let folder = stage.folder;
    writeln!(out, "Stage {folder}{upto}, {whose} server at {address}")?;
    let colours = Colours::for_standard_output();
    Ok(run(order, &Target::new(address), colours, &mut out)?)
}

/// Tries checks one after the other, up to the first that fails or all. Whether none failed.
///
/// # Errors
/// The output can't be written.
pub fn run(
    order: Order,
    target: &Target,
    colours: Colours,
    out: &mut impl Write,
) -> io::Result<bool> {
    let checks: Vec<&'static Check> = match order.only {
        Some(check) => vec![check],
        None => order.part.checks().collect(),
    };
    let printer = Printer {
        colours,
        width: width(checks.iter().copied()),
    };
    let mut findings = Findings::default();
    let mut group = "";
    let mut left = checks.len();
    for check in checks {
        let this = check.id.rsplit_once('.').map_or("", |(group, _)| group);
        if this != group {
            writeln!(out)?;
            group = this;
        }
        let outcome = findings.add(check, order.address.is_none(), target);
        printer.check(check, &outcome, out)?;
        left -= 1;
        if matches!(outcome, Outcome::Failed(_)) && !order.all {
            break;
        }
    }
    printer.summary(&findings, left, out)?;
    Ok(findings.causes.is_empty())
}

/// How wide the column of ids is.
fn width(checks: impl Iterator<Item = &'static Check>) -> usize {
    let longest = checks.map(|check| check.id.len() + 1).max();
    longest.unwrap_or_default().max(6)
}

struct Printer {
    colours: Colours,
    width: usize,
}

impl Printer {
    fn check(&self, check: &Check, outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
        let (width, colours) = (self.width, self.colours);
        let Check {
            id, title, hint, ..
        } = check;
        match outcome {
            Outcome::Passed => writeln!(out, "{id:>width$}  {}      {title}", colours.green("ok")),
            Outcome::Skipped(need) => {
                let skipped = colours.yellow("skipped");
                writeln!(out, "{id:>width$}  {skipped}: needs {need}  {title}")
            }
            Outcome::Note => {
                writeln!(out, "{id:>width$}  {}    {title}", colours.yellow("note"))?;
                self.line("", hint, out)
            }
            Outcome::Failed(failure) => {
                writeln!(out, "{id:>width$}  {}  {title}", colours.red("FAILED"))?;
                for line in failure.to_string().lines() {
                    writeln!(out, "{:width$}          {line}", "")?;
                }
                if let Some(diagnosis) = diagnose(&failure.evidence) {
                    self.line("likely", &diagnosis.sentence, out)?;
                }
                if failure.evidence.end == End::Refused {
                    return Ok(());
                }
                self.line("hint", hint, out)?;
                for page in where_to_read(check, failure) {
                    self.line("read", &page, out)?;
                }
                Ok(())
            }
        }
    }

    fn line(&self, label: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
        let width = self.width;
        let label = self.colours.yellow(&format!("{label:<8}"));
        writeln!(out, "{:width$}          {label}  {text}", "")
    }

    fn summary(&self, findings: &Findings, left: usize, out: &mut impl Write) -> io::Result<()> {
        let passed = findings.passed;
        let checks = if passed == 1 { "check" } else { "checks" };
        let Some(first) = findings.causes.first() else {
            let text = format!("{passed} {checks} passed");
            return writeln!(out, "\n{}", self.colours.green(&text));
        };
        let (failed, skipped) = findings.failed_and_skipped();
        let mut text = format!("{passed} {checks} passed, {failed} failed");
        for (count, what) in [(skipped, "skipped"), (left, "not tried")] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        writeln!(out, "\n{}", self.colours.red(&text))?;
        writeln!(out, "Mend first: {} {}", first.check.id, first.check.title)?;
        for cause in &findings.causes {
            self.cause(cause, out)?;
        }
        if left > 0 {
            let again = "ALL=1 tries all checks, and CHECK";
            writeln!(out, "{again}={} this one alone.", first.check.id)?;
        }
        Ok(())
    }

    /// What else hangs on a check, where anything does.
    fn cause(&self, cause: &Cause, out: &mut impl Write) -> io::Result<()> {
        let width = self.width;
        for (what, ids) in [
            ("the same cause", &cause.same),
            ("wait for it", &cause.skipped),
        ] {
            if !ids.is_empty() {
                writeln!(out, "{:>width$}  {what}: {}", cause.check.id, ids.join(" "))?;
            }
        }
        Ok(())
    }
}

/// The page of the course, and that of the specification.
fn where_to_read(check: &Check, failure: &Failure) -> Vec<String> {
    let asked = requests(&failure.evidence.sent).args.pop();
    let name = asked.and_then(|args| args.into_iter().next());
    let command = || {
        let name = String::from_utf8(name?).ok()?.to_ascii_lowercase();
        Some(format!("https://redis.io/docs/latest/commands/{name}/"))
    };
    let page = match check.page {
        "" if check.first == 1 => None,
        "" => command().or_else(|| Some(PROTOCOL.into())),
        page => Some(page.into()),
    };
    Some(check.guide.into()).into_iter().chain(page).collect()
}

/// Prints all checks.
///
/// # Errors
/// The output can't be written.
pub fn list(out: &mut impl Write) -> io::Result<()> {
    let width = width(checks::all());
    for check in checks::all() {
        writeln!(out, "{:>width$}  {}", check.id, check.title)?;
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
         make check STAGE=06.0                        check it up to a chapter\n  \
         make check STAGE=05 ALL=1                    go on behind a check that fails\n  \
         make check CHECK=05.3                        try this one alone\n\n\
         The stages are:\n{folders}"
    )
}
