//! Commands that look for what is near.

use super::error::quoted;
use super::geo::{parse_place, parse_unit, place_of, reply_distance, reply_place};
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::geo::{Cell, Extent, MERCATOR, Place, Shape};
use crate::keyspace::event;
use crate::keyspace::sorted_set::SortedSet;
use crate::resp::queue::Args;
use crate::resp::reply::Reply;
use crate::resp::{double, integer};

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH14.write("georadius", -6, GEORADIUS, DENYOOM, RO | ACCESS)
        .keys(key_behind("STORE", 6, OW | UPDATE))
        .keys(key_behind("STOREDIST", 6, OW | UPDATE))
        .about("3.2.0", "Finds places around a place."),
    CH14.write("georadiusbymember", -5, BY_MEMBER, DENYOOM, RO | ACCESS)
        .keys(key_behind("STORE", 5, OW | UPDATE))
        .keys(key_behind("STOREDIST", 5, OW | UPDATE))
        .about("3.2.0", "Finds places around a member."),
    CH14.read("georadius_ro", -6, GEORADIUS_RO, SLOW, RO | ACCESS)
        .about("3.2.10", "Finds places around a place, and stores nothing."),
    CH14.read("georadiusbymember_ro", -5, BY_MEMBER_RO, SLOW, RO | ACCESS)
        .about(
            "3.2.10",
            "Finds places around a member, and stores nothing.",
        ),
    CH14.read("geosearch", -7, GEOSEARCH, SLOW, RO | ACCESS)
        .about("6.2.0", "Finds places in a circle or in a rectangle."),
    CH14.write("geosearchstore", -8, GEOSEARCHSTORE, DENYOOM, OW | UPDATE)
        .keys(key(2, RO | ACCESS))
        .about(
            "6.2.0",
            "Stores places that are in a circle or in a rectangle.",
        ),
];

/// `GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
/// [STORE key | STOREDIST key]`. <https://redis.io/docs/latest/commands/georadius/>
const GEORADIUS: Handler = |call| search(call, Form::Radius { stores: true });
/// `GEORADIUS_RO`: the same without STORE. <https://redis.io/docs/latest/commands/georadius_ro/>
const GEORADIUS_RO: Handler = |call| search(call, Form::Radius { stores: false });
/// `GEORADIUSBYMEMBER key member radius unit [...]`, else as GEORADIUS.
/// <https://redis.io/docs/latest/commands/georadiusbymember/>
const BY_MEMBER: Handler = |call| search(call, Form::ByMember { stores: true });
/// `GEORADIUSBYMEMBER_RO`: the same without STORE. <https://redis.io/docs/latest/commands/georadiusbymember_ro/>
const BY_MEMBER_RO: Handler = |call| search(call, Form::ByMember { stores: false });
/// `GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit | BYBOX width height unit
/// [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]`. <https://redis.io/docs/latest/commands/geosearch/>
const GEOSEARCH: Handler = |call| search(call, Form::Search);
/// `GEOSEARCHSTORE destination source [...] [STOREDIST]`: how many were stored.
/// <https://redis.io/docs/latest/commands/geosearchstore/>
const GEOSEARCHSTORE: Handler = |call| search(call, Form::SearchStore);

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Radius { stores: bool },
    ByMember { stores: bool },
    Search,
    SearchStore,
}

impl Form {
    fn is_search(self) -> bool {
        matches!(self, Self::Search | Self::SearchStore)
    }

    /// Whether it knows STORE and STOREDIST with a key behind them.
    fn stores(self) -> bool {
        matches!(
            self,
            Self::Radius { stores: true } | Self::ByMember { stores: true }
        )
    }
}

/// What is looked for, and what becomes of it.
#[derive(Clone, Copy, Debug, Default)]
struct Query<'a> {
    /// FROMMEMBER is `Some(true)`, FROMLONLAT is `Some(false)`.
    from_member: Option<bool>,
    /// Not known where there is no sorted set.
    center: Place,
    /// The size, and how many metres its unit has.
    extent: Option<(Extent, f64)>,
    /// ASC is `Some(false)`, DESC is `Some(true)`.
    farthest_first: Option<bool>,
    /// COUNT; 0 for all.
    count: usize,
    any: bool,
    with_distance: bool,
    with_hash: bool,
    with_place: bool,
    /// The key to store in.
    store: Option<&'a [u8]>,
    /// The distances are stored, as scores.
    stores_distances: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
struct Found<'s> {
    member: &'s [u8],
    score: f64,
    place: Place,
    /// From the centre, in the unit of the request.
    distance: f64,
}

