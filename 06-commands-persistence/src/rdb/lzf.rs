//! LZF, the compression inside of RDB files: fast, small, and good enough for repetitive text.
//!
//! The packed form is a row of two kinds of items. The first three bits tell them apart:
//!
//! ```text
//!  000nnnnn  n + 1 bytes                  these bytes, as they are
//!  llloooooo oooooooo                     repeat l + 2 bytes that begin o + 1 bytes before
//!  111ooooo  length  oooooooo             the same, and l is 7 + length
//! ```
//!
//! A repetition may reach into itself: one byte, repeated 100 times from 1 byte before, is 101 times that
//! byte.

use crate::part::Part;

/// The most literal bytes in one item.
const MAX_LITERALS: usize = 32;
/// The shortest repetition that is worth an item of its own.
const MIN_REPEAT: usize = 3;
/// The longest repetition in one item.
const MAX_REPEAT: usize = 2 + 7 + 255;
/// How far back a repetition may begin.
const MAX_DISTANCE: usize = 1 << 13;
/// A long repetition: three bytes become 264. No packed form can hold more than this for each of its bytes.
const MAX_RATIO: u64 = MAX_REPEAT as u64 / 3;

/// The largest step in search of a repetition.
const MAX_STEP: usize = 16;
const HASH_BITS: u32 = 13;
/// Longer strings are not compressed: positions have to fit into 32 bits, with room for several strings.
const MAX_INPUT: usize = 1 << 30;

/// Unpacks `packed` and appends to `out` what must be exactly `length` bytes. Memory is taken in proportion
/// to the packed bytes at most, whatever `length` says.
///
/// # Errors
///
/// Why `packed` cannot be the packed form of that many bytes. Part of them may have been appended.
pub fn decompress(packed: &[u8], length: u64, out: &mut Vec<u8>) -> Result<(), &'static str> {
    const SHORT: &str = "it ends in the middle";
    if length / MAX_RATIO > packed.len() as u64 {
        return Err("so few bytes cannot hold so many");
    }
    let length = usize::try_from(length).map_err(|_| "longer than memory")?;
    out.reserve(length);
    let start = out.len();
    let mut packed = packed;
    while let Some((&control, rest)) = packed.split_first() {
        if let Some(more) = control.checked_sub(MAX_LITERALS as u8) {
            let (repeat, rest) = Repeat::read(more, rest).ok_or(SHORT)?;
            packed = rest;
            repeat.append(start, length, out)?;
        } else {
            let (literals, rest) = rest.split_at_checked(control as usize + 1).ok_or(SHORT)?;
            packed = rest;
            if literals.len() > length - (out.len() - start) {
                return Err(LONG);
            }
            out.extend_from_slice(literals);
        }
    }
    if out.len() - start == length {
        Ok(())
    } else {
        Err("it holds less than it should")
    }
}

const LONG: &str = "it holds more than it should";

/// Bytes that appeared before.
struct Repeat {
    distance: usize,
    length: usize,
}

impl Repeat {
    /// `control` is the item's first byte without the literals' range, which lies below.
    fn read(control: u8, rest: &[u8]) -> Option<(Self, &[u8])> {
        let control = usize::from(control) + MAX_LITERALS;
        let (high, mut length) = (control & 0x1F, control >> 5);
        let mut rest = rest;
        if length == 7 {
            let (more, after) = rest.split_first()?;
            length += usize::from(*more);
            rest = after;
        }
        let (low, rest) = rest.split_first()?;
        let distance = (high << 8 | usize::from(*low)) + 1;
        let length = length + 2;
        Some((Self { distance, length }, rest))
    }

    /// Appends the bytes to those from `start` on, which may become `limit`.
    fn append(&self, start: usize, limit: usize, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let so_far = out.len() - start;
        if self.distance > so_far {
            return Err("it repeats what was before its beginning");
        }
        if self.length > limit - so_far {
            return Err(LONG);
        }
        let from = out.len() - self.distance;
        let mut left = self.length;
        // A repetition that reaches into itself: every round doubles what can be copied at once.
        while left > 0 {
            let size = left.min(out.len() - from);
            out.extend_from_within(from..from + size);
            left -= size;
        }
        Ok(())
    }
}

