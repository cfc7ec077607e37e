//! What of the settings goes into a create call. It is stored with the intent, so that a repeat is the same call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::AwsConfig;
use crate::config_override::merge;

/// The part of a create call that is the same for all servers of a provider config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// Where machines are made.
    pub(super) region: String,
    /// The AMI.
    pub(super) image_id: String,
    /// The system disk; none where the override says all about disks.
    pub(super) volume: Option<Volume>,
    /// Tags of the admin's own.
    pub(super) tags: BTreeMap<String, String>,
    /// All else that every option shares, in the words of EC2's API.
    pub(super) request: Map<String, Value>,
    /// What is tried, in this order. The number of an option is part of its token.
    pub(super) options: Vec<MachineOption>,
}

/// The system disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    /// In GiB; none for the image's own size.
    size: Option<u32>,
    /// In EC2's words.
    kind: String,
}

/// The system disk of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RootDevice {
    /// Its name, such as `/dev/xvda`.
    pub(super) name: String,
    /// Its size in the image, in GiB.
    pub(super) size: Option<u32>,
}

/// One way to get a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineOption {
    /// The size of the machine in EC2's words.
    pub(super) instance_type: String,
    /// Where it is connected; none for the account's default.
    pub(super) subnet_id: Option<String>,
    /// Whether it is spare capacity that may be taken back.
    pub(super) spot: bool,
}

impl Spec {
    /// The spec of these settings.
    pub(super) fn of(config: &AwsConfig) -> Self {
        let mut request = Map::new();
        if let Some(name) = &config.key_pair_name {
            request.insert("KeyName".to_owned(), json!(name));
        }
        if !config.security_group_ids.is_empty() {
            request.insert(
                "SecurityGroupIds".to_owned(),
                json!(config.security_group_ids),
            );
        }
        if let Some(profile) = &config.instance_profile {
            let key = if profile.starts_with("arn:") {
                "Arn"
            } else {
                "Name"
            };
            request.insert("IamInstanceProfile".to_owned(), json!({key: profile}));
        }
        // The credentials of an instance profile do not leave a server through a request that somebody tricks it into.
        let metadata = json!({"HttpTokens": "required", "HttpEndpoint": "enabled"});
        request.insert("MetadataOptions".to_owned(), metadata);
        // A server that shuts itself down is of no use any more, and would cost its disk.
        request.insert(
            "InstanceInitiatedShutdownBehavior".to_owned(),
            json!("terminate"),
        );
        merge(&mut request, config.config_override.members());
        let volume = (!request.contains_key("BlockDeviceMappings")).then(|| Volume {
            size: (config.volume_size_gib > 0).then_some(config.volume_size_gib),
            kind: config.volume_type.clone(),
        });
        Self {
            region: config.region.clone(),
            image_id: config.image_id.clone(),
            volume,
            tags: config.tags.clone(),
            request,
            options: options(config),
        }
    }

    /// The call for one option, without what belongs to one server.
    pub(super) fn request_for(
        &self,
        option: &MachineOption,
        root: &RootDevice,
    ) -> Map<String, Value> {
        let mut request = self.request.clone();
        request.insert("ImageId".to_owned(), json!(self.image_id));
        request.insert("InstanceType".to_owned(), json!(option.instance_type));
        request.insert("MinCount".to_owned(), json!(1));
        request.insert("MaxCount".to_owned(), json!(1));
        if let Some(Volume { size, kind }) = &self.volume {
            let mut disk = json!({"VolumeType": kind, "DeleteOnTermination": true});
            if let Some(size) = size.or(root.size) {
                disk["VolumeSize"] = json!(size);
            }
            let mapping = json!([{"DeviceName": root.name, "Ebs": disk}]);
            request.insert("BlockDeviceMappings".to_owned(), mapping);
        }
        if option.spot {
            let how = json!({"SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"});
            let market = json!({"MarketType": "spot", "SpotOptions": how});
            request.insert("InstanceMarketOptions".to_owned(), market);
        }
        connect(&mut request, option);
        request
    }
}

/// Puts the subnet in its place. EC2 refuses subnet and security groups beside network interfaces: there they belong to the
/// first of those.
fn connect(request: &mut Map<String, Value>, option: &MachineOption) {
    let subnet = option.subnet_id.as_ref().map(|id| json!(id));
    let interfaces = request
        .get_mut("NetworkInterfaces")
        .and_then(Value::as_array_mut);
    let Some(Value::Object(first)) = interfaces.and_then(|interfaces| interfaces.first_mut())
    else {
        if let Some(subnet) = subnet {
            request.insert("SubnetId".to_owned(), subnet);
        }
        return;
    };
    if let Some(subnet) = subnet {
        first.entry("SubnetId").or_insert(subnet);
    }
    let has_groups = first.contains_key("Groups");
    if let Some(groups) = request.remove("SecurityGroupIds")
        && !has_groups
        && let Some(Value::Array(interfaces)) = request.get_mut("NetworkInterfaces")
        && let Some(Value::Object(first)) = interfaces.first_mut()
    {
        first.insert("Groups".to_owned(), groups);
    }
}

