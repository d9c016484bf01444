//! Requests as bytes: encoded once, and changed in place where they differ from one to the next.

use super::command::{Command, DATA, NUMBER, find};
use super::numbers::Numbers;
use super::{Sizes, Workload};
use std::io::Write as _;

/// Digits of a number in a key, and so of the mark with which a marked value begins.
const MARK: usize = NUMBER.len();

/// What must be known of a request to judge its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The command's place in the workload.
    pub command: u32,
    /// The last number in it.
    pub number: u64,
}

/// A part of a command.
#[derive(Clone, Debug)]
enum Piece {
    /// Always the same.
    Bytes(Vec<u8>),
    /// `$` and the length of an argument that holds values.
    Length {
        /// How many of them.
        values: usize,
        /// Its other bytes.
        fixed: usize,
    },
    /// A number of a key.
    Number,
    /// A value.
    Data,
}

/// A place in a request that differs from one request to the next.
#[derive(Clone, Copy, Debug)]
enum Patch {
    /// A new number: its digits, of which those that are 0 in each number stand there already.
    Number { at: usize },
    /// The last number again, at the beginning of a value: as many of its last digits as the value has room
    /// for.
    Mark { at: usize, length: usize },
}

/// The requests of one connection, ready to be sent.
#[derive(Debug)]
pub struct Requests {
    buffer: Vec<u8>,
    layout: Layout,
    numbers: Numbers,
}

#[derive(Debug)]
enum Layout {
    /// All requests have the same bytes but for the patches: the buffer holds as many as are ever sent at
    /// once, and only the patches are written anew.
    Uniform { length: usize, patches: Vec<Patch> },
    /// They differ in command or in length, and are put together from pieces each time.
    Varied(Assembly),
}

#[derive(Debug)]
struct Assembly {
    /// The pieces of each command.
    commands: Vec<Vec<Piece>>,
    /// For each command the sum of its weight and of those before it.
    weights: Vec<u64>,
    sizes: Sizes,
    /// The longest value.
    value: Vec<u8>,
    marked: bool,
    /// Kept to spare an allocation for each request.
    patches: Vec<Patch>,
}

impl Requests {
    /// Those of one connection, which sends at most `most` at once.
    pub fn new(workload: &Workload, most: usize, numbers: Numbers) -> Self {
        let mut assembly = Assembly::new(workload);
        let mut buffer = Vec::new();
        let fixed = workload.sizes.least == workload.sizes.most || !any_data(workload);
        let layout = if workload.commands.len() == 1 && fixed {
            assembly.append(0, workload.sizes.most, &mut buffer);
            let length = buffer.len();
            buffer = buffer.repeat(most);
            let patches = assembly.patches;
            Layout::Uniform { length, patches }
        } else {
            Layout::Varied(assembly)
        };
        Self {
            buffer,
            layout,
            numbers,
        }
    }

    /// Makes the next `count` requests, not more than was said to [`Requests::new`], in the place of those
    /// before. `note` is told of each, in order. [`Requests::bytes`] has them, up to the length returned.
    pub fn prepare(&mut self, count: usize, mut note: impl FnMut(Note)) -> usize {
        match &mut self.layout {
            Layout::Uniform { length, patches } => {
                for request in self.buffer.chunks_exact_mut(*length).take(count) {
                    let number = patch(request, patches, &mut self.numbers);
                    note(Note { command: 0, number });
                }
                count.saturating_mul(*length).min(self.buffer.len())
            }
            Layout::Varied(assembly) => {
                self.buffer.clear();
                for _ in 0..count {
                    let begin = self.buffer.len();
                    let command = assembly.choose(&mut self.numbers);
                    let size = self
                        .numbers
                        .between(assembly.sizes.least, assembly.sizes.most);
                    assembly.append(command, size, &mut self.buffer);
                    let request = self.buffer.get_mut(begin..).unwrap_or_default();
                    let number = patch(request, &assembly.patches, &mut self.numbers);
                    let command = command as u32;
                    note(Note { command, number });
                }
                self.buffer.len()
            }
        }
    }

    /// The requests made last.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }
}

impl Assembly {
    fn new(workload: &Workload) -> Self {
        let mut sum = 0;
        let weights = workload.commands.iter().map(|(_, weight)| {
            sum += u64::from(*weight);
            sum
        });
        let longest = match any_data(workload) {
            true => workload.sizes.most,
            false => 0,
        };
        Self {
            weights: weights.collect(),
            commands: workload
                .commands
                .iter()
                .map(|(command, _)| pieces(command))
                .collect(),
            sizes: workload.sizes,
            value: vec![b'x'; longest],
            marked: workload.marked,
            patches: Vec::new(),
        }
    }

