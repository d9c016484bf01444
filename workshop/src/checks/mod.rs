//! What a server must do, stage by stage, as seen by a client.
//!
//! A check speaks TCP to an address and knows nothing of how the server is made, or in which language.
//! What an earlier stage promises the later ones keep, unless a check says up to which stage it holds.

mod bits;
mod blocking;
mod concurrency;
mod connection;
mod database;
mod echo;
mod expire;
mod geo;
mod hashes;
mod hello;
mod hyperloglog;
mod keys;
mod keyspace;
mod lists;
mod lists_moved;
mod moving;
mod protocol;
mod pubsub;
mod server;
mod set;
mod sets;
mod sorted_sets;
mod streams;
mod strings;

use crate::failure::Failure;
use crate::stage::Stage;
use crate::target::Target;
use anyhow::{Context, bail};

/// Something that a server must do.
///
/// A check needs no more than what the checks in front of it have shown. Those of stage 01 are about
/// an echo, and end with it; all others hold from their stage on, and for redis-server.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Stage and number, and between them the chapter in a stage that has chapters: `05.3`, `06.0.3`.
    /// Never given to another check, and never changed: people note it down.
    pub id: &'static str,
    /// What must hold, as a sentence.
    pub title: &'static str,
    /// The stage from which on it must hold.
    pub first: u8,
    /// Checks without which this one says nothing. What they need is needed here as well.
    pub needs: &'static [&'static str],
    /// For those whose server fails: where to look, not what to write.
    pub hint: &'static str,
    /// The page of this repository that tells of it, with the section.
    pub guide: &'static str,
    /// The page of the specification. Empty: that of the command that was sent last.
    pub page: &'static str,
    /// Whether it is about what the course's own server does. Another may do otherwise.
    pub ours: bool,
    /// Tries it.
    pub body: Body,
}

/// Tries something on a server.
pub type Body = fn(&Target) -> Result<(), Failure>;

/// The specification of the protocol.
pub const PROTOCOL: &str = "https://redis.io/docs/latest/develop/reference/protocol-spec/";

/// A row of a table of checks. Its id begins with two digits.
const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    let digits = id.as_bytes();
    Check {
        id,
        title,
        first: (digits[0] - b'0') * 10 + digits[1] - b'0',
        needs: &[],
        hint: "",
        guide: "",
        page: "",
        ours: false,
        body,
    }
}

impl Check {
    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    const fn needs(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }

    const fn guide(mut self, guide: &'static str) -> Self {
        self.guide = guide;
        self
    }

    const fn page(mut self, page: &'static str) -> Self {
        self.page = page;
        self
    }

    const fn ours(mut self) -> Self {
        self.ours = true;
        self
    }

    /// Whether a server at this stage must pass.
    pub fn holds_at(&self, stage: Stage) -> bool {
        match self.first {
            1 => stage.number == 1,
            first => first <= stage.number,
        }
    }

    /// Whether redis-server does the same.
    pub fn redis(&self) -> bool {
        self.first > 1
    }

    /// The chapter of its stage that it belongs to, where the stage has chapters.
    pub fn chapter(&self) -> Option<u8> {
        let mut parts = self.id.split('.').skip(1);
        let chapter = parts.next()?.parse().ok()?;
        parts.next().map(|_| chapter)
    }

    /// Tries it on a server.
    ///
    /// # Errors
    /// What the server did instead.
    pub fn run(&self, target: &Target) -> Result<(), Failure> {
        (self.body)(&Target {
            name: self.id,
            ..*target
        })
    }
}

/// What a learner has come to: a stage, or the chapters of one up to some number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The stage.
    pub stage: Stage,
    /// Its last chapter that counts. `None`: all.
    pub chapter: Option<u8>,
}

