//! The command line and the config file, as redis-server takes them.

use super::Config;
use super::parse;
use super::table::{self, TABLE};
use anyhow::{Context, anyhow, bail};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Startup {
    /// Serve, with this configuration.
    Run(Box<Config>),
    /// Print this text, which has its line end, and end.
    Print(String),
}

impl Startup {
    /// Reads the arguments, without the program's name: perhaps the path of a config file, then
    /// `--name value ...` for any parameter. `-` reads a config file from standard input.
    ///
    /// The first word behind a name is its value even if it begins with `--`; only `--save` may have
    /// none. `"--name value"` may be one argument. What comes later wins.
    ///
    /// # Errors
    /// A file that cannot be read, a parameter that is not known, or a value that does not fit.
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Self> {
        let arguments = arguments.into_iter().map(OsString::into_vec);
        let mut arguments: VecDeque<Vec<u8>> = arguments.collect();
        let mut loader = Loader::new();
        match arguments.front().map(Vec::as_slice) {
            Some(b"-h" | b"--help") => return Ok(Self::Print(help())),
            Some(b"-v" | b"--version") => return Ok(Self::Print(version())),
            Some(path) if !path.starts_with(b"-") => {
                loader.read_file(Path::new(OsStr::from_bytes(path)))?;
                arguments.pop_front();
            }
            _ => {}
        }
        if take_dash(&mut arguments) {
            let mut text = Vec::new();
            let read = io::stdin().read_to_end(&mut text);
            read.context("cannot read the configuration from standard input")?;
            loader.read_text("standard input", &text)?;
        }
        for words in options(&arguments)? {
            loader.set("--", &words)?;
        }
        Ok(Self::Run(Box::new(loader.config)))
    }
}

/// Removes a `-` that is the first or the last argument.
fn take_dash(arguments: &mut VecDeque<Vec<u8>>) -> bool {
    let is_dash = |argument: Option<&Vec<u8>>| argument.is_some_and(|argument| argument == b"-");
    if is_dash(arguments.front()) {
        return arguments.pop_front().is_some();
    }
    is_dash(arguments.back()) && arguments.pop_back().is_some()
}

/// Groups arguments into parameters: each a name with its values.
fn options(arguments: &VecDeque<Vec<u8>>) -> anyhow::Result<Vec<Vec<Vec<u8>>>> {
    let mut options: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut arguments = arguments.iter().peekable();
    let mut wants_value = false;
    while let Some(argument) = arguments.next() {
        if let (false, Some(name)) = (wants_value, argument.strip_prefix(b"--")) {
            let balanced = parse::words(name);
            let mut words = balanced.with_context(|| format!("open quotes in {}", shown(name)))?;
            wants_value = words.len() == 1;
            let none = arguments.peek().is_none_or(|next| next.starts_with(b"--"));
            if wants_value && none && name.eq_ignore_ascii_case(b"save") {
                words.push(Vec::new());
                wants_value = false;
            }
            options.push(words);
        } else {
            let option = options.last_mut();
            let option = option.with_context(|| format!("{} is not a flag", shown(argument)))?;
            option.push(argument.clone());
            wants_value = false;
        }
    }
    Ok(options)
}

/// Reads parameters one after another.
struct Loader {
    config: Config,
    /// Whether a `save` was read: the first one replaces the defaults, others add to it.
    save_read: bool,
}

impl Loader {
    fn new() -> Self {
        Self {
            config: Config::standard(),
            save_read: false,
        }
    }

    fn read_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let shown = path.display();
        let text =
            fs::read(path).with_context(|| format!("cannot read the config file {shown}"))?;
        // Made absolute before `dir` can change what it is relative to.
        let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
        self.config.config_file = Some(absolute);
        self.read_text(&shown.to_string(), &text)
    }

    fn read_text(&mut self, source: &str, text: &[u8]) -> anyhow::Result<()> {
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let words = parse::words(line).context("open quotes");
            words
                .and_then(|words| self.set("", &words))
                .with_context(|| format!("{source}, line {number}"))?;
        }
        Ok(())
    }

    /// Sets the parameter whose name is the first word, before which `dashes` stood, to the others.
    fn set(&mut self, dashes: &str, words: &[Vec<u8>]) -> anyhow::Result<()> {
        let (name, values) = words.split_first().context("-- is not a flag")?;
        let Some((row, name)) = table::find(name) else {
            let name = String::from_utf8_lossy(name);
            bail!("there is no parameter {dashes}{name}; --help lists those there are");
        };
        let mut words: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let before = (row.get)(&self.config).print();
        if row.name == "save" {
            let adds = self.save_read && !before.is_empty() && words != [b""];
            words.splice(0..0, adds.then_some(before.as_slice()));
            self.save_read = true;
        }
        let assigned = row.assign(&mut self.config, &words);
        let given: String = values
            .iter()
            .map(|value| format!(" {}", shown(value)))
            .collect();
        assigned.map_err(|why| anyhow!("{dashes}{name}{given}: {}", why.0))
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&parse::quoted(text)).into_owned()
}

