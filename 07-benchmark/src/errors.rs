//! Requests that failed.

use std::collections::BTreeMap;

/// The most kinds that are told apart: a server may make up new ones without end.
const MAX_KINDS: usize = 100;

/// The kind of all others.
const OTHERS: &str = "others";

/// Requests that failed, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(BTreeMap<String, ErrorKind>);

/// Failures of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorKind {
    /// How many.
    pub count: u64,
    /// The first one's text.
    pub example: String,
}

impl Errors {
    /// Counts `count` failures of a kind: the first word of an error reply (`ERR`, `WRONGTYPE`), or what
    /// happened (`disconnected`, `wrong reply`). The text is kept if it is the first of its kind. Beyond 100
    /// kinds new ones are `others`.
    pub fn add(&mut self, kind: &str, count: u64, text: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        let kind = match self.0.len() < MAX_KINDS || self.0.contains_key(kind) {
            true => kind,
            false => OTHERS,
        };
        if let Some(known) = self.0.get_mut(kind) {
            known.count += count;
            return;
        }
        let example = text();
        self.0
            .insert(kind.to_string(), ErrorKind { count, example });
    }

    /// Adds those of another run, or of another thread.
    pub fn merge(&mut self, other: Self) {
        for (kind, more) in other.0 {
            self.add(&kind, more.count, || more.example);
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().map(|kind| kind.count).sum()
    }

    /// Each kind with its name, in the order of names.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &ErrorKind)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_without_end_become_others() {
        let mut errors = Errors::default();
        for number in 0..1000 {
            errors.add(&format!("KIND{number}"), 1, || "text".to_string());
        }
        errors.add("KIND0", 1, || "text".to_string());
        assert_eq!(errors.total(), 1001);
        assert_eq!(errors.kinds().count(), MAX_KINDS + 1);
        let count = |kind| errors.0.get(kind).map(|kind| kind.count);
        assert_eq!((count("KIND0"), count(OTHERS)), (Some(2), Some(900)));
    }
}
