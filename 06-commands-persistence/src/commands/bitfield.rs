//! BITFIELD: integers of any width, packed into a string.

use super::bit::parse_offset;
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::{SmallBytes, event};
use crate::part::Part;
use crate::resp::integer;
use crate::resp::queue::Args;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH1.write("bitfield", -2, bitfield, DENYOOM, MODIFY | VARIABLE_FLAGS)
        .notes("This command allows both access and modification of the key")
        .find_keys(keys_of_bitfield)
        .about("3.2.0", "Reads and changes integers within a string."),
    CH1.read("bitfield_ro", -2, bitfield_ro, FAST, RO | ACCESS)
        .about("6.0.0", "Reads integers within a string."),
];

const WRONG_TYPE_OF_FIELD: CommandError = CommandError::new(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);
const WRONG_OVERFLOW: CommandError = CommandError::new("ERR Invalid OVERFLOW type specified");
const READS_ONLY: CommandError =
    CommandError::new("ERR BITFIELD_RO only supports the GET subcommand");

/// If all it does is GET, it reads.
fn keys_of_bitfield(args: Args<'_>) -> [Option<Places>; MAX_SPECS] {
    let mut index = 2;
    while let Some(word) = args.get(index) {
        index += match word.to_ascii_lowercase().as_slice() {
            b"get" if index + 2 < args.len() => 3,
            b"overflow" if index + 1 < args.len() => 2,
            _ => return only(1, MODIFY),
        };
    }
    only(1, RO | ACCESS)
}

/// An integer within a string.
#[derive(Clone, Copy, Debug)]
struct Field {
    signed: bool,
    /// In bits: up to 64, and up to 63 without a sign.
    width: u8,
    /// The number of its highest bit.
    offset: usize,
}

/// What becomes of a number that a field can't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overflow {
    /// Its higher bits are cut off.
    Wrap,
    /// The nearest number is taken in its place.
    Saturate,
    /// Nothing is changed.
    Fail,
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Get,
    Set(i64, Overflow),
    Increment(i64, Overflow),
}

/// `BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | INCRBY type offset increment ...]`:
/// a number for each, or null where it failed. <https://redis.io/docs/latest/commands/bitfield/>
pub fn bitfield(call: &mut Call<'_>) -> Outcome {
    let steps = parse(call)?;
    if steps.iter().all(|(_, action)| *action == Action::Get) {
        read_all(call, &steps)
    } else {
        run_all(call, &steps)
    }
}

/// `BITFIELD_RO key [GET type offset ...]`. <https://redis.io/docs/latest/commands/bitfield_ro/>
pub fn bitfield_ro(call: &mut Call<'_>) -> Outcome {
    let steps = parse(call)?;
    if steps.iter().any(|(_, action)| *action != Action::Get) {
        return Err(READS_ONLY);
    }
    read_all(call, &steps)
}

fn parse(call: &Call<'_>) -> Result<Vec<(Field, Action)>, CommandError> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut index = 2;
    while let Some(word) = call.args.get(index) {
        let behind = call.args.len() - index - 1;
        let action: fn(i64, Overflow) -> Action = match (&*word.to_ascii_lowercase(), behind) {
            (b"get", 2..) => |_, _| Action::Get,
            (b"set", 3..) => Action::Set,
            (b"incrby", 3..) => Action::Increment,
            (b"overflow", 1..) => {
                overflow = Overflow::parse(call.arg(index + 1)?)?;
                index += 2;
                continue;
            }
            _ => return Err(CommandError::SYNTAX),
        };
        let field = Field::parse(call, index + 1)?;
        let reads = action(0, overflow) == Action::Get;
        let number = if reads { 0 } else { call.integer(index + 3)? };
        steps.push((field, action(number, overflow)));
        index += if reads { 3 } else { 4 };
    }
    Ok(steps)
}

fn read_all(call: &mut Call<'_>, steps: &[(Field, Action)]) -> Outcome {
    let name = call.arg(1)?;
    let value = call.server.db(call.db).read::<SmallBytes>(name)?;
    call.reply.array(steps.len());
    for (field, _) in steps {
        call.reply
            .integer(field.read(value.map_or(&[], |value| value)));
    }
    Ok(())
}

fn run_all(call: &mut Call<'_>, steps: &[(Field, Action)]) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let value = key.get_or_create::<SmallBytes>()?;
    let written = steps.iter().filter(|(_, action)| *action != Action::Get);
    let length = written.map(|(field, _)| field.end()).max().unwrap_or(0);
    let grows = value.len() < length;
    value.grow_to(length);
    let bytes = value.to_mut();
    let mut changes = 0;
    call.reply.array(steps.len());
    for (field, action) in steps {
        let before = field.read(bytes);
        let (after, reply) = field.run(*action, before);
        match reply {
            Some(number) => call.reply.integer(number),
            None => call.reply.null(),
        }
        if let Some(after) = after {
            field.write(bytes, after);
            changes += usize::from(grows || after != before);
        }
    }
    if changes > 0 {
        key.changed(event::SETBIT, changes);
    }
    Ok(())
}

impl Overflow {
    fn parse(word: &[u8]) -> Result<Self, CommandError> {
        match word.to_ascii_lowercase().as_slice() {
            b"wrap" => Ok(Self::Wrap),
            b"sat" => Ok(Self::Saturate),
            b"fail" => Ok(Self::Fail),
            _ => Err(WRONG_OVERFLOW),
        }
    }
}

