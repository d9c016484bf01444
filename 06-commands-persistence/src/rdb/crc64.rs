//! The checksum of an RDB file: CRC-64 with the polynomial that Redis chose (it is named after David T. Jones),
//! bits mirrored, starting from 0.
//!
//! A CRC takes the bytes as one long number and gives the remainder of a division. The schoolbook way goes
//! bit by bit. A table with the remainders of all 256 bytes goes byte by byte, but every step waits for the
//! one before. With eight tables, one for each distance of a byte from the end of a group of eight, the eight
//! look-ups of a group wait for nothing but the group before: "slicing by eight".

/// The polynomial 0xad93d23594c935a9, its bits mirrored.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// `TABLES[n][byte]`: the remainder of a byte that `n` zero bytes follow. Made by the compiler.
static TABLES: [[u64; 256]; 8] = tables();

/// A checksum that grows with the bytes it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crc64(u64);

impl Crc64 {
    /// The checksum of no bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with `bytes`. How they are cut into pieces does not matter.
    pub fn update(&mut self, bytes: &[u8]) {
        let (groups, rest) = bytes.as_chunks::<8>();
        let mut crc = self.0;
        for group in groups {
            crc = eight_bytes(crc ^ u64::from_le_bytes(*group));
        }
        for byte in rest {
            // A byte cannot index beyond 256 entries.
            crc = TABLES[0][usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
        }
        self.0 = crc;
    }

    /// The checksum of all bytes so far. A file has it with its low byte first.
    pub fn value(self) -> u64 {
        self.0
    }
}

/// The first byte of the group is the lowest one, and has seven bytes after it.
#[inline]
fn eight_bytes(group: u64) -> u64 {
    let [a, b, c, d, e, f, g, h] = group.to_le_bytes().map(usize::from);
    let [t0, t1, t2, t3, t4, t5, t6, t7] = &TABLES;
    t7[a] ^ t6[b] ^ t5[c] ^ t4[d] ^ t3[e] ^ t2[f] ^ t1[g] ^ t0[h]
}

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= POLYNOMIAL;
            }
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut distance = 1;
    while distance < 8 {
        let mut byte = 0;
        while byte < 256 {
            let nearer = tables[distance - 1][byte];
            tables[distance][byte] = tables[0][(nearer & 0xFF) as usize] ^ (nearer >> 8);
            byte += 1;
        }
        distance += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn crc(bytes: &[u8]) -> u64 {
        let mut crc = Crc64::new();
        crc.update(bytes);
        crc.value()
    }

    fn bit_by_bit(bytes: &[u8]) -> u64 {
        let mut crc = 0;
        for byte in bytes {
            crc ^= u64::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
            }
        }
        crc
    }

    #[test]
    fn the_check_value_of_the_algorithm() {
        assert_eq!(crc(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(crc(b""), 0);
    }

    #[test]
    fn pieces_of_any_size_agree_with_the_schoolbook_way() {
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            let mut bytes = vec![0; random.random_range(0..100)];
            random.fill(&mut bytes[..]);
            let (head, tail) = bytes.split_at(random.random_range(0..=bytes.len()));
            let mut pieces = Crc64::new();
            pieces.update(head);
            pieces.update(tail);
            assert_eq!(pieces.value(), bit_by_bit(&bytes));
        }
    }
}
