//! The provider `local` against the real sshd, with the real ssh as the person's client.

#![expect(
    clippy::disallowed_methods,
    reason = "real processes run in real time, and the servers of two runs need different ids"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::clock::Clock;
use domain::connection::Address;
use domain::id::{DeploymentId, PoolId, ServerId};
use domain::server::MachineId;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;
use providers::contract::{self, Bench, ContractFault};
use providers::local::{LocalConfig, LocalProvider};
use providers::{Machine, Provider, ProviderError};
use tempfile::TempDir;
use uuid::Uuid;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a year we know"))
    }
}

/// A provider with a folder of its own. What a failed test leaves running is ended when this goes.
struct Rig {
    folder: TempDir,
    provider: LocalProvider,
    deployment: DeploymentId,
}

impl Rig {
    fn new() -> Self {
        Self::with_delay(0)
    }

    fn with_delay(boot_delay_secs: u32) -> Self {
        for program in ["sshd", "ssh-keygen", "ssh", "curl"] {
            let found = LocalProvider::SEARCH_PATH
                .split(':')
                .any(|folder| Path::new(folder).join(program).exists());
            assert!(
                found,
                "{program} is missing: apt-get install openssh-server openssh-client curl"
            );
        }
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            provider: provider(&folder, boot_delay_secs),
            deployment: DeploymentId::from_uuid(new_uuid()),
            folder,
        }
    }

    /// What Weir has after a restart.
    fn restarted(&self) -> LocalProvider {
        provider(&self.folder, 0)
    }

    fn site(&self) -> PathBuf {
        fs::canonicalize(self.folder.path().join("local"))
            .expect("the site is made by the first call")
    }

    fn machine_folder(&self, machine: &Machine) -> PathBuf {
        self.site().join(&machine.id.0)
    }

    async fn create(&self, script: &str) -> Machine {
        let request = contract::request(self.new_server(), self.deployment, script);
        self.provider.create(&request).await.expect("create")
    }

    async fn list(&self) -> Vec<Machine> {
        let listing = self.provider.list(self.deployment).await.expect("list");
        listing.machines
    }

    fn script_log(&self, machine: &Machine) -> String {
        fs::read_to_string(self.machine_folder(machine).join("script.log")).unwrap_or_default()
    }

    /// What lies in the site beside the locks.
    fn leftovers(&self) -> Vec<String> {
        let names = fs::read_dir(self.site()).expect("the site");
        let mut names: Vec<_> = names
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| !name.starts_with(".lock-"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let Ok(machines) = fs::read_dir(self.folder.path().join("local")) else {
            return;
        };
        let provider = self.restarted();
        let ids: Vec<_> = machines
            .flatten()
            .map(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .trim_start_matches(".deleting-")
                    .to_owned()
            })
            .collect();
        // A runtime cannot be entered twice on one thread.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime");
            for id in ids {
                let _ = runtime.block_on(provider.delete(&MachineId(id)));
            }
        })
        .join()
        .expect("the clean-up ends");
    }
}

impl Bench for Rig {
    fn provider(&self) -> &dyn Provider {
        &self.provider
    }

    fn new_server(&self) -> ServerId {
        ServerId::from_uuid(new_uuid())
    }

    fn script_on(&self, machine: &MachineId) -> Vec<u8> {
        self.provider.script(machine).expect("the script")
    }

    fn answers(&self, address: &Address) -> bool {
        TcpStream::connect((address.host.as_str(), address.port)).is_ok()
    }

    fn pass_time(&self) {
        std::thread::sleep(Duration::from_millis(10));
    }

    fn arm(&self, fault: ContractFault) {
        panic!("nothing here can be made to fail by {fault:?}");
    }

    fn never(&self) -> &[ContractFault] {
        // There is no account, no quota and no network between Weir and its own machine.
        &[
            ContractFault::AnswerLost,
            ContractFault::CapacityAtCall,
            ContractFault::CapacityInOperation,
            ContractFault::CapacityLater,
            ContractFault::Quota,
            ContractFault::Throttled,
            ContractFault::Auth,
            ContractFault::ListBreaks,
        ]
    }

