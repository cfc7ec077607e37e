//! The form of the kind `aws`.

use domain::form::{Choice, Condition, Field, Form, Format, Kind, Preset, Step};

/// With keys of an account, and not with the role of the machine that Weir runs on.
const WITH_KEYS: Condition = Condition::Is("credentials", "keys");
/// The Windows password is wanted.
const WITH_PASSWORD: Condition = Condition::On("retrieve_password");

const fn text(max: usize) -> Kind {
    Kind::Text {
        max,
        format: Format::Free,
    }
}

const fn choice(value: &'static str, label: &'static str, help: &'static str) -> Choice {
    Choice {
        value,
        label,
        help,
        refused: &[],
    }
}

const fn list(max_items: usize, max: usize) -> Kind {
    Kind::List {
        max_items,
        max,
        format: Format::Free,
    }
}

/// What an admin can set for instances of Amazon EC2.
pub static FORM: Form = Form {
    key: "aws",
    title: "Amazon EC2",
    steps: &[
        Step {
            key: "account",
            title: "Account",
            about: "Which AWS account pays for the servers, in which region, and how Weir signs in to it.",
        },
        Step {
            key: "machine",
            title: "Machine",
            about: "What each server is made of.",
        },
        Step {
            key: "network",
            title: "Network",
            about: "Where each server is connected, and who reaches it.",
        },
        Step {
            key: "more",
            title: "Prices, tags and the rest",
            about: "Cheaper machines, labels of your own, and everything EC2 can do beside that.",
        },
    ],
    fields: FIELDS,
};

