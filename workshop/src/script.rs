//! Conversations written down as a person would type them.
//!
//! ```text
//! SET @ v EX 100   -> +OK
//! GET @            -> "v"
//! TTL @            -> :99..100
//! GET @other       -> nil
//! ```
//!
//! `@` stands for a key that nothing else uses, `@word` for another one, and `''` for an empty
//! argument. Behind the arrow stands the reply: `nil` is the null bulk string, `"..."` a bulk string,
//! `:1..5` an integer in that range, and anything else the reply's line as it is.

use crate::client::{Client, bulk, request};
use crate::failure::{Failure, shown};
use crate::target::Target;

/// Plays a conversation on a connection of its own.
///
/// # Errors
/// The first line that is answered otherwise.
pub fn play(target: &Target, script: &str) -> Result<(), Failure> {
    let mut client = target.connect()?;
    play_on(&mut client, &target.key(), script)?;
    client.settle()
}

/// Plays a conversation on this connection. `@` is `key`.
///
/// # Errors
/// As [`play`].
pub fn play_on(client: &mut Client, key: &str, script: &str) -> Result<(), Failure> {
    let lines = script.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty()) {
        let Some((command, expected)) = line.rsplit_once("->") else {
            return Err(Failure::new("a check that makes sense", line));
        };
        let args: Vec<String> = command
            .split_whitespace()
            .map(|word| argument(word, key))
            .collect();
        let typed = || format!("{}   ({})", args.join(" "), shown(&request(&args)));
        let played = match expected.trim() {
            "nil" => client.ask(&args, "$-1\r\n"),
            expected => match range(expected) {
                Some((low, high)) => ask_for_integer(client, &args, low, high),
                None => client.ask(&args, expected_bytes(expected)),
            },
        };
        played.map_err(|failure| failure.instead_of_sent(typed()))?;
    }
    Ok(())
}

fn argument(word: &str, key: &str) -> String {
    match word.strip_prefix('@') {
        Some("") => key.into(),
        Some(other) => format!("{key}:{other}"),
        None if word == "''" => String::new(),
        None => word.into(),
    }
}

fn expected_bytes(expected: &str) -> Vec<u8> {
    let quoted = expected
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(text) => bulk(text),
        None => format!("{expected}\r\n").into_bytes(),
    }
}

fn range(expected: &str) -> Option<(i64, i64)> {
    let (low, high) = expected.strip_prefix(':')?.split_once("..")?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn ask_for_integer(
    client: &mut Client,
    args: &[String],
    low: i64,
    high: i64,
) -> Result<(), Failure> {
    client.send(request(args))?;
    let (reply, bytes) = client.raw_reply()?;
    match reply.integer() {
        Some(value) if (low..=high).contains(&value) => Ok(()),
        _ => Err(client.unexpected(format!("an integer from {low} to {high}"), &bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_written_for_people() {
        assert_eq!(expected_bytes("\"a b\""), b"$3\r\na b\r\n");
        assert_eq!(expected_bytes("-ERR no"), b"-ERR no\r\n");
        assert_eq!(range(":-3..5"), Some((-3, 5)));
        assert_eq!(range(":5"), None);
        assert_eq!(argument("@", "k"), "k");
        assert_eq!(argument("@2", "k"), "k:2");
        assert_eq!(argument("''", "k"), "");
    }
}