/// Packs strings. It remembers where it last saw three bytes, and looks there when it meets them again.
///
/// One compressor serves many strings: it costs 32 KiB, and nothing has to be cleared between two of them.
#[derive(Debug)]
pub struct Compressor {
    /// By the hash of three bytes: where they last began, plus `base` of that string.
    seen: Box<[u32; 1 << HASH_BITS]>,
    /// Added to all positions in the present string, so that those of earlier strings lie below.
    base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Self {
            seen: Box::new([0; 1 << HASH_BITS]),
            base: 1,
        }
    }
}

impl Compressor {
    /// Appends the packed form of `input` to `out`, if that saves at least four bytes: Redis's threshold.
    /// Otherwise leaves `out` as it was, and gives false.
    pub fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let Some(limit) = input
            .len()
            .checked_sub(4)
            .filter(|_| input.len() <= MAX_INPUT)
        else {
            return false;
        };
        self.begin();
        let packed = self.pack(input, start + limit, out);
        if !packed {
            out.truncate(start);
        }
        packed
    }

    /// Makes all positions remembered so far count as none.
    fn begin(&mut self) {
        // No string is longer than 2^30, so this leaves room for the present one, and for its end.
        if self.base > u32::MAX - 2 * MAX_INPUT as u32 {
            self.seen.fill(0);
            self.base = 1;
        }
    }

    /// False as soon as `out` grows beyond `limit`.
    fn pack(&mut self, input: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        let base = self.base;
        // At most 2^30 are added, and as many are free.
        self.base += input.len() as u32;
        let (mut at, mut written) = (0, 0);
        let mut misses = 0;
        while let Some(next) = input.get(at..).and_then(|rest| rest.first_chunk()) {
            let earlier = self.replace(next, base, at);
            match earlier.and_then(|earlier| find_repeat(input, earlier, at)) {
                Some(repeat) => {
                    write_literals(input.part(written..at), out);
                    write_repeat(&repeat, out);
                    at += repeat.length;
                    (written, misses) = (at, 0);
                    if out.len() > limit {
                        return false;
                    }
                }
                // The longer nothing repeats, the larger the steps, so that little time is lost with bytes
                // that were compressed before.
                None => {
                    misses += 1;
                    at += (1 + misses / 64).min(MAX_STEP);
                }
            }
        }
        let rest = input.part(written..);
        if out.len() + rest.len() > limit {
            return false;
        }
        write_literals(rest, out);
        out.len() <= limit
    }

    /// Remembers that `bytes` begin at `at`, and gives where they, or others with the same hash, began
    /// before in the same string.
    #[inline]
    fn replace(&mut self, bytes: &[u8; 3], base: u32, at: usize) -> Option<usize> {
        let [a, b, c] = *bytes;
        let number = u32::from_le_bytes([a, b, c, 0]);
        let hash = number.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH_BITS);
        let slot = self.seen.get_mut(hash as usize)?;
        let earlier = std::mem::replace(slot, base + at as u32);
        earlier.checked_sub(base).map(|earlier| earlier as usize)
    }
}

/// The longest repetition at `at` of what begins at `earlier`, which is before it.
#[inline]
fn find_repeat(input: &[u8], earlier: usize, at: usize) -> Option<Repeat> {
    let distance = at - earlier;
    if distance > MAX_DISTANCE {
        return None;
    }
    let (old, new) = (input.get(earlier..)?, input.get(at..)?);
    let pairs = old.iter().zip(new).take(MAX_REPEAT);
    let length = pairs.take_while(|(old, new)| old == new).count();
    (length >= MIN_REPEAT).then_some(Repeat { distance, length })
}

fn write_literals(literals: &[u8], out: &mut Vec<u8>) {
    for part in literals.chunks(MAX_LITERALS) {
        out.push(part.len() as u8 - 1);
        out.extend_from_slice(part);
    }
}

