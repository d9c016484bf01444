//! The estimate against simulated comparisons, and by hand.

use super::simulation::{ALIKE, Noise, Simulation, UNLIKE, normal};
use super::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

type Interval = Option<(f64, f64)>;

/// In how many of 100 comparisons an interval holds the truth, and how wide it is in the middle one.
fn coverage(
    simulation: Simulation,
    runs: usize,
    interval: impl Fn(&[Round], &mut SmallRng) -> Interval,
) -> (f64, f64) {
    let mut rng = SmallRng::seed_from_u64(7);
    let mut widths = Vec::new();
    let mut held = 0;
    for _ in 0..runs {
        let rounds = simulation.rounds(&mut rng);
        let (low, high) = interval(&rounds, &mut rng).unwrap();
        held += usize::from(low <= simulation.truth && simulation.truth <= high);
        widths.push(high - low);
    }
    widths.sort_by(f64::total_cmp);
    (held as f64 * 100.0 / runs as f64, widths[runs / 2])
}

/// Our own, with fewer samples: thousands of them are drawn.
fn ours(rounds: &[Round], _: &mut SmallRng) -> Interval {
    let logs = logs(rounds);
    let mean = mean(&logs);
    let reach = reach(&logs, mean, RESAMPLES).unwrap();
    Some(((mean - reach).exp(), (mean + reach).exp()))
}

/// Student's, which assumes that the logarithms of the rounds' ratios scatter as a bell does.
fn student(rounds: &[Round], _: &mut SmallRng) -> Interval {
    // For 5, 7, 9, 13 and 19 degrees of freedom.
    let factor = match rounds.len() {
        3 => 2.5706,
        4 => 2.3646,
        5 => 2.2622,
        7 => 2.1604,
        _ => 2.0930,
    };
    let (mean, error) = mean_and_error(&logs(rounds));
    let reach = factor * error;
    Some(((mean - reach).exp(), (mean + reach).exp()))
}

/// What the normal distribution would give, if the spread were known.
fn normal_interval(rounds: &[Round], _: &mut SmallRng) -> Interval {
    let (mean, error) = mean_and_error(&logs(rounds));
    Some(((mean - 1.96 * error).exp(), (mean + 1.96 * error).exp()))
}

const RESAMPLES: usize = 399;

/// The bootstrap that comes to mind first: the range of the middle 95 % of the resampled means.
fn percentiles(rounds: &[Round], rng: &mut SmallRng) -> Interval {
    let logs = logs(rounds);
    let means = resampled(&logs, rng, |sample| mean_and_error(sample).0);
    Some((at(&means, 0.025).exp(), at(&means, 0.975).exp()))
}

