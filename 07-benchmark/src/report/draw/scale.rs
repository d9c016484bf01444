//! From values to places and back.

/// Maps values from `low` to `high` evenly, or their logarithms, to places.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    logarithmic: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

/// The most ticks that are ever made.
const MOST_TICKS: usize = 40;

/// Values are shown on a logarithmic axis when the highest is so many times the lowest.
const WIDE_RANGE: f64 = 20.0;

/// Decades below the highest value that a logarithmic axis shows at most.
const DECADES: f64 = 8.0;

impl Scale {
    /// An even scale from 0 to at least `high`, ending at a tick.
    pub fn from_zero(high: f64, about: usize, places: (f64, f64)) -> Self {
        let high = if high.is_finite() && high > 0.0 {
            high
        } else {
            1.0
        };
        let step = round_step(high / about.max(1) as f64);
        Self::even((0.0, (high / step).ceil() * step), places)
    }

    /// An even scale between two values.
    pub fn even(ends: (f64, f64), places: (f64, f64)) -> Self {
        let sound = ends.0.is_finite() && ends.1.is_finite() && ends.0 < ends.1;
        Self::between(if sound { ends } else { (0.0, 1.0) }, places, false)
    }

    /// A logarithmic scale between two values above 0.
    pub fn logarithmic(ends: (f64, f64), places: (f64, f64)) -> Self {
        let sound = ends.0 > 0.0 && ends.1.is_finite() && ends.0 < ends.1;
        Self::between(if sound { ends } else { (0.1, 10.0) }, places, true)
    }

    fn between((low, high): (f64, f64), (from, to): (f64, f64), logarithmic: bool) -> Self {
        Self {
            logarithmic,
            low,
            high,
            from,
            to,
        }
    }

    /// The scale that shows these values best: from 0 on, or logarithmic when they differ by much.
    pub fn fitting(values: impl Iterator<Item = f64>, places: (f64, f64)) -> Self {
        let sound = |value: &f64| value.is_finite() && *value >= 0.0;
        let (low, high) = values
            .filter(sound)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if high == 0.0 || high < low * WIDE_RANGE {
            return Self::from_zero(high, 5, places);
        }
        let low = low.max(high / 10_f64.powf(DECADES));
        Self::logarithmic((round_down(low), round_up(high)), places)
    }

    /// The place of a value; of one outside of the scale that of the nearer end.
    pub fn at(&self, value: f64) -> f64 {
        let value = if value.is_nan() {
            self.low
        } else {
            value.clamp(self.low, self.high)
        };
        let part = if self.logarithmic {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + part * (self.to - self.from)
    }

    /// Where to put ticks: round values, about this many on an even scale.
    pub fn ticks(&self, about: usize) -> Vec<f64> {
        if self.logarithmic {
            self.round_values()
        } else {
            self.steps(about)
        }
    }

    fn steps(&self, about: usize) -> Vec<f64> {
        let step = round_step((self.high - self.low) / about.max(1) as f64);
        let first = (self.low / step).ceil();
        let ticks = (0..MOST_TICKS).map(|index| (first + index as f64) * step);
        // A little beyond, because sums of steps are not exact.
        ticks
            .take_while(|tick| *tick <= self.high + step / 1e6)
            .collect()
    }

    /// 1, 2 and 5 of each decade; of many decades the 1 alone.
    fn round_values(&self) -> Vec<f64> {
        let (first, last) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
        );
        let within =
            |value: &f64| *value >= self.low * 0.999_999 && *value <= self.high * 1.000_001;
        let digits: &[f64] = if last.saturating_sub(first) <= 3 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let decades = (first..=last).take(MOST_TICKS);
        let values =
            decades.flat_map(|decade| digits.iter().map(move |digit| digit * power(decade)));
        values.filter(within).collect()
    }
}

/// A power of ten, exact for those that have a number: products of 0.1 are not.
fn power(exponent: i32) -> f64 {
    if exponent < 0 {
        1.0 / 10_f64.powi(-exponent)
    } else {
        10_f64.powi(exponent)
    }
}

/// The next of 1, 2, 5, 10 ... that is not below.
fn round_step(step: f64) -> f64 {
    round_up(step.max(f64::MIN_POSITIVE * 1e10))
}

fn round_up(value: f64) -> f64 {
    let decade = power(value.log10().floor() as i32);
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digit * decade >= value * 0.999_999);
    digit.unwrap_or(10.0) * decade
}

fn round_down(value: f64) -> f64 {
    let decade = power(value.log10().floor() as i32);
    let digit = [5.0, 2.0]
        .into_iter()
        .find(|digit| digit * decade <= value * 1.000_001);
    digit.unwrap_or(1.0) * decade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middles_are_where_they_belong() {
        let even = Scale::even((0.0, 10.0), (100.0, 200.0));
        assert_eq!(
            [0.0, 5.0, 10.0].map(|value| even.at(value)),
            [100.0, 150.0, 200.0]
        );
        // Up in a picture is a smaller distance from its upper edge.
        let logarithmic = Scale::logarithmic((0.1, 10.0), (200.0, 100.0));
        assert_eq!(logarithmic.at(1.0), 150.0);
        assert_eq!(
            [0.0, 1e9, f64::NAN].map(|value| logarithmic.at(value)),
            [200.0, 100.0, 200.0]
        );
    }

    #[test]
    fn ticks_are_round() {
        let even = Scale::from_zero(87_654.0, 5, (0.0, 1.0));
        assert_eq!(
            even.ticks(5),
            [0.0, 20_000.0, 40_000.0, 60_000.0, 80_000.0, 100_000.0]
        );
        let few = Scale::fitting([0.3, 7.0].into_iter(), (0.0, 1.0));
        assert!(few.logarithmic);
        assert_eq!(few.ticks(5), [0.2, 0.5, 1.0, 2.0, 5.0, 10.0]);
        let many = Scale::fitting([0.003, 2000.0].into_iter(), (0.0, 1.0));
        assert_eq!(many.ticks(5), [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn whatever_the_values_a_scale_is_sound() {
        let odd = [
            0.0,
            f64::NAN,
            f64::INFINITY,
            -1.0,
            1e-300,
            1e300,
            5.0,
            f64::MIN_POSITIVE,
        ];
        for low in odd {
            for high in odd {
                let scales = [
                    Scale::fitting([low, high].into_iter(), (0.0, 100.0)),
                    Scale::even((low, high), (0.0, 100.0)),
                    Scale::logarithmic((low, high), (0.0, 100.0)),
                    Scale::from_zero(high, 5, (0.0, 100.0)),
                ];
                for scale in scales {
                    for place in odd.map(|value| scale.at(value)) {
                        assert!((-0.001..=100.001).contains(&place), "{scale:?} {place}");
                    }
                    assert!(scale.ticks(5).len() <= 3 * MOST_TICKS, "{scale:?}");
                }
            }
        }
    }
}
