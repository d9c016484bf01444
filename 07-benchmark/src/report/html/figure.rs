//! Pictures in the page, with a legend and a few words on how to read them.

use crate::report::draw::percentiles::Series;
use crate::report::draw::{Caption, Size, swatch};
use crate::report::latency::Latency;
use crate::report::markup::{Node, tag};
use crate::report::numbers::figure as digits;

/// A picture over the whole width. It is drawn twice; the style sheet shows what fits the screen.
pub fn wide(caption: &Caption, legend: Vec<Node>, draw: impl Fn(Size) -> Node) -> Node {
    framed("figure", caption, legend)
        .with(draw(Size::Wide))
        .with(draw(Size::Narrow))
}

/// One of several pictures side by side.
pub fn small(caption: &Caption, legend: Vec<Node>, draw: impl Fn(Size) -> Node) -> Node {
    framed("figure small", caption, legend).with(draw(Size::Narrow))
}

fn framed(class: &str, caption: &Caption, legend: Vec<Node>) -> Node {
    let figure = tag("figure")
        .class(class)
        .with(tag("figcaption").text(&caption.title));
    if legend.is_empty() {
        return figure;
    }
    figure.with(tag("ul").class("legend").all(legend))
}

/// Pictures side by side, as many as there is room for.
pub fn grid(pictures: impl IntoIterator<Item = Node>) -> Node {
    tag("div").class("pictures").all(pictures)
}

/// How to read what stands above.
pub fn how_to_read(text: &str) -> Node {
    tag("p")
        .class("how")
        .with(tag("strong").text("How to read it. "))
        .text(text)
}

/// What else is to be said of a picture.
pub fn remark(text: &str) -> Node {
    tag("p").class("how").text(text)
}

/// An entry of a legend: a picture, and what it stands for.
pub fn entry(sample: Node, name: &str) -> Node {
    tag("li").with(sample).text(name)
}

/// The legend of lines.
pub fn legend(series: &[Series]) -> Vec<Node> {
    let entries = series
        .iter()
        .map(|series| entry(swatch(series.style), &series.name));
    entries.collect()
}

/// What lines of latencies show, in words.
pub fn described(series: &[Series]) -> String {
    let sentences = series
        .iter()
        .map(|series| sentence(&series.name, &series.latency));
    sentences.collect::<Vec<String>>().join(" ")
}

fn sentence(name: &str, latency: &Latency) -> String {
    format!(
        "{name}: p50 {} ms, p99 {} ms, p99.9 {} ms, max {} ms.",
        digits(latency.at(50.0)),
        digits(latency.at(99.0)),
        digits(latency.at(99.9)),
        digits(latency.max)
    )
}