fn search(call: &mut Call<'_>, form: Form) -> Outcome {
    let (args, limits) = (call.args, call.server.limits.sorted_set);
    let source = call.arg(if form == Form::SearchStore { 2 } else { 1 })?;
    let set = call.server.db(call.db).read::<SortedSet>(source)?;
    let query = Query::parse(args, form, set)?;
    query.check(args, form)?;
    let found = set.map_or(Vec::new(), |set| query.find(set));
    let Some(destination) = query.store else {
        query.reply(call.reply, &found);
        return Ok(());
    };
    let mut stored = SortedSet::default();
    for Found {
        member,
        score,
        distance,
        ..
    } in found
    {
        let score = if query.stores_distances {
            distance
        } else {
            score
        };
        stored.insert(member, score, limits);
    }
    store(call, form, destination, stored);
    Ok(())
}

/// Makes the destination hold what was found; nothing, where that is nothing.
fn store(call: &mut Call<'_>, form: Form, destination: &[u8], set: SortedSet) {
    let mut key = call.server.db(call.db).for_write(destination);
    let length = set.len();
    if length > 0 {
        let event = match form {
            Form::SearchStore => event::GEOSEARCHSTORE,
            _ => event::GEORADIUSSTORE,
        };
        key.set(set.into(), None);
        key.changed(event, length);
    } else if key.remove() {
        key.changed(event::DEL, 1);
    }
    call.reply.count(length);
}

/// How a request is read: from left to right, and it is refused at the first word that makes no sense.
impl<'a> Query<'a> {
    fn parse(args: Args<'a>, form: Form, set: Option<&SortedSet>) -> Result<Self, CommandError> {
        let arg = |at| args.get(at).ok_or(CommandError::SYNTAX);
        let mut query = Self::default();
        let mut at = match form {
            Form::Radius { .. } => {
                query.center = parse_place(arg(2)?, arg(3)?)?;
                query.extent = Some(parse_circle(arg(4)?, arg(5)?)?);
                6
            }
            Form::ByMember { .. } => {
                if set.is_some() {
                    query.center = center(set, arg(2)?)?;
                    query.extent = Some(parse_circle(arg(3)?, arg(4)?)?);
                }
                5
            }
            Form::Search => 2,
            Form::SearchStore => {
                query.store = args.get(1);
                3
            }
        };
        while let Some(word) = args.get(at) {
            let values = [1, 2, 3].map(|distance| args.get(at + distance));
            let word = word.to_ascii_lowercase();
            at += 1 + query.option(&word, values, form, set)?;
        }
        Ok(query)
    }

