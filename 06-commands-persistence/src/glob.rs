//! Glob patterns, as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them.
//!
//! `*` stands for any bytes, `?` for one, `[abc]` and `[a-z]` for one of these, `[^a]` for one that is
//! none of these, and `\x` for `x` itself. Where a pattern is malformed its meaning is what
//! redis-server 7.0 makes of it.

/// Whether `A` and `a` are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They are not.
    Sensitive,
    /// They are, for the letters of ASCII.
    Ignored,
}

/// Whether all of `text` fits `pattern`.
///
/// As in Redis an empty text fits the empty pattern alone, not even `*`. KEYS and SCAN therefore have
/// to treat `*` as no pattern at all.
///
/// The time is bounded by the product of the two lengths, whatever the pattern: only the last `*`
/// that was met is ever tried anew. If an earlier one took more, the later one would just take less.
pub fn matches(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut pattern, mut text) = (pattern, text);
    // What stands behind the last `*`, and the text that it is tried on.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some((b'*', behind)) = pattern.split_first() {
            if behind.is_empty() {
                return true;
            }
            retry = Some((behind, text));
            pattern = behind;
            continue;
        }
        let Some((byte, rest)) = text.split_first() else {
            return pattern.is_empty();
        };
        if let Some(behind) = match_one(pattern, *byte, case) {
            (pattern, text) = (behind, rest);
            continue;
        }
        let Some((behind, [_, rest @ ..])) = retry else {
            return false;
        };
        retry = Some((behind, rest));
        (pattern, text) = (behind, rest);
    }
}

/// Whether a word is a pattern at all, by what CONFIG GET looks for.
pub fn is_pattern(word: &[u8]) -> bool {
    word.iter().any(|byte| matches!(byte, b'[' | b'*' | b'?'))
}

/// The pattern behind its first element, if that element, which is no `*`, fits the byte.
fn match_one(pattern: &[u8], byte: u8, case: Case) -> Option<&[u8]> {
    match pattern {
        [b'?', behind @ ..] => Some(behind),
        [b'[', class @ ..] => match_class(class, byte, case),
        [b'\\', literal, behind @ ..] | [literal, behind @ ..] => {
            same(*literal, byte, case).then_some(behind)
        }
        [] => None,
    }
}

/// The pattern behind a class, given from behind its `[`, if the class holds the byte. A class that is
/// not closed ends with the pattern.
fn match_class(class: &[u8], byte: u8, case: Case) -> Option<&[u8]> {
    let (negated, mut class) = match class {
        [b'^', members @ ..] => (true, members),
        members => (false, members),
    };
    let mut found = false;
    let behind = loop {
        class = match class {
            // What is escaped has its case, always.
            [b'\\', member, rest @ ..] => {
                found |= *member == byte;
                rest
            }
            [b']', behind @ ..] => break behind,
            [] => break class,
            [low, b'-', high, rest @ ..] => {
                found |= in_range(*low, *high, byte, case);
                rest
            }
            [member, rest @ ..] => {
                found |= same(*member, byte, case);
                rest
            }
        };
    };
    (found != negated).then_some(behind)
}

fn same(member: u8, byte: u8, case: Case) -> bool {
    match case {
        Case::Sensitive => member == byte,
        Case::Ignored => member.eq_ignore_ascii_case(&byte),
    }
}

/// Ends may be in either order. They are compared as the signed bytes that C has on most machines,
/// where those beyond ASCII come before it.
fn in_range(low: u8, high: u8, byte: u8, case: Case) -> bool {
    let (low, high) = (low.cast_signed(), high.cast_signed());
    let ends = [low.min(high), low.max(high), byte.cast_signed()];
    let [low, high, byte] = match case {
        Case::Sensitive => ends,
        Case::Ignored => ends.map(|end| end.cast_unsigned().to_ascii_lowercase().cast_signed()),
    };
    (low..=high).contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    fn sensitive(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes(), Case::Sensitive)
    }

    #[test]
    fn patterns_of_the_manual() {
        for (pattern, fits, differs) in [
            ("h?llo", "hello", "hllo"),
            ("h*llo", "heeeello", "hell"),
            ("h*llo", "hllo", "hllow"),
            ("h[ae]llo", "hallo", "hillo"),
            ("h[^e]llo", "hbllo", "hello"),
            ("h[a-b]llo", "hbllo", "hcllo"),
            (r"h\*llo", "h*llo", "hello"),
            (r"h[\]]", "h]", r"h\"),
            ("", "", "a"),
            ("a**", "a", "b"),
            ("*b*", "abc", "ac"),
        ] {
            assert!(sensitive(pattern, fits), "{pattern} {fits}");
            assert!(!sensitive(pattern, differs), "{pattern} {differs}");
        }
    }

    #[test]
    fn malformed_patterns_mean_what_redis_makes_of_them() {
        assert!(sensitive("[ab", "b"));
        assert!(!sensitive("[", "["));
        assert!(sensitive("[^", "x"));
        assert!(sensitive("[z-a]", "m"));
        assert!(sensitive(r"a\", r"a\"));
        assert!(sensitive("[a-]", "]"));
        assert!(!sensitive("*", ""));
        assert!(!sensitive("[]", "]"));
    }

    #[test]
    fn case_can_be_ignored() {
        let ignored =
            |pattern: &str, text: &str| matches(pattern.as_bytes(), text.as_bytes(), Case::Ignored);
        assert!(ignored("MAX*[A-C]", "maxmemoryb"));
        assert!(!ignored(r"[\A]", "a"));
        assert!(!ignored("[a-Z]", "m"));
    }

    /// Tries every way, as the definition has it.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [b'*', behind @ ..] => (0..=text.len()).any(|taken| naive(behind, &text[taken..])),
            [] => text.is_empty(),
            _ => text.split_first().is_some_and(|(byte, rest)| {
                match_one(pattern, *byte, Case::Sensitive).is_some_and(|behind| naive(behind, rest))
            }),
        }
    }

    #[test]
    fn agrees_with_trying_every_way() {
        let mut random = StdRng::seed_from_u64(7);
        let mut draw = |letters: &[u8], longest: usize| -> Vec<u8> {
            let len = random.random_range(0..=longest);
            (0..len)
                .map(|_| letters[random.random_range(0..letters.len())])
                .collect()
        };
        for _ in 0..50_000 {
            let (pattern, text) = (draw(br"ab*?[]^-\", 8), draw(b"ab]-^", 6));
            let expected = naive(&pattern, &text) && (!text.is_empty() || pattern.is_empty());
            let found = matches(&pattern, &text, Case::Sensitive);
            assert_eq!(
                found,
                expected,
                "{:?} {:?}",
                pattern.escape_ascii(),
                text.escape_ascii()
            );
        }
    }

    /// With a recursion for every star this would take longer than the universe has lasted.
    #[test]
    fn hostile_patterns_take_little_time() {
        let pattern = [b"*a".repeat(5_000), b"*b".to_vec()].concat();
        assert!(!matches(&pattern, &b"a".repeat(20_000), Case::Sensitive));
        let class = [b"*[".to_vec(), b"xy".repeat(1_000)].concat();
        assert!(!matches(&class, &b"a".repeat(2_000), Case::Sensitive));
    }
}
