//! The pictures of single runs.

use super::figure::{self, described, entry, grid, how_to_read, legend, remark};
use super::runs::{histograms, is_valid};
use crate::report::draw::percentiles::{self, Series};
use crate::report::draw::{Caption, STYLES, Size, ranges, spot, timeline};
use crate::report::latency::Latency;
use crate::report::markup::{Node, tag};
use crate::report::model::Run;
use hdrhistogram::Histogram;

/// How to read a picture of latencies.
pub const READ_LATENCY: &str = "The height of a line at 99 % is the latency that 99 of 100 replies did not \
    exceed. Every step to the right is ten times rarer. A line that stays low far to the right belongs to a \
    server that is steady; where it rises, something makes a few wait: a pause, a queue, another program. The \
    last mark is the slowest reply of all.";

const READ_OPEN: &str = "Response time counts from when a request was due, service time from when it was sent. \
    Where the two lines part, requests waited for their turn. Users wait as well, so the response time is theirs.";

const READ_CLOSED: &str = "This was a closed loop: a connection sent its next requests when it had the replies. \
    While a server stands still, nobody sends, so a stall counts as a few slow replies, however many users would \
    have come meanwhile. With --rate requests come at a fixed rate, and all who would have waited are counted.";

const READ_RANGES: &str = "Each row is a test: half of its replies came before the first mark, all but 1 in 100 \
    before the second, all but 1 in 1,000 before the third, all before the last.";

const READ_TIME: &str = "Above: good replies in each interval; the axis begins at 0. Below: the latency that 1 \
    in 100 exceeded, and the slowest reply. A dip above with a peak below it is a stall. A level that drifts means \
    that the run was too short, or that something else changed.";

/// The distribution of latencies. Runs that are one line each share pictures; others have one of their own.
pub fn latencies(runs: &[&Run]) -> Vec<Node> {
    let alone = |run: &Run| histograms(run, "").len() > 1;
    let (alone, shared): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| alone(run));
    let mut pictures: Vec<Vec<Series>> = alone.into_iter().map(lines).collect();
    pictures.extend(shared.chunks(STYLES).map(one_line_each));
    pictures.retain(|series| !series.is_empty());
    if pictures.is_empty() {
        return vec![remark(
            "There was no good reply, so there is nothing to draw.",
        )];
    }
    let range = range(runs);
    let drawn = pictures.iter().enumerate();
    let mut nodes = side_by_side(runs);
    nodes.extend(drawn.map(|(index, series)| picture(index, series, &range)));
    nodes.push(how_to_read(READ_LATENCY));
    let mut open = runs.iter().map(|run| run.measured.schedule.is_some());
    nodes.extend(open.clone().any(|open| open).then(|| remark(READ_OPEN)));
    nodes.extend((!open.all(|open| open)).then(|| remark(READ_CLOSED)));
    nodes
}

/// Of several tests: all of them in one picture.
fn side_by_side(runs: &[&Run]) -> Vec<Node> {
    let latency = |run: &&Run| Some((run.title.clone(), Latency::of(&run.measured.response)?));
    let tests: Vec<(String, Latency)> = runs.iter().filter_map(latency).collect();
    if tests.len() < 2 {
        return Vec::new();
    }
    let caption = Caption {
        id: "ranges".to_string(),
        title: "Where the latencies of each test lie".to_string(),
        description: READ_RANGES.to_string(),
    };
    let marks = ranges::MARKED.iter().enumerate();
    let legend: Vec<Node> = marks
        .map(|(style, (name, _))| entry(spot(style), name))
        .collect();
    let draw = |size| ranges::draw(size, &caption, &tests);
    let picture = figure::wide(&caption, legend, draw);
    vec![picture, how_to_read(READ_RANGES)]
}

fn lines(run: &Run) -> Vec<Series> {
    // More than there are styles would not be told apart.
    let parts = histograms(run, "").into_iter().take(STYLES).enumerate();
    let line = |(style, part): (usize, super::runs::Part)| series(part.name, style, part.histogram);
    parts.filter_map(line).collect()
}

fn one_line_each(runs: &[&Run]) -> Vec<Series> {
    let line =
        |(style, run): (usize, &&Run)| series(run.title.clone(), style, &run.measured.response);
    runs.iter().enumerate().filter_map(line).collect()
}

/// A line, if there is something to draw.
pub fn series(name: String, style: usize, histogram: &Histogram<u64>) -> Option<Series> {
    let latency = Latency::of(histogram)?;
    Some(Series {
        name,
        style,
        latency,
    })
}

/// The lowest and the highest latency of each run: with the same axis, pictures can be compared.
fn range(runs: &[&Run]) -> Vec<f64> {
    let latencies = runs
        .iter()
        .filter_map(|run| Latency::of(&run.measured.response));
    latencies
        .flat_map(|latency| [latency.min, latency.max])
        .collect()
}

fn picture(index: usize, series: &[Series], range: &[f64]) -> Node {
    let caption = Caption {
        id: format!("latency-{index}"),
        title: "How many replies came within which time".to_string(),
        description: described(series),
    };
    let draw = |size| percentiles::draw(size, &caption, series, range);
    figure::wide(&caption, legend(series), draw)
}

/// Throughput and latency over time, a picture for each run.
pub fn over_time(runs: &[Run]) -> Vec<Node> {
    let size = if runs.len() <= 2 {
        Size::Wide
    } else {
        Size::Narrow
    };
    let shown = runs.iter().enumerate();
    let shown = shown.filter(|(_, run)| is_valid(run) && !run.measured.intervals.is_empty());
    let pictures: Vec<Node> = shown
        .map(|(index, run)| timeline_of(index, run, size))
        .collect();
    if pictures.is_empty() {
        return vec![remark("There is nothing to draw.")];
    }
    let mut nodes = match size {
        Size::Wide => pictures,
        Size::Narrow => vec![grid(pictures)],
    };
    nodes.push(how_to_read(READ_TIME));
    let many = runs
        .iter()
        .filter(|run| is_valid(run))
        .map(|run| timeline::folded(size, run.measured.intervals.len()));
    nodes.extend(many.max().and_then(on_folding));
    nodes
}

fn on_folding(many: usize) -> Option<Node> {
    (many > 1).then(|| {
        tag("p").class("how").text(format!(
            "There are more intervals than the picture has room for: a step stands for up to {many} of them, on a \
             narrow screen for more. Its throughput is that of all of them, and the grey area reaches from the \
             slowest to the fastest. Its p99 is the highest of theirs, so the p99 of all of them is not above it."
        ))
    })
}

fn timeline_of(index: usize, run: &Run, size: Size) -> Node {
    let measured = &run.measured;
    let caption = Caption {
        id: format!("time-{index}"),
        title: format!("{} over time", run.title),
        description: timeline::description(&measured.intervals),
    };
    let legend = timeline::legend(&measured.intervals);
    let legend = legend.into_iter().map(|(sample, name)| entry(sample, name));
    let asked = measured.schedule.as_ref().map(|schedule| schedule.rate);
    let asked = asked.filter(|rate| rate.is_finite());
    let draw = |size| timeline::draw(size, &caption, &measured.intervals, asked);
    match size {
        Size::Wide => figure::wide(&caption, legend.collect(), draw),
        Size::Narrow => figure::small(&caption, legend.collect(), draw),
    }
}
