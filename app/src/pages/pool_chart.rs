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
use crate::pages::pool::PARTS;
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

/// Marks that are closer than this part of the chart would lie on each other: on a wide screen, and on one that is narrow, where
/// each needs room for a finger.
const APART: [(&str, i64); 2] = [("wide", 40), ("narrow", 12)];

/// Marks that stand together, at the time of the first of them.
#[derive(Debug, PartialEq)]
struct Place {
    /// When, in milliseconds since the chart begins.
    since: i64,
    /// The newest of each kind, the kind that matters most first.
    marks: Vec<CapacityMark>,
}

/// The marks of a chart, oldest first, each at its own time; those that are closer than a `part` of the chart stand together.
fn places(capacity: &Capacity, part: i64) -> Vec<Place> {
    let length = capacity.until.since(capacity.from);
    let mut places: Vec<Place> = Vec::new();
    for mark in &capacity.marks {
        let since = mark.at.since(capacity.from);
        if !(0..=length).contains(&since) {
            continue;
        }
        match places.last_mut() {
            Some(place) if (since - place.since) * part < length => place.marks.push(*mark),
            _ => places.push(Place {
                since,
                marks: vec![*mark],
            }),
        }
    }
    for Place { marks, .. } in &mut places {
        marks.sort_by_key(|mark| (mark.kind, std::cmp::Reverse(mark.at)));
        marks.dedup_by_key(|mark| mark.kind);
    }
    places
}

fn decision_address(pool: PoolId, mark: CapacityMark) -> String {
    format!(
        "/admin/pools/{pool}?tab=decisions&up_to={}#{PARTS}",
        mark.decision_id
    )
}

/// The marks below the chart, each a link to its decision, where it was made: of those that stand together one of a kind, the one
/// that matters most on top. Once for a wide screen and once for a narrow one, of which the style sheet shows one.
fn mark_rows(pool: Option<PoolId>, capacity: &Capacity) -> Option<AnyView> {
    let pool = pool.filter(|_| !capacity.marks.is_empty())?;
    let rows = APART.map(|(class, part)| mark_row(pool, class, places(capacity, part), capacity));
    Some(rows.collect_view().into_any())
}

fn mark_row(pool: PoolId, class: &'static str, places: Vec<Place>, capacity: &Capacity) -> AnyView {
    let length = capacity.until.since(capacity.from).max(1);
    let link = move |mark: CapacityMark| {
        let (shown, word, class) = sign(mark.kind);
        view! {
            <a class=format!("mark {class}") href=decision_address(pool, mark)>
                <span aria-hidden="true">{shown}</span>
                <span class="visually-hidden">{word} " " <Time at=mark.at shown=TimeAs::OfDay /></span>
            </a>
        }
    };
    let item = |Place { since, marks }: Place| {
        // In tenths of a percent. The drawing takes its width as an attribute, where a style would be refused.
        let tenths = since * 1000 / length;
        let width = format!("{}.{}%", tenths / 10, tenths % 10);
        view! {
            <li>
                <svg width=width height="1" aria-hidden="true"></svg>
                <span>{marks.into_iter().map(link).collect_view()}</span>
            </li>
        }
    };
    view! {
        <ol class=format!("marks {class}") aria-label=text::MARKS>
            {places.into_iter().map(item).collect_view()}
        </ol>
    }
    .into_any()
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
                {mark_rows(pool, &capacity)}
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
    fn a_mark_stands_at_its_time_and_with_those_alone_that_it_would_lie_on() {
        let now = Timestamp::from_millis(10_000_000);
        let mark = |kind, secs: i64| CapacityMark {
            kind,
            at: now.plus_millis(secs * 1000),
            decision_id: DecisionId::from_bare(BARE).expect("an id"),
        };
        let mut capacity = Capacity::of(&[], now, 3_600_000, 120);
        capacity.marks = vec![
            mark(MarkKind::Grew, -3599),
            mark(MarkKind::CouldNotGrow, -3590),
            mark(MarkKind::CouldNotGrow, -3580),
            // Four minutes apart.
            mark(MarkKind::Edited, -600),
            mark(MarkKind::Edited, -360),
            mark(MarkKind::Shrank, 0),
            // As if the clock had gone on.
            mark(MarkKind::Shrank, 1),
        ];
        let at = |secs: i64, marks| Place {
            since: (3600 + secs) * 1000,
            marks,
        };
        let first = at(
            -3599,
            vec![
                mark(MarkKind::CouldNotGrow, -3580),
                mark(MarkKind::Grew, -3599),
            ],
        );
        let edited = |secs| mark(MarkKind::Edited, secs);
        let last = || at(0, vec![mark(MarkKind::Shrank, 0)]);
        let [(_, wide), (_, narrow)] = APART;
        assert_eq!(
            places(&capacity, wide)[1..],
            [
                at(-600, vec![edited(-600)]),
                at(-360, vec![edited(-360)]),
                last()
            ]
        );
        assert_eq!(
            places(&capacity, narrow),
            [first, at(-600, vec![edited(-360)]), last()]
        );
    }
}
