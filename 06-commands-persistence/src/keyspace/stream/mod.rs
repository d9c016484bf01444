//! What a stream key holds.
//!
//! ```text
//!  nodes:   1-0 --> | 100 entries |     2-5 --> | 100 entries |     7-0 --> | 12 entries |
//!  groups:  "workers" --> last id, pending entries, consumers
//! ```
//!
//! Entries only come at the end, so each node is filled before the next one begins, and is found by the id it begins
//! with. Nodes are listpacks of the same size as redis-server's: see [`node`]. Redis keeps them in a radix tree; here they
//! are in an [`IdMap`], whose clones share what they can. So a snapshot of a stream of a million entries copies a
//! hundred pointers, and what is changed then copies the node, its chunk, and nothing else.

pub mod group;
pub mod id;
pub mod id_map;
pub mod node;
mod saved;

use self::group::Group;
use self::id::StreamId;
use self::id_map::IdMap;
pub use self::node::MAX_BYTES;
use self::node::{Entry, Node};
use crate::keyspace::SmallBytes;
use crate::keyspace::cow::{Content, Cow};
use crate::keyspace::limits::Compact;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A sequence of entries by id, and those who share it. It may be empty: what it knows of its past is worth keeping.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    nodes: IdMap<Cow<Node>>,
    length: usize,
    /// Of all nodes.
    bytes: usize,
    first_id: StreamId,
    last_id: StreamId,
    /// The largest id that XDEL has removed.
    pub max_deleted_id: StreamId,
    /// How many entries were ever added.
    pub entries_added: u64,
    groups: BTreeMap<SmallBytes, Cow<Group>>,
}

/// Which entries are to go, from the first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// Which.
    pub to: TrimTo,
    /// Whether to remove whole nodes only.
    pub is_rough: bool,
    /// The most entries to remove.
    pub limit: Option<usize>,
}

/// What a trimmed stream is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimTo {
    /// No longer than this.
    Length(usize),
    /// Without ids below this one.
    Id(StreamId),
}

impl Stream {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The id of the first entry; 0-0 where there is none.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The largest id that there ever was.
    pub fn last_id(&self) -> StreamId {
        self.last_id
    }

    /// Says what the largest id is. No entry may have a larger one.
    pub fn set_last_id(&mut self, id: StreamId) {
        self.last_id = id;
    }

