//! Many tests below each other: where the latencies of each lie.

use super::scale::Scale;
use super::{Caption, Frame, Size, axes, cut, line, mark, picture, tag, text};
use crate::report::latency::Latency;
use crate::report::markup::Node;
use crate::report::numbers::figure;

/// What is marked: its name, and where it stands.
type Marked = (&'static str, fn(&Latency) -> f64);

/// All that is marked, each in a style of its own.
pub const MARKED: [Marked; 4] = [
    ("p50", |latency| latency.at(50.0)),
    ("p99", |latency| latency.at(99.0)),
    ("p99.9", |latency| latency.at(99.9)),
    ("max", |latency| latency.max),
];

/// Draws a row for each test.
pub fn draw(size: Size, caption: &Caption, tests: &[(String, Latency)]) -> Node {
    let height = size.pick(28.0, 44.0);
    let (left, right) = size.pick((270.0, 940.0), (16.0, 404.0));
    let frame = Frame {
        left,
        top: 10.0,
        right,
        bottom: 10.0 + height * tests.len() as f64,
    };
    let values = tests
        .iter()
        .flat_map(|(_, latency)| MARKED.map(|(_, value)| value(latency)));
    let x = Scale::fitting(values, (left + 8.0, right - 8.0));
    let rows = tests.iter().enumerate().map(|(index, (name, latency))| {
        let bottom = frame.top + height * (index + 1) as f64;
        let name = size.pick(
            text("end", (left - 14.0, bottom - 9.0), cut(name, left - 14.0)),
            text("", (left, bottom - 27.0), cut(name, right - left)),
        );
        row(&x, bottom - 14.0, latency).with(name)
    });
    picture(size, frame.bottom + 50.0, caption)
        .with(axes::horizontal(&[frame], &x, size, "latency in ms"))
        .all(rows)
}

fn row(x: &Scale, y: f64, latency: &Latency) -> Node {
    let [from, .., to] = MARKED.map(|(_, value)| x.at(value(latency)));
    let marks = MARKED.iter().enumerate().map(|(style, (name, value))| {
        let millis = value(latency);
        let hint = format!("{name}: {} ms", figure(millis));
        mark(style, (x.at(millis), y), 5.0, hint)
    });
    tag("g").with(line("reach", (from, y), (to, y))).all(marks)
}
