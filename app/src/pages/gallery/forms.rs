//! Whole forms: on one page, as a wizard, beside each other, and saved by two people at once.

use std::collections::BTreeMap;

use domain::autoscale::SecretState;
use domain::draft::SavedDraft;
use domain::error::{Problem, ProblemCode};
use domain::form::{Condition, Draft, Field, Form, Format, Kind, Noun, Preset, Step};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{NOW, early, id, row, state};
use crate::api::ApiError;
use crate::components::form::clash::{Clash, Theirs};
use crate::components::form::copy_as::copy_as;
use crate::components::form::keep::Keeper;
use crate::components::form::page::{Cancel, FormPage};
use crate::components::form::side::Side;
use crate::components::form::summary::summary;
use crate::components::form::wizard::{Base, Wizard};
use crate::components::form::{FormState, Start};

/// A form of two fields. No two on the page may have the same keys.
macro_rules! small_form {
    ($form:ident, $of:literal) => {
        static $form: Form = Form {
            key: $of,
            title: "Zone",
            steps: &[Step {
                key: "all",
                title: "",
                about: "",
            }],
            fields: &[
                Field {
                    key: concat!($of, "_name"),
                    step: "all",
                    label: "Name",
                    help: "No two have the same name.",
                    kind: Kind::Text {
                        max: 63,
                        format: Format::Name,
                    },
                    required: Condition::Always,
                    ..Field::BASE
                },
                Field {
                    key: concat!($of, "_address"),
                    step: "all",
                    label: "Address",
                    help: "Where its servers reach Weir.",
                    kind: Kind::Text {
                        max: 255,
                        format: Format::Authority,
                    },
                    required: Condition::Always,
                    ..Field::BASE
                },
            ],
        };
    };
}

small_form!(FRESH, "fresh");
small_form!(BUSY, "busy");
small_form!(REFUSED, "refused");
small_form!(MISSING, "missing");
small_form!(EARLY, "early");
small_form!(ASIDE, "aside");

/// A form that is sent by one button, and what stands around it.
pub fn pages() -> AnyView {
    let refused = Problem::new(
        ProblemCode::Conflict,
        "There is a zone of this name already.",
    );
    let missing = empty(&MISSING);
    missing.touch_step(None);
    view! {
        {row([
            state("Ready", page(filled(&FRESH), false, None)),
            state("On its way", page(filled(&BUSY), true, None)),
            state("Refused", page(filled(&REFUSED), false, Some(refused))),
            early(|| {
                state("Before the browser has taken the page over", page(filled(&EARLY), false, None))
            }),
            state("What is wrong with it, and where", mistakes(missing)),
        ])}
        {aside()}
    }
    .into_any()
}

fn empty(form: &'static Form) -> FormState {
    FormState::new(form, Start::default())
}

fn filled(form: &'static Form) -> FormState {
    let draft = Draft::new()
        .with(&format!("{}_name", form.key), "Amsterdam")
        .with(&format!("{}_address", form.key), "weir.example:8443");
    FormState::new(
        form,
        Start {
            draft,
            ..Start::default()
        },
    )
}

fn page(form: FormState, is_busy: bool, refused: Option<Problem>) -> AnyView {
    let problem = RwSignal::new(refused.map(ApiError));
    view! {
        <FormPage
            state=form
            save="Save zone"
            cancel="/gallery".to_owned()
            on_save=Callback::new(|()| {})
            busy=RwSignal::new(is_busy)
            problem=problem
        />
    }
    .into_any()
}

