//! A form as a wizard: one step at a time, the steps in the address, a review at the end.

use domain::form::{Draft, Field};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::keep::Keeper;
use super::page::{ends_text, fields};
use super::summary::{focus_later, focus_named, focus_summary, lost_secrets, summary};
use super::{Change, FormState};
use crate::api::ApiError;
use crate::components::confirm::Confirm;
use crate::components::load::{use_address_with, use_go};
use crate::components::problem::LastProblem;
use crate::components::table::facts;
use crate::text::{common, form::wizard as text};

/// The step before all others, where there is one.
const START: &str = "start";

/// The step after all others.
const REVIEW: &str = "review";

/// The id of the step's heading, which takes the focus when a step begins.
pub const HEADING: &str = "step-heading";

/// What the review compares the answers with.
#[derive(Clone, Copy)]
pub struct Base {
    /// The values.
    pub values: Signal<Draft>,
    /// What they are, behind a number of values: `as saved`.
    pub words: &'static str,
}

/// A wizard. What stands on the review page beside the answers is up to the caller.
#[component]
pub fn Wizard(
    /// The form.
    state: FormState,
    /// The word on the last button.
    save: &'static str,
    /// Where "Discard" leads.
    cancel: String,
    /// Sends it.
    on_save: Callback<()>,
    /// Whether it is being sent.
    busy: RwSignal<bool>,
    /// What was refused and is about no field.
    problem: RwSignal<Option<ApiError>>,
    /// What the review page shows below the answers; asked for each time the review begins.
    #[prop(into)]
    review: ViewFn,
    /// What stands beside every step.
    beside: AnyView,
    /// What the review compares the answers with.
    base: Base,
    /// What the step before all others shows, where there is one.
    opening: Option<ViewFn>,
    /// What keeps it as a draft.
    keeper: Option<Keeper>,
) -> impl IntoView {
    focus_named(state);
    let has_opening = opening.is_some();
    // A draft that was kept has begun already.
    let first = if has_opening && !keeper.is_some_and(Keeper::has_draft) {
        START
    } else {
        state.form.steps.first().map_or(REVIEW, |step| step.key)
    };
    let keys = move || {
        let keys = state.steps().into_iter().map(|step| step.key);
        let start = has_opening.then_some(START);
        start.into_iter().chain(keys).chain([REVIEW])
    };
    let step = here(state, first, has_opening);
    // The review is where everything has to be right, so it says at once what is not.
    let asked = RwSignal::new(step.get_untracked().is_none());
    if asked.get_untracked() {
        state.touch_step(None);
    }
    let go = use_way_to_step();
    let enter = move |key: &'static str| {
        asked.set(key == REVIEW);
        if key == REVIEW {
            state.touch_step(None);
        }
        go.run(key);
        focus_later(HEADING);
    };
    let neighbour = move |ahead: bool| {
        let keys: Vec<_> = keys().collect();
        let here = keys
            .iter()
            .position(|key| *key == step.get_untracked().unwrap_or(REVIEW));
        match (here, ahead) {
            (Some(at), true) => keys.get(at + 1).copied(),
            (Some(at), false) => at.checked_sub(1).and_then(|at| keys.get(at).copied()),
            (None, _) => None,
        }
    };
    let advance = move || {
        asked.set(true);
        let here = step.get_untracked();
        state.touch_step(here);
        if !state.errors_in(here).is_empty() {
            focus_summary(state);
        } else if here.is_none() {
            on_save.run(());
        } else if let Some(next) = neighbour(true) {
            enter(next);
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        advance();
    };
    let press = move |event: leptos::ev::KeyboardEvent| {
        if ends_text(&event) && state.ready.get_untracked() && !busy.get_untracked() {
            advance();
        }
    };
    let show_field = Callback::new(move |field: &'static Field| {
        if step.get_untracked() != Some(field.step) {
            go.run(field.step);
        }
    });
    view! {
        <form class="wizard" novalidate autocomplete="off" on:submit=submit on:keydown=press>
            {steps(state, step, has_opening, Callback::new(enter))}
            <fieldset class="form-body" disabled=move || busy.get()>
                <div class="step-body">
                    {summary(state, step.into(), asked, show_field)}
                    <LastProblem problem=problem />
                    {move || match (step.get(), &opening) {
                        (Some(START), Some(opening)) => opening_step(opening),
                        (step, _) => body(state, step, base, go),
                    }}
                    // It asks for data, which must not begin while the server waits for the form's.
                    {move || (state.ready.get() && step.get().is_none()).then(|| review.run())}
                    {actions(
                        state.ready,
                        move || step.get() == keys().next(),
                        move || {
                            if let Some(previous) = neighbour(false) {
                                enter(previous);
                            }
                        },
                        move || if step.get().is_none() { save } else { text::NEXT },
                        discard(state, base, cancel, keeper),
                        keeper,
                    )}
                </div>
            </fieldset>
            {beside}
        </form>
    }
}

