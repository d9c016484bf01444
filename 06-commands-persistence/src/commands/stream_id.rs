//! Ids of stream entries in requests, and in replies.

use super::{CommandError, Outcome};
use crate::keyspace::stream::id::StreamId;
use crate::keyspace::stream::node::Entry;
use crate::resp::integer::{self, MAX_TEXT};
use crate::resp::reply::Reply;

const INVALID_ID: CommandError =
    CommandError::new("ERR Invalid stream ID specified as stream command argument");
const INVALID_START: CommandError = CommandError::new("ERR invalid start ID for the interval");
const INVALID_END: CommandError = CommandError::new("ERR invalid end ID for the interval");

/// The longest text that is read as an id.
const MAX_ID: usize = 127;

/// An id that a client gives for a new entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// `5-3`, or `5` for `5-0`.
    Whole(StreamId),
    /// `5-*`: the server gives the second part.
    Ms(u64),
    /// `*`: it gives both.
    Any,
}

/// The id that `text` is: `5-3`, or `5`, which leaves the second part to `missing`.
///
/// # Errors
/// It is none.
pub fn parse(text: &[u8], missing: u64) -> Result<StreamId, CommandError> {
    let (ms, seq) = split(text).ok_or(INVALID_ID)?;
    let ms = parse_part(ms).ok_or(INVALID_ID)?;
    let seq = seq.map_or(Some(missing), parse_part).ok_or(INVALID_ID)?;
    Ok(StreamId::new(ms, seq))
}

/// The same, or `-` or `+` for the smallest and the largest one.
///
/// # Errors
/// It is none.
pub fn parse_or_edge(text: &[u8], missing: u64) -> Result<StreamId, CommandError> {
    match text {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        text => parse(text, missing),
    }
}

/// The id that a new entry is to have.
///
/// # Errors
/// It is none.
pub fn parse_new(text: &[u8]) -> Result<NewId, CommandError> {
    if text == b"*" {
        return Ok(NewId::Any);
    }
    match split(text) {
        Some((ms, Some(b"*"))) => Ok(NewId::Ms(parse_part(ms).ok_or(INVALID_ID)?)),
        _ => Ok(NewId::Whole(parse(text, 0)?)),
    }
}

/// Where a range begins: an id, `-`, or `(` and an id that is not part of it.
///
/// # Errors
/// It is none of these.
pub fn parse_start(text: &[u8]) -> Result<StreamId, CommandError> {
    match text.strip_prefix(b"(") {
        Some(id) if !id.is_empty() => parse(id, 0)?.next().ok_or(INVALID_START),
        _ => parse_or_edge(text, 0),
    }
}

/// Where a range ends, in the same forms.
///
/// # Errors
/// It is none of these.
pub fn parse_end(text: &[u8]) -> Result<StreamId, CommandError> {
    match text.strip_prefix(b"(") {
        Some(id) if !id.is_empty() => parse(id, u64::MAX)?.previous().ok_or(INVALID_END),
        _ => parse_or_edge(text, u64::MAX),
    }
}

/// Both parts of an id, if it is short enough. To Redis, it ends at a NUL byte.
fn split(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if text.len() > MAX_ID {
        return None;
    }
    let text = text.split(|byte| *byte == 0).next()?;
    let mut parts = text.splitn(2, |byte| *byte == b'-');
    Some((parts.next()?, parts.next()))
}

/// A part of an id. What does not look like one of ours is read by C's `strtoull`, which takes more.
fn parse_part(text: &[u8]) -> Option<u64> {
    match integer::parse(text) {
        Some(number) => u64::try_from(number).ok(),
        None => strtoull(text),
    }
}

/// Spaces, a sign, digits. A negative number counts down from 2^64.
fn strtoull(text: &[u8]) -> Option<u64> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0B;
    let start = text.iter().position(|byte| !is_space(byte))?;
    let text = text.get(start..)?;
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] => (digits, false),
        digits => (digits, false),
    };
    let mut number: u64 = 0;
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    let number = if is_negative {
        number.wrapping_neg()
    } else {
        number
    };
    (!digits.is_empty()).then_some(number)
}

/// Replies with an id.
pub fn reply_id(reply: &mut Reply, id: StreamId) {
    reply.bulk(&id.text());
}

/// Replies with an entry: its id, and its fields and values in turn.
pub fn reply_entry(reply: &mut Reply, entry: Entry<'_>) {
    let mut digits = [0; MAX_TEXT];
    reply.array(2);
    reply_id(reply, entry.id);
    reply.array(2 * entry.fields.len());
    for (field, value) in entry.fields {
        reply.bulk(field.text(&mut digits));
        reply.bulk(value.text(&mut digits));
    }
}

/// Replies with an array of what `write` writes, which tells how many elements that were.
///
/// # Errors
/// What `write` gives.
pub fn reply_counted<E>(
    reply: &mut Reply,
    write: impl FnOnce(&mut Reply) -> Result<usize, E>,
) -> Result<usize, E> {
    let mark = reply.mark();
    let count = write(reply)?;
    let mut head = Reply::new(reply.protocol());
    head.array(count);
    reply.insert(mark, &mut head);
    Ok(count)
}

/// Replies with these entries, `count` of them at most. How many there were.
pub fn reply_entries<'a>(
    reply: &mut Reply,
    entries: impl Iterator<Item = Entry<'a>>,
    count: usize,
) -> Outcome {
    reply_counted(reply, |reply| {
        let entries = entries.take(count);
        Ok(entries.map(|entry| reply_entry(reply, entry)).count())
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_c_does() {
        for (text, expected) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("007", Some(7)),
            (" +5", Some(5)),
            ("-5", None),
            (" -5", Some(u64::MAX - 4)),
            ("-05", Some(u64::MAX - 4)),
            ("", None),
            ("+", None),
            ("5 ", None),
            ("5x", None),
        ] {
            assert_eq!(parse_part(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn ranges_may_leave_their_ends_out() {
        let id = StreamId::new;
        assert_eq!(parse_start(b"5"), Ok(id(5, 0)));
        assert_eq!(parse_end(b"5"), Ok(id(5, u64::MAX)));
        assert_eq!(parse_start(b"(5"), Ok(id(5, 1)));
        assert_eq!(parse_end(b"(5-0"), Ok(id(4, u64::MAX)));
        assert_eq!(parse_end(b"(0-0"), Err(INVALID_END));
        assert_eq!(
            parse_start(b"(18446744073709551615-18446744073709551615"),
            Err(INVALID_START)
        );
        assert_eq!(parse_start(b"(-"), Err(INVALID_ID));
        assert_eq!(parse_start(b"("), Err(INVALID_ID));
        assert_eq!(parse_new(b"5-*"), Ok(NewId::Ms(5)));
        assert_eq!(parse_new(b"+"), Err(INVALID_ID));
    }
}
