//! What commands have done, as a stream of commands that do the same again.
//!
//! The append-only file and replicas read it, each at its own pace. A command is not always written down as it came: what
//! depends on the time, on chance, or on who happened to wait is written as what came of it.
//!
//! ```text
//!   offset  1000            17384           33768      34100
//!             | block         | block         | tail     |
//!               ^ a replica, behind                      ^ the append-only file, up to date
//! ```

use crate::resp::integer;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::mem;

/// A block is complete when it has so many bytes. Those who read it share it; nothing is copied.
const BLOCK: usize = 16 * 1024;

/// The stream, as far back as somebody needs it. Every byte of it has a number, its offset, by which a reader says how far it
/// has come.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Complete blocks, each with the offset of its first byte.
    blocks: VecDeque<(u64, Bytes)>,
    /// What is behind them.
    tail: Vec<u8>,
    /// The offset behind the last byte of the tail.
    end: u64,
    /// How far those who read have come.
    readers: BTreeMap<u64, u64>,
    /// How many there were, ever.
    attached: u64,
    /// How many bytes are kept although all have read them, for a reader that comes back.
    kept: u64,
    /// The database that the stream has selected.
    db: Option<usize>,
    /// What was done since the last [`commit`](Self::commit).
    pending: Requests,
}

/// One who reads the backlog.
#[derive(Debug, PartialEq, Eq)]
pub struct Reader(u64);

impl Backlog {
    /// Begins to write for one more reader, which knows the present state.
    pub fn attach(&mut self) -> Reader {
        // It does not know which database was selected.
        self.db = None;
        self.add_reader(self.end)
    }

    /// Lets a reader go on that had come to `offset`. `None` where what follows is not there any more, or where it is ahead.
    pub fn attach_at(&mut self, offset: u64) -> Option<Reader> {
        let is_there = self.is_read() && self.start() <= offset && offset <= self.end;
        is_there.then(|| self.add_reader(offset))
    }

    fn add_reader(&mut self, offset: u64) -> Reader {
        self.attached += 1;
        self.readers.insert(self.attached, offset);
        Reader(self.attached)
    }

    /// One reader less.
    pub fn detach(&mut self, reader: Reader) {
        self.readers.remove(&reader.0);
        self.trim();
    }

    /// Keeps this many bytes, about, for readers that come back. With 0 only what somebody has yet to read is kept, and
    /// nothing is written while nobody reads.
    pub fn keep(&mut self, bytes: u64) {
        self.kept = bytes;
        self.trim();
    }

    /// Whether what is done is written down: somebody reads it, or may come back to.
    #[inline]
    pub fn is_read(&self) -> bool {
        !self.readers.is_empty() || self.kept > 0
    }

    /// The offset of the first byte that is still there.
    pub fn start(&self) -> u64 {
        let first = self.blocks.front().map(|(start, _)| *start);
        first.unwrap_or_else(|| self.tail_start())
    }

    /// The offset behind the last effect.
    pub fn end(&self) -> u64 {
        self.end
    }

    fn tail_start(&self) -> u64 {
        self.end - self.tail.len() as u64
    }

    /// The next piece for a reader; empty where it has read everything. What it has not read stays in memory: one that does
    /// not keep up is to be [detached](Self::detach).
    pub fn read(&mut self, reader: &Reader) -> Bytes {
        let Some(offset) = self.readers.get(&reader.0).copied() else {
            return Bytes::new();
        };
        let piece = self.piece_at(offset);
        self.readers.insert(reader.0, offset + piece.len() as u64);
        self.trim();
        piece
    }

    /// What there is from an offset on: the rest of its block, or a copy of the tail, which still grows.
    fn piece_at(&self, offset: u64) -> Bytes {
        let after = self.blocks.partition_point(|(start, _)| *start <= offset);
        let place = after.checked_sub(1).filter(|_| offset < self.tail_start());
        if let Some((start, block)) = place.and_then(|place| self.blocks.get(place)) {
            return block.slice((offset - start) as usize..);
        }
        let rest = self.tail.get((offset - self.tail_start()) as usize..);
        Bytes::copy_from_slice(rest.unwrap_or_default())
    }

    /// Drops the blocks that nobody needs.
    fn trim(&mut self) {
        if !self.is_read() {
            self.blocks = VecDeque::new();
            self.tail = Vec::new();
        }
        let slowest = self.readers.values().copied().min().unwrap_or(self.end);
        let needed = slowest.min(self.end.saturating_sub(self.kept));
        while let Some((start, block)) = self.blocks.front()
            && start + block.len() as u64 <= needed
        {
            self.blocks.pop_front();
        }
    }