    fn many(&self) -> usize {
        // Each is a real sshd, and a list here has no pages.
        10
    }
}

fn provider(folder: &TempDir, boot_delay_secs: u32) -> LocalProvider {
    LocalProvider::new(
        folder.path().join("local"),
        LocalProvider::SEARCH_PATH,
        LocalConfig {
            boot_delay_secs,
            ..LocalConfig::default()
        },
        Arc::new(SystemClock),
    )
}

fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

/// A person with a key pair, on the client's side.
struct Person {
    folder: TempDir,
    public_key: String,
}

impl Person {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(folder.path().join("key"))
            .status()
            .expect("ssh-keygen");
        assert!(made.success());
        let public_key = fs::read_to_string(folder.path().join("key.pub")).expect("the public key");
        Self { folder, public_key }
    }

    /// `ssh` to the machine, which must show `host_key`.
    fn ssh(&self, machine: &Machine, host_key: &str) -> Command {
        let address = machine.address.as_ref().expect("an address");
        let known = self.folder.path().join(format!("known_{}", address.port));
        let line = format!("[{}]:{} {host_key}\n", address.host, address.port);
        fs::write(&known, line).expect("known hosts");
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
        ])
        .args(["-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10"])
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", known.display()))
        .arg("-i")
        .arg(self.folder.path().join("key"))
        .arg("-p")
        .arg(address.port.to_string())
        .arg(&address.host);
        ssh
    }

    fn run(&self, machine: &Machine, command: &str) -> Output {
        let host_key = machine.host_key.as_deref().expect("a host key");
        self.ssh(machine, host_key)
            .arg(command)
            .output()
            .expect("ssh runs")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "never so: {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The living processes whose environment, title or open files name this machine.
fn processes_of(machine: &Machine) -> Vec<String> {
    processes_with(&machine.id.0)
}

/// The living processes whose environment, title or open files hold this text.
fn processes_with(id: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let path = entry.path();
        let read = |name| text(&fs::read(path.join(name)).unwrap_or_default());
        if read("stat").contains(") Z ") {
            continue;
        }
        let files = fs::read_dir(path.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let names = files.filter_map(|file| fs::read_link(file.path()).ok());
        if read("environ").contains(id)
            || read("cmdline").contains(id)
            || names
                .into_iter()
                .any(|name| name.to_string_lossy().contains(id))
        {
            found.push(format!("{}: {}", path.display(), read("cmdline")));
        }
    }
    found
}

#[tokio::test]
async fn the_contract_holds() {
    contract::all(&Rig::new()).await;
}

#[tokio::test]
async fn a_life_by_the_contract_with_a_boot_delay() {
    contract::life(&Rig::with_delay(1)).await;
}

#[tokio::test]
async fn a_person_signs_in_with_the_key_and_the_pinned_host_key() {
    let rig = Rig::new();
    let (person, stranger) = (Person::new(), Person::new());
    let machine = rig.create("true").await;
    assert_eq!(
        machine.state,
        MachineState::Up,
        "without a delay create brings it up"
    );

    let before = person.run(&machine, "true");
    assert!(!before.status.success(), "no key is let in yet");
    rig.provider
        .authorize(&machine.id, std::slice::from_ref(&person.public_key))
        .await
        .expect("authorize");

    let answer = person.run(&machine, "echo $((6 * 7)) \"$HOME\" && pwd && exit 3");
    assert_eq!(answer.status.code(), Some(3), "{}", text(&answer.stderr));
    let home = rig.machine_folder(&machine).join("home");
    let home = home.display();
    assert_eq!(text(&answer.stdout), format!("42 {home}\n{home}"));

    let refused = stranger.run(&machine, "true");
    assert_eq!(refused.status.code(), Some(255));
    assert!(
        text(&refused.stderr).contains("Permission denied"),
        "{}",
        text(&refused.stderr)
    );

    let other_key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let warned = person
        .ssh(&machine, other_key)
        .arg("true")
        .output()
        .expect("ssh runs");
    assert_eq!(warned.status.code(), Some(255));
    assert!(
        text(&warned.stderr).contains("Host key verification failed"),
        "{}",
        text(&warned.stderr)
    );

    rig.provider
        .authorize(&machine.id, &[])
        .await
        .expect("revoke");
    assert!(
        !person.run(&machine, "true").status.success(),
        "the key is taken back"
    );
}

#[tokio::test]
async fn a_login_is_an_interactive_shell_that_names_the_server() {
    let rig = Rig::new();
    let person = Person::new();
    let machine = rig.create("true").await;
    rig.provider
        .authorize(&machine.id, std::slice::from_ref(&person.public_key))
        .await
        .expect("authorize");
    let mut ssh = person.ssh(&machine, machine.host_key.as_deref().expect("a host key"));
    let mut child = ssh
        .arg("-tt")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("ssh runs");
    let mut stdin = child.stdin.take().expect("stdin");
    std::io::Write::write_all(
        &mut stdin,
        b"case $- in *i*) echo inter''active;; esac; exit\n",
    )
    .expect("typed");
    let output = text(&child.wait_with_output().expect("ssh ends").stdout);
    assert!(output.contains("interactive"), "{output}");
    let prompt = format!("@weir-{}:~", &machine.id.0[24..]);
    assert!(output.contains(&prompt), "{prompt} in {output}");
}

#[tokio::test]
async fn people_get_the_shell_that_is_chosen() {
    let mut rig = Rig::new();
    let root = rig.folder.path().join("local");
    let with = |shell: &str| {
        let config = LocalConfig {
            login_shell: Some(shell.to_owned()),
            ..LocalConfig::default()
        };
        let clock = Arc::new(SystemClock);
        LocalProvider::new(root.clone(), LocalProvider::SEARCH_PATH, config, clock)
    };
    rig.provider = with("/bin/no-such-shell");
    let request = contract::request(rig.new_server(), rig.deployment, "true");
    let refused = rig.provider.create(&request).await.expect_err("no shell");
    assert!(
        matches!(&refused, ProviderError::Invalid { field, .. } if field == "login_shell"),
        "{refused}"
    );

    let offered = rig.provider.choices().await.expect("choices");
    let shell = offered["login_shell"].iter().find(|one| one.label == "sh");
    let shell = shell.expect("a system has a sh").value.clone();
    rig.provider = with(&shell);
    let machine = rig.create("true").await;
    let person = Person::new();
    rig.provider
        .authorize(&machine.id, std::slice::from_ref(&person.public_key))
        .await
        .expect("authorize");
    let answer = person.run(&machine, "echo $0 $SHELL");
    assert_eq!(text(&answer.stdout), format!("{shell} {shell}"));
}

#[tokio::test]
async fn a_file_is_copied_into_the_servers_home() {
    let rig = Rig::new();
    let person = Person::new();
    let machine = rig.create("true").await;
    rig.provider
        .authorize(&machine.id, std::slice::from_ref(&person.public_key))
        .await
        .expect("authorize");
    // Writes the list of known hosts that scp uses too.
    assert!(person.run(&machine, "true").status.success());
    let address = machine.address.clone().expect("an address");
    let source = person.folder.path().join("note");
    fs::write(&source, "carried").expect("a file");
    let copied = Command::new("scp")
        .args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
        ])
        .arg(format!(
            "UserKnownHostsFile={}",
            person
                .folder
                .path()
                .join(format!("known_{}", address.port))
                .display()
        ))
        .arg("-i")
        .arg(person.folder.path().join("key"))
        .args(["-P", &address.port.to_string()])
        .arg(&source)
        .arg(format!("{}:note", address.host))
        .output()
        .expect("scp runs");
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    let there = rig.machine_folder(&machine).join("home/note");
    assert_eq!(fs::read_to_string(there).expect("the copy"), "carried");
}

