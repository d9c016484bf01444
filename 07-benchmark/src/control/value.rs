//! Replies as values, for the few commands whose answers are read and not only counted.

use anyhow::{Context, bail, ensure};
use std::io::{self, BufRead, Read};
use std::str::FromStr;

/// The longest line of a reply.
const MAX_LINE: usize = 64 * 1024;

/// The most bytes of a reply, with what its values need in memory.
const MAX_REPLY: usize = 64 * 1024 * 1024;

/// How deep lists may lie in each other.
const MAX_DEPTH: usize = 16;

/// A reply of RESP2 or RESP3. What differs only in its type, and not in what it says, is one here: a set is
/// a list, a boolean the number 0 or 1, every kind of text and a fraction are texts.
/// <https://redis.io/docs/latest/develop/reference/protocol-spec/>
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text: bytes of any kind.
    Text(Vec<u8>),
    /// An error, without the `-` before it, in printable characters.
    Error(String),
    /// A whole number.
    Integer(i64),
    /// Nothing.
    Null,
    /// Values in order.
    List(Vec<Value>),
    /// Pairs in order.
    Map(Vec<(Value, Value)>),
}

/// Reads one reply. What RESP3 puts between replies (push messages, attributes) is skipped. The input
/// decides how long that may take.
///
/// # Errors
/// Bytes that are no reply, or that make more than 64 MiB, and what the input reports. Its end is an
/// [`io::ErrorKind::UnexpectedEof`].
pub fn read(input: &mut impl BufRead) -> anyhow::Result<Value> {
    let left = MAX_REPLY;
    Reader { input, left }.value(0)
}

/// Text of a server as it may be shown: what is no UTF-8, or would move a terminal's cursor, is replaced.
pub fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    shown.collect()
}

struct Reader<'a, R> {
    input: &'a mut R,
    /// How many bytes the rest of the reply may take.
    left: usize,
}

impl<R: BufRead> Reader<'_, R> {
    fn value(&mut self, depth: usize) -> anyhow::Result<Value> {
        ensure!(depth <= MAX_DEPTH, "a reply is nested too deeply");
        loop {
            if let Some(value) = self.frame(depth)? {
                return Ok(value);
            }
        }
    }

    /// The next value; `None` when it was none of the reply's.
    fn frame(&mut self, depth: usize) -> anyhow::Result<Option<Value>> {
        let line = self.line()?;
        let (kind, text) = line.split_first().context("a reply has an empty line")?;
        Ok(Some(match kind {
            b'+' | b',' | b'(' => Value::Text(text.to_vec()),
            b'-' => Value::Error(printable(text)),
            b':' => Value::Integer(number(text)?),
            b'#' => Value::Integer((text == b"t").into()),
            b'_' => Value::Null,
            b'$' | b'*' if text == b"-1" => Value::Null,
            b'$' => Value::Text(self.bytes(length(text)?)?),
            // Before the text stand three letters and a colon, which say what kind of text it is.
            b'=' => Value::Text(self.bytes(length(text)?)?.into_iter().skip(4).collect()),
            b'!' => Value::Error(printable(&self.bytes(length(text)?)?)),
            b'*' | b'~' => Value::List(self.values(length(text)?, depth)?),
            b'%' => Value::Map(self.pairs(length(text)?, depth)?),
            b'>' => {
                self.values(length(text)?, depth)?;
                return Ok(None);
            }
            b'|' => {
                self.pairs(length(text)?, depth)?;
                return Ok(None);
            }
            other => bail!("a reply begins with {:?}", char::from(*other)),
        }))
    }

    // A count is what the server claims: memory is taken only for what has come.
    fn values(&mut self, count: usize, depth: usize) -> anyhow::Result<Vec<Value>> {
        (0..count).map(|_| self.value(depth + 1)).collect()
    }

    fn pairs(&mut self, count: usize, depth: usize) -> anyhow::Result<Vec<(Value, Value)>> {
        let pair = |_| anyhow::Ok((self.value(depth + 1)?, self.value(depth + 1)?));
        (0..count).map(pair).collect()
    }

    /// The next line, without its end.
    fn line(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut line = Vec::new();
        let limit = MAX_LINE as u64;
        Read::take(&mut *self.input, limit).read_until(b'\n', &mut line)?;
        ensure!(
            line.len() < MAX_LINE,
            "a reply has a line that does not end"
        );
        let Some(b'\n') = line.pop() else {
            return Err(closed());
        };
        ensure!(
            line.pop() == Some(b'\r'),
            "a reply has a line without its end: {}",
            printable(&line)
        );
        self.pay(line.len() + size_of::<Value>())?;
        Ok(line)
    }

    /// As many bytes, and the line end behind them.
    fn bytes(&mut self, count: usize) -> anyhow::Result<Vec<u8>> {
        self.pay(count)?;
        let mut bytes = Vec::new();
        let with_end = count as u64 + 2;
        Read::take(&mut *self.input, with_end).read_to_end(&mut bytes)?;
        if bytes.len() < count + 2 {
            return Err(closed());
        }
        ensure!(
            bytes.split_off(count) == b"\r\n",
            "a reply has a text that is longer than it says"
        );
        Ok(bytes)
    }

    fn pay(&mut self, bytes: usize) -> anyhow::Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.context("a reply is larger than 64 MiB")?;
        Ok(())
    }
}

