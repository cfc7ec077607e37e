//! The provider of the kind `lxd`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::clock::Clock;
use domain::id::{DeploymentId, ServerId};
use domain::provider::{ProviderChoices, TestCheck};
use domain::server::MachineId;
use domain::snapshot::{MachineState, ProviderFacts};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, NewFile};
use super::check;
use super::config::CLIENT_KEY;
use super::instance::{self, Instance};
use super::refusal;
use super::{LxdConfig, LxdType};
use crate::{Console, CreateRequest, Listing, Machine, Provider, ProviderError, Secrets};

/// Where a machine shows the public half of its host key.
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key.pub";

/// The most host keys that are read for one list, and the most tries for one machine: some never have one.
const KEYS_A_LIST: usize = 20;
const KEY_TRIES: u8 = 10;

/// Machines of an LXD or Incus daemon.
pub struct LxdProvider {
    api: Api,
    config: LxdConfig,
    clock: Arc<dyn Clock>,
    keys: Mutex<HostKeys>,
}

/// Host keys that were read, by machine.
type HostKeys = BTreeMap<MachineId, HostKey>;

#[derive(Default)]
struct HostKey {
    birth: String,
    key: Option<String>,
    tries: u8,
}

impl LxdProvider {
    /// A provider of these settings; it connects to nothing yet.
    ///
    /// # Errors
    /// A certificate or its key cannot be read.
    pub fn new(
        config: LxdConfig,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ProviderError> {
        Ok(Self {
            api: Api::new(&config, secrets.get(CLIENT_KEY))?,
            config,
            clock,
            keys: Mutex::default(),
        })
    }

    /// The instance of this name, if there is one.
    async fn find(&self, name: &str) -> Result<Option<Instance>, ProviderError> {
        match self.api.get(&["instances", name], &[]).await {
            Ok(instance) => Ok(Some(instance)),
            Err(ProviderError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The instance that an earlier call for this server has made, if there is one.
    async fn earlier(
        &self,
        name: &str,
        server: ServerId,
    ) -> Result<Option<Instance>, ProviderError> {
        match self.find(name).await? {
            Some(found) if !found.is_machine_of(server) => Err(ProviderError::Conflict(format!(
                "the instance {name} is not the machine of {server}"
            ))),
            found => Ok(found),
        }
    }

    /// Starts an instance that was just made. One that cannot be started is taken away again, so that the call had no effect.
    async fn start(&self, name: &str, server: ServerId) -> Result<(), ProviderError> {
        let Err(error) = self.act(name, &json!({"action": "start"})).await else {
            return Ok(());
        };
        if matches!(error, ProviderError::Unknown(_)) {
            return Err(error);
        }
        let lost = |second: &ProviderError| ProviderError::Unknown(format!("{error}; {second}"));
        match self
            .earlier(name, server)
            .await
            .map_err(|error| lost(&error))?
        {
            // Another call has started it meanwhile.
            Some(found) if !found.is_new() => Ok(()),
            Some(_) => {
                self.remove(name).await.map_err(|error| lost(&error))?;
                Err(error)
            }
            None => Err(error),
        }
    }

    /// Changes an instance's state, after whatever the daemon is doing with it.
    async fn act(&self, name: &str, action: &Value) -> Result<(), ProviderError> {
        let path = ["instances", name, "state"];
        let done = self.api.change(Method::PUT, &path, action).await;
        match done {
            Err(error) if refusal::is_busy(&error) => {
                self.api.settle(name).await?;
                self.api.change(Method::PUT, &path, action).await
            }
            done => done,
        }
    }

    async fn remove(&self, name: &str) -> Result<(), ProviderError> {
        let path = ["instances", name];
        let done = self.api.change(Method::DELETE, &path, &json!({})).await;
        match done {
            // Somebody else has deleted it meanwhile, which the daemon says in several ways.
            Err(ProviderError::NotFound(_)) => Ok(()),
            Err(ProviderError::Invalid { .. }) if self.find(name).await?.is_none() => Ok(()),
            done => done,
        }
    }

    /// Fills in the host keys of machines that are up.
    async fn read_keys(&self, machines: &mut [Machine], births: &BTreeMap<MachineId, String>) {
        let mut wanted = Vec::new();
        {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.retain(|id, known| births.get(id) == Some(&known.birth));
            for machine in machines.iter_mut() {
                let known = keys.entry(machine.id.clone()).or_insert_with(|| HostKey {
                    birth: births.get(&machine.id).cloned().unwrap_or_default(),
                    ..HostKey::default()
                });
                machine.host_key.clone_from(&known.key);
                let is_open = known.key.is_none() && known.tries < KEY_TRIES;
                if is_open && machine.state == MachineState::Up && wanted.len() < KEYS_A_LIST {
                    known.tries += 1;
                    wanted.push(machine.id.clone());
                }
            }
        }
        for id in wanted {
            let path = ["instances", &id.0, "files"];
            let Ok(bytes) = self.api.bytes(&path, &[("path", HOST_KEY)]).await else {
                continue;
            };
            let Some(key) = public_key(&bytes) else {
                continue;
            };
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = keys.get_mut(&id) {
                known.key = Some(key.clone());
            }
            if let Some(machine) = machines.iter_mut().find(|machine| machine.id == id) {
                machine.host_key = Some(key);
            }
        }
    }
}

#[async_trait::async_trait]
impl Provider for LxdProvider {
    fn facts(&self) -> ProviderFacts {
        ProviderFacts {
            list_lag_millis: 0,
            repeatable_create: true,
            can_authorize: self.config.login_account.is_some(),
            runs_script: true,
            script_limit_bytes: None,
        }
    }

    fn fixed_account(&self) -> Option<String> {
        self.config.login_account.clone()
    }

    fn machine_spec(&self) -> Value {
        self.config.spec()
    }

    /// LXD 5 takes no machine that starts by itself, so there are two calls. One that is cut off between them leaves a machine
    /// with all its tags, which a repeat finds and starts.
    async fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        let (name, server) = (request.name.as_str(), request.tags.server);
        let mut body = match &request.spec {
            Value::Null => self.config.spec(),
            spec => spec.clone(),
        };
        body["name"] = json!(name);
        for (key, value) in instance::keys(request) {
            body["config"][key] = json!(value);
        }
        if let Err(error) = self.api.change(Method::POST, &["instances"], &body).await {
            let may_be_the_name = matches!(
                error,
                ProviderError::Conflict(_)
                    | ProviderError::Invalid { .. }
                    | ProviderError::Quota(_)
            );
            if !may_be_the_name {
                return Err(error);
            }
            // The name may be in use, which the daemon says in several ways.
            match self.earlier(name, server).await {
                Ok(None) => return Err(error),
                Ok(Some(earlier)) if !earlier.is_new() => return Ok(earlier.machine()),
                Ok(Some(_)) => {}
                Err(conflict @ ProviderError::Conflict(_)) => return Err(conflict),
                Err(second) => return Err(ProviderError::Unknown(format!("{error}; {second}"))),
            }
        }
        self.start(name, server).await?;
        Ok(Machine {
            id: MachineId(name.to_owned()),
            server: Some(server),
            generation: request.tags.generation,
            state: MachineState::Pending,
            address: None,
            host_key: None,
        })
    }

    async fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        let name = machine.0.as_str();
        if !is_name(name) {
            return Ok(());
        }
        let Some(found) = self.find(name).await? else {
            return Ok(());
        };
        if !found.is_weirs() {
            tracing::warn!(
                name,
                "an instance under the name of a machine is not Weir's; it stays"
            );
            return Ok(());
        }
        if !found.is_stopped() {
            let stop = json!({"action": "stop", "force": true, "timeout": -1});
            match self.act(name, &stop).await {
                // What hinders the stop and not the delete does not matter, such as a machine that has just ended.
                Ok(()) | Err(ProviderError::Invalid { .. }) => {}
                Err(ProviderError::NotFound(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        match self.remove(name).await {
            Err(error) if refusal::is_busy(&error) => {
                self.api.settle(name).await?;
                match self.remove(name).await {
                    // Somebody is at it; the next delete comes anyway.
                    Err(error) if refusal::is_busy(&error) => Ok(()),
                    done => done,
                }
            }
            done => done,
        }
    }

    async fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        let started_at = self.clock.now();
        let filter = instance::filter(deployment);
        let query = [("recursion", "2"), ("filter", filter.as_str())];
        let mut instances: Vec<Instance> = self.api.get(&["instances"], &query).await?;
        // Whatever the daemon makes of the filter.
        instances.retain(|instance| instance.is_of(deployment));
        let births = instances
            .iter()
            .map(|it| (MachineId(it.name.clone()), it.birth().to_owned()))
            .collect();
        let mut machines: Vec<Machine> = instances.iter().map(Instance::machine).collect();
        self.read_keys(&mut machines, &births).await;
        Ok(Listing {
            started_at,
            machines,
        })
    }

    async fn authorize(&self, machine: &MachineId, keys: &[String]) -> Result<(), ProviderError> {
        let Some(account) = &self.config.login_account else {
            return Err(ProviderError::Invalid {
                field: "login_account".to_owned(),
                text: "no account is set whose keys Weir may write".to_owned(),
            });
        };
        let name = machine.0.as_str();
        if !is_name(name) {
            return Err(ProviderError::NotFound(name.to_owned()));
        }
        let path = ["instances", name, "files"];
        let accounts = self.api.bytes(&path, &[("path", "/etc/passwd")]).await?;
        let Home { uid, gid, path } = home(&String::from_utf8_lossy(&accounts), account)
            .ok_or_else(|| ProviderError::Invalid {
                field: "login_account".to_owned(),
                text: format!("{name} has no account {account}"),
            })?;
        let folder = format!("{path}/.ssh");
        let file = format!("{folder}/authorized_keys");
        let lines: Vec<&str> = keys.iter().map(|key| key.trim()).chain([""]).collect();
        let text = lines.join("\n");
        for (path, content) in [(&folder, None), (&file, Some(text))] {
            let new = NewFile {
                path,
                uid,
                gid,
                content,
            };
            self.api.write(name, new).await?;
        }
        Ok(())
    }

    /// Of containers alone: LXD 5 keeps no log of a virtual machine's console.
    async fn console(&self, machine: &MachineId) -> Result<Option<Console>, ProviderError> {
        if self.config.instance_type == LxdType::VirtualMachine {
            return Ok(None);
        }
        let name = machine.0.as_str();
        if !is_name(name) {
            return Err(ProviderError::NotFound(name.to_owned()));
        }
        let read = self.api.bytes(&["instances", name, "console"], &[]).await;
        let bytes = match read {
            Ok(bytes) => bytes,
            // It has not written anything yet.
            Err(error) if error.to_string().contains("no such file") => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Some(Console::tail_of(bytes)))
    }

    async fn choices(&self) -> Result<ProviderChoices, ProviderError> {
        check::choices(&self.api).await
    }

    async fn test(&self) -> Vec<TestCheck> {
        check::test(&self.api, &self.config).await
    }
}

/// Whether the daemon can have an instance of this name: what else somebody takes for one is never a path.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(is_plain)
}

/// The key in a public key file, without its comment.
fn public_key(file: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(file).ok()?;
    let mut words = text.split_whitespace();
    let (kind, key) = (words.next()?, words.next()?);
    kind.starts_with("ssh-").then(|| format!("{kind} {key}"))
}

/// Where an account's files lie, and whose they are.
#[derive(Debug, PartialEq, Eq)]
struct Home {
    uid: u32,
    gid: u32,
    path: String,
}

/// The home of an account in the lines of a passwd file.
fn home(accounts: &str, account: &str) -> Option<Home> {
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields[..] {
            [name, _, uid, gid, _, path, ..] if name == account => Some(Home {
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
                path: path.trim_end_matches('/').to_owned(),
            }),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_paths() {
        assert!(is_name("weir-0123abc"));
        for text in ["", "../a", "a/b", "a b", "a?b", &"a".repeat(64)] {
            assert!(!is_name(text), "{text}");
        }
    }

    #[test]
    fn a_home_is_found_by_its_account() {
        let accounts =
            "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1001:,,,:/home/ann/:/bin/sh\nodd\n";
        let ann = Home {
            uid: 1000,
            gid: 1001,
            path: "/home/ann".to_owned(),
        };
        assert_eq!(home(accounts, "ann"), Some(ann));
        assert_eq!(home(accounts, "an"), None);
    }

    #[test]
    fn a_public_key_is_read_without_its_comment() {
        let key = public_key(b"ssh-ed25519 AAAA root@somewhere\n");
        assert_eq!(key.as_deref(), Some("ssh-ed25519 AAAA"));
        assert_eq!(public_key(b"nonsense here"), None);
        assert_eq!(public_key(b""), None);
    }
}
