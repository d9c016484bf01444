//! Listpacks: how Redis 7 keeps small lists, hashes and sorted sets.
//!
//! ```text
//!  bytes (4)   count (2)   entry  entry  entry ...  FF
//! ```
//!
//! `bytes` is the size of it all. `count` is how many entries there are, or 65535 for "count them". An entry:
//!
//! ```text
//!  0nnnnnnn                       a number from 0 to 127
//!  10llllll  bytes                a string of up to 63 bytes
//!  110nnnnn nnnnnnnn              a signed number of 13 bits
//!  1110llll llllllll  bytes       a string of up to 4095 bytes
//!  F0  4 bytes of length  bytes   a longer string
//!  F1 F2 F3 F4                    a signed number in 2, 3, 4 or 8 bytes
//! ```
//!
//! After every entry stands its size once more, to be read from the end: seven bits in each byte, the last
//! byte has the lowest ones, and all but the first have their high bit set. So a listpack can be walked in
//! both directions, and a change to one entry changes nothing in the others. We only walk forwards, but check
//! that the sizes agree.
//!
//! A hash has fields and values in turn, and a sorted set has members and scores in turn. Streams are kept in listpacks by
//! us too: see [`keyspace::stream`](crate::keyspace::stream).

pub use super::packed::Element;
use super::packed::{self, Cursor, END};
use crate::part::Part;
use crate::resp::integer;

/// How many bytes come before the entries.
pub const HEADER: usize = 6;

/// The longest text that is tried as a number.
const MAX_DIGITS: usize = 20;

/// Shows every element of a listpack to `visit`.
///
/// # Errors
///
/// What is wrong with the listpack. Elements before the fault have been shown.
pub fn read(block: &[u8], mut visit: impl FnMut(Element<'_>)) -> Result<(), &'static str> {
    let mut cursor = Cursor(block);
    let (size, count) = header(&mut cursor).ok_or("it is shorter than its header")?;
    if size as usize != block.len() {
        return Err("its size is not the one it states");
    }
    packed::entries(&mut cursor, count, |cursor| {
        let before = cursor.0.len();
        let element = entry(cursor).ok_or("an entry is no entry, or ends in the middle")?;
        let size = before - cursor.0.len();
        if size_from_behind(cursor, size) != Some(size as u64) {
            return Err("an entry and the size behind it disagree");
        }
        visit(element);
        Ok(())
    })
}

fn header(cursor: &mut Cursor) -> Option<(u32, u16)> {
    let size = u32::from_le_bytes(cursor.array()?);
    Some((size, u16::from_le_bytes(cursor.array()?)))
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Option<Element<'a>> {
    let first = cursor.byte()?;
    let number = match first {
        0x00..=0x7F => first.into(),
        0x80..=0xBF => return string(cursor, usize::from(first & 0x3F)),
        0xC0..=0xDF => {
            let number = u16::from_be_bytes([first & 0x1F, cursor.byte()?]);
            // Shifted up to the top of 16 bits, and down again with its sign.
            i64::from((number << 3).cast_signed() >> 3)
        }
        0xE0..=0xEF => {
            let length = u16::from_be_bytes([first & 0x0F, cursor.byte()?]);
            return string(cursor, length.into());
        }
        0xF0 => {
            let length = u32::from_le_bytes(cursor.array()?);
            return string(cursor, length as usize);
        }
        0xF1 => i16::from_le_bytes(cursor.array()?).into(),
        0xF2 => cursor.i24()?,
        0xF3 => i32::from_le_bytes(cursor.array()?).into(),
        0xF4 => i64::from_le_bytes(cursor.array()?),
        0xF5..=0xFF => return None,
    };
    Some(Element::Integer(number))
}

fn string<'a>(cursor: &mut Cursor<'a>, length: usize) -> Option<Element<'a>> {
    Some(Element::Bytes(cursor.take(length)?))
}

/// How many bytes the size of an entry takes behind it.
fn width(size: usize) -> usize {
    // The bounds are Redis's: each is one below what would fit.
    match size {
        0..=127 => 1,
        128..16383 => 2,
        16383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// The size behind an entry of this size, which says how many bytes it takes.
fn size_from_behind(cursor: &mut Cursor, size: usize) -> Option<u64> {
    let bytes = cursor.take(width(size))?;
    let marked = bytes.iter().skip(1).all(|byte| byte & 0x80 != 0);
    let join = |size, byte: &u8| size << 7 | u64::from(byte & 0x7F);
    marked.then(|| bytes.iter().fold(0, join))
}

/// The first of these entries, and those behind it. `None` at the end, and where there is no entry.
#[inline]
pub fn split_first(entries: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let mut cursor = Cursor(entries);
    let element = entry(&mut cursor)?;
    let size = entries.len() - cursor.0.len();
    Some((element, entries.get(size + width(size)..)?))
}

/// Appends an entry: a number, where the string is the digits of one.
#[inline]
pub fn push(out: &mut Vec<u8>, string: &[u8]) {
    if string.len() <= MAX_DIGITS
        && let Some(number) = integer::parse(string)
    {
        return push_integer(out, number);
    }
    let start = out.len();
    match string.len() {
        length @ 0..64 => out.push(0x80 | length as u8),
        length @ 64..4096 => out.extend_from_slice(&(0xE000 | length as u16).to_be_bytes()),
        length => {
            out.push(0xF0);
            // A stream refuses what is longer.
            out.extend_from_slice(&(length as u32).to_le_bytes());
        }
    }
    out.extend_from_slice(string);
    close(out, start);
}

/// Appends a number as an entry, in the fewest bytes.
#[inline]
pub fn push_integer(out: &mut Vec<u8>, number: i64) {
    const THREE_BYTES: i64 = 1 << 23;
    let start = out.len();
    match number {
        0..128 => out.push(number as u8),
        -4096..4096 => {
            let low = number as u16 & 0x1FFF;
            out.extend_from_slice(&(0xC000 | low).to_be_bytes());
        }
        -0x8000..0x8000 => push_bytes(out, 0xF1, number, 2),
        number if (-THREE_BYTES..THREE_BYTES).contains(&number) => {
            push_bytes(out, 0xF2, number, 3);
        }
        number if i32::try_from(number).is_ok() => push_bytes(out, 0xF3, number, 4),
        number => push_bytes(out, 0xF4, number, 8),
    }
    close(out, start);
}

fn push_bytes(out: &mut Vec<u8>, form: u8, number: i64, bytes: usize) {
    out.push(form);
    out.extend_from_slice(number.to_le_bytes().part(..bytes));
}

/// Appends the size of the entry that begins at `start`.
fn close(out: &mut Vec<u8>, start: usize) {
    let size = out.len() - start;
    let width = width(size);
    for byte in (0..width).rev() {
        let mark = if byte + 1 < width { 0x80 } else { 0 };
        out.push((size >> (7 * byte)) as u8 & 0x7F | mark);
    }
}

/// Begins a listpack.
pub fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; HEADER]);
}

