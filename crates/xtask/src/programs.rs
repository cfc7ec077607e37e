//! Building and starting the programs of this workspace.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::json;

use crate::Result;
use crate::console::{self, say, shown};
use crate::harness;
use crate::postgres::Postgres;
use crate::setup;
use crate::web::{self, Mode};
use crate::workspace::Workspace;

/// Where `make run` serves.
pub const ADDRESS: &str = "127.0.0.1:3000";

/// The packages whose programs are built. Always named together: cargo decides by them which features their common
/// dependencies get, and with other features it compiles all of these again.
const PACKAGES: [&str; 4] = ["--package", "server", "--package", "sim"];

/// Builds `weir` with the web bundle in it.
pub fn build(workspace: &Workspace, mode: Mode) -> Result<()> {
    build_with(workspace, mode, &["--lib"])
}

/// Builds all programs for speed, `weir` with the web bundle in it.
pub fn build_all(workspace: &Workspace) -> Result<()> {
    build_with(workspace, Mode::Release, &["--lib", "--bin", "sim"])
}

/// Builds `weir`, and these targets meanwhile.
fn build_with(workspace: &Workspace, mode: Mode, targets: &[&str]) -> Result<()> {
    // The browser's half ends in one long link, which leaves processors idle. Of the server's half the program alone waits
    // for it.
    let site = thread::scope(|scope| {
        let rest = scope.spawn(|| {
            say("building the server");
            console::run(server_build(workspace, mode).args(targets))
        });
        let site = web::build(workspace, mode);
        rest.join()
            .map_err(|_| "the build of the server fell over".to_owned())??;
        site
    })?;
    say("putting both together");
    console::run(
        server_build(workspace, mode)
            .args(["--bin", "weir"])
            .env("WEIR_SITE", site),
    )?;
    say(&format!("built {}", workspace.weir(mode).display()));
    Ok(())
}

/// A build of the server's half. The feature is on in each, since with it the library counts as another one.
fn server_build(workspace: &Workspace, mode: Mode) -> Command {
    let mut cargo = workspace.cargo(&["build", "--features", "server/embed"]);
    cargo.args(PACKAGES);
    if mode == Mode::Release {
        cargo.arg("--release");
    }
    cargo
}

/// Installs what is missing, builds, and becomes the server.
pub fn run(workspace: &Workspace) -> Result<()> {
    setup::to_run(workspace)?;
    build(workspace, Mode::Dev)?;
    let mut weir = serve(workspace, Mode::Dev);
    say(&format!(
        "starting Weir on http://{ADDRESS} with its data in ./data: {}",
        shown(&weir)
    ));
    Err(format!("can not start `{}`: {}", shown(&weir), weir.exec()))
}

/// The command that serves from `./data` on [`ADDRESS`].
pub fn serve(workspace: &Workspace, mode: Mode) -> Command {
    let mut command = workspace.command(&workspace.weir(mode).to_string_lossy());
    command.args(["serve", "--data", "./data", "--listen", ADDRESS]);
    command
}

/// Builds the simulation for speed and becomes it.
pub fn simulate(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    build_simulation(workspace)?;
    let mut command = simulation(workspace);
    command.args(arguments);
    Err(format!(
        "can not start `{}`: {}",
        shown(&command),
        command.exec()
    ))
}

fn build_simulation(workspace: &Workspace) -> Result<()> {
    say("building the simulation");
    console::run(server_build(workspace, Mode::Release).args(["--bin", "sim"]))
}

/// The simulation, built before.
pub fn simulation(workspace: &Workspace) -> Command {
    workspace.command(&workspace.target("release/sim").to_string_lossy())
}

/// Measures. Each figure is a line `name value unit`; `target/bench.json` holds the same.
pub fn bench(workspace: &Workspace) -> Result<()> {
    setup::all(workspace)?;
    say("building the benchmark");
    let mut cargo = workspace.cargo(&[
        "bench",
        "--quiet",
        "--package",
        "server",
        "--bench",
        "figures",
    ]);
    let mut printed = console::output(cargo.stderr(Stdio::inherit()))?;
    build(workspace, Mode::Release)?;
    harness::build_grants(workspace)?;
    let postgres = Postgres::start_on_disk()?;
    for database in [None, Some(postgres.database("grants")?)] {
        let mut command = harness::grants(workspace, database.as_deref());
        printed.push_str(&console::output(command.stderr(Stdio::inherit()))?);
    }
    keep_figures(workspace, &printed, "bench.json")
}

/// Measures the pages in a browser, as [`bench`] measures the server; `target/web-bench.json` holds the same.
pub fn web_bench(workspace: &Workspace) -> Result<()> {
    setup::to_measure(workspace)?;
    build(workspace, Mode::Release)?;
    let told = workspace.target("web-figures.txt");
    fs::write(&told, "").map_err(|source| format!("can not write {}: {source}", told.display()))?;
    let playwright = workspace.end2end().join("node_modules/.bin/playwright");
    let measured = console::run(
        workspace
            .command(&playwright.to_string_lossy())
            .arg("test")
            .current_dir(workspace.figures())
            .env("WEIR_BIN", workspace.weir(Mode::Release))
            .env("WEIR_FIGURES", &told),
    );
    let printed = fs::read_to_string(&told)
        .map_err(|source| format!("can not read {}: {source}", told.display()))?;
    keep_figures(workspace, &printed, "web-bench.json")?;
    measured
}

/// Prints the lines `name value unit` of a text, and keeps them as JSON in the target folder.
fn keep_figures(workspace: &Workspace, text: &str, file: &str) -> Result<()> {
    let mut figures = serde_json::Map::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, value, unit] = words[..] else {
            continue;
        };
        let value: f64 = value
            .parse()
            .map_err(|_| format!("`{line}` is no figure"))?;
        println!("{line}");
        figures.insert(name.to_owned(), json!({ "value": value, "unit": unit }));
    }
    if figures.is_empty() {
        return Err("no figure was told".to_owned());
    }
    let path = workspace.target(file);
    let text = format!("{:#}\n", serde_json::Value::Object(figures));
    fs::write(&path, text)
        .map_err(|source| format!("can not write {}: {source}", path.display()))?;
    say(&format!("the same in {}", path.display()));
    Ok(())
}
