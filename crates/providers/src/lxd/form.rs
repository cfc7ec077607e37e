//! The form of the kind `lxd`.

use domain::form::{Choice, Condition, Field, Form, Format, Kind, Preset, Step};

/// A short text that an admin types.
const WORD: Field = Field {
    step: "machine",
    kind: Kind::Text {
        max: 255,
        format: Format::Free,
    },
    ..Field::BASE
};

/// A certificate in PEM.
const CERTIFICATE: Field = Field {
    step: "connection",
    kind: Kind::Multiline {
        max: 16_384,
        format: Format::Free,
    },
    ..Field::BASE
};

/// What an admin can set for servers in LXD or Incus.
pub static FORM: Form = Form {
    key: "lxd",
    title: "LXD or Incus",
    steps: &[
        Step {
            key: "connection",
            title: "LXD or Incus",
            about: "Each server is a system container or a virtual machine of an LXD or Incus daemon, on this machine or on \
                    another one.",
        },
        Step {
            key: "machine",
            title: "Machines",
            about: "What each server is made of. What is left out comes from the profiles.",
        },
    ],
    fields: &[
        Field {
            key: "address",
            step: "connection",
            label: "Address",
            help: "The path of the daemon's socket on this machine, or https:// with its host and port.",
            default: Preset::Text("/var/lib/incus/unix.socket"),
            required: Condition::Always,
            ..WORD
        },
        Field {
            key: "server_certificate",
            label: "Server certificate",
            help: "For https: the daemon's own certificate in PEM. No other one is trusted. `lxc info` shows it.",
            ..CERTIFICATE
        },
        Field {
            key: "client_certificate",
            label: "Client certificate",
            help: "For https: the certificate in PEM that the daemon trusts Weir by. Restrict it to one project.",
            ..CERTIFICATE
        },
        Field {
            key: "client_key",
            step: "connection",
            label: "Client key",
            help: "For https: the private key of the client certificate, in PEM.",
            kind: Kind::SecretMultiline,
            ..Field::BASE
        },
        Field {
            key: "project",
            step: "connection",
            label: "Project",
            help: "Machines are made, looked for and deleted in this project alone.",
            default: Preset::Text("default"),
            required: Condition::Always,
            is_offered: true,
            ..WORD
        },
        Field {
            key: "image",
            label: "Image",
            help: "The alias or the fingerprint of an image that the daemon has. It runs the start-up script by cloud-init or by a \
                   unit of its own.",
            required: Condition::Always,
            is_offered: true,
            ..WORD
        },
        Field {
            key: "instance_type",
            step: "machine",
            label: "Type",
            help: "Containers start in a second and share the kernel; virtual machines have one of their own.",
            kind: Kind::Choice(&[
                Choice {
                    value: "container",
                    label: "Container",
                    help: "A system container with its own processes, files and address.",
                    refused: &[],
                },
                Choice {
                    value: "virtual_machine",
                    label: "Virtual machine",
                    help: "A virtual machine; its image must hold the agent of LXD or Incus.",
                    refused: &[],
                },
            ]),
            default: Preset::Text("container"),
            required: Condition::Always,
            ..Field::BASE
        },
        Field {
            key: "profiles",
            step: "machine",
            label: "Profiles",
            help: "The names of profiles, one a line; later ones win. Left out, it is the profile `default`.",
            kind: Kind::List {
                max_items: 16,
                max: 64,
                format: Format::Free,
            },
            is_offered: true,
            ..Field::BASE
        },
        Field {
            key: "cpu_limit",
            label: "CPUs",
            help: "How many, such as 2, or which, such as 0-3.",
            ..WORD
        },
        Field {
            key: "memory_limit",
            label: "Memory",
            help: "Such as 2GiB.",
            ..WORD
        },
        Field {
            key: "storage_pool",
            label: "Storage pool",
            help: "Where the root disk lies.",
            is_offered: true,
            ..WORD
        },
        Field {
            key: "root_disk_size",
            label: "Root disk",
            help: "Such as 10GiB; needs a storage pool.",
            ..WORD
        },
        Field {
            key: "network",
            label: "Network",
            help: "The network of the first network card, eth0.",
            is_offered: true,
            ..WORD
        },
        Field {
            key: "login_account",
            label: "Account of people's keys",
            help: "Whoever gets a session signs in as this account; Weir writes their public keys into it. Left empty, Weir puts no \
                   keys on machines, and the user name is the autoscale config's.",
            default: Preset::Text("root"),
            ..WORD
        },
        Field {
            key: "config_override",
            step: "machine",
            label: "Config override",
            help: "JSON that is merged into the create call, such as {\"config\": {\"security.nesting\": \"true\"}}.",
            kind: Kind::Object,
            default: Preset::EmptyObject,
            advanced: true,
            ..Field::BASE
        },
    ],
};
