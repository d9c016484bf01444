//! What a key holds that is a list.
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

use crate::keyspace::cow::{Content, Cow};
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::limits::Limits;
use crate::keyspace::packed::Packed;
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use std::collections::VecDeque;
use std::io::Read;
use std::mem;
use std::ops::Range;

/// The most bytes in a node of several elements: a larger element has a node of its own. A change in the middle moves half
/// of them, and the first one after a snapshot copies all.
const NODE_BYTES: usize = 8 * 1024;

/// The most elements in a node: to find one in it means to walk over half of the others at most.
const NODE_ENTRIES: usize = 512;

/// A sequence of byte strings that is cheap to change at both ends, and cheap to clone. Without elements it allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// None is empty.
    nodes: VecDeque<Node>,
    /// How many elements there are in all nodes, and how many bytes these take.
    length: usize,
    bytes: usize,
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

    /// Whether `value` can be added.
    fn has_room(&self, value: &[u8]) -> bool {
        self.len() < NODE_ENTRIES && self.bytes() + Packed::entry_size(value) <= NODE_BYTES
    }

    /// Whether all entries of `other` can be added, and then still as many.
    fn has_room_for(&self, other: &Self) -> bool {
        self.len() + other.len() <= NODE_ENTRIES / 2
            && self.bytes() + other.bytes() <= NODE_BYTES / 2
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
            NODE_ENTRIES
        };
        from..to
    }
}

impl List {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first element.
    pub fn front(&self) -> Option<&[u8]> {
        self.get(0)
    }

    /// The last element.
    pub fn back(&self) -> Option<&[u8]> {
        self.get(self.length.checked_sub(1)?)
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (at, offset) = self.locate(index)?;
        self.nodes.get(at)?.entries.get(offset)
    }

    /// All elements.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.nodes.iter().flat_map(|node| node.entries.iter())
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
        self.add(self.nodes.len().saturating_sub(1), NODE_ENTRIES, value);
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
        // One that is alone in its node may be large, and its successor may belong elsewhere.
        let node = self.nodes.get(at).filter(|node| node.len() > 1);
        let fits = node.is_some_and(|node| {
            let old = node.entries.get(offset).map_or(0, Packed::entry_size);
            node.bytes() - old + Packed::entry_size(value) <= NODE_BYTES
        });
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

    /// Removes elements that equal `value`: the first `limit` of them, or the last where `from_back`, or all
    /// where `limit` is 0. How many there were.
    pub fn remove_matching(&mut self, value: &[u8], limit: usize, from_back: bool) -> usize {
        let limit = if limit == 0 { usize::MAX } else { limit };
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
            Some(node) if node.has_room(value) => {
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
            // Most lists stay short, and need one place.
            self.nodes.reserve_exact(1);
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
        let matches = node.entries.iter().filter(|entry| *entry == value).count();
        let removed = matches.min(limit);
        if removed == node.len() {
            self.take(at);
        } else if removed > 0 {
            let first = if from_back { matches - removed } else { 0 };
            let goes = first..first + removed;
            let mut numbers = 0..matches;
            self.edit(at, |node| {
                node.retain(|entry| {
                    entry != value || !numbers.next().is_some_and(|number| goes.contains(&number))
                });
            });
        }
        removed
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
        nodes.is_some_and(|(into, from)| from.len() > 0 && into.has_room_for(from))
    }
}

impl Content for List {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.nodes.len() * size_of::<Node>()
    }
}

impl DataType for List {
    const NAME: &'static str = "list";
    const HAS_ELEMENTS: bool = true;
    const FORM: ValueType = ValueType::List;

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn size(&self) -> usize {
        let node = size_of::<Node>() + size_of::<Packed>();
        self.nodes.len() * node + self.bytes
    }

    fn pieces(&self) -> usize {
        self.nodes.len()
    }

    fn encoding(&self) -> &'static str {
        "quicklist"
    }

    fn digest(&self, digest: &mut Digest) {
        self.iter().for_each(|element| digest.mix(element));
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.elements(self.len(), self.iter());
    }

    fn reads(form: ValueType) -> bool {
        use ValueType::{ListQuicklist, ListQuicklist2, ListZiplist};
        form == Self::FORM || matches!(form, ListZiplist | ListQuicklist | ListQuicklist2)
    }

    fn load<R: Read>(
        source: &mut Source<R>,
        form: ValueType,
        _: &Limits,
    ) -> Result<Self, ErrorKind> {
        let mut list = Self::default();
        elements::strings(source, form, |element| {
            list.push_back(element);
            Ok(())
        })?;
        Ok(list)
    }
}

