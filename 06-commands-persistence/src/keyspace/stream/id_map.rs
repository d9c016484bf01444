//! A sorted map from ids, in pieces.
//!
//! ```text
//!  chunks:  [ . . . . ]
//!             |   |  `--> (5-0, value) (5-7, value) ... up to 128
//!             |   `-----> (2-1, value) (2-3, value) ...
//!             `---------> (0-1, value) (1-0, value) ...
//! ```
//!
//! Most ids come at the end, and many go from the front, so each chunk is filled before the next one begins. A clone shares
//! all chunks: it copies a pointer for each, and whoever then changes something copies one chunk.

use super::id::StreamId;
use crate::keyspace::cow::{Content, Cow};
use std::collections::VecDeque;

/// The most ids in a chunk. A change in the middle of one moves half of them.
const CHUNK: usize = 128;

/// Values by their id, in order.
#[derive(Clone, Debug)]
pub struct IdMap<V> {
    /// None is empty.
    chunks: VecDeque<Cow<Chunk<V>>>,
    length: usize,
}

#[derive(Clone, Debug)]
struct Chunk<V>(Vec<(StreamId, V)>);

impl<V: Clone> Content for Chunk<V> {
    fn copy_size(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}

/// Where an id is: the number of its chunk, and its position there; or where it would be.
type Place = (usize, Result<usize, usize>);

impl<V> Default for IdMap<V> {
    fn default() -> Self {
        Self {
            chunks: VecDeque::new(),
            length: 0,
        }
    }
}

impl<V> IdMap<V> {
    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many bytes of memory the map itself takes, about, without what its values point to.
    pub fn size(&self) -> usize {
        self.length * size_of::<(StreamId, V)>() + self.chunks.len() * size_of::<Chunk<V>>()
    }

    /// How many bytes of memory a clone takes.
    pub fn copy_size(&self) -> usize {
        self.chunks.len() * size_of::<Cow<Chunk<V>>>()
    }

    /// In how many pieces it is.
    pub fn pieces(&self) -> usize {
        self.chunks.len()
    }

    /// What `id` stands for.
    pub fn get(&self, id: StreamId) -> Option<&V> {
        let (at, position) = self.locate(id);
        let (_, value) = self.chunks.get(at)?.0.get(position.ok()?)?;
        Some(value)
    }

    /// The smallest id.
    pub fn first(&self) -> Option<(StreamId, &V)> {
        self.chunks.front()?.0.first().map(pair)
    }

    /// The largest id.
    pub fn last(&self) -> Option<(StreamId, &V)> {
        self.chunks.back()?.0.last().map(pair)
    }

    /// The largest id that is `id` at most.
    pub fn floor(&self, id: StreamId) -> Option<StreamId> {
        let (at, position) = self.locate(id);
        let chunk = &self.chunks.get(at)?.0;
        let found = match position {
            Ok(position) => position,
            Err(position) => position.checked_sub(1)?,
        };
        Some(chunk.get(found)?.0)
    }

    /// The ids from `from` to `to`, both included.
    pub fn range(
        &self,
        from: StreamId,
        to: StreamId,
    ) -> impl DoubleEndedIterator<Item = (StreamId, &V)> {
        let (first, start) = self.locate(from);
        let (last, end) = self.locate(to);
        let start = start.unwrap_or_else(|position| position);
        let end = end.map_or_else(|position| position, |position| position + 1);
        // In a range that ends before it begins there is no chunk.
        let chunks = self.chunks.iter().enumerate().skip(first);
        let chunks = chunks.take((last + 1).saturating_sub(first));
        chunks.flat_map(move |(at, chunk)| {
            let start = if at == first { start } else { 0 };
            let end = if at == last { end } else { chunk.0.len() };
            chunk.0.get(start..end).unwrap_or_default().iter().map(pair)
        })
    }

    /// All ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (StreamId, &V)> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.0.iter().map(pair))
    }

    fn locate(&self, id: StreamId) -> Place {
        let starts_before =
            |chunk: &Cow<Chunk<V>>| chunk.0.first().is_some_and(|(first, _)| *first <= id);
        let at = self.chunks.partition_point(starts_before).saturating_sub(1);
        let chunk = self.chunks.get(at);
        let position = chunk.map_or(Err(0), |chunk| {
            chunk.0.binary_search_by_key(&id, |(id, _)| *id)
        });
        (at, position)
    }
}