    /// The entries from `from` to `to`, both included.
    pub fn range(&self, from: StreamId, to: StreamId) -> impl Iterator<Item = Entry<'_>> {
        let nodes = self.nodes_of(from, to);
        let entries = nodes.flat_map(|(first, node)| node.entries(first));
        let entries = entries.skip_while(move |entry| entry.id < from);
        entries.take_while(move |entry| entry.id <= to)
    }

    /// The same, the last one first.
    pub fn range_back(&self, from: StreamId, to: StreamId) -> impl Iterator<Item = Entry<'_>> {
        let nodes = self.nodes_of(from, to).rev();
        let entries = nodes.flat_map(|(first, node)| {
            let entries: Vec<_> = node.entries(first).collect();
            entries.into_iter().rev()
        });
        let entries = entries.skip_while(move |entry| entry.id > to);
        entries.take_while(move |entry| entry.id >= from)
    }

    /// The entry with this id.
    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.range(id, id).next()
    }

    /// The first entry.
    pub fn first(&self) -> Option<Entry<'_>> {
        self.range(StreamId::MIN, StreamId::MAX).next()
    }

    /// The last entry.
    pub fn last(&self) -> Option<Entry<'_>> {
        self.range_back(StreamId::MIN, StreamId::MAX).next()
    }

    /// Nodes in which entries of this range may be, with the ids they begin at.
    fn nodes_of(
        &self,
        from: StreamId,
        to: StreamId,
    ) -> impl DoubleEndedIterator<Item = (StreamId, &Cow<Node>)> {
        self.nodes.range(self.nodes.floor(from).unwrap_or(from), to)
    }

    /// Appends an entry, whose id must be larger than the last one. `parts` are names and values in turn, together no more
    /// than [`MAX_BYTES`].
    pub fn append<'a>(
        &mut self,
        id: StreamId,
        parts: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
        limits: &Compact,
    ) {
        let bytes = parts.clone().map(<[u8]>::len).sum();
        let last = self.nodes.last();
        let last = last.filter(|(_, node)| node.has_room(bytes, limits));
        let first = match last.map(|(first, _)| first) {
            Some(first) => first,
            None => self.begin_node(id, parts.clone()),
        };
        if let Some(node) = self.nodes.get_mut(first) {
            self.bytes -= node.block().len();
            let node = node.to_mut();
            node.push(first, id, parts);
            self.bytes += node.block().len();
        }
        self.length += 1;
        self.entries_added = self.entries_added.saturating_add(1);
        self.last_id = id;
        if self.length == 1 {
            self.first_id = id;
        }
    }

    /// Begins a node with the entry of this id, which is not in it yet.
    fn begin_node<'a>(
        &mut self,
        id: StreamId,
        parts: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> StreamId {
        // The one that is full now will not grow any more. If others have it, they do not need its room either.
        let last = self.nodes.last_mut();
        let full = last.and_then(|(_, node)| node.get_mut());
        full.into_iter().for_each(Node::shrink_to_fit);
        let node = Node::new(parts);
        self.bytes += node.block().len();
        self.nodes.insert(id, node.into());
        id
    }

    /// Deletes an entry. Whether it was there.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let Some(first) = self.nodes.floor(id) else {
            return false;
        };
        let node = self.nodes.get(first);
        let mut items = node.into_iter().flat_map(|node| node.items(first));
        let found = items.find(|item| item.entry.id == id && !item.is_deleted);
        let Some(place) = found.map(|item| item.place) else {
            return false;
        };
        self.delete_in(first, &[place]);
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id {
            self.find_first_id();
        }
        true
    }

    /// Removes entries from the first one on. How many there were.
    pub fn trim(&mut self, trim: &Trim) -> usize {
        let before = self.length;
        while let Some((first, node)) = self.nodes.first()
            && self.exceeds(trim.to)
        {
            let live = node.live();
            let removed = before - self.length;
            if trim.limit.is_some_and(|limit| removed + live > limit) {
                break;
            }
            let goes = match trim.to {
                TrimTo::Length(length) => self.length - live >= length,
                TrimTo::Id(id) => node
                    .items(first)
                    .last()
                    .is_some_and(|item| item.entry.id < id),
            };
            if goes {
                self.remove_node(first);
                continue;
            }
            if !trim.is_rough {
                self.trim_in(first, trim.to);
            }
            break;
        }
        if self.length < before {
            self.find_first_id();
        }
        before - self.length
    }

    fn exceeds(&self, to: TrimTo) -> bool {
        match to {
            TrimTo::Length(length) => self.length > length,
            TrimTo::Id(_) => true,
        }
    }

    /// Deletes the first entries of the first node.
    fn trim_in(&mut self, first: StreamId, to: TrimTo) {
        let Some(node) = self.nodes.get(first) else {
            return;
        };
        let live = node.items(first).filter(|item| !item.is_deleted);
        let places: Vec<usize> = match to {
            TrimTo::Length(length) => {
                let goes = self.length.saturating_sub(length);
                live.take(goes).map(|item| item.place).collect()
            }
            TrimTo::Id(id) => {
                let goes = live.take_while(|item| item.entry.id < id);
                goes.map(|item| item.place).collect()
            }
        };
        if let (false, Some(node)) = (places.is_empty(), self.nodes.get_mut(first)) {
            Self::mark(node, &mut self.bytes, &places);
            self.length -= places.len();
        }
    }

    /// Deletes entries of a node, which goes if it has no others.
    fn delete_in(&mut self, first: StreamId, places: &[usize]) {
        let Some(node) = self.nodes.get(first) else {
            return;
        };
        if node.live() == places.len() {
            return self.remove_node(first);
        }
        if let Some(node) = self.nodes.get_mut(first) {
            Self::mark(node, &mut self.bytes, places);
            self.length -= places.len();
        }
    }

    fn mark(node: &mut Cow<Node>, bytes: &mut usize, places: &[usize]) {
        *bytes -= node.block().len();
        let node = node.to_mut();
        node.delete(places);
        *bytes += node.block().len();
    }

    fn remove_node(&mut self, first: StreamId) {
        if let Some(node) = self.nodes.remove(first) {
            self.length -= node.live();
            self.bytes -= node.block().len();
        }
    }

    fn find_first_id(&mut self) {
        self.first_id = self.first().map_or(StreamId::MIN, |entry| entry.id);
    }

    /// The groups by their names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&SmallBytes, &Group)> {
        self.groups.iter().map(|(name, group)| (name, &**group))
    }

    /// The group of this name.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name).map(|group| &**group)
    }

    /// The group of this name, to be changed.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.groups.get_mut(name).map(|group| group.to_mut())
    }

    /// Adds a group. Whether its name is new.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        let is_new = !self.groups.contains_key(name);
        if is_new {
            self.groups.insert(name.into(), group.into());
        }
        is_new
    }

    /// Removes a group. Whether there was one.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.groups.remove(name).is_some()
    }

    /// Notes that a group has got the entry with this id, if it lies before it.
    pub fn advance(&mut self, group: &[u8], id: StreamId) {
        let Some(held) = self.group(group).filter(|held| id > held.last_id) else {
            return;
        };
        let entries_read = match held.entries_read {
            Some(read) if !self.is_torn_from(id) => Some(read.wrapping_add(1)),
            read if self.entries_added == 0 => read,
            _ => self.entries_up_to(id),
        };
        if let Some(group) = self.group_mut(group) {
            (group.last_id, group.entries_read) = (id, entries_read);
        }
    }

    /// Whether no entry was deleted between those that are left: all that are gone came before the first one.
    fn is_whole(&self) -> bool {
        self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id
    }

    /// Whether an entry was deleted from this id on: then nobody can say how many were added up to there.
    fn is_torn_from(&self, id: StreamId) -> bool {
        !self.is_empty() && !self.is_whole() && id <= self.max_deleted_id
    }

    /// How many entries were added up to this id, where that can be told.
    fn entries_up_to(&self, id: StreamId) -> Option<i64> {
        let added = self.entries_added.cast_signed();
        if added == 0 {
            return Some(0);
        }
        if self.is_empty() && id <= self.last_id || id == self.last_id {
            return Some(added);
        }
        let before = added.wrapping_sub(self.length as i64);
        match id.cmp(&self.first_id) {
            _ if id > self.last_id || !self.is_whole() => None,
            Ordering::Less => Some(before),
            Ordering::Equal => Some(before.wrapping_add(1)),
            Ordering::Greater => None,
        }
    }

    /// How many entries a group has still to read, where that can be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let known = group
            .entries_read
            .filter(|_| !self.is_torn_from(group.last_id));
        let read = known.or_else(|| self.entries_up_to(group.last_id))?;
        Some(self.entries_added.cast_signed().wrapping_sub(read))
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// How many nodes the radix tree would have in which Redis keeps those of the stream. Looks at each of them.
    pub fn radix_tree_nodes(&self) -> usize {
        let keys: Vec<[u8; 16]> = self.nodes.iter().map(|(id, _)| id.to_bytes()).collect();
        if keys.is_empty() {
            1
        } else {
            radix_nodes(&keys, 0)
        }
    }
}

/// The nodes of a radix tree below the first `depth` letters, which these keys, in order, have in common: a leaf for a
/// key, a branch where keys differ, and before either a node for all letters that lead nowhere else.
fn radix_nodes(keys: &[[u8; 16]], depth: usize) -> usize {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
        return 0;
    };
    let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    let letters = usize::from(common > depth);
    let branches = keys.chunk_by(|a, b| a.get(common) == b.get(common));
    let below: usize = if common == first.len() {
        0
    } else {
        branches.map(|keys| radix_nodes(keys, common + 1)).sum()
    };
    letters + 1 + below
}

impl Content for Stream {
    fn copy_size(&self) -> usize {
        let groups = self.groups.len() * size_of::<(SmallBytes, Cow<Group>)>();
        size_of::<Self>() + self.nodes.copy_size() + groups
    }
}