impl<'a> FromIterator<&'a [u8]> for List {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut list = Self::default();
        for value in values {
            list.push_back(value);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, RngExt, SeedableRng};

    /// Few different values, so that they are met again; of all sizes.
    fn value(random: &mut StdRng, large: f64) -> Vec<u8> {
        if random.random_bool(large) {
            let lengths = [1_999, 5_000, NODE_BYTES - 4, NODE_BYTES, 100_000];
            let length = lengths[random.random_range(0..lengths.len())];
            return vec![random.random_range(0..2); length];
        }
        let mut value = vec![0; random.random_range(0..200)];
        match random.random_range(0..3) {
            0 => random.fill_bytes(&mut value),
            1 => value = vec![random.random_range(0..3)],
            _ => value.clear(),
        }
        value
    }

    /// What holds after every change.
    fn check_nodes(list: &List) {
        let (mut length, mut bytes) = (0, 0);
        for node in &list.nodes {
            length += node.len();
            bytes += node.bytes();
            assert_eq!(node.len(), node.entries.len());
            assert!((1..=NODE_ENTRIES).contains(&node.len()));
            assert!(node.bytes() <= NODE_BYTES || node.len() == 1);
        }
        assert_eq!((list.len(), list.bytes), (length, bytes));
        assert_eq!(list.is_empty(), list.nodes.is_empty());
    }

    fn check(list: &List, model: &[Vec<u8>]) {
        check_nodes(list);
        assert_eq!(list.len(), model.len());
        assert!(list.iter().eq(model));
        assert!(list.iter().rev().eq(model.iter().rev()));
    }

    fn remove_matching(model: &mut Vec<Vec<u8>>, value: &[u8], limit: usize, back: bool) -> usize {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let before = model.len();
        if back {
            model.reverse();
        }
        let mut removed = 0;
        model.retain(|element| {
            let goes = element == value && removed < limit;
            removed += usize::from(goes);
            !goes
        });
        if back {
            model.reverse();
        }
        before - model.len()
    }

    /// One change, of the list and of the model.
    fn change(list: &mut List, model: &mut Vec<Vec<u8>>, value: Vec<u8>, random: &mut StdRng) {
        let index = random.random_range(0..=model.len());
        match random.random_range(0..12) {
            0 | 1 => {
                list.push_back(&value);
                model.push(value);
            }
            2 | 3 => {
                list.push_front(&value);
                model.insert(0, value);
            }
            4 | 5 => {
                list.insert(index, &value);
                model.insert(index, value);
            }
            6 => {
                list.remove_range(list.len().saturating_sub(1)..list.len());
                model.pop();
            }
            7 => {
                list.remove_range(0..1);
                model.drain(..model.len().min(1));
            }
            8 | 9 => {
                assert_eq!(list.set(index, &value), index < model.len());
                if let Some(old) = model.get_mut(index) {
                    *old = value;
                }
            }
            10 => {
                let most = if random.random_bool(0.05) { 3_000 } else { 5 };
                let end = (index + random.random_range(0..most)).min(model.len());
                list.remove_range(index..end);
                model.drain(index..end);
            }
            _ => {
                let (limit, back) = (random.random_range(0..4), random.random());
                let removed = list.remove_matching(&value, limit, back);
                assert_eq!(removed, remove_matching(model, &value, limit, back));
            }
        }
    }

    fn check_reads(list: &List, model: &[Vec<u8>], random: &mut StdRng) {
        let index = random.random_range(0..=model.len());
        let end = random.random_range(index..=model.len());
        assert_eq!(list.get(index), model.get(index).map(Vec::as_slice));
        assert_eq!(list.front(), model.first().map(Vec::as_slice));
        assert_eq!(list.back(), model.last().map(Vec::as_slice));
        let mut range = list.range(index, end);
        let mut expected = model[index..end].iter();
        for _ in index..end {
            let from_back = random.random();
            let found = if from_back {
                range.next_back()
            } else {
                range.next()
            };
            let wanted = if from_back {
                expected.next_back()
            } else {
                expected.next()
            };
            assert_eq!(found, wanted.map(Vec::as_slice));
        }
        assert_eq!((range.next(), range.next_back()), (None, None));
    }

