//! Writes a file, item by item.
//!
//! ```
//! # use step06_commands_persistence::rdb::{Encoder, ValueType};
//! let mut file = Vec::new();
//! let mut encoder = Encoder::new(&mut file, true);
//! encoder.header();
//! encoder.select_db(0);
//! encoder.key(ValueType::String, b"greeting", None)?;
//! encoder.element(b"hello");
//! encoder.finish(true)?;
//! # assert_eq!(file.len(), 9 + 2 + 1 + 9 + 6 + 1 + 8);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A value is written in parts: first [`Encoder::key`], then, as its type has it, [`Encoder::elements`],
//! [`Encoder::fields`] or [`Encoder::members`]. It goes to the file while it is written, so that a large one is never in
//! memory twice.
//!
//! Every collection is written as a count and its elements. Redis reads that for any size, and packs small
//! ones itself. A collection should have elements: Redis leaves out a key without any when it reads the file.

use super::crc64::Crc64;
use super::lzf::Compressor;
use super::{MAGIC, VERSION, ValueType, length, opcode, string};
use std::io::{self, Write};
use std::{fmt, mem};

/// About so many bytes go to the file at once.
const BUFFER: usize = 64 * 1024;

/// Writes the items of a file. When something goes wrong with the file, nothing more is written, and the next call
/// that can fail says what it was.
pub struct Encoder<'f> {
    file: &'f mut dyn Write,
    /// What goes to the file next.
    buffer: Vec<u8>,
    /// Over all that went to the file, and its length.
    crc: Crc64,
    length: u64,
    error: Option<io::Error>,
    compressor: Option<Compressor>,
}

impl fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl<'f> Encoder<'f> {
    /// With or without compression of strings that are longer than 20 bytes: Redis's `rdbcompression`.
    pub fn new(file: &'f mut dyn Write, compress: bool) -> Self {
        Self {
            file,
            buffer: Vec::new(),
            crc: Crc64::new(),
            length: 0,
            error: None,
            compressor: compress.then(Compressor::default),
        }
    }

    /// What a file begins with.
    pub fn header(&mut self) {
        self.buffer.extend_from_slice(MAGIC);
        let version = format!("{VERSION:04}");
        self.buffer.extend_from_slice(version.as_bytes());
    }

    /// An auxiliary field, such as `redis-ver`, `redis-bits`, `ctime`, `used-mem` or `aof-base`. Redis logs or
    /// ignores those it does not know.
    pub fn aux(&mut self, key: &[u8], value: &[u8]) {
        self.buffer.push(opcode::AUX);
        self.element(key);
        self.element(value);
    }

    /// The keys that follow belong to the database with this number.
    pub fn select_db(&mut self, number: u64) {
        self.buffer.push(opcode::SELECT_DB);
        length::write(&mut self.buffer, number);
    }

    /// How many keys the database has, and how many of them expire. Readers make room for them: a good guess
    /// is enough. It comes right after the number of the database.
    pub fn resize_db(&mut self, keys: u64, expires: u64) {
        self.buffer.push(opcode::RESIZE_DB);
        length::write(&mut self.buffer, keys);
        length::write(&mut self.buffer, expires);
    }

    /// The beginning of a key: all but its value, which has to follow as `form` says. `expires_at_ms` counts
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// What went wrong with the file before.
    #[inline]
    pub fn key(
        &mut self,
        form: ValueType,
        key: &[u8],
        expires_at_ms: Option<i64>,
    ) -> io::Result<()> {
        if let Some(error) = &mut self.error {
            return Err(mem::replace(error, io::Error::other("it failed before")));
        }
        if let Some(expires_at_ms) = expires_at_ms {
            self.buffer.push(opcode::EXPIRE_MILLIS);
            self.buffer.extend_from_slice(&expires_at_ms.to_le_bytes());
        }
        self.buffer.push(form.byte());
        self.element(key);
        Ok(())
    }

    /// The value of a list or a set: exactly `len` elements.
    pub fn elements<E: AsRef<[u8]>>(&mut self, len: usize, elements: impl IntoIterator<Item = E>) {
        self.counted(len, elements, |encoder, element| {
            encoder.element(element.as_ref());
        });
    }

