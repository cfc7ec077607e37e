//! How a server came up: the phases of its start against what is usual in its pool, and what it said on the way.

use domain::server::{Origin, Server, ServerState};
use domain::start::{ServerHistory, ServerStep, StartTimes};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::components::table::table;
use crate::components::time::{Age, AgeAs, Now, Time};
use crate::text::{common, server_start as text, words};

/// The width of the drawing, in its own units.
const WIDTH: i64 = 1000;

/// One phase of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Phase {
    word: &'static str,
    /// When it began, if it did.
    from: Option<Timestamp>,
    /// When it ended, if it did.
    until: Option<Timestamp>,
    /// When it usually begins and ends, in milliseconds after the server was asked for.
    usual: Option<(i64, i64)>,
}

impl Phase {
    fn took(&self) -> Option<i64> {
        Some(self.until?.since(self.from?).max(0))
    }
}

/// The phases from the moment at which the server was asked for.
fn phases(asked_at: Timestamp, steps: &[ServerStep], usual: Option<&StartTimes>) -> [Phase; 3] {
    let first = |words: &[&str]| {
        let is_it = |step: &&ServerStep| words.contains(&step.state.as_str());
        steps.iter().find(is_it).map(|step| step.at)
    };
    let failed_at = first(&["failed", "deleting", "deleted"]);
    let ready_at = first(&["running"]);
    // A step that was not seen took no time of its own: the next one stands for it.
    let up_at = first(&["booting"]).or(ready_at);
    let accepted_at = first(&["provisioning"]).or(up_at);
    let usual = usual.map(|usual| {
        let (accepted, up) = (usual.accepted_millis, usual.up_millis);
        [(0, accepted), (accepted, up), (up, usual.ready_millis)]
    });
    let phase = |at: usize, word, from: Option<Timestamp>, until: Option<Timestamp>| Phase {
        word,
        from,
        // One that a failure has cut off ended with it.
        until: until.or(from.and(failed_at)),
        usual: usual.map(|usual| usual[at]),
    };
    [
        phase(0, text::ACCEPTED, Some(asked_at), accepted_at),
        phase(1, text::UP, accepted_at, up_at),
        phase(2, text::SCRIPT, up_at, ready_at),
    ]
}

/// The phases of a server's start, drawn on one line of time, and its steps as a list.
pub fn start_section(server: &Server, history: &ServerHistory) -> AnyView {
    // Of a fixed server, and of one from before steps were kept, nobody has seen a start.
    let is_seen = |step: &ServerStep| matches!(step.state.as_str(), "provisioning" | "booting");
    let has_start = matches!(server.origin, Origin::Scaled { .. })
        && (server.status.is_in_flight() || history.steps.iter().any(is_seen));
    let now = expect_context::<Now>();
    let phases = has_start.then(|| {
        let (server, usual) = (server.clone(), history.usual);
        let phases = phases(server.created_at, &history.steps, usual.as_ref());
        let is_under_way = server.status.is_in_flight();
        move || {
            // The bar of a phase that is under way grows.
            let now = is_under_way.then(|| now.get()).flatten();
            waterfall(
                &server,
                &phases,
                usual.as_ref(),
                now.map(Timestamp::from_millis),
            )
        }
    });
    let first_session = history.first_session_at.map(|at| {
        view! {
            <p class="muted">
                {text::FIRST_SESSION} <Time at=at /> {text::FIRST_SESSION_END}
            </p>
        }
    });
    view! {
        {phases}
        {first_session}
        {step_table(&history.steps)}
    }
    .into_any()
}

