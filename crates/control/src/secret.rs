//! What a request does to the secrets of a form.

use domain::error::FieldError;
use domain::form::{Draft, Form, SecretInput, SecretInputs, SecretKeys};
use store::{SecretInfo, SecretWrite};

/// The secrets of a form after a request.
pub(crate) struct Secrets {
    /// Those that are set from then on.
    pub(crate) keys: SecretKeys,
    /// What is to be written.
    pub(crate) writes: Vec<SecretWrite>,
}

impl Secrets {
    /// Moves the secrets out of a draft of `form`, of which `stored` are set so far. One whose field the draft no longer
    /// shows goes: what nobody can see or use is not kept.
    ///
    /// # Errors
    /// As with [`SecretInputs::take_from`].
    pub(crate) fn take(
        form: &Form,
        draft: &mut Draft,
        stored: &[SecretInfo],
    ) -> Result<Self, Vec<FieldError>> {
        let stored = stored.iter().map(|secret| secret.key.clone()).collect();
        let inputs = SecretInputs::take_from(form, draft)?;
        let keys = inputs.after(&stored, form, draft);
        let writes = inputs.iter().filter_map(|(key, input)| {
            let value = match input {
                SecretInput::Set(secret) => Some(secret.clone()),
                SecretInput::Clear => None,
                SecretInput::Keep if stored.contains(key) && !keys.contains(key) => None,
                SecretInput::Keep => return None,
            };
            let key = key.to_owned();
            Some(SecretWrite { key, value })
        });
        Ok(Self {
            writes: writes.collect(),
            keys,
        })
    }
}
