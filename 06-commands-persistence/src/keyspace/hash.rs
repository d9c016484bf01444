//! What a hash key holds: fields, each with a value.
//!
//! A small hash is one piece of memory, in which each field is followed by its value, in the order in which they came:
//!
//! ```text
//!  | 4 n a m e 4 | 3 A d a 3 | 4 y e a r 4 | 4 1 8 1 5 4 |
//!    field 0       its value   field 1       its value
//! ```
//!
//! To find a field means to walk over those before it, stepping over the values. So there is a limit to that, which
//! the configuration sets; behind it a hash is a [`Table`], for as long as it lives. Redis does the same, by its listpack
//! and its dict, and OBJECT ENCODING has these names.
//!
//! **Scanning.** A small hash is visited wholly in one step: see [`set`](super::set).

use crate::keyspace::cow::{Content, Cow};
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::limits::{Compact, Limits};
use crate::keyspace::packed::Packed;
use crate::keyspace::table::{Cursor, Table};
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use crate::small_bytes::SmallBytes;
use std::io::Read;
use std::{iter, mem};

/// The most bytes of a small hash, whatever the configuration says: after a snapshot, the first change copies all of it.
const MAX_SMALL: usize = 128 * 1024;

/// What a field of a table takes with its value beside the bytes behind their pointers, about: its place, and its part
/// of the index.
const ENTRY: usize = 56;

/// Fields with values. A clone shares its memory.
#[derive(Clone, Debug)]
pub struct Hash(Form);

/// Two words, so that a key holds it without one more pointer between.
#[derive(Clone, Debug)]
enum Form {
    /// Each field is followed by its value.
    Small(Packed),
    Large(Cow<Large>),
}

#[derive(Clone, Debug, Default)]
struct Large {
    fields: Table<SmallBytes>,
    /// Behind the pointers of all fields and values.
    bytes: usize,
    /// Whether the configuration would have it small, which would be too large for us.
    is_listpack: bool,
}

impl Default for Hash {
    fn default() -> Self {
        Self(Form::Small(Packed::new()))
    }
}

impl Hash {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.len() / 2,
            Form::Large(large) => large.fields.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `field`.
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        match &self.0 {
            Form::Small(small) => Some(find(small, field)?.1),
            Form::Large(large) => large.fields.get(field).map(|value| &**value),
        }
    }

    /// The value of `field`, sharing its bytes; `None` also where these lie in place.
    pub fn shared(&self, field: &[u8]) -> Option<SmallBytes> {
        match &self.0 {
            Form::Small(_) => None,
            Form::Large(large) => large.fields.get(field)?.shared(),
        }
    }

    /// Gives `field` this value. Whether the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> bool {
        let Compact { entries, bytes } = limits.hash;
        if field.len().max(value.len()) > bytes {
            self.leave_small(false);
        }
        let is_new = match &mut self.0 {
            Form::Small(small) => match find(small, field) {
                Some((index, _)) => !small.replace(index + 1, value),
                None => {
                    small.push_back(field);
                    small.push_back(value);
                    true
                }
            },
            Form::Large(large) => large.to_mut().set(field, value),
        };
        if self.len() > entries {
            self.leave_small(false);
        } else if matches!(&self.0, Form::Small(small) if small.size_in_bytes() > MAX_SMALL) {
            self.leave_small(true);
        }
        is_new
    }

    /// Makes room for fields and values that are about to be added, if it is a small one.
    pub fn reserve<'a>(&mut self, fields_and_values: impl Iterator<Item = &'a [u8]>) {
        if let Form::Small(small) = &mut self.0 {
            small.reserve(fields_and_values.map(Packed::entry_size).sum());
        }
    }

    /// Removes `field`. Whether it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.0 {
            Form::Small(small) => {
                let found = find(small, field).map(|(index, _)| index);
                found.map(|index| small.remove(index..index + 2)).is_some()
            }
            Form::Large(large) => large.to_mut().remove(field),
        }
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (small, large) = match &self.0 {
            Form::Small(small) => (Some(small), None),
            Form::Large(large) => (None, Some(large)),
        };
        let large = large.into_iter().flat_map(|large| large.fields.iter());
        let large = large.map(|(field, value)| (field, &**value));
        small.into_iter().flat_map(pairs).chain(large)
    }

    /// The field with this number, of those from 0 to `len() - 1`, with its value. Numbers mean nothing, but a random one
    /// gives every field with the same chance.
    pub fn nth(&self, number: usize) -> Option<(&[u8], &[u8])> {
        match &self.0 {
            Form::Small(small) => {
                let first = number.checked_mul(2)?;
                let mut pair = small.range(first..first.checked_add(2)?);
                Some((pair.next()?, pair.next()?))
            }
            Form::Large(large) => {
                let (field, value) = large.fields.nth(number)?;
                Some((field, value))
            }
        }
    }

    /// One step of a scan, as [`Table::scan`] does it: `visit` is called for `limit` fields, but for all of a small
    /// hash. Gives the cursor for the next step; 0 at the end.
    pub fn scan(
        &self,
        cursor: Cursor,
        limit: usize,
        mut visit: impl FnMut(&[u8], &[u8]),
    ) -> Cursor {
        match &self.0 {
            Form::Small(small) => {
                pairs(small).for_each(|(field, value)| visit(field, value));
                0
            }
            Form::Large(large) => large
                .fields
                .scan(cursor, limit, |field, value| visit(field, value)),
        }
    }

    fn leave_small(&mut self, is_listpack: bool) {
        if let Form::Small(small) = &self.0 {
            let mut large = Large {
                is_listpack,
                ..Large::default()
            };
            pairs(small).for_each(|(field, value)| {
                large.set(field, value);
            });
            self.0 = Form::Large(large.into());
        } else if let (Form::Large(large), false) = (&mut self.0, is_listpack)
            && large.is_listpack
        {
            large.to_mut().is_listpack = false;
        }
    }

    /// Adds a field that should be new. Where that is small it is not looked for: see
    /// [`count_different`](Self::count_different).
    fn append(&mut self, field: &[u8], value: &[u8], limits: &Limits) {
        match &mut self.0 {
            Form::Small(small)
                if field.len().max(value.len()) <= limits.hash.bytes
                    && small.len() / 2 < limits.hash.entries
                    && small.size_in_bytes() < MAX_SMALL =>
            {
                small.push_back(field);
                small.push_back(value);
            }
            _ => {
                self.set(field, value, limits);
            }
        }
    }

    /// How many different fields there are.
    fn count_different(&self) -> usize {
        let Form::Small(small) = &self.0 else {
            return self.len();
        };
        let mut fields: Vec<&[u8]> = pairs(small).map(|(field, _)| field).collect();
        fields.sort_unstable();
        fields.dedup();
        fields.len()
    }
}

