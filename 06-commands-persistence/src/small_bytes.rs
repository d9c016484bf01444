//! Bytes that lie in place where they are few.

use crate::part::Part;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// The most bytes that are held in place. With their count, and a byte that tells the forms apart,
/// they fill three words.
const MAX_INLINE: usize = 22;

/// The last of them, and what it says of the origin where it is not needed for content.
const LAST: usize = MAX_INLINE - 1;
const GIVEN: u8 = 0;
const RESULT: u8 = 1;
const CHANGED: u8 = 2;

/// Up to this length a vector's bytes are copied into a block of their own: that costs less than a
/// second pointer to follow. And a block is copied into a vector when it is changed, which shows that it was.
const MAX_COPIED: usize = 512;

/// What an [`Arc`] puts before its content: two counts.
const COUNTS: usize = 2 * size_of::<usize>();

/// A string of bytes. Up to 22 of them are held within the value itself, so that most keys
/// and many values need no allocation, and looking at them follows no pointer; more of them lie behind a
/// pointer that clones share.
///
/// It can be changed. Clones never see that: bytes that are shared are copied first. And it knows whether it
/// was: see [`Origin`].
#[derive(Clone)]
pub struct SmallBytes(Repr);

/// What became of bytes since they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They are as they came.
    Given,
    /// So they are, but they are a result: see [`SmallBytes::result`].
    Result,
    /// They were changed. Of more than 512 bytes it may be said though they were not.
    Changed,
}

#[derive(Clone)]
enum Repr {
    /// Where all but the last byte are enough, that is the [`Origin`]. More are as they came.
    Inline { length: u8, bytes: [u8; MAX_INLINE] },
    /// As they came: one block, and no room to grow.
    ///
    /// The hash fills bytes that would be padding: see [`keep_hash`](SmallBytes::keep_hash).
    Exact { hash: [u8; 7], bytes: Arc<[u8]> },
    /// With room at the end, for what is changed. An `Arc<Vec>` is one word, so that the value as a
    /// whole stays at three.
    Growable(Arc<Vec<u8>>),
}

/// Bits of a hash that long bytes can keep.
pub const HASH_BITS: u32 = 56;

impl SmallBytes {
    /// Keeps the lower 56 bits of a hash beside bytes that lie behind a pointer, at no cost in memory. Does
    /// nothing where the bytes lie in place: these are few, and soon hashed again.
    ///
    /// Equality and order know nothing of it. A clone has it too, so whoever asks for it must have kept it
    /// in this very value.
    pub fn keep_hash(&mut self, hash: u64) {
        if let Repr::Exact { hash: kept, .. } = &mut self.0 {
            let [a, b, c, d, e, f, g, _] = hash.to_le_bytes();
            *kept = [a, b, c, d, e, f, g];
        }
    }

    /// What was kept by [`keep_hash`](Self::keep_hash); `None` where the bytes lie in place, or can grow.
    pub fn kept_hash(&self) -> Option<u64> {
        match self.0 {
            Repr::Inline { .. } | Repr::Growable(_) => None,
            Repr::Exact { hash, .. } => {
                let [a, b, c, d, e, f, g] = hash;
                Some(u64::from_le_bytes([a, b, c, d, e, f, g, 0]))
            }
        }
    }

    /// Bytes that were computed, and that nobody has sent.
    pub fn result(source: &[u8]) -> Self {
        let mut result = Self::from(source);
        if let Some(origin) = result.inline_origin() {
            *origin = RESULT;
        }
        result
    }

    /// What became of the bytes since they came.
    pub fn origin(&self) -> Origin {
        match &self.0 {
            Repr::Inline { length, bytes } if usize::from(*length) <= LAST => match bytes[LAST] {
                GIVEN => Origin::Given,
                RESULT => Origin::Result,
                _ => Origin::Changed,
            },
            Repr::Inline { .. } | Repr::Exact { .. } => Origin::Given,
            Repr::Growable(_) => Origin::Changed,
        }
    }

