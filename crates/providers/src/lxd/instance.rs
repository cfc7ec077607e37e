//! An instance as the REST API shows it, read as a machine.

use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::connection::Address;
use domain::id::{DeploymentId, GenerationId, ServerId};
use domain::server::MachineId;
use domain::snapshot::MachineState;
use serde::Deserialize;

use super::config::{SCRIPT_KEYS, TAG};
use crate::{CreateRequest, Machine, Tags};

/// One of the daemon's instances, with its state where that was asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Instance {
    pub name: String,
    status: String,
    config: BTreeMap<String, String>,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    last_used_at: String,
    #[serde(default)]
    state: Option<State>,
}

#[derive(Debug, Deserialize)]
struct State {
    /// By the name of the network card in the machine.
    #[serde(default)]
    network: Option<BTreeMap<String, Card>>,
}

#[derive(Debug, Deserialize)]
struct Card {
    addresses: Vec<CardAddress>,
    /// Its other end on the host. What the machine has made itself, such as a bridge for containers in it, has none.
    #[serde(default)]
    host_name: String,
}

#[derive(Debug, Deserialize)]
struct CardAddress {
    address: String,
    scope: String,
}

/// The configuration keys that a machine carries from its create call on.
pub(super) fn keys(request: &CreateRequest) -> BTreeMap<String, String> {
    let Tags {
        deployment,
        generation,
        pool,
        config,
        server,
    } = request.tags;
    let tags = [
        ("deployment", deployment.bare()),
        ("pool", pool.bare()),
        ("config", config.bare()),
        ("server", server.bare()),
        ("port", request.connection_port.to_string()),
    ];
    let scripts = SCRIPT_KEYS.map(|key| (key.to_owned(), request.script.expose().to_owned()));
    let generation = generation.map(|generation| ("generation", generation.bare()));
    tags.into_iter()
        .chain(generation)
        .map(|(key, value)| (format!("{TAG}{key}"), value))
        .chain(scripts)
        .collect()
}

/// The filter of a list that leaves one deployment's machines.
pub(super) fn filter(deployment: DeploymentId) -> String {
    format!("config.{TAG}deployment eq {}", deployment.bare())
}

impl Instance {
    /// Whether its tags name this deployment.
    pub fn is_of(&self, deployment: DeploymentId) -> bool {
        self.tag("deployment") == Some(&deployment.bare())
    }

    /// Whether Weir made it.
    pub fn is_weirs(&self) -> bool {
        self.tag("server").is_some()
    }

    /// Whether its tags name this server.
    pub fn is_machine_of(&self, server: ServerId) -> bool {
        self.tag("server") == Some(&server.bare())
    }

    /// Whether it was made and not started yet.
    pub fn is_new(&self) -> bool {
        self.status == "Stopped" && self.last_used_at.starts_with("1970")
    }

    /// Whether it does not run.
    pub fn is_stopped(&self) -> bool {
        self.status == "Stopped"
    }

    /// Tells it from an earlier one of the same name.
    pub fn birth(&self) -> &str {
        &self.created_at
    }

    /// The machine that it is.
    pub fn machine(&self) -> Machine {
        let address = self.ip().and_then(|ip| {
            Some(Address {
                host: ip.to_string(),
                port: self.tag("port")?.parse().ok()?,
            })
        });
        let state = match self.status.as_str() {
            "Running" | "Ready" if address.is_some() => MachineState::Up,
            "Running" | "Ready" | "Starting" | "Started" | "Thawed" | "Pending" => {
                MachineState::Pending
            }
            _ if self.is_new() => MachineState::Pending,
            // Stopped by somebody, frozen, in error: people have no use of it.
            _ => MachineState::Broken,
        };
        Machine {
            id: MachineId(self.name.clone()),
            server: self
                .tag("server")
                .and_then(|server| ServerId::from_bare(server).ok()),
            generation: self
                .tag("generation")
                .and_then(|generation| GenerationId::from_bare(generation).ok()),
            state,
            address: address.filter(|_| state == MachineState::Up),
            host_key: None,
        }
    }

    fn tag(&self, name: &str) -> Option<&String> {
        self.config.get(&format!("{TAG}{name}"))
    }

    /// Where it is reached: on a card that the host sees, by IPv4 before IPv6.
    fn ip(&self) -> Option<IpAddr> {
        let cards = self.state.as_ref()?.network.as_ref()?;
        let of = |card: &Card| -> Vec<IpAddr> {
            let global = card.addresses.iter().filter(|it| it.scope == "global");
            global.filter_map(|it| it.address.parse().ok()).collect()
        };
        let best = |cards: Vec<IpAddr>| cards.into_iter().min_by_key(IpAddr::is_ipv6);
        let seen = cards.values().filter(|card| !card.host_name.is_empty());
        best(seen.flat_map(of).collect()).or_else(|| best(cards.values().flat_map(of).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn instance(status: &str, last_used: &str, network: &serde_json::Value) -> Instance {
        serde_json::from_value(json!({
            "name": "a", "status": status, "last_used_at": last_used, "created_at": "x",
            "config": {"user.weir.port": "22", "user.weir.server": "nonsense"},
            "state": {"network": network},
        }))
        .expect("an instance")
    }

    #[test]
    fn it_is_up_once_it_has_an_address() {
        let card = |host: &str, addresses: &[(&str, &str)]| {
            let addresses: Vec<_> = addresses
                .iter()
                .map(|(address, scope)| json!({"address": address, "scope": scope}))
                .collect();
            json!({"addresses": addresses, "host_name": host})
        };
        let only_link = json!({"eth0": card("veth1", &[("fe80::1", "link")])});
        let never = "1970-01-01T00:00:00Z";
        let once = "2026-11-28T08:42:48Z";
        for (status, last_used, network, expected) in [
            ("Stopped", never, json!(null), MachineState::Pending),
            ("Running", once, only_link.clone(), MachineState::Pending),
            ("Stopped", once, json!(null), MachineState::Broken),
            ("Frozen", once, only_link, MachineState::Broken),
            ("Error", once, json!(null), MachineState::Broken),
        ] {
            let machine = instance(status, last_used, &network).machine();
            assert_eq!(
                (machine.state, machine.address),
                (expected, None),
                "{status}"
            );
        }
        let network = json!({
            "docker0": card("", &[("172.17.0.1", "global")]),
            "eth0": card("veth1", &[("fd00::7", "global"), ("10.0.0.7", "global")]),
            "lo": card("", &[("127.0.0.1", "local")]),
        });
        let machine = instance("Running", once, &network).machine();
        assert_eq!(machine.state, MachineState::Up);
        let address = machine.address.expect("an address");
        assert_eq!((address.host.as_str(), address.port), ("10.0.0.7", 22));
        assert_eq!(machine.server, None, "the tag cannot be read");
        let plain = json!({"eth0": card("", &[("fd00::7", "global")])});
        let machine = instance("Running", once, &plain).machine();
        assert_eq!(machine.address.expect("an address").host, "fd00::7");
    }
}
