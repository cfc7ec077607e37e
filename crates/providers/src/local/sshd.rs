//! What a machine is made of: the programs it needs, the settings of its sshd, and what it does at boot and at login.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use domain::id::ServerId;
use domain::provider::{ProviderChoice, TestCheck};

use super::BREAK;
use super::config::is_plain_path;
use super::folder::failed;
use super::process::MARKER;
use crate::ProviderError;

/// The programs a machine needs, and the Debian package that brings each.
const PROGRAMS: [(&str, &str); 6] = [
    ("sshd", "openssh-server"),
    ("ssh-keygen", "openssh-client"),
    ("curl", "curl"),
    ("bash", "bash"),
    ("setsid", "util-linux"),
    ("id", "coreutils"),
];

/// Where distributions put the program that serves `sftp` and `scp`.
const SFTP_SERVERS: [&str; 4] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
];

/// The programs, found.
pub(super) struct Tools {
    pub(super) sshd: PathBuf,
    pub(super) ssh_keygen: PathBuf,
    pub(super) bash: PathBuf,
    pub(super) setsid: PathBuf,
}

impl Tools {
    /// Looks for the programs in `search_path`, folders with colons between them.
    pub(super) fn find(search_path: &str) -> Result<Self, ProviderError> {
        let missing: Vec<TestCheck> = checks(search_path)
            .into_iter()
            .filter(|check| !check.passed)
            .collect();
        if !missing.is_empty() {
            let details: Vec<_> = missing.into_iter().map(|check| check.detail).collect();
            return Err(ProviderError::Unavailable(details.join("; ")));
        }
        let get = |name| {
            find(search_path, name)
                .ok_or_else(|| ProviderError::Unavailable(format!("{name} has just vanished")))
        };
        Ok(Self {
            sshd: get("sshd")?,
            ssh_keygen: get("ssh-keygen")?,
            bash: get("bash")?,
            setsid: get("setsid")?,
        })
    }
}

/// Whether each program is there.
pub(super) fn checks(search_path: &str) -> Vec<TestCheck> {
    PROGRAMS
        .into_iter()
        .map(|(name, package)| {
            let found = find(search_path, name);
            TestCheck {
                name: format!("{name} is installed"),
                passed: found.is_some(),
                detail: found.map_or_else(
                    || format!("{name} is missing: install it with `apt-get install {package}`"),
                    |path| path.display().to_string(),
                ),
            }
        })
        .collect()
}

/// The account that this process runs as, which is the one people sign in to.
pub(super) fn account(search_path: &str) -> Result<String, ProviderError> {
    let id = find(search_path, "id").ok_or_else(|| {
        ProviderError::Unavailable(
            "id is missing: install it with `apt-get install coreutils`".into(),
        )
    })?;
    let name = run(Command::new(id).arg("-un"))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(ProviderError::Unavailable(format!(
            "the account's name `{name}` cannot stand in sshd's settings; run Weir as an account whose name holds only \
             letters, digits and . _ -"
        )));
    }
    Ok(name)
}

