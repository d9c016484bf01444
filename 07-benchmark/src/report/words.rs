//! What findings say in words.

use crate::engine::{Measured, Punctuality};
use crate::report::model::{Bound, Case, Comparison, Estimate, Findings, Run, Verdict};
use crate::report::numbers::{NONE, counted, figure, per_second};
use crate::report::summary::{Figure, Score};

/// One sentence that says what happened.
pub fn headline(findings: &Findings) -> String {
    if let Some(what) = invalid(findings) {
        return format!("INVALID: {what}");
    }
    let happened = match (&findings.comparison, findings.runs.as_slice()) {
        (Some(comparison), _) => compared(findings, comparison),
        (None, []) => "Nothing was measured".to_string(),
        (None, [run]) => single(run),
        (None, runs) => several(runs),
    };
    match ended_early(findings) {
        Some(early) => format!("{early}: {happened}"),
        None => happened,
    }
}

/// What was measured and has no figures; `None` where all have. Why is said by a notice.
fn invalid(findings: &Findings) -> Option<String> {
    let seen = all_seen(findings);
    let invalid: Vec<_> = seen
        .iter()
        .filter(|each| each.measured.invalid().is_some())
        .collect();
    let first = invalid.first()?;
    if seen.len() > 1 {
        return Some(format!("{} of {} runs", invalid.len(), seen.len()));
    }
    Some(match &first.measured.schedule {
        Some(schedule) => at_rate(&first.name, schedule),
        None => first.name.to_string(),
    })
}

/// Such as `GET at 1,000 requests per second`.
fn at_rate(title: &str, schedule: &Punctuality) -> String {
    format!("{title} at {} requests per second", figure(schedule.rate))
}

fn single(run: &Run) -> String {
    let (title, measured) = (&run.title, &run.measured);
    if measured.replies == 0 {
        return format!("{title}: no good reply");
    }
    let latency = |percent| figure(measured.millis_at(percent));
    match &measured.schedule {
        Some(schedule) => format!(
            "{}: p50 {} ms, p99 {} ms",
            at_rate(title, schedule),
            latency(50.0),
            latency(99.0)
        ),
        None => format!(
            "{title}: {} requests per second, p99 {} ms",
            throughput(measured),
            latency(99.0)
        ),
    }
}

fn throughput(measured: &Measured) -> String {
    let throughput = per_second(measured.replies, measured.time);
    throughput.map_or_else(|| NONE.to_string(), figure)
}

fn several(runs: &[Run]) -> String {
    let tests = counted(runs.len(), "test");
    let by_throughput =
        |a: &&Run, b: &&Run| a.measured.throughput().total_cmp(&b.measured.throughput());
    let answered = || runs.iter().filter(|run| run.measured.replies > 0);
    match (
        answered().min_by(by_throughput),
        answered().max_by(by_throughput),
    ) {
        (Some(slowest), Some(fastest)) => format!(
            "{tests}, from {} ({}) to {} ({}) requests per second",
            throughput(&slowest.measured),
            slowest.title,
            throughput(&fastest.measured),
            fastest.title
        ),
        _ => format!("{tests}: no good reply"),
    }
}

fn compared(findings: &Findings, comparison: &Comparison) -> String {
    let [a, b] = names(findings);
    let Score {
        faster,
        slower,
        not_shown,
    } = Score::of(&comparison.cases);
    let tests = counted(comparison.cases.len(), "test");
    let rest = match not_shown {
        0 => String::new(),
        1 => "; 1 shows no difference".to_string(),
        more => format!("; {more} show no difference"),
    };
    match (faster, slower, not_shown) {
        (0, 0, 0) => format!("Nothing was compared of {a} and {b}"),
        (0, 0, _) => format!("No difference shown between {b} and {a} in {tests}"),
        (faster, 0, 0) if faster > 1 => format!("{b} is faster than {a} in all {tests}"),
        (0, slower, 0) if slower > 1 => format!("{b} is slower than {a} in all {tests}"),
        (0, slower, _) => format!("{b} is slower than {a} in {slower} of {tests}{rest}"),
        (faster, 0, _) => format!("{b} is faster than {a} in {faster} of {tests}{rest}"),
        (faster, slower, _) => {
            format!("{b} is faster than {a} in {faster} of {tests}, slower in {slower}{rest}")
        }
    }
}

