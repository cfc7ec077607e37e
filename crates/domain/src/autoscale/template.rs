//! Templates of the `AutoScale` form: the outcomes that people begin with. A template is a table of defaults and nothing
//! more; what it fills in can be changed like everything else, and a saved config does not remember it.

use super::FORM;
use crate::form::{Draft, Preset};
use Preset::{Bool, Int, Text};

/// Where a draft notes what it was begun from: the key of a template, or the id of the config that it copies. It is no
/// field of the form, so it is never sent or saved with a config.
pub const BEGUN_FROM: &str = "begun_from";

/// An outcome to begin with.
#[derive(Debug)]
pub struct Template {
    /// Its name in programs.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What comes of it, one or two sentences.
    pub about: &'static str,
    /// What it fills in, by the form's keys.
    pub values: &'static [(&'static str, Preset)],
}

/// The templates, in the order in which they are offered. The first fills in nothing.
pub static TEMPLATES: &[Template] = &[
    Template {
        key: "blank",
        title: "Blank",
        about: "Every field has its default.",
        values: &[],
    },
    Template {
        key: "ssh-shells",
        title: "Shared Linux shells over SSH",
        about: "People share servers, up to 8 on each, and sign in with the key from their own profile.",
        values: &[
            ("connection_type", Text("ssh")),
            ("use_user_ssh_key", Bool(true)),
            ("reusable", Bool(true)),
            ("minimum_available_sessions", Int(4)),
            ("max_simultaneous_sessions_per_server", Int(16)),
            ("max_simultaneous_users", Int(8)),
        ],
    },
    Template {
        key: "kasmvnc-desktops",
        title: "Single-use Linux desktops over KasmVNC",
        about: "Each person gets a fresh desktop in the browser, which is removed after their session.",
        values: &[
            ("connection_type", Text("kasmvnc")),
            ("reusable", Bool(false)),
            ("minimum_available_sessions", Int(2)),
            ("max_simultaneous_sessions_per_server", Int(1)),
            ("downscale_backoff_seconds", Int(300)),
        ],
    },
    Template {
        key: "rdp-desktops",
        title: "Windows desktops over RDP",
        about: "One person at a time on each server, which serves the next one afterwards and has time to start.",
        values: &[
            ("connection_type", Text("rdp")),
            ("reusable", Bool(true)),
            ("minimum_available_sessions", Int(2)),
            ("max_simultaneous_sessions_per_server", Int(1)),
            ("max_simultaneous_users", Int(1)),
            ("downscale_backoff_seconds", Int(1800)),
            ("provision_timeout_seconds", Int(1800)),
        ],
    },
];

impl Template {
    /// The one with this key.
    pub fn with_key(key: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.key == key)
    }

    /// What it fills in.
    pub fn draft(&self) -> Draft {
        FORM.draft_of(self.values)
    }
}

/// What a copy of a saved config begins with: all but what is its own. A saved config holds no secrets, so none is copied.
pub fn copied(values: &Draft) -> Draft {
    let mut draft = values.clone();
    for key in ["name", "pool_id"] {
        draft.remove(key);
    }
    draft
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::autoscale::parse;
    use crate::form::{Kind, SecretKeys, check};
    use crate::id::{PoolId, ProviderId, ZoneId};

    /// What no template can know.
    fn completed(template: &Template) -> Draft {
        let id = |prefix: &str| format!("{prefix}_01980000-0000-7000-8000-000000000001");
        let mut draft = template
            .draft()
            .with("name", "a")
            .with("pool_id", id(PoolId::PREFIX))
            .with("deployment_zone_id", id(ZoneId::PREFIX))
            .with("provider_id", id(ProviderId::PREFIX));
        draft.set("connection_username", "people");
        draft
    }

    #[test]
    fn a_template_parses_as_far_as_its_fields_go() {
        for template in TEMPLATES {
            let wrong: Vec<_> = check(&FORM, &template.draft(), &SecretKeys::default())
                .into_iter()
                .filter(|error| error.code != "required")
                .collect();
            assert_eq!(wrong, [], "{}", template.key);
            let config = parse(&completed(template), &SecretKeys::default());
            let config = config.unwrap_or_else(|errors| panic!("{}: {errors:?}", template.key));
            assert!(
                config.not_yet().is_empty(),
                "{} can be enabled",
                template.key
            );
        }
    }

    #[test]
    fn a_template_knows_its_fields_and_names_each_once() {
        for template in TEMPLATES {
            let mut seen = BTreeSet::new();
            for (key, _) in template.values {
                let field = FORM.field(key);
                let field = field.unwrap_or_else(|| panic!("{}: {key} is unknown", template.key));
                assert!(seen.insert(key), "{}: {key} stands twice", template.key);
                let is_own = field.kind.is_secret() || matches!(field.kind, Kind::Reference(_));
                assert!(!is_own, "{}: {key} is no default", template.key);
            }
            assert_eq!(template.draft().only_shown(&FORM), template.draft());
        }
    }

    #[test]
    fn templates_are_told_apart_and_the_first_is_blank() {
        let keys: BTreeSet<_> = TEMPLATES.iter().map(|template| template.key).collect();
        assert_eq!(keys.len(), TEMPLATES.len());
        assert!(keys.iter().all(|key| Template::with_key(key).is_some()));
        assert!(TEMPLATES[0].values.is_empty());
        assert!(FORM.field(BEGUN_FROM).is_none(), "it is never sent");
    }

    #[test]
    fn a_copy_has_a_name_and_a_pool_of_its_own() {
        let saved = completed(&TEMPLATES[1]);
        let copy = copied(&saved);
        assert_eq!((copy.get("name"), copy.get("pool_id")), (None, None));
        assert_eq!(copy.get("reusable"), Some(&Value::Bool(true)));
        assert_eq!(copy.get("provider_id"), saved.get("provider_id"));
    }
}
