//! Commands that take elements out of lists, move them to others, and wait until there are any.

use super::call::Then;
use super::list::{End, at_least};
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::keyspace::list::List;
use crate::server::blocked::Blocked;
use std::ops::Range;
use std::time::Duration;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH2.write("blmove", 6, blmove, DENYOOM | NOSCRIPT | BLOCKING, TAKE)
        .keys(key(2, RW | INSERT))
        .about("6.2.0", "Moves an element between lists, or waits."),
    CH2.write("blmpop", -5, blmpop, BLOCKING, NO_KEY)
        .keys(counted(2, TAKE))
        .about(
            "7.0.0",
            "Takes elements from one of several lists, or waits.",
        ),
    CH2.write("blpop", -3, BLPOP, NOSCRIPT | BLOCKING, TAKE)
        .to(-2)
        .about("2.0.0", "Takes the first element of a list, or waits."),
    CH2.write("brpop", -3, BRPOP, NOSCRIPT | BLOCKING, TAKE)
        .to(-2)
        .about("2.0.0", "Takes the last element of a list, or waits."),
    CH2.write(
        "brpoplpush",
        4,
        brpoplpush,
        DENYOOM | NOSCRIPT | BLOCKING,
        TAKE,
    )
    .keys(key(2, RW | INSERT))
    .about(
        "2.2.0",
        "Moves the last element to another list's head, or waits.",
    ),
    CH2.write("lmove", 5, lmove, DENYOOM, TAKE)
        .keys(key(2, RW | INSERT))
        .about(
            "6.2.0",
            "Moves an element from one end of a list to another.",
        ),
    CH2.write("lmpop", -4, lmpop, SLOW, NO_KEY)
        .keys(counted(1, TAKE))
        .about("7.0.0", "Takes elements from the first of several lists."),
    CH0.write("lpop", -2, LPOP, FAST | BRIEF, TAKE)
        .about("1.0.0", "Takes elements from the head of a list."),
    CH0.write("rpop", -2, RPOP, FAST | BRIEF, TAKE)
        .about("1.0.0", "Takes elements from the tail of a list."),
    CH2.write("rpoplpush", 3, rpoplpush, DENYOOM, TAKE)
        .keys(key(2, RW | INSERT))
        .about(
            "1.2.0",
            "Moves the last element of a list to another's head.",
        ),
];

/// `LPOP key [count]`: the first element, or the first ones. <https://redis.io/docs/latest/commands/lpop/>
const LPOP: Handler = |call| pop(call, End::Head);
/// `RPOP key [count]`: the last element, or the last ones. <https://redis.io/docs/latest/commands/rpop/>
const RPOP: Handler = |call| pop(call, End::Tail);

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    match call.args.len() {
        2 => pop_one(call, end),
        3 => pop_many(call, end),
        _ => Err(CommandError::wrong_arity(call.command.name)),
    }
}

fn pop_one(call: &mut Call<'_>, end: End) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let Some(list) = key.get::<List>()? else {
        call.reply.null();
        return Ok(());
    };
    end.pop(list, call.reply);
    key.changed(end.popped(), 1);
    Ok(())
}

/// Nothing to pop is an array without elements, no key no array.
fn pop_many(call: &mut Call<'_>, end: End) -> Outcome {
    let count = at_least(0, call.arg(2)?, CommandError::NOT_POSITIVE)?;
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let Some(list) = key.get::<List>()? else {
        call.reply.null_array();
        return Ok(());
    };
    let popped = end.pop_many(list, count, call.reply);
    if popped > 0 {
        key.changed(end.popped(), popped);
    }
    Ok(())
}

/// What is to be popped from the first list that there is.
struct Pop {
    /// The keys, by the places of their arguments.
    keys: Range<usize>,
    end: End,
    /// How many elements, in an array; or one, in none.
    count: Option<usize>,
}

impl Pop {
    /// What LMPOP and BLMPOP have from the argument at `start` on: `numkeys key [key ...] LEFT|RIGHT [COUNT count]`.
    fn parse(call: &Call<'_>, start: usize) -> Result<Self, CommandError> {
        const NO_KEYS: CommandError = CommandError::new("ERR numkeys should be greater than 0");
        const NO_COUNT: CommandError = CommandError::new("ERR count should be greater than 0");
        let keys = at_least(1, call.arg(start)?, NO_KEYS)?;
        let keys = start + 1..keys.saturating_add(start + 1);
        let end = call.args.get(keys.end).and_then(End::named);
        let end = end.ok_or(CommandError::SYNTAX)?;
        let mut options = call.args.from(keys.end + 1);
        let count = match (options.next(), options.next(), options.next()) {
            (None, ..) => 1,
            (Some(name), Some(count), rest) if name.eq_ignore_ascii_case(b"count") => {
                let count = at_least(1, count, NO_COUNT)?;
                rest.map_or(Ok(count), |_| Err(CommandError::SYNTAX))?
            }
            _ => return Err(CommandError::SYNTAX),
        };
        let count = Some(count);
        Ok(Self { keys, end, count })
    }

