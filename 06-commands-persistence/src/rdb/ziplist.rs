//! Ziplists: what Redis had before listpacks, up to 6.2.
//!
//! ```text
//!  bytes (4)   last (4)   count (2)   entry  entry  entry ...  FF
//! ```
//!
//! `bytes` is the size of it all, `last` where the last entry begins, `count` how many there are, or 65535 for
//! "count them". An entry begins with the size of the one before it: one byte, or FE and four bytes. So a
//! ziplist can be walked in both directions, but an entry that grows may make the next one grow, and that the
//! next, all the way to the end: the reason why listpacks came. Then:
//!
//! ```text
//!  00llllll  bytes                a string of up to 63 bytes
//!  01llllll llllllll  bytes       a string of up to 16383 bytes, the high byte of the length first
//!  80  4 bytes of length  bytes   a longer string, the high byte of the length first
//!  C0 D0 E0 F0 FE                 a signed number in 2, 4, 8, 3 or 1 bytes, low byte first
//!  F1 to FD                       a number from 0 to 12
//! ```

pub use super::packed::Element;
use super::packed::{self, Cursor, END};

const LONG_SIZE: u8 = 0xFE;

/// Shows every element of a ziplist to `visit`.
///
/// # Errors
///
/// What is wrong with the ziplist. Elements before the fault have been shown.
pub fn read(block: &[u8], mut visit: impl FnMut(Element<'_>)) -> Result<(), &'static str> {
    let mut cursor = Cursor(block);
    let (size, last, count) = header(&mut cursor).ok_or("it is shorter than its header")?;
    if size as usize != block.len() {
        return Err("its size is not the one it states");
    }
    // Of an empty one, the last entry begins where the first would.
    let mut place = block.len() - cursor.0.len();
    let mut previous = 0;
    packed::entries(&mut cursor, count, |cursor| {
        place = block.len() - cursor.0.len();
        if size_before(cursor) != Some(previous) {
            return Err("an entry and the size of it in the next disagree");
        }
        visit(entry(cursor).ok_or("an entry is no entry, or ends in the middle")?);
        previous = block.len() - cursor.0.len() - place;
        Ok(())
    })?;
    if last as usize != place {
        return Err("its last entry is not where it states");
    }
    Ok(())
}

fn header(cursor: &mut Cursor) -> Option<(u32, u32, u16)> {
    let size = u32::from_le_bytes(cursor.array()?);
    let last = u32::from_le_bytes(cursor.array()?);
    Some((size, last, u16::from_le_bytes(cursor.array()?)))
}

fn size_before(cursor: &mut Cursor) -> Option<usize> {
    match cursor.byte()? {
        LONG_SIZE => Some(u32::from_le_bytes(cursor.array()?) as usize),
        END => None,
        size => Some(size.into()),
    }
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Option<Element<'a>> {
    let first = cursor.byte()?;
    let number = match first {
        0x00..=0x3F => return string(cursor, first.into()),
        0x40..=0x7F => {
            let length = u16::from_be_bytes([first & 0x3F, cursor.byte()?]);
            return string(cursor, length.into());
        }
        0x80 => {
            let length = u32::from_be_bytes(cursor.array()?);
            return string(cursor, length);
        }
        0xC0 => i16::from_le_bytes(cursor.array()?).into(),
        0xD0 => i32::from_le_bytes(cursor.array()?).into(),
        0xE0 => i64::from_le_bytes(cursor.array()?),
        0xF0 => cursor.i24()?,
        0xF1..=0xFD => i64::from(first & 0x0F) - 1,
        0xFE => i8::from_le_bytes(cursor.array()?).into(),
        _ => return None,
    };
    Some(Element::Integer(number))
}

fn string<'a>(cursor: &mut Cursor<'a>, length: u32) -> Option<Element<'a>> {
    Some(Element::Bytes(cursor.take(length as usize)?))
}

#[cfg(test)]
pub(super) mod tests {
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

    /// A ziplist of entries, given without the size of the one before.
    pub fn block(entries: &[&[u8]]) -> Vec<u8> {
        let mut block = vec![0; 10];
        let (mut last, mut previous) = (10, 0);
        for entry in entries {
            last = block.len();
            if previous < 254 {
                block.push(previous as u8);
            } else {
                block.push(LONG_SIZE);
                block.extend((previous as u32).to_le_bytes());
            }
            block.extend_from_slice(entry);
            previous = block.len() - last;
        }
        block.push(END);
        let size = block.len() as u32;
        block[..4].copy_from_slice(&size.to_le_bytes());
        block[4..8].copy_from_slice(&(last as u32).to_le_bytes());
        block[8..10].copy_from_slice(&(entries.len() as u16).to_le_bytes());
        block
    }

    pub const ENTRIES: &[&[u8]] = &[
        b"\x01a",
        b"\x00",
        b"\x40\x02bc",
        b"\x80\0\0\0\x01d",
        &[0xC0, 0, 0x80],
        &[0xD0, 0, 0, 0, 0x80],
        &[0xE0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        &[0xF0, 0, 0, 0x80],
        &[0xF1],
        &[0xFD],
        &[0xFE, 0x80],
    ];

    #[test]
    fn every_form_of_an_entry() {
        let expected = [
            "a",
            "",
            "bc",
            "d",
            "-32768",
            "-2147483648",
            "9223372036854775807",
            "-8388608",
            "0",
            "12",
            "-128",
        ];
        assert_eq!(elements(&block(ENTRIES)).unwrap(), expected);
        assert_eq!(elements(&block(&[])).unwrap(), [""; 0]);
    }

    #[test]
    fn sizes_of_entries_before_may_be_long() {
        let long = [&[0x41, 0x2C][..], &[b'x'; 300]].concat();
        let all = elements(&block(&[&long, b"\x01y"])).unwrap();
        assert_eq!(all, ["x".repeat(300), "y".into()]);
    }

    #[test]
    fn what_does_not_agree_is_an_error() {
        let good = block(ENTRIES);
        let end = good.len() - 1;
        for (place, byte) in [
            (0, 0),
            (4, 9),
            (8, 3),
            (10, 1),
            (13, 9),
            (11, 0x90),
            (end, 0),
        ] {
            let mut bad = good.clone();
            bad[place] = byte;
            assert!(elements(&bad).is_err(), "{place}");
        }
        assert!(elements(&[]).is_err());
    }

    #[test]
    fn damage_never_panics() {
        let mut random = StdRng::seed_from_u64(8);
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
