//! The values of flags, each read from its text. An error says what the flag takes.

use crate::options::Arrivals;
use crate::target::Address;
use crate::workload::{self, Command, KeyPattern, Sizes, TESTS, Test};
use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The longest value, as long as a server accepts.
const MAX_DATA: usize = 512 * 1024 * 1024;

/// The highest weight of a command in a mix. Thousands of them still add up to a `u32`.
pub const MAX_WEIGHT: u32 = 1_000_000;

/// The standard deviation of `gauss`: nearly all numbers lie within three of them from the middle.
const DEVIATION: f64 = 1.0 / 6.0;

/// The exponent of `zipf`: what YCSB uses, and others after it.
const EXPONENT: f64 = 0.99;

/// What a value of a flag is read into, or what the flag takes.
pub type Parsed<T> = Result<T, String>;

/// Puts what was read into its place.
pub fn put<T>(place: &mut T, parsed: Parsed<T>) -> Parsed<()> {
    *place = parsed?;
    Ok(())
}

/// The same for a place that may be empty.
pub fn fill<T>(place: &mut Option<T>, parsed: Parsed<T>) -> Parsed<()> {
    put(place, parsed.map(Some))
}

/// Text, which flags have in UTF-8 but for paths and commands.
pub fn text(value: OsString) -> Parsed<String> {
    value
        .into_string()
        .map_err(|_| "takes text in UTF-8".to_string())
}

/// A whole number within `range`.
pub fn whole<T: FromStr + PartialOrd + Display>(
    value: OsString,
    range: RangeInclusive<T>,
) -> Parsed<T> {
    within(&text(value)?, range, "a whole number")
}

/// A number within `range`, which has a point or none.
pub fn decimal(value: &str, range: RangeInclusive<f64>) -> Parsed<f64> {
    within(value, range, "a number")
}

fn within<T: FromStr + PartialOrd + Display>(
    value: &str,
    range: RangeInclusive<T>,
    what: &str,
) -> Parsed<T> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    let (least, most) = range.into_inner();
    number.ok_or_else(|| format!("takes {what} from {least} to {most}"))
}

/// A time of at least `least` seconds, and some days at most.
pub fn seconds(value: OsString, least: f64) -> Parsed<Duration> {
    let seconds = decimal(&text(value)?, least..=1e6)?;
    Ok(Duration::from_secs_f64(seconds))
}

/// `0` or `1`.
pub fn switch(value: OsString) -> Parsed<bool> {
    Ok(whole(value, 0..=1)? == 1_u8)
}

/// One size, or `A-B`.
pub fn sizes(value: OsString) -> Parsed<Sizes> {
    let value = text(value)?;
    let (least, most) = value.split_once('-').unwrap_or((&value, &value));
    let size = |text: &str| {
        let size = text.parse().ok();
        size.filter(|size| (1..=MAX_DATA).contains(size))
    };
    match size(least).zip(size(most)) {
        Some((least, most)) if least <= most => Ok(Sizes { least, most }),
        _ => Err(format!(
            "takes a number of bytes from 1 to {MAX_DATA}, or two with a dash, the smaller first"
        )),
    }
}

/// A name, for some with a number behind a colon.
pub fn pattern(value: OsString) -> Parsed<KeyPattern> {
    let value = text(value)?;
    let (name, number) = match value.split_once(':') {
        Some((name, number)) => (name, Some(decimal(number, 0.001..=100.0)?)),
        None => (value.as_str(), None),
    };
    match (name, number) {
        ("uniform", None) => Ok(KeyPattern::Uniform),
        ("sequential", None) => Ok(KeyPattern::Sequential),
        ("gauss", number) => Ok(KeyPattern::Gauss {
            deviation: number.unwrap_or(DEVIATION),
        }),
        ("zipf", number) => Ok(KeyPattern::Zipf {
            exponent: number.unwrap_or(EXPONENT),
        }),
        _ => Err("takes uniform, sequential, gauss[:DEVIATION] or zipf[:EXPONENT]".to_string()),
    }
}

