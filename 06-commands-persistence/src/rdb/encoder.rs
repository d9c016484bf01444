//! Writes a file, item by item.
//!
//! All of it is appended to bytes of the caller, who takes them to the file whenever there are enough of them,
//! and keeps the checksum of what was taken:
//!
//! ```
//! # use step06_commands_persistence::rdb::{Crc64, Encoder};
//! let mut file = Vec::new();
//! let mut crc = Crc64::new();
//! let mut encoder = Encoder::new(true);
//! let mut out = Vec::new();
//!
//! encoder.header(&mut out);
//! encoder.select_db(&mut out, 0);
//! encoder.string(&mut out, b"greeting", None, b"hello");
//! crc.update(&out); // once in a while
//! file.append(&mut out);
//!
//! encoder.eof(&mut out, crc);
//! file.append(&mut out);
//! # assert_eq!(file.len(), 9 + 2 + 1 + 9 + 6 + 1 + 8);
//! ```
//!
//! A value that is too large to be held in memory twice is written in parts: [`Encoder::key`],
//! [`Encoder::length`], and then every [`Encoder::element`], with [`Encoder::score`] behind it in a sorted set.
//!
//! Every collection is written as a count and its elements. Redis reads that for any size, and packs small
//! ones itself. A collection should have elements: Redis leaves out a key without any when it reads the file.

use super::crc64::Crc64;
use super::lzf::Compressor;
use super::{MAGIC, VERSION, ValueType, length, opcode, string};

/// Writes the items of a file. It keeps no bytes itself, only what compression needs.
#[derive(Debug)]
pub struct Encoder {
    compressor: Option<Compressor>,
}

impl Encoder {
    /// With or without compression of strings that are longer than 20 bytes: Redis's `rdbcompression`.
    pub fn new(compress: bool) -> Self {
        let compressor = compress.then(Compressor::default);
        Self { compressor }
    }

    /// What a file begins with.
    pub fn header(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(format!("{VERSION:04}").as_bytes());
    }

    /// An auxiliary field, such as `redis-ver`, `redis-bits`, `ctime`, `used-mem` or `aof-base`. Redis logs or
    /// ignores those it does not know.
    pub fn aux(&mut self, out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
        out.push(opcode::AUX);
        self.element(out, key);
        self.element(out, value);
    }

    /// The keys that follow belong to the database with this number.
    pub fn select_db(&mut self, out: &mut Vec<u8>, number: u64) {
        out.push(opcode::SELECT_DB);
        length::write(out, number);
    }

    /// How many keys the database has, and how many of them expire. Readers make room for them: a good guess
    /// is enough. It comes right after the number of the database.
    pub fn resize_db(&mut self, out: &mut Vec<u8>, keys: u64, expires: u64) {
        out.push(opcode::RESIZE_DB);
        length::write(out, keys);
        length::write(out, expires);
    }

    /// A key that holds a string.
    #[inline]
    pub fn string(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        expires_at_ms: Option<i64>,
        value: &[u8],
    ) {
        self.key(out, ValueType::String, key, expires_at_ms);
        self.element(out, value);
    }

