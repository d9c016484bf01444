//! What a set key holds.
//!
//! A set has one of three forms:
//!
//! - A few members are one piece of memory, looked through from the beginning: [`Packed`]. That is quick enough for some
//!   thousand bytes, and costs two bytes a member.
//! - A few integers are one piece too, but in order, each in 2 to 8 bytes: [`IntSet`].
//! - More are a [`Table`] of members without values. That begins with one segment and grows in small steps, so to convert
//!   a small set is the largest step there is: some microseconds. A table is never made small again.
//!
//! Redis 7.0 has two, and names them in OBJECT ENCODING: a set is an `intset` until a member comes that is no integer, or
//! until there are too many; then it is a `hashtable` for ever. [`Set::is_intset`] tells which of them, whatever our form.
//!
//! **Scanning across the conversion.** A small set is visited wholly in one step, as Redis does it, so no
//! cursor but 0 ever comes from it, and a scan that is under way is one of the table. A set that is in a
//! table stays there as long as it lives.

use crate::keyspace::cow::{Content, Cow};
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::intset::IntSet;
use crate::keyspace::limits::Limits;
use crate::keyspace::packed::{self, Packed};
use crate::keyspace::table::{Cursor, Table};
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use crate::resp::integer;
use crate::small_bytes::SmallBytes;
use std::io::Read;
use std::ops::Deref;

/// The most members that lie in order as integers, whatever the configuration says: to add one copies all.
const MAX_INTEGERS: usize = 1024;

/// The most members of a small set.
const MAX_SMALL: usize = 128;

/// The most bytes of a member of a small set.
const MAX_MEMBER: usize = 64;

/// What a member of a table takes beside its own bytes, about: its place, and its part of the index.
const ENTRY: usize = 40;

/// A set of byte strings, in no order. A clone shares its memory.
#[derive(Clone, Debug)]
pub struct Set(Form);

/// Two words, so that a key holds it without one more pointer between.
#[derive(Clone, Debug)]
enum Form {
    /// The integers as one entry; or nothing as the first entry, and then the members.
    Small(Packed),
    Large(Cow<Large>),
}

#[derive(Clone, Debug, Default)]
struct Large {
    members: Table<()>,
    /// Of all members together.
    bytes: usize,
    is_intset: bool,
}

/// What a small set holds.
enum Small<'a> {
    Integers(IntSet<'a>),
    Strings(packed::Iter<'a>),
}

impl<'a> Small<'a> {
    fn of(packed: &'a Packed) -> Self {
        let mut entries = packed.iter();
        match entries.next() {
            Some([]) => Self::Strings(entries),
            integers => Self::Integers(IntSet::new(integers.unwrap_or_default())),
        }
    }

    /// The position of a member that is no integer of a set of integers.
    fn position(&self, member: &[u8]) -> Option<usize> {
        match self {
            Self::Integers(_) => None,
            Self::Strings(strings) => strings.clone().position(|other| other == member),
        }
    }
}

/// A member. An integer is written out when it is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Member<'a> {
    Bytes(&'a [u8]),
    /// Its digits are at the end, from this place on.
    Integer([u8; integer::MAX_TEXT], usize),
}

impl From<i64> for Member<'_> {
    fn from(value: i64) -> Self {
        let mut text = [0; integer::MAX_TEXT];
        let start = integer::MAX_TEXT - integer::format(&mut text, value).len();
        Self::Integer(text, start)
    }
}

impl Deref for Member<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Integer(text, start) => text.get(*start..).unwrap_or_default(),
        }
    }
}

impl AsRef<[u8]> for Member<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Default for Set {
    fn default() -> Self {
        Self(Form::Small(Packed::new()))
    }
}

