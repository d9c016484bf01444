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
//! `:1..5` an integer in that range, `[a b nil]` an array of bulk strings, `{a b}` the same in any
//! order, `WRONGTYPE` Redis's error for a value of another type, and anything else the reply's line as
//! it is.

use crate::client::{Client, bulk, request};
use crate::failure::{Failure, shown};
use crate::reply::Reply;
use crate::target::Target;

/// The answer of every command that meets a value of another type.
pub const WRONG_TYPE: &str =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

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
            "WRONGTYPE" => client.ask(&args, WRONG_TYPE),
            expected => match (range(expected), words(expected, '{', '}', key)) {
                (Some((low, high)), _) => ask_for_integer(client, &args, low, high),
                (_, Some(words)) => ask_for_any_order(client, &args, words),
                _ => client.ask(&args, expected_bytes(expected, key)),
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

/// The words between two brackets, as arguments.
fn words(text: &str, open: char, close: char, key: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let words = inner.split_whitespace();
    Some(words.map(|word| argument(word, key)).collect())
}

fn expected_bytes(expected: &str, key: &str) -> Vec<u8> {
    if let Some(words) = words(expected, '[', ']', key) {
        return array(&words);
    }
    let quoted = expected
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(text) => bulk(text),
        None => format!("{expected}\r\n").into_bytes(),
    }
}

/// An array of bulk strings, as a reply; the word `nil` stands for a null.
pub fn array<A: AsRef<[u8]>>(words: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        match word.as_ref() {
            b"nil" => bytes.extend_from_slice(b"$-1\r\n"),
            word => bytes.extend(bulk(word)),
        }
    }
    bytes
}

/// Sends a request, and expects an array of these bulk strings in any order.
///
/// # Errors
/// As [`Client::query`], and when it is another array.
pub fn ask_for_any_order<A: AsRef<[u8]>>(
    client: &mut Client,
    args: &[A],
    mut words: Vec<String>,
) -> Result<(), Failure> {
    client.send(request(args))?;
    let (reply, bytes) = client.raw_reply()?;
    let mut came: Vec<&[u8]> = match &reply {
        Reply::Array(elements) => elements.iter().filter_map(Reply::bulk).collect(),
        _ => return Err(client.unexpected("an array", &bytes)),
    };
    came.sort_unstable();
    words.sort_unstable();
    let whole = reply.array().map(<[Reply]>::len) == Some(came.len());
    if whole && came.iter().copied().eq(words.iter().map(String::as_bytes)) {
        return Ok(());
    }
    let expected = format!("in any order: {}", shown(&array(&words)));
    Err(client.unexpected(expected, &bytes))
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
        assert_eq!(expected_bytes("\"a b\"", "k"), b"$3\r\na b\r\n");
        assert_eq!(expected_bytes("-ERR no", "k"), b"-ERR no\r\n");
        let expected = b"*3\r\n$1\r\nk\r\n$-1\r\n$0\r\n\r\n";
        assert_eq!(expected_bytes("[@ nil '']", "k"), expected);
        assert_eq!(expected_bytes("[]", "k"), b"*0\r\n");
        let braced = words("{@1 b}", '{', '}', "k").unwrap();
        assert_eq!(braced, ["k:1", "b"]);
        assert_eq!(range(":-3..5"), Some((-3, 5)));
        assert_eq!(range(":5"), None);
        assert_eq!(argument("@", "k"), "k");
        assert_eq!(argument("@2", "k"), "k:2");
        assert_eq!(argument("''", "k"), "");
    }
}