    /// A key that holds a list of `len` elements, which come from its head to its tail.
    pub fn list<E: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        expires_at_ms: Option<i64>,
        len: usize,
        elements: impl IntoIterator<Item = E>,
    ) {
        self.key(out, ValueType::List, key, expires_at_ms);
        self.elements(out, len, elements);
    }

    /// A key that holds a set of `len` members.
    pub fn set<E: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        expires_at_ms: Option<i64>,
        len: usize,
        members: impl IntoIterator<Item = E>,
    ) {
        self.key(out, ValueType::Set, key, expires_at_ms);
        self.elements(out, len, members);
    }

    /// A key that holds a hash of `len` fields, each with its value.
    pub fn hash<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        expires_at_ms: Option<i64>,
        len: usize,
        fields: impl IntoIterator<Item = (F, V)>,
    ) {
        self.key(out, ValueType::Hash, key, expires_at_ms);
        self.fields(out, len, fields);
    }

    /// A key that holds a sorted set of `len` members, each with its score, which is not NaN. Redis writes
    /// them from the highest to the lowest: its reader is fastest where each belongs before the one before.
    pub fn sorted_set<M: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        expires_at_ms: Option<i64>,
        len: usize,
        members: impl IntoIterator<Item = (M, f64)>,
    ) {
        self.key(out, ValueType::SortedSet, key, expires_at_ms);
        self.members(out, len, members);
    }

    /// The beginning of a key: all but its value, which has to follow as `kind` says. `expires_at_ms` counts
    /// milliseconds since 1970.
    #[inline]
    pub fn key(
        &mut self,
        out: &mut Vec<u8>,
        kind: ValueType,
        key: &[u8],
        expires_at_ms: Option<i64>,
    ) {
        if let Some(expires_at_ms) = expires_at_ms {
            out.push(opcode::EXPIRE_MILLIS);
            out.extend_from_slice(&expires_at_ms.to_le_bytes());
        }
        out.push(kind.byte());
        self.element(out, key);
    }

    /// The value of a list or a set: exactly `len` elements.
    pub fn elements<E: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        len: usize,
        elements: impl IntoIterator<Item = E>,
    ) {
        self.counted(out, len, elements, |encoder, out, element| {
            encoder.element(out, element.as_ref());
        });
    }

    /// The value of a hash: exactly `len` fields with their values.
    pub fn fields<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        len: usize,
        fields: impl IntoIterator<Item = (F, V)>,
    ) {
        self.counted(out, len, fields, |encoder, out, (field, value)| {
            encoder.element(out, field.as_ref());
            encoder.element(out, value.as_ref());
        });
    }

    /// The value of a sorted set: exactly `len` members with their scores.
    pub fn members<M: AsRef<[u8]>>(
        &mut self,
        out: &mut Vec<u8>,
        len: usize,
        members: impl IntoIterator<Item = (M, f64)>,
    ) {
        self.counted(out, len, members, |encoder, out, (member, score)| {
            encoder.element(out, member.as_ref());
            encoder.score(out, score);
        });
    }

    fn counted<T>(
        &mut self,
        out: &mut Vec<u8>,
        len: usize,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, &mut Vec<u8>, T),
    ) {
        self.length(out, len as u64);
        let mut written = 0;
        for item in items {
            write(self, out, item);
            written += 1;
        }
        debug_assert_eq!(written, len, "the file would be broken");
    }

    /// How many elements, fields or members follow.
    pub fn length(&mut self, out: &mut Vec<u8>, length: u64) {
        length::write(out, length);
    }

    /// One string: an element, a field, a value, or a member.
    #[inline]
    pub fn element(&mut self, out: &mut Vec<u8>, element: &[u8]) {
        string::write(out, element, self.compressor.as_mut());
    }

    /// The score of the member before.
    pub fn score(&mut self, out: &mut Vec<u8>, score: f64) {
        debug_assert!(!score.is_nan(), "nobody could read the file");
        out.extend_from_slice(&score.to_le_bytes());
    }

    /// The end of the file, with its checksum. `drained` is the checksum of what was taken out of `out`
    /// before; everything after that must still be in there.
    pub fn eof(&mut self, out: &mut Vec<u8>, drained: Crc64) {
        out.push(opcode::EOF);
        let mut crc = drained;
        crc.update(out);
        out.extend_from_slice(&crc.value().to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_byte_by_byte() {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(true);
        encoder.header(&mut out);
        encoder.aux(&mut out, b"redis-bits", b"64");
        encoder.select_db(&mut out, 0);
        encoder.resize_db(&mut out, 2, 1);
        encoder.string(&mut out, b"a", None, b"1");
        encoder.list(&mut out, b"l", Some(258), 2, ["x", "300"]);
        let mut expected = b"REDIS0010\xFA\x0Aredis-bits\xC0\x40\xFE\0\xFB\x02\x01".to_vec();
        expected.extend(b"\x00\x01a\xC0\x01");
        expected.extend(b"\xFC\x02\x01\0\0\0\0\0\0\x01\x01l\x02\x01x\xC1\x2C\x01");
        assert_eq!(out, expected);
    }

    #[test]
    fn the_checksum_is_that_of_all_that_was_drained() {
        let mut whole = Vec::new();
        let mut encoder = Encoder::new(false);
        encoder.header(&mut whole);
        encoder.set(&mut whole, b"s", None, 1, ["member"]);
        let (mut drained, mut rest) = (Crc64::new(), whole.split_off(5));
        drained.update(&whole);
        encoder.eof(&mut rest, drained);
        whole.append(&mut rest);
        let stored = whole.split_off(whole.len() - 8);
        let mut crc = Crc64::new();
        crc.update(&whole);
        assert_eq!(stored, crc.value().to_le_bytes());
    }
}
