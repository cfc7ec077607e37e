//! What the loop has decided about a pool: what says the same in a row is one row, which opens to the single decisions.

use domain::event::EventNoun;
use domain::id::{DecisionId, PoolId};
use domain::plan::{Decision, Reason};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::Hydrated;
use crate::api::ApiResult;
use crate::api::decision::decision_list;
use crate::components::data::data;
use crate::components::filter::{Choice, filter_bar, use_list_address_with, use_query_value};
use crate::components::finding::finding_list;
use crate::components::live::Live;
use crate::components::load::loaded;
use crate::components::table::{link, paged, use_cursor};
use crate::components::time::{Time, TimeAs};
use crate::fold::{Fold, fold};
use crate::pages::pool::{PARTS, config_report};
use crate::pages::pool_demo::WHY;
use crate::text::{common, pool_decisions as text, words};

/// So far apart, two times of a day can be taken for each other.
const HALF_A_DAY_MILLIS: i64 = 12 * 60 * 60 * 1000;

/// The address of what has been decided about a pool, with the list in sight.
pub fn decisions_address(pool: PoolId) -> String {
    format!("/admin/pools/{pool}?tab={WHY}#{PARTS}")
}

/// A page of the decisions, newest first.
pub fn decisions(id: Signal<ApiResult<PoolId>>) -> AnyView {
    let live = expect_context::<Live>();
    let (reason, up_to) = (use_query_value("reason"), use_query_value("up_to"));
    let cursor = use_cursor();
    let decisions = data(move || {
        let (id, cursor) = (id.get(), cursor.get());
        let reason = reason.get().and_then(|code| reason_of(&code));
        let up_to = up_to.get().and_then(|id| id.parse().ok());
        live.follow(&[EventNoun::Decision]);
        async move { decision_list(id?, reason, up_to, cursor, None).await }
    });
    let reasons = Choice {
        key: "reason",
        label: text::REASON,
        none: text::ANY_REASON,
        options: Reason::ALL
            .iter()
            .map(|reason| (reason.code(), reason.code()))
            .collect(),
    };
    let is_later = move || up_to.get().is_some().then(beginning);
    let seen = StoredValue::new(Vec::new());
    let folds = move || {
        // Nothing new is known while a question was refused: what was there stays open as it is.
        if let Some(Ok(page)) = decisions.get() {
            seen.update_value(|seen| *seen = fold(page.items, seen));
        }
        seen.get_value()
    };
    bring_into_sight(move || decisions.get().is_some());
    view! {
        {filter_bar(text::FILTERED, false, vec![reasons])}
        <p>{link("/docs/reasons".to_owned(), text::HELP_OF_REASONS)}</p>
        {is_later}
        // Not `loaded`: it makes its view anew with each answer, and with it every row.
        <Transition>{fold_list(Box::new(folds))}</Transition>
        {loaded(decisions, |page| paged(common::DECISIONS, text::UNDECIDED, page, |_| ().into_any()))}
    }
    .into_any()
}

/// Scrolls to the tabs once the list is there, where the address names them: on the way here from another page the browser has
/// looked for them before the page was long enough. A page that comes as a whole it scrolls by itself.
fn bring_into_sight(is_there: impl Fn() -> bool + 'static) {
    let hash = use_location().hash.get_untracked();
    if hash.trim_start_matches('#') != PARTS || !expect_context::<Hydrated>().get_untracked() {
        return;
    }
    Effect::new(move |before: Option<bool>| {
        let was_there = before == Some(true);
        let is_there = was_there || is_there();
        if is_there && !was_there {
            request_animation_frame(|| {
                if let Some(tabs) = document().get_element_by_id(PARTS) {
                    tabs.scroll_into_view();
                }
            });
        }
        is_there
    });
}

fn reason_of(code: &str) -> Option<Reason> {
    let mut all = Reason::ALL.iter().copied();
    all.find(|reason| reason.code() == code)
}

/// Says that the list begins with the decision that a link has named, and leads to its beginning.
fn beginning() -> AnyView {
    let href = use_list_address_with()("up_to", None);
    view! {
        <p class="muted" role="status">
            {text::BEGINS_LATER} <a href=href>{text::SHOW_NEWEST}</a>
        </p>
    }
    .into_any()
}

/// A row of the list, which is told by its key and shows what it holds at the time.
#[derive(Clone)]
struct Row {
    key: DecisionId,
    fold: ArcRwSignal<Fold>,
}

/// The rows, each of which stays where it is in the page, and as open as it is, while it goes on.
pub fn fold_list(folds: Box<dyn Fn() -> Vec<Fold> + Send>) -> AnyView {
    let rows = StoredValue::new(Vec::<Row>::new());
    let each = move || {
        let old = rows.get_value();
        let keep = |fold: Fold| match old.iter().find(|row| row.key == fold.key) {
            Some(row) => {
                if row.fold.with_untracked(|before| *before != fold) {
                    row.fold.set(fold);
                }
                row.clone()
            }
            None => Row {
                key: fold.key,
                fold: ArcRwSignal::new(fold),
            },
        };
        rows.set_value(folds().into_iter().map(keep).collect());
        rows.get_value()
    };
    view! {
        <ol class="decisions">
            <For each=each key=|row| row.key children=|row| view! { <li>{row_view(row.fold)}</li> } />
        </ol>
    }
    .into_any()
}

fn row_view(fold: ArcRwSignal<Fold>) -> AnyView {
    let (face, count) = (fold.clone(), fold.clone());
    let is_many = Memo::new(move |_| count.with(|fold| fold.count() > 1));
    view! {
        {move || face.with(|fold| decision_card(fold.newest()))}
        {move || is_many.get().then(|| singles(fold.clone()))}
    }
    .into_any()
}

/// How often and from when to when, which opens to the single ones.
fn singles(fold: ArcRwSignal<Fold>) -> AnyView {
    let summary = fold.clone();
    let each = move || fold.with(|fold| fold.decisions().cloned().map(Fold::one).collect());
    view! {
        <details class="fold">
            <summary>{move || summary.with(stretch)}</summary>
            {fold_list(Box::new(each))}
        </details>
    }
    .into_any()
}

/// `14 times, 10:02 to 10:31`.
fn stretch(fold: &Fold) -> AnyView {
    let (from, to) = (fold.oldest().at, fold.newest().at);
    let shown = if to.since(from) < HALF_A_DAY_MILLIS {
        TimeAs::OfDay
    } else {
        TimeAs::Whole
    };
    view! {
        {text::times(fold.count())}
        {text::STRETCH_FROM}
        <Time at=from shown=shown />
        {text::STRETCH_TO}
        <Time at=to shown=shown />
    }
    .into_any()
}

/// A decision: when, what came of it, and the numbers behind it.
pub fn decision_card(decision: &Decision) -> AnyView {
    let report = &decision.report;
    let findings: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| !words::is_chatter(finding))
        .collect();
    let is_empty = report.findings.is_empty() && report.configs.is_empty();
    let nothing = is_empty.then(|| view! { <p class="muted">{text::NOTHING}</p> });
    view! {
        <article class="decision" aria-label=text::decision_of(&decision.at.to_string())>
            <h3>
                <Time at=decision.at />
            </h3>
            {nothing}
            {finding_list(findings.into_iter(), None, true)}
            {report.configs.iter().map(|config| config_report(config, true)).collect_view()}
        </article>
    }
    .into_any()
}