/// Ends a listpack, the whole of `out`: writes its end and its header.
pub fn finish(out: &mut Vec<u8>, count: usize) {
    out.push(END);
    set_header(out, count);
}

/// Writes the header of a listpack that has `count` entries.
pub fn set_header(block: &mut [u8], count: usize) {
    let size = (block.len() as u32).to_le_bytes();
    let count = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
    let header = size.into_iter().chain(count);
    block
        .iter_mut()
        .zip(header)
        .for_each(|(place, byte)| *place = byte);
}

/// How many entries a listpack has, as its header says; `None` where nobody has counted.
pub fn count(block: &[u8]) -> Option<usize> {
    let (_, count) = header(&mut Cursor(block))?;
    (count != u16::MAX).then_some(count.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn elements(block: &[u8]) -> Result<Vec<String>, &'static str> {
        let mut all = Vec::new();
        read(block, |element| {
            let mut text = Vec::new();
            element.append(&mut text);
            all.push(text.escape_ascii().to_string());
        })?;
        Ok(all)
    }

    /// A listpack of entries of less than 127 bytes.
    fn block(entries: &[&[u8]]) -> Vec<u8> {
        let body: Vec<u8> = entries
            .iter()
            .flat_map(|entry| [entry, &[entry.len() as u8][..]].concat())
            .collect();
        let mut block = (body.len() as u32 + 7).to_le_bytes().to_vec();
        block.extend((entries.len() as u16).to_le_bytes());
        block.extend(body);
        block.push(END);
        block
    }

    const ENTRIES: &[&[u8]] = &[
        &[0x00],
        &[0x7F],
        b"\x81a",
        b"\x80",
        &[0xC0, 0x80],
        &[0xDF, 0xFF],
        &[0xD0, 0x00],
        b"\xE0\x02bc",
        b"\xF0\x01\0\0\0d",
        &[0xF1, 0, 0x80],
        &[0xF2, 0, 0, 0x80],
        &[0xF2, 1, 0, 0],
        &[0xF3, 0, 0, 0, 0x80],
        &[0xF4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    ];

    #[test]
    fn every_form_of_an_entry() {
        let expected = [
            "0",
            "127",
            "a",
            "",
            "128",
            "-1",
            "-4096",
            "bc",
            "d",
            "-32768",
            "-8388608",
            "1",
            "-2147483648",
            "9223372036854775807",
        ];
        assert_eq!(elements(&block(ENTRIES)).unwrap(), expected);
        assert_eq!(elements(&block(&[])).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut random = StdRng::seed_from_u64(8);
        for size in [0, 1, 63, 64, 127, 4095, 4096, 16_380, 16_384, 2_100_000] {
            let mut block = Vec::new();
            begin(&mut block);
            let mut expected = Vec::new();
            for _ in 0..60 {
                let number = random.random::<i64>() >> random.random_range(0..64);
                push_integer(&mut block, number);
                push(&mut block, number.to_string().as_bytes());
                expected.extend([number.to_string(), number.to_string()]);
            }
            push(&mut block, &vec![b'x'; size]);
            expected.push("x".repeat(size));
            finish(&mut block, 121);
            assert_eq!(elements(&block).unwrap(), expected);
            let mut rest = &block[HEADER..];
            let mut seen = 0;
            while let Some((_, next)) = split_first(rest) {
                (rest, seen) = (next, seen + 1);
            }
            assert_eq!((rest, seen, count(&block)), (&[END][..], 121, Some(121)));
        }
    }

    #[test]
    fn what_does_not_agree_is_an_error() {
        let good = block(ENTRIES);
        let mut uncounted = good.clone();
        uncounted[4..6].fill(0xFF);
        assert!(elements(&uncounted).is_ok());
        for (place, byte) in [(0, 0), (4, 3), (7, 2), (6, 0xF5), (good.len() - 1, 0)] {
            let mut bad = good.clone();
            bad[place] = byte;
            assert!(elements(&bad).is_err(), "{place}");
        }
        assert!(elements(&[]).is_err());
        let mut longer = good.clone();
        longer.push(END);
        longer[0] += 1;
        assert!(elements(&longer).is_err());
    }

    #[test]
    fn damage_never_panics() {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..20_000 {
            let mut bytes = block(ENTRIES);
            for _ in 0..random.random_range(1..4) {
                let place = random.random_range(0..bytes.len());
                bytes[place] = random.random();
            }
            bytes.truncate(random.random_range(0..=bytes.len() * 2));
            let _ = elements(&bytes);
        }
    }
}
