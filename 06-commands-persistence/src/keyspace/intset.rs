//! A few integers in one block of memory, in order: the compact form of sets of integers.
//!
//! ```text
//!  -5, 7, 300:       2 bytes each    | fb ff | 07 00 | 2c 01 |
//!  and 100,000:      4 bytes each    | fb ff ff ff | 07 00 00 00 | 2c 01 00 00 | a0 86 01 00 |
//! ```
//!
//! All take as many bytes as the largest one needs: 2, 4 or 8. So the place of each is known, and one is found by
//! halving what is left (binary search). To add one moves those behind it.

use crate::keyspace::cow::Content;
use std::cmp::Ordering;

/// Integers, each once, in ascending order.
#[derive(Clone, Debug)]
pub struct IntSet {
    bytes: Vec<u8>,
    /// How many bytes one takes. It grows when a larger one comes, and never shrinks.
    width: usize,
}

impl Default for IntSet {
    fn default() -> Self {
        let bytes = Vec::new();
        Self { bytes, width: 2 }
    }
}

impl IntSet {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes are allocated.
    pub fn allocated(&self) -> usize {
        self.bytes.capacity()
    }

    /// The integer at a position.
    pub fn get(&self, index: usize) -> Option<i64> {
        let rest = self.bytes.get(index.checked_mul(self.width)?..)?;
        match self.width {
            2 => Some(i16::from_le_bytes(*rest.first_chunk()?).into()),
            4 => Some(i32::from_le_bytes(*rest.first_chunk()?).into()),
            _ => Some(i64::from_le_bytes(*rest.first_chunk()?)),
        }
    }

    /// All of them, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = i64> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Whether `value` is among them.
    pub fn contains(&self, value: i64) -> bool {
        self.search(value).is_ok()
    }

    /// Adds `value`. Whether it was new.
    pub fn insert(&mut self, value: i64) -> bool {
        let Err(index) = self.search(value) else {
            return false;
        };
        self.widen(width(value));
        let place = index * self.width;
        let bytes = value.to_le_bytes().into_iter().take(self.width);
        // It grows by a quarter, to keep what is unused small.
        if self.bytes.capacity() - self.bytes.len() < self.width {
            self.bytes
                .reserve_exact(self.width.max(self.bytes.len() / 4));
        }
        self.bytes.splice(place..place, bytes);
        true
    }

    /// Removes `value`. Whether it was there.
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.search(value) else {
            return false;
        };
        let place = index * self.width;
        self.bytes.drain(place..place + self.width);
        if self.bytes.capacity() > 4 * self.bytes.len() {
            self.bytes.shrink_to(2 * self.bytes.len());
        }
        true
    }

    /// Where `value` is; else where it would be.
    fn search(&self, value: i64) -> Result<usize, usize> {
        let (mut start, mut end) = (0, self.len());
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

    fn widen(&mut self, width: usize) {
        if width <= self.width {
            return;
        }
        let mut bytes = Vec::with_capacity((self.len() + 1) * width);
        for value in self.iter() {
            bytes.extend(value.to_le_bytes().into_iter().take(width));
        }
        self.bytes = bytes;
        self.width = width;
    }
}

impl Content for IntSet {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
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
            let (mut set, mut model) = (IntSet::default(), BTreeSet::new());
            for step in 0..2_000 {
                // Small ones first, then larger and larger ones; few enough to meet again.
                let shift = 63 - (step / 33).min(60);
                let value = random.random::<i64>() >> shift.max(random.random_range(0..64));
                if random.random_bool(0.6) {
                    assert_eq!(set.insert(value), model.insert(value));
                } else {
                    let known = model.range(value..).next().copied().unwrap_or(value);
                    assert_eq!(set.remove(known), model.remove(&known));
                }
                assert_eq!(set.contains(value), model.contains(&value));
                assert!(set.iter().eq(model.iter().copied()));
                assert_eq!(set.len(), model.len());
            }
        }
    }

    #[test]
    fn all_take_as_many_bytes_as_the_largest_one_needs() {
        let mut set = IntSet::default();
        for (value, width) in [
            (0, 2),
            (i64::from(i16::MIN), 2),
            (i64::from(i16::MAX) + 1, 4),
            (i64::from(i32::MIN), 4),
            (i64::from(i32::MIN) - 1, 8),
            (i64::MAX, 8),
            (i64::MIN, 8),
        ] {
            assert!(set.insert(value) && !set.insert(value));
            assert_eq!(set.bytes.len(), set.len() * width);
        }
        assert_eq!(set.get(0), Some(i64::MIN));
        assert_eq!(set.get(6), Some(i64::MAX));
        assert_eq!(set.get(7), None);
        assert_eq!(set.get(usize::MAX), None);
    }
}