const FIELDS: &[Field] = &[
    Field {
        key: "credentials",
        step: "account",
        label: "Credentials",
        help: "How Weir signs in to AWS. The role of its own machine needs no keys, but Weir has to run on EC2 for that.",
        kind: Kind::Choice(&[
            choice(
                "keys",
                "Access key",
                "An access key of a user, entered here.",
            ),
            choice(
                "instance_role",
                "Role of Weir's own machine",
                "Nothing is entered: AWS gives keys to the machine and changes them itself.",
            ),
        ]),
        default: Preset::Text("keys"),
        ..Field::BASE
    },
    Field {
        key: "access_key_id",
        step: "account",
        label: "Access key ID",
        help: "The public half of an access key, such as AKIAIOSFODNN7EXAMPLE.",
        kind: text(128),
        required: WITH_KEYS,
        shown: WITH_KEYS,
        ..Field::BASE
    },
    Field {
        key: "secret_access_key",
        step: "account",
        label: "Secret access key",
        help: "The secret half of the access key. Weir keeps it encrypted and never shows it again.",
        kind: Kind::Secret,
        required: WITH_KEYS,
        shown: WITH_KEYS,
        ..Field::BASE
    },
    Field {
        key: "session_token",
        step: "account",
        label: "Session token",
        help: "Only with a temporary access key. When it has expired, Weir can make and delete nothing until a new one is entered.",
        kind: Kind::SecretMultiline,
        shown: WITH_KEYS,
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "role_arn",
        step: "account",
        label: "Role to assume",
        help: "The ARN of a role that Weir takes on with these credentials, such as arn:aws:iam::123456789012:role/weir.",
        kind: text(2048),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "external_id",
        step: "account",
        label: "External ID",
        help: "What the role's trust policy asks for, if it asks for an external ID.",
        kind: text(1224),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "region",
        step: "account",
        label: "Region",
        help: "Where the servers are made, such as eu-central-1. Change it only while there are no servers.",
        kind: text(32),
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "endpoint_url",
        step: "account",
        label: "Endpoint",
        help: "Where EC2 and STS answer, if it is not AWS's public address: a private endpoint, for one. It begins with https://.",
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "image_id",
        step: "machine",
        label: "Image",
        help: "The AMI that servers start from, such as ami-0123456789abcdef0. It belongs to the region.",
        kind: text(64),
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "instance_types",
        step: "machine",
        label: "Instance types",
        help: "One on each line, such as t3.large. Where AWS has none of the first, the next one is tried.",
        kind: list(6, 64),
        required: Condition::Always,
        ..Field::BASE
    },
    Field {
        key: "volume_size_gib",
        step: "machine",
        label: "Disk size",
        help: "The size of the system disk. With 0 it is as large as the image says.",
        kind: Kind::Int {
            min: 0,
            max: 65_536,
        },
        unit: "GiB",
        default: Preset::Int(0),
        ..Field::BASE
    },
    Field {
        key: "volume_type",
        step: "machine",
        label: "Disk type",
        help: "The kind of the system disk: gp3 is cheaper and faster than gp2.",
        kind: Kind::Choice(&[
            choice("gp3", "gp3", "Solid state, with a speed of its own."),
            choice("gp2", "gp2", "Solid state, faster the larger it is."),
            choice("standard", "Magnetic", "The slow kind of old."),
        ]),
        default: Preset::Text("gp3"),
        ..Field::BASE
    },
    Field {
        key: "key_pair_name",
        step: "machine",
        label: "Key pair",
        help: "The name of a key pair in EC2 that opens the image's own account, or encrypts the Windows password.",
        ..Field::BASE
    },
    Field {
        key: "retrieve_password",
        step: "machine",
        label: "Retrieve the Windows password",
        help: "Windows makes up the administrator's password at its first start. Weir reads it with the key pair's private key; it does not hand it to people yet.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        ..Field::BASE
    },
    Field {
        key: "private_key",
        step: "machine",
        label: "Private key",
        help: "The private half of the key pair, an RSA key in PEM. Weir keeps it encrypted and uses it for the Windows password only.",
        kind: Kind::SecretMultiline,
        required: WITH_PASSWORD,
        shown: WITH_PASSWORD,
        ..Field::BASE
    },
    Field {
        key: "instance_profile",
        step: "machine",
        label: "Instance profile",
        help: "The name or ARN of an instance profile: what servers themselves may do at AWS. Most need none.",
        kind: text(2048),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "subnet_ids",
        step: "network",
        label: "Subnets",
        help: "One on each line, such as subnet-0123456789abcdef0. Where the first has no room, the next one is tried. Without any, \
               the default network of the account is used.",
        kind: list(6, 64),
        ..Field::BASE
    },
    Field {
        key: "security_group_ids",
        step: "network",
        label: "Security groups",
        help: "One on each line, such as sg-0123456789abcdef0. They must let people in on the connection's port.",
        kind: list(16, 64),
        ..Field::BASE
    },
    Field {
        key: "address",
        step: "network",
        label: "Address for people",
        help: "Which address of a server people connect to.",
        kind: Kind::Choice(&[
            choice(
                "private",
                "Private",
                "The address in the subnet: people are in the same network, or come by VPN.",
            ),
            choice(
                "public",
                "Public",
                "The address on the internet; the subnet has to give one.",
            ),
        ]),
        default: Preset::Text("private"),
        ..Field::BASE
    },
    Field {
        key: "spot",
        step: "more",
        label: "Use spot capacity",
        help: "Spare capacity at a lower price, which AWS may take back with people on it. Where there is none, the full price is paid.",
        kind: Kind::Bool,
        default: Preset::Bool(false),
        ..Field::BASE
    },
    Field {
        key: "tags",
        step: "more",
        label: "Tags",
        help: "Labels on each server and its disk, one name=value on each line, for your bill or your policies.",
        kind: list(40, 385),
        ..Field::BASE
    },
    Field {
        key: "list_lag_seconds",
        step: "more",
        label: "Lists lag by",
        help: "For this long EC2's lists may leave a new server out. One that is missing for longer counts as gone, and another is made.",
        kind: Kind::Int { min: 1, max: 600 },
        unit: "s",
        default: Preset::Int(30),
        advanced: true,
        ..Field::BASE
    },
    Field {
        key: "config_override",
        step: "more",
        label: "Config override",
        help: "A JSON object that is merged into EC2's RunInstances call, in the words of its documentation, such as \
               {\"Placement\": {\"Tenancy\": \"dedicated\"}}. The test shows the call that comes out.",
        kind: Kind::Object,
        default: Preset::EmptyObject,
        advanced: true,
        ..Field::BASE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_flaws() {
        assert_eq!(FORM.flaws(), Vec::<String>::new());
    }
}