fn mistakes(form: FormState) -> AnyView {
    let go = Callback::new(|_: &'static Field| {});
    view! {
        {summary(form, Signal::stored(None), RwSignal::new(true), go)}
        {page(form, false, None)}
    }
    .into_any()
}

/// What opens beside a form. It stands open where the address says so.
fn aside() -> AnyView {
    let side = Side::new();
    let is_asked = use_query_map()
        .read_untracked()
        .get("open")
        .is_some_and(|what| what == "side");
    if is_asked {
        side.open(Noun::Zone);
    }
    let form = move |_| {
        let leave = Cancel::Leave(Callback::new(move |()| side.close()));
        view! {
            <FormPage
                state=empty(&ASIDE)
                save="Create zone"
                cancel=leave
                on_save=Callback::new(|()| {})
                busy=RwSignal::new(false)
                problem=RwSignal::new(None)
            />
        }
        .into_any()
    };
    let open = view! {
        <div class="actions">
            <button type="button" class="button" on:click=move |_| side.open(Noun::Zone)>
                "New zone"
            </button>
        </div>
    };
    view! {
        {state("What opens a form beside another one", open)}
        {side.view(form)}
    }
    .into_any()
}

static STEPS: Form = Form {
    key: "steps",
    title: "Steps",
    steps: &[
        Step {
            key: "basics",
            title: "Basics",
            about: "What it is called, and where it stands.",
        },
        Step {
            key: "capacity",
            title: "Capacity",
            about: "How much of it there is.",
        },
        Step {
            key: "access",
            title: "Access",
            about: "Who may use it.",
        },
    ],
    fields: &[
        Field {
            key: "steps_name",
            step: "basics",
            label: "Name",
            help: "No two have the same name.",
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "steps_enabled",
            step: "basics",
            label: "Enabled",
            help: "Whether servers are made and removed.",
            kind: Kind::Bool,
            default: Preset::Bool(true),
            ..Field::BASE
        },
        Field {
            key: "steps_minimum",
            step: "capacity",
            label: "Free seats",
            help: "Seats that are kept free.",
            kind: Kind::Int { min: 0, max: 100 },
            unit: "sessions",
            default: Preset::Int(1),
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "steps_maximum",
            step: "capacity",
            label: "Sessions per server",
            help: "How many people one server takes.",
            kind: Kind::Int { min: 1, max: 20 },
            unit: "people",
            default: Preset::Int(1),
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "steps_user",
            step: "access",
            label: "User name",
            help: "Whom people sign in as.",
            required: Condition::Always,
            ..Field::BASE
        },
    ],
};

/// A wizard, whose step the address names, with mistakes in two of its steps.
pub fn wizard() -> AnyView {
    let saved = Draft::new()
        .with("steps_name", "Desks")
        .with("steps_minimum", 2);
    let now = saved
        .clone()
        .with("steps_minimum", 500)
        .with("steps_maximum", 50);
    let form = FormState::new(
        &STEPS,
        Start {
            draft: now.clone(),
            ..Start::default()
        },
    );
    form.touch_step(Some("capacity"));
    form.touch_step(Some("access"));
    let kept = SavedDraft {
        id: id("drf", 1),
        form: STEPS.key.to_owned(),
        values: now,
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    let base = Base {
        values: Signal::stored(saved),
        words: "as saved",
    };
    view! {
        <Wizard
            state=form
            save="Save scaling"
            cancel="/gallery".to_owned()
            on_save=Callback::new(|()| {})
            busy=RwSignal::new(false)
            problem=RwSignal::new(None)
            review=|| view! { <p class="muted">"What saving changes."</p> }
            beside=view! { <p class="muted">"What stands beside every step."</p> }.into_any()
            base=base
            opening=Some(ViewFn::from(|| view! { <p>"What it begins with."</p> }))
            keeper=Some(Keeper::new(form, Some(kept), Callback::new(|_| {})))
        />
    }
    .into_any()
}

static SHARED: Form = Form {
    key: "shared",
    title: "Shared",
    steps: &[Step {
        key: "all",
        title: "",
        about: "",
    }],
    fields: &[
        Field {
            key: "shared_name",
            step: "all",
            label: "Name",
            help: "No two have the same name.",
            ..Field::BASE
        },
        Field {
            key: "shared_minimum",
            step: "all",
            label: "Free seats",
            help: "Seats that are kept free.",
            kind: Kind::Int { min: 0, max: 100 },
            unit: "sessions",
            ..Field::BASE
        },
        Field {
            key: "shared_password",
            step: "all",
            label: "Password",
            help: "Nobody can read it here again.",
            kind: Kind::Secret,
            ..Field::BASE
        },
    ],
};

/// Two people have changed the same, and what one of them would send.
pub fn clash() -> AnyView {
    let was = Draft::new()
        .with("shared_name", "Desks")
        .with("shared_minimum", 2);
    let form = FormState::new(
        &SHARED,
        Start {
            draft: was.clone(),
            ..Start::default()
        },
    );
    let clash = Clash::new(form, 3);
    form.draft.set(was.clone().with("shared_minimum", 5));
    let set = SecretState {
        set_at: NOW,
        set_by: "usr_2".to_owned(),
    };
    clash.show(Theirs {
        values: was
            .with("shared_name", "Finance desktops")
            .with("shared_minimum", 3),
        secrets: BTreeMap::from([("shared_password".to_owned(), set)]),
        version: 4,
    });
    view! {
        {clash.banner()}
        {state(
            "What the form sends, to be copied",
            copy_as(form, "/zones/zone_1".to_owned(), Some(clash.version_signal())),
        )}
    }
    .into_any()
}
