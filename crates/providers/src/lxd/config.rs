//! What the form of the kind `lxd` means.

use domain::error::FieldError;
use domain::form::{Draft, Reader, SecretKeys};
use domain::value::{Authority, JsonObject, Port};
use serde_json::{Map, Value, json};

use super::FORM;
use crate::config_override::merge;

/// The key of the client's private key.
pub(super) const CLIENT_KEY: &str = "client_key";

/// The port of a daemon that is told none, by LXD's and Incus' own convention.
const PORT: Option<Port> = Port::new(8443);

/// What the override may hold of the create call. LXD ignores words that it does not know, so they are refused here; what is
/// not in it is Weir's own affair.
const OVERRIDABLE: &[&str] = &[
    "architecture",
    "config",
    "description",
    "devices",
    "ephemeral",
    "instance_type",
    "profiles",
    "source",
];

/// The keys of a machine's configuration that carry the start-up script: cloud-init's own, and the older one that small images
/// read.
pub(super) const SCRIPT_KEYS: [&str; 2] = ["cloud-init.user-data", "user.user-data"];

/// What the keys of tags begin with.
pub(super) const TAG: &str = "user.weir.";

/// Where the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LxdAddress {
    /// The path of its Unix socket.
    Socket(String),
    /// Its host and port.
    Https(Authority),
}

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LxdType {
    /// A system container.
    Container,
    /// A virtual machine.
    VirtualMachine,
}

/// The typed settings of a provider config of the kind `lxd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LxdConfig {
    /// Where the daemon answers.
    pub address: LxdAddress,
    /// The daemon's certificate in PEM; there with an https address.
    pub server_certificate: Option<String>,
    /// The certificate in PEM that the daemon trusts; there with an https address, and its key is a secret of its own.
    pub client_certificate: Option<String>,
    /// The project that all machines are in.
    pub project: String,
    /// The alias or the fingerprint of an image.
    pub image: String,
    /// What a server is.
    pub instance_type: LxdType,
    /// The names of profiles; none for the daemon's default.
    pub profiles: Vec<String>,
    /// As the daemon's `limits.cpu`.
    pub cpu_limit: Option<String>,
    /// As the daemon's `limits.memory`.
    pub memory_limit: Option<String>,
    /// The pool of the root disk.
    pub storage_pool: Option<String>,
    /// The size of the root disk; only with a pool.
    pub root_disk_size: Option<String>,
    /// The network of the first network card.
    pub network: Option<String>,
    /// The account whose keys Weir writes.
    pub login_account: Option<String>,
    /// Merged into the create call.
    pub config_override: JsonObject,
}

impl LxdConfig {
    /// Reads the form; `secrets` says which secrets are set.
    pub fn parse(draft: &Draft, secrets: &SecretKeys) -> Result<Self, Vec<FieldError>> {
        Self::read(&Reader::new(&FORM, draft, secrets)?)
    }

    /// The draft that [`Self::parse`] reads as this config.
    pub fn draft(&self) -> Draft {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let address = match &self.address {
            LxdAddress::Socket(path) => path.clone(),
            LxdAddress::Https(authority) => format!("https://{authority}"),
        };
        Draft::new()
            .with("address", address)
            .with("server_certificate", text(&self.server_certificate))
            .with("client_certificate", text(&self.client_certificate))
            .with("project", self.project.as_str())
            .with("image", self.image.as_str())
            .with("instance_type", self.instance_type.word())
            .with("profiles", self.profiles.clone())
            .with("cpu_limit", text(&self.cpu_limit))
            .with("memory_limit", text(&self.memory_limit))
            .with("storage_pool", text(&self.storage_pool))
            .with("root_disk_size", text(&self.root_disk_size))
            .with("network", text(&self.network))
            .with("login_account", text(&self.login_account))
            .with("config_override", Value::from(self.config_override.clone()))
    }

    /// The create call without what is of one machine alone: its name, its tags and its script.
    pub fn spec(&self) -> Value {
        let is_fingerprint =
            self.image.len() >= 12 && self.image.bytes().all(|byte| byte.is_ascii_hexdigit());
        let image = if is_fingerprint {
            "fingerprint"
        } else {
            "alias"
        };
        let mut spec = json!({
            "type": self.instance_type.api(),
            "source": {"type": "image", image: self.image},
            "config": {},
            "devices": {},
        });
        if !self.profiles.is_empty() {
            spec["profiles"] = json!(self.profiles);
        }
        for (key, limit) in [
            ("limits.cpu", &self.cpu_limit),
            ("limits.memory", &self.memory_limit),
        ] {
            if let Some(limit) = limit {
                spec["config"][key] = json!(limit);
            }
        }
        if let Some(pool) = &self.storage_pool {
            spec["devices"]["root"] = json!({"type": "disk", "path": "/", "pool": pool});
            if let Some(size) = &self.root_disk_size {
                spec["devices"]["root"]["size"] = json!(size);
            }
        }
        if let Some(network) = &self.network {
            spec["devices"]["eth0"] = json!({"type": "nic", "name": "eth0", "network": network});
        }
        if let Some(members) = spec.as_object_mut() {
            merge(members, self.config_override.members());
        }
        spec
    }

