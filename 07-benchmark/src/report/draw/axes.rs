//! Axes: a line of the grid and a number at each tick.

use super::scale::Scale;
use super::{Frame, Size, line, text};
use crate::report::markup::{Node, tag};
use crate::report::numbers::short;

/// An axis on the left, with lines across, and its name above.
pub fn vertical(frame: Frame, scale: &Scale, about: usize, name: &str) -> Node {
    let ticks = scale.ticks(about).into_iter().map(|value| {
        let y = scale.at(value);
        tag("g")
            .class("tick y")
            .attr("data-value", value)
            .with(line("grid", (frame.left, y), (frame.right, y)))
            .with(text("end", (frame.left - 8.0, y + 4.5), short(value)))
    });
    tag("g")
        .all(ticks)
        .with(text("name", (4.0, frame.top - 12.0), name))
}

/// An axis below, with lines up through all frames, and its name at its right end. The last frame is the lowest.
pub fn horizontal(frames: &[Frame], scale: &Scale, size: Size, name: &str) -> Node {
    let Some(lowest) = frames.last() else {
        return tag("g");
    };
    let ticks = scale.ticks(size.pick(10, 5)).into_iter().map(|value| {
        let x = scale.at(value);
        let up = |frame: &Frame| line("grid", (x, frame.top), (x, frame.bottom));
        tag("g")
            .class("tick x")
            .attr("data-value", value)
            .all(frames.iter().map(up))
            .with(text("middle", (x, lowest.bottom + 20.0), short(value)))
    });
    tag("g").all(ticks).with(name_below(*lowest, name))
}

/// The name of an axis below.
pub fn name_below(frame: Frame, name: &str) -> Node {
    text("name end", (frame.right, frame.bottom + 40.0), name)
}

/// A rule across a picture that means something, with what it means.
pub fn rule(frame: Frame, y: f64, meaning: &str) -> Node {
    tag("g")
        .class("rule")
        .with(line("", (frame.left, y), (frame.right, y)))
        .with(text("end", (frame.right - 4.0, y - 5.0), meaning))
}
