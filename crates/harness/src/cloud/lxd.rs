//! A real LXD, asked by its own client. Its machines are containers that boot, run their script and report.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::Cloud;
use super::local::SCRIPT;
use crate::Result;

/// What LXD calls the key of our tag.
const SERVER: &str = "user.weir.server";
/// And that of the deployment.
const DEPLOYMENT: &str = "user.weir.deployment";
/// The image that the daemon has.
const IMAGE: &str = "weir";

/// A daemon.
pub struct Lxd {
    socket: PathBuf,
    bridge: IpAddr,
    most: usize,
    /// Machines of others that were there before.
    deployments: Vec<String>,
}

impl Lxd {
    /// The daemon behind this socket; Weir may have `most` machines there.
    pub async fn behind(socket: PathBuf, most: usize) -> Result<Self> {
        let mut lxd = Self {
            socket,
            bridge: IpAddr::from([127, 0, 0, 1]),
            most,
            deployments: Vec::new(),
        };
        let networks = lxd.query("/1.0/networks?recursion=1").await?;
        lxd.bridge = networks
            .as_array()
            .into_iter()
            .flatten()
            .filter(|network| network["managed"] == true)
            .find_map(|network| {
                let address = network["config"]["ipv4.address"].as_str()?;
                address.split('/').next()?.parse().ok()
            })
            .ok_or("LXD has no bridge with an IPv4 address")?;
        let of_others = lxd.instances().await?;
        lxd.deployments = of_others
            .iter()
            .filter_map(|one| one["config"][DEPLOYMENT].as_str().map(str::to_owned))
            .collect();
        Ok(lxd)
    }

    async fn query(&self, path: &str) -> Result<Value> {
        let folder = self.socket.parent().ok_or("the socket has no folder")?;
        let output = Command::new("lxc")
            .args(["query", path])
            .env("LXD_DIR", folder)
            .env("LXD_CONF", folder.join("client"))
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|source| format!("can not start lxc: {source}"))?;
        if !output.status.success() {
            return Err(format!(
                "lxc query {path}: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| format!("lxc query {path}: {source}"))
    }

    async fn instances(&self) -> Result<Vec<Value>> {
        let instances = self.query("/1.0/instances?recursion=1").await?;
        Ok(instances.as_array().cloned().unwrap_or_default())
    }
}

#[async_trait::async_trait]
impl Cloud for Lxd {
    fn config(&self) -> Value {
        json!({
            "kind": "lxd", "max_instances": self.most, "startup_script": SCRIPT,
            "settings": { "address": self.socket, "image": IMAGE },
        })
    }

    fn meeting_point(&self) -> IpAddr {
        self.bridge
    }

    fn flags(&self) -> &'static [&'static str] {
        // Plain http on a bridge of this machine, as it would be with a proxy in front.
        &["--behind-tls-proxy", "--public-url", "https://weir.test"]
    }

    async fn machines(&self) -> Result<BTreeMap<String, usize>> {
        let mut machines = BTreeMap::new();
        for instance in self.instances().await? {
            let tags = &instance["config"];
            let deployment = tags[DEPLOYMENT].as_str().unwrap_or_default();
            if self.deployments.iter().any(|other| other == deployment) {
                continue;
            }
            let name = instance["name"].as_str().unwrap_or_default();
            let server = tags[SERVER].as_str().unwrap_or(name);
            *machines.entry(server.to_owned()).or_default() += 1;
        }
        Ok(machines)
    }
}
