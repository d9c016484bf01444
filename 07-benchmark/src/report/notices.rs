//! What must be known before a figure is believed.

use crate::engine::Measured;
use crate::report::model::{Bound, Case, Comparison, Findings, Run, Verdict};
use crate::report::numbers::{listed, thousands};
use crate::report::words::{Subject, all_seen, ended_early};

/// How much a notice weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The figures are not what they seem to be.
    Bad,
    /// They must be read with care.
    Care,
    /// It is good to know.
    Note,
}

/// Something that must be known before the figures are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it weighs.
    pub weight: Weight,
    /// What it is, in a few words.
    pub title: String,
    /// What it means.
    pub text: String,
}

fn notice(weight: Weight, title: impl Into<String>, text: impl Into<String>) -> Notice {
    let (title, text) = (title.into(), text.into());
    Notice {
        weight,
        title,
        text,
    }
}

/// What must be known, the worst first.
pub fn notices(findings: &Findings) -> Vec<Notice> {
    let seen = all_seen(findings);
    let mut notices: Vec<Notice> = seen.iter().filter_map(invalid).collect();
    notices.extend(early(findings));
    notices.extend(seen.iter().filter_map(unanswered));
    notices.extend(without_replies(&seen));
    notices.extend(errors(&seen));
    notices.extend(clipped(&seen));
    notices.extend(findings.comparison.iter().flat_map(of_comparison));
    notices.extend(of_runs(&findings.runs));
    notices.extend(misses(&seen));
    // Stable: what weighs the same keeps its order.
    notices.sort_by_key(|notice| notice.weight);
    notices
}

/// The sum of a count, and where it is not 0.
fn total(seen: &[Subject], count: impl Fn(&Measured) -> u64) -> (u64, String) {
    let those = seen.iter().filter(|each| count(each.measured) > 0);
    let names: Vec<String> = those.map(|each| each.name.clone()).collect();
    let total = seen.iter().map(|each| count(each.measured)).sum();
    (total, listed(&names))
}

fn invalid(seen: &Subject) -> Option<Notice> {
    let reason = seen.measured.invalid()?.trim_end_matches('.');
    let text = format!("{}: {reason}. So there are no figures of it.", seen.name);
    Some(notice(Weight::Bad, "INVALID", text))
}

fn early(findings: &Findings) -> Option<Notice> {
    let title = ended_early(findings)?;
    let text = match &findings.comparison {
        Some(comparison) => format!(
            "{} rounds were asked for, and not all of them were done: the intervals are wider than they would be.",
            comparison.rounds
        ),
        None => "The figures are of what was done until then.".to_string(),
    };
    let reason = findings.broken_off.iter();
    let reason = reason.map(|reason| format!("{}. ", reason.trim_end_matches('.')));
    Some(notice(
        Weight::Bad,
        title,
        reason.collect::<String>() + &text,
    ))
}

fn unanswered(subject: &Subject) -> Option<Notice> {
    let silence = subject.measured.unanswered?.as_secs_f64();
    let text = format!(
        "{}: no reply came in the last {silence:.1} s. Requests that waited are in no figure.",
        subject.name
    );
    Some(notice(Weight::Care, "Unanswered at the end", text))
}

fn without_replies(seen: &[Subject]) -> Option<Notice> {
    let (silent, those) = total(seen, |measured| {
        u64::from(measured.replies == 0 && measured.invalid().is_none())
    });
    let text = format!("{those}: there is nothing to tell of latencies.");
    (silent > 0).then(|| notice(Weight::Bad, "No good reply", text))
}

fn errors(seen: &[Subject]) -> Option<Notice> {
    let (failed, those) = total(seen, |measured| measured.errors.total());
    let (good, _) = total(seen, |measured| measured.replies);
    let mut kinds = seen.iter().flat_map(|each| each.measured.errors.kinds());
    let (_, first) = kinds.next()?;
    let title = match failed {
        1 => "1 request failed".to_string(),
        more => format!("{} requests failed", thousands(more as f64)),
    };
    let good = thousands(good as f64);
    let text = format!(
        "{those}, beside {good} good replies. Such as: {}",
        first.example
    );
    Some(notice(Weight::Bad, title, text))
}

fn clipped(seen: &[Subject]) -> Option<Notice> {
    let (total, those) = total(seen, |measured| measured.clipped);
    let many = thousands(total as f64);
    let text = format!("{those}: {many} in all. They are counted as 60 s.");
    (total > 0).then(|| notice(Weight::Care, "Latencies above 60 s", text))
}

fn misses(seen: &[Subject]) -> Option<Notice> {
    let (total, those) = total(seen, |measured| measured.misses);
    let many = thousands(total as f64);
    let text = format!(
        "{those}: {many} times the reply was that there is no such key or element. That is less work than to send a value."
    );
    (total > 0).then(|| notice(Weight::Note, "Nothing found", text))
}

fn of_runs(runs: &[Run]) -> impl Iterator<Item = Notice> {
    who_was_busy(|bound| {
        let applies = |run: &&Run| run.bound == bound && run.measured.invalid().is_none();
        let those = runs.iter().filter(applies);
        those.map(|run| run.title.clone()).collect()
    })
}

fn who_was_busy(titles: impl Fn(Bound) -> Vec<String>) -> impl Iterator<Item = Notice> {
    let client = busy_client(&titles(Bound::Client));
    client
        .into_iter()
        .chain(nobody_busy(&titles(Bound::Neither)))
}

fn busy_client(titles: &[String]) -> Option<Notice> {
    let text = format!(
        "{}: the load generator was busy, so it may be what was measured. The server's CPU time for a reply tells more.",
        listed(titles)
    );
    (!titles.is_empty()).then(|| notice(Weight::Care, "Limited by the load generator", text))
}

fn nobody_busy(titles: &[String]) -> Option<Notice> {
    let text = format!(
        "{}: neither the server nor the load generator used a whole core. They shared one, or waited for others.",
        listed(titles)
    );
    (!titles.is_empty()).then(|| notice(Weight::Note, "Nobody was busy", text))
}

fn of_comparison(comparison: &Comparison) -> Vec<Notice> {
    let remarks = comparison.remarks.iter();
    let mut notices: Vec<Notice> = remarks
        .map(|text| notice(Weight::Note, "Remark", text))
        .collect();
    notices.extend(who_was_busy(|bound| {
        let applies = |case: &&Case| case.sides.iter().any(|side| side.bound == bound);
        let those = comparison.cases.iter().filter(applies);
        those.map(|case| case.title.clone()).collect()
    }));
    notices.extend(biased(comparison));
    notices
}

/// A server that differs from itself.
fn biased(comparison: &Comparison) -> Option<Notice> {
    let differs = |case: &&Case| case.decided_by().verdict != Verdict::NoDifferenceShown;
    let those: Vec<String> = comparison
        .noise
        .iter()
        .filter(differs)
        .map(|case| format!("-P {}", case.pipeline))
        .collect();
    let text = format!(
        "At {} A against A shows a difference where there is none. Believe only what is far beyond it.",
        listed(&those)
    );
    (!those.is_empty()).then(|| notice(Weight::Care, "The machine is not quiet", text))
}

#[cfg(test)]
mod tests;