/// `now`: while a phase is under way, as far as the time is known.
fn waterfall(
    server: &Server,
    phases: &[Phase],
    usual: Option<&StartTimes>,
    now: Option<Timestamp>,
) -> AnyView {
    let asked_at = server.created_at;
    let offset = |at: Timestamp| at.since(asked_at).max(0);
    let ends = phases.iter().flat_map(|phase| {
        let seen = phase
            .until
            .or(phase.from.and(now))
            .or(phase.from)
            .map(offset);
        [seen, phase.usual.map(|(_, until)| until)]
    });
    let whole = ends.flatten().max().unwrap_or(0).max(1);
    let scaled = |millis: i64| millis.saturating_mul(WIDTH) / whole;
    let slowest = phases.iter().filter_map(Phase::took).max();
    let is_over = matches!(
        server.status,
        ServerState::Failed { .. } | ServerState::Deleting { .. } | ServerState::Deleted { .. }
    );
    let rows = phases.iter().map(|phase| {
        let took = match (phase.took(), phase.from) {
            (Some(took), _) => {
                // With one phase done there is nothing to compare.
                let is_slowest =
                    Some(took) == slowest && phases.iter().all(|one| one.took().is_some());
                let mark = is_slowest.then_some(text::LONGEST);
                view! { {words::took(took)} {mark} }.into_any()
            }
            (None, Some(from)) if !is_over => {
                view! { <Age since=from part_of=AgeAs::Lasting /> }.into_any()
            }
            _ => view! { <span class="muted">{text::NOT_REACHED}</span> }.into_any(),
        };
        let bar = |class: &'static str, y: &'static str, from: i64, until: i64| {
            // What took no time is a line all the same.
            let width = (scaled(until) - scaled(from)).max(4);
            let x = scaled(from).min(WIDTH - width);
            view! { <rect class=class x=x y=y width=width height="6" /> }
        };
        let seen = phase
            .from
            .zip(phase.until.or(now))
            .map(|(from, until)| bar("seen", "1", offset(from), offset(until)));
        let ghost = phase
            .usual
            .map(|(from, until)| bar("usual", "9", from, until));
        vec![
            phase.word.into_any(),
            took,
            phase
                .usual
                .map(|(from, until)| words::took(until - from))
                .into_any(),
            view! {
                <svg
                    class="waterfall"
                    viewBox=format!("0 0 {WIDTH} 16")
                    preserveAspectRatio="none"
                    aria-hidden="true"
                >
                    {seen}
                    {ghost}
                </svg>
            }
            .into_any(),
        ]
    });
    let basis = usual.map_or_else(
        || text::FEW_STARTS.to_owned(),
        |usual| text::usual_of(usual.starts),
    );
    view! {
        {table(text::PHASES, &[text::PHASE, text::TOOK, text::USUALLY, text::TIMELINE], rows.collect())}
        <p class="muted">{basis}</p>
    }
    .into_any()
}

fn step_table(steps: &[ServerStep]) -> AnyView {
    if steps.is_empty() {
        return ().into_any();
    }
    let rows = steps.iter().map(|step| {
        vec![
            view! { <Time at=step.at /> }.into_any(),
            words::step(&step.state).into_any(),
            step.progress_percent.map(common::percent).into_any(),
            step.message.clone().into_any(),
        ]
    });
    view! {
        <h3>{text::STEPS}</h3>
        {table(text::STEPS, &[common::WHEN, common::STATE, common::PROGRESS, text::MESSAGE], rows.collect())}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(millis: i64, state: &str) -> ServerStep {
        ServerStep {
            at: Timestamp::from_millis(millis),
            state: state.to_owned(),
            progress_percent: None,
            message: None,
        }
    }

    fn took(steps: &[ServerStep]) -> [Option<i64>; 3] {
        phases(Timestamp::from_millis(0), steps, None).map(|phase| phase.took())
    }

    #[test]
    fn phases_end_where_the_next_begins() {
        let steps = [
            step(10, "provisioning"),
            step(30, "booting"),
            step(40, "booting"),
            step(100, "running"),
            step(500, "draining"),
        ];
        assert_eq!(took(&steps), [Some(10), Some(20), Some(70)]);
        // One that the provider made at once has no time of its own.
        assert_eq!(
            took(&[step(30, "booting"), step(100, "running")]),
            [Some(30), Some(0), Some(70)]
        );
    }

    #[test]
    fn a_failure_ends_the_phase_that_it_met() {
        let steps = [step(10, "provisioning"), step(90, "failed")];
        assert_eq!(took(&steps), [Some(10), Some(80), None]);
        assert_eq!(took(&[]), [None, None, None]);
    }

    #[test]
    fn what_is_usual_stands_beside_each_phase() {
        let usual = StartTimes {
            starts: 5,
            accepted_millis: 10,
            up_millis: 30,
            ready_millis: 100,
            ready_p95_millis: 200,
        };
        let phases = phases(Timestamp::from_millis(0), &[], Some(&usual));
        assert_eq!(
            phases.map(|phase| phase.usual),
            [Some((0, 10)), Some((10, 30)), Some((30, 100))]
        );
    }
}