#[tokio::test]
async fn the_script_runs_once_and_its_output_is_kept() {
    let rig = Rig::new();
    let script = "echo \"ran in $PWD\"; echo to stderr >&2; echo x >>count; env | sort; exit 7";
    let request = contract::request(rig.new_server(), rig.deployment, script);
    let machine = rig.provider.create(&request).await.expect("create");
    let folder = rig.machine_folder(&machine);
    until("the script has ended", || {
        folder.join("script.exit").exists()
    });
    rig.provider.create(&request).await.expect("repeated");
    rig.list().await;
    rig.restarted().list(rig.deployment).await.expect("list");

    let log = rig.script_log(&machine);
    assert!(
        log.contains(&format!("ran in {}", folder.display())),
        "{log}"
    );
    assert!(log.contains("to stderr"), "{log}");
    assert!(
        log.contains(&format!("WEIR_SERVER={}", machine.id.0)),
        "{log}"
    );
    assert!(
        !log.contains("CARGO"),
        "nothing of this process's environment: {log}"
    );
    let console = rig.provider.console(&machine.id).await.expect("output");
    let console = console.expect("a console");
    let end = "weir: the start-up script ended with exit code 7";
    assert_eq!(format!("{log}{end}"), text(&console.bytes));
    assert!(!console.is_cut);
    let read = |name| fs::read_to_string(folder.join(name)).expect(name);
    assert_eq!(read("script.exit"), "7\n");
    assert_eq!(read("count"), "x\n");
}

