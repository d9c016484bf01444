//! What commands have done, as a stream of commands that do the same again.
//!
//! The append-only file and replicas will read it. A command is not always written down as it came: what
//! depends on the time, on chance, or on who happened to wait is written as what came of it.

use crate::resp::integer;

/// The stream. Every byte of it has a number, its offset, by which a reader says how far it has come.
#[derive(Debug, Default)]
pub struct Effects {
    /// What is kept for the reader, in the form of requests.
    bytes: Vec<u8>,
    /// The offset of the first of `bytes`.
    start: u64,
    /// The database that the stream has selected.
    db: Option<usize>,
    /// Whether there is a reader. Without one nothing is written.
    read: bool,
}

impl Effects {
    /// Begins to write, for a reader that knows the present state. It reads on from the offset given.
    pub fn attach(&mut self) -> u64 {
        self.read = true;
        self.db = None;
        self.end()
    }

    /// Stops writing.
    pub fn detach(&mut self) {
        self.take();
        self.read = false;
    }

    /// Whether there is a reader.
    pub fn is_read(&self) -> bool {
        self.read
    }

    /// The offset behind the last effect.
    pub fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// What was written since this was last called.
    pub fn take(&mut self) -> Vec<u8> {
        self.start = self.end();
        std::mem::take(&mut self.bytes)
    }

    /// Writes one effect: a request, in database `db`.
    pub fn record<'a>(&mut self, db: usize, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        if !self.read {
            return;
        }
        if self.db != Some(db) {
            self.db = Some(db);
            let number = db.to_string();
            self.write([b"SELECT".as_slice(), number.as_bytes()].into_iter());
        }
        self.write(args);
    }

    fn write<'a>(&mut self, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.length(b'*', args.len());
        for arg in args {
            self.length(b'$', arg.len());
            self.bytes.extend_from_slice(arg);
            self.bytes.extend_from_slice(b"\r\n");
        }
    }

    fn length(&mut self, marker: u8, length: usize) {
        self.bytes.push(marker);
        integer::write(&mut self.bytes, i64::try_from(length).unwrap_or(i64::MAX));
        self.bytes.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_requests_with_offsets() {
        let mut effects = Effects::default();
        let del = || [b"DEL".as_slice(), b"k"].into_iter();
        effects.record(0, del());
        assert_eq!(effects.end(), 0);
        assert_eq!(effects.attach(), 0);
        effects.record(2, del());
        effects.record(2, del());
        let expected = "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n";
        assert_eq!(effects.end(), expected.len() as u64);
        assert_eq!(effects.take(), expected.as_bytes());
        effects.record(2, del());
        assert_eq!(effects.end(), (expected.len() + 20) as u64);
    }
}
