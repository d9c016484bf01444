//! What a key holds that is a list.
//!
//! ```text
//!  nodes:  [ 512 entries ] [ 430 entries ] [ large element ] [ 12 entries ]
//!                 |               |                |               |
//!              Packed          Packed          its bytes         Packed
//! ```
//!
//! A list of pointers would cost more memory for pointers than for short elements, and one block for all would
//! have to be moved as a whole. So the list is a deque of nodes, each a block of some kilobytes: its ends are
//! cheap to change, a change in the middle moves one block, and a position is found by skipping whole nodes.
//!
//! Nodes are held by reference count. A clone of the list shares all of them, and whoever changes a shared
//! node first makes a copy of that one. So a snapshot takes a list as it is at a moment, and pays for what
//! is changed while it is written out.

use crate::keyspace::packed::{self, Packed};
use crate::small_bytes::SmallBytes;
use std::collections::{VecDeque, vec_deque};
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::Arc;

/// The most bytes in a node of several elements. A change in the middle moves half of them, and the first
/// one after a snapshot copies all.
const NODE_BYTES: usize = 8 * 1024;

/// The most elements in a node: to find one in it means to walk over half of the others at most.
const NODE_ENTRIES: usize = 512;

/// Elements longer than this have a node of their own. It leaves room for four of the others in a node, so
/// that each half of a full one has room again.
const MAX_PACKED: usize = 2_000;

