//! What the form of the kind `aws` means.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use domain::error::FieldError;
use domain::form::{Draft, Reader, SecretKeys};
use domain::value::JsonObject;
use serde_json::Value;

use super::{FORM, shape};

/// The typed settings of a provider config of the kind `aws`, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsConfig {
    /// Where the first credentials come from.
    pub credentials: CredentialSource,
    /// A role that is taken on with them.
    pub role_arn: Option<String>,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
    /// The region.
    pub region: String,
    /// Where EC2 and STS answer, if it is not AWS's public address; without a slash at its end.
    pub endpoint_url: Option<String>,
    /// The AMI.
    pub image_id: String,
    /// At least one, in the order in which they are tried.
    pub instance_types: Vec<String>,
    /// In the order in which they are tried; none for the default network.
    pub subnet_ids: Vec<String>,
    /// Security groups.
    pub security_group_ids: Vec<String>,
    /// Which address people get.
    pub address: AddressKind,
    /// A key pair in EC2.
    pub key_pair_name: Option<String>,
    /// Whether the Windows password is read with the private key.
    pub retrieve_password: bool,
    /// The size of the system disk in GiB; 0 for the image's own.
    pub volume_size_gib: u32,
    /// The kind of the system disk in EC2's words.
    pub volume_type: String,
    /// Name or ARN of an instance profile.
    pub instance_profile: Option<String>,
    /// Whether spot capacity is tried first.
    pub spot: bool,
    /// Tags of the admin's own.
    pub tags: BTreeMap<String, String>,
    /// For how long lists may leave out a new instance, in seconds.
    pub list_lag_secs: u32,
    /// What is merged into the create call.
    pub config_override: JsonObject,
}

/// Where the first credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// An access key; its secret is kept with the provider config's secrets.
    Keys {
        /// Its public half.
        access_key_id: String,
    },
    /// The role of the machine that Weir runs on.
    InstanceRole,
}

/// Which address of an instance people get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// The one in its subnet.
    Private,
    /// The one on the internet.
    Public,
}

impl AddressKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

impl AwsConfig {
    /// Reads the form; `secrets` says which secrets are set.
    pub fn parse(draft: &Draft, secrets: &SecretKeys) -> Result<Self, Vec<FieldError>> {
        Self::read(&Reader::new(&FORM, draft, secrets)?)
    }

    /// The draft that [`Self::parse`] reads as this config.
    pub fn draft(&self) -> Draft {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (credentials, access_key_id) = match &self.credentials {
            CredentialSource::Keys { access_key_id } => ("keys", access_key_id.as_str()),
            CredentialSource::InstanceRole => ("instance_role", ""),
        };
        let tags = self
            .tags
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let draft = Draft::new()
            .with("credentials", credentials)
            .with("access_key_id", access_key_id)
            .with("role_arn", text(&self.role_arn))
            .with("external_id", text(&self.external_id))
            .with("region", self.region.as_str())
            .with("endpoint_url", text(&self.endpoint_url))
            .with("image_id", self.image_id.as_str())
            .with("instance_types", self.instance_types.clone())
            .with("volume_size_gib", self.volume_size_gib)
            .with("volume_type", self.volume_type.as_str())
            .with("key_pair_name", text(&self.key_pair_name))
            .with("retrieve_password", self.retrieve_password)
            .with("instance_profile", text(&self.instance_profile))
            .with("subnet_ids", self.subnet_ids.clone())
            .with("security_group_ids", self.security_group_ids.clone())
            .with("address", self.address.as_str())
            .with("spot", self.spot)
            .with("tags", tags.collect::<Vec<_>>())
            .with("list_lag_seconds", self.list_lag_secs)
            .with("config_override", Value::from(self.config_override.clone()));
        draft.only_shown(&FORM)
    }

