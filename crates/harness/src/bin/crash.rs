//! Kills Weir again and again. The last line printed is `n kills, m looks, v violations`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use harness::Result;
use harness::cloud::Cloud;
use harness::cloud::aws::Aws;
use harness::cloud::local::Local;
use harness::cloud::lxd::Lxd;
use harness::crash::{self, Plan, Report};
use harness::record::{self, Told};
use harness::weir::Program;

/// Servers that Weir may have at the provider.
const MOST: usize = 5;

/// Kills Weir again and again while people use it, and compares what is left.
#[derive(Parser)]
struct Arguments {
    /// The binary under test.
    #[arg(long)]
    weir: PathBuf,
    /// Processes that are killed.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// It settles and is looked at after so many kills.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    settle_every: u32,
    /// Where servers are made.
    #[arg(long, value_enum, default_value = "local")]
    provider: Kind,
    /// What decides who does what, and when a process dies.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Postgres database instead of SQLite.
    #[arg(long)]
    database_url: Option<String>,
    /// Where moto answers, for `aws`.
    #[arg(long, required_if_eq("provider", "aws"))]
    moto: Option<String>,
    /// The socket of LXD, for `lxd`.
    #[arg(long, required_if_eq("provider", "lxd"))]
    lxd: Option<PathBuf>,
    /// The data folder, which must be empty; one that is gone afterwards if none is named.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A line about the run is added to this file.
    #[arg(long)]
    record: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Aws,
    Lxd,
    Local,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let told = run(&arguments).await.map(|report| told(&arguments, report));
    record::tell(told, arguments.record.as_deref())
}

async fn run(arguments: &Arguments) -> Result<Report> {
    let temporary = tempfile::tempdir().map_err(|source| format!("no folder: {source}"))?;
    let data = arguments
        .data
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    let cloud: Box<dyn Cloud> = match arguments.provider {
        Kind::Aws => {
            let moto = arguments.moto.as_deref().unwrap_or_default();
            Box::new(Aws::before(moto, MOST).await?)
        }
        Kind::Lxd => {
            let socket = arguments.lxd.clone().unwrap_or_default();
            Box::new(Lxd::behind(socket, MOST).await?)
        }
        Kind::Local => Box::new(Local::of(&data, MOST)),
    };
    let program = Program {
        binary: arguments.weir.clone(),
        data,
        database_url: arguments.database_url.clone(),
        key_file: None,
    };
    let plan = Plan {
        kills: arguments.kills,
        settle_every: arguments.settle_every,
        seed: arguments.seed,
    };
    crash::run(program, &*cloud, plan).await
}

fn told(arguments: &Arguments, report: Report) -> Told {
    let (accepted, ended) = report.sessions;
    let provider = arguments
        .provider
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned());
    let database = if arguments.database_url.is_some() {
        "postgres"
    } else {
        "sqlite"
    };
    let line = format!(
        "{provider} {database} seed {}: {} kills ({} at calls), {} looks, {accepted} sessions accepted, {ended} ended{}",
        arguments.seed,
        report.kills,
        report.at_calls,
        report.looks,
        record::figures(&report.figures),
    );
    Told {
        line,
        counts: format!("{} kills, {} looks", report.kills, report.looks),
        violations: report.violations,
    }
}
