//! What the server answers.

use super::integer;

/// Reply bytes on their way to a client. Each method appends one RESP2 value.
#[derive(Debug, Default)]
pub struct Reply {
    bytes: Vec<u8>,
}

impl Reply {
    /// A simple string such as `+OK`, for fixed texts. It must not hold an end of line.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error: a code in capitals, a space, and a text for people. Line ends in it, which would end
    /// the reply too early, become spaces.
    pub fn error(&mut self, text: &[u8]) {
        let start = self.bytes.len();
        self.line(b'-', text);
        let end = self.bytes.len() - 2;
        for byte in self.bytes.get_mut(start..end).unwrap_or_default() {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.number(b':', value);
    }

    /// A bulk string: any bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.length(b'$', bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// The bulk string that is not there: the answer for a missing key.
    pub fn null(&mut self) {
        self.bytes.extend_from_slice(b"$-1\r\n");
    }

    /// The head of an array. As many values must follow.
    pub fn array(&mut self, length: usize) {
        self.length(b'*', length);
    }

    /// The array that is not there.
    pub fn null_array(&mut self) {
        self.bytes.extend_from_slice(b"*-1\r\n");
    }

    /// All that was appended since the last [`Reply::clear`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets all that was appended, and gives back what an unusually large reply took.
    pub fn clear(&mut self) {
        const MAX_IDLE: usize = 1024 * 1024;
        self.bytes.clear();
        self.bytes.shrink_to(MAX_IDLE);
    }

    fn length(&mut self, marker: u8, length: usize) {
        // No length in memory is above i64::MAX: an allocation ends at isize::MAX bytes.
        self.number(marker, i64::try_from(length).unwrap_or(i64::MAX));
    }

    fn number(&mut self, marker: u8, value: i64) {
        self.bytes.push(marker);
        integer::write(&mut self.bytes, value);
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn line(&mut self, marker: u8, text: &[u8]) {
        self.bytes.push(marker);
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(b"\r\n");
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
        reply.null_array();
        let expected =
            b"+OK\r\n-ERR not  good\r\n:-7\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*2\r\n*-1\r\n";
        assert_eq!(
            reply.bytes().escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
        reply.clear();
        assert!(reply.bytes().is_empty());
    }
}