    fn read(reader: &Reader<'_>) -> Result<Self, Vec<FieldError>> {
        for key in ["secret_access_key", "session_token", "private_key"] {
            // Whether it has to be there, the form's check has said.
            reader.has_secret(key);
        }
        let access_key_id = optional(reader, "access_key_id")?;
        let config = Self {
            credentials: match reader.required::<Word>("credentials")?.0.as_str() {
                "instance_role" => CredentialSource::InstanceRole,
                _ => CredentialSource::Keys {
                    access_key_id: access_key_id.unwrap_or_default(),
                },
            },
            role_arn: optional(reader, "role_arn")?,
            external_id: optional(reader, "external_id")?,
            region: required(reader, "region")?,
            endpoint_url: optional(reader, "endpoint_url")?
                .map(|url| url.trim_end_matches('/').to_owned()),
            image_id: required(reader, "image_id")?,
            instance_types: lines(reader, "instance_types"),
            subnet_ids: lines(reader, "subnet_ids"),
            security_group_ids: lines(reader, "security_group_ids"),
            address: match reader.required::<Word>("address")?.0.as_str() {
                "public" => AddressKind::Public,
                _ => AddressKind::Private,
            },
            key_pair_name: optional(reader, "key_pair_name")?,
            retrieve_password: reader.bool("retrieve_password"),
            volume_size_gib: reader.int("volume_size_gib")?,
            volume_type: reader.required::<Word>("volume_type")?.0,
            instance_profile: optional(reader, "instance_profile")?,
            spot: reader.bool("spot"),
            tags: tags(&lines(reader, "tags"))?,
            list_lag_secs: reader.int("list_lag_seconds")?,
            config_override: reader.object("config_override")?,
        };
        config.check()?;
        Ok(config)
    }

    /// The rules that EC2 would tell too late or in words that do not name the field.
    fn check(&self) -> Result<(), Vec<FieldError>> {
        let error = |key: &str, message: &str| FieldError::new(key, "bad_format", message);
        let mut errors = Vec::new();
        if !is_made_of(&self.region, |c| {
            c.is_ascii_lowercase() || c.is_ascii_digit()
        }) {
            errors.push(error(
                "region",
                "This is the short name of a region, such as eu-central-1.",
            ));
        }
        if let Some(url) = &self.endpoint_url
            && !is_endpoint(url)
        {
            let message = "This is https:// and a host, perhaps a port, and nothing behind it. Plain http:// is only for this \
                           machine itself.";
            errors.push(error("endpoint_url", message));
        }
        if self
            .role_arn
            .as_deref()
            .is_some_and(|arn| !arn.starts_with("arn:"))
        {
            errors.push(error("role_arn", "This is an ARN: it begins with arn:."));
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            errors.push(error(
                "external_id",
                "It is used with a role to assume only.",
            ));
        }
        if self.instance_types.is_empty() {
            errors.push(FieldError::new(
                "instance_types",
                "required",
                "Name at least one.",
            ));
        }
        let has_dot = |name: &String| {
            is_made_of(name, |c| c.is_ascii_alphanumeric() || c == '.') && name.contains('.')
        };
        if !self.instance_types.iter().all(has_dot) {
            errors.push(error(
                "instance_types",
                "An instance type looks like t3.large.",
            ));
        }
        let ids = |key, prefix, ids: &[String]| {
            let is_id = |id: &String| {
                id.strip_prefix(prefix)
                    .is_some_and(|rest| is_made_of(rest, |c| c.is_ascii_alphanumeric()))
            };
            (!ids.iter().all(is_id))
                .then(|| error(key, &format!("An id here begins with {prefix}.")))
        };
        errors.extend(ids(
            "image_id",
            "ami-",
            std::slice::from_ref(&self.image_id),
        ));
        errors.extend(ids("subnet_ids", "subnet-", &self.subnet_ids));
        errors.extend(ids("security_group_ids", "sg-", &self.security_group_ids));
        if self.retrieve_password && self.key_pair_name.is_none() {
            let message = "The Windows password is encrypted for a key pair: name it.";
            errors.push(FieldError::new("key_pair_name", "required", message));
        }
        errors.extend(shape::override_errors(&self.config_override));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

/// The word of a choice, which the form's check has found right.
struct Word(String);

impl FromStr for Word {
    type Err = fmt::Error;

    fn from_str(text: &str) -> Result<Self, fmt::Error> {
        Ok(Self(text.to_owned()))
    }
}

fn optional(reader: &Reader<'_>, key: &str) -> Result<Option<String>, Vec<FieldError>> {
    let text: Option<Word> = reader.optional(key)?;
    Ok(text.map(|text| text.0.trim().to_owned()))
}

fn required(reader: &Reader<'_>, key: &str) -> Result<String, Vec<FieldError>> {
    reader
        .required::<Word>(key)
        .map(|text| text.0.trim().to_owned())
}

fn lines(reader: &Reader<'_>, key: &str) -> Vec<String> {
    let lines = reader
        .list(key)
        .into_iter()
        .map(|line| line.trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

fn tags(lines: &[String]) -> Result<BTreeMap<String, String>, Vec<FieldError>> {
    let mut tags = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let refused =
            |message: &str| Err(Reader::error(&format!("tags/{at}"), "bad_format", message));
        let Some((name, value)) = line.split_once('=') else {
            return refused("A tag is name=value.");
        };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.chars().count() > 128 || value.chars().count() > 256 {
            return refused("A name has 1 to 128 characters, a value up to 256.");
        }
        if name == "Name" || name.starts_with("weir:") || name.to_lowercase().starts_with("aws:") {
            return refused("Name and what begins with weir: or aws: is set by Weir and AWS.");
        }
        if tags.insert(name.to_owned(), value.to_owned()).is_some() {
            return refused("This name stands twice.");
        }
    }
    Ok(tags)
}

fn is_made_of(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '-' || allowed(c))
}

/// Whether signed calls may go there: by TLS, or within this machine.
fn is_endpoint(url: &str) -> bool {
    let (is_plain, authority) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(authority), _) => (false, authority),
        (_, Some(authority)) => (true, authority),
        _ => return false,
    };
    let Ok(authority) = authority.parse::<domain::value::Authority>() else {
        return false;
    };
    let is_here = ["127.0.0.1", "localhost", "::1"].contains(&authority.host.to_string().as_str());
    !is_plain || is_here
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets() -> SecretKeys {
        ["secret_access_key"].into_iter().collect()
    }

