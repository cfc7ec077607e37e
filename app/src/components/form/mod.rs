//! Renders any [`domain::form::Form`]. Nothing here knows a field by its name: labels, help, units, conditions and
//! checks all come from the table.

pub mod clash;
pub mod copy_as;
mod early;
pub mod field;
pub mod keep;
pub mod merge;
pub mod offers;
pub mod page;
pub mod side;
pub mod summary;
pub mod wizard;

use std::collections::{BTreeMap, BTreeSet};

use domain::autoscale::SecretState;
use domain::draft::{note_typed_secrets, typed_secrets};
use domain::error::FieldError;
use domain::form::{self, Draft, Field, Form, Kind, Noun, SecretKeys};
use leptos::prelude::*;
use serde_json::Value;

use self::offers::Offers;
use self::side::Side;
use crate::api::{ApiError, ApiResult};
use crate::components::confirm::use_ready;
use crate::text::{common, form as text, words};

/// What can be chosen in fields whose choices are data: pairs of value and name, by the field's key.
pub type Options = BTreeMap<String, Vec<(String, String)>>;

/// What a form needs beside its table.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// What is filled in already.
    pub draft: Draft,
    /// Which secrets are set.
    pub secrets: BTreeMap<String, SecretState>,
    /// What can be chosen in references.
    pub options: Options,
    /// The keys that can not be changed here.
    pub locked: Vec<&'static str>,
    /// What is settled elsewhere.
    pub settled: Option<Settled>,
    /// The form stands beside another one on the same page.
    pub is_beside: bool,
}

/// A choice that something outside of the form has made: no other can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The field.
    pub key: &'static str,
    /// What it has to be.
    pub value: &'static str,
    /// Why, one sentence.
    pub reason: String,
}

/// A form that is being filled in.
#[derive(Clone, Copy)]
pub struct FormState {
    /// The table.
    pub form: &'static Form,
    /// What has been entered. A secret that goes is `null`.
    pub draft: RwSignal<Draft>,
    secrets: StoredValue<BTreeMap<String, SecretState>>,
    options: RwSignal<Options>,
    /// The keys that can not be changed here, and what is settled elsewhere.
    given: StoredValue<(Vec<&'static str>, Option<Settled>)>,
    touched: RwSignal<BTreeSet<&'static str>>,
    refused: RwSignal<Vec<FieldError>>,
    faults: Memo<Vec<FieldError>>,
    is_beside: bool,
    /// Where something new to choose is made, if it can be.
    side: Option<Side>,
    /// What is offered for fields that are marked so.
    offers: StoredValue<Option<Offers>>,
    /// Whether the browser has taken the form over. Until then its fields take what is typed, and its buttons wait.
    pub ready: RwSignal<bool>,
}

impl FormState {
    /// A form with what is known at the start.
    pub fn new(form: &'static Form, start: Start) -> Self {
        let draft = RwSignal::new(start.draft);
        let secrets = StoredValue::new(start.secrets);
        let faults = Memo::new(move |_| {
            let draft = draft.read();
            form::check_draft(form, &draft, &set_secrets(&secrets.read_value(), &draft))
        });
        Self {
            form,
            draft,
            secrets,
            options: RwSignal::new(start.options),
            given: StoredValue::new((start.locked, start.settled)),
            touched: RwSignal::new(BTreeSet::new()),
            refused: RwSignal::new(Vec::new()),
            faults,
            is_beside: start.is_beside,
            side: None,
            offers: StoredValue::new(None),
            ready: use_ready(),
        }
    }

    /// The same form, where something new to choose can be made at its side.
    #[must_use]
    pub fn with_side(self, side: Side) -> Self {
        Self {
            side: Some(side),
            ..self
        }
    }

    /// The same form, where somebody outside is asked what can be chosen.
    #[must_use]
    pub fn with_offers(self, offers: Offers) -> Self {
        self.offers.set_value(Some(offers));
        self
    }