fn version() -> String {
    format!("{} {}\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// The help: every row of the table, under its group's heading.
fn help() -> String {
    let name = env!("CARGO_PKG_NAME");
    let mut text = format!(
        "{}\n\nUsage: {name} [CONFIG_FILE] [-] [--NAME VALUE ...]\n\n  \
         CONFIG_FILE  a file like redis.conf; - reads one from standard input\n  \
         -h, --help   this text\n  -v, --version\n",
        env!("CARGO_PKG_DESCRIPTION"),
    );
    let width = TABLE.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut group = "";
    for row in TABLE {
        if row.group != group {
            group = row.group;
            let _ = write!(text, "\n{group}\n");
        }
        let default = if row.default.is_empty() {
            "\"\""
        } else {
            row.default
        };
        let (name, summary) = (row.name, row.summary);
        let _ = writeln!(
            text,
            "  --{name:width$} {summary}\n    {:width$}  Default: {default}",
            ""
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Config {
        match start(arguments).unwrap() {
            Startup::Run(config) => *config,
            Startup::Print(text) => panic!("{text}"),
        }
    }

    fn start(arguments: &[&str]) -> anyhow::Result<Startup> {
        Startup::from_arguments(arguments.iter().map(OsString::from))
    }

    fn refused(arguments: &[&str]) -> String {
        format!("{:#}", start(arguments).unwrap_err())
    }

    #[test]
    fn flags_are_redis_servers() {
        assert_eq!(run(&["--port", "0", "--PORT", "7"]).port, 7);
        assert_eq!(run(&["--port 5"]).port, 5);
        for (arguments, save) in [
            (&["--save", "60", "1", "--port", "0"][..], "60 1"),
            (&["--save", "60 1", "--save", "70 2"], "60 1 70 2"),
            (&["--save", ""], ""),
            (&["--save"], ""),
            (&["--save", "--port", "0"], ""),
        ] {
            assert_eq!(run(arguments).get([&b"save"[..]])[0].1, save.as_bytes());
        }
        let config = run(&["--dbfilename", "--port", "--port", "1"]);
        assert_eq!(config.dbfilename, PathBuf::from("--port"));
        assert_eq!(run(&["--bind", "::1", "1.2.3.4"]).bind, ["::1", "1.2.3.4"]);
    }

    #[test]
    fn refusals_name_the_flag_and_the_reason() {
        for (arguments, text) in [
            (
                &["--port", "x"][..],
                "--port \"x\": argument couldn't be parsed into an integer",
            ),
            (
                &["--port", "70000"],
                "--port \"70000\": argument must be between 0 and 65535 inclusive",
            ),
            (&["--port"], "--port: wrong number of arguments"),
            (
                &["--port", "1", "2"],
                "--port \"1\" \"2\": wrong number of arguments",
            ),
            (
                &["--nosuch", "1"],
                "there is no parameter --nosuch; --help lists those there are",
            ),
            (
                &["--appendonly", "yes"],
                "--appendonly \"yes\": this server has no append-only file yet",
            ),
            (
                &["--dir", "/nonexistent"],
                "--dir \"/nonexistent\": No such file or directory",
            ),
            (&["-x"], "\"-x\" is not a flag"),
            (&["--"], "-- is not a flag"),
        ] {
            assert_eq!(refused(arguments), text);
        }
        let text = "cannot read the config file /nonexistent";
        assert!(refused(&["/nonexistent"]).starts_with(text));
        let mut loader = Loader::new();
        let error = loader
            .read_text("x", b"# a\nhz 2\n\nwrong 1\n")
            .unwrap_err();
        let text = "x, line 4: there is no parameter wrong; --help lists those there are";
        assert_eq!(format!("{error:#}"), text);
    }

    #[test]
    fn help_names_every_parameter() {
        let Startup::Print(help) = start(&["--help"]).unwrap() else {
            panic!("no help");
        };
        assert!(
            TABLE
                .iter()
                .all(|row| help.contains(&format!("  --{} ", row.name)))
        );
        assert!(matches!(start(&["-v"]), Ok(Startup::Print(_))));
    }
}
