//! What a key holds that is a list.
//!
//! A short list is one block of memory, and most lists are short. A longer one is a chain of such blocks, its
//! [`nodes`]. How large a block may be, the configuration says when the list is made: `list-max-listpack-size`.

mod block;
mod nodes;

use crate::keyspace::cow::Content;
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::limits::Limits;
use crate::keyspace::packed::Packed;
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use block::{Matches, NodeSize};
use nodes::Nodes;
use std::io::Read;
use std::mem;
use std::ops::Range;

/// A sequence of byte strings that is cheap to change at both ends. A clone of a long one shares its memory.
#[derive(Clone, Debug)]
pub struct List(Form);

#[derive(Clone, Debug)]
enum Form {
    /// All that fits into one node, or a single element.
    Short(Packed, NodeSize),
    Long(Box<Nodes>),
}

impl Default for List {
    fn default() -> Self {
        Self(Form::Short(Packed::new(), NodeSize::default()))
    }
}

impl List {
    /// Says how large its nodes are to be, which is heard as long as it is empty.
    pub fn begin(&mut self, limits: &Limits) {
        if let Form::Short(short, size) = &mut self.0
            && short.is_empty()
        {
            *size = NodeSize::new(limits.list_node);
        }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Short(short, _) => short.len(),
            Form::Long(long) => long.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first element.
    pub fn front(&self) -> Option<&[u8]> {
        self.get(0)
    }

    /// The last element.
    pub fn back(&self) -> Option<&[u8]> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        match &self.0 {
            Form::Short(short, _) => short.get(index),
            Form::Long(long) => long.get(index),
        }
    }

    /// All elements.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.range(0, usize::MAX)
    }

    /// The elements from `start` to before `end`, as far as there are any. Both are found from the nearer
    /// end of the list, by whole nodes.
    pub fn range(&self, start: usize, end: usize) -> impl DoubleEndedIterator<Item = &[u8]> {
        let (short, long) = match &self.0 {
            Form::Short(short, _) => (Some(short.range(start..end)), None),
            Form::Long(long) => (None, Some(long.range(start, end))),
        };
        let long = long.into_iter().flatten();
        short.into_iter().flatten().chain(long)
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        match self.with_room(value) {
            Form::Short(short, _) => short.push_front(value),
            Form::Long(long) => long.push_front(value),
        }
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, value: &[u8]) {
        match self.with_room(value) {
            Form::Short(short, _) => short.push_back(value),
            Form::Long(long) => long.push_back(value),
        }
    }

    /// Adds an element before the one at `index`, or behind all where there is none.
    pub fn insert(&mut self, index: usize, value: &[u8]) {
        match self.with_room(value) {
            Form::Short(short, _) => short.insert(index, value),
            Form::Long(long) => long.insert(index, value),
        }
    }

    /// The form in which it can hold `value` too.
    fn with_room(&mut self, value: &[u8]) -> &mut Form {
        if let Form::Short(short, size) = &self.0
            && !short.is_empty()
            && !size.has_room(short, value)
        {
            self.lengthen();
        }
        &mut self.0
    }

    fn lengthen(&mut self) {
        if let Form::Short(short, size) = &mut self.0 {
            let long = Nodes::new(mem::take(short), *size);
            self.0 = Form::Long(long.into());
        }
    }

    /// Puts `value` in place of the element at `index`. Whether there is one.
    pub fn set(&mut self, index: usize, value: &[u8]) -> bool {
        if let Form::Short(short, size) = &mut self.0 {
            if short.len() < 2 || size.has_room_instead(short, index, value) {
                return short.replace(index, value);
            }
            self.lengthen();
        }
        match &mut self.0 {
            Form::Short(..) => false,
            Form::Long(long) => long.set(index, value),
        }
    }

    /// Removes the elements at these positions, as far as there are any.
    pub fn remove_range(&mut self, range: Range<usize>) {
        match &mut self.0 {
            Form::Short(short, _) => short.remove(range),
            Form::Long(long) => long.remove_range(range),
        }
    }

    /// Removes elements that equal `value`: the first `limit` of them, or the last where `from_back`, or all
    /// where `limit` is 0. How many there were.
    pub fn remove_matching(&mut self, value: &[u8], limit: usize, from_back: bool) -> usize {
        let limit = if limit == 0 { usize::MAX } else { limit };
        match &mut self.0 {
            Form::Short(short, _) => {
                let matches = Matches::find(short, value, limit, from_back);
                matches.remove_from(short, value);
                matches.len()
            }
            Form::Long(long) => long.remove_matching(value, limit, from_back),
        }
    }
}

impl Content for List {
    fn copy_size(&self) -> usize {
        let behind = match &self.0 {
            Form::Short(short, _) => short.size_in_bytes(),
            Form::Long(long) => long.copy_size(),
        };
        size_of::<Self>() + behind
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
        match &self.0 {
            Form::Short(short, _) => short.allocated(),
            Form::Long(long) => long.size(),
        }
    }

    fn pieces(&self) -> usize {
        match &self.0 {
            Form::Short(..) => 1,
            Form::Long(long) => long.count(),
        }
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
        limits: &Limits,
    ) -> Result<Self, ErrorKind> {
        let mut list = Self::default();
        list.begin(limits);
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
            let lengths = [1_999, 5_000, 8_188, 8_192, 100_000];
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
        match &list.0 {
            Form::Short(short, size) => {
                assert!(short.len() < 2 || size.allows(short.len(), short.size_in_bytes()));
            }
            Form::Long(long) => long.check(),
        }
    }

    fn with_nodes(code: i32, elements: &[Vec<u8>]) -> List {
        let mut list = List::default();
        list.begin(&Limits {
            list_node: code,
            ..Limits::default()
        });
        elements.iter().for_each(|element| list.push_back(element));
        list
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
        for (seed, length, large, nodes) in [
            (1, 0, 0.1, -2),
            (2, 3_000, 0.02, -1),
            (3, 3_000, 0.0, -5),
            (4, 50, 0.5, -2),
            (5, 50, 0.1, 0),
            (6, 50, 0.0, 7),
            (7, 3_000, 0.0, 1_000_000),
        ] {
            let mut random = StdRng::seed_from_u64(seed);
            let mut model: Vec<_> = (0..length).map(|_| value(&mut random, large)).collect();
            let mut list = with_nodes(nodes, &model);
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
    fn short_elements_cost_little_more_than_themselves() {
        let list: List = std::iter::repeat_n(b"abc".as_slice(), 1_000_000).collect();
        let cost = DataType::size(&list) as f64 / list.len() as f64;
        assert!(cost < 5.5, "{cost} bytes an element");
        let list: List = [b"abc".as_slice()].into_iter().collect();
        assert!(DataType::size(&list) < 100);
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

    #[test]
    fn nodes_are_as_large_as_the_configuration_says() {
        for (code, entries, bytes) in [
            (i32::MIN, 512, 65_536),
            (-5, 512, 65_536),
            (-4, 512, 32_768),
            (-1, 512, 4_096),
            (0, 1, 8_192),
            (1, 1, 8_192),
            (128, 128, 8_192),
            (i32::MAX, 512, 8_192),
        ] {
            let size = NodeSize::new(code);
            assert_eq!((size.entries, size.bytes), (entries, bytes), "{code}");
        }
        let elements = vec![b"abc".to_vec(); 1_000];
        assert_eq!(with_nodes(10, &elements).pieces(), 100);
        assert!(with_nodes(-5, &elements).pieces() < 3);
    }
}
