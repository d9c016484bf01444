//! Entries in order of their score: a B+ tree that counts.
//!
//! ```text
//!                       inner    [ from a: 92 | from n: 71 | from t: 88 ]
//!                                   |                 |           `----------.
//!              inner    [ a: 40 | f: 52 ]     [ n: 33 | q: 38 ]     [ t: 45 | w: 43 ]
//!                          |        |             |        |            |        |
//!      leaves, in order  1 a ...  3 f ...      7 n ...  8 q ...      9 t ...  9 w ...
//! ```
//!
//! A leaf has up to 64 entries side by side, and an inner node up to 64 children. Of each child it knows where that begins,
//! so that an entry is found by its score, and how many entries it has, so that one is found by its rank, and the rank of one
//! by adding up. A million entries are three or four steps deep.
//!
//! Nodes lie behind [`Cow`]. A clone shares them all, and the first change after it copies those between the root and one
//! leaf: some kilobytes. That is why there are no pointers upward or sideways: whoever has two copies of a node would need
//! two of all its neighbours, and of theirs. So a walk through a range begins at the root for every leaf. That costs little: a leaf is
//! dozens of entries.

use crate::keyspace::cow::{Content, Cow};
use crate::part::Part;
use crate::small_bytes::SmallBytes;
use std::cmp::Ordering;
use std::ops::Range;
use std::{mem, slice};

/// The most entries of a leaf, and children of an inner node.
const MAX: usize = 64;

/// Two neighbours that have no more than this together become one. One that is divided has twice as much, so that many changes
/// pass between the two.
const FEW: usize = MAX / 2;

/// Nodes make room for so many more at once.
const STEP: usize = 8;

/// A member with its score.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Never NaN.
    pub score: f64,
    /// In entries of the same score, smaller ones come first.
    pub member: SmallBytes,
}

impl Entry {
    /// Whether it stands before, at, or behind the place of a member with this score.
    #[inline]
    fn order(&self, score: f64, member: &[u8]) -> Ordering {
        order((self.score, &self.member), (score, member))
    }
}

/// The order of entries: by score, and by the bytes of the member where scores are equal. Scores are not NaN.
#[inline]
pub fn order(left: (f64, &[u8]), right: (f64, &[u8])) -> Ordering {
    if left.0 < right.0 {
        Ordering::Less
    } else if left.0 > right.0 {
        Ordering::Greater
    } else {
        left.1.cmp(right.1)
    }
}

/// Entries in order, no two of them equal. A clone shares all memory.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    root: Cow<Node>,
    length: usize,
}

/// Only the root is ever empty.
#[derive(Clone, Debug)]
enum Node {
    Leaf(Vec<Entry>),
    Inner(Vec<Child>),
}

#[derive(Clone, Debug)]
struct Child {
    /// No entry of it comes before this one, and all of those to its left do. There need be no such entry any more.
    first: Entry,
    /// How many entries there are below.
    count: usize,
    node: Cow<Node>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Goal<'a> {
    /// The entry before which there are so many.
    Rank(usize),
    /// This member, which has this score.
    Entry(f64, &'a [u8]),
}

impl Goal<'_> {
    /// Which of these children leads there. A rank becomes one among the child's entries.
    #[inline]
    fn child(&mut self, children: &[Child]) -> usize {
        match self {
            Self::Rank(rank) => {
                let passes = |child: &&Child| {
                    let passes = child.count <= *rank;
                    *rank -= if passes { child.count } else { 0 };
                    passes
                };
                children.iter().take_while(passes).count()
            }
            Self::Entry(score, member) => {
                let begins_behind = |child: &Child| child.first.order(*score, member).is_gt();
                // What comes before all children belongs to the first one.
                let behind = children.partition_point(|child| !begins_behind(child));
                behind.saturating_sub(1)
            }
        }
    }

    fn position(self, entries: &[Entry]) -> Option<usize> {
        match self {
            Self::Rank(rank) => Some(rank).filter(|rank| *rank < entries.len()),
            Self::Entry(score, member) => entries
                .binary_search_by(|entry| entry.order(score, member))
                .ok(),
        }
    }
}

impl Tree {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Adds an entry, which must not be there yet.
    pub fn insert(&mut self, entry: Entry) {
        self.length += 1;
        if let Some(right) = insert(&mut self.root, entry) {
            let left = Child::new(mem::take(&mut self.root));
            self.root = Node::Inner([left, right].into()).into();
        }
    }

