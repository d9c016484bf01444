//! Counts replies without building them.

use anyhow::{bail, ensure};

/// The longest line of a reply, and so the longest error text that is kept.
const MAX_LINE: usize = 64 * 1024;

/// Finds where replies end in bytes that arrive in pieces of any size. It keeps a few numbers instead of
/// the bytes: a value of a gigabyte costs no memory.
#[derive(Debug, Default)]
pub struct ReplyScanner {
    /// Values still to come before the reply is whole; 0 between replies.
    missing: u64,
    /// Bytes of a bulk string, and of the line end behind it, still to be skipped.
    skip: u64,
    /// The line being read, where it did not arrive in one piece.
    line: Vec<u8>,
    /// Whether the reply is an error.
    error: bool,
}

/// Replies that ended within one piece.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// All of them, errors included.
    pub replies: u64,
    /// Those that were errors.
    pub errors: u64,
    /// The text of the first error.
    pub first_error: Option<String>,
}

impl ReplyScanner {
    /// Looks at the next bytes.
    ///
    /// # Errors
    /// Bytes that are no RESP2.
    pub fn scan(&mut self, mut bytes: &[u8]) -> anyhow::Result<Found> {
        let mut found = Found::default();
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = usize::try_from(self.skip)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                self.skip -= skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
                if self.skip == 0 {
                    self.end_value(&mut found);
                }
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                self.line.extend_from_slice(bytes);
                ensure!(
                    self.line.len() <= MAX_LINE,
                    "a reply holds a line that does not end"
                );
                break;
            };
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            if self.line.is_empty() {
                self.line(line, &mut found)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.line(&whole, &mut found)?;
            }
        }
        Ok(found)
    }

    fn line(&mut self, line: &[u8], found: &mut Found) -> anyhow::Result<()> {
        let Some(([marker, text @ ..], b"\r\n")) = line.split_last_chunk::<2>() else {
            bail!(
                "a reply holds a line without its end: {}",
                line.escape_ascii()
            );
        };
        if self.missing == 0 {
            self.missing = 1;
            self.error = *marker == b'-';
        }
        match marker {
            b'+' | b':' => self.end_value(found),
            b'-' => {
                if self.missing == 1 && self.error && found.first_error.is_none() {
                    found.first_error = Some(String::from_utf8_lossy(text).into_owned());
                }
                self.end_value(found);
            }
            b'$' => match length(text)? {
                Some(length) => self.skip = length + 2,
                None => self.end_value(found),
            },
            b'*' => {
                // The array's place is taken by its elements.
                self.missing = self.missing.saturating_add(length(text)?.unwrap_or(0));
                self.end_value(found);
            }
            other => bail!("a reply begins with {:?}", char::from(*other)),
        }
        Ok(())
    }

    fn end_value(&mut self, found: &mut Found) {
        self.missing -= 1;
        if self.missing == 0 {
            found.replies += 1;
            found.errors += u64::from(self.error);
        }
    }
}

/// A length; `None` for the -1 of a value that is not there.
fn length(text: &[u8]) -> anyhow::Result<Option<u64>> {
    if text == b"-1" {
        return Ok(None);
    }
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<u32>().ok());
    match number {
        Some(length) => Ok(Some(length.into())),
        None => bail!("a reply holds the length {}", text.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIES: &[u8] = b"+OK\r\n:12\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n\
        *2\r\n$1\r\nx\r\n*2\r\n:1\r\n-inner\r\n-ERR first\r\n-ERR second\r\n+PONG\r\n";

    #[test]
    fn replies_are_counted_however_they_are_cut() {
        for size in 1..=REPLIES.len() {
            let mut scanner = ReplyScanner::default();
            let (mut replies, mut errors, mut texts) = (0, 0, Vec::new());
            for piece in REPLIES.chunks(size) {
                let found = scanner.scan(piece).unwrap();
                replies += found.replies;
                errors += found.errors;
                texts.extend(found.first_error);
            }
            assert_eq!((replies, errors), (11, 2), "in pieces of {size}");
            assert_eq!(texts.first().map(String::as_str), Some("ERR first"));
        }
    }

    #[test]
    fn a_reply_counts_when_its_last_byte_is_there() {
        let mut scanner = ReplyScanner::default();
        assert_eq!(scanner.scan(b"$3\r\nabc\r").unwrap().replies, 0);
        assert_eq!(scanner.scan(b"\n").unwrap().replies, 1);
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bytes in [
            b"hello\r\n".as_slice(),
            b"$x\r\n",
            b"*-2\r\n",
            b"$5000000000\r\n",
            b"\r\n",
            b"+OK\n",
        ] {
            assert!(
                ReplyScanner::default().scan(bytes).is_err(),
                "{}",
                bytes.escape_ascii()
            );
        }
        let endless = vec![b'+'; MAX_LINE + 1];
        assert!(ReplyScanner::default().scan(&endless).is_err());
    }
}
