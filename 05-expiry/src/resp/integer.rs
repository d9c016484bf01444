//! Integers as RESP and Redis's commands write them.

/// Reads a decimal 64-bit integer the way Redis does: the whole text, an optional minus, no plus,
/// no leading zeros, no spaces. One number, one spelling.
pub fn parse(text: &[u8]) -> Option<i64> {
    match text {
        b"0" => Some(0),
        // The first digit settles what Rust would also take. The rest is as strict in Rust as in Redis.
        [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_spelling() {
        for value in [0, 7, -1, 10, -100, i64::MAX, i64::MIN] {
            assert_eq!(parse(value.to_string().as_bytes()), Some(value));
        }
        let bad = [
            "", "-", "+1", " 1", "1 ", "01", "-0", "00", "1a", "0x1", "1.0", "--1", "1_0",
            "\u{661}",
        ];
        let too_big = [
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
        ];
        for text in bad.into_iter().chain(too_big) {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"1\xff"), None);
    }
}
