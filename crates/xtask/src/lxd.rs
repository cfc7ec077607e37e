//! An LXD for one test run: a daemon with a bridge, a storage pool and an image of its own, started in some seconds and gone
//! without a trace at the end. What a killed run has left is taken away by the next one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use crate::Result;
use crate::console::{self, say};
use crate::packages;
use crate::service::{self, LOOKS};
use crate::workspace::Workspace;

/// What the image's servers are called in tests.
pub const IMAGE: &str = "weir";

/// How the image is made.
const RECIPE: &str = include_str!("lxd_image.sh");

/// As many may run on one machine at a time; each has a number and with it a network.
const NUMBERS: std::ops::Range<u8> = 0..32;

/// A running LXD; dropping it ends it with all its servers and removes its folder.
pub struct Lxd {
    site: Site,
    keeper: Keeper,
    /// While it is held, no other run takes this one for a left one.
    _lock: File,
}

impl Lxd {
    /// Takes away what killed runs have left, makes the image if there is none, and starts a daemon.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        if !packages::is_root() {
            return Err("LXD needs root: it makes containers and a network bridge".to_owned());
        }
        let image = image(workspace)?;
        let folder = workspace.target("lxd");
        fs::create_dir_all(&folder)
            .map_err(|source| format!("can not make {}: {source}", folder.display()))?;
        let (site, lock) = Site::free(&folder)?;
        fs::create_dir(&site.folder)
            .map_err(|source| format!("can not make {}: {source}", site.folder.display()))?;
        let lxd = Self {
            keeper: Keeper::start(&site)?,
            site,
            _lock: lock,
        };
        lxd.site.fill(&image).map_err(|message| {
            format!(
                "LXD does not start: {message}: {}",
                service::end_of(&lxd.site.log())
            )
        })?;
        Ok(lxd)
    }

    /// The socket that its REST API answers on.
    pub fn socket(&self) -> PathBuf {
        self.site.folder.join("unix.socket")
    }
}

impl Drop for Lxd {
    fn drop(&mut self) {
        self.keeper.let_go();
        if let Err(message) = self.site.sweep() {
            eprintln!("LXD did not end: {message}");
        }
    }
}

/// Takes away what killed runs have left.
pub fn sweep(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target("lxd");
    for number in NUMBERS {
        let site = Site::new(&folder, number);
        if site.folder.exists() {
            match site.lock()? {
                Some(_lock) => site.sweep()?,
                None => say(&format!("{} is in use", site.folder.display())),
            }
        }
    }
    Ok(())
}

/// Runs until Enter is pressed or the standard input ends, as it does when the program that has started this one ends.
pub fn serve(workspace: &Workspace) -> Result<()> {
    packages::install(&packages::TO_CONTAIN.iter().collect::<Vec<_>>())?;
    let lxd = Lxd::start(workspace)?;
    say(&format!(
        "LXD answers on {} and has the image {IMAGE}; Enter ends it (after Ctrl-C, `cargo xtask lxd sweep` does)",
        lxd.socket().display()
    ));
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|source| format!("can not read the standard input: {source}"))?;
    Ok(())
}

/// The folder with the image's two files, which is made where there is none of this recipe.
fn image(workspace: &Workspace) -> Result<PathBuf> {
    let hash = format!("{:x}", Sha256::digest(RECIPE));
    let folder = workspace.target(&format!("tools/lxd-image-{}", &hash[..12]));
    if folder.exists() {
        return Ok(folder);
    }
    say("making the image of the servers in LXD");
    let part = workspace.target(&format!("tools/lxd-image-{}.part", std::process::id()));
    let mut shell = Command::new("sh");
    shell.args(["-c", RECIPE, "lxd_image.sh"]).arg(&part);
    let made = shell
        .output()
        .map_err(|source| format!("can not start sh: {source}"))?;
    if !made.status.success() {
        return Err(format!(
            "the image of the servers in LXD can not be made ({}): {}",
            made.status,
            String::from_utf8_lossy(&made.stderr).trim()
        ));
    }
    fs::rename(&part, &folder)
        .map_err(|source| format!("can not make {}: {source}", folder.display()))?;
    Ok(folder)
}

/// Where one daemon lives, and how its bridge is called.
struct Site {
    folder: PathBuf,
    number: u8,
}

impl Site {
    fn new(folder: &Path, number: u8) -> Self {
        Self {
            folder: folder.join(number.to_string()),
            number,
        }
    }

    /// The first one that nobody uses, with what was left in it taken away.
    fn free(folder: &Path) -> Result<(Self, File)> {
        for number in NUMBERS {
            let site = Self::new(folder, number);
            let Some(lock) = site.lock()? else {
                continue;
            };
            if site.folder.exists() {
                site.sweep()?;
            }
            // The bridge of a run below another target folder.
            if !site.network().exists() {
                return Ok((site, lock));
            }
        }
        Err("all networks for LXD are in use; `ip link` shows them as weirbr0 and so on".to_owned())
    }

