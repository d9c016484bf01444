//! HTML and SVG, element by element. All text that goes in is escaped here, so that none from outside can
//! become markup.

use std::fmt::{self, Display, Write};

/// An element with what is in it.
#[derive(Clone, Debug)]
pub struct Node {
    name: &'static str,
    attributes: String,
    inside: String,
}

/// An empty element.
pub fn tag(name: &'static str) -> Node {
    Node {
        name,
        attributes: String::new(),
        inside: String::new(),
    }
}

impl Node {
    /// The element with one more attribute.
    pub fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        let value = escaped(&value.to_string());
        // Writing to a string does not fail.
        let _ = write!(self.attributes, " {name}=\"{value}\"");
        self
    }

    /// The element with a class attribute.
    pub fn class(self, names: impl Display) -> Self {
        self.attr("class", names)
    }

    /// The element with text added to its end.
    pub fn text(mut self, text: impl Display) -> Self {
        self.inside.push_str(&escaped(&text.to_string()));
        self
    }

    /// The element with another one added to its end.
    pub fn with(mut self, child: Node) -> Self {
        let _ = write!(self.inside, "{child}");
        self
    }

    /// The element with others added to its end.
    pub fn all(self, children: impl IntoIterator<Item = Node>) -> Self {
        children.into_iter().fold(self, Node::with)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            attributes,
            inside,
        } = self;
        write!(f, "<{name}{attributes}>{inside}</{name}>")
    }
}

/// Text as it stands between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if misleads(letter) => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Letters that are no valid text of a page, or that turn the direction of the text behind them: a server's
/// error text could make a figure read backwards.
fn misleads(letter: char) -> bool {
    let control = letter.is_control() && !matches!(letter, '\n' | '\t');
    control || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "</td><script>alert('1')</script>\" onload=\"x & y";
        let node = tag("td").attr("title", hostile).text(hostile).to_string();
        assert_eq!(node.matches('<').count(), 2, "{node}");
        assert_eq!(node.matches('"').count(), 2, "{node}");
        assert!(node.contains("&lt;script&gt;alert(&#39;1&#39;)"), "{node}");
        assert!(node.contains("x &amp; y"), "{node}");
    }

    #[test]
    fn letters_that_turn_or_break_the_text_are_shown_as_unknown() {
        let node = tag("p").text("a\u{202e}b\0c\nd").to_string();
        assert_eq!(node, "<p>a\u{fffd}b\u{fffd}c\nd</p>");
    }

    #[test]
    fn elements_nest_in_order() {
        let row = tag("tr").all(["1", "2"].map(|text| tag("td").text(text)));
        let node = tag("table").class("a b").with(row).to_string();
        assert_eq!(
            node,
            "<table class=\"a b\"><tr><td>1</td><td>2</td></tr></table>"
        );
    }
}
