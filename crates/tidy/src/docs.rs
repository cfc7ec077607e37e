//! Docs name only paths that exist, and comments only documents that do.

use std::path::Path;

use crate::tree::TextFile;

/// What a backticked word ends with to be taken for a file.
const FILES: &[&str] = &[".rs", ".md", ".toml", ".css", ".ts", ".sql", ".json"];

/// Folders at the top: a backticked word that begins with one is a path.
const TOP: &[&str] = &[
    "app",
    "server",
    "frontend",
    "crates",
    "style",
    "migrations",
    "end2end",
    "docs",
    ".ci",
    ".cargo",
];

/// What is made by building or running and is not in the repository.
const MADE: &[&str] = &["target", "data"];

/// Paths of a Markdown file, in backticks or as the target of a link, that do not exist. `exists` is asked with paths from
/// the repository's folder.
pub fn dead_paths(file: &TextFile, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let words = line
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| is_path(word))
            .map(|word| (word, Path::new("")));
        let links = link_targets(line).map(|target| (target, folder));
        for (path, base) in words.chain(links) {
            if !exists(&normal(&base.join(path))) {
                found.push(format!("{}:{number}: there is no {path}", file.path));
            }
        }
    }
    found
}

/// Documents that a comment of a Rust source names in backticks and that do not exist.
pub fn dead_documents(file: &TextFile, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        if !line.trim_start().starts_with("//") {
            continue;
        }
        let words = line.split('`').skip(1).step_by(2);
        for path in words.map(Path::new) {
            let is_document = path.extension().is_some_and(|extension| extension == "md");
            if is_document && !exists(path) {
                found.push(format!(
                    "{}:{number}: there is no {}",
                    file.path,
                    path.display()
                ));
            }
        }
    }
    found
}

fn is_path(word: &str) -> bool {
    let plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let first = word.split('/').next().unwrap_or_default();
    plain
        && word.contains('/')
        && !word.starts_with('/')
        && !MADE.contains(&first)
        && (TOP.contains(&first) || FILES.iter().any(|ending| word.ends_with(ending)))
}

/// Targets of `[text](target)` that lie in this repository.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':'))
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> std::path::PathBuf {
    let mut result = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                result.pop();
            }
            std::path::Component::CurDir => {}
            part => result.push(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{root, text_files};

    fn planted(text: &str) -> TextFile {
        TextFile {
            path: "docs/adr/0001.md".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn docs_name_only_what_is_there() {
        let root = root();
        let files = text_files();
        let docs: Vec<&TextFile> = files
            .iter()
            .filter(|file| {
                file.path == "README.md" || (file.path.starts_with("docs/") && file.is("md"))
            })
            .collect();
        assert!(docs.len() > 1, "docs are read");
        let dead: Vec<String> = docs
            .into_iter()
            .flat_map(|file| dead_paths(file, |path| root.join(path).exists()))
            .collect();
        assert_eq!(dead, [""; 0]);
    }

    #[test]
    fn comments_name_only_documents_that_are_there() {
        let root = root();
        let files = text_files();
        let sources: Vec<&TextFile> = files.iter().filter(|file| file.is("rs")).collect();
        assert!(sources.len() > 1, "sources are read");
        let dead: Vec<String> = sources
            .into_iter()
            .flat_map(|file| dead_documents(file, |path| root.join(path).exists()))
            .collect();
        assert_eq!(dead, [""; 0]);
    }

    #[test]
    fn a_dead_document_is_found() {
        let found = |text| dead_documents(&planted(text), |_| false).len();
        assert_eq!(found("  /// The rule (`gone.md` 1.2)."), 1);
        assert_eq!(found("// see `docs/gone.md`"), 1);
        assert_eq!(found("let text = \"`gone.md`\";"), 0);
        assert_eq!(found("/// `gone.rs` and gone.md"), 0);
    }

    #[test]
    fn a_dead_path_is_found() {
        for text in [
            "see `crates/gone/src/lib.rs`",
            "`gone/x.rs`",
            "[that](../gone.md)",
            "[that](gone.md#part)",
            "`docs/gone`",
        ] {
            assert_eq!(dead_paths(&planted(text), |_| false).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_link_is_seen_from_its_own_file() {
        let asked = std::cell::RefCell::new(Vec::new());
        let note = |path: &Path| {
            asked.borrow_mut().push(path.to_string_lossy().into_owned());
            true
        };
        assert_eq!(
            dead_paths(&planted("[a](../operating.md) `app/src/lib.rs`"), note),
            [""; 0]
        );
        assert_eq!(*asked.borrow(), ["app/src/lib.rs", "docs/operating.md"]);
    }

    #[test]
    fn what_is_no_path_is_left_alone() {
        for text in [
            "`application/json`",
            "`target/bench.json`",
            "`/api/v1`",
            "`a or b`",
            "[x](https://example.org/a)",
            "[x](#part)",
            "```\n`app/gone.rs`\n```",
        ] {
            assert_eq!(dead_paths(&planted(text), |_| false), [""; 0], "{text}");
        }
    }
}
