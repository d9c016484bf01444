//! Pictures in SVG, drawn from figures with nothing but arithmetic: a scale maps values to places, and each
//! picture is lines, marks and text at such places.
//!
//! Colours, dashes and fonts are the page's style sheet's: a picture carries classes. Every picture can be
//! drawn in two sizes, for a wide and for a narrow screen, because text in a picture that is scaled down can't
//! be read.

mod axes;
pub mod forest;
pub mod percentiles;
pub mod ranges;
mod scale;
pub mod timeline;
pub mod turns;

use crate::report::markup::{Node, tag};
use std::fmt::Display;

/// Series that can be told apart in one picture, by colour, dashes and marks.
pub const STYLES: usize = 6;

/// For which screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 960 units.
    Wide,
    /// 420 units: for a telephone, or one of several pictures side by side.
    Narrow,
}

impl Size {
    fn width(self) -> f64 {
        match self {
            Self::Wide => 960.0,
            Self::Narrow => 420.0,
        }
    }

    /// A value that depends on the size.
    fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

/// What a picture is, in words, for those who don't see it.
#[derive(Clone, Debug)]
pub struct Caption {
    /// Unique in the page.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// What can be seen.
    pub description: String,
}

/// The place of what is drawn: distances from the left and the upper edge.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// A whole picture.
fn picture(size: Size, height: f64, caption: &Caption) -> Node {
    let id = format!("{}-{}", caption.id, size.pick("wide", "narrow"));
    let (title, description) = (format!("{id}-title"), format!("{id}-text"));
    tag("svg")
        .class(size.pick("wide", "narrow"))
        .attr("viewBox", format!("0 0 {} {height}", size.width()))
        .attr("role", "img")
        .attr("aria-labelledby", format!("{title} {description}"))
        .with(tag("title").attr("id", title).text(&caption.title))
        .with(
            tag("desc")
                .attr("id", description)
                .text(&caption.description),
        )
}

/// A place in a picture, to a tenth: finer is invisible.
fn place(place: f64) -> String {
    let tenths = if place.is_finite() {
        (place * 10.0).round() / 10.0
    } else {
        0.0
    };
    // Adding 0 turns the negative zero into zero.
    format!("{}", tenths + 0.0)
}

fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Node {
    tag("line")
        .class(class)
        .attr("x1", place(x1))
        .attr("y1", place(y1))
        .attr("x2", place(x2))
        .attr("y2", place(y2))
}

fn rect(class: &str, frame: Frame) -> Node {
    tag("rect")
        .class(class)
        .attr("x", place(frame.left))
        .attr("y", place(frame.top))
        .attr("width", place((frame.right - frame.left).max(0.0)))
        .attr("height", place((frame.bottom - frame.top).max(0.0)))
}

fn text(class: &str, (x, y): (f64, f64), text: impl Display) -> Node {
    tag("text")
        .class(class)
        .attr("x", place(x))
        .attr("y", place(y))
        .text(text)
}

/// A name that is cut off where there is no room for it. A picture does not know how wide letters are; this is
/// what they are on average.
fn cut(name: &str, room: f64) -> String {
    const LETTER: f64 = 7.5;
    let most = (room / LETTER) as usize;
    if name.chars().count() <= most {
        return name.to_string();
    }
    let begin: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{begin}…")
}

/// Connected points.
fn polyline(class: &str, points: &[(f64, f64)]) -> Node {
    let places: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{},{}", place(*x), place(*y)))
        .collect();
    tag("polyline")
        .class(class)
        .attr("points", places.join(" "))
}

/// The mark of a series, with a text that is shown when it is pointed at. Each style has a shape of its own.
fn mark(style: usize, (x, y): (f64, f64), radius: f64, hint: impl Display) -> Node {
    let shape: &[(f64, f64)] = match style % STYLES {
        0 => return circle(style, (x, y), radius, hint),
        1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => &[(0.0, -1.2), (1.1, 0.9), (-1.1, 0.9)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(0.0, 1.2), (1.1, -0.9), (-1.1, -0.9)],
        _ => &[(-1.2, -0.5), (1.2, -0.5), (1.2, 0.5), (-1.2, 0.5)],
    };
    let corner =
        |(dx, dy): &(f64, f64)| format!("{},{}", place(x + dx * radius), place(y + dy * radius));
    let corners: Vec<String> = shape.iter().map(corner).collect();
    tag("polygon")
        .class(format!("mark s{}", style % STYLES))
        .attr("points", corners.join(" "))
        .with(tag("title").text(hint))
}

fn circle(style: usize, (x, y): (f64, f64), radius: f64, hint: impl Display) -> Node {
    tag("circle")
        .class(format!("mark s{}", style % STYLES))
        .attr("cx", place(x))
        .attr("cy", place(y))
        .attr("r", place(radius))
        .with(tag("title").text(hint))
}

/// The legend's picture of a series.
pub fn swatch(style: usize) -> Node {
    let class = format!("line s{}", style % STYLES);
    sample()
        .with(line(&class, (1.0, 7.0), (35.0, 7.0)))
        .with(mark(style, (18.0, 7.0), 4.0, ""))
}

/// The legend's picture of a mark.
pub fn spot(style: usize) -> Node {
    sample().with(mark(style, (18.0, 7.0), 5.0, ""))
}

/// An empty picture of a legend, 36 units wide and 14 high.
fn sample() -> Node {
    tag("svg")
        .class("swatch")
        .attr("viewBox", "0 0 36 14")
        .attr("aria-hidden", "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_off_where_there_is_no_room() {
        assert_eq!(cut("SET -P 1", 100.0), "SET -P 1");
        assert_eq!(cut("ÄÖÜ of many letters", 60.0), "ÄÖÜ of …");
        assert_eq!(cut("SET", -1.0), "…");
    }

    #[test]
    fn places_are_numbers_whatever_comes() {
        assert_eq!(
            [1.26, -0.01, f64::NAN, f64::INFINITY].map(place),
            ["1.3", "0", "0", "0"]
        );
    }
}
