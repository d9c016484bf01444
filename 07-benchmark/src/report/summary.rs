//! What the findings of a comparison come down to: a side's figures, which figure decides a test, and how many
//! tests went which way.

use crate::report::model::{Bound, Case, Estimate, Side, Verdict};
use crate::report::numbers::median;

/// The figure that decides what is said of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Replies per second.
    Throughput,
    /// The 99th percentile of the latencies.
    P99,
    /// CPU time of the server for a request.
    ServerCpu,
}

impl Side {
    /// Replies per second: the median of the turns. `None` without turns.
    pub fn throughput(&self) -> Option<f64> {
        median(&self.throughputs)
    }

    /// The latency that `percent` of the replies of all turns did not exceed, in milliseconds. `None` without
    /// replies.
    pub fn millis_at(&self, percent: f64) -> Option<f64> {
        (!self.all.response.is_empty()).then(|| self.all.millis_at(percent))
    }
}

impl Case {
    /// Whole rounds that were measured.
    pub fn rounds(&self) -> usize {
        let turns = self.sides.iter().map(|side| side.throughputs.len());
        turns.min().unwrap_or_default() / 2
    }

    /// The figure that decides. Throughput, where a server was the limit on both sides. Where this program was,
    /// or neither was, throughput shows less than the whole difference: then CPU time of the server, if it is
    /// known. Where a schedule set the throughput it shows nothing: then latency.
    pub fn deciding(&self) -> Figure {
        let any = |bound| self.sides.iter().any(|side| side.bound == bound);
        if any(Bound::Schedule) {
            Figure::P99
        } else if self.server_cpu.is_some() && (any(Bound::Client) || any(Bound::Neither)) {
            Figure::ServerCpu
        } else {
            Figure::Throughput
        }
    }

    /// The estimate of the figure that decides.
    pub fn decided_by(&self) -> Estimate {
        match self.deciding() {
            Figure::Throughput => self.throughput,
            Figure::P99 => self.p99,
            Figure::ServerCpu => self.server_cpu.unwrap_or(self.throughput),
        }
    }
}

/// How many tests went which way, by the figure that decides each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// B is better.
    pub faster: usize,
    /// B is worse.
    pub slower: usize,
    /// No difference is shown.
    pub not_shown: usize,
}

impl Score {
    /// Counts `cases`.
    pub fn of(cases: &[Case]) -> Self {
        let mut score = Self::default();
        for case in cases {
            match case.decided_by().verdict {
                Verdict::Faster => score.faster += 1,
                Verdict::Slower => score.slower += 1,
                Verdict::NoDifferenceShown => score.not_shown += 1,
            }
        }
        score
    }

    /// It in a sentence.
    pub fn sentence(self) -> String {
        let total = self.faster + self.slower + self.not_shown;
        let tests = if total == 1 { "test" } else { "tests" };
        if total == 0 {
            return "No test was measured.".to_string();
        }
        if total == self.not_shown {
            return format!("No difference is shown in {total} of {total} {tests}.");
        }
        let mut sentence = format!(
            "B is faster in {} of {total} {tests}, slower in {}",
            number(self.faster),
            number(self.slower)
        );
        if self.not_shown > 0 {
            sentence += &format!("; in {} no difference is shown", self.not_shown);
        }
        sentence + "."
    }
}

fn number(count: usize) -> String {
    match count {
        0 => "none".to_string(),
        _ => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Measured;
    use std::time::Duration;

    fn side(bound: Bound, throughputs: &[f64]) -> Side {
        Side {
            name: "a server".to_string(),
            all: Measured::default(),
            throughputs: throughputs.to_vec(),
            server_cpu: Some(Duration::from_micros(5)),
            server_share: None,
            bound,
        }
    }

    fn estimate(ratio: f64, verdict: Verdict) -> Estimate {
        Estimate {
            ratio,
            interval: None,
            verdict,
        }
    }

    /// A test with another verdict for each figure.
    fn case(a: Bound, b: Bound) -> Case {
        Case {
            title: "SET -P 1".to_string(),
            pipeline: 1,
            sides: [side(a, &[1.0; 6]), side(b, &[2.0; 5])],
            throughput: estimate(2.0, Verdict::Faster),
            p50: estimate(1.0, Verdict::NoDifferenceShown),
            p99: estimate(1.0, Verdict::NoDifferenceShown),
            server_cpu: Some(estimate(3.0, Verdict::Slower)),
        }
    }

    #[test]
    fn throughput_decides_where_a_server_was_the_limit() {
        for (a, b, figure) in [
            (Bound::Server, Bound::Server, Figure::Throughput),
            (Bound::Unknown, Bound::Unknown, Figure::Throughput),
            (Bound::Server, Bound::Client, Figure::ServerCpu),
            (Bound::Neither, Bound::Server, Figure::ServerCpu),
            (Bound::Schedule, Bound::Schedule, Figure::P99),
        ] {
            assert_eq!(case(a, b).deciding(), figure, "{a:?} {b:?}");
        }
        let unknown = Case {
            server_cpu: None,
            ..case(Bound::Client, Bound::Client)
        };
        assert_eq!(unknown.deciding(), Figure::Throughput);
    }

    #[test]
    fn tests_are_counted_by_the_figure_that_decides() {
        let cases = [
            case(Bound::Server, Bound::Server),
            case(Bound::Server, Bound::Server),
            case(Bound::Client, Bound::Server),
            case(Bound::Schedule, Bound::Schedule),
        ];
        let score = Score::of(&cases);
        assert_eq!((score.faster, score.slower, score.not_shown), (2, 1, 1));
    }

    #[test]
    fn a_sentence_says_what_came_out() {
        for (faster, slower, not_shown, text) in [
            (
                5,
                1,
                2,
                "B is faster in 5 of 8 tests, slower in 1; in 2 no difference is shown.",
            ),
            (8, 0, 0, "B is faster in 8 of 8 tests, slower in none."),
            (0, 1, 0, "B is faster in none of 1 test, slower in 1."),
            (0, 0, 3, "No difference is shown in 3 of 3 tests."),
            (0, 0, 0, "No test was measured."),
        ] {
            let score = Score {
                faster,
                slower,
                not_shown,
            };
            assert_eq!(score.sentence(), text);
        }
    }

    #[test]
    fn only_whole_rounds_count() {
        assert_eq!(case(Bound::Server, Bound::Server).rounds(), 2);
    }

    #[test]
    fn a_median_stands_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[5.0]), Some(5.0));
        assert_eq!(median(&[]), None);
    }
}
