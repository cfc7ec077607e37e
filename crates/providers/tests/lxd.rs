//! The provider `lxd` against a real LXD. The daemon is everybody's; each test has a deployment of its own, and those that need
//! other rules a project of their own.

#![expect(
    clippy::disallowed_methods,
    reason = "real machines run in real time, and the servers of two runs need different ids"
)]

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::clock::Clock;
use domain::connection::Address;
use domain::form::{Draft, SecretKeys};
use domain::id::{DeploymentId, ServerId};
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;
use providers::contract::{self, Bench, ContractFault, RETRY_AFTER_SECS};
use providers::lxd::{LxdConfig, LxdProvider};
use providers::{CreateRequest, Machine, Provider, ProviderError, Secrets};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::RwLock;
use uuid::Uuid;

/// Written by tests that need the daemon for themselves, such as the one that kills it; read by all others.
static DAEMON: RwLock<()> = RwLock::const_new(());

/// The image that the daemon has.
const IMAGE: &str = "weir";

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a year we know"))
    }
}

fn socket() -> PathBuf {
    let socket = std::env::var_os("WEIR_TEST_LXD").expect(
        "WEIR_TEST_LXD names no socket of an LXD: run the tests by `cargo xtask test \"cargo test\"`, or start one by \
         `cargo xtask lxd` and set it to the path that is told",
    );
    PathBuf::from(socket)
}

/// The client of LXD, for what an admin does there.
fn lxc(arguments: &[&str]) -> Output {
    let socket = socket();
    let folder = socket.parent().expect("a folder");
    Command::new("lxc")
        .args(arguments)
        .env("LXD_DIR", folder)
        .env("LXD_CONF", folder.join("client"))
        .stdin(Stdio::null())
        .output()
        .expect("lxc runs")
}

fn admin(arguments: &[&str]) -> String {
    let output = lxc(arguments);
    assert!(
        output.status.success(),
        "lxc {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn new_server() -> ServerId {
    ServerId::from_uuid(Uuid::now_v7())
}

fn settings() -> Draft {
    Draft::new()
        .with("address", socket().to_str().expect("a plain path"))
        .with("image", IMAGE)
}

fn open(draft: &Draft, secrets: &Secrets) -> Result<LxdProvider, ProviderError> {
    let keys: SecretKeys = secrets.keys().map(String::as_str).collect();
    let config = LxdConfig::parse(draft, &keys).expect("right settings");
    LxdProvider::new(config, secrets, Arc::new(SystemClock))
}

/// A provider and a deployment. What a failed test leaves is taken away when this goes.
struct Rig {
    provider: LxdProvider,
    deployment: DeploymentId,
    project: String,
    faults: Faults,
}

/// The fault that is armed, if one is.
type Faults = Arc<Mutex<Option<ContractFault>>>;

impl Rig {
    fn new() -> Self {
        Self::with(&settings())
    }

    fn with(draft: &Draft) -> Self {
        Self::opened(
            open(draft, &Secrets::new()).expect("no certificates"),
            draft,
        )
    }

    fn opened(provider: LxdProvider, draft: &Draft) -> Self {
        let project = draft.get("project").and_then(Value::as_str);
        Self {
            provider,
            deployment: DeploymentId::from_uuid(Uuid::now_v7()),
            project: project.unwrap_or("default").to_owned(),
            faults: Faults::default(),
        }
    }

    /// Takes the fault that is armed if it is this one.
    fn take(&self, fault: ContractFault) -> bool {
        take(&self.faults, |armed| armed == fault).is_some()
    }

    /// The names of all instances of the project.
    fn names(&self) -> Vec<String> {
        let names = self.lxc(&["list", "--format", "csv", "--columns", "n"]);
        let names = String::from_utf8_lossy(&names.stdout);
        names.lines().map(str::to_owned).collect()
    }

    fn request(&self, script: &str) -> CreateRequest {
        contract::request(new_server(), self.deployment, script)
    }

    async fn list(&self) -> Vec<Machine> {
        let listing = self.provider.list(self.deployment).await.expect("a list");
        listing.machines
    }

    async fn up(&self, request: &CreateRequest) -> Machine {
        let made = self.provider.create(request).await.expect("create");
        self.until_up(&made.id).await
    }

    async fn until_up(&self, id: &MachineId) -> Machine {
        let began = Instant::now();
        loop {
            let machines = self.list().await;
            let found = machines.into_iter().find(|machine| machine.id == *id);
            let found = found.expect("it is in the list");
            match found.state {
                MachineState::Up => return found,
                MachineState::Pending => {}
                MachineState::Broken => panic!("it is broken"),
            }
            assert!(began.elapsed() < Duration::from_mins(1), "it is not up");
            self.pass_time();
        }
    }

    /// Asks until the answer is yes.
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "never so: {what}"
            );
            self.pass_time();
        }
    }

    fn lxc(&self, arguments: &[&str]) -> Output {
        lxc(&[&["--project", &self.project], arguments].concat())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let filter = format!("user.weir.deployment={}", self.deployment.bare());
        let names = self.lxc(&["list", "--format", "csv", "--columns", "n", &filter]);
        for name in String::from_utf8_lossy(&names.stdout).lines() {
            self.lxc(&["delete", "--force", name]);
        }
    }
}

