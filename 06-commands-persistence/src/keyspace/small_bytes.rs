//! Bytes that lie in place where they are few.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The most bytes that are held in place. With their count, and a byte that tells the two forms apart,
/// they fill three words.
const MAX_INLINE: usize = 22;

/// A string of bytes. Up to 22 of them are held within the value itself, so that most keys
/// and many values need no allocation, and looking at them follows no pointer; more of them lie behind a
/// pointer that clones share.
#[derive(Clone)]
pub struct SmallBytes(Repr);

#[derive(Clone)]
enum Repr {
    Inline { length: u8, bytes: [u8; MAX_INLINE] },
    Shared(Arc<[u8]>),
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
            None => Repr::Shared(source.into()),
        })
    }
}

impl Deref for SmallBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Repr::Shared(bytes) => bytes,
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
    fn three_words_hold_it() {
        assert_eq!(size_of::<SmallBytes>(), 24);
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
