//! What a pool held over time: seats, sessions, waits and the minimum as lines of steps, the decisions that stand out, and the
//! same as a table.

use domain::capacity::{Capacity, CapacityMark, CapacityNow, CapacityStep, MarkKind};
use domain::event::EventNoun;
use domain::id::PoolId;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use web_sys::Element;

use crate::Hydrated;
use crate::api::ApiResult;
use crate::api::pool::pool_capacity;
use crate::components::data::data;
use crate::components::live::Live;
use crate::components::load::{loaded, use_address_with};
use crate::components::step_line;
use crate::components::table::{link, table};
use crate::components::time::{Time, TimeAs, use_passed};
use crate::text::{common, pool_chart as text, words};

/// Stretches of time that can be looked at, in hours, with their words.
const RANGES: [(u32, &str); 4] = [
    (1, text::HOUR),
    (6, text::SIX_HOURS),
    (24, text::DAY),
    (168, text::WEEK),
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
    let step =
        move || i64::from(range.get().0) * Timestamp::HOUR_MILLIS / i64::from(Capacity::STEPS);
    let passed = use_passed(step);
    let capacity = data(move || {
        let (id, (hours, _)) = (id.get(), range.get());
        live.follow_steps(step(), passed, &[EventNoun::Server, EventNoun::Session]);
        async move { pool_capacity(id?, hours).await }
    });
    let address_with = use_address_with();
    let as_table = RwSignal::new(false);
    view! {
        <nav class="range" aria-label=text::HOW_FAR_BACK>
            {RANGES
                .iter()
                .map(|(hours, word)| {
                    // What else the page shows stays as it is.
                    let href = move || {
                        query.track();
                        address_with("range", Some(hours.to_string()))
                    };
                    view! {
                        <a
                            href=href
                            data-noscroll=""
                            aria-current=move || (range.get().0 == *hours).then_some("true")
                        >
                            {*word}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {loaded(capacity, move |capacity| drawn(id.get().ok(), capacity, as_table))}
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
const SERIES: [Series; 4] = [
    Series {
        class: "seats ready",
        word: common::SEATS,
        of: |step| step.seats,
        now: |now| now.seats,
    },
    Series {
        class: "taken in-use",
        word: text::IN_USE,
        of: |step| step.in_use,
        now: |now| now.in_use,
    },
    Series {
        class: "waits failed",
        word: common::WAITING,
        of: |step| step.waiting,
        now: |now| now.waiting,
    },
    Series {
        class: "minimum",
        word: text::MINIMUM_FREE,
        of: |step| step.minimum,
        now: |now| now.minimum,
    },
];

/// A kind of mark: its sign, its words and its class.
const fn sign(kind: MarkKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        MarkKind::CouldNotGrow => ("✕", text::COULD_NOT_GROW, "failed"),
        MarkKind::Edited => ("✎", text::EDITED, "in-use"),
        MarkKind::Grew => ("▲", text::GREW, "ready"),
        MarkKind::Shrank => ("▽", text::SHRANK, "draining"),
    }
}

/// Marks stand in so many places below the chart, which leaves each room for a finger on a small screen.
const PLACES: i64 = 12;

/// The marks of each place, the kind that matters most first.
fn places(capacity: &Capacity) -> Vec<Vec<CapacityMark>> {
    let length = capacity.until.since(capacity.from).max(1);
    let mut places = vec![Vec::new(); usize::try_from(PLACES).unwrap_or_default()];
    for mark in &capacity.marks {
        let at = mark.at.since(capacity.from) * PLACES / length;
        let place = usize::try_from(at).ok().and_then(|at| places.get_mut(at));
        if let Some(place) = place {
            place.push(*mark);
        }
    }
    for place in &mut places {
        place.sort_by_key(|mark| (mark.kind, std::cmp::Reverse(mark.at)));
        place.dedup_by_key(|mark| mark.kind);
    }
    places
}

fn decision_address(pool: PoolId, mark: CapacityMark) -> String {
    format!(
        "/admin/pools/{pool}?tab=decisions&up_to={}",
        mark.decision_id
    )
}

/// The marks below the chart, each a link to its decision: of each place one of a kind, the one that matters most on top.
fn mark_row(pool: Option<PoolId>, capacity: &Capacity) -> Option<AnyView> {
    let pool = pool.filter(|_| !capacity.marks.is_empty())?;
    let item = |place: Vec<CapacityMark>| {
        let link = |mark: CapacityMark| {
            let (shown, word, class) = sign(mark.kind);
            view! {
                <a class=format!("mark {class}") href=decision_address(pool, mark)>
                    <span aria-hidden="true">{shown}</span>
                    <span class="visually-hidden">{word} " " <Time at=mark.at shown=TimeAs::OfDay /></span>
                </a>
            }
        };
        view! { <li>{place.into_iter().map(link).collect_view()}</li> }
    };
    let row = view! {
        <ol class="marks" aria-label=text::MARKS>
            {places(capacity).into_iter().map(item).collect_view()}
        </ol>
    };
    Some(row.into_any())
}

/// What the signs mean, of those that are there.
fn mark_legend(capacity: &Capacity) -> AnyView {
    let mut kinds: Vec<MarkKind> = capacity.marks.iter().map(|mark| mark.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let item = |kind: MarkKind| {
        let (shown, words, class) = sign(kind);
        view! {
            <li>
                <span class=format!("mark {class}") aria-hidden="true">
                    {shown}
                </span>
                {words}
            </li>
        }
    };
    kinds.into_iter().map(item).collect_view().into_any()
}

fn highest(capacity: &Capacity, of: fn(&CapacityStep) -> u32) -> u32 {
    capacity.steps.iter().map(of).max().unwrap_or(0)
}

/// `as_table`: whether the table is open. It may be long, and the browser makes it only then; the server has made it for those who have
/// no script.
fn drawn(pool: Option<PoolId>, capacity: Capacity, as_table: RwSignal<bool>) -> AnyView {
    let hydrated = expect_context::<Hydrated>();
    let most = SERIES.iter().map(|series| highest(&capacity, series.of));
    let most = most.max().unwrap_or(0);
    // No line lies on the edge.
    let top = most + (most / 8).max(1);
    let paths = SERIES.map(|series| {
        let figures = capacity.steps.iter().map(series.of);
        (series.class, step_line::path(figures, top, SIZE))
    });
    // Where lines lie on each other, it can still be seen how many seats there are.
    let area = step_line::area(&paths[0].1, SIZE);
    let lines = paths
        .into_iter()
        .map(|(class, path)| view! { <path class=class d=path /> });
    let legend = SERIES.iter().map(|series| {
        let now = (series.now)(&capacity.now);
        let figures = text::figures(series.word, now, highest(&capacity, series.of));
        view! {
            <li>
                <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
                    <path class=series.class d="M0 4H24" />
                </svg>
                {figures}
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
                    <path class="area ready" d=area />
                    {lines.collect_view()}
                </svg>
                {mark_row(pool, &capacity)}
            </div>
            <div class="chart-ends muted">
                <Time at=capacity.from />
                <Time at=capacity.until />
            </div>
            <figcaption>
                <ul class="legend">{legend.collect_view()} {mark_legend(&capacity)}</ul>
            </figcaption>
        </figure>
        <details
            open=as_table.get_untracked()
            on:toggle=move |event| as_table.set(event_target::<Element>(&event).has_attribute("open"))
        >
            <summary>{text::AS_TABLE}</summary>
            {move || (as_table.get() || !hydrated.get()).then(|| change_table(pool, &capacity))}
        </details>
    }
    .into_any()
}

/// The steps in which something is other than in the one before.
fn change_table(pool: Option<PoolId>, capacity: &Capacity) -> AnyView {
    let mut last: Option<CapacityStep> = None;
    let mut rows = Vec::new();
    let figures = |step: &CapacityStep| SERIES.map(|series| (series.of)(step));
    for (at, step) in capacity.steps.iter().enumerate() {
        let (from, until) = (capacity.starts_at(at), capacity.starts_at(at + 1));
        let marks = capacity
            .marks
            .iter()
            .filter(|mark| from <= mark.at && mark.at < until);
        let links: Vec<AnyView> = marks
            .filter_map(|mark| {
                let href = decision_address(pool?, *mark);
                Some(view! { {link(href, sign(mark.kind).1)} " " }.into_any())
            })
            .collect();
        let is_new = last.is_none_or(|last| figures(&last) != figures(step));
        if is_new || step.grown + step.shrunk > 0 || !links.is_empty() {
            rows.push(vec![
                view! { <Time at=from /> }.into_any(),
                step.seats.into_any(),
                step.in_use.into_any(),
                step.waiting.into_any(),
                step.minimum.into_any(),
                step.grown.into_any(),
                step.shrunk.into_any(),
                links.into_any(),
            ]);
        }
        last = Some(*step);
    }
    view! {
        <p class="muted">{text::table_help(&words::took(capacity.step_millis))}</p>
        {table(
            common::CAPACITY,
            &[
                text::FROM,
                common::SEATS,
                text::IN_USE,
                common::WAITING,
                text::MINIMUM_FREE,
                text::SERVERS_READY,
                text::SERVERS_GONE,
                common::DECISIONS,
            ],
            rows,
        )}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::id::DecisionId;

    use super::*;

    const BARE: &str = "01980000-0000-7000-8000-000000000001";

    #[test]
    fn a_place_shows_what_matters_most_and_the_newest_of_it() {
        let now = Timestamp::from_millis(1_000_000);
        let mark = |kind, millis| CapacityMark {
            kind,
            at: now.plus_millis(millis),
            decision_id: DecisionId::from_bare(BARE).expect("an id"),
        };
        let mut capacity = Capacity::of(&[], now, 1200, 120);
        capacity.marks = vec![
            mark(MarkKind::Grew, -1150),
            mark(MarkKind::CouldNotGrow, -1140),
            mark(MarkKind::CouldNotGrow, -1130),
            mark(MarkKind::Shrank, -1),
            // As if the clock had gone on.
            mark(MarkKind::Shrank, 500),
        ];
        let places = places(&capacity);
        assert_eq!(places.len(), 12);
        let first = [
            mark(MarkKind::CouldNotGrow, -1130),
            mark(MarkKind::Grew, -1150),
        ];
        assert_eq!(places[0], first);
        assert_eq!(places[11], [mark(MarkKind::Shrank, -1)]);
        assert!(places[1..11].iter().all(Vec::is_empty));
    }
}