/// All options: spare capacity of every type in every subnet before the first at the full price.
fn options(config: &AwsConfig) -> Vec<MachineOption> {
    let subnets: Vec<Option<String>> = if config.subnet_ids.is_empty() {
        vec![None]
    } else {
        config.subnet_ids.iter().cloned().map(Some).collect()
    };
    let prices: &[bool] = if config.spot {
        &[true, false]
    } else {
        &[false]
    };
    let mut options = Vec::new();
    for &spot in prices {
        for instance_type in &config.instance_types {
            for subnet_id in &subnets {
                options.push(MachineOption {
                    instance_type: instance_type.clone(),
                    subnet_id: subnet_id.clone(),
                    spot,
                });
            }
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use domain::form::{Draft, SecretKeys};

    use super::*;

    fn spec(members: &[(&str, Value)]) -> Spec {
        let mut draft = Draft::new()
            .with("credentials", "instance_role")
            .with("region", "eu-central-1")
            .with("image_id", "ami-1")
            .with("instance_types", json!(["t3.large", "m5.large"]))
            .with("subnet_ids", json!(["subnet-1", "subnet-2"]))
            .with("security_group_ids", json!(["sg-1"]));
        for (key, value) in members {
            draft.set(key, value.clone());
        }
        Spec::of(&AwsConfig::parse(&draft, &SecretKeys::none()).expect("it is right"))
    }

    fn root() -> RootDevice {
        RootDevice {
            name: "/dev/xvda".to_owned(),
            size: Some(8),
        }
    }

    #[test]
    fn options_go_by_price_then_type_then_subnet() {
        let options = spec(&[("spot", json!(true))]).options;
        let words: Vec<_> = options
            .iter()
            .map(|it| {
                format!(
                    "{} {} {}",
                    it.spot,
                    it.instance_type,
                    it.subnet_id.as_deref().unwrap_or("-")
                )
            })
            .collect();
        assert_eq!(words.len(), 8);
        assert_eq!(
            words[..3],
            [
                "true t3.large subnet-1",
                "true t3.large subnet-2",
                "true m5.large subnet-1"
            ]
        );
        assert_eq!(words[4], "false t3.large subnet-1");
        let plain = spec(&[("subnet_ids", json!([]))]).options;
        assert!(plain.len() == 2 && plain[0].subnet_id.is_none());
    }

    #[test]
    fn the_call_has_its_disk_and_asks_for_tokens() {
        let spec = spec(&[("volume_size_gib", json!(50))]);
        let request = spec.request_for(&spec.options[0], &root());
        assert_eq!(
            request["BlockDeviceMappings"],
            json!([{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "VolumeSize": 50, "DeleteOnTermination": true}}])
        );
        assert_eq!(request["MetadataOptions"]["HttpTokens"], "required");
        assert_eq!(
            (&request["MinCount"], &request["MaxCount"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(
            (&request["SubnetId"], &request["SecurityGroupIds"]),
            (&json!("subnet-1"), &json!(["sg-1"]))
        );
        assert!(!request.contains_key("InstanceMarketOptions"));
    }

    #[test]
    fn an_override_is_merged() {
        let members = json!({
            "MetadataOptions": {"HttpPutResponseHopLimit": 2},
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": true}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/sdb"}],
        });
        let spec = spec(&[("config_override", members)]);
        let request = spec.request_for(&spec.options[0], &root());
        assert_eq!(request["MetadataOptions"]["HttpTokens"], "required");
        assert_eq!(request["MetadataOptions"]["HttpPutResponseHopLimit"], 2);
        assert_eq!(
            request["BlockDeviceMappings"],
            json!([{"DeviceName": "/dev/sdb"}])
        );
        assert!(!request.contains_key("SubnetId") && !request.contains_key("SecurityGroupIds"));
        assert_eq!(
            request["NetworkInterfaces"],
            json!([{"DeviceIndex": 0, "AssociatePublicIpAddress": true, "SubnetId": "subnet-1", "Groups": ["sg-1"]}])
        );
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let spec = spec(&[("tags", json!(["a=b"])), ("spot", json!(true))]);
        let text = serde_json::to_string(&spec).expect("JSON");
        assert_eq!(serde_json::from_str::<Spec>(&text).expect("a spec"), spec);
    }
}