    /// Removes an entry, and gives it.
    pub fn remove(&mut self, goal: Goal<'_>) -> Option<Entry> {
        let entry = remove(&mut self.root, goal)?;
        self.length -= 1;
        while let Node::Inner(children) = &*self.root
            && children.len() <= 1
        {
            let only = children.first().map(|child| child.node.clone());
            self.root = only.unwrap_or_default();
        }
        Some(entry)
    }

    /// How many entries come first for which `is_before` holds. It must hold for none behind the first one for which it
    /// does not.
    pub fn count_while(&self, is_before: impl Fn(&Entry) -> bool) -> usize {
        let (mut node, mut count) = (&self.root, 0);
        loop {
            match &**node {
                Node::Leaf(entries) => return count + entries.partition_point(is_before),
                Node::Inner(children) => {
                    let behind = children.partition_point(|child| is_before(&child.first));
                    let at = behind.saturating_sub(1);
                    let Some(child) = children.get(at) else {
                        return count;
                    };
                    count += count_all(children.part(..at));
                    node = &child.node;
                }
            }
        }
    }

    /// The rank of a member with this score: how many entries come before it.
    pub fn rank(&self, score: f64, member: &[u8]) -> usize {
        self.count_while(|entry| entry.order(score, member).is_lt())
    }

    /// The entries with these ranks, as far as there are any.
    pub fn range(&self, ranks: Range<usize>) -> Entries<'_> {
        Entries {
            tree: self,
            front: Default::default(),
            ranks: ranks.start..ranks.end.min(self.length),
            back: Default::default(),
        }
    }

    /// The leaf that has the entry with this rank, and the position there.
    fn leaf(&self, rank: usize) -> Option<(&[Entry], usize)> {
        let (mut node, mut goal) = (&self.root, Goal::Rank(rank));
        while let Node::Inner(children) = &**node {
            node = &children.get(goal.child(children))?.node;
        }
        match (&**node, goal) {
            (Node::Leaf(entries), Goal::Rank(position)) => Some((entries, position)),
            _ => None,
        }
    }
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => children.len(),
        }
    }

    /// The first entry, and how many there are. The root's, when it is divided, and a new node's: neither is empty.
    fn extent(&self) -> Option<(&Entry, usize)> {
        match self {
            Self::Leaf(entries) => Some((entries.first()?, entries.len())),
            Self::Inner(children) => Some((&children.first()?.first, count_all(children))),
        }
    }
}

impl Child {
    fn new(node: impl Into<Cow<Node>>) -> Self {
        let node = node.into();
        let (first, count) = match node.extent() {
            Some((first, count)) => (first.clone(), count),
            None => (Entry::default(), 0),
        };
        Self { first, count, node }
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            score: f64::NEG_INFINITY,
            member: SmallBytes::default(),
        }
    }
}

impl Content for Node {
    fn copy_size(&self) -> usize {
        let content = match self {
            Self::Leaf(entries) => size_of_val(entries.as_slice()),
            Self::Inner(children) => size_of_val(children.as_slice()),
        };
        size_of::<Self>() + content
    }
}

fn count_all(children: &[Child]) -> usize {
    children.iter().map(|child| child.count).sum()
}

/// Adds an entry below a node. Where that divides the node, gives what is to be its right neighbour.
fn insert(node: &mut Cow<Node>, entry: Entry) -> Option<Child> {
    match node.to_mut() {
        Node::Leaf(entries) => {
            let behind = |other: &Entry| other.order(entry.score, &entry.member).is_lt();
            let position = entries.partition_point(behind);
            let right = insert_at(entries, position, entry)?;
            Some(Child::new(Node::Leaf(right)))
        }
        Node::Inner(children) => {
            let at = Goal::Entry(entry.score, &entry.member).child(children);
            let child = children.get_mut(at)?;
            if child.first.order(entry.score, &entry.member).is_gt() {
                child.first = entry.clone();
            }
            child.count += 1;
            let new = insert(&mut child.node, entry)?;
            child.count -= new.count;
            let right = insert_at(children, at + 1, new)?;
            Some(Child::new(Node::Inner(right)))
        }
    }
}

/// Adds an item. Where there are too many, gives the right half of them.
fn insert_at<T>(items: &mut Vec<T>, at: usize, item: T) -> Option<Vec<T>> {
    let mut right = None;
    if items.len() == MAX {
        right = Some(items.split_off(MAX / 2));
        items.shrink_to_fit();
    }
    let (items, at) = match &mut right {
        Some(right) if at > MAX / 2 => (right, at - MAX / 2),
        _ => (items, at),
    };
    if items.len() == items.capacity() {
        items.reserve_exact(STEP);
    }
    items.insert(at, item);
    right
}

