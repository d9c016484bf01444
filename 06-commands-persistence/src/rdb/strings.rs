//! Many strings in one piece of memory.

use crate::part::Part;
use std::fmt;

/// Strings one after the other, as a file has them. A million of them take two allocations instead of a
/// million.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Strings {
    bytes: Vec<u8>,
    /// Where each of them ends in `bytes`.
    ends: Vec<usize>,
}

impl Strings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Appends one.
    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
    }

    /// Appends what `write` appends to the bytes it is given. If it fails, nothing.
    pub(super) fn push_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.bytes.len();
        let written = write(&mut self.bytes);
        match written {
            Ok(()) => self.ends.push(self.bytes.len()),
            Err(_) => self.bytes.truncate(before),
        }
        written
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let string = self.bytes.part(start..end);
            start = end;
            string
        })
    }

    /// The strings in order, two at a time: the fields of a hash with their values. A last one without a
    /// second is left out.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut strings = self.iter();
        std::iter::from_fn(move || Some((strings.next()?, strings.next()?)))
    }
}

impl<S: AsRef<[u8]>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut all = Self::default();
        for string in strings {
            all.push(string.as_ref());
        }
        all
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.iter().map(|string| string.escape_ascii().to_string());
        f.debug_list().entries(texts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_out_as_they_went_in() {
        let mut strings: Strings = ["a", "", "bcd"].into_iter().collect();
        assert_eq!(strings.len(), 3);
        assert!(strings.iter().eq([&b"a"[..], b"", b"bcd"]));
        assert!(strings.pairs().eq([(&b"a"[..], &b""[..])]));
        let failed = strings.push_with(|bytes| {
            bytes.push(b'x');
            Err("no")
        });
        assert_eq!(failed, Err("no"));
        assert_eq!(strings.len(), 3);
        strings.push(b"y");
        assert_eq!(strings.iter().last(), Some(&b"y"[..]));
    }
}
