//! What all parts of a HyperLogLog know of its bytes.

/// How many registers there are.
pub const REGISTERS: usize = 1 << 14;

/// The values of all registers.
pub type Registers = [u8; REGISTERS];

/// What stands before the registers.
pub const HEADER: usize = 16;

/// The registers of a sparse one make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupted;
