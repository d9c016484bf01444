//! Inline commands: a line of words, for people who type into telnet or netcat.

use super::ProtocolError;
use bytes::Bytes;
use std::iter::{Copied, Peekable};
use std::slice;

/// What is left of a line.
type Rest<'a> = Peekable<Copied<slice::Iter<'a, u8>>>;

/// Splits a line into words as Redis does.
///
/// Words are separated by white space. `"..."` understands `\n \r \t \b \a \xHH` and a backslash
/// before anything else; `'...'` understands `\'` alone.
///
/// # Errors
/// [`ProtocolError::UnbalancedQuotes`]: a quote is not closed, or is followed by something other than space.
pub fn split(line: &[u8]) -> Result<Vec<Bytes>, ProtocolError> {
    let mut rest = line.iter().copied().peekable();
    let mut words = Vec::new();
    loop {
        while rest.next_if(is_space).is_some() {}
        if rest.peek().is_none() {
            return Ok(words);
        }
        let word = word(&mut rest).ok_or(ProtocolError::UnbalancedQuotes)?;
        words.push(word.into());
    }
}

/// What may stand between words: what C's `isspace` holds for white space.
fn is_space(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0x0b
}

/// What ends a word that is not in quotes. Redis is stricter here than between words.
fn ends_word(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn word(rest: &mut Rest<'_>) -> Option<Vec<u8>> {
    let mut word = Vec::new();
    while let Some(byte) = rest.next_if(|byte| !ends_word(byte)) {
        if byte == b'"' || byte == b'\'' {
            quoted(byte, rest, &mut word)?;
            // The closing quote must end the word.
            return rest.peek().is_none_or(is_space).then_some(word);
        }
        word.push(byte);
    }
    Some(word)
}

/// Appends to the word what stands in quotes, and reads on behind the closing one.
fn quoted(quote: u8, rest: &mut Rest<'_>, word: &mut Vec<u8>) -> Option<()> {
    loop {
        let byte = match rest.next()? {
            byte if byte == quote => return Some(()),
            b'\\' if quote == b'"' => escaped(rest)?,
            b'\\' => rest.next_if_eq(&b'\'').unwrap_or(b'\\'),
            byte => byte,
        };
        word.push(byte);
    }
}

/// What a backslash in double quotes makes of that which follows it.
fn escaped(rest: &mut Rest<'_>) -> Option<u8> {
    Some(match rest.next()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        b'x' => hex_byte(rest).unwrap_or(b'x'),
        other => other,
    })
}

/// The two hexadecimal digits of `\xHH`; takes nothing where they are not there.
fn hex_byte(rest: &mut Rest<'_>) -> Option<u8> {
    let mut ahead = rest.clone();
    let mut digit = || char::from(ahead.next()?).to_digit(16);
    let value = digit()? * 16 + digit()?;
    *rest = ahead;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, ProtocolError> {
        let words = split(line.as_bytes())?.into_iter();
        Ok(words
            .map(|word| String::from_utf8(word.to_vec()).unwrap())
            .collect())
    }

    #[test]
    fn words_are_separated_by_white_space() {
        assert_eq!(words("PING"), Ok(vec!["PING".into()]));
        assert_eq!(
            words("  SET\tk   v \r\n"),
            Ok(vec!["SET".into(), "k".into(), "v".into()])
        );
        assert_eq!(words(""), Ok(vec![]));
        assert_eq!(words("  \t "), Ok(vec![]));
        assert_eq!(
            words("\u{c}a\u{b}b \u{b}c"),
            Ok(vec!["a\u{b}b".into(), "c".into()])
        );
    }

    #[test]
    fn quotes_hold_spaces_and_escapes() {
        assert_eq!(words(r#"ECHO "a b""#).unwrap()[1], "a b");
        assert_eq!(
            words(r#"ECHO "\x41\x4a\n\r\t\b\a\q\"\\""#).unwrap()[1],
            "AJ\n\r\t\u{8}\u{7}q\"\\"
        );
        assert_eq!(words(r#"ECHO "\x4" "\xzz""#).unwrap()[1..], ["x4", "xzz"]);
        assert_eq!(words(r"ECHO 'it\'s \n'").unwrap()[1], r"it's \n");
        assert_eq!(words(r#"SET "" ''"#).unwrap()[1..], ["", ""]);
        assert_eq!(words(r#"foo"bar" x"#).unwrap(), ["foobar", "x"]);
    }

    #[test]
    fn quotes_must_close_and_end_the_word() {
        for line in [
            r#"""#, r#""abc"#, "'abc", r#""a"b"#, "'a'b", r#""abc\"#, r#"'a\'"#, r#"a"b"c"#,
        ] {
            let refused = Err(ProtocolError::UnbalancedQuotes);
            assert_eq!(words(line), refused, "{line}");
        }
    }
}
