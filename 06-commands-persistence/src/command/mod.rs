//! What is known of a command, but for the function that executes it: arity, flags, rights, keys, words about it.
//!
//! Nothing in here knows of clients, of keys' values, or of which commands there are.

pub mod acl;
pub mod flags;
pub mod keys;

use crate::resp::queue::Args;
use flags::CONTAINER;
use keys::Keys;

/// What is known of a command. [`Row`](crate::commands::row::Row) makes one, beside the function.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// In lower case, as it appears in errors. A subcommand has that of its container before it: `client|id`.
    pub name: &'static str,
    /// How many arguments a request must have, the name included; negative: at least as many.
    pub arity: i32,
    /// What kind of command it is: [`flags`], added together.
    pub flags: u32,
    /// The rights that name it, beside those that follow from its flags: [`acl`].
    pub acl: Option<u32>,
    /// Which arguments are keys, and what becomes of these.
    pub keys: Keys,
    /// Where Redis's documentation puts it.
    pub group: &'static str,
    /// The version of Redis that brought it.
    pub since: &'static str,
    /// The chapter of the guide that brings it. A server that was started with a smaller number does not know it.
    pub chapter: u8,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What a proxy before several servers is to know: <https://redis.io/docs/latest/develop/reference/command-tips/>.
    pub tips: &'static [&'static str],
}

impl Command {
    /// Whether it has this flag.
    pub fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether a request may have this many arguments, the name included.
    pub fn accepts(&self, args: usize) -> bool {
        let arity = self.arity.unsigned_abs() as usize;
        args == arity || self.arity < 0 && args > arity
    }

    /// The [`acl`] categories it belongs to, added together.
    pub fn categories(&self) -> u32 {
        let own = self.acl.unwrap_or(0);
        let all = own | acl::of_flags(self.flags);
        if own & acl::SCRIPTING == 0 {
            return all;
        }
        // What a script reads, nobody knows.
        all & !acl::READ
    }

    /// The part of its name that a request has: `id` for `client|id`.
    pub fn own_name(&self) -> &'static str {
        self.name.rsplit('|').next().unwrap_or(self.name)
    }

    /// Whether it is a subcommand of this container.
    fn is_part_of(&self, container: &Command) -> bool {
        let own = self.name.strip_prefix(container.name);
        own.is_some_and(|own| own.starts_with('|'))
    }
}

/// The names of the bits that are set, where the first name is the lowest bit's. Bits beyond the names are not told.
pub fn names(bits: u32, names: &'static str) -> impl Iterator<Item = &'static str> + Clone {
    let named = names.split(' ').enumerate();
    named.filter_map(move |(bit, name)| (bits & 1 << bit != 0).then_some(name))
}

/// A command, and the number of its row.
pub type Found = (usize, &'static Command);

/// Every command, with an index by name.
#[derive(Debug)]
pub struct Table {
    rows: &'static [Command],
    index: Index,
}

/// Where in the table the command with a name stands. The search begins at the place that [`hash`] gives and goes on to
/// the first one that is empty, 0. The others hold the number of a row, plus one.
type Index = [u16; PLACES];

/// How many places the index has: a power of two, and so many that most names have one to themselves.
const PLACES: usize = 2048;

/// No command has a longer name, and a longer one is not looked for.
const MAX_NAME: usize = 32;

impl Table {
    /// A table of these commands. Made by the compiler, which refuses what could not be found.
    pub const fn new(rows: &'static [Command]) -> Self {
        assert!(rows.len() * 2 < PLACES);
        let mut index = [0; PLACES];
        let mut row = 0;
        while row < rows.len() {
            assert!(rows[row].name.len() <= MAX_NAME);
            let mut place = hash(rows[row].name.as_bytes());
            while index[place] != 0 {
                place = (place + 1) % PLACES;
            }
            row += 1;
            index[place] = row as u16;
        }
        Self { rows, index }
    }

    /// All commands, those of later chapters among them. The statistics are in the same order.
    pub fn all(&self) -> &'static [Command] {
        self.rows
    }

    /// The command with this name, in whatever case it is written, and the number of its row; of the commands up to this
    /// chapter.
    pub fn find(&self, name: &[u8], chapter: u8) -> Option<Found> {
        if name.len() > MAX_NAME {
            return None;
        }
        let mut place = hash(name);
        loop {
            let row = usize::from(*self.index.get(place)?).checked_sub(1)?;
            let command = self.rows.get(row)?;
            if is_same(command.name.as_bytes(), name) {
                return (command.chapter <= chapter).then_some((row, command));
            }
            place = (place + 1) % PLACES;
        }
    }

    /// The subcommand of a container that has this name.
    pub fn find_subcommand(&self, container: &Command, name: &[u8], chapter: u8) -> Option<Found> {
        if name.len() > MAX_NAME {
            return None;
        }
        self.find(&[container.name.as_bytes(), b"|", name].concat(), chapter)
    }

    /// The command that a request asks for: the subcommand, if there is one.
    pub fn find_request(&self, request: Args<'_>, chapter: u8) -> Option<Found> {
        let found = self.find(request.get(0)?, chapter)?;
        if !found.1.is(CONTAINER) {
            return Some(found);
        }
        match request.get(1) {
            Some(name) => self.find_subcommand(found.1, name, chapter),
            None => Some(found),
        }
    }

    /// All rows up to this chapter, those of subcommands among them.
    pub fn rows(&self, chapter: u8) -> impl Iterator<Item = &'static Command> + Clone {
        let rows = self.rows.iter();
        rows.filter(move |row| row.chapter <= chapter)
    }

    /// The commands up to this chapter, without subcommands.
    pub fn commands(&self, chapter: u8) -> impl Iterator<Item = &'static Command> + Clone {
        self.rows(chapter).filter(|row| !row.name.contains('|'))
    }

    /// The subcommands of a container, up to this chapter. A command that is none has none.
    pub fn subcommands(
        &self,
        container: &Command,
        chapter: u8,
    ) -> impl Iterator<Item = &'static Command> + Clone {
        let rows = self.rows(chapter);
        rows.filter(|row| container.is(CONTAINER) && row.is_part_of(container))
    }
}

/// A place for a name, whatever its case (FNV-1a). What is no letter may be mistaken for something else here.
const fn hash(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut rest = name;
    while let [byte, more @ ..] = rest {
        hash = (hash ^ (*byte | 0x20) as u32).wrapping_mul(0x0100_0193);
        rest = more;
    }
    (hash ^ hash >> 16) as usize % PLACES
}

/// Whether `name` is this one, which is in lower case.
fn is_same(lower: &[u8], name: &[u8]) -> bool {
    let mut pairs = lower.iter().zip(name);
    lower.len() == name.len() && pairs.all(|(lower, byte)| *lower == byte.to_ascii_lowercase())
}
