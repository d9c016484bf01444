//! Floating-point numbers as RESP and Redis's commands write them.

use super::integer;
use crate::part::Part;
use std::io::Write;

/// The most bytes that a number takes: a sign, 17 digits, a point, and an exponent such as `e-308`.
pub const MAX_TEXT: usize = 24;

/// Digits that tell any two numbers apart.
const DIGITS: i32 = 17;

/// Beyond this not every integer has a number of its own, and C writes an exponent sooner or later.
const MAX_INTEGER: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// Reads a number the way C's `strtod` does, of which it must be the whole text: decimal with or without an exponent,
/// hexadecimal, or infinity. What is too large is infinite, what is too small is 0. Neither spaces nor NaN are numbers here.
pub fn parse(text: &[u8]) -> Option<f64> {
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+"));
    let unsigned = unsigned.unwrap_or(text);
    let value = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits)?,
        // The standard library would take a sign here.
        [b'+' | b'-', ..] => return None,
        _ => std::str::from_utf8(unsigned).ok()?.parse::<f64>().ok()?,
    };
    let is_negative = text.first() == Some(&b'-');
    let value = if is_negative { -value } else { value };
    (!value.is_nan()).then_some(value)
}

/// The same, but what is too large, or too small to be told from 0, is no number.
pub fn parse_in_range(text: &[u8]) -> Option<f64> {
    let value = parse(text)?;
    let mut mantissa = text
        .iter()
        .take_while(|byte| !matches!(byte, b'e' | b'E' | b'p' | b'P'));
    let is_out_of_range = if value.is_infinite() {
        text.iter().any(u8::is_ascii_digit)
    } else {
        value == 0.0 && mantissa.any(|byte| matches!(byte, b'1'..=b'9'))
    };
    (!is_out_of_range).then_some(value)
}

/// Hexadecimal digits with an optional point, and an optional exponent of 2 in decimal digits.
fn parse_hexadecimal(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let (mantissa, exponent) = text.split_once(['p', 'P']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    let mut exponent = exponent.parse::<i32>().ok()? - 4 * i32::try_from(fraction.len()).ok()?;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if value >> 60 == 0 {
            value = value << 4 | digit;
        } else {
            // More digits than are kept. The last bit tells whether there was anything: it decides how to round.
            value |= u64::from(digit != 0);
            exponent = exponent.saturating_add(4);
        }
    }
    // In two steps, as a power of 2 may be out of range where the product is not.
    let half = exponent / 2;
    Some(value as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half))
}

/// The number as C's `%.17g` writes it, which is how Redis writes scores: 17 digits at most, as many as it needs, and an
/// exponent only where the number is very large or very small. It is written into `text`.
pub fn format(text: &mut [u8; MAX_TEXT], value: f64) -> &[u8] {
    if value.trunc() == value && value.abs() < MAX_INTEGER && !is_negative_zero(value) {
        return match text.first_chunk_mut() {
            Some(text) => integer::format(text, value as i64),
            None => &[],
        };
    }
    let mut rest: &mut [u8] = text;
    // It fits, by `MAX_TEXT`.
    let _ = write(&mut rest, value);
    let left = rest.len();
    text.part(..MAX_TEXT - left)
}

fn is_negative_zero(value: f64) -> bool {
    value == 0.0 && value.is_sign_negative()
}

fn write(out: &mut impl Write, value: f64) -> std::io::Result<()> {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let value = value.abs();
    if !value.is_finite() {
        let name = if value.is_nan() { "nan" } else { "inf" };
        return write!(out, "{sign}{name}");
    }
    let scientific = format!("{value:.*e}", DIGITS as usize - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or_default();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = digits.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let (first, others) = digits.split_at(digits.len().min(1));
    match usize::try_from(exponent) {
        _ if !(-4..DIGITS).contains(&exponent) => {
            let point = if others.is_empty() { "" } else { "." };
            let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
            let exponent = exponent.unsigned_abs();
            write!(
                out,
                "{sign}{first}{point}{others}e{sign_of_exponent}{exponent:02}"
            )
        }
        // 0.00012
        Err(_) => {
            let zeros = exponent.unsigned_abs() as usize - 1;
            write!(out, "{sign}0.{:0<zeros$}{digits}", "")
        }
        // 12000
        Ok(exponent) if digits.len() <= exponent + 1 => {
            write!(out, "{sign}{digits:0<width$}", width = exponent + 1)
        }
        // 12.5
        Ok(exponent) => {
            let (whole, fraction) = digits.split_at(exponent + 1);
            write!(out, "{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        String::from_utf8_lossy(format(&mut [0; MAX_TEXT], value)).into_owned()
    }

    #[test]
    fn numbers_are_written_as_c_does() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-3.5, "-3.5"),
            (0.1, "0.10000000000000001"),
            (1e-4, "0.0001"),
            (1e-5, "1.0000000000000001e-05"),
            (1e-7, "9.9999999999999995e-08"),
            (9007199254740991.0, "9007199254740991"),
            (9007199254740993.0, "9007199254740992"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123456789012345678.0, "1.2345678901234568e+17"),
            (1e-320, "9.9998886718268301e-321"),
            (1.5e300, "1.5000000000000001e+300"),
            (f64::MIN, "-1.7976931348623157e+308"),
            (-1.2345678901234567e-308, "-1.2345678901234567e-308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn numbers_are_read_as_c_does() {
        for (text, expected) in [
            ("1e3", Some(1000.0)),
            ("+.5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-INF", Some(f64::NEG_INFINITY)),
            ("infinity", Some(f64::INFINITY)),
            ("0x10", Some(16.0)),
            ("-0x1.8p1", Some(-3.0)),
            ("0x20000000000001", Some(9007199254740992.0)),
            ("0x200000000000010000000001", Some(9.903520314283044e27)),
            ("1e400", Some(f64::INFINITY)),
            ("1e-400", Some(0.0)),
            ("", None),
            (".", None),
            ("0x", None),
            ("0x.", None),
            ("--1", None),
            ("+-1", None),
            (" 1", None),
            ("1 ", None),
            ("nan", None),
            ("1e", None),
            ("1,5", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
        for text in ["1e400", "-1e400", "1e-400", "0x1p9999"] {
            assert_eq!(parse_in_range(text.as_bytes()), None, "{text}");
        }
        for text in ["inf", "0", "0e5", "-0", "1e-320", "0x0"] {
            assert!(parse_in_range(text.as_bytes()).is_some(), "{text}");
        }
    }
}
