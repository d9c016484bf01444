//! Commands on the entries of streams.

use super::row::*;
use super::stream_id::{self, NewId};
use super::{Call, CommandError, Effect, Outcome};
use crate::keyspace::event;
use crate::keyspace::stream::id::StreamId;
use crate::keyspace::stream::{MAX_BYTES, Stream, Trim, TrimTo};
use crate::resp::integer;
use crate::resp::queue::Args;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH13.write("xadd", -5, xadd, DENYOOM | FAST, RW | UPDATE)
        .notes("UPDATE instead of INSERT because of the optional trimming feature")
        .tips(&["nondeterministic_output"])
        .about("5.0.0", "Appends an entry to a stream."),
    CH13.write("xdel", -3, xdel, FAST, RW | DELETE)
        .about("5.0.0", "Removes entries from a stream."),
    CH13.read("xlen", 2, xlen, FAST | BRIEF, RO)
        .about("5.0.0", "Counts the entries of a stream."),
    CH13.read("xrange", -4, XRANGE, SLOW, RO | ACCESS)
        .about("5.0.0", "Gives the entries of a stream between two ids."),
    CH13.read("xrevrange", -4, XREVRANGE, SLOW, RO | ACCESS)
        .about("5.0.0", "Gives them from the last to the first."),
    CH13.write("xsetid", -3, xsetid, DENYOOM | FAST, RW | UPDATE)
        .about("5.0.0", "Says what the last id of a stream is."),
    CH13.write("xtrim", -4, xtrim, SLOW, RW | DELETE)
        .tips(&["nondeterministic_output"])
        .about("5.0.0", "Removes the first entries of a stream."),
];

const TWO_LIMITS: CommandError = CommandError::new(
    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
);
const NEGATIVE_LENGTH: CommandError = CommandError::new("ERR The MAXLEN argument must be >= 0.");
const NEGATIVE_LIMIT: CommandError = CommandError::new("ERR The LIMIT argument must be >= 0.");
const LIMIT_OF_NOTHING: CommandError = CommandError::new(
    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
);
const LIMIT_OF_EXACT: CommandError =
    CommandError::new("ERR syntax error, LIMIT cannot be used without the special ~ option");
const NO_TRIMMING: CommandError =
    CommandError::new("ERR syntax error, XTRIM must be called with a trimming strategy");
const ID_IS_ZERO: CommandError =
    CommandError::new("ERR The ID specified in XADD must be greater than 0-0");
const ID_NOT_LARGER: CommandError = CommandError::new(
    "ERR The ID specified in XADD is equal or smaller than the target stream top item",
);
const NO_MORE_IDS: CommandError = CommandError::new(
    "ERR The stream has exhausted the last possible ID, unable to add more items",
);
const TOO_LARGE: CommandError = CommandError::new("ERR Elements are too large to be stored");

/// What stands before the fields of XADD, or behind the key of XTRIM.
#[derive(Debug, Default)]
struct Options {
    /// `MAXLEN`, `MINID`, and `~`.
    trim: Option<Trim>,
    /// Where the threshold of the trimming stands, behind `~` if that is there.
    threshold: usize,
    /// `LIMIT`, as it was given, and its place.
    limit: Option<(usize, usize)>,
    /// `NOMKSTREAM`: a stream that is not there is not made.
    must_exist: bool,
    /// The place of the id, and the id.
    id: Option<(usize, NewId)>,
}

impl Options {
    /// Options up to the id, for XADD, or up to the end.
    fn parse(call: &Call<'_>, has_id: bool) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut place = 2;
        while let Some(arg) = call.args.get(place) {
            if has_id && arg == b"*" {
                options.id = Some((place, NewId::Any));
                break;
            }
            let has_more = call.args.len() > place + 1;
            match arg.to_ascii_lowercase().as_slice() {
                b"maxlen" if has_more => place = options.set_trim(call, place, false)?,
                b"minid" if has_more => place = options.set_trim(call, place, true)?,
                b"limit" if has_more => {
                    let limit = usize::try_from(call.integer(place + 1)?);
                    options.limit = Some((limit.map_err(|_| NEGATIVE_LIMIT)?, place));
                    place += 1;
                }
                b"nomkstream" if has_id => options.must_exist = true,
                _ if has_id => {
                    options.id = Some((place, stream_id::parse_new(arg)?));
                    break;
                }
                _ => return Err(CommandError::SYNTAX),
            }
            place += 1;
        }
        options.check(call, has_id)?;
        Ok(options)
    }

