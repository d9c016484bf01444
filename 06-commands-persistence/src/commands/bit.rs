//! Commands on the bits of strings. Bit 0 is the highest one of the first byte.

use super::row::*;
use super::string::{is_backward, resolve_range};
use super::{Call, CommandError, Outcome};
use crate::keyspace::value::WrongType;
use crate::keyspace::{SmallBytes, Value, event};
use crate::part::Part;
use crate::resp::integer;
use std::ops::Range;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH1.read("bitcount", -2, bitcount, SLOW, RO | ACCESS)
        .about("2.6.0", "Counts the bits that are set."),
    CH1.write("bitop", -4, bitop, DENYOOM, NO_KEY)
        .keys(key(2, OW | UPDATE))
        .keys(key(3, RO | ACCESS))
        .to(-1)
        .about("2.6.0", "Combines the bits of strings."),
    CH1.read("bitpos", -3, bitpos, SLOW, RO | ACCESS)
        .about("2.8.7", "Finds the first bit that is set, or is not."),
    CH1.read("getbit", 3, getbit, FAST | BRIEF, RO | ACCESS)
        .about("2.2.0", "Gives a bit."),
    CH1.write("setbit", 4, setbit, DENYOOM, MODIFY)
        .about("2.2.0", "Sets or clears a bit."),
];

const WRONG_OFFSET: CommandError =
    CommandError::new("ERR bit offset is not an integer or out of range");
const WRONG_BIT: CommandError = CommandError::new("ERR bit is not an integer or out of range");
const NEITHER_BIT: CommandError = CommandError::new("ERR The bit argument must be 1 or 0.");
const NOT_ONE_SOURCE: CommandError =
    CommandError::new("ERR BITOP NOT must be called with a single source key.");

/// The number of a bit, of a string that may be as long as the limit says. Behind `#` it is that of a field of `width`
/// bits, where there are fields.
pub fn parse_offset(
    call: &Call<'_>,
    text: &[u8],
    width: Option<u8>,
) -> Result<usize, CommandError> {
    let (text, width) = match (text, width) {
        ([b'#', text @ ..], Some(width)) => (text, width),
        _ => (text, 1),
    };
    let number = integer::parse(text).ok_or(WRONG_OFFSET)?;
    // What overflows is cut off, as in Redis.
    let offset = usize::try_from(number.wrapping_mul(width.into())).ok();
    let limit = call.server.config.proto_max_bulk_len.0;
    offset
        .filter(|offset| offset / 8 < limit)
        .ok_or(WRONG_OFFSET)
}

/// `GETBIT key offset`. <https://redis.io/docs/latest/commands/getbit/>
pub fn getbit(call: &mut Call<'_>) -> Outcome {
    let (name, offset) = (call.arg(1)?, parse_offset(call, call.arg(2)?, None)?);
    let value = call.server.db(call.db).read::<SmallBytes>(name)?;
    let byte = value.and_then(|value| value.get(offset / 8));
    let bit = byte.is_some_and(|byte| byte & mask(offset) != 0);
    call.reply.integer(i64::from(bit));
    Ok(())
}

/// `SETBIT key offset value`: the bit that was there. <https://redis.io/docs/latest/commands/setbit/>
pub fn setbit(call: &mut Call<'_>) -> Outcome {
    let (name, offset) = (call.arg(1)?, parse_offset(call, call.arg(2)?, None)?);
    let bit = match integer::parse(call.arg(3)?) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(WRONG_BIT),
    };
    let mut key = call.server.db(call.db).for_write(name);
    let value = key.get_or_create::<SmallBytes>()?;
    let grows = value.len() <= offset / 8;
    value.grow_to(offset / 8 + 1);
    let mut before = false;
    if let Some(byte) = value.to_mut().get_mut(offset / 8) {
        before = *byte & mask(offset) != 0;
        *byte = *byte & !mask(offset) | if bit { mask(offset) } else { 0 };
    }
    if grows || before != bit {
        key.changed(event::SETBIT, 1);
    }
    call.reply.integer(i64::from(before));
    Ok(())
}

fn mask(offset: usize) -> u8 {
    0x80 >> (offset % 8)
}

