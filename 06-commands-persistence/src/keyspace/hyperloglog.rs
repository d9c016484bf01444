//! How many different elements were seen, wrong by 0.8 % as a rule, in 12 KB at the most: a HyperLogLog, in the bytes of Redis.
//!
//! ```text
//! H Y L L | encoding | 0 0 0 | count, 8 bytes | registers: sparse or dense
//! ```
//!
//! An element's hash says which of 16,384 registers it belongs to, and which value it brings: one more than the zeros with which
//! the rest of the hash ends. A register keeps the highest value that came. See Philippe Flajolet and others,
//! "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm" (2007).
//!
//! It is a string like any other, so that whoever writes strings can write a wrong one. Nothing here trusts it.

mod dense;
mod estimate;
mod hash;
mod layout;
mod sparse;

use super::SmallBytes;
use crate::part::Part;
use layout::HEADER;
pub use layout::{Corrupted, REGISTERS, Registers};
pub use sparse::{Opcode, Opcodes};
use sparse::{Outcome, set as set_sparse};

const MAGIC: &[u8] = b"HYLL";
/// Where the encoding is told.
const ENCODING: usize = 4;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
/// Where the count is kept, with the lowest byte first.
const COUNT: usize = 8;
/// The highest bit of the count: registers have changed since it was made.
const STALE: u64 = 1 << 63;
const DENSE_LENGTH: usize = HEADER + dense::LENGTH;

/// A string that is a HyperLogLog, to be read.
#[derive(Clone, Copy, Debug)]
pub struct HyperLogLog<'a> {
    bytes: &'a [u8],
    is_sparse: bool,
}

impl<'a> HyperLogLog<'a> {
    /// The one that this string is, by its header and its length.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let has_header = bytes.len() >= HEADER && bytes.starts_with(MAGIC);
        let is_sparse = match *bytes.get(ENCODING)? {
            SPARSE => true,
            DENSE if bytes.len() == DENSE_LENGTH => false,
            _ => return None,
        };
        has_header.then_some(Self { bytes, is_sparse })
    }

    /// Whether its registers are written as runs of equal values.
    pub fn is_sparse(self) -> bool {
        self.is_sparse
    }

    /// What was counted last, unless registers have changed since.
    pub fn kept_count(self) -> Option<u64> {
        let (count, _) = self.bytes.part(COUNT..).split_first_chunk()?;
        let count = u64::from_le_bytes(*count);
        (count & STALE == 0).then_some(count)
    }

    /// About how many different elements were added.
    ///
    /// # Errors
    /// [`Corrupted`].
    pub fn count(self) -> Result<u64, Corrupted> {
        let mut histogram = estimate::Histogram::default();
        self.each_run(|_, length, value| histogram.add(value, length))?;
        Ok(histogram.count())
    }

    /// Raises each of these registers to its own value, where that is higher. What comes of several is the union.
    ///
    /// # Errors
    /// [`Corrupted`]; some of the registers may have been raised.
    pub fn raise(self, registers: &mut Registers) -> Result<(), Corrupted> {
        self.each_run(|first, length, value| {
            for register in registers.part_mut(first..first + length) {
                *register = value.max(*register);
            }
        })
    }

    /// The runs of a sparse one.
    pub fn opcodes(self) -> Opcodes<'a> {
        Opcodes::new(self.bytes, HEADER)
    }

    /// Calls `visit` for each run of registers with one value: the first one, how many, and the value.
    fn each_run(self, mut visit: impl FnMut(usize, usize, u8)) -> Result<(), Corrupted> {
        let mut first = 0;
        if !self.is_sparse {
            for (register, value) in dense::values(self.bytes.part(HEADER..)).enumerate() {
                visit(register, 1, value);
            }
            return Ok(());
        }
        for Opcode { run, value, .. } in self.opcodes() {
            if first + run > REGISTERS {
                return Err(Corrupted);
            }
            visit(first, run, value);
            first += run;
        }
        (first == REGISTERS).then_some(()).ok_or(Corrupted)
    }
}

/// About how many different elements have led to these registers.
pub fn count(registers: &Registers) -> u64 {
    let mut histogram = estimate::Histogram::default();
    for value in registers {
        histogram.add(*value, 1);
    }
    histogram.count()
}

/// One to which nothing was added: all registers are 0, in one run.
pub fn empty() -> SmallBytes {
    let mut bytes = SmallBytes::from([MAGIC, &[SPARSE, 0, 0, 0]].concat().as_slice());
    bytes.append(&STALE.to_le_bytes());
    bytes.append(&sparse::ALL_ZERO);
    bytes
}

/// Adds an element to a HyperLogLog. Whether a register has changed. A sparse one becomes dense where it would take more than
/// `sparse_bytes`.
///
/// # Errors
/// [`Corrupted`].
pub fn add(bytes: &mut SmallBytes, element: &[u8], sparse_bytes: usize) -> Result<bool, Corrupted> {
    let (register, value) = hash::place(element);
    raise_one(bytes, register, value, sparse_bytes)
}

