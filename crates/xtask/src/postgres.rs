//! A Postgres for one test run: made, started and removed again in a second.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::Result;
use crate::console;
use crate::service;

/// A running database server; dropping it ends it and removes its folder.
pub struct Postgres {
    programs: PathBuf,
    account: Account,
    folder: PathBuf,
    port: u16,
    child: Child,
}

/// The folder of `initdb` and `postgres`, which Debian keeps off the PATH.
pub fn find_programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"));
    let asked = console::output(Command::new("pg_config").arg("--bindir"))
        .ok()
        .map(|path| PathBuf::from(path.trim()));
    let mut found: Vec<PathBuf> = versions
        .chain(asked)
        .filter(|path| path.join("initdb").is_file() && path.join("postgres").is_file())
        .collect();
    found.sort();
    found
        .pop()
        .ok_or_else(|| "no Postgres server found; install Debian's package postgresql".to_owned())
}

impl Postgres {
    /// Makes a database cluster in the temporary folder and starts it on a free port of the loopback address. It does not
    /// care for durability: it lives as long as the test run.
    pub fn start() -> Result<Self> {
        Self::start_with(&[
            "-F",
            "-c",
            "synchronous_commit=off",
            "-c",
            "full_page_writes=off",
        ])
    }

    /// The same for tests that end the server hard ([`Postgres::restart_command`]): what it has said to be written is there
    /// when it comes back. A machine that loses power is not among these tests.
    pub fn start_durable() -> Result<Self> {
        Self::start_with(&["-F"])
    }

    /// The same as people run it: what it has said to be written is on the disk.
    pub fn start_on_disk() -> Result<Self> {
        Self::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Result<Self> {
        let programs = find_programs()?;
        let account = Account::find()?;
        // Made by the account itself, which may not enter the folders of whoever runs this.
        let folder = PathBuf::from(
            console::output(
                account
                    .command("mktemp")
                    .args(["-d", "-t", "weir-postgres-XXXXXX"]),
            )?
            .trim(),
        );
        let data = folder.join("data");
        let initdb = programs.join("initdb");
        console::output(
            account
                .command(&initdb.to_string_lossy())
                .args([
                    "-A",
                    "trust",
                    "-N",
                    "-E",
                    "UTF8",
                    "--locale=C",
                    "-U",
                    "postgres",
                    "-D",
                ])
                .arg(&data),
        )?;
        let port = service::free_port()?;
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(folder.join("log"))
            .map_err(|source| {
                format!(
                    "can not write the log of Postgres in {}: {source}",
                    folder.display()
                )
            })?;
        let error_log = log
            .try_clone()
            .map_err(|source| format!("can not share the log of Postgres: {source}"))?;
        let child = account
            .command(&programs.join("postgres").to_string_lossy())
            .args(settings)
            .args(["-c", "max_connections=300"])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                &format!("port={port}"),
            ])
            .arg("-k")
            .arg(&folder)
            .arg("-D")
            .arg(&data)
            .stdin(std::process::Stdio::null())
            .stdout(log)
            .stderr(error_log)
            .spawn()
            .map_err(|source| format!("can not start Postgres: {source}"))?;
        let mut postgres = Self {
            programs,
            account,
            folder,
            port,
            child,
        };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }

    /// Where tests connect to, as a user who may make databases.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A command of a shell that ends it at once, without a word to whoever is connected, and starts it again as it was.
    pub fn restart_command(&self) -> String {
        let control = self.programs.join("pg_ctl");
        let mut command = self.account.command(&control.to_string_lossy());
        command
            .args(["-m", "immediate", "-w", "restart", "-D"])
            .arg(self.folder.join("data"))
            .arg("-l")
            .arg(self.folder.join("restarted.log"));
        format!("cd / && {}", console::shown(&command))
    }

    /// Makes an empty database and gives its URL.
    pub fn database(&self, name: &str) -> Result<String> {
        console::output(
            Command::new(self.programs.join("createdb"))
                .args(["-h", "127.0.0.1", "-U", "postgres", "-p"])
                .arg(self.port.to_string())
                .arg(name),
        )?;
        let url = self.url();
        let base = url.trim_end_matches("postgres");
        Ok(format!("{base}{name}"))
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let ready = self.programs.join("pg_isready");
        let port = self.port.to_string();
        let log = self.folder.join("log");
        service::wait_until_ready("Postgres", &mut self.child, &log, || {
            let mut ask = Command::new(&ready);
            console::output(ask.args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok()
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let control = self.programs.join("pg_ctl");
        let stopped = console::output(
            self.account
                .command(&control.to_string_lossy())
                .args(["-m", "immediate", "-w", "stop", "-D"])
                .arg(self.folder.join("data")),
        );
        if let Err(message) =
            stopped.and_then(|_| self.child.wait().map_err(|source| source.to_string()))
        {
            eprintln!("Postgres did not stop: {message}");
            return;
        }
        if let Err(message) =
            console::output(self.account.command("rm").arg("-rf").arg(&self.folder))
        {
            eprintln!("{message}");
        }
    }
}

/// Who runs Postgres: it refuses to be root.
enum Account {
    Own,
    Postgres,
}

impl Account {
    fn find() -> Result<Self> {
        Ok(
            if console::output(Command::new("id").arg("-u"))?.trim() == "0" {
                Self::Postgres
            } else {
                Self::Own
            },
        )
    }

    fn command(&self, program: &str) -> Command {
        let mut command = match self {
            Self::Own => Command::new(program),
            Self::Postgres => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--", program]);
                command
            }
        };
        // A folder that the other account may not enter draws a warning from each program.
        command.current_dir("/");
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_connections_and_leaves_nothing_behind() {
        let postgres = Postgres::start().expect("a running Postgres");
        let folder = postgres.folder.clone();
        let one = console::output(Command::new(postgres.programs.join("psql")).args([
            "-At",
            &postgres.url(),
            "-c",
            "select 1",
        ]));
        assert_eq!(one.as_deref().map(str::trim), Ok("1"));
        drop(postgres);
        assert!(!folder.exists(), "{} is removed", folder.display());
    }
}
