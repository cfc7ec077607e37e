//! The provider of the kind `local`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::clock::Clock;
use domain::connection::Address;
use domain::id::{DeploymentId, PoolId, ServerId};
use domain::provider::{ProviderChoices, TestCheck};
use domain::server::MachineId;
use domain::snapshot::{MachineState, ProviderFacts};

use super::LocalConfig;
use super::config::SHELL;
use super::folder::{self, Lock, Record, Site, Stage, failed};
use super::process::{self, MARKER};
use super::sshd::{self, Tools};
use crate::{Console, CreateRequest, Listing, Machine, Provider, ProviderError};

/// The only address machines listen on.
const HOST: &str = "127.0.0.1";

/// Below the range from which Linux takes ports for outgoing connections (32768 and up), so that none of these is taken
/// between its choice and the start of sshd.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Names the shells of this computer.
const SHELLS: &str = "/etc/shells";

/// No more bytes than this are needed for the line that says how the script has ended, with the line break before it.
const MAX_END: u64 = 128;

/// A port can be lost to another program between its choice and its use.
const ATTEMPTS: u16 = 3;

/// OpenSSH servers on Weir's own machine.
#[derive(Clone)]
pub struct LocalProvider {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    search_path: String,
    config: LocalConfig,
    clock: Arc<dyn Clock>,
}

impl LocalProvider {
    /// Where programs are looked for when nothing else is said.
    pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// Machines in the folder `root`, which is made when it is needed; programs are looked for in `search_path`, folders
    /// with colons between them.
    pub fn new(
        root: PathBuf,
        search_path: impl Into<String>,
        config: LocalConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let search_path = search_path.into();
        Self {
            inner: Arc::new(Inner {
                root,
                search_path,
                config,
                clock,
            }),
        }
    }

    /// The name of the account that people sign in to: the one that Weir runs as.
    ///
    /// # Errors
    /// It cannot be found out, or cannot stand in sshd's settings.
    pub fn account(search_path: &str) -> Result<String, ProviderError> {
        sshd::account(search_path)
    }

    /// The start-up script of a machine as it lies in its folder.
    ///
    /// # Errors
    /// There is no such machine, or its folder cannot be read.
    pub fn script(&self, machine: &MachineId) -> Result<Vec<u8>, ProviderError> {
        self.inner.read(machine, "startup-script")
    }

    /// Runs `work` where it may wait for files and programs. It runs to its end even if nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .unwrap_or_else(|error| Err(ProviderError::Unknown(error.to_string())))
    }
}

#[async_trait::async_trait]
impl Provider for LocalProvider {
    fn facts(&self) -> ProviderFacts {
        ProviderFacts {
            list_lag_millis: 0,
            repeatable_create: true,
            can_authorize: true,
            runs_script: true,
            script_limit_bytes: None,
        }
    }

    fn fixed_account(&self) -> Option<String> {
        Self::account(&self.inner.search_path).ok()
    }

    async fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        let request = request.clone();
        self.run(move |inner| inner.create(&request)).await
    }

    async fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        let machine = machine.clone();
        self.run(move |inner| inner.delete(&machine)).await
    }

    async fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        self.run(move |inner| inner.list(deployment)).await
    }

    async fn authorize(&self, machine: &MachineId, keys: &[String]) -> Result<(), ProviderError> {
        let (machine, keys) = (machine.clone(), keys.to_vec());
        self.run(move |inner| inner.authorize(&machine, &keys))
            .await
    }

    /// What its start-up script has written, and with which exit code it has ended; before it begins, what its boot has
    /// written.
    async fn console(&self, machine: &MachineId) -> Result<Option<Console>, ProviderError> {
        let machine = machine.clone();
        let console = self.run(move |inner| inner.console(&machine)).await?;
        Ok(Some(console))
    }

    async fn choices(&self) -> Result<ProviderChoices, ProviderError> {
        let shells = self.run(|_| sshd::shells(Path::new(SHELLS))).await?;
        Ok(ProviderChoices::from([(SHELL.to_owned(), shells)]))
    }

    async fn break_next(&self, pool: PoolId) -> Result<(), ProviderError> {
        self.run(move |inner| Site::open(&inner.root)?.mark(pool))
            .await
    }

    async fn breaks_next(&self, pool: PoolId) -> bool {
        self.run(move |inner| Ok(Site::open(&inner.root)?.is_marked(pool)))
            .await
            .unwrap_or(false)
    }

    async fn test(&self) -> Vec<TestCheck> {
        let checks = self.run(|inner| Ok(inner.test())).await;
        checks.unwrap_or_else(|error| {
            vec![TestCheck {
                name: "the test runs".to_owned(),
                passed: false,
                detail: error.to_string(),
            }]
        })
    }
}