    fn names<'a>(&self, call: &Call<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        call.args.from(self.keys.start).take(self.keys.len())
    }

    /// Pops from the first of the keys that has a list, and answers with its name. Whether there is one.
    fn try_now(&self, call: &mut Call<'_>) -> Result<bool, CommandError> {
        // Served from the key that has become ready, whatever the others hold.
        let ready = call.ready;
        let names = self.names(call);
        for name in names.filter(|key| ready.is_none_or(|ready| *key == ready)) {
            let mut key = call.server.db(call.db).for_write(name);
            let Some(list) = key.get::<List>()? else {
                continue;
            };
            call.reply.array(2);
            call.reply.bulk(name);
            let command = self.end.pop_command();
            if let Some(count) = self.count {
                let popped = self.end.pop_many(list, count, call.reply);
                key.changed(self.end.popped(), popped);
                let popped = popped.to_string();
                call.effect.instead([command, name, popped.as_bytes()]);
            } else {
                self.end.pop(list, call.reply);
                key.changed(self.end.popped(), 1);
                call.effect.instead([command, name]);
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The same, and where there is no list it waits.
    fn or_wait(&self, call: &mut Call<'_>, timeout: Duration) -> Outcome {
        if !self.try_now(call)? {
            call.then = wait_for(self.names(call), timeout);
        }
        Ok(())
    }
}

/// Blocks the client until one of these keys holds a list. In vain, that is a null array, whatever the command.
fn wait_for<'a>(keys: impl Iterator<Item = &'a [u8]>, timeout: Duration) -> Then {
    Then::Block(Blocked::on_keys(keys, "list", timeout, |_, _, reply| {
        reply.null_array();
    }))
}

/// `LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]`: elements of the first of these lists that has any, with its key.
/// <https://redis.io/docs/latest/commands/lmpop/>
fn lmpop(call: &mut Call<'_>) -> Outcome {
    if !Pop::parse(call, 1)?.try_now(call)? {
        call.reply.null_array();
    }
    Ok(())
}

/// `BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]`: the same, but it waits.
/// <https://redis.io/docs/latest/commands/blmpop/>
fn blmpop(call: &mut Call<'_>) -> Outcome {
    let pop = Pop::parse(call, 2)?;
    let timeout = parse_timeout(call.arg(1)?)?;
    pop.or_wait(call, timeout)
}

/// `BLPOP key [key ...] timeout`: the first element of the first of these lists that has any, with its key; if none has,
/// it waits. <https://redis.io/docs/latest/commands/blpop/>
const BLPOP: Handler = |call| blocking_pop(call, End::Head);
/// `BRPOP key [key ...] timeout`: as BLPOP, for last elements. <https://redis.io/docs/latest/commands/brpop/>
const BRPOP: Handler = |call| blocking_pop(call, End::Tail);

fn blocking_pop(call: &mut Call<'_>, end: End) -> Outcome {
    let last = call.args.len() - 1;
    let timeout = parse_timeout(call.arg(last)?)?;
    let (keys, count) = (1..last, None);
    Pop { keys, end, count }.or_wait(call, timeout)
}

/// `RPOPLPUSH source destination`: LMOVE from right to left. <https://redis.io/docs/latest/commands/rpoplpush/>
fn rpoplpush(call: &mut Call<'_>) -> Outcome {
    move_now(call, End::Tail, End::Head)
}

/// `LMOVE source destination LEFT|RIGHT LEFT|RIGHT`: the element that is moved, or null.
/// <https://redis.io/docs/latest/commands/lmove/>
fn lmove(call: &mut Call<'_>) -> Outcome {
    let (from, to) = parse_ends(call)?;
    move_now(call, from, to)
}

fn move_now(call: &mut Call<'_>, from: End, to: End) -> Outcome {
    if !move_element(call, from, to)? {
        call.reply.null();
    }
    Ok(())
}

/// `BRPOPLPUSH source destination timeout`: RPOPLPUSH, but it waits.
/// <https://redis.io/docs/latest/commands/brpoplpush/>
fn brpoplpush(call: &mut Call<'_>) -> Outcome {
    let timeout = parse_timeout(call.arg(3)?)?;
    let effect = [b"RPOPLPUSH", call.arg(1)?, call.arg(2)?];
    move_or_wait(call, End::Tail, End::Head, timeout, effect)
}

/// `BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout`: LMOVE, but it waits.
/// <https://redis.io/docs/latest/commands/blmove/>
fn blmove(call: &mut Call<'_>) -> Outcome {
    let (from, to) = parse_ends(call)?;
    let timeout = parse_timeout(call.arg(5)?)?;
    let (source, destination) = (call.arg(1)?, call.arg(2)?);
    let effect = [b"LMOVE", source, destination, call.arg(3)?, call.arg(4)?];
    move_or_wait(call, from, to, timeout, effect)
}

/// Where there is nothing to move, the client waits, and the destination may hold what it will.
fn move_or_wait<const N: usize>(
    call: &mut Call<'_>,
    from: End,
    to: End,
    timeout: Duration,
    effect: [&[u8]; N],
) -> Outcome {
    if move_element(call, from, to)? {
        call.effect.instead(effect);
    } else {
        call.then = wait_for(call.args.from(1).take(1), timeout);
    }
    Ok(())
}

/// Moves the element at one end of the list that the first argument names to the list that the second one names; they may
/// be the same. Whether there was a list.
fn move_element(call: &mut Call<'_>, from: End, to: End) -> Result<bool, CommandError> {
    let (source, destination) = (call.arg(1)?, call.arg(2)?);
    let mut key = call.server.db(call.db).for_write(source);
    let Some(element) = key.get::<List>()?.and_then(|list| from.of(list)) else {
        return Ok(false);
    };
    let element = element.to_vec();
    drop(key);
    let limits = call.server.limits;
    let mut key = call.server.db(call.db).for_write(destination);
    let list: &mut List = key.get_or_create()?;
    list.begin(&limits);
    to.push(list, &element);
    key.changed(to.pushed(), 0);
    drop(key);
    // Only now, so that a list to which its only element is moved is never empty. Where the element was put in front of
    // itself, this takes the new one.
    let mut key = call.server.db(call.db).for_write(source);
    if let Some(list) = key.get::<List>()? {
        from.remove(list, 1);
        key.changed(from.popped(), 1);
    }
    call.reply.bulk(&element);
    Ok(true)
}

/// The third and the fourth argument.
fn parse_ends(call: &Call<'_>) -> Result<(End, End), CommandError> {
    let ends = End::named(call.arg(3)?).zip(End::named(call.arg(4)?));
    ends.ok_or(CommandError::SYNTAX)
}

const NOT_A_TIMEOUT: CommandError = CommandError::new("ERR timeout is not a float or out of range");
const NEGATIVE_TIMEOUT: CommandError = CommandError::new("ERR timeout is negative");

/// A time-out in seconds, with a fraction; 0 is for ever.
pub fn parse_timeout(text: &[u8]) -> Result<Duration, CommandError> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    if seconds.is_nan() {
        return Err(NOT_A_TIMEOUT);
    }
    let millis = (seconds * 1000.0).ceil();
    // What does not fit into 64 bits is negative to Redis, which does not look before it converts.
    if millis < 0.0 || millis >= i64::MAX as f64 {
        return Err(NEGATIVE_TIMEOUT);
    }
    Ok(Duration::from_millis(millis as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::execute::tests::{ask, connect, server, words_of};

    /// What a replica repeats: it waits for nobody, and takes as many elements as there were.
    #[test]
    fn what_waits_is_written_down_as_what_does_not() {
        let mut server = server();
        let reader = server.backlog.attach();
        let pusher = connect(&mut server);
        for request in [
            "RPUSH l a b c d e",
            "BLMOVE l m LEFT RIGHT 0",
            "BRPOPLPUSH l m 0",
            "BLMPOP 0 2 no l LEFT COUNT 10",
            "LMPOP 1 m RIGHT",
            "BLPOP m 0",
        ] {
            ask(&mut server, pusher, request);
        }
        for request in [
            "BLMOVE q r LEFT RIGHT 0",
            "BRPOPLPUSH q r 0",
            "BLMPOP 0 1 r LEFT COUNT 10",
            "BRPOP q 0",
            "BLMOVE q string LEFT LEFT 0",
        ] {
            let waiter = connect(&mut server);
            ask(&mut server, waiter, request);
        }
        ask(&mut server, pusher, "SET string x");
        ask(&mut server, pusher, "RPUSH q 1 2 3 4");
        let effects = server.backlog.read(&reader).escape_ascii().to_string();
        assert_eq!(
            words_of(&effects).join(" "),
            "SELECT 0 RPUSH l a b c d e LMOVE l m LEFT RIGHT RPOPLPUSH l m LPOP l 3 RPOP m 1 LPOP m \
            SET string x RPUSH q 1 2 3 4 LMOVE q r LEFT RIGHT RPOPLPUSH q r RPOP q LPOP r 2"
        );
        assert_eq!(ask(&mut server, pusher, "LLEN q"), ":1\\r\\n");
    }

    #[test]
    fn time_outs_are_rounded_up() {
        let millis = |text: &str| parse_timeout(text.as_bytes()).map(|timeout| timeout.as_millis());
        assert_eq!(millis("0"), Ok(0));
        assert_eq!(millis("0.1"), Ok(100));
        assert_eq!(millis("0.0001"), Ok(1));
        assert_eq!(millis("-1"), Err(NEGATIVE_TIMEOUT));
        assert_eq!(millis("1e300"), Err(NEGATIVE_TIMEOUT));
        assert!(millis("x").is_err() && millis("nan").is_err());
    }
}
