//! The LDAP config: a directory that people sign in with, or in which computer records are made.

use crate::{
    error::FieldError,
    form::{Condition, Draft, Field, Form, Format, Kind, Preset, Reader, SecretKeys, Step},
    value::{Dn, LdapUrl, Name, Text},
};

/// The key of the one secret.
const PASSWORD: &str = "service_account_password";

/// The LDAP config form.
pub static FORM: Form = Form {
    key: "ldap",
    title: "LDAP config",
    steps: &[
        Step {
            key: "directory",
            title: "Directory",
            about: "Where the directory is, and how Weir signs in to it.",
        },
        Step {
            key: "people",
            title: "People",
            about: "How people are found in it.",
        },
    ],
    fields: FIELDS,
};

const FIELDS: &[Field] = &[
    Field {
        key: "enabled",
        step: "directory",
        label: "Enabled",
        help: "People can sign in with this directory. Computer records do not need it.",
        kind: Kind::Bool,
        default: Preset::Bool(true),
        ..Field::BASE
    },
    Field {
        key: "name",
        step: "directory",
        label: "Name",
        help: "What this directory is called in lists and messages.",
        kind: Kind::Text {
            max: 63,
            format: Format::Name,
        },
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "url",
        step: "directory",
        label: "URL",
        help: "Where the directory listens, such as ldaps://dc1.corp.example. Computer records need ldaps.",
        kind: Kind::Text {
            max: 270,
            format: Format::LdapUrl,
        },
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "search_base",
        step: "directory",
        label: "Search Base",
        help: "Where searches begin, such as DC=corp,DC=example. Its DC parts are the domain, {domain} in start-up scripts.",
        kind: Kind::Text {
            max: 1024,
            format: Format::Dn,
        },
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "search_subtree",
        step: "directory",
        label: "Search Subtree",
        help: "Searches go below the search base too, not only into it.",
        kind: Kind::Bool,
        default: Preset::Bool(true),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "service_account_dn",
        step: "directory",
        label: "Service Account DN",
        help: "The account with which Weir signs in. For computer records it must be allowed to create computers in their unit.",
        kind: Kind::Text {
            max: 1024,
            format: Format::Dn,
        },
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: PASSWORD,
        step: "directory",
        label: "Service Account Password",
        help: "The password of that account.",
        kind: Kind::Secret,
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "connection_timeout_seconds",
        step: "directory",
        label: "Connection Timeout (Seconds)",
        help: "How long Weir waits for an answer.",
        kind: Kind::Int { min: 1, max: 120 },
        unit: "seconds",
        default: Preset::Int(10),
        required: Condition::Always,
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "search_filter",
        step: "people",
        label: "Search Filter",
        help: "The filter that finds a person; {0} stands for the name they typed.",
        kind: Kind::Text {
            max: 255,
            format: Format::Free,
        },
        default: Preset::Text("(&(objectClass=user)(sAMAccountName={0}))"),
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "group_membership_filter",
        step: "people",
        label: "Group Membership Filter",
        help: "The filter that finds the groups of a person. Blank asks for no groups.",
        ..Field::BASE
    },
    Field {
        key: "email_attribute",
        step: "people",
        label: "Email Attribute",
        help: "The attribute that holds a person's mail address.",
        default: Preset::Text("mail"),
        required: Condition::Always,
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "username_domain_match",
        step: "people",
        label: "Alternate Username Domains",
        help: "The domains of the names that this directory answers for, one a line. * stands for names without a domain.",
        kind: Kind::List {
            max_items: 50,
            max: 253,
            format: Format::Free,
        },
        ..Field::BASE
    },
    Field {
        key: "auto_create_app_user",
        step: "people",
        label: "Auto Create App User",
        help: "A person who signs in for the first time gets an account here.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        ..Field::BASE
    },
];

/// A directory, as an admin describes it. The password of the service account is kept elsewhere; it is always set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapConfig {
    /// People can sign in with it.
    pub enabled: bool,
    /// Unique among the directories.
    pub name: Name,
    /// Where it listens.
    pub url: LdapUrl,
    /// Where searches begin.
    pub search_base: Dn,
    /// Searches go below the search base.
    pub search_subtree: bool,
    /// The account with which Weir signs in.
    pub service_account: Dn,
    /// How long Weir waits for an answer, in seconds.
    pub timeout_secs: u32,
    /// Finds a person; `{0}` stands for the name.
    pub search_filter: Text,
    /// Finds the groups of a person.
    pub group_filter: Option<Text>,
    /// The attribute with the mail address.
    pub email_attribute: Text,
    /// Domains of the names that it answers for; `*` stands for names without one.
    pub username_domains: Vec<String>,
    /// People who sign in for the first time get an account.
    pub creates_users: bool,
}

impl LdapConfig {
    /// The domain's DNS name, `{domain}` in start-up scripts; none if the search base has no `DC=` parts.
    pub fn domain(&self) -> Option<String> {
        self.search_base.domain()
    }

    /// Why no computer record can be made in this directory under `ou`; none if one can.
    pub fn refuses_records(&self, ou: &Dn) -> Option<&'static str> {
        if !self.url.is_secure() {
            Some(
                "The directory is not reached by ldaps, and without it no computer record can be made. Change its URL.",
            )
        } else if self.domain().is_none() {
            Some("The directory's search base has no DC parts, so the domain is not known.")
        } else if !ou.is_under(&self.search_base) {
            Some("The unit does not lie under the directory's search base.")
        } else {
            None
        }
    }
}

