//! The table of the `AutoScale` form: keys and their order are fixed, because documents and the manual follow them.

use crate::form::{Choice, Condition, Field, Form, Format, Kind, Noun, Preset, Refusal, Step};
use Condition::{All, Always, Any, Is, Not, On};

const TYPE: &str = "connection_type";
const CREDENTIALS: &str = "connection_credential_type";
const USER_KEY: &str = "use_user_ssh_key";
const RECORD: &str = "create_active_directory_computer_record";

const RDP: Condition = Is(TYPE, "rdp");
const SSH: Condition = Is(TYPE, "ssh");
const STATIC: Condition = Is(CREDENTIALS, "static");
const COUNTS_USERS: Condition = Any(&[RDP, SSH]);
const OWN_PRIVATE_KEY: Condition = All(&[SSH, STATIC, Not(&On(USER_KEY))]);

/// The `AutoScale` form.
pub static FORM: Form = Form {
    key: "autoscale",
    title: "AutoScale config",
    steps: STEPS,
    fields: FIELDS,
};

const STEPS: &[Step] = &[
    Step {
        key: "basics",
        title: "Basics",
        about: "Which pool this config serves, and where.",
    },
    Step {
        key: "connection",
        title: "Connection",
        about: "How people reach a server and sign in to it.",
    },
    Step {
        key: "capacity",
        title: "Capacity",
        about: "How many sessions are kept ready, and how many a server holds.",
    },
    Step {
        key: "readiness",
        title: "Readiness",
        about: "When a new server counts as ready.",
    },
    Step {
        key: "provider",
        title: "Provider",
        about: "Where the servers come from.",
    },
];

