use super::*;
use crate::report::samples;
use std::time::Duration;

#[test]
fn a_headline_says_what_happened() {
    let cases = [
        (
            samples::closed_loop(),
            "GET: 87,287 requests per second, p99 0.691 ms",
        ),
        (
            samples::open_loop(),
            "GET at 50,000 requests per second: p50 0.202 ms, p99 299.1 ms",
        ),
        (
            samples::invalid(),
            "INVALID: GET at 50,000 requests per second",
        ),
        (samples::silent(), "GET: no good reply"),
        (
            samples::comparison(),
            "step06-commands-persistence is faster than redis-server 7.0.15 in 6 of 8 tests, slower in 1; 1 shows \
             no difference",
        ),
        (
            samples::interrupted(),
            "Interrupted: step06-commands-persistence is faster than redis-server 7.0.15 in 1 of 3 tests, slower in 1; \
             1 shows no difference",
        ),
        (
            samples::broken_off(),
            "Broken off: step06-commands-persistence is faster than redis-server 7.0.15 in 1 of 3 tests, slower in 1; \
             1 shows no difference",
        ),
        (
            samples::quick_comparison(),
            "No difference shown between step06-commands-persistence and redis-server 7.0.15 in 2 tests",
        ),
    ];
    for (findings, expected) in cases {
        assert_eq!(headline(&findings), expected);
    }
}

#[test]
fn several_tests_are_summed_up_by_the_slowest_and_the_fastest() {
    let text = headline(&samples::with_errors());
    assert_eq!(
        text,
        "2 tests, from 87,287 (SET) to 87,675 (GET) requests per second"
    );
}

#[test]
fn of_several_tests_one_that_is_invalid_is_named() {
    let mut findings = samples::invalid();
    findings.runs.extend(samples::closed_loop().runs);
    findings.runs[1].title = "SET".to_string();
    assert_eq!(headline(&findings), "INVALID: 1 of 2 runs");
}

#[test]
fn all_verdicts_alike_are_said_so() {
    let mut findings = samples::comparison();
    for (verdict, word) in [(Verdict::Faster, "faster"), (Verdict::Slower, "slower")] {
        let comparison = findings.comparison.as_mut().unwrap();
        for case in &mut comparison.cases {
            case.throughput.verdict = verdict;
            case.server_cpu.as_mut().unwrap().verdict = verdict;
        }
        let text = headline(&findings);
        assert!(
            text.contains(&format!(
                "is {word} than redis-server 7.0.15 in all 8 tests"
            )),
            "{text}"
        );
    }
}

#[test]
fn a_test_in_which_the_generator_was_busy_is_decided_by_cpu_time() {
    let mut findings = samples::comparison();
    let case = findings.comparison.as_mut().unwrap().cases.swap_remove(1);
    assert_eq!(case.throughput.verdict, Verdict::NoDifferenceShown);
    assert_eq!(decision(&case), "B is better (CPU time)");
    findings.comparison.as_mut().unwrap().cases = vec![case];
    assert_eq!(
        headline(&findings),
        "step06-commands-persistence is faster than redis-server 7.0.15 in 1 of 1 test"
    );
}

#[test]
fn servers_of_the_same_name_are_told_apart() {
    let mut findings = samples::comparison();
    findings.servers[1].name = findings.servers[0].name.clone();
    let expected = ["A (redis-server 7.0.15)", "B (redis-server 7.0.15)"];
    assert_eq!(names(&findings), expected);
    findings.servers.clear();
    assert_eq!(names(&findings), ["A", "B"]);
}

#[test]
fn a_reply_in_no_time_has_no_throughput() {
    let mut findings = samples::one_sample();
    assert_eq!(
        headline(&findings),
        "GET: – requests per second, p99 60,029 ms"
    );
    findings.runs[0].measured.time = Duration::from_secs(1);
    assert!(headline(&findings).starts_with("GET: 1.000 requests per second"));
}
