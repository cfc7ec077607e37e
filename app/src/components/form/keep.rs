//! Keeps what is being filled in as a draft on the server, so that a reload, another browser or the end of a sign-in loses
//! nothing but secrets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::draft::{SavedDraft, SavedDraftInput, note_typed_secrets};
use domain::error::ProblemCode;
use domain::form::{Draft, Form, SecretInputs};
use domain::id::DraftId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::FormState;
use crate::api::ApiError;
use crate::api::draft::{draft_create, draft_delete, draft_replace};
use crate::components::time::{Age, AgeAs};
use crate::text::form as text;

/// A draft is saved once nothing has been typed for this long.
const QUIET: Duration = Duration::from_millis(700);
/// A save that was refused is tried again after this long.
const AGAIN: Duration = Duration::from_secs(5);

/// A form that is kept.
#[derive(Clone, Copy)]
pub struct Keeper {
    kept: RwSignal<Option<SavedDraft>>,
    problem: RwSignal<Option<ApiError>>,
    /// Whether the form is another than it began.
    is_changed: RwSignal<bool>,
    /// Told the id whenever there is a draft that was not there before.
    on_new: Callback<DraftId>,
    timer: StoredValue<Option<TimeoutHandle>>,
    work: StoredValue<Arc<Mutex<Work>>>,
}

/// What is left to do. It outlives the page: what was typed last is saved after the page has been left.
struct Work {
    form: &'static Form,
    /// The draft as it was last saved.
    kept: Option<(DraftId, i64)>,
    /// What is to be saved next.
    wanted: Option<Draft>,
    is_saving: bool,
    /// The form is done with, and its draft is to go.
    is_over: bool,
}

impl Keeper {
    /// Keeps the form from its first change on; `kept` is the draft that it goes on with.
    pub fn new(state: FormState, kept: Option<SavedDraft>, on_new: Callback<DraftId>) -> Self {
        let work = Arc::new(Mutex::new(Work {
            form: state.form,
            kept: kept.as_ref().map(|draft| (draft.id, draft.version)),
            wanted: None,
            is_saving: false,
            is_over: false,
        }));
        let keeper = Self {
            kept: RwSignal::new(kept),
            problem: RwSignal::new(None),
            is_changed: RwSignal::new(false),
            on_new,
            timer: StoredValue::new(None),
            work: StoredValue::new(Arc::clone(&work)),
        };
        let wanted = Arc::clone(&work);
        Effect::new(move |is_later: Option<()>| {
            let mut values = state.draft.get();
            if is_later.is_some() {
                // Drafts hold no secrets, so none is sent: which of them had been typed is noted.
                let typed = state.typed_secrets(&values);
                let _ = SecretInputs::take_from(state.form, &mut values);
                note_typed_secrets(&mut values, &typed);
                lock(&wanted).wanted = Some(values);
                keeper.is_changed.set(true);
                keeper.save_after(QUIET);
            }
        });
        on_cleanup(move || {
            keeper.clear_timer();
            keeper.save(&work);
        });
        keeper
    }

    /// Whether there is a draft now, such as the one that the form goes on with.
    pub fn has_draft(self) -> bool {
        self.kept.with_untracked(Option::is_some)
    }

    /// Whether something was typed, kept already or not; followed.
    pub fn has_something(self) -> bool {
        self.is_changed.get() || self.kept.with(Option::is_some)
    }

    /// Throws the draft away: the form is done with.
    pub fn finish(self) {
        self.clear_timer();
        let Some(work) = self.work.try_get_value() else {
            return;
        };
        let mut work = lock(&work);
        work.is_over = true;
        // A save under way throws away what it has saved.
        if let (Some((id, _)), false) = (work.kept, work.is_saving) {
            spawn_local(throw_away(id));
        }
    }

    fn save_after(self, pause: Duration) {
        self.clear_timer();
        let save = move || {
            if let Some(work) = self.work.try_get_value() {
                self.save(&work);
            }
        };
        self.timer
            .try_set_value(set_timeout_with_handle(save, pause).ok());
    }

    fn clear_timer(self) {
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }

    /// Saves what is wanted, one call at a time, until nothing is.
    fn save(self, work: &Arc<Mutex<Work>>) {
        {
            let mut work = lock(work);
            if work.is_saving || work.is_over || work.wanted.is_none() {
                return;
            }
            work.is_saving = true;
        }
        let work = Arc::clone(work);
        spawn_local(async move {
            while let Some((kept, input)) = next(&work) {
                let values = input.values.clone();
                let answer = match kept {
                    Some((id, version)) => draft_replace(id, version, input).await,
                    None => draft_create(input).await,
                };
                if !self.saved(&work, kept.is_none(), values, answer) {
                    break;
                }
            }
            let mut work = lock(&work);
            work.is_saving = false;
            if let (true, Some((id, _))) = (work.is_over, work.kept) {
                spawn_local(throw_away(id));
            }
        });
    }

    /// Notes the answer to a save; whether to go on with the next. The page may be gone meanwhile.
    fn saved(
        self,
        work: &Mutex<Work>,
        is_new: bool,
        values: Draft,
        answer: Result<SavedDraft, ApiError>,
    ) -> bool {
        match answer {
            Ok(draft) => {
                let id = draft.id;
                lock(work).kept = Some((id, draft.version));
                let _ = self.problem.try_set(None);
                let is_over = lock(work).is_over;
                // What it gives back is what could not be set, because the page is gone.
                if self.kept.try_set(Some(draft)).is_none() && is_new && !is_over {
                    self.on_new.run(id);
                }
                true
            }
            Err(ApiError(problem)) => {
                let mut work = lock(work);
                work.wanted.get_or_insert(values);
                let is_another = matches!(
                    problem.code,
                    ProblemCode::NotFound | ProblemCode::VersionMismatch
                );
                if is_another && !is_new {
                    // Changed or thrown away elsewhere: that stays as it is, and this becomes a draft of its own.
                    work.kept = None;
                    return true;
                }
                drop(work);
                if self.problem.try_set(Some(ApiError(problem))).is_none() {
                    self.save_after(AGAIN);
                }
                false
            }
        }
    }

    /// Says when the draft was saved, or why it is not.
    pub fn status(self) -> AnyView {
        let refused = move || {
            let problem = self.problem.get()?;
            Some(text::draft_not_saved(&problem.0.detail))
        };
        view! {
            <p role="status">{refused}</p>
            <p class="muted">
                {move || {
                    self.kept
                        .get()
                        .map(|draft| {
                            view! {
                                {text::DRAFT_SAVED}
                                <Age since=draft.updated_at part_of=AgeAs::Ago />
                                {text::WITHOUT_SECRETS}
                            }
                        })
                }}
            </p>
        }
        .into_any()
    }
}

/// What to save next, if there is something and the form is not done with.
fn next(work: &Mutex<Work>) -> Option<(Option<(DraftId, i64)>, SavedDraftInput)> {
    let mut work = lock(work);
    if work.is_over {
        return None;
    }
    let values = work.wanted.take()?;
    let form = work.form.key.to_owned();
    Some((work.kept, SavedDraftInput { form, values }))
}

fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One that cannot be thrown away stays in the list of drafts, where it can be seen.
async fn throw_away(id: DraftId) {
    let _ = draft_delete(id).await;
}
