//! SORT and SORT_RO: the elements of a list, a set or a sorted set in another order, or what other keys tell of them.
//! <https://redis.io/docs/latest/commands/sort/>
//!
//! Elements that nothing tells apart stay in the order in which the collection has them.

use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::Value;
use crate::keyspace::event;
use crate::keyspace::list::List;
use crate::keyspace::sorted_set::SortedSet;
use crate::part::Part;
use crate::resp::double;
use crate::resp::queue::Args;
use crate::server::Server;
use crate::small_bytes::SmallBytes;
use std::cmp::Ordering;
use std::ops::Range;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH5.write("sort", -2, sort, DENYOOM, RO | ACCESS)
        .keys(unknown(RO | ACCESS))
        .notes(NOTES_ON_PATTERNS)
        .keys(unknown(OW | UPDATE))
        .notes(NOTES_ON_STORE)
        .find_keys(keys_of_sort)
        .acl(acl::SET | acl::SORTEDSET | acl::LIST | acl::DANGEROUS)
        .about("1.0.0", "Sorts the elements of a collection."),
    CH5.read("sort_ro", -2, sort_ro, SLOW, RO | ACCESS)
        .keys(unknown(RO | ACCESS))
        .notes(NOTES_ON_PATTERNS)
        .find_keys(|_| only(1, RO | ACCESS))
        .acl(acl::SET | acl::SORTEDSET | acl::LIST | acl::DANGEROUS)
        .about(
            "7.0.0",
            "Sorts the elements of a collection, and stores nothing.",
        ),
];

const NOTES_ON_PATTERNS: &str = "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the \
    content of the key we sort";
const NOTES_ON_STORE: &str = "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the \
    argument array";

const NO_NUMBER: CommandError =
    CommandError::new("ERR One or more scores can't be converted into double");

/// The key that is sorted, and the last one behind a STORE.
fn keys_of_sort(args: Args<'_>) -> [Option<Places>; MAX_SPECS] {
    let [sorted, ..] = only(1, RO | ACCESS);
    let mut stored = None;
    let mut index = 2;
    while let Some(option) = args.get(index) {
        index += match option.to_ascii_lowercase().as_slice() {
            b"limit" => 3,
            b"get" | b"by" => 2,
            b"store" if index + 1 < args.len() => {
                [stored, ..] = only(index + 1, OW | UPDATE);
                1
            }
            _ => 1,
        };
    }
    [sorted, stored, None]
}

/// `SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]`
pub fn sort(call: &mut Call<'_>) -> Outcome {
    run(call, true)
}

/// `SORT_RO key ...`: the same without STORE, for replicas.
pub fn sort_ro(call: &mut Call<'_>) -> Outcome {
    run(call, false)
}

fn run(call: &mut Call<'_>, may_store: bool) -> Outcome {
    let mut options = Options::parse(call, may_store)?;
    let mut elements = read(call, &mut options)?;
    if !options.keeps_order {
        elements = sorted(call, &options, elements)?;
    }
    match options.store {
        Some(key) => store(call, &options, &elements, key),
        None => reply(call, &options, &elements),
    }
    Ok(())
}

/// The elements, in the order in which the collection has them. If that is what is asked for, only those that are.
fn read(call: &mut Call<'_>, options: &mut Options<'_>) -> Result<Vec<SmallBytes>, CommandError> {
    let key = call.arg(1)?;
    call.server.db(call.db).touch([key].into_iter());
    let mut slot = call.server.db(call.db).for_write(key);
    if let Some(Value::SortedSet(_)) = slot.value()
        && let Some(set) = slot.get::<SortedSet>()?
    {
        set.enlarge();
    }
    match slot.value() {
        None => Ok(Vec::new()),
        Some(Value::List(list)) => Ok(options.pick(list.len(), list.iter())),
        Some(Value::SortedSet(set)) => {
            Ok(options.pick(set.len(), set.iter().map(|(member, _)| member)))
        }
        Some(Value::Set(set)) => {
            // A set has no order, and what is written down must have one.
            if options.store.is_some() && options.keeps_order {
                options.keeps_order = false;
                (options.by, options.is_text) = (None, true);
            }
            let members = set.iter().map(|member| (*member).into()).collect();
            Ok(if options.keeps_order {
                cut(members, options.window(set.len()))
            } else {
                members
            })
        }
        Some(_) => Err(CommandError::WRONG_TYPE),
    }
}

