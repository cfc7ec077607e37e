//! Everybody comes at once to a pool of two servers at most, all of which fail. The last line printed is
//! `n requests, m machines at a time, v violations`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use harness::Result;
use harness::cloud::aws::Aws;
use harness::postgres::Postgres;
use harness::record::{self, Told};
use harness::storm::{self, Plan, Report};
use harness::weir::Program;

/// Servers that Weir may have at the provider.
const MOST: usize = 2;

/// Asks for sessions over many connections on three processes while every server fails, and counts machines.
#[derive(Parser)]
struct Arguments {
    /// The binary under test.
    #[arg(long)]
    weir: PathBuf,
    /// People who ask.
    #[arg(long, default_value_t = 2500)]
    people: usize,
    /// Requests for sessions.
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// Connections that they come by.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Where Postgres listens. Its user `postgres` may do everything and needs no password.
    #[arg(long)]
    postgres: SocketAddr,
    /// An empty database there.
    #[arg(long)]
    database: String,
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

async fn run(arguments: &Arguments) -> Result<(Report, usize)> {
    let folder = tempfile::tempdir().map_err(|source| format!("no folder: {source}"))?;
    let aws = Aws::before(&arguments.moto, MOST).await?;
    let postgres = Postgres::new(arguments.postgres, &arguments.database, "false");
    let program = Program {
        binary: arguments.weir.clone(),
        data: folder.path().to_owned(),
        database_url: None,
        key_file: None,
    };
    let plan = Plan {
        people: arguments.people,
        requests: arguments.requests,
        connections: arguments.connections,
    };
    let report = storm::run(&program, &postgres, &aws, plan).await?;
    let most = aws.most_at_a_time();
    Ok((report, most))
}

fn told(arguments: &Arguments, (report, most): (Report, usize)) -> Told {
    let line = format!(
        "storm: {} people, {} requests over {} connections in {} ms, answers by status {:?}{}",
        arguments.people,
        arguments.requests,
        arguments.connections,
        report.took_millis,
        report.answers,
        record::figures(&report.figures),
    );
    Told {
        line,
        counts: format!("{} requests, {most} machines at a time", arguments.requests),
        violations: report.violations,
    }
}