impl Inner {
    fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        check_name(&request.name)?;
        let tools = Tools::find(&self.search_path)?;
        let account = sshd::account(&self.search_path)?;
        self.shell(&tools)?;
        make_privilege_folder()?;
        let site = Site::open(&self.root)?;
        let server = request.tags.server;
        let lock = site.lock(server)?;
        take_away(&site, server, &lock)?;
        let live = site.folder(Stage::Live, server);
        if live.exists() {
            // The machine of an earlier call. Its boot may have been cut off before it began.
            if is_unbooted(&live) {
                start(
                    &tools,
                    &live,
                    server,
                    &account,
                    &self.search_path,
                    Stdio::null(),
                )?;
            }
            return Ok(machine(&site, server));
        }
        // Taken before anything is made, so that it is used once; a call that fails after this has used it up too.
        let is_broken = site.take_mark(request.tags.pool)?;
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            let port = self.build(&site, request, (&tools, &account), attempt, is_broken)?;
            match self.bring_up(&live, server, &tools, &account) {
                Ok(()) => return Ok(machine(&site, server)),
                Err(error) => why = format!("sshd does not start on port {port}: {error}"),
            }
            site.advance(server, Stage::Live, Stage::Deleting)
                .and_then(|()| take_away(&site, server, &lock))
                .map_err(|error| ProviderError::Unknown(format!("{why}; then {error}")))?;
        }
        Err(ProviderError::Unavailable(why))
    }

    /// The program that people get when they sign in.
    fn shell<'a>(&'a self, tools: &'a Tools) -> Result<&'a Path, ProviderError> {
        let Some(shell) = &self.config.login_shell else {
            return Ok(&tools.bash);
        };
        let path = Path::new(shell);
        if sshd::is_program(path) {
            return Ok(path);
        }
        Err(ProviderError::Invalid {
            field: SHELL.to_owned(),
            text: format!("there is no program {shell} on this computer"),
        })
    }

    /// Fills the folder of a machine and puts it in its place; nothing runs yet. Gives the port.
    fn build(
        &self,
        site: &Site,
        request: &CreateRequest,
        (tools, account): (&Tools, &str),
        attempt: u16,
        is_broken: bool,
    ) -> Result<u16, ProviderError> {
        let (tags, script) = (request.tags, request.script.expose());
        let making = site.folder(Stage::Making, tags.server);
        let live = site.folder(Stage::Live, tags.server);
        site.remove(Stage::Making, tags.server)?;
        folder::make_dir(&making)?;
        let mut keygen = Command::new(&tools.ssh_keygen);
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]);
        sshd::run(keygen.arg(making.join("host_key")))?;

        // Until the record lies on the disk, nobody else may choose the same port.
        let ports = site.lock_ports()?;
        let port = free_port(site, tags.server, attempt)?;
        let record = Record {
            version: Record::VERSION,
            name: request.name.clone(),
            deployment: tags.deployment,
            generation: tags.generation,
            pool: tags.pool,
            config: tags.config,
            server: tags.server,
            port,
        };
        let record = serde_json::to_vec_pretty(&record)
            .map_err(|error| ProviderError::Unavailable(format!("machine.json: {error}")))?;
        folder::write(&making.join("machine.json"), 0o600, &record)?;
        drop(ports);

        let home = making.join("home");
        folder::make_dir(&home)?;
        let delay = self.config.boot_delay_secs;
        let settings = sshd::config(&live, tags.server, account, port);
        let boot = sshd::boot(tools, &live, delay, script, is_broken);
        let login = sshd::login(tools, self.shell(tools)?);
        for (path, mode, text) in [
            (making.join("authorized_keys"), 0o600, ""),
            (making.join("sshd_config"), 0o600, settings.as_str()),
            (making.join("login"), 0o700, &login),
            (making.join("boot"), 0o700, &boot),
            (making.join("startup-script"), 0o700, script),
            (home.join(".bashrc"), 0o600, &sshd::bashrc(&request.name)),
            (home.join(".bash_profile"), 0o600, ". ~/.bashrc\n"),
        ] {
            folder::write(&path, mode, text.as_bytes())?;
        }
        folder::sync(&making)
            .map_err(|error| failed("the folder cannot be kept", &making, &error))?;
        site.advance(tags.server, Stage::Making, Stage::Live)?;
        Ok(port)
    }

    /// Starts the machine. Without a boot delay it also waits until sshd listens, some hundredths of a second.
    fn bring_up(
        &self,
        live: &Path,
        server: ServerId,
        tools: &Tools,
        account: &str,
    ) -> Result<(), ProviderError> {
        if self.config.boot_delay_secs > 0 {
            return start(
                tools,
                live,
                server,
                account,
                &self.search_path,
                Stdio::null(),
            );
        }
        let (reader, writer) = std::io::pipe()
            .map_err(|error| ProviderError::Unavailable(format!("no pipe: {error}")))?;
        start(
            tools,
            live,
            server,
            account,
            &self.search_path,
            writer.into(),
        )?;
        // The boot closes its end when it says `up` or gives up, after five seconds at most.
        let mut word = String::new();
        BufReader::new(reader)
            .read_line(&mut word)
            .map_err(|error| {
                ProviderError::Unavailable(format!("the boot is not heard: {error}"))
            })?;
        if word.trim() == "up" {
            return Ok(());
        }
        let last = |name| {
            let text = fs::read_to_string(live.join(name)).unwrap_or_default();
            text.trim().lines().last().unwrap_or_default().to_owned()
        };
        Err(ProviderError::Unavailable(
            [last("sshd.log"), last("boot.log")].join(" "),
        ))
    }

    fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        // Another provider's name for a machine is none of ours, and never a path.
        let Ok(server) = ServerId::from_bare(&machine.0) else {
            return Ok(());
        };
        let site = Site::open(&self.root)?;
        let lock = site.lock(server)?;
        site.remove(Stage::Making, server)?;
        if site.folder(Stage::Live, server).exists() {
            // From here on no login can begin: sshd finds neither its keys nor its login program.
            site.advance(server, Stage::Live, Stage::Deleting)?;
        }
        take_away(&site, server, &lock)
    }

    fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        let started_at = self.clock.now();
        let site = Site::open(&self.root)?;
        let mut machines = Vec::new();
        for (server, stage) in site.machines()? {
            let folder = site.folder(stage, server);
            // What a crash left half-done is finished here, unless a call is at it now.
            match stage {
                Stage::Making => {
                    // A program of a Weir that has died may still be writing in it: the next list removes it.
                    if let Some(_lock) = site.try_lock(server)?
                        && let Err(error) = site.remove(Stage::Making, server)
                    {
                        tracing::warn!(%server, %error, "a half-made machine cannot be taken away");
                    }
                    continue;
                }
                Stage::Deleting => {
                    if let Some(lock) = site.try_lock(server)? {
                        match take_away(&site, server, &lock) {
                            Ok(()) => continue,
                            Err(error) => {
                                tracing::warn!(%server, %error, "a machine cannot be taken away");
                            }
                        }
                    }
                }
                Stage::Live => {
                    if is_unbooted(&folder)
                        && let Some(_lock) = site.try_lock(server)?
                        && is_unbooted(&folder)
                    {
                        let tools = Tools::find(&self.search_path)?;
                        let account = sshd::account(&self.search_path)?;
                        start(
                            &tools,
                            &folder,
                            server,
                            &account,
                            &self.search_path,
                            Stdio::null(),
                        )?;
                    }
                }
            }
            let is_gone = [Stage::Live, Stage::Deleting]
                .iter()
                .all(|stage| !site.folder(*stage, server).exists());
            let is_other =
                Record::read(&folder).is_some_and(|record| record.deployment != deployment);
            if !is_gone && !is_other {
                machines.push(machine(&site, server));
            }
        }
        Ok(Listing {
            started_at,
            machines,
        })
    }

    fn authorize(&self, machine: &MachineId, keys: &[String]) -> Result<(), ProviderError> {
        if let Some(key) = keys.iter().find(|key| !is_public_key(key)) {
            return Err(ProviderError::Invalid {
                field: "keys".to_owned(),
                text: format!(
                    "`{}` is not a public key on one line",
                    key.chars().take(40).collect::<String>()
                ),
            });
        }
        let site = Site::open(&self.root)?;
        let server = known(&site, machine)?;
        let _lock = site.lock(server)?;
        known(&site, machine)?;
        let folder = site.folder(Stage::Live, server);
        let (path, new) = (
            folder.join("authorized_keys"),
            folder.join(".authorized_keys"),
        );
        let text: String = keys.iter().flat_map(|key| [key.trim(), "\n"]).collect();
        folder::write(&new, 0o600, text.as_bytes())?;
        fs::rename(&new, &path)
            .and_then(|()| folder::sync(&folder))
            .map_err(|error| failed("the keys cannot be put in place", &path, &error))
    }

    fn console(&self, machine: &MachineId) -> Result<Console, ProviderError> {
        let site = Site::open(&self.root)?;
        let folder = site.folder(Stage::Live, known(&site, machine)?);
        // Looked for first: then nothing that the script has written is missing before it.
        let end = script_end(&folder);
        for name in ["script.log", "boot.log"] {
            let path = folder.join(name);
            match folder::end_of(&path, Console::MAX_BYTES - MAX_END) {
                Ok((mut bytes, is_cut)) => {
                    if let Some(end) = end {
                        if bytes.last().is_some_and(|last| *last != b'\n') {
                            bytes.push(b'\n');
                        }
                        bytes.extend_from_slice(end.as_bytes());
                    }
                    return Ok(Console { bytes, is_cut });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed("the file cannot be read", &path, &error)),
            }
        }
        Ok(Console::default())
    }

    fn read(&self, machine: &MachineId, name: &str) -> Result<Vec<u8>, ProviderError> {
        let site = Site::open(&self.root)?;
        let path = site.folder(Stage::Live, known(&site, machine)?).join(name);
        fs::read(&path).map_err(|error| failed("the file cannot be read", &path, &error))
    }

    fn test(&self) -> Vec<TestCheck> {
        let check = |name: &str, result: Result<String, ProviderError>| TestCheck {
            name: name.to_owned(),
            passed: result.is_ok(),
            detail: result.unwrap_or_else(|error| error.to_string()),
        };
        let mut checks = sshd::checks(&self.search_path);
        if let Ok(tools) = Tools::find(&self.search_path) {
            let shell = self.shell(&tools).map(|shell| shell.display().to_string());
            checks.push(check("the login shell is installed", shell));
        }
        let account = sshd::account(&self.search_path);
        let login = account.as_ref().map_err(Clone::clone).and_then(|name| {
            let barrier = barrier(name);
            barrier.map_or_else(
                || Ok(format!("people sign in as {name}")),
                |why| Err(ProviderError::Unavailable(why)),
            )
        });
        checks.push(check("the account can be signed in to", login));
        let folder = Site::open(&self.root).and_then(|site| {
            drop(site.lock_ports()?);
            Ok(self.root.display().to_string())
        });
        checks.push(check("the folder can be written", folder));
        let port = TcpListener::bind((HOST, 0))
            .map(|_| format!("on {HOST}"))
            .map_err(|error| ProviderError::Unavailable(format!("no port on {HOST}: {error}")));
        checks.push(check("a port can be opened", port));
        let terminals = terminal_barrier().map_or_else(
            || Ok("logins get one".to_owned()),
            |why| Err(ProviderError::Unavailable(why)),
        );
        checks.push(check("terminals can be given to people", terminals));
        checks.push(check(
            "sshd can separate its privileges",
            make_privilege_folder(),
        ));
        checks
    }
}

