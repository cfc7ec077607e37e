//! What a form holds while it is filled in.

use super::Form;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// The values of a form by key: a half-filled wizard, or the body of a request.
///
/// A draft may hold anything, fields that are not shown too; [`super::check`] judges it. Debug prints its keys only,
/// because a draft that has just come in may still hold secrets.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Draft(BTreeMap<String, Value>);

impl Draft {
    /// An empty draft: every field has its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// A draft in which the default of every shown field is written out.
    pub fn with_defaults(form: &Form) -> Self {
        Self::new().filled(form)
    }

    /// This draft with the defaults of shown fields written out where nothing was entered.
    #[must_use]
    pub fn filled(mut self, form: &Form) -> Self {
        for field in form.fields {
            if self.get(field.key).is_none()
                && form.is_shown(field, &self)
                && let Some(value) = form.preset(field, &self)
            {
                self.set(field.key, value);
            }
        }
        self
    }

    /// This draft without the values of fields that are not shown: what is sent and stored.
    #[must_use]
    pub fn only_shown(&self, form: &Form) -> Self {
        let shown = |key: &str| {
            form.field(key)
                .is_some_and(|field| form.is_shown(field, self))
        };
        Self(
            self.0
                .iter()
                .filter(|(key, _)| shown(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    }

    /// What was entered under this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Enters a value.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// This draft with one more value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Enters what was typed in a text input; see [`super::Kind::value_of_text`].
    pub fn set_text(&mut self, form: &Form, key: &str, text: &str) {
        match form
            .field(key)
            .and_then(|field| field.kind.value_of_text(text))
        {
            Some(value) => self.set(key, value),
            None => {
                self.remove(key);
            }
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// The keys that have a value, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl From<Map<String, Value>> for Draft {
    fn from(members: Map<String, Value>) -> Self {
        Self(members.into_iter().collect())
    }
}

impl From<Draft> for Map<String, Value> {
    fn from(draft: Draft) -> Self {
        draft.0.into_iter().collect()
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draft")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}