    /// The place of the next command.
    fn choose(&self, numbers: &mut Numbers) -> usize {
        match self.weights.last() {
            Some(sum) if self.weights.len() > 1 => {
                let drawn = numbers.between(1, *sum as usize) as u64;
                self.weights.partition_point(|end| *end < drawn)
            }
            _ => 0,
        }
    }

    /// Appends a command with a value of `size` bytes. `patches` then says where it is to be changed,
    /// counted from its own beginning.
    fn append(&mut self, command: usize, size: usize, out: &mut Vec<u8>) {
        self.patches.clear();
        let begin = out.len();
        let value = self.value.get(..size).unwrap_or_default();
        for piece in self.commands.get(command).into_iter().flatten() {
            let at = out.len() - begin;
            match piece {
                Piece::Bytes(bytes) => out.extend_from_slice(bytes),
                Piece::Length { values, fixed } => {
                    // Writing to memory does not fail.
                    let _ = write!(out, "${}\r\n", length(*values, *fixed, size));
                }
                Piece::Number => {
                    out.extend_from_slice(&[b'0'; MARK]);
                    self.patches.push(Patch::Number { at });
                }
                Piece::Data => {
                    out.extend_from_slice(value);
                    let length = size.min(MARK);
                    if self.marked {
                        self.patches.push(Patch::Mark { at, length });
                    }
                }
            }
        }
    }
}

/// Writes new numbers into a request; the last of them.
fn patch(request: &mut [u8], patches: &[Patch], numbers: &mut Numbers) -> u64 {
    let mut number = 0;
    let zeros = MARK.saturating_sub(numbers.digits());
    for patch in patches {
        match *patch {
            Patch::Number { at } => {
                number = numbers.key();
                let place = request.get_mut(at + zeros..at + MARK);
                write_digits(place.unwrap_or_default(), number);
            }
            Patch::Mark { at, length } => {
                let place = request.get_mut(at..at + length).unwrap_or_default();
                for (byte, digit) in place.iter_mut().zip(mark(number, length)) {
                    *byte = digit;
                }
            }
        }
    }
    number
}

/// Writes `number` with leading zeros over all of `place`.
fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// How the marked value of `size` bytes that belongs to `number` begins: with its digits. A shorter value has
/// the last of them, by which it differs from that of the next key.
pub fn mark(number: u64, size: usize) -> impl Iterator<Item = u8> {
    let mut digits = [0; MARK];
    write_digits(&mut digits, number);
    digits.into_iter().skip(MARK.saturating_sub(size))
}

fn any_data(workload: &Workload) -> bool {
    workload
        .commands
        .iter()
        .any(|(command, _)| command.has_data())
}

/// Length of a request with values of `size` bytes.
pub fn request_length(command: &Command, size: usize) -> usize {
    let lengths = pieces(command).into_iter().map(|piece| match piece {
        Piece::Bytes(bytes) => bytes.len(),
        Piece::Length { values, fixed } => format!("${}\r\n", length(values, fixed, size)).len(),
        Piece::Number => MARK,
        Piece::Data => size,
    });
    lengths.fold(0, usize::saturating_add)
}

/// A command in RESP: an array of bulk strings.
fn pieces(command: &Command) -> Vec<Piece> {
    if command.args.is_empty() {
        return vec![Piece::Bytes(b"PING\r\n".to_vec())];
    }
    let mut pieces = vec![Piece::Bytes(
        format!("*{}\r\n", command.args.len()).into_bytes(),
    )];
    for arg in &command.args {
        let parts = split(arg);
        let fixed = parts.iter().map(|part| match part {
            Piece::Bytes(bytes) => bytes.len(),
            Piece::Number => MARK,
            Piece::Length { .. } | Piece::Data => 0,
        });
        let fixed = fixed.sum();
        let values = parts.iter().filter(|part| matches!(part, Piece::Data));
        let values = values.count();
        if values > 0 {
            pieces.push(Piece::Length { values, fixed });
        } else {
            pieces.push(Piece::Bytes(format!("${fixed}\r\n").into_bytes()));
        }
        pieces.extend(parts);
        pieces.push(Piece::Bytes(b"\r\n".to_vec()));
    }
    pieces
}

/// Length of an argument that holds `values` values of `size` bytes, and `fixed` other bytes.
fn length(values: usize, fixed: usize, size: usize) -> usize {
    size.saturating_mul(values).saturating_add(fixed)
}