impl Set {
    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Small(small) => match Small::of(small) {
                Small::Integers(integers) => integers.count(),
                Small::Strings(_) => small.len() - 1,
            },
            Form::Large(large) => large.members.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.0 {
            Form::Small(small) => match Small::of(small) {
                Small::Integers(integers) => {
                    integer::parse(member).is_some_and(|member| integers.contains(member))
                }
                strings => strings.position(member).is_some(),
            },
            Form::Large(large) => large.members.get(member).is_some(),
        }
    }

    /// Adds `member`. Whether it was new.
    pub fn insert(&mut self, member: &[u8], limits: &Limits) -> bool {
        let is_new = match &mut self.0 {
            Form::Small(small) => match Small::of(small) {
                Small::Integers(integers) => match integer::parse(member) {
                    Some(member) => integers
                        .with(member)
                        .map(|integers| keep(small, &integers))
                        .is_some(),
                    None => {
                        self.leave_integers();
                        self.insert(member, limits)
                    }
                },
                strings if strings.position(member).is_some() => false,
                _ => {
                    small.push_back(member);
                    true
                }
            },
            Form::Large(large) => large.to_mut().insert(member),
        };
        if is_new {
            self.change_form(member, limits);
        }
        is_new
    }

    /// Gives it another form where this member does not suit the one that it has.
    fn change_form(&mut self, member: &[u8], limits: &Limits) {
        let length = self.len();
        let was_intset = self.is_intset();
        let is_intset = was_intset && length <= limits.integers && integer::parse(member).is_some();
        match &mut self.0 {
            Form::Small(_) if is_intset && length <= MAX_INTEGERS => {}
            Form::Small(_) if is_intset || length > MAX_SMALL || member.len() > MAX_MEMBER => {
                self.become_large(is_intset);
            }
            Form::Small(_) => self.leave_integers(),
            Form::Large(large) if was_intset != is_intset => large.to_mut().is_intset = is_intset,
            Form::Large(_) => {}
        }
    }

    /// What is small, and holds integers, holds them as strings.
    fn leave_integers(&mut self) {
        if self.is_intset() {
            let mut strings = Packed::new();
            strings.push_back(b"");
            self.iter().for_each(|member| strings.push_back(&member));
            self.0 = Form::Small(strings);
        }
    }

    fn become_large(&mut self, is_intset: bool) {
        let mut large = Large {
            is_intset,
            ..Large::default()
        };
        self.iter().for_each(|member| {
            large.insert(&member);
        });
        self.0 = Form::Large(large.into());
    }

    /// Removes `member`. Whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Form::Small(small) => match Small::of(small) {
                Small::Integers(integers) => {
                    let rest = integer::parse(member).and_then(|member| integers.without(member));
                    rest.map(|rest| keep(small, &rest)).is_some()
                }
                strings => {
                    let position = strings.position(member).map(|position| position + 1);
                    position.map(|at| small.remove(at..at + 1)).is_some()
                }
            },
            Form::Large(large) => large.to_mut().remove(member),
        }
    }

    /// Removes these members. Where nearly all go, those that stay are a new set, in the form that suits them: Redis does
    /// it so, and OBJECT ENCODING shows it.
    pub fn remove_all(&mut self, members: &[SmallBytes], limits: &Limits) {
        const NEARLY_ALL: usize = 5;
        members.iter().for_each(|member| {
            self.remove(member);
        });
        if self.len() * NEARLY_ALL <= members.len() {
            let mut rest = Self::default();
            self.iter().for_each(|member| {
                rest.insert(&member, limits);
            });
            *self = rest;
        }
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = Member<'_>> {
        let (integers, strings, large) = match &self.0 {
            Form::Small(small) => match Small::of(small) {
                Small::Integers(integers) => (Some(integers), None, None),
                Small::Strings(strings) => (None, Some(strings), None),
            },
            Form::Large(large) => (None, None, Some(large)),
        };
        let integers = integers.into_iter().flat_map(IntSet::iter);
        let large = large.into_iter().flat_map(|large| large.members.iter());
        let large = large.map(|(member, ())| member);
        let strings = strings.into_iter().flatten().chain(large);
        integers.map(Member::from).chain(strings.map(Member::Bytes))
    }

    /// The member with this number, of those from 0 to `len() - 1`. Numbers mean nothing, but a random one
    /// gives every member with the same chance. Takes about a hundred steps at most, however many there are.
    pub fn nth(&self, number: usize) -> Option<Member<'_>> {
        match &self.0 {
            Form::Small(small) => match Small::of(small) {
                Small::Integers(integers) => integers.get(number).map(Member::from),
                Small::Strings(mut strings) => strings.nth(number).map(Member::Bytes),
            },
            Form::Large(large) => {
                let (member, ()) = large.members.nth(number)?;
                Some(Member::Bytes(member))
            }
        }
    }

    /// One step of a scan, as [`Table::scan`] does it: `visit` is called for `limit` members, but for all of
    /// a small set. Gives the cursor for the next step; 0 at the end. A member that is in the set from the
    /// first step to the last is visited at least once.
    pub fn scan(&self, cursor: Cursor, limit: usize, mut visit: impl FnMut(&[u8])) -> Cursor {
        if let Form::Large(large) = &self.0 {
            return large
                .members
                .scan(cursor, limit, |member, ()| visit(member));
        }
        self.iter().for_each(|member| visit(&member));
        0
    }

    /// Whether redis-server would keep it as an intset: all members that ever came were 64-bit integers, written as Redis
    /// writes them, and never too many.
    pub fn is_intset(&self) -> bool {
        match &self.0 {
            Form::Small(small) => matches!(Small::of(small), Small::Integers(_)),
            Form::Large(large) => large.is_intset,
        }
    }
}

