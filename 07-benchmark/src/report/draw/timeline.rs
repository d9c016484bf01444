//! A run over time: its throughput, and below it its latencies.

use super::scale::Scale;
use super::{Caption, Frame, Size, axes, line, picture, polyline, rect, sample};
use crate::engine::Interval;
use crate::report::latency::millis;
use crate::report::markup::{Node, tag};
use crate::report::numbers::{figure, per_second, thousands};
use std::time::Duration;

/// Some intervals of a run as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Seconds from the begin of what is measured.
    pub begin: f64,
    /// Seconds.
    pub end: f64,
    /// Replies per second: all replies divided by all the time.
    pub throughput: f64,
    /// The same of the slowest interval.
    pub slowest: f64,
    /// The same of the fastest.
    pub fastest: f64,
    /// The highest 99th percentile of its intervals, in milliseconds; `None` without a reply. The percentile
    /// of all can't be had from theirs, but it is not above this.
    pub p99: Option<f64>,
    /// The highest latency.
    pub max: Option<f64>,
    /// Requests that failed.
    pub errors: u64,
}

/// How many stretches a picture shows at most.
fn most(size: Size) -> usize {
    size.pick(300, 120)
}

/// How many intervals make one stretch of a picture.
pub fn folded(size: Size, intervals: usize) -> usize {
    intervals.div_ceil(most(size)).max(1)
}

/// Intervals folded so that a picture can show them.
pub fn fold(size: Size, intervals: &[Interval]) -> Vec<Stretch> {
    let many = folded(size, intervals.len());
    intervals.chunks(many).map(stretch).collect()
}

fn stretch(intervals: &[Interval]) -> Stretch {
    let begin = intervals
        .first()
        .map_or(Duration::ZERO, |first| first.begin);
    let time: Duration = intervals.iter().map(|each| each.length).sum();
    let replies: u64 = intervals.iter().map(|each| each.replies).sum();
    let rates = || {
        intervals
            .iter()
            .filter_map(|each| per_second(each.replies, each.length))
    };
    let answered = || intervals.iter().filter(|each| each.replies > 0);
    let slowest = rates().min_by(f64::total_cmp);
    Stretch {
        begin: begin.as_secs_f64(),
        end: (begin + time).as_secs_f64(),
        throughput: per_second(replies, time).unwrap_or(0.0),
        slowest: slowest.unwrap_or(0.0),
        fastest: rates().fold(0.0, f64::max),
        p99: answered().map(|each| each.p99).max().map(millis),
        max: answered().map(|each| each.max).max().map(millis),
        errors: intervals.iter().map(|each| each.errors).sum(),
    }
}

/// Draws a run's intervals. `asked` is the rate of an open loop.
pub fn draw(size: Size, caption: &Caption, intervals: &[Interval], asked: Option<f64>) -> Node {
    let stretches = fold(size, intervals);
    let (left, right) = size.pick((72.0, 940.0), (58.0, 400.0));
    let (middle, gap, bottom) = size.pick((190.0, 52.0, 400.0), (140.0, 46.0, 300.0));
    let above = Frame {
        left,
        top: 38.0,
        right,
        bottom: middle,
    };
    let below = Frame {
        top: middle + gap,
        bottom,
        ..above
    };
    let end = stretches.last().map_or(1.0, |last| last.end);
    let begin = stretches.first().map_or(0.0, |first| first.begin);
    let x = Scale::even((begin, end), (left, right));
    picture(size, bottom + 50.0, caption)
        .with(axes::horizontal(&[above, below], &x, size, "seconds"))
        .with(throughput(above, &x, &stretches, asked))
        .with(latency(below, &x, &stretches))
}

fn throughput(frame: Frame, x: &Scale, stretches: &[Stretch], asked: Option<f64>) -> Node {
    let fastest = stretches.iter().map(|stretch| stretch.fastest);
    let high = fastest.chain(asked).fold(0.0, f64::max);
    let y = Scale::from_zero(high, 4, (frame.bottom, frame.top));
    let asked = asked.map(|rate| {
        let meaning = format!("asked for: {}", figure(rate));
        axes::rule(frame, y.at(rate), &meaning)
    });
    let levels = levels("throughput", "", x, &y, stretches, |stretch| {
        Some(stretch.throughput)
    });
    tag("g")
        .with(axes::vertical(frame, &y, 4, "replies per second"))
        .all(stretches.iter().map(|stretch| spread(stretch, x, &y)))
        .all(asked)
        .with(levels)
        .all(
            stretches
                .iter()
                .filter_map(|stretch| failures(stretch, frame, x)),
        )
}

/// From the slowest to the fastest interval of a stretch, where it has several.
fn spread(stretch: &Stretch, x: &Scale, y: &Scale) -> Node {
    let ends = (y.at(stretch.fastest), y.at(stretch.slowest));
    rect("spread", column(stretch, x, ends))
}

/// The place of a stretch, between two heights.
fn column(stretch: &Stretch, x: &Scale, (top, bottom): (f64, f64)) -> Frame {
    Frame {
        left: x.at(stretch.begin),
        right: x.at(stretch.end),
        top,
        bottom,
    }
}

