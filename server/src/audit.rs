//! The command `weir audit`: whether the log is as it was written, and the log as a file.

use std::io::{BufWriter, Write as _};

use clap::Subcommand;
use control::ControlPlane;
use domain::actor::Actor;
use store::{ChainFault, ChainReport};

use crate::rest::error::chain;
use crate::settings::Place;

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Says whether the log is as it was written: nothing changed, moved or taken out. Ends with 1 where it is not.
    Verify {
        #[command(flatten)]
        place: Place,
        /// A head that an earlier run printed (`NUMBER:HASH`): it must still be in the log, so that nothing was cut off its end.
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<String>,
    },
    /// Prints the log to standard output, one entry a line as JSON, the oldest first.
    Export {
        #[command(flatten)]
        place: Place,
        /// Only entries after this number.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
}

impl AuditCommand {
    /// The installation that it is about.
    pub fn place(&self) -> &Place {
        match self {
            Self::Verify { place, .. } | Self::Export { place, .. } => place,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// What is not as it was written, or why that cannot be said.
    pub async fn run(&self, plane: &ControlPlane) -> Result<(), String> {
        match self {
            Self::Verify { head, .. } => verify(plane, head.as_deref()).await,
            Self::Export { after, .. } => export(plane, *after).await,
        }
    }
}

async fn verify(plane: &ControlPlane, expected: Option<&str>) -> Result<(), String> {
    let report = control::audit::verify(plane, &Actor::System)
        .await
        .map_err(|error| chain(&error))?;
    let mut wrong: Vec<String> = report.faults.iter().map(sentence).collect();
    if let Some(expected) = expected {
        wrong.extend(cut_off(plane, expected).await?);
    }
    println!("{}", told(&report));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "the audit log is not as it was written:\n  {}",
            wrong.join("\n  ")
        ))
    }
}

/// What is wrong if the head that was seen before is not in the log any more.
async fn cut_off(plane: &ControlPlane, expected: &str) -> Result<Option<String>, String> {
    let (number, hash) = expected
        .split_once(':')
        .and_then(|(number, hash)| Some((number.parse::<i64>().ok()?, hash)))
        .filter(|(number, _)| *number >= 1)
        .ok_or_else(|| {
            format!("`{expected}` is no head; it looks like 1234:5f1c…, as `weir audit verify` prints it")
        })?;
    let there = control::audit::linked(plane, &Actor::System, number - 1)
        .await
        .map_err(|error| chain(&error))?;
    let is_there = there
        .first()
        .is_some_and(|entry| entry.number == number && entry.hash == hash);
    Ok((!is_there).then(|| format!("entry {number} is not the one that had this hash before")))
}

fn told(report: &ChainReport) -> String {
    let head = match &report.head {
        Some((number, hash)) => format!("head      {number}:{hash}"),
        None => "head      none: no entry is linked yet".to_owned(),
    };
    format!("{head}\nunlinked  {}", report.unlinked)
}

fn sentence(fault: &ChainFault) -> String {
    match fault {
        ChainFault::Missing(first, last) if first == last => format!("entry {first} is missing"),
        ChainFault::Missing(first, last) => format!("entries {first} to {last} are missing"),
        ChainFault::Changed(number, id) => format!("entry {number} ({id}) was changed"),
    }
}

async fn export(plane: &ControlPlane, mut after: i64) -> Result<(), String> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    loop {
        let entries = control::audit::linked(plane, &Actor::System, after)
            .await
            .map_err(|error| chain(&error))?;
        let Some(last) = entries.last() else { break };
        after = last.number;
        for entry in entries {
            let line = serde_json::to_string(&entry).map_err(|error| error.to_string())?;
            writeln!(out, "{line}").map_err(|error| error.to_string())?;
        }
    }
    out.flush().map_err(|error| error.to_string())
}
