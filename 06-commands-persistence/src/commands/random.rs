//! What SRANDMEMBER, HRANDFIELD and ZRANDMEMBER share: how many elements are drawn, and which.

use super::{Call, CommandError, Outcome};
use crate::resp::reply::{Protocol, Reply};
use rand::RngExt;
use rand::seq::index;

const COUNT_OUT_OF_RANGE: CommandError = CommandError::new(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
const OUT_OF_RANGE: CommandError = CommandError::new("ERR value is out of range");

/// The most bytes of a reply. A negative count may ask for any number of elements, however few there are; Redis would go
/// on until its memory is used up.
const MAX_REPLY: usize = 512 * 1024 * 1024;
/// The fewest bytes that an element takes in a reply.
const MIN_ELEMENT: usize = b"$0\r\n\r\n".len();

/// The argument at `index` as a count. It may be negative.
///
/// # Errors
/// [`CommandError::NOT_AN_INTEGER`], and an own one for the number that has no positive twin.
pub fn count(call: &Call<'_>, index: usize) -> Result<i64, CommandError> {
    let count = Some(call.integer(index)?).filter(|count| *count > i64::MIN);
    count.ok_or(COUNT_OUT_OF_RANGE)
}

/// The arguments from 2 on as a count, and whether this word follows it, by which a client asks for pairs.
///
/// # Errors
/// As for [`count`]; [`CommandError::SYNTAX`] where another word follows, and an own one where there would be too many
/// elements for pairs of them to be counted.
pub fn count_and_word(call: &Call<'_>, word: &[u8]) -> Result<(i64, bool), CommandError> {
    let count = count(call, 2)?;
    let pairs = match call.args.get(3) {
        None => false,
        Some(given) if call.args.len() == 4 && given.eq_ignore_ascii_case(word) => true,
        Some(_) => return Err(CommandError::SYNTAX),
    };
    if pairs && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(OUT_OF_RANGE);
    }
    Ok((count, pairs))
}

/// The number of one element out of `length`, each with the same chance. There must be one.
pub fn one(length: usize) -> usize {
    rand::rng().random_range(0..length.max(1))
}

/// Elements that are drawn from a collection.
#[derive(Debug)]
pub enum Picks {
    /// Each of them, once.
    All,
    /// So many different ones, with these numbers.
    Different(Vec<usize>),
    /// So many, each drawn anew from this number of them.
    Anew(usize, usize),
}

impl Picks {
    /// `count` elements out of `length`: up to so many different ones, or, if it is negative, exactly so many, among which
    /// some may be the same.
    pub fn new(count: i64, length: usize) -> Self {
        let picks = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        match picks {
            _ if length == 0 => Self::All,
            _ if count < 0 => Self::Anew(picks, length),
            _ if picks >= length => Self::All,
            _ => Self::Different(index::sample(&mut rand::rng(), length, picks).into_vec()),
        }
    }

    /// The elements, from a collection that gives `all` of them, and the one with a number.
    pub fn of<T>(
        self,
        all: impl Iterator<Item = T>,
        nth: impl Fn(usize) -> Option<T>,
    ) -> impl Iterator<Item = T> {
        let (all, different, anew, length) = match self {
            Self::All => (Some(all), Vec::new(), 0, 0),
            Self::Different(numbers) => (None, numbers, 0, 0),
            Self::Anew(picks, length) => (None, Vec::new(), picks, length),
        };
        let anew = (0..anew).map(move |_| one(length));
        let numbers = different.into_iter().chain(anew);
        all.into_iter().flatten().chain(numbers.filter_map(nth))
    }

    /// How many there are, of a collection of this length.
    pub fn len(&self, length: usize) -> usize {
        match self {
            Self::All => length,
            Self::Different(numbers) => numbers.len(),
            Self::Anew(picks, _) => *picks,
        }
    }
}

/// Replies with `count` elements. Of pairs, `write` writes both parts; RESP3 makes an array of each pair.
///
/// # Errors
/// There are too many of them to be sent.
pub fn reply<T>(
    reply: &mut Reply,
    (count, pairs): (usize, bool),
    elements: impl Iterator<Item = T>,
    write: impl Fn(&mut Reply, T),
) -> Outcome {
    let nested = pairs && reply.protocol() == Protocol::Resp3;
    let parts = if pairs && !nested { 2 } else { 1 };
    // What can't be sent is refused before anybody waits for it.
    if count.saturating_mul(MIN_ELEMENT) > MAX_REPLY {
        return Err(OUT_OF_RANGE);
    }
    let start = reply.len();
    reply.array(count.saturating_mul(parts));
    for element in elements {
        if nested {
            reply.array(2);
        }
        write(reply, element);
        if reply.len() - start > MAX_REPLY {
            return Err(OUT_OF_RANGE);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn picks(count: i64, length: usize) -> Vec<usize> {
        let picks = Picks::new(count, length);
        let announced = picks.len(length);
        let picked: Vec<usize> = picks.of(0..length, Some).collect();
        assert_eq!(picked.len(), announced);
        picked
    }

    #[test]
    fn a_positive_count_draws_different_ones_and_a_negative_one_as_many_as_it_says() {
        for (count, length, expected) in [
            (0, 5, 0),
            (3, 5, 3),
            (5, 5, 5),
            (9, 5, 5),
            (i64::MAX, 5, 5),
            (4, 0, 0),
        ] {
            let picked = picks(count, length);
            assert_eq!(picked.len(), expected);
            assert_eq!(picked.iter().collect::<HashSet<_>>().len(), expected);
        }
        assert_eq!(picks(-20, 3).len(), 20);
        assert_eq!(picks(-20, 0).len(), 0);
    }

    #[test]
    fn each_has_the_same_chance() {
        const ROUNDS: usize = 20_000;
        for count in [1, 2, -1, -2] {
            let mut drawn = [0_usize; 5];
            for _ in 0..ROUNDS {
                picks(count, 5).iter().for_each(|pick| drawn[*pick] += 1);
            }
            let expected = ROUNDS * count.unsigned_abs() as usize / 5;
            // Ten times the standard deviation, about.
            let close = |times: &usize| times.abs_diff(expected) < 900;
            assert!(drawn.iter().all(close), "{count}: {drawn:?}");
        }
    }
}
