//! One Weir with a pool on a provider, and the people and admins who use it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client, id_of};
use crate::cloud::Cloud;
use crate::dice::Dice;
use crate::ledger::SharedLedger;
use crate::weir::{Program, Weir};
use crate::{Result, bare};

/// Sessions that one server holds.
pub const SEATS: usize = 2;
/// More sessions than these would only wait.
const MOST_OPEN: usize = 7;
/// With no more sessions than these a run has shown nothing.
const FEW: usize = 10;
/// The lease of the loop, as [`FLAGS`] have it.
pub const LEASE: Duration = Duration::from_secs(2);
/// What opens the figures.
const METRICS: &str = "figures";
/// Lists of the provider come this often, leases end after this time, and no bound of people's is met.
const FLAGS: [&str; 20] = [
    "--list-seconds",
    "1",
    "--gone-gap-millis",
    "1000",
    "--lease-seconds",
    "2",
    "--orphan-seconds",
    "5",
    "--launch-seconds",
    "60",
    "--creates-per-hour",
    "100000",
    "--session-quota",
    "1000",
    "--session-requests-per-minute",
    "100000",
    "--queue-seconds",
    "86400",
    "--metrics-token",
    METRICS,
];
/// Whoever has no answer by then has none: long for a start on a busy machine, short for a process that stands still.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// What an API document tells beside what a client sends.
const TOLD: [&str; 8] = [
    "id",
    "secrets",
    "warnings",
    "servers",
    "older_servers",
    "created_at",
    "updated_at",
    "version",
];

/// What a Weir was given, and what has been asked of it.
pub struct Site {
    program: Program,
    log: PathBuf,
    listen: String,
    flags: Vec<String>,
    key: String,
    people: Vec<String>,
    pool: String,
    config: String,
    /// What people were promised.
    pub ledger: SharedLedger,
}

impl Site {
    /// A new deployment with people, a pool, and a config on this cloud.
    pub async fn set_up(program: Program, cloud: &dyn Cloud) -> Result<Self> {
        let create_key = ["api-key", "create", "--name", "harness", "--role", "admin"];
        let key = program.printed(&create_key).await?;
        let mut site = Self {
            log: program.data.join("weir.log"),
            program,
            listen: SocketAddr::new(cloud.meeting_point(), 0).to_string(),
            flags: [&FLAGS[..], cloud.flags()]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            key,
            people: Vec::new(),
            pool: String::new(),
            config: String::new(),
            ledger: SharedLedger::default(),
        };
        let weir = site.start().await?;
        // From now on always the same port: scripts report to it.
        weir.authority().clone_into(&mut site.listen);
        let client = site.client(&weir)?;
        for name in ["ann", "ben", "cleo"] {
            let person =
                json!({ "name": name, "role": "user", "password": "correct horse battery" });
            site.people.push(client.make("/users", &person).await?);
        }
        let zone = json!({ "name": "Here", "upstream_auth_address": weir.authority() });
        let zone = client.make("/zones", &zone).await?;
        let mut provider = cloud.config();
        provider["name"] = json!("Cloud");
        let provider = client.make("/providers", &provider).await?;
        let pool = json!({ "name": "Shells" });
        site.pool = client.make("/pools", &pool).await?;
        let config = json!({
            "enabled": true, "name": "Shells", "pool_id": site.pool, "deployment_zone_id": zone, "provider_id": provider,
            "connection_type": "ssh", "connection_username": "desk", "use_user_ssh_key": true, "require_checkin": true,
            "reusable": true, "aggressive_scaling": true, "minimum_available_sessions": 1,
            "max_simultaneous_sessions_per_server": SEATS, "max_simultaneous_users": SEATS,
            "downscale_backoff_seconds": 0,
        });
        site.config = client.make("/autoscale-configs", &config).await?;
        weir.kill().await?;
        Ok(site)
    }

    /// Starts the process that machines report to.
    pub async fn start(&self) -> Result<Weir> {
        self.start_at(&self.program, &self.listen).await
    }

