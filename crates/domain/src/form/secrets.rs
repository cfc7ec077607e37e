//! The secrets of a form: what a request does to them, and which are set.

use super::{Draft, Form, Kind};
use crate::{error::FieldError, secret::Secret};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a request does to one secret.
#[derive(Clone, Debug)]
pub enum SecretInput {
    /// The key is absent: the secret that is there stays.
    Keep,
    /// The key is `null`: the secret goes.
    Clear,
    /// The key is a text: it is the secret from now on.
    Set(Secret),
}

/// What a request does to the secrets of a form. Every secret of the form has an entry.
#[derive(Clone, Debug, Default)]
pub struct SecretInputs(BTreeMap<&'static str, SecretInput>);

impl SecretInputs {
    /// Moves the secrets out of a draft, so that nothing later can print or store them by accident.
    ///
    /// # Errors
    /// A secret that is neither a text nor `null`, that is empty or too long, or that holds a NUL character (a secret on
    /// one line: any control character). The draft has lost its secrets even then.
    pub fn take_from(form: &Form, draft: &mut Draft) -> Result<Self, Vec<FieldError>> {
        let (mut inputs, mut errors) = (BTreeMap::new(), Vec::new());
        for field in form.secret_fields() {
            let input = match draft.remove(field.key) {
                None => SecretInput::Keep,
                Some(Value::Null) => SecretInput::Clear,
                Some(Value::String(text)) => match fault(&field.kind, &text) {
                    None => SecretInput::Set(Secret::new(text)),
                    Some((code, message)) => {
                        errors.push(FieldError::new(field.key, code, message));
                        continue;
                    }
                },
                Some(_) => {
                    let message = "This is a text, or null to remove it.";
                    errors.push(FieldError::new(field.key, "wrong_type", message));
                    continue;
                }
            };
            inputs.insert(field.key, input);
        }
        if errors.is_empty() {
            Ok(Self(inputs))
        } else {
            Err(errors)
        }
    }

    /// What happens to this secret.
    pub fn get(&self, key: &str) -> &SecretInput {
        self.0.get(key).unwrap_or(&SecretInput::Keep)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &SecretInput)> {
        self.0.iter().map(|(key, input)| (*key, input))
    }

    /// The secrets that are set once this has been done to those in `stored`.
    ///
    /// A stored secret whose field `draft` no longer shows is dropped: what nobody can see or use is not kept. A new
    /// secret for such a field stays in the answer, so that `parse` refuses it.
    pub fn after(&self, stored: &SecretKeys, form: &Form, draft: &Draft) -> SecretKeys {
        form.secret_fields()
            .filter(|field| match self.get(field.key) {
                SecretInput::Keep => stored.contains(field.key) && form.is_shown(field, draft),
                SecretInput::Clear => false,
                SecretInput::Set(_) => true,
            })
            .map(|field| field.key)
            .collect()
    }
}

/// The keys of the secrets that are set. The values are sealed elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretKeys(BTreeSet<String>);

impl SecretKeys {
    /// No secret is set.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether this one is set.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// The keys, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<T: Into<String>> FromIterator<T> for SecretKeys {
    fn from_iter<I: IntoIterator<Item = T>>(keys: I) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }
}

fn fault(kind: &Kind, text: &str) -> Option<(&'static str, String)> {
    let (max, lines) = match kind {
        Kind::SecretMultiline => (16_384, true),
        _ => (1024, false),
    };
    let breaks = |c: char| lines && matches!(c, '\n' | '\r' | '\t');
    if text.is_empty() {
        Some(("required", "An empty text is no secret. Leave the key out to keep the secret, send null to remove it.".to_owned()))
    } else if text.chars().count() > max {
        Some(("too_long", format!("{max} characters are allowed.")))
    } else if text.chars().any(|c| c.is_control() && !breaks(c)) {
        Some((
            "control_character",
            "It holds a control character.".to_owned(),
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autoscale::FORM;
    use serde_json::json;

    fn draft() -> Draft {
        Draft::new()
            .with("connection_type", "ssh")
            .with("use_user_ssh_key", false)
    }

    #[test]
    fn absent_keeps_null_clears_text_sets() {
        let mut draft = draft()
            .with("connection_password", json!(null))
            .with("connection_private_key", "-----BEGIN\nhunter2\n");
        let inputs = SecretInputs::take_from(&FORM, &mut draft).unwrap();
        assert!(draft.get("connection_password").is_none());
        assert!(draft.get("connection_private_key").is_none());
        assert!(matches!(
            inputs.get("connection_password"),
            SecretInput::Clear
        ));
        assert!(matches!(
            inputs.get("connection_private_key"),
            SecretInput::Set(secret) if secret.expose() == "-----BEGIN\nhunter2\n"
        ));
        let stored = ["connection_password", "connection_private_key_passphrase"]
            .into_iter()
            .collect();
        let after = inputs.after(&stored, &FORM, &draft);
        let keys: Vec<_> = after.iter().collect();
        assert_eq!(
            keys,
            [
                "connection_private_key",
                "connection_private_key_passphrase"
            ]
        );
        assert!(!format!("{inputs:?}{draft:?}").contains("hunter2"));
    }

    #[test]
    fn a_stored_secret_goes_with_its_field_and_a_new_one_is_refused() {
        let mut draft = draft().with("use_user_ssh_key", true);
        let stored = ["connection_private_key"].into_iter().collect();
        let inputs = SecretInputs::take_from(&FORM, &mut draft).unwrap();
        assert_eq!(inputs.after(&stored, &FORM, &draft), SecretKeys::none());
        let mut draft = draft.with("connection_private_key", "x");
        let inputs = SecretInputs::take_from(&FORM, &mut draft).unwrap();
        assert!(
            inputs
                .after(&stored, &FORM, &draft)
                .contains("connection_private_key")
        );
    }

    #[test]
    fn what_is_no_secret_is_refused_and_taken_out() {
        for (value, code) in [
            (json!(7), "wrong_type"),
            (json!(""), "required"),
            (json!("a\nb"), "control_character"),
            (json!("a\0"), "control_character"),
            (json!("x".repeat(1025)), "too_long"),
        ] {
            let mut draft = draft().with("connection_password", value);
            let errors = SecretInputs::take_from(&FORM, &mut draft).unwrap_err();
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].code, code);
            assert_eq!(errors[0].pointer, "/connection_password");
            assert!(draft.get("connection_password").is_none());
        }
    }
}