/// Ends all that still runs of a machine that is being taken away and removes its folder. A machine that nobody has begun
/// to take away stays.
fn take_away(site: &Site, server: ServerId, _lock: &Lock) -> Result<(), ProviderError> {
    if site.folder(Stage::Live, server).exists() {
        return Ok(());
    }
    process::end_all(&site.evidence(server))
        .map_err(|why| ProviderError::Unavailable(format!("{server} is not gone: {why}")))?;
    site.remove(Stage::Deleting, server)
}

/// Starts the boot of a machine in a session of its own, so that it outlives this process.
fn start(
    tools: &Tools,
    live: &Path,
    server: ServerId,
    account: &str,
    search_path: &str,
    output: Stdio,
) -> Result<(), ProviderError> {
    let log = live.join("boot.log");
    let errors = fs::File::create(&log)
        .map_err(|error| failed("the file cannot be written", &log, &error))?;
    let status = Command::new(&tools.setsid)
        .arg("--fork")
        .arg(&tools.bash)
        .arg("./boot")
        .current_dir(live)
        .env_clear()
        .env("PATH", search_path)
        .env("HOME", live.join("home"))
        .env("USER", account)
        .env("LOGNAME", account)
        .env("SHELL", &tools.bash)
        .env("LANG", "C.UTF-8")
        .env(MARKER, server.bare())
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .status()
        .map_err(|error| failed("cannot be run", &tools.setsid, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(ProviderError::Unavailable(format!(
            "setsid failed ({status})"
        )))
    }
}

/// The machine as its folder and its processes show it.
fn machine(site: &Site, server: ServerId) -> Machine {
    let live = site.folder(Stage::Live, server);
    let record = Record::read(&live);
    let state = state(site, server, &live);
    Machine {
        id: MachineId(server.bare()),
        // The folder's name is the tag, so that a machine whose record is damaged is still ours.
        server: Some(server),
        generation: record.as_ref().and_then(|record| record.generation),
        state,
        address: record
            .filter(|_| state == MachineState::Up)
            .map(|record| Address {
                host: HOST.to_owned(),
                port: record.port,
            }),
        host_key: host_key(&live),
    }
}

fn state(site: &Site, server: ServerId, live: &Path) -> MachineState {
    if Record::read(live).is_none() {
        return MachineState::Broken;
    }
    let evidence = site.evidence(server);
    if process::pid_in_file(&live.join("sshd.pid")).is_some_and(|pid| evidence.shows_sshd(pid)) {
        return MachineState::Up;
    }
    // After `up` the boot program only runs the script: then a missing sshd has died.
    if live.join("script.log").exists() {
        return MachineState::Broken;
    }
    match fs::read_link(live.join("booted")) {
        Err(_) => MachineState::Pending,
        Ok(pid) => {
            let pid = pid.to_str().and_then(|pid| pid.parse().ok());
            if pid.is_some_and(|pid| evidence.shows(pid)) {
                MachineState::Pending
            } else {
                MachineState::Broken
            }
        }
    }
}

/// The line that says how the start-up script has ended, once it has.
fn script_end(live: &Path) -> Option<String> {
    let code = fs::read_to_string(live.join("script.exit")).ok()?;
    let code: u8 = code.trim().parse().ok()?;
    Some(format!(
        "weir: the start-up script ended with exit code {code}\n"
    ))
}

/// The public host key without its comment.
fn host_key(live: &Path) -> Option<String> {
    let text = fs::read_to_string(live.join("host_key.pub")).ok()?;
    let mut words = text.split_whitespace();
    Some(format!("{} {}", words.next()?, words.next()?))
}

fn is_unbooted(live: &Path) -> bool {
    fs::symlink_metadata(live.join("booted")).is_err()
}

/// The server of a machine that is there.
fn known(site: &Site, machine: &MachineId) -> Result<ServerId, ProviderError> {
    ServerId::from_bare(&machine.0)
        .ok()
        .filter(|server| site.folder(Stage::Live, *server).exists())
        .ok_or_else(|| ProviderError::Unavailable(format!("there is no machine `{}`", machine.0)))
}

/// A port that no machine of this site has and that can be opened now. The server's id says where the search begins, so
/// that two Weirs on one computer rarely meet.
fn free_port(site: &Site, server: ServerId, attempt: u16) -> Result<u16, ProviderError> {
    let taken: BTreeSet<u16> = site
        .machines()?
        .into_iter()
        .filter_map(|(other, stage)| Record::read(&site.folder(stage, other)))
        .map(|record| record.port)
        .collect();
    let count = PORTS.end - PORTS.start;
    let begin = server.uuid().as_u128() + u128::from(attempt) * 1009;
    let begin = u16::try_from(begin % u128::from(count)).unwrap_or_default();
    (0..count)
        .map(|step| PORTS.start + (begin + step) % count)
        .find(|port| !taken.contains(port) && TcpListener::bind((HOST, *port)).is_ok())
        .ok_or_else(|| {
            ProviderError::Capacity(format!(
                "all ports of {HOST} from {} to {} are taken",
                PORTS.start,
                PORTS.end - 1
            ))
        })
}

/// The name stands in the prompt's settings.
fn check_name(name: &str) -> Result<(), ProviderError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=63).contains(&name.len()) && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(ProviderError::Invalid {
        field: "name".to_owned(),
        text: format!("`{name}` is not a host name label"),
    })
}

