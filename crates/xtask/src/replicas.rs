//! Three processes over one Postgres, stopped, cut off and killed again and again (`crates/harness`).

use std::process::Command;

use crate::Result;
use crate::console;
use crate::harness;
use crate::moto::Moto;
use crate::postgres::Postgres;
use crate::programs;
use crate::tally::Tally;
use crate::web::Mode;
use crate::workspace::Workspace;

/// Events of the test run.
const EVENTS: &str = "30";
const SEED: &str = "1";

/// One run by hand: `events=n seed=n`. The last line printed is `n events, m looks, v violations`.
pub fn by_hand(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let (mut events, mut seed) = (EVENTS, SEED);
    for argument in arguments {
        match argument.split_once('=') {
            Some(("events", given)) => events = given,
            Some(("seed", given)) => seed = given,
            _ => return Err(format!("takes events=n and seed=n; got `{argument}`")),
        }
    }
    programs::build(workspace, Mode::Release)?;
    harness::build(workspace)?;
    let parts = Parts::start(workspace)?;
    console::run(&mut parts.some_events(workspace, events, seed)?)
}

/// Everybody at once, by hand. The last line printed is `n requests, m machines at a time, v violations`.
pub fn storm(workspace: &Workspace) -> Result<()> {
    programs::build(workspace, Mode::Release)?;
    harness::build(workspace)?;
    let parts = Parts::start(workspace)?;
    console::run(&mut parts.storm(workspace)?)
}

/// The runs of the test run. The release binary is there.
pub fn test(workspace: &Workspace) -> Result<Tally> {
    harness::build(workspace)?;
    let mut tally = Tally::default();
    for (name, command) in [
        ("replicas", Parts::events as fn(&Parts, &Workspace) -> _),
        ("storm", Parts::small_storm),
    ] {
        // Each with a Postgres of its own: roles belong to the whole server.
        let parts = Parts::start(workspace)?;
        tally.add(harness::tally(name, &mut command(&parts, workspace)?)?);
    }
    Ok(tally)
}

/// What the processes run against.
struct Parts {
    postgres: Postgres,
    moto: Moto,
}

impl Parts {
    fn start(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            postgres: Postgres::start_durable()?,
            moto: Moto::start(workspace)?,
        })
    }

    fn events(&self, workspace: &Workspace) -> Result<Command> {
        self.some_events(workspace, EVENTS, SEED)
    }

    fn some_events(&self, workspace: &Workspace, events: &str, seed: &str) -> Result<Command> {
        let mut command = self.command(workspace, "replicas")?;
        command
            .args(["--events", events, "--seed", seed])
            .args(["--restart-postgres", &self.postgres.restart_command()]);
        Ok(command)
    }

    fn storm(&self, workspace: &Workspace) -> Result<Command> {
        self.command(workspace, "storm")
    }

    fn small_storm(&self, workspace: &Workspace) -> Result<Command> {
        let mut command = self.storm(workspace)?;
        command.args(["--people", "500", "--requests", "2000"]);
        Ok(command)
    }

    fn command(&self, workspace: &Workspace, program: &str) -> Result<Command> {
        self.postgres.database(program)?;
        let mut command = harness::command(workspace, program)?;
        command
            .args(["--postgres", &self.postgres.address()])
            .args(["--database", program])
            .args(["--moto", &self.moto.url()]);
        Ok(command)
    }
}
