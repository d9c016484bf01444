//! A line of text cut into words, by redis-cli's rules.

/// The words of `line`. Space separates them. Within `"..."` there are the escapes `\n \r \t \b \a`, `\xHH` for
/// any byte, and `\` before any other character stands for that; within `'...'` there is only `\'`.
///
/// # Errors
/// A quote that is not closed, or not followed by space.
pub fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() {
        let (word, behind) = first(rest)?;
        words.push(word);
        rest = behind.trim_ascii_start();
    }
    Ok(words)
}

/// The first word, and what is behind it.
fn first(line: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    let mut word = Vec::new();
    let mut rest = line;
    while let Some((byte, behind)) = rest.split_first() {
        rest = match byte {
            b'"' => quoted(behind, *byte, escape, &mut word)?,
            b'\'' => quoted(behind, *byte, escaped_quote, &mut word)?,
            byte if byte.is_ascii_whitespace() => break,
            byte => {
                word.push(*byte);
                behind
            }
        };
    }
    Ok((word, rest))
}

/// Reads an escape sequence at the start of some bytes, if there is one: what it stands for, and its length.
type Escape = fn(&[u8]) -> Option<(u8, usize)>;

/// Adds to `word` what stands in quotes, up to the closing one, and gives what is behind that.
fn quoted<'a>(
    text: &'a [u8],
    quote: u8,
    escape: Escape,
    word: &mut Vec<u8>,
) -> Result<&'a [u8], String> {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        if *byte == quote {
            return if behind.first().is_none_or(u8::is_ascii_whitespace) {
                Ok(behind)
            } else {
                Err("a closing quote must be followed by space".to_string())
            };
        }
        let (meant, length) = escape(rest).unwrap_or((*byte, 1));
        word.push(meant);
        rest = rest.get(length..).unwrap_or_default();
    }
    Err("a quote is not closed".to_string())
}

fn escape(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some((digit(*high) << 4 | digit(*low), 4))
        }
        [b'\\', byte, ..] => Some((named(*byte), 2)),
        _ => None,
    }
}

fn escaped_quote(text: &[u8]) -> Option<(u8, usize)> {
    text.starts_with(b"\\'").then_some((b'\'', 2))
}

fn named(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

/// The value of a hexadecimal digit; 0 for what is none.
pub fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let words = split(line.as_bytes()).unwrap();
        words
            .iter()
            .map(|word| word.escape_ascii().to_string())
            .collect()
    }

    #[test]
    fn space_separates_words() {
        assert_eq!(words(" SET  key\tvalue "), ["SET", "key", "value"]);
        assert!(words("").is_empty());
        assert!(words(" \t").is_empty());
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words(r#"SET "a b" 'c d' "" ''"#),
            ["SET", "a b", "c d", "", ""]
        );
        assert_eq!(words(r#"a"b c""#), ["ab c"]);
        assert_eq!(words(r#"'say "hi"' "it's""#), [r#"say \"hi\""#, r"it\'s"]);
    }

    #[test]
    fn escapes_are_those_of_redis_cli() {
        assert_eq!(
            words(r#""\x00\xfF\n\r\t\b\a\"\\\q""#),
            [r#"\x00\xff\n\r\t\x08\x07\"\\q"#]
        );
        // Too few digits: no escape of that kind.
        assert_eq!(words(r#""\x1""#), ["x1"]);
        assert_eq!(words(r#""\xg0""#), ["xg0"]);
        // Single quotes know one escape, and without quotes there is none.
        assert_eq!(words(r"'\n\''"), [r"\\n\'"]);
        assert_eq!(words(r"\n"), [r"\\n"]);
    }

    #[test]
    fn quotes_must_be_closed_and_followed_by_space() {
        for line in [r#"""#, r#""a"#, "'a", r#""a"b"#, "'a'b", r#""a\"#, r#""\""#] {
            assert!(split(line.as_bytes()).is_err(), "{line}");
        }
    }
}
