//! Whether the settings can be used: one line for each thing that may be missing, and what to do about it. Nothing is made.

use std::collections::BTreeSet;

use domain::provider::TestCheck;

use super::error::Fault;
use super::password::PrivateKey;
use super::spec::{MachineOption, RootDevice, Spec};
use super::{AwsProvider, request};
use crate::ProviderError;

/// All checks that these settings call for. What cannot be seen without credentials is left out where those are refused.
pub(super) async fn all(provider: &AwsProvider) -> Vec<TestCheck> {
    let signed_in = credentials(provider).await;
    let is_signed_in = signed_in.passed;
    let mut checks = vec![signed_in];
    if is_signed_in {
        checks.push(image(provider).await);
        checks.extend(subnets(provider).await);
        checks.extend(security_groups(provider).await);
        checks.extend(key_pair(provider).await);
        checks.push(listing(provider).await);
        checks.extend(create(provider).await);
        checks.push(quota(provider).await);
    }
    checks.extend(private_key(provider));
    checks.push(call(provider));
    checks
}

fn check(name: &str, result: Result<String, String>) -> TestCheck {
    let passed = result.is_ok();
    TestCheck {
        name: name.to_owned(),
        passed,
        detail: result.unwrap_or_else(|detail| detail),
    }
}

/// What is missing, and what to do: `action` is the permission that the call needs.
fn advice(fault: Fault, action: &str, what_to_do: &str) -> String {
    match ProviderError::from(fault) {
        ProviderError::Auth(text) => {
            format!("{text} Allow {action} in the policy of these credentials.")
        }
        error @ (ProviderError::Throttled { .. }
        | ProviderError::Unavailable(_)
        | ProviderError::Unknown(_)) => {
            format!("{error}. Nothing is known about it; try again.")
        }
        error => format!("{error}. {what_to_do}"),
    }
}

async fn credentials(provider: &AwsProvider) -> TestCheck {
    let result = provider
        .api
        .caller()
        .await
        .map(|arn| format!("Weir is {arn}."));
    check(
        "AWS knows the credentials",
        result.map_err(|fault| match ProviderError::from(fault) {
            ProviderError::Auth(text) => {
                format!("{text} Enter an access key that is active, or let the role trust these credentials.")
            }
            error => format!("{error}. Look at the region, the endpoint and the way from this machine to AWS."),
        }),
    )
}

async fn image(provider: &AwsProvider) -> TestCheck {
    let id = &provider.config.image_id;
    let choose = "Choose an image of this region that the account may use.";
    let result = match provider.api.image(id).await {
        Ok(Some(image)) if image.state == "available" => Ok(format!("{id} is {}.", image.name)),
        Ok(Some(image)) => Err(format!("{id} is {}. {choose}", image.state)),
        Ok(None) => Err(format!("There is no {id} for this account. {choose}")),
        Err(fault) => Err(advice(fault, "ec2:DescribeImages", choose)),
    };
    check("the image is there", result)
}

async fn subnets(provider: &AwsProvider) -> Vec<TestCheck> {
    let ids = &provider.config.subnet_ids;
    let types = &provider.config.instance_types;
    let (mut checks, mut zones) = (Vec::new(), BTreeSet::new());
    if !ids.is_empty() {
        let result = match provider.api.subnets(ids).await {
            Ok(subnets) => {
                zones = subnets
                    .iter()
                    .map(|subnet| subnet.availability_zone.clone())
                    .collect();
                let full = subnets
                    .iter()
                    .filter(|subnet| subnet.available_ip_address_count == 0);
                let full: Vec<&str> = full.map(|subnet| subnet.id.as_str()).collect();
                let free: u32 = subnets
                    .iter()
                    .map(|subnet| subnet.available_ip_address_count)
                    .sum();
                if full.is_empty() {
                    Ok(format!("They have {free} free addresses."))
                } else {
                    Err(format!(
                        "No address is free in {}. Take a larger subnet, or add one.",
                        full.join(", ")
                    ))
                }
            }
            Err(fault) => Err(advice(
                fault,
                "ec2:DescribeSubnets",
                "Choose subnets of this region and account.",
            )),
        };
        checks.push(check("the subnets are there and have room", result));
    }
    let result = match provider.api.offerings(types).await {
        Ok(offerings) => {
            let is_offered = |wanted: &&String| {
                let mut fitting = offerings.iter().filter(|it| it.instance_type == **wanted);
                fitting.any(|it| zones.is_empty() || zones.contains(&it.location))
            };
            let missing: Vec<&str> = types
                .iter()
                .filter(|wanted| !is_offered(wanted))
                .map(String::as_str)
                .collect();
            if missing.is_empty() {
                Ok(format!(
                    "{} can be had where the servers go.",
                    types.join(", ")
                ))
            } else {
                Err(format!(
                    "{} cannot be had in the zones of these subnets. Choose another type, or a subnet in another zone.",
                    missing.join(", ")
                ))
            }
        }
        Err(fault) => Err(advice(
            fault,
            "ec2:DescribeInstanceTypeOfferings",
            "Choose a type that this region has.",
        )),
    };
    checks.push(check("the instance types are offered", result));
    checks
}

