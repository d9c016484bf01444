//! Inline commands: a line of words, for people who type into telnet or netcat.

use super::Span;
use std::cell::Cell;
use std::iter::{Map, Peekable};
use std::slice;

/// What is left of a line.
type Rest<'a> = Peekable<Map<slice::Iter<'a, Cell<u8>>, fn(&Cell<u8>) -> u8>>;

/// Splits a line into words as Redis does, and appends a span for each to `words`. `None` where a quote is
/// not closed, or is followed by something other than space; what was appended by then is meaningless.
///
/// Words are separated by white space. `"..."` understands `\n \r \t \b \a \xHH` and a backslash
/// before anything else; `'...'` understands `\'` alone. What the quotes mean is never longer than
/// what was typed, so words are decoded in place: the line is rewritten from its start.
pub fn split(line: &mut [u8], words: &mut Vec<Span>) -> Option<()> {
    let line = Cell::from_mut(line).as_slice_of_cells();
    let mut rest: Rest<'_> = line.iter().map(Cell::get as _).peekable();
    let mut written = line.iter();
    // Never reaches what is to be read: every byte put was preceded by at least one byte read.
    let mut put = |byte| {
        if let Some(place) = written.next() {
            place.set(byte);
        }
    };
    let mut start = 0;
    loop {
        while rest.next_if(is_space).is_some() {}
        if rest.peek().is_none() {
            return Some(());
        }
        let mut len = 0;
        word(&mut rest, &mut |byte| {
            put(byte);
            len += 1;
        })?;
        words.push(Span { start, len });
        start += len;
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

fn word(rest: &mut Rest<'_>, put: &mut impl FnMut(u8)) -> Option<()> {
    while let Some(byte) = rest.next_if(|byte| !ends_word(byte)) {
        if byte == b'"' || byte == b'\'' {
            quoted(byte, rest, put)?;
            // The closing quote must end the word.
            return rest.peek().is_none_or(is_space).then_some(());
        }
        put(byte);
    }
    Some(())
}

/// Puts what stands in quotes, and reads on behind the closing one.
fn quoted(quote: u8, rest: &mut Rest<'_>, put: &mut impl FnMut(u8)) -> Option<()> {
    loop {
        put(match rest.next()? {
            byte if byte == quote => return Some(()),
            b'\\' if quote == b'"' => escaped(rest)?,
            b'\\' => rest.next_if_eq(&b'\'').unwrap_or(b'\\'),
            byte => byte,
        });
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

    fn words(line: &str) -> Option<Vec<String>> {
        let mut line = line.as_bytes().to_vec();
        let mut spans = Vec::new();
        split(&mut line, &mut spans)?;
        let text = |span: &Span| line[span.start..span.start + span.len].to_vec();
        let words = spans.iter().map(|span| String::from_utf8(text(span)));
        words.collect::<Result<_, _>>().ok()
    }

    #[test]
    fn words_are_separated_by_white_space() {
        assert_eq!(words("PING"), Some(vec!["PING".into()]));
        assert_eq!(
            words("  SET\tk   v "),
            Some(vec!["SET".into(), "k".into(), "v".into()])
        );
        assert_eq!(words(""), Some(vec![]));
        assert_eq!(words("  \t "), Some(vec![]));
        assert_eq!(
            words("\u{c}a\u{b}b \u{b}c"),
            Some(vec!["a\u{b}b".into(), "c".into()])
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
            assert_eq!(words(line), None, "{line}");
        }
    }
}
