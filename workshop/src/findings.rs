//! What checks have shown together: what can be judged, and what is to be mended first.

use crate::checks::Check;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::failure::Failure;
use crate::target::Target;

/// What became of a check.
#[derive(Debug)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not, and must.
    Failed(Failure),
    /// It does not, and need not.
    Note,
    /// It was not tried: this one, which it needs, has not passed.
    Skipped(&'static str),
}

/// A check that failed, and those that stand or fall with it.
#[derive(Debug)]
pub struct Cause {
    /// The first that failed.
    pub check: &'static Check,
    diagnosis: Option<Diagnosis>,
    /// The ids of those that failed by the same mistake.
    pub same: Vec<&'static str>,
    /// The ids of those that can't be judged for that.
    pub skipped: Vec<&'static str>,
}

impl Cause {
    fn covers(&self, id: &str) -> bool {
        self.check.id == id || self.same.contains(&id) || self.skipped.contains(&id)
    }
}

/// What all checks together have shown.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many have passed.
    pub passed: usize,
    /// Why others have not, the first to mend in front.
    pub causes: Vec<Cause>,
}

impl Findings {
    /// Tries a check, unless one that it needs has not passed. The course's own server must pass those
    /// that are about it alone, too.
    pub fn add(&mut self, check: &'static Check, own: bool, target: &Target) -> Outcome {
        for need in check.needs {
            if let Some(cause) = self.causes.iter_mut().find(|cause| cause.covers(need)) {
                cause.skipped.push(check.id);
                return Outcome::Skipped(need);
            }
        }
        match check.run(target) {
            Ok(()) => {
                self.passed += 1;
                Outcome::Passed
            }
            Err(_) if check.ours && !own => Outcome::Note,
            Err(failure) => {
                self.blame(check, diagnose(&failure.evidence));
                Outcome::Failed(failure)
            }
        }
    }

    /// A mistake that is known for sure is one cause, however many checks find it.
    fn blame(&mut self, check: &'static Check, diagnosis: Option<Diagnosis>) {
        let known = diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.sure);
        let alike = |cause: &&mut Cause| known && cause.diagnosis == diagnosis;
        match self.causes.iter_mut().find(alike) {
            Some(cause) => cause.same.push(check.id),
            None => self.causes.push(Cause {
                check,
                diagnosis,
                same: Vec::new(),
                skipped: Vec::new(),
            }),
        }
    }

    /// How many failed, and how many were skipped.
    pub fn failed_and_skipped(&self) -> (usize, usize) {
        let failed = self.causes.iter().map(|cause| 1 + cause.same.len()).sum();
        let skipped = self.causes.iter().map(|cause| cause.skipped.len()).sum();
        (failed, skipped)
    }
}