    /// Takes an option. How many of the words behind it belong to it.
    fn option(
        &mut self,
        word: &[u8],
        values: [Option<&'a [u8]>; 3],
        form: Form,
        set: Option<&SortedSet>,
    ) -> Result<usize, CommandError> {
        match (word, values) {
            (b"withdist", _) => self.with_distance = true,
            (b"withhash", _) => self.with_hash = true,
            (b"withcoord", _) => self.with_place = true,
            (b"any", _) => self.any = true,
            (b"asc", _) => self.farthest_first = Some(false),
            (b"desc", _) => self.farthest_first = Some(true),
            (b"count", [Some(count), ..]) => {
                self.count = parse_count(count)?;
                return Ok(1);
            }
            (b"store" | b"storedist", [Some(key), ..]) if form.stores() => {
                self.store = Some(key);
                self.stores_distances = word == b"storedist";
                return Ok(1);
            }
            (b"storedist", _) if form == Form::SearchStore => self.stores_distances = true,
            _ if form.is_search() => return self.shape_option(word, values, set),
            _ => return Err(CommandError::SYNTAX),
        }
        Ok(0)
    }

    /// Takes an option of GEOSEARCH that says where to look. How many of the words behind it belong to it.
    fn shape_option(
        &mut self,
        word: &[u8],
        values: [Option<&'a [u8]>; 3],
        set: Option<&SortedSet>,
    ) -> Result<usize, CommandError> {
        let is_box = matches!(self.extent, Some((Extent::Rectangle(..), _)));
        let is_circle = matches!(self.extent, Some((Extent::Circle(_), _)));
        match (word, values) {
            (b"frommember", [Some(member), ..]) if self.from_member != Some(false) => {
                self.center = center(set, member)?;
                self.from_member = Some(true);
                Ok(1)
            }
            (b"fromlonlat", [Some(longitude), Some(latitude), _])
                if self.from_member != Some(true) =>
            {
                self.center = parse_place(longitude, latitude)?;
                self.from_member = Some(false);
                Ok(2)
            }
            (b"byradius", [Some(radius), Some(unit), _]) if !is_box => {
                self.extent = Some(parse_circle(radius, unit)?);
                Ok(2)
            }
            (b"bybox", [Some(width), Some(height), Some(unit)]) if !is_circle => {
                self.extent = Some(parse_box(width, height, unit)?);
                Ok(3)
            }
            _ => Err(CommandError::SYNTAX),
        }
    }

    /// What only the whole request shows to be wrong.
    fn check(&self, args: Args<'_>, form: Form) -> Outcome {
        let refused = |what: &str| {
            let name = quoted(args.get(0).unwrap_or_default(), usize::MAX);
            Err(CommandError::text(
                [b"ERR ", what.as_bytes(), b" for ", name].concat(),
            ))
        };
        if self.store.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            return Err(match form {
                Form::SearchStore => SEARCHSTORE_WITH,
                _ => STORE_WITH,
            });
        }
        if form.is_search() && self.from_member.is_none() {
            return refused("exactly one of FROMMEMBER or FROMLONLAT can be specified");
        }
        if form.is_search() && self.extent.is_none() {
            return refused("exactly one of BYRADIUS and BYBOX can be specified");
        }
        if self.any && self.count == 0 {
            return Err(CommandError::new(
                "ERR the ANY argument requires COUNT argument",
            ));
        }
        Ok(())
    }
}

const SEARCHSTORE_WITH: CommandError = CommandError::new(
    "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
);
const STORE_WITH: CommandError = CommandError::new(
    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
);

/// Where a member is; anywhere, where there is no set to look in.
fn center(set: Option<&SortedSet>, member: &[u8]) -> Result<Place, CommandError> {
    let Some(set) = set else {
        return Ok(Place::default());
    };
    let missing = CommandError::new("ERR could not decode requested zset member");
    place_of(set, member).ok_or(missing)
}

fn parse_circle(radius: &[u8], unit: &[u8]) -> Result<(Extent, f64), CommandError> {
    let not_a_number = CommandError::new("ERR need numeric radius");
    let radius = double::parse_in_range(radius).ok_or(not_a_number)?;
    if radius < 0. {
        return Err(CommandError::new("ERR radius cannot be negative"));
    }
    Ok((Extent::Circle(radius), parse_unit(unit)?))
}

fn parse_box(width: &[u8], height: &[u8], unit: &[u8]) -> Result<(Extent, f64), CommandError> {
    let parse = |size, error| double::parse_in_range(size).ok_or(CommandError::new(error));
    let width = parse(width, "ERR need numeric width")?;
    let height = parse(height, "ERR need numeric height")?;
    if width < 0. || height < 0. {
        return Err(CommandError::new("ERR height or width cannot be negative"));
    }
    Ok((Extent::Rectangle(width, height), parse_unit(unit)?))
}

fn parse_count(count: &[u8]) -> Result<usize, CommandError> {
    let count = integer::parse(count).ok_or(CommandError::NOT_AN_INTEGER)?;
    let count = usize::try_from(count).ok().filter(|count| *count > 0);
    count.ok_or(CommandError::new("ERR COUNT must be > 0"))
}

/// What is done with it.
impl Query<'_> {
    /// What is in the shape, in the order in which it is replied.
    fn find<'s>(&self, set: &'s SortedSet) -> Vec<Found<'s>> {
        let Some((extent, unit)) = self.extent else {
            return Vec::new();
        };
        let center = self.center;
        let shape = Shape {
            center,
            extent,
            unit,
        };
        let members = shape.cells().flat_map(|cell| members_in(set, cell));
        let found = members.filter_map(|(member, score)| {
            let place = MERCATOR.center(Cell::of_score(score));
            let distance = shape.distance(place)?;
            Some(Found {
                member,
                score,
                place,
                distance,
            })
        });
        let mut found: Vec<_> = match self.any {
            true => found.take(self.count).collect(),
            false => found.collect(),
        };
        self.sort(&mut found);
        if self.count > 0 {
            found.truncate(self.count);
        }
        for found in &mut found {
            found.distance /= unit;
        }
        found
    }

    /// The nearest ones come first where only some are wanted, and nothing else is said.
    fn sort(&self, found: &mut [Found<'_>]) {
        let nearest_first = self.count > 0 && !self.any;
        let order = self.farthest_first.or(nearest_first.then_some(false));
        match order {
            Some(false) => found.sort_by(|one, other| one.distance.total_cmp(&other.distance)),
            Some(true) => found.sort_by(|one, other| other.distance.total_cmp(&one.distance)),
            None => {}
        }
    }

    fn reply(&self, reply: &mut Reply, found: &[Found<'_>]) {
        let options = [self.with_distance, self.with_hash, self.with_place];
        let options = options.into_iter().filter(|with| *with).count();
        reply.array(found.len());
        for found in found {
            if options > 0 {
                reply.array(1 + options);
            }
            reply.bulk(found.member);
            if self.with_distance {
                reply_distance(reply, found.distance);
            }
            if self.with_hash {
                reply.integer(found.score as i64);
            }
            if self.with_place {
                reply_place(reply, found.place);
            }
        }
    }
}

/// The members whose scores are numbers in this cell.
fn members_in(set: &SortedSet, cell: Cell) -> impl Iterator<Item = (&[u8], f64)> {
    let scores = cell.scores();
    let first = set.count_while(|_, score| score < scores.start);
    let members = set.range(first..set.len());
    members.take_while(move |(_, score)| *score < scores.end)
}
