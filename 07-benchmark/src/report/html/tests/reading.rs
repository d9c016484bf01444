//! Reads pages: enough of HTML to check what is in them, and the axes of their pictures, from whose ticks the
//! places of points are turned into values again.

/// An element of a page.
#[derive(Clone, Debug)]
pub struct Element {
    pub tag: String,
    pub attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub text: String,
    /// How many elements it is in.
    depth: usize,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let known = self.attributes.iter().find(|(key, _)| key == name);
        known.map(|(_, value)| value.as_str())
    }

    fn is(&self, class: &str) -> bool {
        self.attribute("class")
            .is_some_and(|all| all.split(' ').any(|each| each == class))
    }

    fn place(&self, name: &str) -> f64 {
        self.attribute(name).unwrap().parse().unwrap()
    }
}

/// All elements of a page in order.
///
/// # Panics
/// Tags do not nest, or text is not escaped.
pub fn elements(page: &str) -> Vec<Element> {
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some((text, after)) = rest.split_once('<') {
        assert!(
            !text.contains('>') || found[*open.last().unwrap()].tag == "style",
            "{text}"
        );
        if let Some(last) = open.last() {
            found[*last].text.push_str(&plain(text));
        }
        let (tag, after) = after.split_once('>').unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().unwrap();
            assert_eq!(found[last].tag, name);
        } else {
            let element = element(tag, open.len());
            if element.tag != "meta" {
                open.push(found.len());
            }
            found.push(element);
        }
        rest = after;
    }
    assert!(open.is_empty());
    found
}

fn element(text: &str, depth: usize) -> Element {
    let (tag, mut rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut attributes = Vec::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap();
        attributes.push((name.trim().to_string(), plain(value)));
        rest = after;
    }
    assert!(rest.trim().is_empty(), "{text}");
    Element {
        tag: tag.to_string(),
        attributes,
        text: String::new(),
        depth,
    }
}

fn plain(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

/// A number as it is shown, and the unit of its last digit.
pub fn number(text: &str) -> Option<(f64, f64)> {
    let digits = text.replace(',', "");
    let decimals = digits.split_once('.').map_or(0, |(_, after)| after.len());
    Some((digits.parse().ok()?, 0.1_f64.powi(decimals as i32)))
}

/// The elements of a picture.
#[derive(Clone, Debug)]
pub struct Picture(Vec<Element>);

/// All pictures whose titles' ids begin so.
pub fn pictures(page: &str, id: &str) -> Vec<Picture> {
    let all = elements(page);
    let begins = |element: &Element| {
        let label = element.attribute("aria-labelledby");
        label.is_some_and(|label| label.starts_with(id))
    };
    let found = all
        .iter()
        .enumerate()
        .filter(|(_, element)| begins(element));
    found
        .map(|(index, _)| Picture(inside(&all[index..])))
        .collect()
}

/// The first element, and all in it.
fn inside(elements: &[Element]) -> Vec<Element> {
    let (first, rest) = elements.split_first().unwrap();
    let rest = rest.iter().take_while(|each| each.depth > first.depth);
    [first].into_iter().chain(rest).cloned().collect()
}

impl Picture {
    /// The places of a line's points; all of its parts together.
    pub fn series(&self, name: &str) -> Option<Vec<(f64, f64)>> {
        let named = |each: &Element| each.is("series") && each.attribute("data-name") == Some(name);
        let index = self.0.iter().position(named)?;
        let parts = inside(&self.0[index..]);
        let parts = parts.iter().filter(|each| each.tag == "polyline");
        let points = parts.flat_map(|each| points(each.attribute("points").unwrap()));
        Some(points.collect())
    }

    /// The values of an axis' ticks, and where they are.
    fn ticks(&self, axis: &str) -> Vec<(f64, f64)> {
        let ticks = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, each)| each.is("tick") && each.is(axis));
        let tick = |(index, tick): (usize, &Element)| {
            let inside = inside(&self.0[index..]);
            let label = inside.iter().find(|each| each.tag == "text").unwrap();
            let place = match inside.iter().find(|each| each.tag == "line") {
                Some(line) => line.place(&format!("{axis}1")),
                None => label.place(axis),
            };
            (
                tick.attribute("data-value").unwrap().parse().unwrap(),
                place,
            )
        };
        ticks.map(tick).collect()
    }

    /// A picture of two parts below each other, of which each has an axis of its own on its left.
    pub fn halves(&self) -> [Picture; 2] {
        let ticks = self.ticks("y");
        // Values rise within an axis; where they fall, the second begins.
        let many = ticks
            .windows(2)
            .position(|pair| pair[1].0 < pair[0].0)
            .unwrap()
            + 1;
        let mut seen = 0;
        let [mut above, mut below] = [Vec::new(), Vec::new()];
        for element in &self.0 {
            seen += usize::from(element.is("tick") && element.is("y"));
            let both = element.is("tick") && element.is("x") || element.tag == "svg" || seen == 0;
            if both || seen <= many {
                above.push(element.clone());
            }
            if both || seen > many || !element.is("tick") {
                below.push(element.clone());
            }
        }
        [Picture(above), Picture(below)]
    }

    /// Of each row of ratios: the low end, the ratio, and the high end.
    pub fn ratios(&self) -> Vec<[f64; 3]> {
        let x = Axis::of(&self.ticks("x"));
        let rows = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, each)| each.is("ratio"));
        let row = |(index, _): (usize, &Element)| {
            let inside = inside(&self.0[index..]);
            let range = inside.iter().position(|each| each.is("range")).unwrap();
            let bar = &inside[range + 1];
            let point = inside.iter().find(|each| each.is("point")).unwrap();
            let middle = point.place("x") + point.place("width") / 2.0;
            [bar.place("x1"), middle, bar.place("x2")].map(|place| x.value(place))
        };
        rows.map(row).collect()
    }
}

