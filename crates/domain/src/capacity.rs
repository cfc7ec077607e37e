//! What a pool held over time, from what is recorded of its servers and sessions.

use serde::{Deserialize, Serialize};

use crate::id::{ConfigId, DecisionId, PoolId};
use crate::plan::{Decision, Finding, Reason};
use crate::timestamp::Timestamp;

/// What a pool held over a stretch of time, as equal steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capacity {
    /// When the first step begins.
    pub from: Timestamp,
    /// When the last step ends: now.
    pub until: Timestamp,
    /// The length of a step, in milliseconds.
    pub step_millis: i64,
    /// The steps, oldest first.
    pub steps: Vec<CapacityStep>,
    /// What is held at `until`.
    pub now: CapacityNow,
    /// The decisions that stand out, oldest first: of each kind the newest in a step.
    pub marks: Vec<CapacityMark>,
}

/// A decision that has changed what a pool holds, or could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CapacityMark {
    /// What it did.
    pub kind: MarkKind,
    /// When.
    pub at: Timestamp,
    /// Which it was.
    pub decision_id: DecisionId,
}

/// What a decision did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MarkKind {
    /// It wanted a server and, other than the decision before, something kept it from making one.
    CouldNotGrow,
    /// It was the first with other configs, or other versions of them.
    Edited,
    /// It made servers.
    Grew,
    /// It took servers away.
    Shrank,
}

/// What a pool holds at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CapacityNow {
    /// Seats of running servers.
    pub seats: u32,
    /// Sessions that take a seat.
    pub in_use: u32,
    /// People who wait.
    pub waiting: u32,
    /// Free seats that the configs keep ready.
    pub minimum: u32,
}

/// What a pool held in one step of time. Each figure is the highest within the step, so nothing short is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CapacityStep {
    /// Seats of running servers, by the limits that hold now.
    pub seats: u32,
    /// Sessions that took a seat.
    pub in_use: u32,
    /// People who waited.
    pub waiting: u32,
    /// Free seats that the configs kept ready, as far back as decisions are looked at.
    pub minimum: u32,
    /// Servers that became ready.
    pub grown: u32,
    /// Servers that took no more sessions from then on.
    pub shrunk: u32,
}

/// What a pool held in the last hour, in few steps: enough for a small line in a list of pools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CapacityLine {
    /// The pool.
    pub pool_id: PoolId,
    /// The highest number of seats in each step, oldest first.
    pub seats: Vec<u32>,
    /// The highest number of sessions that took a seat.
    pub in_use: Vec<u32>,
    /// The highest number of people who waited.
    pub waiting: Vec<u32>,
}

/// Something that lasted: a server that took sessions, a session, a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// What.
    pub what: Held,
    /// Since when.
    pub from: Timestamp,
    /// Until when; none while it lasts.
    pub until: Option<Timestamp>,
}

/// What lasts for a while in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// A server that takes sessions, with this many seats.
    Server(u32),
    /// A session that takes a seat.
    Session,
    /// Somebody who waits for a seat.
    Wait,
}

/// A change of what a pool holds.
struct Change {
    at: Timestamp,
    what: Held,
    begins: bool,
}

impl Capacity {
    /// Steps of a stretch: as many as a chart can show.
    pub const STEPS: u32 = 120;

