//! From registers to a count, as Otmar Ertl found: "New cardinality estimation algorithms for HyperLogLog sketches"
//! (2017). All that matters is how many registers have which value.

use super::layout::REGISTERS;

/// The bits of a hash that are left for values. The highest value is one more.
const BITS: usize = u64::BITS as usize - REGISTERS.ilog2() as usize;

/// Half of what is `1 / ln 2`.
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// How many registers have which value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Histogram([usize; 64]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Histogram {
    /// So many registers more have this value.
    pub(super) fn add(&mut self, value: u8, registers: usize) {
        if let Some(count) = self.0.get_mut(usize::from(value)) {
            *count += registers;
        }
    }

    /// About how many different elements there were. The order of the operations decides about the last digit, and so it
    /// is Redis's.
    pub(super) fn count(&self) -> u64 {
        let m = REGISTERS as f64;
        let [zero, values @ ..] = self.0;
        let mut values = values
            .iter()
            .take(BITS + 1)
            .rev()
            .map(|count| *count as f64);
        let full = values.next().unwrap_or_default();
        let sum = values.fold(m * tau((m - full) / m), |sum, count| (sum + count) * 0.5);
        let sum = sum + m * sigma(zero as f64 / m);
        // No elements: the sum is infinite.
        (ALPHA * m * m / sum).round() as u64
    }
}

/// What the registers add that are still 0: `x + x^2 + 2 x^4 + 4 x^8 ...`.
fn sigma(mut x: f64) -> f64 {
    if x == 1. {
        return f64::INFINITY;
    }
    let (mut sum, mut weight) = (x, 1.);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if before == sum {
            return sum;
        }
    }
}

/// What the registers take away that can't get higher.
fn tau(mut x: f64) -> f64 {
    if x == 0. || x == 1. {
        return 0.;
    }
    let (mut sum, mut weight) = (1. - x, 1.);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1. - x) * (1. - x) * weight;
        if before == sum {
            return sum / 3.;
        }
    }
}
