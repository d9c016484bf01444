//! Intsets: how Redis keeps small sets that have nothing but numbers in them.
//!
//! ```text
//!  width (4)   count (4)   numbers of 2, 4 or 8 bytes, ascending
//! ```

use super::packed::Cursor;

/// Shows every number of an intset to `visit`.
///
/// # Errors
///
/// What is wrong with the intset. Numbers before the fault may have been shown.
pub fn read(block: &[u8], visit: impl FnMut(i64)) -> Result<(), &'static str> {
    let mut cursor = Cursor(block);
    let (width, count) = header(&mut cursor).ok_or("it is shorter than its header")?;
    if u64::from(width) * u64::from(count) != cursor.0.len() as u64 {
        return Err("its size is not the one it states");
    }
    match width {
        2 => numbers(cursor.0, |bytes| i16::from_le_bytes(bytes).into(), visit),
        4 => numbers(cursor.0, |bytes| i32::from_le_bytes(bytes).into(), visit),
        8 => numbers(cursor.0, i64::from_le_bytes, visit),
        _ => Err("its numbers have neither 2, 4 nor 8 bytes"),
    }
}

fn header(cursor: &mut Cursor) -> Option<(u32, u32)> {
    let width = u32::from_le_bytes(cursor.array()?);
    Some((width, u32::from_le_bytes(cursor.array()?)))
}

fn numbers<const WIDTH: usize>(
    bytes: &[u8],
    number: impl Fn([u8; WIDTH]) -> i64,
    mut visit: impl FnMut(i64),
) -> Result<(), &'static str> {
    let mut previous = None;
    for bytes in bytes.as_chunks::<WIDTH>().0 {
        let number = number(*bytes);
        if previous.is_some_and(|previous| previous >= number) {
            return Err("its numbers do not ascend");
        }
        previous = Some(number);
        visit(number);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(block: &[u8]) -> Result<Vec<i64>, &'static str> {
        let mut all = Vec::new();
        read(block, |number| all.push(number))?;
        Ok(all)
    }

    #[test]
    fn every_width() {
        let two = b"\x02\0\0\0\x02\0\0\0\x00\x80\x01\x00";
        assert_eq!(all(two).unwrap(), [-32768, 1]);
        let four = b"\x04\0\0\0\x01\0\0\0\x00\x00\x01\x00";
        assert_eq!(all(four).unwrap(), [65536]);
        let eight = b"\x08\0\0\0\x01\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
        assert_eq!(all(eight).unwrap(), [-1]);
        assert_eq!(all(b"\x02\0\0\0\0\0\0\0").unwrap(), []);
    }

    #[test]
    fn what_does_not_agree_is_an_error() {
        let cases: [&[u8]; 6] = [
            b"",
            b"\x02\0\0\0\x02\0\0",
            b"\x02\0\0\0\x02\0\0\0\x01\x00",
            b"\x03\0\0\0\x01\0\0\0\x01\x00\x00",
            b"\x02\0\0\0\x02\0\0\0\x01\x00\x01\x00",
            b"\0\0\0\0\xFF\xFF\xFF\xFF",
        ];
        for block in cases {
            assert!(all(block).is_err(), "{block:?}");
        }
    }
}
