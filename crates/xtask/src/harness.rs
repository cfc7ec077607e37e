//! What all runs of `crates/harness` have in common.

use std::fs::{self, File};
use std::process::Command;

use crate::Result;
use crate::console::{self, say};
use crate::tally::{self, Tally};
use crate::test;
use crate::web::Mode;
use crate::workspace::Workspace;

/// Builds its programs as the lints do, so that the test run has them already.
pub fn build(workspace: &Workspace) -> Result<()> {
    let arguments = [
        "build", "--bin", "crash", "--bin", "replicas", "--bin", "storm",
    ];
    console::run(&mut test::linted(workspace, &arguments))
}

/// Builds the measure of grants for speed: it shares the machine with what it measures.
pub fn build_grants(workspace: &Workspace) -> Result<()> {
    let arguments = [
        "build",
        "--release",
        "--package",
        "harness",
        "--bin",
        "grants",
    ];
    console::run(&mut workspace.cargo(&arguments))
}

/// Measures how many seats the release binary grants, on this Postgres database or on SQLite.
pub fn grants(workspace: &Workspace, database: Option<&str>) -> Command {
    let program = workspace.target("release/grants");
    let mut command = workspace.command(&program.to_string_lossy());
    command
        .arg("--weir")
        .arg(workspace.weir(Mode::Release))
        .arg("--folder")
        .arg(workspace.target(""));
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    command
}

/// One of its programs, for the release binary. Each run of one commit adds a line to a file.
pub fn command(workspace: &Workspace, program: &str) -> Result<Command> {
    let folder = workspace.target("harness");
    fs::create_dir_all(&folder)
        .map_err(|source| format!("can not make {}: {source}", folder.display()))?;
    // A tree without its history is tested too.
    let describe = ["describe", "--always", "--dirty", "--exclude", "*"];
    let commit = console::output(workspace.command("git").args(describe))
        .unwrap_or_else(|_| "unknown".to_owned());
    let record = folder.join(format!("{}.record", commit.trim()));
    let program = workspace.target("debug").join(program);
    let mut command = workspace.command(&program.to_string_lossy());
    command
        .arg("--weir")
        .arg(workspace.weir(Mode::Release))
        .arg("--record")
        .arg(record);
    Ok(command)
}

/// Runs one for the test run. What it prints is shown where something is wrong.
pub fn tally(name: &str, command: &mut Command) -> Result<Tally> {
    let path = std::env::temp_dir().join(format!(
        "weir-{}-{}.txt",
        name.replace(' ', "-"),
        std::process::id()
    ));
    let cannot = |source: std::io::Error| format!("can not write {}: {source}", path.display());
    let file = File::create(&path).map_err(cannot)?;
    command
        .stdout(file.try_clone().map_err(cannot)?)
        .stderr(file);
    let status = console::status(command)?;
    let text = fs::read_to_string(&path)
        .map_err(|source| format!("can not read {}: {source}", path.display()))?;
    fs::remove_file(&path).map_err(cannot)?;
    let tally = tally::of_harness(name, &text).judged(status.success());
    if tally.failures() > 0 {
        println!("{text}");
    }
    // The line before the last one has the figures.
    for line in text.lines().rev().take(2).collect::<Vec<_>>().iter().rev() {
        say(&format!("{name}: {line}"));
    }
    Ok(tally)
}