/// Removes an entry below a node, which may be empty then.
fn remove(node: &mut Cow<Node>, mut goal: Goal<'_>) -> Option<Entry> {
    match node.to_mut() {
        Node::Leaf(entries) => {
            let position = goal.position(entries)?;
            let entry = entries.remove(position);
            if entries.capacity() > 2 * (entries.len() + STEP) {
                entries.shrink_to(entries.len() + STEP);
            }
            Some(entry)
        }
        Node::Inner(children) => {
            let at = goal.child(children);
            let child = children.get_mut(at)?;
            let entry = remove(&mut child.node, goal)?;
            child.count -= 1;
            match child.node.len() {
                0 => drop(children.remove(at)),
                // Only then can a neighbour have as few.
                1..=FEW => {
                    merge(children, at);
                    merge(children, at.wrapping_sub(1));
                }
                _ => {}
            }
            Some(entry)
        }
    }
}

/// Makes one of a child and its right neighbour, if there is one, and they are small.
fn merge(children: &mut Vec<Child>, at: usize) {
    let Some([left, right]) = children.get_mut(at..at.wrapping_add(2)) else {
        return;
    };
    if left.node.len() + right.node.len() > FEW {
        return;
    }
    match (left.node.to_mut(), &*right.node) {
        (Node::Leaf(left), Node::Leaf(right)) => left.extend_from_slice(right),
        (Node::Inner(left), Node::Inner(right)) => left.extend_from_slice(right),
        // Both are equally far from the root.
        _ => return,
    }
    left.count += right.count;
    children.remove(at + 1);
}

/// Entries in order, from both ends.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    tree: &'a Tree,
    /// What is left of the leaves that were begun from either side, and the ranks between them.
    front: slice::Iter<'a, Entry>,
    ranks: Range<usize>,
    back: slice::Iter<'a, Entry>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a Entry;

    #[inline]
    fn next(&mut self) -> Option<&'a Entry> {
        self.front.next().or_else(|| {
            self.front = self.first_leaf().unwrap_or_default();
            self.front.next().or_else(|| self.back.next())
        })
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.back.next_back().or_else(|| {
            self.back = self.last_leaf().unwrap_or_default();
            self.back.next_back().or_else(|| self.front.next_back())
        })
    }
}

impl<'a> Entries<'a> {
    /// What the next leaf has of the range.
    fn first_leaf(&mut self) -> Option<slice::Iter<'a, Entry>> {
        let rank = self.ranks.clone().next()?;
        let (entries, position) = self.tree.leaf(rank)?;
        let end = entries.len().min(position + self.ranks.len());
        self.ranks.start += end - position;
        Some(entries.part(position..end).iter())
    }

    fn last_leaf(&mut self) -> Option<slice::Iter<'a, Entry>> {
        let rank = self.ranks.clone().next_back()?;
        let (entries, position) = self.tree.leaf(rank)?;
        let start = (position + 1).saturating_sub(self.ranks.len());
        self.ranks.end -= position + 1 - start;
        Some(entries.part(start..position + 1).iter())
    }
}

#[cfg(test)]
impl Tree {
    /// What must hold after every change.
    pub fn check(&self) {
        assert_eq!(self.root.check(true), self.length);
        let mut entries = self.range(0..self.length);
        let mut last = entries.next();
        for entry in entries {
            let before = last.replace(entry).unwrap();
            assert!(before.order(entry.score, &entry.member).is_lt());
        }
    }

    /// How many bytes all nodes take.
    pub fn allocated(&self) -> usize {
        self.root.allocated()
    }
}

#[cfg(test)]
impl Node {
    /// How many entries there are.
    fn check(&self, is_root: bool) -> usize {
        assert!(self.len() <= MAX && (is_root || self.len() > 0));
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => {
                for child in children {
                    assert_eq!(child.node.check(false), child.count);
                    assert_eq!(child.node.depth(), children[0].node.depth());
                    let (first, _) = child.node.extent().unwrap();
                    assert!(child.first.order(first.score, &first.member).is_le());
                }
                count_all(children)
            }
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Inner(children) => 1 + children[0].node.depth(),
        }
    }

    fn allocated(&self) -> usize {
        let counts = 2 * size_of::<usize>();
        let content = match self {
            Self::Leaf(entries) => entries.capacity() * size_of::<Entry>(),
            Self::Inner(children) => {
                let below = children.iter().map(|child| child.node.allocated());
                children.capacity() * size_of::<Child>() + below.sum::<usize>()
            }
        };
        counts + size_of::<Self>() + content
    }
}
