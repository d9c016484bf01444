//! The form of long lists: a chain of blocks.
//!
//! ```text
//!  nodes:  [ 512 entries ] [ 430 entries ] [ 1 large entry ] [ 12 entries ]
//!                 |               |                |                |
//!              Packed          Packed           Packed           Packed
//! ```
//!
//! A list of pointers would cost more memory for pointers than for short elements, and one block for all would
//! have to be moved as a whole. So the list is a deque of nodes, each a block of some kilobytes: its ends are
//! cheap to change, a change in the middle moves one block, and a position is found by skipping whole nodes.
//!
//! A clone of the list shares all nodes, and whoever changes a shared node first makes a copy of that one. So a snapshot
//! takes a list as it is at a moment, and pays for what is changed while it is written out.

use super::block::{Matches, NodeSize};
use crate::keyspace::cow::Cow;
use crate::keyspace::packed::Packed;
use std::collections::VecDeque;
use std::mem;
use std::ops::Range;

/// A sequence of byte strings that is cheap to change at both ends, and cheap to clone.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// None is empty.
    nodes: VecDeque<Node>,
    /// How many elements there are in all nodes, and how many bytes these take.
    length: usize,
    bytes: usize,
    /// How large each may be.
    size: NodeSize,
}

/// A part of the list.
#[derive(Clone, Debug, Default)]
struct Node {
    /// How many entries there are. It stands here too, so that skipping a node follows no pointer.
    count: u32,
    entries: Cow<Packed>,
}

impl Node {
    fn new(entries: Packed) -> Self {
        Self {
            count: entries.len() as u32, // At most 512.
            entries: entries.into(),
        }
    }

    fn len(&self) -> usize {
        self.count as usize
    }

    fn bytes(&self) -> usize {
        self.entries.size_in_bytes()
    }
}

/// The places of some elements that lie side by side: the node of the first one and its position there, and the node of
/// the last one and the position behind it.
#[derive(Clone, Copy, Default)]
struct Span {
    first: (usize, usize),
    last: (usize, usize),
}

impl Span {
    /// Which entries of a node, one of those from the first to the last, belong to it.
    fn within(self, at: usize) -> Range<usize> {
        let from = if at == self.first.0 { self.first.1 } else { 0 };
        let to = if at == self.last.0 {
            self.last.1
        } else {
            usize::MAX
        };
        from..to
    }
}

