//! A run of entries in one block of memory, as redis-server keeps and saves it: a listpack.
//!
//! ```text
//!  live  deleted  fields  name ... name  0        the master entry: counts, and the names of the first entry's fields
//!  2  ms  seq  value ... value  elements          an entry with these very names
//!  0  ms  seq  fields  name value ...  elements   one with names of its own
//!  3  ...                                         one that was deleted: it is skipped
//! ```
//!
//! The id of an entry is the distance from the node's own. Names that repeat cost nothing, and small numbers a byte or two.
//! `elements` says how many listpack elements the entry has, for readers that walk backward.
//!
//! What can be seen of nodes from outside is where they end, since `XTRIM ~` removes whole ones. So the block has to be
//! as large as redis-server's, to the byte.

use super::id::StreamId;
use crate::keyspace::cow::Content;
use crate::keyspace::limits::Compact;
use crate::rdb::listpack::{self, Element, HEADER};

/// The most bytes in a node, and in an entry, whatever the configuration says.
pub const MAX_BYTES: usize = 1 << 30;

/// In an entry's first element.
const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

/// Elements of an entry beside its fields: flags and both parts of the id.
const FIXED: usize = 3;

/// A node. It does not know the id that those of its entries count from.
#[derive(Clone, Debug)]
pub struct Node {
    /// A whole listpack at any time.
    block: Vec<u8>,
}

/// An entry of a stream.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Its id.
    pub id: StreamId,
    /// Its fields with their values.
    pub fields: Fields<'a>,
}

/// The fields of an entry, each with its value.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    /// Names that the master entry has.
    names: Option<&'a [u8]>,
    /// The values, or names and values in turn.
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Element<'a>, Element<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (name, rest) = listpack::split_first(self.names.unwrap_or(self.rest))?;
        match &mut self.names {
            Some(names) => *names = rest,
            None => self.rest = rest,
        }
        let (value, rest) = listpack::split_first(self.rest)?;
        self.rest = rest;
        Some((name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

/// An entry in its node.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Where in the block it begins.
    pub place: usize,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// What it says.
    pub entry: Entry<'a>,
}

/// All entries of a node, the deleted ones too.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    /// Names in the master entry, and how many.
    names: &'a [u8],
    count: usize,
    first: StreamId,
    rest: &'a [u8],
    length: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let place = self.length - self.rest.len();
        let (flags, rest) = integer(self.rest)?;
        let (ms, rest) = integer(rest)?;
        let (seq, mut rest) = integer(rest)?;
        let has_names = flags & SAME_FIELDS == 0;
        let mut left = self.count;
        if has_names {
            let (count, behind) = integer(rest)?;
            (left, rest) = (usize::try_from(count).ok()?, behind);
        }
        let fields = Fields {
            names: (!has_names).then_some(self.names),
            rest,
            left,
        };
        let elements = if has_names {
            left.checked_mul(2)?
        } else {
            left
        };
        // And how many there are.
        self.rest = skip(rest, elements.checked_add(1)?)?;
        let id = StreamId {
            ms: self.first.ms.wrapping_add(ms.cast_unsigned()),
            seq: self.first.seq.wrapping_add(seq.cast_unsigned()),
        };
        Some(Item {
            place,
            is_deleted: flags & DELETED != 0,
            entry: Entry { id, fields },
        })
    }
}