    /// Reads `MAXLEN [= | ~] threshold`, or the same with `MINID`, at `place`. Gives the place of the threshold.
    fn set_trim(
        &mut self,
        call: &Call<'_>,
        mut place: usize,
        by_id: bool,
    ) -> Result<usize, CommandError> {
        if self.trim.is_some() {
            return Err(TWO_LIMITS);
        }
        place += 1;
        let sign = call.arg(place)?;
        let has_sign = matches!(sign, b"~" | b"=") && call.args.len() > place + 1;
        place += usize::from(has_sign);
        let to = if by_id {
            TrimTo::Id(stream_id::parse(call.arg(place)?, 0)?)
        } else {
            let length = usize::try_from(call.integer(place)?);
            TrimTo::Length(length.map_err(|_| NEGATIVE_LENGTH)?)
        };
        self.trim = Some(Trim {
            to,
            is_rough: has_sign && sign == b"~",
            limit: None,
        });
        self.threshold = place;
        Ok(place)
    }

    /// Whether the options go together; and how many entries may go, where nobody has said it.
    fn check(&mut self, call: &Call<'_>, has_id: bool) -> Outcome {
        let Some(trim) = &mut self.trim else {
            return match self.limit {
                Some((1.., _)) => Err(LIMIT_OF_NOTHING),
                _ if has_id => Ok(()),
                _ => Err(NO_TRIMMING),
            };
        };
        if trim.is_rough {
            let nodes = call.server.limits.stream_node.entries.saturating_mul(100);
            let usual = if nodes == 0 {
                10_000
            } else {
                nodes.min(1_000_000)
            };
            let limit = self.limit.map_or(usual, |(limit, _)| limit);
            trim.limit = Some(limit).filter(|limit| *limit > 0);
        } else if self.limit.is_some() {
            return Err(LIMIT_OF_EXACT);
        }
        Ok(())
    }
}

/// `XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value [field value ...]`: the
/// entry's id. <https://redis.io/docs/latest/commands/xadd/>
pub fn xadd(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let options = Options::parse(call, true)?;
    let wrong_arity = || CommandError::wrong_arity(call.command.name);
    let (place, id) = options.id.ok_or_else(wrong_arity)?;
    let parts = call.args.from(place + 1);
    if parts.len() == 0 || !parts.len().is_multiple_of(2) {
        return Err(wrong_arity());
    }
    if id == NewId::Whole(StreamId::MIN) {
        return Err(ID_IS_ZERO);
    }
    let limits = call.server.limits.stream_node;
    let mut key = call.server.db(call.db).for_write(name);
    if options.must_exist && !key.exists() {
        call.reply.null();
        return Ok(());
    }
    let last = key
        .get::<Stream>()?
        .map_or(StreamId::MIN, |stream| stream.last_id());
    let id = next_id(id, last, call.now.0)?;
    if parts.clone().map(<[u8]>::len).sum::<usize>() > MAX_BYTES {
        return Err(TOO_LARGE);
    }
    let stream: &mut Stream = key.get_or_create()?;
    stream.append(id, parts, &limits);
    let trimmed = options.trim.map_or(0, |trim| stream.trim(&trim));
    if call.effect.is_wanted() {
        write_down(&mut call.effect, call.args, &options, Some(id), stream);
    }
    key.changed(event::XADD, 1);
    if trimmed > 0 {
        key.changed(event::XTRIM, 0);
    }
    stream_id::reply_id(call.reply, id);
    Ok(())
}

/// The id of a new entry, behind `last`.
fn next_id(id: NewId, last: StreamId, now: i64) -> Result<StreamId, CommandError> {
    if last == StreamId::MAX {
        return Err(NO_MORE_IDS);
    }
    let now = u64::try_from(now).unwrap_or(0);
    let id = match id {
        NewId::Whole(id) => Some(id),
        NewId::Ms(ms) if ms == last.ms => last.seq.checked_add(1).map(|seq| StreamId::new(ms, seq)),
        NewId::Ms(ms) => Some(StreamId::new(ms, 0)),
        NewId::Any if now > last.ms => Some(StreamId::new(now, 0)),
        NewId::Any => last.next(),
    };
    id.filter(|id| *id > last).ok_or(ID_NOT_LARGER)
}