fn logs(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().flat_map(log_ratios).collect()
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let (count, mean) = (values.len() as f64, mean(values));
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

/// A statistic of samples drawn from `values` with repetition, in order.
fn resampled(values: &[f64], rng: &mut SmallRng, statistic: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut sample = values.to_vec();
    let mut all: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            for value in &mut sample {
                *value = values[rng.random_range(0..values.len())];
            }
            statistic(&sample)
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[(share * sorted.len() as f64) as usize]
}

/// Of 100 comparisons: how many find B better, and how many worse.
fn found(runs: usize, one: impl Fn(&mut SmallRng) -> Verdict) -> (f64, f64) {
    let mut rng = SmallRng::seed_from_u64(3);
    let verdicts: Vec<Verdict> = (0..runs).map(|_| one(&mut rng)).collect();
    let share = |verdict| {
        let count = verdicts.iter().filter(|found| **found == verdict).count();
        count as f64 * 100.0 / runs as f64
    };
    (share(Verdict::Faster), share(Verdict::Slower))
}

/// A comparison with a true ratio of `truth`, with and without 7 rounds of A against itself. `luck` is what a
/// server's start does to all of its turns.
fn compared(truth: f64, strength: f64, luck: f64, with_noise: bool, runs: usize) -> (f64, f64) {
    let simulation = Simulation {
        strength,
        ..Simulation::new(Noise::Normal, 7)
    };
    found(runs, |rng| {
        let estimate_of = |truth: f64, rng: &mut SmallRng| {
            let starts = luck * (normal(rng) - normal(rng));
            let truth = truth * starts.exp();
            estimate(
                &Simulation {
                    truth,
                    ..simulation
                }
                .rounds(rng),
                Better::Higher,
            )
        };
        let noise = estimate_of(1.0, rng);
        let estimate = estimate_of(truth, rng);
        verdict(estimate, with_noise.then_some(noise), Better::Higher)
    })
}

#[test]
fn the_interval_holds_the_truth_in_95_of_100_comparisons() {
    for noise in ALIKE {
        for rounds in [3, 5, 7] {
            let (held, _) = coverage(Simulation::new(noise, rounds), 1_000, ours);
            assert!(
                (93.0..99.7).contains(&held),
                "{noise:?}, {rounds} rounds: {held}"
            );
        }
    }
}

#[test]
fn simpler_intervals_hold_the_truth_too_rarely() {
    let simulation = Simulation::new(Noise::Normal, 3);
    let (held, _) = coverage(simulation, 3_000, normal_interval);
    assert!(held < 92.0, "normal distribution: {held}");
    let (held, _) = coverage(simulation, 500, percentiles);
    assert!(held < 91.0, "percentiles of a bootstrap: {held}");
}

#[test]
fn where_one_side_alone_is_disturbed_the_interval_is_too_narrow() {
    // Not wished for, but known: the module's documentation says so.
    let held = UNLIKE.map(|noise| coverage(Simulation::new(noise, 7), 1_000, ours).0);
    assert!((89.0..94.5).contains(&held[0]), "{held:?}");
    assert!((82.0..90.0).contains(&held[1]), "{held:?}");
}

#[test]
#[ignore = "takes a minute: prints the table of the module's documentation"]
fn coverage_at_length() {
    println!("coverage in percent, width of the middle interval");
    for noise in ALIKE.into_iter().chain(UNLIKE) {
        for rounds in [3, 4, 5, 7, 10] {
            let simulation = Simulation::new(noise, rounds);
            let (held, width) = coverage(simulation, 10_000, ours);
            print!("{noise:?}, {rounds} rounds: ours {held:.1} {width:.3}");
            let (held, width) = coverage(simulation, 4_000, percentiles);
            print!(", percentiles {held:.1} {width:.3}");
            let (held, width) = coverage(simulation, 50_000, student);
            println!(", Student {held:.1} {width:.3}");
        }
    }
}

#[test]
fn a_slowdown_of_5_percent_is_found() {
    for (strength, with_noise, least) in [
        (0.02, false, 95.0),
        (0.03, false, 84.0),
        (0.02, true, 88.0),
        (0.03, true, 55.0),
    ] {
        let (faster, slower) = compared(0.95, strength, 0.0, with_noise, 300);
        assert!(slower > least, "{strength}, {with_noise}: {slower}");
        assert!(faster < 1.0, "{strength}, {with_noise}: {faster}");
    }
}

#[test]
fn equal_servers_are_seldom_told_apart() {
    let (faster, slower) = compared(1.0, 0.02, 0.0, false, 300);
    assert!((2.0..10.0).contains(&(faster + slower)));
    let (faster, slower) = compared(1.0, 0.02, 0.0, true, 300);
    assert!(faster + slower < 3.0);
    // What a start does to a server is the same in all rounds: the interval does not know of it.
    let (faster, slower) = compared(1.0, 0.02, 0.01, false, 300);
    assert!(faster + slower > 15.0);
    let (faster, slower) = compared(1.0, 0.02, 0.01, true, 300);
    assert!(faster + slower < 12.0);
}

#[test]
#[ignore = "prints the table of `verdict`'s documentation"]
fn power_at_length() {
    let kinds = [0.01, 0.02, 0.03, 0.05, 0.1].map(|strength| (strength, 0.0));
    for (strength, luck) in kinds.into_iter().chain([(0.02, 0.01)]) {
        print!("noise {strength}, starts {luck}:");
        for truth in [1.0, 0.98, 0.95, 0.9] {
            for with_noise in [false, true] {
                let (faster, slower) = compared(truth, strength, luck, with_noise, 1_000);
                print!(" {truth} {with_noise}: {faster:.1} + {slower:.1}");
            }
        }
        println!();
    }
}

#[test]
fn a_drift_favours_neither_side() {
    let grow = |round: i32| [0, 1, 2, 3].map(|turn| 1_000.0 * 0.97_f64.powi(4 * round + turn));
    let rounds: Vec<Round> = (0..7).map(grow).collect();
    let drifted = estimate(&rounds, Better::Higher);
    assert!((drifted.ratio - 1.0).abs() < 1e-9, "{drifted:?}");
    assert_eq!(drifted.verdict, Verdict::NoDifferenceShown);
}

#[test]
fn an_estimate_by_hand() {
    // Logarithms of the pairs' ratios: 0, ln 2, ln 4, 0, ln 4, ln 2. Their mean is ln 2.
    let rounds = [
        [1.0, 1.0, 2.0, 1.0],
        [0.5, 2.0, 1.0, 1.0],
        [1.0, 4.0, 4.0, 2.0],
    ];
    let found = estimate(&rounds, Better::Higher);
    let (low, high) = found.interval.unwrap();
    assert!((found.ratio - 2.0).abs() < 1e-9);
    // Student's, with 5 degrees of freedom, from a standard error of 0.253: 1.04 to 3.83. Ours knows less.
    assert!(
        (0.7..1.1).contains(&low) && (3.6..6.0).contains(&high),
        "{found:?}"
    );
    assert_eq!(found, estimate(&rounds, Better::Higher));
}

#[test]
fn too_few_rounds_have_a_ratio_but_no_interval() {
    assert!(estimate(&[], Better::Higher).ratio.is_nan());
    let double = [1.0, 2.0, 2.0, 1.0];
    for rounds in 0..6 {
        let found = estimate(&vec![double; rounds], Better::Higher);
        assert_eq!(found.interval.is_some(), rounds >= 3, "{rounds}");
        assert_eq!(found.verdict == Verdict::Faster, rounds >= 3);
        assert!(rounds == 0 || (found.ratio - 2.0).abs() < 1e-9);
    }
}

#[test]
fn equal_rounds_are_known_as_well_as_their_figures() {
    let found = estimate(&[[2_000.0, 2_001.0, 2_001.0, 2_000.0]; 7], Better::Lower);
    let (low, high) = found.interval.unwrap();
    assert!(low < 1.0 && high > 1.001 && high < 1.002, "{found:?}");
    assert_eq!(found.verdict, Verdict::NoDifferenceShown);
}

#[test]
fn figures_that_are_no_positive_numbers_give_no_interval() {
    for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for turn in 0..4 {
            let mut rounds = [[1.0, 2.0, 2.0, 1.0]; 7];
            rounds[3][turn] = odd;
            let found = estimate(&rounds, Better::Higher);
            assert!(found.ratio.is_nan(), "{odd}: {found:?}");
            assert_eq!(found.interval, None);
            assert_eq!(found.verdict, Verdict::NoDifferenceShown);
        }
    }
    let most = [f64::MIN_POSITIVE, f64::MAX, f64::MAX, f64::MIN_POSITIVE];
    assert_eq!(estimate(&[most; 7], Better::Higher).interval, None);
}

