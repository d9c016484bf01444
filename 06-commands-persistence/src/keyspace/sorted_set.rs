//! What a sorted-set key holds.
//!
//! Two questions are asked of a sorted set: which score has this member, and which members come from here to there. No
//! single structure answers both quickly. So a large one has two: a [`Table`] of the scores by member, and a [`Tree`] of the
//! members by score. A change is one of both. Long members are shared between the two, short ones lie in place in either.
//!
//! A small one is one piece of memory in order of score, looked through from the beginning. It is made large where Redis
//! would do so, and never small again.
//!
//! What there is from one score to another, or from one member to another, is a range of *ranks* here:
//! [`count_while`](SortedSet::count_while) finds both ends. So counting, skipping, reading and removing need nothing but ranks.

mod small;
mod tree;

use crate::keyspace::SmallBytes;
use crate::keyspace::cow::{Content, Cow};
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::limits::{Compact, Limits};
use crate::keyspace::table::{Cursor, Table};
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, elements};
use crate::resp::double;
use small::Small;
use std::io::Read;
use std::iter;
use std::ops::Range;
use tree::{Entry, Goal, Tree};

pub use tree::order;

/// What a member of a large set takes beside the bytes behind its pointer, about: its places in the table and in the tree.
const ENTRY: usize = 85;

/// Members, each with a score, in order of these; where scores are equal, in order of the members' bytes. No score is NaN.
#[derive(Clone, Debug)]
pub struct SortedSet {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Small(Small),
    Large(Cow<Large>),
}

#[derive(Clone, Debug, Default)]
struct Large {
    scores: Table<f64>,
    order: Tree,
    /// Behind the pointers of all members.
    bytes: usize,
}

impl Default for SortedSet {
    fn default() -> Self {
        Self {
            form: Form::Small(Small::default()),
        }
    }
}

impl SortedSet {
    /// A set without members, for so many of up to so many bytes: where they are beyond the limits it is a large one from
    /// the beginning.
    pub fn sized(members: usize, bytes: usize, limits: Compact) -> Self {
        let mut set = Self::default();
        if members > limits.entries || bytes > limits.bytes {
            set.form = Form::Large(Cow::default());
        }
        set
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.len(),
            Form::Large(large) => large.order.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of `member`.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.form {
            Form::Small(small) => Some(small.find(member)?.1),
            Form::Large(large) => large.scores.get(member).copied(),
        }
    }

    /// How many members come before this one.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.form {
            Form::Small(small) => Some(small.find(member)?.0),
            Form::Large(large) => {
                let score = large.scores.get(member)?;
                Some(large.order.rank(*score, member))
            }
        }
    }

    /// Gives `member` a score, and says which one it had.
    pub fn insert(&mut self, member: &[u8], score: f64, limits: Compact) -> Option<f64> {
        self.update(member, limits, |_| Some(score))
    }

    /// Gives `member` the score that `choose` makes of the present one, or leaves everything as it is where that gives none.
    /// The present score. A set that outgrows these limits becomes a large one.
    pub fn update(
        &mut self,
        member: &[u8],
        limits: Compact,
        choose: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Option<f64> {
        let small = match &mut self.form {
            Form::Small(small) => small,
            Form::Large(large) => return large.to_mut().update(member, choose),
        };
        let found = small.find(member);
        let old = found.map(|(_, score)| score);
        let Some(score) = choose(old).filter(|score| Some(*score) != old) else {
            return old;
        };
        if let Some((position, _)) = found {
            small.remove(position..position + 1);
            small.insert(member, score);
        } else if small.len() < limits.entries && member.len() <= limits.bytes {
            small.insert(member, score);
        } else {
            let mut large = Large::from(&*small);
            large.update(member, |_| Some(score));
            self.form = Form::Large(large.into());
        }
        old
    }

    /// Makes it a large set, whatever its size: SORT does so in Redis, and OBJECT ENCODING shows it.
    pub fn enlarge(&mut self) {
        if let Form::Small(small) = &self.form {
            self.form = Form::Large(Large::from(small).into());
        }
    }

    /// Removes `member`, and gives its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.form {
            Form::Small(small) => {
                let (position, score) = small.find(member)?;
                small.remove(position..position + 1);
                Some(score)
            }
            Form::Large(large) => large.to_mut().remove(member),
        }
    }

    /// Removes the members with these ranks, as far as there are any.
    pub fn remove_range(&mut self, ranks: Range<usize>) {
        match &mut self.form {
            Form::Small(small) => small.remove(ranks),
            Form::Large(large) => large.to_mut().remove_range(ranks),
        }
    }

    /// How many members come first for which `is_before` holds. It must hold for none behind the first one for which it
    /// does not.
    pub fn count_while(&self, is_before: impl Fn(&[u8], f64) -> bool) -> usize {
        match &self.form {
            Form::Small(small) => small.count_while(is_before),
            Form::Large(large) => {
                let is_before = |entry: &Entry| is_before(&entry.member, entry.score);
                large.order.count_while(is_before)
            }
        }
    }

    /// The members with these ranks, as far as there are any, with their scores.
    pub fn range(&self, ranks: Range<usize>) -> Members<'_> {
        match &self.form {
            Form::Small(small) => Members::Small(small.range(ranks)),
            Form::Large(large) => Members::Large(large.order.range(ranks)),
        }
    }

    /// The member with this rank, and its score.
    pub fn nth(&self, rank: usize) -> Option<(&[u8], f64)> {
        self.range(rank..rank.saturating_add(1)).next()
    }

    /// The members with these ranks, from the lowest or from the highest.
    pub fn walk(
        &self,
        ranks: Range<usize>,
        from_highest: bool,
    ) -> impl Iterator<Item = (&[u8], f64)> {
        let mut members = self.range(ranks);
        iter::from_fn(move || {
            if from_highest {
                members.next_back()
            } else {
                members.next()
            }
        })
    }

    /// All members with their scores.
    pub fn iter(&self) -> Members<'_> {
        self.range(0..self.len())
    }

    /// One step of a scan, as [`Table::scan`] does it: `visit` is called for `limit` members, but for all of
    /// a small set. Gives the cursor for the next step; 0 at the end. A member that is in the set from the
    /// first step to the last is visited at least once.
    pub fn scan(&self, cursor: Cursor, limit: usize, mut visit: impl FnMut(&[u8], f64)) -> Cursor {
        match &self.form {
            Form::Small(_) => {
                self.iter().for_each(|(member, score)| visit(member, score));
                0
            }
            Form::Large(large) => {
                let scores = &large.scores;
                scores.scan(cursor, limit, |member, score| visit(member, *score))
            }
        }
    }
}

