//! Strings: names of keys, values, elements, and blocks such as a whole listpack.
//!
//! ```text
//!  [length] bytes                               as it is
//!  C0  1 byte     C1  2 bytes     C2  4 bytes   a signed number, low byte first: the string is its digits
//!  C3  [packed] [length]  bytes                 compressed: how long it is packed, and unpacked
//! ```
//!
//! `"12345"` takes three bytes in place of six. What reads it back need not know: it gets the digits.

use super::error::ErrorKind;
use super::length::{self, ENCODED, Prefix};
use super::lzf::{self, Compressor};
use super::source::Source;
use crate::resp::integer;
use std::io::Read;

const ONE_BYTE: u8 = 0;
const TWO_BYTES: u8 = 1;
const FOUR_BYTES: u8 = 2;
const COMPRESSED: u8 = 3;

/// The longest text that is tried as a number: a minus and the ten digits of 2^31.
const MAX_DIGITS: usize = 11;
/// Strings up to this length are not compressed.
const MAX_UNCOMPRESSED: usize = 20;

/// Appends `string` in the form that Redis would choose: as a number where it is the digits of one that
/// fits into 32 bits; else compressed, if there is a compressor, where that helps; else as it is.
#[inline]
pub fn write(out: &mut Vec<u8>, string: &[u8], compressor: Option<&mut Compressor>) {
    if string.len() <= MAX_DIGITS {
        if let Some(number) = small_integer(string) {
            return write_integer(out, number);
        }
    } else if string.len() > MAX_UNCOMPRESSED
        && let Some(compressor) = compressor
        && write_compressed(out, string, compressor)
    {
        return;
    }
    length::write(out, string.len() as u64);
    out.extend_from_slice(string);
}

#[inline]
fn small_integer(text: &[u8]) -> Option<i32> {
    // Most strings are no numbers; their first letter tells.
    text.first()
        .filter(|first| first.is_ascii_digit() || **first == b'-')?;
    i32::try_from(integer::parse(text)?).ok()
}

fn write_integer(out: &mut Vec<u8>, number: i32) {
    if let Ok(number) = i8::try_from(number) {
        out.push(ENCODED | ONE_BYTE);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i16::try_from(number) {
        out.push(ENCODED | TWO_BYTES);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.push(ENCODED | FOUR_BYTES);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// False if it does not help. Then nothing is appended.
fn write_compressed(out: &mut Vec<u8>, string: &[u8], compressor: &mut Compressor) -> bool {
    // Both lengths come first, but one of them is known only afterwards.
    let start = out.len();
    if !compressor.compress(string, out) {
        return false;
    }
    let end = out.len();
    out.push(ENCODED | COMPRESSED);
    length::write(out, (end - start) as u64);
    length::write(out, string.len() as u64);
    let header = out.len() - end;
    if let Some(written) = out.get_mut(start..) {
        written.rotate_right(header);
    }
    true
}

/// Reads a string.
pub fn read<R: Read>(source: &mut Source<R>) -> Result<Vec<u8>, ErrorKind> {
    let mut string = Vec::new();
    read_into(source, &mut string)?;
    Ok(string)
}

/// Reads a string and appends it to `out`.
#[inline]
pub fn read_into<R: Read>(source: &mut Source<R>, out: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let number = match length::read_prefix(source)? {
        Prefix::Length(length) => return source.append(length, out),
        Prefix::Encoded(ONE_BYTE) => i8::from_le_bytes(source.array()?).into(),
        Prefix::Encoded(TWO_BYTES) => i16::from_le_bytes(source.array()?).into(),
        Prefix::Encoded(FOUR_BYTES) => i32::from_le_bytes(source.array()?).into(),
        Prefix::Encoded(COMPRESSED) => return read_compressed(source, out),
        Prefix::Encoded(other) => return Err(ErrorKind::StringEncoding(other)),
    };
    integer::write(out, number);
    Ok(())
}

fn read_compressed<R: Read>(source: &mut Source<R>, out: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let packed_length = length::read(source)?;
    let length = length::read(source)?;
    let mut packed = Vec::new();
    source.append(packed_length, &mut packed)?;
    lzf::decompress(&packed, length, out).map_err(ErrorKind::Lzf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn written(string: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, string, Some(&mut Compressor::default()));
        out
    }

    fn check(string: &[u8], compressor: Option<&mut Compressor>) {
        let mut out = Vec::new();
        write(&mut out, string, compressor);
        let mut source = Source::new(&out[..]);
        assert_eq!(read(&mut source).unwrap(), string);
        assert_eq!(source.offset(), out.len() as u64);
    }

    #[test]
    fn small_numbers_are_written_as_numbers() {
        assert_eq!(written(b"0"), [0xC0, 0]);
        assert_eq!(written(b"-128"), [0xC0, 0x80]);
        assert_eq!(written(b"12345"), [0xC1, 0x39, 0x30]);
        assert_eq!(written(b"-2147483648"), [0xC2, 0, 0, 0, 0x80]);
        assert_eq!(written(b"2147483648")[0], 10);
        for text in ["", "-", "01", "+1", "1.5", "-0", "1 ", "123456789012"] {
            assert_eq!(usize::from(written(text.as_bytes())[0]), text.len());
        }
    }

    #[test]
    fn long_strings_are_compressed_where_it_helps() {
        assert_eq!(written(&[b'a'; 20])[0], 20);
        assert_eq!(written(&[b'a'; 100])[0], 0xC3);
        assert!(written(&[b'a'; 100]).len() < 20);
        let mut out = Vec::new();
        write(&mut out, &[b'a'; 100], None);
        assert_eq!(out.len(), 102);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut random = StdRng::seed_from_u64(6);
        let mut compressor = Compressor::default();
        for _ in 0..3000 {
            let number: i64 = random.random::<i64>() >> random.random_range(0..64);
            check(number.to_string().as_bytes(), Some(&mut compressor));
            let letters = random.random_range(1..=255);
            let size = random.random_range(0..200);
            let string: Vec<u8> = (0..size).map(|_| random.random_range(0..letters)).collect();
            check(&string, Some(&mut compressor));
            check(&string, None);
        }
        check(&vec![b'x'; 3_000_000], None);
        check(&vec![b'x'; 3_000_000], Some(&mut compressor));
    }

    #[test]
    fn other_encodings_are_an_error() {
        let error = read(&mut Source::new(&[0xC4, 0][..]));
        assert!(matches!(error, Err(ErrorKind::StringEncoding(4))));
    }
}