    fn lock(&self) -> Result<Option<File>> {
        let path = self.folder.with_extension("lock");
        let cannot = |source: std::io::Error| format!("can not lock {}: {source}", path.display());
        let file = File::create(&path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(cannot(source)),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    fn bridge(&self) -> String {
        format!("weirbr{}", self.number)
    }

    fn network(&self) -> PathBuf {
        Path::new("/sys/class/net").join(self.bridge())
    }

    /// A program that talks to this daemon.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("LXD_DIR", &self.folder)
            .env("LXD_CONF", self.folder.join("client"));
        command
    }

    /// Gives a daemon that starts its network, its storage, its listener for TLS and its image.
    fn fill(&self, image: &Path) -> Result<()> {
        console::output(self.command("lxd").args(["waitready", "--timeout", "60"]))?;
        let mut init = self.command("lxd");
        let mut init = init
            .args(["init", "--preseed"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|source| format!("can not start lxd: {source}"))?;
        if let Some(mut input) = init.stdin.take() {
            input
                .write_all(self.settings()?.to_string().as_bytes())
                .map_err(|source| format!("can not write to lxd: {source}"))?;
        }
        let done = init
            .wait_with_output()
            .map_err(|source| format!("can not wait for lxd: {source}"))?;
        if !done.status.success() {
            return Err(format!(
                "`lxd init` ended with {}: {}",
                done.status,
                String::from_utf8_lossy(&done.stderr).trim()
            ));
        }
        console::output(
            self.command("lxc")
                .args(["image", "import", "--alias", IMAGE])
                .arg(image.join("meta.tar.gz"))
                .arg(image.join("rootfs.squashfs")),
        )
        .map(drop)
    }

    fn settings(&self) -> Result<serde_json::Value> {
        let bridge = self.bridge();
        // The servers reach this machine and nothing else, so no rule of a firewall is needed, and none is left behind.
        let network = serde_json::json!({
            "ipv4.address": format!("10.77.{}.1/24", self.number),
            "ipv4.nat": "false",
            "ipv4.firewall": "false",
            "ipv6.address": "none",
        });
        Ok(serde_json::json!({
            "config": {"core.https_address": format!("127.0.0.1:{}", service::free_port()?)},
            "networks": [{"name": bridge, "type": "bridge", "config": network}],
            "storage_pools": [{"name": "default", "driver": "btrfs", "config": {"size": "8GiB"}}],
            "profiles": [{"name": "default", "devices": {
                "root": {"type": "disk", "path": "/", "pool": "default"},
                "eth0": {"type": "nic", "name": "eth0", "network": bridge},
            }}],
        }))
    }

    /// Ends the daemon with all its servers, and takes its mounts, its bridge and its folder away. It asks the daemon nothing,
    /// which may be dead.
    fn sweep(&self) -> Result<()> {
        kill(&self.processes(IsMonitor::No))?;
        // The monitor of a server that has ended takes its control groups away, and ends too.
        for _ in 0..LOOKS / 10 {
            if self.processes(IsMonitor::Yes).is_empty() {
                break;
            }
            service::pause();
        }
        for _ in 0..LOOKS {
            let left = self.processes(IsMonitor::Any);
            if left.is_empty() {
                break;
            }
            kill(&left)?;
            service::pause();
        }
        for port in names(&self.network().join("brif")) {
            // Its other end, and so itself, may have gone meanwhile.
            let _ = console::output(Command::new("ip").args(["link", "del", &port]));
        }
        if self.network().exists() {
            console::output(Command::new("ip").args(["link", "del", &self.bridge()]))?;
        }
        for mount in self.mounts()?.iter().rev() {
            console::output(Command::new("umount").args(["-l", mount]))?;
        }
        fs::remove_dir_all(&self.folder)
            .map_err(|source| format!("can not remove {}: {source}", self.folder.display()))
    }

    /// What is mounted below the folder, in the order in which it was.
    fn mounts(&self) -> Result<Vec<String>> {
        let mounts = fs::read_to_string("/proc/mounts")
            .map_err(|source| format!("can not read /proc/mounts: {source}"))?;
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        Ok(points
            .filter(|point| Path::new(point).starts_with(&self.folder))
            .map(str::to_owned)
            .collect())
    }

    /// The ids of what runs from the folder: programs that name it, and all that has its root in the storage pool.
    fn processes(&self, wanted: IsMonitor) -> BTreeSet<u32> {
        let disk = console::output(
            Command::new("losetup")
                .args(["--noheadings", "--output", "NAME", "--associated"])
                .arg(self.folder.join("disks/default.img")),
        )
        .unwrap_or_default();
        let disk = disk.trim();
        let folder = format!("{}/", self.folder.display());
        let own = std::process::id();
        let mut found = BTreeSet::new();
        for id in names(Path::new("/proc")) {
            let Ok(id) = id.parse::<u32>() else { continue };
            // What has ended meanwhile has no files any more.
            let read = |file: &str| fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let is_monitor = command.starts_with("[lxc monitor]");
            let is_wanted = match wanted {
                IsMonitor::Yes => is_monitor,
                IsMonitor::No => !is_monitor,
                IsMonitor::Any => true,
            };
            let names_it = command.contains(&folder) && is_program(&command);
            let lives_in_it = || {
                let mounts = read("mountinfo");
                !disk.is_empty()
                    && String::from_utf8_lossy(&mounts).lines().any(|line| {
                        line.split(' ').nth(4) == Some("/") && line.contains(&format!(" {disk} "))
                    })
            };
            if id != own && is_wanted && (names_it || lives_in_it()) {
                found.insert(id);
            }
        }
        found
    }
}

/// Which processes are meant.
#[derive(Clone, Copy)]
enum IsMonitor {
    Yes,
    No,
    Any,
}

/// Whether a command line is of one of LXD's own programs, and not of an editor or a shell that looks at its folder.
fn is_program(command: &str) -> bool {
    ["lxd ", "dnsmasq ", "[lxc monitor]"]
        .iter()
        .any(|start| command.starts_with(start))
        || command.contains("/lxd ")
}

fn kill(ids: &BTreeSet<u32>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    // One of them may have ended meanwhile, of which `kill` complains.
    console::status(
        Command::new("kill")
            .arg("-9")
            .args(ids.iter().map(u32::to_string))
            .stderr(Stdio::null()),
    )
    .map(drop)
}

/// The names in a folder; none if it is not there.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Starts the daemon, and starts it again whenever it ends: tests kill it.
struct Keeper {
    is_wanted: Arc<Mutex<bool>>,
}

impl Keeper {
    fn start(site: &Site) -> Result<Self> {
        let is_wanted = Arc::new(Mutex::new(true));
        // Its own database gives up a transaction that gets no processor in time, as beside a compiler. Where priorities
        // may not be raised, `nice` says so and starts it all the same.
        let mut daemon = site.command("nice");
        daemon
            .args(["-n", "-10", "lxd", "--logfile"])
            .arg(site.folder.join("lxd.log"));
        let cannot =
            |source: std::io::Error| format!("can not write {}: {source}", site.log().display());
        let log = File::create(site.log()).map_err(cannot)?;
        daemon
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(cannot)?)
            .stderr(log);
        let first = spawn(&mut daemon)?;
        let wanted = Arc::clone(&is_wanted);
        // Ends when the daemon ends that nobody wants any more.
        thread::spawn(move || keep(&mut daemon, first, &wanted));
        Ok(Self { is_wanted })
    }

    /// Does not start it again. It still runs.
    fn let_go(&self) {
        *self
            .is_wanted
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = false;
    }
}

fn keep(daemon: &mut Command, first: Child, is_wanted: &Mutex<bool>) {
    let mut child = first;
    loop {
        let ended = child.wait();
        // Held until it runs, so that whoever lets go afterwards finds it.
        let is_wanted = is_wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_wanted {
            return;
        }
        match ended
            .map_err(|source| source.to_string())
            .and_then(|_| spawn(daemon))
        {
            Ok(next) => child = next,
            Err(message) => {
                eprintln!("LXD is not started again: {message}");
                return;
            }
        }
    }
}

fn spawn(daemon: &mut Command) -> Result<Child> {
    daemon
        .spawn()
        .map_err(|source| format!("can not start lxd: {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_image_and_leaves_nothing_behind() {
        let workspace = Workspace::find().expect("a workspace");
        let lxd = Lxd::start(&workspace).expect("a running LXD");
        let alias = format!("/1.0/images/aliases/{IMAGE}");
        console::output(lxd.site.command("lxc").args(["query", &alias])).expect("the image");
        console::output(lxd.site.command("lxc").args(["launch", IMAGE, "one"])).expect("a server");
        let site = Site::new(&workspace.target("lxd"), lxd.site.number);
        assert!(site.network().exists());
        drop(lxd);
        assert!(!site.folder.exists(), "{} is gone", site.folder.display());
        assert!(!site.network().exists(), "{} is gone", site.bridge());
        assert_eq!(site.mounts(), Ok(Vec::new()));
        assert_eq!(site.processes(IsMonitor::Any), BTreeSet::new());
    }
}