impl Large {
    fn update(
        &mut self,
        member: &[u8],
        choose: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Option<f64> {
        let mut place = self.scores.locate(member);
        let old = self.scores.at(place).map(|(_, score)| *score);
        let Some(score) = choose(old).filter(|score| Some(*score) != old) else {
            return old;
        };
        let entry = match old {
            Some(old) => {
                if let Some(held) = self.scores.at_mut(place) {
                    *held = score;
                }
                self.order.remove(Goal::Entry(old, member))
            }
            None => {
                self.scores.add_at(&mut place, member.into(), score);
                let held = self.scores.at(place);
                let member = held.map_or_else(SmallBytes::default, |(member, _)| member.clone());
                self.bytes += member.allocated();
                Some(Entry { score, member })
            }
        };
        if let Some(entry) = entry {
            self.order.insert(Entry { score, ..entry });
        }
        old
    }

    fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let (member, score) = self.scores.remove(member)?;
        self.bytes -= member.allocated();
        self.order.remove(Goal::Entry(score, &member));
        Some(score)
    }

    fn remove_range(&mut self, ranks: Range<usize>) {
        for _ in ranks.clone() {
            let Some(entry) = self.order.remove(Goal::Rank(ranks.start)) else {
                return;
            };
            self.bytes -= entry.member.allocated();
            self.scores.remove(&entry.member);
        }
    }
}

impl From<&Small> for Large {
    fn from(small: &Small) -> Self {
        let mut large = Self::default();
        for (member, score) in small.range(0..small.len()) {
            large.update(member, |_| Some(score));
        }
        large
    }
}

/// Members in order, with their scores, from both ends.
#[derive(Clone, Debug)]
pub enum Members<'a> {
    /// Of a small set.
    Small(small::Entries<'a>),
    /// Of a large one.
    Large(tree::Entries<'a>),
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Small(entries) => entries.next(),
            Self::Large(entries) => entries.next().map(|entry| (&*entry.member, entry.score)),
        }
    }
}

impl DoubleEndedIterator for Members<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Small(entries) => entries.next_back(),
            Self::Large(entries) => {
                let entry = entries.next_back()?;
                Some((&entry.member, entry.score))
            }
        }
    }
}

impl Content for SortedSet {
    fn copy_size(&self) -> usize {
        let form = match &self.form {
            Form::Small(small) => small.copy_size(),
            // It is shared as well.
            Form::Large(_) => 0,
        };
        size_of::<Self>() + form
    }
}

impl Content for Large {
    fn copy_size(&self) -> usize {
        size_of::<Self>() + self.scores.copy_size()
    }
}

