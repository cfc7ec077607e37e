//! Everything that must hold, as a list of parts.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::Result;
use crate::console::{self, say};
use crate::lxd::Lxd;
use crate::moto::Moto;
use crate::postgres::Postgres;
use crate::programs;
use crate::setup;
use crate::tally::{self, Tally};
use crate::workspace::Workspace;

/// One part of the run. A new suite is a new entry in [`PARTS`].
struct Part {
    name: &'static str,
    what: &'static str,
    run: fn(&Workspace) -> Result<Tally>,
}

/// What needs no built program.
const LINTS: &[Part] = &[
    Part {
        name: "format",
        what: "the formatting of all code",
        run: format,
    },
    Part {
        name: "clippy",
        what: "everything that runs on the server, compiled with clippy's lints",
        run: clippy_host,
    },
    Part {
        name: "clippy-wasm",
        what: "clippy over everything that runs in the browser",
        run: clippy_browser,
    },
];

/// The suites, in the order in which they run.
const PARTS: &[Part] = &[
    Part {
        name: "cargo test",
        what: "unit, law and REST tests; the store's contract and hard ends of the process on SQLite and on Postgres; EC2's provider before moto",
        run: cargo_test,
    },
    Part {
        name: "release",
        what: "the release binary with all assets, and the simulation",
        run: release,
    },
    Part {
        name: "simulation",
        what: "1,000 days of people and faults, each of its own seed",
        run: simulation,
    },
    Part {
        name: "crash",
        what: "150 kills of the release binary over EC2's double, LXD and local servers, on SQLite and on Postgres",
        run: crate::crash::test,
    },
    Part {
        name: "replicas",
        what: "three processes over one Postgres: 30 times the leader is stopped, cut off or killed, or the database is; 2,000 requests at once while every server fails",
        run: crate::replicas::test,
    },
    Part {
        name: "api",
        what: "requests made up from the API's description, on SQLite and on Postgres",
        run: crate::api::test,
    },
    Part {
        name: "end to end",
        what: "the release binary in a browser, wide over SQLite and narrow over Postgres; the debug binary's gallery in pictures",
        run: crate::browser::test,
    },
];

/// Runs everything. The last line printed is `N passed, N failed`.
pub fn all(workspace: &Workspace) -> ExitCode {
    let mut results = vec![timed("setup", "installs what is missing", || {
        setup::all(workspace).map(|()| Tally::check(true))
    })];
    if results[0].tally.failures() == 0 {
        results.extend(
            LINTS
                .iter()
                .chain(PARTS)
                .map(|part| timed(part.name, part.what, || (part.run)(workspace))),
        );
    }
    report(&results)
}

/// Runs the lints alone.
pub fn lint(workspace: &Workspace) -> ExitCode {
    run(workspace, LINTS.iter())
}

/// Runs the parts with these names, in their own order. What they build on is there already: `make test` was run before.
pub fn some(workspace: &Workspace, names: &[String]) -> Result<ExitCode> {
    let all = || LINTS.iter().chain(PARTS);
    if let Some(unknown) = names
        .iter()
        .find(|name| all().all(|part| part.name != **name))
    {
        let known: Vec<&str> = all().map(|part| part.name).collect();
        return Err(format!(
            "there is no part `{unknown}`; the parts are: {}",
            known.join(", ")
        ));
    }
    let is_named = |part: &&Part| names.iter().any(|name| part.name == name);
    Ok(run(workspace, all().filter(is_named)))
}

fn run<'a>(workspace: &Workspace, parts: impl Iterator<Item = &'a Part>) -> ExitCode {
    let results: Vec<Outcome> = parts
        .map(|part| timed(part.name, part.what, || (part.run)(workspace)))
        .collect();
    report(&results)
}

/// What a part has found, and how long it took.
struct Outcome {
    name: &'static str,
    tally: Tally,
    took: Duration,
}

#[expect(
    clippy::disallowed_methods,
    reason = "tells a person how long a part took; nothing decides here"
)]
fn timed(name: &'static str, what: &str, run: impl FnOnce() -> Result<Tally>) -> Outcome {
    say(&format!("{name}: {what}"));
    let start = Instant::now();
    let tally = run().unwrap_or_else(Tally::broken);
    let took = start.elapsed();
    say(&format!(
        "{name}: {} passed, {} failed in {} s",
        tally.passed,
        tally.failures(),
        took.as_secs()
    ));
    Outcome { name, tally, took }
}

fn report(results: &[Outcome]) -> ExitCode {
    println!(
        "\n{:<12} {:>8} {:>8} {:>8}",
        "part", "passed", "failed", "seconds"
    );
    for Outcome { name, tally, took } in results {
        println!(
            "{name:<12} {:>8} {:>8} {:>8}",
            tally.passed,
            tally.failures(),
            took.as_secs()
        );
    }
    for Outcome { name, tally, .. } in results {
        for line in tally.said.iter().chain(&tally.complaints) {
            println!("{name}: {line}");
        }
    }
    let passed: u64 = results.iter().map(|outcome| outcome.tally.passed).sum();
    let failed: u64 = results.iter().map(|outcome| outcome.tally.failures()).sum();
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn format(workspace: &Workspace) -> Result<Tally> {
    check(&mut workspace.cargo(&["fmt", "--all", "--check"]))
}

fn clippy_host(workspace: &Workspace) -> Result<Tally> {
    check(&mut linted(workspace, &["build", "--all-targets"]))
}

fn clippy_browser(workspace: &Workspace) -> Result<Tally> {
    let arguments = [
        "clippy",
        "--package",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--",
        "--deny",
        "warnings",
    ];
    check(&mut workspace.cargo(&arguments))
}

fn cargo_test(workspace: &Workspace) -> Result<Tally> {
    let postgres = Postgres::start()?;
    let moto = Moto::start(workspace)?;
    let lxd = Lxd::start(workspace)?;
    let mut cargo = linted(workspace, &["test", "--no-fail-fast"]);
    cargo
        .env("WEIR_TEST_POSTGRES", postgres.url())
        .env("WEIR_TEST_MOTO", moto.url())
        .env("WEIR_TEST_LXD", lxd.socket());
    let (status, output) = console::watch(&mut cargo)?;
    Ok(tally::of_cargo_test(&output).judged(status.success()))
}

fn release(workspace: &Workspace) -> Result<Tally> {
    programs::build_all(workspace)?;
    Ok(Tally::check(true))
}

fn simulation(workspace: &Workspace) -> Result<Tally> {
    let mut sim = programs::simulation(workspace);
    sim.args(["--seeds", "1000", "--from", "0"]);
    let (status, output) = console::watch(&mut sim)?;
    Ok(tally::of_simulation(&output).judged(status.success()))
}

/// A cargo command in which clippy's driver takes the compiler's place for the workspace's own crates, as it does in `cargo clippy`,
/// and a warning is an error. `cargo clippy` itself makes nothing that can run, so every dependency would be read twice:
/// once for the lints and once for the tests.
pub fn linted(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut cargo = workspace.cargo(arguments);
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-Dwarnings");
    cargo
}

fn check(command: &mut Command) -> Result<Tally> {
    Ok(Tally::check(console::status(command)?.success()))
}
