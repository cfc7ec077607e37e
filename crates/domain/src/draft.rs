//! A half-filled form that Weir keeps for its author.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::form::{Draft, Form};
use crate::id::DraftId;
use crate::timestamp::Timestamp;

/// Where a draft notes which secrets had been typed, by their keys: it keeps none of them. It is no field of any form, so it is
/// never sent or saved with what the form makes.
pub const TYPED_SECRETS: &str = "typed_secrets";

/// The secrets of a form that these values note as typed, in the form's order. What else stands there counts for nothing.
pub fn typed_secrets(form: &Form, values: &Draft) -> Vec<&'static str> {
    let noted = values.get(TYPED_SECRETS).and_then(Value::as_array);
    let noted = noted.map(Vec::as_slice).unwrap_or_default();
    let keys = form.secret_fields().map(|field| field.key);
    keys.filter(|key| noted.iter().any(|one| one == key))
        .collect()
}

/// Notes in the values which secrets had been typed.
pub fn note_typed_secrets(values: &mut Draft, keys: &[&str]) {
    if keys.is_empty() {
        values.remove(TYPED_SECRETS);
    } else {
        values.set(TYPED_SECRETS, keys);
    }
}

/// What an author saves. Secrets are not kept in drafts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedDraftInput {
    /// The form (`autoscale`).
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 32, pattern = "^[a-z_]+$")
    )]
    pub form: String,
    /// What has been filled in, by key. May be wrong or incomplete. `typed_secrets` lists the keys of the secrets that had been
    /// typed.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub values: Draft,
}

/// A kept draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedDraft {
    /// The id.
    pub id: DraftId,
    /// The form.
    pub form: String,
    /// What has been filled in, by key.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub values: Draft,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last saved.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autoscale::FORM;
    use serde_json::json;

    #[test]
    fn only_the_keys_of_secrets_are_noted_as_typed() {
        let values = |noted: Value| Draft::new().with(TYPED_SECRETS, noted);
        let of = |noted| typed_secrets(&FORM, &values(noted));
        assert_eq!(
            of(json!(["hunter2", "name", "connection_password"])),
            ["connection_password"]
        );
        assert!(of(json!("connection_password")).is_empty());
        assert!(typed_secrets(&FORM, &Draft::new()).is_empty());

        let mut draft = Draft::new();
        note_typed_secrets(&mut draft, &["connection_password"]);
        assert_eq!(typed_secrets(&FORM, &draft), ["connection_password"]);
        note_typed_secrets(&mut draft, &[]);
        assert_eq!(draft, Draft::new());
    }
}