impl DataType for SortedSet {
    const NAME: &'static str = "zset";
    const HAS_ELEMENTS: bool = true;
    const FORM: ValueType = ValueType::SortedSet;

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn size(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.allocated(),
            Form::Large(large) => large.order.len() * ENTRY + large.bytes,
        }
    }

    fn pieces(&self) -> usize {
        match &self.form {
            Form::Small(_) => 1,
            // Long members are pieces of their own.
            Form::Large(large) => large.order.len(),
        }
    }

    fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Small(_) => "listpack",
            Form::Large(_) => "skiplist",
        }
    }

    fn digest(&self, digest: &mut Digest) {
        for (member, score) in self.iter() {
            let mut text = [0; double::MAX_TEXT];
            digest.add_element(&[member, double::format(&mut text, score)]);
        }
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.members(self.len(), self.iter().rev());
    }

    fn reads(form: ValueType) -> bool {
        use ValueType::{SortedSetListpack, SortedSetText, SortedSetZiplist};
        form == Self::FORM || matches!(form, SortedSetText | SortedSetZiplist | SortedSetListpack)
    }

    fn load<R: Read>(
        source: &mut Source<R>,
        form: ValueType,
        limits: &Limits,
    ) -> Result<Self, ErrorKind> {
        let mut set = Self::default();
        elements::scored(source, form, |member, score| {
            let old = set.insert(member, score, limits.sorted_set);
            old.map_or(Ok(()), |_| Err(ErrorKind::Twice))
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

    const LIMITS: Compact = Compact {
        entries: 128,
        bytes: 64,
    };

    /// The naive one: sorted after each change.
    type Model = Vec<(f64, Vec<u8>)>;

    fn member(number: u32) -> Vec<u8> {
        // Some lie in place, some behind a pointer, and a few are too long for a small set.
        let length = [0, 3, 30, 60][number as usize % 4];
        format!("{number}{}", "x".repeat(length)).into_bytes()
    }

    /// Many members have the same one, and some a score that only fits into eight bytes.
    fn score(random: &mut StdRng) -> f64 {
        match random.random_range(0..20) {
            0 => f64::INFINITY,
            1 => f64::NEG_INFINITY,
            2 => random.random_range(-1e9..1e9),
            3 => f64::from(random.random::<i32>()),
            4 => f64::from(random.random::<i16>()),
            _ => f64::from(random.random_range(-5..50)),
        }
    }

    fn sort(model: &mut Model) {
        model.sort_by(|left, right| tree::order((left.0, &left.1), (right.0, &right.1)));
    }

    fn find(model: &Model, member: &[u8]) -> Option<usize> {
        model.iter().position(|(_, other)| other == member)
    }

    /// One random change of a set and of its model.
    fn change(set: &mut SortedSet, model: &mut Model, random: &mut StdRng, adds: f64, of: u32) {
        let member = member(random.random_range(0..of));
        let found = find(model, &member);
        let old = found.map(|at| model[at].0);
        if random.random_bool(adds) {
            let score = score(random);
            assert_eq!(set.insert(&member, score, LIMITS), old);
            found.map(|at| model.remove(at));
            model.push((score, member));
            sort(model);
        } else if random.random_bool(0.05) {
            let start = random.random_range(0..=model.len());
            let end = (start + random.random_range(0..40)).min(model.len());
            set.remove_range(start..end);
            model.drain(start..end);
        } else {
            assert_eq!(set.remove(&member), old);
            found.map(|at| model.remove(at));
        }
        assert_eq!(set.len(), model.len());
    }

    fn check(set: &SortedSet, model: &Model, random: &mut StdRng) {
        assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
        let expected = || model.iter().map(|(score, member)| (&**member, *score));
        assert!(set.iter().eq(expected()));
        assert!(set.iter().rev().eq(expected().rev()));
        for (rank, (score, member)) in model.iter().enumerate() {
            assert_eq!(set.score(member), Some(*score));
            assert_eq!(set.rank(member), Some(rank));
        }
        let absent = b"absent".as_slice();
        assert_eq!((set.score(absent), set.rank(absent)), (None, None));
        let bound = score(random);
        let below = model.iter().filter(|(score, _)| *score < bound).count();
        assert_eq!(set.count_while(|_, score| score < bound), below);
        if let Form::Large(large) = &set.form {
            large.order.check();
            assert_eq!(large.scores.len(), large.order.len());
            let bytes = large.order.range(0..usize::MAX);
            let bytes: usize = bytes.map(|entry| entry.member.allocated()).sum();
            assert_eq!(large.bytes, bytes);
        }
    }

    /// Both ends are taken from in any order.
    fn check_range(set: &SortedSet, model: &Model, random: &mut StdRng) {
        let start = random.random_range(0..=model.len());
        let end = random.random_range(start..=model.len());
        let mut range = set.range(start..end);
        let mut expected = model[start..end].iter();
        for _ in start..=end {
            let (found, wanted) = if random.random() {
                (range.next_back(), expected.next_back())
            } else {
                (range.next(), expected.next())
            };
            assert_eq!(found, wanted.map(|(score, member)| (&**member, *score)));
        }
        assert_eq!(set.range(model.len()..usize::MAX).count(), 0);
    }

    #[test]
    fn random_changes_agree_with_a_sorted_vector() {
        for (seed, members) in [(1, 40), (2, 300), (3, 6_000)] {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut set, mut model) = (SortedSet::default(), Model::new());
            for step in 0..20_000 {
                let adds = if step / 5_000 % 2 == 0 { 0.9 } else { 0.2 };
                change(&mut set, &mut model, &mut random, adds, members);
                if step % 500 == 0 {
                    check(&set, &model, &mut random);
                    check_range(&set, &model, &mut random);
                }
            }
            set.remove_range(0..usize::MAX);
            check(&set, &Model::new(), &mut random);
        }
    }

    #[test]
    fn clones_do_not_see_later_changes() {
        let mut random = StdRng::seed_from_u64(4);
        let (mut set, mut model) = (SortedSet::default(), Model::new());
        let mut clones = Vec::new();
        for round in 0..60 {
            let adds = if round < 30 { 0.9 } else { 0.2 };
            for _ in 0..random.random_range(0..300) {
                change(&mut set, &mut model, &mut random, adds, 5_000);
            }
            clones.push((set.clone(), model.clone()));
            if clones.len() > 3 {
                let (clone, model) = clones.swap_remove(random.random_range(0..4));
                check(&clone, &model, &mut random);
            }
        }
        check(&set, &model, &mut random);
    }

    #[test]
    fn a_change_after_a_clone_copies_little() {
        let mut set = SortedSet::default();
        for number in 0..100_000 {
            set.insert(&member(number), number.into(), LIMITS);
        }
        let clone = set.clone();
        set.insert(&member(50_000), 7.5, LIMITS);
        assert_eq!(clone.score(&member(50_000)), Some(50_000.0));
        let places = |set: &SortedSet| -> HashSet<*const f64> {
            let Form::Large(large) = &set.form else {
                panic!("it is large");
            };
            let entries = large.order.range(0..usize::MAX);
            entries
                .map(|entry| std::ptr::from_ref(&entry.score))
                .collect()
        };
        // A leaf where it was, and one where it is.
        let shared = places(&set).intersection(&places(&clone)).count();
        assert!(shared >= 100_000 - 2 * 65, "{shared}");
    }

    #[test]
    fn a_small_set_becomes_a_large_one_where_redis_says_so() {
        let limits = Compact {
            entries: 3,
            bytes: 5,
        };
        let mut set = SortedSet::default();
        for member in [b"a", b"b", b"c"] {
            set.insert(member, -0.0, limits);
        }
        assert_eq!(set.encoding(), "listpack");
        assert!(set.score(b"a").unwrap().is_sign_positive());
        let mut other = set.clone();
        set.insert(b"d", 1.0, limits);
        assert_eq!(set.encoding(), "skiplist");
        set.remove_range(0..3);
        assert_eq!(set.encoding(), "skiplist");
        other.remove(b"c");
        other.insert(b"123456", 1.0, limits);
        assert_eq!(other.encoding(), "skiplist");
    }

    #[test]
    fn members_in_any_order_fill_the_nodes_and_cost_little() {
        let numbers =
            |step: u32| (0..100_000).map(move |number: u32| number.wrapping_mul(step) % 100_000);
        for order in [1, 99_999, 7_919] {
            let mut set = SortedSet::default();
            for number in numbers(order) {
                set.insert(&number.to_le_bytes(), number.into(), LIMITS);
            }
            let Form::Large(large) = &set.form else {
                panic!("it is large");
            };
            let cost = large.order.allocated() as f64 / 100_000.0;
            assert!(cost < 48.0, "{cost} bytes an entry");
        }
    }

    #[test]
    fn a_small_set_costs_three_bytes_a_member() {
        let mut set = SortedSet::default();
        for number in 0..10 {
            set.insert(b"0123456789", number.into(), LIMITS);
            set.insert(&[b'0' + number; 10], number.into(), LIMITS);
        }
        assert!(DataType::size(&set) <= 11 * 13 + 40);
        assert!(size_of::<SortedSet>() <= 40);
    }
}