#[tokio::test]
async fn the_console_says_that_the_script_has_ended_on_a_line_of_its_own() {
    let rig = Rig::new();
    let machine = rig
        .create("printf begun; until [ -e go ]; do sleep 0.05; done; exit 3")
        .await;
    let console = async || {
        let console = rig.provider.console(&machine.id).await.expect("output");
        text(&console.expect("a console").bytes)
    };
    until("the script runs", || rig.script_log(&machine) == "begun");
    assert_eq!(console().await, "begun");
    let folder = rig.machine_folder(&machine);
    fs::write(folder.join("go"), "").expect("written");
    until("the script has ended", || {
        fs::read_to_string(folder.join("script.exit")).is_ok_and(|code| code == "3\n")
    });
    assert_eq!(
        console().await,
        "begun\nweir: the start-up script ended with exit code 3"
    );
}

#[tokio::test]
async fn the_script_of_one_machine_of_one_pool_finds_that_it_is_to_fail() {
    let rig = Rig::new();
    let script = "echo \"broken=$WEIR_BREAK\"";
    let pool = PoolId::from_uuid(new_uuid());
    let of_pool = async || {
        let mut request = contract::request(rig.new_server(), rig.deployment, script);
        request.tags.pool = pool;
        rig.provider.create(&request).await.expect("create")
    };
    assert!(!rig.provider.breaks_next(pool).await);
    rig.provider.break_next(pool).await.expect("asked");
    assert!(rig.restarted().breaks_next(pool).await, "it outlives Weir");
    let other = rig.create(script).await;
    assert!(rig.provider.breaks_next(pool).await);
    let broken = of_pool().await;
    assert!(!rig.provider.breaks_next(pool).await);
    let next = of_pool().await;
    for (machine, said) in [
        (other, "broken=\n"),
        (broken, "broken=1\n"),
        (next, "broken=\n"),
    ] {
        let folder = rig.machine_folder(&machine);
        until("the script has ended", || {
            folder.join("script.exit").exists()
        });
        assert_eq!(rig.script_log(&machine), said);
    }
}

