//! The history of an autoscale config: its versions, and what each of them has changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FORM, SecretState};
use crate::form::Draft;
use crate::timestamp::Timestamp;

/// A version of a config as it was saved, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigVersion {
    /// Its number: what `version` of the config was from then on.
    pub version: i64,
    /// When it was saved.
    pub at: Timestamp,
    /// Who saved it: `usr_…`, `key_…` or `system`.
    pub actor: String,
    /// What the person or the API key is called, while it is there.
    pub actor_name: Option<String>,
    /// The version whose values were taken back, where it came to be so.
    pub restored_from: Option<i64>,
    /// The version before it; absent for the oldest that is kept.
    pub previous: Option<i64>,
    /// What it changed in the version before it, in the form's order.
    pub changes: Vec<FieldChange>,
    /// What would change now if it were restored; nothing for the present one.
    pub restore_changes: Vec<FieldChange>,
}

/// A field that two versions of a config differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// The field (`minimum_available_sessions`).
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it was; absent where the field was not there, and for secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it is then; absent where the field is not there, and for secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// What happens to a secret, whose values nobody sees; absent for other fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretChange>,
}

/// What happens to a secret from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SecretChange {
    /// There was none.
    Set,
    /// It is another one.
    Changed,
    /// There is none any more.
    Removed,
}

/// Which secrets are set, since when.
type Secrets = BTreeMap<String, SecretState>;

/// What differs between two versions of a config, each its values and its secrets, in the form's order.
pub fn changes(from: (&Draft, &Secrets), to: (&Draft, &Secrets)) -> Vec<FieldChange> {
    FORM.fields
        .iter()
        .filter_map(|field| {
            let change = FieldChange {
                key: field.key.to_owned(),
                label: field.label.to_owned(),
                old: from.0.get(field.key).cloned(),
                new: to.0.get(field.key).cloned(),
                secret: secret_change(from.1.get(field.key), to.1.get(field.key)),
            };
            (change.old != change.new || change.secret.is_some()).then_some(change)
        })
        .collect()
}

/// A secret that is written anew counts as another one: what it says can not be compared.
fn secret_change(from: Option<&SecretState>, to: Option<&SecretState>) -> Option<SecretChange> {
    match (from, to) {
        (None, Some(_)) => Some(SecretChange::Set),
        (Some(_), None) => Some(SecretChange::Removed),
        (Some(from), Some(to)) => (from != to).then_some(SecretChange::Changed),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(set: &[(&str, i64)]) -> Secrets {
        let state = |millis| SecretState {
            set_at: Timestamp::from_millis(millis),
            set_by: "usr_1".to_owned(),
        };
        set.iter()
            .map(|(key, millis)| ((*key).to_owned(), state(*millis)))
            .collect()
    }

    #[test]
    fn what_differs_is_told_in_the_order_of_the_form() {
        let from = Draft::new()
            .with("minimum_available_sessions", 1)
            .with("name", "Desks")
            .with("sso_domain", "corp.local")
            .with("reusable", true);
        let to = Draft::new()
            .with("minimum_available_sessions", 3)
            .with("name", "Seats")
            .with("dry_run", true)
            .with("reusable", true);
        let none = Secrets::new();
        let told: Vec<_> = changes((&from, &none), (&to, &none))
            .into_iter()
            .map(|change| (change.label, change.old, change.new))
            .collect();
        let line =
            |label: &str, old: Option<Value>, new: Option<Value>| (label.to_owned(), old, new);
        assert_eq!(
            told,
            [
                line("Name", Some("Desks".into()), Some("Seats".into())),
                line("SSO Domain", Some("corp.local".into()), None),
                line("Minimum Available Sessions", Some(1.into()), Some(3.into())),
                line("Dry Run", None, Some(true.into())),
            ]
        );
        assert_eq!(changes((&to, &none), (&to, &none)), []);
    }

    #[test]
    fn of_secrets_only_what_happened_is_told() {
        let values = Draft::new();
        let from = secrets(&[("connection_password", 1), ("connection_private_key", 1)]);
        let to = secrets(&[
            ("connection_password", 2),
            ("connection_private_key_passphrase", 2),
        ]);
        let told = changes((&values, &from), (&values, &to));
        assert!(
            told.iter()
                .all(|change| change.old.is_none() && change.new.is_none())
        );
        let told: Vec<_> = told
            .iter()
            .map(|change| (change.key.as_str(), change.secret))
            .collect();
        assert_eq!(
            told,
            [
                ("connection_password", Some(SecretChange::Changed)),
                ("connection_private_key", Some(SecretChange::Removed)),
                ("connection_private_key_passphrase", Some(SecretChange::Set)),
            ]
        );
        assert_eq!(changes((&values, &from), (&values, &from)), []);
    }
}
