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
    console::run(&mut parts.command(workspace, events, seed)?)
}

/// The run of the test run. The release binary is there.
pub fn test(workspace: &Workspace) -> Result<Tally> {
    harness::build(workspace)?;
    let parts = Parts::start(workspace)?;
    harness::tally("replicas", &mut parts.command(workspace, EVENTS, SEED)?)
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

    fn command(&self, workspace: &Workspace, events: &str, seed: &str) -> Result<Command> {
        self.postgres.database("replicas")?;
        let mut command = harness::command(workspace, "replicas")?;
        command
            .args(["--events", events, "--seed", seed])
            .args(["--postgres", &self.postgres.address()])
            .args(["--database", "replicas"])
            .args(["--restart-postgres", &self.postgres.restart_command()])
            .args(["--moto", &self.moto.url()]);
        Ok(command)
    }
}