impl Bench for Rig {
    fn provider(&self) -> &dyn Provider {
        &self.provider
    }

    fn new_server(&self) -> ServerId {
        new_server()
    }

    fn script_on(&self, machine: &MachineId) -> Vec<u8> {
        let mut script = None;
        // The image's own unit writes it down once it has started.
        self.until("the script is on the machine", || {
            let file = format!("{}/var/lib/user-data/script", machine.0);
            let output = self.lxc(&["file", "pull", &file, "-"]);
            script = output.status.success().then_some(output.stdout);
            script.is_some()
        });
        script.expect("a script")
    }

    fn answers(&self, address: &Address) -> bool {
        let ip = address.host.parse().expect("an address");
        let address = SocketAddr::new(ip, address.port);
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    }

    fn pass_time(&self) {
        if self.take(ContractFault::CapacityLater) {
            for name in self.names() {
                self.lxc(&["stop", "--force", &name]);
            }
        }
        if self.take(ContractFault::Quota) {
            admin(&["project", "unset", &self.project, "limits.instances"]);
        }
        std::thread::sleep(Duration::from_millis(50));
    }

    fn arm(&self, fault: ContractFault) {
        if fault == ContractFault::Quota {
            admin(&["project", "set", &self.project, "limits.instances", "0"]);
        }
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn never(&self) -> &[ContractFault] {
        // A pool that is full, which the daemon says in an operation, has a test of its own.
        &[ContractFault::CapacityInOperation]
    }

    fn many(&self) -> usize {
        12
    }
}

fn take(faults: &Faults, fits: impl Fn(ContractFault) -> bool) -> Option<ContractFault> {
    let mut armed = faults.lock().unwrap_or_else(PoisonError::into_inner);
    armed.take_if(|armed| fits(*armed))
}

/// Stands between a provider and the daemon and does what is armed. It sees one request on each connection, since the provider
/// makes one for each.
async fn stand_between(listener: UnixListener, faults: Faults) {
    loop {
        let (client, _) = listener.accept().await.expect("a connection");
        let faults = Arc::clone(&faults);
        tokio::spawn(async move {
            // A side that goes away early is what this is for.
            let _ = pass_on(client, &faults).await;
        });
    }
}

async fn pass_on(mut client: UnixStream, faults: &Faults) -> std::io::Result<()> {
    let mut request = vec![0; 64 * 1024];
    let length = client.read(&mut request).await?;
    request.truncate(length);
    let line = String::from_utf8_lossy(&request);
    let is_create = line.starts_with("POST /1.0/instances?");
    let is_list = line.starts_with("GET /1.0/instances?");
    let fault = take(faults, |armed| match armed {
        ContractFault::AnswerLost
        | ContractFault::CapacityAtCall
        | ContractFault::Throttled
        | ContractFault::Auth => is_create,
        ContractFault::ListBreaks => is_list,
        _ => false,
    });
    let refusal = match fault {
        Some(ContractFault::CapacityAtCall) => Some((500, "No space left on device")),
        Some(ContractFault::Throttled) => Some((429, "Slow down")),
        Some(ContractFault::Auth) => Some((403, "not authorized")),
        _ => None,
    };
    if let Some((code, words)) = refusal {
        let body = json!({"type": "error", "error_code": code, "error": words}).to_string();
        let answer = format!(
            "HTTP/1.1 {code} No\r\nRetry-After: {RETRY_AFTER_SECS}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        return client.write_all(answer.as_bytes()).await;
    }
    let mut daemon = UnixStream::connect(socket()).await?;
    daemon.write_all(&request).await?;
    if fault.is_none() {
        tokio::io::copy_bidirectional(&mut client, &mut daemon).await?;
        return Ok(());
    }
    let mut answer = vec![0; 4096];
    let length = daemon.read(&mut answer).await?;
    if fault == Some(ContractFault::ListBreaks) {
        client.write_all(&answer[..length / 2]).await?;
    }
    Ok(())
}

/// A project of its own; taken away again at the end.
struct Project {
    name: String,
}

impl Project {
    /// It shares images with everybody, and has a copy of the default profile; `settings` are written `key=value`.
    fn new(settings: &[&str]) -> Self {
        let name = format!("p-{}", Uuid::now_v7().simple());
        let mut arguments = vec!["project", "create", &name, "-c", "features.images=false"];
        for setting in settings {
            arguments.extend(["-c", setting]);
        }
        admin(&arguments);
        let profile: Value =
            serde_json::from_str(&admin(&["query", "/1.0/profiles/default"])).expect("a profile");
        let devices = json!({ "devices": profile["devices"] }).to_string();
        let path = format!("/1.0/profiles/default?project={name}");
        admin(&["query", "-X", "PATCH", "-d", &devices, &path]);
        Self { name }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let deleted = lxc(&["project", "delete", &self.name]);
        assert!(
            deleted.status.success() || std::thread::panicking(),
            "{}",
            String::from_utf8_lossy(&deleted.stderr)
        );
    }
}

/// A certificate with its key, in PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["weir".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn environment() -> Value {
    let text = admin(&["query", "/1.0"]);
    let daemon: Value = serde_json::from_str(&text).expect("JSON");
    daemon["environment"].clone()
}

/// The settings of a provider that comes by TLS, with its secrets.
fn by_tls(server: &str, (client, key): (String, String)) -> (Draft, Secrets) {
    let environment = environment();
    let address = environment["addresses"][0].as_str().expect("an address");
    let draft = settings()
        .with("address", format!("https://{address}"))
        .with("server_certificate", server)
        .with("client_certificate", client);
    let secrets = Secrets::from([("client_key".to_owned(), Secret::new(key))]);
    (draft, secrets)
}

fn server_certificate() -> String {
    let environment = environment();
    environment["certificate"]
        .as_str()
        .expect("a certificate")
        .to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[tokio::test]
async fn the_whole_contract() {
    // Alone: beside ten others an operation may take longer than a create waits, and the outcome is then unknown, which
    // the contract does not know.
    let _daemon = DAEMON.write().await;
    let project = Project::new(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let between = folder.path().join("socket");
    let listener = UnixListener::bind(&between).expect("a socket");
    let draft = settings()
        .with("address", between.to_str().expect("a plain path"))
        .with("project", project.name.as_str());
    let rig = Rig::with(&draft);
    let proxy = tokio::spawn(stand_between(listener, Arc::clone(&rig.faults)));
    contract::all(&rig).await;
    proxy.abort();
}

#[tokio::test]
async fn one_life_by_tls_with_a_certificate_for_one_project() {
    let _daemon = DAEMON.read().await;
    let project = Project::new(&["restricted=true"]);
    let (client, key) = certificate();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("client.crt");
    fs::write(&file, &client).expect("a file");
    let file = file.to_str().expect("a plain path");
    admin(&[
        "config",
        "trust",
        "add",
        file,
        "--name",
        &project.name,
        "--restricted",
        "--projects",
        &project.name,
    ]);
    let (draft, secrets) = by_tls(&server_certificate(), (client, key));
    let draft = draft.with("project", project.name.as_str());
    let provider = open(&draft, &secrets).expect("right certificates");
    let rig = Rig::opened(provider, &draft);
    for check in rig.provider.test().await {
        assert!(check.passed, "{check:?}");
    }
    contract::life(&rig).await;

    // It does not get into another project.
    let elsewhere = draft.with("project", "default");
    let elsewhere = open(&elsewhere, &secrets).expect("right certificates");
    let refused = elsewhere.create(&rig.request("")).await;
    assert!(
        matches!(
            refused,
            Err(ProviderError::Auth(_) | ProviderError::NotFound(_))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn wrong_certificates_are_refused() {
    let _daemon = DAEMON.read().await;
    let (draft, secrets) = by_tls(&server_certificate(), certificate());
    let stranger = Rig::opened(open(&draft, &secrets).expect("certificates"), &draft);
    let (draft, secrets) = by_tls(&certificate().0, certificate());
    let deceived = Rig::opened(open(&draft, &secrets).expect("certificates"), &draft);
    for rig in [&stranger, &deceived] {
        let listed = rig.provider.list(rig.deployment).await;
        assert!(matches!(listed, Err(ProviderError::Auth(_))), "{listed:?}");
        let made = rig.provider.create(&rig.request("")).await;
        assert!(matches!(made, Err(ProviderError::Auth(_))), "{made:?}");
        let checks = rig.provider.test().await;
        assert!(!checks.last().expect("a check").passed, "{checks:?}");
    }
    let (client, _) = certificate();
    let (draft, secrets) = by_tls(&server_certificate(), (client, "no key".to_owned()));
    let Err(ProviderError::Invalid { field, .. }) = open(&draft, &secrets) else {
        panic!("there is no key");
    };
    assert_eq!(field, "client_key");
}

#[tokio::test]
async fn a_create_that_was_cut_off_is_finished_by_a_repeat() {
    let _daemon = DAEMON.read().await;
    let rig = Rig::new();
    let request = rig.request("#!/bin/sh\n");
    // As the first of the two calls leaves it.
    let tag = |name: &str, value: String| format!("user.weir.{name}={value}");
    let tags = [
        tag("deployment", rig.deployment.bare()),
        tag("server", request.tags.server.bare()),
        tag("port", "22".to_owned()),
    ];
    let mut init = vec!["init", IMAGE, &request.name];
    for tag in &tags {
        init.extend(["-c", tag]);
    }
    admin(&init);
    let listed = rig.list().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].server, Some(request.tags.server));
    assert_eq!(listed[0].state, MachineState::Pending, "not broken");
    rig.up(&request).await;
    assert_eq!(rig.list().await.len(), 1);

    // What has run and was stopped is not started again.
    admin(&["stop", "--force", &request.name]);
    let again = rig.provider.create(&request).await.expect("a repeat");
    assert_eq!(again.state, MachineState::Broken);
    assert_eq!(rig.list().await[0].state, MachineState::Broken);
}

#[tokio::test]
async fn two_creates_of_one_server_at_once_make_one_machine() {
    let _daemon = DAEMON.read().await;
    let rig = Rig::new();
    let request = rig.request("#!/bin/sh\n");
    let (one, two) = tokio::join!(rig.provider.create(&request), rig.provider.create(&request));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    rig.until_up(&one.expect("made").id).await;
    assert_eq!(rig.list().await.len(), 1);
}

#[tokio::test]
async fn a_name_of_somebody_else_is_a_conflict_and_stays() {
    let _daemon = DAEMON.read().await;
    let rig = Rig::new();
    let request = rig.request("");
    admin(&["init", IMAGE, &request.name]);
    for _ in 0..2 {
        let made = rig.provider.create(&request).await;
        assert!(matches!(made, Err(ProviderError::Conflict(_))), "{made:?}");
        let id = MachineId(request.name.clone());
        rig.provider
            .delete(&id)
            .await
            .expect("not there is deleted");
    }
    let state = admin(&["list", "--format", "csv", "--columns", "s", &request.name]);
    assert_eq!(state.trim(), "STOPPED", "somebody's, untouched");
    assert!(rig.list().await.is_empty());
    admin(&["delete", &request.name]);
}

#[tokio::test]
async fn a_full_project_is_a_quota() {
    let _daemon = DAEMON.read().await;
    let project = Project::new(&["limits.instances=1"]);
    let rig = Rig::with(&settings().with("project", project.name.as_str()));
    rig.up(&rig.request("#!/bin/sh\n")).await;
    let second = rig.provider.create(&rig.request("")).await;
    assert!(matches!(second, Err(ProviderError::Quota(_))), "{second:?}");
    assert_eq!(rig.list().await.len(), 1);
    let checks = rig.provider.test().await;
    let full: Vec<_> = checks.iter().filter(|check| !check.passed).collect();
    assert_eq!(full.len(), 1, "{checks:?}");
    assert!(full[0].detail.contains("1 of 1"), "{full:?}");
}

#[tokio::test]
async fn a_full_storage_pool_is_a_lack_of_capacity() {
    let _daemon = DAEMON.read().await;
    let pool = format!("s-{}", Uuid::now_v7().simple());
    admin(&["storage", "create", &pool, "btrfs", "size=128MiB"]);
    {
        let rig = Rig::with(&settings().with("storage_pool", pool.as_str()));
        let made = rig.provider.create(&rig.request("")).await;
        assert!(matches!(made, Err(ProviderError::Capacity(_))), "{made:?}");
        assert!(rig.list().await.is_empty(), "nothing is left");
        let checks = rig.provider.test().await;
        assert!(checks.iter().any(|check| !check.passed), "{checks:?}");
    }
    admin(&["storage", "delete", &pool]);
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let _daemon = DAEMON.read().await;
    for (key, value, field) in [
        ("image", json!("nope"), "image"),
        ("profiles", json!(["nope"]), "profiles"),
        ("storage_pool", json!("nope"), "storage_pool"),
        ("network", json!("nope"), "network"),
        // The daemon does not say which one.
        ("memory_limit", json!("lots"), "settings"),
        (
            "config_override",
            json!({"config": {"no.such.key": "1"}}),
            "config_override",
        ),
    ] {
        let rig = Rig::with(&settings().with(key, value));
        let made = rig.provider.create(&rig.request("")).await;
        let Err(ProviderError::Invalid { field: named, text }) = made else {
            panic!("{key}: {made:?}");
        };
        assert_eq!(named, field, "{text}");
        assert!(rig.list().await.is_empty());
        let checks = rig.provider.test().await;
        let is_seen = ["image", "profiles", "storage_pool", "network"].contains(&key);
        assert_eq!(checks.iter().any(|it| !it.passed), is_seen, "{checks:?}");
    }
    let rig = Rig::with(&settings().with("project", "nope"));
    let made = rig.provider.create(&rig.request("")).await;
    assert!(matches!(made, Err(ProviderError::NotFound(_))), "{made:?}");
}

#[tokio::test]
async fn a_daemon_that_is_not_there_was_told_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("socket");
    let rig = Rig::with(&settings().with("address", nowhere.to_str().expect("a plain path")));
    let made = rig.provider.create(&rig.request("")).await;
    assert!(
        matches!(made, Err(ProviderError::Unavailable(_))),
        "{made:?}"
    );
    let checks = rig.provider.test().await;
    assert!(checks.len() == 1 && !checks[0].passed, "{checks:?}");
}

#[tokio::test]
async fn its_offer_and_its_test_name_what_is_there() {
    let _daemon = DAEMON.read().await;
    let rig = Rig::with(&settings().with("storage_pool", "default"));
    let choices = rig.provider.choices().await.expect("choices");
    for (key, value) in [
        ("image", IMAGE),
        ("project", "default"),
        ("profiles", "default"),
        ("storage_pool", "default"),
    ] {
        let offered = &choices[key];
        assert!(offered.iter().any(|it| it.value == value), "{offered:?}");
    }
    assert!(!choices["network"].is_empty());
    let checks = rig.provider.test().await;
    assert!(checks.len() >= 6, "{checks:?}");
    assert!(checks.iter().all(|check| check.passed), "{checks:?}");
}

#[tokio::test]
async fn a_large_script_arrives_whole_and_its_words_are_on_the_console() {
    let _daemon = DAEMON.read().await;
    let rig = Rig::new();
    let script = format!(
        "#!/bin/sh\necho it has $((6 * 7))\nexit 3\n# {}",
        "x".repeat(64_000)
    );
    let machine = rig.up(&rig.request(&script)).await;
    assert_eq!(rig.script_on(&machine.id), script.as_bytes());
    let began = Instant::now();
    loop {
        let console = rig.provider.console(&machine.id).await.expect("a console");
        let console = text(&console.expect("it can be read").bytes);
        if console.contains("it has 42") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{console}");
        rig.pass_time();
    }
    let nobody = rig.provider.console(&MachineId("nobody".to_owned())).await;
    assert!(
        matches!(nobody, Err(ProviderError::NotFound(_))),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn people_sign_in_with_their_keys_as_long_as_they_may() {
    let _daemon = DAEMON.read().await;
    let rig = Rig::new();
    let machine = rig.up(&rig.request("#!/bin/sh\n")).await;
    assert_eq!(rig.provider.fixed_account().as_deref(), Some("root"));
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .expect("ssh-keygen runs");
    assert!(made.success());
    let public = fs::read_to_string(key.with_extension("pub")).expect("the public key");

    let host_key = machine.host_key.as_deref().expect("a host key");
    let address = machine.address.as_ref().expect("an address");
    let known = folder.path().join("known_hosts");
    fs::write(&known, format!("{} {host_key}\n", address.host)).expect("a file");
    let signs_in = || ssh(&key, &known, &address.host);
    assert!(!signs_in(), "no key is there yet");
    rig.provider
        .authorize(&machine.id, &[public])
        .await
        .expect("authorize");
    assert!(signs_in());
    rig.provider
        .authorize(&machine.id, &[])
        .await
        .expect("nobody any more");
    assert!(!signs_in());

    let other = Rig::with(&settings().with("login_account", "nobody-such"));
    let refused = other.provider.authorize(&machine.id, &[]).await;
    assert!(
        matches!(refused, Err(ProviderError::Invalid { ref field, .. }) if field == "login_account"),
        "{refused:?}"
    );
}

fn ssh(key: &Path, known: &Path, host: &str) -> bool {
    let output = Command::new("ssh")
        .args(["-F", "/dev/null", "-o", "BatchMode=yes"])
        .args(["-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10"])
        .args(["-o", "StrictHostKeyChecking=yes", "-o"])
        .arg(format!("UserKnownHostsFile={}", known.display()))
        .arg("-i")
        .arg(key)
        .arg(format!("root@{host}"))
        .arg("true")
        .output()
        .expect("ssh runs");
    let said = text(&output.stderr);
    assert!(
        output.status.success() || said.contains("Permission denied"),
        "{said}"
    );
    output.status.success()
}

#[tokio::test]
async fn ten_at_once() {
    let _daemon = DAEMON.read().await;
    let rig = Arc::new(Rig::new());
    let mut creates = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let rig = Arc::clone(&rig);
        creates.spawn(async move {
            let request = rig.request("#!/bin/sh\n");
            rig.provider.create(&request).await.expect("create").id
        });
    }
    let made = creates.join_all().await;
    let mut addresses = Vec::new();
    for id in &made {
        addresses.push(rig.until_up(id).await.address.expect("an address").host);
    }
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 10, "one address each: {addresses:?}");
    let mut deletes = tokio::task::JoinSet::new();
    for id in made {
        let rig = Arc::clone(&rig);
        deletes.spawn(async move {
            // Twice at once, as a second replica may.
            tokio::join!(rig.provider.delete(&id), rig.provider.delete(&id))
        });
    }
    // A list meanwhile is whole or an error.
    while let Some(deleted) = deletes.join_next().await {
        let (one, two) = deleted.expect("no panic");
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        rig.list().await;
    }
    assert!(rig.list().await.is_empty());
}

#[tokio::test]
async fn machines_outlive_a_killed_daemon() {
    let _daemon = DAEMON.write().await;
    let rig = Rig::new();
    let machine = rig.up(&rig.request("#!/bin/sh\n")).await;
    let pid = environment()["server_pid"].to_string();
    let killed = Command::new("kill").args(["-9", &pid]).status();
    assert!(killed.expect("kill runs").success());
    // Dead, it says so; started again, it knows all.
    let began = Instant::now();
    let after = loop {
        match rig.provider.list(rig.deployment).await {
            Ok(listing) if environment_or_null()["server_pid"] != pid => break listing.machines,
            Ok(_) | Err(ProviderError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it is not back");
        rig.pass_time();
    };
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].id, machine.id);
    let seen = rig.until_up(&machine.id).await;
    assert_eq!(seen.address, machine.address, "it went on running");
    assert!(rig.answers(&seen.address.expect("an address")));
    rig.provider.delete(&machine.id).await.expect("delete");
    assert!(rig.list().await.is_empty());
}

/// What the daemon says of itself, if it says something.
fn environment_or_null() -> Value {
    let output = lxc(&["query", "/1.0"]);
    let daemon: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let pid = daemon["environment"]["server_pid"].to_string();
    json!({ "server_pid": pid })
}