/// The position of a field, and its value.
fn find<'a>(small: &'a Packed, field: &[u8]) -> Option<(usize, &'a [u8])> {
    let mut pairs = pairs(small).enumerate();
    let (index, (_, value)) = pairs.find(|(_, (other, _))| *other == field)?;
    Some((2 * index, value))
}

/// Fields with their values.
fn pairs(small: &Packed) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut entries = small.iter();
    iter::from_fn(move || Some((entries.next()?, entries.next()?)))
}

impl Large {
    /// Whether the field is new.
    fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let value = SmallBytes::from(value);
        self.bytes += value.allocated();
        let mut place = self.fields.locate(field);
        if let Some(held) = self.fields.at_mut(place) {
            self.bytes -= mem::replace(held, value).allocated();
            return false;
        }
        let field = SmallBytes::from(field);
        self.bytes += field.allocated();
        self.fields.add_at(&mut place, field, value);
        true
    }

    fn remove(&mut self, field: &[u8]) -> bool {
        let Some((field, value)) = self.fields.remove(field) else {
            return false;
        };
        self.bytes -= field.allocated() + value.allocated();
        true
    }
}

impl Content for Large {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.fields.copy_size()
    }
}

impl DataType for Hash {
    const NAME: &'static str = "hash";
    const HAS_ELEMENTS: bool = true;
    const FORM: ValueType = ValueType::Hash;

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn size(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.allocated(),
            Form::Large(large) => large.fields.len() * ENTRY + large.bytes,
        }
    }

    fn pieces(&self) -> usize {
        match &self.0 {
            Form::Small(_) => 1,
            // Long fields and values are pieces of their own.
            Form::Large(large) => large.fields.len(),
        }
    }

    fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Large(large) if !large.is_listpack => "hashtable",
            _ => "listpack",
        }
    }

    fn digest(&self, digest: &mut Digest) {
        for (field, value) in self.iter() {
            digest.add_element(&[field, value]);
        }
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.fields(self.len(), self.iter());
    }

    fn reads(form: ValueType) -> bool {
        use ValueType::{HashListpack, HashZiplist};
        form == Self::FORM || matches!(form, HashListpack | HashZiplist)
    }

    fn load<R: Read>(
        source: &mut Source<R>,
        form: ValueType,
        limits: &Limits,
    ) -> Result<Self, ErrorKind> {
        let (mut hash, mut count) = (Self::default(), 0_usize);
        let mut field = Vec::new();
        elements::strings(source, form, |element| {
            if count.is_multiple_of(2) {
                field.clear();
                field.extend_from_slice(element);
            } else {
                hash.append(&field, element, limits);
            }
            count += 1;
            Ok(())
        })?;
        let all_differ = hash.count_different() == count / 2;
        all_differ.then_some(hash).ok_or(ErrorKind::Twice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::HashMap;

    fn limits(entries: usize, bytes: usize) -> Limits {
        Limits {
            hash: Compact { entries, bytes },
            ..Limits::default()
        }
    }

    #[test]
    fn random_calls_agree_with_the_standard_map() {
        for (seed, fields) in [(1, 20), (2, 500), (3, 2_000), (4, 20_000)] {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut hash, mut model) = (Hash::default(), HashMap::new());
            for step in 0..30_000_u32 {
                let field = random.random_range(0..fields).to_string().into_bytes();
                let value = vec![b'v'; random.random_range(0..64)];
                let grows = (step / 6_000).is_multiple_of(2);
                if random.random_bool(if grows { 0.8 } else { 0.3 }) {
                    let is_new = model.insert(field.clone(), value.clone()).is_none();
                    assert_eq!(hash.set(&field, &value, &Limits::default()), is_new);
                } else {
                    assert_eq!(hash.remove(&field), model.remove(&field).is_some());
                }
                assert_eq!(hash.get(&field), model.get(&field).map(Vec::as_slice));
                assert_eq!(hash.len(), model.len());
                if step.is_multiple_of(1_000) {
                    let own = |(field, value): (&[u8], &[u8])| (field.to_vec(), value.to_vec());
                    assert_eq!(hash.iter().map(own).collect::<HashMap<_, _>>(), model);
                    let nth = (0..hash.len()).filter_map(|number| hash.nth(number));
                    assert_eq!(nth.map(own).collect::<HashMap<_, _>>(), model);
                    assert_eq!(hash.nth(hash.len()), None);
                    let mut seen = HashMap::new();
                    let mut cursor = 0;
                    loop {
                        cursor = hash.scan(cursor, 7, |field, value| {
                            seen.insert(field.to_vec(), value.to_vec());
                        });
                        if cursor == 0 {
                            break;
                        }
                    }
                    assert_eq!(seen, model);
                }
            }
            assert_eq!(hash.encoding() == "listpack", fields <= 500);
        }
    }

    #[test]
    fn it_leaves_its_compact_form_once_and_for_all() {
        let limits = limits(3, 5);
        let fill = |pairs: &[(&str, &str)]| {
            let mut hash = Hash::default();
            for (field, value) in pairs {
                hash.set(field.as_bytes(), value.as_bytes(), &limits);
            }
            hash
        };
        let three = [("a", "1"), ("b", "12345"), ("12345", "3")];
        assert_eq!(fill(&three).encoding(), "listpack");
        for more in [("c", "4"), ("a", "123456"), ("123456", "")] {
            let mut hash = fill(&[three.as_slice(), &[more]].concat());
            assert_eq!(hash.encoding(), "hashtable");
            hash.remove(more.0.as_bytes());
            assert_eq!(hash.encoding(), "hashtable");
            assert_eq!(hash.get(b"b"), Some(b"12345".as_slice()));
        }
    }

    #[test]
    fn a_compact_form_that_the_configuration_makes_huge_is_one_in_name_only() {
        let limits = limits(usize::MAX, usize::MAX);
        let mut hash = Hash::default();
        for number in 0..20_000 {
            hash.set(number.to_string().as_bytes(), b"value", &limits);
        }
        assert_eq!(hash.encoding(), "listpack");
        assert!(matches!(hash.0, Form::Large(_)));
    }

    #[test]
    fn a_change_after_a_clone_copies_little() {
        let mut hash = Hash::default();
        for number in 0..50_000 {
            hash.set(
                number.to_string().as_bytes(),
                &[b'v'; 30],
                &Limits::default(),
            );
        }
        let clone = hash.clone();
        assert!(!hash.set(b"7", b"new", &Limits::default()) && hash.remove(b"8"));
        assert_eq!(clone.get(b"7"), Some([b'v'; 30].as_slice()));
        let places = |hash: &Hash| -> HashMap<*const u8, ()> {
            hash.iter().map(|(_, value)| (value.as_ptr(), ())).collect()
        };
        let (ours, theirs) = (places(&hash), places(&clone));
        let shared = ours
            .keys()
            .filter(|place| theirs.contains_key(place))
            .count();
        assert!(shared > 49_900, "{shared}");
    }

    #[test]
    fn what_it_says_of_its_size_stays_true() {
        let mut hash = Hash::default();
        let limits = limits(0, 0);
        for length in [0, 10, 100, 1_000, 5] {
            hash.set(b"field", &vec![b'v'; length], &limits);
            hash.set(&vec![b'f'; length], b"value", &limits);
        }
        for length in [0, 10, 100, 1_000, 5] {
            hash.remove(&vec![b'f'; length]);
        }
        hash.remove(b"field");
        assert_eq!((hash.len(), DataType::size(&hash)), (0, 0));
    }
}
