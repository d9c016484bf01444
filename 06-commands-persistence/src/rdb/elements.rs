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

#[cfg(test)]
mod tests {
    use super::ValueType::{
        HashListpack, HashZiplist, ListQuicklist, ListQuicklist2, ListZiplist, SetIntset,
        SortedSet, SortedSetText, SortedSetZiplist,
    };
    use super::*;
    use crate::rdb::ziplist::tests::block as ziplist;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// The strings, and the scores as strings, of a value in this form.
    fn read(form: ValueType, bytes: &[u8]) -> Result<Vec<String>, ErrorKind> {
        let mut source = Source::new(bytes);
        let mut all = Vec::new();
        if form.name().starts_with("sorted set") {
            scored(&mut source, form, |member, score| {
                all.extend([member.escape_ascii().to_string(), score.to_string()]);
                Ok(())
            })?;
        } else {
            strings(&mut source, form, |element| {
                all.push(element.escape_ascii().to_string());
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// A string that holds a ziplist.
    fn block(entries: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        string::write(&mut out, &ziplist(entries), None);
        out
    }

    #[test]
    fn forms_of_old_servers() {
        let two = block(&[b"\x01a", &[0xF3]]);
        for form in [ListZiplist, HashZiplist, SortedSetZiplist] {
            assert_eq!(read(form, &two).unwrap(), ["a", "2"]);
        }
        let nodes = [&[2][..], &two, &two].concat();
        assert_eq!(read(ListQuicklist, &nodes).unwrap(), ["a", "2", "a", "2"]);
        let text = b"\x03\x01a\x041e-3\x01b\xFE\x01c\xFF";
        let expected = ["a", "0.001", "b", "inf", "c", "-inf"];
        assert_eq!(read(SortedSetText, text).unwrap(), expected);
    }

    #[test]
    fn values_that_do_not_make_sense() {
        let odd = block(&[b"\x01a"]);
        for form in [HashZiplist, SortedSetZiplist] {
            assert!(matches!(read(form, &odd), Err(ErrorKind::OddLength)));
        }
        let nan = [&[1, 1, b'm'][..], &f64::NAN.to_le_bytes()].concat();
        for (form, bytes) in [
            (SortedSetZiplist, &block(&[b"\x01a", b"\x03nan"])[..]),
            (SortedSet, &nan),
            (SortedSetText, b"\x01\x01m\xFD"),
            (SortedSetText, b"\x01\x01m\x02xx"),
        ] {
            assert!(matches!(read(form, bytes), Err(ErrorKind::Score)));
        }
        let node = read(ListQuicklist2, b"\x01\x03\x01a");
        assert!(matches!(node, Err(ErrorKind::ListNode(3))));
        let listpack = read(HashListpack, b"\x01x");
        assert!(matches!(listpack, Err(ErrorKind::Listpack(_))));
        let intset = read(SetIntset, b"\x01x");
        assert!(matches!(intset, Err(ErrorKind::Intset(_))));
    }

    #[test]
    fn whatever_the_bytes_are_reading_ends_and_takes_little_memory() {
        let mut random = StdRng::seed_from_u64(13);
        let huge = b"\x81\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
        for form in ValueType::ALL {
            for _ in 0..2000 {
                let mut bytes = vec![0; random.random_range(0..50)];
                random.fill(&mut bytes[..]);
                if let Some(first) = bytes.first_mut() {
                    *first &= 0x3F;
                }
                let _ = read(*form, &bytes);
            }
            let error = read(*form, huge).unwrap_err();
            let refused = matches!(error, ErrorKind::UnsupportedType(found) if found == *form);
            let is_known =
                [1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 16, 17, 18, 20].contains(&form.byte());
            assert!(if is_known {
                matches!(error, ErrorKind::Truncated)
            } else {
                refused
            });
        }
    }
}
