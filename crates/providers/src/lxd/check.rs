//! What an LXD or Incus daemon offers, and whether it can be used as configured.

use std::collections::BTreeMap;

use domain::provider::{ProviderChoice, ProviderChoices, TestCheck};
use serde::Deserialize;

use super::api::Api;
use super::{LxdConfig, LxdType};
use crate::ProviderError;

/// The word of a daemon that lets the caller in.
const TRUSTED: &str = "trusted";

#[derive(Deserialize)]
struct Daemon {
    auth: String,
    #[serde(default)]
    environment: Environment,
}

#[derive(Deserialize, Default)]
struct Environment {
    #[serde(default)]
    server: String,
    #[serde(default)]
    server_version: String,
    /// What it can run: `lxc`, or `lxc | qemu`.
    #[serde(default)]
    driver: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Image {
    fingerprint: String,
    #[serde(default)]
    aliases: Vec<Named>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct ProjectState {
    resources: BTreeMap<String, Use>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Use {
    #[serde(alias = "limit")]
    limit: i64,
    #[serde(alias = "usage")]
    usage: i64,
}

#[derive(Deserialize)]
struct PoolResources {
    space: Space,
}

#[derive(Deserialize)]
struct Space {
    used: u64,
    total: u64,
}

/// What can be chosen in the fields of the form that are offered.
pub(super) async fn choices(api: &Api) -> Result<ProviderChoices, ProviderError> {
    let all = [("recursion", "1")];
    let images: Vec<Image> = api.get(&["images"], &all).await?;
    let images = images.into_iter().flat_map(|image| {
        let about = image.properties.get("description").cloned();
        let about = about.unwrap_or_else(|| image.fingerprint.chars().take(12).collect());
        let names: Vec<String> = if image.aliases.is_empty() {
            vec![image.fingerprint]
        } else {
            image.aliases.into_iter().map(|it| it.name).collect()
        };
        names.into_iter().map(move |name| choice(name, &about))
    });
    let mut choices = ProviderChoices::from([("image".to_owned(), images.collect())]);
    for (field, path) in [
        ("project", "projects"),
        ("profiles", "profiles"),
        ("storage_pool", "storage-pools"),
        ("network", "networks"),
    ] {
        let named: Vec<Named> = match api.get(&[path], &all).await {
            Ok(named) => named,
            // A restricted certificate may not see all of them.
            Err(ProviderError::Auth(_)) => continue,
            Err(error) => return Err(error),
        };
        let named = named.into_iter().map(|it| choice(it.name, &it.description));
        choices.insert(field.to_owned(), named.collect());
    }
    Ok(choices)
}

fn choice(value: String, about: &str) -> ProviderChoice {
    let label = if about.is_empty() {
        value.clone()
    } else {
        format!("{value} ({about})")
    };
    ProviderChoice { value, label }
}

/// Asks the daemon for everything that the config names, and changes nothing.
pub(super) async fn test(api: &Api, config: &LxdConfig) -> Vec<TestCheck> {
    let daemon: Result<Daemon, _> = api.get(&[], &[]).await;
    let daemon = match daemon {
        Ok(daemon) => daemon,
        Err(error) => {
            return vec![failed(
                "the daemon answers",
                &error,
                "Is it running, and is the address right?",
            )];
        }
    };
    let Environment {
        server,
        server_version,
        driver,
    } = daemon.environment;
    let mut checks = vec![passed(
        "the daemon answers",
        format!("{server} {server_version}"),
    )];
    if daemon.auth != TRUSTED {
        checks.push(TestCheck {
            name: "the daemon trusts Weir".to_owned(),
            passed: false,
            detail: "It does not know the client certificate. Add it there: lxc config trust add FILE --restricted --projects \
                     PROJECT (incus config trust add-certificate FILE with Incus)."
                .to_owned(),
        });
        return checks;
    }
    checks.push(passed("the daemon trusts Weir", String::new()));
    if config.instance_type == LxdType::VirtualMachine && !driver.contains("qemu") {
        checks.push(TestCheck {
            name: "the daemon runs virtual machines".to_owned(),
            passed: false,
            detail: format!("It runs only {driver}. Virtual machines need KVM and QEMU there."),
        });
    }
    checks.push(
        there(
            api,
            "the project is there",
            &["projects", &config.project],
            "Make it by `lxc project create`, or give the certificate access to it.",
        )
        .await,
    );
    checks.push(image(api, config).await);
    let profiles = if config.profiles.is_empty() {
        vec!["default".to_owned()]
    } else {
        config.profiles.clone()
    };
    for profile in &profiles {
        let name = format!("the profile {profile} is there");
        checks.push(
            there(
                api,
                &name,
                &["profiles", profile],
                "`lxc profile list` shows those of the project.",
            )
            .await,
        );
    }
    if let Some(network) = &config.network {
        let path = ["networks", network.as_str()];
        checks.push(
            there(
                api,
                "the network is there",
                &path,
                "`lxc network list` shows all.",
            )
            .await,
        );
    }
    if let Some(pool) = &config.storage_pool {
        checks.push(space(api, pool).await);
    }
    checks.push(limits(api, config).await);
    checks
}

async fn there(api: &Api, name: &str, path: &[&str], advice: &str) -> TestCheck {
    match api.get::<serde_json::Value>(path, &[]).await {
        Ok(_) => passed(name, String::new()),
        Err(error) => failed(name, &error, advice),
    }
}

/// Whether the image is there, and is one of the wanted type.
async fn image(api: &Api, config: &LxdConfig) -> TestCheck {
    const NAME: &str = "the image is there";
    let images: Vec<Image> = match api.get(&["images"], &[("recursion", "1")]).await {
        Ok(images) => images,
        Err(error) => return failed(NAME, &error, "The images of the project can not be read."),
    };
    let source = &config.spec()["source"];
    let found = images.iter().find(|image| {
        source["fingerprint"]
            .as_str()
            .is_some_and(|print| image.fingerprint.starts_with(print))
            || image.aliases.iter().any(|it| source["alias"] == it.name)
    });
    let wanted = &config.spec()["type"];
    match found {
        Some(image) if image.kind.is_empty() || *wanted == image.kind => {
            passed(NAME, image.fingerprint.chars().take(12).collect())
        }
        Some(image) => TestCheck {
            name: NAME.to_owned(),
            passed: false,
            detail: format!(
                "It is made for the type {}. Choose that type or another image.",
                image.kind
            ),
        },
        None => TestCheck {
            name: NAME.to_owned(),
            passed: false,
            detail: format!(
                "The daemon has no image {} in this project. `lxc image copy images:debian/12/cloud local: --alias {0}` fetches one.",
                config.image
            ),
        },
    }
}

/// Whether the storage pool is there and has room.
async fn space(api: &Api, pool: &str) -> TestCheck {
    const NAME: &str = "the storage pool has room";
    const GIB: u64 = 1 << 30;
    let path = ["storage-pools", pool, "resources"];
    match api.get::<PoolResources>(&path, &[]).await {
        Ok(PoolResources { space }) => {
            let free = space.total.saturating_sub(space.used);
            TestCheck {
                name: NAME.to_owned(),
                passed: free >= GIB,
                detail: format!("{} GiB of {} are free.", free / GIB, space.total / GIB),
            }
        }
        // A restricted certificate sees that it is there, and not how full it is.
        Err(ProviderError::Auth(_)) => {
            there(
                api,
                NAME,
                &["storage-pools", pool],
                "`lxc storage list` shows all.",
            )
            .await
        }
        Err(error) => failed(NAME, &error, "`lxc storage list` shows all."),
    }
}

/// Whether the project's limits leave room for one more machine.
async fn limits(api: &Api, config: &LxdConfig) -> TestCheck {
    const NAME: &str = "the project has room";
    let path = ["projects", config.project.as_str(), "state"];
    let state = match api.get::<ProjectState>(&path, &[]).await {
        Ok(state) => state,
        Err(error) => return failed(NAME, &error, "The project's limits can not be read."),
    };
    let kind = match config.instance_type {
        LxdType::Container => "containers",
        LxdType::VirtualMachine => "virtual-machines",
    };
    // A limit of -1 is none.
    let is_full = |(_, use_): &(&String, &Use)| use_.limit >= 0 && use_.usage >= use_.limit;
    let counted = state
        .resources
        .iter()
        .filter(|(name, _)| ["instances", kind, "cpu", "memory", "disk"].contains(&name.as_str()));
    let full: Vec<String> = counted
        .filter(is_full)
        .map(|(name, Use { limit, usage })| format!("{name}: {usage} of {limit} are used"))
        .collect();
    if full.is_empty() {
        return passed(NAME, String::new());
    }
    TestCheck {
        name: NAME.to_owned(),
        passed: false,
        detail: format!(
            "{}. `lxc project set {} limits.…` raises a limit.",
            full.join("; "),
            config.project
        ),
    }
}

fn passed(name: &str, detail: String) -> TestCheck {
    TestCheck {
        name: name.to_owned(),
        passed: true,
        detail,
    }
}

fn failed(name: &str, error: &ProviderError, advice: &str) -> TestCheck {
    TestCheck {
        name: name.to_owned(),
        passed: false,
        detail: format!("{error}. {advice}"),
    }
}
