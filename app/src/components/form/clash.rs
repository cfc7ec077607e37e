//! Two people have changed the same thing: whose values hold is a choice, and nothing that was typed is lost.

use std::collections::BTreeMap;

use domain::autoscale::SecretState;
use domain::form::Draft;
use leptos::prelude::*;

use super::FormState;
use super::merge::{Merged, merge};
use super::summary::focus_later;
use super::wizard::HEADING;
use crate::components::table::table;
use crate::text::{common, form::clash as text};

/// The id of the banner, which takes the focus when it comes.
const ID: &str = "clash";

/// Which secrets are set, and since when.
type Secrets = BTreeMap<String, SecretState>;

/// What somebody else has saved since a form began.
#[derive(Clone)]
pub struct Theirs {
    /// What they saved.
    pub values: Draft,
    /// Which secrets are set now.
    pub secrets: Secrets,
    /// The version that they made.
    pub version: i64,
}

/// A form about something that is saved, and the version that its values build on.
#[derive(Clone, Copy)]
pub struct Clash {
    state: FormState,
    base: RwSignal<Draft>,
    base_secrets: StoredValue<Secrets>,
    version: RwSignal<i64>,
    theirs: RwSignal<Option<Theirs>>,
}

impl Clash {
    /// Nobody else has changed anything yet: the form shows what was saved as `version`.
    pub fn new(state: FormState, version: i64) -> Self {
        Self {
            state,
            base: RwSignal::new(state.draft.get_untracked()),
            base_secrets: StoredValue::new(state.secrets.get_value()),
            version: RwSignal::new(version),
            theirs: RwSignal::new(None),
        }
    }

    /// The version that a save replaces.
    pub fn version(self) -> i64 {
        self.version.get_untracked()
    }

    /// The same, followed.
    pub fn version_signal(self) -> Signal<i64> {
        self.version.into()
    }

    /// What was saved as this version, followed.
    pub fn base_signal(self) -> Signal<Draft> {
        self.base.into()
    }

    /// A save was refused: somebody else has saved this meanwhile.
    pub fn found(self, theirs: Theirs) {
        self.show(theirs);
        focus_later(ID);
    }

    /// Says that somebody else has saved this.
    pub fn show(self, theirs: Theirs) {
        // The page may be gone meanwhile.
        let _ = self.theirs.try_set(Some(theirs));
    }

    /// What they changed, and the three ways on. None of them saves: the form shows first what would be saved.
    pub fn banner(self) -> AnyView {
        (move || self.theirs.get().map(|theirs| self.choice(theirs))).into_any()
    }

    fn choice(self, theirs: Theirs) -> AnyView {
        // The form can be filled in further meanwhile, so what is mine is read anew each time.
        let choose = {
            let theirs = theirs.clone();
            move |pick: fn(Merged, Draft, Draft) -> Draft| {
                let theirs = theirs.clone();
                move |_| {
                    let mine = self.state.draft.get_untracked();
                    let merged = self.merged(&mine, &theirs);
                    let values = pick(merged, mine, theirs.values.clone());
                    self.state.take_over(values, theirs.secrets.clone());
                    self.base.set(theirs.values.clone());
                    self.base_secrets.set_value(theirs.secrets.clone());
                    self.version.set(theirs.version);
                    self.theirs.set(None);
                    focus_later(HEADING);
                }
            }
        };
        view! {
            <section class="banner starting" id=ID tabindex="-1" aria-labelledby="clash-head">
                <p id="clash-head" role="alert">
                    <strong>{text::HEAD}</strong>
                </p>
                <p>{text::HELP}</p>
                {move || self.differences(&theirs)}
                <div class="actions">
                    <button type="button" class="button primary" on:click=choose(|merged, _, _| merged.values)>
                        {text::KEEP_BOTH}
                    </button>
                    <button type="button" class="button" on:click=choose(|_, mine, _| mine)>
                        {text::KEEP_MINE}
                    </button>
                    <button type="button" class="button" on:click=choose(|_, _, theirs| theirs)>
                        {text::TAKE_THEIRS}
                    </button>
                </div>
            </section>
        }
        .into_any()
    }

    fn merged(self, mine: &Draft, theirs: &Theirs) -> Merged {
        merge(
            self.state.form,
            &self.base.read_untracked(),
            mine,
            &theirs.values,
        )
    }

    /// What they changed beside what it was and what I have now.
    fn differences(self, theirs: &Theirs) -> AnyView {
        let Self { state, base, .. } = self;
        let mine = state.draft.get();
        let merged = self.merged(&mine, theirs);
        let mark = |is_mine_too: bool| is_mine_too.then_some(text::YOU_TOO).into_any();
        let mut rows: Vec<Vec<AnyView>> = merged
            .theirs
            .iter()
            .map(|field| {
                vec![
                    field.label.into_any(),
                    state
                        .shown(field, base.read_untracked().get(field.key))
                        .into_any(),
                    state.shown(field, theirs.values.get(field.key)).into_any(),
                    state.shown(field, mine.get(field.key)).into_any(),
                    mark(merged.both.iter().any(|one| one.key == field.key)),
                ]
            })
            .collect();
        let before = self.base_secrets.read_value();
        let secrets = state.form.fields.iter().filter(|field| {
            let set_at = |of: &Secrets| of.get(field.key).map(|secret| secret.set_at);
            set_at(&before) != set_at(&theirs.secrets)
        });
        rows.extend(secrets.map(|field| {
            let was = if before.contains_key(field.key) {
                common::SET
            } else {
                common::NOT_SET
            };
            let is = if theirs.secrets.contains_key(field.key) {
                common::NEW
            } else {
                common::NOT_SET
            };
            vec![
                field.label.into_any(),
                was.into_any(),
                is.into_any(),
                state.shown(field, mine.get(field.key)).into_any(),
                mark(mine.get(field.key).is_some()),
            ]
        }));
        if rows.is_empty() {
            return view! { <p>{text::NO_CHANGE}</p> }.into_any();
        }
        table(
            text::CHANGES,
            &[text::FIELD, text::WAS, text::THEIRS, text::YOURS, text::BY],
            rows,
        )
    }
}
