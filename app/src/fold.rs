//! Decisions in a row that say the same, as one.
//!
//! The loop records a decision whenever its report differs from the one before, even where only a time has moved or another
//! person waits in the same place. Here those that give the same reasons with the same numbers are taken together, out of
//! what a page of the list holds: a row that goes on beyond its page is a row on each.

use domain::id::DecisionId;
use domain::plan::{ConfigReport, Decision, Downscale, Finding, Reason, Upscale};

use crate::text::words;

/// Decisions that say the same, newest first; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// What it is told by as long as it is looked at, while newer decisions join it and older ones leave the page.
    pub key: DecisionId,
    newest: Decision,
    older: Vec<Decision>,
}

impl Fold {
    /// The one decision.
    pub const fn one(decision: Decision) -> Self {
        Self {
            key: decision.id,
            newest: decision,
            older: Vec::new(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.older.len()).map_or(u32::MAX, |older| older.saturating_add(1))
    }

    /// The newest: what they say, with the newest times.
    pub const fn newest(&self) -> &Decision {
        &self.newest
    }

    /// The oldest.
    pub fn oldest(&self) -> &Decision {
        self.older.last().unwrap_or(&self.newest)
    }

    /// All of them, newest first.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

/// Takes together what stands next to each other and says the same. `before` is what was looked at until now: a row that
/// shares a decision with one of it keeps its key.
pub fn fold(decisions: Vec<Decision>, before: &[Fold]) -> Vec<Fold> {
    let mut folds: Vec<Fold> = Vec::new();
    for decision in decisions {
        match folds.last_mut() {
            Some(last) if say_the_same(last.oldest(), &decision) => last.older.push(decision),
            _ => folds.push(Fold::one(decision)),
        }
    }
    for fold in &mut folds {
        let is_in = |old: &&Fold| {
            let mut ids = fold.decisions().map(|one| one.id);
            ids.any(|id| old.decisions().any(|one| one.id == id))
        };
        fold.key = before
            .iter()
            .find(is_in)
            // The oldest stays in it while newer ones come.
            .map_or_else(|| fold.oldest().id, |old| old.key);
    }
    folds
}

fn say_the_same(one: &Decision, other: &Decision) -> bool {
    let (one, other) = (&one.report, &other.report);
    let configs = || one.configs.iter().zip(&other.configs);
    same_findings(&one.findings, &other.findings)
        && one.configs.len() == other.configs.len()
        && configs().all(|(one, other)| same_config(one, other))
}

fn same_config(one: &ConfigReport, other: &ConfigReport) -> bool {
    // An edit is something to see, whatever came of it.
    (one.config_id, one.config_version) == (other.config_id, other.config_version)
        && one.problem == other.problem
        && same_findings(&one.findings, &other.findings)
        && up(one) == up(other)
        && down(&one.down) == down(&other.down)
}

/// The same reasons as often; times and the one server or person that each is about may differ.
fn same_findings(one: &[Finding], other: &[Finding]) -> bool {
    fn said(findings: &[Finding]) -> impl Iterator<Item = (Reason, u32)> {
        let findings = findings
            .iter()
            .filter(|finding| !words::is_chatter(finding));
        findings.map(|finding| (finding.reason, finding.count))
    }
    said(one).eq(said(other))
}

/// The numbers of scaling up. The creates of the last hour become fewer by themselves, and matter only where they hold back.
fn up(report: &ConfigReport) -> Upscale {
    let is_held_by_them = |finding: &Finding| finding.reason == Reason::HeldCreatesPerHour;
    let creates_last_hour = if report.findings.iter().any(is_held_by_them) {
        report.up.creates_last_hour
    } else {
        0
    };
    Upscale {
        creates_last_hour,
        ..report.up
    }
}

/// The numbers of scaling down, without its times.
fn down(down: &Downscale) -> Downscale {
    Downscale {
        surplus_since: None,
        due_at: None,
        ..*down
    }
}

#[cfg(test)]
mod tests {
    use domain::id::{ConfigId, PoolId, ProviderId, SessionId, ZoneId};
    use domain::plan::PoolReport;
    use domain::timestamp::Timestamp;

    use super::*;

    const BARE: &str = "01980000-0000-7000-8000-000000000001";

    fn id(number: u32) -> DecisionId {
        DecisionId::from_bare(&format!("01980000-0000-7000-8000-{number:012}")).expect("an id")
    }

    /// A decision of this number, with one config that is held for this reason.
    fn held(number: u32, reason: Reason) -> Decision {
        let pool_id = PoolId::from_bare(BARE).expect("an id");
        let config = ConfigReport {
            config_id: ConfigId::from_bare(BARE).expect("an id"),
            config_version: 1,
            zone_id: ZoneId::from_bare(BARE).expect("an id"),
            provider_id: ProviderId::from_bare(BARE).expect("an id"),
            up: Upscale::default(),
            down: Downscale::default(),
            findings: vec![Finding::new(reason, 1)],
            problem: None,
        };
        Decision {
            id: id(number),
            pool_id,
            at: Timestamp::from_millis(i64::from(number) * 1000),
            report: PoolReport {
                pool_id,
                configs: vec![config],
                findings: Vec::new(),
            },
        }
    }

    /// The numbers of the decisions in each fold, with its key.
    fn told(folds: &[Fold]) -> Vec<(DecisionId, Vec<DecisionId>)> {
        let ids = |fold: &Fold| fold.decisions().map(|one| one.id).collect();
        folds.iter().map(|fold| (fold.key, ids(fold))).collect()
    }

    #[test]
    fn what_says_the_same_in_a_row_is_one() {
        let (limit, enough) = (Reason::HeldAtLimit, Reason::HeldEnough);
        let folds = fold(
            vec![
                held(5, limit),
                held(4, limit),
                held(3, enough),
                held(2, limit),
            ],
            &[],
        );
        assert_eq!(
            told(&folds),
            [
                (id(4), vec![id(5), id(4)]),
                (id(3), vec![id(3)]),
                (id(2), vec![id(2)])
            ]
        );
        assert_eq!((folds[0].count(), folds[1].count()), (2, 1));
        assert_eq!(folds[0].newest().id, id(5));
        assert_eq!(folds[0].oldest().id, id(4));
    }

    #[test]
    fn a_row_keeps_its_key_while_it_grows_and_is_cut() {
        let limit = |numbers: std::ops::RangeInclusive<u32>| {
            numbers
                .rev()
                .map(|number| held(number, Reason::HeldAtLimit))
                .collect::<Vec<_>>()
        };
        let first = fold(limit(1..=3), &[]);
        assert_eq!(first[0].key, id(1));
        let grown = fold(limit(2..=4), &first);
        assert_eq!(told(&grown), [(id(1), vec![id(4), id(3), id(2)])]);
        // Another page has nothing in common with it.
        let other = fold(limit(7..=8), &grown);
        assert_eq!(other[0].key, id(7));
    }

    #[test]
    fn times_people_and_the_hour_that_goes_by_are_no_other_reason() {
        let one = held(1, Reason::KeptBackoff);
        let mut other = held(2, Reason::KeptBackoff);
        let session = SessionId::from_bare(BARE).expect("an id");
        let report = &mut other.report;
        report
            .findings
            .push(Finding::new(Reason::SeenInList, 1).of_session(session));
        let config = &mut report.configs[0];
        config.findings[0].until = Some(other.at);
        config.down.due_at = Some(other.at);
        config.up.creates_last_hour = 3;
        assert!(say_the_same(&one, &other));
    }

    #[test]
    fn another_number_another_version_and_another_reason_are_told_apart() {
        let change = |change: fn(&mut ConfigReport)| {
            let one = held(1, Reason::HeldCreatesPerHour);
            let mut other = one.clone();
            change(&mut other.report.configs[0]);
            say_the_same(&one, &other)
        };
        assert!(change(|_| ()));
        assert!(!change(|config| config.up.waiting = 1));
        assert!(!change(|config| config.up.creates_last_hour = 1));
        assert!(!change(|config| config.down.removable = 1));
        assert!(!change(|config| config.config_version = 2));
        assert!(!change(|config| config.findings[0].count = 2));
        assert!(!change(|config| config.problem = Some("No.".to_owned())));
        assert!(!change(|config| config.findings.clear()));
    }
}
