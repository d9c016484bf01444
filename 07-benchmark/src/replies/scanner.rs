//! Finds where replies end, without building them.

use anyhow::{bail, ensure};

/// The longest line of a reply, and so the longest error text that is kept.
const MAX_LINE: usize = 64 * 1024;

/// The most values that one reply may hold.
const MAX_VALUES: u64 = 1 << 40;

/// How much of what is no reply is shown.
const MAX_SHOWN: usize = 40;

/// What is told of the replies while they are scanned. Whoever needs less implements less: the compiler
/// leaves out what does nothing.
pub trait Watch {
    /// A value begins with this line: its marker, such as `$`, and what stands behind it. `top` says that it
    /// is the reply itself, not an element of it.
    fn head(&mut self, top: bool, marker: u8, text: &[u8]) {
        let _ = (top, marker, text);
    }

    /// The next bytes of a bulk string, in pieces of any size.
    fn bytes(&mut self, piece: &[u8]) {
        let _ = piece;
    }

    /// The last byte of a reply was seen. Messages that a server pushes unasked, and attributes that stand
    /// before a reply (RESP3), are not replies, and nothing is told of them.
    fn reply(&mut self);
}

/// Finds where replies end in bytes that arrive in pieces of any size: RESP2 and RESP3. It keeps a few
/// numbers instead of the bytes: a value of a gigabyte costs no memory.
#[derive(Debug, Default)]
pub struct ReplyScanner {
    /// Values still to come before the reply is whole; 0 between replies.
    missing: u64,
    /// Bytes of a bulk string, and of the line end behind it, still to be skipped.
    skip: u64,
    /// The line being read, where it did not arrive in one piece.
    line: Vec<u8>,
    /// Whether this is no reply, but a message pushed by the server, or an attribute of the reply behind it.
    aside: bool,
}

impl ReplyScanner {
    /// Looks at the next bytes. Returns how many replies ended in them.
    ///
    /// # Errors
    /// Bytes that are no RESP.
    pub fn scan(&mut self, mut bytes: &[u8], watch: &mut impl Watch) -> anyhow::Result<u64> {
        let mut replies = 0;
        while !bytes.is_empty() {
            if self.skip > 0 {
                bytes = self.skip(bytes, watch);
                if self.skip == 0 {
                    replies += self.end_value(watch);
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
                replies += self.line(line, watch)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                replies += self.line(&whole, watch)?;
            }
        }
        Ok(replies)
    }

    /// Steps over what is left of a bulk string. Returns what stands behind it.
    fn skip<'a>(&mut self, bytes: &'a [u8], watch: &mut impl Watch) -> &'a [u8] {
        let length = usize::try_from(self.skip)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let (skipped, rest) = bytes.split_at(length);
        // The line end behind the value is not part of it.
        let value = usize::try_from(self.skip.saturating_sub(2)).unwrap_or(usize::MAX);
        if !self.aside {
            watch.bytes(skipped.get(..value).unwrap_or(skipped));
        }
        self.skip -= length as u64;
        rest
    }

    /// A line that is there as a whole. Returns 1 where it ends a reply.
    fn line(&mut self, line: &[u8], watch: &mut impl Watch) -> anyhow::Result<u64> {
        let Some(([marker, text @ ..], b"\r\n")) = line.split_last_chunk::<2>() else {
            bail!("a reply holds a line without its end: {}", shown(line));
        };
        let top = self.missing == 0;
        if top {
            self.missing = 1;
            self.aside = matches!(marker, b'>' | b'|');
        }
        if !self.aside {
            watch.head(top, *marker, text);
        }
        match marker {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => {}
            b'$' | b'=' | b'!' => {
                if let Some(length) = length(text)? {
                    self.skip = length + 2;
                    return Ok(0);
                }
            }
            b'*' | b'~' | b'>' => self.expect(length(text)?.unwrap_or(0))?,
            // Pairs: of keys and values.
            b'%' => self.expect(2 * length(text)?.unwrap_or(0))?,
            // Attributes do not take the place of the element behind them. Those of a whole reply are aside.
            b'|' => self.expect(2 * length(text)?.unwrap_or(0) + u64::from(!top))?,
            other => bail!("a reply begins with {:?}", char::from(*other)),
        }
        Ok(self.end_value(watch))
    }

    /// An aggregate's place is taken by its elements.
    fn expect(&mut self, elements: u64) -> anyhow::Result<()> {
        self.missing = self.missing.saturating_add(elements);
        ensure!(self.missing <= MAX_VALUES, "a reply holds too many values");
        Ok(())
    }

    fn end_value(&mut self, watch: &mut impl Watch) -> u64 {
        self.missing -= 1;
        if self.missing > 0 || self.aside {
            return 0;
        }
        watch.reply();
        1
    }
}