/// Puts another step into the address.
fn use_way_to_step() -> Callback<&'static str> {
    let (address_with, navigate) = (use_address_with(), use_navigate());
    Callback::new(move |key: &'static str| {
        navigate(
            &address_with("step", Some(key.to_owned())),
            NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            },
        );
    })
}

/// How the step's draft is doing, and the buttons at the end. What comes later stands above them, so they stay where they are.
fn actions(
    ready: RwSignal<bool>,
    is_first: impl Fn() -> bool + Send + Sync + 'static,
    back: impl Fn() + 'static,
    next: impl Fn() -> &'static str + Send + Sync + 'static,
    discard: AnyView,
    keeper: Option<Keeper>,
) -> AnyView {
    view! {
        {keeper.map(Keeper::status)}
        <div class="actions">
            <button
                type="button"
                class="button"
                hidden=is_first
                disabled=move || !ready.get()
                on:click=move |_| back()
            >
                {text::BACK}
            </button>
            <button type="submit" class="button primary" disabled=move || !ready.get()>
                {next}
            </button>
            {discard}
        </div>
    }
    .into_any()
}

/// The way out. It asks first where something would be lost.
fn discard(state: FormState, base: Base, cancel: String, keeper: Option<Keeper>) -> AnyView {
    let go = use_go();
    let loses = Memo::new(move |_| {
        if let Some(keeper) = keeper {
            return keeper.has_something();
        }
        let saved = base.values.read();
        let is_changed = |field| !matches!(state.change(field, &saved), Change::None);
        state.form.fields.iter().any(is_changed)
    });
    let (question, consequence) = match keeper {
        Some(_) => (text::DISCARD_DRAFT, text::DISCARD_DRAFT_HELP),
        None => (text::LEAVE, text::LEAVE_HELP),
    };
    let leave = Callback::new(move |()| {
        if let Some(keeper) = keeper {
            keeper.finish();
        }
        go.run(cancel.clone());
    });
    view! { <Confirm label=text::DISCARD question consequence action=text::DISCARD on_confirm=leave asks=loses /> }
        .into_any()
}

