//! A few integers side by side, in order: the compact form of sets of integers.
//!
//! ```text
//!  -5, 7, 300:       2 bytes each    | 2 | fb ff | 07 00 | 2c 01 |
//!  and 100,000:      4 bytes each    | 4 | fb ff ff ff | 07 00 00 00 | 2c 01 00 00 | a0 86 01 00 |
//! ```
//!
//! All take as many bytes as the largest one needs: 2, 4 or 8, as the first byte says. So the place of each is known, and
//! one is found by halving what is left (binary search). To add one means to copy all, so a set should stay small.

use std::cmp::Ordering;

/// Integers, each once, in ascending order.
#[derive(Clone, Copy, Debug)]
pub struct IntSet<'a> {
    bytes: &'a [u8],
    /// How many bytes one takes. It grows when a larger one comes, and never shrinks.
    width: usize,
}

impl<'a> IntSet<'a> {
    /// The integers in such bytes, as [`with`](Self::with) makes them; none where there are no bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        let (width, bytes) = bytes.split_first().unwrap_or((&2, bytes));
        let width = usize::from(*width);
        Self { bytes, width }
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.bytes.len() / self.width.max(1)
    }

    /// The integer at a position.
    pub fn get(self, index: usize) -> Option<i64> {
        let rest = self.bytes.get(index.checked_mul(self.width)?..)?;
        match self.width {
            2 => Some(i16::from_le_bytes(*rest.first_chunk()?).into()),
            4 => Some(i32::from_le_bytes(*rest.first_chunk()?).into()),
            _ => Some(i64::from_le_bytes(*rest.first_chunk()?)),
        }
    }

    /// All of them, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = i64> + use<'a> {
        (0..self.count()).filter_map(move |index| self.get(index))
    }

    /// Whether `value` is among them.
    pub fn contains(self, value: i64) -> bool {
        self.search(value).is_ok()
    }

    /// The bytes of the same integers and `value`; `None` if it is among them.
    pub fn with(self, value: i64) -> Option<Vec<u8>> {
        let index = self.search(value).err()?;
        let width = self.width.max(width(value));
        let mut bytes = Vec::with_capacity(1 + (self.count() + 1) * width);
        bytes.push(width as u8); // 2, 4 or 8.
        let (before, behind) = self.bytes.split_at_checked(index * self.width)?;
        self.widen(before, width, &mut bytes);
        bytes.extend(value.to_le_bytes().iter().take(width));
        self.widen(behind, width, &mut bytes);
        Some(bytes)
    }

    /// The bytes of the same integers without `value`; `None` if it is not among them.
    pub fn without(self, value: i64) -> Option<Vec<u8>> {
        let place = self.search(value).ok()? * self.width;
        let (before, behind) = self.bytes.split_at_checked(place)?;
        let behind = behind.get(self.width..)?;
        Some([&[self.width as u8], before, behind].concat())
    }

    /// Where `value` is; else where it would be.
    fn search(self, value: i64) -> Result<usize, usize> {
        let (mut start, mut end) = (0, self.count());
        while start < end {
            let middle = (start + end) / 2;
            match self.get(middle).cmp(&Some(value)) {
                Ordering::Less => start = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => end = middle,
            }
        }
        Err(start)
    }

    /// Appends a part of its bytes to others, in which an integer takes `width`.
    fn widen(self, part: &'a [u8], width: usize, out: &mut Vec<u8>) {
        if width == self.width {
            return out.extend_from_slice(part);
        }
        for value in (Self {
            bytes: part,
            ..self
        })
        .iter()
        {
            out.extend(value.to_le_bytes().iter().take(width));
        }
    }
}

/// How many bytes `value` needs.
fn width(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::BTreeSet;

    #[test]
    fn random_calls_agree_with_the_standard_set() {
        for seed in 0..20 {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut bytes, mut model) = (Vec::new(), BTreeSet::new());
            for step in 0..1_000 {
                // Small ones first, then larger and larger ones.
                let shift = 63_u32.saturating_sub(step / 16).max(2);
                let value = random.random::<i64>() >> shift.max(random.random_range(0..64));
                let set = IntSet::new(&bytes);
                let changed = if random.random_bool(0.6) {
                    let changed = set.with(value);
                    assert_eq!(changed.is_some(), model.insert(value));
                    changed
                } else {
                    let known = model.range(value..).next().copied().unwrap_or(value);
                    let changed = set.without(known);
                    assert_eq!(changed.is_some(), model.remove(&known));
                    changed
                };
                bytes = changed.unwrap_or(bytes);
                let set = IntSet::new(&bytes);
                assert_eq!(set.contains(value), model.contains(&value));
                assert!(set.iter().eq(model.iter().copied()));
                assert_eq!(set.count(), model.len());
            }
        }
    }

    #[test]
    fn all_take_as_many_bytes_as_the_largest_one_needs() {
        let mut bytes = Vec::new();
        for (index, (value, width)) in [
            (0, 2),
            (i64::from(i16::MIN), 2),
            (i64::from(i16::MAX) + 1, 4),
            (i64::from(i32::MIN), 4),
            (i64::from(i32::MIN) - 1, 8),
            (i64::MAX, 8),
            (i64::MIN, 8),
        ]
        .into_iter()
        .enumerate()
        {
            bytes = IntSet::new(&bytes).with(value).unwrap();
            assert_eq!(IntSet::new(&bytes).with(value), None);
            assert_eq!(bytes.len(), 1 + (index + 1) * width);
        }
        let set = IntSet::new(&bytes);
        assert_eq!(set.get(0), Some(i64::MIN));
        assert_eq!(set.get(6), Some(i64::MAX));
        assert_eq!((set.get(7), set.get(usize::MAX)), (None, None));
    }
}