async fn security_groups(provider: &AwsProvider) -> Option<TestCheck> {
    let ids = &provider.config.security_group_ids;
    if ids.is_empty() {
        return None;
    }
    let result = provider.api.security_groups(ids).await;
    let what_to_do = "Choose groups of the network that the subnets belong to.";
    let result = result.map(|()| format!("{} can be used.", ids.join(", ")));
    let result = result.map_err(|fault| advice(fault, "ec2:DescribeSecurityGroups", what_to_do));
    Some(check("the security groups are there", result))
}

async fn key_pair(provider: &AwsProvider) -> Option<TestCheck> {
    let name = provider.config.key_pair_name.as_ref()?;
    let result = provider
        .api
        .key_pair(name)
        .await
        .map(|()| format!("{name} can be used."));
    let what_to_do = "Import the key pair into this region, or leave the field empty.";
    let result = result.map_err(|fault| advice(fault, "ec2:DescribeKeyPairs", what_to_do));
    Some(check("the key pair is there", result))
}

fn private_key(provider: &AwsProvider) -> Option<TestCheck> {
    let pem = provider
        .private_key
        .as_ref()
        .filter(|_| provider.config.retrieve_password)?;
    let result = PrivateKey::read(pem).map(|_| "It is an RSA key.".to_owned());
    let result = result
        .map_err(|why| format!("{why}. Enter the file that AWS gave when the key pair was made."));
    Some(check("the private key can be read", result))
}

async fn listing(provider: &AwsProvider) -> TestCheck {
    let filters: [(&str, &[&str]); 1] = [(&format!("tag:{}", request::SERVER), &["none"])];
    let result = provider.api.instances(&filters).await;
    let result = result.map(|_| "Weir sees what there is.".to_owned());
    check(
        "instances can be listed",
        result.map_err(|fault| advice(fault, "ec2:DescribeInstances", "Try again.")),
    )
}

/// A trial of each price with every type in the first subnet and in every subnet with the first type: EC2 says what is missing,
/// and makes nothing.
async fn create(provider: &AwsProvider) -> Vec<TestCheck> {
    let spec = Spec::of(&provider.config);
    // The image has a line of its own.
    let Ok(root) = provider.root_device(&spec.image_id).await else {
        return Vec::new();
    };
    let mut checks = Vec::new();
    let first = spec.options.first();
    let stands_for_others = |option: &&MachineOption| {
        first.is_some_and(|first| {
            option.instance_type == first.instance_type || option.subnet_id == first.subnet_id
        })
    };
    for option in spec.options.iter().filter(stands_for_others) {
        let name = format!("EC2 would make {}", in_words(option));
        let result = match provider
            .api
            .run_instance(request::trial(&spec, option, &root))
            .await
        {
            Err(Fault::Refused(refusal)) if refusal.code == "DryRunOperation" => {
                Ok("The permissions and the settings are enough.".to_owned())
            }
            Err(Fault::Refused(refusal)) if refusal.code == "UnauthorizedOperation" => {
                Err(format!(
                    "{}. Allow ec2:RunInstances and ec2:CreateTags, and iam:PassRole for an instance profile.",
                    refusal.words()
                ))
            }
            Err(fault) => Err(advice(
                fault,
                "ec2:RunInstances",
                "Correct the field that is named.",
            )),
            Ok(instance) => Err(format!(
                "EC2 has taken the trial for a real call and made {}. End it by hand, and tell who runs this endpoint.",
                instance.id
            )),
        };
        checks.push(check(&name, result));
    }
    checks
}

fn in_words(option: &MachineOption) -> String {
    let place = option
        .subnet_id
        .as_ref()
        .map(|subnet| format!(" in {subnet}"))
        .unwrap_or_default();
    let price = if option.spot {
        " of spare capacity"
    } else {
        ""
    };
    format!("{}{price}{place}", option.instance_type)
}

/// The quota is for the admin to compare: nobody can tell here what else the account runs.
async fn quota(provider: &AwsProvider) -> TestCheck {
    let detail = match provider.api.processor_quota().await {
        Ok(count) => format!(
            "The account may run ordinary machines with {count} virtual processors in all. Keep max instances below that."
        ),
        Err(_) => "It cannot be read; allow servicequotas:GetServiceQuota to see it here. Servers are made all the same."
            .to_owned(),
    };
    check("the account's quota", Ok(detail))
}

/// The call as it goes out, with the override merged.
fn call(provider: &AwsProvider) -> TestCheck {
    let spec = Spec::of(&provider.config);
    let root = RootDevice {
        name: "(the image's)".to_owned(),
        size: None,
    };
    let requests = spec
        .options
        .first()
        .map(|option| spec.request_for(option, &root));
    let text = serde_json::to_string(&requests).unwrap_or_default();
    let more = spec.options.len().saturating_sub(1);
    let rest = if more > 0 {
        format!(" Then {more} more, by type, subnet and price.")
    } else {
        String::new()
    };
    check(
        "the create call",
        Ok(format!(
            "{text}, with the server's tags, token and start-up script.{rest}"
        )),
    )
}
