//! Builds, runs and tests Weir; the Makefile's targets are the subcommands.

mod api;
mod browser;
mod console;
mod crash;
mod dev;
mod harness;
mod lxd;
mod moto;
mod packages;
mod planted;
mod postgres;
mod programs;
mod replicas;
mod service;
mod setup;
mod tally;
mod test;
mod web;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// What went wrong, where, and what to do about it, in one line for a person.
type Result<T> = std::result::Result<T, String>;

const USAGE: &str = "usage: cargo xtask COMMAND

  setup   install all that running and testing needs
  run     build and start Weir on 127.0.0.1:3000
  dev     the same, built and started again on every save
  build   make target/release/weir with all assets in it
  test    everything, or the parts that are named; the last line is `N passed, N failed`
  lint    formatting and clippy
  sim     run seeds of the simulation; arguments are passed on
  crash   kill Weir again and again: kills=n db=sqlite|postgres provider=aws|lxd|local seed=n
  replicas  stop, cut off and kill the leader of three processes over one Postgres: events=n seed=n
  storm   10,000 requests of 2,500 people on three processes whose servers all fail
  planted-bugs  plant bugs in a copy of the code and find them by simulation
  lxd     start an LXD with an image for servers, until Enter is pressed; `lxd sweep` takes away what a killed one has left
  pictures  take the pictures of the gallery anew, which the tests compare
  bench   measure; the figures are in target/bench.json too
  web-bench  measure the pages in a browser; the figures are in target/web-bench.json too";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match dispatch(&command, &rest) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{command}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if !rest.is_empty() && !matches!(command, "crash" | "lxd" | "replicas" | "sim" | "test") {
        return Err(format!("takes no arguments, got {rest:?}\n\n{USAGE}"));
    }
    match command {
        "setup" => setup::all(&workspace)?,
        "run" => programs::run(&workspace)?,
        "dev" => dev::watch(&workspace)?,
        "build" => programs::build(&workspace, web::Mode::Release)?,
        "lint" => return Ok(test::lint(&workspace)),
        "test" if rest.is_empty() => return Ok(test::all(&workspace)),
        "test" => return test::some(&workspace, rest),
        "sim" => programs::simulate(&workspace, rest)?,
        "planted-bugs" => {
            return Ok(if planted::find_all(&workspace)? {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        "crash" => crash::by_hand(&workspace, rest)?,
        "replicas" => replicas::by_hand(&workspace, rest)?,
        "storm" => replicas::storm(&workspace)?,
        "lxd" => match rest {
            [] => lxd::serve(&workspace)?,
            [word] if word == "sweep" => lxd::sweep(&workspace)?,
            _ => return Err(format!("lxd takes `sweep` or nothing, got {rest:?}")),
        },
        "pictures" => browser::renew_pictures(&workspace)?,
        "bench" => programs::bench(&workspace)?,
        "web-bench" => programs::web_bench(&workspace)?,
        _ => return Err(format!("unknown command\n\n{USAGE}")),
    }
    Ok(ExitCode::SUCCESS)
}