fn cut(mut elements: Vec<SmallBytes>, window: Range<usize>) -> Vec<SmallBytes> {
    elements.truncate(window.end);
    elements.drain(..window.start.min(elements.len()));
    elements
}

fn sorted(
    call: &mut Call<'_>,
    options: &Options<'_>,
    elements: Vec<SmallBytes>,
) -> Result<Vec<SmallBytes>, CommandError> {
    let mut weighed = Vec::with_capacity(elements.len());
    for element in elements {
        let weight = match (&options.by, options.is_text) {
            (None, true) => Weight::Itself,
            (None, false) => Weight::number(Some(&element))?,
            (Some(pattern), is_text) => {
                let found = pattern.find(call.server, call.db, &element);
                if is_text {
                    Weight::Text(found)
                } else {
                    Weight::number(found.as_deref())?
                }
            }
        };
        weighed.push((weight, element));
    }
    weighed.sort_by(|one, other| options.compare(one, other));
    let window = options.window(weighed.len());
    let elements = weighed.into_iter().map(|(_, element)| element).collect();
    Ok(cut(elements, window))
}

/// What decides about the place of an element.
enum Weight {
    Number(f64),
    /// What BY has found. Nothing comes first.
    Text(Option<SmallBytes>),
    /// The element, as text.
    Itself,
}

impl Weight {
    /// Nothing counts as 0.
    fn number(text: Option<&[u8]>) -> Result<Self, CommandError> {
        let number = text.map_or(Some(0.0), number);
        number.map(Self::Number).ok_or(NO_NUMBER)
    }
}

/// As C's `strtod` reads it: up to the first NUL byte, with spaces in front, and nothing at all as 0. What is so small that
/// digits are lost is out of range.
fn number(text: &[u8]) -> Option<f64> {
    let text = until_nul(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte))?;
    let number = double::parse_in_range(text.part(start..))?;
    (!number.is_subnormal()).then_some(number)
}

/// What C takes for all of a text.
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn reply(call: &mut Call<'_>, options: &Options<'_>, elements: &[SmallBytes]) {
    call.reply.array(elements.len() * options.gets.len().max(1));
    for element in elements {
        if options.gets.is_empty() {
            call.reply.bulk(element);
        }
        for pattern in &options.gets {
            match pattern.find(call.server, call.db, element) {
                Some(found) => call.reply.bulk(&found),
                None => call.reply.null(),
            }
        }
    }
}

/// Replies with the length of the list that the key holds then. An empty one it does not hold.
fn store(call: &mut Call<'_>, options: &Options<'_>, elements: &[SmallBytes], key: &[u8]) {
    let mut list = List::default();
    for element in elements {
        if options.gets.is_empty() {
            list.push_back(element);
        }
        for pattern in &options.gets {
            let found = pattern.find(call.server, call.db, element);
            list.push_back(found.as_deref().unwrap_or_default());
        }
    }
    let length = list.len();
    let mut slot = call.server.db(call.db).for_write(key);
    if length > 0 {
        slot.set(list.into(), None);
        slot.changed(event::SORTSTORE, length);
    } else if slot.remove() {
        slot.changed(event::DEL, 1);
    }
    call.reply.count(length);
}