const FIELDS: &[Field] = &[
    Field {
        key: "enabled",
        step: "basics",
        label: "Enabled",
        help: "The loop makes and removes servers by this config. Off, its servers stay and stay usable.",
        kind: Kind::Bool,
        default: Preset::Bool(true),
        ..Field::BASE
    },
    Field {
        key: "name",
        step: "basics",
        label: "Name",
        help: "What this config is called in lists and messages. Each config has a name of its own.",
        kind: Kind::Text {
            max: 63,
            format: Format::Name,
        },
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "autoscale_type",
        step: "basics",
        label: "AutoScale Type",
        help: "What is scaled.",
        kind: Kind::Choice(&[
            Choice {
                value: "server",
                label: "Server",
                help: "Servers that people reach by RDP, VNC, SSH or KasmVNC.",
                refused: &[],
            },
            Choice {
                value: "docker_agent",
                label: "Docker Agent",
                help: "Hosts that run containers.",
                refused: &[Refusal {
                    when: Always,
                    reason: "This version scales servers only.",
                }],
            },
        ]),
        default: Preset::Text("server"),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "pool_id",
        step: "basics",
        label: "Pool",
        help: "The pool that the servers serve. All configs of a pool have the same Connection Type.",
        kind: Kind::Reference(Noun::Pool),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "aggressive_scaling",
        step: "capacity",
        label: "Aggressive Scaling",
        help: "A person who finds no free seat always waits for a new server. Off, they wait only if a seat that is on its way is still free.",
        kind: Kind::Bool,
        default: Preset::Bool(true),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "deployment_zone_id",
        step: "basics",
        label: "Deployment Zone",
        help: "Where the servers stand. The zone says at which address they reach Weir.",
        kind: Kind::Reference(Noun::Zone),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "downscale_backoff_seconds",
        step: "capacity",
        label: "Downscale Backoff (Seconds)",
        help: "How long servers must have been superfluous before they are removed. It keeps the pool from shrinking and growing in turns.",
        kind: Kind::Int {
            min: 0,
            max: 86_400,
        },
        unit: "seconds",
        default: Preset::Int(900),
        required: Always,
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "require_checkin",
        step: "readiness",
        label: "Require Checkin",
        help: "A new server is ready when its start-up script or the desktop service has called back. Off, it is ready when its connection port answers.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        ..Field::BASE
    },
    Field {
        key: "kasm_desktop_service_installed",
        step: "readiness",
        label: "Kasm Desktop Service Installed",
        help: "The image of the servers has the Kasm Desktop Service. This is recorded; this version makes no use of it.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: TYPE,
        step: "connection",
        label: "Connection Type",
        help: "The protocol by which people reach a server.",
        kind: Kind::Choice(&[
            Choice {
                value: "kasmvnc",
                label: "KasmVNC",
                help: "A desktop in the browser.",
                refused: &[],
            },
            Choice {
                value: "rdp",
                label: "RDP",
                help: "A Windows desktop or single published apps.",
                refused: &[],
            },
            Choice {
                value: "vnc",
                label: "VNC",
                help: "A desktop by a VNC client.",
                refused: &[],
            },
            Choice {
                value: "ssh",
                label: "SSH",
                help: "A shell.",
                refused: &[],
            },
        ]),
        default: Preset::Text("kasmvnc"),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "connection_port",
        step: "connection",
        label: "Connection Port",
        help: "The TCP port on which the servers listen.",
        kind: Kind::Int {
            min: 1,
            max: 65_535,
        },
        default: Preset::IntBy(
            TYPE,
            &[("kasmvnc", 6901), ("rdp", 3389), ("vnc", 5901), ("ssh", 22)],
        ),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: CREDENTIALS,
        step: "connection",
        label: "Connection Credential Type",
        help: "Whose account people use on a server.",
        kind: Kind::Choice(&[
            Choice {
                value: "static",
                label: "Static Credentials",
                help: "One account for all. Whoever gets a session can see its password.",
                refused: &[],
            },
            Choice {
                value: "dynamic",
                label: "Dynamic User Accounts",
                help: "The desktop service makes an account for each person.",
                refused: &[Refusal {
                    when: Not(&RDP),
                    reason: "Accounts are made on RDP servers only.",
                }],
            },
            Choice {
                value: "sso",
                label: "SSO User Accounts",
                help: "Each person's own account: by the directory with RDP, by the person's SSH key with SSH.",
                refused: &[Refusal {
                    when: Not(&COUNTS_USERS),
                    reason: "KasmVNC and VNC servers know no personal accounts.",
                }],
            },
            Choice {
                value: "smartcard",
                label: "Authenticate with Smartcard",
                help: "Each person signs in with a card.",
                refused: &[Refusal {
                    when: Not(&RDP),
                    reason: "Only RDP passes cards on.",
                }],
            },
        ]),
        default: Preset::Text("static"),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "sso_domain",
        step: "connection",
        label: "SSO Domain",
        help: "The domain that people's names get on a server. Blank passes names on as they are, localhost drops their domain, CORP\\ goes before the name, corp.local behind it.",
        kind: Kind::Text {
            max: 255,
            format: Format::SsoDomain,
        },
        shown: Is(CREDENTIALS, "sso"),
        ..Field::BASE
    },
    Field {
        key: "connection_username",
        step: "connection",
        label: "Connection Username",
        help: "The account on the servers. Start-up scripts get it as {connection_username}.",
        required: All(&[STATIC, COUNTS_USERS]),
        shown: STATIC,
        ..Field::BASE
    },
    Field {
        key: "connection_password",
        step: "connection",
        label: "Connection Password",
        help: "The password of the account. Start-up scripts get it as {connection_password}.",
        kind: Kind::Secret,
        shown: STATIC,
        ..Field::BASE
    },
    Field {
        key: USER_KEY,
        step: "connection",
        label: "Use User SSH Key",
        help: "Each person signs in with the key from their own profile.",
        kind: Kind::Bool,
        default: Preset::Bool(true),
        shown: SSH,
        ..Field::BASE
    },
    Field {
        key: "connection_private_key",
        step: "connection",
        label: "Connection Private Key",
        help: "The private key that opens the account, the same for all people.",
        kind: Kind::SecretMultiline,
        shown: OWN_PRIVATE_KEY,
        ..Field::BASE
    },
    Field {
        key: "connection_private_key_passphrase",
        step: "connection",
        label: "Connection Private Key Passphrase",
        help: "The passphrase of that key, if it has one.",
        kind: Kind::Secret,
        shown: OWN_PRIVATE_KEY,
        ..Field::BASE
    },
    Field {
        key: "connection_info",
        step: "connection",
        label: "Connection Info (JSON)",
        help: "Extra settings for clients. A person who shows the credentials of a session gets them as they are.",
        kind: Kind::Object,
        default: Preset::EmptyObject,
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: RECORD,
        step: "readiness",
        label: "Create Active Directory Computer Record",
        help: "A computer record is made for each server before it starts. The start-up script joins with {ad_join_credential}.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        ..Field::BASE
    },
    Field {
        key: "ldap_config_id",
        step: "readiness",
        label: "LDAP Config",
        help: "The directory that gets the record. It must be reached by ldaps; it need not be enabled for sign-in.",
        kind: Kind::Reference(Noun::LdapConfig),
        required: On(RECORD),
        shown: On(RECORD),
        ..Field::BASE
    },
    Field {
        key: "active_directory_computer_ou_dn",
        step: "readiness",
        label: "Active Directory Computer OU DN",
        help: "The organisational unit in which the record is made, such as OU=Desks,DC=corp,DC=example.",
        kind: Kind::Text {
            max: 1024,
            format: Format::Dn,
        },
        required: On(RECORD),
        shown: On(RECORD),
        ..Field::BASE
    },
    Field {
        key: "recursive_ad_cleanup",
        step: "readiness",
        label: "Recursive AD Cleanup",
        help: "What lies below the record, such as recovery keys, is deleted with it. Off, a record that holds something stays and is reported.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        shown: On(RECORD),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "reusable",
        step: "capacity",
        label: "Reusable",
        help: "A server serves again after a session. Off, each server serves one person and is removed after their last session.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        ..Field::BASE
    },
    Field {
        key: "minimum_available_sessions",
        step: "capacity",
        label: "Minimum Available Sessions",
        help: "Free seats that are kept ready. When fewer are free, new servers start.",
        kind: Kind::Int {
            min: 0,
            max: 10_000,
        },
        unit: "sessions",
        default: Preset::Int(0),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "max_simultaneous_sessions_per_server",
        step: "capacity",
        label: "Max Simultaneous Sessions Per Server",
        help: "Open sessions that one server holds, of all people together.",
        kind: Kind::Int { min: 1, max: 1000 },
        unit: "sessions",
        default: Preset::Int(1),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "max_simultaneous_users",
        step: "capacity",
        label: "Max Simultaneous Users",
        help: "People with an open session on one server. Each may have several sessions there, but only one RDP desktop; the lower of the two limits counts for new people.",
        kind: Kind::Int { min: 1, max: 1000 },
        unit: "people",
        default: Preset::Int(1),
        required: COUNTS_USERS,
        shown: COUNTS_USERS,
        ..Field::BASE
    },
    Field {
        key: "provider_id",
        step: "provider",
        label: "Provider",
        help: "The provider config that makes the servers. It holds the start-up script and the limit of machines, and other configs may share it.",
        kind: Kind::Reference(Noun::Provider),
        required: Always,
        ..Field::BASE
    },
    Field {
        key: "dry_run",
        step: "basics",
        label: "Dry Run",
        help: "The loop decides and records what it would do, and does nothing.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "provision_timeout_seconds",
        step: "readiness",
        label: "Provision Timeout (Seconds)",
        help: "How long a server may take to become ready. After that it has failed and is removed.",
        kind: Kind::Int {
            min: 10,
            max: 86_400,
        },
        unit: "seconds",
        default: Preset::Int(600),
        required: Always,
        advanced: true,
        ..Field::BASE
    },
];
