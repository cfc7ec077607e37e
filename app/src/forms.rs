//! The tables of the small forms: what an admin or a person enters for a zone, a pool, a provider config, a person,
//! a key. Keys, bounds and checks are those of the use cases.

use domain::error::{Problem, ProblemCode};
use domain::form::{Choice, Condition, Draft, Field, Form, Format, Kind, Preset, Step};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api::ApiError;
use crate::text::{common, forms as text};

const STEP: &[Step] = &[Step {
    key: "all",
    title: "",
    about: "",
}];

const NAME: Field = Field {
    key: "name",
    step: "all",
    label: common::NAME,
    help: text::NAME_HELP,
    kind: Kind::Text {
        max: 63,
        format: Format::Name,
    },
    required: Condition::Always,
    ..Field::BASE
};

const ROLE: Field = Field {
    key: "role",
    step: "all",
    label: common::ROLE,
    help: text::ROLE_HELP,
    kind: Kind::Choice(&[
        Choice {
            value: "user",
            label: text::ROLE_USER,
            help: text::ROLE_USER_HELP,
            refused: &[],
        },
        Choice {
            value: "admin",
            label: common::ADMIN,
            help: text::ROLE_ADMIN_HELP,
            refused: &[],
        },
    ]),
    default: Preset::Text("user"),
    required: Condition::Always,
    ..Field::BASE
};

/// A zone.
pub static ZONE: Form = Form {
    key: "zone",
    title: text::ZONE,
    steps: STEP,
    fields: &[
        NAME,
        Field {
            key: "upstream_auth_address",
            step: "all",
            label: text::ADDRESS,
            help: text::ADDRESS_HELP,
            kind: Kind::Text {
                max: 260,
                format: Format::Authority,
            },
            required: Condition::Always,
            ..Field::BASE
        },
    ],
};

/// A pool, without its published apps.
pub static POOL: Form = Form {
    key: "pool",
    title: common::POOL,
    steps: STEP,
    fields: &[
        NAME,
        Field {
            key: "description",
            step: "all",
            label: text::DESCRIPTION,
            help: text::DESCRIPTION_HELP,
            kind: Kind::Text {
                max: 200,
                format: Format::Free,
            },
            ..Field::BASE
        },
    ],
};

/// A provider config, without the fields of its kind.
pub static PROVIDER: Form = Form {
    key: "provider",
    title: text::PROVIDER,
    steps: STEP,
    fields: &[
        NAME,
        Field {
            key: "kind",
            step: "all",
            label: common::KIND,
            help: text::KIND_HELP,
            kind: Kind::Choice(&[
                Choice {
                    value: "aws",
                    label: text::AWS,
                    help: text::AWS_HELP,
                    refused: &[],
                },
                Choice {
                    value: "lxd",
                    label: text::LXD,
                    help: text::LXD_HELP,
                    refused: &[],
                },
                Choice {
                    value: "local",
                    label: text::LOCAL,
                    help: text::LOCAL_HELP,
                    refused: &[],
                },
                Choice {
                    value: "fake",
                    label: text::FAKE,
                    help: text::FAKE_HELP,
                    refused: &[],
                },
            ]),
            default: Preset::Text("local"),
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "max_instances",
            step: "all",
            label: text::MAX_INSTANCES,
            help: text::MAX_INSTANCES_HELP,
            kind: Kind::Int {
                min: 1,
                max: 100_000,
            },
            unit: text::MACHINES,
            default: Preset::Int(5),
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "startup_script",
            step: "all",
            label: text::STARTUP_SCRIPT,
            help: text::STARTUP_SCRIPT_HELP,
            kind: Kind::Multiline {
                max: 65_536,
                format: Format::StartupScript,
            },
            ..Field::BASE
        },
    ],
};

/// A person.
pub static USER: Form = Form {
    key: "user",
    title: common::PERSON,
    steps: STEP,
    fields: &[
        Field {
            help: text::LOGIN_HELP,
            kind: Kind::Text {
                max: 63,
                format: Format::Free,
            },
            ..NAME
        },
        ROLE,
        Field {
            key: "password",
            step: "all",
            label: common::PASSWORD,
            help: text::PASSWORD_HELP,
            kind: Kind::Secret,
            ..Field::BASE
        },
    ],
};

