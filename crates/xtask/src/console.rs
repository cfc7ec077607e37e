//! Starting programs, and telling the person in front of the screen what happens.

use std::io::{BufRead, BufReader, pipe};
use std::process::{Command, ExitStatus};

use crate::Result;

/// Prints a line that stands out from the output of the programs started here.
pub fn say(message: &str) {
    println!("== {message}");
}

/// The command as a person would type it, without its environment.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command to its end and fails if it does.
pub fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` ended with {status}", shown(command)))
    }
}

/// Runs a command to its end and says how it ended.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    command
        .status()
        .map_err(|source| format!("can not start `{}`: {source}", shown(command)))
}

/// Runs a command and gives what it printed on stdout.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|source| format!("can not start `{}`: {source}", shown(command)))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "`{}` ended with {}: {}",
            shown(command),
            output.status,
            why.trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, shows what it prints as it prints it, and gives all of it, stdout and stderr in their common order.
pub fn watch(command: &mut Command) -> Result<(ExitStatus, String)> {
    let cannot = |source: std::io::Error| format!("can not read what a command prints: {source}");
    let (reader, writer) = pipe().map_err(cannot)?;
    command
        .stdout(writer.try_clone().map_err(cannot)?)
        .stderr(writer);
    let mut child = command
        .spawn()
        .map_err(|source| format!("can not start `{}`: {source}", shown(command)))?;
    // The command holds the writing ends; while they are open, reading does not end.
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut printed = String::new();
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).map_err(cannot)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        printed.push_str(&text);
        line.clear();
    }
    let status = child
        .wait()
        .map_err(|source| format!("can not wait for a command: {source}"))?;
    Ok((status, printed))
}

/// Whether a program of this name can be started.
pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Daemons lie where the PATH of people other than root does not look.
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}