/// What is asked for.
struct Options<'a> {
    /// DESC
    is_descending: bool,
    /// ALPHA: to compare as text, and not as numbers.
    is_text: bool,
    /// LIMIT: how many are left out, and how many follow; all where it is negative.
    offset: i64,
    count: i64,
    /// BY: what is compared in place of the elements.
    by: Option<Pattern<'a>>,
    /// Some BY had no star: the order is to be that of the collection.
    keeps_order: bool,
    /// GET: what is given in place of the elements.
    gets: Vec<Pattern<'a>>,
    /// STORE: where the outcome goes.
    store: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a>, may_store: bool) -> Result<Self, CommandError> {
        let mut options = Self {
            is_descending: false,
            is_text: false,
            offset: 0,
            count: -1,
            by: None,
            keeps_order: false,
            gets: Vec::new(),
            store: None,
        };
        let mut index = 2;
        while let Some(option) = call.args.get(index) {
            let option = option.to_ascii_lowercase();
            let next = call.args.get(index + 1);
            match (option.as_slice(), next) {
                (b"asc", _) => options.is_descending = false,
                (b"desc", _) => options.is_descending = true,
                (b"alpha", _) => options.is_text = true,
                (b"limit", Some(_)) if index + 2 < call.args.len() => {
                    options.offset = call.integer(index + 1)?;
                    options.count = call.integer(index + 2)?;
                    index += 2;
                }
                (b"store", Some(key)) if may_store => options.store = Some(key),
                (b"by", Some(pattern)) => {
                    let pattern = Pattern::parse(pattern);
                    options.keeps_order |= !matches!(pattern, Pattern::Key { .. });
                    options.by = Some(pattern);
                }
                (b"get", Some(pattern)) => options.gets.push(Pattern::parse(pattern)),
                _ => return Err(CommandError::SYNTAX),
            }
            index += match option.as_slice() {
                b"store" | b"by" | b"get" => 2,
                _ => 1,
            };
        }
        Ok(options)
    }

    /// Which of so many elements are asked for.
    fn window(&self, length: usize) -> Range<usize> {
        let clamp = |number: i64| usize::try_from(number).unwrap_or(usize::MAX).min(length);
        let start = clamp(self.offset.max(0));
        let left = length - start;
        let count = match self.count {
            ..0 => left,
            count => left.min(clamp(count)),
        };
        start..start + count
    }

    /// The elements of a collection that has an order: all, if they are to be sorted, else those that are asked for.
    fn pick<'e>(
        &self,
        length: usize,
        mut elements: impl DoubleEndedIterator<Item = &'e [u8]>,
    ) -> Vec<SmallBytes> {
        if !self.keeps_order {
            return elements.map(SmallBytes::from).collect();
        }
        let Range { start, end } = self.window(length);
        let copy = |elements: &mut dyn Iterator<Item = &'e [u8]>| {
            let asked = elements.skip(start).take(end - start);
            asked.map(SmallBytes::from).collect()
        };
        if self.is_descending {
            copy(&mut elements.rev())
        } else {
            copy(&mut elements)
        }
    }

    /// Redis compares what it replies with as C's strings, in the order of its language, which is most often that of the
    /// bytes. What it stores must be the same everywhere.
    fn compare_texts(&self, one: &[u8], other: &[u8]) -> Ordering {
        if self.store.is_some() {
            one.cmp(other)
        } else {
            until_nul(one).cmp(until_nul(other))
        }
    }

    fn compare(&self, one: &(Weight, SmallBytes), other: &(Weight, SmallBytes)) -> Ordering {
        let ordering = match (&one.0, &other.0) {
            (Weight::Number(a), Weight::Number(b)) => {
                let ordering = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                ordering.then_with(|| one.1.cmp(&other.1))
            }
            (Weight::Itself, Weight::Itself) => self.compare_texts(&one.1, &other.1),
            (Weight::Text(Some(a)), Weight::Text(Some(b))) => self.compare_texts(a, b),
            (Weight::Text(a), Weight::Text(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if self.is_descending {
            ordering.reverse()
        } else {
            ordering
        }
    }
}

/// What BY and GET look for.
enum Pattern<'a> {
    /// `#`: the element itself.
    Element,
    /// It has no star, and finds nothing.
    Nothing,
    /// `before*after`, a key with the element in place of the star; or `before*after->field`, a field of the hash there.
    Key {
        before: &'a [u8],
        after: &'a [u8],
        field: Option<&'a [u8]>,
    },
}

impl<'a> Pattern<'a> {
    fn parse(text: &'a [u8]) -> Self {
        if text == b"#" {
            return Self::Element;
        }
        let star = until_nul(text).iter().position(|byte| *byte == b'*');
        let Some((before, [_, after @ ..])) = star.and_then(|star| text.split_at_checked(star))
        else {
            return Self::Nothing;
        };
        let arrow = until_nul(after).windows(2).position(|pair| pair == b"->");
        match arrow.and_then(|arrow| after.split_at_checked(arrow)) {
            Some((after, [_, _, field @ ..])) if !until_nul(field).is_empty() => Self::Key {
                before,
                after,
                field: Some(field),
            },
            _ => Self::Key {
                before,
                after,
                field: None,
            },
        }
    }

    /// What there is for an element.
    fn find(&self, server: &mut Server, db: usize, element: &SmallBytes) -> Option<SmallBytes> {
        match self {
            Self::Element => Some(element.clone()),
            Self::Nothing => None,
            Self::Key {
                before,
                after,
                field,
            } => {
                let key = [before, element.as_ref(), after].concat();
                match (server.db(db).get(&key)?, field) {
                    (Value::String(value), None) => Some(value.clone()),
                    (Value::Hash(hash), Some(field)) => Some(hash.get(field)?.into()),
                    _ => None,
                }
            }
        }
    }
}