impl Nodes {
    /// One node with these entries.
    pub fn new(entries: Packed, size: NodeSize) -> Self {
        let mut nodes = Self {
            nodes: VecDeque::with_capacity(2),
            length: 0,
            bytes: 0,
            size,
        };
        nodes.add_node(0, entries);
        nodes
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// How many bytes they take, with those that are shared.
    pub fn size(&self) -> usize {
        let node = size_of::<Node>() + size_of::<Packed>();
        size_of::<Self>() + self.nodes.len() * node + self.bytes
    }

    /// How many bytes a clone takes that are not shared.
    pub fn copy_size(&self) -> usize {
        size_of::<Self>() + self.nodes.len() * size_of::<Node>()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (at, offset) = self.locate(index)?;
        self.nodes.get(at)?.entries.get(offset)
    }

    /// The elements from `start` to before `end`, as far as there are any. Both are found from the nearer
    /// end of the list, by whole nodes.
    pub fn range(&self, start: usize, end: usize) -> impl DoubleEndedIterator<Item = &[u8]> {
        // Where there is nothing, the span takes nothing of the first node.
        let span = self.span(start..end).unwrap_or_default();
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.take(span.last.0 + 1).skip(span.first.0);
        nodes.flat_map(move |(at, node)| node.entries.range(span.within(at)))
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        self.add(0, 0, value);
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, value: &[u8]) {
        self.add(self.nodes.len().saturating_sub(1), usize::MAX, value);
    }

    /// Adds an element before the one at `index`, or behind all where there is none.
    pub fn insert(&mut self, index: usize, value: &[u8]) {
        match self.locate(index) {
            Some((at, offset)) => self.add(at, offset, value),
            None => self.push_back(value),
        }
    }

    /// Puts `value` in place of the element at `index`. Whether there is one.
    pub fn set(&mut self, index: usize, value: &[u8]) -> bool {
        let Some((at, offset)) = self.locate(index) else {
            return false;
        };
        let node = self.nodes.get(at);
        let fits =
            node.is_some_and(|node| self.size.has_room_instead(&node.entries, offset, value));
        if fits {
            self.edit(at, |node| node.replace(offset, value))
        } else {
            self.remove_range(index..index + 1);
            self.insert(index, value);
            true
        }
    }

    /// Removes the elements at these positions, as far as there are any.
    pub fn remove_range(&mut self, range: Range<usize>) {
        let Some(span) = self.span(range) else {
            return;
        };
        let nodes = span.first.0..span.last.0 + 1;
        for at in nodes.clone() {
            self.remove_in(at, span.within(at));
        }
        self.tidy(nodes);
    }

    /// Removes the first `limit` elements that equal `value`, or the last ones. How many there were.
    pub fn remove_matching(&mut self, value: &[u8], limit: usize, from_back: bool) -> usize {
        let end = self.nodes.len();
        let (mut removed, mut searched) = (0, 0..0);
        while removed < limit && searched.len() < end {
            let at = if from_back {
                end - 1 - searched.len()
            } else {
                searched.end
            };
            removed += self.remove_matching_in(at, value, limit - removed, from_back);
            searched = if from_back { at..end } else { 0..at + 1 };
        }
        if removed > 0 {
            self.tidy(searched);
        }
        removed
    }

    /// The node of the element at `index`, and its position there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.length {
            return None;
        }
        let mut behind = self.length - index;
        if index < behind {
            let mut offset = index;
            for (at, node) in self.nodes.iter().enumerate() {
                if offset < node.len() {
                    return Some((at, offset));
                }
                offset -= node.len();
            }
        } else {
            for (at, node) in self.nodes.iter().enumerate().rev() {
                if behind <= node.len() {
                    return Some((at, node.len() - behind));
                }
                behind -= node.len();
            }
        }
        None
    }

    /// The places of the elements of a range, if there are any.
    fn span(&self, range: Range<usize>) -> Option<Span> {
        let last = range.end.min(self.length).checked_sub(1)?;
        let (first, (at, offset)) = (self.locate(range.start)?, self.locate(last)?);
        (range.start <= last).then_some(Span {
            first,
            last: (at, offset + 1),
        })
    }

    /// Changes the entries of a node, which are copied first where they are shared. All changes but those of whole nodes
    /// come by here.
    fn edit<R: Default>(&mut self, at: usize, change: impl FnOnce(&mut Packed) -> R) -> R {
        let Some(node) = self.nodes.get_mut(at) else {
            return R::default();
        };
        let (length, bytes) = (node.len(), node.bytes());
        let entries = node.entries.to_mut();
        let result = change(entries);
        node.count = entries.len() as u32; // At most 512.
        self.length = self.length - length + node.len();
        self.bytes = self.bytes - bytes + node.bytes();
        result
    }

    /// Adds a node.
    fn add_node(&mut self, at: usize, entries: Packed) {
        self.length += entries.len();
        self.bytes += entries.size_in_bytes();
        self.nodes.insert(at, Node::new(entries));
    }

    /// Takes the entries of a node, which is empty then, without a look at them.
    fn take(&mut self, at: usize) -> Node {
        let node = self.nodes.get_mut(at).map(mem::take).unwrap_or_default();
        self.length -= node.len();
        self.bytes -= node.bytes();
        node
    }

    /// Adds `value` before the entry at `offset` of a node, or behind its last one. Where the node has no room, a new one
    /// begins there.
    fn add(&mut self, at: usize, offset: usize, value: &[u8]) {
        match self.nodes.get(at) {
            Some(node) if self.size.has_room(&node.entries, value) => {
                self.edit(at, |node| node.insert(offset, value));
            }
            _ => {
                let at = self.split(at, offset);
                self.add_node(at, Packed::from_iter([value]));
                // The new one, and both parts of one that was divided.
                self.tidy(at.saturating_sub(1)..at + 2);
            }
        }
    }

    /// Makes a node end before this place, and gives the number of the next one.
    fn split(&mut self, at: usize, offset: usize) -> usize {
        let Some(node) = self.nodes.get_mut(at) else {
            return 0;
        };
        let (length, entries) = (node.len(), node.entries.get_mut());
        // A full node needs no room to grow.
        entries.into_iter().for_each(Packed::shrink_to_fit);
        if 0 < offset && offset < length {
            let tail = self.edit(at, |node| node.split_off(offset));
            self.add_node(at + 1, tail);
        }
        at + usize::from(offset > 0)
    }

    /// Removes entries of a node. It may be empty then.
    fn remove_in(&mut self, at: usize, range: Range<usize>) {
        let length = self.nodes.get(at).map_or(0, Node::len);
        if range.start == 0 && range.end >= length {
            self.take(at);
        } else {
            self.edit(at, |node| node.remove(range));
        }
    }

    /// Removes the first or last `limit` entries of a node that equal `value`. How many there were.
    fn remove_matching_in(
        &mut self,
        at: usize,
        value: &[u8],
        limit: usize,
        from_back: bool,
    ) -> usize {
        let Some(node) = self.nodes.get(at) else {
            return 0;
        };
        let matches = Matches::find(&node.entries, value, limit, from_back);
        if matches.len() == node.len() {
            self.take(at);
        } else if matches.len() > 0 {
            self.edit(at, |node| matches.remove_from(node, value));
        }
        matches.len()
    }

    /// Removes those of these nodes that are empty, and merges the small ones with each other and with those beside them.
    /// Without that, random changes would leave a long chain of small nodes.
    fn tidy(&mut self, nodes: Range<usize>) {
        let start = nodes.start.saturating_sub(1);
        let end = (nodes.end + 1).min(self.nodes.len());
        // Nodes that stay move down to here.
        let mut kept = start;
        for next in start..end {
            if kept > start && self.merges(kept - 1, next) {
                let from = self.take(next);
                self.edit(kept - 1, |node| node.append(&from.entries));
            }
            if self.nodes.get(next).is_some_and(|node| node.len() > 0) {
                self.nodes.swap(kept, next);
                kept += 1;
            }
        }
        self.nodes.drain(kept..end.max(kept));
    }

    /// Whether one node belongs into the other: if together they fill half a node at the most. After that, many changes
    /// pass before it must be split.
    fn merges(&self, into: usize, from: usize) -> bool {
        let nodes = self.nodes.get(into).zip(self.nodes.get(from));
        nodes.is_some_and(|(into, from)| {
            let (entries, bytes) = (into.len() + from.len(), into.bytes() + from.bytes());
            from.len() > 0 && self.size.allows(2 * entries, 2 * bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const ENTRIES: usize = NodeSize::MAX_ENTRIES as usize;

    impl Nodes {
        /// What holds after every change.
        pub fn check(&self) {
            let (mut length, mut bytes) = (0, 0);
            for node in &self.nodes {
                length += node.len();
                bytes += node.bytes();
                assert_eq!(node.len(), node.entries.len());
                assert!(node.len() == 1 || self.size.allows(node.len(), node.bytes()));
                assert!(node.len() > 0);
            }
            assert_eq!((self.length, self.bytes), (length, bytes));
        }
    }

    fn nodes_of<'a>(elements: impl Iterator<Item = &'a [u8]>) -> Nodes {
        let mut nodes = Nodes::new(Packed::new(), NodeSize::default());
        nodes.tidy(0..1);
        elements.for_each(|element| nodes.push_back(element));
        nodes
    }

    #[test]
    fn a_change_after_a_clone_copies_one_node() {
        let mut list = nodes_of(std::iter::repeat_n(b"abc".as_slice(), 10_000));
        let clone = list.clone();
        list.set(5_000, b"xyz");
        let shared = list
            .nodes
            .iter()
            .zip(&clone.nodes)
            .filter(|(a, b)| std::ptr::eq(&*a.entries, &*b.entries));
        assert_eq!(shared.count(), list.nodes.len() - 1);
    }

    #[test]
    fn random_removals_leave_no_chain_of_small_nodes() {
        let mut random = StdRng::seed_from_u64(6);
        let mut list = nodes_of(std::iter::repeat_n(b"abc".as_slice(), 100_000));
        while list.len() > 1_000 {
            let index = random.random_range(0..list.len());
            list.remove_range(index..index + 1);
        }
        list.check();
        // Any two neighbours hold more than half a node together.
        assert!(list.nodes.len() <= 2 * (2 * 1_000 / ENTRIES + 1));
    }

    #[test]
    fn insertions_at_bad_places_leave_no_chain_of_small_nodes() {
        for place in [1, 2, 255, 511, 1_000] {
            let mut list = nodes_of(std::iter::repeat_n(b"abc".as_slice(), 2_000));
            for step in 0..20_000 {
                // It moves with what it adds.
                list.insert(place + step / 2, b"xyz");
            }
            list.check();
            assert!(list.nodes.len() < 22_000 / (ENTRIES / 4) + 10);
        }
    }

    #[test]
    fn what_others_have_is_not_copied_to_be_removed() {
        let mut list = nodes_of([[7; 100_000].as_slice(), &[8; 9_000]].into_iter());
        let clone = list.clone();
        let place = std::ptr::from_ref::<Packed>(&clone.nodes[1].entries);
        list.remove_range(0..1);
        assert_eq!(std::ptr::from_ref::<Packed>(&list.nodes[0].entries), place);
        assert!(list.set(0, b"small"));
        assert!(list.range(0, 9).eq([b"small"]));
        assert_eq!(clone.len(), 2);
    }
}
