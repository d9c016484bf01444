//! The texts of values: sizes, words in quotes.

use crate::resp::inline;

/// Reads a size in bytes: digits and perhaps a unit, where `k` is 1000 and `kb` 1024, and so on to
/// `g` and `gb`. No digits are 0, and what 64 bits cannot hold is the most they can.
pub fn memory(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let unit: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = digits.iter().fold(0_u64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    Some(number.saturating_mul(unit))
}

/// A size with the largest unit that divides it, as Redis writes it to a config file.
pub fn memory_text(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")] {
        if bytes != 0 && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// Splits a line of a config file, or a word of the command line, into words; quotes as in
/// [`inline::split`]. `None` where quotes are not balanced.
pub fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut line = line.to_vec();
    let mut spans = Vec::new();
    inline::split(&mut line, &mut spans)?;
    let text = |span: &crate::resp::Span| {
        let end = span.start.checked_add(span.len)?;
        line.get(span.start..end).map(<[u8]>::to_vec)
    };
    spans.iter().map(text).collect()
}

/// The text as one word of a config file: in quotes where it would be something else without.
pub fn word(text: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"'\\#".contains(byte);
    if !text.is_empty() && text.iter().all(is_plain) {
        return text.to_vec();
    }
    quoted(text)
}

/// The text in double quotes, so that [`words`] gives it back.
pub fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in text {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(br"\n"),
            b'\r' => out.extend(br"\r"),
            b'\t' => out.extend(br"\t"),
            0x07 => out.extend(br"\a"),
            0x08 => out.extend(br"\b"),
            b' '..=b'~' => out.push(*byte),
            _ => out.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("5", 5),
            ("5b", 5),
            ("1k", 1_000),
            ("1KB", 1_024),
            ("2mb", 2 << 20),
            ("1g", 1_000_000_000),
            ("", 0),
            ("99999999999999999999", u64::MAX),
        ] {
            assert_eq!(memory(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in ["-1", "1zb", " 1", "1 ", "1%", "1.5mb"] {
            assert_eq!(memory(text.as_bytes()), None, "{text}");
        }
        for bytes in [
            0,
            1,
            1_000,
            1 << 10,
            1_025 << 10,
            512 << 20,
            3 << 30,
            u64::MAX,
        ] {
            assert_eq!(memory(memory_text(bytes).as_bytes()), Some(bytes));
        }
    }

    #[test]
    fn quotes_round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(words(&quoted(&all)), Some(vec![all]));
        assert_eq!(words(b"a \"b"), None);
    }
}
