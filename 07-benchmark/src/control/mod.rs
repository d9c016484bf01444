//! A connection to ask a server with, between runs and never during one.

mod value;
mod wire;

pub use value::{Value, printable};

use crate::target::{Address, Target, encoded};
use anyhow::{Context, anyhow, bail};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::time::Duration;
use wire::Wire;

/// How long connecting, or one answer, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server may take to throw away all keys of a database.
const FLUSH_PATIENCE: Duration = Duration::from_secs(120);

/// What servers answer in place of everything else, by how the text begins, and what it means.
#[rustfmt::skip]
const REFUSALS: [(&str, &str); 5] = [
    ("NOAUTH", "the server wants a password (-a)"),
    ("WRONGPASS", "the server does not take this password (-a, --user)"),
    ("LOADING", "the server is still loading its data"),
    ("DENIED", "the server refuses connections from elsewhere"),
    ("ERR max number of clients", "the server takes no further connections"),
];

/// How the error of a server begins that does not know a command.
const UNKNOWN: &str = "ERR unknown command";

/// A connection to a server. Calls block, each for a bounded time. When one fails the connection is given
/// up, and the next call begins with a new one. While this exists, a server that serves one client after
/// another (our first stages) serves nobody else.
pub struct Control {
    target: Target,
    patience: Duration,
    /// `None` after a failure: an answer that is still on its way would be taken for the next one.
    wire: Option<BufReader<Wire>>,
}

impl Control {
    /// Connects, and says what [`Target::greeting`] has. Each answer, and connecting, may take 10 seconds.
    ///
    /// # Errors
    /// Nobody listens there, the server does not take the greeting, or it answers nothing else yet.
    pub fn connect(target: &Target) -> anyhow::Result<Self> {
        Self::connect_within(target, PATIENCE)
    }

    fn connect_within(target: &Target, patience: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            target: target.clone(),
            patience,
            wire: Some(open(target, patience)?),
        })
    }

    /// From now on no answer, and no new connection, may take longer than `patience`.
    pub fn hurry(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Where the server listens.
    pub fn address(&self) -> &Address {
        &self.target.address
    }

    /// Sends a command and gives its answer, which may be an error of the server's ([`Value::Error`]).
    ///
    /// # Errors
    /// The connection failed, or there was no answer in time.
    pub fn call(&mut self, words: &[&[u8]]) -> anyhow::Result<Value> {
        self.call_within(words, self.patience)
    }

    fn call_within(&mut self, words: &[&[u8]], patience: Duration) -> anyhow::Result<Value> {
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => open(&self.target, self.patience)?,
        };
        let value = exchange(&mut wire, words, patience).with_context(|| self.what(words))?;
        self.wire = Some(wire);
        Ok(value)
    }

    /// The fields of a section of `INFO`. `None` where the server answers with an error: it does not know
    /// INFO, or does not let this user ask.
    /// <https://redis.io/docs/latest/commands/info/>
    ///
    /// # Errors
    /// As [`Control::call`].
    pub fn info(&mut self, section: &str) -> anyhow::Result<Option<BTreeMap<String, String>>> {
        let value = self.call(&[b"INFO", section.as_bytes()])?;
        Ok(match value {
            Value::Text(text) => Some(fields(&text)),
            _ => None,
        })
    }

    /// The settings whose names match a pattern, with their values; most often a single one. `None` where
    /// the server answers with an error, as in [`Control::info`].
    /// <https://redis.io/docs/latest/commands/config-get/>
    ///
    /// # Errors
    /// As [`Control::call`].
    pub fn config_get(&mut self, name: &str) -> anyhow::Result<Option<BTreeMap<String, String>>> {
        let value = self.call(&[b"CONFIG", b"GET", name.as_bytes()])?;
        Ok(match value {
            Value::List(values) => Some(values.chunks_exact(2).filter_map(setting).collect()),
            Value::Map(pairs) => {
                let pairs = pairs.into_iter().map(|(name, value)| [name, value]);
                Some(pairs.filter_map(|pair| setting(&pair)).collect())
            }
            _ => None,
        })
    }

    /// Whether the server says that it does not know the command of this name. Where it knows transactions
    /// it is asked within one that is given up, so that the command does nothing, even if it needs no
    /// arguments. Otherwise it is asked by the name alone.
    ///
    /// # Errors
    /// As [`Control::call`].
    pub fn is_unknown(&mut self, name: &[u8]) -> anyhow::Result<bool> {
        if let Value::Error(text) = self.call(&[b"MULTI"])?
            && !text.starts_with(UNKNOWN)
        {
            // This user may ask for nothing of the kind. The command's own errors will tell.
            return Ok(false);
        }
        let answer = self.call(&[name])?;
        // The connection ends the transaction, and whatever else the name has done to it.
        self.wire = None;
        Ok(matches!(answer, Value::Error(text) if text.starts_with(UNKNOWN)))
    }

    /// Removes all keys of the database. Waits up to two minutes.
    ///
    /// # Errors
    /// The server does not do it.
    pub fn flushdb(&mut self) -> anyhow::Result<()> {
        let words: [&[u8]; 1] = [b"FLUSHDB"];
        let patience = self.patience.max(FLUSH_PATIENCE);
        let text = match self.call_within(&words, patience)? {
            Value::Text(text) if text == b"OK" => return Ok(()),
            Value::Error(text) => text,
            Value::Text(text) => printable(&text),
            _ => "an answer of the wrong kind".to_string(),
        };
        bail!("{}: {text}", self.what(&words))
    }

    /// What was asked, and whom.
    fn what(&self, words: &[&[u8]]) -> String {
        let command = printable(words.first().copied().unwrap_or_default());
        format!("{command} at {}", self.address())
    }
}