fn write_repeat(repeat: &Repeat, out: &mut Vec<u8>) {
    let [low, high, ..] = (repeat.distance - 1).to_le_bytes();
    let length = repeat.length - 2;
    if length < 7 {
        out.push((length as u8) << 5 | high);
    } else {
        out.extend_from_slice(&[7 << 5 | high, (length - 7) as u8]);
    }
    out.push(low);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn unpack(packed: &[u8], length: u64) -> Result<Vec<u8>, &'static str> {
        let mut out = b"before".to_vec();
        decompress(packed, length, &mut out)?;
        Ok(out.split_off(6))
    }

    #[test]
    fn items_by_hand() {
        assert_eq!(unpack(&[2, b'a', b'b', b'c'], 3).unwrap(), b"abc");
        assert_eq!(unpack(&[0, b'a', 0x20, 0], 4).unwrap(), b"aaaa");
        assert_eq!(
            unpack(&[1, b'a', b'b', 0xE0, 1, 1], 12).unwrap(),
            b"abababababab"
        );
        assert_eq!(unpack(&[], 0).unwrap(), b"");
    }

    #[test]
    fn what_does_not_unpack_is_an_error() {
        let cases: [(&[u8], u64); 9] = [
            (&[2, b'a', b'b'], 3),
            (&[0, b'a', 0x20], 4),
            (&[0, b'a', 0xE0, 1], 12),
            (&[0, b'a', 0x20, 1], 4),
            (&[0, b'a', 0x20, 0], 3),
            (&[0, b'a', 0x20, 0], 5),
            (&[1, b'a', b'b'], 1),
            (&[], 1),
            (&[0, b'a', 0xE0, 255, 0], u64::MAX),
        ];
        for (packed, length) in cases {
            assert!(unpack(packed, length).is_err(), "{packed:?} {length}");
        }
    }

    /// Text that repeats itself now and then, at all distances.
    fn repetitive(random: &mut StdRng) -> Vec<u8> {
        let mut bytes = Vec::new();
        let letters = random.random_range(1..=255);
        for _ in 0..random.random_range(0..60) {
            if bytes.is_empty() || random.random_bool(0.4) {
                let size = random.random_range(1..300);
                bytes.extend((0..size).map(|_| random.random_range(0..=letters) as u8));
            } else {
                let from = random.random_range(0..bytes.len());
                let to = random.random_range(from..bytes.len().min(from + 1000));
                bytes.extend_from_within(from..=to);
            }
        }
        bytes
    }

    #[test]
    fn what_is_packed_unpacks() {
        let mut random = StdRng::seed_from_u64(2);
        let mut compressor = Compressor::default();
        let mut saved = 0;
        for round in 0..1000 {
            if round == 500 {
                compressor.base = u32::MAX - 2 * MAX_INPUT as u32 - 1000;
            }
            let bytes = repetitive(&mut random);
            let mut packed = b"kept".to_vec();
            if compressor.compress(&bytes, &mut packed) {
                let packed = packed.split_off(4);
                assert!(packed.len() + 4 <= bytes.len());
                saved += bytes.len() - packed.len();
                assert_eq!(unpack(&packed, bytes.len() as u64).unwrap(), bytes);
            }
            assert_eq!(packed, b"kept");
        }
        assert!(saved > 100_000, "{saved}");
    }

    #[test]
    fn random_bytes_are_not_worth_it() {
        let mut random = StdRng::seed_from_u64(3);
        let mut compressor = Compressor::default();
        let mut out = Vec::new();
        for size in [0, 1, 4, 20, 1000, 100_000] {
            let mut bytes = vec![0; size];
            random.fill(&mut bytes[..]);
            assert!(!compressor.compress(&bytes, &mut out) && out.is_empty());
        }
        assert!(compressor.compress(&[b'x'; 21], &mut out));
    }

    #[test]
    fn garbage_never_panics() {
        let mut random = StdRng::seed_from_u64(4);
        for _ in 0..20_000 {
            let mut bytes = vec![0; random.random_range(0..40)];
            random.fill(&mut bytes[..]);
            let _ = unpack(&bytes, random.random_range(0..2000));
        }
    }
}