/// Writes down the request with the id that the entry got, and with what was left by a rough trimming as an exact
/// threshold: that is the same whenever it is done. `LIMIT` goes with `~`.
fn write_down(
    effect: &mut Effect,
    args: Args<'_>,
    options: &Options,
    id: Option<StreamId>,
    left: &Stream,
) {
    let id = id.map(StreamId::text);
    let threshold = options
        .trim
        .filter(|trim| trim.is_rough)
        .map(|trim| match trim.to {
            TrimTo::Length(_) => left.len().to_string().into_bytes(),
            TrimTo::Id(_) => left.first_id().text(),
        });
    let mut request = Vec::with_capacity(args.len());
    for (place, arg) in args.from(0).enumerate() {
        match (&id, &threshold, options.id) {
            (Some(id), _, Some((at, _))) if place == at => request.push(&**id),
            (_, Some(text), _) if place == options.threshold => request.push(text),
            (_, Some(_), _) if place + 1 == options.threshold => request.push(b"="),
            _ if options
                .limit
                .is_some_and(|(_, at)| place == at || place == at + 1) => {}
            _ => request.push(arg),
        }
    }
    effect.instead_all(request.into_iter());
}

/// `XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count]`: how many entries have gone.
/// <https://redis.io/docs/latest/commands/xtrim/>
pub fn xtrim(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let options = Options::parse(call, false)?;
    let trim = options.trim.ok_or(NO_TRIMMING)?;
    let mut key = call.server.db(call.db).for_write(name);
    let trimmed = match key.get::<Stream>()? {
        Some(stream) => {
            let trimmed = stream.trim(&trim);
            if trimmed > 0 && call.effect.is_wanted() {
                write_down(&mut call.effect, call.args, &options, None, stream);
            }
            trimmed
        }
        None => 0,
    };
    if trimmed > 0 {
        key.changed(event::XTRIM, trimmed);
    }
    call.reply.count(trimmed);
    Ok(())
}

/// `XDEL key id [id ...]`: how many of them there were. <https://redis.io/docs/latest/commands/xdel/>
pub fn xdel(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let mut key = call.server.db(call.db).for_write(name);
    let Some(stream) = key.get::<Stream>()? else {
        call.reply.integer(0);
        return Ok(());
    };
    // A wrong one is told before any is deleted.
    let ids: Result<Vec<_>, _> = call
        .args
        .from(2)
        .map(|id| stream_id::parse(id, 0))
        .collect();
    let deleted = ids?.into_iter().filter(|id| stream.delete(*id)).count();
    if deleted > 0 {
        key.changed(event::XDEL, deleted);
    }
    call.reply.count(deleted);
    Ok(())
}

/// `XLEN key`. <https://redis.io/docs/latest/commands/xlen/>
pub fn xlen(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let stream = call.server.db(call.db).read::<Stream>(name)?;
    call.reply.count(stream.map_or(0, Stream::len));
    Ok(())
}

/// `XRANGE key start end [COUNT count]`. <https://redis.io/docs/latest/commands/xrange/>
const XRANGE: Handler = |call| range(call, false);
/// `XREVRANGE key end start [COUNT count]`. <https://redis.io/docs/latest/commands/xrevrange/>
const XREVRANGE: Handler = |call| range(call, true);

fn range(call: &mut Call<'_>, is_reverse: bool) -> Outcome {
    let (name, mut from, mut to) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    if is_reverse {
        (from, to) = (to, from);
    }
    let (from, to) = (stream_id::parse_start(from)?, stream_id::parse_end(to)?);
    let count = parse_count(call)?;
    let Some(stream) = call.server.db(call.db).read::<Stream>(name)? else {
        call.reply.array(0);
        return Ok(());
    };
    if count == 0 {
        call.reply.null_array();
        return Ok(());
    }
    if is_reverse {
        stream_id::reply_entries(call.reply, stream.range_back(from, to), count)
    } else {
        stream_id::reply_entries(call.reply, stream.range(from, to), count)
    }
}

