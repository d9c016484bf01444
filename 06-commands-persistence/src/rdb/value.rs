//! What a key holds, and how it is read from each of the forms in which Redis has written it.

use super::error::ErrorKind;
use super::packed::Element;
use super::source::Source;
use super::strings::Strings;
use super::{ValueType, intset, length, listpack, string, ziplist};
use std::convert::Infallible;
use std::io::Read;

/// What a key holds. Elements come in the order of the file.
///
/// Whether a set or a hash has an element twice is for the reader to find out, who builds a table anyway.
/// Redis refuses such a file. A collection may be empty: Redis leaves such keys out.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    String(Vec<u8>),
    /// A list, from its head to its tail.
    List(Strings),
    /// The members of a set.
    Set(Strings),
    /// A hash: fields and values in turn. See [`Strings::pairs`].
    Hash(Strings),
    /// A sorted set.
    SortedSet(ScoredMembers),
}

/// Members of a sorted set, each with its score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoredMembers {
    members: Strings,
    /// As many as there are members, and never NaN.
    scores: Vec<f64>,
}

impl ScoredMembers {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Members with their scores, in the order of the file, which is that of the scores or its reverse.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], f64)> {
        self.members.iter().zip(self.scores.iter().copied())
    }

    fn push_score(&mut self, score: Option<f64>) -> Result<(), ErrorKind> {
        self.scores.push(
            score
                .filter(|score| !score.is_nan())
                .ok_or(ErrorKind::Score)?,
        );
        Ok(())
    }
}

/// Reads a value that is written as `kind` says. Memory is taken as its bytes arrive.
pub fn read<R: Read>(source: &mut Source<R>, kind: ValueType) -> Result<Value, ErrorKind> {
    Ok(match kind {
        ValueType::String => Value::String(string::read(source)?),
        ValueType::List => Value::List(strings(source, 1)?),
        ValueType::ListZiplist => Value::List(block(source, read_ziplist)?),
        ValueType::ListQuicklist => Value::List(quicklist(source)?),
        ValueType::ListQuicklist2 => Value::List(quicklist2(source)?),
        ValueType::Set => Value::Set(strings(source, 1)?),
        ValueType::SetIntset => Value::Set(block(source, read_intset)?),
        ValueType::SetListpack => Value::Set(block(source, read_listpack)?),
        ValueType::Hash => Value::Hash(strings(source, 2)?),
        ValueType::HashZiplist => Value::Hash(even(block(source, read_ziplist)?)?),
        ValueType::HashListpack => Value::Hash(even(block(source, read_listpack)?)?),
        ValueType::SortedSetText => Value::SortedSet(sorted_set(source, text_score)?),
        ValueType::SortedSet => Value::SortedSet(sorted_set(source, binary_score)?),
        ValueType::SortedSetZiplist => Value::SortedSet(scored(block(source, read_ziplist)?)?),
        ValueType::SortedSetListpack => Value::SortedSet(scored(block(source, read_listpack)?)?),
        unsupported => return Err(ErrorKind::UnsupportedType(unsupported)),
    })
}

/// A count, and for each counted the given number of strings.
fn strings<R: Read>(source: &mut Source<R>, each: usize) -> Result<Strings, ErrorKind> {
    let mut all = Strings::default();
    for _ in 0..length::read(source)? {
        for _ in 0..each {
            all.push_with(|out| string::read_into(source, out))?;
        }
    }
    Ok(all)
}

/// How one of the packed forms is read: a block, and where its elements go.
type ReadBlock = fn(&[u8], &mut Strings) -> Result<(), ErrorKind>;

fn read_listpack(block: &[u8], all: &mut Strings) -> Result<(), ErrorKind> {
    listpack::read(block, |element| push(all, element)).map_err(ErrorKind::Listpack)
}

fn read_ziplist(block: &[u8], all: &mut Strings) -> Result<(), ErrorKind> {
    ziplist::read(block, |element| push(all, element)).map_err(ErrorKind::Ziplist)
}

fn read_intset(block: &[u8], all: &mut Strings) -> Result<(), ErrorKind> {
    intset::read(block, |number| push(all, Element::Integer(number))).map_err(ErrorKind::Intset)
}

fn push(all: &mut Strings, element: Element<'_>) {
    let Ok(()) = all.push_with(|out| {
        element.append(out);
        Ok::<(), Infallible>(())
    });
}

/// A string that is one packed block.
fn block<R: Read>(source: &mut Source<R>, read: ReadBlock) -> Result<Strings, ErrorKind> {
    let mut all = Strings::default();
    read(&string::read(source)?, &mut all)?;
    Ok(all)
}

/// A list in nodes, each of them a ziplist.
fn quicklist<R: Read>(source: &mut Source<R>) -> Result<Strings, ErrorKind> {
    let mut all = Strings::default();
    for _ in 0..length::read(source)? {
        read_ziplist(&string::read(source)?, &mut all)?;
    }
    Ok(all)
}

/// A list in nodes, each of them a listpack, or a single element if it is a large one.
fn quicklist2<R: Read>(source: &mut Source<R>) -> Result<Strings, ErrorKind> {
    const PLAIN: u64 = 1;
    const LISTPACK: u64 = 2;
    let mut all = Strings::default();
    for _ in 0..length::read(source)? {
        match length::read(source)? {
            PLAIN => all.push_with(|out| string::read_into(source, out))?,
            LISTPACK => read_listpack(&string::read(source)?, &mut all)?,
            other => return Err(ErrorKind::ListNode(other)),
        }
    }
    Ok(all)
}

fn even(all: Strings) -> Result<Strings, ErrorKind> {
    if all.len().is_multiple_of(2) {
        Ok(all)
    } else {
        Err(ErrorKind::OddLength)
    }
}

/// A count, and for each counted a member and its score.
fn sorted_set<R: Read>(
    source: &mut Source<R>,
    read_score: fn(&mut Source<R>) -> Result<Option<f64>, ErrorKind>,
) -> Result<ScoredMembers, ErrorKind> {
    let mut all = ScoredMembers::default();
    for _ in 0..length::read(source)? {
        all.members
            .push_with(|out| string::read_into(source, out))?;
        all.push_score(read_score(source)?)?;
    }
    Ok(all)
}

fn binary_score<R: Read>(source: &mut Source<R>) -> Result<Option<f64>, ErrorKind> {
    Ok(Some(f64::from_le_bytes(source.array()?)))
}

/// A length of one byte and the digits; lengths above 252 stand for what has no digits.
fn text_score<R: Read>(source: &mut Source<R>) -> Result<Option<f64>, ErrorKind> {
    Ok(match source.byte()? {
        253 => Some(f64::NAN),
        254 => Some(f64::INFINITY),
        255 => Some(f64::NEG_INFINITY),
        length => {
            let mut text = Vec::new();
            source.append(length.into(), &mut text)?;
            parse_score(&text)
        }
    })
}

fn parse_score(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Makes a sorted set of members and scores in turn.
fn scored(all: Strings) -> Result<ScoredMembers, ErrorKind> {
    let all = even(all)?;
    let mut scored = ScoredMembers::default();
    for (member, score) in all.pairs() {
        scored.members.push(member);
        scored.push_score(parse_score(score))?;
    }
    Ok(scored)
}

#[cfg(test)]
impl<S: AsRef<[u8]>> FromIterator<(S, f64)> for ScoredMembers {
    fn from_iter<I: IntoIterator<Item = (S, f64)>>(pairs: I) -> Self {
        let mut all = Self::default();
        for (member, score) in pairs {
            all.members.push(member.as_ref());
            all.scores.push(score);
        }
        all
    }
}