impl Part {
    /// The part that `text` means: a stage as [`Stage::parse`] has it, or one with a chapter, as `06.2`.
    ///
    /// # Errors
    /// There is no such stage, or no check of such a chapter.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let Some((stage, chapter)) = text.split_once('.') else {
            let stage = Stage::parse(text)?;
            return Ok(Self {
                stage,
                chapter: None,
            });
        };
        let stage = Stage::parse(stage)?;
        let known = |chapter: &u8| {
            all().any(|check| check.first == stage.number && check.chapter() == Some(*chapter))
        };
        let Some(chapter) = chapter.parse().ok().filter(known) else {
            bail!(
                "there are no checks of a chapter {text}. Stages with chapters are written as 06.0"
            );
        };
        Ok(Self {
            stage,
            chapter: Some(chapter),
        })
    }

    /// The checks that a server must pass who is so far: those of the stages before among them.
    pub fn checks(self) -> impl Iterator<Item = &'static Check> {
        all().filter(move |check| {
            let earlier = check.first < self.stage.number;
            let open = |chapter| self.chapter.is_none_or(|last| chapter <= last);
            check.holds_at(self.stage) && (earlier || check.chapter().is_none_or(open))
        })
    }
}

impl From<Stage> for Part {
    fn from(stage: Stage) -> Self {
        Self {
            stage,
            chapter: None,
        }
    }
}

/// All checks, in the order in which they are run: one after the other on a server, for one of them
/// empties it. Most may run beside each other.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [
        echo::CHECKS,
        protocol::CHECKS,
        connection::CHECKS,
        keyspace::CHECKS,
        concurrency::CHECKS,
        expire::CHECKS,
        set::CHECKS,
        strings::CHECKS,
        lists::CHECKS,
        sets::CHECKS,
        keys::CHECKS,
        server::CHECKS,
        hello::CHECKS,
        blocking::CHECKS,
        pubsub::CHECKS,
        server::TABLE,
        bits::CHECKS,
        lists_moved::CHECKS,
        hashes::CHECKS,
        sorted_sets::CHECKS,
        moving::CHECKS,
        streams::CHECKS,
        hyperloglog::CHECKS,
        geo::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// The check with this id.
///
/// # Errors
/// There is none.
pub fn find(id: &str) -> anyhow::Result<&'static Check> {
    let found = all().find(|check| check.id == id);
    found.with_context(|| format!("{id:?} is no check. `workshop list` lists them"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_begin_with_their_stage() {
        let mut ids = BTreeSet::new();
        for check in all() {
            assert!(ids.insert(check.id), "{} is there twice", check.id);
            let stage = check.id.split_once('.').map(|(stage, _)| stage.parse());
            assert_eq!(stage, Some(Ok(check.first)), "{}", check.id);
        }
    }

    #[test]
    fn ids_rise_in_the_order_of_running() {
        let number = |part: &str| part.parse::<u32>().unwrap();
        let ids: Vec<Vec<u32>> = all()
            .map(|check| check.id.split('.').map(number).collect())
            .collect();
        assert!(ids.is_sorted(), "{ids:?}");
    }

    #[test]
    fn a_part_is_a_stage_or_its_first_chapters() {
        let count = |text: &str| Part::parse(text).unwrap().checks().count();
        assert_eq!(
            Part::parse("5").unwrap(),
            Stage::parse("05").unwrap().into()
        );
        assert!(count("05") < count("06.0"));
        assert!(count("6.0") <= count("06-commands-persistence"));
        assert_eq!(Part::parse("06.0").unwrap().chapter, Some(0));
        for text in ["05.0", "06.99", "06.", "06.x", "06.0.1", ".0", "9.0"] {
            assert!(Part::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_check_says_what_must_hold_and_gives_a_hint() {
        for Check {
            id, title, hint, ..
        } in all()
        {
            assert!(title.len() > 10 && !title.ends_with('.'), "{id}: {title}");
            assert!(hint.len() > 20 && hint.ends_with('.'), "{id}: {hint}");
            assert_ne!(title, hint);
        }
    }

    #[test]
    fn a_check_needs_checks_in_front_of_it_that_hold_where_it_does() {
        let mut before: Vec<&Check> = Vec::new();
        for check in all() {
            for need in check.needs {
                let needed = before.iter().find(|earlier| earlier.id == *need);
                let holds = needed.is_some_and(|needed| needed.redis() == check.redis());
                assert!(holds, "{} needs {need}", check.id);
            }
            before.push(check);
        }
    }
}
