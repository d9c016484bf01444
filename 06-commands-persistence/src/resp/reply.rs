//! What the server answers.

use super::{double, integer};
use crate::part::Part;
use crate::small_bytes::SmallBytes;
use std::collections::VecDeque;
use std::io::IoSlice;

/// A bulk string of this many bytes or more is not copied into a reply: it leaves by reference.
const LARGE: usize = 16 * 1024;

/// What an unusually large reply took is given back, down to this many bytes.
const MAX_IDLE: usize = 64 * 1024;

/// The most pieces that one write takes.
pub const MAX_SLICES: usize = 16;

/// Which protocol a client speaks. It chooses by HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// RESP2, until it has chosen.
    #[default]
    Resp2,
    /// RESP3, which also knows maps, sets, null, doubles and messages that nobody asked for.
    Resp3,
}

/// Reply bytes on their way to a client. Each method appends one value, as the client's protocol writes it.
///
/// ```text
/// bytes:  +OK\r\n$300000\r\n | \r\n$2\r\nhi\r\n
///                            ^ here a large value belongs, which lies elsewhere
/// ```
#[derive(Debug, Default)]
pub struct Reply {
    bytes: Vec<u8>,
    /// Large values, each with the place in `bytes` before which it belongs.
    large: VecDeque<(usize, SmallBytes)>,
    large_bytes: usize,
    /// How much of `bytes` was sent.
    sent: usize,
    /// How much of the first large value was sent.
    sent_of_large: usize,
    protocol: Protocol,
}

/// A place between two values of a [`Reply`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    bytes: usize,
    /// Large values before it.
    large: usize,
}

