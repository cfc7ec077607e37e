//! Every kind of field in every state.

use std::collections::BTreeMap;

use domain::autoscale::SecretState;
use domain::form::{
    Choice, Condition, Draft, Field, Form, Format, Kind, Noun, Preset, Refusal, Step,
};
use leptos::prelude::*;
use serde_json::{Value, json};

use super::{NOW, early, row, state};
use crate::components::form::page::fields as step_fields;
use crate::components::form::side::Side;
use crate::components::form::{FormState, Start};

const STEP: Step = Step {
    key: "all",
    title: "",
    about: "",
};

const BASE: Field = Field {
    step: "all",
    ..Field::BASE
};

const PROTOCOLS: &[Choice] = &[
    Choice {
        value: "rdp",
        label: "RDP",
        help: "A desktop of Windows.",
        refused: &[],
    },
    Choice {
        value: "vnc",
        label: "VNC",
        help: "A desktop of anything.",
        refused: &[Refusal {
            when: Condition::Always,
            reason: "The provider makes no such servers.",
        }],
    },
];

/// A form with a field of each kind. No two on the page may have the same keys.
macro_rules! every_kind {
    ($form:ident, $of:literal) => {
        static $form: Form = Form {
            key: $of,
            title: "Every kind",
            steps: &[STEP],
            fields: &[
                Field {
                    key: concat!($of, "_name"),
                    label: "Name",
                    help: "1 to 20 characters.",
                    kind: Kind::Text {
                        max: 20,
                        format: Format::Name,
                    },
                    required: Condition::Always,
                    ..BASE
                },
                Field {
                    key: concat!($of, "_seats"),
                    label: "Seats",
                    help: "How many people one server takes.",
                    kind: Kind::Int { min: 1, max: 20 },
                    unit: "people",
                    default: Preset::Int(1),
                    required: Condition::Always,
                    ..BASE
                },
                Field {
                    key: concat!($of, "_reusable"),
                    label: "Reusable",
                    help: "Servers stay when a person leaves.",
                    kind: Kind::Bool,
                    ..BASE
                },
                Field {
                    key: concat!($of, "_protocol"),
                    label: "Protocol",
                    help: "How people reach it.",
                    kind: Kind::Choice(PROTOCOLS),
                    required: Condition::Always,
                    ..BASE
                },
                Field {
                    key: concat!($of, "_zone"),
                    label: "Zone",
                    help: "Where its servers stand.",
                    kind: Kind::Reference(Noun::Zone),
                    required: Condition::Always,
                    ..BASE
                },
                Field {
                    key: concat!($of, "_hosts"),
                    label: "Hosts",
                    help: "One a line.",
                    kind: Kind::List {
                        max_items: 10,
                        max: 100,
                        format: Format::Host,
                    },
                    ..BASE
                },
                Field {
                    key: concat!($of, "_password"),
                    label: "Password",
                    help: "Nobody can read it here again.",
                    kind: Kind::Secret,
                    required: Condition::Always,
                    ..BASE
                },
                Field {
                    key: concat!($of, "_tags"),
                    label: "Tags",
                    help: "A JSON object.",
                    kind: Kind::Object,
                    advanced: true,
                    ..BASE
                },
            ],
        };
    };
}

every_kind!(EMPTY, "empty");
every_kind!(FILLED, "filled");
every_kind!(WRONG, "wrong");
every_kind!(LOCKED, "locked");

/// The values of one of these forms.
fn draft(form: &Form, values: &[(&str, Value)]) -> Draft {
    values.iter().fold(Draft::new(), |draft, (key, value)| {
        draft.with(&format!("{}_{key}", form.key), value.clone())
    })
}