/// An argument, cut at its placeholders.
fn split(arg: &[u8]) -> Vec<Piece> {
    let mut parts = Vec::new();
    let mut rest = arg;
    loop {
        let number = find(rest, NUMBER).map(|at| (at, NUMBER.len(), Piece::Number));
        let data = find(rest, DATA).map(|at| (at, DATA.len(), Piece::Data));
        let next = [number, data].into_iter().flatten();
        let Some((at, length, piece)) = next.min_by_key(|(at, ..)| *at) else {
            parts.push(Piece::Bytes(rest.to_vec()));
            return parts;
        };
        parts.push(Piece::Bytes(rest.get(..at).unwrap_or_default().to_vec()));
        parts.push(piece);
        rest = rest.get(at + length..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KeyPattern, Seat};
    use super::*;

    fn command(line: &str) -> Command {
        Command::of(line.split(' '))
    }

    fn workload(lines: &[&str]) -> Workload {
        Workload {
            commands: lines.iter().map(|line| (command(line), 1)).collect(),
            pattern: KeyPattern::Sequential,
            keys: 100,
            ..Workload::single(command("PING"))
        }
    }

    fn requests(workload: &Workload, most: usize) -> Requests {
        let numbers = Numbers::new(workload.pattern, workload.keys, workload.seed, Seat::only());
        Requests::new(workload, most, numbers)
    }

    /// The next `count` requests as text, and what was noted of them.
    fn next(requests: &mut Requests, count: usize) -> (String, Vec<Note>) {
        let mut notes = Vec::new();
        let length = requests.prepare(count, |note| notes.push(note));
        let bytes = requests.bytes().get(..length).unwrap();
        (String::from_utf8(bytes.to_vec()).unwrap(), notes)
    }

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        let mut set = requests(&workload(&["SET key:__rand_int__ __data__"]), 2);
        let (text, notes) = next(&mut set, 2);
        let one =
            |number: u32| format!("*3\r\n$3\r\nSET\r\n$16\r\nkey:{number:012}\r\n$3\r\nxxx\r\n");
        assert_eq!(text, one(0) + &one(1));
        assert_eq!(
            notes.iter().map(|note| note.number).collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(next(&mut set, 1).0, one(2));
    }

    #[test]
    fn an_inline_ping_has_no_array() {
        let mut ping = requests(&Workload::single(Command::new(Vec::new())), 3);
        assert_eq!(next(&mut ping, 2).0, "PING\r\nPING\r\n");
    }

    #[test]
    fn a_placeholder_may_stand_within_a_word() {
        let mut echo = requests(&workload(&["ECHO a__data__b__rand_int__c__data__"]), 1);
        assert_eq!(
            next(&mut echo, 1).0,
            "*2\r\n$4\r\nECHO\r\n$21\r\naxxxb000000000000cxxx\r\n"
        );
    }

    #[test]
    fn marked_values_begin_with_the_number_of_their_key() {
        for (size, values) in [
            (14, ["000000000000xx", "000000000001xx"]),
            (12, ["000000000000", "000000000001"]),
            (3, ["000", "001"]),
            (1, ["0", "1"]),
        ] {
            let marked = Workload {
                marked: true,
                sizes: Sizes::fixed(size),
                ..workload(&["MSET key:__rand_int__ __data__ key:__rand_int__ __data__"])
            };
            let (text, _) = next(&mut requests(&marked, 1), 1);
            let found: Vec<&str> = text.split("\r\n").skip(6).step_by(4).collect();
            assert_eq!(found, values);
        }
    }

    #[test]
    fn a_short_value_has_the_last_digits_of_its_key() {
        let text = |number, size| String::from_utf8(mark(number, size).collect()).unwrap();
        assert_eq!(text(123_456, 3), "456");
        assert_eq!(text(123_456, 11), "00000123456");
        assert_eq!(text(123_456, 100), "000000123456");
    }

    #[test]
    fn sizes_of_a_range_all_occur_and_lengths_are_right() {
        let ranged = Workload {
            sizes: Sizes { least: 9, most: 11 },
            ..workload(&["SET k __data__"])
        };
        let (text, _) = next(&mut requests(&ranged, 100), 100);
        let mut seen = [0; 3];
        for request in text.split("*3\r\n").skip(1) {
            let words: Vec<&str> = request.split("\r\n").collect();
            assert_eq!(words[4], format!("${}", words[5].len()));
            seen[words[5].len() - 9] += 1;
        }
        assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
    }

    #[test]
    fn a_mix_keeps_its_weights() {
        let mut mix = workload(&["GET a", "SET a b"]);
        mix.commands[0].1 = 9;
        let (_, notes) = next(&mut requests(&mix, 10_000), 10_000);
        let sets = notes.iter().filter(|note| note.command == 1).count();
        assert!((900..1100).contains(&sets), "{sets}");
    }

    #[test]
    fn the_length_is_known_before_anything_is_made() {
        for line in ["SET key:__rand_int__ __data__", "ECHO a__data__b", "PING"] {
            let (text, _) = next(&mut requests(&workload(&[line]), 1), 1);
            assert_eq!(request_length(&command(line), 3), text.len());
        }
        assert_eq!(
            request_length(&command("ECHO __data__"), usize::MAX),
            usize::MAX
        );
    }
}