/// The key of the step that the address names (`first`, where it names none), or `None` for the review.
fn here(state: FormState, first: &'static str, has_opening: bool) -> Memo<Option<&'static str>> {
    let query = use_query_map();
    Memo::new(move |_| {
        let wanted = query.read().get("step");
        match wanted.as_deref() {
            Some(REVIEW) => None,
            Some(START) if has_opening => Some(START),
            Some(word) => Some(
                state
                    .form
                    .steps
                    .iter()
                    .find(|step| step.key == word)
                    .map_or(first, |step| step.key),
            ),
            None => Some(first),
        }
    })
}

/// The step before all others.
fn opening_step(opening: &ViewFn) -> AnyView {
    view! {
        <h2 id=HEADING tabindex="-1">
            {common::START}
        </h2>
        {opening.run()}
    }
    .into_any()
}

/// The fields of a step, or the review.
fn body(
    state: FormState,
    step: Option<&'static str>,
    base: Base,
    go: Callback<&'static str>,
) -> AnyView {
    let step = step.and_then(|key| state.form.steps.iter().find(|step| step.key == key));
    match step {
        Some(step) => view! {
            <h2 id=HEADING tabindex="-1">
                {step.title}
            </h2>
            <p class="help">{step.about}</p>
            {fields(state, step)}
        }
        .into_any(),
        None => view! {
            <h2 id=HEADING tabindex="-1">
                {text::REVIEW}
            </h2>
            {lost_secrets(state, Callback::new(move |field: &'static Field| go.run(field.step)))}
            {answers(state, base, go)}
        }
        .into_any(),
    }
}

/// The list of steps. A step with errors says how many.
fn steps(
    state: FormState,
    step: Memo<Option<&'static str>>,
    has_opening: bool,
    enter: Callback<&'static str>,
) -> AnyView {
    let item = move |key: &'static str, title: &'static str| {
        let is_here = step.get().unwrap_or(REVIEW) == key;
        // The review has no fields of its own, and neither has the start.
        let errors = state.errors_in(Some(key)).len();
        let note = (errors > 0).then(|| {
            let noun = text::problems(errors);
            view! {
                <span class="count">
                    {errors} <span class="visually-hidden">{noun}</span>
                </span>
            }
        });
        view! {
            <li aria-current=is_here.then_some("step")>
                <button type="button" disabled=move || !state.ready.get() on:click=move |_| enter.run(key)>
                    {title}
                </button>
                {note}
            </li>
        }
    };
    view! {
        <nav aria-label=text::STEPS>
            <ol class="wizard-steps">
                {move || {
                    let start = has_opening.then_some((START, common::START));
                    let steps = state.steps().into_iter().map(|step| (step.key, step.title));
                    let all = start.into_iter().chain(steps).chain([(REVIEW, text::REVIEW)]);
                    all.map(|(key, title)| item(key, title)).collect_view()
                }}
            </ol>
        </nav>
    }
    .into_any()
}

/// All answers by step: those that differ from the base first, the others folded away.
fn answers(state: FormState, base: Base, go: Callback<&'static str>) -> AnyView {
    let section = move |step: &'static domain::form::Step| {
        let (mut changed, mut same) = (Vec::new(), Vec::new());
        let values = base.values.read();
        for field in state.form.step_fields(step.key) {
            if !state.form.is_shown(field, &state.draft.read()) {
                continue;
            }
            let answer = state.shown_value(field);
            match state.change(field, &values) {
                Change::None => same.push((field.label, answer.into_any())),
                Change::Entered => changed.push((field.label, answer.into_any())),
                Change::From(old) => {
                    let was = text::was(&state.shown(field, Some(&old)));
                    let answer = view! {
                        <strong>{answer}</strong>
                        <span class="muted">{was}</span>
                    };
                    changed.push((field.label, answer.into_any()));
                }
            }
        }
        let changed = (!changed.is_empty()).then(|| facts(changed));
        let head = text::values(count(&same));
        let same = (!same.is_empty()).then(|| {
            view! {
                <details>
                    <summary>{head} " " {base.words}</summary>
                    {facts(same)}
                </details>
            }
        });
        view! {
            <section class="review" aria-label=step.title>
                <h3>{step.title}</h3>
                <button
                    type="button"
                    class="button"
                    aria-label=text::change(step.title)
                    disabled=move || !state.ready.get()
                    on:click=move |_| go.run(step.key)
                >
                    {text::CHANGE}
                </button>
                {changed}
                {same}
            </section>
        }
    };
    (move || state.steps().into_iter().map(section).collect_view()).into_any()
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