#[tokio::test]
async fn a_delete_ends_live_logins_and_leaves_nothing() {
    let rig = Rig::new();
    let person = Person::new();
    let machine = rig
        .create("echo begun; sleep 1000 & setsid sleep 1001 & wait")
        .await;
    let other = rig.create("true").await;
    rig.provider
        .authorize(&machine.id, std::slice::from_ref(&person.public_key))
        .await
        .expect("authorize");
    until("the script runs", || {
        rig.script_log(&machine).contains("begun")
    });

    let login = |command: &str| -> Child {
        let host_key = machine.host_key.clone().expect("a host key");
        let mut child = person
            .ssh(&machine, &host_key)
            .arg("-tt")
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssh runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout"))
            .read_line(&mut line)
            .expect("a first line");
        assert!(line.contains("in"), "{line}");
        child
    };
    let logins = [
        login("echo in; trap '' HUP TERM; sleep 1002; sleep 1003"),
        // Out of the login's session, and with another environment.
        login("echo in; setsid nohup sleep 1004 >/dev/null 2>&1 & env -i sleep 1005"),
    ];
    assert!(
        processes_of(&machine).len() >= 8,
        "{:#?}",
        processes_of(&machine)
    );

    rig.provider.delete(&machine.id).await.expect("delete");
    for mut login in logins {
        until("the login is dead", || {
            login.try_wait().expect("ssh").is_some()
        });
    }
    assert_eq!(processes_of(&machine), Vec::<String>::new());
    assert!(!person.run(&machine, "true").status.success());
    assert_eq!(
        rig.leftovers(),
        std::slice::from_ref(&other.id.0),
        "the other machine stays, nothing else"
    );
    let listed = rig.list().await;
    assert_eq!(listed, std::slice::from_ref(&other), "and is as it was");
    rig.provider
        .delete(&machine.id)
        .await
        .expect("a second delete");
    rig.provider.delete(&other.id).await.expect("delete");
    assert!(rig.leftovers().is_empty());
}

#[tokio::test]
async fn another_weir_finds_the_machines_again() {
    let rig = Rig::new();
    let machine = rig.create("true").await;
    let again = rig.restarted();
    let listing = again.list(rig.deployment).await.expect("list");
    assert_eq!(listing.machines, std::slice::from_ref(&machine));
    again.delete(&machine.id).await.expect("delete");
    assert!(rig.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_have_ports_of_their_own() {
    let rig = Rig::new();
    let request = contract::request(rig.new_server(), rig.deployment, "true");
    // Ids with the same low bits wish for the same port; one call is made twice.
    let twin = |high: u64| {
        let (_, low) = request.tags.server.uuid().as_u64_pair();
        let server = ServerId::from_uuid(Uuid::from_u64_pair(high, low));
        contract::request(server, rig.deployment, "true")
    };
    let requests = [request.clone(), twin(1), twin(2), twin(3), request.clone()];
    let calls: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let provider = rig.provider.clone();
            tokio::spawn(async move { provider.create(&request).await })
        })
        .collect();
    let mut ports = Vec::new();
    for call in calls {
        let machine = call.await.expect("no panic").expect("create");
        ports.push(machine.address.expect("up").port);
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4, "{ports:?}");
    let listed = rig.list().await;
    assert_eq!(listed.len(), 4);
    assert!(
        listed
            .iter()
            .all(|machine| machine.state == MachineState::Up)
    );
}

