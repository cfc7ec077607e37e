//! Building and starting the programs of this workspace.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::Result;
use crate::console::{self, say, shown};
use crate::setup;
use crate::web::{self, Mode};
use crate::workspace::Workspace;

/// Where `make run` serves.
pub const ADDRESS: &str = "127.0.0.1:3000";

/// Builds `weir` with the web bundle in it.
pub fn build(workspace: &Workspace, mode: Mode) -> Result<()> {
    let site = web::build(workspace, mode)?;
    say("building the server");
    let mut cargo = workspace.cargo(&["build", "--package", "server", "--features", "embed"]);
    if mode == Mode::Release {
        cargo.arg("--release");
    }
    console::run(cargo.env("WEIR_SITE", site))?;
    say(&format!("built {}", workspace.weir(mode).display()));
    Ok(())
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

/// Builds a program of the crate `sim` for speed and becomes it.
pub fn simulate(workspace: &Workspace, program: &str, arguments: &[String]) -> Result<()> {
    console::run(&mut workspace.cargo(&[
        "build",
        "--release",
        "--package",
        "sim",
        "--bin",
        program,
    ]))?;
    let mut command =
        workspace.command(&workspace.target("release").join(program).to_string_lossy());
    command.args(arguments);
    Err(format!(
        "can not start `{}`: {}",
        shown(&command),
        command.exec()
    ))
}
