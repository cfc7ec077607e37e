//! Counting what passed and failed in what other programs print.

use serde_json::Value;

/// What a part of the test run has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Why the part fails beyond its failed tests, such as a suite that ran nothing.
    pub complaints: Vec<String>,
    /// What is known of failed tests, for the end of a run, where people look first: what those in a browser said, and the names of
    /// those in Rust.
    pub said: Vec<String>,
}

impl Tally {
    /// A check that is one yes or no.
    pub fn check(passed: bool) -> Self {
        Self {
            passed: passed.into(),
            failed: (!passed).into(),
            ..Self::default()
        }
    }

    /// A part that could not do its work.
    pub fn broken(why: String) -> Self {
        Self {
            complaints: vec![why],
            ..Self::default()
        }
    }

    /// Adds what another run has found.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.complaints.extend(other.complaints);
        self.said.extend(other.said);
    }

    /// Failures as they are reported: each failed test, and each complaint.
    pub fn failures(&self) -> u64 {
        self.failed + self.complaints.len() as u64
    }

    /// Adds the complaints that hold for every suite: it ran something, and its program's exit agrees with what it printed.
    #[must_use]
    pub fn judged(mut self, exit_was_success: bool) -> Self {
        if self.passed + self.failed == 0 {
            self.complaints.push("ran no test".to_owned());
        }
        if !exit_was_success && self.failures() == 0 {
            self.complaints
                .push("the program failed although no test did; see its output above".to_owned());
        }
        self
    }
}

/// Reads the output of `cargo test`, stdout and stderr in their common order.
pub fn of_cargo_test(output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut suite = "";
    for line in output.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("Running ")
            .or_else(|| line.strip_prefix("Doc-tests "))
        {
            suite = name;
        } else if line.starts_with("test ") && line.ends_with(" ... FAILED") {
            tally.said.push(format!("{line} in {suite}"));
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            let count = |what: &str| count_before(counts, what);
            tally.passed += count("passed");
            tally.failed += count("failed");
            let left_out = count("ignored") + count("filtered out");
            if left_out > 0 {
                tally
                    .complaints
                    .push(format!("{left_out} tests left out in {suite}"));
            }
            // A crate may have no unit tests, but a file in tests/ is there to run.
            if suite.starts_with("tests/") && count("passed") + count("failed") == 0 {
                tally.complaints.push(format!("no test ran in {suite}"));
            }
        }
    }
    tally
}

/// Reads the JSON report of Playwright.
pub fn of_playwright(report: &str) -> Tally {
    let Ok(report) = serde_json::from_str::<Value>(report) else {
        return Tally::broken("Playwright's report is not JSON".to_owned());
    };
    let count = |what: &str| report["stats"][what].as_u64();
    let (Some(passed), Some(failed), Some(flaky), Some(skipped)) = (
        count("expected"),
        count("unexpected"),
        count("flaky"),
        count("skipped"),
    ) else {
        return Tally::broken("Playwright's report has no counts".to_owned());
    };
    let mut tally = Tally {
        passed,
        failed: failed + flaky,
        said: [of_run(&report), of_suites(&report, "")].concat(),
        ..Tally::default()
    };
    if skipped > 0 {
        tally
            .complaints
            .push(format!("{skipped} browser tests left out"));
    }
    tally
}

/// What Playwright said of no single test, such as of a file that cannot be read.
fn of_run(report: &Value) -> Vec<String> {
    let errors = report["errors"].as_array().cloned().unwrap_or_default();
    let message = |error: &Value| without_colours(error["message"].as_str().unwrap_or_default());
    errors.iter().map(message).collect()
}

/// What the failed tests of a part of Playwright's report said: each with where it stands, and its errors.
fn of_suites(part: &Value, file: &str) -> Vec<String> {
    let list = |of: &Value, what: &str| of[what].as_array().cloned().unwrap_or_default();
    let file = part["file"].as_str().unwrap_or(file);
    let mut said = Vec::new();
    for spec in list(part, "specs") {
        for test in list(&spec, "tests") {
            let results = list(&test, "results");
            let errors: Vec<String> = results
                .iter()
                .flat_map(|result| list(result, "errors"))
                .map(|error| {
                    let message = without_colours(error["message"].as_str().unwrap_or_default());
                    format!("{message}\n  at line {}", error["location"]["line"])
                })
                .collect();
            if !errors.is_empty() {
                let name = |of: &Value| of.as_str().unwrap_or_default().to_owned();
                said.push(format!(
                    "[{}] {file}: {}\n{}",
                    name(&test["projectName"]),
                    name(&spec["title"]),
                    errors.join("\n")
                ));
            }
        }
    }
    let inner = list(part, "suites");
    said.extend(inner.iter().flat_map(|suite| of_suites(suite, file)));
    said
}

