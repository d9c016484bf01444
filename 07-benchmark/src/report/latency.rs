//! What a histogram says, in milliseconds. Every form of the report takes its latencies from here, so that
//! they agree.

use hdrhistogram::Histogram;

/// The percentiles that are reported: in percent, in writing, and as the key of the JSON document.
pub const PERCENTILES: [(f64, &str, &str); 7] = [
    (50.0, "p50", "p50_ms"),
    (75.0, "p75", "p75_ms"),
    (90.0, "p90", "p90_ms"),
    (95.0, "p95", "p95_ms"),
    (99.0, "p99", "p99_ms"),
    (99.9, "p99.9", "p99_9_ms"),
    (99.99, "p99.99", "p99_99_ms"),
];

/// The points of a curve within a decade: how far they are from 100 %, the first standing for the whole
/// decade's width of 1,000. They are as good as evenly spaced on a logarithmic axis, and all percentiles that
/// people ask for are among them.
const STEPS: [u64; 16] = [
    1000, 900, 800, 700, 600, 500, 450, 400, 350, 300, 250, 225, 200, 175, 150, 125,
];

/// As many decades are told apart: up to 99.9999999999 %.
const DECADES: u32 = 12;

/// Latencies in milliseconds. There is at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// The lowest.
    pub min: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The highest.
    pub max: f64,
    /// Those of [`PERCENTILES`], in that order.
    pub percentiles: [f64; PERCENTILES.len()],
    /// Enough points to draw the distribution; in order. The first stands at 0 %, the last at 100 %.
    pub curve: Vec<Point>,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// This many of a hundred latencies ...
    pub percent: f64,
    /// ... were not above this, in milliseconds.
    pub millis: f64,
}

impl Latency {
    /// What a histogram of nanoseconds says; `None` if it is empty.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let count = histogram.len();
        if count == 0 {
            return None;
        }
        Some(Self {
            count,
            min: millis(histogram.min()),
            mean: histogram.mean() / 1e6,
            max: millis(histogram.max()),
            percentiles: PERCENTILES
                .map(|(percent, ..)| millis(histogram.value_at_percentile(percent))),
            curve: curve(histogram),
        })
    }

    /// The latency at one of [`PERCENTILES`]; the highest for a percentage that is not among them.
    pub fn at(&self, percent: f64) -> f64 {
        let index = PERCENTILES.iter().position(|(each, ..)| *each == percent);
        let known = index.and_then(|index| self.percentiles.get(index));
        known.copied().unwrap_or(self.max)
    }
}

/// Nanoseconds in milliseconds.
pub fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

fn curve(histogram: &Histogram<u64>) -> Vec<Point> {
    let percents = percents(histogram.len());
    let values = histogram.value_at_percentiles(percents.iter().copied());
    let points = percents.iter().zip(values);
    points
        .map(|(&percent, value)| Point {
            percent,
            millis: millis(value),
        })
        .collect()
}

/// From 0 % on as close to 100 % as so many samples can tell, then 100 %.
fn percents(count: u64) -> Vec<f64> {
    let mut percents = Vec::new();
    for decade in 0..DECADES {
        // In these units 100 % are a whole number, and the percentages are as exact as if written in digits.
        let unit = 10_u64.pow(decade + 1);
        let steps = STEPS.iter().take_while(|step| {
            // At least one sample lies beyond.
            u128::from(**step) * u128::from(count) >= u128::from(unit) * 100
        });
        percents.extend(steps.map(|step| (unit * 100 - step) as f64 / unit as f64));
    }
    percents.push(100.0);
    percents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::latencies;

    #[test]
    fn nothing_is_said_of_an_empty_histogram() {
        assert_eq!(Latency::of(&latencies()), None);
    }

    #[test]
    fn of_one_sample_all_is_the_same() {
        let mut histogram = latencies();
        histogram.record(1_000).unwrap();
        let latency = Latency::of(&histogram).unwrap();
        assert_eq!(latency.percentiles, [0.001; 7]);
        let percents: Vec<f64> = latency.curve.iter().map(|point| point.percent).collect();
        assert_eq!(percents, [0.0, 100.0]);
    }

    #[test]
    fn a_curve_goes_as_far_as_its_samples() {
        assert_eq!(percents(9).last_chunk(), Some(&[87.5, 100.0]));
        assert_eq!(percents(10).last_chunk(), Some(&[90.0, 100.0]));
        assert_eq!(percents(1000).last_chunk(), Some(&[99.875, 99.9, 100.0]));
        let many = percents(u64::MAX);
        assert!(many.is_sorted() && many.len() < 200);
        for (percent, ..) in PERCENTILES {
            assert!(many.contains(&percent), "{percent}");
        }
    }

    #[test]
    fn a_curve_agrees_with_the_percentiles() {
        let mut histogram = latencies();
        for value in 1..=100_000 {
            histogram.record(value * 1000).unwrap();
        }
        let latency = Latency::of(&histogram).unwrap();
        for (percent, ..) in PERCENTILES {
            let point = latency.curve.iter().find(|point| point.percent == percent);
            assert_eq!(point.unwrap().millis, latency.at(percent), "{percent}");
        }
        assert_eq!(latency.curve.last().unwrap().millis, latency.max);
        assert_eq!(latency.curve.first().unwrap().millis, latency.min);
        assert!((latency.at(99.0) - 99.0).abs() < 0.1);
    }
}
