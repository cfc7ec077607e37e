//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no text of ours.
const LEFT_OUT: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    "data",
    "test-results",
    "playwright-report",
];

/// What a text file of ours ends with; the last two are whole names.
const TEXT: &[&str] = &[
    ".rs", ".toml", ".md", ".css", ".ts", ".json", ".sql", ".txt", ".sh", ".svg", "Makefile", "run",
];

/// A text file of the repository.
pub struct TextFile {
    /// Path from the repository's folder, with `/` between its parts.
    pub path: String,
    /// The whole content.
    pub text: String,
}

impl TextFile {
    /// Whether the name ends with this extension, given without its dot.
    pub fn is(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|own| own == extension)
    }
}

/// The repository's folder.
///
/// # Panics
/// If this is not run by cargo.
pub fn root() -> PathBuf {
    // Taken at run time: a folder compiled in would be another clone's where both share a target folder.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .expect("cargo names the folder of the package it tests");
    Path::new(&manifest)
        .ancestors()
        .nth(2)
        .expect("crates/tidy lies two folders deep")
        .to_path_buf()
}

/// All text files, in the order of their paths.
///
/// # Panics
/// If a file of the repository can not be read or is not text.
pub fn text_files() -> Vec<TextFile> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<TextFile>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|source| panic!("can not read {}: {source}", folder.display()));
    for entry in entries {
        let path = entry
            .unwrap_or_else(|source| panic!("can not read {}: {source}", folder.display()))
            .path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                collect(root, &path, files);
            }
        } else if TEXT.iter().any(|ending| {
            if ending.starts_with('.') {
                name.ends_with(ending)
            } else {
                name == *ending
            }
        }) {
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|source| panic!("can not read {}: {source}", path.display()));
            let path = path
                .strip_prefix(root)
                .expect("a file below the root")
                .to_string_lossy()
                .replace('\\', "/");
            files.push(TextFile { path, text });
        }
    }
}