/// An API key. `user_id` gets the people as its options.
pub static API_KEY: Form = Form {
    key: "api_key",
    title: text::API_KEY,
    steps: STEP,
    fields: &[
        Field {
            help: text::API_KEY_HELP,
            ..NAME
        },
        ROLE,
        Field {
            key: "user_id",
            step: "all",
            label: common::PERSON,
            help: text::API_KEY_PERSON_HELP,
            required: Condition::Is("role", "user"),
            ..Field::BASE
        },
    ],
};

/// A person's SSH key.
pub static SSH_KEY: Form = Form {
    key: "ssh_key",
    title: text::SSH_KEY,
    steps: STEP,
    fields: &[
        Field {
            help: text::SSH_KEY_HELP,
            ..NAME
        },
        Field {
            key: "public_key",
            step: "all",
            label: text::PUBLIC_KEY,
            help: text::PUBLIC_KEY_HELP,
            kind: Kind::Text {
                max: 8192,
                format: Format::Free,
            },
            ..Field::BASE
        },
    ],
};

/// What a form's document stands for, with the defaults written out and blank optional texts left out.
///
/// # Errors
/// The document does not fit the type: the form and the use case disagree, which is a fault of Weir.
pub fn read<T: DeserializeOwned>(form: &Form, document: Draft) -> Result<T, ApiError> {
    let mut members: Map<String, Value> = document.filled(form).into();
    members.retain(|key, value| {
        let is_optional = form
            .field(key)
            .is_none_or(|field| matches!(field.required, Condition::Never));
        let is_blank = value.as_str().is_some_and(|text| text.trim().is_empty());
        !(value.is_null() || is_optional && is_blank)
    });
    serde_json::from_value(Value::Object(members)).map_err(|error| {
        ApiError(Problem::new(
            ProblemCode::Internal,
            text::unreadable(&error),
        ))
    })
}

/// The draft of something that is there already: those of its values that the form has fields for.
pub fn draft_of(form: &Form, value: &impl serde::Serialize) -> Draft {
    match serde_json::to_value(value) {
        Ok(Value::Object(mut members)) => {
            members.retain(|key, value| form.field(key).is_some() && !value.is_null());
            Draft::from(members)
        }
        Ok(_) | Err(_) => Draft::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::pool::PoolInput;
    use domain::provider::{ProviderInput, ProviderKind};
    use domain::user::{ApiKeyInput, SshKeyInput};
    use domain::zone::ZoneInput;

    #[test]
    fn the_tables_have_no_flaws() {
        for form in [&ZONE, &POOL, &PROVIDER, &USER, &API_KEY, &SSH_KEY] {
            assert_eq!(form.flaws(), Vec::<String>::new());
        }
    }

    #[test]
    fn every_form_reads_as_its_type() {
        let named = || Draft::new().with("name", "a");
        let zone = ZoneInput {
            name: "a".into(),
            upstream_auth_address: "w:1".into(),
        };
        assert_eq!(read(&ZONE, draft_of(&ZONE, &zone)), Ok(zone));
        let pool: PoolInput = read(&POOL, named().with("description", " ")).expect("a pool");
        assert_eq!((pool.name.as_str(), pool.description.as_str()), ("a", ""));
        let provider: ProviderInput = read(&PROVIDER, named()).expect("a provider");
        assert_eq!(
            (provider.kind, provider.max_instances),
            (ProviderKind::Local, 5)
        );
        let key: ApiKeyInput = read(&API_KEY, named()).expect("a key");
        assert_eq!(key.user_id, None);
        let key: SshKeyInput = read(&SSH_KEY, named().with("public_key", "")).expect("a key");
        assert_eq!(key.public_key, None);
    }

    #[test]
    fn every_kind_of_provider_can_be_chosen() {
        let field = PROVIDER.field("kind").expect("a field");
        for kind in ProviderKind::ALL {
            assert!(field.choice(kind.as_str()).is_some(), "{kind:?}");
        }
    }
}