    /// The value of a hash: exactly `len` fields with their values.
    pub fn fields<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        len: usize,
        fields: impl IntoIterator<Item = (F, V)>,
    ) {
        self.counted(len, fields, |encoder, (field, value)| {
            encoder.element(field.as_ref());
            encoder.element(value.as_ref());
        });
    }

    /// The value of a sorted set: exactly `len` members with their scores, none of which is NaN. Redis writes them from
    /// the highest to the lowest: its reader is fastest where each belongs before the one before.
    pub fn members<M: AsRef<[u8]>>(
        &mut self,
        len: usize,
        members: impl IntoIterator<Item = (M, f64)>,
    ) {
        self.counted(len, members, |encoder, (member, score)| {
            debug_assert!(!score.is_nan(), "nobody could read the file");
            encoder.element(member.as_ref());
            encoder.buffer.extend_from_slice(&score.to_le_bytes());
        });
    }

    fn counted<T>(
        &mut self,
        len: usize,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        length::write(&mut self.buffer, len as u64);
        let mut written = 0;
        for item in items {
            write(self, item);
            written += 1;
        }
        debug_assert_eq!(written, len, "the file would be broken");
    }

    /// One string: a value, or an element, a field, a member.
    #[inline]
    pub fn element(&mut self, element: &[u8]) {
        string::write(&mut self.buffer, element, self.compressor.as_mut());
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// A count, or another number that is mostly small.
    pub fn length(&mut self, length: u64) {
        length::write(&mut self.buffer, length);
    }

    /// Bytes without a length.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// The end of the file, with its checksum or, in its place, zeros that say that there is none. Gives the length of
    /// the file.
    ///
    /// # Errors
    /// What went wrong with the file.
    pub fn finish(mut self, checksum: bool) -> io::Result<u64> {
        self.buffer.push(opcode::EOF);
        self.flush();
        let checksum = if checksum { self.crc.value() } else { 0 };
        self.buffer.extend_from_slice(&checksum.to_le_bytes());
        self.flush();
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.length),
        }
    }

    /// Hands all that is written to the file.
    pub(super) fn flush(&mut self) {
        if self.error.is_none() {
            self.error = self.file.write_all(&self.buffer).err();
        }
        self.crc.update(&self.buffer);
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_byte_by_byte() {
        for checksum in [true, false] {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, true);
            encoder.header();
            encoder.aux(b"redis-bits", b"64");
            encoder.select_db(0);
            encoder.resize_db(2, 1);
            encoder.key(ValueType::String, b"a", None).unwrap();
            encoder.element(b"1");
            encoder.key(ValueType::List, b"l", Some(258)).unwrap();
            encoder.elements(2, ["x", "300"]);
            let length = encoder.finish(checksum).unwrap();
            let mut expected = b"REDIS0010\xFA\x0Aredis-bits\xC0\x40\xFE\0\xFB\x02\x01".to_vec();
            expected.extend(b"\x00\x01a\xC0\x01");
            expected.extend(b"\xFC\x02\x01\0\0\0\0\0\0\x01\x01l\x02\x01x\xC1\x2C\x01\xFF");
            let mut crc = Crc64::new();
            crc.update(&expected);
            let crc = if checksum { crc.value() } else { 0 };
            expected.extend(crc.to_le_bytes());
            assert_eq!(length, expected.len() as u64);
            assert_eq!(file, expected);
        }
    }

    /// A disk with room for so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_before_the_next_key() {
        let mut disk = Full(100_000);
        let mut encoder = Encoder::new(&mut disk, false);
        let mut write = || {
            encoder.key(ValueType::List, b"l", None)?;
            encoder.elements(10, [[7; 2_000]; 10]);
            Ok::<(), io::Error>(())
        };
        let written = (0..10).take_while(|_| write().is_ok()).count();
        assert!((3..9).contains(&written), "{written}");
        let mut disk = Full(10);
        let mut encoder = Encoder::new(&mut disk, false);
        encoder.header();
        let error = encoder.finish(true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
