//! Registers of six bits, one behind the other: four of them in three bytes.

use super::layout::REGISTERS;

const BITS: usize = 6;
const MASK: u8 = (1 << BITS) - 1;

/// How many bytes all of them take.
pub(super) const LENGTH: usize = REGISTERS * BITS / 8;

/// The values of all registers.
pub(super) fn values(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let (threes, _) = bytes.as_chunks();
    threes.iter().flat_map(|[a, b, c]| {
        let values = [*a, a >> 6 | b << 2, b >> 4 | c << 4, c >> 2];
        values.map(|value| value & MASK)
    })
}

/// Raises one register to `value`, if that is higher. Whether it was.
pub(super) fn raise(bytes: &mut [u8], register: usize, value: u8) -> bool {
    let (byte, shift) = (register * BITS / 8, register * BITS % 8);
    let Some(place) = bytes.get_mut(byte..) else {
        return false;
    };
    // The last register ends with the last byte, and needs no second one.
    let (low, high) = match place {
        [low, high, ..] => (low, Some(high)),
        [low] => (low, None),
        [] => return false,
    };
    let both = u16::from(*low) | high.as_deref().map_or(0, |high| u16::from(*high) << 8);
    if (both >> shift) as u8 & MASK >= value {
        return false;
    }
    let both = both & !(u16::from(MASK) << shift) | u16::from(value) << shift;
    *low = both as u8;
    if let Some(high) = high {
        *high = (both >> 8) as u8;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn each_register_keeps_the_highest_value() {
        let mut random = StdRng::seed_from_u64(3);
        let (mut bytes, mut model) = (vec![0; LENGTH], vec![0; REGISTERS]);
        for _ in 0..100_000 {
            let register = random.random_range(0..REGISTERS);
            let value = random.random_range(0..=MASK);
            let changed = raise(&mut bytes, register, value);
            assert_eq!(changed, value > model[register]);
            model[register] = value.max(model[register]);
        }
        assert!(values(&bytes).eq(model));
    }
}