    /// Counts as changed from now on.
    pub fn mark_changed(&mut self) {
        match &self.0 {
            Repr::Growable(_) => {}
            Repr::Exact { bytes, .. } if bytes.len() > MAX_COPIED => {}
            _ => match self.inline_origin() {
                Some(origin) => *origin = CHANGED,
                None => self.0 = Repr::Growable(Arc::new(self.to_vec())),
            },
        }
    }

    /// The byte in place that tells the origin.
    fn inline_origin(&mut self) -> Option<&mut u8> {
        match &mut self.0 {
            Repr::Inline { length, bytes } if usize::from(*length) <= LAST => bytes.last_mut(),
            _ => None,
        }
    }

    /// Whether the bytes are held within the value itself.
    pub fn is_inline(&self) -> bool {
        matches!(self.0, Repr::Inline { .. })
    }

    /// How many bytes are allocated behind the pointer, with the room to grow; 0 where there is none.
    /// What an allocator adds is not counted. Clones that share a block all count it.
    pub fn allocated(&self) -> usize {
        match &self.0 {
            Repr::Inline { .. } => 0,
            Repr::Exact { bytes, .. } => COUNTS + bytes.len(),
            Repr::Growable(bytes) => COUNTS + size_of::<Vec<u8>>() + bytes.capacity(),
        }
    }

    /// The same bytes without copying them; `None` where they are held in place, and copying is cheaper.
    /// What becomes of `self` later does not change them.
    pub fn shared(&self) -> Option<Self> {
        (!self.is_inline()).then(|| self.clone())
    }

    /// Adds bytes at the end. Takes constant time per byte over many calls; only a call that finds the
    /// present bytes shared copies them all.
    pub fn append(&mut self, source: &[u8]) {
        if let Some(place) = self.extend_inline(source.len()) {
            place.copy_from_slice(source);
            return;
        }
        if let Some(bytes) = self.growable() {
            bytes.extend_from_slice(source);
            return;
        }
        // No room to spare: many a value is appended to just once.
        let mut bytes = Vec::with_capacity(self.len() + source.len());
        bytes.extend_from_slice(self);
        bytes.extend_from_slice(source);
        self.0 = Repr::Growable(Arc::new(bytes));
    }

    /// Makes it `length` bytes long where it is shorter, by zeros at the end.
    pub fn grow_to(&mut self, length: usize) {
        let Some(missing) = length.checked_sub(self.len()) else {
            return;
        };
        if let Some(place) = self.extend_inline(missing) {
            place.fill(0);
            return;
        }
        if let Some(bytes) = self.growable() {
            bytes.resize(length, 0);
            return;
        }
        // The system hands out large blocks of zeros without touching them.
        let mut bytes = vec![0; length];
        if let Some(place) = bytes.get_mut(..self.len()) {
            place.copy_from_slice(self);
        }
        self.0 = Repr::Growable(Arc::new(bytes));
    }

    /// Puts other bytes, which may be more or fewer, in place of those in `range`. Moves what stands behind them.
    ///
    /// Does nothing where `range` is not within the bytes.
    pub fn replace(&mut self, range: Range<usize>, source: &[u8]) {
        if self.get(range.clone()).is_none() {
            return;
        }
        if range.len() == source.len() {
            self.to_mut().part_mut(range).copy_from_slice(source);
        } else if let Some(bytes) = self.growable() {
            bytes.splice(range, source.iter().copied());
        } else {
            let (head, tail) = (self.part(..range.start), self.part(range.end..));
            let bytes = [head, source, tail].concat();
            *self = match bytes.len() {
                ..=MAX_INLINE => bytes.as_slice().into(),
                _ => Self(Repr::Growable(Arc::new(bytes))),
            };
        }
    }

    /// The bytes, to be changed in place. Copies them first where they are shared.
    pub fn to_mut(&mut self) -> &mut [u8] {
        self.mark_changed();
        match &mut self.0 {
            Repr::Inline { length, bytes } => bytes.part_mut(..usize::from(*length)),
            Repr::Exact { bytes, .. } => Arc::make_mut(bytes),
            Repr::Growable(bytes) => Arc::make_mut(bytes).as_mut_slice(),
        }
    }