fn points(text: &str) -> Vec<(f64, f64)> {
    let pairs = text.split(' ').map(|pair| pair.split_once(',').unwrap());
    pairs
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect()
}

/// The points of a line in values, each with how much a tenth of a unit of the picture is there.
pub fn plotted(picture: &Picture, name: &str) -> Vec<((f64, f64), (f64, f64))> {
    let [x, y] = ["x", "y"].map(|axis| Axis::of(&picture.ticks(axis)));
    let points = picture.series(name).unwrap().into_iter();
    let value = |(left, top)| ((x.value(left), y.value(top)), (x.unit(left), y.unit(top)));
    points.map(value).collect()
}

/// An axis, known from its ticks alone.
struct Axis {
    logarithmic: bool,
    first: (f64, f64),
    last: (f64, f64),
}

impl Axis {
    fn of(ticks: &[(f64, f64)]) -> Self {
        let (first, last) = (ticks[0], *ticks.last().unwrap());
        let even = Self {
            logarithmic: false,
            first,
            last,
        };
        let middle = ticks[ticks.len() / 2];
        let fits = (even.place(middle.0) - middle.1).abs() < 0.2;
        Self {
            logarithmic: !fits,
            ..even
        }
    }

    fn scaled(&self, value: f64) -> f64 {
        if self.logarithmic { value.ln() } else { value }
    }

    fn place(&self, value: f64) -> f64 {
        let [from, to, at] = [self.first.0, self.last.0, value].map(|value| self.scaled(value));
        self.first.1 + (at - from) / (to - from) * (self.last.1 - self.first.1)
    }

    fn value(&self, place: f64) -> f64 {
        let [from, to] = [self.first.0, self.last.0].map(|value| self.scaled(value));
        let part = (place - self.first.1) / (self.last.1 - self.first.1);
        let value = from + part * (to - from);
        if self.logarithmic { value.exp() } else { value }
    }

    /// How much the value changes there over a tenth of a unit, to which places are rounded.
    fn unit(&self, place: f64) -> f64 {
        let step = |by: f64| (self.value(place + by) - self.value(place)).abs();
        step(0.2).max(step(-0.2))
    }
}
