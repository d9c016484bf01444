//! Requests after the grammar, some of them damaged.

use crate::grammar::{Grammar, Line, Node};

pub type Request = Vec<Vec<u8>>;

/// How often a request is damaged: once in so many.
const DAMAGED: usize = 12;

/// A small generator of random numbers (SplitMix64). It is here instead of in a library so that a seed that was printed
/// gives the same requests for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Makes requests: the same for the same seed.
pub struct Generator<'a> {
    grammar: &'a Grammar,
    lines: &'a [&'a Line],
    random: Random,
    /// The time in the last id of a stream's entry.
    last_id: u64,
    /// How many keys the last `#` said.
    counted: usize,
}

impl<'a> Generator<'a> {
    pub fn new(grammar: &'a Grammar, lines: &'a [&'a Line], seed: u64) -> Self {
        Self {
            grammar,
            lines,
            random: Random(seed),
            last_id: 0,
            counted: 0,
        }
    }

    /// The next request, one that both servers answer at once, and in the same way.
    pub fn request(&mut self) -> Request {
        loop {
            let line = self.line();
            let mut words = Vec::new();
            self.write(&line.node, &mut words);
            if line.is_fragile && self.random.once_in(DAMAGED) {
                self.damage(&mut words);
            }
            if !may_wait(&words) && !is_up_to_chance(&words) {
                return words;
            }
        }
    }

    fn line(&mut self) -> &'a Line {
        let all = self.lines.iter().map(|line| line.weight).sum();
        let mut number = self.random.below(all);
        let found = self.lines.iter().find(|line| {
            let found = number < line.weight;
            number = number.saturating_sub(line.weight);
            found
        });
        found.expect("a line")
    }

    fn write(&mut self, node: &'a Node, words: &mut Request) {
        match node {
            Node::Word(word) if self.random.once_in(16) => words.push(word.to_ascii_lowercase()),
            Node::Word(word) => words.push(word.clone()),
            Node::Range(low, high) => {
                let number = low + self.random.below((high - low + 1) as usize) as i64;
                words.push(number.to_string().into());
            }
            Node::Rule(name) => self.rule(name, words),
            Node::All(nodes) => nodes.iter().for_each(|node| self.write(node, words)),
            Node::OneOf(nodes) => {
                let node = &nodes[self.random.below(nodes.len())];
                self.write(node, words);
            }
            Node::Perhaps(node) => (0..self.random.below(2)).for_each(|_| self.write(node, words)),
            Node::Times { least, node } => {
                (0..least + self.random.below(4)).for_each(|_| self.write(node, words));
            }
            Node::AnyOrder(nodes) => {
                let mut nodes: Vec<&Node> = nodes.iter().collect();
                while !nodes.is_empty() {
                    let next = nodes.swap_remove(self.random.below(nodes.len()));
                    self.write(next, words);
                }
            }
            Node::Glued(front, node) => {
                let place = words.len();
                self.write(node, words);
                words[place].splice(..0, front.iter().copied());
            }
            Node::Counted(name) => {
                self.counted = 1 + self.random.below(3);
                let wrong = usize::from(self.random.once_in(20));
                words.push((self.counted + wrong).to_string().into());
                (0..self.counted).for_each(|_| self.rule(name, words));
            }
            Node::AsMany(name) => {
                let more = usize::from(self.random.once_in(20));
                (0..self.counted + more).for_each(|_| self.rule(name, words));
            }
        }
    }

    fn rule(&mut self, name: &str, words: &mut Request) {
        match name {
            "newid" => {
                self.last_id += 1;
                words.push(self.id(self.last_id));
            }
            "oldid" => {
                let before = self.random.below(16) as u64;
                words.push(self.id(self.last_id.saturating_sub(before)));
            }
            "long" => words.push(self.long()),
            _ => {
                let node = self.grammar.rules.get(name);
                self.write(
                    node.unwrap_or_else(|| panic!("no rule is called {name}")),
                    words,
                );
            }
        }
    }

    fn id(&mut self, time: u64) -> Vec<u8> {
        let sequence = ["", "", "-0", "-1"][self.random.below(4)];
        format!("{time}{sequence}").into()
    }

    /// A text beyond the limits of one compact form or another.
    fn long(&mut self) -> Vec<u8> {
        let len = [33, 44, 45, 64, 65, 100, 300, 3000][self.random.below(8)];
        let letters = 1 + self.random.below(256);
        let byte = |_| b'a'.wrapping_add(self.random.below(letters) as u8);
        (0..len).map(byte).collect()
    }

    /// Makes a request wrong, perhaps.
    fn damage(&mut self, words: &mut Request) {
        let place = 1 + self.random.below(words.len());
        let mut other = Vec::new();
        let name = if self.random.once_in(3) {
            "key"
        } else {
            "edge"
        };
        self.rule(name, &mut other);
        match self.random.below(6) {
            0 => words.truncate(place),
            1 => words.splice(place..place, other).for_each(drop),
            _ if place == words.len() => words.extend(other),
            2 => drop(words.remove(place)),
            3 => words.insert(place, words[place].clone()),
            4 if place > 1 => words.swap(place, place - 1),
            _ => words.splice(place..=place, other).for_each(drop),
        }
    }
}

/// Whether a command blocks for longer than a moment.
pub fn may_wait(words: &Request) -> bool {
    let is_short = |word: &Vec<u8>| {
        let text = String::from_utf8_lossy(word).replace("0x", "");
        let number = text.trim().parse::<f64>().ok();
        number.is_none_or(|number| !(0.0..1e15).contains(&number) || (1e-4..0.01).contains(&number))
    };
    let timeout = match words[0].to_ascii_uppercase().as_slice() {
        b"BLPOP" | b"BRPOP" | b"BZPOPMIN" | b"BZPOPMAX" | b"BLMOVE" | b"BRPOPLPUSH" => words.last(),
        b"BLMPOP" | b"BZMPOP" => words.get(1),
        b"XREAD" | b"XREADGROUP" => {
            let blocks = |pair: &&[Vec<u8>]| pair[0].eq_ignore_ascii_case(b"BLOCK");
            let mut given = words.windows(2).filter(blocks).map(|pair| &pair[1]);
            return given.any(|millis| millis != b"1" && !is_short(millis));
        }
        _ => None,
    };
    timeout.is_some_and(|timeout| !is_short(timeout))
}

/// Whether what becomes of it is nowhere laid down: it keeps texts that are sorted by others, which may be the same; or asks for
/// a range of texts where scores differ.
fn is_up_to_chance(words: &Request) -> bool {
    let has = |option: &str| {
        words
            .iter()
            .any(|word| word.eq_ignore_ascii_case(option.as_bytes()))
    };
    let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
    let is_scored = |word: &Vec<u8>| matches!(word.as_slice(), [b'z' | b'g', _]);
    let by_text = name.contains("LEX") || has("BYLEX");
    name == "SORT" && has("STORE") && has("BY") && has("ALPHA")
        || by_text && words.iter().any(is_scored)
}