    /// Starts a process over this deployment at an address.
    pub async fn start_at(&self, program: &Program, listen: &str) -> Result<Weir> {
        program.serve(listen, &self.flags, &self.log).await
    }

    /// An admin's client of this process.
    pub fn client(&self, weir: &Weir) -> Result<Client> {
        self.client_at(&weir.address, PATIENCE)
    }

    /// An admin's client of the process at this address, which waits this long for an answer.
    pub fn client_at(&self, address: &str, patience: Duration) -> Result<Client> {
        Client::new(address, &self.key, patience)
    }

    /// The pool's id.
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// Asks what became of the requests that had no answer, and whether everybody still has what they were promised.
    pub async fn learn(&self, client: &Client) -> Result<()> {
        let alive = self.sessions(client).await?;
        let unanswered = self.ledger.open().unanswered_ends();
        for id in unanswered.iter().filter(|id| !alive.contains_key(*id)) {
            let path = format!("/sessions/{id}");
            let session = client.call(Method::GET, &path, None).await?;
            self.ledger.open().ended(id, &session);
        }
        self.ledger.open().learn(&alive, SEATS);
        Ok(())
    }

    /// Ends what there is no room for: sessions whose end nobody has heard of while others were asked for.
    pub async fn make_room(&self, client: &Client) -> Result<()> {
        let open = self.ledger.open().open();
        for id in open.iter().skip(MOST_OPEN) {
            self.end_for_sure(client, id).await?;
        }
        Ok(())
    }

    async fn end_for_sure(&self, client: &Client, id: &str) -> Result<()> {
        let path = format!("/sessions/{id}");
        let session = client.call(Method::DELETE, &path, None).await?;
        self.ledger.open().ended(id, &session);
        Ok(())
    }

