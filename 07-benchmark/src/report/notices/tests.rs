use super::*;
use crate::report::model::Estimate;
use crate::report::samples;
use crate::report::words::headline;
use crate::report::words::noise;

/// Weights and titles.
fn titles(findings: &Findings) -> Vec<(Weight, String)> {
    let notices = notices(findings).into_iter();
    notices
        .map(|notice| (notice.weight, notice.title))
        .collect()
}

fn expect(findings: &Findings, expected: &[(Weight, &str)]) {
    let expected: Vec<(Weight, String)> = expected
        .iter()
        .map(|(weight, title)| (*weight, title.to_string()))
        .collect();
    assert_eq!(titles(findings), expected);
}

#[test]
fn what_must_be_known_comes_with_its_weight() {
    use Weight::{Bad, Care, Note};
    expect(&samples::closed_loop(), &[]);
    expect(&samples::invalid(), &[(Bad, "INVALID")]);
    expect(
        &samples::silent(),
        &[(Bad, "No good reply"), (Bad, "500 requests failed")],
    );
    expect(&samples::mix(), &[(Care, "Limited by the load generator")]);
    expect(
        &samples::with_errors(),
        &[
            (Bad, "1,237 requests failed"),
            (Care, "Latencies above 60 s"),
            (Note, "Nobody was busy"),
            (Note, "Nothing found"),
        ],
    );
    expect(
        &samples::comparison(),
        &[(Care, "Limited by the load generator"), (Note, "Remark")],
    );
}

#[test]
fn an_interrupted_run_is_said_to_be_even_if_the_call_was_not() {
    let mut findings = samples::closed_loop();
    findings.runs[0].measured.interrupted = true;
    assert_eq!(
        titles(&findings),
        [(Weight::Bad, "Interrupted".to_string())]
    );
    assert!(headline(&findings).starts_with("Interrupted: GET"));
}

#[test]
fn errors_of_either_side_of_a_comparison_count() {
    let mut findings = samples::comparison();
    let case = &mut findings.comparison.as_mut().unwrap().cases[0];
    case.sides[1]
        .all
        .errors
        .add("ERR", 1, || "ERR no".to_string());
    let notices = notices(&findings);
    assert_eq!(notices[0].title, "1 request failed");
    assert!(
        notices[0]
            .text
            .starts_with("SET -P 1 of step06-commands-persistence, beside")
            && notices[0].text.ends_with("Such as: ERR no"),
        "{}",
        notices[0].text
    );
}

#[test]
fn a_server_that_differs_from_itself_is_a_reason_for_care() {
    let mut findings = samples::comparison();
    let comparison = findings.comparison.as_mut().unwrap();
    comparison.noise[1].throughput = Estimate {
        ratio: 1.4,
        interval: Some((1.3, 1.5)),
        verdict: Verdict::Faster,
    };
    let band = noise(comparison, 16, |case| Some(case.throughput));
    assert_eq!(band, Some((1.0, 1.5)));
    assert_eq!(noise(comparison, 64, |case| Some(case.throughput)), None);
    let found = notices(&findings);
    let biased = found
        .iter()
        .find(|notice| notice.title == "The machine is not quiet");
    assert!(biased.unwrap().text.starts_with("At -P 16 A against A"));
}