impl Field {
    /// From two arguments, its type and its offset.
    fn parse(call: &Call<'_>, index: usize) -> Result<Self, CommandError> {
        let (signed, width) = match call.arg(index)? {
            [b'i', width @ ..] => (true, width),
            [b'u', width @ ..] => (false, width),
            _ => return Err(WRONG_TYPE_OF_FIELD),
        };
        let most = if signed { 64 } else { 63 };
        let width = integer::parse(width).and_then(|width| u8::try_from(width).ok());
        let width = width.filter(|width| (1..=most).contains(width));
        let width = width.ok_or(WRONG_TYPE_OF_FIELD)?;
        let offset = parse_offset(call, call.arg(index + 1)?, Some(width))?;
        Ok(Self {
            signed,
            width,
            offset,
        })
    }

    /// How many bytes a string has that ends with it.
    fn end(self) -> usize {
        (self.offset + usize::from(self.width)).div_ceil(8)
    }

    /// What is written, and what is replied.
    fn run(self, action: Action, before: i64) -> (Option<i64>, Option<i64>) {
        match action {
            Action::Get => (None, Some(before)),
            Action::Set(number, overflow) => {
                // A number below zero is, without its sign, a very large one.
                let number = match i128::from(number) {
                    number if !self.signed => number & i128::from(u64::MAX),
                    // Redis subtracts within 64 bits, and so takes what is very far below for what is above.
                    far if overflow == Overflow::Saturate
                        && self.width < 64
                        && self.most() - far > i64::MAX.into() =>
                    {
                        i64::MAX.into()
                    }
                    number => number,
                };
                let after = self.fit(number, overflow);
                (after, after.map(|_| before))
            }
            Action::Increment(number, overflow) => {
                let after = self.fit(i128::from(before) + i128::from(number), overflow);
                (after, after)
            }
        }
    }

    /// The largest number that it can hold.
    fn most(self) -> i128 {
        (1 << (self.width - u8::from(self.signed))) - 1
    }

    /// The number as this field holds it.
    fn fit(self, number: i128, overflow: Overflow) -> Option<i64> {
        let (values, max) = (1_i128 << self.width, self.most());
        let min = max + 1 - values;
        let fitting = match overflow {
            Overflow::Wrap => min + (number - min).rem_euclid(values),
            Overflow::Saturate => number.clamp(min, max),
            Overflow::Fail => number,
        };
        // Every field is within 64 bits.
        (min..=max).contains(&fitting).then_some(fitting as i64)
    }

    /// The number in the string, which goes on with zeros.
    fn read(self, bytes: &[u8]) -> i64 {
        let aligned = self.window(bytes) << (self.offset % 8);
        let unused = 128 - u32::from(self.width);
        if self.signed {
            // Shifted back, the sign fills what is above.
            (aligned as i128 >> unused) as i64
        } else {
            (aligned >> unused) as i64
        }
    }

    /// Writes the lower bits of a number into the string.
    fn write(self, bytes: &mut [u8], number: i64) {
        let below = 128 - usize::from(self.width) - self.offset % 8;
        let mask = ((1 << self.width) - 1) << below;
        let window = self.window(bytes) & !mask | (number as u128) << below & mask;
        let place = bytes.get_mut(self.offset / 8..).unwrap_or_default();
        for (byte, new) in place.iter_mut().zip(window.to_be_bytes()) {
            *byte = new;
        }
    }

    /// The bytes from that on in which it begins: it is in the first nine of them.
    fn window(self, bytes: &[u8]) -> u128 {
        let bytes = bytes.get(self.offset / 8..).unwrap_or_default();
        let mut window = [0; 16];
        let length = bytes.len().min(window.len());
        window
            .part_mut(..length)
            .copy_from_slice(bytes.part(..length));
        u128::from_be_bytes(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// Bit by bit, the highest first.
    fn naive(field: Field, bytes: &[u8]) -> i64 {
        let bit = |place: usize| {
            bytes
                .get(place / 8)
                .is_some_and(|byte| byte << (place % 8) & 0x80 != 0)
        };
        let places = field.offset..field.offset + usize::from(field.width);
        let start = if field.signed && bit(field.offset) {
            -1
        } else {
            0
        };
        places.fold(start, |number, place| number << 1 | i64::from(bit(place)))
    }

    #[test]
    fn fields_are_read_and_written_as_bit_by_bit() {
        let mut random = StdRng::seed_from_u64(2);
        for _ in 0..3000 {
            let signed = random.random();
            let width = random.random_range(1..=if signed { 64 } else { 63 });
            let field = Field {
                signed,
                width,
                offset: random.random_range(0..150),
            };
            let mut bytes: Vec<u8> = (0..random.random_range(0..30))
                .map(|_| random.random())
                .collect();
            assert_eq!(field.read(&bytes), naive(field, &bytes));
            bytes.resize(bytes.len().max(field.end()), 0);
            let number = field
                .fit(random.random::<i64>().into(), Overflow::Wrap)
                .unwrap();
            let mut written = bytes.clone();
            field.write(&mut written, number);
            assert_eq!(naive(field, &written), number);
            // Nothing else was touched.
            field.write(&mut written, field.read(&bytes));
            assert_eq!(written, bytes);
        }
    }
}