/// Whether a line can stand in `authorized_keys` without options before the key.
fn is_public_key(key: &str) -> bool {
    let kinds = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];
    let is_one_line = !key.trim().contains(|c: char| c.is_control());
    is_one_line && kinds.iter().any(|kind| key.trim_start().starts_with(kind))
}

/// As root, sshd needs this folder, which the package's service makes at the computer's start.
fn make_privilege_folder() -> Result<String, ProviderError> {
    if !rustix::process::geteuid().is_root() {
        return Ok("not needed for this account".to_owned());
    }
    let path = Path::new("/run/sshd");
    fs::create_dir_all(path)
        .map(|()| path.display().to_string())
        .map_err(|error| failed("the folder cannot be made", path, &error))
}

/// Why sshd could not give a login a terminal: as an ordinary account it cannot change a terminal's group, so the system
/// has to make terminals with the group `tty` from the start, as it usually does.
fn terminal_barrier() -> Option<String> {
    if rustix::process::geteuid().is_root() {
        return None;
    }
    let groups = fs::read_to_string("/etc/group").ok()?;
    let line = groups.lines().find(|line| line.starts_with("tty:"))?;
    let wanted = format!("gid={}", line.split(':').nth(2)?);
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    // The last mount on a folder is the one that is seen.
    let mount = mounts
        .lines()
        .rfind(|line| line.split(' ').nth(1) == Some("/dev/pts"))?;
    let mut options = mount.split(' ').nth(3)?.split(',');
    (!options.any(|option| option == wanted)).then(|| {
        format!(
            "/dev/pts is mounted without {wanted}, so sshd cannot open terminals as an ordinary account; \
             `mount -o remount,{wanted},mode=620 /dev/pts` as root mends it"
        )
    })
}

/// Why sshd would turn away a right key, as far as the files of the system tell.
fn barrier(account: &str) -> Option<String> {
    let field = |path, index: usize| {
        let text = fs::read_to_string(path).ok()?;
        let line = text
            .lines()
            .find(|line| line.split(':').next() == Some(account))?;
        line.split(':').nth(index).map(str::to_owned)
    };
    if field("/etc/shadow", 1).is_some_and(|password| password.starts_with('!')) {
        return Some(format!(
            "the account {account} is locked, so sshd turns keys away too; `usermod -p '*' {account}` lets keys in and no \
             password"
        ));
    }
    let shell = field("/etc/passwd", 6)?;
    (shell.ends_with("/nologin") || shell.ends_with("/false")).then(|| {
        format!("the shell of {account} is {shell}, which lets nobody in; run Weir as an account with a shell")
    })
}
