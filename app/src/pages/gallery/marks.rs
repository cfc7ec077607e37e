//! What says something in little space: badges, times, lines, conclusions.

use domain::capacity::CapacityLine;
use domain::plan::{ConfigReport, Downscale, Finding, Reason, Upscale};
use leptos::prelude::*;

use super::{NOW, id, row, state, within};
use crate::components::badge::Badge;
use crate::components::finding::finding_list;
use crate::components::step_line::small_chart;
use crate::components::time::{Age, AgeAs, Now, Time, TimeAs};
use crate::text::words::{Shape, StateWord};

/// Each shape with its colour.
pub fn badges() -> AnyView {
    let all = [
        ("Ready", Shape::Filled),
        ("In use", Shape::Half),
        ("Creating", Shape::Ring),
        ("Draining", Shape::Chevron),
        ("Failed", Shape::Cross),
        ("Deleted", Shape::Hollow),
    ];
    let badge = |(word, shape)| view! { <Badge state=StateWord { word, shape } /> };
    view! { <div class="actions">{all.map(badge).collect_view()}</div> }.into_any()
}

/// Points in time, and how long ago they are.
pub fn times() -> AnyView {
    row([
        state("As the server writes them", points()),
        state("Ages without a clock", ages()),
        within(
            || Now::provide_at(NOW),
            || state("Ages once the browser has taken over", ages()),
        ),
    ])
}

fn points() -> AnyView {
    view! {
        <p>
            <Time at=NOW />
        </p>
        <p>
            <Time at=NOW shown=TimeAs::OfDay />
        </p>
    }
    .into_any()
}

fn ages() -> AnyView {
    let since = NOW.plus_millis(-64_000);
    view! {
        <p>
            <Age since=since />
        </p>
        <p>"Seen " <Age since=since part_of=AgeAs::Ago /></p>
        <p>"Waiting " <Age since=since part_of=AgeAs::Lasting /></p>
    }
    .into_any()
}

/// The small lines of lists.
pub fn step_lines() -> AnyView {
    let line = |seats: &[u32], in_use: &[u32], waiting: &[u32]| {
        small_chart(&CapacityLine {
            pool_id: id("pool", 1),
            seats: seats.to_vec(),
            in_use: in_use.to_vec(),
            waiting: waiting.to_vec(),
        })
    };
    row([
        state("Nothing yet", line(&[0; 6], &[0; 6], &[0; 6])),
        state(
            "Some in use",
            line(&[2, 2, 4, 4, 4, 3], &[0, 1, 2, 4, 3, 1], &[0; 6]),
        ),
        state(
            "People wait",
            line(
                &[2, 2, 2, 2, 4, 4],
                &[2, 2, 2, 2, 3, 4],
                &[0, 1, 3, 2, 0, 0],
            ),
        ),
    ])
}

/// What was concluded about a config.
pub fn findings() -> AnyView {
    let report = report();
    view! {
        {state("With the ways to what decides them", finding_list(report.findings.iter(), Some(&report), true))}
        {state("In a preview, which leads nowhere", finding_list(report.findings.iter().take(2), Some(&report), false))}
    }
    .into_any()
}

/// What was weighed for a config that may not grow as it wants to.
pub fn report() -> ConfigReport {
    ConfigReport {
        config_id: id("cfg", 1),
        config_version: 3,
        zone_id: id("zone", 1),
        provider_id: id("prov", 1),
        up: Upscale {
            minimum: 4,
            waiting: 3,
            free_seats: 0,
            seats_in_flight: 1,
            want: 6,
            seats_per_server: 2,
            servers_wanted: 3,
            max_instances: 4,
            existing: 2,
            creates_last_hour: 2,
            creates_per_hour: 60,
            gate: 4,
            create: 2,
        },
        down: Downscale::default(),
        findings: vec![
            Finding::new(Reason::GrewBelowMinimum, 2),
            Finding::new(Reason::HeldAtLimit, 1),
            Finding::new(Reason::KeptBackoff, 1).until(NOW.plus_secs(120)),
            Finding::new(Reason::ShrankDrained, 1).of_server(id("srv", 1)),
            Finding::new(Reason::QueuedHeld, 1).until(NOW.plus_secs(900)),
            Finding::new(Reason::QueuedHeld, 1).until(NOW.plus_secs(880)),
            Finding::new(Reason::HeldEnough, 0),
        ],
        problem: None,
    }
}
