//! A row of the command table: what is known of a command, and the function that executes it.
//!
//! Each file of commands has a list of them at its top. Most rows are two lines:
//!
//! ```text
//! CH2.read("llen", 2, llen, FAST | BRIEF, RO)
//!     .about("1.0.0", "Counts the elements of a list."),
//! ```

use super::{Call, Outcome};
use crate::command::Command;
pub use crate::command::acl;
pub use crate::command::flags::*;
pub use crate::command::keys::*;

/// Its first argument is no key.
pub const NO_KEY: u32 = 0;

/// The name of a command, in lower case.
pub type Name = &'static str;

/// Executes a command.
pub type Handler = fn(&mut Call<'_>) -> Outcome;

/// A command: what is known of it, and what executes it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is known of it.
    pub command: Command,
    /// The function that executes it.
    pub run: Handler,
}

/// What a row begins with: the chapter of the guide that brings the command.
#[derive(Clone, Copy, Debug)]
pub struct Chapter(u8);

/// The first Redis.
pub const CH0: Chapter = Chapter(0);
/// Strings and bits.
pub const CH1: Chapter = Chapter(1);
/// Lists, and blocking on them.
pub const CH2: Chapter = Chapter(2);
/// Hashes and sets.
pub const CH3: Chapter = Chapter(3);
/// Sorted sets.
pub const CH4: Chapter = Chapter(4);
/// Keys: scanning, copying, sorting.
pub const CH5: Chapter = Chapter(5);
/// Publish and subscribe.
pub const CH7: Chapter = Chapter(7);
/// Connections and administration.
pub const CH8: Chapter = Chapter(8);
/// Streams.
pub const CH13: Chapter = Chapter(13);
/// Geo and HyperLogLog.
pub const CH14: Chapter = Chapter(14);

impl Chapter {
    /// A command that neither reads nor writes what keys hold.
    pub const fn plain(self, name: Name, arity: i32, run: Handler, flags: u32) -> Row {
        let command = Command {
            name,
            arity,
            flags,
            acl: None,
            keys: Keys::NONE,
            group: "",
            since: "",
            chapter: self.0,
            summary: "",
            tips: &[],
        };
        Row { command, run }
    }

    /// A command that reads. Its first argument is a key, which it uses like this; [`NO_KEY`] where it is none.
    pub const fn read(self, name: Name, arity: i32, run: Handler, flags: u32, key: u32) -> Row {
        let row = self.plain(name, arity, run, flags | READONLY);
        row.first_key(key)
    }

    /// A command that writes, else as [`read`](Self::read).
    pub const fn write(self, name: Name, arity: i32, run: Handler, flags: u32, key: u32) -> Row {
        self.plain(name, arity, run, flags | WRITE).first_key(key)
    }
}

impl Row {
    const fn first_key(self, flags: u32) -> Self {
        if flags == NO_KEY {
            return self;
        }
        self.keys(key(1, flags))
    }

    /// It has these keys, too.
    pub const fn keys(mut self, spec: KeySpec) -> Self {
        let specs = self.count_specs();
        self.command.keys.specs[specs] = Some(spec);
        self
    }

    /// What it said of its keys last is about all up to `last`, which is counted from the first one, or from the end if
    /// it is negative.
    pub const fn to(self, last: i8) -> Self {
        self.range(last, 1, 0)
    }

    /// It is about every `step`-th argument up to the end.
    pub const fn every(self, step: u8) -> Self {
        self.range(-1, step, 0)
    }

    /// It is about half of the arguments that are left.
    pub const fn half(self) -> Self {
        self.range(-1, 1, 2)
    }

    const fn range(mut self, last: i8, step: u8, limit: u8) -> Self {
        self.last_spec().find = Find::Range { last, step, limit };
        self
    }

    /// Tells people something about the keys that it named last.
    pub const fn notes(mut self, notes: &'static str) -> Self {
        self.last_spec().notes = notes;
        self
    }

    const fn last_spec(&mut self) -> &mut KeySpec {
        let specs = self.count_specs();
        match &mut self.command.keys.specs[specs - 1] {
            Some(spec) => spec,
            None => panic!("a row names keys before it says more of them"),
        }
    }

    const fn count_specs(&self) -> usize {
        let mut specs = 0;
        while specs < MAX_SPECS && self.command.keys.specs[specs].is_some() {
            specs += 1;
        }
        specs
    }

    /// Where its keys are, this function says in place of the specifications.
    pub const fn find_keys(mut self, find: FindKeys) -> Self {
        self.command.keys.find = Some(find);
        self
    }

    /// The version of Redis that brought it, and what it does, in one line.
    pub const fn about(mut self, since: &'static str, summary: &'static str) -> Self {
        self.command.since = since;
        self.command.summary = summary;
        self
    }

    /// Its group, and the rights that name it unless it has said its own. A container has none: its subcommands have.
    pub const fn of(mut self, group: &'static str, categories: u32) -> Self {
        self.command.group = group;
        if self.command.acl.is_none() && self.command.flags & CONTAINER == 0 {
            self.command.acl = Some(categories);
        }
        self
    }

    /// The rights that name it, in place of its group's.
    pub const fn acl(mut self, categories: u32) -> Self {
        self.command.acl = Some(categories);
        self
    }

    /// What a proxy before several servers is to know.
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.command.tips = tips;
        self
    }
}
