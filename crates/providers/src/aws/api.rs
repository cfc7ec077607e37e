//! The few calls of EC2 and STS that Weir makes, typed. A call is a form; an answer is XML.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::credentials::Credentials;
use super::error::{Fault, Refusal};
use super::wire::{Target, Wire};

/// EC2's and STS's versions of their protocols.
const EC2: &str = "2016-11-15";
const STS: &str = "2011-06-15";
/// The most pages of a list that are believed: a million instances.
const PAGES: usize = 1000;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Parameters of a call.
pub(super) type Form = Vec<(String, String)>;

/// EC2 in one region, with one account.
pub(super) struct Api {
    pub(super) wire: Wire,
    pub(super) credentials: Credentials,
    pub(super) region: String,
    pub(super) endpoints: Endpoints,
}

/// Where services answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) ec2: String,
    pub(super) sts: String,
    pub(super) quotas: String,
}

impl Endpoints {
    /// AWS's public addresses of a region, or one address for all of them.
    pub(super) fn of(region: &str, url: Option<&str>) -> Self {
        let end = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let address = |service: &str| {
            url.map_or_else(
                || format!("https://{service}.{region}.{end}"),
                str::to_owned,
            ) + "/"
        };
        Self {
            ec2: address("ec2"),
            sts: address("sts"),
            quotas: address("servicequotas"),
        }
    }
}

/// A list in an answer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Items<T> {
    #[serde(default = "Vec::new", rename = "item")]
    pub(super) items: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

/// An instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instance {
    #[serde(rename = "instanceId")]
    pub(super) id: String,
    #[serde(rename = "instanceState")]
    pub(super) state: Named,
    #[serde(default)]
    pub(super) private_ip_address: Option<String>,
    /// The public address.
    #[serde(default)]
    pub(super) ip_address: Option<String>,
    #[serde(default)]
    pub(super) tag_set: Items<Tag>,
}

/// A state, which has a name.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

/// A tag.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// An image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    #[serde(default)]
    pub(super) root_device_name: String,
    #[serde(default)]
    pub(super) block_device_mapping: Items<Device>,
    #[serde(default, rename = "imageState")]
    pub(super) state: String,
    #[serde(default)]
    pub(super) name: String,
}

/// A disk of an image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Device {
    pub(super) device_name: String,
    pub(super) ebs: Option<Disk>,
}

/// What a disk of an image is made of.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Disk {
    /// In GiB.
    pub(super) volume_size: Option<u32>,
}

/// A subnet.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subnet {
    #[serde(rename = "subnetId")]
    pub(super) id: String,
    pub(super) availability_zone: String,
    pub(super) available_ip_address_count: u32,
}

/// An instance type that a zone has.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offering {
    pub(super) instance_type: String,
    /// The zone.
    pub(super) location: String,
}