fn closed() -> anyhow::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the server closed the connection",
    )
    .into()
}

fn number<T: FromStr>(text: &[u8]) -> anyhow::Result<T> {
    let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.with_context(|| format!("a reply has the number {:?}", printable(text)))
}

fn length(text: &[u8]) -> anyhow::Result<usize> {
    number::<u32>(text)?
        .try_into()
        .context("a reply is too long for this machine")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> anyhow::Result<Value> {
        read(&mut &*bytes)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn replies_of_both_versions_are_read() {
        for (bytes, value) in [
            ("+OK\r\n", text("OK")),
            ("$4\r\na\r\nb\r\n", text("a\r\nb")),
            ("$0\r\n\r\n", text("")),
            ("=7\r\ntxt:abc\r\n", text("abc")),
            (",1.5\r\n", text("1.5")),
            (
                "(123456789012345678901234567890\r\n",
                text("123456789012345678901234567890"),
            ),
            ("-ERR no\r\n", Value::Error("ERR no".to_string())),
            ("!5\r\nERR n\r\n", Value::Error("ERR n".to_string())),
            (":-12\r\n", Value::Integer(-12)),
            ("#t\r\n", Value::Integer(1)),
            ("#f\r\n", Value::Integer(0)),
            ("_\r\n", Value::Null),
            ("$-1\r\n", Value::Null),
            ("*-1\r\n", Value::Null),
            ("*0\r\n", Value::List(vec![])),
            (
                "*2\r\n:1\r\n*1\r\n_\r\n",
                Value::List(vec![Value::Integer(1), Value::List(vec![Value::Null])]),
            ),
            ("~1\r\n+a\r\n", Value::List(vec![text("a")])),
            (
                "%1\r\n+a\r\n:1\r\n",
                Value::Map(vec![(text("a"), Value::Integer(1))]),
            ),
        ] {
            assert_eq!(parse(bytes.as_bytes()).unwrap(), value, "{bytes:?}");
        }
    }

    #[test]
    fn what_stands_between_replies_is_skipped() {
        let bytes = b">2\r\n+invalidate\r\n*0\r\n|1\r\n+ttl\r\n:5\r\n*1\r\n|1\r\n+a\r\n+b\r\n:7\r\n+next\r\n";
        let mut input = bytes.as_slice();
        assert_eq!(
            read(&mut input).unwrap(),
            Value::List(vec![Value::Integer(7)])
        );
        assert_eq!(read(&mut input).unwrap(), text("next"));
    }

    #[test]
    fn a_reply_that_is_cut_is_an_end_and_not_a_value() {
        let whole = b"*2\r\n$3\r\nabc\r\n%1\r\n+a\r\n:1\r\n";
        assert!(parse(whole).is_ok());
        for cut in 0..whole.len() {
            let error = parse(&whole[..cut]).unwrap_err();
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            assert_eq!(kind, Some(io::ErrorKind::UnexpectedEof), "{cut}: {error}");
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bytes in [
            "hello\r\n",
            "\r\n",
            "+OK\n",
            ":\r\n",
            ":1x\r\n",
            "$\r\n",
            "$-2\r\n",
            "*-2\r\n",
            "$1\r\nab\r\n",
            "*?\r\n",
            "$99999999999999999999\r\n",
        ] {
            assert!(parse(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }

    /// The same bytes again and again.
    struct Again(&'static [u8], usize);

    impl Read for Again {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let rest = &self.0[self.1..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.1 = (self.1 + count) % self.0.len();
            Ok(count)
        }
    }

    fn refusal(start: &'static [u8], then: &'static [u8]) -> String {
        // More than it takes; not endless, as a test must end that finds no limit.
        let input = start.chain(Again(then, 0).take(16 << 20));
        let mut input = io::BufReader::new(input);
        read(&mut input).unwrap_err().to_string()
    }

    #[test]
    fn a_reply_without_an_end_is_refused_before_it_fills_the_memory() {
        let too_large = "a reply is larger than 64 MiB";
        assert_eq!(refusal(b"+", b"x"), "a reply has a line that does not end");
        assert_eq!(
            refusal(b"*1\r\n", b"*1\r\n"),
            "a reply is nested too deeply"
        );
        assert_eq!(
            refusal(b"%1\r\n", b"%1\r\n"),
            "a reply is nested too deeply"
        );
        assert_eq!(refusal(b"*4000000000\r\n", b":1\r\n"), too_large);
        assert_eq!(refusal(b"%4000000000\r\n", b"$0\r\n\r\n"), too_large);
        assert_eq!(
            refusal(b"*90\r\n", b"$1048576\r\n"),
            "a reply has a text that is longer than it says"
        );
        assert_eq!(refusal(b"$67108864\r\n", b"x"), too_large);
        assert_eq!(refusal(b"", b">0\r\n"), too_large);
        assert_eq!(refusal(b"", b"|0\r\n"), too_large);
    }

    #[test]
    fn an_announcement_alone_takes_no_memory() {
        // Were the list's length believed, this would ask for 128 GB.
        assert!(parse(b"*4294967295\r\n").is_err());
        assert!(parse(b"$60000000\r\nx").is_err());
    }

    #[test]
    fn errors_hold_no_control_characters() {
        let value = parse(b"-ERR \x1b[2J\rnot \xff\r\n").unwrap();
        assert_eq!(value, Value::Error("ERR  [2J not \u{fffd}".to_string()));
    }
}