fn shown(bytes: &[u8]) -> String {
    let begin = bytes.get(..MAX_SHOWN).unwrap_or(bytes);
    begin.escape_ascii().to_string()
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
        None => bail!("a reply holds the length {}", shown(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIES: &[u8] = b"+OK\r\n:12\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n\
        *2\r\n$1\r\nx\r\n*2\r\n:1\r\n-inner\r\n-ERR first\r\n-ERR second\r\n+PONG\r\n";

    const RESP3: &[u8] =
        b"_\r\n#t\r\n,1.5\r\n(123456789012345678901\r\n!5\r\nERR x\r\n=6\r\ntxt:ab\r\n\
        %1\r\n+a\r\n~2\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n";

    /// What was told of replies, as text.
    #[derive(Default)]
    struct Told(String);

    impl Watch for Told {
        fn head(&mut self, top: bool, marker: u8, text: &[u8]) {
            let deep = if top { "" } else { "'" };
            self.0 += &format!("{deep}{}{}", char::from(marker), text.escape_ascii());
        }

        fn bytes(&mut self, piece: &[u8]) {
            self.0 += &piece.escape_ascii().to_string();
        }

        fn reply(&mut self) {
            self.0 += ".";
        }
    }

    #[test]
    fn what_is_told_does_not_depend_on_how_replies_are_cut() {
        let expected =
            "+OK.:12.$5a\\r\\nbc.$0.$-1.*-1.*0.*2'$1x'*2':1'-inner.-ERR first.-ERR second.+PONG.";
        for size in 1..=REPLIES.len() {
            let (mut scanner, mut told, mut replies) =
                (ReplyScanner::default(), Told::default(), 0);
            for piece in REPLIES.chunks(size) {
                replies += scanner.scan(piece, &mut told).unwrap();
            }
            assert_eq!(
                (replies, told.0.as_str()),
                (11, expected),
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn every_kind_of_resp3_is_known_and_what_is_pushed_is_no_reply() {
        for size in 1..=RESP3.len() {
            let (mut scanner, mut told, mut replies) =
                (ReplyScanner::default(), Told::default(), 0);
            for piece in RESP3.chunks(size) {
                replies += scanner.scan(piece, &mut told).unwrap();
            }
            assert_eq!(replies, 8, "in pieces of {size}: {}", told.0);
            replies = scanner
                .scan(b">2\r\n+invalidate\r\n:1\r\n", &mut told)
                .unwrap();
            assert_eq!(replies, 0);
            for aside in [
                ">1\r\n$2\r\nno\r\n",
                "|1\r\n+a\r\n*1\r\n:1\r\n",
                "|0\r\n",
                ">0\r\n",
            ] {
                let before = told.0.len();
                let bytes = format!("{aside}-ERR no\r\n");
                replies = scanner.scan(bytes.as_bytes(), &mut told).unwrap();
                assert_eq!((replies, &told.0[before..]), (1, "-ERR no."), "{aside}");
            }
            let before = told.0.len();
            replies = scanner
                .scan(b"*2\r\n|1\r\n+a\r\n:5\r\n:1\r\n:2\r\n", &mut told)
                .unwrap();
            assert_eq!((replies, &told.0[before..]), (1, "*2'|1'+a':5':1':2."));
        }
    }

    #[test]
    fn a_reply_counts_when_its_last_byte_is_there() {
        let (mut scanner, mut told) = (ReplyScanner::default(), Told::default());
        assert_eq!(scanner.scan(b"$3\r\nabc\r", &mut told).unwrap(), 0);
        assert_eq!(scanner.scan(b"\n", &mut told).unwrap(), 1);
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
            let refused = ReplyScanner::default().scan(bytes, &mut Told::default());
            assert!(refused.is_err(), "{}", bytes.escape_ascii());
        }
        let endless = vec![b'+'; MAX_LINE + 1];
        assert!(
            ReplyScanner::default()
                .scan(&endless, &mut Told::default())
                .is_err()
        );
        let nested = b"*4000000000\r\n".repeat(1000);
        assert!(
            ReplyScanner::default()
                .scan(&nested, &mut Told::default())
                .is_err()
        );
    }
}
