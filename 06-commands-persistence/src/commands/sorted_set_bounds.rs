//! Which members of a sorted set a request means: by rank, by score, or by their bytes.

use super::CommandError;
use super::list::resolve_range;
use crate::keyspace::sorted_set::SortedSet;
use crate::resp::{double, integer};
use std::ops::Range;

const NOT_A_SCORE: CommandError = CommandError::new("ERR min or max is not a float");
const NOT_A_BOUND: CommandError = CommandError::new("ERR min or max not valid string range item");

/// By what members are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Their place among the others.
    Rank,
    /// Their score.
    Score,
    /// Their bytes, where all have the same score.
    Lex,
}

/// The bounds of a range.
#[derive(Clone, Copy, Debug)]
pub enum Bounds<'a> {
    /// The first place and the last one; negative ones count from the end.
    Rank(i64, i64),
    /// The least score and the greatest.
    Score(Score, Score),
    /// The least member and the greatest.
    Lex(Lex<'a>, Lex<'a>),
}

/// A bound of scores.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// The score.
    pub score: f64,
    /// Whether members with this score are outside.
    pub is_excluded: bool,
}

/// A bound of members.
#[derive(Clone, Copy, Debug)]
pub enum Lex<'a> {
    /// `-`: before all others.
    First,
    /// `[member`.
    Included(&'a [u8]),
    /// `(member`.
    Excluded(&'a [u8]),
    /// `+`: behind all others.
    Last,
}

impl<'a> Bounds<'a> {
    /// Reads both bounds, the lower one first.
    ///
    /// # Errors
    /// One of them is none, in the words for this kind.
    pub fn parse(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Self, CommandError> {
        match by {
            By::Rank => {
                let rank = |text| integer::parse(text).ok_or(CommandError::NOT_AN_INTEGER);
                Ok(Self::Rank(rank(min)?, rank(max)?))
            }
            By::Score => Ok(Self::Score(Score::parse(min)?, Score::parse(max)?)),
            By::Lex => Ok(Self::Lex(Lex::parse(min)?, Lex::parse(max)?)),
        }
    }

    /// The ranks of the members between the bounds, counted from the lowest one. Bounds by rank count from the highest where
    /// `from_highest`; the others are the same from either side.
    pub fn ranks(self, set: &SortedSet, from_highest: bool) -> Range<usize> {
        match self {
            Self::Rank(start, stop) => {
                let range = resolve_range(start, stop, set.len());
                if from_highest {
                    set.len() - range.end..set.len() - range.start
                } else {
                    range
                }
            }
            Self::Score(min, max) => {
                let start = set.count_while(|_, score| !min.is_at_or_before(score));
                let end = set.count_while(|_, score| max.is_at_or_behind(score));
                start.min(end)..end
            }
            Self::Lex(min, max) => {
                let start = set.count_while(|member, _| !min.is_at_or_before(member));
                let end = set.count_while(|member, _| max.is_at_or_behind(member));
                start.min(end)..end
            }
        }
    }
}

impl Score {
    /// A score, or `(` and a score. Redis reads it by `strtod`, which skips spaces in front, and takes nothing for 0.
    fn parse(text: &[u8]) -> Result<Self, CommandError> {
        let (text, is_excluded) = match text.strip_prefix(b"(") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let text = until_nul(text);
        let digits = text.trim_ascii_start();
        let score = if text.is_empty() {
            Some(0.0)
        } else {
            double::parse(digits)
        };
        let score = score.ok_or(NOT_A_SCORE)?;
        Ok(Self { score, is_excluded })
    }

    /// As the lower bound of a range, whether this score is inside.
    fn is_at_or_before(self, score: f64) -> bool {
        self.score < score || self.score == score && !self.is_excluded
    }

    /// The same for the upper bound.
    fn is_at_or_behind(self, score: f64) -> bool {
        self.score > score || self.score == score && !self.is_excluded
    }
}

impl<'a> Lex<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, CommandError> {
        match text {
            [b'[', member @ ..] => Ok(Self::Included(member)),
            [b'(', member @ ..] => Ok(Self::Excluded(member)),
            _ => match until_nul(text) {
                b"-" => Ok(Self::First),
                b"+" => Ok(Self::Last),
                _ => Err(NOT_A_BOUND),
            },
        }
    }

    fn is_at_or_before(self, member: &[u8]) -> bool {
        match self {
            Self::First => true,
            Self::Included(bound) => bound <= member,
            Self::Excluded(bound) => bound < member,
            Self::Last => false,
        }
    }

    fn is_at_or_behind(self, member: &[u8]) -> bool {
        match self {
            Self::First => false,
            Self::Included(bound) => bound >= member,
            Self::Excluded(bound) => bound > member,
            Self::Last => true,
        }
    }
}

/// What C takes for the whole text.
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