/// `BITCOUNT key [start end [BYTE | BIT]]`. <https://redis.io/docs/latest/commands/bitcount/>
pub fn bitcount(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let Some(value) = call.server.db(call.db).read::<SmallBytes>(name)? else {
        call.reply.integer(0);
        return Ok(());
    };
    let bits = match call.args.len() {
        2 => 0..value.len() * 8,
        4 | 5 => {
            let (start, end) = (number(call.args.get(2))?, number(call.args.get(3))?);
            if is_backward(start, end) {
                0..0
            } else {
                let unit = unit(call.args.get(4))?;
                bits(value, start, end, unit)
            }
        }
        _ => return Err(CommandError::SYNTAX),
    };
    call.reply.count(count(value, bits));
    Ok(())
}

fn number(arg: Option<&[u8]>) -> Result<i64, CommandError> {
    arg.and_then(integer::parse)
        .ok_or(CommandError::NOT_AN_INTEGER)
}

/// How many bits are one of what `BYTE`, `BIT` or nothing counts.
fn unit(arg: Option<&[u8]>) -> Result<usize, CommandError> {
    match arg.map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"byte") => Ok(8),
        Some(b"bit") => Ok(1),
        Some(_) => Err(CommandError::SYNTAX),
    }
}

/// The bits from `start` to `end`, which are counted in units of so many.
fn bits(bytes: &[u8], start: i64, end: i64, unit: usize) -> Range<usize> {
    let range = resolve_range(start, end, bytes.len() * 8 / unit);
    range.start * unit..range.end * unit
}

/// How many of these bits are set.
fn count(bytes: &[u8], bits: Range<usize>) -> usize {
    let (first, last) = (bits.start / 8, bits.end / 8);
    let ones = |byte: u8| byte.count_ones() as usize;
    // What lies before the range in its first byte, and within it in the byte after its last whole one.
    let before = bytes
        .get(first)
        .map_or(0, |byte| ones(byte & !(0xFF >> (bits.start % 8))));
    let behind = bytes
        .get(last)
        .map_or(0, |byte| ones(byte & !(0xFF >> (bits.end % 8))));
    let (words, rest) = bytes.part(first..last).as_chunks();
    let words = words
        .iter()
        .map(|word| u64::from_ne_bytes(*word).count_ones() as usize);
    let rest = rest.iter().map(|byte| ones(*byte));
    words.sum::<usize>() + rest.sum::<usize>() + behind - before
}

