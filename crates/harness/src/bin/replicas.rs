//! Stops, cuts off and kills the process that holds the lease, of three over one Postgres, and the database with it. The last
//! line printed is `n events, m looks, v violations`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use harness::Result;
use harness::cloud::aws::Aws;
use harness::postgres::Postgres;
use harness::record::{self, Told};
use harness::replicas::{self, Plan, Report};
use harness::weir::Program;

/// Servers that Weir may have at the provider.
const MOST: usize = 5;

/// Stops, cuts off and kills the process that holds the lease while people use all three, and compares what is left.
#[derive(Parser)]
struct Arguments {
    /// The binary under test.
    #[arg(long)]
    weir: PathBuf,
    /// What is done to the one that holds the lease, so often.
    #[arg(long, default_value_t = 30)]
    events: u32,
    /// It settles and is looked at after so many events.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    settle_every: u32,
    /// What decides which event comes when, and what people do.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where Postgres listens. Its user `postgres` may do everything and needs no password.
    #[arg(long)]
    postgres: SocketAddr,
    /// An empty database there.
    #[arg(long)]
    database: String,
    /// A command of a shell that ends that Postgres at once and starts it again.
    #[arg(long)]
    restart_postgres: String,
    /// Where moto answers.
    #[arg(long)]
    moto: String,
    /// A line about the run is added to this file.
    #[arg(long)]
    record: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let told = run(&arguments).await.map(|report| told(&arguments, report));
    record::tell(told, arguments.record.as_deref())
}

async fn run(arguments: &Arguments) -> Result<Report> {
    let folder = tempfile::tempdir().map_err(|source| format!("no folder: {source}"))?;
    let cloud = Aws::before(&arguments.moto, MOST).await?;
    let postgres = Postgres::new(
        arguments.postgres,
        &arguments.database,
        &arguments.restart_postgres,
    );
    let program = Program {
        binary: arguments.weir.clone(),
        data: folder.path().to_owned(),
        database_url: None,
        key_file: None,
    };
    let plan = Plan {
        events: arguments.events,
        settle_every: arguments.settle_every,
        seed: arguments.seed,
    };
    replicas::run(&program, &postgres, &cloud, plan).await
}

fn told(arguments: &Arguments, report: Report) -> Told {
    let (accepted, ended) = report.sessions;
    let line = format!(
        "3 replicas seed {}: {} events ({} deposed a leader), {} looks, slowest new holder {} ms ({} later than twice the lease), {accepted} sessions accepted, {ended} ended{}",
        arguments.seed,
        report.events,
        report.deposed,
        report.looks,
        report.slowest_millis,
        report.late,
        record::figures(&report.figures),
    );
    Told {
        line,
        counts: format!("{} events, {} looks", report.events, report.looks),
        violations: report.violations,
    }
}