/// A sequence of byte strings that is cheap to change at both ends, and cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// None is empty.
    nodes: VecDeque<Node>,
    length: usize,
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

    /// How many nodes there are. That many blocks are given back when the list is dropped, and that many
    /// reference counts change when it is cloned.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many bytes are allocated behind the list, as far as they are known without asking the allocator.
    /// Looks at every node.
    pub fn allocated(&self) -> usize {
        let spine = self.nodes.capacity() * size_of::<Node>();
        spine + self.nodes.iter().map(Node::allocated).sum::<usize>()
    }

    /// The first element.
    pub fn front(&self) -> Option<&[u8]> {
        self.nodes.front()?.get(0)
    }

    /// The last element.
    pub fn back(&self) -> Option<&[u8]> {
        let node = self.nodes.back()?;
        node.get(node.len().checked_sub(1)?)
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        self.length += 1;
        match self.nodes.front_mut() {
            Some(node) if node.has_room(value) => node.edit(|entries| entries.push_front(value)),
            _ => self.insert_node(0, value),
        }
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, value: &[u8]) {
        self.length += 1;
        match self.nodes.back_mut() {
            Some(node) if node.has_room(value) => node.edit(|entries| entries.push_back(value)),
            _ => self.insert_node(self.nodes.len(), value),
        }
    }

    /// Removes the first element, and gives it.
    pub fn pop_front(&mut self) -> Option<SmallBytes> {
        let node = self.nodes.front_mut()?;
        self.length -= 1;
        if node.len() == 1 {
            return self.nodes.pop_front()?.into_only();
        }
        let value = node.get(0)?.into();
        node.remove(0..1);
        Some(value)
    }

    /// Removes the last element, and gives it.
    pub fn pop_back(&mut self) -> Option<SmallBytes> {
        let node = self.nodes.back_mut()?;
        self.length -= 1;
        let last = node.len() - 1;
        if last == 0 {
            return self.nodes.pop_back()?.into_only();
        }
        let value = node.get(last)?.into();
        node.remove(last..last + 1);
        Some(value)
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (at, offset) = self.locate(index)?;
        self.nodes.get(at)?.get(offset)
    }

    /// All elements, from both ends.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            nodes: self.nodes.iter(),
            front: Entries::default(),
            back: Entries::default(),
            left: self.length,
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
        let node = self.nodes.get_mut(at);
        if !node.is_some_and(|node| node.replace(offset, value)) {
            self.remove_range(index..index + 1);
            self.insert(index, value);
        }
        true
    }

    /// Adds an element before the one at `index`, or behind all where there is none.
    pub fn insert(&mut self, index: usize, value: &[u8]) {
        let Some((at, offset)) = self.locate(index) else {
            self.push_back(value);
            return;
        };
        if index == 0 {
            self.push_front(value);
            return;
        }
        self.length += 1;
        match self.nodes.get_mut(at) {
            Some(node) if node.has_room(value) => {
                node.edit(|entries| entries.insert(offset, value));
            }
            _ => self.insert_between(at, offset, value),
        }
    }

    /// Removes the elements at these positions, as far as there are any.
    pub fn remove_range(&mut self, range: Range<usize>) {
        let end = range.end.min(self.length);
        let removed = end.saturating_sub(range.start);
        let Some(last) = end.checked_sub(1).filter(|_| removed > 0) else {
            return;
        };
        let (Some((first, from)), Some((last, to))) = (self.locate(range.start), self.locate(last))
        else {
            return;
        };
        self.length -= removed;
        if first == last {
            self.remove_in(first, from..to + 1);
        } else {
            self.remove_in(last, 0..to + 1);
            self.remove_in(first, from..usize::MAX);
            self.nodes.drain(first + 1..last);
        }
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
            let Some(node) = self.nodes.get_mut(at) else {
                break;
            };
            let count = node.remove_matching(value, limit - removed, from_back);
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
            self.length -= removed;
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
        let node = self.nodes.get(first)?;
        if first >= last {
            return Some(Iter {
                front: node.entries(from..to + 1),
                ..Iter::default()
            });
        }
        Some(Iter {
            nodes: self.nodes.range(first + 1..last),
            front: node.entries(from..node.len()),
            back: self.nodes.get(last)?.entries(0..to + 1),
            left: 0,
        })
    }

    /// Makes `value` a new node at this place. The node beside it is full, and needs no room to grow.
    fn insert_node(&mut self, at: usize, value: &[u8]) {
        let beside = at.saturating_sub(1);
        match self.nodes.get_mut(beside) {
            Some(full) => full.shrink_to_fit(),
            // Most lists stay short, and need one place.
            None => self.nodes.reserve_exact(1),
        }
        self.nodes.insert(at, Node::new(value));
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
        match part.and_then(|part| self.nodes.get_mut(part)) {
            Some(node) if part == Some(boundary) => node.edit(|entries| entries.push_front(value)),
            Some(node) => node.edit(|entries| entries.push_back(value)),
            None => self.nodes.insert(boundary, Node::new(value)),
        }
        self.tidy(before, boundary);
    }

    /// Makes a node begin at this place, and gives its number.
    fn split(&mut self, at: usize, offset: usize) -> usize {
        if offset == 0 {
            return at;
        }
        if let Some(node) = self.nodes.get_mut(at) {
            let tail = node.edit(|entries| entries.split_off(offset));
            self.nodes.insert(at + 1, Node::packed(tail));
        }
        at + 1
    }

    /// Removes entries of one node. It may be empty then.
    fn remove_in(&mut self, at: usize, range: Range<usize>) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.remove(range);
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
            if self.nodes.get(next).is_none_or(Node::is_empty) {
                continue;
            }
            if kept > start && self.merge(kept - 1, next) {
                continue;
            }
            self.nodes.swap(kept, next);
            kept += 1;
        }
        self.nodes.drain(kept..end.max(kept));
    }

    /// Appends the entries of one node to another, if together they fill half a node at the most: after
    /// that, many changes pass before it must be split. Whether it did.
    fn merge(&mut self, into: usize, from: usize) -> bool {
        let Some(Node::Packed { entries, .. }) = self.nodes.get(from) else {
            return false;
        };
        let entries = Arc::clone(entries);
        match self.nodes.get_mut(into) {
            Some(Node::Packed { entries: first, .. })
                if first.len() + entries.len() > NODE_ENTRIES / 2
                    || first.size_in_bytes() + entries.size_in_bytes() > NODE_BYTES / 2 =>
            {
                false
            }
            Some(node @ Node::Packed { .. }) => {
                node.edit(|first| first.append(&entries));
                true
            }
            _ => false,
        }
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
    front: Entries<'a>,
    back: Entries<'a>,
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
                Some(node) => self.front = node.entries(0..node.len()),
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
                Some(node) => self.back = node.entries(0..node.len()),
                None => break self.front.next_back()?,
            }
        };
        self.left -= 1;
        Some(value)
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