    /// Chooses what has just been made, in the field for such things.
    pub fn choose_new(self, noun: Noun, id: String, name: String) {
        let is_its = |field: &&Field| matches!(field.kind, Kind::Reference(of) if of == noun);
        if let Some(field) = self.form.fields.iter().find(is_its) {
            self.options.update(|options| {
                let choices = options.entry(field.key.to_owned()).or_default();
                choices.push((id.clone(), name));
            });
            self.enter(field, Some(Value::from(id)));
        }
    }

    /// The id of a field's input: no two on a page have the same.
    pub fn id_of(self, field: &Field) -> String {
        self.id_with(field.key)
    }

    fn id_with(self, part: &str) -> String {
        let beside = if self.is_beside { "beside-" } else { "" };
        format!("{beside}{part}")
    }

    /// The steps that have a field to show.
    pub fn steps(self) -> Vec<&'static form::Step> {
        let draft = self.draft.read();
        let has_field = |step: &&'static form::Step| {
            self.form
                .step_fields(step.key)
                .any(|field| self.form.is_shown(field, &draft))
        };
        self.form.steps.iter().filter(has_field).collect()
    }

    /// What is entered in a field, or what holds instead.
    pub fn value(self, field: &Field) -> Option<Value> {
        self.form.value(field, &self.draft.read())
    }

    /// Enters what was typed. What the server has said about the field before no longer counts.
    pub fn type_in(self, field: &'static Field, text: &str) {
        self.draft
            .update(|draft| draft.set_text(self.form, field.key, text));
        self.forget_refusal(field);
    }

    /// Enters a value; none takes out what was entered.
    pub fn enter(self, field: &'static Field, value: Option<Value>) {
        self.draft.update(|draft| match value {
            Some(value) => draft.set(field.key, value),
            None => {
                draft.remove(field.key);
            }
        });
        self.forget_refusal(field);
    }

    /// From now on the field says what is wrong with it.
    pub fn touch(self, field: &'static Field) {
        if !self.touched.read_untracked().contains(field.key) {
            self.touched.update(|touched| {
                touched.insert(field.key);
            });
        }
    }

    /// From now on all fields of a step say what is wrong with them; of every step where none is named.
    pub fn touch_step(self, step: Option<&str>) {
        let fields = self
            .form
            .fields
            .iter()
            .filter(|field| step.is_none_or(|step| field.step == step));
        self.touched
            .update(|touched| touched.extend(fields.map(|field| field.key)));
    }

    /// Sends something, and keeps what the server refuses about the fields of this form.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn send<T>(self, call: impl Future<Output = ApiResult<T>>) -> ApiResult<T> {
        let answer = call.await;
        if let Err(ApiError(problem)) = &answer {
            let is_ours = |error: &&FieldError| self.form.field(key_of(&error.pointer)).is_some();
            let refused = problem.errors.iter().filter(is_ours).cloned().collect();
            // The page may be gone meanwhile.
            let _ = self.refused.try_set(refused);
        }
        answer
    }

    /// Whether all that the browser can check by itself is right.
    pub fn is_right(self) -> bool {
        // A draft notes things that are no field.
        let is_ours = |error: &FieldError| self.form.field(key_of(&error.pointer)).is_some();
        !self.faults.read().iter().any(is_ours)
    }

    /// What is wrong with a field, if that is to be said yet.
    pub fn error_of(self, field: &'static Field) -> Option<String> {
        let about = |error: &&FieldError| key_of(&error.pointer) == field.key;
        let touched = self.touched.read().contains(field.key);
        let fault = if touched {
            self.faults
                .read()
                .iter()
                .find(about)
                .map(|error| error.message.clone())
        } else {
            None
        };
        fault.or_else(|| {
            self.refused
                .read()
                .iter()
                .find(about)
                .map(|error| error.message.clone())
        })
    }

    /// The fields of a step (of all, where none is named) that say that something is wrong, in the form's order.
    pub fn errors_in(self, step: Option<&str>) -> Vec<(&'static Field, String)> {
        self.form
            .fields
            .iter()
            .filter(|field| step.is_none_or(|step| field.step == step))
            .filter_map(|field| Some((field, self.error_of(field)?)))
            .collect()
    }

    /// What is sent: the values of the fields that are shown.
    pub fn document(self) -> Draft {
        self.draft.get_untracked().only_shown(self.form)
    }

    /// Since when a secret is set, unless it is to go or has been replaced just now.
    fn secret(self, field: &Field) -> Option<SecretState> {
        self.secrets.read_value().get(field.key).cloned()
    }

    /// The secrets that have been typed: those that these values hold, and those that the draft they come from has noted.
    fn typed_secrets(self, values: &Draft) -> Vec<&'static str> {
        let noted = typed_secrets(self.form, values);
        let keys = self.form.secret_fields().map(|field| field.key);
        keys.filter(|key| matches!(values.get(key), Some(Value::String(_))) || noted.contains(key))
            .collect()
    }

    /// Whether a secret had been typed before, and is to be typed again: drafts keep none.
    pub fn is_lost(self, field: &Field) -> bool {
        let draft = self.draft.read();
        let is_entered = draft.get(field.key).is_some();
        !is_entered && typed_secrets(self.form, &draft).contains(&field.key)
    }

    /// A secret that had been typed before is not needed after all.
    fn forget_lost(self, field: &Field) {
        self.draft.update(|draft| {
            let mut typed = typed_secrets(self.form, draft);
            typed.retain(|key| *key != field.key);
            note_typed_secrets(draft, &typed);
        });
    }

    /// Whether the choices of a field are data.
    fn has_options(self, field: &Field) -> bool {
        self.options.read_untracked().contains_key(field.key)
    }

    /// What can be chosen in a field now.
    fn options_now(self, field: &Field) -> Vec<(String, String)> {
        let options = self.options.read();
        options.get(field.key).cloned().unwrap_or_default()
    }

    fn is_locked(self, field: &Field) -> bool {
        self.given.read_value().0.contains(&field.key)
    }

    /// Why a word cannot be chosen now; none if it can.
    fn refusal(self, field: &Field, word: &str) -> Option<String> {
        let given = self.given.read_value();
        let elsewhere = given
            .1
            .as_ref()
            .filter(|settled| settled.key == field.key && settled.value != word);
        match form::refusal(self.form, field, word, &self.draft.read()) {
            Some(reason) => Some(reason.to_owned()),
            None => elsewhere.map(|settled| settled.reason.clone()),
        }
    }

    fn forget_refusal(self, field: &Field) {
        let is_about = |error: &FieldError| key_of(&error.pointer) == field.key;
        if self.refused.read_untracked().iter().any(is_about) {
            self.refused
                .update(|refused| refused.retain(|error| !is_about(error)));
        }
    }

    /// Goes on with other values, as somebody else has saved them.
    pub fn take_over(self, values: Draft, secrets: BTreeMap<String, SecretState>) {
        self.secrets.set_value(secrets);
        self.fill(values);
    }

    /// How the answer to a field differs from other values, for the review.
    pub fn change(self, field: &Field, base: &Draft) -> Change {
        let draft = self.draft.read();
        if field.kind.is_secret() {
            // What is set is known, and what has just been typed is new.
            return match draft.get(field.key) {
                Some(_) => Change::Entered,
                None => Change::None,
            };
        }
        // Nothing entered and an emptied text are the same.
        let of = |values| self.form.value(field, values).filter(|value| *value != "");
        let (was, is) = (of(base), of(&draft));
        match was {
            _ if was == is => Change::None,
            Some(was) => Change::From(was),
            None => Change::Entered,
        }
    }

    /// What the server has refused no longer counts: a choice has been made on which more than one field depends.
    pub fn forget_refusals(self) {
        self.refused.set(Vec::new());
    }

    /// Goes on with values that come from elsewhere than from typing.
    pub fn fill(self, values: Draft) {
        self.forget_refusals();
        self.draft.set(values);
    }

    /// A field's value as people read it, for the review.
    pub fn shown_value(self, field: &'static Field) -> String {
        self.shown(field, self.value(field).as_ref())
    }

    /// Some value of a field as people read it.
    pub fn shown(self, field: &'static Field, value: Option<&Value>) -> String {
        match (&field.kind, value) {
            (Kind::Secret | Kind::SecretMultiline, Some(Value::Null)) => {
                text::WILL_BE_REMOVED.to_owned()
            }
            (Kind::Secret | Kind::SecretMultiline, Some(_)) => common::NEW.to_owned(),
            (Kind::Secret | Kind::SecretMultiline, None) => match self.secret(field) {
                Some(_) => common::SET.to_owned(),
                None => common::NOT_SET.to_owned(),
            },
            (Kind::Bool, Some(value)) => {
                if *value == true { text::ON } else { text::OFF }.to_owned()
            }
            (Kind::Choice(_), Some(Value::String(word))) => field
                .choice(word)
                .map_or(word.as_str(), |choice| choice.label)
                .to_owned(),
            (_, Some(Value::String(id))) if self.has_options(field) => self
                .options_now(field)
                .into_iter()
                .find(|(value, _)| value == id)
                .map_or_else(|| id.clone(), |(_, label)| label),
            (_, Some(value)) => {
                let text = text_of(value);
                match (text.is_empty(), field.unit) {
                    (true, _) => common::NONE.to_owned(),
                    (false, "") => text,
                    (false, unit) => words::with_unit(&text, unit),
                }
            }
            (_, None) => common::NONE.to_owned(),
        }
    }
}