/// This test is also the Weir that it kills: started with a folder in `CHURN` it makes and deletes machines for ever.
#[tokio::test]
async fn a_weir_killed_at_any_moment_leaves_nothing_unseen() {
    const CHURN: &str = "WEIR_TEST_CHURN";
    let deployment = DeploymentId::from_uuid(Uuid::from_u128(1));
    if let Ok(root) = std::env::var(CHURN) {
        let config = LocalConfig::default();
        let clock = Arc::new(SystemClock);
        let provider = LocalProvider::new(root.into(), LocalProvider::SEARCH_PATH, config, clock);
        loop {
            let server = ServerId::from_uuid(new_uuid());
            let request = contract::request(server, deployment, "echo x >>count; sleep 1000");
            let machine = provider.create(&request).await.expect("create");
            provider.delete(&machine.id).await.expect("delete");
        }
    }
    let rig = Rig::new();
    let mut left_alive = 0;
    for round in 0..25 {
        let mut weir = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "a_weir_killed_at_any_moment_leaves_nothing_unseen",
            ])
            .env(CHURN, rig.folder.path().join("local"))
            .stdout(Stdio::null())
            .spawn()
            .expect("a second Weir");
        // From before the first folder to the second machine.
        std::thread::sleep(Duration::from_millis(5 + 13 * round));
        weir.kill().expect("kill -9");
        weir.wait().expect("it is dead");

        let again = rig.restarted();
        let list = async || again.list(deployment).await.expect("list").machines;
        let ids = |listed: &[Machine]| -> Vec<String> {
            listed.iter().map(|machine| machine.id.0.clone()).collect()
        };
        let mut listed = list().await;
        for _ in 0..1000 {
            // A program that the dead Weir was just about to start holds its locks until it has begun: the next list
            // takes away what was half made.
            if rig.leftovers() == ids(&listed)
                && listed
                    .iter()
                    .all(|machine| machine.state == MachineState::Up)
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            listed = list().await;
        }
        assert!(
            listed
                .iter()
                .all(|machine| machine.state == MachineState::Up),
            "{listed:?}"
        );
        assert!(listed.len() <= 1, "one at a time: {listed:?}");
        let site = rig.site().display().to_string();
        let ids = ids(&listed);
        until("nothing runs that no list shows", || {
            let running = processes_with(&site);
            running.iter().all(|process| {
                let proc = process.split(": ").next().expect("a path");
                let environment = fs::read(Path::new(proc).join("environ")).unwrap_or_default();
                ids.iter()
                    .any(|id| process.contains(id) || text(&environment).contains(id))
            })
        });
        assert_eq!(rig.leftovers(), ids, "round {round}");
        left_alive += listed.len();
        for machine in &listed {
            let count = rig.machine_folder(machine).join("count");
            until("the script has begun", || {
                fs::read_to_string(&count).is_ok_and(|text| !text.is_empty())
            });
            assert_eq!(fs::read_to_string(count).expect("count"), "x\n", "once");
            again.delete(&machine.id).await.expect("delete");
        }
        assert_eq!(processes_with(&site), Vec::<String>::new());
        assert!(rig.leftovers().is_empty());
    }
    assert!(left_alive > 0, "no kill hit a Weir with a machine");
}

#[tokio::test]
async fn a_dead_sshd_is_shown_as_broken_and_can_be_deleted() {
    let rig = Rig::new();
    let machine = rig.create("true").await;
    let pid = fs::read_to_string(rig.machine_folder(&machine).join("sshd.pid")).expect("a pid");
    let ended = Command::new("kill")
        .args(["-9", pid.trim()])
        .status()
        .expect("kill");
    assert!(ended.success());
    until("sshd is dead", || {
        !rig.answers(machine.address.as_ref().expect("an address"))
    });
    let listed = rig.list().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].state, MachineState::Broken);
    assert_eq!(listed[0].address, None);

    // A number that another process has by now is not this machine's.
    let own = std::process::id().to_string();
    fs::write(rig.machine_folder(&machine).join("sshd.pid"), own).expect("written");
    assert_eq!(rig.list().await[0].state, MachineState::Broken);
    rig.provider.delete(&machine.id).await.expect("delete");
    assert!(rig.list().await.is_empty());
}

