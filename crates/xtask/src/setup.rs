//! Installs what running and testing need. Each step looks first and does nothing where nothing is missing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::console::{self, say};
use crate::packages::{self, Package, TO_CONTAIN, TO_RUN, TO_TEST};
use crate::workspace::Workspace;

const WASM: &str = "wasm32-unknown-unknown";

/// What building and starting Weir needs.
pub fn to_run(workspace: &Workspace) -> Result<()> {
    wasm_target(workspace)?;
    packages::install(&TO_RUN.iter().collect::<Vec<_>>())
}

/// What the tests need as well.
pub fn all(workspace: &Workspace) -> Result<()> {
    wasm_target(workspace)?;
    packages::install(
        &[TO_RUN, TO_TEST, TO_CONTAIN]
            .into_iter()
            .flatten()
            .collect::<Vec<&Package>>(),
    )?;
    browser_tests(workspace)?;
    api_tests(workspace)?;
    moto(workspace)?;
    Ok(())
}

/// What measuring the pages needs beside that: Lighthouse.
pub fn to_measure(workspace: &Workspace) -> Result<()> {
    all(workspace)?;
    node_packages(workspace, &workspace.figures(), "Lighthouse")
}

/// Adds the WASM target: rustup does not fetch the targets of `rust-toolchain.toml` for a toolchain that is already there.
fn wasm_target(workspace: &Workspace) -> Result<()> {
    let libraries = console::output(workspace.command("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        WASM,
    ]))?;
    if fs::read_dir(libraries.trim()).is_ok_and(|mut files| files.next().is_some()) {
        return Ok(());
    }
    say("adding the compiler's WASM target");
    console::run(workspace.command("rustup").args(["target", "add", WASM]))
}

/// Playwright and axe; the browser is Debian's.
fn browser_tests(workspace: &Workspace) -> Result<()> {
    node_packages(
        workspace,
        &workspace.end2end(),
        "the browser tests' packages",
    )
}

/// Installs what the lock file of a folder says.
fn node_packages(workspace: &Workspace, folder: &Path, what: &str) -> Result<()> {
    let changed = |path: &str| fs::metadata(folder.join(path)).and_then(|file| file.modified());
    if let (Ok(lock), Ok(installed)) = (
        changed("package-lock.json"),
        changed("node_modules/.package-lock.json"),
    ) && installed >= lock
    {
        return Ok(());
    }
    say(&format!("installing {what}"));
    console::run(
        workspace
            .command("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder)
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )
}

/// The version of schemathesis that `end2end/requirements.txt` pins.
fn api_tests(workspace: &Workspace) -> Result<()> {
    let pins = workspace.end2end().join("requirements.txt");
    python_packages(workspace, "schemathesis", &pins)?;
    Ok(())
}

/// The version of moto that the fault proxy is written for; gives its program.
pub fn moto(workspace: &Workspace) -> Result<PathBuf> {
    let pins = workspace.root().join("crates/fault-proxy/requirements.txt");
    let folder = python_packages(workspace, "moto", &pins)?;
    Ok(folder.join("bin/moto_server"))
}

/// Installs what a file of requirements pins into a Python of its own; gives its folder.
fn python_packages(workspace: &Workspace, name: &str, pins: &Path) -> Result<PathBuf> {
    let folder = workspace.target(&format!("tools/{name}"));
    let wanted = fs::read_to_string(pins)
        .map_err(|source| format!("can not read {}: {source}", pins.display()))?;
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    say(&format!("installing {name}"));
    console::run(
        workspace
            .command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let pip = folder.join("bin/pip");
    console::run(
        workspace
            .command(&pip.to_string_lossy())
            .args(["install", "--quiet", "--requirement"])
            .arg(pins),
    )?;
    fs::write(&stamp, wanted)
        .map_err(|source| format!("can not write {}: {source}", stamp.display()))?;
    Ok(folder)
}