    fn read(reader: &Reader<'_>) -> Result<Self, Vec<FieldError>> {
        let text = |key: &str| -> Result<Option<String>, Vec<FieldError>> {
            let text: Option<String> = reader.optional(key)?;
            Ok(text.map(|text| text.trim().to_owned()))
        };
        let config = Self {
            address: address(&reader.required::<String>("address")?)?,
            server_certificate: text("server_certificate")?,
            client_certificate: text("client_certificate")?,
            project: reader.required("project")?,
            image: reader.required("image")?,
            instance_type: match reader.required::<String>("instance_type")?.as_str() {
                "virtual_machine" => LxdType::VirtualMachine,
                _ => LxdType::Container,
            },
            profiles: reader.list("profiles"),
            cpu_limit: text("cpu_limit")?,
            memory_limit: text("memory_limit")?,
            storage_pool: text("storage_pool")?,
            root_disk_size: text("root_disk_size")?,
            network: text("network")?,
            login_account: text("login_account")?,
            config_override: reader.object("config_override")?,
        };
        let errors = config.errors(reader.has_secret(CLIENT_KEY));
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(errors)
        }
    }

    /// What is wrong between fields.
    fn errors(&self, has_key: bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |key: &str, code, message: String| {
            errors.push(FieldError::new(key, code, &message));
        };
        let is_https = matches!(self.address, LxdAddress::Https(_));
        for (key, label, is_set) in [
            (
                "server_certificate",
                "Server certificate",
                self.server_certificate.is_some(),
            ),
            (
                "client_certificate",
                "Client certificate",
                self.client_certificate.is_some(),
            ),
            (CLIENT_KEY, "Client key", has_key),
        ] {
            if is_https && !is_set {
                refuse(
                    key,
                    "required",
                    format!("{label} is missing; an https address needs it."),
                );
            } else if is_set && !is_https {
                refuse(
                    key,
                    "not_applicable",
                    "Leave this out: it applies when the address begins with https://.".to_owned(),
                );
            }
        }
        if self.root_disk_size.is_some() && self.storage_pool.is_none() {
            let message = "Storage pool is missing; a size of the root disk needs it.";
            refuse("storage_pool", "required", message.to_owned());
        }
        if let Some(message) = override_fault(self.config_override.members()) {
            refuse("config_override", "bad_format", message);
        }
        errors
    }
}

impl LxdType {
    /// The word in the form.
    const fn word(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::VirtualMachine => "virtual_machine",
        }
    }

    /// The word in the REST API.
    const fn api(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::VirtualMachine => "virtual-machine",
        }
    }
}

fn address(text: &str) -> Result<LxdAddress, Vec<FieldError>> {
    let text = text.trim();
    if text.starts_with('/') {
        return Ok(LxdAddress::Socket(text.to_owned()));
    }
    let bad = || {
        let message = "This is the path of a socket, such as /var/lib/incus/unix.socket, or an address such as https://lxd.example:8443.";
        Reader::error("address", "bad_format", message)
    };
    let host = text.strip_prefix("https://").ok_or_else(bad)?;
    let authority: Authority = host.trim_end_matches('/').parse().map_err(|_| bad())?;
    Ok(LxdAddress::Https(Authority {
        port: authority.port.or(PORT),
        ..authority
    }))
}

