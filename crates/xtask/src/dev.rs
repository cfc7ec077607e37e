//! Builds and starts Weir again on every save.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use crate::Result;
use crate::console::{self, say};
use crate::programs;
use crate::setup;
use crate::web::Mode;
use crate::workspace::Workspace;

/// What is looked at; a folder with all below it.
const WATCHED: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "app",
    "crates",
    "frontend",
    "migrations",
    "server",
    "style",
];

const PAUSE: Duration = Duration::from_millis(200);

/// Runs until it is interrupted. A build that fails leaves the last good server running.
pub fn watch(workspace: &Workspace) -> Result<()> {
    setup::to_run(workspace)?;
    let mut server: Option<Child> = None;
    let mut built = None;
    loop {
        let newest = WATCHED
            .iter()
            .filter_map(|path| newest_change(&workspace.root().join(path)))
            .max();
        if newest != built {
            built = newest;
            match programs::build(workspace, Mode::Dev) {
                Ok(()) => {
                    server.take().map_or(Ok(()), stop)?;
                    let mut command = programs::serve(workspace, Mode::Dev);
                    server = Some(
                        command
                            .spawn()
                            .map_err(|source| format!("can not start Weir: {source}"))?,
                    );
                    say("started; reload the page");
                }
                Err(message) => say(&format!("{message}; waiting for the next save")),
            }
        }
        pause();
    }
}

/// Asks the server to end and waits, since the next one needs its port and its data.
fn stop(mut server: Child) -> Result<()> {
    if server.try_wait().is_ok_and(|status| status.is_none()) {
        console::run(Command::new("kill").args(["-TERM", &server.id().to_string()]))?;
    }
    server
        .wait()
        .map(|_| ())
        .map_err(|source| format!("can not wait for Weir to end: {source}"))
}

/// The latest change of a file, or of any file below a folder.
fn newest_change(path: &Path) -> Option<SystemTime> {
    if path.is_dir() {
        return fs::read_dir(path)
            .ok()?
            .flatten()
            .filter_map(|entry| newest_change(&entry.path()))
            .max();
    }
    fs::metadata(path).ok()?.modified().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build tool looks at files now and then; nothing decides here"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_deep_below_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).expect("folders");
        assert_eq!(newest_change(folder.path()), None);
        fs::write(deep.join("c"), "").expect("a file");
        assert!(newest_change(folder.path()).is_some());
    }
}
