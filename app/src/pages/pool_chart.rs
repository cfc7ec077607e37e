//! What a pool held over time: seats, sessions and waits as lines of steps, and the same as a table.

use domain::capacity::{Capacity, CapacityNow, CapacityStep};
use domain::event::EventNoun;
use domain::id::PoolId;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::ApiResult;
use crate::api::pool::pool_capacity;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::loaded;
use crate::components::step_line;
use crate::components::table::table;
use crate::components::time::Time;
use crate::words;

/// Stretches of time that can be looked at, in hours, with their words.
const RANGES: [(u32, &str); 4] = [
    (1, "1 hour"),
    (6, "6 hours"),
    (24, "1 day"),
    (168, "7 days"),
];

/// The drawing's size, in its own units.
const SIZE: (u32, u32) = (1200, 160);

/// The chart of a pool; the address says how far it goes back (`?range=6`, in hours).
pub fn capacity_chart(id: Signal<ApiResult<PoolId>>) -> AnyView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let range = Memo::new(move |_| {
        let wanted = query.read().get("range");
        RANGES
            .into_iter()
            .find(|(hours, _)| Some(hours.to_string()) == wanted)
            .unwrap_or(RANGES[0])
    });
    let capacity = data(move || {
        let (id, (hours, _)) = (id.get(), range.get());
        // A step of a longer range lasts for minutes: it is not worth asking anew for each event.
        if hours == RANGES[0].0 {
            live.follow(&[EventNoun::Server, EventNoun::Session]);
        }
        async move { pool_capacity(id?, hours).await }
    });
    view! {
        <nav class="tabs" aria-label="How far back">
            {RANGES
                .iter()
                .map(|(hours, word)| {
                    view! {
                        <a
                            href=format!("?range={hours}")
                            aria-current=move || (range.get().0 == *hours).then_some("true")
                        >
                            {*word}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {loaded(capacity, |capacity| drawn(&capacity))}
    }
    .into_any()
}

/// One line of the chart.
struct Series {
    class: &'static str,
    word: &'static str,
    of: fn(&CapacityStep) -> u32,
    now: fn(&CapacityNow) -> u32,
}

/// From back to front.
const SERIES: [Series; 3] = [
    Series {
        class: "seats ready",
        word: "Seats",
        of: |step| step.seats,
        now: |now| now.seats,
    },
    Series {
        class: "taken in-use",
        word: "In use",
        of: |step| step.in_use,
        now: |now| now.in_use,
    },
    Series {
        class: "waits failed",
        word: "Waiting",
        of: |step| step.waiting,
        now: |now| now.waiting,
    },
];

fn highest(capacity: &Capacity, of: fn(&CapacityStep) -> u32) -> u32 {
    capacity.steps.iter().map(of).max().unwrap_or(0)
}

fn drawn(capacity: &Capacity) -> AnyView {
    let top = SERIES
        .iter()
        .map(|series| highest(capacity, series.of))
        .max()
        .unwrap_or(0)
        .max(1);
    let lines = SERIES.iter().map(|series| {
        let figures = capacity.steps.iter().map(series.of);
        view! { <path class=series.class d=step_line::path(figures, top, SIZE) /> }
    });
    let legend = SERIES.iter().map(|series| {
        let text = format!(
            "{}: {} now, {} at most",
            series.word,
            (series.now)(&capacity.now),
            highest(capacity, series.of)
        );
        view! {
            <li>
                <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
                    <path class=series.class d="M0 4H24" />
                </svg>
                {text}
            </li>
        }
    });
    let (width, height) = SIZE;
    view! {
        <figure class="chart">
            <div class="plot">
                <span class="muted">{top}</span>
                <span class="muted">"0"</span>
                // The legend and the table say the same in words.
                <svg viewBox=format!("0 0 {width} {height}") preserveAspectRatio="none" aria-hidden="true">
                    {lines.collect_view()}
                </svg>
            </div>
            <div class="chart-ends muted">
                <Time at=capacity.from />
                <Time at=capacity.until />
            </div>
            <figcaption>
                <ul class="legend">{legend.collect_view()}</ul>
            </figcaption>
        </figure>
        <details>
            <summary>"The same as a table"</summary>
            {change_table(capacity)}
        </details>
    }
    .into_any()
}

/// The steps in which something is other than in the one before.
fn change_table(capacity: &Capacity) -> AnyView {
    let mut last: Option<CapacityStep> = None;
    let mut rows = Vec::new();
    for (at, step) in capacity.steps.iter().enumerate() {
        let is_new = last.is_none_or(|last| {
            (last.seats, last.in_use, last.waiting) != (step.seats, step.in_use, step.waiting)
        });
        if is_new || step.grown + step.shrunk > 0 {
            rows.push(vec![
                view! { <Time at=capacity.starts_at(at) /> }.into_any(),
                step.seats.into_any(),
                step.in_use.into_any(),
                step.waiting.into_any(),
                step.grown.into_any(),
                step.shrunk.into_any(),
            ]);
        }
        last = Some(*step);
    }
    view! {
        <p class="muted">
            {format!(
                "The highest figures within {}, where something changed.",
                words::took(capacity.step_millis),
            )}
        </p>
        {table(
            "Capacity",
            &["From", "Seats", "In use", "Waiting", "Servers ready", "Servers gone"],
            rows,
        )}
    }
    .into_any()
}