impl Api {
    /// Makes one instance.
    pub(super) async fn run_instance(&self, form: Form) -> Result<Instance, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            instances_set: Items<Instance>,
        }
        let body: Body = self.ec2("RunInstances", form).await?;
        let mut made = body.instances_set.items.into_iter();
        made.next()
            .ok_or_else(|| Fault::Unread("EC2's answer names no instance".to_owned()))
    }

    /// All instances that these filters let through, from all pages, or an error.
    pub(super) async fn instances(
        &self,
        filters: &[(&str, &[&str])],
    ) -> Result<Vec<Instance>, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            reservation_set: Items<Reservation>,
            next_token: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Reservation {
            instances_set: Items<Instance>,
        }
        // By id, as pages may overlap while instances come and go.
        let mut found = BTreeMap::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut form = filter_form(filters);
            form.push(("MaxResults".to_owned(), "1000".to_owned()));
            if let Some(token) = &next {
                form.push(("NextToken".to_owned(), token.clone()));
            }
            let body: Body = self.ec2("DescribeInstances", form).await?;
            for reservation in body.reservation_set.items {
                for instance in reservation.instances_set.items {
                    found.insert(instance.id.clone(), instance);
                }
            }
            let token = body.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found.into_values().collect());
            }
            if token == next {
                break;
            }
            next = token;
        }
        Err(Fault::Unread("EC2's list has no end".to_owned()))
    }

    /// Ends an instance.
    pub(super) async fn terminate(&self, id: &str) -> Result<(), Fault> {
        self.ec2::<Ignored>("TerminateInstances", form(&[("InstanceId.1", id)]))
            .await?;
        Ok(())
    }

    /// What an instance has written on its console, in base64.
    pub(super) async fn console_output(&self, id: &str) -> Result<String, Fault> {
        #[derive(Deserialize)]
        struct Body {
            output: Option<String>,
        }
        let body: Body = self
            .ec2("GetConsoleOutput", form(&[("InstanceId", id)]))
            .await?;
        Ok(body.output.unwrap_or_default())
    }

    /// The encrypted Windows password; empty until Windows has made it up.
    pub(super) async fn password_data(&self, id: &str) -> Result<String, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            password_data: Option<String>,
        }
        let body: Body = self
            .ec2("GetPasswordData", form(&[("InstanceId", id)]))
            .await?;
        Ok(body.password_data.unwrap_or_default())
    }

    /// An image; none if there is none that this account may use.
    pub(super) async fn image(&self, id: &str) -> Result<Option<Image>, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            images_set: Items<Image>,
        }
        let body: Body = self
            .ec2("DescribeImages", form(&[("ImageId.1", id)]))
            .await?;
        Ok(body.images_set.items.into_iter().next())
    }

    /// Subnets by their ids.
    pub(super) async fn subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            subnet_set: Items<Subnet>,
        }
        let body: Body = self
            .ec2("DescribeSubnets", numbered("SubnetId", ids))
            .await?;
        Ok(body.subnet_set.items)
    }

    /// Whether these security groups are there.
    pub(super) async fn security_groups(&self, ids: &[String]) -> Result<(), Fault> {
        self.ec2::<Ignored>("DescribeSecurityGroups", numbered("GroupId", ids))
            .await?;
        Ok(())
    }

    /// Whether this key pair is there.
    pub(super) async fn key_pair(&self, name: &str) -> Result<(), Fault> {
        self.ec2::<Ignored>("DescribeKeyPairs", form(&[("KeyName.1", name)]))
            .await?;
        Ok(())
    }

    /// Which of these instance types which zone has.
    pub(super) async fn offerings(&self, types: &[String]) -> Result<Vec<Offering>, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            instance_type_offering_set: Items<Offering>,
        }
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let mut form = filter_form(&[("instance-type", &types)]);
        form.push(("LocationType".to_owned(), "availability-zone".to_owned()));
        let body: Body = self.ec2("DescribeInstanceTypeOfferings", form).await?;
        Ok(body.instance_type_offering_set.items)
    }

    /// Who these credentials belong to.
    pub(super) async fn caller(&self) -> Result<String, Fault> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "GetCallerIdentityResult")]
            result: Identity,
        }
        #[derive(Deserialize)]
        struct Identity {
            #[serde(rename = "Arn")]
            arn: String,
        }
        let target = Target {
            url: &self.endpoints.sts,
            service: "sts",
            region: &self.region,
        };
        let body: Body = self
            .call(target, STS, "GetCallerIdentity", Vec::new())
            .await?;
        Ok(body.result.arn)
    }

    /// How many virtual processors of ordinary machines the account may have at once.
    pub(super) async fn processor_quota(&self) -> Result<f64, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body {
            quota: Quota,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Quota {
            value: f64,
        }
        let keys = self
            .credentials
            .keys(&self.wire)
            .await
            .map_err(Fault::NoCredentials)?;
        let target = Target {
            url: &self.endpoints.quotas,
            service: "servicequotas",
            region: &self.region,
        };
        let headers = BTreeMap::from([
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "ServiceQuotasV20190624.GetServiceQuota"),
        ]);
        // "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances".
        let body = r#"{"ServiceCode":"ec2","QuotaCode":"L-1216C47A"}"#.to_owned();
        let answer = self
            .wire
            .post_with(target, &keys, &headers, body)
            .await
            .map_err(Fault::Broken)?;
        if answer.status != 200 {
            return Err(Fault::Refused(Refusal::read(&answer)));
        }
        let body: Body = serde_json::from_str(&answer.body)
            .map_err(|source| Fault::Unread(source.to_string()))?;
        Ok(body.quota.value)
    }

    async fn ec2<T: DeserializeOwned>(&self, action: &str, form: Form) -> Result<T, Fault> {
        let target = Target {
            url: &self.endpoints.ec2,
            service: "ec2",
            region: &self.region,
        };
        self.call(target, EC2, action, form).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        target: Target<'_>,
        version: &str,
        action: &str,
        form: Form,
    ) -> Result<T, Fault> {
        let keys = self
            .credentials
            .keys(&self.wire)
            .await
            .map_err(Fault::NoCredentials)?;
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(form)
            .finish();
        let answer = self
            .wire
            .post(target, &keys, FORM, body)
            .await
            .map_err(Fault::Broken)?;
        if answer.status != 200 {
            return Err(Fault::Refused(Refusal::read(&answer)));
        }
        xml(&answer.body)
    }
}

