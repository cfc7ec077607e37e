//! What somebody outside offers for fields that take any text: a list beside the input. Without it the input is a text field
//! like any other, and says why there is no list.

use std::pin::Pin;

use domain::form::Field;
use domain::provider::{ProviderChoice, ProviderChoices};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::api::{ApiError, ApiResult};
use crate::components::confirm::use_ready;
use crate::components::load::submit;
use crate::components::time::{Age, AgeAs, Now};
use crate::text::form::offers as text;

/// The question for what can be chosen, under way.
pub type Asked = Pin<Box<dyn Future<Output = ApiResult<ProviderChoices>>>>;

/// What is offered for the fields of a form.
#[derive(Clone, Copy)]
pub struct Offers {
    choices: RwSignal<ProviderChoices>,
    /// When it came.
    came_at: RwSignal<Option<Timestamp>>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<ApiError>>,
    has_begun: RwSignal<bool>,
    ask: StoredValue<Box<dyn Fn() -> Asked + Send + Sync>>,
    now: Now,
}

impl Offers {
    /// Nobody has been asked yet: that is done when the first field is shown.
    pub fn new(ask: impl Fn() -> Asked + Send + Sync + 'static) -> Self {
        Self {
            choices: RwSignal::new(ProviderChoices::new()),
            came_at: RwSignal::new(None),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            has_begun: RwSignal::new(false),
            ask: StoredValue::new(Box::new(ask)),
            now: expect_context(),
        }
    }

    /// The list of an input, and how it came by it.
    pub(super) fn view(self, field: &'static Field, list: String) -> AnyView {
        let ready = use_ready();
        Effect::new(move |_| {
            if ready.get() && !self.has_begun.get_untracked() {
                self.has_begun.set(true);
                self.ask_again();
            }
        });
        let option = |choice: ProviderChoice| {
            view! { <option value=choice.value>{choice.label}</option> }
        };
        let said = move || self.said(field);
        let since = move || {
            let came_at = self.came_at.get().filter(|_| self.problem.read().is_none());
            came_at.map(|at| view! { {text::LOADED} <Age since=at part_of=AgeAs::Ago /> })
        };
        view! {
            <datalist id=list>{move || self.of(field).into_iter().map(option).collect_view()}</datalist>
            <div class="offers">
                <span class="muted">
                    <span role="status">{said}</span>
                    {since}
                </span>
                <button
                    type="button"
                    class="button"
                    aria-label=text::load_again(field.label)
                    aria-disabled=move || self.busy.get().then_some("true")
                    on:click=move |_| {
                        if !self.busy.get_untracked() {
                            self.ask_again();
                        }
                    }
                >
                    {text::LOAD_AGAIN}
                </button>
            </div>
        }
        .into_any()
    }

    fn of(self, field: &Field) -> Vec<ProviderChoice> {
        let choices = self.choices.read();
        choices.get(field.key).cloned().unwrap_or_default()
    }

    fn said(self, field: &Field) -> String {
        if let Some(ApiError(problem)) = self.problem.get() {
            return if problem.errors.is_empty() {
                text::no_list(&problem.detail)
            } else {
                text::NO_NEW_LIST.to_owned()
            };
        }
        if self.came_at.read().is_none() {
            return text::ASKS.to_owned();
        }
        let count = u32::try_from(self.of(field).len()).unwrap_or(u32::MAX);
        text::choices(count)
    }

    fn ask_again(self) {
        let call = self.ask.with_value(|ask| ask());
        submit(self.busy, self.problem, call, move |choices| {
            // The page may be gone meanwhile.
            let _ = self.choices.try_set(choices);
            let _ = self.came_at.try_set(Some(self.now.read()));
        });
    }
}