    /// What was held in the `millis` before `now`, in so many steps.
    pub fn of(spans: &[Span], now: Timestamp, millis: i64, steps: u32) -> Self {
        let steps = i64::from(steps.max(1));
        let step_millis = (millis / steps).max(1);
        let from = now.plus_millis(-step_millis * steps);
        let mut changes: Vec<Change> = spans
            .iter()
            // What ended as it began has held nothing; where clocks differ, it may even seem to have ended before.
            .filter(|span| {
                span.until
                    .is_none_or(|until| until >= from && until > span.from)
            })
            .flat_map(|span| {
                let change = |at, begins| Change {
                    at,
                    what: span.what,
                    begins,
                };
                let end = span.until.map(|until| change(until, false));
                [Some(change(span.from, true)), end].into_iter().flatten()
            })
            .filter(|change| change.at <= now)
            .collect();
        // What ends at a moment makes room for what begins then.
        changes.sort_by_key(|change| (change.at, change.begins));

        let mut held = CapacityNow::default();
        let mut changes = changes.iter().peekable();
        while let Some(change) = changes.next_if(|change| change.at < from) {
            held.apply(change);
        }
        let steps = (1..=steps)
            .map(|number| {
                let end = from.plus_millis(number * step_millis);
                let mut step = CapacityStep {
                    seats: held.seats,
                    in_use: held.in_use,
                    waiting: held.waiting,
                    ..CapacityStep::default()
                };
                while let Some(change) = changes.next_if(|change| change.at < end) {
                    held.apply(change);
                    step.seats = step.seats.max(held.seats);
                    step.in_use = step.in_use.max(held.in_use);
                    step.waiting = step.waiting.max(held.waiting);
                    if matches!(change.what, Held::Server(_)) {
                        step.grown += u32::from(change.begins);
                        step.shrunk += u32::from(!change.begins);
                    }
                }
                step
            })
            .collect();
        // What has changed at this very moment is in no step yet.
        changes.for_each(|change| held.apply(change));
        Self {
            from,
            until: now,
            step_millis,
            steps,
            now: held,
            marks: Vec::new(),
        }
    }

    /// Adds what decisions tell: those within the stretch and the one before it, oldest first.
    #[must_use]
    pub fn with_decisions(mut self, decisions: &[Decision]) -> Self {
        let mut decisions = decisions.iter().peekable();
        let mut last: Option<&Decision> = None;
        while let Some(decision) = decisions.next_if(|decision| decision.at < self.from) {
            last = Some(decision);
        }
        for (number, step) in (1..).zip(&mut self.steps) {
            let end = self.from.plus_millis(number * self.step_millis);
            let mut marks: Vec<CapacityMark> = Vec::new();
            step.minimum = last.map_or(0, minimum);
            while let Some(decision) = decisions.next_if(|decision| decision.at < end) {
                step.minimum = step.minimum.max(minimum(decision));
                for kind in kinds(last, decision) {
                    marks.retain(|mark| mark.kind != kind);
                    marks.push(CapacityMark {
                        kind,
                        at: decision.at,
                        decision_id: decision.id,
                    });
                }
                last = Some(decision);
            }
            self.marks.extend(marks);
        }
        self.now.minimum = decisions.last().or(last).map_or(0, minimum);
        self
    }

    /// When a step begins.
    pub fn starts_at(&self, step: usize) -> Timestamp {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.from.plus_millis(step.saturating_mul(self.step_millis))
    }
}

fn minimum(decision: &Decision) -> u32 {
    let configs = decision.report.configs.iter();
    configs.fold(0, |sum, config| sum.saturating_add(config.up.minimum))
}

fn kinds(before: Option<&Decision>, decision: &Decision) -> Vec<MarkKind> {
    let configs = &decision.report.configs;
    let is_edited = before.is_some_and(|before| versions(before) != versions(decision));
    let known = before.map(obstacles).unwrap_or_default();
    let is_stopped = obstacles(decision)
        .iter()
        .any(|reason| !known.contains(reason));
    let grew = configs.iter().any(|config| config.up.create > 0);
    let shrank = findings(decision).any(|finding| {
        let family = finding.reason.code().split_once('.');
        family.is_some_and(|(family, _)| family == "shrank")
    });
    [
        (MarkKind::CouldNotGrow, is_stopped),
        (MarkKind::Edited, is_edited),
        (MarkKind::Grew, grew),
        (MarkKind::Shrank, shrank),
    ]
    .into_iter()
    .filter_map(|(kind, is_so)| is_so.then_some(kind))
    .collect()
}

fn versions(decision: &Decision) -> Vec<(ConfigId, i64)> {
    let configs = decision.report.configs.iter();
    configs
        .map(|config| (config.config_id, config.config_version))
        .collect()
}

