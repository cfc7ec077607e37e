//! The tables of the small forms: what an admin or a person enters for a zone, a pool, a provider config, a person,
//! a key. Keys, bounds and checks are those of the use cases.

use domain::error::{Problem, ProblemCode};
use domain::form::{Choice, Condition, Draft, Field, Form, Format, Kind, Preset, Step};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api::ApiError;

const STEP: &[Step] = &[Step {
    key: "all",
    title: "",
    about: "",
}];

const NAME: Field = Field {
    key: "name",
    step: "all",
    label: "Name",
    help: "1 to 63 characters. No two have the same name.",
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
    label: "Role",
    help: "What is allowed.",
    kind: Kind::Choice(&[
        Choice {
            value: "user",
            label: "User",
            help: "Opens sessions and sees its own things.",
            refused: &[],
        },
        Choice {
            value: "admin",
            label: "Admin",
            help: "Configures everything as well.",
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
    title: "Zone",
    steps: STEP,
    fields: &[
        NAME,
        Field {
            key: "upstream_auth_address",
            step: "all",
            label: "Upstream Auth Address",
            help: "Host name or address at which the servers of this zone reach Weir, with a port if it is not 443. Start-up scripts get it as {upstream_auth_address}.",
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
    title: "Pool",
    steps: STEP,
    fields: &[
        NAME,
        Field {
            key: "description",
            step: "all",
            label: "Description",
            help: "One line for the card in the portal.",
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
    title: "Provider",
    steps: STEP,
    fields: &[
        NAME,
        Field {
            key: "kind",
            step: "all",
            label: "Kind",
            help: "Where the machines come from. It cannot be changed later.",
            kind: Kind::Choice(&[
                Choice {
                    value: "local",
                    label: "This machine",
                    help: "OpenSSH servers on the machine that Weir runs on. For trying Weir out and for tests.",
                    refused: &[],
                },
                Choice {
                    value: "fake",
                    label: "Fake cloud",
                    help: "Machines in memory, which nobody can connect to. For demos and tests.",
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
            label: "Max Instances",
            help: "There are never more machines than this, whatever the demand. All pools that use this provider share it.",
            kind: Kind::Int {
                min: 1,
                max: 100_000,
            },
            unit: "machines",
            default: Preset::Int(5),
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "startup_script",
            step: "all",
            label: "Startup Script",
            help: "Runs on each new machine. Tags such as {server_id}, {upstream_auth_address} and {checkin_jwt} are filled in; brackets of the script itself are doubled: {{ and }}.",
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
    title: "Person",
    steps: STEP,
    fields: &[
        Field {
            help: "The name to sign in with: a-z, 0-9, '.', '_', '-' and '@'.",
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
            label: "Password",
            help: "12 to 256 characters. Left out, a new person cannot sign in by password, and an old one keeps theirs.",
            kind: Kind::Secret,
            ..Field::BASE
        },
    ],
};

/// An API key. `user_id` gets the people as its options.
pub static API_KEY: Form = Form {
    key: "api_key",
    title: "API key",
    steps: STEP,
    fields: &[
        Field {
            help: "What the key is for.",
            ..NAME
        },
        ROLE,
        Field {
            key: "user_id",
            step: "all",
            label: "Person",
            help: "The person that the key acts for. A key with the role User needs one.",
            required: Condition::Is("role", "user"),
            ..Field::BASE
        },
    ],
};

/// A person's SSH key.
pub static SSH_KEY: Form = Form {
    key: "ssh_key",
    title: "SSH key",
    steps: STEP,
    fields: &[
        Field {
            help: "Where the key is from, such as the name of your laptop.",
            ..NAME
        },
        Field {
            key: "public_key",
            step: "all",
            label: "Public Key",
            help: "One line that begins with ssh-ed25519, ecdsa or ssh-rsa. Leave it empty, and Weir makes a pair and shows you the private half once.",
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
            format!("The form cannot be read: {error}."),
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
