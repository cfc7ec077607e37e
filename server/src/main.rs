//! The `weir` process.

mod assets;
mod router;
mod ui;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Keeps pools of remote servers at the right level.
#[derive(Debug, Parser)]
#[command(name = "weir", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the web pages and the API until it is told to end.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Folder of the database and the key.
    #[arg(long, env = "WEIR_DATA", default_value = "data")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "WEIR_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(io::stderr)
        .init();
    let ended = match Cli::parse().command {
        Command::Serve(args) => serve(args).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("weir: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until SIGTERM or SIGINT, then lets open requests finish.
async fn serve(args: Serve) -> Result<(), String> {
    std::fs::create_dir_all(&args.data).map_err(|source| {
        format!(
            "can not make the data folder {}: {source}",
            args.data.display()
        )
    })?;
    let listener = TcpListener::bind(args.listen).await.map_err(|source| {
        format!(
            "can not listen on {}: {source}; choose another by --listen",
            args.listen
        )
    })?;
    let address = listener
        .local_addr()
        .map_err(|source| format!("can not tell the own address: {source}"))?;
    let stop = stop_signal().map_err(|source| format!("can not listen for signals: {source}"))?;
    // The one line that people and scripts wait for; everything else goes to the log.
    println!("Weir listens on http://{address}");
    axum::serve(listener, router::router())
        .with_graceful_shutdown(stop)
        .await
        .map_err(|source| format!("the web server ended: {source}"))
}

fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
