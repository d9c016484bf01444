//! Replies of RESP2 and RESP3, taken apart so far that they can be compared.

use std::fmt::{self, Display, Formatter};
use std::io::{self, BufRead, ErrorKind};

/// A reply. Two that are equal were the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reply {
    /// Its first byte. A null has `_`, whatever it was.
    pub kind: u8,
    /// What follows on its line; of a bulk string, the string; of a null, the first byte that it had.
    pub text: Vec<u8>,
    /// The elements of an array, a set or a push; keys and values of a map.
    pub items: Vec<Reply>,
}

impl Reply {
    /// # Errors
    /// It is none, or does not come.
    pub fn read(input: &mut impl BufRead) -> io::Result<Self> {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line)?;
        let line = line.strip_suffix(b"\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        let (kind, text) = line.split_first().ok_or(ErrorKind::InvalidData)?;
        let (mut kind, mut text) = (*kind, text.to_vec());
        let mut items = Vec::new();
        if b"$*".contains(&kind) && text == b"-1" {
            (kind, text) = (b'_', vec![kind]);
        } else if b"$=*~>%".contains(&kind) {
            let count = String::from_utf8_lossy(&text).parse::<usize>();
            let count = count.map_err(|_| ErrorKind::InvalidData)?;
            match kind {
                b'$' | b'=' => {
                    text = vec![0; count + 2];
                    input.read_exact(&mut text)?;
                    text.truncate(count);
                }
                b'%' => items = Self::read_many(input, 2 * count)?,
                _ => items = Self::read_many(input, count)?,
            }
        } else if !b"+-:_,#(".contains(&kind) {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(Self { kind, text, items })
    }

    fn read_many(input: &mut impl BufRead, count: usize) -> io::Result<Vec<Self>> {
        (0..count).map(|_| Self::read(input)).collect()
    }

    pub fn is_error(&self) -> bool {
        self.kind == b'-'
    }

    pub fn is_null(&self) -> bool {
        self.kind == b'_'
    }

    /// The number that it is.
    pub fn integer(&self) -> Option<i64> {
        let text = std::str::from_utf8(&self.text).ok()?;
        (self.kind == b':').then(|| text.parse().ok())?
    }

    /// All texts in it that are not null, in order.
    pub fn leaves(&self) -> Vec<Vec<u8>> {
        if b"*~>%".contains(&self.kind) {
            return self.items.iter().flat_map(Self::leaves).collect();
        }
        (!self.is_null())
            .then(|| self.text.clone())
            .into_iter()
            .collect()
    }

    /// Its elements in an order of ours, where the server's is free; those that belong together, in groups of this size.
    pub fn sorted(mut self, size: usize) -> Self {
        let mut groups: Vec<&[Self]> = self.items.chunks(size).collect();
        groups.sort();
        self.items = groups.concat();
        self
    }

    /// The same without what a random choice has made of it: kinds and numbers of elements. An error stays what it is.
    pub fn shape(&self) -> Self {
        let is_fixed = self.is_error() || self.is_null() || !self.items.is_empty();
        Self {
            kind: self.kind,
            text: if is_fixed { self.text.clone() } else { vec![] },
            items: self.items.iter().map(Self::shape).collect(),
        }
    }
}

impl Display for Reply {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.kind), self.text.escape_ascii())?;
        if self.items.is_empty() {
            return Ok(());
        }
        let items: Vec<String> = self.items.iter().map(Self::to_string).collect();
        write!(f, " [{}]", items.join(", "))
    }
}