    #[test]
    fn random_changes_agree_with_a_vector() {
        for (seed, length, large) in [(1, 0, 0.1), (2, 3_000, 0.02), (3, 3_000, 0.0), (4, 50, 0.5)]
        {
            let mut random = StdRng::seed_from_u64(seed);
            let mut model: Vec<_> = (0..length).map(|_| value(&mut random, large)).collect();
            let mut list: List = model.iter().map(Vec::as_slice).collect();
            for step in 0..4_000 {
                let value = value(&mut random, large);
                change(&mut list, &mut model, value, &mut random);
                check_nodes(&list);
                if step % 50 == 0 {
                    check(&list, &model);
                    check_reads(&list, &model, &mut random);
                }
            }
            check(&list, &model);
        }
    }

    #[test]
    fn clones_do_not_see_later_changes() {
        let mut random = StdRng::seed_from_u64(5);
        let mut model: Vec<_> = (0..2_000).map(|_| value(&mut random, 0.01)).collect();
        let mut list: List = model.iter().map(Vec::as_slice).collect();
        for _ in 0..20 {
            let (clone, before) = (list.clone(), model.clone());
            for _ in 0..50 {
                let value = value(&mut random, 0.01);
                change(&mut list, &mut model, value, &mut random);
            }
            check(&clone, &before);
            check(&list, &model);
        }
    }

    #[test]
    fn a_change_after_a_clone_copies_one_node() {
        let mut list: List = std::iter::repeat_n(b"abc".as_slice(), 10_000).collect();
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
        let mut list: List = std::iter::repeat_n(b"abc".as_slice(), 100_000).collect();
        while list.len() > 1_000 {
            let index = random.random_range(0..list.len());
            list.remove_range(index..index + 1);
        }
        check_nodes(&list);
        // Any two neighbours hold more than half a node together.
        assert!(list.nodes.len() <= 2 * (2 * 1_000 / NODE_ENTRIES + 1));
    }

    #[test]
    fn insertions_at_bad_places_leave_no_chain_of_small_nodes() {
        for place in [1, 2, 255, 511, 1_000] {
            let mut list: List = std::iter::repeat_n(b"abc".as_slice(), 2_000).collect();
            for step in 0..20_000 {
                // It moves with what it adds.
                list.insert(place + step / 2, b"xyz");
            }
            check_nodes(&list);
            assert!(list.nodes.len() < 22_000 / (NODE_ENTRIES / 4) + 10);
        }
    }

    #[test]
    fn short_elements_cost_little_more_than_themselves() {
        let list: List = std::iter::repeat_n(b"abc".as_slice(), 1_000_000).collect();
        let cost = DataType::size(&list) as f64 / list.len() as f64;
        assert!(cost < 5.5, "{cost} bytes an element");
        let list: List = [b"abc".as_slice()].into_iter().collect();
        assert!(DataType::size(&list) < 100);
    }

    #[test]
    fn what_others_have_is_not_copied_to_be_removed() {
        let mut list: List = [[7; 100_000].as_slice(), &[8; 9_000]].into_iter().collect();
        let clone = list.clone();
        let place = std::ptr::from_ref::<Packed>(&clone.nodes[1].entries);
        list.remove_range(0..1);
        assert_eq!(std::ptr::from_ref::<Packed>(&list.nodes[0].entries), place);
        assert!(list.set(0, b"small"));
        assert!(list.iter().eq([b"small"]));
        assert_eq!(clone.len(), 2);
    }

    #[test]
    fn ranges_end_where_the_list_does() {
        let mut list: List = [b"a".as_slice(), b"b", b"c"].into_iter().collect();
        assert!(list.range(1, 99).eq([b"b", b"c"]));
        assert_eq!(list.range(2, 1).count(), 0);
        assert_eq!(list.range(3, usize::MAX).count(), 0);
        assert_eq!(List::default().range(0, 1).count(), 0);
        list.remove_range(3..9);
        list.remove_range(1..usize::MAX);
        assert!(list.iter().eq([b"a"]));
    }
}
