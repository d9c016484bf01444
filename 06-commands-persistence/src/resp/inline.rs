//! Inline commands: a line of words, for people who type into telnet or netcat.

use super::Span;

/// A quote that is not closed, or is followed by something other than space.
#[derive(Debug, PartialEq, Eq)]
pub struct UnbalancedQuotes;

/// Splits a line into words as Redis does, and appends a span for each to `words`.
///
/// Words are separated by white space. `"..."` understands `\n \r \t \b \a \xHH` and a backslash
/// before anything else; `'...'` understands `\'` alone. What the quotes mean is never longer than
/// what was typed, so words are decoded in place: the line is rewritten from its start.
///
/// # Errors
/// [`UnbalancedQuotes`]; what was appended to `words` by then is meaningless.
pub fn split(line: &mut [u8], words: &mut Vec<Span>) -> Result<(), UnbalancedQuotes> {
    let mut rewriter = Rewriter {
        line,
        read: 0,
        write: 0,
    };
    loop {
        while rewriter.peek().is_some_and(is_space) {
            rewriter.read += 1;
        }
        if rewriter.peek().is_none() {
            return Ok(());
        }
        let start = rewriter.write;
        rewriter.word()?;
        let len = rewriter.write - start;
        words.push(Span { start, len });
    }
}

/// What ends a word that is not in quotes. Redis is stricter here than between words.
fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What may stand between words: what C's `isspace` holds for white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Reads a line from one position and writes it to an earlier one.
struct Rewriter<'a> {
    line: &'a mut [u8],
    read: usize,
    write: usize,
}

impl Rewriter<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.read).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.read += 1;
        Some(byte)
    }

    fn put(&mut self, byte: u8) {
        // `write` never overtakes `read`: every byte put was preceded by at least one byte read.
        if let Some(place) = self.line.get_mut(self.write) {
            *place = byte;
            self.write += 1;
        }
    }

    fn word(&mut self) -> Result<(), UnbalancedQuotes> {
        while let Some(byte) = self.peek().filter(|byte| !ends_word(*byte)) {
            self.read += 1;
            match byte {
                b'"' => return self.double_quoted(),
                b'\'' => return self.single_quoted(),
                byte => self.put(byte),
            }
        }
        Ok(())
    }

    fn double_quoted(&mut self) -> Result<(), UnbalancedQuotes> {
        loop {
            match self.next().ok_or(UnbalancedQuotes)? {
                b'"' => return self.after_quote(),
                b'\\' => self.escape()?,
                byte => self.put(byte),
            }
        }
    }

    fn escape(&mut self) -> Result<(), UnbalancedQuotes> {
        // A backslash at the very end escapes nothing; the quote is then found to be open.
        let Some(byte) = self.next() else {
            return Err(UnbalancedQuotes);
        };
        let decoded = match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'a' => 0x07,
            b'x' => self.hex_byte().unwrap_or(b'x'),
            other => other,
        };
        self.put(decoded);
        Ok(())
    }

    /// The two hexadecimal digits of `\xHH`; consumes nothing where they are not there.
    fn hex_byte(&mut self) -> Option<u8> {
        let digits = self.line.get(self.read..self.read + 2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let value = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        self.read += 2;
        Some(value)
    }

    fn single_quoted(&mut self) -> Result<(), UnbalancedQuotes> {
        loop {
            match self.next().ok_or(UnbalancedQuotes)? {
                b'\'' => return self.after_quote(),
                b'\\' if self.peek() == Some(b'\'') => {
                    self.read += 1;
                    self.put(b'\'');
                }
                byte => self.put(byte),
            }
        }
    }

    /// A closing quote must end the word.
    fn after_quote(&self) -> Result<(), UnbalancedQuotes> {
        match self.peek() {
            Some(byte) if !is_space(byte) => Err(UnbalancedQuotes),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, UnbalancedQuotes> {
        let mut line = line.as_bytes().to_vec();
        let mut spans = Vec::new();
        split(&mut line, &mut spans)?;
        let text = |span: &Span| line[span.start..span.start + span.len].to_vec();
        Ok(spans
            .iter()
            .map(|span| String::from_utf8(text(span)).unwrap())
            .collect())
    }

    #[test]
    fn words_are_separated_by_white_space() {
        assert_eq!(words("PING"), Ok(vec!["PING".into()]));
        assert_eq!(
            words("  SET\tk   v "),
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
            assert_eq!(words(line), Err(UnbalancedQuotes), "{line}");
        }
    }
}
