//! The provider `aws` before a real moto, through the fault proxy that makes moto as strict as EC2.

#![expect(
    clippy::disallowed_methods,
    reason = "calls are signed with the real time, and the servers of two runs need different ids"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use domain::clock::Clock;
use domain::connection::Address;
use domain::form::{Draft, SecretKeys};
use domain::id::{DeploymentId, ServerId};
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;
use fault_proxy::{Chance, Chaos, DeadState, Fault, FaultProxy, Rule, Settings, What};
use providers::aws::{AwsConfig, AwsProvider};
use providers::contract::{self, Bench, ContractFault};
use providers::registry::Secrets;
use providers::{CreateRequest, Machine, Provider, ProviderError};
use serde_json::{Value, json};
use uuid::Uuid;

/// An image and a region that every moto has.
const IMAGE: &str = "ami-12c6146b";
const REGION: &str = "us-east-1";

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a year we know"))
    }
}

fn moto() -> String {
    std::env::var("WEIR_TEST_MOTO").expect(
        "WEIR_TEST_MOTO names no moto; `cargo xtask test \"cargo test\"` starts one and sets it",
    )
}

fn secrets() -> Secrets {
    Secrets::from([("secret_access_key".to_owned(), Secret::new("secret"))])
}

fn config(url: &str, members: &[(&str, Value)]) -> AwsConfig {
    let mut draft = Draft::new()
        .with("access_key_id", "AKIAEXAMPLE")
        .with("region", REGION)
        .with("endpoint_url", url)
        .with("image_id", IMAGE)
        .with("instance_types", json!(["t3.large"]));
    for (key, value) in members {
        draft.set(key, value.clone());
    }
    let keys: SecretKeys = ["secret_access_key", "private_key"].into_iter().collect();
    let keys = if draft.get("retrieve_password").is_some() {
        keys
    } else {
        ["secret_access_key"].into_iter().collect()
    };
    AwsConfig::parse(&draft, &keys).expect("settings")
}

fn provider(url: &str, members: &[(&str, Value)]) -> AwsProvider {
    AwsProvider::new(config(url, members), &secrets(), Arc::new(SystemClock)).expect("a provider")
}

struct Rig {
    proxy: FaultProxy,
    provider: AwsProvider,
}

impl Rig {
    async fn new(settings: Settings, members: &[(&str, Value)]) -> Self {
        let proxy = FaultProxy::start(&moto(), settings)
            .await
            .expect("two free ports");
        let provider = provider(&proxy.url(), members);
        Self { proxy, provider }
    }

    async fn plain() -> Self {
        Self::new(Settings::default(), &[]).await
    }

    fn request(&self, script: &str) -> CreateRequest {
        let deployment = DeploymentId::from_uuid(Uuid::now_v7());
        CreateRequest {
            spec: self.provider.machine_spec(),
            ..contract::request(self.new_server(), deployment, script)
        }
    }

    async fn list(&self, request: &CreateRequest) -> Vec<Machine> {
        self.provider
            .list(request.tags.deployment)
            .await
            .expect("a list")
            .machines
    }

    /// The client tokens of the instances that were made, in their order.
    fn tokens(&self) -> Vec<String> {
        let events = self.proxy.journal().into_iter();
        let tokens = events.filter_map(|event| match event.what {
            What::Made { token, .. } => token,
            _ => None,
        });
        tokens.collect()
    }
}

/// Asks moto itself, past provider and proxy.
fn ask_moto(body: &str) -> String {
    let url = moto();
    let address = url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("moto listens");
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=K/20261128/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?
        .1
        .split_once(close)
        .map(|(inside, _)| inside)
}

impl Bench for Rig {
    fn provider(&self) -> &dyn Provider {
        &self.provider
    }

    fn new_server(&self) -> ServerId {
        ServerId::from_uuid(Uuid::now_v7())
    }

    fn script_on(&self, machine: &MachineId) -> Vec<u8> {
        let body = format!(
            "Action=DescribeInstanceAttribute&Version=2016-11-15&InstanceId={}&Attribute=userData",
            machine.0
        );
        let answer = ask_moto(&body);
        let user_data = between(&answer, "<userData>", "</userData>").expect("user data");
        let text = between(user_data, "<value>", "</value>").expect("a value");
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .expect("base64")
    }

