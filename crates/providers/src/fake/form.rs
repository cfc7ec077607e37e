//! The form of the kind `fake`.

use domain::form::{Field, Form, Kind, Preset, Step};

/// The longest time that can be set, one hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// What an admin can set for a cloud in memory.
pub static FORM: Form = Form {
    key: "fake",
    title: "Fake cloud",
    steps: &[Step {
        key: "fake",
        title: "Fake cloud",
        about: "A cloud in memory whose machines check in and answer to nobody. It is for demos and tests; its machines \
                are gone when Weir stops.",
    }],
    fields: &[
        Field {
            key: "boot_millis",
            step: "fake",
            label: "Boot time",
            help: "From the create call to a machine that is up.",
            kind: Kind::Int { min: 0, max: HOUR },
            unit: "ms",
            default: Preset::Int(5000),
            ..Field::BASE
        },
        Field {
            key: "script_millis",
            step: "fake",
            label: "Script time",
            help: "How long the start-up script takes from boot to its last check-in.",
            kind: Kind::Int { min: 0, max: HOUR },
            unit: "ms",
            default: Preset::Int(5000),
            ..Field::BASE
        },
        Field {
            key: "list_lag_millis",
            step: "fake",
            label: "List lag",
            help: "A new machine is missing from lists for this long.",
            kind: Kind::Int {
                min: 0,
                max: 300_000,
            },
            unit: "ms",
            default: Preset::Int(0),
            ..Field::BASE
        },
        Field {
            key: "repeatable_create",
            step: "fake",
            label: "Repeatable create",
            help: "A repeated create call gives the same machine, as with clouds that take a client token.",
            kind: Kind::Bool,
            default: Preset::Bool(true),
            ..Field::BASE
        },
        Field {
            key: "script_limit_bytes",
            step: "fake",
            label: "Largest start-up script",
            help: "After its tags are filled in. Clouds take 16 or 64 KiB.",
            kind: Kind::Int {
                min: 1,
                max: 1_048_576,
            },
            unit: "bytes",
            default: Preset::Int(16_384),
            ..Field::BASE
        },
    ],
};
