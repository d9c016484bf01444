//! What a collection holds, read from each of the forms in which Redis has written it.
//!
//! Whether a set or a hash has an element twice is for the reader to find out, who builds a table anyway. Redis
//! refuses such a file. A collection may be empty: Redis leaves such keys out.

use super::error::ErrorKind;
use super::packed::Element;
use super::source::Source;
use super::{ValueType, intset, length, listpack, string, ziplist};
use std::io::Read;

/// The outcome of a read.
type Outcome = Result<(), ErrorKind>;

/// Shows the elements of a list, the members of a set, or the fields and values of a hash in turn to `visit`, in the order of
/// the file. Memory is taken as bytes arrive.
///
/// # Errors
/// What is wrong with the value, what `visit` gives, or that `form` is none of a list, a set or a hash.
pub fn strings<R: Read>(
    source: &mut Source<R>,
    form: ValueType,
    mut visit: impl FnMut(&[u8]) -> Outcome,
) -> Outcome {
    let mut count: u64 = 0;
    let mut visit = |element: &[u8]| {
        count += 1;
        visit(element)
    };
    let visit: &mut dyn FnMut(&[u8]) -> Outcome = &mut visit;
    match form {
        ValueType::List | ValueType::Set => counted(source, 1, visit),
        ValueType::Hash => counted(source, 2, visit),
        ValueType::ListZiplist | ValueType::HashZiplist => block(source, read_ziplist, visit),
        ValueType::ListQuicklist => {
            for _ in 0..length::read(source)? {
                block(source, read_ziplist, visit)?;
            }
            Ok(())
        }
        ValueType::ListQuicklist2 => quicklist2(source, visit),
        ValueType::SetIntset => block(source, read_intset, visit),
        ValueType::SetListpack | ValueType::HashListpack => block(source, read_listpack, visit),
        other => Err(ErrorKind::UnsupportedType(other)),
    }?;
    let is_hash = matches!(form, ValueType::HashZiplist | ValueType::HashListpack);
    if is_hash && !count.is_multiple_of(2) {
        return Err(ErrorKind::OddLength);
    }
    Ok(())
}

/// Shows the members of a sorted set with their scores to `visit`, in the order of the file, which is that of the scores or
/// its reverse. No score is NaN.
///
/// # Errors
/// What is wrong with the value, what `visit` gives, or that `form` is none of a sorted set.
pub fn scored<R: Read>(
    source: &mut Source<R>,
    form: ValueType,
    mut visit: impl FnMut(&[u8], f64) -> Outcome,
) -> Outcome {
    let mut visit = |member: &[u8], score: Option<f64>| {
        let score = score.filter(|score| !score.is_nan());
        visit(member, score.ok_or(ErrorKind::Score)?)
    };
    let read = match form {
        ValueType::SortedSetText => text_score,
        ValueType::SortedSet => binary_score,
        ValueType::SortedSetZiplist => return pairs(source, read_ziplist, visit),
        ValueType::SortedSetListpack => return pairs(source, read_listpack, visit),
        other => return Err(ErrorKind::UnsupportedType(other)),
    };
    let mut member = Vec::new();
    for _ in 0..length::read(source)? {
        member.clear();
        string::read_into(source, &mut member)?;
        visit(&member, read(source)?)?;
    }
    Ok(())
}

/// A count, and for each counted the given number of strings.
fn counted<R: Read>(
    source: &mut Source<R>,
    each: usize,
    visit: &mut dyn FnMut(&[u8]) -> Outcome,
) -> Outcome {
    let mut element = Vec::new();
    for _ in 0..length::read(source)? {
        for _ in 0..each {
            element.clear();
            string::read_into(source, &mut element)?;
            visit(&element)?;
        }
    }
    Ok(())
}

/// How one of the packed forms is read: a block, and where its elements go.
type ReadBlock = fn(&[u8], &mut dyn FnMut(Element<'_>)) -> Outcome;

fn read_listpack(block: &[u8], visit: &mut dyn FnMut(Element<'_>)) -> Outcome {
    listpack::read(block, visit).map_err(ErrorKind::Listpack)
}

fn read_ziplist(block: &[u8], visit: &mut dyn FnMut(Element<'_>)) -> Outcome {
    ziplist::read(block, visit).map_err(ErrorKind::Ziplist)
}

fn read_intset(block: &[u8], visit: &mut dyn FnMut(Element<'_>)) -> Outcome {
    intset::read(block, |number| visit(Element::Integer(number))).map_err(ErrorKind::Intset)
}

/// A string that is one packed block.
fn block<R: Read>(
    source: &mut Source<R>,
    read: ReadBlock,
    visit: &mut dyn FnMut(&[u8]) -> Outcome,
) -> Outcome {
    let mut text = Vec::new();
    let mut outcome = Ok(());
    read(&string::read(source)?, &mut |element| {
        if outcome.is_ok() {
            text.clear();
            element.append(&mut text);
            outcome = visit(&text);
        }
    })?;
    outcome
}

/// A list in nodes, each of them a listpack, or a single element if it is a large one.
fn quicklist2<R: Read>(source: &mut Source<R>, visit: &mut dyn FnMut(&[u8]) -> Outcome) -> Outcome {
    const PLAIN: u64 = 1;
    const LISTPACK: u64 = 2;
    for _ in 0..length::read(source)? {
        match length::read(source)? {
            PLAIN => visit(&string::read(source)?)?,
            LISTPACK => block(source, read_listpack, visit)?,
            other => return Err(ErrorKind::ListNode(other)),
        }
    }
    Ok(())
}

/// A block of members and scores in turn.
fn pairs<R: Read>(
    source: &mut Source<R>,
    read: ReadBlock,
    mut visit: impl FnMut(&[u8], Option<f64>) -> Outcome,
) -> Outcome {
    let mut member: Option<Vec<u8>> = None;
    block(source, read, &mut |element| match member.take() {
        Some(member) => visit(&member, parse_score(element)),
        None => {
            member = Some(element.to_vec());
            Ok(())
        }
    })?;
    member.map_or(Ok(()), |_| Err(ErrorKind::OddLength))
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
