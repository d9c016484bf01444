//! The notation of `grammar.txt`, which says there what it means.

use std::collections::HashMap;

/// A part of a request.
pub enum Node {
    Word(Vec<u8>),
    Rule(String),
    Range(i64, i64),
    All(Vec<Node>),
    OneOf(Vec<Node>),
    Perhaps(Box<Node>),
    Times { least: usize, node: Box<Node> },
    AnyOrder(Vec<Node>),
    Glued(Vec<u8>, Box<Node>),
    Counted(String),
    AsMany(String),
}

/// How one request is made.
pub struct Line {
    /// The command, in capitals.
    pub name: String,
    pub group: &'static str,
    /// How often it comes, compared with others.
    pub weight: usize,
    /// Whether it may be damaged.
    pub is_fragile: bool,
    pub node: Node,
}

pub struct Grammar {
    pub rules: HashMap<&'static str, Node>,
    pub lines: Vec<Line>,
}

impl Grammar {
    /// # Panics
    /// On a line that it cannot read.
    pub fn parse(text: &'static str) -> Self {
        let mut rules: HashMap<&str, Vec<Node>> = HashMap::new();
        let mut lines = Vec::new();
        let mut group = "";
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("## ") {
                group = name;
            } else if let Some((name, choices)) = line.split_once(" = ")
                && !line.starts_with('#')
            {
                rules.entry(name).or_default().push(parse(choices));
            } else if !line.is_empty() && !line.starts_with('#') {
                lines.push(request(line, group));
            }
        }
        let rules = rules.into_iter();
        let rules = rules.map(|(name, nodes)| (name, one_of(nodes)));
        let rules = rules.collect();
        Self { rules, lines }
    }
}

fn request(line: &str, group: &'static str) -> Line {
    let intact = line.strip_prefix("! ");
    let line = intact.unwrap_or(line);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (weight, rest) = line.split_at(digits);
    let rest = rest.trim_start();
    Line {
        name: rest.split(' ').next().unwrap_or(rest).into(),
        group,
        weight: weight.parse().unwrap_or(10),
        is_fragile: intact.is_none(),
        node: parse(rest),
    }
}

fn parse(text: &str) -> Node {
    let mut parser = Parser(text.as_bytes());
    let node = parser.choice();
    assert!(parser.0.is_empty(), "cannot read this: {text}");
    node
}

/// One of these, which may be choices themselves: the alternatives of all are equally likely.
fn one_of(nodes: Vec<Node>) -> Node {
    let flat = nodes.into_iter().flat_map(|node| match node {
        Node::OneOf(nodes) => nodes,
        node => vec![node],
    });
    let mut flat: Vec<Node> = flat.collect();
    if flat.len() == 1 {
        return flat.remove(0);
    }
    Node::OneOf(flat)
}

/// What is left of a line.
struct Parser<'a>(&'a [u8]);

impl Parser<'_> {
    fn choice(&mut self) -> Node {
        let mut choices = vec![Node::All(self.sequence())];
        while self.skip(b'|') {
            choices.push(Node::All(self.sequence()));
        }
        one_of(choices)
    }

    fn sequence(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        loop {
            self.0 = self.0.trim_ascii_start();
            match self.0.first() {
                None | Some(b'|' | b')' | b']' | b'}') => return nodes,
                Some(_) => nodes.push(self.repeated()),
            }
        }
    }

    fn repeated(&mut self) -> Node {
        let node = self.item();
        let least = match (&node, self.0.first()) {
            (Node::Word(_) | Node::Range(..), _) => return node,
            (_, Some(b'+')) => 1,
            (_, Some(b'*')) => 0,
            _ => return node,
        };
        self.0 = &self.0[1..];
        let node = Box::new(node);
        Node::Times { least, node }
    }

    fn item(&mut self) -> Node {
        if self.skip(b'(') {
            return self.choice().until(self, b')');
        }
        if self.skip(b'[') {
            return Node::Perhaps(Box::new(self.choice())).until(self, b']');
        }
        if self.skip(b'{') {
            return Node::AnyOrder(self.sequence()).until(self, b'}');
        }
        if self.skip(b'#') {
            return Node::Counted(self.name());
        }
        if self.skip(b'%') {
            return Node::AsMany(self.name());
        }
        if self.skip(b'\'') {
            let text = self.quoted();
            return match self.0.first() {
                Some(b'a'..=b'z') => Node::Glued(text, Box::new(Node::Rule(self.name()))),
                _ => Node::Word(text),
            };
        }
        match self.0.first() {
            Some(b'a'..=b'z') => Node::Rule(self.name()),
            _ => self.word(),
        }
    }

    /// A word, or a range of numbers.
    fn word(&mut self) -> Node {
        let text = self.take(|byte| !byte.is_ascii_whitespace() && !b"|()[]{}".contains(&byte));
        let range = text.split_once("..").map(|(low, high)| {
            let number = |text: &str| text.parse().expect("a number");
            Node::Range(number(low), number(high))
        });
        range.unwrap_or_else(|| Node::Word(text.into_bytes()))
    }

    fn name(&mut self) -> String {
        self.take(|byte| byte.is_ascii_alphanumeric())
    }

    /// What is left of a quoted text. `\r`, `\n`, `\\` and `\x00` mean what they mean in Rust.
    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        loop {
            let byte = self.next();
            match byte {
                b'\'' => return text,
                b'\\' => text.push(match self.next() {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b'x' => {
                        let digits = String::from_utf8(vec![self.next(), self.next()]);
                        u8::from_str_radix(&digits.unwrap(), 16).unwrap()
                    }
                    byte => byte,
                }),
                _ => text.push(byte),
            }
        }
    }

    fn next(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().expect("the line ends too soon");
        self.0 = rest;
        *first
    }

    fn take(&mut self, is_part: impl Fn(u8) -> bool) -> String {
        let end = self.0.iter().position(|byte| !is_part(*byte));
        let (text, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        String::from_utf8(text.into()).unwrap()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        self.0 = &self.0[usize::from(found)..];
        found
    }
}

impl Node {
    fn until(self, parser: &mut Parser<'_>, end: u8) -> Self {
        assert!(parser.skip(end), "{} is missing", char::from(end));
        self
    }
}
