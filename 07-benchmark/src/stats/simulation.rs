//! Simulated comparisons, in which the truth is known.

use super::Round;
use rand::RngExt;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, LogNormal, StandardNormal, StudentT};

/// What disturbs the turns of a simulated comparison. All but the last two treat A and B alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    Normal,
    /// Far more slow turns than fast ones.
    Skewed,
    /// Outliers on both sides.
    HeavyTailed,
    /// One turn in 20 is slower by a quarter.
    Disturbed,
    /// The machine grows slower by 1 % in each turn.
    Drift,
    /// The machine's speed moves at random, by 3 % from turn to turn.
    Walk,
    /// B's noise is skewed and twice as strong as usual, A's normal and half as strong.
    SkewedB,
    /// One turn in 10 of B alone is slower by a quarter.
    DisturbedB,
}

pub const ALIKE: [Noise; 6] = [
    Noise::Normal,
    Noise::Skewed,
    Noise::HeavyTailed,
    Noise::Disturbed,
    Noise::Drift,
    Noise::Walk,
];
pub const UNLIKE: [Noise; 2] = [Noise::SkewedB, Noise::DisturbedB];

/// A simulated comparison.
#[derive(Clone, Copy)]
pub struct Simulation {
    pub noise: Noise,
    /// The standard deviation of a turn's logarithm.
    pub strength: f64,
    pub rounds: usize,
    /// B's true figure divided by A's.
    pub truth: f64,
}

impl Simulation {
    pub fn new(noise: Noise, rounds: usize) -> Self {
        Self {
            noise,
            strength: 0.03,
            rounds,
            truth: 1.0,
        }
    }

    pub fn rounds(&self, rng: &mut SmallRng) -> Vec<Round> {
        let mut machine = 100_000_f64.ln();
        let mut turn = |is_b: bool, rng: &mut SmallRng| {
            machine += match self.noise {
                Noise::Drift => -0.01,
                Noise::Walk => 0.03 * normal(rng),
                _ => 0.0,
            };
            let server = if is_b { self.truth.ln() } else { 0.0 };
            (machine + server + self.strength * disturbance(self.noise, is_b, rng)).exp()
        };
        (0..self.rounds)
            .map(|_| [false, true, true, false].map(|is_b| turn(is_b, rng)))
            .collect()
    }
}

/// One turn's deviation from the truth, with a mean of 0, in units of the usual one's standard deviation.
fn disturbance(noise: Noise, is_b: bool, rng: &mut SmallRng) -> f64 {
    match noise {
        Noise::Normal | Noise::Drift | Noise::Walk => normal(rng),
        Noise::Skewed => skewed(rng),
        Noise::HeavyTailed => StudentT::new(3.0).unwrap().sample(rng) / 3_f64.sqrt(),
        Noise::Disturbed => normal(rng) + seldom(0.05, rng),
        Noise::SkewedB if is_b => 2.0 * skewed(rng),
        Noise::SkewedB => 0.5 * normal(rng),
        Noise::DisturbedB if is_b => normal(rng) + seldom(0.1, rng),
        Noise::DisturbedB => normal(rng),
    }
}

pub fn normal(rng: &mut SmallRng) -> f64 {
    StandardNormal.sample(rng)
}

/// A log-normal turned round, so that its long tail is that of slow turns.
fn skewed(rng: &mut SmallRng) -> f64 {
    let variance = 0.75_f64.powi(2);
    let mean = (variance / 2.0).exp();
    let deviation = mean * (variance.exp() - 1.0).sqrt();
    (mean - LogNormal::new(0.0, 0.75).unwrap().sample(rng)) / deviation
}

/// A mishap of this chance: 10 standard deviations, which are a quarter at 3 %.
fn seldom(chance: f64, rng: &mut SmallRng) -> f64 {
    let mishap = rng.random_bool(chance);
    10.0 * chance - if mishap { 10.0 } else { 0.0 }
}