/// A part of the list.
#[derive(Clone, Debug)]
enum Node {
    Packed {
        /// How many entries there are. It stands here too, so that skipping a node follows no pointer.
        count: u32,
        entries: Arc<Packed>,
    },
    /// One large element. None at all while it is to be removed: that leaves an empty string.
    Large(SmallBytes),
}

impl Node {
    /// A node of one element.
    fn new(value: &[u8]) -> Self {
        if value.len() > MAX_PACKED {
            return Self::Large(value.into());
        }
        Self::packed([value].into_iter().collect())
    }

    fn packed(entries: Packed) -> Self {
        Self::Packed {
            count: entries.len() as u32, // At most 512.
            entries: Arc::new(entries),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Packed { count, .. } => *count as usize,
            Self::Large(_) => 1,
        }
    }

    /// Whether it was emptied by a removal.
    fn is_empty(&self) -> bool {
        matches!(self, Self::Large(value) if value.is_empty())
    }

    fn allocated(&self) -> usize {
        match self {
            Self::Packed { entries, .. } => {
                let counts = 2 * size_of::<usize>();
                counts + size_of::<Packed>() + entries.allocated()
            }
            Self::Large(value) => value.allocated(),
        }
    }

    fn get(&self, offset: usize) -> Option<&[u8]> {
        match self {
            Self::Packed { entries, .. } => entries.get(offset),
            Self::Large(value) => Some(&**value).filter(|_| offset == 0),
        }
    }

    /// The entries at these positions; the range is within the node, and not empty.
    fn entries(&self, range: Range<usize>) -> Entries<'_> {
        match self {
            Self::Packed { entries, .. } => Entries::Packed(entries.range(range)),
            Self::Large(value) => Entries::Large(Some(value)),
        }
    }

    /// The value of a node of one element.
    fn into_only(self) -> Option<SmallBytes> {
        match self {
            Self::Packed { entries, .. } => entries.get(0).map(SmallBytes::from),
            Self::Large(value) => Some(value),
        }
    }

    /// Whether `value` can be added to this node.
    fn has_room(&self, value: &[u8]) -> bool {
        match self {
            Self::Packed { entries, .. } => {
                value.len() <= MAX_PACKED
                    && entries.len() < NODE_ENTRIES
                    && entries.size_in_bytes() + Packed::entry_size(value) <= NODE_BYTES
            }
            Self::Large(_) => false,
        }
    }

    /// Changes the entries; copies them first where they are shared. Only for nodes of several elements:
    /// does nothing to a large one.
    fn edit<R: Default>(&mut self, change: impl FnOnce(&mut Packed) -> R) -> R {
        let Self::Packed { count, entries } = self else {
            return R::default();
        };
        let entries = Arc::make_mut(entries);
        let result = change(entries);
        *count = entries.len() as u32; // At most 512.
        result
    }

    /// Puts `value` in place of another. Whether it could: it may be of the wrong size for this node.
    fn replace(&mut self, offset: usize, value: &[u8]) -> bool {
        match self {
            Self::Packed { entries, .. } if value.len() <= MAX_PACKED => {
                let old = entries.get(offset).map_or(0, Packed::entry_size);
                let size = entries.size_in_bytes() - old + Packed::entry_size(value);
                size <= NODE_BYTES && self.edit(|entries| entries.replace(offset, value))
            }
            Self::Large(old) if value.len() > MAX_PACKED => {
                *old = value.into();
                true
            }
            _ => false,
        }
    }

    /// Removes entries. Where none is left the node is empty, and must be removed from the list.
    fn remove(&mut self, range: Range<usize>) {
        if range.start == 0 && range.end >= self.len() {
            *self = Self::Large(SmallBytes::default());
            return;
        }
        self.edit(|entries| entries.remove(range));
    }

    /// Removes the first or last `limit` entries that equal `value`. How many there were.
    fn remove_matching(&mut self, value: &[u8], limit: usize, from_back: bool) -> usize {
        let matches = self
            .entries(0..self.len())
            .filter(|entry| *entry == value)
            .count();
        let removed = matches.min(limit);
        if removed == self.len() {
            self.remove(0..removed);
        } else if removed > 0 {
            let skipped = if from_back { matches - removed } else { 0 };
            let mut seen = 0;
            self.edit(|entries| {
                entries.retain(|entry| {
                    if entry != value {
                        return true;
                    }
                    seen += 1;
                    seen <= skipped || seen > skipped + removed
                });
            });
        }
        removed
    }

    /// Gives memory back that is not in use, unless the node is shared.
    fn shrink_to_fit(&mut self) {
        if let Self::Packed { entries, .. } = self
            && let Some(entries) = Arc::get_mut(entries)
        {
            entries.shrink_to_fit();
        }
    }
}

