//! What rounds of turns allow to say of two servers: a ratio, how sure it is, and whether it is a difference.
//!
//! A round is four turns, A B B A, and so two pairs: A B, and B A. A machine that is slow now is slow for the
//! next turn as well; what it does to both turns of a pair cancels in the pair's ratio. A drift favours B in the
//! one pair and A in the other, and cancels in the mean. What is left of pair to pair is chance, and from how
//! much the pairs' ratios vary follows how far their mean may be off.
//!
//! How far, a bootstrap tells: pairs are drawn from those measured, with repetition, thousands of times, as if
//! the comparison were made again and again. The first idea would be to take the range of the resampled means.
//! But a few pairs can't show how far a further one might lie outside of them, and that range holds the truth
//! too rarely. So each resampled mean is measured in standard errors of its own sample (the bootstrap is
//! *studentized*): a sample of pairs that happen to lie close together counts as sure of itself and wrong.
//!
//! How many of 100 simulated comparisons had an interval that held the true ratio, and its width in the middle
//! one, with noise of 3 % in a turn (10,000 comparisons for ours, 4,000 and 50,000 for the others). Student's
//! interval assumes that the pairs' ratios scatter as a bell does; ours assumes nothing of the kind:
//!
//! | noise of the turns | rounds | ours | range of the means | Student |
//! |---|---|---|---|---|
//! | normal | 3 | 97.1, 0.103 | 86.0, 0.058 | 95.1, 0.083 |
//! | | 5 | 96.4, 0.063 | 90.0, 0.048 | 95.0, 0.058 |
//! | | 7 | 95.4, 0.049 | 92.4, 0.042 | 95.0, 0.048 |
//! | | 10 | 95.7, 0.040 | 93.6, 0.036 | 95.1, 0.039 |
//! | with a drift of 1 % a turn | 7 | 96.0, 0.050 | 93.0, 0.043 | 95.7, 0.049 |
//! | skewed: a log-normal's long tail | 7 | 96.9, 0.045 | 90.6, 0.037 | 95.9, 0.042 |
//! | heavy tails on both sides | 7 | 96.5, 0.043 | 90.8, 0.037 | 95.7, 0.041 |
//! | 1 turn in 20 slower by a quarter | 7 | 98.5, 0.149 | 89.1, 0.096 | 97.4, 0.110 |
//! | B's alone skewed, A's weak | 7 | 91.7, 0.067 | 88.2, 0.052 | 90.5, 0.059 |
//! | 1 turn in 10 of B alone slower by a quarter | 7 | 84.2, 0.165 | 80.7, 0.096 | 83.8, 0.113 |
//!
//! The last two rows are where all fail: what befalls B alone, and seldom, is not told by few rounds. There an
//! interval of 95 % is one of 84 to 92 %. The test `coverage_at_length` prints these figures.

use crate::report::model::{Better, Estimate, Verdict};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

/// One figure in the four turns of a round, in order: A, B, B, A.
pub type Round = [f64; 4];

/// From how many rounds on there is an interval. How much pairs vary is not to be judged from fewer.
pub const MIN_ROUNDS: usize = 3;

/// How often the pairs are resampled.
const SAMPLES: usize = 1_999;

/// The least that an interval reaches to both sides, as a logarithm. Latencies are kept with three digits, so
/// all rounds may show the same ratio; it is known no better than that.
const RESOLUTION: f64 = 0.001;

/// The ratio of B to A in one figure, from all rounds, with its interval.
///
/// The ratio is the geometric mean of the pairs' ratios. It is NaN, and there is no interval, without rounds
/// and where a figure is not a positive number: to leave out a round in which a server did not answer would
/// be to choose the result. The verdict is that of [`verdict`] without noise.
pub fn estimate(rounds: &[Round], better: Better) -> Estimate {
    let logs: Vec<f64> = rounds.iter().flat_map(log_ratios).collect();
    let mean = mean(&logs);
    let interval = reach(&logs, mean, SAMPLES)
        .map(|reach| ((mean - reach).exp(), (mean + reach).exp()))
        .filter(|(low, high)| is_positive(*low) && is_positive(*high));
    let ratio = Some(mean.exp()).filter(|ratio| is_positive(*ratio));
    let estimate = Estimate {
        ratio: ratio.unwrap_or(f64::NAN),
        interval,
        verdict: Verdict::NoDifferenceShown,
    };
    Estimate {
        verdict: verdict(estimate, None, better),
        ..estimate
    }
}

