//! The ratios of a comparison below each other: each with its interval, beside the line of no difference and
//! the band in which a server differs from itself.

use super::scale::Scale;
use super::{Caption, Frame, Size, cut, line, picture, rect, tag, text};
use crate::report::markup::Node;
use crate::report::model::{Better, Estimate, Verdict};
use crate::report::numbers::short;

/// A ratio to be drawn.
#[derive(Clone, Debug)]
pub struct Row {
    /// Of which test.
    pub name: String,
    /// The ratio.
    pub estimate: Estimate,
    /// From where to where A differs from itself, where that was measured.
    pub noise: Option<(f64, f64)>,
}

/// Ratios that may be ticks.
const TICKS: [f64; 19] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0,
    10.0, 100.0,
];

/// The least distance of two ticks.
const TICK_ROOM: f64 = 36.0;

/// What a name has beside the figures on a narrow screen.
const NAME_ROOM: f64 = 225.0;

/// Draws the ratios of one figure.
pub fn draw(size: Size, caption: &Caption, rows: &[Row], better: Better) -> Node {
    let height = size.pick(30.0, 48.0);
    let (left, right) = size.pick((190.0, 730.0), (16.0, 404.0));
    let frame = Frame {
        left,
        top: 44.0,
        right,
        bottom: 44.0 + height * rows.len() as f64,
    };
    let x = scale(frame, rows);
    let ticks = ticks(frame, &x);
    let drawn = rows.iter().enumerate().map(|(index, row)| {
        let top = frame.top + height * index as f64;
        let bottom = top + height;
        draw_row(
            size,
            Frame {
                top,
                bottom,
                ..frame
            },
            &x,
            &ticks,
            row,
        )
    });
    picture(size, frame.bottom + 34.0, caption)
        .with(directions(frame, &x, better))
        .all(drawn)
        .all(ticks.iter().map(|tick| label(frame, &x, *tick)))
}

/// A logarithmic scale: twice as fast is as far from 1 as half as fast.
fn scale(frame: Frame, rows: &[Row]) -> Scale {
    let ends = rows.iter().flat_map(|row| {
        let pairs = [row.estimate.interval, row.noise];
        let ends = pairs
            .into_iter()
            .flatten()
            .flat_map(|(low, high)| [low, high]);
        ends.chain([row.estimate.ratio])
    });
    let sound = ends.filter(|ratio| ratio.is_finite() && *ratio > 0.0);
    // Both sides of 1 are always there, however little there is to see on one.
    let (low, high) = sound.fold((0.9_f64, 1.11_f64), |(low, high), ratio| {
        (low.min(ratio), high.max(ratio))
    });
    let room = 1.04;
    let (low, high) = (low.max(0.005) / room, high.min(200.0) * room);
    Scale::logarithmic((low, high), (frame.left, frame.right))
}

/// Ticks that have room beside each other, those near 1 first.
fn ticks(frame: Frame, x: &Scale) -> Vec<f64> {
    let mut near: Vec<f64> = TICKS.to_vec();
    near.sort_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs()));
    let mut shown: Vec<f64> = Vec::new();
    for tick in near {
        let at = x.at(tick);
        let inside = at > frame.left + 1.0 && at < frame.right - 1.0;
        if inside
            && shown
                .iter()
                .all(|other| (x.at(*other) - at).abs() >= TICK_ROOM)
        {
            shown.push(tick);
        }
    }
    shown
}

fn label(frame: Frame, x: &Scale, tick: f64) -> Node {
    let below = (x.at(tick), frame.bottom + 20.0);
    tag("g").class("tick x").attr("data-value", tick).with(text(
        "middle",
        below,
        format!("{}x", short(tick)),
    ))
}

/// What it means to stand left or right of the line.
fn directions(frame: Frame, x: &Scale, better: Better) -> Node {
    let (left, right) = match better {
        Better::Lower => ("← B better", "A better →"),
        Better::Higher => ("← A better", "B better →"),
    };
    let (one, y) = (x.at(1.0), frame.top - 14.0);
    // Kept inside of the picture when 1 is close to one of its sides.
    let (to, from) = (
        (one - 10.0).max(frame.left + 74.0),
        (one + 10.0).min(frame.right - 74.0),
    );
    tag("g")
        .with(text("end name", (to.min(from - 8.0), y), left))
        .with(text("name", (from.max(to + 8.0), y), right))
}

fn draw_row(size: Size, frame: Frame, x: &Scale, ticks: &[f64], row: &Row) -> Node {
    let estimate = &row.estimate;
    // On a narrow screen the words stand above the ratio, else on both sides of it.
    let lane = Frame {
        top: frame.top + size.pick(0.0, 22.0),
        ..frame
    };
    let y = f64::midpoint(lane.top, lane.bottom);
    tag("g")
        .class(format!("ratio {}", class(estimate.verdict)))
        .attr("data-name", &row.name)
        .all(row.noise.and_then(|noise| band(lane, x, noise)))
        .all(ticks.iter().map(|tick| upright(lane, x, *tick)))
        .all(words(size, frame, y + 5.0, row))
        .all(estimate.interval.map(|interval| range(x, y, interval)))
        .with(point(x.at(estimate.ratio), y, estimate.verdict))
}

fn words(size: Size, frame: Frame, beside: f64, row: &Row) -> [Node; 2] {
    let numbers = said(&row.estimate);
    let above = frame.top + 17.0;
    size.pick(
        [
            text(
                "end",
                (frame.left - 14.0, beside),
                cut(&row.name, frame.left - 14.0),
            ),
            text("", (frame.right + 14.0, beside), &numbers),
        ],
        [
            text("", (frame.left, above), cut(&row.name, NAME_ROOM)),
            text("end", (frame.right, above), &numbers),
        ],
    )
}

fn band(lane: Frame, x: &Scale, (low, high): (f64, f64)) -> Option<Node> {
    let sound = low.is_finite() && high.is_finite();
    sound.then(|| {
        let (left, right) = (x.at(low), x.at(high));
        rect(
            "band",
            Frame {
                left,
                right,
                ..lane
            },
        )
    })
}

fn upright(lane: Frame, x: &Scale, tick: f64) -> Node {
    let class = if tick == 1.0 { "one" } else { "grid" };
    line(class, (x.at(tick), lane.top), (x.at(tick), lane.bottom))
}

fn range(x: &Scale, y: f64, (low, high): (f64, f64)) -> Node {
    let (low, high) = (x.at(low), x.at(high));
    tag("g")
        .class("range")
        .with(line("", (low, y), (high, y)))
        .with(line("", (low, y - 5.0), (low, y + 5.0)))
        .with(line("", (high, y - 5.0), (high, y + 5.0)))
}

/// Full where a difference is shown, hollow where not.
fn point(x: f64, y: f64, verdict: Verdict) -> Node {
    let half = if verdict == Verdict::NoDifferenceShown {
        4.5
    } else {
        5.5
    };
    let frame = Frame {
        left: x - half,
        top: y - half,
        right: x + half,
        bottom: y + half,
    };
    rect("point", frame)
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faster => "better",
        Verdict::Slower => "worse",
        Verdict::NoDifferenceShown => "even",
    }
}

/// A ratio with its interval, in figures.
pub fn said(estimate: &Estimate) -> String {
    let ratio = format!("{:.2}x", estimate.ratio);
    match estimate.interval {
        Some((low, high)) => format!("{ratio}  ({low:.2} to {high:.2})"),
        None => format!("{ratio}  (too few rounds)"),
    }
}
