//! What the blocks in which Redis keeps small collections have in common.

use crate::resp::integer::{self, MAX_TEXT};

/// An element of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// A string.
    Bytes(&'a [u8]),
    /// A string that is the digits of this number.
    Integer(i64),
}

impl Element<'_> {
    /// Appends the string to `out`.
    pub fn append(self, out: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            Self::Integer(number) => integer::write(out, number),
        }
    }
}

impl<'a> Element<'a> {
    /// The string. Digits are written into `digits`.
    #[inline]
    pub fn text<'t>(self, digits: &'t mut [u8; MAX_TEXT]) -> &'t [u8]
    where
        'a: 't,
    {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Integer(number) => integer::format(digits, number),
        }
    }

    /// Whether it is this string. A number has one spelling.
    #[inline]
    pub fn is(self, string: &[u8]) -> bool {
        self.text(&mut [0; MAX_TEXT]) == string
    }

    /// The number, if it is kept as one.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            Self::Bytes(_) => None,
        }
    }
}

/// What the last byte of a block is.
pub(super) const END: u8 = 0xFF;

/// In the place of a count: nobody has counted.
const UNCOUNTED: u16 = u16::MAX;

/// Reads entries by `read` up to the end of a block, which states that there are `count`.
pub(super) fn entries(
    cursor: &mut Cursor<'_>,
    count: u16,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let mut seen: u64 = 0;
    while cursor.0.first() != Some(&END) {
        read(cursor)?;
        seen += 1;
    }
    if cursor.0.len() != 1 {
        return Err("it goes on after its end");
    }
    if count != UNCOUNTED && u64::from(count) != seen {
        return Err("it has not as many entries as it states");
    }
    Ok(())
}

/// Bytes of a block that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A signed number of three bytes.
    pub fn i24(&mut self) -> Option<i64> {
        let [low, middle, high] = self.array()?;
        // In the upper three bytes of four, and shifted down again with its sign.
        Some(i64::from(i32::from_le_bytes([0, low, middle, high]) >> 8))
    }
}
