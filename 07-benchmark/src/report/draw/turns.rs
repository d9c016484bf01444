//! The turns of a comparison, in the order in which they were done: whether the two sides keep apart, and
//! whether the machine became slower or faster meanwhile.

use super::scale::Scale;
use super::{Caption, Frame, Size, axes, line, mark, picture, tag, text};
use crate::report::markup::Node;
use crate::report::numbers::{median, thousands};

/// The names of the sides, and the marks they have.
const SIDES: [&str; 2] = ["A", "B"];

/// Draws the throughput of each turn of A and of B. In a round the turns are A B B A.
pub fn draw(size: Size, caption: &Caption, sides: [&[f64]; 2]) -> Node {
    let frame = Frame {
        left: size.pick(72.0, 58.0),
        top: 34.0,
        right: size.pick(940.0, 400.0),
        bottom: size.pick(300.0, 280.0),
    };
    let turns = ordered(sides);
    let count = turns.iter().map(|turn| turn.number + 1).max().unwrap_or(1);
    let x = Scale::even((0.0, count as f64), (frame.left, frame.right));
    let y = around(&turns, frame);
    picture(size, frame.bottom + 58.0, caption)
        .with(axes::vertical(frame, &y, 5, "replies per second"))
        .with(rounds(frame, &x, count))
        .all(middles(frame, &y, sides))
        .all(turns.iter().map(|turn| turn.drawn(&x, &y)))
        .with(axes::name_below(frame, "rounds, each A B B A"))
}

/// One turn of a side.
struct Turn {
    side: usize,
    number: usize,
    throughput: f64,
}

impl Turn {
    fn drawn(&self, x: &Scale, y: &Scale) -> Node {
        let at = (x.at(self.number as f64 + 0.5), y.at(self.throughput));
        let name = SIDES.get(self.side).copied().unwrap_or_default();
        let hint = format!(
            "{name}, turn {}: {}",
            self.number + 1,
            thousands(self.throughput)
        );
        mark(self.side, at, 4.5, hint)
    }
}

fn ordered(sides: [&[f64]; 2]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (side, throughputs) in sides.into_iter().enumerate() {
        for (index, &throughput) in throughputs.iter().enumerate() {
            let number = number(side, index);
            turns.push(Turn {
                side,
                number,
                throughput,
            });
        }
    }
    turns
}

/// When a side had its turn: A the first and the last of a round, B those between.
fn number(side: usize, index: usize) -> usize {
    let (round, second) = (index / 2, index % 2);
    round * 4 + if side == 0 { second * 3 } else { 1 + second }
}

/// A scale that does not begin at 0: differences of a few percent are what is looked for.
fn around(turns: &[Turn], frame: Frame) -> Scale {
    let (low, high) = turns
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), turn| {
            (low.min(turn.throughput), high.max(turn.throughput))
        });
    let room = ((high - low) * 0.1).max(high * 0.01);
    Scale::even(
        ((low - room).max(0.0), high + room),
        (frame.bottom, frame.top),
    )
}

/// The median of each side, as a line across.
fn middles(frame: Frame, y: &Scale, sides: [&[f64]; 2]) -> impl Iterator<Item = Node> {
    let across = move |(side, throughputs): (usize, &[f64])| {
        let y = y.at(median(throughputs)?);
        let class = format!("line thin s{side}");
        Some(line(&class, (frame.left, y), (frame.right, y)))
    };
    sides.into_iter().enumerate().filter_map(across)
}

/// A line where a round ends, and the rounds' numbers, not too many.
fn rounds(frame: Frame, x: &Scale, turns: usize) -> Node {
    let rounds = turns.div_ceil(4);
    let every = rounds.div_ceil(12).max(1);
    let mut group = tag("g");
    for round in (0..rounds).step_by(every) {
        let begin = x.at((round * 4) as f64);
        let middle = x.at((round * 4) as f64 + 2.0);
        group = group
            .with(line("grid", (begin, frame.top), (begin, frame.bottom)))
            .with(text("middle", (middle, frame.bottom + 20.0), round + 1));
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_stand_in_the_order_of_their_rounds() {
        let mut turns = ordered([&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0]]);
        turns.sort_by_key(|turn| turn.number);
        let sides: Vec<&str> = turns.iter().map(|turn| SIDES[turn.side]).collect();
        assert_eq!(sides.concat(), "ABBAABA");
        let throughputs: Vec<f64> = turns.iter().map(|turn| turn.throughput).collect();
        assert_eq!(throughputs, [1.0, 5.0, 6.0, 2.0, 3.0, 7.0, 4.0]);
    }
}
