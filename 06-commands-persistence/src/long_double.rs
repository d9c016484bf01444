//! The numbers of INCRBYFLOAT and HINCRBYFLOAT: what C calls `long double` on x86, 80 bits, of which 64 are significant.
//! Redis reads them by `strtold`, adds them, and writes them by `printf("%.17Lf")`. So do we, without C, and
//! get the same digits on any machine.

use rustc_apfloat::ieee::X87DoubleExtended;
use rustc_apfloat::{Float, Round, Status};
use std::fmt;

/// The longest text that Redis reads.
const MAX_TEXT: usize = 5 * 1024 - 1;

/// How many decimals are written, and what a number is multiplied by to make an integer of them.
const DECIMALS: usize = 17;
const SCALE: u128 = 10_u128.pow(DECIMALS as u32);

/// A number of 80 bits. It may be infinite.
#[derive(Clone, Copy, Debug)]
pub struct LongDouble(X87DoubleExtended);

impl LongDouble {
    /// What a key or a field counts as that is not there.
    pub const ZERO: Self = Self(X87DoubleExtended::ZERO);

    /// The number that is nearest to what the whole text says: decimal digits or, behind `0x`, hexadecimal ones, with or
    /// without an exponent; or infinity by its name. `None` for what is no number, is too large, or too close to 0.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        if text.len() > MAX_TEXT {
            return None;
        }
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let number = parse_unsigned(unsigned.to_ascii_lowercase())?;
        Some(Self(if negative { -number } else { number }))
    }

    /// The nearest number to the sum; `None` where that is infinite or no number.
    pub fn plus(self, other: Self) -> Option<Self> {
        let sum = Self((self.0 + other.0).value);
        sum.is_finite().then_some(sum)
    }

    /// Whether it is neither infinity.
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}

/// The crate reads a little more than `strtold`, such as `1e` and `nan`, and a little less: `0x1` without an exponent.
fn parse_unsigned(mut text: String) -> Option<X87DoubleExtended> {
    if matches!(text.as_str(), "inf" | "infinity") {
        return Some(X87DoubleExtended::INFINITY);
    }
    if text.starts_with("0x") && !text.contains('p') {
        text.push_str("p0");
    }
    let belongs = |end: char| end.is_ascii_digit() || end == '.';
    if !text.starts_with(belongs) || !text.ends_with(belongs) {
        return None;
    }
    let read = X87DoubleExtended::from_str_r(&text, Round::NearestTiesToEven).ok()?;
    let vanished = read.value.is_zero() && read.status != Status::OK;
    (read.value.is_finite() && !vanished).then_some(read.value)
}

/// All digits before the point and up to 17 behind it, the last of them rounded.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What is to be subtracted from the exponent's bits, so that the significand is an integer.
        const BIAS: u64 = 16_383 + 63;
        let bits = self.0.to_bits();
        let significand = bits as u64;
        let exponent = ((bits >> 64) as u64 & 0x7FFF).max(1);
        let text = match exponent.checked_sub(BIAS) {
            Some(shift) => integer(significand, shift),
            None => with_decimals(significand, BIAS - exponent),
        };
        let sign = if self.0.is_negative() && text != "0" {
            "-"
        } else {
            ""
        };
        write!(f, "{sign}{text}")
    }
}

/// `significand / 2^shift`.
fn with_decimals(significand: u64, shift: u64) -> String {
    // Below 2^121. So what is shifted out completely is less than a half.
    let exact = u128::from(significand) * SCALE;
    let scaled = match u32::try_from(shift) {
        Ok(shift @ 1..128) => {
            let (whole, rest) = (exact >> shift, exact << (128 - shift));
            let half = 1 << 127;
            whole + u128::from(rest > half || rest == half && whole % 2 == 1)
        }
        _ => 0,
    };
    let text = format!("{}.{:0DECIMALS$}", scaled / SCALE, scaled % SCALE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `significand * 2^shift`, which has up to 4,933 digits.
fn integer(significand: u64, mut shift: u64) -> String {
    const GROUP: u64 = 1_000_000_000;
    // Groups of nine digits, the lowest first. They are multiplied by 2^32 at the most, which 64 bits hold.
    let mut groups = vec![significand % GROUP, significand / GROUP % GROUP];
    groups.push(significand / GROUP / GROUP);
    while shift > 0 {
        let step = shift.min(32);
        shift -= step;
        let mut carry = 0;
        for group in &mut groups {
            let product = (*group << step) + carry;
            (*group, carry) = (product % GROUP, product / GROUP);
        }
        while carry > 0 {
            groups.push(carry % GROUP);
            carry /= GROUP;
        }
    }
    let digits = groups.iter().rev().map(|group| format!("{group:09}"));
    let digits: String = digits.collect();
    digits.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(left: &str, right: &str) -> Option<String> {
        let left = LongDouble::parse(left.as_bytes())?;
        let right = LongDouble::parse(right.as_bytes())?;
        Some(left.plus(right)?.to_string())
    }

    /// The sums are redis-server's.
    #[test]
    fn sums_are_those_of_c() {
        for (left, right, expected) in [
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("-1.5", "1.5", "0"),
            ("-1e-18", "0", "0"),
            ("0.1", "0.2", "0.3"),
            ("3.14159265358979323846", "0", "3.14159265358979324"),
            ("9223372036854775807", "0.5", "9223372036854775807.5"),
            ("18446744073709551615", "2", "18446744073709551616"),
            ("0x1.8p1", "0X10", "19"),
            ("+.5", "5.", "5.5"),
            ("1e30", "0", "1000000000000000000024696061952"),
        ] {
            assert_eq!(sum(left, right).as_deref(), Some(expected));
        }
        assert_eq!(sum("1e4932", "0").map(|text| text.len()), Some(4933));
        assert!(sum("inf", "1").is_none() && sum("1e4932", "9e4932").is_none());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(MAX_TEXT + 1);
        for text in [
            "", " 1", "1 ", "1\0", "1e", "1e+", "0x", "0x1p", "--1", "+-1", "nan", "snan", ".",
            "1.2.3", "1e4933", "1e-4960", "é", &long,
        ] {
            assert!(LongDouble::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
