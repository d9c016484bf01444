//! The distribution of latencies: how much was not exceeded by how many of the replies.
//!
//! On an even axis of percentages all that matters, from 99 % on, would be the last hundredth of the picture.
//! So the axis counts how far it is to 100 %: 90 %, 99 %, 99.9 % are equally far apart.

use super::scale::Scale;
use super::{Caption, Frame, Size, axes, line, mark, picture, polyline, text};
use crate::report::latency::{Latency, Point};
use crate::report::markup::{Node, tag};
use crate::report::numbers::{figure, short};

/// Latencies to be drawn as one line.
#[derive(Clone, Debug)]
pub struct Series {
    /// What they are latencies of.
    pub name: String,
    /// How to draw them: a number below [`super::STYLES`].
    pub style: usize,
    /// The latencies.
    pub latency: Latency,
}

/// Where a line has marks, as far as it goes.
const MARKED: [f64; 7] = [50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999];

/// Draws lines into one picture. `range` has further latencies in milliseconds for which there must be room,
/// so that several pictures can have the same axis.
pub fn draw(size: Size, caption: &Caption, series: &[Series], range: &[f64]) -> Node {
    let frame = Frame {
        left: size.pick(72.0, 58.0),
        top: 34.0,
        right: size.pick(940.0, 400.0),
        bottom: size.pick(400.0, 280.0),
    };
    let (x, y) = (decades(frame, series), latencies(frame, series, range));
    let lines = series.iter().map(|series| curve(series, &x, &y));
    picture(size, frame.bottom + 58.0, caption)
        .with(axes::vertical(frame, &y, 5, "latency in ms"))
        .with(percentages(frame, &x, size))
        .all(lines)
}

fn decades(frame: Frame, series: &[Series]) -> Scale {
    let most = series.iter().map(|series| series.latency.count).max();
    let end = (most.unwrap_or(0).max(10) as f64).log10();
    Scale::even((0.0, end * 1.01), (frame.left, frame.right))
}

fn latencies(frame: Frame, series: &[Series], range: &[f64]) -> Scale {
    let points = series.iter().flat_map(|series| &series.latency.curve);
    let values = points
        .map(|point| point.millis)
        .chain(range.iter().copied());
    Scale::fitting(values, (frame.bottom, frame.top))
}

/// The axis below: percentages, and what they mean. Labels that have no room are left out.
fn percentages(frame: Frame, x: &Scale, size: Size) -> Node {
    let room = x.at(1.0) - x.at(0.0);
    let every = (size.pick(90.0, 54.0) / room).ceil().max(1.0) as usize;
    let decades = (0..=12).take_while(|nines| x.at(f64::from(*nines)) < frame.right - 1.0);
    tag("g").all(decades.step_by(every).map(|nines| {
        let at = x.at(f64::from(nines));
        let beyond = beyond(nines, size);
        tag("g")
            .class("tick x")
            .attr("data-value", nines)
            .with(line("grid", (at, frame.top), (at, frame.bottom)))
            .with(text(
                "middle",
                (at, frame.bottom + 20.0),
                percentage(nines, size),
            ))
            .with(text("middle soft", (at, frame.bottom + 38.0), beyond))
    }))
}

/// 0 %, 90 %, 99 %, 99.9 % ...
fn percentage(nines: i32, size: Size) -> String {
    let digits = match nines {
        0 => "0".to_string(),
        1 => "90".to_string(),
        2 => "99".to_string(),
        more => format!("99.{}", "9".repeat(more.unsigned_abs() as usize - 2)),
    };
    format!("{digits}{}", size.pick(" %", "%"))
}

/// How many replies are beyond.
fn beyond(nines: i32, size: Size) -> String {
    match nines {
        0 => "all".to_string(),
        _ => format!("{}{}", size.pick("1 in ", "1/"), short(10_f64.powi(nines))),
    }
}

fn curve(series: &Series, x: &Scale, y: &Scale) -> Node {
    let Series {
        name,
        style,
        latency,
    } = series;
    let at = |point: &Point| {
        (
            x.at(decade(point.percent, latency.count)),
            y.at(point.millis),
        )
    };
    let places: Vec<(f64, f64)> = latency.curve.iter().map(at).collect();
    let marked = latency
        .curve
        .iter()
        .filter(|point| MARKED.contains(&point.percent));
    let marks = marked.map(|point| {
        let hint = format!(
            "{name}: {} % within {} ms",
            point.percent,
            figure(point.millis)
        );
        mark(*style, at(point), 4.0, hint)
    });
    let slowest = latency.curve.last().map(|point| {
        let hint = format!("{name}: the slowest took {} ms", figure(point.millis));
        mark(*style, at(point), 6.0, hint)
    });
    tag("g")
        .class("series")
        .attr("data-name", name)
        .with(polyline(&format!("line s{style}"), &places))
        .all(marks)
        .all(slowest)
}

/// Where a percentage stands on the axis: 90 % at 1, 99 % at 2. The slowest of all replies, at 100 %, has no
/// place there, so it stands where one reply in all of them would.
fn decade(percent: f64, count: u64) -> f64 {
    let rest = (100.0 - percent) / 100.0;
    let one = 1.0 / count.max(1) as f64;
    -rest.max(one).log10()
}