/// Raises one register, as [`add`] does.
///
/// # Errors
/// [`Corrupted`].
pub fn raise_one(
    bytes: &mut SmallBytes,
    register: usize,
    value: u8,
    sparse_bytes: usize,
) -> Result<bool, Corrupted> {
    if bytes.get(ENCODING) == Some(&SPARSE) {
        match set_sparse(bytes, register, value, sparse_bytes)? {
            Outcome::Unchanged => return Ok(false),
            Outcome::Changed => {
                forget_count(bytes);
                return Ok(true);
            }
            Outcome::NoRoom => to_dense(bytes).map(drop)?,
        }
    }
    let registers = bytes.to_mut().get_mut(HEADER..).unwrap_or_default();
    let changed = dense::raise(registers, register, value);
    if changed {
        forget_count(bytes);
    }
    Ok(changed)
}

/// Makes a sparse one dense. Whether it was sparse.
///
/// # Errors
/// [`Corrupted`]; it is as it was.
pub fn to_dense(bytes: &mut SmallBytes) -> Result<bool, Corrupted> {
    let sketch = HyperLogLog::of(bytes).ok_or(Corrupted)?;
    if !sketch.is_sparse {
        return Ok(false);
    }
    let mut dense = vec![0; DENSE_LENGTH];
    let (header, registers) = dense.split_at_mut(HEADER);
    header.copy_from_slice(bytes.part(..HEADER));
    header.part_mut(ENCODING..=ENCODING).fill(DENSE);
    sketch.each_run(|first, length, value| {
        for register in first..first + length {
            dense::raise(registers, register, value);
        }
    })?;
    *bytes = dense.into();
    Ok(true)
}

/// Keeps what was counted, for as long as no register changes.
pub fn keep_count(bytes: &mut SmallBytes, count: u64) {
    if let Some(place) = bytes.to_mut().get_mut(COUNT..HEADER) {
        place.copy_from_slice(&count.to_le_bytes());
    }
}

/// Says that the count which is kept is no longer true.
pub fn forget_count(bytes: &mut SmallBytes) {
    if let Some(byte) = bytes.to_mut().get_mut(HEADER - 1) {
        *byte |= (STALE >> 56) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn the_bytes_are_those_of_redis() {
        let mut bytes = empty();
        for element in ["foo", "bar", "zap", "", "a longer element, of 30 bytes"] {
            assert_eq!(add(&mut bytes, element.as_bytes(), 3_000), Ok(true));
        }
        let count = HyperLogLog::of(&bytes).unwrap().count().unwrap();
        keep_count(&mut bytes, count);
        assert_eq!(
            bytes.escape_ascii().to_string(),
            r"HYLL\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00W1\x84E\x80\x90B\x07\x84Ga\x90@\xf5\x80X\xe7"
        );
    }

    #[test]
    fn sparse_and_dense_hold_the_highest_values() {
        let mut random = StdRng::seed_from_u64(14);
        for limit in [0, 18, 30, 300, 3_000, 5_000] {
            let mut model = [0; REGISTERS];
            let mut bytes = empty();
            for _ in 0..5_000 {
                let register = random.random_range(0..REGISTERS);
                let highest = random.random_range(2..=51);
                let value = random.random_range(1..=highest);
                // Near others, so that runs meet.
                let register = register >> random.random_range(0..14);
                let raised = value > model[register];
                model[register] = value.max(model[register]);
                assert_eq!(raise_one(&mut bytes, register, value, limit), Ok(raised));
            }
            let mut registers = [0; REGISTERS];
            let sketch = HyperLogLog::of(&bytes).unwrap();
            sketch.raise(&mut registers).unwrap();
            assert_eq!(registers, model);
            assert_eq!(sketch.count(), Ok(count(&model)));
        }
    }

    #[test]
    fn a_count_is_near_the_truth() {
        for elements in [0, 1, 10, 100, 1_000, 10_000, 100_000_u32] {
            let mut bytes = empty();
            for element in 0..elements {
                add(&mut bytes, &element.to_le_bytes(), 3_000).unwrap();
            }
            let count = HyperLogLog::of(&bytes).unwrap().count().unwrap();
            let wrong_by = count.abs_diff(elements.into()) as f64;
            assert!(
                wrong_by <= f64::from(elements) * 0.02,
                "{elements}: {count}"
            );
        }
    }

    #[test]
    fn any_string_is_survived() {
        let mut random = StdRng::seed_from_u64(15);
        for _ in 0..20_000 {
            let length = random.random_range(0..60);
            let mut string: Vec<u8> = (0..length).map(|_| random.random()).collect();
            let header = b"HYLL\x01".iter().zip(&mut string);
            header.for_each(|(byte, place)| *place = *byte);
            let mut bytes = SmallBytes::from(string);
            let Some(sketch) = HyperLogLog::of(&bytes) else {
                assert!(length < HEADER);
                continue;
            };
            let is_whole = sketch.opcodes().map(|opcode| opcode.run).sum::<usize>() == REGISTERS;
            assert_eq!(sketch.count().is_ok(), is_whole);
            for register in [0, random.random_range(0..REGISTERS), REGISTERS - 1] {
                let _ = raise_one(&mut bytes, register, random.random_range(1..33), length);
            }
            assert_eq!(to_dense(&mut bytes).is_ok(), is_whole);
        }
    }
}
