//! What a set key holds.
//!
//! A small set is one piece of memory, looked through from the beginning: that is quick enough for some
//! thousand bytes, and costs two bytes a member. A larger one is a [`Table`] of members without values. That
//! begins with one segment and grows in small steps, so to convert a small set is the largest step there
//! is: some microseconds. A table is never made small again.
//!
//! **Scanning across the conversion.** A small set is visited wholly in one step, as Redis does it, so no
//! cursor but 0 ever comes from it, and a scan that is under way is one of the table. A set that is in a
//! table stays there as long as it lives.

use crate::keyspace::cow::Content;
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::limits::Limits;
use crate::keyspace::packed::Packed;
use crate::keyspace::table::{Cursor, Table};
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use crate::resp::integer;
use std::io::Read;

/// The most members of a small set.
const MAX_SMALL: usize = 128;

/// The most bytes of a member of a small set.
const MAX_MEMBER: usize = 64;

/// What a member of a table takes beside its own bytes, about: its place, and its part of the index.
const ENTRY: usize = 40;

/// A set of byte strings, in no order. A clone of a large one shares its memory.
#[derive(Clone, Debug)]
pub struct Set {
    form: Form,
    only_integers: bool,
}

#[derive(Clone, Debug)]
enum Form {
    Small(Packed),
    Large(Box<Large>),
}

#[derive(Clone, Debug, Default)]
struct Large {
    members: Table<()>,
    /// Of all members together.
    bytes: usize,
}

impl Default for Set {
    fn default() -> Self {
        Self {
            form: Form::Small(Packed::new()),
            only_integers: true,
        }
    }
}

impl Set {
    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.len(),
            Form::Large(large) => large.members.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.form {
            Form::Small(small) => small.position(member).is_some(),
            Form::Large(large) => large.members.get(member).is_some(),
        }
    }

    /// Adds `member`. Whether it was new.
    pub fn insert(&mut self, member: &[u8]) -> bool {
        let is_new = match &mut self.form {
            Form::Small(small) if small.position(member).is_some() => false,
            Form::Small(small) if member.len() <= MAX_MEMBER && small.len() < MAX_SMALL => {
                small.push_back(member);
                true
            }
            Form::Small(small) => {
                let mut large = Large::default();
                small.iter().chain([member]).for_each(|member| {
                    large.insert(member);
                });
                self.form = Form::Large(large.into());
                true
            }
            Form::Large(large) => large.insert(member),
        };
        self.only_integers &= !is_new || integer::parse(member).is_some();
        is_new
    }

    /// Removes `member`. Whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.form {
            Form::Small(small) => {
                let position = small.position(member);
                position.map(|at| small.remove(at..at + 1)).is_some()
            }
            Form::Large(large) => large.remove(member),
        }
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let (small, large) = match &self.form {
            Form::Small(small) => (Some(small), None),
            Form::Large(large) => (None, Some(large)),
        };
        let members = large.into_iter().flat_map(|large| large.members.iter());
        let members = members.map(|(member, ())| member);
        small.into_iter().flat_map(Packed::iter).chain(members)
    }

    /// The member with this number, of those from 0 to `len() - 1`. Numbers mean nothing, but a random one
    /// gives every member with the same chance. Takes about a hundred steps at most, however many there are.
    pub fn nth(&self, number: usize) -> Option<&[u8]> {
        match &self.form {
            Form::Small(small) => small.get(number),
            Form::Large(large) => Some(large.members.nth(number)?.0),
        }
    }

    /// One step of a scan, as [`Table::scan`] does it: `visit` is called for `limit` members, but for all of
    /// a small set. Gives the cursor for the next step; 0 at the end. A member that is in the set from the
    /// first step to the last is visited at least once.
    pub fn scan(&self, cursor: Cursor, limit: usize, mut visit: impl FnMut(&[u8])) -> Cursor {
        match &self.form {
            Form::Small(small) => {
                small.iter().for_each(visit);
                0
            }
            Form::Large(large) => large
                .members
                .scan(cursor, limit, |member, ()| visit(member)),
        }
    }

    /// Whether all members that ever came were 64-bit integers, written as Redis writes them. While such a
    /// set is not too large, `OBJECT ENCODING` has a name of its own for it.
    pub fn only_integers(&self) -> bool {
        self.only_integers
    }
}

impl Large {
    fn insert(&mut self, member: &[u8]) -> bool {
        let is_new = self.members.insert(member, ()).is_none();
        self.bytes += if is_new { member.len() } else { 0 };
        is_new
    }

    fn remove(&mut self, member: &[u8]) -> bool {
        let was_there = self.members.remove(member).is_some();
        self.bytes -= if was_there { member.len() } else { 0 };
        was_there
    }
}

impl Content for Set {
    fn copy_size(&self) -> usize {
        let form = match &self.form {
            Form::Small(small) => small.copy_size(),
            Form::Large(large) => size_of::<Large>() + large.members.copy_size(),
        };
        size_of::<Self>() + form
    }
}