/// A text without the marks with which a terminal colours it.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        plain + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

/// Reads what schemathesis prints: its operations are the tests. `run` names the run in complaints.
pub fn of_schemathesis(run: &str, output: &str) -> Tally {
    // `Selected: 68/69` of all that are described, of which one is left out by name; and `Tested: 68`.
    let number_after = |word: &str| {
        output
            .lines()
            .filter_map(|line| line.trim().strip_prefix(word))
            .filter_map(|rest| rest.split('/').next())
            .find_map(|number| number.trim().parse::<u64>().ok())
    };
    let (Some(selected), Some(tested)) = (number_after("Selected:"), number_after("Tested:"))
    else {
        return Tally::broken(format!("{run}: schemathesis tested no operation"));
    };
    // The last line is `=== 2 failures, 1 error, 3 warnings in 60.51s ===`, of which any part may be missing.
    let last: Vec<&str> = output
        .lines()
        .last()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let failed = last
        .windows(2)
        .filter(|pair| pair[1].starts_with("failure") || pair[1].starts_with("error"))
        .filter_map(|pair| pair[0].parse::<u64>().ok())
        .sum();
    let mut tally = Tally {
        passed: tested.saturating_sub(failed),
        failed,
        ..Tally::default()
    };
    // Those that it skips or that fall over are in neither number but the first.
    if tested < selected {
        tally.complaints.push(format!(
            "{run}: {} of {selected} operations left out",
            selected - tested
        ));
    }
    tally
}

/// Reads what the simulation prints: each seed is a test, and the last line counts those with a violation.
pub fn of_simulation(output: &str) -> Tally {
    let last = output.lines().last().unwrap_or_default();
    let counts = last
        .strip_suffix(" violations")
        .and_then(|counts| counts.split_once(" seeds, "))
        .and_then(|(seeds, failed)| Some((seeds.parse::<u64>().ok()?, failed.parse().ok()?)));
    let Some((seeds, failed)) = counts else {
        return Tally::broken(format!("the simulation ended with `{last}`"));
    };
    Tally {
        passed: seeds.saturating_sub(failed),
        failed,
        ..Tally::default()
    }
}

/// Reads what the harness prints: each look at rest is a test, and a run that does not say how often it looked is one. The last
/// line counts what was wrong.
pub fn of_harness(run: &str, output: &str) -> Tally {
    let last = output.lines().last().unwrap_or_default();
    let count = |word| {
        last.split(", ")
            .find_map(|part| part.strip_suffix(word)?.trim().parse::<u64>().ok())
    };
    let Some(failed) = count("violations") else {
        return Tally::broken(format!("{run}: the harness ended with `{last}`"));
    };
    Tally {
        passed: count("looks").unwrap_or(1).saturating_sub(failed),
        failed,
        ..Tally::default()
    }
}

