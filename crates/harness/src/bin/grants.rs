//! How many seats a second Weir grants over HTTP, beside what its database takes by itself. One line a figure, `name value unit`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use harness::Result;
use harness::grants::{self, Figure, Plan};
use harness::weir::Program;

/// Asks for seats that are free over many connections, as fast as they are granted.
#[derive(Parser)]
struct Arguments {
    /// The binary under test.
    #[arg(long)]
    weir: PathBuf,
    /// An empty Postgres database; without one it is SQLite.
    #[arg(long)]
    database_url: Option<String>,
    /// A folder on the disk that is measured.
    #[arg(long)]
    folder: PathBuf,
    /// People who ask.
    #[arg(long, default_value_t = 500)]
    people: usize,
    /// Grants into one pool, and into forty.
    #[arg(long, default_value_t = 4000)]
    grants: usize,
    /// Connections that people come by.
    #[arg(long, default_value_t = 32)]
    clients: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(figures) => {
            for Figure { name, value, unit } in figures {
                println!("{name} {value:.3} {unit}");
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<Vec<Figure>> {
    let folder =
        tempfile::tempdir_in(&arguments.folder).map_err(|source| format!("no folder: {source}"))?;
    let program = Program {
        binary: arguments.weir,
        data: folder.path().to_owned(),
        database_url: arguments.database_url,
        key_file: None,
    };
    let plan = Plan {
        people: arguments.people,
        grants: arguments.grants,
        clients: arguments.clients,
    };
    grants::measure(&program, plan).await
}
