//! The API against requests that schemathesis makes up from its description: on both databases, with an admin's key, with a
//! person's key and with none.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::Result;
use crate::console::{self, say};
use crate::postgres::Postgres;
use crate::tally::{self, Tally};
use crate::web::Mode;
use crate::workspace::Workspace;

/// Requests made up for each operation, at least.
const EXAMPLES: &str = "100";
/// The same requests in every run.
const SEED: &str = "1";
/// It never ends, so nothing can be said about its answer.
const LEFT_OUT: &str = "stream_events";

/// Who asks.
const CALLERS: [Caller; 3] = [Caller::Admin, Caller::Person, Caller::Nobody];

#[derive(Clone, Copy)]
enum Caller {
    Admin,
    Person,
    Nobody,
}

impl Caller {
    const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Person => "user",
            Self::Nobody => "nobody",
        }
    }
}

/// Runs all of them, the databases side by side.
pub fn test(workspace: &Workspace) -> Result<Tally> {
    let postgres = Postgres::start()?;
    let on = |database: Option<&Postgres>| -> Result<Tally> {
        let mut tally = Tally::default();
        for caller in CALLERS {
            tally.add(run(workspace, database, caller)?);
        }
        Ok(tally)
    };
    thread::scope(|scope| {
        let second = scope.spawn(|| on(Some(&postgres)));
        let mut tally = on(None)?;
        tally.add(
            second
                .join()
                .map_err(|_| "the run on Postgres fell over".to_owned())??,
        );
        Ok(tally)
    })
}

fn run(workspace: &Workspace, database: Option<&Postgres>, caller: Caller) -> Result<Tally> {
    let database_word = if database.is_some() {
        "postgres"
    } else {
        "sqlite"
    };
    let name = format!("{database_word}-{}", caller.word());
    let weir = Weir::start(workspace, database, &name, caller)?;
    let printed = weir.folder.join("schemathesis.txt");
    let cannot = |source: std::io::Error| format!("can not write {}: {source}", printed.display());
    let output = File::create(&printed).map_err(cannot)?;
    let mut schemathesis = workspace.command(
        &workspace
            .target("tools/schemathesis/bin/schemathesis")
            .to_string_lossy(),
    );
    schemathesis
        .arg("--no-color")
        .arg("--config-file")
        .arg(workspace.end2end().join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/openapi.json", weir.address))
        // One worker: two in one process trip over a fault of Python 3.11 (AST constructor recursion depth).
        .args(["--checks", "all", "--workers", "1"])
        .args(["--max-examples", EXAMPLES, "--seed", SEED])
        // Nothing is taken over from an earlier run. What is kept for a later one costs a third of the time.
        .args(["--generation-database", "none"])
        .args(["--exclude-operation-id", LEFT_OUT])
        .current_dir(&weir.folder)
        .stdout(output.try_clone().map_err(cannot)?)
        .stderr(output);
    if let Some(key) = &weir.key {
        schemathesis.args(["--header", &format!("Authorization: Bearer {key}")]);
    }
    let status = console::status(&mut schemathesis)?;
    let text = fs::read_to_string(&printed)
        .map_err(|source| format!("can not read {}: {source}", printed.display()))?;
    let tally = tally::of_schemathesis(&name, &text).judged(status.success());
    if tally.failures() > 0 {
        println!("{text}");
    }
    say(&format!("{name}: {} operations hold", tally.passed));
    Ok(tally)
}

/// A Weir of its own for each run; ended when dropped.
struct Weir {
    child: Child,
    address: String,
    folder: PathBuf,
    key: Option<String>,
}

impl Weir {
    fn start(
        workspace: &Workspace,
        database: Option<&Postgres>,
        name: &str,
        caller: Caller,
    ) -> Result<Self> {
        let folder = workspace.target("api").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .map_err(|source| format!("can not remove {}: {source}", folder.display()))?;
        }
        fs::create_dir_all(&folder)
            .map_err(|source| format!("can not make {}: {source}", folder.display()))?;
        let url = database
            .map(|postgres| postgres.database(&name.replace('-', "_")))
            .transpose()?;
        let weir = |arguments: &[&str]| -> Command {
            let mut command = workspace.command(&workspace.weir(Mode::Release).to_string_lossy());
            command
                .args(arguments)
                .arg("--data")
                .arg(folder.join("data"))
                .env_remove("WEIR_DATABASE_URL");
            if let Some(url) = &url {
                command.env("WEIR_DATABASE_URL", url);
            }
            command
        };
        let key = |arguments: &[&str]| -> Result<String> {
            let create = ["api-key", "create", "--name", "schemathesis"];
            let key = console::output(&mut weir(&[&create, arguments].concat()))?;
            Ok(key.trim().to_owned())
        };
        let key = match caller {
            Caller::Admin => Some(key(&["--role", "admin"])?),
            Caller::Person => {
                let person = ["user", "create", "--name", "ben", "--role", "user"];
                console::output(&mut weir(&person))?;
                Some(key(&["--role", "user", "--user", "ben"])?)
            }
            Caller::Nobody => None,
        };
        let log = folder.join("weir.log");
        let log = File::create(&log)
            .map_err(|source| format!("can not write {}: {source}", log.display()))?;
        // As behind a proxy the kind `local` is not offered: made-up configs make no servers on this machine.
        let mut serve = weir(&["serve", "--listen", "127.0.0.1:0", "--behind-tls-proxy"]);
        let mut child = serve
            .args(["--public-url", "https://weir.test"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|source| format!("can not start weir: {source}"))?;
        let mut first = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut lines = BufReader::new(stdout);
            lines
                .read_line(&mut first)
                .map_err(|source| format!("can not read what weir prints: {source}"))?;
            // Weir goes on printing, and a closed pipe would end it.
            thread::spawn(move || lines.lines().for_each(drop));
        }
        let address = first
            .trim()
            .strip_prefix("Weir listens on ")
            .ok_or_else(|| format!("weir does not say where it listens: {first}"))?
            .to_owned();
        Ok(Self {
            child,
            address,
            folder,
            key,
        })
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        // Nothing of it is kept, so it need not end in good order.
        if let Err(source) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("weir did not end: {source}");
        }
    }
}
