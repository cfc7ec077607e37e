//! A whole form on one page, with one button.

use domain::form::{Field, Step};
use leptos::prelude::*;
use web_sys::HtmlElement;

use super::FormState;
use super::field::field;
use super::summary::{focus_named, focus_summary, summary};
use crate::api::ApiError;
use crate::components::problem::LastProblem;
use crate::text::{common, form as text};

/// A form that stands beside another one tells it what it has made, or that it has made nothing.
pub type Beside<T> = Callback<Option<T>>;

/// What "Cancel" does.
pub enum Cancel {
    /// Leads to another page.
    To(String),
    /// Leaves the side of the form that it stands beside.
    Leave(Callback<()>),
}

impl From<String> for Cancel {
    fn from(page: String) -> Self {
        Self::To(page)
    }
}

impl Cancel {
    /// Leads to a page, or back where the form stands beside another one.
    pub fn of<T: 'static>(page: String, beside: Option<Beside<T>>) -> Self {
        match beside {
            Some(beside) => Self::Leave(Callback::new(move |()| beside.run(None))),
            None => Self::To(page),
        }
    }

    fn view(self) -> AnyView {
        match self {
            Self::To(page) => view! {
                <a class="button" href=page>
                    {common::CANCEL}
                </a>
            }
            .into_any(),
            Self::Leave(leave) => view! {
                <button type="button" class="button" on:click=move |_| leave.run(())>
                    {common::CANCEL}
                </button>
            }
            .into_any(),
        }
    }
}

/// A form on one page. `on_save` runs once everything that the page itself can check is right.
#[component]
pub fn FormPage(
    /// The form.
    state: FormState,
    /// The word on the button.
    save: &'static str,
    /// What "Cancel" does.
    #[prop(into)]
    cancel: Cancel,
    /// Sends it.
    on_save: Callback<()>,
    /// Whether it is being sent.
    busy: RwSignal<bool>,
    /// What was refused and is about no field.
    problem: RwSignal<Option<ApiError>>,
    /// What stands between the fields and the button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    focus_named(state);
    let asked = RwSignal::new(false);
    let send = move || {
        asked.set(true);
        state.touch_step(None);
        if state.errors_in(None).is_empty() {
            on_save.run(());
        } else {
            focus_summary(state);
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        send();
    };
    let press = move |event: leptos::ev::KeyboardEvent| {
        if ends_text(&event) && state.ready.get_untracked() && !busy.get_untracked() {
            send();
        }
    };
    let stay = Callback::new(|_: &'static Field| {});
    let has_steps = state.form.steps.len() > 1;

    view! {
        <form class="form" novalidate autocomplete="off" on:submit=submit on:keydown=press>
            {summary(state, Signal::derive(|| None), asked, stay)}
            <LastProblem problem=problem />
            <fieldset class="form-body" disabled=move || busy.get()>
                {state
                    .form
                    .steps
                    .iter()
                    .map(|step| {
                        view! {
                            {has_steps.then(|| view! { <h2>{step.title}</h2> })}
                            {fields(state, step)}
                        }
                    })
                    .collect_view()}
                {children.map(|children| children())}
                <div class="actions">
                    <button type="submit" class="button primary" disabled=move || !state.ready.get()>
                        {save}
                    </button>
                    {cancel.view()}
                </div>
            </fieldset>
        </form>
    }
}

/// Whether a key leads on from a text of many lines, as Enter does from one of a single line.
pub fn ends_text(event: &leptos::ev::KeyboardEvent) -> bool {
    let is_pressed = event.key() == "Enter" && (event.ctrl_key() || event.meta_key());
    is_pressed && event_target::<HtmlElement>(event).tag_name() == "TEXTAREA"
}

/// The fields of a step; those that few people need wait behind "More options".
pub fn fields(state: FormState, step: &'static Step) -> AnyView {
    let of = move |advanced: bool| {
        state
            .form
            .step_fields(step.key)
            .filter(move |one| one.advanced == advanced)
            .map(|one| field(state, one))
            .collect_view()
    };
    let has_more = state.form.step_fields(step.key).any(|one| one.advanced);
    // A field with an error must not hide, nor go while it is being put right.
    let is_opened = Memo::new(move |was: Option<&bool>| {
        let errors = state.errors_in(Some(step.key));
        was == Some(&true) || errors.iter().any(|(one, _)| one.advanced)
    });
    let is_open = move || is_opened.get().then_some("");
    view! {
        {of(false)}
        {has_more
            .then(|| {
                view! {
                    <details class="more" open=is_open>
                        <summary>{text::MORE}</summary>
                        {of(true)}
                    </details>
                }
            })}
    }
    .into_any()
}