/// The sign over a stretch with errors, wide enough to be seen.
fn failures(stretch: &Stretch, frame: Frame, x: &Scale) -> Option<Node> {
    let place = column(stretch, x, (frame.top - 10.0, frame.top - 4.0));
    let right = place.right.max(place.left + 3.0);
    let hint = format!("{} failed", thousands(stretch.errors as f64));
    let sign = || rect("failed", Frame { right, ..place }).with(tag("title").text(hint));
    (stretch.errors > 0).then(sign)
}

fn latency(frame: Frame, x: &Scale, stretches: &[Stretch]) -> Node {
    let values = stretches
        .iter()
        .flat_map(|stretch| [stretch.p99, stretch.max]);
    let y = Scale::fitting(values.flatten(), (frame.bottom, frame.top));
    let tails = stretches.iter().filter_map(|stretch| {
        let ends = (y.at(stretch.max?), y.at(stretch.p99?));
        Some(rect("tail", column(stretch, x, ends)))
    });
    tag("g")
        .with(axes::vertical(frame, &y, 4, "latency in ms"))
        .all(tails)
        .with(levels("max", "thin", x, &y, stretches, |stretch| {
            stretch.max
        }))
        .with(levels("p99", "", x, &y, stretches, |stretch| stretch.p99))
}

/// A line of levels, with a gap where there is no value.
fn levels(
    name: &str,
    class: &str,
    x: &Scale,
    y: &Scale,
    stretches: &[Stretch],
    value: impl Fn(&Stretch) -> Option<f64>,
) -> Node {
    let parts = stretches.split(|stretch| value(stretch).is_none());
    let lines = parts.filter(|part| !part.is_empty()).map(|part| {
        let level = |stretch: &Stretch| {
            let y = y.at(value(stretch).unwrap_or(0.0));
            [(x.at(stretch.begin), y), (x.at(stretch.end), y)]
        };
        let points: Vec<(f64, f64)> = part.iter().flat_map(level).collect();
        polyline(&format!("line s0 {class}"), &points)
    });
    tag("g").class("series").attr("data-name", name).all(lines)
}

/// The legend: pictures and what they stand for.
pub fn legend(intervals: &[Interval]) -> Vec<(Node, &'static str)> {
    let whole = Frame {
        left: 1.0,
        top: 2.0,
        right: 35.0,
        bottom: 12.0,
    };
    let p99 = sample().with(line("line s0", (1.0, 7.0), (35.0, 7.0)));
    let edge = line("line s0 thin", (1.0, 2.0), (35.0, 2.0));
    let tail = sample().with(rect("tail", whole)).with(edge);
    let mut legend = vec![(p99, "p99"), (tail, "from p99 to the slowest reply")];
    if intervals.iter().any(|interval| interval.errors > 0) {
        let low = Frame {
            top: 4.0,
            bottom: 10.0,
            ..whole
        };
        legend.push((sample().with(rect("failed", low)), "requests failed"));
    }
    legend
}

/// What a picture shows, in words.
pub fn description(intervals: &[Interval]) -> String {
    let whole = stretch(intervals);
    let millis = |value: Option<f64>| value.map_or_else(|| "none".to_string(), figure);
    format!(
        "{} intervals. Replies per second: from {} to {}. Highest p99 of an interval: {} ms. Highest latency: {} ms.",
        thousands(intervals.len() as f64),
        thousands(whole.slowest),
        thousands(whole.fastest),
        millis(whole.p99),
        millis(whole.max)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(number: u32, replies: u64, p99: u64) -> Interval {
        let length = Duration::from_millis(100);
        Interval {
            begin: length * number,
            length,
            replies,
            errors: u64::from(number) % 2,
            p50: p99 / 2,
            p99,
            max: p99 * 3,
        }
    }

    #[test]
    fn few_intervals_stay_as_they_are() {
        let intervals: Vec<Interval> = (0..120).map(|n| interval(n, 50, 1_000_000)).collect();
        let stretches = fold(Size::Narrow, &intervals);
        assert_eq!(stretches.len(), 120);
        assert!(
            stretches
                .iter()
                .all(|each| each.throughput == 500.0 && each.p99 == Some(1.0))
        );
    }

    #[test]
    fn many_intervals_are_folded_and_nothing_is_hidden() {
        let mut intervals: Vec<Interval> = (0..6000).map(|n| interval(n, 100, 1_000_000)).collect();
        intervals[3001] = interval(3001, 1, 400_000_000);
        intervals[3002] = interval(3002, 0, 0);
        let stretches = fold(Size::Wide, &intervals);
        assert_eq!(stretches.len(), 300);
        let stalled = stretches[3001 / 20];
        assert_eq!((stalled.p99, stalled.max), (Some(400.0), Some(1200.0)));
        assert_eq!((stalled.slowest, stalled.fastest), (0.0, 1000.0));
        assert!(
            (stalled.throughput - 1801.0 / 2.0).abs() < 1e-6,
            "{stalled:?}"
        );
        let replies: f64 = stretches
            .iter()
            .map(|each| each.throughput * (each.end - each.begin))
            .sum();
        assert!((replies - 599_801.0).abs() < 1e-3, "{replies}");
        let errors: u64 = stretches.iter().map(|each| each.errors).sum();
        assert_eq!(errors, 3000);
    }

    #[test]
    fn without_replies_there_is_no_latency() {
        let silent = fold(Size::Wide, &[interval(0, 0, 0)]);
        assert_eq!((silent[0].p99, silent[0].max), (None, None));
        assert_eq!(fold(Size::Wide, &[]), []);
    }
}
