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
use crate::keyspace::packed::{self, Packed};
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use crate::small_bytes::SmallBytes;
use std::collections::{VecDeque, vec_deque};
use std::io::Read;
use std::iter::FusedIterator;
use std::mem;
use std::ops::Range;

/// The most bytes in a node of several elements: a larger element has a node of its own. A change in the middle moves half
/// of them, and the first one after a snapshot copies all.
const NODE_BYTES: usize = 8 * 1024;

/// The most elements in a node: to find one in it means to walk over half of the others at most.
const NODE_ENTRIES: usize = 512;

/// A sequence of byte strings that is cheap to change at both ends, and cheap to clone.
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

impl List {
    /// A list without elements. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

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
        self.nodes.front()?.entries.get(0)
    }

    /// The last element.
    pub fn back(&self) -> Option<&[u8]> {
        let node = self.nodes.back()?;
        node.entries.get(node.len().checked_sub(1)?)
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        match self.nodes.front() {
            Some(node) if node.has_room(value) => self.edit(0, |node| node.push_front(value)),
            _ => self.insert_node(0, value),
        }
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, value: &[u8]) {
        let end = self.nodes.len();
        match self.nodes.back() {
            Some(node) if node.has_room(value) => self.edit(end - 1, |node| node.push_back(value)),
            _ => self.insert_node(end, value),
        }
    }

    /// Removes the first element, and gives it.
    pub fn pop_front(&mut self) -> Option<SmallBytes> {
        let value = self.front()?.into();
        self.remove_in(0, 0..1);
        self.drop_empty(0);
        Some(value)
    }

    /// Removes the last element, and gives it.
    pub fn pop_back(&mut self) -> Option<SmallBytes> {
        let value = self.back()?.into();
        let at = self.nodes.len() - 1;
        let last = self.nodes.back()?.len() - 1;
        self.remove_in(at, last..last + 1);
        self.drop_empty(at);
        Some(value)
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (at, offset) = self.locate(index)?;
        self.nodes.get(at)?.entries.get(offset)
    }

    /// All elements, from both ends.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            nodes: self.nodes.iter(),
            left: self.length,
            ..Iter::default()
        }
    }

    /// The elements from `start` to before `end`, as far as there are any. Both are found from the nearer
    /// end of the list, by whole nodes.
    pub fn range(&self, start: usize, end: usize) -> Iter<'_> {
        let end = end.min(self.length);
        let left = end.saturating_sub(start);
        self.range_between(start, end)
            .filter(|_| left > 0)
            .map(|iter| Iter { left, ..iter })
            .unwrap_or_default()
    }

    /// Puts `value` in place of the element at `index`. Whether there is one.
    pub fn set(&mut self, index: usize, value: &[u8]) -> bool {
        let Some((at, offset)) = self.locate(index) else {
            return false;
        };
        // One that is alone in its node may be large, and its successor may belong elsewhere.
        let node = self.nodes.get(at).filter(|node| node.len() > 1);
        let rest = node.and_then(|node| {
            let old = Packed::entry_size(node.entries.get(offset)?);
            Some(node.bytes() - old)
        });
        if rest.is_some_and(|rest| rest + Packed::entry_size(value) <= NODE_BYTES) {
            self.edit(at, |node| {
                node.replace(offset, value);
            });
        } else {
            self.remove_range(index..index + 1);
            self.insert(index, value);
        }
        true
    }

    /// Adds an element before the one at `index`, or behind all where there is none.
    pub fn insert(&mut self, index: usize, value: &[u8]) {
        match self.locate(index) {
            None => self.push_back(value),
            Some((0, 0)) => self.push_front(value),
            Some((at, offset)) => match self.nodes.get(at) {
                Some(node) if node.has_room(value) => {
                    self.edit(at, |node| node.insert(offset, value));
                }
                _ => self.insert_between(at, offset, value),
            },
        }
    }

    /// Removes the elements at these positions, as far as there are any.
    pub fn remove_range(&mut self, range: Range<usize>) {
        let last = range.end.min(self.length).checked_sub(1);
        let Some(last) = last.filter(|last| range.start <= *last) else {
            return;
        };
        let (Some((first, from)), Some((last, to))) = (self.locate(range.start), self.locate(last))
        else {
            return;
        };
        for at in first..=last {
            let from = if at == first { from } else { 0 };
            let to = if at == last { to + 1 } else { usize::MAX };
            self.remove_in(at, from..to);
        }
        self.nodes.drain(first + 1..last.max(first + 1));
        self.tidy(first, first + 1);
    }

    /// Removes elements that equal `value`: the first `limit` of them, or the last where `from_back`, or all
    /// where `limit` is 0. How many there were.
    pub fn remove_matching(&mut self, value: &[u8], limit: usize, from_back: bool) -> usize {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let mut removed = 0;
        let mut touched: Option<(usize, usize)> = None;
        for step in 0..self.nodes.len() {
            let at = if from_back {
                self.nodes.len() - 1 - step
            } else {
                step
            };
            let count = self.remove_matching_in(at, value, limit - removed, from_back);
            if count > 0 {
                let (first, last) = touched.unwrap_or((at, at));
                touched = Some((first.min(at), last.max(at)));
                removed += count;
            }
            if removed == limit {
                break;
            }
        }
        if let Some((first, last)) = touched {
            self.tidy(first, last);
        }
        removed
    }

    /// The node of the element at `index`, and its position there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.length {
            return None;
        }
        if index < self.length / 2 {
            let mut offset = index;
            for (at, node) in self.nodes.iter().enumerate() {
                if offset < node.len() {
                    return Some((at, offset));
                }
                offset -= node.len();
            }
            return None;
        }
        let mut behind = self.length - index;
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if behind <= node.len() {
                return Some((at, node.len() - behind));
            }
            behind -= node.len();
        }
        None
    }

    /// The elements of a range that is not empty and within the list; not counted.
    fn range_between(&self, start: usize, end: usize) -> Option<Iter<'_>> {
        let (first, from) = self.locate(start)?;
        let (last, to) = self.locate(end.checked_sub(1)?)?;
        let entries = &self.nodes.get(first)?.entries;
        if first >= last {
            return Some(Iter {
                front: entries.range(from..to + 1),
                ..Iter::default()
            });
        }
        Some(Iter {
            nodes: self.nodes.range(first + 1..last),
            front: entries.range(from..usize::MAX),
            back: self.nodes.get(last)?.entries.range(0..to + 1),
            left: 0,
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
    fn add(&mut self, at: usize, entries: Packed) {
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

    /// Makes `value` a new node at this place. The node beside it is full, and needs no room to grow.
    fn insert_node(&mut self, at: usize, value: &[u8]) {
        let beside = at.saturating_sub(1);
        match self.nodes.get_mut(beside) {
            Some(full) => {
                if let Some(entries) = full.entries.get_mut() {
                    entries.shrink_to_fit();
                }
            }
            // Most lists stay short, and need one place.
            None => self.nodes.reserve_exact(1),
        }
        self.add(at, Packed::from_iter([value]));
    }

    /// Adds `value` before the element at this place, whose node has no room for it: to one of the parts
    /// that lie before and behind it, or between them.
    fn insert_between(&mut self, at: usize, offset: usize, value: &[u8]) {
        let boundary = self.split(at, offset);
        let before = boundary.saturating_sub(1);
        let has_room = |at: &usize| self.nodes.get(*at).is_some_and(|node| node.has_room(value));
        let size = |at: &usize| self.nodes.get(*at).map(Node::len);
        let part = [before, boundary]
            .into_iter()
            .filter(has_room)
            .min_by_key(size);
        match part {
            Some(part) if part == boundary => self.edit(part, |node| node.push_front(value)),
            Some(part) => self.edit(part, |node| node.push_back(value)),
            None => self.add(boundary, Packed::from_iter([value])),
        }
        self.tidy(before, boundary);
    }

    /// Makes a node begin at this place, and gives its number.
    fn split(&mut self, at: usize, offset: usize) -> usize {
        if offset == 0 {
            return at;
        }
        let tail = self.edit(at, |node| node.split_off(offset));
        self.add(at + 1, tail);
        at + 1
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
            let skipped = if from_back { matches - removed } else { 0 };
            let mut seen = 0;
            self.edit(at, |node| {
                node.retain(|entry| {
                    seen += usize::from(entry == value);
                    entry != value || seen <= skipped || seen > skipped + removed
                });
            });
        }
        removed
    }

    /// Removes the node at one of the ends if it is empty.
    fn drop_empty(&mut self, at: usize) {
        if self.nodes.get(at).is_some_and(|node| node.len() == 0) {
            self.nodes.remove(at);
        }
    }

    /// Removes the nodes that are empty, and merges those that are small, from `first` to `last` and
    /// with the ones beside them. Without that, random removals would leave a long chain of small nodes.
    fn tidy(&mut self, first: usize, last: usize) {
        let start = first.saturating_sub(1);
        let end = last.saturating_add(2).min(self.nodes.len());
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

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.elements(self.len(), self.iter());
    }

    fn reads(form: ValueType) -> bool {
        use ValueType::{ListQuicklist, ListQuicklist2, ListZiplist};
        form == Self::FORM || matches!(form, ListZiplist | ListQuicklist | ListQuicklist2)
    }

    fn load<R: Read>(source: &mut Source<R>, form: ValueType) -> Result<Self, ErrorKind> {
        let mut list = Self::new();
        elements::strings(source, form, |element| {
            list.push_back(element);
            Ok(())
        })?;
        Ok(list)
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a [u8];
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> FromIterator<&'a [u8]> for List {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut list = Self::new();
        for value in values {
            list.push_back(value);
        }
        list
    }
}

/// Elements of a [`List`], from both ends.
#[derive(Clone, Debug, Default)]
pub struct Iter<'a> {
    /// The nodes that neither end has reached.
    nodes: vec_deque::Iter<'a, Node>,
    front: packed::Iter<'a>,
    back: packed::Iter<'a>,
    /// How many elements are left.
    left: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let value = loop {
            if let Some(value) = self.front.next() {
                break value;
            }
            match self.nodes.next() {
                Some(node) => self.front = node.entries.iter(),
                None => break self.back.next()?,
            }
        };
        self.left -= 1;
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let value = loop {
            if let Some(value) = self.back.next_back() {
                break value;
            }
            match self.nodes.next_back() {
                Some(node) => self.back = node.entries.iter(),
                None => break self.front.next_back()?,
            }
        };
        self.left -= 1;
        Some(value)
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

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
            6 => assert_eq!(list.pop_back().as_deref(), model.pop().as_deref()),
            7 => {
                let expected = (!model.is_empty()).then(|| model.remove(0));
                assert_eq!(list.pop_front().as_deref(), expected.as_deref());
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
        assert_eq!(range.len(), end - index);
        while range.len() > 0 {
            if random.random() {
                assert_eq!(range.next(), expected.next().map(Vec::as_slice));
            } else {
                assert_eq!(range.next_back(), expected.next_back().map(Vec::as_slice));
            }
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
        assert_eq!(*list.pop_front().unwrap(), [7; 100_000]);
        assert_eq!(std::ptr::from_ref::<Packed>(&list.nodes[0].entries), place);
        assert!(list.set(0, b"small"));
        assert_eq!(list.pop_back().as_deref(), Some(b"small".as_slice()));
        assert_eq!(list.pop_back(), None);
        assert_eq!(clone.len(), 2);
    }

    #[test]
    fn ranges_end_where_the_list_does() {
        let mut list: List = [b"a".as_slice(), b"b", b"c"].into_iter().collect();
        assert!(list.range(1, 99).eq([b"b", b"c"]));
        assert_eq!(list.range(2, 1).count(), 0);
        assert_eq!(list.range(3, usize::MAX).count(), 0);
        assert_eq!(List::new().range(0, 1).count(), 0);
        list.remove_range(3..9);
        list.remove_range(1..usize::MAX);
        assert!(list.iter().eq([b"a"]));
    }
}
