//! Keeps what is being filled in as a draft on the server, so that a reload, another browser or the end of a sign-in loses
//! nothing.

use std::time::Duration;

use domain::draft::{SavedDraft, SavedDraftInput};
use domain::id::DraftId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::FormState;
use crate::api::draft::{draft_create, draft_delete, draft_replace};
use crate::api::{ApiError, ApiResult};
use crate::components::time::Age;

/// A draft is saved once nothing has been typed for this long.
const QUIET: Duration = Duration::from_millis(700);

/// A form that is kept.
#[derive(Clone, Copy)]
pub struct Keeper {
    state: FormState,
    /// The draft as it was last saved.
    kept: RwSignal<Option<SavedDraft>>,
    problem: RwSignal<Option<ApiError>>,
    /// Told the id once there is a draft.
    on_first: Callback<DraftId>,
    timer: StoredValue<Option<TimeoutHandle>>,
    is_saving: StoredValue<bool>,
    is_over: StoredValue<bool>,
}

impl Keeper {
    /// Keeps the form from its first change on; `kept` is the draft that it goes on with.
    pub fn new(state: FormState, kept: Option<SavedDraft>, on_first: Callback<DraftId>) -> Self {
        let keeper = Self {
            state,
            kept: RwSignal::new(kept),
            problem: RwSignal::new(None),
            on_first,
            timer: StoredValue::new(None),
            is_saving: StoredValue::new(false),
            is_over: StoredValue::new(false),
        };
        Effect::new(move |is_later: Option<()>| {
            state.draft.track();
            if is_later.is_some() {
                keeper.save_soon();
            }
        });
        on_cleanup(move || keeper.clear_timer());
        keeper
    }

    /// Throws the draft away: the form is done with.
    pub fn finish(self) {
        self.is_over.set_value(true);
        self.clear_timer();
        if let Some(draft) = self.kept.get_untracked() {
            spawn_local(throw_away(draft.id));
        }
    }

    fn save_soon(self) {
        self.clear_timer();
        let timer = set_timeout_with_handle(move || self.save(), QUIET);
        self.timer.set_value(timer.ok());
    }

    fn clear_timer(self) {
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }

    fn save(self) {
        // A save under way looks at its end whether there is more to save.
        if self.is_over.get_value() || self.is_saving.get_value() {
            return;
        }
        self.is_saving.set_value(true);
        let values = self.state.draft.get_untracked();
        let input = SavedDraftInput {
            form: self.state.form.key.to_owned(),
            values: values.clone(),
        };
        let kept = self.kept.get_untracked();
        let is_first = kept.is_none();
        spawn_local(async move {
            let answer = match kept {
                Some(draft) => draft_replace(draft.id, draft.version, input).await,
                None => draft_create(input).await,
            };
            let was_over = self.is_over.try_get_value();
            if let (Ok(draft), Some(true)) = (&answer, was_over) {
                return throw_away(draft.id).await;
            }
            if was_over.is_some() {
                self.saved(answer, is_first);
                if self.state.draft.get_untracked() != values {
                    self.save_soon();
                }
            }
        });
    }

    fn saved(self, answer: ApiResult<SavedDraft>, is_first: bool) {
        self.is_saving.set_value(false);
        match answer {
            Ok(draft) => {
                let id = draft.id;
                self.problem.set(None);
                self.kept.set(Some(draft));
                if is_first {
                    self.on_first.run(id);
                }
            }
            Err(problem) => self.problem.set(Some(problem)),
        }
    }

    /// Says when the draft was saved, or why it could not be.
    pub fn status(self) -> AnyView {
        view! {
            <p class="muted">
                {move || match (self.problem.get(), self.kept.get()) {
                    (Some(problem), _) => {
                        format!("The draft is not saved: {}", problem.0.detail).into_any()
                    }
                    (None, Some(draft)) => {
                        view! {
                            "Draft saved "
                            <Age since=draft.updated_at />
                            " ago, without secrets"
                        }
                            .into_any()
                    }
                    (None, None) => ().into_any(),
                }}
            </p>
        }
        .into_any()
    }
}

/// One that cannot be thrown away stays in the list of drafts, where it can be seen.
async fn throw_away(id: DraftId) {
    let _ = draft_delete(id).await;
}
