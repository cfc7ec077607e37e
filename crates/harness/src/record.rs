//! What a run tells at its end, and the file in which runs are kept.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Prints what was wrong, the run in one line and, last, its counts; adds the line to the file, if there is one.
pub fn tell(line: &str, violations: &[String], ends: &str, file: Option<&Path>) -> ExitCode {
    for violation in violations {
        println!("{violation}");
    }
    let line = format!("{line}, {} violations", violations.len());
    println!("{line}");
    if let Some(path) = file
        && let Err(source) = add(path, &line)
    {
        eprintln!("can not write {}: {source}", path.display());
        return ExitCode::FAILURE;
    }
    println!("{ends}, {} violations", violations.len());
    if violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Tells that a run could not go on, here and in the file.
pub fn broke_off(why: &str, file: Option<&Path>) -> ExitCode {
    eprintln!("{why}");
    if let Some(path) = file
        && let Err(source) = add(path, &format!("broke off: {why}"))
    {
        eprintln!("can not write {}: {source}", path.display());
    }
    ExitCode::FAILURE
}

/// Sessions accepted and ended, and what the provider tells.
pub fn figures((accepted, ended): (usize, usize), of_cloud: &[(&str, usize)]) -> String {
    let of_cloud = of_cloud
        .iter()
        .map(|(name, figure)| format!(", {figure} {name}"));
    format!(
        "{accepted} sessions accepted, {ended} ended{}",
        of_cloud.collect::<String>()
    )
}

fn add(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    writeln!(file, "{line}")
}