impl Node {
    /// A node without entries, for some that have mostly these fields. `parts` are names and values in turn.
    pub fn new<'a>(parts: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        let fields = parts.len() / 2;
        let mut block = Vec::new();
        listpack::begin(&mut block);
        for number in [0, 0, fields as i64] {
            listpack::push_integer(&mut block, number);
        }
        parts
            .step_by(2)
            .for_each(|name| listpack::push(&mut block, name));
        listpack::push_integer(&mut block, 0);
        listpack::finish(&mut block, 4 + fields);
        Self { block }
    }

    /// The listpack.
    pub fn block(&self) -> &[u8] {
        &self.block
    }

    /// How many entries there are, without the deleted ones.
    pub fn live(&self) -> usize {
        let live = integer(self.body());
        live.map_or(0, |(live, _)| usize::try_from(live).unwrap_or(0))
    }

    /// How many entries were deleted and are still in the block.
    fn deleted(&self) -> usize {
        let counts = integer(self.body()).and_then(|(_, rest)| integer(rest));
        counts.map_or(0, |(deleted, _)| usize::try_from(deleted).unwrap_or(0))
    }

    /// Whether an entry with so many bytes of names and values belongs into this node still.
    pub fn has_room(&self, bytes: usize, limits: &Compact) -> bool {
        let most = match limits.bytes {
            0 => MAX_BYTES,
            bytes => bytes.min(MAX_BYTES),
        };
        let is_full = limits.entries != 0 && self.live() + self.deleted() >= limits.entries;
        self.block.len() + bytes < most && !is_full
    }

    /// Appends an entry to the node that begins at `first`. `parts` are names and values in turn.
    pub fn push<'a>(
        &mut self,
        first: StreamId,
        id: StreamId,
        parts: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
    ) {
        let fields = parts.len() / 2;
        let same = self.has_names(parts.clone().step_by(2), fields);
        let elements = if same {
            FIXED + fields
        } else {
            FIXED + 1 + 2 * fields
        };
        let count = listpack::count(&self.block);
        let out = &mut self.block;
        out.pop();
        reserve(out, parts.clone().map(|part| part.len() + 3).sum());
        listpack::push_integer(out, if same { SAME_FIELDS } else { 0 });
        listpack::push_integer(out, id.ms.wrapping_sub(first.ms).cast_signed());
        listpack::push_integer(out, id.seq.wrapping_sub(first.seq).cast_signed());
        if same {
            parts
                .skip(1)
                .step_by(2)
                .for_each(|value| listpack::push(out, value));
        } else {
            listpack::push_integer(out, fields as i64);
            parts.for_each(|part| listpack::push(out, part));
        }
        listpack::push_integer(out, elements as i64);
        listpack::finish(out, count.map_or(usize::MAX, |count| count + elements + 1));
        self.set_counts(self.live() + 1, self.deleted());
    }

    /// Deletes the entries at these places, which are in order and not deleted yet.
    pub fn delete(&mut self, places: &[usize]) {
        // From the last: a mark may take fewer bytes than what was there, if another server has written it.
        for place in places.iter().rev() {
            if let Some((flags, _)) = self.block.get(*place..).and_then(integer) {
                self.set_integer(*place, flags | DELETED);
            }
        }
        let deleted = self.deleted() + places.len();
        self.set_counts(self.live().saturating_sub(places.len()), deleted);
    }

    /// All entries of the node that begins at `first`, the deleted ones too.
    pub fn items(&self, first: StreamId) -> Items<'_> {
        self.parse(first).unwrap_or(Items {
            names: &[],
            count: 0,
            first,
            rest: &[],
            length: 0,
        })
    }

    /// The entries that are not deleted.
    pub fn entries(&self, first: StreamId) -> impl Iterator<Item = Entry<'_>> {
        let live = self.items(first).filter(|item| !item.is_deleted);
        live.map(|item| item.entry)
    }

    /// Gives back memory that is not in use: nothing more will be added.
    pub fn shrink_to_fit(&mut self) {
        self.block.shrink_to_fit();
    }

    /// A node from a file, which begins at `first`. Gives the id of its last entry, but for the deleted ones.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(
        block: Vec<u8>,
        first: StreamId,
    ) -> Result<(Self, Option<StreamId>), &'static str> {
        listpack::read(&block, |_| {})?;
        let node = Self { block };
        let mut items = node.parse(first).ok_or("a node has no master entry")?;
        let (mut live, mut deleted, mut last) = (0, 0, None);
        for item in items.by_ref() {
            if item.is_deleted {
                deleted += 1;
                continue;
            }
            let id = item.entry.id;
            if id < first || last.is_some_and(|last| id <= last) {
                return Err("entries are not in order");
            }
            (last, live) = (Some(id), live + 1);
        }
        if items.rest.len() != 1 {
            return Err("an entry is none, or ends in the middle");
        }
        if live + deleted == 0 || live != node.live() || deleted != node.deleted() {
            return Err("a node has not as many entries as it states");
        }
        Ok((node, last))
    }

    /// What follows the master entry.
    fn parse(&self, first: StreamId) -> Option<Items<'_>> {
        let (live, rest) = integer(self.body())?;
        let (deleted, rest) = integer(rest)?;
        let (count, names) = integer(rest)?;
        let count = usize::try_from(count).ok()?;
        let (end, rest) = integer(skip(names, count)?)?;
        let makes_sense = live >= 0 && deleted >= 0 && end == 0;
        makes_sense.then_some(Items {
            names,
            count,
            first,
            rest,
            length: self.block.len(),
        })
    }

    /// The elements.
    fn body(&self) -> &[u8] {
        self.block.get(HEADER..).unwrap_or_default()
    }

    /// Whether these are the names in the master entry.
    fn has_names<'a>(&self, names: impl Iterator<Item = &'a [u8]>, count: usize) -> bool {
        let Some(items) = self
            .parse(StreamId::MIN)
            .filter(|items| items.count == count)
        else {
            return false;
        };
        let mut rest = items.names;
        for name in names {
            match listpack::split_first(rest) {
                Some((known, behind)) if known.is(name) => rest = behind,
                _ => return false,
            }
        }
        true
    }

    fn set_counts(&mut self, live: usize, deleted: usize) {
        self.set_integer(HEADER, live as i64);
        let length = self.block.len();
        if let Some((_, rest)) = integer(self.body()) {
            let place = length - rest.len();
            self.set_integer(place, deleted as i64);
        }
    }

    /// Puts a number in place of the one at `place`.
    fn set_integer(&mut self, place: usize, number: i64) {
        let Some((_, rest)) = self.block.get(place..).and_then(listpack::split_first) else {
            return;
        };
        let end = self.block.len() - rest.len();
        let mut element = Vec::with_capacity(HEADER);
        listpack::push_integer(&mut element, number);
        let old = self.block.get_mut(place..end).unwrap_or_default();
        if old.len() == element.len() {
            old.copy_from_slice(&element);
        } else {
            self.block.splice(place..end, element);
            let count = listpack::count(&self.block).unwrap_or(usize::MAX);
            listpack::set_header(&mut self.block, count);
        }
    }
}

impl Content for Node {
    fn copy_size(&self) -> usize {
        self.block.len()
    }
}

/// Makes room for `additional` bytes. It grows by a quarter: nodes are filled to their end, and then shrunk.
fn reserve(block: &mut Vec<u8>, additional: usize) {
    if block.capacity() - block.len() < additional {
        block.reserve_exact(additional.max(block.len() / 4));
    }
}

/// The number that comes first, and what stands behind it.
fn integer(elements: &[u8]) -> Option<(i64, &[u8])> {
    let (element, rest) = listpack::split_first(elements)?;
    Some((element.integer()?, rest))
}

/// What stands behind so many elements.
fn skip(mut elements: &[u8], count: usize) -> Option<&[u8]> {
    for _ in 0..count {
        elements = listpack::split_first(elements)?.1;
    }
    Some(elements)
}