/// What an estimate says of B, beside what A showed against itself in the same figure.
///
/// B is better or worse only if two things hold. The whole interval lies on one side of 1: it is not chance
/// from round to round. And the ratio is further from 1, on either side, than the interval of A against itself
/// reaches: what one server shows against itself is no difference between two. The second finds what no number of
/// rounds averages out, because it is the same in all of them, such as where a process happened to lie in
/// memory. The side does not count, as next time it may be the other.
///
/// With `noise` of `None` the first alone decides. A noise without an interval tells nothing, and allows no
/// verdict.
///
/// How many of 100 comparisons of 7 rounds show a difference (of 1,000 simulated ones), by the first alone, and
/// with both, where A was compared with itself in 7 rounds as well:
///
/// | noise of a turn | no difference | B slower by 2 % | by 5 % | by 10 % |
/// |---|---|---|---|---|
/// | 1 % | 4.7, 0.8 | 100, 96 | 100, 100 | 100, 100 |
/// | 2 % | 4.7, 0.8 | 69, 38 | 100, 100 | 100, 100 |
/// | 3 % | 4.7, 0.8 | 36, 14 | 98, 87 | 100, 100 |
/// | 5 % | 4.7, 0.8 | 15, 4 | 70, 40 | 100, 97 |
/// | 10 % | 4.7, 0.8 | 6, 1 | 22, 7 | 73, 42 |
/// | 2 %, and 1 % in each start of a server | 29, 9 | 60, 33 | 99, 88 | 100, 100 |
///
/// The last row is why: without the second, 29 of 100 comparisons of equal servers would show a difference. It
/// also shows what this costs, and that it is no cure: only servers started anew in each round would be one. The
/// test `power_at_length` prints these figures.
pub fn verdict(estimate: Estimate, noise: Option<Estimate>, better: Better) -> Verdict {
    let Some((low, high)) = estimate.interval else {
        return Verdict::NoDifferenceShown;
    };
    let beyond_noise = estimate.ratio.ln().abs() > noise.map_or(0.0, distance_from_1);
    let (higher, lower) = (low > 1.0, high < 1.0);
    if !(beyond_noise && (higher || lower)) {
        Verdict::NoDifferenceShown
    } else if higher == (better == Better::Higher) {
        Verdict::Faster
    } else {
        Verdict::Slower
    }
}

/// The logarithm of how far an interval reaches from 1, on the side where it reaches further.
fn distance_from_1(noise: Estimate) -> f64 {
    noise.interval.map_or(f64::INFINITY, |(low, high)| {
        low.ln().abs().max(high.ln().abs())
    })
}

/// The logarithms of the ratios of a round's two pairs; NaN where a figure is not a positive number.
fn log_ratios(round: &Round) -> [f64; 2] {
    let [a1, b1, b2, a2] = round.map(|figure| {
        if is_positive(figure) {
            figure.ln()
        } else {
            f64::NAN
        }
    });
    [b1 - a1, b2 - a2]
}

fn is_positive(number: f64) -> bool {
    number.is_finite() && number > 0.0
}

/// NaN for none.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// How far the true mean may lie from that of `values`, in 95 of 100 cases: as many standard errors as the
/// means of resampled pairs lie off their own mean, to whichever side.
fn reach(values: &[f64], mean: f64, samples: usize) -> Option<f64> {
    if values.len() < 2 * MIN_ROUNDS {
        return None;
    }
    let mut random = SmallRng::seed_from_u64(0);
    let mut sample = values.to_vec();
    let mut off: Vec<f64> = (0..samples)
        .map(|_| {
            for value in &mut sample {
                *value = *values.choose(&mut random).unwrap_or(&mean);
            }
            let sampled = self::mean(&sample);
            // One pair drawn again and again has no error: it is as far off as can be.
            ((sampled - mean) / standard_error(&sample, sampled)).abs()
        })
        .collect();
    off.sort_by(f64::total_cmp);
    let factor = off.get(samples * 95 / 100)?;
    let error = standard_error(values, mean);
    // Pairs that are all alike have no error. In this order a NaN stays one: `max` would drop it.
    Some(match factor * error {
        _ if error == 0.0 => RESOLUTION,
        reach if reach < RESOLUTION => RESOLUTION,
        reach => reach,
    })
}

/// The standard error of the mean of `values`, of which there are two at least.
fn standard_error(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let count = values.len() as f64;
    (squares / (count - 1.0) / count).sqrt()
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