/// One of these forms with values, and with zones to choose from.
fn with_values(
    form: &'static Form,
    values: &[(&str, Value)],
    locked: Vec<&'static str>,
) -> FormState {
    let zones = [
        ("zone_1", "Amsterdam"),
        ("zone_2", "A zone with a name that is rather long"),
    ];
    let zones = zones.map(|(id, name)| (id.to_owned(), name.to_owned()));
    FormState::new(
        form,
        Start {
            draft: draft(form, values),
            options: BTreeMap::from([(format!("{}_zone", form.key), zones.to_vec())]),
            locked,
            ..Start::default()
        },
    )
}

fn right() -> [(&'static str, Value); 7] {
    [
        ("name", json!("Desks")),
        ("seats", json!(4)),
        ("reusable", json!(true)),
        ("protocol", json!("rdp")),
        ("zone", json!("zone_1")),
        ("hosts", json!(["a.weir.example", "b.weir.example"])),
        ("tags", json!({ "team": "finance" })),
    ]
}

/// A form with a field of each kind, four times.
pub fn fields() -> AnyView {
    let empty = FormState::new(&EMPTY, Start::default());
    let filled = with_values(&FILLED, &right(), Vec::new()).with_side(Side::new());
    let wrong = with_values(
        &WRONG,
        &[
            ("name", json!("A name of more than twenty characters")),
            ("seats", json!(21)),
            ("protocol", json!("vnc")),
            ("hosts", json!(["no host!"])),
            ("tags", json!("{ team }")),
        ],
        Vec::new(),
    );
    wrong.touch_step(None);
    let keys = LOCKED.fields.iter().map(|field| field.key).collect();
    let locked = with_values(&LOCKED, &right(), keys);
    row([
        state("As it begins, with no zone to choose", of(empty)),
        state("Filled in", of(filled)),
        state("Wrong", of(wrong)),
        state("Not to be changed", of(locked)),
    ])
}

fn of(form: FormState) -> AnyView {
    form.form
        .steps
        .first()
        .map(|step| step_fields(form, step))
        .into_any()
}

static SECRETS: Form = Form {
    key: "secrets",
    title: "Secrets",
    steps: &[STEP],
    fields: &[
        Field {
            key: "secret_kept",
            label: "Set",
            help: "It stays unless it is replaced.",
            kind: Kind::Secret,
            ..BASE
        },
        Field {
            key: "secret_removed",
            label: "To be removed",
            help: "It goes when the form is saved.",
            kind: Kind::Secret,
            ..BASE
        },
        Field {
            key: "secret_replaced",
            label: "To be replaced",
            help: "The old one holds until the form is saved.",
            kind: Kind::Secret,
            ..BASE
        },
        Field {
            key: "secret_key",
            label: "Not set, of many lines",
            help: "A private key.",
            kind: Kind::SecretMultiline,
            ..BASE
        },
    ],
};

static SECRETS_EARLY: Form = Form {
    key: "secrets_early",
    title: "Secrets",
    steps: &[STEP],
    fields: &[Field {
        key: "secret_early",
        label: "Set",
        help: "It stays unless it is replaced.",
        kind: Kind::Secret,
        ..BASE
    }],
};

/// What was entered once and is never shown.
pub fn secrets() -> AnyView {
    let set = SecretState {
        set_at: NOW,
        set_by: "usr_1".to_owned(),
    };
    let kept = |keys: &[&str]| {
        let kept = keys.iter().map(|key| ((*key).to_owned(), set.clone()));
        kept.collect()
    };
    let all = FormState::new(
        &SECRETS,
        Start {
            draft: Draft::new()
                .with("secret_removed", Value::Null)
                .with("secret_replaced", ""),
            secrets: kept(&["secret_kept", "secret_removed", "secret_replaced"]),
            ..Start::default()
        },
    );
    let one = FormState::new(
        &SECRETS_EARLY,
        Start {
            secrets: kept(&["secret_early"]),
            ..Start::default()
        },
    );
    row([
        state("Each way", of(all)),
        early(move || {
            state(
                "While its form is disabled",
                view! { <fieldset disabled>{of(one)}</fieldset> },
            )
        }),
    ])
}
