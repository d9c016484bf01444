//! What is asked of one block of a list: whether it may grow, and which of its entries equal a value.

use crate::keyspace::limits::Limits;
use crate::keyspace::packed::Packed;
use std::ops::Range;

/// How large a node of several elements may be. A larger element has a node of its own. A change in the middle of a node moves
/// half of it, and the first one after a snapshot copies all.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeSize {
    pub(super) entries: u16,
    pub(super) bytes: u32,
}

impl NodeSize {
    /// To find an element in a node means to walk over half of the others at most.
    pub(super) const MAX_ENTRIES: u16 = 512;

    /// What `list-max-listpack-size` means: a number of elements, or -1 to -5 for 4 to 64 KiB.
    pub(super) fn new(code: i32) -> Self {
        const CLASSES: [u32; 5] = [4, 8, 16, 32, 64];
        let class = usize::try_from(-1 - i64::from(code)).ok();
        let class = class.map_or(1, |class| class.min(CLASSES.len() - 1));
        let entries = u16::try_from(code.max(1)).unwrap_or(u16::MAX);
        Self {
            entries: if code < 0 {
                Self::MAX_ENTRIES
            } else {
                entries.min(Self::MAX_ENTRIES)
            },
            bytes: CLASSES.get(class).map_or(0, |kibibytes| kibibytes * 1024),
        }
    }

    /// Whether a node with so many entries and bytes is not too large.
    pub(super) fn allows(self, entries: usize, bytes: usize) -> bool {
        entries <= usize::from(self.entries) && bytes <= self.bytes as usize
    }

    /// Whether `value` can be added to a node.
    pub(super) fn has_room(self, node: &Packed, value: &[u8]) -> bool {
        self.allows(
            node.len() + 1,
            node.size_in_bytes() + Packed::entry_size(value),
        )
    }

    /// Whether `value` can be put in place of an entry of a node. One that is alone may be large, and its successor may belong
    /// elsewhere.
    pub(super) fn has_room_instead(self, node: &Packed, index: usize, value: &[u8]) -> bool {
        let old = node.get(index).map_or(0, Packed::entry_size);
        let bytes = node.size_in_bytes() - old + Packed::entry_size(value);
        node.len() > 1 && self.allows(node.len(), bytes)
    }
}

impl Default for NodeSize {
    fn default() -> Self {
        Self::new(Limits::default().list_node)
    }
}

/// Some of the entries of a node that equal a value.
pub(super) struct Matches {
    /// How many there are, and which of them are meant.
    pub(super) all: usize,
    pub(super) meant: Range<usize>,
}

impl Matches {
    /// The first `limit` ones, or the last.
    pub(super) fn find(node: &Packed, value: &[u8], limit: usize, from_back: bool) -> Self {
        let all = node.iter().filter(|entry| *entry == value).count();
        let count = all.min(limit);
        let first = if from_back { all - count } else { 0 };
        let meant = first..first + count;
        Self { all, meant }
    }

    pub(super) fn len(&self) -> usize {
        self.meant.len()
    }

    pub(super) fn remove_from(&self, node: &mut Packed, value: &[u8]) {
        if self.len() > 0 {
            let mut numbers = 0..self.all;
            let mut is_meant = || {
                numbers
                    .next()
                    .is_some_and(|number| self.meant.contains(&number))
            };
            node.retain(|entry| entry != value || !is_meant());
        }
    }
}