impl Reply {
    /// A reply in this protocol.
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            ..Self::default()
        }
    }

    /// The protocol of what is appended.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Changes the protocol of what is appended from now on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

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
        for byte in self.bytes.part_mut(start..end) {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.number(b':', value);
    }

    /// A count, as an integer.
    pub fn count(&mut self, count: usize) {
        self.length(b':', count);
    }

    /// A floating-point number. RESP2 writes it as a bulk string.
    pub fn double(&mut self, value: f64) {
        let mut text = [0; double::MAX_TEXT];
        let text = double::format(&mut text, value);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(b',', text),
        }
    }

    /// A bulk string: any bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.length(b'$', bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// A bulk string that, where it is large, is not copied. `share` gives a reference to the same bytes.
    pub fn bulk_by_reference(&mut self, bytes: &[u8], share: impl FnOnce() -> Option<SmallBytes>) {
        if bytes.len() < LARGE {
            return self.bulk(bytes);
        }
        match share() {
            Some(shared) => {
                self.length(b'$', shared.len());
                self.append_shared(shared);
                self.bytes.extend_from_slice(b"\r\n");
            }
            None => self.bulk(bytes),
        }
    }

    /// The value that is not there: the answer for a missing key.
    pub fn null(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.bytes.extend_from_slice(b"$-1\r\n"),
            Protocol::Resp3 => self.bytes.extend_from_slice(b"_\r\n"),
        }
    }

    /// The array that is not there.
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.bytes.extend_from_slice(b"*-1\r\n"),
            Protocol::Resp3 => self.bytes.extend_from_slice(b"_\r\n"),
        }
    }

    /// A truth. RESP2 writes it as an integer.
    pub fn boolean(&mut self, value: bool) {
        match self.protocol {
            Protocol::Resp2 => self.integer(i64::from(value)),
            Protocol::Resp3 => self.line(b'#', if value { b"t" } else { b"f" }),
        }
    }

    /// An integer of any size, by its digits. RESP2 writes it as a bulk string.
    pub fn big_number(&mut self, digits: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits.as_bytes()),
            Protocol::Resp3 => self.line(b'(', digits.as_bytes()),
        }
    }

    /// The head of what is told beside the next value, in pairs. RESP2 has nothing of this kind.
    pub fn attributes(&mut self, pairs: usize) {
        if self.protocol == Protocol::Resp3 {
            self.length(b'|', pairs);
        }
    }

    /// The head of an array. As many values must follow.
    pub fn array(&mut self, length: usize) {
        self.length(b'*', length);
    }

    /// The head of a map with this many pairs of key and value. RESP2 writes it as an array.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp2 => self.length(b'*', pairs * 2),
            Protocol::Resp3 => self.length(b'%', pairs),
        }
    }

    /// A pair of a map: a name, and a text.
    pub fn named_text(&mut self, name: &str, text: &str) {
        self.bulk(name.as_bytes());
        self.bulk(text.as_bytes());
    }

    /// A pair of a map: a name, and a number.
    pub fn named_integer(&mut self, name: &str, value: i64) {
        self.bulk(name.as_bytes());
        self.integer(value);
    }

    /// The head of a set. RESP2 writes it as an array.
    pub fn set(&mut self, length: usize) {
        match self.protocol {
            Protocol::Resp2 => self.length(b'*', length),
            Protocol::Resp3 => self.length(b'~', length),
        }
    }

    /// The head of a message that nobody asked for. RESP2 writes it as an array.
    pub fn push(&mut self, length: usize) {
        match self.protocol {
            Protocol::Resp2 => self.length(b'*', length),
            Protocol::Resp3 => self.length(b'>', length),
        }
    }

    /// Text for people, in lines. RESP2 writes it as a bulk string.
    pub fn verbatim(&mut self, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.length(b'=', text.len() + 4);
                self.bytes.extend_from_slice(b"txt:");
                self.bytes.extend_from_slice(text);
                self.bytes.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Values that were written before, by a [`Reply`] of the same protocol.
    pub fn append(&mut self, other: &Reply) {
        let mut from = 0;
        for (place, large) in &other.large {
            self.bytes.extend_from_slice(other.bytes.part(from..*place));
            self.append_shared(large.clone());
            from = *place;
        }
        self.bytes.extend_from_slice(other.bytes.part(from..));
    }

    /// The end of what was appended so far. Good until something is sent.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark {
            bytes: self.bytes.len(),
            large: self.large.len(),
        }
    }

    /// Takes back what was appended since.
    pub fn truncate(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        for (_, large) in self.large.drain(mark.large..) {
            self.large_bytes -= large.len();
        }
    }

    /// Moves the values of another [`Reply`] before those that were appended since.
    pub fn insert(&mut self, mark: Mark, other: &mut Self) {
        let bytes = self.bytes.split_off(mark.bytes);
        let large = self.large.split_off(mark.large);
        self.append(other);
        other.clear();
        let moved = self.bytes.len() - mark.bytes;
        self.bytes.extend_from_slice(&bytes);
        let large = large.into_iter();
        self.large
            .extend(large.map(|(place, large)| (place + moved, large)));
    }

    /// Puts what `write` appends before the values that were appended since: the head of an array whose length was not
    /// known.
    pub fn put_before(&mut self, mark: Mark, write: impl FnOnce(&mut Self)) {
        let mut head = Self::new(self.protocol);
        write(&mut head);
        self.insert(mark, &mut head);
    }

    /// How many bytes are to be sent.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent + self.large_bytes - self.sent_of_large
    }

    /// Whether nothing is to be sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What to send next, in up to [`MAX_SLICES`] pieces: fills `slices` and says how many there are.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; MAX_SLICES]) -> usize {
        let mut count = 0;
        let mut put = |slice: &'a [u8]| {
            if let (false, Some(place)) = (slice.is_empty(), slices.get_mut(count)) {
                *place = IoSlice::new(slice);
                count += 1;
            }
        };
        let (mut from, mut skipped) = (self.sent, self.sent_of_large);
        for (place, large) in self.large.iter().take(MAX_SLICES) {
            put(self.bytes.part(from..*place));
            put(large.part(skipped..));
            (from, skipped) = (*place, 0);
        }
        if self.large.len() < MAX_SLICES {
            put(self.bytes.part(from..));
        }
        count
    }

    /// Says that the first `count` bytes of what was to be sent were sent.
    pub fn advance(&mut self, mut count: usize) {
        while let Some((place, large)) = self.large.front() {
            let before = place.saturating_sub(self.sent);
            if count < before {
                break;
            }
            count -= before;
            self.sent += before;
            let left = large.len() - self.sent_of_large;
            if count < left {
                self.sent_of_large += count;
                return;
            }
            count -= left;
            self.large_bytes -= large.len();
            self.sent_of_large = 0;
            self.large.pop_front();
        }
        self.sent += count;
        if self.is_empty() {
            self.clear();
        }
    }

    /// Forgets all that was appended, and gives back what an unusually large reply took.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(MAX_IDLE);
        self.large.clear();
        self.large.shrink_to(MAX_SLICES);
        (self.large_bytes, self.sent, self.sent_of_large) = (0, 0, 0);
    }

    /// What lies in the reply itself. Large values, which leave by reference, are not in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All that is to be sent, in one piece: for tests, and for what has no socket.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut whole = Vec::new();
        let mut rest = Self::new(self.protocol);
        rest.append(self);
        while !rest.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = rest.slices(&mut slices);
            let before = whole.len();
            for slice in slices.iter().take(count) {
                whole.extend_from_slice(slice);
            }
            rest.advance(whole.len() - before);
        }
        whole
    }

    fn append_shared(&mut self, shared: SmallBytes) {
        self.large_bytes += shared.len();
        self.large.push_back((self.bytes.len(), shared));
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

    fn text(reply: &Reply) -> String {
        reply.to_vec().escape_ascii().to_string()
    }

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
        assert_eq!(text(&reply), expected.escape_ascii().to_string());
        reply.clear();
        assert!(reply.is_empty());
    }

    #[test]
    fn each_protocol_has_its_own_ways() {
        let write = |protocol| {
            let mut reply = Reply::new(protocol);
            reply.null();
            reply.null_array();
            reply.map(1);
            reply.set(1);
            reply.push(1);
            reply.verbatim(b"x");
            text(&reply)
        };
        let resp2 = r"$-1\r\n*-1\r\n*2\r\n*1\r\n*1\r\n$1\r\nx\r\n";
        let resp3 = r"_\r\n_\r\n%1\r\n~1\r\n>1\r\n=5\r\ntxt:x\r\n";
        assert_eq!(write(Protocol::Resp2), resp2);
        assert_eq!(write(Protocol::Resp3), resp3);
    }

    #[test]
    fn large_values_leave_by_reference_however_they_are_sent() {
        let large = SmallBytes::from(vec![b'x'; 2 * LARGE].as_slice());
        let mut reply = Reply::default();
        let mut expected = Vec::new();
        for round in 0..40 {
            reply.integer(round);
            reply.bulk_by_reference(&large, || large.shared());
            expected.extend_from_slice(format!(":{round}\r\n${}\r\n", 2 * LARGE).as_bytes());
            expected.extend_from_slice(&large);
            expected.extend_from_slice(b"\r\n");
        }
        assert!(reply.bytes.len() < 2 * LARGE);
        let mut twice = Reply::default();
        twice.append(&reply);
        assert_eq!(twice.to_vec(), expected);
        for step in [1_000, LARGE, 7 * LARGE] {
            let mut reply = Reply::default();
            reply.append(&twice);
            let mut sent = Vec::new();
            while !reply.is_empty() {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let count = reply.slices(&mut slices);
                let mut offered = Vec::new();
                for slice in &slices[..count] {
                    offered.extend_from_slice(slice);
                }
                let taken = offered.len().min(step);
                sent.extend_from_slice(&offered[..taken]);
                reply.advance(taken);
            }
            assert_eq!(sent, expected);
            assert_eq!(reply.large_bytes, 0);
        }
    }
}