/// The number that stands before a word: 3 in `ok. 3 passed; 0 failed`.
fn count_before(text: &str, word: &str) -> u64 {
    text.split([';', '.'])
        .filter_map(|part| part.trim().strip_suffix(word))
        .find_map(|number| number.trim().parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
     Running unittests src/lib.rs (target/debug/deps/a-1)
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/laws.rs (target/debug/deps/laws-1)
test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests domain
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";

    #[test]
    fn counts_of_all_suites_are_added() {
        assert_eq!(
            of_cargo_test(GOOD),
            Tally {
                passed: 15,
                failed: 2,
                ..Tally::default()
            }
        );
    }

    #[test]
    fn a_failed_test_is_named() {
        let bad = GOOD.replace("   Doc-tests", "test a::b ... FAILED\n   Doc-tests");
        let said = "test a::b ... FAILED in tests/laws.rs (target/debug/deps/laws-1)";
        assert_eq!(of_cargo_test(&bad).said, [said]);
    }

    #[test]
    fn an_ignored_or_filtered_test_is_a_failure() {
        for kind in ["ignored", "filtered out"] {
            let bad = GOOD.replace(&format!("0 {kind}"), &format!("1 {kind}"));
            assert_eq!(of_cargo_test(&bad).complaints.len(), 3, "{kind}");
        }
    }

    #[test]
    fn an_integration_suite_that_ran_nothing_is_a_failure() {
        let empty = GOOD.replace("12 passed; 2 failed", "0 passed; 0 failed");
        assert_eq!(
            of_cargo_test(&empty).complaints,
            ["no test ran in tests/laws.rs (target/debug/deps/laws-1)"]
        );
    }

    #[test]
    fn nothing_at_all_is_a_failure() {
        assert_eq!(
            of_cargo_test("error: could not compile")
                .judged(false)
                .failures(),
            1
        );
        assert_eq!(Tally::default().judged(true).failures(), 1);
    }

    #[test]
    fn a_program_that_fails_without_a_failed_test_is_a_failure() {
        assert_eq!(Tally::check(true).judged(false).failures(), 1);
        assert_eq!(Tally::check(false).judged(false).failures(), 1);
        assert_eq!(Tally::check(true).judged(true).failures(), 0);
    }

    /// The end of what schemathesis 4.32.5 printed, without what it says of each warning.
    const SCHEMATHESIS: &str = "\
=================================== SUMMARY ====================================

API Operations:
  Selected: 68/69
  Tested: 68

Test Phases:
  ✅ Examples
  ✅ Coverage
  ✅ Fuzzing
  ✅ Stateful

Warnings:
  ⚠️ Authentication failed: 4 operations returned only 401/403 responses

Test cases:
  9986 generated, 9986 passed, 88 skipped

Seed: 1

============================ 3 warnings in 408.65s =============================
";

    #[test]
    fn findings_of_schemathesis_are_failures() {
        let good = of_schemathesis("x", SCHEMATHESIS);
        assert_eq!((good.passed, good.failures()), (68, 0));
        let bad = SCHEMATHESIS.replace("= 3 warnings", "= 2 failures, 1 error, 3 warnings");
        let bad = of_schemathesis("x", &bad);
        assert_eq!((bad.passed, bad.failures()), (65, 3));
        assert_eq!(of_schemathesis("x", "could not connect").failures(), 1);
    }

    #[test]
    fn an_operation_that_schemathesis_did_not_test_is_a_failure() {
        let skipped = SCHEMATHESIS.replace("Tested: 68", "Tested: 66\n  Skipped: 2");
        let skipped = of_schemathesis("x", &skipped);
        assert_eq!((skipped.passed, skipped.failures()), (66, 1));
        assert_eq!(skipped.complaints, ["x: 2 of 68 operations left out"]);
    }

    #[test]
    fn seeds_with_a_violation_are_failures() {
        let tally = of_simulation("9 requests\n300 seeds, 2 violations\n");
        assert_eq!((tally.passed, tally.failures()), (298, 2));
        assert_eq!(of_simulation("thread 'main' panicked").failures(), 1);
        assert_eq!(of_simulation("").failures(), 1);
    }

    #[test]
    fn what_is_wrong_after_kills_is_a_failure() {
        let good = of_harness("x", "a line\n50 kills, 2 looks, 0 violations\n");
        assert_eq!((good.passed, good.failures()), (2, 0));
        let bad = of_harness("x", "a machine is left\n25 kills, 1 looks, 3 violations\n");
        assert_eq!((bad.passed, bad.failures()), (0, 3));
        let storm = of_harness("x", "9 requests, 2 machines at a time, 0 violations");
        assert_eq!((storm.passed, storm.failures()), (1, 0));
        assert_eq!(of_harness("x", "weir does not start").failures(), 1);
        assert_eq!(of_harness("x", "").failures(), 1);
    }

    #[test]
    fn flaky_and_skipped_browser_tests_are_failures() {
        let tally = of_playwright(
            r#"{"stats": {"expected": 4, "unexpected": 1, "flaky": 1, "skipped": 2}}"#,
        );
        assert_eq!((tally.passed, tally.failures()), (4, 3));
        assert_eq!(of_playwright("{}").failures(), 1);
        assert_eq!(of_playwright("no").failures(), 1);
    }

    #[test]
    fn a_failed_browser_test_says_what_it_met() {
        let error =
            r#"{"message": "\u001b[2mexpect(\u001b[22mURL)\nIt was /a", "location": {"line": 7}}"#;
        let test = |errors: &str| {
            format!(r#"{{"projectName": "wide", "results": [{{"errors": [{errors}]}}]}}"#)
        };
        let spec = |title: &str, errors: &str| {
            format!(r#"{{"title": "{title}", "tests": [{}]}}"#, test(errors))
        };
        let report = format!(
            r#"{{"stats": {{"expected": 1, "unexpected": 1, "flaky": 0, "skipped": 0}},
                "suites": [{{"file": "a.spec.ts", "specs": [{}], "suites": [{{"specs": [{}]}}]}}]}}"#,
            spec("good", ""),
            spec("bad", error)
        );
        assert_eq!(
            of_playwright(&report).said,
            ["[wide] a.spec.ts: bad\nexpect(URL)\nIt was /a\n  at line 7"]
        );
    }
}
