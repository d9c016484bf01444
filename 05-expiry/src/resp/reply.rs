//! What the server answers.

use std::fmt;
use std::io::Write;

/// Reply bytes on their way to a client. Each method appends one RESP2 value.
#[derive(Debug, Default)]
pub struct Reply {
    bytes: Vec<u8>,
}

impl Reply {
    /// A simple string such as `+OK`, for fixed texts. It must not hold an end of line.
    pub fn simple(&mut self, text: &str) {
        self.line(format_args!("+{text}"));
    }

    /// An error: a code in capitals, a space, and a text for people. Line ends in it, which would end
    /// the reply too early, become spaces.
    pub fn error(&mut self, text: &[u8]) {
        self.bytes.push(b'-');
        self.bytes.extend(text.iter().map(|byte| match byte {
            b'\r' | b'\n' => b' ',
            other => *other,
        }));
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.line(format_args!(":{value}"));
    }

    /// A bulk string: its length, and then any bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.line(format_args!("${}", bytes.len()));
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// The bulk string that is not there: the answer for a missing key.
    pub fn null(&mut self) {
        self.line(format_args!("$-1"));
    }

    /// The head of an array. As many values must follow.
    pub fn array(&mut self, length: usize) {
        self.line(format_args!("*{length}"));
    }

    /// All that was appended.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same, to be sent.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn line(&mut self, text: fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = write!(self.bytes, "{text}\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type() {
        let mut reply = Reply::default();
        reply.simple("OK");
        reply.error(b"ERR not\r\ngood");
        reply.integer(-7);
        reply.bulk(b"a\r\nb");
        reply.bulk(b"");
        reply.null();
        reply.array(2);
        let expected = b"+OK\r\n-ERR not  good\r\n:-7\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*2\r\n";
        assert_eq!(
            reply.into_bytes().escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }
}
