//! Servers on this machine: folders in Weir's data folder, each with an sshd.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Cloud;
use crate::Result;

/// Reports as a patient machine does: Weir may be away just now.
pub const SCRIPT: &str = r#"#!/bin/sh
curl --silent --show-error --retry 600 --retry-delay 1 --retry-all-errors --max-time 5 --request POST \
  --header 'Content-Type: application/json' --header 'Authorization: Bearer {checkin_jwt}' \
  --data '{{"status": "running"}}' "http://{upstream_auth_address}/api/v1/checkin"
"#;

/// The machines in one data folder.
pub struct Local {
    data: PathBuf,
    most: usize,
}

impl Local {
    /// Those of the Weir with this data folder, which may have `most`.
    pub fn of(data: &Path, most: usize) -> Self {
        Self {
            data: data.to_owned(),
            most,
        }
    }

    /// The folders of machines, those that are being made or deleted too.
    fn folders(&self) -> impl Iterator<Item = (String, PathBuf)> {
        // A folder for each deployment, in it one for each provider config.
        let sites = entries(&self.data.join("local"))
            .into_iter()
            .flat_map(|of| entries(&of));
        sites.flat_map(|site| entries(&site)).filter_map(|folder| {
            let name = folder.file_name()?.to_string_lossy().into_owned();
            if name.starts_with(".lock-") {
                return None;
            }
            let stages = [".making-", ".deleting-"];
            let stage = stages.iter().find_map(|stage| name.strip_prefix(stage));
            Some((stage.unwrap_or(&name).to_owned(), folder))
        })
    }
}

#[async_trait::async_trait]
impl Cloud for Local {
    fn config(&self) -> Value {
        json!({ "kind": "local", "max_instances": self.most, "startup_script": SCRIPT, "settings": {} })
    }

    fn has_host_keys(&self) -> bool {
        true
    }

    async fn machines(&self) -> Result<BTreeMap<String, usize>> {
        // One that is not up yet has no sshd, and is there.
        Ok(self
            .folders()
            .map(|(server, folder)| (server, listeners(&folder).max(1)))
            .collect())
    }

    async fn serves(&self, server: &str) -> Result<bool> {
        let mut folders = self.folders();
        Ok(folders.any(|(of, folder)| of == server && listeners(&folder) > 0))
    }
}

/// How many sshd listen with the settings in this folder.
fn listeners(machine: &Path) -> usize {
    let machine = fs::canonicalize(machine).unwrap_or_else(|_| machine.to_owned());
    let settings = machine.to_string_lossy().into_owned();
    entries(Path::new("/proc"))
        .iter()
        .filter_map(|process| fs::read(process.join("cmdline")).ok())
        .map(|words| String::from_utf8_lossy(&words).replace('\0', " "))
        // sshd calls itself `sshd: /usr/sbin/sshd -f … [listener] …` once it listens; a session's own process has another
        // title, without the folder.
        .filter(|words| words.contains("[listener]") && words.contains(&settings))
        .count()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
