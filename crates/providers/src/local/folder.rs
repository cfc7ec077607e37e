//! The folders in which machines live. What a folder is called says how far its machine is, and a rename is the only step
//! from one stage to the next, so a crash leaves each machine in exactly one of them.
//!
//! ```text
//! .making-<server>    being filled; nothing runs
//! <server>            the machine
//! .deleting-<server>  being taken away; a login can no longer begin
//! .lock-<0..f>        locks, also between processes; a lock goes with its process
//! .break-<pool>       the script of the pool's next machine is asked to fail
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use domain::id::{ConfigId, DeploymentId, GenerationId, PoolId, ServerId};
use serde::{Deserialize, Serialize};

use super::process::Evidence;
use crate::ProviderError;

const MAKING: &str = ".making-";
const DELETING: &str = ".deleting-";

/// What is known of a machine, in its folder's `machine.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Of this layout.
    pub(super) version: u32,
    pub(super) name: String,
    pub(super) deployment: DeploymentId,
    /// Absent in those of the versions before there were any.
    #[serde(default)]
    pub(super) generation: Option<GenerationId>,
    pub(super) pool: PoolId,
    pub(super) config: ConfigId,
    pub(super) server: ServerId,
    /// On 127.0.0.1.
    pub(super) port: u16,
}

impl Record {
    /// The layout that this version writes.
    pub(super) const VERSION: u32 = 1;

    pub(super) fn read(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join("machine.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// How far a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Making,
    Live,
    Deleting,
}

/// The folder that holds the machines of one provider config.
pub(super) struct Site {
    root: PathBuf,
}

/// Held while a machine is changed; let go when dropped or when the process ends.
pub(super) struct Lock {
    _file: File,
}

impl Site {
    /// Makes the folder if it is missing.
    pub(super) fn open(root: &Path) -> Result<Self, ProviderError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(|error| failed("the folder cannot be made", root, &error))?;
        // Links under /proc show the path without symbolic links.
        let root = fs::canonicalize(root)
            .map_err(|error| failed("the folder cannot be found", root, &error))?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=@,".contains(c);
        if !root.to_str().is_some_and(|path| path.chars().all(is_plain)) {
            return Err(ProviderError::Unavailable(format!(
                "the path `{}` may hold only letters, digits and / . _ - + = @ , because sshd's settings name it; start \
                 Weir with another data folder",
                root.display()
            )));
        }
        Ok(Self { root })
    }

    pub(super) fn folder(&self, stage: Stage, server: ServerId) -> PathBuf {
        let name = server.bare();
        match stage {
            Stage::Making => self.root.join(format!("{MAKING}{name}")),
            Stage::Live => self.root.join(name),
            Stage::Deleting => self.root.join(format!("{DELETING}{name}")),
        }
    }

    /// By what the processes of a machine are known, at every stage.
    pub(super) fn evidence(&self, server: ServerId) -> Evidence {
        let stages = [Stage::Live, Stage::Deleting];
        Evidence::new(
            server,
            stages.map(|stage| self.folder(stage, server)).into(),
        )
    }

    /// All machines by server.
    pub(super) fn machines(&self) -> Result<Vec<(ServerId, Stage)>, ProviderError> {
        let unread = |error: io::Error| failed("the folder cannot be read", &self.root, &error);
        let mut machines = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(unread)? {
            let name = entry.map_err(unread)?.file_name();
            let name = name.to_string_lossy();
            let (stage, server) = if let Some(server) = name.strip_prefix(MAKING) {
                (Stage::Making, server)
            } else if let Some(server) = name.strip_prefix(DELETING) {
                (Stage::Deleting, server)
            } else {
                (Stage::Live, &*name)
            };
            if let Ok(server) = ServerId::from_bare(server) {
                machines.push((server, stage));
            }
        }
        machines.sort_by_key(|(server, _)| *server);
        Ok(machines)
    }

    /// Takes a machine from one stage to the next, for good.
    pub(super) fn advance(
        &self,
        server: ServerId,
        from: Stage,
        to: Stage,
    ) -> Result<(), ProviderError> {
        let path = self.folder(from, server);
        fs::rename(&path, self.folder(to, server))
            .and_then(|()| sync(&self.root))
            .map_err(|error| failed("the folder cannot be renamed", &path, &error))
    }

    /// Removes a folder with all that is in it; none is a success.
    pub(super) fn remove(&self, stage: Stage, server: ServerId) -> Result<(), ProviderError> {
        let path = self.folder(stage, server);
        match fs::remove_dir_all(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("the folder cannot be removed", &path, &error)),
        }
    }

    /// Waits for the lock of a machine. Sixteen locks serve all machines.
    pub(super) fn lock(&self, server: ServerId) -> Result<Lock, ProviderError> {
        self.lock_file(&lock_name(server))
    }

    /// The lock of a machine if nobody holds it.
    pub(super) fn try_lock(&self, server: ServerId) -> Result<Option<Lock>, ProviderError> {
        let (path, file) = self.open_lock(&lock_name(server))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("no lock on", &path, &error)),
        }
    }

    /// Waits for the lock under which ports are given out.
    pub(super) fn lock_ports(&self) -> Result<Lock, ProviderError> {
        self.lock_file("ports")
    }

    /// Asks that the script of a pool's next machine fails.
    pub(super) fn mark(&self, pool: PoolId) -> Result<(), ProviderError> {
        write(&self.mark_path(pool), 0o600, b"")?;
        sync(&self.root).map_err(|error| failed("the folder cannot be kept", &self.root, &error))
    }

    /// Whether that is asked.
    pub(super) fn is_marked(&self, pool: PoolId) -> bool {
        self.mark_path(pool).exists()
    }

    /// Takes the mark away for the one machine that it is meant for: of several calls at once only one finds it.
    pub(super) fn take_mark(&self, pool: PoolId) -> Result<bool, ProviderError> {
        let path = self.mark_path(pool);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("the file cannot be removed", &path, &error)),
        }
    }

    fn mark_path(&self, pool: PoolId) -> PathBuf {
        self.root.join(format!(".break-{}", pool.bare()))
    }

    fn lock_file(&self, name: &str) -> Result<Lock, ProviderError> {
        let (path, file) = self.open_lock(name)?;
        file.lock()
            .map_err(|error| failed("no lock on", &path, &error))?;
        Ok(Lock { _file: file })
    }

    fn open_lock(&self, name: &str) -> Result<(PathBuf, File), ProviderError> {
        let path = self.root.join(format!(".lock-{name}"));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("the file cannot be opened", &path, &error))?;
        Ok((path, file))
    }
}

/// Writes a file that is safe on the disk when this returns.
pub(super) fn write(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), ProviderError> {
    let write = || {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(mode)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| failed("the file cannot be written", path, &error))
}

/// Makes a folder that only its owner can enter.
pub(super) fn make_dir(path: &Path) -> Result<(), ProviderError> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(|error| failed("the folder cannot be made", path, &error))
}

/// Makes the names in a folder safe on the disk.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A step on a path that did not work.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> ProviderError {
    ProviderError::Unavailable(format!("{what}: {}: {error}", path.display()))
}

/// The last bytes of a file, at most so many, and whether there are more before them.
pub(super) fn end_of(path: &Path, max: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(max);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(max).read_to_end(&mut bytes)?;
    Ok((bytes, skipped > 0))
}

fn lock_name(server: ServerId) -> String {
    format!("{:x}", server.uuid().as_u128() & 0xf)
}
