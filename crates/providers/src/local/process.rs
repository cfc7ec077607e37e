//! Finds and ends the processes of a machine.
//!
//! No process id is ever remembered and trusted, because ids are used again. A process belongs to a machine if it shows
//! that by itself: its environment names the server, or it is an sshd that has a file of the machine's folder open (sshd
//! overwrites its own environment with its title), or it descends from such a process. A process that has wiped its
//! environment *and* left its parents is not found.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::id::ServerId;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The environment variable that all processes of a machine carry; its value is the bare server id.
pub(super) const MARKER: &str = "WEIR_SERVER";

/// Rounds of looking and killing before giving up: a process may start another between the two.
const ROUNDS: usize = 20;

/// By what the processes of one machine are known.
pub(super) struct Evidence {
    variable: Vec<u8>,
    folders: Vec<PathBuf>,
}

impl Evidence {
    /// Of this server, whose files lie in one of `folders`.
    pub(super) fn new(server: ServerId, folders: Vec<PathBuf>) -> Self {
        Self {
            variable: format!("{MARKER}={}", server.bare()).into_bytes(),
            folders,
        }
    }

    /// Whether the living process `pid` belongs to the machine by its own looks.
    pub(super) fn shows(&self, pid: i32) -> bool {
        Process::read(pid).is_some() && (self.in_environment(pid) || self.is_sshd(pid))
    }

    /// Whether the living process `pid` is an sshd of the machine.
    pub(super) fn shows_sshd(&self, pid: i32) -> bool {
        Process::read(pid).is_some() && self.is_sshd(pid)
    }

    fn in_environment(&self, pid: i32) -> bool {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            environment
                .split(|&byte| byte == 0)
                .any(|entry| entry == self.variable)
        })
    }

    fn is_sshd(&self, pid: i32) -> bool {
        let is_named =
            fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with(b"sshd"));
        is_named && (self.has_file_open(pid) || self.is_titled(pid))
    }

    fn has_file_open(&self, pid: i32) -> bool {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| self.folders.iter().any(|folder| target.starts_with(folder)))
    }

    /// The listener's title holds the path of its configuration.
    fn is_titled(&self, pid: i32) -> bool {
        let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let title = String::from_utf8_lossy(&title);
        self.folders.iter().any(|folder| {
            let path = format!("{}/", folder.display());
            title.split([' ', '\0']).any(|word| word.starts_with(&path))
        })
    }
}

/// A living process.
struct Process {
    pid: i32,
    parent: i32,
    /// Clock ticks from the boot to its start: with the id, it names a process for good.
    started: u64,
}

impl Process {
    /// None if there is no such process or only its exit status is left.
    fn read(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may hold anything, so the fields are counted from its end (proc(5)).
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let state = *fields.first()?;
        if matches!(state, "Z" | "X") {
            return None;
        }
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    fn all() -> io::Result<Vec<Self>> {
        let mut processes = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let pid = entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            processes.extend(pid.and_then(Self::read));
        }
        Ok(processes)
    }
}

/// Ends all processes of a machine at once and waits until they are gone.
///
/// # Errors
/// What is still there after many rounds, or why `/proc` cannot be read.
pub(super) fn end_all(evidence: &Evidence) -> Result<(), String> {
    let mut left = Vec::new();
    for _ in 0..ROUNDS {
        left = find(evidence).map_err(|error| format!("/proc cannot be read: {error}"))?;
        if left.is_empty() {
            return Ok(());
        }
        end(&left)?;
    }
    let pids: Vec<String> = left.iter().map(|process| process.pid.to_string()).collect();
    Err(format!("the processes {} do not end", pids.join(", ")))
}

/// The path of the process that a file such as sshd's `PidFile` names.
pub(super) fn pid_in_file(path: &Path) -> Option<i32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn find(evidence: &Evidence) -> io::Result<Vec<Process>> {
    let own = i32::try_from(std::process::id()).ok();
    let mut all = Process::all()?;
    all.retain(|process| Some(process.pid) != own);
    let mut ours: BTreeSet<i32> = all
        .iter()
        .filter(|process| evidence.shows(process.pid))
        .map(|process| process.pid)
        .collect();
    loop {
        let before = ours.len();
        for process in &all {
            if ours.contains(&process.parent) {
                ours.insert(process.pid);
            }
        }
        if ours.len() == before {
            break;
        }
    }
    all.retain(|process| ours.contains(&process.pid));
    Ok(all)
}

fn end(processes: &[Process]) -> Result<(), String> {
    let mut handles = Vec::new();
    for process in processes {
        let Some(pid) = Pid::from_raw(process.pid) else {
            continue;
        };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::SRCH) => continue,
            Err(error) => return Err(format!("no handle on process {}: {error}", process.pid)),
        };
        // The handle now names one process for good: look once more whether it is the one that was found.
        if Process::read(process.pid).is_none_or(|now| now.started != process.started) {
            continue;
        }
        match pidfd_send_signal(&handle, Signal::KILL) {
            Ok(()) => handles.push(handle),
            Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(format!("process {} cannot be ended: {error}", process.pid)),
        }
    }
    let second = Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    for handle in &handles {
        let ended = poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&second));
        if !matches!(ended, Ok(1)) {
            // It hangs in the kernel: the next round looks again.
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read_and_belongs_to_no_machine() {
        let own = i32::try_from(std::process::id()).expect("a process id");
        let process = Process::read(own).expect("it lives");
        assert!(process.started > 0);
        assert!(process.parent > 0);
        let server = ServerId::from_uuid(uuid::Uuid::from_u128(7));
        let evidence = Evidence::new(server, vec![PathBuf::from("/nowhere")]);
        assert!(!evidence.shows(own));
        assert_eq!(end_all(&evidence), Ok(()));
    }
}