/// Keeps integers as the only entry.
fn keep(small: &mut Packed, integers: &[u8]) {
    if !small.replace(0, integers) {
        small.push_back(integers);
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

impl Content for Large {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.members.copy_size()
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
        match &self.0 {
            Form::Small(small) => small.allocated(),
            Form::Large(large) => large.members.len() * ENTRY + large.bytes,
        }
    }

    fn pieces(&self) -> usize {
        match &self.0 {
            // Long members are pieces of their own.
            Form::Large(large) => large.members.len(),
            Form::Small(_) => 1,
        }
    }

    fn encoding(&self) -> &'static str {
        if self.is_intset() {
            "intset"
        } else {
            "hashtable"
        }
    }

    fn digest(&self, digest: &mut Digest) {
        self.iter().for_each(|member| digest.add(&member));
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
        limits: &Limits,
    ) -> Result<Self, ErrorKind> {
        let mut set = Self::default();
        elements::strings(source, form, |member| {
            let is_new = set.insert(member, limits);
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

    fn insert(set: &mut Set, member: &[u8]) -> bool {
        set.insert(member, &Limits::default())
    }

    fn member(number: u32) -> Vec<u8> {
        // Short ones, the first of which are integers, and in sets of many also longer ones.
        format!("{number}{}", "x".repeat(number as usize / 60 % 100)).into_bytes()
    }

    #[test]
    fn random_calls_agree_with_the_standard_set() {
        for (seed, members) in [(1, 30), (2, 100), (3, 600), (4, 20_000)] {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut set, mut model) = (Set::default(), HashSet::new());
            for step in 0..40_000_u32 {
                let member = member(random.random_range(0..members));
                let grows = (step / 8_000).is_multiple_of(2);
                match random.random_range(0..5) {
                    0 => assert_eq!(set.contains(&member), model.contains(&member)),
                    1 => assert_eq!(set.remove(&member), model.remove(&member)),
                    _ if grows => assert_eq!(insert(&mut set, &member), model.insert(member)),
                    _ => assert_eq!(set.remove(&member), model.remove(&member)),
                }
                assert_eq!(set.len(), model.len());
                assert_eq!(set.is_empty(), model.is_empty());
                if step.is_multiple_of(1_000) {
                    assert_eq!(
                        set.iter()
                            .map(|member| member.to_vec())
                            .collect::<HashSet<_>>(),
                        model
                    );
                    let nth = |number| set.nth(number).map(|member| member.to_vec());
                    assert_eq!(
                        (0..set.len()).filter_map(nth).collect::<HashSet<_>>(),
                        model
                    );
                    assert_eq!(nth(set.len()), None);
                }
            }
            assert_eq!(set.is_intset(), members == 30);
            assert_eq!(matches!(set.0, Form::Small(_)), members <= 100);
        }
    }

    #[test]
    fn a_scan_misses_no_member_that_stays_also_where_the_set_outgrows_its_form() {
        for seed in 0..40 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut set = Set::default();
            let stays: HashSet<Vec<u8>> = (0..100).map(member).collect();
            for member in &stays {
                insert(&mut set, member);
            }
            // A small set, one that just fits into a segment, and a large one.
            for _ in 0..[0, 100, 600, 5_000][seed as usize % 4] {
                insert(&mut set, &member(random.random_range(100..20_000)));
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
                        insert(&mut set, &member);
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
            insert(&mut set, &member(number));
        }
        let clone = set.clone();
        assert!(insert(&mut set, b"new") && set.remove(&member(0)));
        assert!(clone.contains(&member(0)) && !clone.contains(b"new"));
        let places = |set: &Set| -> HashSet<*const u8> {
            set.iter()
                .map(|member| match member {
                    Member::Bytes(bytes) => bytes.as_ptr(),
                    Member::Integer(..) => panic!("it is large"),
                })
                .collect()
        };
        let shared = places(&set).intersection(&places(&clone)).count();
        assert!(shared > 49_800, "{shared}");
    }

    #[test]
    fn any_bytes_are_a_member() {
        let mut set = Set::default();
        for length in [0, 1, 63, 64, 65, 255, 256, 100_000] {
            let member = vec![b'\r'; length];
            assert!(insert(&mut set, &member));
            assert!(!insert(&mut set, &member));
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
            insert(&mut set, integer.as_bytes());
        }
        assert!(set.is_intset());
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
            insert(&mut set, b"1");
            insert(&mut set, other.as_bytes());
            assert!(!set.is_intset(), "{other}");
            set.remove(other.as_bytes());
            assert!(!set.is_intset());
        }
    }

    #[test]
    fn its_encoding_is_that_of_redis_whatever_its_form() {
        let limits = |integers| Limits {
            integers,
            ..Limits::default()
        };
        for (limit, members) in [(0, 1), (5, 6), (512, 513), (10_000, 10_001)] {
            let mut set = Set::default();
            for member in 0..members {
                assert!(set.is_intset() && set.iter().count() == set.len());
                assert!(set.insert(member.to_string().as_bytes(), &limits(limit)));
            }
            assert!(!set.is_intset());
            set.remove(b"0");
            assert!(!set.is_intset(), "{limit}");
        }
        // Nearly all go, and what is left begins anew.
        let mut set = Set::default();
        for member in ["a", "b", "c", "d", "e", "1"] {
            insert(&mut set, member.as_bytes());
        }
        let all: Vec<SmallBytes> = set.iter().map(|member| (*member).into()).collect();
        set.remove_all(&all[..4], &limits(8));
        assert!(!set.is_intset());
        for member in ["a", "b", "c", "d"] {
            insert(&mut set, member.as_bytes());
        }
        set.remove_all(&all[..5], &limits(8));
        assert!(set.is_intset() && set.contains(b"1") && set.len() == 1);
    }

    #[test]
    fn a_small_set_costs_two_bytes_a_member() {
        let mut set = Set::default();
        for member in b'0'..=b'9' {
            insert(&mut set, &[member]);
        }
        assert!(DataType::size(&set) < 64);
        assert!(size_of::<Set>() == 16);
    }
}
