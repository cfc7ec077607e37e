//! Takes the values out of a checked draft, for the one `parse` that a form has.

use super::{Draft, Form, SecretKeys, check, check::whole_number};
use crate::{error::FieldError, value::JsonObject};
use serde_json::Value;
use std::{cell::RefCell, collections::BTreeSet, fmt::Display, str::FromStr};

/// A draft that [`check`] has found right, and which of its keys were read.
///
/// A field that is not shown reads as absent, whatever the draft holds. Each method answers with the errors that a
/// `parse` returns as they are.
pub struct Reader<'a> {
    form: &'a Form,
    draft: Draft,
    secrets: &'a SecretKeys,
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    /// Checks the draft and fills in the defaults.
    ///
    /// # Errors
    /// What [`check`] finds.
    pub fn new(
        form: &'a Form,
        draft: &Draft,
        secrets: &'a SecretKeys,
    ) -> Result<Self, Vec<FieldError>> {
        let errors = check(form, draft, secrets);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            form,
            draft: draft.clone().filled(form),
            secrets,
            read: RefCell::default(),
        })
    }

    /// A switch; off where it is not shown.
    pub fn bool(&self, key: &str) -> bool {
        self.value(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A number in the type that fits its bounds.
    pub fn int<T: TryFrom<i64>>(&self, key: &str) -> Result<T, Vec<FieldError>> {
        self.value(key)
            .and_then(whole_number)
            .ok_or_else(|| self.missing(key))?
            .try_into()
            .map_err(|_| Self::error(key, "out_of_range", "This number is not allowed here."))
    }

    /// A text or the word of a choice, read by its type; none where nothing is entered.
    pub fn optional<T: FromStr<Err: Display>>(
        &self,
        key: &str,
    ) -> Result<Option<T>, Vec<FieldError>> {
        let text = self.value(key).and_then(Value::as_str).unwrap_or_default();
        if text.trim().is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|wrong| Self::error(key, "bad_format", &format!("It {wrong}.")))
    }

    /// A text or the word of a choice, read by its type.
    pub fn required<T: FromStr<Err: Display>>(&self, key: &str) -> Result<T, Vec<FieldError>> {
        self.optional(key)?.ok_or_else(|| self.missing(key))
    }

    /// A JSON object; empty where nothing is entered.
    pub fn object(&self, key: &str) -> Result<JsonObject, Vec<FieldError>> {
        match self.value(key) {
            None => Ok(JsonObject::default()),
            Some(value) => JsonObject::try_from(value.clone())
                .map_err(|wrong| Self::error(key, "wrong_type", &format!("It {wrong}."))),
        }
    }

    /// A list of texts; empty where nothing is entered.
    pub fn list(&self, key: &str) -> Vec<String> {
        let items = self.value(key).and_then(Value::as_array);
        let texts = items.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// Whether the secret is set.
    pub fn has_secret(&self, key: &str) -> bool {
        self.read.borrow_mut().insert(key.to_owned());
        self.secrets.contains(key)
    }

    /// An error of a rule that spans several fields.
    pub fn error(key: &str, code: &'static str, message: &str) -> Vec<FieldError> {
        vec![FieldError::new(key, code, message)]
    }

    /// The keys read so far. A test of each form holds them against the form's keys.
    pub fn keys_read(&self) -> BTreeSet<String> {
        self.read.borrow().clone()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.read.borrow_mut().insert(key.to_owned());
        let field = self.form.field(key)?;
        self.form
            .is_shown(field, &self.draft)
            .then(|| self.draft.get(key))
            .flatten()
    }

    fn missing(&self, key: &str) -> Vec<FieldError> {
        let label = self.form.field(key).map_or(key, |field| field.label);
        Self::error(key, "required", &format!("{label} is missing."))
    }
}
