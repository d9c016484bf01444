//! Which numbers stand in keys, and in which order.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Normal, Zipf};
use std::cell::Cell;
use std::rc::Rc;

/// Which numbers come how often in the place of `__rand_int__`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyPattern {
    /// Each as often as any other.
    Uniform,
    /// 0, 1, 2 and so on, over all connections of a run together, and from 0 again behind the last.
    Sequential,
    /// Those in the middle most often. The standard deviation is this part of the range.
    Gauss {
        /// Above 0; 1/6 puts nearly all within the range.
        deviation: f64,
    },
    /// Number k with a weight of 1 / (k + 1) to this power: a few are asked for most of the time.
    Zipf {
        /// Above 0.
        exponent: f64,
    },
}

/// The place of one connection among all: what makes its sequence of numbers its own.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The connection's number, over all threads.
    pub client: u64,
    /// The next sequential number of the connection's thread: those of a thread share it.
    pub sequence: Rc<Cell<u64>>,
    /// Between two sequential numbers of one thread: the number of threads, as each has its own share.
    pub step: u64,
}

impl Seat {
    /// The first connection of a run with one thread.
    pub fn only() -> Self {
        Self {
            client: 0,
            sequence: Rc::default(),
            step: 1,
        }
    }
}

/// The random choices of one connection: numbers in keys, sizes of values, commands of a mix.
#[derive(Debug)]
pub struct Numbers {
    random: SmallRng,
    keys: u64,
    digits: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// One key: nothing to choose.
    Zero,
    Uniform,
    Sequential(Seat),
    Gauss(Normal<f64>),
    Zipf(Zipf<f64>),
}

impl Numbers {
    /// Numbers below `keys` (0: always 0). The same seed and client give the same sequence again; another
    /// client has another one, whatever thread it is in.
    pub fn new(pattern: KeyPattern, keys: u64, seed: u64, seat: Seat) -> Self {
        let random = SmallRng::seed_from_u64(seed.rotate_left(u32::BITS) ^ seat.client);
        let range = keys as f64;
        // What a distribution refuses (a deviation that is no number) is drawn uniformly: the command line
        // lets no such thing through.
        let source = match pattern {
            _ if keys <= 1 => Source::Zero,
            KeyPattern::Uniform => Source::Uniform,
            KeyPattern::Sequential => Source::Sequential(seat),
            KeyPattern::Gauss { deviation } => {
                Normal::new(range / 2.0, range * deviation).map_or(Source::Uniform, Source::Gauss)
            }
            KeyPattern::Zipf { exponent } => {
                Zipf::new(range, exponent).map_or(Source::Uniform, Source::Zipf)
            }
        };
        Self {
            random,
            keys,
            digits: keys
                .saturating_sub(1)
                .checked_ilog10()
                .map_or(0, |digits| digits as usize + 1),
            source,
        }
    }

    /// How many digits the largest number has; 0 where all are 0.
    pub fn digits(&self) -> usize {
        self.digits
    }

    /// The next number.
    pub fn key(&mut self) -> u64 {
        let last = self.keys.saturating_sub(1);
        match &self.source {
            Source::Zero => 0,
            Source::Uniform => self.random.random_range(0..=last),
            Source::Sequential(seat) => {
                let number = seat.sequence.get();
                seat.sequence.set(number.wrapping_add(seat.step));
                number % self.keys
            }
            Source::Gauss(normal) => {
                // What falls outside is drawn again. In the middle it seldom does, but a deviation may be
                // chosen with which it does for ever.
                for _ in 0..100 {
                    let number = normal.sample(&mut self.random);
                    if (0.0..self.keys as f64).contains(&number) {
                        return (number as u64).min(last);
                    }
                }
                self.random.random_range(0..=last)
            }
            Source::Zipf(zipf) => {
                // Ranks begin with 1.
                let rank = zipf.sample(&mut self.random) as u64;
                rank.saturating_sub(1).min(last)
            }
        }
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        self.random.random_range(least..=most.max(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(pattern: KeyPattern, keys: u64, count: usize) -> Vec<u64> {
        let mut numbers = Numbers::new(pattern, keys, 7, Seat::only());
        (0..count).map(|_| numbers.key()).collect()
    }

    /// How many of `numbers` lie below `limit`, as a share.
    fn share_below(numbers: &[u64], limit: u64) -> f64 {
        let below = numbers.iter().filter(|number| **number < limit).count();
        below as f64 / numbers.len() as f64
    }

    #[test]
    fn every_pattern_stays_within_the_keys() {
        let patterns = [
            KeyPattern::Uniform,
            KeyPattern::Sequential,
            KeyPattern::Gauss { deviation: 5.0 },
            KeyPattern::Zipf { exponent: 0.99 },
        ];
        for pattern in patterns {
            for keys in [0, 1, 2, 10, 1_000_000_000_000] {
                let numbers = draw(pattern, keys, 1000);
                assert!(
                    numbers.iter().all(|number| *number < keys.max(1)),
                    "{pattern:?} {keys}"
                );
            }
        }
    }

    #[test]
    fn uniform_numbers_are_spread_evenly() {
        let share = share_below(&draw(KeyPattern::Uniform, 1000, 100_000), 250);
        assert!((0.24..0.26).contains(&share), "{share}");
    }

    #[test]
    fn gauss_prefers_the_middle() {
        let numbers = draw(
            KeyPattern::Gauss {
                deviation: 1.0 / 6.0,
            },
            6000,
            100_000,
        );
        // One deviation on each side of the middle holds 68.3 %.
        let share = share_below(&numbers, 4000) - share_below(&numbers, 2000);
        assert!((0.67..0.70).contains(&share), "{share}");
    }

    #[test]
    fn zipf_has_a_few_favourites() {
        let numbers = draw(KeyPattern::Zipf { exponent: 1.0 }, 1000, 100_000);
        // The first has 1 of 1 + 1/2 + ... + 1/1000 = 7.485 parts, the first ten have 2.929 parts.
        let (first, ten) = (share_below(&numbers, 1), share_below(&numbers, 10));
        assert!((0.128..0.139).contains(&first), "{first}");
        assert!((0.385..0.397).contains(&ten), "{ten}");
    }

    #[test]
    fn sequential_numbers_of_two_threads_meet_every_key_once() {
        let mut met = Vec::new();
        for thread in 0..2 {
            let sequence = Rc::new(Cell::new(thread));
            let mut clients: Vec<Numbers> = (0..3)
                .map(|client| {
                    let seat = Seat {
                        client,
                        sequence: Rc::clone(&sequence),
                        step: 2,
                    };
                    Numbers::new(KeyPattern::Sequential, 12, 0, seat)
                })
                .collect();
            met.extend(
                (0..2).flat_map(|_| clients.iter_mut().map(Numbers::key).collect::<Vec<_>>()),
            );
        }
        met.sort_unstable();
        assert_eq!(met, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn a_seed_gives_its_sequence_again_and_clients_differ() {
        let sequence = |seed, client| {
            let seat = Seat {
                client,
                ..Seat::only()
            };
            let mut numbers = Numbers::new(KeyPattern::Uniform, 1_000_000, seed, seat);
            (0..10).map(|_| numbers.key()).collect::<Vec<_>>()
        };
        assert_eq!(sequence(1, 2), sequence(1, 2));
        assert_ne!(sequence(1, 2), sequence(1, 3));
        assert_ne!(sequence(1, 2), sequence(2, 2));
    }
}
