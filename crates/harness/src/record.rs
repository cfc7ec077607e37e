//! What a run tells at its end, and the file in which runs are kept.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::Result;

/// What a run has come to.
pub struct Told {
    /// In one line, with its figures.
    pub line: String,
    /// What was wrong, in sentences.
    pub violations: Vec<String>,
    /// What it counts by, for the last line printed.
    pub counts: String,
}

/// Prints what was wrong, the run in one line and, last, its counts; adds the line to the file, if there is one. A run that could
/// not go on says why, in both places.
pub fn tell(run: Result<Told>, file: Option<&Path>) -> ExitCode {
    let (line, counts, is_good) = match run {
        Ok(told) => {
            for violation in &told.violations {
                println!("{violation}");
            }
            let found = format!("{} violations", told.violations.len());
            let line = format!("{}, {found}", told.line);
            let counts = format!("{}, {found}", told.counts);
            (line, Some(counts), told.violations.is_empty())
        }
        Err(why) => (format!("broke off: {why}"), None, false),
    };
    println!("{line}");
    if let Some(path) = file
        && let Err(source) = add(path, &line)
    {
        eprintln!("can not write {}: {source}", path.display());
        return ExitCode::FAILURE;
    }
    if let Some(counts) = counts {
        println!("{counts}");
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Figures with their names, each behind a comma.
pub fn figures(figures: &[(&str, usize)]) -> String {
    let told = figures
        .iter()
        .map(|(name, figure)| format!(", {figure} {name}"));
    told.collect()
}

fn add(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    writeln!(file, "{line}")
}