    fn answers(&self, address: &Address) -> bool {
        // moto's instances are no computers: one that runs at this address counts as one that answers.
        let body = format!(
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=private-ip-address&Filter.1.Value.1={}&\
             Filter.2.Name=instance-state-name&Filter.2.Value.1=running",
            address.host
        );
        address.port == 22 && ask_moto(&body).contains("<instanceId>")
    }

    fn pass_time(&self) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }

    fn arm(&self, fault: ContractFault) {
        let create = |fault| Rule::new("RunInstances", 1, fault);
        let rule = match fault {
            ContractFault::AnswerLost => create(Fault::DropAfter),
            ContractFault::CapacityAtCall | ContractFault::CapacityInOperation => {
                create(Fault::error("InsufficientInstanceCapacity"))
            }
            ContractFault::CapacityLater => create(Fault::FailsLater {
                state: DeadState::Terminated,
                after_millis: 20,
            }),
            ContractFault::Quota => create(Fault::error("VcpuLimitExceeded")),
            ContractFault::Throttled => create(Fault::Error {
                code: "RequestLimitExceeded".to_owned(),
                retry_after_secs: Some(contract::RETRY_AFTER_SECS),
            }),
            ContractFault::Auth => create(Fault::error("UnauthorizedOperation")),
            ContractFault::ListBreaks => {
                self.proxy.set(Settings {
                    page_size: 5,
                    list_lag_millis: 0,
                });
                Rule {
                    only_with: Some("NextToken".to_owned()),
                    ..Rule::new("DescribeInstances", 1, Fault::error("InternalError"))
                }
            }
        };
        self.proxy.arm(rule);
    }

    fn never(&self) -> &[ContractFault] {
        // RunInstances begins no operation that could fail: it answers at once.
        &[ContractFault::CapacityInOperation]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds() {
    let rig = Rig::new(
        Settings {
            list_lag_millis: 0,
            page_size: 100,
        },
        &[],
    )
    .await;
    contract::all(&rig).await;
    assert_eq!(rig.proxy.counts().alive, 0, "nothing is left behind");
    assert_eq!(
        rig.proxy.counts().most_alive_a_server,
        1,
        "no server ever had two machines"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_with_lists_that_lag_and_several_options() {
    let types = json!(["t3.large", "m5.large"]);
    let rig = Rig::new(
        Settings {
            list_lag_millis: 50,
            page_size: 100,
        },
        &[("instance_types", types), ("spot", json!(true))],
    )
    .await;
    contract::life(&rig).await;
    contract::other_parameters(&rig).await;
    contract::lost_answer(&rig).await;
    contract::capacity_later(&rig).await;
    contract::refusal(&rig, ContractFault::Quota).await;
    assert_eq!(rig.proxy.counts().most_alive_a_server, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn want_of_room_goes_on_to_the_next_option_with_its_own_token() {
    let subnets = ask_moto("Action=DescribeSubnets&Version=2016-11-15");
    let subnets: Vec<_> = subnets
        .split("<subnetId>")
        .skip(1)
        .filter_map(|part| part.split('<').next())
        .take(2)
        .collect();
    let rig = Rig::new(
        Settings::default(),
        &[
            ("instance_types", json!(["t3.large", "m5.large"])),
            ("subnet_ids", json!(subnets)),
            ("spot", json!(true)),
        ],
    )
    .await;
    let request = rig.request("true");
    // All four spot options, and the first at the full price.
    rig.proxy.arm(Rule::new(
        "RunInstances",
        1,
        Fault::error("MaxSpotInstanceCountExceeded"),
    ));
    rig.proxy.arm(Rule::new(
        "RunInstances",
        3,
        Fault::error("InsufficientInstanceCapacity"),
    ));
    rig.proxy
        .arm(Rule::new("RunInstances", 1, Fault::error("Unsupported")));
    let made = rig
        .provider
        .create(&request)
        .await
        .expect("the sixth works");
    assert_eq!(rig.tokens(), [format!("{}-5", request.tags.server.bare())]);
    assert_eq!(
        rig.provider.create(&request).await.expect("a repeat").id,
        made.id,
        "found by its tag"
    );
    assert_eq!(rig.proxy.counts().made, 1);

    let text = ask_moto(&format!(
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1={}",
        made.id.0
    ));
    assert_eq!(between(&text, "<instanceType>", "<"), Some("t3.large"));
    assert!(
        text.contains(&format!("<subnetId>{}</subnetId>", subnets[1])),
        "{text}"
    );

    rig.proxy.arm(Rule::new(
        "RunInstances",
        7,
        Fault::error("InsufficientInstanceCapacity"),
    ));
    rig.proxy
        .arm(Rule::new("RunInstances", 1, Fault::error("Unsupported")));
    let error = rig
        .provider
        .create(&rig.request("true"))
        .await
        .expect_err("nothing is left");
    assert!(matches!(error, ProviderError::Capacity(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_carries_all_that_was_set() {
    let rig = Rig::new(
        Settings::default(),
        &[
            ("volume_size_gib", json!(77)),
            ("tags", json!(["cost centre=42"])),
            (
                "config_override",
                json!({"EbsOptimized": true, "MetadataOptions": {"HttpPutResponseHopLimit": 2}}),
            ),
        ],
    )
    .await;
    let request = rig.request("#!/bin/sh\n");
    let made = rig.provider.create(&request).await.expect("create");
    let text = ask_moto(&format!(
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1={}",
        made.id.0
    ));
    for part in [
        "<httpTokens>required</httpTokens>",
        "<httpPutResponseHopLimit>2</httpPutResponseHopLimit>",
        "<ebsOptimized>true</ebsOptimized>",
        "<key>cost centre</key><value>42</value>",
        &format!("<key>Name</key><value>{}</value>", request.name),
        &format!(
            "<key>weir:server</key><value>{}</value>",
            request.tags.server.bare()
        ),
        &format!(
            "<key>weir:deployment</key><value>{}</value>",
            request.tags.deployment.bare()
        ),
        &format!(
            "<key>weir:generation</key><value>{}</value>",
            request.tags.generation.expect("a new call has one").bare()
        ),
        &format!(
            "<key>weir:pool</key><value>{}</value>",
            request.tags.pool.bare()
        ),
        &format!(
            "<key>weir:config</key><value>{}</value>",
            request.tags.config.bare()
        ),
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let volume = between(&text, "<volumeId>", "<").expect("a disk");
    let text = ask_moto(&format!(
        "Action=DescribeVolumes&Version=2016-11-15&VolumeId.1={volume}"
    ));
    for part in [
        "<size>77</size>",
        "<volumeType>gp3</volumeType>",
        "<key>weir:server</key>",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_meanwhile_does_not_change_a_repeat() {
    let rig = Rig::plain().await;
    let request = rig.request("true");
    rig.proxy
        .arm(Rule::new("RunInstances", 1, Fault::DropAfter));
    let error = rig
        .provider
        .create(&request)
        .await
        .expect_err("the answer is lost");
    assert!(matches!(error, ProviderError::Unknown(_)), "{error:?}");
    let edited = provider(
        &rig.proxy.url(),
        &[
            ("instance_types", json!(["m5.large"])),
            ("volume_size_gib", json!(99)),
        ],
    );
    let again = edited.create(&request).await.expect("the same call");
    assert_eq!(rig.list(&request).await[0].id, again.id);
    assert_eq!(
        (rig.proxy.counts().made, rig.proxy.counts().mismatches),
        (1, 0)
    );

    let elsewhere = provider(&rig.proxy.url(), &[("region", json!("eu-west-1"))]);
    let error = elsewhere
        .create(&request)
        .await
        .expect_err("another region");
    assert!(matches!(error, ProviderError::Unknown(_)), "{error:?}");

    rig.provider.delete(&again.id).await.expect("delete");
    let error = rig
        .provider
        .create(&request)
        .await
        .expect_err("its machine has ended");
    assert!(matches!(error, ProviderError::NotFound(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_on_the_way_is_told_apart() {
    let rig = Rig::plain().await;
    for fault in [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Truncated,
        Fault::error("InternalError"),
    ] {
        let request = rig.request("true");
        rig.proxy.arm(Rule::new("RunInstances", 1, fault.clone()));
        let error = rig.provider.create(&request).await.expect_err("no answer");
        assert!(
            matches!(error, ProviderError::Unknown(_)),
            "{fault:?}: {error:?}"
        );
        rig.provider.create(&request).await.expect("a repeat");
        assert_eq!(rig.list(&request).await.len(), 1, "{fault:?}");
    }
    for fault in [
        Fault::DropBefore,
        Fault::Truncated,
        Fault::error("RequestLimitExceeded"),
    ] {
        let request = rig.request("true");
        rig.proxy
            .arm(Rule::new("DescribeInstances", 1, fault.clone()));
        let listed = rig.provider.list(request.tags.deployment).await;
        assert!(listed.is_err(), "{fault:?}: {listed:?}");
    }
    // A question before the create has no effect, so its failure is definite.
    let fresh = provider(&rig.proxy.url(), &[]);
    rig.proxy
        .arm(Rule::new("DescribeImages", 1, Fault::DropBefore));
    let error = fresh
        .create(&rig.request("true"))
        .await
        .expect_err("no answer");
    assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");

    let request = rig.request("true");
    let nowhere = provider("http://127.0.0.1:1", &[]);
    let error = nowhere.create(&request).await.expect_err("nobody listens");
    assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
    assert!(rig.list(&request).await.is_empty());

    let request = rig.request(&"x".repeat(16 * 1024 + 1));
    let error = rig.provider.create(&request).await.expect_err("too long");
    assert!(
        matches!(&error, ProviderError::Invalid { field, .. } if field == "startup_script"),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_instance_is_broken_and_still_there() {
    let rig = Rig::plain().await;
    let request = rig.request("true");
    let fault = Fault::FailsLater {
        state: DeadState::Stopped,
        after_millis: 0,
    };
    rig.proxy.arm(Rule::new("RunInstances", 1, fault));
    let made = rig.provider.create(&request).await.expect("create");
    let listed = rig.list(&request).await;
    assert_eq!(
        (&listed[0].id, listed[0].state, &listed[0].address),
        (&made.id, MachineState::Broken, &None)
    );
    rig.provider.delete(&made.id).await.expect("delete");
    assert!(rig.list(&request).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_the_address_that_was_chosen() {
    let rig = Rig::new(Settings::default(), &[("address", json!("public"))]).await;
    let request = rig.request("true");
    let made = rig.provider.create(&request).await.expect("create");
    let text = ask_moto(&format!(
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1={}",
        made.id.0
    ));
    let public = between(&text, "<ipAddress>", "<").expect("a public address");
    let address = rig.list(&request).await[0]
        .address
        .clone()
        .expect("it is up");
    assert_eq!((address.host.as_str(), address.port), (public, 22));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_names_what_is_missing() {
    let rig = Rig::plain().await;
    let checks = rig.provider.test().await;
    let wrong: Vec<_> = checks.iter().filter(|check| !check.passed).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(
        checks.iter().any(|check| check.detail.contains("arn:aws")),
        "{checks:?}"
    );
    assert!(
        checks
            .iter()
            .any(|check| check.detail.contains("\"MetadataOptions\"")),
        "{checks:?}"
    );
    assert_eq!(rig.proxy.counts().made, 0, "a test makes nothing");

    let refused = |code| Rule::new("RunInstances", 1, Fault::error(code));
    rig.proxy.arm(refused("UnauthorizedOperation"));
    assert_says(
        &rig.provider,
        "EC2 would make t3.large",
        "Allow ec2:RunInstances",
    )
    .await;
    rig.proxy.arm(Rule::new(
        "GetCallerIdentity",
        1,
        Fault::error("InvalidClientTokenId"),
    ));
    assert_says(
        &rig.provider,
        "AWS knows the credentials",
        "Enter an access key that is active",
    )
    .await;
    rig.proxy.arm(Rule::new(
        "DescribeInstances",
        1,
        Fault::error("UnauthorizedOperation"),
    ));
    assert_says(
        &rig.provider,
        "instances can be listed",
        "Allow ec2:DescribeInstances",
    )
    .await;
    for (key, value, name, says) in [
        (
            "image_id",
            json!("ami-0000"),
            "the image is there",
            "Choose an image",
        ),
        (
            "subnet_ids",
            json!(["subnet-0000"]),
            "the subnets are there and have room",
            "Choose subnets",
        ),
        (
            "security_group_ids",
            json!(["sg-0000"]),
            "the security groups are there",
            "Choose groups",
        ),
        (
            "key_pair_name",
            json!("nobody"),
            "the key pair is there",
            "Import the key pair",
        ),
        (
            "instance_types",
            json!(["t3.enormous"]),
            "the instance types are offered",
            "Choose another type",
        ),
    ] {
        let provider = provider(&rig.proxy.url(), &[(key, value)]);
        assert_says(&provider, name, says).await;
    }
}

async fn assert_says(provider: &AwsProvider, name: &str, says: &str) {
    let checks = provider.test().await;
    let check = checks.iter().find(|check| check.name == name);
    let check = check.unwrap_or_else(|| panic!("there is no check {name:?}: {checks:?}"));
    assert!(!check.passed && check.detail.contains(says), "{check:?}");
}

/// A server that goes through every kind of trouble at a provider that is called until it works.
#[tokio::test(flavor = "multi_thread")]
async fn no_server_has_two_machines_whatever_goes_wrong() {
    let rig = Rig::plain().await;
    let on = |action: Option<&str>, per_mille, fault| Chance {
        action: action.map(str::to_owned),
        per_mille,
        fault,
    };
    let create = Some("RunInstances");
    rig.proxy.set_chaos(Chaos {
        seed: 13,
        chances: vec![
            on(create, 200, Fault::error("InsufficientInstanceCapacity")),
            on(create, 200, Fault::ListedLate { millis: 20 }),
            on(None, 100, Fault::error("RequestLimitExceeded")),
            on(None, 100, Fault::error("InternalError")),
            on(None, 100, Fault::DropBefore),
            on(None, 150, Fault::DropAfter),
            on(None, 100, Fault::Truncated),
        ],
    });
    let mut machines = Vec::new();
    for _ in 0..40 {
        let request = rig.request("true");
        let made = loop {
            match rig.provider.create(&request).await {
                Ok(made) => break made,
                Err(ProviderError::Conflict(why)) => panic!("the same call is another one: {why}"),
                Err(_) => {}
            }
        };
        // As the loop does after a crash: nobody remembers the answer.
        let again = loop {
            if let Ok(again) = rig.provider.create(&request).await {
                break again;
            }
        };
        assert_eq!(again.id, made.id);
        machines.push(made.id);
    }
    let counts = rig.proxy.counts();
    assert_eq!((counts.made, counts.alive), (40, 40));
    assert_eq!((counts.most_alive_a_server, counts.mismatches), (1, 0));
    assert!(
        counts.faults.len() == 7,
        "all have happened: {:?}",
        counts.faults
    );
    for machine in &machines {
        while rig.provider.delete(machine).await.is_err() {}
        while rig.provider.delete(machine).await.is_err() {}
    }
    assert_eq!(rig.proxy.counts().alive, 0);
}

/// The metadata service of a machine with a role, whose keys end at `expiration`. It counts how often keys are fetched.
fn metadata_service(expiration: &'static str) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its port"));
    let fetched = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&fetched);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(&stream)
                .lines()
                .map(|line| line.expect("a line"));
            let first = lines.next().unwrap_or_default();
            let headers: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let has_token = headers
                .iter()
                .any(|line| line.to_lowercase() == "x-aws-ec2-metadata-token: t0k3n");
            let path = "/latest/meta-data/iam/security-credentials/";
            let body = if first.starts_with("PUT /latest/api/token ") {
                "t0k3n".to_owned()
            } else if first.starts_with(&format!("GET {path} ")) && has_token {
                "weir-role\n".to_owned()
            } else if first.starts_with(&format!("GET {path}weir-role ")) && has_token {
                count.fetch_add(1, Ordering::SeqCst);
                json!({"Code": "Success", "AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "Token": "t", "Expiration": expiration})
                    .to_string()
            } else {
                String::new()
            };
            let status = if body.is_empty() {
                "401 Unauthorized"
            } else {
                "200 OK"
            };
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .expect("it is taken");
        }
    });
    (url, fetched)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_weirs_own_machine_signs_in() {
    let role = |url: &str| {
        let draft = Draft::new()
            .with("credentials", "instance_role")
            .with("region", REGION)
            .with("endpoint_url", moto())
            .with("image_id", IMAGE)
            .with("instance_types", json!(["t3.large"]));
        let config = AwsConfig::parse(&draft, &SecretKeys::none()).expect("settings");
        AwsProvider::with_metadata(config, &Secrets::new(), Arc::new(SystemClock), url)
            .expect("a provider")
    };
    let deployment = DeploymentId::from_uuid(Uuid::now_v7());
    for (expiration, times) in [("2099-01-01T00:00:00Z", 1), ("2020-01-01T00:00:00Z", 2)] {
        let (url, fetched) = metadata_service(expiration);
        let provider = role(&url);
        for _ in 0..2 {
            provider.list(deployment).await.expect("a list");
        }
        assert_eq!(
            fetched.load(Ordering::SeqCst),
            times,
            "keys that end are fetched anew"
        );
    }
    let error = role("http://127.0.0.1:1")
        .list(deployment)
        .await
        .expect_err("no service");
    assert!(
        matches!(&error, ProviderError::Unavailable(text) if text.contains("run on EC2")),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_assumed() {
    let arn = "arn:aws:iam::123456789012:role/weir-role";
    let rig = Rig::new(
        Settings::default(),
        &[("role_arn", json!(arn)), ("external_id", json!("x1"))],
    )
    .await;
    let request = rig.request("true");
    rig.provider.create(&request).await.expect("create");
    rig.list(&request).await;
    assert_eq!(
        rig.proxy.counts().calls["AssumeRole"],
        1,
        "its keys are kept"
    );
    let checks = rig.provider.test().await;
    assert!(
        checks[0].detail.contains("assumed-role/weir-role"),
        "{:?}",
        checks[0]
    );

    // A role that cannot be had is no unknown outcome, whatever STS says.
    for (fault, is_expected) in [
        (
            Fault::error("AccessDenied"),
            (|error| matches!(error, ProviderError::Auth(_))) as fn(&ProviderError) -> bool,
        ),
        (Fault::error("InternalError"), |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (Fault::DropAfter, |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
    ] {
        let rig = Rig::new(Settings::default(), &[("role_arn", json!(arn))]).await;
        rig.proxy.arm(Rule::new("AssumeRole", 1, fault.clone()));
        let error = rig
            .provider
            .create(&rig.request("true"))
            .await
            .expect_err("no role");
        assert!(is_expected(&error), "{fault:?}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn console_and_password_are_read() {
    let rig = Rig::plain().await;
    let made = rig
        .provider
        .create(&rig.request("true"))
        .await
        .expect("create");
    let console = rig
        .provider
        .console(&made.id)
        .await
        .expect("it can be read");
    assert!(!console.expect("EC2 has one").bytes.is_empty());
    assert_eq!(
        rig.provider.password(&made.id).await,
        Ok(None),
        "nobody has asked for it"
    );

    let windows = [
        ("retrieve_password", json!(true)),
        ("key_pair_name", json!("pair")),
    ];
    let with_key = |pem: &str| {
        let mut secrets = secrets();
        secrets.insert("private_key".to_owned(), Secret::new(pem));
        AwsProvider::new(
            config(&rig.proxy.url(), &windows),
            &secrets,
            Arc::new(SystemClock),
        )
        .expect("a provider")
    };
    let error = with_key("no key")
        .password(&made.id)
        .await
        .expect_err("it cannot be decrypted");
    assert!(
        matches!(&error, ProviderError::Invalid { field, .. } if field == "private_key"),
        "{error:?}"
    );
    let checks = with_key("no key").test().await;
    let check = checks
        .iter()
        .find(|check| check.name == "the private key can be read")
        .expect("a check");
    assert!(
        !check.passed && check.detail.contains("Enter the file"),
        "{check:?}"
    );
}
