//! Registers as runs of one value. While few have one, that takes few bytes.
//!
//! ```text
//! 00xxxxxx            1 to 64 registers are 0
//! 01xxxxxx xxxxxxxx   1 to 16,384 registers are 0
//! 1vvvvvxx            1 to 4 registers have a value from 1 to 32
//! ```

use super::layout::{Corrupted, HEADER, REGISTERS};
use crate::small_bytes::SmallBytes;

/// All registers are 0.
pub(super) const ALL_ZERO: [u8; 2] = ((REGISTERS - 1) as u16 | 0x4000).to_be_bytes();

/// The most zeros of a run that takes one byte.
const SHORT_RUN: usize = 64;
const MAX_RUN_OF_VALUE: usize = 4;
const MAX_VALUE: u8 = 32;

/// After a change so many opcodes are looked at, whether two of them are one.
const LOOKED_AT: usize = 5;

/// A run of registers, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode {
    /// Where it stands in the string.
    at: usize,
    /// How many bytes it takes.
    pub length: usize,
    /// How many registers.
    pub run: usize,
    /// The value of each.
    pub value: u8,
}

/// The runs, up to the end of the string. They may not make sense.
#[derive(Clone, Debug)]
pub struct Opcodes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Opcodes<'a> {
    /// The runs from this byte on.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }
}

impl Iterator for Opcodes<'_> {
    type Item = Opcode;

    fn next(&mut self) -> Option<Opcode> {
        let at = self.at;
        let byte = *self.bytes.get(at)?;
        let (length, run, value) = match byte >> 6 {
            0 => (1, byte & 0x3f, 0),
            1 => (2, byte & 0x3f, 0),
            _ => (1, byte & 3, (byte >> 2 & 0x1f) + 1),
        };
        let mut run = usize::from(run);
        if length == 2 {
            // A string that ends here is read as if a zero followed, as C does.
            run = run << 8 | self.bytes.get(at + 1).copied().map_or(0, usize::from);
        }
        self.at += length;
        Some(Opcode {
            at,
            length,
            run: run + 1,
            value,
        })
    }
}

/// What became of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as high already.
    Unchanged,
    Changed,
    /// The sparse form can't hold that.
    NoRoom,
}

/// Raises one register. The string may have up to `limit` bytes.
pub(super) fn set(
    bytes: &mut SmallBytes,
    register: usize,
    value: u8,
    limit: usize,
) -> Result<Outcome, Corrupted> {
    if value > MAX_VALUE {
        return Ok(Outcome::NoRoom);
    }
    let (mut before, mut left) = (HEADER, register);
    let mut opcodes = Opcodes::new(bytes, HEADER);
    let opcode = loop {
        let opcode = opcodes.next().ok_or(Corrupted)?;
        if left < opcode.run {
            break opcode;
        }
        left -= opcode.run;
        before = opcode.at;
    };
    if value <= opcode.value {
        return Ok(Outcome::Unchanged);
    }
    let mut written = Written::default();
    written.run(opcode.value, left);
    written.run(value, 1);
    written.run(opcode.value, opcode.run - 1 - left);
    let end = bytes.len().min(opcode.at + opcode.length);
    if written.bytes().len() > end - opcode.at
        && bytes.len() - (end - opcode.at) + written.bytes().len() > limit
    {
        return Ok(Outcome::NoRoom);
    }
    bytes.replace(opcode.at..end, written.bytes());
    merge(bytes, before);
    Ok(Outcome::Changed)
}

/// Opcodes in place of one.
#[derive(Default)]
struct Written {
    bytes: [u8; 5],
    length: usize,
}

impl Written {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Writes a run; nothing where it has no registers.
    fn run(&mut self, value: u8, registers: usize) {
        let Some(last) = registers.checked_sub(1) else {
            return;
        };
        // A run is part of one that was read, and so no longer than what is written like that one.
        let [high, low] = (last as u16).to_be_bytes();
        match value {
            0 if registers > SHORT_RUN => {
                self.push(0x40 | high);
                self.push(low);
            }
            0 => self.push(low),
            _ => self.push(run_of_value(value, registers)),
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

/// From 1 to 4 registers with a value from 1 to 32.
fn run_of_value(value: u8, registers: usize) -> u8 {
    0x80 | (value - 1) << 2 | (registers - 1) as u8
}

/// Makes one run of two with the same value, near a change.
fn merge(bytes: &mut SmallBytes, mut at: usize) {
    for _ in 0..LOOKED_AT {
        let mut opcodes = Opcodes::new(bytes, at);
        let (Some(one), next) = (opcodes.next(), opcodes.next()) else {
            return;
        };
        let run = one.run + next.map_or(0, |next| next.run);
        let is_same = next.is_some_and(|next| next.value == one.value);
        if is_same && one.value > 0 && run <= MAX_RUN_OF_VALUE {
            bytes.replace(at..at + 2, &[run_of_value(one.value, run)]);
        } else {
            at += one.length;
        }
    }
}
