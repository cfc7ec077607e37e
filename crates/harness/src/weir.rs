//! The program under test: how it is started, and its process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// So many bytes of a log are shown.
const LAST_WORDS: usize = 2048;

/// The program, and where its data is.
#[derive(Debug, Clone)]
pub struct Program {
    /// The binary `weir`.
    pub binary: PathBuf,
    /// Its data folder.
    pub data: PathBuf,
    /// A Postgres database instead of SQLite in the data folder.
    pub database_url: Option<String>,
    /// The key file, if it is not in the data folder.
    pub key_file: Option<PathBuf>,
}

impl Program {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .env_remove("WEIR_DATABASE_URL")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(file) = &self.key_file {
            command.arg("--key-file").arg(file);
        }
        if let Some(url) = &self.database_url {
            command.env("WEIR_DATABASE_URL", url);
        }
        command
    }

    /// What a command prints. One that fails is an error with what it says.
    pub async fn printed(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command(arguments)
            .output()
            .await
            .map_err(|source| format!("can not start {}: {source}", self.binary.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned());
        }
        Err(format!(
            "weir {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim_end()
        ))
    }

    /// Starts a process that serves, and waits until it says where. What it logs is added to `log`.
    pub async fn serve(&self, listen: &str, flags: &[String], log: &Path) -> Result<Weir> {
        let cannot = |source: std::io::Error| format!("can not write {}: {source}", log.display());
        let file = File::options()
            .append(true)
            .create(true)
            .open(log)
            .map_err(cannot)?;
        let mut child = self
            .command(&["serve", "--listen", listen])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|source| format!("can not start {}: {source}", self.binary.display()))?;
        let stdout = child.stdout.take().ok_or("it has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(address) = line.strip_prefix("Weir listens on ") {
                let address = address.trim().trim_end_matches('/').to_owned();
                // It goes on printing, and a closed pipe would end it.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Weir { child, address });
            }
        }
        // In full: the folder may be gone when somebody wants to read it.
        let said = std::fs::read_to_string(log).unwrap_or_default();
        let last = said.len().saturating_sub(LAST_WORDS);
        let said = said.get(last..).unwrap_or(&said);
        Err(format!("weir does not start: {said}"))
    }
}

/// A process that serves; killed when this is dropped.
pub struct Weir {
    child: Child,
    /// Scheme, host and port.
    pub address: String,
}

impl Weir {
    /// Host and port.
    pub fn authority(&self) -> &str {
        self.address
            .split_once("://")
            .map_or(self.address.as_str(), |(_, authority)| authority)
    }

    /// Sends a signal (`STOP`).
    pub async fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.id().ok_or("weir had ended by itself")?;
        let sent = Command::new("kill")
            .args(["-s", name, &id.to_string()])
            .status()
            .await
            .map_err(|source| format!("can not start kill: {source}"))?;
        if sent.success() {
            Ok(())
        } else {
            Err(format!("the signal {name} could not be sent"))
        }
    }

    /// `kill -9`, and waits until the process is gone.
    ///
    /// # Errors
    /// It had ended by itself, which it never may.
    pub async fn kill(mut self) -> Result<()> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Err(format!("weir had ended by itself: {status}"));
        }
        self.child
            .kill()
            .await
            .map_err(|source| format!("weir can not be killed: {source}"))
    }
}