/// `BITPOS key bit [start [end [BYTE | BIT]]]`: the first bit that is like this, or -1.
/// <https://redis.io/docs/latest/commands/bitpos/>
pub fn bitpos(call: &mut Call<'_>) -> Outcome {
    let (name, bit) = (call.arg(1)?, call.integer(2)?);
    let bit = match bit {
        0 => false,
        1 => true,
        _ => return Err(NEITHER_BIT),
    };
    let Some(value) = call.server.db(call.db).read::<SmallBytes>(name)? else {
        // Zeros without end.
        call.reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    let has_end = call.args.len() > 4;
    let bits = match call.args.len() {
        3 => 0..value.len() * 8,
        4..=6 => {
            let start = number(call.args.get(3))?;
            let unit = unit(call.args.get(5))?;
            let end = if has_end {
                number(call.args.get(4))?
            } else {
                -1
            };
            bits(value, start, end, unit)
        }
        _ => return Err(CommandError::SYNTAX),
    };
    let found = match find(value, bits.clone(), bit) {
        // Behind its end a string goes on with zeros, unless somebody has named an end.
        None if !bit && !has_end && !bits.is_empty() => Some(bits.end),
        found => found,
    };
    call.reply.integer(found.map_or(-1, |place| place as i64));
    Ok(())
}

/// The first of these bits that is like this.
fn find(bytes: &[u8], bits: Range<usize>, bit: bool) -> Option<usize> {
    // In what lies before the range none is to be found. Nor is one in the bytes that are all the other bit.
    let others = if bit { 0 } else { 0xFF };
    let start = bits.start / 8;
    let (first, rest) = bytes.get(start..bits.end.div_ceil(8))?.split_first()?;
    let first = (first ^ others) & (0xFF >> (bits.start % 8));
    let (index, found) = if first != 0 {
        (start, first)
    } else {
        let (words, _) = rest.as_chunks();
        let mut words = words.iter().map(|word| u64::from_ne_bytes(*word));
        let passed = words.position(|word| word != u64::from_ne_bytes([others; 8]));
        let passed = passed.unwrap_or(rest.len() / 8) * 8;
        let index = passed
            + rest
                .part(passed..)
                .iter()
                .position(|byte| *byte != others)?;
        (start + 1 + index, rest.get(index)? ^ others)
    };
    let place = index * 8 + found.leading_zeros() as usize;
    (place < bits.end).then_some(place)
}

/// What BITOP does with the bits at the same place.
#[derive(Clone, Copy)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

/// `BITOP AND | OR | XOR | NOT destkey key [key ...]`: the length of the result.
/// <https://redis.io/docs/latest/commands/bitop/>
pub fn bitop(call: &mut Call<'_>) -> Outcome {
    let operation = match call.arg(1)?.to_ascii_lowercase().as_slice() {
        b"and" => Operation::And,
        b"or" => Operation::Or,
        b"xor" => Operation::Xor,
        b"not" if call.args.len() != 4 => return Err(NOT_ONE_SOURCE),
        b"not" => Operation::Not,
        _ => return Err(CommandError::SYNTAX),
    };
    let target = call.arg(2)?;
    let mut db = call.server.db(call.db);
    db.touch(call.args.from(3));
    let source = |key| Ok(db.peek::<SmallBytes>(key)?.map_or(&[][..], |value| value));
    let sources: Result<Vec<&[u8]>, WrongType> = call.args.from(3).map(source).collect();
    let result = combine(operation, &sources?);
    let length = result.len();
    let mut target = call.server.db(call.db).for_write(target);
    if length > 0 {
        let mut result = SmallBytes::from(result);
        result.mark_changed();
        target.set(Value::String(result), None);
        target.changed(event::SET, 1);
    } else if target.remove() {
        target.changed(event::DEL, 1);
    }
    call.reply.count(length);
    Ok(())
}

/// As long as the longest source: the others go on with zeros.
fn combine(operation: Operation, sources: &[&[u8]]) -> Vec<u8> {
    let Some((first, others)) = sources.split_first() else {
        return Vec::new();
    };
    let longest = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    let mut result = Vec::with_capacity(longest);
    result.extend_from_slice(first);
    result.resize(longest, 0);
    // The compiler makes loops of these that take many bytes at a time.
    if let Operation::Not = operation {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    for other in others {
        let (common, behind) = result.split_at_mut(other.len());
        let pairs = common.iter_mut().zip(*other);
        match operation {
            Operation::And => {
                pairs.for_each(|(left, right)| *left &= right);
                behind.fill(0);
            }
            Operation::Or => pairs.for_each(|(left, right)| *left |= right),
            Operation::Xor => pairs.for_each(|(left, right)| *left ^= right),
            Operation::Not => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn bits_are_counted_and_found_as_one_by_one() {
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..3000 {
            // Long stretches of the same byte, as that is what is passed over.
            let mut bytes = vec![
                *[0, 0xFF].get(random.random_range(0..2)).unwrap();
                random.random_range(0..40)
            ];
            if let Some(byte) = (!bytes.is_empty()).then(|| random.random_range(0..bytes.len())) {
                bytes[byte] = random.random();
            }
            let length = bytes.len() * 8;
            let end = random.random_range(0..=length);
            let bits = random.random_range(0..=end)..end;
            let get = |place: &usize| bytes[place / 8] & mask(*place) != 0;
            assert_eq!(
                count(&bytes, bits.clone()),
                bits.clone().filter(get).count()
            );
            for bit in [false, true] {
                let found = bits.clone().find(|place| get(place) == bit);
                assert_eq!(
                    find(&bytes, bits.clone(), bit),
                    found,
                    "{bytes:?} {bits:?} {bit}"
                );
            }
        }
    }
}
