//! Where things lie: the repository, its target folder, the programs it builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::console;
use crate::web::Mode;

/// The repository that this program was started for.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and cargo's own settings hold here too.
    pub fn find() -> Result<Self> {
        // Taken at run time: a folder compiled in would be another clone's where both share a target folder.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .ok_or("run this program by `cargo xtask` or by make")?;
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .ok_or("crates/xtask has no workspace above it")?
            .to_path_buf();
        let mut cargo = Command::new("cargo");
        cargo
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(&root);
        let metadata: serde_json::Value = serde_json::from_str(&console::output(&mut cargo)?)
            .map_err(|source| {
                format!("cargo metadata printed something else than JSON: {source}")
            })?;
        let target = metadata["target_directory"]
            .as_str()
            .ok_or("cargo metadata names no target folder")?;
        Ok(Self {
            target: target.into(),
            root,
        })
    }

    /// The repository's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the target folder.
    pub fn target(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// The folder of the browser tests.
    pub fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// The folder of what is measured in a browser.
    pub fn figures(&self) -> PathBuf {
        self.end2end().join("figures")
    }

    /// The server's binary.
    pub fn weir(&self, mode: Mode) -> PathBuf {
        self.target(mode.server_folder()).join("weir")
    }

    /// A command that runs in the repository's folder.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// A cargo command.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(arguments);
        command
    }
}
