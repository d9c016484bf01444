//! Numbers that are mostly small: lengths of strings, counts of elements, numbers of databases.
//!
//! The two high bits of the first byte say how to read on:
//!
//! ```text
//!  00nnnnnn                       0 to 63
//!  01nnnnnn nnnnnnnn              up to 16383
//!  10000000 and 4 bytes           up to 2^32 - 1
//!  10000001 and 8 bytes           up to 2^64 - 1
//!  11eeeeee                       no length: a string follows that is encoded in another way, number e
//! ```
//!
//! The high byte comes first, unlike anywhere else in the file.

use super::error::ErrorKind;
use super::source::Source;
use std::io::Read;

const SHAPE: u8 = 0b1100_0000;
const SIX_BITS: u8 = 0b0000_0000;
const FOURTEEN_BITS: u8 = 0b0100_0000;
const FOUR_BYTES: u8 = 0x80;
const EIGHT_BYTES: u8 = 0x81;
/// The two bits before the number of a string's encoding.
pub(super) const ENCODED: u8 = 0b1100_0000;

/// What the first byte of a string, or of a length, leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// A length.
    Length(u64),
    /// A string in the encoding with this number, from 0 to 63.
    Encoded(u8),
}

/// Appends `length` in the fewest bytes.
#[inline]
pub fn write(out: &mut Vec<u8>, length: u64) {
    match length {
        0..64 => out.push(SIX_BITS | length as u8),
        64..0x4000 => {
            let [high, low] = (length as u16).to_be_bytes();
            out.extend_from_slice(&[FOURTEEN_BITS | high, low]);
        }
        0x4000..=0xFFFF_FFFF => {
            out.push(FOUR_BYTES);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
        _ => {
            out.push(EIGHT_BYTES);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Reads a length. What else may begin in its place is an error.
pub fn read<R: Read>(source: &mut Source<R>) -> Result<u64, ErrorKind> {
    match read_prefix(source)? {
        Prefix::Length(length) => Ok(length),
        Prefix::Encoded(_) => Err(ErrorKind::Length),
    }
}

/// Reads the beginning of a string.
#[inline]
pub fn read_prefix<R: Read>(source: &mut Source<R>) -> Result<Prefix, ErrorKind> {
    let first = source.byte()?;
    let low = first & !SHAPE;
    Ok(match (first & SHAPE, first) {
        (SIX_BITS, _) => Prefix::Length(low.into()),
        (FOURTEEN_BITS, _) => Prefix::Length(u16::from_be_bytes([low, source.byte()?]).into()),
        (ENCODED, _) => Prefix::Encoded(low),
        (_, FOUR_BYTES) => Prefix::Length(u32::from_be_bytes(source.array()?).into()),
        (_, EIGHT_BYTES) => Prefix::Length(u64::from_be_bytes(source.array()?)),
        _ => return Err(ErrorKind::Length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_reads_back_and_takes_the_fewest_bytes() {
        let cases = [
            (0, 1),
            (63, 1),
            (64, 2),
            (16383, 2),
            (16384, 5),
            (0xFFFF_FFFF, 5),
            (0x1_0000_0000, 9),
            (u64::MAX, 9),
        ];
        for (length, size) in cases {
            let mut out = Vec::new();
            write(&mut out, length);
            assert_eq!(out.len(), size, "{length}");
            assert_eq!(read(&mut Source::new(&out[..])).unwrap(), length);
        }
    }

    #[test]
    fn the_high_byte_comes_first() {
        let mut out = Vec::new();
        write(&mut out, 0x1234);
        write(&mut out, 0x12345);
        assert_eq!(out, [0x52, 0x34, 0x80, 0, 1, 0x23, 0x45]);
    }

    #[test]
    fn what_is_no_length_is_an_error() {
        for bytes in [&[0xC0, 1][..], &[0x82, 0, 0, 0, 0], &[0xBF]] {
            assert!(matches!(
                read(&mut Source::new(bytes)),
                Err(ErrorKind::Length)
            ));
        }
        for bytes in [&[][..], &[0x40], &[0x80, 0, 0, 0], &[0x81, 0, 0, 0, 0]] {
            let error = read(&mut Source::new(bytes));
            assert!(matches!(error, Err(ErrorKind::Truncated)));
        }
    }
}
