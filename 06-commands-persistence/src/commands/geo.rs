//! Commands on places, which are members of a sorted set: the score is the number of a cell on the Earth.

use super::row::*;
use super::sorted_set::{Options, add_scored, parse_score};
use super::{Call, CommandError, Outcome};
use crate::geo::{Cell, FINEST, MERCATOR, Place, WHOLE};
use crate::keyspace::sorted_set::SortedSet;
use crate::resp::reply::Reply;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH14.write("geoadd", -5, geoadd, DENYOOM, RW | UPDATE)
        .about("3.2.0", "Adds places to a sorted set."),
    CH14.read("geodist", -4, geodist, SLOW, RO | ACCESS)
        .about("3.2.0", "Tells how far it is from one place to another."),
    CH14.read("geohash", -2, geohash, SLOW, RO | ACCESS)
        .about("3.2.0", "Gives places as geohashes."),
    CH14.read("geopos", -2, geopos, SLOW, RO | ACCESS)
        .about("3.2.0", "Gives longitude and latitude of places."),
];

/// The digits of a geohash: no A, I, L, O.
const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// `GEOADD key [NX | XX] [CH] longitude latitude member [...]`: as ZADD, by which name it is written down.
/// <https://redis.io/docs/latest/commands/geoadd/>
pub fn geoadd(call: &mut Call<'_>) -> Outcome {
    let mut options = Options::default();
    let mut first = 2;
    for option in call.args.from(2) {
        match option.to_ascii_lowercase().as_slice() {
            b"nx" => options.nx = true,
            b"xx" => options.xx = true,
            b"ch" => options.ch = true,
            _ => break,
        }
        first += 1;
    }
    let left = call.args.len() - first;
    if left == 0 || !left.is_multiple_of(3) || options.nx && options.xx {
        return Err(CommandError::SYNTAX);
    }
    let places = (first..call.args.len()).step_by(3);
    let cells = places.map(|at| {
        let place = parse_place(call.arg(at)?, call.arg(at + 1)?)?;
        Ok((MERCATOR.cell(place, FINEST).bits, call.arg(at + 2)?))
    });
    let cells = cells.collect::<Result<Vec<_>, CommandError>>()?;
    write_down_zadd(call, first, &cells);
    let scored = cells.iter().map(|(bits, member)| (*bits as f64, *member));
    add_scored(call, options, scored)
}

fn write_down_zadd(call: &mut Call<'_>, first: usize, cells: &[(u64, &[u8])]) {
    let scores: Vec<_> = cells.iter().map(|(bits, _)| bits.to_string()).collect();
    let mut request = vec![b"zadd".as_slice()];
    request.extend(call.args.from(1).take(first - 1));
    for (score, (_, member)) in scores.iter().zip(cells) {
        request.extend([score.as_bytes(), member]);
    }
    call.effect.instead_all(request.into_iter());
}

/// A longitude and a latitude as a request has them.
pub(super) fn parse_place(longitude: &[u8], latitude: &[u8]) -> Result<Place, CommandError> {
    let place = Place {
        longitude: parse_score(longitude)?,
        latitude: parse_score(latitude)?,
    };
    MERCATOR.covers(place).then_some(place).ok_or_else(|| {
        CommandError::text(format!(
            "ERR invalid longitude,latitude pair {:.6},{:.6}",
            place.longitude, place.latitude
        ))
    })
}

/// How many metres a unit has.
pub(super) fn parse_unit(name: &[u8]) -> Result<f64, CommandError> {
    match name.to_ascii_lowercase().as_slice() {
        b"m" => Ok(1.),
        b"km" => Ok(1000.),
        b"ft" => Ok(0.3048),
        b"mi" => Ok(1609.34),
        _ => Err(CommandError::new(
            "ERR unsupported unit provided. please use M, KM, FT, MI",
        )),
    }
}

/// Where a member is.
pub(super) fn place_of(set: &SortedSet, member: &[u8]) -> Option<Place> {
    Some(MERCATOR.center(Cell::of_score(set.score(member)?)))
}

/// Writes longitude and latitude.
pub(super) fn reply_place(reply: &mut Reply, place: Place) {
    reply.array(2);
    reply.decimal(place.longitude);
    reply.decimal(place.latitude);
}

/// Writes a distance.
pub(super) fn reply_distance(reply: &mut Reply, distance: f64) {
    reply.bulk(format!("{distance:.4}").as_bytes());
}

/// `GEODIST key member1 member2 [M | KM | FT | MI]`: or null. <https://redis.io/docs/latest/commands/geodist/>
pub fn geodist(call: &mut Call<'_>) -> Outcome {
    let (name, one, other) = (call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let unit = match call.args.len() {
        4 => 1.,
        5 => parse_unit(call.arg(4)?)?,
        _ => return Err(CommandError::SYNTAX),
    };
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    match set.and_then(|set| Some((place_of(set, one)?, place_of(set, other)?))) {
        Some((one, other)) => reply_distance(call.reply, one.distance(other) / unit),
        None => call.reply.null(),
    }
    Ok(())
}

/// `GEOPOS key [member ...]`: longitude and latitude of each, or null. <https://redis.io/docs/latest/commands/geopos/>
pub fn geopos(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    let members = call.args.from(2);
    call.reply.array(members.len());
    for member in members {
        match set.and_then(|set| place_of(set, member)) {
            Some(place) => reply_place(call.reply, place),
            None => call.reply.null_array(),
        }
    }
    Ok(())
}

/// `GEOHASH key [member ...]`: eleven digits for each, or null. <https://redis.io/docs/latest/commands/geohash/>
pub fn geohash(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let set = call.server.db(call.db).read::<SortedSet>(name)?;
    let members = call.args.from(2);
    call.reply.array(members.len());
    for member in members {
        match set.and_then(|set| place_of(set, member)) {
            Some(place) => call.reply.bulk(&digits(place)),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// Five bits for each digit. There are only 52, so the last digit is always 0.
fn digits(place: Place) -> [u8; 11] {
    let Cell { bits, steps } = WHOLE.cell(place, FINEST);
    let mut digits = [b'0'; 11];
    let shifts = (0..2 * steps - 2)
        .step_by(5)
        .map(|shift| 2 * steps - 5 - shift);
    for (digit, shift) in digits.iter_mut().zip(shifts) {
        let index = (bits >> shift) as usize % DIGITS.len();
        *digit = DIGITS.get(index).copied().unwrap_or(b'0');
    }
    digits
}