/// `constant` or `poisson`.
pub fn arrivals(value: OsString) -> Parsed<Arrivals> {
    match text(value)?.as_str() {
        "constant" => Ok(Arrivals::Constant),
        "poisson" => Ok(Arrivals::Poisson),
        _ => Err("takes constant or poisson".to_string()),
    }
}

/// The name of a file.
pub fn path(value: OsString) -> Parsed<PathBuf> {
    match value.is_empty() {
        true => Err("takes the name of a file".to_string()),
        false => Ok(value.into()),
    }
}

/// `HOST:PORT`, or the path of a Unix socket, which begins with `/` or `./`.
pub fn address(value: OsString) -> Parsed<Address> {
    let path = PathBuf::from(&value);
    if path.is_absolute() || path.starts_with(".") {
        return Ok(Address::Unix(path));
    }
    let value = text(value)?;
    let (host, port) = value.rsplit_once(':').unwrap_or_default();
    let host = bare(host).filter(|host| !host.is_empty());
    let port = port.parse().ok().filter(|port| *port > 0);
    let (host, port) = host.zip(port).ok_or_else(|| {
        "takes HOST:PORT, or the path of a Unix socket that begins with / or ./".to_string()
    })?;
    let host = host.to_string();
    Ok(Address::Tcp { host, port })
}

/// A host without its brackets, which an IPv6 address needs.
pub fn bare(host: &str) -> Option<&str> {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.or(Some(host).filter(|host| !host.contains(':')))
}

/// The tests with these names, with commas between them; `ping` and `lrange` are several. They come in their
/// own order, each once, whatever the order of the names: so redis-benchmark does it.
pub fn tests(value: OsString) -> Parsed<Vec<&'static Test>> {
    let value = text(value)?;
    let names = value.split(',').map(str::trim);
    // A comma too many names nothing, as long as something is named.
    let names: Vec<&str> = match value.trim_matches([',', ' ']) {
        "" => names.collect(),
        _ => names.filter(|name| !name.is_empty()).collect(),
    };
    let known = |name: &&&str| TESTS.iter().any(|test| is_called(test, name));
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(no_test(name));
    }
    let named = |test: &Test| names.iter().any(|name| is_called(test, name));
    // Some need another one before them.
    let needed = |test: &Test| {
        let prefix = test.prepares.unwrap_or("-");
        let mut prepared = TESTS.iter().filter(|other| other.name.starts_with(prefix));
        prepared.any(named)
    };
    let wanted = |test: &&Test| named(test) || needed(test);
    Ok(TESTS.iter().filter(wanted).collect())
}

fn is_called(test: &Test, name: &str) -> bool {
    let group = test.name.split('_').next();
    let names = [Some(test.name), group].map(|name| name.filter(|name| !name.is_empty()));
    names
        .iter()
        .flatten()
        .any(|own| own.eq_ignore_ascii_case(name))
}

fn no_test(name: &str) -> String {
    format!("no test is named {name:?}; there are {}", test_names())
}

/// The names of all tests, with commas between them.
pub fn test_names() -> String {
    let names = TESTS.iter().map(|test| test.name);
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.join(",")
}

/// Whether another test must run before this one.
fn is_prepared(test: &Test) -> bool {
    let mut prefixes = TESTS.iter().filter_map(|test| test.prepares);
    prefixes.any(|prefix| test.name.starts_with(prefix))
}

/// Tests with their weights: `get=9,set=1`.
pub fn mix(value: OsString) -> Parsed<Vec<(Command, u32)>> {
    text(value)?.split(',').map(share).collect()
}

fn share(text: &str) -> Parsed<(Command, u32)> {
    let (name, weight) = text
        .split_once('=')
        .ok_or_else(|| "takes tests with weights, such as get=9,set=1".to_string())?;
    let test = workload::find(name.trim()).ok_or_else(|| no_test(name))?;
    let command = test.command();
    if command.args.is_empty() {
        return Err(format!("{name} cannot be mixed; ping_mbulk can"));
    }
    if is_prepared(test) {
        return Err(format!(
            "{name} cannot be mixed, as it wants a list filled before: -t {name} fills it"
        ));
    }
    Ok((command, whole(weight.trim().into(), 1..=MAX_WEIGHT)?))
}