/// A new connection that is ready for commands.
fn open(target: &Target, patience: Duration) -> anyhow::Result<BufReader<Wire>> {
    let socket = Wire::connect(&target.address, patience);
    let mut wire = BufReader::new(socket.map_err(|error| no_connection(target, &error))?);
    let mut ask = |words: &[&[u8]]| {
        exchange(&mut wire, words, patience).with_context(|| {
            let address = &target.address;
            format!("{address} takes connections, and does not answer as a Redis server")
        })
    };
    for command in target.greeting() {
        let words: Vec<&[u8]> = command.iter().map(String::as_bytes).collect();
        if let Value::Error(text) = ask(&words)? {
            bail!("{}", refusal(target, words.first().copied(), &text));
        }
    }
    // Some servers answer one more question with why they answer none. All other errors are of no matter
    // here: not every server knows this command, and not every user may say it. It is none of those whose
    // calls one would count before and after a run.
    let question = b"DBSIZE".as_slice();
    match ask(&[question])? {
        Value::Error(text) if meaning(&text).is_some() => {
            bail!("{}", refusal(target, Some(question), &text))
        }
        _ => Ok(wire),
    }
}

fn no_connection(target: &Target, error: &io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => "; is the server running?",
        _ => "",
    };
    anyhow!("cannot connect to {}: {error}{hint}", target.address)
}

fn meaning(error: &str) -> Option<&'static str> {
    let mut refusals = REFUSALS.iter();
    let (_, meaning) = refusals.find(|(begin, _)| error.starts_with(begin))?;
    Some(meaning)
}

/// Says why a server can't be used. Some repeat what they do not understand: the password is taken out.
fn refusal(target: &Target, command: Option<&[u8]>, error: &str) -> String {
    let command = printable(command.unwrap_or_default());
    let meaning = meaning(error).map_or_else(|| format!("{command} failed"), str::to_string);
    let error = match target.password.as_deref() {
        Some(password) if !password.is_empty() => error.replace(password, "***"),
        _ => error.to_string(),
    };
    format!("{}: {meaning}: {error}", target.address)
}

fn exchange(
    wire: &mut BufReader<Wire>,
    words: &[&[u8]],
    patience: Duration,
) -> anyhow::Result<Value> {
    wire.get_mut().allow(patience);
    let sent = wire.get_mut().write_all(&encoded(words));
    // Read even if nothing could be sent: a server that hangs up may have said why.
    match (value::read(wire), sent) {
        (Ok(value), _) => Ok(value),
        (Err(_), Err(error)) => Err(error.into()),
        (Err(error), Ok(())) => Err(error),
    }
}

/// The lines `name:value` of a text.
fn fields(text: &[u8]) -> BTreeMap<String, String> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .map(printable)
        .filter_map(|line| field(&line))
        .collect()
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_string(), value.to_string()))
}

fn setting(pair: &[Value]) -> Option<(String, String)> {
    match pair {
        [Value::Text(name), Value::Text(value)] => Some((printable(name), printable(value))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