/// Reads an LDAP config from a draft that holds no secrets any more; `secrets` says which are set.
///
/// # Errors
/// What [`crate::form::check`] finds, else that the search filter has no place for the name.
pub fn parse(draft: &Draft, secrets: &SecretKeys) -> Result<LdapConfig, Vec<FieldError>> {
    read(&Reader::new(&FORM, draft, secrets)?)
}

/// The draft that [`parse`] reads as this config. Beside it the service account's password is set.
pub fn draft_of(config: &LdapConfig) -> Draft {
    let mut draft = Draft::new()
        .with("enabled", config.enabled)
        .with("name", config.name.as_str())
        .with("url", config.url.to_string())
        .with("search_base", config.search_base.as_str())
        .with("search_subtree", config.search_subtree)
        .with("service_account_dn", config.service_account.as_str())
        .with("connection_timeout_seconds", config.timeout_secs)
        .with("search_filter", config.search_filter.as_str())
        .with("email_attribute", config.email_attribute.as_str())
        .with("username_domain_match", config.username_domains.clone())
        .with("auto_create_app_user", config.creates_users);
    if let Some(filter) = &config.group_filter {
        draft.set("group_membership_filter", filter.as_str());
    }
    draft
}

fn read(form: &Reader<'_>) -> Result<LdapConfig, Vec<FieldError>> {
    // The check has refused a form in which it is not set.
    form.has_secret(PASSWORD);
    let search_filter: Text = form.required("search_filter")?;
    if !search_filter.as_str().contains("{0}") {
        let message = "Write {0} where the person's name goes, else the filter finds everybody.";
        return Err(Reader::error("search_filter", "bad_format", message));
    }
    Ok(LdapConfig {
        enabled: form.bool("enabled"),
        name: form.required("name")?,
        url: form.required("url")?,
        search_base: form.required("search_base")?,
        search_subtree: form.bool("search_subtree"),
        service_account: form.required("service_account_dn")?,
        timeout_secs: form.int("connection_timeout_seconds")?,
        search_filter,
        group_filter: form.optional("group_membership_filter")?,
        email_attribute: form.required("email_attribute")?,
        username_domains: form.list("username_domain_match"),
        creates_users: form.bool("auto_create_app_user"),
    })
}

/// A saved LDAP config: the keys of the form, without secrets, and what Weir knows beside them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedLdapConfig {
    /// The id.
    pub id: crate::id::LdapConfigId,
    /// The values of the form's shown fields. Secrets are never among them.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub values: Draft,
    /// Which secrets are set, by key.
    pub secrets: std::collections::BTreeMap<String, crate::autoscale::SecretState>,
    /// When it was made.
    pub created_at: crate::timestamp::Timestamp,
    /// When it was last changed.
    pub updated_at: crate::timestamp::Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn least() -> Draft {
        Draft::new()
            .with("name", "Corp")
            .with("url", "ldaps://dc1.corp.example")
            .with("search_base", "DC=corp,DC=example")
            .with("service_account_dn", "CN=weir,DC=corp,DC=example")
    }

    fn set() -> SecretKeys {
        [PASSWORD].into_iter().collect()
    }

    #[test]
    fn the_table_is_sound_and_read_whole() {
        assert_eq!(FORM.flaws(), Vec::<String>::new());
        let secrets = set();
        let reader = Reader::new(&FORM, &least(), &secrets).unwrap();
        read(&reader).unwrap();
        let keys = FORM.fields.iter().map(|field| field.key.to_owned());
        assert_eq!(reader.keys_read(), keys.collect());
    }

    #[test]
    fn there_and_back() {
        let full = least()
            .with("enabled", false)
            .with("search_subtree", false)
            .with("group_membership_filter", "(member={0})")
            .with("username_domain_match", json!(["corp.example", "*"]))
            .with("auto_create_app_user", true)
            .with("connection_timeout_seconds", 3);
        for draft in [least(), full] {
            let config = parse(&draft, &set()).unwrap();
            assert_eq!(parse(&draft_of(&config), &set()), Ok(config));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let pointers = |draft: &Draft, secrets: &SecretKeys| -> Vec<String> {
            let errors = parse(draft, secrets).unwrap_err();
            errors.into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(
            pointers(&least(), &SecretKeys::none()),
            ["/service_account_password"]
        );
        for (key, value, pointer) in [
            ("url", json!("https://corp"), "/url"),
            ("search_base", json!("corp"), "/search_base"),
            ("search_filter", json!("(cn=*)"), "/search_filter"),
            (
                "username_domain_match",
                json!(["a", 1]),
                "/username_domain_match/1",
            ),
            (
                "username_domain_match",
                json!("a"),
                "/username_domain_match",
            ),
            (
                "connection_timeout_seconds",
                json!(0),
                "/connection_timeout_seconds",
            ),
        ] {
            assert_eq!(pointers(&least().with(key, value), &set()), [pointer]);
        }
    }

    #[test]
    fn computer_records_need_ldaps_a_domain_and_a_unit_below_the_base() {
        let config = |draft: &Draft| parse(draft, &set()).unwrap();
        let inside: Dn = "OU=Desks,DC=corp,DC=example".parse().unwrap();
        let outside: Dn = "OU=Desks,DC=other,DC=example".parse().unwrap();
        let corp = config(&least());
        assert_eq!(corp.domain().as_deref(), Some("corp.example"));
        assert_eq!(corp.refuses_records(&inside), None);
        assert!(corp.refuses_records(&outside).unwrap().contains("under"));
        let plain = config(&least().with("url", "ldap://dc1.corp.example"));
        assert!(plain.refuses_records(&inside).unwrap().contains("ldaps"));
        let flat = config(&least().with("search_base", "O=corp"));
        assert!(flat.refuses_records(&inside).unwrap().contains("DC"));
    }
}