    fn draft() -> Draft {
        Draft::new()
            .with("access_key_id", "AKIAEXAMPLE")
            .with("region", "eu-central-1")
            .with("image_id", "ami-12c6146b")
            .with("instance_types", json!(["t3.large", "t3a.large"]))
    }

    #[test]
    fn every_field_of_the_form_is_read() {
        let secrets = secrets();
        let reader = Reader::new(&FORM, &draft(), &secrets).expect("it is right");
        AwsConfig::read(&reader).expect("it can be read");
        let keys = FORM.fields.iter().map(|field| field.key.to_owned());
        assert_eq!(reader.keys_read(), keys.collect());
    }

    #[test]
    fn there_and_back() {
        let full = draft()
            .with("role_arn", "arn:aws:iam::123456789012:role/weir")
            .with("external_id", "x")
            .with("endpoint_url", "http://127.0.0.1:5000/")
            .with("volume_size_gib", 50)
            .with("volume_type", "gp2")
            .with("key_pair_name", "kp")
            .with("subnet_ids", json!(["subnet-1", "subnet-2"]))
            .with("security_group_ids", json!(["sg-1"]))
            .with("address", "public")
            .with("spot", true)
            .with("tags", json!(["cost centre=a=b", "empty="]))
            .with("list_lag_seconds", 1)
            .with("config_override", json!({"EbsOptimized": true}));
        let role = draft().with("credentials", "instance_role");
        let role = role.only_shown(&FORM);
        for (draft, secrets) in [
            (draft(), secrets()),
            (full, secrets()),
            (role, SecretKeys::none()),
        ] {
            let config = AwsConfig::parse(&draft, &secrets).expect("it is right");
            assert_eq!(AwsConfig::parse(&config.draft(), &secrets), Ok(config));
        }
    }

    #[test]
    fn what_ec2_would_not_take_is_told_at_the_field() {
        for (key, value) in [
            ("region", json!("Europe (Frankfurt)")),
            ("endpoint_url", json!("http://ec2.example.org")),
            ("endpoint_url", json!("https://ec2.example.org/path")),
            ("endpoint_url", json!("ec2.example.org")),
            ("role_arn", json!("weir")),
            ("external_id", json!("x")),
            ("instance_types", json!([])),
            ("instance_types", json!(["large"])),
            ("image_id", json!("ubuntu")),
            ("subnet_ids", json!(["vpc-1"])),
            ("security_group_ids", json!(["default"])),
            ("tags", json!(["weir:server=1"])),
            ("tags", json!(["no value"])),
            ("tags", json!(["a=1", "a=2"])),
            ("config_override", json!({"ClientToken": "x"})),
            ("config_override", json!({"Placement": {"Tenanzy": "x"}})),
        ] {
            let errors = AwsConfig::parse(&draft().with(key, value.clone()), &secrets())
                .expect_err(&format!("{key} {value}"));
            assert!(
                errors[0].pointer.starts_with(&format!("/{key}")),
                "{errors:?}"
            );
        }
        let errors = AwsConfig::parse(&draft(), &SecretKeys::none()).expect_err("no secret");
        assert_eq!(errors[0].pointer, "/secret_access_key");
        let both = ["secret_access_key", "private_key"].into_iter().collect();
        let errors = AwsConfig::parse(&draft().with("retrieve_password", true), &both)
            .expect_err("no key pair");
        assert_eq!(errors[0].pointer, "/key_pair_name");
    }
}
