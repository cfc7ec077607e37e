//! EC2: moto behind the fault proxy, which counts. moto's machines run nothing, so their start-up scripts are played here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fault_proxy::{Chaos, DeadState, Fault, FaultProxy, Machine, Rule, Settings};
use serde_json::{Value, json};

use super::Cloud;
use crate::dice::Dice;
use crate::{Result, bare};

/// What a server's start-up script says: where it reports, and with what.
const SCRIPT: &str = "{upstream_auth_address} {checkin_jwt}";
/// From a machine's making to its report, in milliseconds; longer than what fails late takes to fail.
const BOOT_MILLIS: u64 = 800;
/// A new machine is missing from lists for this long, in milliseconds.
const LIST_LAG_MILLIS: u64 = 300;
/// Each kind of fault happens to so many calls of a thousand.
const PER_MILLE: u16 = 10;
/// An image that moto has.
const IMAGE: &str = "ami-12c6146b";
/// The calls that Weir can be stopped at.
const STOPS: [&str; 3] = ["RunInstances", "TerminateInstances", "DescribeInstances"];

/// moto behind a fault proxy.
pub struct Aws {
    proxy: FaultProxy,
    http: reqwest::Client,
    most: usize,
    /// Machines that have reported, or may not any more.
    done: Mutex<BTreeSet<String>>,
    /// Stops that had happened when the last one was armed.
    stops_before: Mutex<u64>,
}

impl Aws {
    /// Starts a proxy before the moto at `url`; Weir may have `most` machines there.
    pub async fn before(url: &str, most: usize) -> Result<Self> {
        let settings = Settings {
            list_lag_millis: LIST_LAG_MILLIS,
            page_size: 5,
        };
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .no_proxy()
            .build();
        Ok(Self {
            proxy: FaultProxy::start(url, settings)
                .await
                .map_err(|source| format!("the fault proxy does not start: {source}"))?,
            http: http.map_err(|source| format!("no client for http: {source}"))?,
            most,
            done: Mutex::default(),
            stops_before: Mutex::default(),
        })
    }

    /// Every machine that is made from now on ends by itself after a while.
    pub fn fail_every_create(&self, after_millis: u64) {
        let fault = Fault::FailsLater {
            state: DeadState::Terminated,
            after_millis,
        };
        self.proxy.arm(Rule::new("RunInstances", u32::MAX, fault));
    }

    /// The most machines at any moment.
    pub fn most_at_a_time(&self) -> usize {
        self.proxy.counts().most_alive
    }

    fn stops(&self) -> u64 {
        let faults = self.proxy.counts().faults;
        [Fault::Hang, Fault::HangAfter]
            .iter()
            .filter_map(|fault| faults.get(fault.word()))
            .sum()
    }

    /// Reports for a machine; whether it need not any more.
    async fn report(&self, machine: &Machine) -> bool {
        let script = machine
            .user_data
            .as_deref()
            .and_then(|data| STANDARD.decode(data).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((authority, token)) = script
            .as_deref()
            .and_then(|script| script.trim().split_once(' '))
        else {
            return true;
        };
        let report = json!({ "status": "running" }).to_string();
        let sent = self
            .http
            .post(format!("http://{authority}/api/v1/checkin"))
            .bearer_auth(token)
            .header("Content-Type", "application/json")
            .body(report)
            .send()
            .await;
        // As a real script does, it tries again while Weir is away; what Weir has heard or refused is done.
        sent.is_ok_and(|answer| answer.status().as_u16() < 500 && answer.status() != 429)
    }
}

#[async_trait::async_trait]
impl Cloud for Aws {
    fn config(&self) -> Value {
        json!({
            "kind": "aws", "max_instances": self.most, "startup_script": SCRIPT,
            "settings": {
                "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "secret", "region": "us-east-1",
                "endpoint_url": self.proxy.url(), "image_id": IMAGE, "instance_types": ["t3.large"],
                "list_lag_seconds": LIST_LAG_MILLIS.div_ceil(1000),
            },
        })
    }

    async fn machines(&self) -> Result<BTreeMap<String, usize>> {
        let mut machines = BTreeMap::new();
        for machine in self.proxy.machines() {
            if machine.ended_at.is_none() {
                let server = machine.tags.get("weir:server");
                let server = server.map_or_else(|| machine.id.clone(), |server| bare(server));
                *machines.entry(server).or_default() += 1;
            }
        }
        Ok(machines)
    }

    fn complaints(&self) -> Vec<String> {
        let counts = self.proxy.counts();
        let mut complaints = Vec::new();
        if counts.most_alive_a_server > 1 {
            complaints.push(format!(
                "a server had {} machines at a time",
                counts.most_alive_a_server
            ));
        }
        if counts.most_alive > self.most {
            complaints.push(format!(
                "{} machines at a time, and {} are allowed",
                counts.most_alive, self.most
            ));
        }
        if counts.mismatches > 0 {
            complaints.push(format!(
                "{} client tokens were used again with other parameters",
                counts.mismatches
            ));
        }
        complaints
    }

    async fn play(&self) {
        let now = self.proxy.age_millis();
        let due = |machine: &Machine| {
            machine.ended_at.is_none()
                && machine.reason.is_none()
                && now.saturating_sub(machine.made_at) >= BOOT_MILLIS
        };
        for machine in self.proxy.machines().iter().filter(|one| due(one)) {
            let is_done = lock(&self.done).contains(&machine.id);
            if !is_done && self.report(machine).await {
                lock(&self.done).insert(machine.id.clone());
            }
        }
    }

    fn disturb(&self, dice: Option<&mut Dice>) {
        self.proxy.clear();
        if let Some(dice) = dice {
            self.proxy
                .set_chaos(Chaos::usual(dice.below(u64::MAX), PER_MILLE));
        }
    }

    fn arm(&self, dice: &mut Dice) -> bool {
        *lock(&self.stops_before) = self.stops();
        let Some(action) = dice.pick(&STOPS) else {
            return false;
        };
        let fault = if dice.below(2) == 0 {
            Fault::Hang
        } else {
            Fault::HangAfter
        };
        self.proxy.arm(Rule::new(action, 1, fault));
        true
    }

    fn is_stopped(&self) -> bool {
        self.stops() > *lock(&self.stops_before)
    }

    fn figures(&self) -> Vec<(&'static str, usize)> {
        let counts = self.proxy.counts();
        let faults: u64 = counts.faults.values().sum();
        vec![
            ("machines made", counts.made),
            ("most at a time", counts.most_alive),
            ("faults", usize::try_from(faults).unwrap_or(usize::MAX)),
        ]
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
