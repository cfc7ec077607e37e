//! The form of the kind `local`.

use domain::form::{Field, Form, Kind, Preset, Step};

/// What an admin can set for servers on Weir's own machine.
pub static FORM: Form = Form {
    key: "local",
    title: "This machine",
    steps: &[Step {
        key: "local",
        title: "This machine",
        about: "Each server is an OpenSSH server of its own on the machine that Weir runs on. It is for trying Weir out \
                and for tests: people who sign in act as Weir's own account.",
    }],
    fields: &[
        Field {
            key: "boot_delay_seconds",
            step: "local",
            label: "Boot delay",
            help: "A server waits this long before it starts, as a real machine would. It shows the queue at work.",
            kind: Kind::Int { min: 0, max: 600 },
            unit: "s",
            default: Preset::Int(0),
            ..Field::BASE
        },
        Field {
            key: "login_shell",
            step: "local",
            label: "Login shell",
            help: "The path of the program that people get when they sign in. Left out, it is bash.",
            is_offered: true,
            ..Field::BASE
        },
    ],
};
