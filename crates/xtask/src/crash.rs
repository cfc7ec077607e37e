//! The program killed again and again (`crates/harness`), with the real parts that it needs.

use std::process::Command;
use std::thread;

use crate::Result;
use crate::console;
use crate::harness;
use crate::lxd::Lxd;
use crate::moto::Moto;
use crate::postgres::Postgres;
use crate::programs;
use crate::tally::Tally;
use crate::web::Mode;
use crate::workspace::Workspace;

/// The runs of the test run, which go on side by side: most of their time they wait.
const RUNS: [Run; 4] = [
    Run::new("aws", "sqlite", "50"),
    Run::new("aws", "postgres", "50"),
    Run::new("lxd", "sqlite", "20"),
    Run::new("local", "sqlite", "30"),
];

/// What one run kills, and where.
#[derive(Clone, Copy)]
struct Run<'a> {
    provider: &'a str,
    database: &'a str,
    kills: &'a str,
    seed: &'a str,
}

impl<'a> Run<'a> {
    const fn new(provider: &'a str, database: &'a str, kills: &'a str) -> Self {
        Self {
            provider,
            database,
            kills,
            seed: "1",
        }
    }

    /// `kills=n db=sqlite|postgres provider=aws|lxd|local seed=n`, in any order; what is not said is as usual.
    fn read(arguments: &'a [String]) -> Result<Self> {
        let mut run = Self::new("aws", "sqlite", "50");
        for argument in arguments {
            match argument.split_once('=') {
                Some(("kills", kills)) => run.kills = kills,
                Some(("db", database @ ("sqlite" | "postgres"))) => run.database = database,
                Some(("provider", provider @ ("aws" | "lxd" | "local"))) => run.provider = provider,
                Some(("seed", seed)) => run.seed = seed,
                _ => {
                    return Err(format!(
                        "takes kills=n, db=sqlite or postgres, provider=aws, lxd or local, and seed=n; got `{argument}`"
                    ));
                }
            }
        }
        Ok(run)
    }
}

/// The counterparts of some runs. Those that none of them needs are not started.
struct Parts {
    postgres: Option<Postgres>,
    moto: Option<Moto>,
    lxd: Option<Lxd>,
}

impl Parts {
    fn start(workspace: &Workspace, runs: &[Run]) -> Result<Self> {
        let needs = |word: &str| {
            runs.iter()
                .any(|run| [run.provider, run.database].contains(&word))
        };
        Ok(Self {
            postgres: needs("postgres").then(Postgres::start).transpose()?,
            moto: needs("aws").then(|| Moto::start(workspace)).transpose()?,
            lxd: needs("lxd").then(|| Lxd::start(workspace)).transpose()?,
        })
    }

    /// The harness with what this run needs.
    fn command(&self, workspace: &Workspace, run: Run) -> Result<Command> {
        let mut command = harness::command(workspace, "crash")?;
        command
            .args(["--provider", run.provider])
            .args(["--kills", run.kills, "--seed", run.seed]);
        if let (Some(postgres), "postgres") = (&self.postgres, run.database) {
            let database = postgres.database(&format!("crash_{}", run.provider))?;
            command.args(["--database-url", &database]);
        }
        if let (Some(moto), "aws") = (&self.moto, run.provider) {
            command.args(["--moto", &moto.url()]);
        }
        if let (Some(lxd), "lxd") = (&self.lxd, run.provider) {
            command.arg("--lxd").arg(lxd.socket());
        }
        Ok(command)
    }
}

/// One run by hand. The last line printed is `n kills, m looks, v violations`.
pub fn by_hand(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let run = Run::read(arguments)?;
    programs::build(workspace, Mode::Release)?;
    harness::build(workspace)?;
    let parts = Parts::start(workspace, &[run])?;
    console::run(&mut parts.command(workspace, run)?)
}

/// The runs of the test run. The release binary is there.
pub fn test(workspace: &Workspace) -> Result<Tally> {
    harness::build(workspace)?;
    let parts = Parts::start(workspace, &RUNS)?;
    let told = |run: Run| -> Result<Tally> {
        let name = format!("{} on {}", run.provider, run.database);
        harness::tally(&name, &mut parts.command(workspace, run)?)
    };
    thread::scope(|scope| {
        let runs = RUNS.map(|run| scope.spawn(move || told(run)));
        let mut tally = Tally::default();
        for run in runs {
            let found = run.join().map_err(|_| "a run fell over".to_owned())??;
            tally.add(found);
        }
        Ok(tally)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_and_what_it_does_not_know_is_refused() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>()
        };
        let given = words(&["provider=lxd", "kills=200", "db=postgres"]);
        let run = Run::read(&given).expect("it is right");
        assert_eq!(
            (run.provider, run.kills, run.database),
            ("lxd", "200", "postgres")
        );
        for wrong in ["db=mysql", "provider=azure", "200", "kill=1"] {
            assert!(Run::read(&words(&[wrong])).is_err(), "{wrong}");
        }
    }
}
