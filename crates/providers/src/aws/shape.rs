//! The shape of EC2's `RunInstances` call: what a config override may hold, and how it is written into a form.
//!
//! The words are those of EC2's API reference. What is not in this table is refused, so that a slip of the pen is told when it
//! is entered and not when a server is made.

use domain::error::FieldError;
use domain::value::JsonObject;
use serde_json::{Map, Value};

/// What a member holds.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Int,
    Bool,
    Object(&'static [Member]),
    List(&'static Shape),
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
struct Member {
    /// Its name in JSON.
    key: &'static str,
    /// Its name in the form, where it differs.
    wire: Option<&'static str>,
    shape: Shape,
}

const fn member(key: &'static str, shape: Shape) -> Member {
    Member {
        key,
        wire: None,
        shape,
    }
}

const fn list(key: &'static str, wire: &'static str, of: &'static Shape) -> Member {
    Member {
        key,
        wire: Some(wire),
        shape: Shape::List(of),
    }
}

const fn text(key: &'static str) -> Member {
    member(key, Shape::Text)
}

const fn int(key: &'static str) -> Member {
    member(key, Shape::Int)
}

const fn bool(key: &'static str) -> Member {
    member(key, Shape::Bool)
}

const fn object(key: &'static str, members: &'static [Member]) -> Member {
    member(key, Shape::Object(members))
}

/// What an override may hold.
const OVERRIDE: &[Member] = &[
    list(
        "BlockDeviceMappings",
        "BlockDeviceMapping",
        &Shape::Object(DEVICE),
    ),
    object(
        "CapacityReservationSpecification",
        &[
            text("CapacityReservationPreference"),
            object(
                "CapacityReservationTarget",
                &[
                    text("CapacityReservationId"),
                    text("CapacityReservationResourceGroupArn"),
                ],
            ),
        ],
    ),
    object(
        "CpuOptions",
        &[int("CoreCount"), int("ThreadsPerCore"), text("AmdSevSnp")],
    ),
    object("CreditSpecification", &[text("CpuCredits")]),
    bool("EbsOptimized"),
    object("EnclaveOptions", &[bool("Enabled")]),
    object("HibernationOptions", &[bool("Configured")]),
    object("IamInstanceProfile", &[text("Arn"), text("Name")]),
    text("InstanceInitiatedShutdownBehavior"),
    int("Ipv6AddressCount"),
    text("KernelId"),
    list(
        "LicenseSpecifications",
        "LicenseSpecification",
        &Shape::Object(&[text("LicenseConfigurationArn")]),
    ),
    object("MaintenanceOptions", &[text("AutoRecovery")]),
    object(
        "MetadataOptions",
        &[
            text("HttpEndpoint"),
            text("HttpProtocolIpv6"),
            int("HttpPutResponseHopLimit"),
            text("HttpTokens"),
            text("InstanceMetadataTags"),
        ],
    ),
    object("Monitoring", &[bool("Enabled")]),
    list(
        "NetworkInterfaces",
        "NetworkInterface",
        &Shape::Object(INTERFACE),
    ),
    object("NetworkPerformanceOptions", &[text("BandwidthWeighting")]),
    object(
        "Placement",
        &[
            text("Affinity"),
            text("AvailabilityZone"),
            text("GroupId"),
            text("GroupName"),
            text("HostId"),
            text("HostResourceGroupArn"),
            int("PartitionNumber"),
            text("Tenancy"),
        ],
    ),
    object(
        "PrivateDnsNameOptions",
        &[
            bool("EnableResourceNameDnsAAAARecord"),
            bool("EnableResourceNameDnsARecord"),
            text("HostnameType"),
        ],
    ),
    text("RamdiskId"),
];

const DEVICE: &[Member] = &[
    text("DeviceName"),
    object(
        "Ebs",
        &[
            bool("DeleteOnTermination"),
            bool("Encrypted"),
            int("Iops"),
            text("KmsKeyId"),
            text("SnapshotId"),
            int("Throughput"),
            int("VolumeSize"),
            text("VolumeType"),
        ],
    ),
    text("NoDevice"),
    text("VirtualName"),
];

const INTERFACE: &[Member] = &[
    bool("AssociateCarrierIpAddress"),
    bool("AssociatePublicIpAddress"),
    bool("DeleteOnTermination"),
    text("Description"),
    int("DeviceIndex"),
    list("Groups", "SecurityGroupId", &Shape::Text),
    text("InterfaceType"),
    int("Ipv6AddressCount"),
    int("NetworkCardIndex"),
    int("SecondaryPrivateIpAddressCount"),
    text("SubnetId"),
];

/// What Weir puts into the call itself: from fields of the form, or because its own safety hangs on it.
const OWN: &[Member] = &[
    text("ClientToken"),
    text("ImageId"),
    object(
        "InstanceMarketOptions",
        &[
            text("MarketType"),
            object(
                "SpotOptions",
                &[
                    text("InstanceInterruptionBehavior"),
                    text("SpotInstanceType"),
                ],
            ),
        ],
    ),
    text("InstanceType"),
    text("KeyName"),
    int("MaxCount"),
    int("MinCount"),
    list("SecurityGroupIds", "SecurityGroupId", &Shape::Text),
    text("SubnetId"),
    list(
        "TagSpecifications",
        "TagSpecification",
        &Shape::Object(&[
            text("ResourceType"),
            list("Tags", "Tag", &Shape::Object(&[text("Key"), text("Value")])),
        ]),
    ),
    text("UserData"),
];

/// Members that would let an instance outlive its server.
const HARMFUL: &[&str] = &["DisableApiStop", "DisableApiTermination", "LaunchTemplate"];

/// What is wrong with a config override.
pub(super) fn override_errors(members: &JsonObject) -> Vec<FieldError> {
    let mut errors = Vec::new();
    object_errors("config_override", members.members(), OVERRIDE, &mut errors);
    errors
}

/// The call as a form: `Placement.Tenancy`, `SecurityGroupId.1`.
#[cfg(feature = "ssr")]
pub(super) fn form_of(request: &Map<String, Value>) -> Vec<(String, String)> {
    let mut form = Vec::new();
    write_object("", request, &[OVERRIDE, OWN], &mut form);
    form
}

fn object_errors(
    at: &str,
    members: &Map<String, Value>,
    known: &[Member],
    errors: &mut Vec<FieldError>,
) {
    for (key, value) in members {
        let pointer = format!("{at}/{key}");
        match known.iter().find(|member| member.key == key) {
            Some(member) => errors_of(&pointer, value, &member.shape, errors),
            None => errors.push(FieldError::new(&pointer, "unknown_key", refusal(key))),
        }
    }
}

fn refusal(key: &str) -> String {
    if HARMFUL.contains(&key) {
        format!(
            "{key} is not allowed: Weir could no longer end its servers, or would not know what they are made of."
        )
    } else if OWN.iter().any(|member| member.key == key) {
        format!("{key} is set by Weir itself, from its own fields.")
    } else {
        format!("{key} is not a member of EC2's RunInstances call that Weir knows here.")
    }
}

fn errors_of(pointer: &str, value: &Value, shape: &Shape, errors: &mut Vec<FieldError>) {
    let mut wrong = |message: &str| errors.push(FieldError::new(pointer, "wrong_type", message));
    match (shape, value) {
        (Shape::Text, Value::String(_)) | (Shape::Bool, Value::Bool(_)) => {}
        (Shape::Int, value) if value.is_i64() => {}
        (Shape::Text, _) => wrong("This is a text."),
        (Shape::Int, _) => wrong("This is a whole number."),
        (Shape::Bool, _) => wrong("This is true or false."),
        (Shape::Object(known), Value::Object(members)) => {
            object_errors(pointer, members, known, errors);
        }
        (Shape::Object(_), _) => wrong("This is a JSON object."),
        (Shape::List(of), Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                errors_of(&format!("{pointer}/{at}"), item, of, errors);
            }
        }
        (Shape::List(_), _) => wrong("This is a list."),
    }
}

#[cfg(feature = "ssr")]
fn write_object(
    prefix: &str,
    members: &Map<String, Value>,
    known: &[&[Member]],
    form: &mut Vec<(String, String)>,
) {
    for (key, value) in members {
        let member = known
            .iter()
            .flat_map(|table| table.iter())
            .find(|member| member.key == key);
        // Anything else was refused when it was entered.
        let Some(member) = member else { continue };
        write(
            &format!("{prefix}{}", member.wire.unwrap_or(key)),
            value,
            &member.shape,
            form,
        );
    }
}

#[cfg(feature = "ssr")]
fn write(name: &str, value: &Value, shape: &Shape, form: &mut Vec<(String, String)>) {
    match (shape, value) {
        (Shape::Object(known), Value::Object(members)) => {
            write_object(&format!("{name}."), members, &[known], form);
        }
        (Shape::List(of), Value::Array(items)) => {
            for (number, item) in (1..).zip(items) {
                write(&format!("{name}.{number}"), item, of, form);
            }
        }
        (_, Value::String(text)) => form.push((name.to_owned(), text.clone())),
        (_, value) => form.push((name.to_owned(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors(value: Value) -> Vec<String> {
        let object = JsonObject::try_from(value).expect("an object");
        let errors = override_errors(&object);
        errors
            .into_iter()
            .map(|error| format!("{} {}", error.pointer, error.message))
            .collect()
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_told() {
        assert_eq!(
            errors(json!({"Placement": {"Tenancy": "dedicated"}, "EbsOptimized": true})),
            [""; 0]
        );
        assert_eq!(
            errors(json!({"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-1"]}]})),
            [""; 0]
        );
        for (value, says) in [
            (
                json!({"Placemnt": {}}),
                "/config_override/Placemnt Placemnt is not a member",
            ),
            (
                json!({"UserData": "x"}),
                "/config_override/UserData UserData is set by Weir",
            ),
            (
                json!({"DisableApiTermination": true}),
                "Weir could no longer end",
            ),
            (
                json!({"Monitoring": {"Enabled": "yes"}}),
                "/config_override/Monitoring/Enabled This is true or false.",
            ),
            (json!({"Placement": "x"}), "This is a JSON object."),
            (json!({"Ipv6AddressCount": 1.5}), "This is a whole number."),
            (
                json!({"BlockDeviceMappings": [{"Ebs": {"Size": 1}}]}),
                "/config_override/BlockDeviceMappings/0/Ebs/Size",
            ),
        ] {
            let errors = errors(value.clone());
            assert!(
                errors.len() == 1 && errors[0].contains(says),
                "{value}: {errors:?}"
            );
        }
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn the_form_has_ec2s_names() {
        let request = json!({
            "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 50}}],
            "MinCount": 1,
            "SecurityGroupIds": ["sg-1", "sg-2"],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
        });
        let form = form_of(request.as_object().expect("an object"));
        let lines: Vec<_> = form
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            lines,
            [
                "BlockDeviceMapping.1.DeviceName=/dev/sda1",
                "BlockDeviceMapping.1.Ebs.VolumeSize=50",
                "MinCount=1",
                "SecurityGroupId.1=sg-1",
                "SecurityGroupId.2=sg-2",
                "TagSpecification.1.ResourceType=instance",
                "TagSpecification.1.Tag.1.Key=a",
                "TagSpecification.1.Tag.1.Value=b",
            ]
        );
    }
}
