//! A few members in order of their score, in one block of memory.
//!
//! An entry of the [`Packed`] sequence is the score and, behind it, the bytes of the member. The first byte of a score says how
//! many more it has:
//!
//! ```text
//!  07 a l i c e        7, "alice"          0 to 239: the score itself
//!  f0 e8 03 b o b      1000, "bob"         an integer in 2 bytes; in 4 behind f1
//!  f2 .. 8 bytes .. c  0.1, "c"            any number
//! ```

use super::tree::order;
use crate::keyspace::packed::{Iter, Packed};
use std::cmp::Ordering;
use std::ops::Range;

/// First bytes from here on are no scores themselves.
const BYTE: u8 = 0xf0;
const TWO_BYTES: u8 = 0xf0;
const FOUR_BYTES: u8 = 0xf1;
const EIGHT_BYTES: u8 = 0xf2;

/// The most bytes of a score.
const MAX_SCORE: usize = 9;

/// Members with their scores. To find one means to walk.
#[derive(Clone, Debug, Default)]
pub struct Small(Packed);

impl Small {
    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Where a member is, and its score.
    pub fn find(&self, member: &[u8]) -> Option<(usize, f64)> {
        let is_it = |entry: &[u8]| {
            entry.len() > member.len()
                && entry.ends_with(member)
                && entry.len() - member.len() == width(entry)
        };
        // By number, since few of the scores are to be looked at.
        let mut entries = self.0.iter().enumerate();
        let (position, entry) = entries.find(|(_, entry)| is_it(entry))?;
        Some((position, split(entry).0))
    }

    /// Adds a member, which must not be there yet. An integer keeps no sign where it is 0, as in Redis's listpack.
    pub fn insert(&mut self, member: &[u8], score: f64) {
        let is_before = |other: &[u8], at| order((at, other), (score, member)) == Ordering::Less;
        let is_last = self.range(0..self.len()).next_back();
        let position = match is_last {
            Some((other, at)) if !is_before(other, at) => self.count_while(is_before),
            _ => self.len(),
        };
        let mut entry = Vec::with_capacity(MAX_SCORE + member.len());
        write_score(&mut entry, score);
        entry.extend_from_slice(member);
        self.0.insert(position, &entry);
    }

    /// Removes the members at these positions.
    pub fn remove(&mut self, positions: Range<usize>) {
        self.0.remove(positions);
    }

    /// How many members come first for which `is_before` holds.
    pub fn count_while(&self, is_before: impl Fn(&[u8], f64) -> bool) -> usize {
        let entries = self.range(0..self.len());
        let before = entries.take_while(|(member, score)| is_before(member, *score));
        before.count()
    }

    /// The members at these positions.
    pub fn range(&self, positions: Range<usize>) -> Entries<'_> {
        Entries(self.0.range(positions))
    }

    /// How many bytes are allocated.
    pub fn allocated(&self) -> usize {
        self.0.allocated()
    }

    /// How many bytes a copy takes.
    pub fn copy_size(&self) -> usize {
        self.0.size_in_bytes()
    }
}

/// Members with their scores, from both ends.
#[derive(Clone, Debug)]
pub struct Entries<'a>(Iter<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (score, member) = split(self.0.next()?);
        Some((member, score))
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let (score, member) = split(self.0.next_back()?);
        Some((member, score))
    }
}

/// How many bytes the score of an entry takes.
#[inline]
fn width(entry: &[u8]) -> usize {
    match entry.first() {
        None => 0,
        Some(..BYTE) => 1,
        Some(&TWO_BYTES) => 3,
        Some(&FOUR_BYTES) => 5,
        Some(_) => MAX_SCORE,
    }
}

/// The score of an entry, and the member.
#[inline]
fn split(entry: &[u8]) -> (f64, &[u8]) {
    match entry {
        [score @ ..BYTE, member @ ..] => (f64::from(*score), member),
        [TWO_BYTES, a, b, member @ ..] => (i16::from_le_bytes([*a, *b]).into(), member),
        [FOUR_BYTES, a, b, c, d, member @ ..] => {
            (i32::from_le_bytes([*a, *b, *c, *d]).into(), member)
        }
        [_, a, b, c, d, e, f, g, h, member @ ..] => {
            let score = f64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (score, member)
        }
        // There is no such entry.
        _ => (0.0, &[]),
    }
}

fn write_score(out: &mut Vec<u8>, score: f64) {
    // What does not fit becomes another number here.
    let (byte, two, four) = (score as u8, score as i16, score as i32);
    if byte < BYTE && f64::from(byte) == score {
        out.push(byte);
    } else if f64::from(two) == score {
        out.push(TWO_BYTES);
        out.extend_from_slice(&two.to_le_bytes());
    } else if f64::from(four) == score {
        out.push(FOUR_BYTES);
        out.extend_from_slice(&four.to_le_bytes());
    } else {
        out.push(EIGHT_BYTES);
        out.extend_from_slice(&score.to_le_bytes());
    }
}