/// What to call the two sides. Servers of the same name are told apart by letters.
pub fn names(findings: &Findings) -> [String; 2] {
    let name = |index: usize| {
        findings
            .servers
            .get(index)
            .map(|server| server.name.as_str())
    };
    match (name(0), name(1)) {
        (Some(a), Some(b)) if a != b => [a.to_string(), b.to_string()],
        (Some(a), Some(b)) => [format!("A ({a})"), format!("B ({b})")],
        _ => ["A".to_string(), "B".to_string()],
    }
}

/// Something that was measured.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What to call it.
    pub name: String,
    /// Where it stands in the JSON document.
    pub at: String,
    /// What was seen.
    pub measured: &'a Measured,
}

/// Everything that was measured.
pub fn all_seen(findings: &Findings) -> Vec<Subject<'_>> {
    let runs = findings
        .runs
        .iter()
        .enumerate()
        .map(|(index, run)| Subject {
            name: run.title.clone(),
            at: format!("/runs/{index}"),
            measured: &run.measured,
        });
    let comparison = findings.comparison.iter();
    let lists = comparison.flat_map(|both| [("noise", &both.noise), ("cases", &both.cases)]);
    let sides = lists.flat_map(|(list, cases)| {
        let cases = cases.iter().enumerate();
        cases.flat_map(move |(index, case)| sides_of(case, &format!("/comparison/{list}/{index}")))
    });
    runs.chain(sides).collect()
}

fn sides_of<'a>(case: &'a Case, at: &str) -> [Subject<'a>; 2] {
    let [a, b] = &case.sides;
    [("a", a), ("b", b)].map(|(key, side)| Subject {
        name: format!("{} of {}", case.title, side.name),
        at: format!("{at}/{key}"),
        measured: &side.all,
    })
}

/// How it ended, all of it or a part, if that was before its time: by itself, or because the user wanted it.
pub fn ended_early(findings: &Findings) -> Option<&'static str> {
    let mut seen = all_seen(findings).into_iter();
    if findings.broken_off.is_some() {
        return Some("Broken off");
    }
    let interrupted = findings.interrupted || seen.any(|each| each.measured.interrupted);
    interrupted.then_some("Interrupted")
}

/// What the figure that decides a case says of B, and which figure that is.
pub fn decision(case: &Case) -> String {
    let figure = match case.deciding() {
        Figure::Throughput => "throughput",
        Figure::P99 => "p99",
        Figure::ServerCpu => "CPU time",
    };
    format!("{} ({figure})", verdict(case.decided_by().verdict))
}

/// From where to where A's figure differs from itself at this depth: the interval, and 1.
pub fn noise(
    comparison: &Comparison,
    pipeline: usize,
    figure: impl Fn(&Case) -> Option<Estimate>,
) -> Option<(f64, f64)> {
    let estimate = figure(comparison.noise_at(pipeline)?)?;
    let (low, high) = estimate
        .interval
        .unwrap_or((estimate.ratio, estimate.ratio));
    Some((low.min(1.0), high.max(1.0)))
}

/// Who limited the throughput, in words.
pub fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Server => "the server",
        Bound::Client => "the load generator",
        Bound::Neither => "neither",
        Bound::Schedule => "the schedule",
        Bound::Unknown => "not known",
    }
}

/// What a verdict says of B.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faster => "B is better",
        Verdict::Slower => "B is worse",
        Verdict::NoDifferenceShown => "no difference shown",
    }
}

#[cfg(test)]
mod tests;
