//! The tests in a browser, and the pictures that they compare.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::console::{self, say};
use crate::packages::{self, TO_PICTURE};
use crate::postgres::Postgres;
use crate::setup;
use crate::tally::{self, Tally};
use crate::test::linted;
use crate::web::{self, Mode};
use crate::workspace::Workspace;

/// Runs all of them. Both binaries are there already: the release one, and the debug one that `cargo test` has made.
pub fn test(workspace: &Workspace) -> Result<Tally> {
    let debug = workspace.weir(Mode::Dev);
    if !debug.is_file() {
        return Err(format!(
            "{} is not there, whose gallery is compared with pictures; the part `cargo test` makes it",
            debug.display()
        ));
    }
    let report = workspace.target("end2end.json");
    // A report of an earlier run must not be counted for this one.
    if report.exists() {
        fs::remove_file(&report)
            .map_err(|source| format!("can not remove {}: {source}", report.display()))?;
    }
    let postgres = Postgres::start()?;
    let mut playwright = playwright(workspace, &postgres)?;
    let (status, _) = console::watch(playwright.env("WEIR_REPORT", &report))?;
    let counted = fs::read_to_string(&report).map_err(|source| {
        format!(
            "Playwright left no report at {}: {source}",
            report.display()
        )
    })?;
    Ok(tally::of_playwright(&counted).judged(status.success()))
}

/// Takes the pictures of the gallery anew.
pub fn renew_pictures(workspace: &Workspace) -> Result<()> {
    setup::all(workspace)?;
    packages::install(&[&TO_PICTURE])?;
    say("building the debug binary");
    console::run(&mut linted(
        workspace,
        &["test", "--no-run", "--test", "process"],
    ))?;
    // Those of what is gone go too.
    let pictures = workspace.end2end().join("pictures");
    if pictures.exists() {
        fs::remove_dir_all(&pictures)
            .map_err(|source| format!("can not remove {}: {source}", pictures.display()))?;
    }
    let postgres = Postgres::start()?;
    let mut playwright = playwright(workspace, &postgres)?;
    console::run(playwright.args(["gallery.spec.ts", "--update-snapshots", "all"]))?;
    make_small(&pictures)?;
    say("they are in end2end/pictures: look at those that git says have changed");
    Ok(())
}

/// A third of the size in few colours. What that changes is less than a comparison sees.
fn make_small(pictures: &Path) -> Result<()> {
    const COLOURS: &str = "64";
    let cannot = |source: std::io::Error| format!("can not read {}: {source}", pictures.display());
    let mut files = Vec::new();
    for folder in fs::read_dir(pictures).map_err(cannot)? {
        for file in fs::read_dir(folder.map_err(cannot)?.path()).map_err(cannot)? {
            files.push(file.map_err(cannot)?.path());
        }
    }
    console::run(
        Command::new("pngquant")
            .args([
                "--nofs", "--strip", "--speed", "1", "--force", "--ext", ".png", COLOURS,
            ])
            .args(files),
    )
}

/// A run of the tests.
fn playwright(workspace: &Workspace, postgres: &Postgres) -> Result<Command> {
    let folder = workspace.end2end();
    let program = folder.join("node_modules/.bin/playwright");
    let mut playwright = workspace.command(&program.to_string_lossy());
    playwright
        .arg("test")
        .current_dir(&folder)
        .env("WEIR_BIN", workspace.weir(Mode::Release))
        .env("WEIR_DEBUG_BIN", workspace.weir(Mode::Dev))
        .env("WEIR_STYLE", web::write_style_sheet(workspace)?)
        .env("WEIR_TEST_POSTGRES", postgres.url());
    Ok(playwright)
}