/// Runs a program to its end and gives what it wrote.
pub(super) fn run(command: &mut Command) -> Result<String, ProviderError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| ProviderError::Unavailable(format!("{name} cannot be run: {error}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(ProviderError::Unavailable(format!(
            "{name} failed ({}): {}",
            output.status,
            text.trim()
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The settings of a machine's sshd. Paths in them are those of the finished machine.
pub(super) fn config(folder: &Path, server: ServerId, account: &str, port: u16) -> String {
    let folder = folder.display();
    let sftp = SFTP_SERVERS
        .into_iter()
        .find(|path| Path::new(path).exists())
        .map_or_else(String::new, |path| format!("Subsystem sftp {path}\n"));
    format!(
        "# Written by Weir for one machine.\n\
         Port {port}\n\
         ListenAddress 127.0.0.1\n\
         HostKey {folder}/host_key\n\
         PidFile {folder}/sshd.pid\n\
         AuthorizedKeysFile {folder}/authorized_keys\n\
         AllowUsers {account}\n\
         PermitRootLogin prohibit-password\n\
         PubkeyAuthentication yes\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         StrictModes no\n\
         UsePAM no\n\
         UseDNS no\n\
         MaxAuthTries 20\n\
         LoginGraceTime 30\n\
         AllowAgentForwarding no\n\
         AllowTcpForwarding no\n\
         AllowStreamLocalForwarding no\n\
         X11Forwarding no\n\
         PermitTunnel no\n\
         PermitUserRC no\n\
         PrintMotd no\n\
         PrintLastLog no\n\
         SetEnv {MARKER}={} HOME={folder}/home\n\
         ForceCommand {folder}/login\n\
         {sftp}",
        server.bare()
    )
}

/// What runs at a login: the shell, or the command of `ssh host command` and of `scp`, in the machine's own home.
pub(super) fn login(tools: &Tools, shell: &Path) -> String {
    let (bash, shell) = (tools.bash.display(), shell.display());
    format!(
        "#!{bash}\n\
         cd -- \"$HOME\" || exit 1\n\
         export SHELL={shell}\n\
         if [ -n \"${{SSH_ORIGINAL_COMMAND+set}}\" ]; then\n\
         \x20 exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"\n\
         fi\n\
         exec {shell} -l\n"
    )
}

/// The shells that this file names and that are there.
pub(super) fn shells(list: &Path) -> Result<Vec<ProviderChoice>, ProviderError> {
    let text = fs::read_to_string(list)
        .map_err(|error| failed("the file cannot be read", list, &error))?;
    let paths: BTreeSet<&str> = text
        .lines()
        .map(str::trim)
        .filter(|path| is_plain_path(path) && is_program(Path::new(path)))
        .collect();
    let choice = |path: &str| ProviderChoice {
        value: path.to_owned(),
        label: path.rsplit('/').next().unwrap_or(path).to_owned(),
    };
    Ok(paths.into_iter().map(choice).collect())
}

/// The shell's start-up file in the machine's home: a prompt that names the machine.
pub(super) fn bashrc(name: &str) -> String {
    // The name is a host name label, so it needs no quoting.
    format!("PS1='\\u@{name}:\\w\\$ '\n")
}

/// What the machine does once in its life: wait, start its sshd, say `up`, run the start-up script.
///
/// The symbolic link is made in one step and only once, so a second start of this program ends at once.
pub(super) fn boot(
    tools: &Tools,
    folder: &Path,
    delay_secs: u32,
    script: &str,
    is_broken: bool,
) -> String {
    let (sshd, bash, folder) = (tools.sshd.display(), tools.bash.display(), folder.display());
    let script = if script.starts_with("#!") {
        "./startup-script".to_owned()
    } else {
        format!("{bash} ./startup-script")
    };
    // For the script alone: sshd, and with it people's shells, began before.
    let broken = if is_broken {
        format!("export {BREAK}=1\n")
    } else {
        String::new()
    };
    format!(
        "#!{bash}\n\
         ln -sT \"$$\" booted 2>/dev/null || exit 0\n\
         sleep {delay_secs}\n\
         {sshd} -f {folder}/sshd_config -E {folder}/sshd.log || exit 1\n\
         for _ in {{1..500}}; do [ -s sshd.pid ] && break; sleep 0.01; done\n\
         [ -s sshd.pid ] || exit 1\n\
         # Who waited for this line may be gone.\n\
         trap '' PIPE; echo up 2>/dev/null; trap - PIPE\n\
         exec >script.log 2>&1\n\
         {broken}{script}\n\
         echo \"$?\" >script.exit\n"
    )
}

fn find(search_path: &str, name: &str) -> Option<PathBuf> {
    search_path
        .split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(OsStr::new(name)))
        .find(|path| is_program(path))
}

/// Whether there is a program at this path.
pub(super) fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_that_are_there_are_offered() {
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("shells");
        fs::write(
            &list,
            "# shells\n/bin/sh\n /bin/sh \n/bin/no-such-shell\nbin/sh\n/etc/passwd\n",
        )
        .expect("a file");
        let sh = ProviderChoice {
            value: "/bin/sh".to_owned(),
            label: "sh".to_owned(),
        };
        assert_eq!(shells(&list), Ok(vec![sh]));
        let error = shells(&folder.path().join("none")).expect_err("no list");
        assert!(error.to_string().contains("none"), "{error}");
    }
}
