//! Which arguments of a request are keys, and what becomes of them.
//!
//! A specification says where keys begin, how many there are, and what the command does with them. Its parts are Redis's:
//! <https://redis.io/docs/latest/develop/reference/key-specs/>.

use crate::resp::integer;
use crate::resp::queue::Args;

/// The command reads the value, and does not change it.
pub const RO: u32 = 1;
/// It reads the value and changes it.
pub const RW: u32 = 1 << 1;
/// It replaces the value without a look at it.
pub const OW: u32 = 1 << 2;
/// It removes the key.
pub const RM: u32 = 1 << 3;
/// It answers with what the value holds, copies it, or decides by it.
pub const ACCESS: u32 = 1 << 4;
/// It replaces parts of the value.
pub const UPDATE: u32 = 1 << 5;
/// It adds to the value, and replaces nothing.
pub const INSERT: u32 = 1 << 6;
/// It removes parts of the value.
pub const DELETE: u32 = 1 << 7;
/// What stands there only looks like a key to a proxy.
pub const NOT_KEY: u32 = 1 << 8;
/// There are more keys than the specification tells.
pub const INCOMPLETE: u32 = 1 << 9;
/// What becomes of the key depends on the options.
pub const VARIABLE_FLAGS: u32 = 1 << 10;

/// It gives something of the value, or decides by it, and replaces parts.
pub const MODIFY: u32 = RW | ACCESS | UPDATE;
/// It gives something of the value, and takes that out.
pub const TAKE: u32 = RW | ACCESS | DELETE;

/// Their names, in Redis's order, which is that of the bits.
pub const KEY_FLAG_NAMES: &str =
    "RO RW OW RM access update insert delete not_key incomplete variable_flags";

/// What changes a key: who may only read must not.
pub const WRITES: u32 = RW | OW | RM | UPDATE | INSERT | DELETE;

/// No command needs more specifications.
pub const MAX_SPECS: usize = 3;

/// Where a command has keys, and what becomes of them.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    /// Where they begin.
    pub begin: Begin,
    /// How many there are.
    pub find: Find,
    /// The flags above, added together.
    pub flags: u32,
    /// What people are to know. May be empty.
    pub notes: &'static str,
}

/// Where keys begin.
#[derive(Clone, Copy, Debug)]
pub enum Begin {
    /// With this argument.
    Index(u8),
    /// Behind this word, which is looked for from this argument on; a negative one counts from the end, backward.
    Keyword(&'static str, i8),
    /// Nobody can tell.
    Unknown,
}

/// How many keys there are.
#[derive(Clone, Copy, Debug)]
pub enum Find {
    /// Up to `last`, counted from the first key, or from the end if it is negative; every `step`-th argument. With a
    /// `limit` of two, half of the arguments that are left, and so on.
    Range {
        /// The last one.
        last: i8,
        /// From one to the next.
        step: u8,
        /// Which part of the arguments; 0 for all.
        limit: u8,
    },
    /// As many as the argument says with which they begin, behind it.
    Counted,
    /// Nobody can tell.
    Unknown,
}

/// One key, the argument at `index`.
pub const fn key(index: u8, flags: u32) -> KeySpec {
    spec(Begin::Index(index), ONE, flags)
}

/// One key behind a word, which is looked for from the argument at `from` on.
pub const fn key_behind(word: &'static str, from: i8, flags: u32) -> KeySpec {
    spec(Begin::Keyword(word, from), ONE, flags)
}

/// As many keys as the argument at `index` says, behind it.
pub const fn counted(index: u8, flags: u32) -> KeySpec {
    spec(Begin::Index(index), Find::Counted, flags)
}

/// Keys that no specification can tell.
pub const fn unknown(flags: u32) -> KeySpec {
    spec(Begin::Unknown, Find::Unknown, flags)
}

const ONE: Find = Find::Range {
    last: 0,
    step: 1,
    limit: 0,
};

const fn spec(begin: Begin, find: Find, flags: u32) -> KeySpec {
    KeySpec {
        begin,
        find,
        flags,
        notes: "",
    }
}

impl KeySpec {
    /// The same keys as a range of the older kind, if they are at fixed places.
    fn fixed(&self) -> Option<Range> {
        let (Begin::Index(first), Find::Range { last, step, .. }) = (self.begin, self.find) else {
            return None;
        };
        let (first, last) = (i32::from(first), i32::from(last));
        Some(Range {
            first,
            last: if last < 0 { last } else { first + last },
            step: step.into(),
        })
    }