/// How an answer differs from what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Not at all.
    None,
    /// There was nothing before, or it is a secret.
    Entered,
    /// It was this.
    From(Value),
}

/// The key in a JSON pointer: `/settings/boot_millis` and `/boot_millis/0` both speak of `boot_millis`.
fn key_of(pointer: &str) -> &str {
    let path = pointer
        .strip_prefix("/settings/")
        .or_else(|| pointer.strip_prefix('/'));
    path.and_then(|path| path.split('/').next())
        .unwrap_or_default()
}

/// The secrets that will be set if the draft is saved as it is, apart from those just typed.
fn set_secrets(stored: &BTreeMap<String, SecretState>, draft: &Draft) -> SecretKeys {
    stored
        .keys()
        .filter(|key| draft.get(key) != Some(&Value::Null))
        .cloned()
        .collect()
}

/// A value as it stands in an input.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let lines: Vec<String> = items.iter().map(text_of).collect();
            lines.join("\n")
        }
        Value::Object(members) if members.is_empty() => String::new(),
        Value::Object(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_leads_to_its_field() {
        for (pointer, key) in [
            ("/name", "name"),
            ("/username_domain_match/3", "username_domain_match"),
            ("/settings/boot_millis", "boot_millis"),
            ("", ""),
        ] {
            assert_eq!(key_of(pointer), key);
        }
    }

    #[test]
    fn a_secret_that_is_to_go_is_not_set() {
        let state = SecretState {
            set_at: domain::timestamp::Timestamp::default(),
            set_by: "usr_1".into(),
        };
        let stored = BTreeMap::from([("a".to_owned(), state.clone()), ("b".to_owned(), state)]);
        let keys = set_secrets(&stored, &Draft::new().with("a", Value::Null));
        assert_eq!(keys.iter().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_value_is_shown_as_it_was_typed() {
        assert_eq!(text_of(&json!(5)), "5");
        assert_eq!(text_of(&json!("x")), "x");
        assert_eq!(text_of(&json!(["a", "b"])), "a\nb");
        assert_eq!(text_of(&json!({})), "");
    }
}