/// Why an override cannot be merged into the create call.
fn override_fault(members: &Map<String, Value>) -> Option<String> {
    let unknown = members
        .keys()
        .find(|key| !OVERRIDABLE.contains(&key.as_str()));
    if let Some(key) = unknown {
        return Some(format!(
            "`{key}` cannot be set here; these can: {}.",
            OVERRIDABLE.join(", ")
        ));
    }
    for key in ["config", "devices", "source"] {
        if members.get(key).is_some_and(|value| !value.is_object()) {
            return Some(format!("`{key}` is an object."));
        }
    }
    let config = members.get("config").and_then(Value::as_object);
    let ours = config
        .into_iter()
        .flat_map(Map::keys)
        .find(|key| key.starts_with(TAG) || SCRIPT_KEYS.contains(&key.as_str()))?;
    Some(format!("`{ours}` is set by Weir."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least() -> Draft {
        Draft::new().with("image", "weir")
    }

    fn parse(draft: &Draft) -> Result<LxdConfig, Vec<FieldError>> {
        LxdConfig::parse(draft, &SecretKeys::default())
    }

    fn pointers(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|error| error.pointer.as_str()).collect()
    }

    #[test]
    fn every_field_of_the_form_is_read() {
        let secrets = SecretKeys::default();
        let draft = least();
        let reader = Reader::new(&FORM, &draft, &secrets).expect("an image is enough");
        LxdConfig::read(&reader).expect("it can be read");
        let keys = FORM.fields.iter().map(|field| field.key.to_owned());
        assert_eq!(reader.keys_read(), keys.collect());
    }

    #[test]
    fn there_and_back() {
        let secrets: SecretKeys = [CLIENT_KEY].into_iter().collect();
        let config = LxdConfig {
            address: address("https://lxd.example/").expect("an address"),
            server_certificate: Some("server".to_owned()),
            client_certificate: Some("client".to_owned()),
            project: "desks".to_owned(),
            image: "debian".to_owned(),
            instance_type: LxdType::VirtualMachine,
            profiles: vec!["default".to_owned(), "desk".to_owned()],
            cpu_limit: Some("2".to_owned()),
            memory_limit: Some("2GiB".to_owned()),
            storage_pool: Some("fast".to_owned()),
            root_disk_size: Some("10GiB".to_owned()),
            network: Some("lxdbr0".to_owned()),
            login_account: None,
            config_override: JsonObject::try_from(json!({"ephemeral": true})).expect("an object"),
        };
        assert_eq!(LxdConfig::parse(&config.draft(), &secrets), Ok(config));
        let plain = parse(&least()).expect("an image is enough");
        assert_eq!(plain.login_account.as_deref(), Some("root"));
        assert_eq!(parse(&plain.draft()), Ok(plain));
    }

    #[test]
    fn an_address_is_a_path_or_https() {
        let read = |text| address(text).ok();
        let https = |text: &str| Some(LxdAddress::Https(text.parse().expect("host and port")));
        assert_eq!(read("/a b"), Some(LxdAddress::Socket("/a b".to_owned())));
        assert_eq!(read("https://h"), https("h:8443"));
        assert_eq!(read("https://10.0.0.1:1/"), https("10.0.0.1:1"));
        assert_eq!(read("https://[::1]"), https("[::1]:8443"));
        for text in ["h", "http://h", "https://", "https://h/1.0", "https://u@h"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn https_needs_certificates_and_a_socket_takes_none() {
        let errors = parse(&least().with("address", "https://h")).expect_err("no certificates");
        let three = ["/server_certificate", "/client_certificate", "/client_key"];
        assert_eq!(pointers(&errors), three);
        let errors =
            parse(&least().with("client_certificate", "pem")).expect_err("no use of a socket");
        assert_eq!(pointers(&errors), ["/client_certificate"]);
    }

    #[test]
    fn a_spec_is_the_create_call() {
        let draft = least()
            .with("memory_limit", "1GiB")
            .with("storage_pool", "fast")
            .with("root_disk_size", "5GiB")
            .with("network", "br0")
            .with(
                "config_override",
                json!({"config": {"security.nesting": "true"}, "devices": {"root": {"size": "6GiB"}}}),
            );
        let config = parse(&draft).expect("right");
        let expected = json!({
            "type": "container",
            "source": {"type": "image", "alias": "weir"},
            "config": {"limits.memory": "1GiB", "security.nesting": "true"},
            "devices": {
                "root": {"type": "disk", "path": "/", "pool": "fast", "size": "6GiB"},
                "eth0": {"type": "nic", "name": "eth0", "network": "br0"},
            },
        });
        assert_eq!(config.spec(), expected);
        let by_print = parse(&least().with("image", "27f1e9dc870e")).expect("right");
        assert_eq!(by_print.spec()["source"]["fingerprint"], "27f1e9dc870e");
    }

    #[test]
    fn an_override_sets_nothing_that_is_wrong_or_weirs() {
        for wrong in [
            json!({"confg": {}}),
            json!({"name": "mine"}),
            json!({"config": []}),
            json!({"config": {"user.weir.server": "x"}}),
            json!({"config": {"cloud-init.user-data": "x"}}),
        ] {
            let errors = parse(&least().with("config_override", wrong.clone()))
                .expect_err(&wrong.to_string());
            assert_eq!(pointers(&errors), ["/config_override"]);
        }
        let errors = parse(&least().with("root_disk_size", "5GiB")).expect_err("no pool");
        assert_eq!(pointers(&errors), ["/storage_pool"]);
    }
}
