//! Requests, parsed from their first byte each time.

use super::Bug;

const MAX_LINE: usize = 64 * 1024;

pub enum Parsed {
    Complete(Vec<Vec<u8>>, usize),
    Incomplete,
    Malformed(Vec<u8>),
}

enum Stop {
    Incomplete,
    Malformed(Vec<u8>),
}

fn malformed(text: &str) -> Stop {
    Stop::Malformed(text.into())
}

pub fn parse(bytes: &[u8], bug: Option<Bug>) -> Parsed {
    let result = match bytes.first() {
        None => return Parsed::Incomplete,
        Some(b'*') => array(bytes, bug),
        Some(_) if bug == Some(Bug::NoInlineCommands) => Err(malformed("expected '*'")),
        Some(_) => inline(bytes, bug),
    };
    match result {
        Ok((args, length)) => Parsed::Complete(args, length),
        Err(Stop::Incomplete) => Parsed::Incomplete,
        Err(Stop::Malformed(error)) => Parsed::Malformed(error),
    }
}

fn array(bytes: &[u8], bug: Option<Bug>) -> Result<(Vec<Vec<u8>>, usize), Stop> {
    let (count, mut at) = line(bytes, 0, "too big mbulk count string", bug)?;
    let invalid = || malformed("invalid multibulk length");
    let count = number(&count[1..], bug).ok_or_else(invalid)?;
    if count > i64::from(i32::MAX) {
        return Err(invalid());
    }
    let mut args = Vec::new();
    for _ in 0..count.max(0) {
        let (arg, end) = bulk(bytes, at, bug)?;
        args.push(arg);
        at = end;
    }
    Ok((args, at))
}

fn bulk(bytes: &[u8], at: usize, bug: Option<Bug>) -> Result<(Vec<u8>, usize), Stop> {
    let (head, start) = line(bytes, at, "too big bulk count string", bug)?;
    if head.first() != Some(&b'$') && bug != Some(Bug::AnyTypeIsBulk) {
        let got = head.first().copied().unwrap_or(b'\r');
        return Err(Stop::Malformed(
            [b"expected '$', got '", [got].as_slice(), b"'"].concat(),
        ));
    }
    let limit = if bug == Some(Bug::NoLengthLimit) {
        i64::MAX
    } else {
        512 << 20
    };
    let length = match number(head.get(1..).unwrap_or_default(), bug) {
        Some(..0) if bug == Some(Bug::NegativeIsEmpty) => 0,
        Some(length) if (0..=limit).contains(&length) => length as usize,
        _ => return Err(malformed("invalid bulk length")),
    };
    let rest = &bytes[start..];
    if bug == Some(Bug::SearchesForLineEnd) {
        let end = rest
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .ok_or(Stop::Incomplete)?;
        return Ok((rest[..end].to_vec(), start + end + 2));
    }
    if rest.len() < length.saturating_add(2) {
        return Err(Stop::Incomplete);
    }
    let mut arg = rest[..length].to_vec();
    if bug == Some(Bug::StopsAtNul) {
        arg.truncate(arg.iter().position(|byte| *byte == 0).unwrap_or(length));
    }
    Ok((arg, start + length + 2))
}

fn line<'a>(
    bytes: &'a [u8],
    at: usize,
    error: &str,
    bug: Option<Bug>,
) -> Result<(&'a [u8], usize), Stop> {
    let rest = &bytes[at..];
    let Some(end) = rest.iter().position(|byte| *byte == b'\r') else {
        let too_long = rest.len() > MAX_LINE && bug != Some(Bug::LinesWithoutLimit);
        return Err(if too_long {
            malformed(error)
        } else {
            Stop::Incomplete
        });
    };
    if rest.len() < end + 2 && bug == Some(Bug::NeedsWholeLineEnds) {
        return Err(malformed("expected the end of a line"));
    }
    if rest.len() < end + 2 {
        return Err(Stop::Incomplete);
    }
    Ok((&rest[..end], at + end + 2))
}

/// One number, one spelling.
pub fn number(text: &[u8], bug: Option<Bug>) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let value: i64 = text.parse().ok()?;
    let lenient = bug == Some(Bug::LenientNumbers);
    (lenient || value.to_string() == text).then_some(value)
}

fn inline(bytes: &[u8], bug: Option<Bug>) -> Result<(Vec<Vec<u8>>, usize), Stop> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        let too_long = bytes.len() > MAX_LINE && bug != Some(Bug::LinesWithoutLimit);
        return Err(if too_long {
            malformed("too big inline request")
        } else {
            Stop::Incomplete
        });
    };
    let mut rest = &bytes[..end];
    let mut words = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Ok((words, end + 1));
        }
        let (word, after) =
            word(rest, bug).ok_or_else(|| malformed("unbalanced quotes in request"))?;
        words.push(word);
        rest = after;
    }
}

fn word(bytes: &[u8], bug: Option<Bug>) -> Option<(Vec<u8>, &[u8])> {
    let quote = match bytes[0] {
        quote @ (b'"' | b'\'') if bug != Some(Bug::QuotesAreLetters) => quote,
        _ => {
            let tabs = bug != Some(Bug::TabsAreLetters);
            let ends = |byte: &u8| byte.is_ascii_whitespace() && (tabs || *byte != b'\t');
            let end = bytes.iter().position(ends).unwrap_or(bytes.len());
            return Some((bytes[..end].to_vec(), &bytes[end..]));
        }
    };
    let mut word = Vec::new();
    let mut at = 1;
    loop {
        let byte = match bytes.get(at) {
            None if bug == Some(Bug::LenientQuotes) => return Some((word, &[])),
            None => return None,
            Some(byte) => *byte,
        };
        at += 1;
        if byte == quote {
            let rest = &bytes[at..];
            let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
            return (ends || bug == Some(Bug::LenientQuotes)).then_some((word, rest));
        }
        if byte != b'\\' || (quote == b'\'' && bytes.get(at) != Some(&b'\'')) {
            word.push(byte);
            continue;
        }
        let (decoded, length) = escape(&bytes[at..])?;
        word.push(decoded);
        at += length;
    }
}

fn escape(bytes: &[u8]) -> Option<(u8, usize)> {
    let hex = bytes
        .get(1..3)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    Some(
        match (
            bytes.first()?,
            hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()),
        ) {
            (b'x', Some(byte)) => (byte, 3),
            (b'n', _) => (b'\n', 1),
            (b'r', _) => (b'\r', 1),
            (b't', _) => (b'\t', 1),
            (b'a', _) => (7, 1),
            (b'b', _) => (8, 1),
            (other, _) => (*other, 1),
        },
    )
}