/// An answer that only has to be one.
#[derive(Deserialize)]
struct Ignored {}

/// Reads an answer. One that breaks off is an error.
pub(super) fn xml<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    quick_xml::de::from_str(text)
        .map_err(|source| Fault::Unread(format!("AWS's answer cannot be read: {source}")))
}

fn form(pairs: &[(&str, &str)]) -> Form {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn numbered(name: &str, values: &[String]) -> Form {
    (1..)
        .zip(values)
        .map(|(number, value)| (format!("{name}.{number}"), value.clone()))
        .collect()
}

fn filter_form(filters: &[(&str, &[&str])]) -> Form {
    let mut form = Form::new();
    for (number, (name, values)) in (1..).zip(filters) {
        form.push((format!("Filter.{number}.Name"), (*name).to_owned()));
        for (at, value) in (1..).zip(*values) {
            form.push((format!("Filter.{number}.Value.{at}"), (*value).to_owned()));
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        instances_set: Items<Instance>,
    }

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let text = "<?xml version=\"1.0\"?><RunInstancesResponse xmlns=\"x\"><instancesSet><item><instanceId>i-1</instanceId>\
                    <imageId>ami</imageId><instanceState><code>0</code><name>pending</name></instanceState><tagSet><item>\
                    <key>a&amp;b</key><value/></item></tagSet><ipAddress/></item></instancesSet></RunInstancesResponse>";
        let body: Body = xml(text).expect("it is whole");
        let instance = &body.instances_set.items[0];
        assert_eq!(
            (instance.id.as_str(), instance.state.name.as_str()),
            ("i-1", "pending")
        );
        assert_eq!(
            (
                instance.tag_set.items[0].key.as_str(),
                instance.tag_set.items[0].value.as_str()
            ),
            ("a&b", "")
        );
        let empty: Body = xml("<R><instancesSet/></R>").expect("it is whole");
        assert!(empty.instances_set.items.is_empty());
        for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert!(xml::<Body>(&text[..end]).is_err(), "cut at {end}");
        }
        assert!(xml::<Body>("<html>hello</html>").is_err());
    }

    #[test]
    fn services_answer_at_their_region() {
        assert_eq!(
            Endpoints::of("eu-central-1", None).ec2,
            "https://ec2.eu-central-1.amazonaws.com/"
        );
        assert_eq!(
            Endpoints::of("cn-north-1", None).sts,
            "https://sts.cn-north-1.amazonaws.com.cn/"
        );
        assert_eq!(
            Endpoints::of("eu-central-1", Some("http://127.0.0.1:5000")).sts,
            "http://127.0.0.1:5000/"
        );
    }
}
