//! Bugs that are planted on purpose: each patch in `crates/sim/bugs` puts one into a copy of the code, and the
//! simulation has to find it. A simulation that finds nothing proves only that it looks at nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::console::{self, say};
use crate::workspace::Workspace;

/// Where the patches are, seen from the repository.
const BUGS: &str = "crates/sim/bugs";
/// A bug that is not found by then counts as not found.
const MOST_SEEDS: &str = "2000";

/// One bug and what became of it.
struct Finding {
    bug: String,
    /// How many seeds it took, and which invariant objected.
    found: Option<(u64, String)>,
}

/// Plants each bug in turn, in a copy below the target folder, and looks for it. True where all are found.
pub fn find_all(workspace: &Workspace) -> Result<bool> {
    let scratch = Scratch::copy(workspace)?;
    let mut findings = Vec::new();
    for patch in patches(workspace.root())? {
        let finding = scratch.look_for(&patch)?;
        say(&line(&finding));
        findings.push(finding);
    }
    println!("{:<24} {:>16}  invariant", "bug", "seeds until found");
    for finding in &findings {
        println!("{}", line(finding));
    }
    let found = findings.iter().filter(|one| one.found.is_some()).count();
    println!("{found} of {} planted bugs found", findings.len());
    Ok(found == findings.len() && found > 0)
}

fn line(finding: &Finding) -> String {
    match &finding.found {
        Some((seeds, invariant)) => format!("{:<24} {seeds:>16}  {invariant}", finding.bug),
        None => format!("{:<24} {:>16}", finding.bug, "not found"),
    }
}

/// All patches, by name.
fn patches(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join(BUGS);
    let entries = fs::read_dir(&folder)
        .map_err(|source| format!("can not read {}: {source}", folder.display()))?;
    let mut patches: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "patch"))
        .collect();
    patches.sort();
    Ok(patches)
}

/// A copy of all tracked files, with a target folder of its own that all bugs share.
struct Scratch<'a> {
    workspace: &'a Workspace,
    tree: PathBuf,
    target: PathBuf,
}

impl<'a> Scratch<'a> {
    fn copy(workspace: &'a Workspace) -> Result<Self> {
        let scratch = Self {
            workspace,
            tree: workspace.target("planted-bugs/tree"),
            target: workspace.target("planted-bugs/target"),
        };
        scratch.restore()?;
        Ok(scratch)
    }

    /// Brings the copy to what the repository has. A file that is the same already keeps its age, so that cargo builds
    /// only what differs.
    fn restore(&self) -> Result<()> {
        let listed = console::output(&mut git(self.workspace, &["ls-files", "-z"]))?;
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let (from, to) = (self.workspace.root().join(path), self.tree.join(path));
            let failed = |source| {
                format!(
                    "can not copy {} to {}: {source}",
                    from.display(),
                    to.display()
                )
            };
            // Tracked and deleted since.
            if !from.is_file() {
                continue;
            }
            let wanted = fs::read(&from).map_err(failed)?;
            if fs::read(&to).is_ok_and(|there| there == wanted) {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            fs::write(&to, wanted).map_err(failed)?;
        }
        Ok(())
    }

    fn look_for(&self, patch: &Path) -> Result<Finding> {
        let bug = patch
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        say(&format!("planting {bug}"));
        self.restore()?;
        // The copy lies inside a repository that ignores it: without the ceiling git would skip every file.
        let mut apply = git(self.workspace, &["apply", &patch.to_string_lossy()]);
        apply.current_dir(&self.tree).env(
            "GIT_CEILING_DIRECTORIES",
            self.tree.parent().unwrap_or(&self.tree),
        );
        console::run(&mut apply)?;
        let mut build =
            self.workspace
                .cargo(&["build", "--release", "--package", "sim", "--bin", "sim"]);
        build
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target);
        console::run(&mut build)?;
        let program = self.target.join("release/sim");
        let mut sim = self.workspace.command(&program.to_string_lossy());
        sim.args(["--seeds", MOST_SEEDS, "--from", "0", "--until-violation"]);
        let (_, printed) = console::watch(&mut sim)?;
        Ok(Finding {
            bug,
            found: first_violation(&printed),
        })
    }
}

/// How many seeds the first violation took, and what it says.
fn first_violation(printed: &str) -> Option<(u64, String)> {
    let (_, found) = printed
        .lines()
        .find_map(|line| line.split_once("violation seed "))?;
    let (seed, what) = found.split_once(" at ")?;
    let (_, what) = what.split_once(": ")?;
    let (invariant, _) = what.split_once(": ")?;
    Some((seed.parse::<u64>().ok()? + 1, invariant.to_owned()))
}

fn git(workspace: &Workspace, arguments: &[&str]) -> std::process::Command {
    let mut git = workspace.command("git");
    git.args(arguments);
    git
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn every_bug_can_still_be_planted() {
        let patches = patches(&root()).expect("a folder");
        assert_eq!(patches.len(), 5);
        for patch in patches {
            let applied = Command::new("git")
                .args(["apply", "--check"])
                .arg(patch.canonicalize().expect("a path"))
                .current_dir(root())
                .output()
                .expect("git starts");
            let why = String::from_utf8_lossy(&applied.stderr);
            assert!(applied.status.success(), "{}: {why}", patch.display());
        }
    }

    #[test]
    fn the_first_violation_is_read() {
        let printed = "violation seed 41 at 2026-11-30T00:00:00.000Z: nothing leaks: srv_1: has no machine\n  replay\n";
        assert_eq!(
            first_violation(printed),
            Some((42, "nothing leaks".to_owned()))
        );
        assert_eq!(first_violation("300 seeds, 0 violations"), None);
    }
}