    /// Does what people and admins do until it is over, with pauses of up to `pause_millis`.
    pub async fn people(
        &self,
        client: &Client,
        dice: &mut Dice,
        pause_millis: u64,
        is_over: &AtomicBool,
    ) -> Result<()> {
        // Whoever has asked at the end is waited for, and learns that there is no answer.
        while !is_over.load(Ordering::Relaxed) {
            self.act(client, dice).await?;
            let pause = dice.below(pause_millis);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(())
    }

    /// One thing that people or admins do. No answer is an answer here: Weir may die at any moment.
    async fn act(&self, client: &Client, dice: &mut Dice) -> Result<()> {
        match dice.below(20) {
            0..10 => self.ask(client, dice).await,
            10..16 => self.end(client, dice).await,
            16..19 => {
                let seats = dice.below(5);
                self.set_standby(client, seats).await.map(drop)
            }
            _ => self.delete_a_server(client, dice).await,
        }
    }

    async fn ask(&self, client: &Client, dice: &mut Dice) -> Result<()> {
        if self.ledger.open().open().len() >= MOST_OPEN {
            return Ok(());
        }
        let person = dice.pick(&self.people);
        let body = json!({ "pool_id": self.pool, "user_id": person });
        let answer = client
            .attempt(Method::POST, "/sessions", Some(&body), None)
            .await;
        match answer {
            None => {
                self.ledger.open().asked(None);
                Ok(())
            }
            Some(Answer {
                status: 201 | 202,
                body,
            }) => {
                self.ledger.open().asked(Some(id_of(&body)?));
                Ok(())
            }
            Some(Answer { body, .. }) if body["code"] == "no_capacity_coming" => Ok(()),
            Some(answer) => Err(format!("a session was answered by {answer:?}")),
        }
    }

    async fn end(&self, client: &Client, dice: &mut Dice) -> Result<()> {
        let id = {
            let mut ledger = self.ledger.open();
            let Some(id) = dice.pick(&ledger.open()).cloned() else {
                return Ok(());
            };
            ledger.ending(&id);
            id
        };
        let path = format!("/sessions/{id}");
        match client.attempt(Method::DELETE, &path, None, None).await {
            None => Ok(()),
            Some(Answer { status: 200, body }) => {
                self.ledger.open().ended(&id, &body);
                Ok(())
            }
            Some(answer) => Err(format!("the end of a session was answered by {answer:?}")),
        }
    }

    /// An admin deletes a server, if nobody is on it.
    async fn delete_a_server(&self, client: &Client, dice: &mut Dice) -> Result<()> {
        let list = client
            .attempt(Method::GET, "/servers?limit=200", None, None)
            .await;
        let servers = list.map_or(Value::Null, |answer| answer.body);
        let servers = servers["items"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(server) = dice.pick(servers) else {
            return Ok(());
        };
        let path = format!("/servers/{}", id_of(server)?);
        match client.attempt(Method::DELETE, &path, None, None).await {
            None => Ok(()),
            // Somebody came on it in the same moment, or another admin has deleted it.
            Some(answer) if matches!(answer.status, 204 | 404 | 409) => Ok(()),
            Some(answer) => Err(format!("a delete was answered by {answer:?}")),
        }
    }

    /// Sets how many seats are kept free. Whether it was answered.
    pub async fn set_standby(&self, client: &Client, seats: u64) -> Result<bool> {
        let path = format!("/autoscale-configs/{}", self.config);
        let Some(answer) = client.attempt(Method::GET, &path, None, None).await else {
            return Ok(false);
        };
        let mut config = answer.body;
        let version = config["version"].as_i64();
        if let Some(members) = config.as_object_mut() {
            members.retain(|key, _| !TOLD.contains(&key.as_str()));
        }
        config["minimum_available_sessions"] = json!(seats);
        match client
            .attempt(Method::PUT, &path, Some(&config), version)
            .await
        {
            Some(Answer { status: 200, .. }) => Ok(true),
            // No answer, or another admin was quicker.
            None | Some(Answer { status: 412, .. }) => Ok(false),
            Some(answer) => Err(format!("a config was answered by {answer:?}")),
        }
    }

    /// Ends all sessions and wants no free seats any more.
    pub async fn close(&self, client: &Client) -> Result<()> {
        if !self.set_standby(client, 0).await? {
            return Err("the config can not be changed at the end".to_owned());
        }
        for id in self.sessions(client).await?.into_keys() {
            self.end_for_sure(client, &id).await?;
        }
        Ok(())
    }

    /// A run says something only if people came and went.
    pub fn idleness(&self) -> Option<String> {
        let (accepted, ended) = self.ledger.open().totals();
        let is_idle = accepted <= FEW || ended <= FEW;
        is_idle.then(|| format!("only {accepted} sessions were accepted, and {ended} ended"))
    }

    /// Sessions that have not ended, by id.
    pub async fn sessions(&self, client: &Client) -> Result<BTreeMap<String, Value>> {
        client.items("/sessions").await
    }

    /// The servers that are not deleted, by id as providers have it.
    pub async fn servers(&self, client: &Client) -> Result<BTreeMap<String, Value>> {
        let servers = client.items("/servers").await?;
        Ok(servers
            .into_iter()
            .map(|(id, server)| (bare(&id), server))
            .collect())
    }

    /// Complete lists of the provider that these processes have seen.
    pub async fn complete_lists(&self, clients: &[Client]) -> Result<u64> {
        let mut lists = 0;
        for client in clients {
            let metrics = client.metrics(METRICS).await?;
            lists += metrics
                .lines()
                .find(|line| line.contains("kind=\"list\"") && line.contains("outcome=\"ok\""))
                .and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
                .unwrap_or_default();
        }
        Ok(lists)
    }

    /// Verifies the chain of the audit log from `head` on, if one is known, and gives the head that it has now.
    pub async fn verify_audit(&self, head: Option<&str>) -> Result<Option<String>> {
        let mut arguments = vec!["audit", "verify"];
        if let Some(head) = head {
            arguments.extend(["--head", head]);
        }
        let told = self.program.printed(&arguments).await?;
        let head = told
            .lines()
            .find_map(|line| line.strip_prefix("head"))
            .map(str::trim)
            .filter(|head| !head.starts_with("none"));
        Ok(head.map(str::to_owned))
    }
}