    /// Makes it longer by `missing` bytes, and gives their place, if they are held in place before and after.
    fn extend_inline(&mut self, missing: usize) -> Option<&mut [u8]> {
        let Repr::Inline { length, bytes } = &mut self.0 else {
            return None;
        };
        let start = usize::from(*length);
        let end = start.checked_add(missing)?;
        let (origin, bytes) = bytes.split_last_mut()?;
        let place = bytes.get_mut(start..end)?;
        *origin = CHANGED;
        // At most 21, by the slice above.
        *length = end as u8;
        Some(place)
    }

    /// The buffer, if there is one that nobody shares.
    fn growable(&mut self) -> Option<&mut Vec<u8>> {
        match &mut self.0 {
            Repr::Growable(bytes) => Arc::get_mut(bytes),
            Repr::Inline { .. } | Repr::Exact { .. } => None,
        }
    }
}

impl Default for SmallBytes {
    fn default() -> Self {
        Self::from([].as_slice())
    }
}

impl From<&[u8]> for SmallBytes {
    fn from(source: &[u8]) -> Self {
        let mut bytes = [0; MAX_INLINE];
        Self(match bytes.get_mut(..source.len()) {
            Some(place) => {
                place.copy_from_slice(source);
                // At most 22, by the slice above.
                let length = source.len() as u8;
                Repr::Inline { length, bytes }
            }
            None => Repr::Exact {
                hash: [0; 7],
                bytes: source.into(),
            },
        })
    }
}

/// Takes a long vector over without copying its bytes, and gives back the room that it does not use.
impl From<Vec<u8>> for SmallBytes {
    fn from(mut source: Vec<u8>) -> Self {
        if source.len() <= MAX_COPIED {
            return source.as_slice().into();
        }
        source.shrink_to_fit();
        Self(Repr::Growable(Arc::new(source)))
    }
}