/// The number behind the last `COUNT`; a negative one is 0.
fn parse_count(call: &Call<'_>) -> Result<usize, CommandError> {
    let mut count = usize::MAX;
    let mut args = call.args.from(4);
    while let Some(option) = args.next() {
        let number = args
            .next()
            .filter(|_| option.eq_ignore_ascii_case(b"count"));
        let number = integer::parse(number.ok_or(CommandError::SYNTAX)?);
        count = at_least_zero(number.ok_or(CommandError::NOT_AN_INTEGER)?);
    }
    Ok(count)
}

/// A number that may be negative, which means none.
pub fn at_least_zero(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

const NEGATIVE_ADDED: CommandError = CommandError::new("ERR entries_added must be positive");
const BELOW_GIVEN_DELETED: CommandError = CommandError::new(
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
);
const BELOW_LAST: CommandError =
    CommandError::new("ERR The ID specified in XSETID is smaller than the target stream top item");
const ADDED_BELOW_LENGTH: CommandError = CommandError::new(
    "ERR The entries_added specified in XSETID is smaller than the target stream length",
);

/// `XSETID key last-id [ENTRIESADDED count] [MAXDELETEDID id]`. <https://redis.io/docs/latest/commands/xsetid/>
pub fn xsetid(call: &mut Call<'_>) -> Outcome {
    let (name, id) = (call.arg(1)?, stream_id::parse(call.arg(2)?, 0)?);
    let (added, deleted) = parse_past(call, id)?;
    let mut key = call.server.db(call.db).for_write(name);
    let stream = key.get::<Stream>()?.ok_or(CommandError::NO_SUCH_KEY)?;
    if stream.last().is_some_and(|last| id < last.id) {
        return Err(BELOW_LAST);
    }
    if added.is_some_and(|added| !stream.is_empty() && added < stream.len() as u64) {
        return Err(ADDED_BELOW_LENGTH);
    }
    stream.set_last_id(id);
    stream.entries_added = added.unwrap_or(stream.entries_added);
    if deleted != StreamId::MIN {
        stream.max_deleted_id = deleted;
    }
    key.changed_aside(Some(event::XSETID), 1);
    call.reply.simple("OK");
    Ok(())
}

/// What XSETID is told of the past: how many entries were added, and the largest id that was deleted.
fn parse_past(call: &Call<'_>, id: StreamId) -> Result<(Option<u64>, StreamId), CommandError> {
    let (mut added, mut deleted) = (None, StreamId::MIN);
    let mut args = call.args.from(3);
    while let Some(option) = args.next() {
        let value = args.next().ok_or(CommandError::SYNTAX)?;
        match option.to_ascii_lowercase().as_slice() {
            b"entriesadded" => {
                let number = integer::parse(value).ok_or(CommandError::NOT_AN_INTEGER)?;
                added = Some(u64::try_from(number).map_err(|_| NEGATIVE_ADDED)?);
            }
            b"maxdeletedid" => {
                deleted = stream_id::parse(value, 0)?;
                if id < deleted {
                    return Err(BELOW_GIVEN_DELETED);
                }
            }
            _ => return Err(CommandError::SYNTAX),
        }
    }
    Ok((added, deleted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_only_grow() {
        let id = StreamId::new;
        let next = |new, last| next_id(new, last, 100);
        assert_eq!(next(NewId::Any, id(7, 3)), Ok(id(100, 0)));
        assert_eq!(next(NewId::Any, id(100, 3)), Ok(id(100, 4)));
        assert_eq!(next(NewId::Any, id(200, u64::MAX)), Ok(id(201, 0)));
        assert_eq!(next(NewId::Ms(0), id(0, 0)), Ok(id(0, 1)));
        assert_eq!(next(NewId::Ms(8), id(7, 3)), Ok(id(8, 0)));
        assert_eq!(next(NewId::Ms(7), id(7, u64::MAX)), Err(ID_NOT_LARGER));
        assert_eq!(next(NewId::Ms(6), id(7, 3)), Err(ID_NOT_LARGER));
        assert_eq!(next(NewId::Whole(id(7, 3)), id(7, 3)), Err(ID_NOT_LARGER));
        assert_eq!(next(NewId::Any, StreamId::MAX), Err(NO_MORE_IDS));
    }
}