#[tokio::test]
async fn what_a_crash_leaves_is_finished_by_the_next_list() {
    let rig = Rig::new();
    let machine = rig.create("sleep 1000").await;
    let (site, id) = (rig.site(), machine.id.0.clone());
    until("the script runs", || {
        rig.machine_folder(&machine).join("script.log").exists()
    });

    // In the middle of a delete: the folder is marked, all still runs.
    fs::rename(site.join(&id), site.join(format!(".deleting-{id}"))).expect("renamed");
    // In the middle of a create: nothing runs yet.
    let half = ServerId::from_uuid(new_uuid());
    fs::create_dir(site.join(format!(".making-{}", half.bare()))).expect("made");
    assert!(rig.list().await.is_empty());
    assert_eq!(processes_of(&machine), Vec::<String>::new());
    assert!(rig.leftovers().is_empty());

    // After the folder is in place, before anything was started.
    let delayed = Rig::with_delay(600);
    let request = contract::request(delayed.new_server(), delayed.deployment, "echo x >>count");
    let machine = delayed.provider.create(&request).await.expect("create");
    let folder = delayed.machine_folder(&machine);
    until("it boots", || {
        fs::symlink_metadata(folder.join("booted")).is_ok()
    });
    let pid = fs::read_link(folder.join("booted")).expect("a pid");
    assert!(
        Command::new("kill")
            .arg("-9")
            .arg(&pid)
            .status()
            .expect("kill")
            .success()
    );
    until("the boot is dead", || {
        !processes_of(&machine).iter().any(|p| p.contains("./boot"))
    });
    assert_eq!(
        delayed.list().await[0].state,
        MachineState::Broken,
        "a boot that was killed"
    );
    fs::remove_file(folder.join("booted")).expect("as if it had not begun");
    let boot = fs::read_to_string(folder.join("boot")).expect("the boot program");
    fs::write(folder.join("boot"), boot.replace("sleep 600", "sleep 0")).expect("written");
    assert_eq!(delayed.list().await[0].state, MachineState::Pending);
    delayed.list().await;
    until("the script has run", || folder.join("script.exit").exists());
    assert_eq!(delayed.list().await[0].state, MachineState::Up);
    assert_eq!(
        fs::read_to_string(folder.join("count")).expect("count"),
        "x\n"
    );
}

#[tokio::test]
async fn a_missing_program_is_named_with_what_brings_it() {
    let rig = Rig::new();
    let tools = tempfile::tempdir().expect("a folder");
    for name in ["ssh-keygen", "bash", "setsid", "id"] {
        let real = LocalProvider::SEARCH_PATH
            .split(':')
            .map(|folder| Path::new(folder).join(name))
            .find(|path| path.exists())
            .expect(name);
        std::os::unix::fs::symlink(real, tools.path().join(name)).expect("a link");
    }
    let provider = LocalProvider::new(
        rig.folder.path().join("local"),
        tools.path().display().to_string(),
        LocalConfig::default(),
        Arc::new(SystemClock),
    );
    let request = contract::request(rig.new_server(), rig.deployment, "true");
    let Err(ProviderError::Unavailable(why)) = provider.create(&request).await else {
        panic!("create must be refused");
    };
    assert!(why.contains("sshd is missing"), "{why}");
    assert!(why.contains("apt-get install openssh-server"), "{why}");
    assert!(why.contains("apt-get install curl"), "{why}");
    let failed: Vec<_> = provider
        .test()
        .await
        .into_iter()
        .filter(|check| !check.passed)
        .map(|check| check.name)
        .collect();
    assert_eq!(failed, ["sshd is installed", "curl is installed"]);
}

#[tokio::test]
async fn the_test_of_a_good_machine_passes() {
    let rig = Rig::new();
    let checks = rig.provider.test().await;
    assert!(checks.len() >= 10);
    assert!(checks.iter().all(|check| check.passed), "{checks:#?}");
}

#[tokio::test]
async fn keys_that_are_not_keys_and_names_that_are_not_names_are_refused() {
    let rig = Rig::new();
    let machine = rig.create("true").await;
    for key in [
        "",
        "command=\"x\" ssh-ed25519 AAAA",
        "ssh-ed25519 AAAA\nssh-rsa BBBB",
    ] {
        let refused = rig.provider.authorize(&machine.id, &[key.to_owned()]).await;
        assert!(
            matches!(refused, Err(ProviderError::Invalid { .. })),
            "{key}"
        );
    }
    let mut request = contract::request(rig.new_server(), rig.deployment, "true");
    "weir'; touch x".clone_into(&mut request.name);
    let refused = rig.provider.create(&request).await;
    assert!(matches!(refused, Err(ProviderError::Invalid { .. })));
}