/// Entries of a node.
#[derive(Clone, Debug)]
enum Entries<'a> {
    Packed(packed::Iter<'a>),
    Large(Option<&'a [u8]>),
}

impl Default for Entries<'_> {
    fn default() -> Self {
        Self::Large(None)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Packed(entries) => entries.next(),
            Self::Large(value) => value.take(),
        }
    }
}

impl DoubleEndedIterator for Entries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(entries) => entries.next_back(),
            Self::Large(value) => value.take(),
        }
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
            let lengths = [MAX_PACKED - 1, MAX_PACKED, MAX_PACKED + 1, 9_000, 100_000];
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
        let mut length = 0;
        for node in &list.nodes {
            assert!(!node.is_empty());
            length += node.len();
            match node {
                Node::Packed { count, entries } => {
                    assert_eq!(*count as usize, entries.len());
                    assert!((1..=NODE_ENTRIES).contains(&entries.len()));
                    assert!(entries.size_in_bytes() <= NODE_BYTES);
                    assert!(entries.iter().all(|value| value.len() <= MAX_PACKED));
                }
                Node::Large(value) => assert!(value.len() > MAX_PACKED),
            }
        }
        assert_eq!(list.len(), length);
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
            .filter(|pair| match pair {
                (Node::Packed { entries: a, .. }, Node::Packed { entries: b, .. }) => {
                    Arc::ptr_eq(a, b)
                }
                _ => false,
            });
        assert_eq!(shared.count(), list.node_count() - 1);
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
        assert!(list.node_count() <= 2 * (2 * 1_000 / NODE_ENTRIES + 1));
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
            assert!(list.node_count() < 22_000 / (NODE_ENTRIES / 4) + 10);
        }
    }

    #[test]
    fn short_elements_cost_little_more_than_themselves() {
        let list: List = std::iter::repeat_n(b"abc".as_slice(), 1_000_000).collect();
        let cost = list.allocated() as f64 / list.len() as f64;
        assert!(cost < 5.5, "{cost} bytes an element");
        let list: List = [b"abc".as_slice()].into_iter().collect();
        assert!(list.allocated() < 100);
    }

    #[test]
    fn a_large_element_is_not_copied_when_it_is_taken() {
        let mut list: List = [[7; 100_000].as_slice()].into_iter().collect();
        let place = list.front().unwrap().as_ptr();
        assert_eq!(list.pop_front().unwrap().as_ptr(), place);
        assert!(list.is_empty());
        assert_eq!(list.pop_back(), None);
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
