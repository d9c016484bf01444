//! LCS: the longest common subsequence of two strings.

use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::SmallBytes;
use crate::part::Part;
use crate::resp::integer;
use crate::resp::queue::Args;
use crate::resp::reply::Reply;

/// The row.
pub const COMMANDS: &[Row] = &[CH1
    .read("lcs", -3, lcs, SLOW, RO | ACCESS)
    .to(1)
    .about("7.0.0", "Finds the longest common subsequence.")];

const NOT_STRINGS: CommandError =
    CommandError::new("ERR The specified keys must contain string values");
const LENGTH_AND_INDEXES: CommandError =
    CommandError::new("ERR If you want both the length and indexes, please just use IDX.");
const STRING_TOO_LONG: CommandError = CommandError::new("ERR String too long for LCS");
const TOO_LARGE: CommandError = CommandError::new(
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
);

/// What is wanted.
#[derive(Debug, Default)]
struct Options {
    length: bool,
    indexes: bool,
    min_match: i64,
    match_length: bool,
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut words = args.from(3);
        while let Some(word) = words.next() {
            match word.to_ascii_lowercase().as_slice() {
                b"len" => options.length = true,
                b"idx" => options.indexes = true,
                b"withmatchlen" => options.match_length = true,
                b"minmatchlen" => {
                    let number = words.next().ok_or(CommandError::SYNTAX)?;
                    let number = integer::parse(number);
                    options.min_match = number.ok_or(CommandError::NOT_AN_INTEGER)?;
                }
                _ => return Err(CommandError::SYNTAX),
            }
        }
        if options.length && options.indexes {
            return Err(LENGTH_AND_INDEXES);
        }
        Ok(options)
    }
}

/// `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]`: the sequence, its length, or where it is.
/// <https://redis.io/docs/latest/commands/lcs/>
pub fn lcs(call: &mut Call<'_>) -> Outcome {
    let keys = [call.arg(1)?, call.arg(2)?];
    let limit = call.server.config.proto_max_bulk_len.0;
    let mut db = call.server.db(call.db);
    db.touch(keys.into_iter());
    let [Ok(left), Ok(right)] = keys.map(|key| db.peek::<SmallBytes>(key)) else {
        return Err(NOT_STRINGS);
    };
    let [left, right] = [left, right].map(|value| value.map_or(&[][..], |value| value));
    let options = Options::parse(call.args)?;
    check_size(left.len(), right.len(), limit)?;
    let table = Table::new(left, right, !options.length);
    if options.indexes {
        reply_with_runs(call.reply, &table, &table.runs(left, right), &options);
    } else if options.length {
        call.reply.integer(table.length.into());
    } else {
        let runs = table.runs(left, right);
        let runs = runs.iter().rev();
        let parts: Vec<&[u8]> = runs
            .map(|run| left.part(run.left..run.left + run.length))
            .collect();
        call.reply.bulk(&parts.concat());
    }
    Ok(())
}

/// Redis would need a table of four bytes for each pair of places, and refuses what makes it too large. The time grows with
/// it, too, and nobody is served meanwhile.
fn check_size(left: usize, right: usize, limit: usize) -> Outcome {
    const LONGEST: usize = u32::MAX as usize - 2;
    if left.max(right) > LONGEST {
        return Err(STRING_TOO_LONG);
    }
    let cells = (left + 1).saturating_mul(right + 1);
    if cells.saturating_mul(size_of::<u32>()) > limit {
        return Err(TOO_LARGE);
    }
    Ok(())
}

/// The way to the longest common subsequence.
///
/// For each beginning of the left string and each of the right one there is the length of theirs. It follows from the
/// lengths of those that are one byte shorter, so that a row of them is enough. To find the way back, one bit
/// for each pair is kept: whether the left string may lose its last byte rather than the right one.
struct Table {
    length: u32,
    left_loses: Vec<u64>,
    /// Words of a row of bits.
    words: usize,
}

/// Where both strings go the same way.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    left: usize,
    right: usize,
    length: usize,
}

impl Table {
    /// The way back is kept only if it is wanted.
    fn new(left: &[u8], right: &[u8], keep_way: bool) -> Self {
        let mut left_loses = Vec::new();
        let mut row = vec![0_u32; right.len()];
        for last in left {
            // The lengths above the one that is computed, before it, and before the one above.
            let (mut before, mut before_above) = (0, 0);
            for (rights, lengths) in right.chunks(64).zip(row.chunks_mut(64)) {
                let mut word = 0;
                for (bit, (other, length)) in rights.iter().zip(lengths).enumerate() {
                    let above = *length;
                    let is_same = last == other;
                    *length = if is_same {
                        before_above + 1
                    } else {
                        above.max(before)
                    };
                    word |= u64::from(above > before) << bit;
                    (before, before_above) = (*length, above);
                }
                if keep_way {
                    left_loses.push(word);
                }
            }
        }
        Self {
            length: row.last().copied().unwrap_or(0),
            left_loses,
            words: right.len().div_ceil(64),
        }
    }

    /// The way back: the last run comes first.
    fn runs(&self, left: &[u8], right: &[u8]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let (mut left, mut right) = (left, right);
        let mut goes_on = false;
        while let (Some((a, left_rest)), Some((b, right_rest))) =
            (left.split_last(), right.split_last())
        {
            if a == b {
                (left, right) = (left_rest, right_rest);
                let (left, right) = (left.len(), right.len());
                let length = 1 + runs.pop_if(|_| goes_on).map_or(0, |run| run.length);
                runs.push(Run {
                    left,
                    right,
                    length,
                });
            } else if self.left_loses(left_rest.len(), right_rest.len()) {
                left = left_rest;
            } else {
                right = right_rest;
            }
            goes_on = a == b;
        }
        runs
    }

    fn left_loses(&self, left: usize, right: usize) -> bool {
        let word = self.left_loses.get(left * self.words + right / 64);
        word.is_some_and(|word| word >> (right % 64) & 1 == 1)
    }
}

/// Where the runs are that are long enough, the last one first.
fn reply_with_runs(reply: &mut Reply, table: &Table, runs: &[Run], options: &Options) {
    let min_match = usize::try_from(options.min_match).unwrap_or(0);
    let runs = runs.iter().filter(|run| run.length >= min_match);
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(runs.clone().count());
    for run in runs {
        reply.array(if options.match_length { 3 } else { 2 });
        for start in [run.left, run.right] {
            reply.array(2);
            reply.count(start);
            reply.count(start + run.length - 1);
        }
        if options.match_length {
            reply.count(run.length);
        }
    }
    reply.named_integer("len", table.length.into());
}