impl<V: Clone> IdMap<V> {
    /// What `id` stands for, to be changed.
    pub fn get_mut(&mut self, id: StreamId) -> Option<&mut V> {
        let (at, position) = self.locate(id);
        let position = position.ok()?;
        let (_, value) = self.chunks.get_mut(at)?.to_mut().0.get_mut(position)?;
        Some(value)
    }

    /// What the largest id stands for, to be changed.
    pub fn last_mut(&mut self) -> Option<(StreamId, &mut V)> {
        let (id, value) = self.chunks.back_mut()?.to_mut().0.last_mut()?;
        Some((*id, value))
    }

    /// Makes `id` stand for `value`, and gives what it stood for.
    pub fn insert(&mut self, id: StreamId, value: V) -> Option<V> {
        let (at, position) = self.locate(id);
        let position = match position {
            Ok(_) => return self.get_mut(id).map(|held| std::mem::replace(held, value)),
            Err(position) => position,
        };
        self.length += 1;
        match self.chunks.get_mut(at) {
            Some(chunk) if chunk.0.len() < CHUNK => {
                chunk.to_mut().0.insert(position, (id, value));
            }
            Some(chunk) if position < CHUNK => {
                let chunk = &mut chunk.to_mut().0;
                let mut tail = chunk.split_off(CHUNK / 2);
                let (half, position) = match position.checked_sub(CHUNK / 2) {
                    Some(position) => (&mut tail, position),
                    None => (chunk, position),
                };
                half.insert(position, (id, value));
                self.chunks.insert(at + 1, Chunk(tail).into());
            }
            // Behind a full one.
            full => {
                let at = at + usize::from(full.is_some());
                self.chunks.insert(at, Chunk(vec![(id, value)]).into());
            }
        }
        None
    }

    /// Removes `id`, and gives what it stood for.
    pub fn remove(&mut self, id: StreamId) -> Option<V> {
        let (at, position) = self.locate(id);
        let position = position.ok()?;
        let chunk = &mut self.chunks.get_mut(at)?.to_mut().0;
        let (_, value) = chunk.remove(position);
        if chunk.is_empty() {
            self.chunks.remove(at);
        } else if chunk.len() * 4 < chunk.capacity() {
            chunk.shrink_to(chunk.len() * 2);
        }
        self.length -= 1;
        Some(value)
    }
}

fn pair<V>((id, value): &(StreamId, V)) -> (StreamId, &V) {
    (*id, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::BTreeMap;

    #[test]
    fn random_calls_agree_with_the_standard_map() {
        let mut random = StdRng::seed_from_u64(1);
        let (mut map, mut model) = (IdMap::default(), BTreeMap::new());
        let mut clones = Vec::new();
        for step in 0..60_000_u64 {
            let id = |random: &mut StdRng| {
                StreamId::new(random.random_range(0..300), random.random_range(0..20))
            };
            let (one, other) = (id(&mut random), id(&mut random));
            let grows = (step / 10_000).is_multiple_of(2);
            match random.random_range(0..6) {
                0 => assert_eq!(map.get(one), model.get(&one)),
                1 if grows => assert_eq!(map.remove(one), model.remove(&one)),
                1..4 if !grows => assert_eq!(map.remove(one), model.remove(&one)),
                2 => assert_eq!(map.get_mut(one), model.get_mut(&one)),
                3 if random.random_bool(0.01) => clones.push((map.clone(), model.clone())),
                _ => assert_eq!(map.insert(one, step), model.insert(one, step)),
            }
            assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
            assert_eq!(
                map.floor(one),
                model.range(..=one).next_back().map(|(id, _)| *id)
            );
            if step.is_multiple_of(50) {
                let expected = || model.iter().filter(|(id, _)| **id >= one && **id <= other);
                let found = map.range(one, other).map(|(id, value)| (id, *value));
                assert!(found.eq(expected().map(|(id, value)| (*id, *value))));
                let found = map.range(one, other).rev().map(|(id, _)| id);
                assert!(found.eq(expected().rev().map(|(id, _)| *id)));
                assert_eq!(map.first().map(|(id, _)| id), model.keys().next().copied());
                assert_eq!(
                    map.last().map(|(id, _)| id),
                    model.keys().next_back().copied()
                );
            }
        }
        for (map, model) in clones {
            assert!(map.iter().map(|(id, value)| (id, *value)).eq(model));
        }
    }

    #[test]
    fn ids_in_order_fill_their_chunks() {
        let mut map = IdMap::default();
        for number in 0..10_000 {
            map.insert(StreamId::new(number, 0), ());
        }
        assert_eq!(map.chunks.len(), 10_000_usize.div_ceil(CHUNK));
    }
}