    /// Notes an effect: a request, in database `db`.
    pub fn record<'a>(&mut self, db: usize, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.select(db);
        self.pending.push(args);
    }

    /// Notes effects that were written down already.
    pub fn record_all(&mut self, db: usize, requests: &Requests) {
        if requests.count > 0 {
            self.select(db);
            self.pending.bytes.extend_from_slice(&requests.bytes);
            self.pending.count += requests.count;
        }
    }

    fn select(&mut self, db: usize) {
        if self.db != Some(db) {
            self.db = Some(db);
            let number = db.to_string();
            let select = [b"SELECT".as_slice(), number.as_bytes()];
            write(&mut self.pending.bytes, select.into_iter());
        }
    }

    /// Appends to the stream what was noted: several effects as a transaction, since nobody may see a part of them.
    #[inline]
    pub fn commit(&mut self) {
        if self.pending.count > 0 {
            self.append_pending();
        }
    }

    fn append_pending(&mut self) {
        let (start, before) = (self.tail_start(), self.tail.len());
        let is_group = mem::take(&mut self.pending.count) > 1;
        if is_group {
            write(&mut self.tail, [b"MULTI".as_slice()].into_iter());
        }
        self.tail.append(&mut self.pending.bytes);
        self.pending.bytes.shrink_to(BLOCK);
        if is_group {
            write(&mut self.tail, [b"EXEC".as_slice()].into_iter());
        }
        self.end += (self.tail.len() - before) as u64;
        if self.tail.len() >= BLOCK {
            let block = mem::replace(&mut self.tail, Vec::with_capacity(BLOCK));
            self.blocks.push_back((start, block.into()));
            self.trim();
        }
    }
}

/// Requests as they are written down, one behind the other.
#[derive(Debug, Default)]
pub struct Requests {
    bytes: Vec<u8>,
    count: usize,
}

impl Requests {
    /// One more.
    pub fn push<'a>(&mut self, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        write(&mut self.bytes, args);
        self.count += 1;
    }
}

fn write<'a>(out: &mut Vec<u8>, args: impl ExactSizeIterator<Item = &'a [u8]>) {
    write_length(out, b'*', args.len());
    for arg in args {
        write_length(out, b'$', arg.len());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

fn write_length(out: &mut Vec<u8>, marker: u8, length: usize) {
    out.push(marker);
    integer::write(out, i64::try_from(length).unwrap_or(i64::MAX));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELECT_2: &str = "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n";
    const DEL: &str = "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n";

    fn record(backlog: &mut Backlog, times: usize) {
        for _ in 0..times {
            backlog.record(2, [b"DEL".as_slice(), b"k"].into_iter());
        }
        backlog.commit();
    }

    /// All that there is for a reader, and in how many pieces.
    fn read(backlog: &mut Backlog, reader: &Reader) -> (String, usize) {
        let (mut text, mut pieces) = (String::new(), 0);
        loop {
            let piece = backlog.read(reader);
            if piece.is_empty() {
                return (text, pieces);
            }
            text.push_str(std::str::from_utf8(&piece).unwrap());
            pieces += 1;
        }
    }

    #[test]
    fn each_reader_reads_from_its_own_offset() {
        let mut backlog = Backlog::default();
        let first = backlog.attach();
        record(&mut backlog, 1);
        assert_eq!(read(&mut backlog, &first).0, format!("{SELECT_2}{DEL}"));
        let second = backlog.attach();
        let begun = backlog.end();
        for _ in 0..2_000 {
            record(&mut backlog, 1);
        }
        let expected = format!("{SELECT_2}{}", DEL.repeat(2_000));
        let (text, pieces) = read(&mut backlog, &first);
        assert_eq!((text.as_str(), pieces), (expected.as_str(), 3));
        // The other one has read nothing yet, and so everything is there for a third one, too.
        assert_eq!(backlog.start(), begun - (SELECT_2.len() + DEL.len()) as u64);
        let third = backlog.attach_at(begun + 1).unwrap();
        assert_eq!(read(&mut backlog, &third).0, expected[1..]);
        assert_eq!(read(&mut backlog, &second).0, expected);
        assert!(backlog.start() > begun);
        assert_eq!(backlog.attach_at(begun), None);
        assert_eq!(backlog.attach_at(backlog.end() + 1), None);
    }

    #[test]
    fn what_belongs_together_is_a_transaction() {
        let mut backlog = Backlog::default();
        let reader = backlog.attach();
        record(&mut backlog, 2);
        let expected = format!("*1\r\n$5\r\nMULTI\r\n{SELECT_2}{DEL}{DEL}*1\r\n$4\r\nEXEC\r\n");
        assert_eq!(read(&mut backlog, &reader).0, expected);
        assert_eq!(backlog.end(), expected.len() as u64);
    }

    #[test]
    fn memory_is_bounded_by_the_slowest_reader_and_by_what_is_to_be_kept() {
        let mut backlog = Backlog::default();
        backlog.keep(100_000);
        for _ in 0..20_000 {
            record(&mut backlog, 1);
        }
        let kept = backlog.end() - backlog.start();
        assert!(
            (100_000..100_000 + 2 * BLOCK as u64).contains(&kept),
            "{kept}"
        );
        let reader = backlog.attach_at(backlog.end() - 100_000).unwrap();
        backlog.keep(0);
        assert_eq!(read(&mut backlog, &reader).0.len(), 100_000);
        backlog.detach(reader);
        assert!(!backlog.is_read());
        assert_eq!(backlog.start(), backlog.end());
    }
}
