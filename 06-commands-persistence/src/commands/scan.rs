//! What SCAN, SSCAN, HSCAN and ZSCAN share: their arguments, and the reply to one step.

use super::CommandError;
use crate::glob::{self, Case};
use crate::keyspace::table::Cursor;
use crate::resp::{integer, queue::Args, reply::Reply};

const INVALID_CURSOR: CommandError = CommandError::new("ERR invalid cursor");

/// How many elements a step visits if nothing is said.
const DEFAULT_LIMIT: usize = 10;

/// Reads a cursor the way C's `strtoul` does: with a sign, with leading zeros, as 0 where there is nothing, and up to the
/// first NUL byte.
///
/// # Errors
/// It is none.
pub fn cursor(text: &[u8]) -> Result<Cursor, CommandError> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(digits).ok().filter(|_| is_number);
    let number: Option<Cursor> = number.and_then(|digits| digits.parse().ok());
    let number = number.ok_or(INVALID_CURSOR)?;
    Ok(if negative {
        number.wrapping_neg()
    } else {
        number
    })
}

/// Replies that there is nothing to be scanned.
pub fn nothing(reply: &mut Reply) {
    write_head(reply, 0, 0);
}

/// The options of a scan.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    limit: usize,
    pattern: Option<&'a [u8]>,
    type_name: Option<&'a [u8]>,
}

impl<'a> Scan<'a> {
    /// The options from argument `first` on: `MATCH pattern`, `COUNT count`, and for keys `TYPE type`. The last of each
    /// counts.
    ///
    /// # Errors
    /// [`CommandError::SYNTAX`] and [`CommandError::NOT_AN_INTEGER`].
    pub fn parse(args: Args<'a>, first: usize, of_keys: bool) -> Result<Self, CommandError> {
        let mut scan = Self {
            limit: DEFAULT_LIMIT,
            pattern: None,
            type_name: None,
        };
        let mut args = args.from(first);
        while let Some(option) = args.next() {
            let value = args.next().ok_or(CommandError::SYNTAX)?;
            match option.to_ascii_lowercase().as_slice() {
                b"count" => scan.limit = parse_limit(value)?,
                b"match" => scan.pattern = Some(value).filter(|pattern| *pattern != b"*"),
                b"type" if of_keys => scan.type_name = Some(value),
                _ => return Err(CommandError::SYNTAX),
            }
        }
        Ok(scan)
    }

    /// Whether keys of this type are asked for.
    pub fn wants_type(&self, name: &str) -> bool {
        let wanted = self.type_name;
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Takes one step, and replies with its outcome. `step` is told how many elements to visit; it shows each, as one
    /// part or several, and gives the cursor for the next step. The first part decides whether an element matches.
    pub fn step(
        &self,
        reply: &mut Reply,
        step: impl FnOnce(usize, &mut dyn FnMut(&[&[u8]])) -> Cursor,
    ) {
        let start = reply.mark();
        let mut parts = 0;
        let cursor = step(self.limit, &mut |element| {
            if self.matches(element.first().copied().unwrap_or_default()) {
                element.iter().for_each(|part| reply.bulk(part));
                parts += element.len();
            }
        });
        reply.put_before(start, |head| write_head(head, cursor, parts));
    }

    fn matches(&self, element: &[u8]) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, element, Case::Sensitive))
    }
}

fn parse_limit(count: &[u8]) -> Result<usize, CommandError> {
    let count = integer::parse(count).ok_or(CommandError::NOT_AN_INTEGER)?;
    let limit = usize::try_from(count).ok().filter(|limit| *limit > 0);
    limit.ok_or(CommandError::SYNTAX)
}

fn write_head(reply: &mut Reply, cursor: Cursor, elements: usize) {
    reply.array(2);
    reply.bulk(cursor.to_string().as_bytes());
    reply.array(elements);
}
