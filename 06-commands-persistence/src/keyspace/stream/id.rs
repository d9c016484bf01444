//! What an entry of a stream is called.

use crate::resp::integer::{self, MAX_TEXT};
use std::fmt;

/// A time in milliseconds, and a number that tells entries of the same millisecond apart. Ids of a stream only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds since 1970, or whatever the client says.
    pub ms: u64,
    /// The number within them.
    pub seq: u64,
}

impl StreamId {
    /// The smallest one, which no entry has.
    pub const MIN: Self = Self::new(0, 0);
    /// The largest one.
    pub const MAX: Self = Self::new(u64::MAX, u64::MAX);

    /// The id with these parts.
    pub const fn new(ms: u64, seq: u64) -> Self {
        Self { ms, seq }
    }

    /// The next larger one, if there is one.
    pub fn next(self) -> Option<Self> {
        Self::from_number(self.number().checked_add(1)?)
    }

    /// The next smaller one, if there is one.
    pub fn previous(self) -> Option<Self> {
        Self::from_number(self.number().checked_sub(1)?)
    }

    /// As one number, with the time in its upper half.
    fn number(self) -> u128 {
        u128::from(self.ms) << 64 | u128::from(self.seq)
    }

    fn from_number(number: u128) -> Option<Self> {
        Some(Self::new((number >> 64) as u64, number as u64))
    }

    /// As Redis keeps it in a radix tree: the high byte first, so that bytes and ids have the same order.
    pub fn to_bytes(self) -> [u8; 16] {
        self.number().to_be_bytes()
    }

    /// The reverse of [`to_bytes`](Self::to_bytes).
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let number = u128::from_be_bytes(bytes);
        Self::new((number >> 64) as u64, number as u64)
    }

    /// Appends it as clients see it: `1526919030474-55`.
    pub fn write(self, out: &mut Vec<u8>) {
        write_number(out, self.ms);
        out.push(b'-');
        write_number(out, self.seq);
    }

    /// The same in a vector of its own.
    pub fn text(self) -> Vec<u8> {
        let mut text = Vec::with_capacity(2 * MAX_TEXT);
        self.write(&mut text);
        text
    }
}

fn write_number(out: &mut Vec<u8>, number: u64) {
    match i64::try_from(number) {
        Ok(number) => integer::write(out, number),
        Err(_) => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}
