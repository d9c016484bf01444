//! What a check says about a server that does not pass it.

use std::fmt;
use std::time::Duration;

/// The most bytes of a message that are shown.
const MAX_SHOWN: usize = 160;

/// What was sent, what was expected, and what came instead.
#[derive(Clone, Debug)]
pub struct Failure {
    sent: Option<String>,
    expected: String,
    came: String,
    /// The same as bytes, for whoever looks for the cause.
    pub evidence: Box<Evidence>,
}

/// The bytes that a failure is about. Where it is told in words, some are missing.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What was sent since the last answer.
    pub sent: Vec<u8>,
    /// Where in it the pieces begin in which it was sent.
    pub pieces: Vec<usize>,
    /// The reply that was expected.
    pub expected: Vec<u8>,
    /// What came.
    pub came: Vec<u8>,
    /// What followed it.
    pub end: End,
}

/// What followed the bytes that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Nobody looked: they are wrong already.
    #[default]
    Open,
    /// Nothing within the deadline.
    Silent,
    /// The end of the connection.
    Closed,
    /// There was no connection.
    Refused,
    /// Nothing had to come at all.
    Early,
}

impl Evidence {
    /// Evidence without bytes.
    pub fn of(end: End) -> Self {
        Self {
            end,
            ..Self::default()
        }
    }
}

impl Failure {
    /// A failure that is told in words.
    pub fn new(expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self {
            sent: None,
            expected: expected.into(),
            came: came.into(),
            evidence: Box::default(),
        }
    }

    /// Adds the bytes that it is about.
    #[must_use]
    pub fn because(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence.into();
        self
    }

    /// Adds what was sent, unless that is already known.
    #[must_use]
    pub fn after(mut self, sent: impl Into<String>) -> Self {
        self.sent.get_or_insert_with(|| sent.into());
        self
    }

    /// Says what was sent in other words.
    #[must_use]
    pub fn instead_of_sent(mut self, sent: impl Into<String>) -> Self {
        self.sent = Some(sent.into());
        self
    }

    /// Says of which of several clients the failure tells, or what happened before it.
    #[must_use]
    pub fn when(mut self, circumstance: &str) -> Self {
        self.expected = format!("{circumstance}: {}", self.expected);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sent) = &self.sent {
            writeln!(out, "sent      {sent}")?;
        }
        writeln!(out, "expected  {}", self.expected)?;
        write!(out, "came      {}", self.came)
    }
}

/// The end of the sentence for a server that stays silent.
pub fn nothing_within(deadline: Duration) -> String {
    format!("nothing within {deadline:?}")
}

/// Bytes for people: what can be printed is, the rest is escaped, and long messages are cut.
pub fn shown(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".into();
    }
    let head = bytes.get(..MAX_SHOWN).unwrap_or(bytes);
    let mut text: String = head.iter().copied().map(escaped).collect();
    if head.len() < bytes.len() {
        text.push_str(&format!(" ... ({} bytes)", bytes.len()));
    }
    text
}

fn escaped(byte: u8) -> String {
    match byte {
        b'\r' => "\\r".into(),
        b'\n' => "\\n".into(),
        b'\t' => "\\t".into(),
        b'\\' => "\\\\".into(),
        b' '..=b'~' => char::from(byte).into(),
        other => format!("\\x{other:02x}"),
    }
}

/// [`shown`], for bytes that should have been `expected`: where both are long, says where they part.
pub fn shown_beside(bytes: &[u8], expected: &[u8]) -> String {
    let same = bytes
        .iter()
        .zip(expected)
        .take_while(|(came, wanted)| came == wanted)
        .count();
    if same < MAX_SHOWN / 2 {
        return shown(bytes);
    }
    let rest = bytes.get(same..).unwrap_or_default();
    format!(
        "the first {same} of {} bytes as expected, then {}",
        expected.len(),
        shown(rest)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable() {
        assert_eq!(shown(b"+O'K\r\n\0\xff\\"), "+O'K\\r\\n\\x00\\xff\\\\");
        assert_eq!(shown(b""), "nothing");
        let long = shown(&[b'x'; 1000]);
        assert!(long.ends_with("xx ... (1000 bytes)"), "{long}");
    }

    #[test]
    fn a_late_difference_is_located() {
        let expected = [b'x'; 500];
        let mut came = expected;
        came[400] = b'y';
        let text = shown_beside(&came, &expected);
        assert!(text.starts_with("the first 400 of 500 bytes"), "{text}");
    }
}
