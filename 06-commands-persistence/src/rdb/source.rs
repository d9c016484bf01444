//! A reader that knows how far it is, and the checksum of what it has read.

use super::crc64::Crc64;
use super::error::ErrorKind;
use crate::part::Part;
use std::io::{self, Read};

const BUFFER: usize = 64 * 1024;

/// The most memory set aside for a string whose bytes have not arrived.
const RESERVED: u64 = 1024 * 1024;

/// Bytes from a reader, taken one after the other.
#[derive(Debug)]
pub struct Source<R> {
    reader: R,
    buffer: Box<[u8]>,
    /// Bytes of the buffer before this are taken.
    taken: usize,
    /// Bytes of the buffer before this have arrived.
    filled: usize,
    /// How many bytes came before those in the buffer.
    before: u64,
    /// Over all bytes before those in the buffer.
    crc: Crc64,
}

impl<R: Read> Source<R> {
    /// Reads from `reader`, in pieces of its own size: it needs no buffer.
    pub fn new(reader: R) -> Self {
        Self::with_buffer(reader, BUFFER)
    }

    /// The same in pieces of up to `size` bytes, of at least one: for what is known to be short.
    pub fn with_buffer(reader: R, size: usize) -> Self {
        Self {
            reader,
            buffer: vec![0; size.clamp(1, BUFFER)].into(),
            taken: 0,
            filled: 0,
            before: 0,
            crc: Crc64::new(),
        }
    }

    /// How many bytes were taken.
    pub fn offset(&self) -> u64 {
        self.before + self.taken as u64
    }

    /// The checksum of all bytes that were taken.
    pub fn checksum(&self) -> u64 {
        let mut crc = self.crc;
        crc.update(self.buffer.part(..self.taken));
        crc.value()
    }

    /// Takes one byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, ErrorKind> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// Takes `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ErrorKind> {
        if let Some(array) = self.available().first_chunk() {
            let array = *array;
            self.taken += N;
            return Ok(array);
        }
        self.array_in_pieces()
    }

    #[cold]
    fn array_in_pieces<const N: usize>(&mut self) -> Result<[u8; N], ErrorKind> {
        let mut array = [0; N];
        for byte in &mut array {
            *byte = *self.arrived()?.first().ok_or(ErrorKind::Truncated)?;
            self.taken += 1;
        }
        Ok(array)
    }

    /// Takes `length` bytes and appends them to `out`. Memory is taken as they arrive: a length that
    /// promises more than there is costs at most a mebibyte.
    pub fn append(&mut self, length: u64, out: &mut Vec<u8>) -> Result<(), ErrorKind> {
        let reserved = length.min(RESERVED) as usize;
        if out.capacity() == 0 {
            // A string by itself; it is not going to grow.
            out.reserve_exact(reserved);
        } else {
            out.reserve(reserved);
        }
        let mut left = length;
        while left > 0 {
            let arrived = self.arrived()?;
            let size = usize::try_from(left).map_or(arrived.len(), |left| left.min(arrived.len()));
            out.extend_from_slice(arrived.part(..size));
            self.taken += size;
            left -= size as u64;
        }
        Ok(())
    }

    #[inline]
    fn available(&self) -> &[u8] {
        self.buffer.part(self.taken..self.filled)
    }

    /// Bytes not taken yet, at least one.
    fn arrived(&mut self) -> Result<&[u8], ErrorKind> {
        if self.taken == self.filled {
            self.refill()?;
        }
        Ok(self.available())
    }

    /// Replaces the buffer's bytes, all of them taken, by the next ones.
    fn refill(&mut self) -> Result<(), ErrorKind> {
        let done = self.buffer.part(..self.filled);
        self.crc.update(done);
        self.before += self.filled as u64;
        (self.taken, self.filled) = (0, 0);
        self.filled = loop {
            match self.reader.read(&mut self.buffer) {
                Ok(0) => return Err(ErrorKind::Truncated),
                Ok(size) => break size.min(self.buffer.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ErrorKind::Io(error)),
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, and is interrupted before each.
    struct Trickle<'a>(&'a [u8], bool);

    impl Read for Trickle<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.0.read(&mut out[..1])
        }
    }

    #[test]
    fn pieces_do_not_show() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut source = Source::new(Trickle(&bytes, false));
        assert_eq!(source.byte().unwrap(), 0);
        assert_eq!(source.array().unwrap(), [1, 2, 3]);
        let mut out = b"x".to_vec();
        source.append(96, &mut out).unwrap();
        assert_eq!((&out[..2], out[96]), (&[b'x', 4][..], 99));
        assert_eq!(source.offset(), 100);
        let mut crc = Crc64::new();
        crc.update(&bytes[..100]);
        assert_eq!(source.checksum(), crc.value());
    }

    #[test]
    fn a_length_that_promises_too_much_costs_little_memory() {
        let mut out = Vec::new();
        let error = Source::new(&b"short"[..]).append(u64::MAX, &mut out);
        assert!(matches!(error, Err(ErrorKind::Truncated)));
        assert!(out.capacity() <= RESERVED as usize);
    }
}