    /// Where in this request the keys are. `None`: this can't be told, or the request makes no sense.
    fn places(&self, args: Args<'_>) -> Option<Option<Places>> {
        let Some(begin) = self.begin.of(args)? else {
            return Some(None);
        };
        let (first, last, step) = match self.find {
            Find::Range { last, step, limit } => {
                let left = args.len().checked_sub(begin)?;
                let last = match (usize::try_from(last), limit) {
                    (Ok(last), _) => last,
                    (Err(_), 0) => left.checked_sub(usize::from(last.unsigned_abs()))?,
                    (Err(_), limit) => (left / usize::from(limit)).checked_sub(1)?,
                };
                (begin, begin + last, usize::from(step))
            }
            Find::Counted => {
                let count = usize::try_from(integer::parse(args.get(begin)?)?).ok()?;
                (begin + 1, begin.checked_add(count)?, 1)
            }
            Find::Unknown => return None,
        };
        let exists = first <= last && last < args.len();
        let flags = self.flags;
        exists.then_some(Some(Places {
            first,
            last,
            step,
            flags,
        }))
    }
}

impl Begin {
    /// The argument with which keys begin. `None`: nobody can tell; `Some(None)`: there are none.
    fn of(self, args: Args<'_>) -> Option<Option<usize>> {
        match self {
            Self::Index(index) => Some(Some(usize::from(index))),
            Self::Keyword(word, from) => {
                let from = usize::try_from(from).ok()?;
                let is_it = |arg: &[u8]| arg.eq_ignore_ascii_case(word.as_bytes());
                let found = args.from(from).position(is_it);
                let begin = found.map(|distance| from + distance + 1);
                // The last argument has nothing behind it.
                Some(begin.filter(|begin| *begin < args.len()))
            }
            Self::Unknown => None,
        }
    }
}

/// Keys at equal distances among the arguments of a request.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The first one.
    pub first: usize,
    /// None is behind this argument.
    pub last: usize,
    /// From one to the next.
    pub step: usize,
    /// What becomes of them.
    pub flags: u32,
}

/// Finds the keys of a request where no specification can.
pub type FindKeys = fn(Args<'_>) -> [Option<Places>; MAX_SPECS];

/// The one key of a request, for [`FindKeys`].
pub fn only(index: usize, flags: u32) -> [Option<Places>; MAX_SPECS] {
    let only = Places {
        first: index,
        last: index,
        step: 1,
        flags,
    };
    [Some(only), None, None]
}

/// A key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// What becomes of it.
    pub flags: u32,
}

/// What clients were told before there were specifications: the first key, the last one, and the step from one to the next.
/// Zeros where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    /// The first key.
    pub first: i32,
    /// The last one; a negative one counts from the end.
    pub last: i32,
    /// From one to the next.
    pub step: i32,
}

/// All that is known of the keys of a command.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Where they are, and what becomes of them.
    pub specs: [Option<KeySpec>; MAX_SPECS],
    /// The same, for the few where no specification tells it, or not exactly.
    pub find: Option<FindKeys>,
}

impl Keys {
    /// No keys.
    pub const NONE: Self = Self {
        specs: [None; MAX_SPECS],
        find: None,
    };

    /// The specifications.
    pub fn specs(&self) -> impl Iterator<Item = &KeySpec> + Clone {
        self.specs.iter().flatten()
    }

    /// Whether there ever are any.
    pub fn exist(&self) -> bool {
        self.specs().any(|spec| spec.flags & NOT_KEY == 0)
    }

    /// The keys of a request, in the order of the specifications; none where the request makes no sense.
    /// Rights, WATCH, the tracking of clients and COMMAND GETKEYS ask here.
    pub fn of<'a>(&self, args: Args<'a>) -> impl Iterator<Item = Key<'a>> + use<'a> {
        let places = match self.find {
            Some(find) => find(args),
            None => self.find_by_specs(args).unwrap_or_default(),
        };
        places.into_iter().flatten().flat_map(move |places| {
            let flags = places.flags;
            let places = (places.first..=places.last).step_by(places.step.max(1));
            places.filter_map(move |place| {
                let name = args.get(place)?;
                Some(Key { name, flags })
            })
        })
    }

    fn find_by_specs(&self, args: Args<'_>) -> Option<[Option<Places>; MAX_SPECS]> {
        let mut found = [None; MAX_SPECS];
        for (spec, found) in self.specs().zip(&mut found) {
            if spec.flags & NOT_KEY == 0 {
                *found = spec.places(args)?;
            }
        }
        Some(found)
    }

    /// The keys as a range, and whether there are others, or they are not where the range says.
    pub fn range(&self) -> (Range, bool) {
        let mut range = Range::default();
        let mut is_movable = false;
        let only_one = self.specs().count() == 1;
        for spec in self.specs() {
            match spec.fixed() {
                Some(only) if only_one => range = only,
                Some(first) if range.first == 0 && first.step == 1 => range = first,
                // Next to the keys that are in it already.
                Some(next) if range.last + 1 == next.first && next.step == 1 => {
                    range.last = next.last;
                }
                _ => is_movable = true,
            }
            is_movable |= spec.flags & INCOMPLETE != 0;
        }
        (range, is_movable)
    }
}
