//! The `weir` process.

mod assets;
mod auth;
mod background;
mod cli;
mod clock;
mod demo;
mod listen;
mod live;
mod openapi;
mod rest;
mod router;
mod serve;
mod settings;
mod startup;
mod state;
mod telemetry;
#[cfg(test)]
mod testing;
mod tls;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("weir: {message}");
            ExitCode::FAILURE
        }
    }
}