impl Deref for SmallBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, bytes } => bytes.part(..usize::from(*length)),
            Repr::Exact { bytes, .. } => bytes,
            Repr::Growable(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for SmallBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

// A map finds its keys by plain slices. That needs all of the following to agree with what slices do.

impl Borrow<[u8]> for SmallBytes {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl Hash for SmallBytes {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (**self).hash(hasher);
    }
}

impl PartialEq for SmallBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SmallBytes {}

impl PartialOrd for SmallBytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SmallBytes {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl fmt::Debug for SmallBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn bytes_of_every_length_come_back() {
        for length in 0..100 {
            let source: Vec<u8> = (0..length).collect();
            let small = SmallBytes::from(source.as_slice());
            assert_eq!(*small, *source);
            assert_eq!(*small.clone(), *source);
            assert_eq!(
                matches!(small.0, Repr::Inline { .. }),
                source.len() <= MAX_INLINE
            );
        }
    }

    #[test]
    fn three_words_hold_it_and_leave_room_for_other_types_of_values() {
        #[expect(dead_code)]
        enum Value {
            String(SmallBytes),
            List(Box<u64>),
            Set(Box<[u64; 4]>),
        }
        assert_eq!(size_of::<SmallBytes>(), 24);
        assert_eq!(size_of::<Option<SmallBytes>>(), 24);
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn threads_can_pass_it_on() {
        fn check<T: Clone + Send + Sync + 'static>() {}
        check::<SmallBytes>();
    }

    #[test]
    fn vectors_of_every_length_become_it() {
        for length in [0, 22, 23, MAX_COPIED, MAX_COPIED + 1, 100_000] {
            let mut source = vec![7; length];
            source.reserve(1_000);
            let small = SmallBytes::from(source.clone());
            assert_eq!(*small, *source);
            assert_eq!(small.is_inline(), length <= MAX_INLINE);
            assert!(small.allocated() <= length + 64);
        }
    }

    #[test]
    fn appending_moves_few_bytes() {
        let mut bytes = SmallBytes::default();
        let (mut moves, mut before) = (0, 0);
        for number in 0..1_000_000_u32 {
            bytes.append(&[number as u8]);
            moves += usize::from(bytes.allocated() != before);
            before = bytes.allocated();
        }
        assert_eq!(bytes.len(), 1_000_000);
        assert!(moves < 40, "{moves} moves");
        assert!(bytes.allocated() < 2_200_000);
    }

    #[test]
    fn what_is_shared_stays_as_it_was() {
        for length in [0, 10, 22, 23, 1_000, 100_000] {
            for appended in [false, true] {
                let mut bytes = SmallBytes::from(vec![1; length]);
                if appended {
                    bytes.append(&[1; 30]);
                }
                let before = bytes.to_vec();
                let (clone, shared) = (bytes.clone(), bytes.shared());
                assert_eq!(shared.is_none(), bytes.is_inline());
                assert!(shared.as_deref().is_none_or(|shared| shared == before));
                bytes.to_mut().fill(2);
                bytes.append(b"more");
                bytes.grow_to(before.len() + 10);
                assert_eq!(*clone, *before);
                assert!(shared.as_deref().is_none_or(|shared| shared == before));
                assert_eq!(bytes.len(), before.len() + 10);
            }
        }
    }

    #[test]
    fn it_knows_whether_it_was_changed() {
        for length in (0..100).chain([MAX_COPIED - 40]) {
            let given = SmallBytes::from(vec![1; length]);
            let changes: [fn(&mut SmallBytes); 4] = [
                |bytes| bytes.append(b""),
                |bytes| bytes.append(b"more"),
                |bytes| bytes.grow_to(bytes.len() + 30),
                |bytes| bytes.to_mut().fill(2),
            ];
            for change in changes {
                let mut bytes = given.clone();
                change(&mut bytes);
                assert_eq!(given.origin(), Origin::Given);
                assert_eq!(bytes.clone().origin(), Origin::Changed);
                assert_eq!(SmallBytes::from(&*bytes).origin(), Origin::Given);
            }
        }
        let mut result = SmallBytes::result(b"12");
        assert_eq!((result.origin(), &*result), (Origin::Result, &b"12"[..]));
        result.append(b"3");
        assert_eq!((result.origin(), &*result), (Origin::Changed, &b"123"[..]));
    }

    #[test]
    fn sharing_copies_nothing() {
        let mut bytes = SmallBytes::from([1; 1000].as_slice());
        for _ in 0..2 {
            let shared = bytes.shared().unwrap();
            assert_eq!(shared.as_ptr(), bytes.as_ptr());
            drop(shared);
            let place = bytes.as_ptr();
            assert_eq!(bytes.to_mut().as_ptr(), place);
            bytes.append(b"!");
        }
    }

    #[test]
    fn random_changes_agree_with_a_vector() {
        let mut random = StdRng::seed_from_u64(11);
        for _ in 0..500 {
            let mut model: Vec<u8> = vec![3; random.random_range(0..40)];
            let mut bytes = SmallBytes::from(model.as_slice());
            let mut clones = Vec::new();
            for _ in 0..40 {
                let amount = random.random_range(0..30);
                match random.random_range(0..5) {
                    0 => {
                        let source = vec![random.random(); amount];
                        bytes.append(&source);
                        model.extend(source);
                    }
                    1 => {
                        bytes.grow_to(amount * 10);
                        model.resize(model.len().max(amount * 10), 0);
                    }
                    2 => {
                        let end = random.random_range(0..=model.len());
                        let start = random.random_range(0..=end);
                        let source = vec![random.random(); amount];
                        bytes.replace(start..end, &source);
                        model.splice(start..end, source);
                    }
                    3 => {
                        if let Some(byte) = bytes.to_mut().get_mut(amount) {
                            *byte = 200;
                            model[amount] = 200;
                        }
                    }
                    _ => clones.push((bytes.clone(), model.clone())),
                }
                assert_eq!(*bytes, *model);
            }
            for (clone, model) in clones {
                assert_eq!(*clone, *model);
            }
        }
    }

    #[test]
    fn it_compares_as_slices_do() {
        let long = [7; 40];
        let sources: [&[u8]; 5] = [b"", b"\0", b"a", b"ab", &long];
        for left in sources {
            for right in sources {
                let order = SmallBytes::from(left).cmp(&SmallBytes::from(right));
                assert_eq!(order, left.cmp(right));
            }
        }
    }
}
