//! What a server must do, stage by stage, as seen by a client.
//!
//! A check speaks TCP to an address and knows nothing of how the server is made, or in which language.
//! What an earlier stage promises the later ones keep, unless a check says up to which stage it holds.

mod concurrency;
mod connection;
mod echo;
mod expire;
mod keyspace;
mod protocol;
mod set;

use crate::failure::Failure;
use crate::stage::Stage;
use crate::target::Target;

/// Something that a server must do.
#[derive(Debug)]
pub struct Check {
    /// Stage and number. Never given to another check, and never changed: people note it down.
    pub id: &'static str,
    /// What must hold, as a sentence.
    pub title: &'static str,
    /// The stage from which on it must hold.
    pub first: u8,
    /// The last stage that promises it, if there is one.
    pub last: Option<u8>,
    /// Whether redis-server does the same.
    pub redis: bool,
    /// For those whose server fails: where to look, not what to write.
    pub hint: &'static str,
    /// Tries it.
    pub body: fn(&Target) -> Result<(), Failure>,
}

impl Check {
    /// Whether a server at this stage must pass.
    pub fn holds_at(&self, stage: Stage) -> bool {
        self.first <= stage.number && self.last.is_none_or(|last| stage.number <= last)
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

/// All checks, in the order in which they are run.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [
        echo::CHECKS,
        protocol::CHECKS,
        connection::CHECKS,
        keyspace::CHECKS,
        concurrency::CHECKS,
        set::CHECKS,
        expire::CHECKS,
    ]
    .into_iter()
    .flatten()
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
}
