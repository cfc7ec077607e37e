//! Bugs that are planted on purpose: each patch in `crates/sim/bugs` puts one into a copy of the code, and the
//! simulation has to find it. A simulation that finds nothing proves only that it looks at nothing.
//!
//! Before its diff a patch says what is wrong, and in lines `Found by: ...` which invariants may be the first to object, in the
//! words of `crates/sim/src/invariants/mod.rs`. Where another one is first, the simulation has seen something, and not this bug.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::console::{self, say};
use crate::workspace::Workspace;

/// Where the patches are, seen from the repository.
const BUGS: &str = "crates/sim/bugs";
/// A bug that is not found by then counts as not found.
const MOST_SEEDS: &str = "2000";
/// What is built again for each bug: to optimise it less takes half the time, and most bugs are found in a few seeds.
const BUILT_ANEW: [&str; 6] = ["domain", "scaling", "providers", "store", "control", "sim"];
/// What the lines begin with that name the invariants.
const FOUND_BY: &str = "Found by: ";

/// One bug, before it is planted.
struct Bug {
    patch: PathBuf,
    name: String,
    /// The invariants that may be the first to object.
    found_by: Vec<String>,
}

impl Bug {
    fn read(patch: PathBuf) -> Result<Self> {
        let text = fs::read_to_string(&patch)
            .map_err(|source| format!("can not read {}: {source}", patch.display()))?;
        let found_by = found_by(&text);
        if found_by.is_empty() {
            return Err(format!(
                "{} does not say which invariant objects: give it a line `{FOUND_BY}...` before its diff",
                patch.display()
            ));
        }
        let name = patch
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self {
            patch,
            name,
            found_by,
        })
    }
}

/// The invariants that a patch names before its diff.
fn found_by(patch: &str) -> Vec<String> {
    patch
        .lines()
        .take_while(|line| !line.starts_with("diff "))
        .filter_map(|line| line.strip_prefix(FOUND_BY))
        .map(|sentence| sentence.trim().to_owned())
        .collect()
}

/// What became of a bug.
struct Finding {
    bug: Bug,
    /// How many seeds the first violation took, and which invariant objected.
    first: Option<(u64, String)>,
}

impl Finding {
    fn is_found(&self) -> bool {
        self.first
            .as_ref()
            .is_some_and(|(_, invariant)| self.bug.found_by.contains(invariant))
    }

    /// Its row in the table.
    fn line(&self) -> String {
        let name = &self.bug.name;
        match &self.first {
            Some((seeds, invariant)) if self.is_found() => {
                format!("{name:<34} {seeds:>16}  {invariant}")
            }
            Some((seeds, invariant)) => format!(
                "{name:<34} {:>16}  after {seeds} seeds another objected: {invariant}",
                "not found"
            ),
            None => format!("{name:<34} {:>16}", "not found"),
        }
    }
}

/// Plants each bug in turn, in a copy below the target folder, and looks for it. True where all are found.
pub fn find_all(workspace: &Workspace) -> Result<bool> {
    let scratch = Scratch::copy(workspace)?;
    let mut findings = Vec::new();
    for bug in bugs(workspace.root())? {
        let finding = scratch.look_for(bug)?;
        say(&finding.line());
        findings.push(finding);
    }
    println!("{:<34} {:>16}  invariant", "bug", "seeds until found");
    for finding in &findings {
        println!("{}", finding.line());
    }
    let found = findings.iter().filter(|one| one.is_found()).count();
    println!("{found} of {} planted bugs found", findings.len());
    Ok(found == findings.len() && found > 0)
}

/// All bugs, by name.
fn bugs(root: &Path) -> Result<Vec<Bug>> {
    let folder = root.join(BUGS);
    let entries = fs::read_dir(&folder)
        .map_err(|source| format!("can not read {}: {source}", folder.display()))?;
    let mut patches: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "patch"))
        .collect();
    patches.sort();
    patches.into_iter().map(Bug::read).collect()
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

    fn look_for(&self, bug: Bug) -> Result<Finding> {
        say(&format!("planting {}", bug.name));
        self.restore()?;
        // The copy lies inside a repository that ignores it: without the ceiling git would skip every file.
        let mut apply = git(self.workspace, &["apply", &bug.patch.to_string_lossy()]);
        apply.current_dir(&self.tree).env(
            "GIT_CEILING_DIRECTORIES",
            self.tree.parent().unwrap_or(&self.tree),
        );
        console::run(&mut apply)?;
        let mut build =
            self.workspace
                .cargo(&["build", "--release", "--package", "sim", "--bin", "sim"]);
        for name in BUILT_ANEW {
            let less = format!("profile.release.package.{name}.opt-level=1");
            build.args(["--config", &less]);
        }
        build
            .current_dir(&self.tree)
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_TARGET_DIR", &self.target);
        console::run(&mut build)?;
        let program = self.target.join("release/sim");
        let mut sim = self.workspace.command(&program.to_string_lossy());
        sim.args(["--seeds", MOST_SEEDS, "--from", "0", "--until-violation"]);
        let (_, printed) = console::watch(&mut sim)?;
        Ok(Finding {
            bug,
            first: first_violation(&printed),
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
        let bugs = bugs(&root()).expect("a folder");
        // More may be added without a change here.
        assert!(bugs.len() >= 25, "{BUGS} has lost some: {}", bugs.len());
        for Bug { patch, .. } in bugs {
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
    fn every_bug_names_invariants_that_there_are() {
        let path = root().join("crates/sim/src/invariants/mod.rs");
        let invariants = fs::read_to_string(path).expect("the invariants");
        for bug in bugs(&root()).expect("a folder") {
            for sentence in &bug.found_by {
                let is_one = invariants.contains(&format!("= \"{sentence}\";"));
                assert!(is_one, "{}: there is no invariant `{sentence}`", bug.name);
            }
        }
    }

    #[test]
    fn only_what_stands_before_the_diff_names_invariants() {
        let patch = "Wrong.\n\nFound by: nothing leaks\nFound by: the loop goes on\n\ndiff --git a/x b/x\nFound by: no\n";
        assert_eq!(found_by(patch), ["nothing leaks", "the loop goes on"]);
        assert_eq!(found_by("Wrong.\n\ndiff --git a/x b/x\n"), [""; 0]);
    }

    #[test]
    fn a_bug_that_another_invariant_meets_first_is_not_found() {
        let finding = |first: Option<(u64, &str)>| Finding {
            bug: Bug {
                patch: PathBuf::new(),
                name: "leak".to_owned(),
                found_by: vec!["nothing leaks".to_owned()],
            },
            first: first.map(|(seeds, invariant)| (seeds, invariant.to_owned())),
        };
        assert!(finding(Some((3, "nothing leaks"))).is_found());
        let another = finding(Some((3, "the loop goes on")));
        assert!(!another.is_found());
        assert!(another.line().contains("not found"));
        assert!(!finding(None).is_found());
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