fn with_interval(ratio: f64, low: f64, high: f64) -> Estimate {
    Estimate {
        ratio,
        interval: Some((low, high)),
        verdict: Verdict::NoDifferenceShown,
    }
}

#[test]
fn a_verdict_needs_the_whole_interval_on_one_side() {
    for (low, high, if_higher, if_lower) in [
        (1.01, 1.2, Verdict::Faster, Verdict::Slower),
        (0.8, 0.99, Verdict::Slower, Verdict::Faster),
        (
            1.0,
            1.2,
            Verdict::NoDifferenceShown,
            Verdict::NoDifferenceShown,
        ),
        (
            0.9,
            1.0,
            Verdict::NoDifferenceShown,
            Verdict::NoDifferenceShown,
        ),
    ] {
        let estimate = with_interval(f64::midpoint(low, high), low, high);
        assert_eq!(verdict(estimate, None, Better::Higher), if_higher);
        assert_eq!(verdict(estimate, None, Better::Lower), if_lower);
    }
}

#[test]
fn a_verdict_needs_more_than_a_shows_against_itself() {
    let slower = with_interval(0.97, 0.96, 0.98);
    let beside = |low, high| verdict(slower, Some(with_interval(1.0, low, high)), Better::Higher);
    assert_eq!(beside(0.98, 1.02), Verdict::Slower);
    assert_eq!(beside(0.96, 1.01), Verdict::NoDifferenceShown);
    // The other way round, it might as well have been this way.
    assert_eq!(beside(0.99, 1.04), Verdict::NoDifferenceShown);
    assert_eq!(beside(1.02, 1.04), Verdict::NoDifferenceShown);
    let unknown = Estimate {
        interval: None,
        ..slower
    };
    assert_eq!(
        verdict(slower, Some(unknown), Better::Higher),
        Verdict::NoDifferenceShown
    );
}