impl DataType for Set {
    const NAME: &'static str = "set";
    const HAS_ELEMENTS: bool = true;
    const FORM: ValueType = ValueType::Set;

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn size(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.allocated(),
            Form::Large(large) => large.members.len() * ENTRY + large.bytes,
        }
    }

    fn pieces(&self) -> usize {
        match &self.form {
            Form::Small(_) => 1,
            // Long members are pieces of their own.
            Form::Large(large) => large.members.len(),
        }
    }

    fn encoding(&self) -> &'static str {
        if self.only_integers {
            "intset"
        } else {
            "hashtable"
        }
    }

    fn digest(&self, digest: &mut Digest) {
        self.iter().for_each(|member| digest.add(member));
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.elements(self.len(), self.iter());
    }

    fn reads(form: ValueType) -> bool {
        use ValueType::{SetIntset, SetListpack};
        form == Self::FORM || matches!(form, SetIntset | SetListpack)
    }

    fn load<R: Read>(
        source: &mut Source<R>,
        form: ValueType,
        _: &Limits,
    ) -> Result<Self, ErrorKind> {
        let mut set = Self::default();
        elements::strings(source, form, |member| {
            let is_new = set.insert(member);
            is_new.then_some(()).ok_or(ErrorKind::Twice)
        })?;
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::HashSet;

    fn member(number: u32) -> Vec<u8> {
        // Short ones, and in sets of many also longer ones.
        format!("{number}{}", "x".repeat(number as usize / 60 % 100)).into_bytes()
    }

    #[test]
    fn random_calls_agree_with_the_standard_set() {
        for (seed, members) in [(1, 30), (2, 60), (3, 200), (4, 20_000)] {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut set, mut model) = (Set::default(), HashSet::new());
            for step in 0..40_000_u32 {
                let member = member(random.random_range(0..members));
                let grows = (step / 8_000).is_multiple_of(2);
                match random.random_range(0..5) {
                    0 => assert_eq!(set.contains(&member), model.contains(&member)),
                    1 => assert_eq!(set.remove(&member), model.remove(&member)),
                    _ if grows => assert_eq!(set.insert(&member), model.insert(member)),
                    _ => assert_eq!(set.remove(&member), model.remove(&member)),
                }
                assert_eq!(set.len(), model.len());
                assert_eq!(set.is_empty(), model.is_empty());
                if step.is_multiple_of(1_000) {
                    assert_eq!(
                        set.iter().map(<[u8]>::to_vec).collect::<HashSet<_>>(),
                        model
                    );
                    let named: HashSet<&[u8]> = (0..set.len()).filter_map(|n| set.nth(n)).collect();
                    assert_eq!(named.len(), model.len());
                    assert_eq!(set.nth(set.len()), None);
                }
            }
            let is_small = matches!(set.form, Form::Small(_));
            assert_eq!(is_small, members <= 60);
        }
    }

    #[test]
    fn a_scan_misses_no_member_that_stays_also_where_the_set_outgrows_its_form() {
        for seed in 0..40 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut set = Set::default();
            let stays: HashSet<Vec<u8>> = (0..100).map(member).collect();
            for member in &stays {
                set.insert(member);
            }
            // A small set, one that just fits into a segment, and a large one.
            for _ in 0..[0, 100, 600, 5_000][seed as usize % 4] {
                set.insert(&member(random.random_range(100..20_000)));
            }
            let (mut seen, mut cursor) = (HashSet::new(), 0);
            let adds = if seed % 8 < 4 { 0.9 } else { 0.3 };
            loop {
                cursor = set.scan(cursor, random.random_range(1..30), |member| {
                    seen.insert(member.to_vec());
                });
                if cursor == 0 {
                    break;
                }
                for _ in 0..random.random_range(0..150) {
                    let member = member(random.random_range(100..20_000));
                    if random.random_bool(adds) {
                        set.insert(&member);
                    } else {
                        set.remove(&member);
                    }
                }
            }
            assert!(stays.is_subset(&seen), "seed {seed}");
        }
    }

    #[test]
    fn a_change_after_a_clone_copies_little() {
        let mut set = Set::default();
        for number in 0..50_000 {
            set.insert(&member(number));
        }
        let clone = set.clone();
        assert!(set.insert(b"new") && set.remove(&member(0)));
        assert!(clone.contains(&member(0)) && !clone.contains(b"new"));
        let places = |set: &Set| -> HashSet<*const u8> { set.iter().map(<[u8]>::as_ptr).collect() };
        let shared = places(&set).intersection(&places(&clone)).count();
        assert!(shared > 49_800, "{shared}");
    }

    #[test]
    fn any_bytes_are_a_member() {
        let mut set = Set::default();
        for length in [0, 1, 63, 64, 65, 255, 256, 100_000] {
            let member = vec![b'\r'; length];
            assert!(set.insert(&member));
            assert!(!set.insert(&member));
            assert!(set.contains(&member));
        }
        assert_eq!(set.len(), 8);
        assert!(set.remove(b""));
        assert!(!set.contains(b""));
    }

    #[test]
    fn a_set_knows_whether_only_integers_came() {
        let integers = [
            "0",
            "-1",
            "10",
            "9223372036854775807",
            "-9223372036854775808",
        ];
        let mut set = Set::default();
        for integer in integers {
            set.insert(integer.as_bytes());
        }
        assert!(set.only_integers());
        for other in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "9223372036854775808",
        ] {
            let mut set = Set::default();
            set.insert(b"1");
            set.insert(other.as_bytes());
            assert!(!set.only_integers(), "{other}");
            set.remove(other.as_bytes());
            assert!(!set.only_integers());
        }
    }

    #[test]
    fn a_small_set_costs_two_bytes_a_member() {
        let mut set = Set::default();
        for member in b'0'..=b'9' {
            set.insert(&[member]);
        }
        assert!(DataType::size(&set) < 64);
        assert!(size_of::<Set>() <= 48);
    }
}