fn obstacles(decision: &Decision) -> Vec<Reason> {
    findings(decision)
        .map(|finding| finding.reason)
        .filter(|reason| reason.is_obstacle())
        .collect()
}

fn findings(decision: &Decision) -> impl Iterator<Item = &Finding> {
    let report = &decision.report;
    let of_configs = report.configs.iter().flat_map(|config| &config.findings);
    report.findings.iter().chain(of_configs)
}

impl CapacityLine {
    /// Steps of a line.
    const STEPS: u32 = 30;
    /// The length of a step: two minutes.
    pub const STEP_MILLIS: i64 = Timestamp::HOUR_MILLIS / Self::STEPS as i64;

    /// What a pool held in the hour before `now`.
    pub fn of(pool_id: PoolId, spans: &[Span], now: Timestamp) -> Self {
        let steps = Capacity::of(spans, now, Timestamp::HOUR_MILLIS, Self::STEPS).steps;
        let of = |figure: fn(&CapacityStep) -> u32| steps.iter().map(figure).collect();
        Self {
            pool_id,
            seats: of(|step| step.seats),
            in_use: of(|step| step.in_use),
            waiting: of(|step| step.waiting),
        }
    }
}

impl CapacityNow {
    fn apply(&mut self, change: &Change) {
        let (count, by) = match change.what {
            Held::Server(seats) => (&mut self.seats, seats),
            Held::Session => (&mut self.in_use, 1),
            Held::Wait => (&mut self.waiting, 1),
        };
        *count = if change.begins {
            count.saturating_add(by)
        } else {
            count.saturating_sub(by)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ProviderId, ZoneId};
    use crate::plan::{ConfigReport, Downscale, PoolReport, Upscale};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn span(what: Held, from: i64, until: Option<i64>) -> Span {
        Span {
            what,
            from: NOW.plus_millis(from),
            until: until.map(|millis| NOW.plus_millis(millis)),
        }
    }

    /// In steps of 10 ms, of which the last ends now.
    fn held(spans: &[Span]) -> Vec<CapacityStep> {
        Capacity::of(spans, NOW, 1200, 120).steps
    }

    #[test]
    fn what_lasts_is_held_from_its_beginning_to_its_end() {
        let steps = held(&[
            span(Held::Server(4), -5000, None),
            span(Held::Server(2), -35, Some(-15)),
            span(Held::Session, -25, None),
            span(Held::Wait, -3, Some(-2)),
            span(Held::Session, -9000, Some(-8000)),
        ]);
        assert_eq!(steps.len(), 120);
        let quiet = CapacityStep {
            seats: 4,
            ..CapacityStep::default()
        };
        assert_eq!(steps[0], quiet);
        assert_eq!(steps[115], quiet);
        let busy = |seats, in_use, waiting, grown, shrunk| CapacityStep {
            seats,
            in_use,
            waiting,
            minimum: 0,
            grown,
            shrunk,
        };
        assert_eq!(
            steps[116..],
            [
                busy(6, 0, 0, 1, 0),
                busy(6, 1, 0, 0, 0),
                // It was there at the beginning of the step in which it went.
                busy(6, 1, 0, 0, 1),
                // However short, a wait is seen.
                busy(4, 1, 1, 0, 0),
            ]
        );
    }

    #[test]
    fn a_seat_that_changes_hands_is_taken_once() {
        let steps = held(&[
            span(Held::Session, -50, Some(-5)),
            span(Held::Session, -5, None),
        ]);
        assert_eq!(steps[119].in_use, 1);
    }

    #[test]
    fn what_is_over_is_not_there_now() {
        let spans = [
            span(Held::Server(2), -500, None),
            span(Held::Session, -5, Some(-1)),
            span(Held::Session, -3, Some(0)),
        ];
        let capacity = Capacity::of(&spans, NOW, 1200, 120);
        assert_eq!(capacity.steps[119].in_use, 2);
        let now = CapacityNow {
            seats: 2,
            ..CapacityNow::default()
        };
        assert_eq!(capacity.now, now);
    }

    #[test]
    fn what_lasted_no_time_is_not_held_for_ever() {
        let spans = [
            span(Held::Session, -50, Some(-50)),
            span(Held::Session, -40, Some(-45)),
        ];
        assert_eq!(
            Capacity::of(&spans, NOW, 1200, 120).now,
            CapacityNow::default()
        );
    }

    #[test]
    fn a_line_is_an_hour_in_steps_of_two_minutes() {
        let pool = PoolId::from_uuid(uuid::Uuid::nil());
        let minutes = |count: i64| -count * 60_000;
        let spans = [
            span(Held::Server(4), minutes(90), None),
            span(Held::Session, minutes(3), Some(minutes(1))),
            span(Held::Wait, minutes(60), Some(minutes(59))),
        ];
        let line = CapacityLine::of(pool, &spans, NOW);
        assert_eq!(line.seats, [4; 30]);
        assert_eq!(line.in_use, [vec![0; 28], vec![1, 1]].concat());
        assert_eq!(line.waiting, [vec![1], vec![0; 29]].concat());
    }

    /// A decision so long before now, with a config of this version and minimum that has this to say.
    fn decision(number: u128, millis: i64, version: i64, minimum: u32, reason: Reason) -> Decision {
        let nil = uuid::Uuid::nil();
        let config = ConfigReport {
            config_id: ConfigId::from_uuid(nil),
            config_version: version,
            zone_id: ZoneId::from_uuid(nil),
            provider_id: ProviderId::from_uuid(nil),
            up: Upscale {
                minimum,
                create: u32::from(reason == Reason::GrewBelowMinimum),
                ..Upscale::default()
            },
            down: Downscale::default(),
            findings: vec![Finding::new(reason, 1)],
            problem: None,
        };
        Decision {
            id: DecisionId::from_uuid(uuid::Uuid::from_u128(number)),
            pool_id: PoolId::from_uuid(nil),
            at: NOW.plus_millis(millis),
            report: PoolReport {
                pool_id: PoolId::from_uuid(nil),
                configs: vec![config],
                findings: Vec::new(),
            },
        }
    }

    #[test]
    fn decisions_tell_the_minimum_and_what_stands_out() {
        let decisions = [
            decision(1, -5000, 1, 2, Reason::HeldAtLimit),
            // Held as before: nothing new.
            decision(2, -1195, 1, 2, Reason::HeldAtLimit),
            decision(3, -1005, 2, 5, Reason::GrewBelowMinimum),
            decision(4, -1003, 2, 5, Reason::GrewBelowMinimum),
            decision(5, -503, 2, 5, Reason::HeldBreakerOpen),
            decision(6, -2, 2, 5, Reason::ShrankSurplus),
            decision(7, 0, 3, 1, Reason::HeldEnough),
        ];
        let capacity = Capacity::of(&[], NOW, 1200, 120).with_decisions(&decisions);
        let minimum = |at: usize| capacity.steps[at].minimum;
        assert_eq!([0, 18, 19, 20, 119].map(minimum), [2, 2, 5, 5, 5]);
        assert_eq!(capacity.now.minimum, 1);
        let marks = capacity.marks.iter();
        let marks: Vec<_> = marks
            .map(|mark| (mark.kind, mark.decision_id.uuid().as_u128()))
            .collect();
        assert_eq!(
            marks,
            [
                (MarkKind::Edited, 3),
                (MarkKind::Grew, 4),
                (MarkKind::CouldNotGrow, 5),
                (MarkKind::Shrank, 6),
            ]
        );
    }

    #[test]
    fn without_decisions_nothing_is_said_of_them() {
        let capacity = Capacity::of(&[], NOW, 1200, 120);
        assert_eq!(capacity.clone().with_decisions(&[]), capacity);
    }

    #[test]
    fn steps_know_when_they_begin() {
        let capacity = Capacity::of(&[], NOW, 1200, 120);
        assert_eq!(capacity.starts_at(0), NOW.plus_millis(-1200));
        assert_eq!(capacity.starts_at(119), NOW.plus_millis(-10));
        assert_eq!(capacity.until, NOW);
    }
}
