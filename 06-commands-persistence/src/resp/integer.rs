//! Integers as RESP and Redis's commands write them.

use crate::part::Part;

/// Reads a decimal 64-bit integer the way Redis does: the whole text, an optional minus, no plus,
/// no leading zeros, no spaces. One number, one spelling.
pub fn parse(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let negative = digits.len() != text.len();
    match digits {
        [] => return None,
        [b'0'] => return if negative { None } else { Some(0) },
        [b'0', ..] => return None,
        _ => {}
    }
    // Counting downwards reaches i64::MIN, which has no positive twin.
    let mut value: i64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value
            .checked_mul(10)?
            .checked_sub(i64::from(digit - b'0'))?;
    }
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// The most bytes that an integer takes: 19 digits and a sign.
pub const MAX_TEXT: usize = 20;

/// Appends the decimal digits of `value`, with a minus where it is negative.
pub fn write(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(format(&mut [0; MAX_TEXT], value));
}

/// The decimal digits of `value`, with a minus where it is negative. They are written into `text`.
pub fn format(text: &mut [u8; MAX_TEXT], value: i64) -> &[u8] {
    let mut start = text.len();
    let mut rest = value.unsigned_abs();
    while let Some(place) = start.checked_sub(1).and_then(|last| text.get_mut(last)) {
        *place = b'0' + (rest % 10) as u8;
        start -= 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let (true, Some(sign)) = (value < 0, start.checked_sub(1)) {
        start = sign;
        if let Some(place) = text.get_mut(start) {
            *place = b'-';
        }
    }
    text.part(start..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_spelling() {
        let good = [
            ("0", 0),
            ("7", 7),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, value) in good {
            assert_eq!(parse(text.as_bytes()), Some(value), "{text}");
        }
        let bad = [
            "", "-", "+1", " 1", "1 ", "01", "-0", "00", "1a", "0x1", "1.0",
        ];
        let too_big = [
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
        ];
        for text in bad.into_iter().chain(too_big) {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for value in [0, 1, -1, 9, 10, 99, -100, 12345, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
            assert_eq!(parse(&out), Some(value));
        }
    }
}
